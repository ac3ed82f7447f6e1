package runtime

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/metrics"
)

// Status is where a job is in its life.
type Status uint8

const (
	Running Status = iota
	Restarting
	Finished
	Failed
	Canceled
)

// String returns Flink's word for the status.
func (s Status) String() string {
	return [...]string{"RUNNING", "RESTARTING", "FINISHED", "FAILED", "CANCELED"}[s]
}

// ErrCanceled is a job's error after Cancel, or the end of the context it was started with.
var ErrCanceled = errors.New("the job was canceled")

// Job is a plan that runs: in one attempt, or in several when attempts fail and the restart strategy allows it. All methods
// may be called from any goroutine.
//
// Under a virtual clock a goroutine that takes part in it must wait for the job with Join: Wait, Stop and Checkpoint
// block in a way that the clock doesn't see, which would stop time.
type Job struct {
	cfg     Config
	plan    *physical.Plan
	store   *checkpoint.Store // nil: nothing is stored
	started time.Time
	ctx     context.Context
	cancel  context.CancelFunc
	waiter  clock.Waiter // of the supervisor

	mail struct {
		sync.Mutex
		posted []func()
		closed bool
	}

	// The supervisor's.
	current  *attempt // nil between two attempts
	failures failures
	ran      bool  // some attempt has begun to read, or the one that the job was restored from had
	first    int64 // the number of the first checkpoint that is this job's own
	own      int64 // checkpoints that this job has stored
	stopped  bool  // a stop was asked for between two attempts

	status    atomic.Uint32
	attempt   atomic.Pointer[attempt] // the current or the last one, for figures; nil when the job is over
	last      metrics.Job             // what Info tells once attempt is nil
	completed atomic.Int64            // checkpoints
	failed    atomic.Int64
	history   history
	done      chan struct{}
	ended     struct {
		sync.Mutex
		err    error
		over   bool
		notify []func()
	}
}

// Start makes the tasks of a plan and starts them. An error means that nothing was started: a plan that can't be run, or
// a checkpoint that can't be restored. The end of ctx cancels the job.
func Start(ctx context.Context, plan *physical.Plan, cfg Config) (*Job, error) {
	cfg = cfg.withDefaults()
	j := &Job{cfg: cfg, plan: plan, started: cfg.Clock.Now(), done: make(chan struct{}), waiter: cfg.Clock.NewWaiter()}
	if cfg.Restart != nil && cfg.Collect == nil { // rows that were handed out can't be taken back
		j.failures.strategy = cfg.Restart.begin(rand.New(rand.NewPCG(uint64(cfg.Seed), 0)))
	}
	from, err := cfg.restore()
	if err != nil {
		return nil, err
	}
	if j.ran = from != nil; j.ran && from.Manifest.Seed != nil {
		// Keys that come later draw from the same seed as those that have state already.
		if j.cfg.Seed = *from.Manifest.Seed; plan.Seeded && plan.SeedChosen && j.cfg.Seed != cfg.Seed {
			cfg.Log.Warn("the job goes on with the seed of its checkpoint; weir.seed is for fresh starts", "job", cfg.JobID, "seed", j.cfg.Seed, "weir.seed", cfg.Seed)
		}
	}
	if cfg.CheckpointDir != "" {
		if j.store, err = checkpoint.NewStore(cfg.CheckpointDir, cfg.JobID, cfg.Name); err != nil {
			return nil, err
		}
		j.store.Seed = &j.cfg.Seed
	}
	j.ctx, j.cancel = context.WithCancel(ctx)
	a, err := j.newAttempt(plan, from)
	if err != nil {
		j.cancel()
		return nil, err
	}
	// One participant starts the others, so that virtual time can't pass while some are missing.
	cfg.Clock.Go(func() { j.supervise(a) })
	return j, nil
}

// restore opens the checkpoint to start from, or returns nil.
func (c Config) restore() (*checkpoint.Checkpoint, error) {
	switch c.Restore {
	case "":
		return nil, nil
	case Latest:
	default:
		from, err := checkpoint.OpenURI(c.Restore)
		c.restoring(from, err)
		return from, err
	}
	from, err := c.latest()
	if errors.Is(err, checkpoint.ErrNone) {
		c.Log.Warn("there is no checkpoint yet; the job starts from the beginning", "job", c.JobID)
		return nil, nil
	}
	c.restoring(from, err)
	return from, err
}

// latest opens the newest undamaged checkpoint under the job's ID.
func (c Config) latest() (*checkpoint.Checkpoint, error) {
	place, err := checkpoint.Resolve(c.CheckpointDir)
	if err != nil {
		return nil, err
	}
	from, skipped, err := checkpoint.LatestIn(place, c.JobID)
	for _, s := range skipped {
		c.Log.Error("a checkpoint is skipped; what sinks have published since an older one may be written again", "job", c.JobID, "reason", s)
	}
	return from, err
}

func (c Config) restoring(from *checkpoint.Checkpoint, err error) {
	if err != nil {
		return
	}
	c.Log.Info("restore", "job", c.JobID, "checkpoint", from.Path)
	if from.Manifest.Drained {
		c.Log.Warn("the checkpoint was taken by a job that was stopped with drain: its windows have fired, and records that belong to them are late now",
			"job", c.JobID, "checkpoint", from.Path)
	}
}

// post makes the supervisor call f; false when the job is over.
func (j *Job) post(f func()) bool {
	j.mail.Lock()
	if j.mail.closed {
		j.mail.Unlock()
		return false
	}
	j.mail.posted = append(j.mail.posted, f)
	j.mail.Unlock()
	j.waiter.Wake()
	return true
}

func (j *Job) readMail() {
	j.mail.Lock()
	posted := j.mail.posted
	j.mail.posted = nil
	j.mail.Unlock()
	for _, f := range posted {
		f()
	}
}

// supervise is the job's own goroutine: it starts all others, and makes every decision that concerns more than one task,
// or more than one attempt.
func (j *Job) supervise(a *attempt) {
	err := a.run()
	for err != nil && !errors.Is(err, ErrCanceled) {
		stopping := a != nil && a.coordinator.stopping
		v := j.failures.judge(err, j.cfg.Clock.Now(), a != nil && a.coordinator.advanced, j.ran)
		if a != nil && a.coordinator.left != nil {
			// What is left behind may hold what another attempt needs.
			if left := a.coordinator.left; !errors.Is(err, left) {
				err = fmt.Errorf("%w; %w", err, left)
			}
			err = j.failures.tell(err, verdict{})
			break
		}
		if !v.again || stopping || j.stopped {
			err = j.failures.tell(err, v)
			break
		}
		j.restarting(err, v.delay)
		if !j.pause(v.delay) {
			if err = j.failures.tell(err, v); j.ctx.Err() != nil {
				err = ErrCanceled
			}
			break
		}
		j.failures.restarts++
		failure := err
		if a, err = j.again(); err != nil {
			err = fmt.Errorf("start the job again after a failure (%w): %w", failure, err)
			continue
		}
		err = a.run()
	}
	for _, e := range j.attempt.Load().enumerators {
		e.Release(context.WithoutCancel(j.ctx))
	}
	j.finish(err)
}

func (j *Job) restarting(err error, delay time.Duration) {
	j.status.Store(uint32(Restarting))
	j.history.failed(err)
	j.cfg.Log.Warn("the job failed and is started again", "job", j.cfg.JobID, "restarts", j.failures.restarts, "in", delay, "error", err)
	if j.cfg.OnEvent != nil {
		j.cfg.OnEvent(Event{Kind: RestartScheduled, Err: err, Took: delay})
	}
}

// pause waits between two attempts; false when the job is to end instead.
func (j *Job) pause(d time.Duration) bool {
	var wait alarm
	wait.set(j.cfg.Clock.Now(), d)
	for {
		j.readMail()
		switch {
		case j.ctx.Err() != nil || j.stopped:
			return false
		case wait.due(j.cfg.Clock.Now()):
			return true
		}
		j.waiter.Wait(j.ctx, wait.at)
	}
}

// again makes the next attempt: from the newest checkpoint of this job, or from what the job was started from when it has
// stored none.
func (j *Job) again() (*attempt, error) {
	from, err := j.origin()
	if err != nil {
		return nil, err
	}
	plan := j.plan
	if j.cfg.Replan != nil {
		if plan, err = j.cfg.Replan(); err != nil {
			return nil, err
		}
	}
	a, err := j.newAttempt(plan, from)
	if err != nil {
		return nil, err
	}
	j.history.restarted()
	j.status.Store(uint32(Running))
	return a, nil
}

func (j *Job) origin() (*checkpoint.Checkpoint, error) {
	if j.own == 0 {
		return j.cfg.restore()
	}
	from, err := j.cfg.latest()
	switch {
	case err != nil:
		return nil, err
	case from.Manifest.ID < j.first && j.cfg.Restore != Latest:
		return nil, fmt.Errorf("all checkpoints of job %s since its start are damaged", j.cfg.JobID)
	}
	j.cfg.restoring(from, nil)
	return from, nil
}

func (j *Job) finish(err error) {
	status := Finished
	switch {
	case errors.Is(err, ErrCanceled):
		status = Canceled
	case err != nil:
		status = Failed
		j.history.failed(err)
		j.cfg.Log.Info("the job failed", "job", j.cfg.JobID, "restarts", j.failures.restarts, "error", err)
	}
	j.cancel()
	j.mail.Lock()
	j.mail.closed = true
	left := j.mail.posted
	j.mail.posted = nil
	j.mail.Unlock()
	for _, f := range left {
		f()
	}
	j.discard(status)
	j.history.end(j.cfg.Clock.Now())
	if j.cfg.OnEvent != nil {
		j.cfg.OnEvent(Event{Kind: Ended, Err: err})
	}
	j.status.Store(uint32(status))
	j.release()
	j.ended.Lock()
	j.ended.err, j.ended.over = err, true
	notify := j.ended.notify
	j.ended.notify = nil
	j.ended.Unlock()
	close(j.done)
	for _, f := range notify {
		f()
	}
}

// release lets go of what only a running job needs: who lists jobs keeps them long after their end, and the tasks hold all
// state, the plan holds the connectors, and planning again needs a catalog. The figures stay as they were at the end.
func (j *Job) release() {
	j.last = j.Info()
	j.attempt.Store(nil)
	j.plan, j.cfg.Replan, j.cfg.Collect = nil, nil, nil
}

// discard removes the checkpoints of a job that doesn't retain them.
func (j *Job) discard(status Status) {
	if j.store == nil || j.cfg.Retention == RetainAll || j.cfg.Retention == DeleteWhenCanceled && status != Canceled {
		return
	}
	if err := j.store.Retire(0); err != nil {
		j.cfg.Log.Warn("remove the checkpoints of a job that has ended", "job", j.cfg.JobID, "error", err)
	}
}

// ID returns the job's id.
func (j *Job) ID() string { return j.cfg.JobID }

// Status returns where the job is in its life.
func (j *Job) Status() Status { return Status(j.status.Load()) }

// Done is closed when the job is over and all its goroutines have ended.
func (j *Job) Done() <-chan struct{} { return j.done }

// OnDone calls f when the job is over, from the job's last goroutine; at once when it is over already.
func (j *Job) OnDone(f func()) {
	j.ended.Lock()
	over := j.ended.over
	if !over {
		j.ended.notify = append(j.ended.notify, f)
	}
	j.ended.Unlock()
	if over {
		f()
	}
}

// Err returns why the job failed or was canceled: nil while it runs and after a good end. A failure is a *task.Error that
// names the operator.
func (j *Job) Err() error {
	j.ended.Lock()
	defer j.ended.Unlock()
	return j.ended.err
}

// Wait waits until the job is over and returns Err.
func (j *Job) Wait() error {
	<-j.done
	return j.Err()
}

// Join is Wait for participants of a virtual clock, which park in w, a waiter of their own. It returns ctx.Err() if ctx
// ends first.
func (j *Job) Join(ctx context.Context, w clock.Waiter) error {
	j.OnDone(w.Wake)
	for {
		select {
		case <-j.done:
			return j.Err()
		default:
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.Wait(ctx, time.Time{})
	}
}

// RequestStop starts a graceful end and returns: sources stop reading, what has been read is processed, sinks write and
// publish it, with a final checkpoint if checkpoints are stored. With drain everything open is finished first, as if the
// input had ended: all windows fire. A job that waits to be started again after a failure ends with that failure.
func (j *Job) RequestStop(drain bool) {
	j.post(func() {
		if a := j.current; a != nil && a.coordinator.err == nil {
			a.coordinator.stop(drain)
		} else {
			j.stopped = true
		}
	})
}

// Stop is RequestStop and Wait; the job goes on stopping when ctx ends first.
func (j *Job) Stop(ctx context.Context, drain bool) error {
	j.RequestStop(drain)
	select {
	case <-j.done:
		return j.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Cancel ends the job without a checkpoint; what sinks have not published is lost. It doesn't wait.
func (j *Job) Cancel() {
	j.cancel()
	j.waiter.Wake()
}

// Checkpoint takes a checkpoint now, or joins in the next when one is under way, and returns its folder.
func (j *Job) Checkpoint(ctx context.Context) (path string, err error) {
	type result struct {
		path string
		err  error
	}
	got := make(chan result, 1)
	answer := func(path string, err error) { got <- result{path, err} }
	if !j.post(func() {
		if j.current != nil {
			j.current.coordinator.request(answer)
		} else {
			answer("", errOver)
		}
	}) {
		return "", errors.New("the job is over")
	}
	select {
	case r := <-got:
		return r.path, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Checkpoints returns how many checkpoints have succeeded and failed.
func (j *Job) Checkpoints() (completed, failed int64) { return j.completed.Load(), j.failed.Load() }

// Metrics returns the counters of every operator instance, upstream first. A restart sets them to zero.
func (j *Job) Metrics() []metrics.Snapshot {
	var all []metrics.Snapshot
	a := j.attempt.Load()
	if a == nil {
		for _, v := range j.last.Operators {
			all = append(all, v.Subtasks...)
		}
		return all
	}
	for _, t := range a.tasks {
		all = t.Metrics(all)
	}
	return all
}

// Totals returns the counters by operator: sums over the subtasks, the lowest watermark, and -1 for the subtask.
func (j *Job) Totals() []metrics.Snapshot { return total(j.Metrics()) }

func total(all []metrics.Snapshot) []metrics.Snapshot {
	var sums []metrics.Snapshot
	index := map[string]int{}
	for _, m := range all {
		k, known := index[m.ID]
		if !known {
			index[m.ID] = len(sums)
			m.Subtask = -1
			if m.Sending != nil {
				sum := *m.Sending
				m.Sending = &sum
			}
			sums = append(sums, m)
			continue
		}
		s := &sums[k]
		s.RecordsIn += m.RecordsIn
		s.RecordsOut += m.RecordsOut
		s.BytesIn += m.BytesIn
		s.BytesOut += m.BytesOut
		s.Late += m.Late
		s.Failed += m.Failed
		s.Retries += m.Retries
		if s.Sending != nil && m.Sending != nil {
			s.Sending.Add(m.Sending)
		}
		s.StateBytes += m.StateBytes
		s.StateKeys += m.StateKeys
		if m.Watermark == nil || s.Watermark != nil && *m.Watermark < *s.Watermark {
			s.Watermark = m.Watermark
		}
	}
	return sums
}
