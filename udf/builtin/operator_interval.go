package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
)

// bindInterval binds arithmetic with an interval: datetime ± interval, interval + datetime, interval ± interval of the
// same kind, interval * integer. Months move a date to the same day of another month, or its last; TIMESTAMP_LTZ moves
// on the clock of UTC, as in Flink.
func bindInterval(c *udf.Call, op byte, a, b types.Type) (*udf.BoundScalar, error) {
	notNull := a.NotNull && b.NotNull
	swapped := false
	if op != '-' && a.IsInterval() && !b.IsInterval() {
		a, b, swapped = b, a, true
	}
	s := &udf.BoundScalar{Args: []types.Type{a, b}, Result: a.WithNotNull(notNull)}
	negate := op == '-'
	switch {
	case op == '*' && b.IsInterval() && a.IsInteger():
		s.Result = b.WithNotNull(notNull)
		s.Args[0] = types.IntType.WithNotNull(a.NotNull)
		if b.Kind == types.IntervalMilli {
			s.Args[0], s.Eval = types.BigIntType.WithNotNull(a.NotNull), multiply[int64]
		} else {
			if a.Kind == types.BigInt {
				return nil, mismatch(c, []types.Type{a, b}, "months are multiplied by an INT at most")
			}
			s.Eval = multiply[int32]
		}
		return swap(s, swapped), nil
	case op != '+' && op != '-':
	case a.Kind == types.IntervalMonth && b.Kind == a.Kind:
		s.Eval = numericLoop(types.Int, op)
		return s, nil
	case a.Kind == types.IntervalMilli && b.Kind == a.Kind:
		s.Eval = numericLoop(types.BigInt, op)
		return s, nil
	case a.Kind == types.Date && b.IsInterval():
		s.Eval = dateInterval(b.Kind, negate)
		return swap(s, swapped), nil
	case a.Kind == types.Time && b.Kind == types.IntervalMilli:
		s.Eval = timeInterval(negate)
		return swap(s, swapped), nil
	case a.Kind == types.Time && b.Kind == types.IntervalMonth: // a time of day is the same in every month
		s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			copy(out.I32[:n], args[0].I32)
			return nil
		}
		return swap(s, swapped), nil
	case a.IsTimestamp() && b.IsInterval():
		s.Eval = timestampInterval(a.Precision, b.Kind, negate)
		return swap(s, swapped), nil
	}
	if swapped {
		a, b = b, a
	}
	return nil, mismatch(c, []types.Type{a, b}, "")
}

// swap turns a scalar over (a, b) into one over (b, a).
func swap(s *udf.BoundScalar, swapped bool) *udf.BoundScalar {
	if !swapped {
		return s
	}
	eval := s.Eval
	s.Args[0], s.Args[1] = s.Args[1], s.Args[0]
	s.Eval = func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		return eval(ctx, []*types.Vector{args[1], args[0]}, out, n)
	}
	return s
}

// dateInterval moves dates by months, or by the whole days of a day-time interval.
func dateInterval(k types.Kind, negate bool) udf.Eval {
	if k == types.IntervalMilli {
		return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			days, millis, r := args[0].I32[:n], args[1].I64[:n], out.I32[:n]
			for i := range r {
				d := int32(millis[i] / temporal.Day)
				if negate {
					d = -d
				}
				r[i] = days[i] + d
			}
			return nil
		}
	}
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		days, months, r := args[0].I32[:n], args[1].I32[:n], out.I32[:n]
		for i := range r {
			m := int(months[i])
			if negate {
				m = -m
			}
			r[i] = int32(temporal.AddMonths(int(days[i]), m))
		}
		return nil
	}
}

// timeInterval moves times of the day, around midnight where need be.
func timeInterval(negate bool) udf.Eval {
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		times, millis, r := args[0].I32[:n], args[1].I64[:n], out.I32[:n]
		for i := range r {
			d := millis[i] % temporal.Day
			if negate {
				d = -d
			}
			r[i] = int32(temporal.FloorMod(int64(times[i])+d, temporal.Day))
		}
		return nil
	}
}

func timestampInterval(precision int, k types.Kind, negate bool) udf.Eval {
	perMilli := types.TicksPerSecond(precision) / temporal.Second
	perDay := types.TicksPerSecond(precision) * 86_400
	if k == types.IntervalMilli {
		if negate {
			perMilli = -perMilli
		}
		return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			ticks, millis, r := args[0].I64[:n], args[1].I64[:n], out.I64[:n]
			for i := range r {
				r[i] = ticks[i] + millis[i]*perMilli
			}
			return nil
		}
	}
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		ticks, months, r := args[0].I64[:n], args[1].I32[:n], out.I64[:n]
		for i := range r {
			m := int(months[i])
			if negate {
				m = -m
			}
			day, ofDay := temporal.Split(ticks[i], precision)
			r[i] = int64(temporal.AddMonths(day, m))*perDay + ofDay
		}
		return nil
	}
}
