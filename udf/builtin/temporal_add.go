package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
)

func temporalAdd() []udf.Spec {
	return []udf.Spec{
		{
			Name:    "TIMESTAMPADD",
			Family:  "temporal",
			Usage:   []string{"TIMESTAMPADD(unit, count, value)"},
			Summary: "A date, time or timestamp moved by so many SECONDs, MINUTEs, HOURs, DAYs, WEEKs, MONTHs, QUARTERs or YEARs; a day that the month lacks becomes its last.",
			Examples: []udf.Example{
				{SQL: "TIMESTAMPADD(WEEK, 1, DATE '2003-01-02')", Result: "2003-01-09"},
				{SQL: "TIMESTAMPADD(MONTH, 1, DATE '2024-01-31')", Result: "2024-02-29"},
				{SQL: "TIMESTAMPADD(HOUR, -1, TIME '00:30:00')", Result: "23:30:00"},
			},
			Scalar: bindTimestampAdd,
		},
		{
			Name:    "TIMESTAMPDIFF",
			Family:  "temporal",
			Usage:   []string{"TIMESTAMPDIFF(unit, from, to)"},
			Summary: "Number of whole SECONDs, MINUTEs, HOURs, DAYs, WEEKs, MONTHs, QUARTERs or YEARs from one date or timestamp to another.",
			Examples: []udf.Example{
				{SQL: "TIMESTAMPDIFF(DAY, TIMESTAMP '2003-01-02 10:00:00', TIMESTAMP '2003-01-03 10:00:00')", Result: "1"},
				{SQL: "TIMESTAMPDIFF(MONTH, DATE '2019-09-01', DATE '2016-08-01')", Result: "-37"},
			},
			Scalar: bindTimestampDiff,
		},
		{
			Name:    "OVERLAPS",
			Family:  "temporal",
			Usage:   []string{"(start, end) OVERLAPS (start, end)", "(start, interval) OVERLAPS (start, interval)"},
			Summary: "TRUE when two spans of time have a moment in common, their ends included.",
			Examples: []udf.Example{
				{SQL: "(TIME '2:55:00', INTERVAL '1' HOUR) OVERLAPS (TIME '3:30:00', INTERVAL '2' HOUR)", Result: "TRUE"},
				{SQL: "(DATE '2011-03-10', DATE '2011-03-12') OVERLAPS (DATE '2011-03-13', DATE '2011-03-14')", Result: "FALSE"},
			},
			Hidden: true,
			Scalar: bindOverlaps,
		},
	}
}

// months is how many months u has, 0 for units of fixed length.
func (u timeUnit) months() int64 {
	return [unitISOYear + 1]int64{unitMonth: 1, unitQuarter: 3, unitYear: 12, unitDecade: 120, unitCentury: 1200, unitMillennium: 12000}[u]
}

// millis is the length of a unit from the second to the week.
func (u timeUnit) millis() int64 {
	if u == unitWeek {
		return 7 * temporal.Day
	}
	return temporal.Day / u.perDay()
}

// addMonthsTicks moves a timestamp by months; the time of day stays.
func addMonthsTicks(ticks int64, precision int, months int64) int64 {
	days, ofDay := temporal.Split(ticks, precision)
	return int64(temporal.AddMonths(days, int(months)))*86400*types.TicksPerSecond(precision) + ofDay
}

func bindTimestampAdd(c *udf.Call) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 3, symbolParam, bigintParam, datetimeParam)
	if err != nil {
		return nil, err
	}
	u, err := unitArg(c, 0)
	if err != nil {
		return nil, err
	}
	if u < unitSecond || u > unitYear {
		return nil, udf.Errorf(0, "%s takes SECOND to YEAR, not %s", c.Name, c.Args[0].Value)
	}
	args[1] = types.BigIntType.WithNotNull(args[1].NotNull)
	result := args[2]
	if result.Kind == types.Date && u < unitDay {
		result = types.TimestampType(6)
	}
	months := u.months()
	s := &udf.BoundScalar{Args: args, Result: result.WithNotNull(notNull)}
	var add func(count int64, v *types.Vector, out *types.Vector, i int)
	precision, perSecond := result.Precision, result.TicksPerSecond()
	switch {
	case args[2].Kind == types.Time:
		add = func(count int64, v, out *types.Vector, i int) {
			t := int64(v.I32[i])
			if months == 0 {
				t = temporal.FloorMod(t+count*u.millis()%temporal.Day, temporal.Day)
			}
			out.I32[i] = int32(t)
		}
	case result.Kind == types.Date && months > 0:
		add = func(count int64, v, out *types.Vector, i int) {
			out.I32[i] = int32(temporal.AddMonths(int(v.I32[i]), int(count*months)))
		}
	case result.Kind == types.Date:
		days := u.millis() / temporal.Day
		add = func(count int64, v, out *types.Vector, i int) { out.I32[i] = v.I32[i] + int32(count*days) }
	case args[2].Kind == types.Date:
		step := u.millis() * perSecond / 1000
		add = func(count int64, v, out *types.Vector, i int) {
			out.I64[i] = int64(v.I32[i])*86400*perSecond + count*step
		}
	case months > 0:
		add = func(count int64, v, out *types.Vector, i int) {
			out.I64[i] = addMonthsTicks(v.I64[i], precision, count*months)
		}
	default:
		step := u.millis() * perSecond / 1000
		add = func(count int64, v, out *types.Vector, i int) { out.I64[i] = v.I64[i] + count*step }
	}
	s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		for i := range n {
			if out.Valid.Get(i) {
				add(args[1].I64[i], args[2], out, i)
			}
		}
		return nil
	}
	return s, nil
}

// millisReader returns a function that reads a date, time or timestamp as milliseconds; a time is one of 1970-01-01.
func millisReader(t types.Type) func(v *types.Vector, i int) int64 {
	switch t.Kind {
	case types.Date:
		return func(v *types.Vector, i int) int64 { return int64(v.I32[i]) * temporal.Day }
	case types.Time:
		return func(v *types.Vector, i int) int64 { return int64(v.I32[i]) }
	}
	return func(v *types.Vector, i int) int64 { return temporal.Millis(v.I64[i], t.Precision) }
}

func bindTimestampDiff(c *udf.Call) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 3, symbolParam, datetimeParam, datetimeParam)
	if err != nil {
		return nil, err
	}
	u, err := unitArg(c, 0)
	if err != nil {
		return nil, err
	}
	if u < unitSecond || u > unitYear {
		return nil, udf.Errorf(0, "%s takes SECOND to YEAR, not %s", c.Name, c.Args[0].Value)
	}
	// An instant and a local time meet as instants.
	if args[1].Kind == types.TimestampLTZ || args[2].Kind == types.TimestampLTZ {
		for i := 1; i <= 2; i++ {
			if args[i].Kind != types.TimestampLTZ {
				args[i] = types.TimestampLTZType(3).WithNotNull(args[i].NotNull)
			}
		}
	}
	from, to := millisReader(args[1]), millisReader(args[2])
	months := u.months()
	return &udf.BoundScalar{
		Args:   args,
		Result: types.IntType.WithNotNull(notNull),
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			for i := range n {
				if !out.Valid.Get(i) {
					continue
				}
				a, b := from(args[1], i), to(args[2], i)
				if months > 0 {
					out.I32[i] = int32(monthsBetween(a, b) / months)
				} else {
					out.I32[i] = int32((b - a) / u.millis())
				}
			}
			return nil
		},
	}, nil
}

// monthsBetween is the number of whole months from a to b, both in milliseconds. Source: what Calcite's
// DateTimeUtils.subtractMonths gives, which looks at the time of day only when the days of the month agree.
func monthsBetween(a, b int64) int64 {
	dayA, ofDayA := temporal.Split(a, 3)
	dayB, ofDayB := temporal.Split(b, 3)
	months := int64(daysToMonths(dayA, dayB))
	if temporal.AddMonths(dayA, int(months)) == dayB && ofDayB < ofDayA {
		months--
	}
	return months
}

// daysToMonths is the number of whole months between two day numbers.
func daysToMonths(a, b int) int {
	if b < a {
		return -daysToMonths(b, a)
	}
	yearA, monthA, _ := temporal.Civil(a)
	yearB, monthB, _ := temporal.Civil(b)
	months := (yearB-yearA)*12 + monthB - monthA
	if temporal.AddMonths(a, months) > b {
		months--
	}
	return months
}

func bindOverlaps(c *udf.Call) (*udf.BoundScalar, error) {
	if len(c.Args) != 4 {
		return nil, udf.Errorf(-1, "OVERLAPS compares two spans of a start and an end each")
	}
	var points []types.Type
	for i, a := range c.Args {
		switch {
		case a.Type.IsDatetime() || a.Type.Kind == types.Null:
			points = append(points, a.Type)
		case a.Type.IsInterval() && i%2 == 1:
		default:
			return nil, udf.Errorf(i, "OVERLAPS takes dates, times and timestamps here, not %s", a.Type)
		}
	}
	t, ok := types.CommonType(points...)
	if !ok {
		return nil, udf.Errorf(-1, "OVERLAPS can't compare %s and %s", c.Args[0].Type, c.Args[2].Type)
	}
	if t.Kind == types.Null {
		t = types.TimestampType(3)
	}
	s := &udf.BoundScalar{Args: make([]types.Type, 4), Result: types.BooleanType}
	notNull := true
	for i, a := range c.Args {
		s.Args[i] = t.WithNotNull(a.Type.NotNull)
		if a.Type.IsInterval() {
			s.Args[i] = a.Type
		}
		notNull = notNull && a.Type.NotNull
	}
	s.Result = s.Result.WithNotNull(notNull)
	read := func(v *types.Vector, i int) int64 {
		if t.IsTimestamp() {
			return v.I64[i]
		}
		return int64(v.I32[i])
	}
	end := func(start int64, v *types.Vector, i int) int64 {
		switch v.Type.Kind {
		case types.IntervalMonth:
			switch {
			case t.IsTimestamp():
				return addMonthsTicks(start, t.Precision, int64(v.I32[i]))
			case t.Kind == types.Date:
				return int64(temporal.AddMonths(int(start), int(v.I32[i])))
			}
			return start
		case types.IntervalMilli:
			switch {
			case t.IsTimestamp():
				return start + v.I64[i]*(t.TicksPerSecond()/1000)
			case t.Kind == types.Date:
				return start + v.I64[i]/temporal.Day
			}
			return temporal.FloorMod(start+v.I64[i]%temporal.Day, temporal.Day)
		}
		return read(v, i)
	}
	s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		for i := range n {
			if !out.Valid.Get(i) {
				continue
			}
			a := read(args[0], i)
			b := end(a, args[1], i)
			x := read(args[2], i)
			y := end(x, args[3], i)
			out.Bool[i] = max(a, b) >= min(x, y) && max(x, y) >= min(a, b)
		}
		return nil
	}
	return s, nil
}
