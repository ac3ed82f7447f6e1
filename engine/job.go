package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/planner"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/metrics"
	"github.com/weirsql/weir/types"
)

// Job is a statement that runs, or has run.
type Job struct {
	ID      string // 32 hexadecimal digits
	Name    string
	Bounded bool
	Started time.Time

	session *Session
	run     *runtime.Job
	unlock  func()
	file    atomic.Pointer[diag.File] // that the statement is in
	done    chan struct{}
	err     error // once done is closed
}

// jobs is the list of a session's jobs, in the order of their start.
type jobs struct {
	mu    sync.Mutex
	list  []*Job
	ended []*Job // those of list that have ended, in the order of their end
}

// maxEnded is how many jobs that have ended are listed, as jobstore.max-capacity says in Flink, where it is unlimited by
// default. A session that runs a query a second would otherwise never stop to grow.
const maxEnded = 100

func (s *Session) ended(job *Job) {
	s.jobs.mu.Lock()
	defer s.jobs.mu.Unlock()
	if s.jobs.ended = append(s.jobs.ended, job); len(s.jobs.ended) <= maxEnded {
		return
	}
	oldest := s.jobs.ended[0]
	s.jobs.ended = slices.Delete(s.jobs.ended, 0, 1)
	s.jobs.list = slices.DeleteFunc(s.jobs.list, func(j *Job) bool { return j == oldest })
}

// Jobs lists the session's jobs in the order of their start: those that run, and the hundred that have ended last.
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
		return j.placed(j.err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Err is why the job failed; nil while it runs and after a good end.
func (j *Job) Err() error {
	select {
	case <-j.done:
		return j.placed(j.err)
	default:
		return nil
	}
}

// placed adds to the failure of a function where it is called. An expression of a view or a computed column that was
// created in another text has its place there: the text here doesn't have the function's name at that place.
func (j *Job) placed(err error) error {
	file := j.file.Load()
	var e *diag.Error
	if file == nil || !errors.As(err, &e) || e.Span.IsZero() || e.Span.End > len(file.Text) {
		return err
	}
	name := e.Msg[:strings.IndexFunc(e.Msg+"(", func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })]
	call := file.Text[e.Span.Start:e.Span.End]
	if name == "" || len(call) < len(name) || !strings.EqualFold(call[:len(name)], name) {
		return err
	}
	at := file.Position(e.Span.Start)
	return fmt.Errorf("%s:%d:%d: %w", file.Name, at.Line, at.Col, err)
}

// Status is RUNNING, RESTARTING, FINISHED, FAILED or CANCELED.
func (j *Job) Status() string { return j.run.Status().String() }

// Stop ends the job gracefully: sources stop, sinks are flushed, a final checkpoint is taken. With drain all windows
// fire first, as if the input had ended. When it returns without ctx.Err() the same statement can be started again.
func (j *Job) Stop(ctx context.Context, drain bool) error {
	j.run.RequestStop(drain)
	return j.Wait(ctx)
}

// Cancel ends the job at once.
func (j *Job) Cancel() { j.run.Cancel() }

// Savepoint saves the job's state in a folder of its own below dir, a directory or s3://bucket/prefix, or with "" where the
// setting execution.checkpointing.savepoint-dir says, and returns that folder. With stop the job ends with it, as by Stop.
func (j *Job) Savepoint(ctx context.Context, dir string, stop, drain bool) (string, error) {
	if dir == "" {
		dir = j.session.Setting(savepointDir)
	}
	return j.savepoint(ctx, dir, stop, drain)
}

func (j *Job) savepoint(ctx context.Context, dir string, stop, drain bool) (string, error) {
	if dir == "" {
		return "", fmt.Errorf("there is no place for savepoints; set '%s' to a directory or s3://bucket/prefix", savepointDir)
	}
	path, err := j.run.Savepoint(ctx, dir, stop, drain)
	if stop && path != "" {
		err = j.Wait(ctx)
	}
	return path, err
}

const savepointDir = "execution.checkpointing.savepoint-dir"

// Info is all that is known of the job.
func (j *Job) Info() metrics.Job { return j.run.Info() }

// Metrics are the counters of the job's operators.
func (j *Job) Metrics() []metrics.Snapshot { return j.run.Metrics() }

// start runs a plan as a job. Jobs with sinks keep checkpoints in a directory of their own, which is found again by what
// the plan does; two processes can't run the same job on one data directory. replan makes the plan anew, with the catalog
// and the settings of now, when the job is started again after a failure.
func (s *Session) start(ctx context.Context, name string, plan *physical.Plan, replan func(*planner.Planner) (*physical.Plan, diag.List), rows func(*types.Batch) error) (*Job, error) {
	settings := s.planner.Settings
	job := &Job{
		ID: newID(), Name: name, Bounded: planner.Bounded(plan), Started: s.opts.Clock.Now(),
		session: s, done: make(chan struct{}), unlock: func() {},
	}
	cfg := runtime.Config{
		JobID: job.ID, Name: name, Clock: s.opts.Clock, Env: s.planner.Env, Location: settings.Location(),
		Seed: plan.Seed, Parallelism: plan.Parallelism, MaxRows: s.opts.MaxRows, Log: s.opts.Log, Collect: rows,
		Memory: s.memory(), FunctionPatience: settings.Duration("weir.function.patience"),
	}
	if rows == nil {
		copied := s.copyPlanner()
		cfg.Replan = func() (*physical.Plan, error) {
			plan, errs := replan(copied)
			if len(errs) > 0 {
				return nil, errs
			}
			return plan, nil
		}
		if err := s.recovery(job, plan, &cfg); err != nil {
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
		s.ended(job)
		close(job.done)
	}()
	return job, nil
}

// incrementFrom is the size from which state is written by increments: below, a whole checkpoint is quick, and one file is
// less to read than several.
const incrementFrom = 8 << 20

// recovery sets where a job keeps checkpoints, what it starts from, and what becomes of it after a failure.
func (s *Session) recovery(job *Job, plan *physical.Plan, cfg *runtime.Config) error {
	settings := s.planner.Settings
	strategy := settings.Get("restart-strategy.type")
	if s.opts.DataDir != "" {
		cfg.CheckpointInterval = settings.Duration("execution.checkpointing.interval")
		cfg.CheckpointTimeout = settings.Duration("execution.checkpointing.timeout")
		if settings.Bool("execution.checkpointing.incremental") {
			cfg.IncrementFrom = incrementFrom
		}
		cfg.CheckpointPause = settings.Duration("execution.checkpointing.min-pause")
		cfg.Retained = int(settings.Int("execution.checkpointing.num-retained"))
		cfg.IgnoreUnclaimed = settings.Bool("execution.state-recovery.ignore-unclaimed-state")
		if settings.Get("execution.checkpointing.tolerable-failed-checkpoints") != "" {
			cfg.FailedCheckpoints = int(settings.Int("execution.checkpointing.tolerable-failed-checkpoints")) + 1
		}
		cfg.Retention = retentions[strings.ToUpper(settings.Get("execution.checkpointing.externalized-checkpoint-retention"))]
		if strategy == "" && cfg.CheckpointInterval > 0 {
			strategy = "exponential-delay"
		}
	}
	if strategy != "" {
		var err error
		if cfg.Restart, err = runtime.ReadRestartStrategy(strategy, settings); err != nil {
			return err
		}
	}
	if s.opts.DataDir == "" {
		return nil
	}
	return s.keepState(job, plan, cfg)
}

var retentions = map[string]runtime.Retention{
	"RETAIN_ON_CANCELLATION":      runtime.RetainAll,
	"DELETE_ON_CANCELLATION":      runtime.DeleteWhenCanceled,
	"NO_EXTERNALIZED_CHECKPOINTS": runtime.DeleteAlways,
}

// keepState gives a job its checkpoint directory, and the checkpoint to start from.
func (s *Session) keepState(job *Job, plan *physical.Plan, cfg *runtime.Config) error {
	key := planKey(plan)
	local := filepath.Join(s.opts.DataDir, "checkpoints", key) // holds the lock, unless the checkpoints' place can
	cfg.CheckpointDir = local
	if d := s.planner.Settings.Get("execution.checkpointing.dir"); d != "" {
		d = strings.TrimPrefix(d, "file://")
		if cfg.CheckpointDir = strings.TrimRight(d, "/") + "/" + key; !strings.Contains(d, "://") {
			local = cfg.CheckpointDir
		}
	}
	place, err := checkpoint.Resolve(cfg.CheckpointDir)
	if err == nil {
		err = place.MakeDir(".")
	}
	if err == nil {
		err = os.MkdirAll(local, 0o700)
	}
	if err != nil {
		return fmt.Errorf("keep checkpoints: %w", err)
	}
	unlock, err := lock(filepath.Join(local, "lock"), "job "+job.Name)
	if err != nil {
		return err
	}
	job.unlock = unlock
	if err := s.startFrom(job, place, cfg); err != nil {
		unlock()
		return err
	}
	return nil
}

// startFrom decides what a job starts from. The file "job" beside the checkpoints holds the ID of the job they are of: a
// restored job goes on under its old ID, which its sinks have written into the names of their files.
func (s *Session) startFrom(job *Job, place checkpoint.FS, cfg *runtime.Config) error {
	const idFile = "job"
	from := s.opts.Restore
	if path := s.planner.Settings.Get("execution.state-recovery.path"); path != "" {
		from = path
	}
	if from == "latest" {
		id, err := readSmall(place, idFile)
		switch {
		case err == nil && len(id) == len(job.ID):
			job.ID, cfg.JobID, cfg.Restore = id, id, runtime.Latest
			return nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("find the latest checkpoint of %s: %w", job.Name, err)
		}
		cfg.Log.Warn("there is no checkpoint of this statement; the job starts from the beginning", "job", job.Name)
	} else {
		cfg.Restore = from
	}
	// A fresh start: what an earlier run of the same statement kept is of no use any more.
	if err := place.Remove(idFile); err != nil {
		return fmt.Errorf("keep checkpoints: %w", err)
	}
	old, err := place.List(".")
	if err != nil {
		return fmt.Errorf("look for old checkpoints: %w", err)
	}
	for _, o := range old {
		if o.Dir && len(o.Name) == len(job.ID) && !strings.Contains(cfg.Restore, o.Name) {
			if err := place.RemoveAll(o.Name); err != nil {
				return fmt.Errorf("remove old checkpoints: %w", err)
			}
		}
	}
	if err := place.Publish(idFile, []byte(job.ID)); err != nil {
		return fmt.Errorf("keep checkpoints: %w", err)
	}
	return nil
}

func readSmall(place checkpoint.FS, name string) (string, error) {
	f, err := place.Open(name)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(io.LimitReader(f, 1<<10))
	return string(data), errors.Join(err, f.Close())
}

// planKey names a plan by what its operators do: the same statement finds its checkpoints again, at another parallelism, too.
// What gathers rows before an exchange is there only with several subtasks, and keeps nothing over a checkpoint.
func planKey(plan *physical.Plan) string {
	h := fnv.New64a()
	for _, n := range plan.Nodes {
		if physical.Below(n) != n {
			continue
		}
		fmt.Fprintf(h, "%s;", n.Base().ID)
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
