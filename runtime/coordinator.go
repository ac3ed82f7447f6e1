package runtime

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/task"
)

// coordinator decides when checkpoints are taken and when the job is over. Only the supervisor touches it.
//
// One checkpoint is under way at a time. It is complete when every task has sent its snapshot, a task that has ended
// counting with its last one; then it is stored, and only then sinks publish what they wrote before it. The end of a job
// is a checkpoint, too: of the last snapshots of all tasks.
type coordinator struct {
	j        *Job
	store    *checkpoint.Store // nil: nothing is stored
	ready    int               // tasks that have opened
	listed   int               // enumerators that have assigned their first splits
	closed   int               // tasks that have closed
	finder   int               // enumerators that run
	started  bool              // enumerators have been started
	stopping bool
	drain    bool // stopping is with drain; or shall be, when all scans have been assigned their splits
	final    bool // what remains is to close: the last checkpoint is stored, or not needed
	last     map[*task.Task][]checkpoint.Subtask
	err      error

	completed, failed atomic.Int64 // checkpoints; read by anyone

	id       int64 // of the last checkpoint when nothing is stored
	next     time.Time
	pending  *pending
	requests []func(path string, err error)
}

// pending is the checkpoint that is under way.
type pending struct {
	id      int64
	began   time.Time
	states  map[*task.Task][]checkpoint.Subtask
	waiting []func(path string, err error)
}

func (c *coordinator) init(j *Job) {
	c.j, c.last = j, map[*task.Task][]checkpoint.Subtask{}
	c.schedule()
}

func (c *coordinator) schedule() {
	if every := c.j.cfg.CheckpointInterval; every > 0 {
		c.next = c.j.cfg.Clock.Now().Add(every)
	}
}

// over reports whether nothing of the job runs any more.
func (c *coordinator) over() bool { return c.closed == len(c.j.tasks) && c.finder == 0 }

// opened notes that a task is ready. Reading begins when all are, so that a table that can't be written is noticed
// before anything has been read.
func (c *coordinator) opened() {
	if c.ready++; c.ready < len(c.j.tasks) || c.err != nil {
		return
	}
	c.started = true
	for _, e := range c.j.enumerators {
		c.finder++
		c.j.cfg.Clock.Go(func() {
			e.Run(c.j.ctx)
			c.j.post(func() { c.finder-- })
		})
	}
}

// assigned notes that a scan's first splits have been assigned.
func (c *coordinator) assigned() {
	if c.listed++; c.listed == len(c.j.enumerators) && c.drain {
		c.stop(true)
	}
}

// running reports whether barriers can be sent: all splits are assigned, so that no checkpoint lacks a position, and some
// task hasn't ended.
func (c *coordinator) running() bool {
	return c.started && c.listed == len(c.j.enumerators) && len(c.last) < len(c.j.tasks) && !c.stopping && c.err == nil
}

func (c *coordinator) deadline() time.Time {
	if c.pending != nil || !c.running() {
		return time.Time{}
	}
	return c.next
}

// tick starts a checkpoint if one is due or asked for.
func (c *coordinator) tick() {
	if c.pending != nil || !c.running() {
		return
	}
	due := !c.next.IsZero() && !c.j.cfg.Clock.Now().Before(c.next)
	if !due && len(c.requests) == 0 {
		return
	}
	c.schedule()
	c.pending = &pending{
		id: c.newID(), began: c.j.cfg.Clock.Now(), states: map[*task.Task][]checkpoint.Subtask{}, waiting: c.requests,
	}
	c.requests = nil
	for _, t := range c.j.tasks {
		if t.IsSource() {
			t.Trigger(c.pending.id)
		}
	}
	c.complete()
}

func (c *coordinator) newID() int64 {
	if c.store != nil {
		return c.store.NextID()
	}
	c.id++
	return c.id
}

func (c *coordinator) request(answer func(string, error)) { c.requests = append(c.requests, answer) }

func (c *coordinator) acknowledge(t *task.Task, id int64, states []checkpoint.Subtask) {
	if c.pending == nil || c.pending.id != id || c.err != nil {
		return
	}
	c.pending.states[t] = states
	c.complete()
}

func (c *coordinator) taskEnded(t *task.Task, states []checkpoint.Subtask) {
	if c.err != nil {
		return
	}
	c.last[t] = states
	c.complete()
	if len(c.last) == len(c.j.tasks) {
		c.end()
	}
}

// complete stores the checkpoint that is under way if nothing is missing, and lets the sinks publish.
func (c *coordinator) complete() {
	p := c.pending
	if p == nil {
		return
	}
	for _, t := range c.j.tasks {
		if p.states[t] == nil && c.last[t] == nil {
			return
		}
	}
	c.pending = nil
	covered := map[*task.Task]int64{}
	var states []checkpoint.Subtask
	for _, t := range c.j.tasks {
		if s := p.states[t]; s != nil {
			states, covered[t] = append(states, s...), p.id
		} else {
			states, covered[t] = append(states, c.last[t]...), task.Final
		}
	}
	path, err := c.write(p.id, p.began, false, states)
	for _, answer := range p.waiting {
		answer(path, err)
	}
	if err != nil {
		// The job goes on: sinks publish what this one covered when the next one succeeds.
		c.j.cfg.Log.Error("a checkpoint failed; the next one is tried in time", "job", c.j.cfg.JobID, "checkpoint", p.id, "error", err)
		return
	}
	for _, t := range c.j.tasks {
		t.Commit(covered[t])
	}
	c.retire()
}

// end stores the last checkpoint and lets the tasks publish and close. If it can't be stored the job fails before the
// sinks have published: with them published, a restart from the checkpoint before would write the same again.
func (c *coordinator) end() {
	var states []checkpoint.Subtask
	for _, t := range c.j.tasks {
		states = append(states, c.last[t]...)
	}
	path, err := c.write(c.newID(), c.j.cfg.Clock.Now(), c.drain, states)
	for _, answer := range c.requests {
		answer(path, err)
	}
	c.requests = nil
	if err != nil {
		c.fail(err)
		return
	}
	c.final = true
	for _, e := range c.j.enumerators {
		e.Stop()
	}
	for _, t := range c.j.tasks {
		t.Shutdown()
	}
	c.retire()
}

func (c *coordinator) write(id int64, began time.Time, drained bool, states []checkpoint.Subtask) (path string, err error) {
	e := Event{Kind: CheckpointCompleted, Checkpoint: id}
	if c.store != nil {
		path, e.Bytes, err = c.store.Write(id, began, drained, states)
	}
	e.Path, e.Err, e.Took = path, err, c.j.cfg.Clock.Now().Sub(began)
	if err != nil {
		e.Kind = CheckpointFailed
		c.failed.Add(1)
	} else {
		c.completed.Add(1)
	}
	if c.j.cfg.OnEvent != nil {
		c.j.cfg.OnEvent(e)
	}
	return path, err
}

func (c *coordinator) retire() {
	if c.store == nil {
		return
	}
	if err := c.store.Retire(c.j.cfg.Retained); err != nil {
		c.j.cfg.Log.Warn("remove older checkpoints", "job", c.j.cfg.JobID, "error", err)
	}
}

// stop ends the sources; the rest of the job follows by itself. While the scans don't know their splits nothing has been
// read, and a checkpoint would lack their positions: then the job simply ends, or, with drain, stops later.
func (c *coordinator) stop(drain bool) {
	switch {
	case c.stopping || c.err != nil:
		return
	case c.started && c.listed == len(c.j.enumerators):
	case drain:
		c.drain = true
		return
	default:
		c.final = true
		c.j.cancel()
		return
	}
	c.stopping, c.drain = true, drain
	for _, e := range c.j.enumerators {
		e.Stop()
	}
	for _, t := range c.j.tasks {
		if t.IsSource() {
			t.Stop(drain)
		}
	}
}

// fail notes why the job ends, unless that is known, and ends it.
func (c *coordinator) fail(err error) {
	if c.err != nil || c.final && errors.Is(err, ErrCanceled) {
		return
	}
	c.err = err
	c.refuseAll()
	c.j.cancel()
	if !errors.Is(err, ErrCanceled) {
		c.j.cfg.Log.Info("the job failed", "job", c.j.cfg.JobID, "error", err)
	}
}

var errOver = errors.New("the job ended before the checkpoint was taken")

// refuseAll answers those that still wait for a checkpoint.
func (c *coordinator) refuseAll() {
	waiting := c.requests
	if c.pending != nil {
		waiting = append(waiting, c.pending.waiting...)
	}
	c.requests, c.pending = nil, nil
	for _, answer := range waiting {
		answer("", errOver)
	}
}
