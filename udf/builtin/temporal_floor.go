package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
)

// bindTemporalRound binds FLOOR(value TO unit), and with up CEIL. Weeks begin on Sunday. TIMESTAMP_LTZ is rounded on
// the clock of the session's zone.
//
// From the week up only the day counts, as in Flink: CEIL to the month leaves no time of day on the 1st, and doesn't
// move to the next.
func bindTemporalRound(c *udf.Call, up bool) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 2, datetimeParam, symbolParam)
	if err != nil {
		return nil, err
	}
	u, err := unitArg(c, 1)
	if err != nil {
		return nil, err
	}
	if u > unitMillennium {
		return nil, udf.Errorf(1, "%s rounds to NANOSECOND up to MILLENNIUM, not %s", c.Name, c.Args[1].Value)
	}
	t := args[0]
	if t.Kind == types.Time && u > unitHour {
		return nil, udf.Errorf(1, "%s of a time rounds to HOUR at most, not %s", c.Name, c.Args[1].Value)
	}
	s := &udf.BoundScalar{Args: args, Result: t.WithNotNull(notNull)}
	roundDays := func(days int) int { return roundDate(days, u, up) }
	switch {
	case t.Kind == types.Date:
		s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			for i := range n {
				switch {
				case u < unitDay:
					out.I32[i] = args[0].I32[i]
				case u == unitDay && up: // Flink's CEIL to the day moves on, though nothing is left over
					out.I32[i] = args[0].I32[i] + 1
				case u == unitDay:
					out.I32[i] = args[0].I32[i]
				default:
					out.I32[i] = int32(roundDays(int(args[0].I32[i])))
				}
			}
			return nil
		}
		return s, nil
	case t.Kind == types.Time:
		step := max(1, temporal.Day/u.perDay())
		s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			for i := range n {
				out.I32[i] = int32(roundTo(int64(args[0].I32[i]), step, up))
			}
			return nil
		}
		return s, nil
	}
	local, precision := t.Kind == types.TimestampLTZ, t.Precision
	ticksPerDay := 86400 * t.TicksPerSecond()
	s.Eval = func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		zone := temporal.NewZone(ctx.Location)
		for i := range n {
			if !out.Valid.Get(i) {
				continue
			}
			ticks := args[0].I64[i]
			if local {
				ticks = zone.ToLocal(ticks, precision)
			}
			if u <= unitDay {
				ticks = roundTo(ticks, max(1, ticksPerDay/u.perDay()), up)
			} else {
				ticks = int64(roundDays(int(temporal.FloorDiv(ticks, ticksPerDay)))) * ticksPerDay
			}
			if local {
				ticks = zone.ToInstant(ticks, precision)
			}
			out.I64[i] = ticks
		}
		return nil
	}
	return s, nil
}

// roundTo rounds x down, or up, to a multiple of step.
func roundTo(x, step int64, up bool) int64 {
	if up {
		x += step - 1
	}
	return x - temporal.FloorMod(x, step)
}

// roundDate rounds a day number to the start of its week, month, …, or with up to the next one unless it is one.
func roundDate(days int, u timeUnit, up bool) int {
	if u == unitWeek {
		back := temporal.Weekday(days) % 7 // days since Sunday
		if up && back > 0 {
			back -= 7
		}
		return days - back
	}
	year, month, _ := temporal.Civil(days)
	first := 1
	switch u {
	case unitMonth:
		first = month
	case unitQuarter:
		first = (month-1)/3*3 + 1
	case unitDecade:
		year = temporal.FloorDiv(year, 10) * 10
	case unitCentury:
		year = temporal.FloorDiv(year-1, 100)*100 + 1
	case unitMillennium:
		year = temporal.FloorDiv(year-1, 1000)*1000 + 1
	}
	start := temporal.Days(year, first, 1)
	if up && start < days {
		return temporal.AddMonths(start, int(u.months()))
	}
	return start
}
