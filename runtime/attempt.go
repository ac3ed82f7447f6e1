package runtime

import (
	"context"
	"errors"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/task"
)

// attempt is one run of a job's tasks, from a checkpoint or from the beginning to an end or a failure. A failure of any
// task ends all; the next attempt has tasks of its own, made when no goroutine of this one is left.
type attempt struct {
	j           *Job
	env         *task.Env
	graph       graph
	tasks       []*task.Task
	enumerators []*task.Enumerator
	ctx         context.Context
	cancel      context.CancelFunc
	began       time.Time
	coordinator coordinator // the supervisor's
	places      places
	watch       watch
}

// newAttempt makes the tasks of a plan, restored from a checkpoint unless that is nil, and starts nothing.
func (j *Job) newAttempt(plan *physical.Plan, from *checkpoint.Checkpoint) (*attempt, error) {
	a := &attempt{j: j, began: j.cfg.Clock.Now()}
	a.env = &task.Env{
		JobID: j.cfg.JobID, Clock: j.cfg.Clock, Log: j.cfg.Log, Location: j.cfg.Location, Started: j.started, Seed: j.cfg.Seed,
		MaxRows: j.cfg.MaxRows, KeepState: j.store != nil, Reports: reports{a}, Checkpoints: &a.places,
		Memory: j.cfg.Memory, IncrementFrom: j.cfg.IncrementFrom,
	}
	a.ctx, a.cancel = context.WithCancel(j.ctx)
	if err := a.build(a.ctx, plan, from); err != nil {
		a.cancel()
		return nil, err
	}
	a.coordinator.init(a)
	if from != nil {
		j.history.restoredFrom(from.Path)
	}
	j.attempt.Store(a)
	return a, nil
}

// run starts the tasks and returns when nothing of the attempt runs any more, with the reason unless it ended well. The
// supervisor calls it.
func (a *attempt) run() error {
	j, c := a.j, &a.coordinator
	j.current = a
	a.watch.start(a)
	defer a.watch.stop()
	for _, t := range a.tasks {
		j.cfg.Clock.Go(func() { t.Run(a.ctx) })
	}
	for {
		j.readMail()
		if a.ctx.Err() != nil {
			c.fail(ErrCanceled) // the first reason counts
		}
		if c.over() {
			j.current = nil
			a.cancel()
			c.refuseAll(errOver)
			a.places.abort()
			return c.err
		}
		if a.ctx.Err() != nil {
			j.waiter.Wait(context.Background(), time.Time{})
			continue
		}
		c.tick()
		j.waiter.Wait(a.ctx, c.deadline())
	}
}

// halt makes all goroutines of the attempt end. They are woken here, although the end of a context wakes them too: that
// happens later, beside the clock, and virtual time could pass in between.
func (a *attempt) halt() {
	a.cancel()
	for _, t := range a.tasks {
		t.Wake()
	}
	for _, e := range a.enumerators {
		e.Stop()
	}
}

// post makes the supervisor call f while the attempt is the current one: what an earlier attempt has to say concerns
// nobody.
func (a *attempt) post(f func()) {
	a.j.post(func() {
		if a.j.current == a {
			f()
		}
	})
}

func (a *attempt) listed() { a.post(a.coordinator.assigned) }

func (a *attempt) enumeratorFailed(err error) { a.post(func() { a.coordinator.fail(err) }) }

// reports passes what tasks report on to the supervisor.
type reports struct{ a *attempt }

func (r reports) Opened(*task.Task) { r.a.post(r.a.coordinator.opened) }

func (r reports) Snapshot(t *task.Task, id int64, shares []task.Share, pause time.Duration) {
	r.a.post(func() { r.a.coordinator.acknowledge(t, id, shares, pause) })
}

func (r reports) NotTaken(_ *task.Task, id int64, err error) {
	r.a.post(func() { r.a.coordinator.notTaken(id, err) })
}

func (r reports) Ended(t *task.Task, shares []task.Share) {
	r.a.post(func() { r.a.coordinator.taskEnded(t, shares) })
}

func (r reports) Failed(_ *task.Task, err error) { r.a.post(func() { r.a.coordinator.fail(err) }) }

func (r reports) Closed(t *task.Task) { r.a.post(func() { r.a.coordinator.close(t) }) }

var errOver = errors.New("the job ended, or failed, before the checkpoint was taken")

// alarm is a moment to wait for. When the clock is set back, the whole time is waited for once more from then on: without
// that, an hour back would mean to wait an hour longer.
type alarm struct {
	from, at time.Time // at is zero when there is nothing to wait for
}

func (a *alarm) set(now time.Time, d time.Duration) { a.from, a.at = now, now.Add(d) }

func (a *alarm) due(now time.Time) bool {
	if a.at.IsZero() {
		return false
	}
	if now.Before(a.from) {
		a.set(now, a.at.Sub(a.from))
	}
	return !now.Before(a.at)
}
