package operator

import (
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
)

// windowTable is a window table-valued function: each row once for every window that contains it (HOP: the latest
// first; CUMULATE: the shortest first), with window_start, window_end and window_time appended. It keeps no state and drops nothing: a late row gets its
// windows like any other. SESSION, whose windows grow with the rows, has an operator of its own.
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

func newWindowTable(node *physical.WindowTable) *windowTable {
	return &windowTable{node: node, spec: newWindowSpec(node.Window), out: types.NewBatch(node.Schema)}
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
	times, err := w.clock.rowTimes(&w.times, b, w.node.Window, w.ctx)
	if err != nil {
		return err
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
	for k, p := range windowColumns {
		w.clock.property(w.out.Cols[len(w.out.Cols)-3+k], p, w.spec.begin(end), end, 1)
	}
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
