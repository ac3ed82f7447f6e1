package operator

import (
	"fmt"
	"math"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
)

// Windows are computed in milliseconds of the clock that the query's author sees: for a TIMESTAMP the time itself, for a
// TIMESTAMP_LTZ (and processing time) the reading of a clock in the session's zone, so that a day is a local day. Only
// the moment a window fires is an instant. Source: Flink's TimeWindowUtil.

// windowClock converts between the two.
type windowClock struct {
	local bool
	zone  *temporal.Zone
}

// reading is the clock's reading at an instant.
func (c *windowClock) reading(instant int64) int64 {
	if !c.local {
		return instant
	}
	return c.zone.ToLocal(instant, 3)
}

// instant is when the clock reads what is given.
func (c *windowClock) instant(reading int64) int64 {
	if !c.local {
		return reading
	}
	return c.zone.ToInstant(reading, 3)
}

// fires is the watermark at which a window ends that ends at the reading: the last instant that belongs to it. Where the
// clock is set back and shows a time twice, that is the later one.
func (c *windowClock) fires(end int64) int64 {
	last := end - 1
	if !c.local {
		return last
	}
	at := c.zone.ToInstant(last, 3)
	const hours3 = 3 * 3600_000 // clocks are set back by less
	if later := last - c.zone.Offset(temporal.FloorDiv(at+hours3, 1000))*1000; later > at && c.zone.ToLocal(later, 3) == last {
		return later
	}
	return at
}

// timeAttribute is the value of window_time for a window that ends at the reading: its last millisecond, for a
// TIMESTAMP_LTZ as an instant.
func (c *windowClock) timeAttribute(t types.Type, end int64) int64 {
	if t.Kind == types.TimestampLTZ {
		return c.instant(end - 1)
	}
	return end - 1
}

// windowSpec is the arithmetic of one window definition. Rows are gathered in slices: the stretches of time between any
// two bounds of windows, so that overlapping windows share them (Flink's SliceAssigner).
type windowSpec struct {
	kind                physical.WindowKind
	size, slide, offset int64
	slice               int64 // length of a slice
}

func newWindowSpec(w physical.Window) windowSpec {
	s := windowSpec{kind: w.Kind, size: w.Size, slide: w.Slide, offset: w.Offset}
	switch w.Kind {
	case physical.Hop:
		s.slice = gcd(w.Size, w.Slide)
	case physical.Cumulate:
		s.slice = w.Slide
	default:
		s.slide, s.slice = w.Size, w.Size
	}
	return s
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// floor is the largest multiple of step, counted from the offset, that isn't after t.
func (s *windowSpec) floor(t, step int64) int64 { return t - temporal.FloorMod(t-s.offset, step) }

// sliceOf returns the slice that a time belongs to.
func (s *windowSpec) sliceOf(t int64) (start, end int64) {
	start = s.floor(t, s.slice)
	return start, start + s.slice
}

// ends returns the ends of the first and the last window that contain the slice which begins at start; the windows
// between them end every slide. Without any (a HOP that slides by more than its size), first is after last.
func (s *windowSpec) ends(start int64) (first, last int64) {
	switch s.kind {
	case physical.Hop:
		earliest := s.floor(start+s.slice-s.size+s.slide-1, s.slide) // rounded up: the window must reach the slice's end
		return earliest + s.size, s.floor(start, s.slide) + s.size
	case physical.Cumulate:
		return start + s.slice, s.floor(start, s.size) + s.size
	}
	return start + s.size, start + s.size
}

// begin is the start of the window that ends at end.
func (s *windowSpec) begin(end int64) int64 {
	if s.kind == physical.Cumulate {
		return s.floor(end-1, s.size)
	}
	return end - s.size
}

// times reads a time attribute as readings of the clock, one per physical row; rows that don't count mean nothing. The
// result may be the column itself, or is kept in buf. A NULL is an error, as in Flink.
func (c *windowClock) times(buf *[]int64, b *types.Batch, column int) ([]int64, error) {
	v := b.Cols[column]
	if !v.Valid.AllValid(b.N) {
		for k := range b.Rows() {
			if v.IsNull(int(rowAt(b.Sel, k))) {
				return nil, fmt.Errorf("the time attribute %q is NULL in a row that a window should take: a row without a time belongs to no window; filter such rows, or give the column a default", b.Schema.Fields[column].Name)
			}
		}
	}
	ticks := v.Type.TicksPerSecond()
	if ticks == 1000 && !c.local {
		return v.I64[:b.N], nil
	}
	*buf = resize(*buf, b.N)
	for i, t := range v.I64[:b.N] {
		if ticks != 1000 {
			t = temporal.FloorDiv(t, ticks/1000)
		}
		(*buf)[i] = c.reading(t)
	}
	return *buf, nil
}

// rowTimes is times for a window that isn't attached: processing time is the same for all rows of a batch.
func (c *windowClock) rowTimes(buf *[]int64, b *types.Batch, w physical.Window, ctx *Context) ([]int64, error) {
	if !w.Proctime {
		return c.times(buf, b, w.Time)
	}
	*buf = resize(*buf, b.N)
	now := c.reading(ctx.Clock.Now().UnixMilli())
	for i := range *buf {
		(*buf)[i] = now
	}
	return *buf, nil
}

// windowColumns are what a window table-valued function appends.
var windowColumns = []physical.WindowProperty{physical.WindowStart, physical.WindowEnd, physical.WindowTime}

// property appends n times a property of the window [start, end).
func (c *windowClock) property(v *types.Vector, p physical.WindowProperty, start, end int64, n int) {
	switch p {
	case physical.WindowStart:
		fromMillis(v, start, n)
	case physical.WindowEnd:
		fromMillis(v, end, n)
	case physical.WindowTime:
		fromMillis(v, c.timeAttribute(v.Type, end), n)
	}
}

// rowAt is the k-th row of those that rows names; nil: of all.
func rowAt(rows []int32, k int) int32 {
	if rows == nil {
		return int32(k)
	}
	return rows[k]
}

// fromMillis appends n times the same time, given in milliseconds, to a timestamp column.
func fromMillis(v *types.Vector, millis int64, n int) {
	ticks := millis
	if f := v.Type.TicksPerSecond() / 1000; f > 1 {
		ticks *= f
	}
	for range n {
		v.I64 = append(v.I64, ticks)
	}
	v.N += n
}

func resize[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s[:n]
	}
	return make([]T, n, max(n, 2*cap(s)))
}

// noWatermark is the watermark before the first one.
const noWatermark = math.MinInt64
