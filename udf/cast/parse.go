package cast

import (
	"strings"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
)

// bindParse reads text as a number, boolean, date or time.
func bindParse(to types.Type) conversion {
	switch to.Kind {
	case types.Boolean:
		return parsed(parseBoolean)
	case types.TinyInt:
		return parsed(parseInteger[int8](8))
	case types.SmallInt:
		return parsed(parseInteger[int16](16))
	case types.Int:
		return parsed(parseInteger[int32](32))
	case types.BigInt:
		return parsed(parseInteger[int64](64))
	case types.Float:
		return parsed(parseFloat[float32](32))
	case types.Double:
		return parsed(parseFloat[float64](64))
	case types.Decimal:
		return parsed(func(s string) (decimal128.Num, string) { return parseDecimal(s, to) })
	case types.Date:
		return parsed(func(s string) (int32, string) {
			if days, ok := temporal.ParseDate(s); ok {
				return days, ""
			}
			return 0, "expected a date like 2020-02-29"
		})
	case types.Time:
		return parsed(func(s string) (int32, string) {
			if millis, ok := temporal.ParseTime(s, to.Precision); ok {
				return millis, ""
			}
			return 0, "expected a time like 12:34:56"
		})
	}
	return eachOrFail(func(ctx *udf.Context) func(string) (int64, string) {
		zone := temporal.NewZone(location(ctx))
		return func(s string) (int64, string) {
			ticks, ok := temporal.ParseTimestamp(s, to.Precision)
			if !ok {
				if _, ok := temporal.ParseTimestamp(s, 6); ok {
					return 0, outOfReach
				}
				return 0, "expected a timestamp like 2020-02-29 12:34:56.789"
			}
			if to.Kind == types.TimestampLTZ {
				ticks = zone.ToInstant(ticks, to.Precision)
			}
			return ticks, ""
		}
	})
}

func parsed[R udf.Value](f func(s string) (r R, why string)) conversion {
	return eachOrFail(func(*udf.Context) func(string) (R, string) { return f })
}

func parseBoolean(s string) (value bool, why string) {
	switch len(s) {
	case 1:
		switch s[0] | 0x20 {
		case 't', 'y':
			return true, ""
		case 'f', 'n':
			return false, ""
		}
		switch s[0] {
		case '1':
			return true, ""
		case '0':
			return false, ""
		}
	case 2, 3, 4, 5:
		switch {
		case strings.EqualFold(s, "true"), strings.EqualFold(s, "yes"):
			return true, ""
		case strings.EqualFold(s, "false"), strings.EqualFold(s, "no"):
			return false, ""
		}
	}
	return false, "expected true, t, yes, y or 1, or false, f, no, n or 0"
}

func parseInteger[R integer](bits int) func(s string) (R, string) {
	return func(s string) (R, string) {
		n, valid, fits := number.ParseInt(strings.Trim(s, " "), bits)
		switch {
		case !valid:
			return 0, "not a number"
		case !fits:
			return 0, "out of range"
		}
		return R(n), ""
	}
}

func parseFloat[R float](bits int) func(s string) (R, string) {
	return func(s string) (R, string) {
		f, ok := number.ParseFloat(s, bits)
		if !ok {
			return 0, "not a number"
		}
		return R(f), ""
	}
}

func parseDecimal(s string, to types.Type) (decimal128.Num, string) {
	x, valid, fits := number.ParseDecimal(strings.Trim(s, " \n\t"), to.Precision, to.Scale)
	switch {
	case !valid:
		return x, "not a number"
	case !fits:
		return x, "out of range"
	}
	return x, ""
}
