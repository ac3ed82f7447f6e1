package builtin

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
)

func temporalParse() []udf.Spec {
	return []udf.Spec{
		{
			Name:    "TO_TIMESTAMP",
			Family:  "temporal",
			Usage:   []string{"TO_TIMESTAMP(text [, pattern])"},
			Summary: "TIMESTAMP(3) that text says in a pattern (default yyyy-MM-dd HH:mm:ss with or without fraction, or yyyy-MM-dd); text in the default pattern is understood under any other too; NULL for other text.",
			Examples: []udf.Example{
				{SQL: "TO_TIMESTAMP('2023-08-22 13:46:30.5')", Result: "2023-08-22 13:46:30.500"},
				{SQL: "TO_TIMESTAMP('22/08/2023 13:46', 'dd/MM/yyyy HH:mm')", Result: "2023-08-22 13:46:00.000"},
				{SQL: "TO_TIMESTAMP('soon')", Result: "NULL"},
			},
			Scalar: bindToTimestamp,
		},
		{
			Name:    "TO_TIMESTAMP_LTZ",
			Family:  "temporal",
			Usage:   []string{"TO_TIMESTAMP_LTZ(number, precision)"},
			Summary: "TIMESTAMP_LTZ(3) of seconds (precision 0) or milliseconds (precision 3) since 1970-01-01 00:00:00 UTC; NULL outside of the years 1 to 9999.",
			Examples: []udf.Example{
				{SQL: "TO_TIMESTAMP_LTZ(1692711990, 0) = TO_TIMESTAMP_LTZ(1692711990000, 3)", Result: "TRUE"},
			},
			Scalar: bindToTimestampLTZ,
		},
		{
			Name:    "TO_DATE",
			Family:  "temporal",
			Usage:   []string{"TO_DATE(text [, pattern])"},
			Summary: "DATE that text says in a pattern (default yyyy-MM-dd); NULL for other text.",
			Examples: []udf.Example{
				{SQL: "TO_DATE('2023-08-22')", Result: "2023-08-22"},
				{SQL: "TO_DATE('22.08.2023', 'dd.MM.yyyy')", Result: "2023-08-22"},
				{SQL: "TO_DATE('2023-02-30')", Result: "NULL"},
			},
			Scalar: bindToDate,
		},
	}
}

func bindToTimestamp(c *udf.Call) (*udf.BoundScalar, error) {
	args, _, err := signature(c, 1, textParam, textParam)
	if err != nil {
		return nil, err
	}
	s := &udf.BoundScalar{Args: args, Result: types.TimestampType(3)}
	if len(args) == 1 {
		s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return udf.EachRow(out, n, func(i int) error {
				ticks, ok := temporal.ParseTimestamp(args[0].Str(i), 3)
				if !ok {
					out.SetNull(i)
				}
				out.I64[i] = ticks
				return nil
			})
		}
		return s, nil
	}
	var fixed *dateFormatter
	var broken bool // the literal isn't a pattern: then every row is NULL, as in Flink
	if text, ok := literalText(c, 1); ok {
		if fixed, err = newDateFormatter(text, true); err != nil {
			fixed, broken = nil, true
		}
	}
	s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		f, last, bad := fixed, "", broken
		return udf.EachRow(out, n, func(i int) error {
			if fixed == nil && !broken {
				if text := args[1].Str(i); f == nil && !bad || text != last {
					var err error
					f, err = newDateFormatter(text, true)
					last, bad = text, err != nil
				}
			}
			ticks, ok := int64(0), false
			if !bad {
				ticks, ok = parseWith(f, args[0].Str(i))
			}
			if !ok {
				out.SetNull(i)
			}
			out.I64[i] = ticks
			return nil
		})
	}
	return s, nil
}

// parseWith reads a timestamp in the pattern, or else as JDBC writes it, and returns milliseconds.
func parseWith(f *dateFormatter, s string) (millis int64, ok bool) {
	m, err := f.parse(s)
	switch {
	case err == nil:
		return int64(m.days)*temporal.Day + int64(m.hour)*temporal.Hour + int64(m.minute)*temporal.Minute +
			int64(m.second)*temporal.Second + int64(m.nano)/1e6, true
	case errors.Is(err, errNoSuchTime):
		return 0, false
	}
	return parseJDBC(s)
}

// parseJDBC reads yyyy-[m]m-[d]d[ [h]h:[m]m:[s]s[.f…]] as java.sql.Timestamp and Date do: months are 1 to 12, days 1
// to 31, and whatever overflows carries over.
func parseJDBC(s string) (millis int64, ok bool) {
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
	date, clock, hasClock := strings.Cut(s, " ")
	parts := strings.Split(date, "-")
	if len(parts) != 3 || len(parts[0]) != 4 || len(parts[1]) > 2 || len(parts[2]) > 2 {
		return 0, false
	}
	year, err1 := strconv.Atoi(parts[0])
	month, err2 := strconv.Atoi(parts[1])
	day, err3 := strconv.Atoi(parts[2])
	if err1 != nil || err2 != nil || err3 != nil || month < 1 || month > 12 || day < 1 || day > 31 {
		return 0, false
	}
	millis = int64(hybridDays(year, month, day)) * temporal.Day
	if !hasClock {
		return millis, true
	}
	parts = strings.Split(clock, ":")
	if len(parts) != 3 {
		return 0, false
	}
	whole, fraction, hasFraction := strings.Cut(parts[2], ".")
	hour, err1 := strconv.ParseInt(parts[0], 10, 32)
	minute, err2 := strconv.ParseInt(parts[1], 10, 32)
	second, err3 := strconv.ParseInt(whole, 10, 32)
	if err1 != nil || err2 != nil || err3 != nil {
		return 0, false
	}
	millis += hour*temporal.Hour + minute*temporal.Minute + second*temporal.Second
	if !hasFraction {
		return millis, true
	}
	if fraction == "" || len(fraction) > 9 {
		return 0, false
	}
	for i := range 9 {
		if i < len(fraction) && !isDigit(fraction[i]) {
			return 0, false
		}
	}
	n, _ := strconv.Atoi((fraction + "00")[:3])
	return millis + int64(n), true
}

// The range of TO_TIMESTAMP_LTZ: 0001-01-01 00:00:00 to 9999-12-31 23:59:59.999 UTC, in milliseconds.
const (
	minEpochMilli = -62135596800000
	maxEpochMilli = 253402300799999
)

func bindToTimestampLTZ(c *udf.Call) (*udf.BoundScalar, error) {
	args, _, err := signature(c, 2, numberParam, integerParam)
	if err != nil {
		return nil, err
	}
	// DECIMAL is taken without its fraction, FLOAT and DOUBLE with it as far as milliseconds go.
	if k := args[0].Kind; k == types.Float || k == types.Double {
		args[0] = types.DoubleType.WithNotNull(args[0].NotNull)
	} else {
		args[0] = types.BigIntType.WithNotNull(args[0].NotNull)
	}
	args[1] = types.IntType.WithNotNull(args[1].NotNull)
	if c.Args[1].Literal && c.Args[1].Value != nil {
		if p := literalInt(c.Args[1].Value); p != 0 && p != 3 {
			return nil, udf.Errorf(1, "TO_TIMESTAMP_LTZ takes precision 0 (seconds) or 3 (milliseconds), not %d", p)
		}
	}
	float := args[0].Kind == types.Double
	return &udf.BoundScalar{
		Args:     args,
		Result:   types.TimestampLTZType(3),
		Fallible: true,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return udf.EachRow(out, n, func(i int) error {
				var millis int64
				scale := int64(1000)
				switch p := args[1].I32[i]; p {
				case 0:
				case 3:
					scale = 1
				default:
					return &udf.RowError{Row: i, Err: udf.Errorf(1, "TO_TIMESTAMP_LTZ takes precision 0 (seconds) or 3 (milliseconds), not %d", p)}
				}
				ok := true
				if float {
					x := args[0].F64[i] * float64(scale)
					ok = x >= minEpochMilli && x < maxEpochMilli+1
					if ok {
						millis = int64(x)
					}
				} else {
					x := args[0].I64[i]
					ok = x <= math.MaxInt64/scale && x >= math.MinInt64/scale
					millis = x * scale
				}
				if !ok || millis < minEpochMilli || millis > maxEpochMilli {
					out.SetNull(i)
				}
				out.I64[i] = millis
				return nil
			})
		},
	}, nil
}

// literalInt returns the value of an integer literal.
func literalInt(x any) int64 {
	switch x := x.(type) {
	case int8:
		return int64(x)
	case int16:
		return int64(x)
	case int32:
		return int64(x)
	case int64:
		return x
	}
	return 0
}

func bindToDate(c *udf.Call) (*udf.BoundScalar, error) {
	args, _, err := signature(c, 1, textParam, textParam)
	if err != nil {
		return nil, err
	}
	s := &udf.BoundScalar{Args: args, Result: types.DateType}
	if len(args) == 1 {
		s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return udf.EachRow(out, n, func(i int) error {
				days, ok := temporal.ParseDate(args[0].Str(i))
				if !ok {
					out.SetNull(i)
				}
				out.I32[i] = days
				return nil
			})
		}
		return s, nil
	}
	fixed, err := bindSimpleFormat(c, 1)
	if err != nil {
		return nil, err
	}
	s.Fallible = fixed == nil
	s.Eval = func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		zone := temporal.NewZone(nil) // the calendar of UTC: a date has no zone
		formats := simpleFormats{fixed: fixed}
		return udf.EachRow(out, n, func(i int) error {
			f, err := formats.get(args, 1, i)
			if err != nil {
				return err
			}
			millis, ok := f.parse(args[0].Str(i), zone)
			if !ok {
				out.SetNull(i) // Flink gives a day in the year 1705471
			}
			out.I32[i] = int32(temporal.FloorDiv(millis, temporal.Day))
			return nil
		})
	}
	return s, nil
}
