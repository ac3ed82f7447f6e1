package temporal

import (
	"math"

	"github.com/weirsql/weir/types"
)

var pow10 = [...]int64{1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// Rescale converts a timestamp from the ticks of precision from to those of precision to, cutting fraction digits that
// the new precision lacks towards the past; false when nanoseconds can't reach that far (before 1677 or after 2262).
func Rescale(ticks int64, from, to int) (int64, bool) {
	have, want := types.TicksPerSecond(from), types.TicksPerSecond(to)
	switch {
	case have > want:
		ticks = FloorDiv(ticks, have/want)
	case have < want:
		f := want / have
		if ticks > math.MaxInt64/f || ticks < math.MinInt64/f {
			return 0, false
		}
		ticks *= f
	}
	if to < from {
		ticks = Truncate(ticks, to)
	}
	return ticks, true
}

// Truncate cuts a timestamp in the ticks of precision to that many fraction digits, towards the past.
func Truncate(ticks int64, precision int) int64 {
	unit := types.TicksPerSecond(precision) / pow10[precision]
	if unit == 1 {
		return ticks
	}
	return ticks - FloorMod(ticks, unit)
}

// Millis converts ticks of a precision to milliseconds, towards the past.
func Millis(ticks int64, precision int) int64 {
	return FloorDiv(ticks, types.TicksPerSecond(precision)/1e3)
}

// FromMillis converts milliseconds to the ticks of a precision, cut to it; false when nanoseconds can't reach that far.
func FromMillis(millis int64, precision int) (int64, bool) { return Rescale(millis, 3, precision) }

// Split takes a timestamp apart into its day number and the ticks since midnight.
func Split(ticks int64, precision int) (days int, ofDay int64) {
	perDay := types.TicksPerSecond(precision) * 86_400
	d := FloorDiv(ticks, perDay)
	return int(d), ticks - d*perDay
}
