package runtime

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/metrics"
	"github.com/weirsql/weir/runtime/task"
)

// Status is where a job is in its life.
type Status uint8

const (
	Running Status = iota
	Finished
	Failed
	Canceled
)

// String returns Flink's word for the status.
func (s Status) String() string { return [...]string{"RUNNING", "FINISHED", "FAILED", "CANCELED"}[s] }

// ErrCanceled is a job's error after Cancel, or the end of the context it was started with.
var ErrCanceled = errors.New("the job was canceled")

// Job is a plan that runs. All methods may be called from any goroutine.
//
// Under a virtual clock a goroutine that takes part in it must wait for the job with Join: Wait, Stop and Checkpoint
// block in a way that the clock doesn't see, which would stop time.
type Job struct {
	cfg         Config
	env         *task.Env
	tasks       []*task.Task
	enumerators []*task.Enumerator
	ctx         context.Context
	cancel      context.CancelFunc
	waiter      clock.Waiter // of the supervisor

	mail struct {
		sync.Mutex
		posted []func()
		closed bool
	}

	coordinator coordinator // the supervisor's

	status atomic.Uint32
	done   chan struct{}
	ended  struct {
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
	j := &Job{cfg: cfg, done: make(chan struct{}), waiter: cfg.Clock.NewWaiter()}
	j.env = &task.Env{
		JobID: cfg.JobID, Clock: cfg.Clock, Log: cfg.Log, Location: cfg.Location, Started: cfg.Clock.Now(), Seed: cfg.Seed,
		MaxRows: cfg.MaxRows, KeepState: cfg.CheckpointDir != "", Reports: reports{j},
	}
	from, err := cfg.restore()
	if err != nil {
		return nil, err
	}
	if cfg.CheckpointDir != "" {
		if j.coordinator.store, err = checkpoint.NewStore(cfg.CheckpointDir, cfg.JobID, cfg.Name); err != nil {
			return nil, err
		}
	}
	j.ctx, j.cancel = context.WithCancel(ctx)
	if err := j.build(j.ctx, plan, from); err != nil {
		j.cancel()
		return nil, err
	}
	j.coordinator.init(j)
	// One participant starts the others, so that virtual time can't pass while some are missing.
	cfg.Clock.Go(j.supervise)
	return j, nil
}

// restore opens the checkpoint to start from, or returns nil.
func (c Config) restore() (*checkpoint.Checkpoint, error) {
	switch c.Restore {
	case "":
		return nil, nil
	case Latest:
	default:
		from, err := checkpoint.Open(c.Restore)
		c.restoring(from, err)
		return from, err
	}
	from, skipped, err := checkpoint.Latest(c.CheckpointDir, c.JobID)
	for _, s := range skipped {
		c.Log.Error("a checkpoint is skipped; what sinks have published since an older one may be written again", "job", c.JobID, "reason", s)
	}
	if errors.Is(err, checkpoint.ErrNone) {
		c.Log.Warn("there is no checkpoint yet; the job starts from the beginning", "job", c.JobID)
		return nil, nil
	}
	c.restoring(from, err)
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

// supervise is the job's own goroutine: it starts all others, and makes every decision that concerns more than one task.
func (j *Job) supervise() {
	ctx := j.ctx
	for _, t := range j.tasks {
		j.cfg.Clock.Go(func() { t.Run(ctx) })
	}
	c := &j.coordinator
	for {
		j.mail.Lock()
		posted := j.mail.posted
		j.mail.posted = nil
		j.mail.Unlock()
		for _, f := range posted {
			f()
		}
		if ctx.Err() != nil {
			c.fail(ErrCanceled) // the first reason counts
		}
		if c.over() {
			j.finish()
			return
		}
		if ctx.Err() != nil {
			j.waiter.Wait(context.Background(), time.Time{})
			continue
		}
		c.tick()
		j.waiter.Wait(ctx, c.deadline())
	}
}

func (j *Job) finish() {
	c := &j.coordinator
	status := Finished
	switch {
	case errors.Is(c.err, ErrCanceled):
		status = Canceled
	case c.err != nil:
		status = Failed
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
	c.refuseAll()
	if j.cfg.OnEvent != nil {
		j.cfg.OnEvent(Event{Kind: Ended, Err: c.err})
	}
	j.status.Store(uint32(status))
	j.ended.Lock()
	j.ended.err, j.ended.over = c.err, true
	notify := j.ended.notify
	j.ended.Unlock()
	close(j.done)
	for _, f := range notify {
		f()
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
// input had ended: all windows fire.
func (j *Job) RequestStop(drain bool) { j.post(func() { j.coordinator.stop(drain) }) }

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
func (j *Job) Cancel() { j.cancel() }

// Checkpoint takes a checkpoint now, or joins in the next when one is under way, and returns its folder.
func (j *Job) Checkpoint(ctx context.Context) (path string, err error) {
	type result struct {
		path string
		err  error
	}
	got := make(chan result, 1)
	if !j.post(func() { j.coordinator.request(func(path string, err error) { got <- result{path, err} }) }) {
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
func (j *Job) Checkpoints() (completed, failed int64) {
	return j.coordinator.completed.Load(), j.coordinator.failed.Load()
}

// Metrics returns the counters of every operator instance, upstream first.
func (j *Job) Metrics() []metrics.Snapshot {
	var all []metrics.Snapshot
	for _, t := range j.tasks {
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
		s.StateBytes += m.StateBytes
		s.StateKeys += m.StateKeys
		if m.Watermark == nil || s.Watermark != nil && *m.Watermark < *s.Watermark {
			s.Watermark = m.Watermark
		}
	}
	return sums
}

// reports passes what tasks report on to the supervisor.
type reports struct{ j *Job }

func (r reports) Opened(*task.Task) { r.j.post(func() { r.j.coordinator.opened() }) }

func (r reports) Snapshot(t *task.Task, id int64, states []checkpoint.Subtask, _ time.Duration) {
	r.j.post(func() { r.j.coordinator.acknowledge(t, id, states) })
}

func (r reports) Ended(t *task.Task, states []checkpoint.Subtask) {
	r.j.post(func() { r.j.coordinator.taskEnded(t, states) })
}

func (r reports) Failed(_ *task.Task, err error) { r.j.post(func() { r.j.coordinator.fail(err) }) }

func (r reports) Closed(*task.Task) { r.j.post(func() { r.j.coordinator.closed++ }) }

func (j *Job) listed() { j.post(j.coordinator.assigned) }

func (j *Job) enumeratorFailed(err error) { j.post(func() { j.coordinator.fail(err) }) }
