package operator

import (
	"fmt"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
)

// windowTable is a window table-valued function: each row once for every window that contains it (HOP: the latest
// first; CUMULATE: the shortest first), with window_start, window_end and window_time appended. It keeps no state and drops nothing: a late row gets its
// windows like any other. SESSION, whose windows grow with the rows, isn't assigned row by row.
//
// Source: Flink's WindowTableFunctionOperator.
type windowTable struct {
	Stateless
	node  *physical.WindowTable
	ctx   *Context
	spec  windowSpec
	clock windowClock
	times []int64
	rows  []int32 // of the batch in hand, once per window; the windows are in out already
	out   *types.Batch
}

var _ Operator = (*windowTable)(nil)

func newWindowTable(node *physical.WindowTable) (*windowTable, error) {
	if node.Window.Kind == physical.Session {
		return nil, fmt.Errorf("a SESSION window can't be assigned to single rows; group by window_start and window_end")
	}
	return &windowTable{node: node, spec: newWindowSpec(node.Window), out: types.NewBatch(node.Schema)}, nil
}

func (w *windowTable) Open(ctx *Context) error {
	w.ctx = ctx
	w.clock = windowClock{w.node.Window.Local || w.node.Window.Proctime, temporal.NewZone(ctx.UDF.Location)}
	return nil
}

func (w *windowTable) Process(_ int, b *types.Batch, out Output) error {
	n := b.Rows()
	if n == 0 {
		return nil
	}
	var times []int64
	if w.node.Window.Proctime {
		w.times = resize(w.times, b.N)
		now := w.clock.reading(w.ctx.Clock.Now().UnixMilli())
		for i := range w.times {
			w.times[i] = now
		}
		times = w.times
	} else {
		var err error
		if times, err = w.clock.times(&w.times, b, w.node.Window.Time); err != nil {
			return err
		}
	}
	step := w.spec.slide
	for k := range n {
		i := rowAt(b.Sel, k)
		start, _ := w.spec.sliceOf(times[i])
		first, last := w.spec.ends(start)
		if w.spec.kind == physical.Hop {
			for end := last; end >= first; end -= step {
				w.take(i, end)
			}
		} else {
			for end := first; end <= last; end += step {
				w.take(i, end)
			}
		}
		if len(w.rows) >= w.ctx.MaxRows {
			if err := w.flush(b, out); err != nil {
				return err
			}
		}
	}
	return w.flush(b, out)
}

func (w *windowTable) take(i int32, end int64) {
	w.rows = append(w.rows, i)
	bounds := w.out.Cols[len(w.out.Cols)-3:]
	fromMillis(bounds[0], w.spec.begin(end), 1)
	fromMillis(bounds[1], end, 1)
	fromMillis(bounds[2], w.clock.timeAttribute(bounds[2].Type, end), 1)
}

func (w *windowTable) flush(b *types.Batch, out Output) error {
	for c, v := range w.out.Cols[:len(w.out.Cols)-3] {
		v.AppendSelected(b.Cols[c], w.rows)
	}
	for _, i := range w.rows {
		w.out.AppendKind(b.Kind(int(i)))
	}
	w.rows = w.rows[:0]
	return flush(w.out, out)
}
