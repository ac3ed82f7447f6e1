package operator

import (
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
)

// localWindowAggregate is the first phase of a windowAggregate over event time: it gathers rows by key and slice
// (windowSpec). A row that it emits has the time of one of the slice's rows, so that the second phase finds the slice as
// it does for any row, and decides what is late.
//
// That decision is the same as without this operator: rows of a slice leave before a watermark that completes it, and
// rows of a slice that is complete already are passed on at once, as they are.
//
// Source: Flink's LocalSlicingWindowAggOperator.
type localWindowAggregate struct {
	Stateless
	localAggregate
	node  *physical.LocalWindowAggregate
	spec  windowSpec
	clock windowClock

	watermark int64
	slices    []*localSlice
	complete  localSlice // stands for a slice that is complete
	idle      []*localSlice
	times     []int64
	touched   []*localSlice
}

// localSlice is a slice of time [start, end) with rows.
type localSlice struct {
	start int64
	width uint64
	end   int64
	*partials
	rows []int32 // of the batch in hand
}

// localSlices is how many slices are gathered at most: more come only where times are far apart, and there gathering
// doesn't help.
const localSlices = 16

var (
	_ Operator = (*localWindowAggregate)(nil)
	_ Flusher  = (*localWindowAggregate)(nil)
)

func newLocalWindowAggregate(node *physical.LocalWindowAggregate) *localWindowAggregate {
	return &localWindowAggregate{
		localAggregate: newLocalAggregate(node.Inputs[0].From.Base().Schema, node.Schema, node.Keys, node.Aggs, node.Window.Time, node.Optional),
		node:           node, spec: newWindowSpec(node.Window), watermark: noWatermark,
	}
}

func (l *localWindowAggregate) Open(ctx *Context) error {
	l.clock = windowClock{l.node.Window.Local, temporal.NewZone(ctx.UDF.Location)}
	return l.localAggregate.Open(ctx)
}

func (l *localWindowAggregate) Process(_ int, b *types.Batch, out Output) error {
	if !b.Cols[l.time].Valid.AllValid(b.N) { // a NULL is an error, that the second phase reports
		return l.passOn(b, b.Sel, out)
	}
	b, err := l.divide(b, out)
	if b == nil || err != nil {
		return err
	}
	times, err := l.clock.times(&l.times, b, l.time)
	if err != nil {
		return err
	}
	if err := l.assign(b, b.Rows(), times, out); err != nil {
		return err
	}
	if l.groups >= localGroups || len(l.slices) > localSlices || l.used() > localBytes {
		return l.Flush(out)
	}
	return nil
}

// assign adds the rows to their slices. As a rule a batch has one, or a few one after the other.
func (l *localWindowAggregate) assign(b *types.Batch, n int, times []int64, out Output) error {
	first := rowAt(b.Sel, 0)
	s := l.find(times[first], b.Cols[l.time].I64[first])
	if within(times, b.Sel, s.start, s.width) == n {
		if s == &l.complete {
			return l.passOn(b, b.Sel, out)
		}
		l.add(s.partials, b, b.Sel, n)
		return nil
	}
	for k := range n {
		i := rowAt(b.Sel, k)
		if uint64(times[i]-s.start) >= s.width {
			s = l.find(times[i], b.Cols[l.time].I64[i])
		}
		if len(s.rows) == 0 {
			l.touched = append(l.touched, s)
		}
		s.rows = append(s.rows, i)
	}
	for _, s := range l.touched {
		if s == &l.complete {
			if err := l.passOn(b, s.rows, out); err != nil {
				return err
			}
		} else {
			l.add(s.partials, b, s.rows, len(s.rows))
		}
		s.rows = s.rows[:0]
	}
	l.touched = l.touched[:0]
	return nil
}

// find returns the slice of a time, which the time attribute gives as value; complete for all that are.
func (l *localWindowAggregate) find(t, value int64) *localSlice {
	for _, s := range l.slices {
		if uint64(t-s.start) < s.width {
			return s
		}
	}
	start, end := l.spec.sliceOf(t)
	if l.clock.fires(end) <= l.watermark {
		l.complete.start, l.complete.end, l.complete.width = start, end, uint64(end-start)
		return &l.complete
	}
	var s *localSlice
	if n := len(l.idle); n > 0 {
		s, l.idle = l.idle[n-1], l.idle[:n-1]
	} else {
		s = &localSlice{}
	}
	s.start, s.end, s.width, s.partials = start, end, uint64(end-start), l.table(value)
	l.slices = append(l.slices, s)
	return s
}

func (l *localWindowAggregate) used() int {
	n := 0
	for _, s := range l.slices {
		n += s.keys.Used()
	}
	return n
}

func (l *localWindowAggregate) OnWatermark(w int64, out Output) error {
	l.watermark = w
	for _, s := range l.slices {
		if l.clock.fires(s.end) <= w {
			return l.Flush(out)
		}
	}
	return nil
}

func (l *localWindowAggregate) Flush(out Output) error {
	if len(l.slices) == 0 {
		return nil
	}
	for _, s := range l.slices {
		if err := l.emit(s.partials, out); err != nil {
			return err
		}
		s.partials = nil
	}
	l.idle, l.slices = append(l.idle, l.slices...), l.slices[:0]
	l.flushed()
	return nil
}

func (l *localWindowAggregate) Finish(out Output) error { return l.Flush(out) }
