package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
)

func temporalExtract() []udf.Spec {
	specs := []udf.Spec{{
		Name:   "EXTRACT",
		Family: "temporal",
		Usage:  []string{"EXTRACT(unit FROM value)"},
		// Flink 1.20 rounds towards 1970, so it answers otherwise for times before it, and takes the number of a DATE's day
		// for milliseconds where a unit of time is asked for.
		Summary: "One part of a date, time, timestamp or interval as BIGINT; units: MILLENNIUM, CENTURY, DECADE, YEAR, QUARTER, MONTH, WEEK, DAY, DOY, DOW, ISODOW, ISOYEAR, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND, NANOSECOND, EPOCH.",
		Examples: []udf.Example{
			{SQL: "EXTRACT(DAY FROM DATE '2023-08-22')", Result: "22"},
			{SQL: "EXTRACT(WEEK FROM DATE '2021-01-03')", Result: "53"},
			{SQL: "EXTRACT(HOUR FROM INTERVAL '1 02:03:04' DAY TO SECOND)", Result: "2"},
		},
		Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
			if len(c.Args) != 2 {
				return nil, wrongArity(c, 2, 2)
			}
			u, err := unitArg(c, 0)
			if err != nil {
				return nil, err
			}
			return bindExtract(c, u, 1)
		},
	}}
	for _, f := range []struct {
		name, summary, result string
		unit                  timeUnit
	}{
		{"YEAR", "Year", "2023", unitYear},
		{"QUARTER", "Quarter of the year, 1 to 4,", "3", unitQuarter},
		{"MONTH", "Month, 1 to 12,", "8", unitMonth},
		{"WEEK", "ISO week of the year, 1 to 53,", "34", unitWeek},
		{"DAYOFYEAR", "Day of the year, 1 to 366,", "234", unitDayOfYear},
		{"DAYOFMONTH", "Day of the month, 1 to 31,", "22", unitDay},
		{"DAYOFWEEK", "Day of the week, 1 (Sunday) to 7,", "3", unitDayOfWeek},
		{"HOUR", "Hour, 0 to 23,", "13", unitHour},
		{"MINUTE", "Minute, 0 to 59,", "46", unitMinute},
		{"SECOND", "Second, 0 to 59,", "30", unitSecond},
	} {
		specs = append(specs, udf.Spec{
			Name:     f.name,
			Family:   "temporal",
			Usage:    []string{f.name + "(value)"},
			Summary:  f.summary + " of a date, time, timestamp or interval.",
			Examples: []udf.Example{{SQL: f.name + "(TIMESTAMP '2023-08-22 13:46:30')", Result: f.result}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				if len(c.Args) != 1 {
					return nil, wrongArity(c, 1, 1)
				}
				return bindExtract(c, f.unit, 0)
			},
		})
	}
	return specs
}

// bindExtract binds the extraction of u from argument i; a symbol may stand before it.
func bindExtract(c *udf.Call, u timeUnit, i int) (*udf.BoundScalar, error) {
	t := c.Args[i].Type.WithAttr(types.NoTime)
	var extract func(zone *temporal.Zone, v *types.Vector, i int) int64
	ofDate := u.ofDate()
	switch {
	case t.Kind == types.Null:
		t = types.TimestampType(3)
		extract = func(*temporal.Zone, *types.Vector, int) int64 { return 0 }
	case t.Kind == types.Date && ofDate != nil:
		extract = func(_ *temporal.Zone, v *types.Vector, i int) int64 { return ofDate(int(v.I32[i])) }
	case t.Kind == types.Date && u == unitEpoch:
		extract = func(_ *temporal.Zone, v *types.Vector, i int) int64 { return int64(v.I32[i]) * 86400 }
	case t.Kind == types.Date && u >= unitMillisecond && u <= unitHour:
		extract = func(*temporal.Zone, *types.Vector, int) int64 { return 0 }
	case t.Kind == types.Time && u >= unitMillisecond && u <= unitHour:
		part := u.ofTicks(1e3)
		extract = func(_ *temporal.Zone, v *types.Vector, i int) int64 { return part(int64(v.I32[i])) }
	case t.Kind == types.Time && u == unitEpoch:
		extract = func(_ *temporal.Zone, v *types.Vector, i int) int64 { return int64(v.I32[i] / 1000) }
	case t.Kind == types.IntervalMilli && u >= unitMillisecond && u <= unitDay:
		part := u.ofTicks(1e3)
		if u == unitDay {
			part = func(ms int64) int64 { return ms / temporal.Day }
		}
		extract = func(_ *temporal.Zone, v *types.Vector, i int) int64 {
			if ms := v.I64[i]; ms < 0 {
				return -part(-ms)
			}
			return part(v.I64[i])
		}
	case t.Kind == types.IntervalMonth && u >= unitMonth && u <= unitMillennium:
		extract = func(_ *temporal.Zone, v *types.Vector, i int) int64 { return monthsPart(int64(v.I32[i]), u) }
	case t.IsTimestamp():
		local, precision, perSecond := t.Kind == types.TimestampLTZ, t.Precision, t.TicksPerSecond()
		part := u.ofTicks(perSecond)
		if ofDate != nil {
			part = func(ticks int64) int64 { return ofDate(int(temporal.FloorDiv(ticks, 86400*perSecond))) }
		}
		extract = func(zone *temporal.Zone, v *types.Vector, i int) int64 {
			ticks := v.I64[i]
			if local {
				ticks = zone.ToLocal(ticks, precision)
			}
			return part(ticks)
		}
	case !t.IsDatetime() && !t.IsInterval():
		return nil, udf.Errorf(i, "%s takes a date, time, timestamp or interval, not %s; CAST text first", c.Name, t)
	default:
		return nil, udf.Errorf(i, "a value of type %s has no such part", t)
	}
	args := []types.Type{t}
	if i == 1 {
		args = []types.Type{types.SymbolType, t}
	}
	return &udf.BoundScalar{
		Args:   args,
		Result: types.BigIntType.WithNotNull(t.NotNull),
		Eval: func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			zone := temporal.NewZone(ctx.Location)
			v := args[i]
			for r := range n {
				if out.Valid.Get(r) {
					out.I64[r] = extract(zone, v, r)
				}
			}
			return nil
		},
	}, nil
}

// ofTicks returns the part of a time, timestamp or interval in ticks that u names, for units below the day.
func (u timeUnit) ofTicks(perSecond int64) func(ticks int64) int64 {
	switch u {
	case unitNanosecond, unitMicrosecond, unitMillisecond:
		per := map[timeUnit]int64{unitNanosecond: 1e9, unitMicrosecond: 1e6, unitMillisecond: 1e3}[u]
		if per >= perSecond {
			return func(ticks int64) int64 { return temporal.FloorMod(ticks, perSecond) * (per / perSecond) }
		}
		return func(ticks int64) int64 { return temporal.FloorMod(ticks, perSecond) / (perSecond / per) }
	case unitSecond:
		return func(ticks int64) int64 { return temporal.FloorMod(temporal.FloorDiv(ticks, perSecond), 60) }
	case unitMinute:
		return func(ticks int64) int64 { return temporal.FloorMod(temporal.FloorDiv(ticks, perSecond*60), 60) }
	case unitHour:
		return func(ticks int64) int64 { return temporal.FloorMod(temporal.FloorDiv(ticks, perSecond*3600), 24) }
	case unitEpoch:
		return func(ticks int64) int64 { return temporal.FloorDiv(ticks, perSecond) }
	}
	return nil
}

// ofDate returns the part of a day number that u names, nil for units of time.
func (u timeUnit) ofDate() func(days int) int64 {
	civil := func(f func(year, month, day int) int) func(days int) int64 {
		return func(days int) int64 { return int64(f(temporal.Civil(days))) }
	}
	switch u {
	case unitDay:
		return civil(func(_, _, day int) int { return day })
	case unitMonth:
		return civil(func(_, month, _ int) int { return month })
	case unitQuarter:
		return civil(func(_, month, _ int) int { return (month + 2) / 3 })
	case unitYear:
		return civil(func(year, _, _ int) int { return year })
	case unitDecade:
		return civil(func(year, _, _ int) int { return temporal.FloorDiv(year, 10) })
	case unitCentury:
		return civil(func(year, _, _ int) int { return yearGroup(year, 100) })
	case unitMillennium:
		return civil(func(year, _, _ int) int { return yearGroup(year, 1000) })
	case unitDayOfYear:
		return func(days int) int64 {
			year, _, _ := temporal.Civil(days)
			return int64(days - temporal.Days(year, 1, 1) + 1)
		}
	case unitDayOfWeek:
		return func(days int) int64 { return int64(temporal.Weekday(days)%7 + 1) }
	case unitISODayOfWeek:
		return func(days int) int64 { return int64(temporal.Weekday(days)) }
	case unitWeek:
		return func(days int) int64 {
			_, week := isoWeek(days)
			return int64(week)
		}
	case unitISOYear:
		return func(days int) int64 {
			year, _ := isoWeek(days)
			return int64(year)
		}
	}
	return nil
}

// yearGroup counts centuries or millennia from year 1 on, and backwards before it.
func yearGroup(year, size int) int {
	if year > 0 {
		return (year + size - 1) / size
	}
	return (year - size + 1) / size
}

// isoWeek returns the ISO 8601 week of a day number and the year that it belongs to: that of its Thursday.
func isoWeek(days int) (year, week int) {
	thursday := days - temporal.Weekday(days) + 4
	year, _, _ = temporal.Civil(thursday)
	return year, (thursday-temporal.Days(year, 1, 1))/7 + 1
}

// monthsPart returns a part of a month interval.
func monthsPart(months int64, u timeUnit) int64 {
	switch u {
	case unitMonth:
		return months % 12
	case unitQuarter:
		return months%12/3 + 1
	case unitYear:
		return months / 12
	case unitDecade:
		return months / 120
	case unitCentury:
		return months / 1200
	}
	return months / 12000
}
