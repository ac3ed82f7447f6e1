package task

import (
	"context"
	"math"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/exchange"
	"github.com/weirsql/weir/runtime/operator"
	"github.com/weirsql/weir/types"
)

// Builder puts a task together, upstream first.
type Builder struct {
	ctx     context.Context
	env     *Env
	from    *checkpoint.Checkpoint // or nil
	task    *Task
	byNode  map[physical.Node]*vertex
	build   func(physical.Node) (operator.Operator, error)
	collect func(*types.Batch) error
}

// NewBuilder starts a task: subtask i of its operators, restored from a checkpoint unless that is nil. build makes
// operators other than sources and sinks; collect takes the rows of a Collect node. ctx lasts as long as the job.
func NewBuilder(ctx context.Context, env *Env, from *checkpoint.Checkpoint, i int, build func(physical.Node) (operator.Operator, error), collect func(*types.Batch) error) *Builder {
	t := &Task{env: env, subtask: i, waiter: env.Clock.NewWaiter()}
	t.uploads = &uploads{clock: env.Clock, wake: t.waiter.Wake}
	return &Builder{
		ctx: ctx, env: env, from: from, build: build, collect: collect, byNode: map[physical.Node]*vertex{}, task: t,
	}
}

// Task returns the task.
func (b *Builder) Task() *Task { return b.task }

// label names an operator in messages.
func label(n physical.Node) string {
	switch n := n.(type) {
	case *physical.Scan:
		return n.Name() + " of " + n.Table.Path
	case *physical.Sink:
		return n.Name() + " of " + n.Table.Path
	}
	return n.Name()
}

// Add puts a node into the task: at its head when it is the first, else behind the node it reads. enumerator is that of
// a Scan.
func (b *Builder) Add(n physical.Node, parallelism int, enumerator *Enumerator) error {
	t := b.task
	v := &vertex{task: t, id: n.Base().ID, name: n.Name(), label: label(n), parallelism: parallelism}
	v.udf.Location, v.udf.Now, v.udf.Started = b.env.Location, b.env.Clock.Now, b.env.Started
	v.udf.Watermark, v.udf.Seed, v.udf.Running = math.MinInt64, b.env.Seed, &v.running
	v.metrics.Watermark.Store(math.MinInt64)
	if b.from != nil && b.from.Operator(v.id) != nil {
		v.restore = b.from.Share(v.id, t.subtask, parallelism)
		v.finished = b.from.Finished(v.id, t.subtask, parallelism)
	}
	var err error
	switch n := n.(type) {
	case *physical.Scan:
		var s *scan
		if s, err = newScan(v, n, enumerator); err == nil {
			enumerator.scans[t.subtask] = s
			v.source = s
		}
	case *physical.Values:
		v.source = newValues(v, n)
	case *physical.Sink:
		v.op = newSink(b.ctx, v, n)
	case *physical.Collect:
		v.op = &collect{f: b.collect}
	default:
		v.op, err = b.build(n)
	}
	v.calls, _ = v.op.(operator.Calls)
	if inputs := n.Base().Inputs; len(inputs) == 1 && inputs[0].Exchange == physical.Hash {
		v.keys = inputs[0].Keys
	}
	if err != nil {
		return v.fail(err)
	}
	if t.head == nil {
		t.head = v
		t.name = v.name
	} else {
		up := b.byNode[n.Base().Inputs[0].From]
		up.next = append(up.next, v)
		t.name += " → " + v.name
	}
	t.vertices = append(t.vertices, v)
	b.byNode[n] = v
	return nil
}

// Receive gives the task its exchanges; inputs says which input of the head each queue belongs to.
func (b *Builder) Receive(queues []*exchange.Queue, inputs []int) {
	b.task.input = exchange.NewReceiver(queues, inputs)
}

// Send adds an exchange behind a node of the task.
func (b *Builder) Send(n physical.Node, s *exchange.Sender) {
	v := b.byNode[n]
	v.senders = append(v.senders, s)
}
