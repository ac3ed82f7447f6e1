package task

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/exchange"
	"github.com/weirsql/weir/runtime/metrics"
	"github.com/weirsql/weir/runtime/operator"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// vertex is one operator instance in a task, with those that take its rows: operators of the same chain and senders.
// It is the operator.Output of its operator.
type vertex struct {
	task        *Task
	id          string
	name        string // of the operator
	label       string // for messages: the name, and the table of scans and sinks
	parallelism int
	keys        []int             // of the exchanges that it reads, if they go by a key
	op          operator.Operator // nil for a source
	calls       operator.Calls    // op, if it is one
	source      source            // or nil
	metrics     metrics.Operator
	udf         udf.Context
	running     udf.Running
	sender      atomic.Pointer[connectors.Sender] // the writer of a sink, if it is one
	restore     *state.Reader                     // nil on a fresh start
	next        []*vertex
	senders     []*exchange.Sender
	wakeAt      time.Time         // when OnTime is due; zero: never
	chain       []checkpoint.File // what the last complete checkpoint has of it
	finished    bool              // restored from a checkpoint that was taken when there was nothing left to do
}

// source is the head of a task that reads no exchange. Like an operator it is called by its task only and never blocks.
type source interface {
	open(ctx context.Context) error
	// poll reads once and reports whether there was anything to do.
	poll(now time.Time) (progress bool, err error)
	// deadline is when poll has something to do even if nothing arrives; zero: never.
	deadline() time.Time
	snapshot(w *state.Writer) error
	close() error
}

func (v *vertex) open(ctx context.Context) error {
	v.task.running = v
	if v.source != nil {
		return v.fail(v.source.open(ctx))
	}
	c := &operator.Context{
		JobID: v.task.env.JobID, Subtask: v.task.subtask, Parallelism: v.parallelism, Clock: v.task.env.Clock,
		UDF: &v.udf, Metrics: &v.metrics, MaxRows: v.task.env.MaxRows, Memory: v.task.env.Memory, Log: v.task.env.Log,
		WakeAt: func(t time.Time) { v.wakeAt = t },
	}
	c.Restore = v.restore
	err := v.op.Open(c)
	v.restore = nil
	return v.fail(err)
}

// Emit implements operator.Output. What an operator emits after one of its functions has failed isn't passed on.
func (v *vertex) Emit(b *types.Batch) error {
	n := b.Rows()
	if n == 0 {
		return nil
	}
	if v.calls != nil {
		if err := v.calls.Err(); err != nil {
			return v.fail(err)
		}
	}
	v.metrics.RecordsOut.Add(int64(n))
	for _, s := range v.senders {
		s.Send(b)
	}
	for _, c := range v.next {
		if err := c.process(0, b); err != nil {
			return v.cameFrom(err)
		}
	}
	v.task.running = v
	return nil
}

func (v *vertex) process(input int, b *types.Batch) error {
	v.task.running = v
	v.metrics.RecordsIn.Add(int64(b.Rows()))
	err := v.op.Process(input, b, v)
	if err == nil && v.calls != nil {
		err = v.calls.Err()
	}
	if err != nil {
		return v.failAt(err, b)
	}
	return nil
}

func (v *vertex) watermark(w int64) error {
	v.task.running = v
	v.udf.Watermark = w
	v.metrics.Watermark.Store(w)
	if v.op != nil {
		if err := v.op.OnWatermark(w, v); err != nil {
			return v.fail(err)
		}
		if v.calls != nil {
			if err := v.calls.Err(); err != nil {
				return v.fail(err)
			}
		}
	}
	v.tell(exchange.Watermark, w)
	for _, c := range v.next {
		if err := c.watermark(w); err != nil {
			return err
		}
	}
	return nil
}

func (v *vertex) onTime(now time.Time) error {
	v.task.running = v
	v.wakeAt = time.Time{}
	return v.fail(v.op.OnTime(now, v))
}

// finish lets the operators emit what they keep for the end of their input, upstream first.
func (v *vertex) finish() error {
	v.task.running = v
	if v.op != nil && !v.finished {
		if err := v.op.Finish(v); err != nil {
			return v.fail(err)
		}
	}
	for _, c := range v.next {
		if err := c.finish(); err != nil {
			return err
		}
	}
	return nil
}

// tell sends something other than rows to the exchanges behind this vertex.
func (v *vertex) tell(kind exchange.Kind, value int64) {
	for _, s := range v.senders {
		s.Tell(kind, value)
	}
}

func (v *vertex) close() error {
	if v.source != nil {
		return v.source.close()
	}
	return v.op.Close()
}

// Snapshot returns the instance's counters.
func (v *vertex) counters() metrics.Snapshot {
	m := &v.metrics
	s := metrics.Snapshot{
		ID: v.id, Name: v.name, Subtask: v.task.subtask,
		RecordsIn: m.RecordsIn.Load(), RecordsOut: m.RecordsOut.Load(), BytesIn: m.BytesIn.Load(), BytesOut: m.BytesOut.Load(),
		Late: m.Late.Load(), Failed: m.Failed.Load(), Retries: m.Retries.Load(),
		StateBytes: m.StateBytes.Load() + m.Spilled.Load(), StateKeys: m.StateKeys.Load(), Spilled: m.Spilled.Load(), Forgotten: m.Forgotten.Load(),
	}
	s.Busy, s.Backpressured, s.Idle = v.task.time.Times(v.task.env.Clock.Now())
	if w := m.Watermark.Load(); w != math.MinInt64 {
		s.Watermark = &w
	}
	if sc, ok := v.source.(*scan); ok {
		s.Splits = sc.splitMetrics()
	}
	if x := v.sender.Load(); x != nil {
		s.Sending, s.BytesOut = sendingMetrics((*x).Sending(), v.task.env.Clock.Now())
	}
	return s
}

// sendingMetrics is what is shown of a sender, and the bytes that it has sent.
func sendingMetrics(f connectors.Sending, now time.Time) (s *metrics.Sending, bytes int64) {
	s = &metrics.Sending{Records: f.Records, Requests: f.Requests, Throttled: f.Throttled, Refused: f.Refused,
		InFlight: f.InFlight, BufferedRows: f.Rows, BufferedBytes: f.Buffer}
	if !f.Oldest.IsZero() {
		s.OldestAge = max(0, now.Sub(f.Oldest))
	}
	return s, f.Bytes
}
