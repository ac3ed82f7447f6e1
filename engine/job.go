package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weirsql/weir/planner"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/metrics"
	"github.com/weirsql/weir/types"
)

// Job is a statement that runs, or has run.
type Job struct {
	ID      string // 32 hexadecimal digits
	Name    string
	Bounded bool
	Started time.Time

	run    *runtime.Job
	unlock func()
	done   chan struct{}
	err    error // once done is closed
}

// jobs is the list of a session's jobs, in the order of their start.
type jobs struct {
	mu   sync.Mutex
	list []*Job
}

// Jobs lists the session's jobs in the order of their start.
func (s *Session) Jobs() []*Job {
	s.jobs.mu.Lock()
	defer s.jobs.mu.Unlock()
	return slices.Clone(s.jobs.list)
}

// Done is closed when the job has ended.
func (j *Job) Done() <-chan struct{} { return j.done }

// Wait returns when the job has ended, with its error, or when ctx has.
func (j *Job) Wait(ctx context.Context) error {
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Err is why the job failed; nil while it runs and after a good end.
func (j *Job) Err() error {
	select {
	case <-j.done:
		return j.err
	default:
		return nil
	}
}

// Status is RUNNING, FINISHED, FAILED or CANCELED.
func (j *Job) Status() string { return j.run.Status().String() }

// Stop ends the job gracefully: sources stop, sinks are flushed, a final checkpoint is taken. With drain all windows
// fire first, as if the input had ended.
func (j *Job) Stop(ctx context.Context, drain bool) error { return j.run.Stop(ctx, drain) }

// Cancel ends the job at once.
func (j *Job) Cancel() { j.run.Cancel() }

// Metrics are the counters of the job's operators.
func (j *Job) Metrics() []metrics.Snapshot { return j.run.Metrics() }

// start runs a plan as a job. Jobs with sinks keep checkpoints in a directory of their own, which is found again by what
// the plan does; two processes can't run the same job on one data directory.
func (s *Session) start(ctx context.Context, name string, plan *physical.Plan, rows func(*types.Batch) error) (*Job, error) {
	settings := s.planner.Settings
	job := &Job{ID: newID(), Name: name, Bounded: planner.Bounded(plan), Started: s.opts.Clock.Now(), done: make(chan struct{}), unlock: func() {}}
	cfg := runtime.Config{
		JobID: job.ID, Name: name, Clock: s.opts.Clock, Env: s.planner.Env, Location: settings.Location(),
		Seed: settings.Int("weir.seed"), Parallelism: plan.Parallelism, MaxRows: s.opts.MaxRows, Log: s.opts.Log, Collect: rows,
	}
	if rows == nil && s.opts.DataDir != "" {
		if err := s.keepState(job, plan, &cfg); err != nil {
			return nil, err
		}
	}
	if s.opts.OnEvent != nil {
		cfg.OnEvent = func(e Event) { s.opts.OnEvent(job, e) }
	}
	run, err := runtime.Start(s.ctx, plan, cfg)
	if err != nil {
		job.unlock()
		return nil, fmt.Errorf("job %s: %w", name, err)
	}
	job.run = run
	s.jobs.mu.Lock()
	s.jobs.list = append(s.jobs.list, job)
	s.jobs.mu.Unlock()
	go func() {
		job.err = run.Wait()
		job.unlock()
		close(job.done)
	}()
	return job, nil
}

// keepState gives a job its checkpoint directory, and the checkpoint to start from.
func (s *Session) keepState(job *Job, plan *physical.Plan, cfg *runtime.Config) error {
	dir := filepath.Join(s.opts.DataDir, "checkpoints", planKey(plan))
	if d := s.planner.Settings.Get("execution.checkpointing.dir"); d != "" {
		dir = filepath.Join(d, planKey(plan))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep checkpoints: %w", err)
	}
	unlock, err := lock(filepath.Join(dir, "lock"), "job "+job.Name)
	if err != nil {
		return err
	}
	job.unlock = unlock
	cfg.CheckpointDir = dir
	cfg.CheckpointInterval = s.planner.Settings.Duration("execution.checkpointing.interval")
	if err := s.startFrom(job, dir, cfg); err != nil {
		unlock()
		return err
	}
	return nil
}

// startFrom decides what a job starts from. The file "job" in dir holds the ID of the job whose checkpoints are there: a
// restored job goes on under its old ID, which its sinks have written into the names of their files.
func (s *Session) startFrom(job *Job, dir string, cfg *runtime.Config) error {
	idFile := filepath.Join(dir, "job")
	if s.opts.Restore == "latest" {
		id, err := os.ReadFile(idFile)
		switch {
		case err == nil && len(id) == len(job.ID):
			job.ID, cfg.JobID, cfg.Restore = string(id), string(id), runtime.Latest
			return nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("find the latest checkpoint of %s: %w", job.Name, err)
		}
	} else {
		cfg.Restore = s.opts.Restore
	}
	// A fresh start: what an earlier run of the same statement kept is of no use any more.
	old, err := filepath.Glob(filepath.Join(dir, strings.Repeat("?", len(job.ID))))
	if err != nil {
		return err
	}
	for _, o := range old {
		if !strings.HasPrefix(cfg.Restore, o) {
			if err := os.RemoveAll(o); err != nil {
				return fmt.Errorf("remove old checkpoints: %w", err)
			}
		}
	}
	if err := os.WriteFile(idFile, []byte(job.ID), 0o600); err != nil {
		return fmt.Errorf("keep checkpoints: %w", err)
	}
	return nil
}

// planKey names a plan by what its operators do: the same statement finds its checkpoints again.
func planKey(plan *physical.Plan) string {
	h := fnv.New64a()
	for _, n := range plan.Nodes {
		fmt.Fprintf(h, "%s;", n.Base().ID)
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
