package runtime

import (
	"errors"
	"fmt"
	"time"

	"github.com/weirsql/weir/runtime/task"
)

// coordinator decides when the checkpoints of an attempt are taken and when it is over. Only the supervisor touches it.
//
// One checkpoint is under way at a time. It is complete when every task has sent its snapshot, a task that has ended
// counting with its last one; then it is stored, by a goroutine of its own, and only then sinks publish what they wrote
// before it. One that takes too long is given up, and so is one that can't be stored: the job goes on, and what it would
// have covered is part of the next. The end of a job is a checkpoint, too: of the last snapshots of all tasks.
type coordinator struct {
	a        *attempt
	ready    int // tasks that have opened
	listed   int // enumerators that have assigned their first splits
	closed   map[*task.Task]bool
	left     error // why tasks that have not closed count as closed
	helpers  int   // enumerators that run, and checkpoints that are being stored
	started  bool  // enumerators have been started
	stopping bool
	drain    bool // stopping is with drain; or shall be, when all scans have been assigned their splits
	final    bool // what remains is to close: the last checkpoint is stored, or not needed
	advanced bool // a checkpoint shows that this attempt got further than where it began
	last     map[*task.Task][]task.Share
	err      error

	lastID    int64 // of the checkpoint that ends a job that is being stopped
	lastBegan time.Time

	id       int64 // of the last checkpoint when nothing is stored
	next     alarm
	pending  *pending
	failing  int // checkpoints in a row that have failed
	requests []func(path string, err error)
	copying  int // savepoints that are being copied from checkpoints
	saves    int // savepoints of this attempt
}

// pending is the checkpoint that is under way.
type pending struct {
	id      int64
	began   time.Time
	patient alarm // when it is given up
	states  map[*task.Task][]task.Share
	storing bool          // nothing is missing
	pause   time.Duration // the longest of a task
	waiting []func(path string, err error)
}

func (c *coordinator) init(a *attempt) {
	c.a, c.last, c.closed = a, map[*task.Task][]task.Share{}, map[*task.Task]bool{}
	c.schedule(a.j.cfg.Clock.Now())
}

func (c *coordinator) schedule(now time.Time) {
	if every := c.a.j.cfg.CheckpointInterval; every > 0 {
		c.next.set(now, every)
	}
}

// over reports whether nothing of the attempt runs any more.
func (c *coordinator) over() bool { return len(c.closed) == len(c.a.tasks) && c.helpers == 0 }

// help runs f in a goroutine that the attempt waits for, and then calls after.
func (c *coordinator) help(f, after func()) {
	c.helpers++
	c.a.j.cfg.Clock.Go(func() {
		f()
		c.a.post(func() {
			c.helpers--
			after()
		})
	})
}

// opened notes that a task is ready. Reading begins when all are, so that a table that can't be written is noticed
// before anything has been read.
func (c *coordinator) opened() {
	if c.ready++; c.ready < len(c.a.tasks) || c.err != nil {
		return
	}
	c.started = true
	for _, e := range c.a.enumerators {
		c.help(func() { e.Run(c.a.ctx) }, func() {})
	}
	c.a.j.ran = c.a.j.ran || len(c.a.enumerators) == 0
}

// assigned notes that a scan's first splits have been assigned.
func (c *coordinator) assigned() {
	if c.listed++; c.listed < len(c.a.enumerators) {
		return
	}
	c.a.j.ran = true
	if c.drain {
		c.stop(true)
	}
}

// running reports whether barriers can be sent: all splits are assigned, so that no checkpoint lacks a position, and some
// task hasn't ended.
func (c *coordinator) running() bool {
	return c.started && c.listed == len(c.a.enumerators) && len(c.last) < len(c.a.tasks) && !c.stopping && c.err == nil
}

func (c *coordinator) deadline() time.Time {
	switch {
	case c.pending != nil:
		return c.pending.patient.at
	case !c.running():
		return time.Time{}
	}
	return c.next.at
}

// tick starts a checkpoint if one is due or asked for, and gives up the one that takes too long.
func (c *coordinator) tick() {
	now := c.a.j.cfg.Clock.Now()
	if p := c.pending; p != nil {
		if !p.storing && p.patient.due(now) {
			c.failedCheckpoint(p, fmt.Errorf("it wasn't complete after %s (execution.checkpointing.timeout)", now.Sub(p.began)))
		}
		return
	}
	if !c.running() || !c.next.due(now) && len(c.requests) == 0 {
		return
	}
	c.schedule(now)
	p := &pending{id: c.newID(), began: now, states: map[*task.Task][]task.Share{}, waiting: c.requests}
	c.pending, c.requests = p, nil
	if err := c.begin(p.id, p.id, now); err != nil {
		c.failedCheckpoint(p, err)
		return
	}
	if limit := c.a.j.cfg.CheckpointTimeout; limit > 0 {
		p.patient.set(now, limit)
	}
	c.a.j.history.began(p.id)
	for _, t := range c.a.tasks {
		if t.IsSource() {
			t.Trigger(p.id)
		}
	}
	c.complete()
}

// begin makes a place for the state of checkpoint id; tasks know it as known.
func (c *coordinator) begin(id, known int64, now time.Time) error {
	store := c.a.j.store
	if store == nil {
		return nil
	}
	at, err := store.Begin(id, now)
	if err == nil {
		c.a.places.put(known, at)
	}
	return err
}

func (c *coordinator) newID() int64 {
	if c.a.j.store != nil {
		return c.a.j.store.NextID()
	}
	c.id++
	return c.id
}

func (c *coordinator) request(answer func(string, error)) {
	if c.err != nil {
		answer("", errOver)
		return
	}
	c.requests = append(c.requests, answer)
}

func (c *coordinator) acknowledge(t *task.Task, id int64, states []task.Share, pause time.Duration) {
	if c.pending == nil || c.pending.id != id || c.err != nil {
		return
	}
	c.pending.states[t] = states
	c.pending.pause = max(c.pending.pause, pause)
	c.complete()
}

// notTaken gives up a checkpoint that a task's state could not be written to.
func (c *coordinator) notTaken(id int64, err error) {
	switch {
	case c.err != nil:
	case id == task.Final:
		c.fail(checkpointError{err})
	case c.pending != nil && c.pending.id == id && !c.pending.storing:
		c.failedCheckpoint(c.pending, err)
		c.end()
	}
}

func (c *coordinator) taskEnded(t *task.Task, states []task.Share) {
	if c.err != nil {
		return
	}
	c.last[t] = states
	c.complete()
	c.end()
}

// complete stores the checkpoint that is under way if nothing is missing, and lets the sinks publish.
func (c *coordinator) complete() {
	p := c.pending
	if p == nil || p.storing {
		return
	}
	for _, t := range c.a.tasks {
		if p.states[t] == nil && c.last[t] == nil {
			return
		}
	}
	p.storing, p.patient = true, alarm{}
	covered := map[*task.Task]int64{}
	var states []task.Share
	for _, t := range c.a.tasks {
		if s := p.states[t]; s != nil {
			states, covered[t] = append(states, s...), p.id
		} else {
			states, covered[t] = append(states, c.last[t]...), task.Final
		}
	}
	c.store(p, p.id, false, states, func(err error) {
		if err == nil && c.err == nil {
			for _, t := range c.a.tasks {
				t.Commit(covered[t])
			}
		}
		c.end()
	})
}

// end stores the last checkpoint, when all tasks have ended, and lets them publish and close. If it can't be stored the
// attempt fails before the sinks have published: with them published, a restart from the checkpoint before would write
// the same again.
func (c *coordinator) end() {
	if len(c.last) < len(c.a.tasks) || c.pending != nil || c.err != nil || c.final {
		return
	}
	var states []task.Share
	for _, t := range c.a.tasks {
		states = append(states, c.last[t]...)
	}
	p := &pending{id: c.lastID, began: c.lastBegan, storing: true, waiting: c.requests}
	c.pending, c.requests = p, nil
	if p.id == 0 {
		p.id, p.began = c.newID(), c.a.j.cfg.Clock.Now()
		if err := c.begin(p.id, task.Final, p.began); err != nil {
			c.failedCheckpoint(p, err)
			c.fail(checkpointError{err})
			return
		}
	}
	c.a.j.history.began(p.id)
	c.store(p, task.Final, c.drain, states, func(err error) {
		if c.err != nil {
			return
		}
		if err != nil {
			c.fail(checkpointError{err})
			return
		}
		c.final = true
		for _, e := range c.a.enumerators {
			e.Stop()
		}
		for _, t := range c.a.tasks {
			t.Shutdown()
		}
	})
}

// store publishes a checkpoint of which nothing is missing, and then calls after. Tasks know it as known.
func (c *coordinator) store(p *pending, known int64, drained bool, shares []task.Share, after func(error)) {
	j := c.a.j
	if j.store == nil {
		c.stored(p, "", 0)
		after(nil)
		return
	}
	at := c.a.places.take(known)
	retire := c.copying == 0
	var path string
	var size int64
	var err error
	c.help(func() {
		if path, size, err = publish(at, drained, shares); err != nil || !retire {
			return
		}
		if err := j.store.Retire(j.cfg.Retained); err != nil {
			j.cfg.Log.Warn("remove older checkpoints", "job", j.cfg.JobID, "error", err)
		}
	}, func() {
		if err != nil {
			c.failedCheckpoint(p, err)
		} else {
			c.stored(p, path, size)
		}
		after(err)
	})
}

// stored notes that a checkpoint is complete and safe.
func (c *coordinator) stored(p *pending, path string, size int64) {
	j := c.a.j
	now := j.cfg.Clock.Now()
	c.pending, c.failing = nil, 0
	j.completed.Add(1)
	if j.store != nil {
		if j.own++; j.own == 1 {
			j.first = p.id
		}
		c.advanced = c.advanced || p.began.Sub(c.a.began) >= settled
	}
	took := now.Sub(p.began)
	j.history.add(metricsOf(p, took, size, path, nil))
	j.cfg.Log.Debug("checkpoint completed", "job", j.cfg.JobID, "checkpoint", p.id, "took", took, "bytes", size, "path", path)
	c.report(Event{Kind: CheckpointCompleted, Checkpoint: p.id, Path: path, Bytes: size, Took: took})
	c.rest(now)
	for _, answer := range p.waiting {
		answer(path, nil)
	}
}

// failedCheckpoint notes that a checkpoint is given up. The job goes on, unless the user wants it to fail for that.
func (c *coordinator) failedCheckpoint(p *pending, err error) {
	j := c.a.j
	now := j.cfg.Clock.Now()
	c.giveUp(p)
	c.failing++
	j.failed.Add(1)
	took := now.Sub(p.began)
	j.history.add(metricsOf(p, took, 0, "", err))
	j.cfg.Log.Error("a checkpoint failed; the next one is tried in time", "job", j.cfg.JobID, "checkpoint", p.id, "took", took, "error", err)
	c.report(Event{Kind: CheckpointFailed, Checkpoint: p.id, Took: took, Err: err})
	c.rest(now)
	for _, answer := range p.waiting {
		answer("", err)
	}
	if most := j.cfg.FailedCheckpoints; most > 0 && c.failing >= most {
		c.fail(checkpointError{fmt.Errorf("%d checkpoints in a row have failed (execution.checkpointing.tolerable-failed-checkpoints is %d), the last one: %w", c.failing, most-1, err)})
	}
}

// giveUp ends the checkpoint that is under way without a result.
func (c *coordinator) giveUp(p *pending) {
	c.pending = nil
	for _, t := range c.a.tasks {
		t.Abort(p.id)
	}
	if at := c.a.places.take(p.id); at != nil {
		c.help(at.Abort, func() {})
	}
}

// rest keeps the pause between the end of a checkpoint and the next one.
func (c *coordinator) rest(now time.Time) {
	if pause := c.a.j.cfg.CheckpointPause; pause > 0 && !c.next.at.IsZero() && c.next.at.Sub(now) < pause {
		c.next.set(now, pause)
	}
}

func (c *coordinator) report(e Event) {
	if c.a.j.cfg.OnEvent != nil {
		c.a.j.cfg.OnEvent(e)
	}
}

// stop ends the sources; the rest of the job follows by itself. While the scans don't know their splits nothing has been
// read, and a checkpoint would lack their positions: then the job simply ends, or, with drain, stops later.
func (c *coordinator) stop(drain bool) {
	switch {
	case c.stopping || c.err != nil || c.final:
		return
	case c.started && c.listed == len(c.a.enumerators):
	case drain:
		c.drain = true
		return
	default:
		c.final = true
		c.a.halt()
		return
	}
	c.stopping, c.drain = true, drain
	// The last checkpoint takes the place of the one that is under way.
	if p := c.pending; p != nil && !p.storing {
		c.requests = append(p.waiting, c.requests...)
		p.waiting = nil
		c.giveUp(p)
		c.a.j.history.began(0)
	}
	c.lastID, c.lastBegan = c.newID(), c.a.j.cfg.Clock.Now()
	if err := c.begin(c.lastID, task.Final, c.lastBegan); err != nil {
		c.fail(checkpointError{err})
		return
	}
	for _, e := range c.a.enumerators {
		e.Stop()
	}
	for _, t := range c.a.tasks {
		if t.IsSource() {
			t.Stop(drain)
		}
	}
}

func (c *coordinator) close(t *task.Task) { c.closed[t] = true }

// stuck is called while a function of a task doesn't return. A job that goes on may wait for it. One that is to stop fails,
// since it would never end, and when an attempt has failed the task is left behind: once the function returns, nothing
// comes of it.
func (c *coordinator) stuck(t *task.Task, err error) {
	switch {
	case c.closed[t]:
	case c.a.ctx.Err() != nil:
		t.Abandon()
		c.left = err
		c.close(t)
	case c.stopping:
		c.fail(fmt.Errorf("stop the job: %w", err))
		c.stuck(t, err)
	}
}

// checkpointError is the failure of an attempt that can't go on without a checkpoint.
type checkpointError struct{ error }

// Unwrap returns the cause.
func (e checkpointError) Unwrap() error { return e.error }

// fail notes why the attempt ends, unless that is known, and ends it.
func (c *coordinator) fail(err error) {
	if c.err != nil || c.final && errors.Is(err, ErrCanceled) {
		return
	}
	c.err = err
	c.refuseAll(errOver)
	c.a.halt()
}

// refuseAll answers those that still wait for a checkpoint.
func (c *coordinator) refuseAll(err error) {
	waiting := c.requests
	if c.pending != nil {
		waiting = append(waiting, c.pending.waiting...)
		c.pending.waiting = nil
	}
	c.requests = nil
	for _, answer := range waiting {
		answer("", err)
	}
}
