// Package operator holds the operators that records flow through: one file each, and build.go, which makes an
// instance for a node of the physical plan.
//
// An operator is driven by one task and never blocks: Process buffers its results in an Output and returns. What lives
// between calls is keyed state (moved by key group when a job is rescaled) or operator state. Sources, exchanges and
// barriers are runtime/task's business. Start reading at Operator.
package operator

import (
	"log/slog"
	"time"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/metrics"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// Operator is one parallel instance of a plan node. Its task makes every call, one at a time, and no call may block.
//
//	Open → { Process | OnWatermark | OnTime | Snapshot }* → Finish? → Close
type Operator interface {
	// Open prepares the instance, before any record; it takes back state from ctx.Restore when that is not nil.
	Open(ctx *Context) error
	// Process takes a batch from the given input (0 is left, 1 is right). The batch is the caller's again on return: copy
	// what you keep.
	Process(input int, b *types.Batch, out Output) error
	// OnWatermark says that no record with an event time of w milliseconds or less is expected any more, on any input.
	// w never falls. The task passes the watermark on after the call returns.
	OnWatermark(w int64, out Output) error
	// OnTime is called when the clock has reached the time last asked for with ctx.WakeAt.
	OnTime(now time.Time, out Output) error
	// Snapshot writes all state; barriers are aligned, so it is the state between two records. Stores are only noted: the
	// task has w sweep them between later calls.
	Snapshot(w *state.Writer) error
	// Finish is called when all inputs have ended, behind the final watermark of math.MaxInt64.
	Finish(out Output) error
	// Close is called once, also after a failure.
	Close() error
}

// Incremental is implemented by operators whose state in a checkpoint may be what has changed since the last one that is
// complete (state.Writer.Increment): all of it is in stores, or is written whole each time.
type Incremental interface {
	// CanIncrement reports whether the next snapshot may be such an increment.
	CanIncrement() bool
	// Complete says that the checkpoint of the last Snapshot is complete.
	Complete()
}

// Calls is implemented by operators that call functions beside those in expressions: aggregates.
type Calls interface {
	// Err returns the first failure of any of them, nil as long as there was none. The task asks before it passes on what
	// the operator emits, and after each call; it takes nothing of an operator that has failed.
	Err() error
	// Calling describes the function that is being called, "" when none is: who recovers from a panic asks.
	Calling() (function string, at diag.Span)
}

// Tracer is implemented by operators that emit rows of their input one by one.
type Tracer interface {
	// InputRow returns the physical row of the batch in Process that became the physical row of what was emitted last.
	InputRow(emitted int) int
}

// KeptRowError is the failure of an operator at a row that it had kept: not one of the batch that it was given last.
type KeptRowError struct {
	Batch *types.Batch // valid until the next call
	Row   int          // physical
	Err   error
}

func (e *KeptRowError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *KeptRowError) Unwrap() error { return e.Err }

// Output takes the rows an operator emits.
type Output interface {
	// Emit passes a batch on. The receiver is done with it when Emit returns, so the operator may reuse it.
	Emit(b *types.Batch) error
}

// Context is what an instance knows of its surroundings.
type Context struct {
	JobID       string
	Subtask     int
	Parallelism int
	Clock       clock.Clock
	UDF         *udf.Context // Watermark is kept current by the task
	Metrics     *metrics.Operator
	// Restore is the state of this instance's key groups (and, of operator state, its share) from the checkpoint the job
	// starts from; nil on a fresh start.
	Restore *state.Reader
	// Memory bounds keyed state; nil: nothing does.
	Memory *state.Memory
	// WakeAt asks for OnTime at t; a later call replaces an earlier one.
	WakeAt func(t time.Time)
	Log    *slog.Logger // nil: none
	// MaxRows is the size that emitted batches should not exceed much.
	MaxRows int
}

// Stateless supplies the calls that an operator without state, timers and windows doesn't answer. Embed it for these
// no-ops, not for behaviour.
type Stateless struct{}

func (Stateless) Open(*Context) error             { return nil }
func (Stateless) OnWatermark(int64, Output) error { return nil }
func (Stateless) OnTime(time.Time, Output) error  { return nil }
func (Stateless) Snapshot(*state.Writer) error    { return nil }
func (Stateless) Finish(Output) error             { return nil }
func (Stateless) Close() error                    { return nil }
