package cast

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
)

// bindTemporal converts dates, times and timestamps to each other. Crossing TIMESTAMP_LTZ takes the session's zone.
// Fractions are cut towards the past, so that 1969-12-31 23:59:59.999 stays in its second and on its day; Flink 1.20
// moves it to 1970-01-01.
func bindTemporal(from, to types.Type) (conversion, error) {
	switch {
	case from.Kind == types.Date && to.IsTimestamp():
		return fromDate(to), nil
	case from.Kind == types.Time && to.Kind == types.Time:
		return fromTimeToTime(to), nil
	case from.Kind == types.Time && to.IsTimestamp():
		return fromTime(to), nil
	case from.IsTimestamp() && to.Kind == types.Date:
		return toDate(from), nil
	case from.IsTimestamp() && to.Kind == types.Time:
		return toTime(from, to), nil
	case from.IsTimestamp() && to.IsTimestamp():
		return betweenTimestamps(from, to), nil
	}
	return conversion{}, refuse(from, to)
}

const outOfReach = "nanoseconds reach from 1677 to 2262 only, so use a precision up to 6"

func fromDate(to types.Type) conversion {
	perDay := to.TicksPerSecond() * 86_400
	nanos := to.TicksPerSecond() == 1e9
	c := eachOrFail(func(ctx *udf.Context) func(int32) (int64, string) {
		zone := temporal.NewZone(location(ctx))
		return func(day int32) (int64, string) {
			if nanos && (day < -106_750 || day > 106_750) {
				return 0, outOfReach
			}
			ticks := int64(day) * perDay
			if to.Kind == types.TimestampLTZ {
				ticks = zone.ToInstant(ticks, to.Precision)
			}
			return ticks, ""
		}
	})
	c.fallible = nanos
	return c
}

func fromTimeToTime(to types.Type) conversion {
	return each(func(millis int32) int32 { return int32(temporal.Truncate(int64(millis), min(to.Precision, 3))) })
}

func fromTime(to types.Type) conversion {
	c := eachOrFail(func(ctx *udf.Context) func(int32) (int64, string) {
		zone := temporal.NewZone(location(ctx))
		return func(millis int32) (int64, string) {
			ticks, _ := temporal.FromMillis(int64(millis), to.Precision) // within a day of 1970, so always in reach
			if to.Kind == types.TimestampLTZ {
				ticks = zone.ToInstant(ticks, to.Precision)
			}
			return ticks, ""
		}
	})
	c.fallible = false
	return c
}

func toDate(from types.Type) conversion {
	c := eachOrFail(func(ctx *udf.Context) func(int64) (int32, string) {
		zone := temporal.NewZone(location(ctx))
		return func(ticks int64) (int32, string) {
			if from.Kind == types.TimestampLTZ {
				ticks = zone.ToLocal(ticks, from.Precision)
			}
			day, _ := temporal.Split(ticks, from.Precision)
			return int32(day), ""
		}
	})
	c.fallible = false
	return c
}

func toTime(from, to types.Type) conversion {
	c := eachOrFail(func(ctx *udf.Context) func(int64) (int32, string) {
		zone := temporal.NewZone(location(ctx))
		return func(ticks int64) (int32, string) {
			if from.Kind == types.TimestampLTZ {
				ticks = zone.ToLocal(ticks, from.Precision)
			}
			_, ofDay := temporal.Split(ticks, from.Precision)
			return int32(temporal.Truncate(temporal.Millis(ofDay, from.Precision), min(to.Precision, 3))), ""
		}
	})
	c.fallible = false
	return c
}

func betweenTimestamps(from, to types.Type) conversion {
	toLocal := from.Kind == types.TimestampLTZ && to.Kind == types.Timestamp
	toInstant := from.Kind == types.Timestamp && to.Kind == types.TimestampLTZ
	c := eachOrFail(func(ctx *udf.Context) func(int64) (int64, string) {
		zone := temporal.NewZone(location(ctx))
		return func(ticks int64) (int64, string) {
			switch {
			case toLocal:
				ticks = zone.ToLocal(ticks, from.Precision)
			case toInstant:
				ticks = zone.ToInstant(ticks, from.Precision)
			}
			ticks, ok := temporal.Rescale(ticks, from.Precision, to.Precision)
			if !ok {
				return 0, outOfReach
			}
			return ticks, ""
		}
	})
	c.fallible = to.TicksPerSecond() > from.TicksPerSecond()
	return c
}
