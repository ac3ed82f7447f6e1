package task

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/exchange"
	"github.com/weirsql/weir/runtime/expr"
	"github.com/weirsql/weir/runtime/metrics"
	"github.com/weirsql/weir/runtime/operator"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/udf"
)

// Env is what all tasks of a job share.
type Env struct {
	JobID    string
	Clock    clock.Clock
	Log      *slog.Logger
	Location *time.Location
	Started  time.Time
	Seed     int64
	MaxRows  int
	// KeepState says that snapshots are stored; else only sinks take part in checkpoints.
	KeepState   bool
	Checkpoints Checkpoints // with KeepState
	// IncrementFrom is the size in bytes from which the state of an operator instance is written as what has changed since
	// the checkpoint before; 0: it is always written whole.
	IncrementFrom int64
	Memory        *state.Memory // bounds keyed state; nil: nothing does
	Reports       Reports

	alignments alignments
}

// Reports is how tasks tell their job what happened. Calls come from the tasks' goroutines and must not block.
type Reports interface {
	// Opened: the task is ready to take records.
	Opened(t *Task)
	// Snapshot: the task's share of a checkpoint is safe. pause is how long the barrier kept the task from processing
	// records.
	Snapshot(t *Task, id int64, shares []Share, pause time.Duration)
	// NotTaken: the task's share of a checkpoint could not be written. The task goes on.
	NotTaken(t *Task, id int64, err error)
	// Ended: all input is processed and safe in the sinks; shares is what any later checkpoint has of the task. The task
	// waits for Commit and Shutdown.
	Ended(t *Task, shares []Share)
	// Failed: the task can't go on; Closed follows.
	Failed(t *Task, err error)
	// Closed: the task has released everything and its goroutine is about to end.
	Closed(t *Task)
}

// linger is how long rows may be gathered to make a larger batch while a task is busy; one that rests sends them at once.
// Flink's execution.buffer-timeout has the same default.
const linger = 100 * time.Millisecond

// Final stands for the number of the checkpoint that a task's last snapshot belongs to.
const Final = math.MaxInt64

// Task is one subtask of a chain of operators. Methods marked so may be called from any goroutine; all else belongs to
// the task's own.
type Task struct {
	env      *Env
	name     string
	subtask  int
	waiter   clock.Waiter
	head     *vertex
	vertices []*vertex // upstream first
	input    *exchange.Receiver
	writers  []*writer
	running  *vertex // the one at work, named if it panics

	mail struct {
		sync.Mutex
		some   atomic.Bool
		posted []func() error
		closed bool
	}

	uploads *uploads
	time    metrics.Task
	blocked bool // in the last step: something that the task writes to is full

	sent     time.Time    // when everything gathered was last sent although the task was busy
	pending  []*snapshot  // wait for the writers: at most one of a checkpoint, and then one of the end
	reported *snapshot    // the last of a checkpoint
	steps    atomic.Int64 // that have been taken
	stop     stopRequest
	ended    bool
	ending   exchange.Ending
	shutdown bool
}

type stopRequest uint8

const (
	noStop stopRequest = iota
	stopNow
	stopDrained
)

// Name is the names of the operators in the chain, and the subtask.
func (t *Task) Name() string { return t.name }

// Subtask is the number of the task among those of its operators.
func (t *Task) Subtask() int { return t.subtask }

// Wake makes the task take a step. From any goroutine.
func (t *Task) Wake() { t.waiter.Wake() }

// IsSource reports whether the task reads a source, and so where checkpoints begin.
func (t *Task) IsSource() bool { return t.input == nil }

// Metrics appends the counters of the task's operators. From any goroutine.
func (t *Task) Metrics(to []metrics.Snapshot) []metrics.Snapshot {
	for _, v := range t.vertices {
		to = append(to, v.counters())
	}
	return to
}

// Calling describes the function that the task is calling and the operator that does, "" when it calls none, and says in
// which of its steps it is. From any goroutine.
func (t *Task) Calling() (function, operator string, step int64) {
	step = t.steps.Load()
	for _, v := range t.vertices {
		if call := v.running.Call(); call != "" {
			return call, v.label, step
		}
	}
	return "", "", step
}

// Abandon makes the task end without a trace when the function that it calls returns. From any goroutine.
func (t *Task) Abandon() {
	for _, v := range t.vertices {
		v.running.Abandon()
	}
}

// Trigger starts a checkpoint at a source. From any goroutine.
func (t *Task) Trigger(id int64) {
	t.post(func() error {
		if t.ended {
			return nil
		}
		return t.begin(id)
	})
}

// Stop ends a source; with drain, as if all its splits had ended. From any goroutine.
func (t *Task) Stop(drain bool) {
	t.post(func() error {
		t.stop = stopNow
		if drain {
			t.stop = stopDrained
		}
		return nil
	})
}

// Commit publishes what the sinks have written before the barrier of a checkpoint that is now complete: id is its number,
// or Final for the snapshot that came with Ended. From any goroutine.
func (t *Task) Commit(id int64) { t.post(func() error { return t.commit(id) }) }

// Shutdown publishes the rest and ends the task, after Ended. From any goroutine.
func (t *Task) Shutdown() {
	t.post(func() error {
		t.shutdown = true
		return t.commit(Final)
	})
}

func (t *Task) commit(id int64) error {
	t.complete(id)
	for _, x := range t.writers {
		if err := x.commit(id); err != nil {
			return err
		}
	}
	return nil
}

// post makes the task call f in its next step; false when the task has closed.
func (t *Task) post(f func() error) bool {
	t.mail.Lock()
	if t.mail.closed {
		t.mail.Unlock()
		return false
	}
	t.mail.posted = append(t.mail.posted, f)
	t.mail.some.Store(true)
	t.mail.Unlock()
	t.waiter.Wake()
	return true
}

func (t *Task) readMail() error {
	for t.mail.some.Load() {
		t.mail.Lock()
		posted := t.mail.posted
		t.mail.posted = nil
		t.mail.some.Store(false)
		t.mail.Unlock()
		for _, f := range posted {
			if err := f(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Run is the task's goroutine: it opens the operators, takes steps until Shutdown, a failure or the end of ctx, and
// closes. A panic is a failure of the operator that was running; nothing else of the process is touched.
func (t *Task) Run(ctx context.Context) {
	err := t.guard(func() error {
		for _, v := range t.vertices {
			if err := v.open(ctx); err != nil {
				return err
			}
		}
		t.env.Reports.Opened(t)
		return t.loop(ctx)
	})
	if err != nil && !(ctx.Err() != nil && errors.Is(err, ctx.Err())) && !errors.Is(err, udf.ErrAbandoned) {
		t.panicked(err)
		t.env.Reports.Failed(t, err)
	}
	t.close()
	t.env.Reports.Closed(t)
}

func (t *Task) loop(ctx context.Context) error {
	yield := func() {}
	if c, ok := t.env.Clock.(interface{ Yield() }); ok {
		yield = c.Yield // a simulated scheduler may let others go first
	}
	t.time.Switch(metrics.Busy, t.env.Clock.Now())
	defer func() { t.time.Switch(metrics.Ended, t.env.Clock.Now()) }()
	for !t.shutdown && ctx.Err() == nil {
		t.steps.Add(1)
		progress, err := t.step()
		if err != nil {
			return err
		}
		if progress || t.shutdown {
			yield()
			continue
		}
		waits := metrics.Idle
		if t.blocked {
			waits = metrics.Backpressured
		}
		t.time.Switch(waits, t.env.Clock.Now())
		t.waiter.Wait(ctx, t.deadline())
		t.time.Switch(metrics.Busy, t.env.Clock.Now())
	}
	return nil
}

// guard turns a panic into an error.
func (t *Task) guard(f func() error) (err error) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		v := t.running
		if v == nil {
			v = t.head
		}
		if v.calls != nil {
			if function, at := v.calls.Calling(); function != "" {
				err = v.fail(expr.CallError(function, at, nil, udf.Panicked(r)))
				return
			}
		}
		t.env.Log.Error("an operator panicked", "operator", v.label, "subtask", t.subtask, "panic", r, "stack", string(debug.Stack()))
		err = v.fail(fmt.Errorf("internal error (a bug of weir; the log has the details): %v", r))
	}()
	return f()
}

// panicked logs where a function panicked, if that is what err is about: the message has the place only.
func (t *Task) panicked(err error) {
	var p *udf.PanicError
	if errors.As(err, &p) {
		t.env.Log.Info("a function panicked", "error", err, "stack", p.Stack)
	}
}

func (t *Task) close() {
	t.mail.Lock()
	t.mail.closed = true
	left := t.mail.posted
	t.mail.posted = nil
	t.mail.Unlock()
	t.ended = true // so that what is handed over now is released at once
	for _, f := range left {
		if err := t.guard(f); err != nil {
			t.env.Reports.Failed(t, err)
		}
	}
	for _, s := range t.pending {
		s.abandon()
	}
	for t.uploads.busy() {
		t.waiter.Wait(context.Background(), time.Time{})
	}
	for _, v := range t.vertices {
		if err := t.guard(v.close); err != nil {
			t.env.Log.Warn("close an operator", "operator", v.label, "subtask", t.subtask, "error", err)
		}
	}
	for _, x := range t.writers {
		if err := t.guard(x.w.Close); err != nil {
			t.env.Log.Warn("close a table", "table", x.table, "subtask", t.subtask, "error", err)
		}
	}
}

// step does a bounded amount of work without blocking and reports whether there was any. When there was none, something
// that wakes the task must happen first: mail, room in an exchange, an element, a reader, a writer, or the deadline.
func (t *Task) step() (progress bool, err error) {
	if err := t.readMail(); err != nil {
		return false, err
	}
	more, err := t.advance()
	if err != nil || t.ended || t.shutdown {
		return more, err
	}
	progress, err = t.work()
	return progress || more, err
}

// work takes what the input has next.
func (t *Task) work() (progress bool, err error) {
	if t.blocked, err = t.full(); t.blocked || err != nil {
		return false, err
	}
	if t.stop != noStop && t.input == nil {
		ending := exchange.Stopped
		if t.stop == stopDrained {
			ending = exchange.Drained
		}
		return true, t.end(ending)
	}
	now := t.env.Clock.Now()
	if now.Sub(t.sent) >= linger {
		t.sent = now
		if err := t.rest(); err != nil {
			return false, err
		}
	}
	for _, v := range t.vertices {
		if !v.wakeAt.IsZero() && !now.Before(v.wakeAt) {
			if err := v.onTime(now); err != nil {
				return false, err
			}
			progress = true
		}
	}
	if t.input != nil {
		return t.read(progress)
	}
	t.running = t.head
	polled, err := t.head.source.poll(now)
	if progress = progress || polled; progress || err != nil {
		return progress, t.head.fail(err)
	}
	return false, t.rest()
}

func (t *Task) read(progress bool) (bool, error) {
	e, ok := t.input.Next()
	if !ok {
		if progress {
			return true, nil
		}
		return false, t.rest()
	}
	switch e.Kind {
	case exchange.Batch:
		err := t.head.process(e.Input, e.Batch)
		t.input.Done(e)
		return true, err
	case exchange.Watermark:
		return true, t.head.watermark(e.Value)
	case exchange.Idle, exchange.Active:
		return true, t.tell(e.Kind, 0)
	case exchange.Barrier:
		return true, t.begin(e.Value)
	case exchange.End:
		return true, t.end(e.Value)
	}
	return true, nil
}

// full reports whether the task must wait before it takes more input: for room in an exchange, or for a sink.
func (t *Task) full() (bool, error) {
	full := false
	for _, x := range t.writers {
		if x.w.Full() {
			full = true
			if err := x.flush(); err != nil {
				return true, err
			}
		}
	}
	for _, v := range t.vertices {
		for _, s := range v.senders {
			full = s.Full() || full
		}
	}
	if full {
		t.flush()
	}
	return full, nil
}

// rest sends what has been gathered to make larger batches. It is called when there is nothing to read, and now and then.
func (t *Task) rest() error {
	if err := t.flushOperators(); err != nil {
		return err
	}
	t.flush()
	for _, x := range t.writers {
		if err := x.flush(); err != nil {
			return err
		}
	}
	return nil
}

func (t *Task) flush() {
	for _, v := range t.vertices {
		for _, s := range v.senders {
			s.Flush()
		}
	}
}

// flushOperators has the operators emit what they hold back.
func (t *Task) flushOperators() error {
	for _, v := range t.vertices {
		if f, ok := v.op.(operator.Flusher); ok {
			t.running = v
			if err := f.Flush(v); err != nil {
				return v.fail(err)
			}
		}
	}
	return nil
}

// tell sends something other than rows to all exchanges behind the task, and before it what operators hold back: who
// hears that this task is idle no longer waits for it, and a snapshot doesn't have what is held back.
func (t *Task) tell(kind exchange.Kind, value int64) error {
	if kind != exchange.Active {
		if err := t.flushOperators(); err != nil {
			return err
		}
	}
	for _, v := range t.vertices {
		v.tell(kind, value)
	}
	return nil
}

// end is called when there is no more input. Everything is passed on before the end itself; the last snapshot follows.
func (t *Task) end(how exchange.Ending) error {
	if how != exchange.Stopped {
		if t.input == nil {
			// Or those behind would not heed the watermark of a source that has fallen silent.
			if err := t.tell(exchange.Active, 0); err != nil {
				return err
			}
			if err := t.head.watermark(math.MaxInt64); err != nil {
				return err
			}
		}
		if err := t.head.finish(); err != nil {
			return err
		}
	}
	if err := t.tell(exchange.End, how); err != nil {
		return err
	}
	t.ended, t.ending = true, how
	if how != exchange.Natural {
		// The job is being stopped: the last checkpoint takes the place of the one that is under way. Else that one goes on:
		// what came between its barrier and the end is part of the next checkpoint only.
		t.giveUp()
	}
	_, err := t.draw(Final)
	return err
}

// deadline is when the task has something to do even if nothing arrives. There is none while it waits for others.
func (t *Task) deadline() time.Time {
	if t.ended {
		return time.Time{}
	}
	for _, x := range t.writers {
		if x.w.Full() {
			return time.Time{}
		}
	}
	var at time.Time
	earlier := func(d time.Time) {
		if !d.IsZero() && (at.IsZero() || d.Before(at)) {
			at = d
		}
	}
	for _, v := range t.vertices {
		for _, s := range v.senders {
			if s.Full() {
				return time.Time{}
			}
		}
		earlier(v.wakeAt)
	}
	if t.input == nil {
		earlier(t.head.source.deadline())
	}
	return at
}
