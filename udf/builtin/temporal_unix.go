package builtin

import (
	"math"
	"time"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
)

func temporalUnix() []udf.Spec {
	return []udf.Spec{
		{
			Name:    "UNIX_TIMESTAMP",
			Family:  "temporal",
			Usage:   []string{"UNIX_TIMESTAMP()", "UNIX_TIMESTAMP(text [, pattern])"},
			Summary: "Seconds since 1970-01-01 00:00:00 UTC of now, or of a date and time in the session's zone (default pattern yyyy-MM-dd HH:mm:ss); -9223372036854775808 for text that doesn't fit the pattern.",
			Examples: []udf.Example{
				{SQL: "UNIX_TIMESTAMP('1970-01-02', 'yyyy-MM-dd') - UNIX_TIMESTAMP('1970-01-01', 'yyyy-MM-dd')", Result: "86400"},
				{SQL: "UNIX_TIMESTAMP('yesterday')", Result: "-9223372036854775808"},
				{SQL: "UNIX_TIMESTAMP(CAST(NULL AS STRING))", Result: "NULL"},
			},
			NonDeterministic: true,
			Scalar:           bindUnixTimestamp,
		},
		{
			Name:    "FROM_UNIXTIME",
			Family:  "temporal",
			Usage:   []string{"FROM_UNIXTIME(seconds [, pattern])"},
			Summary: "Date and time in the session's zone of seconds since 1970-01-01 00:00:00 UTC, as text (default pattern yyyy-MM-dd HH:mm:ss).",
			Examples: []udf.Example{
				{SQL: "FROM_UNIXTIME(UNIX_TIMESTAMP('2023-08-22 13:46:30'))", Result: "2023-08-22 13:46:30"},
				{SQL: "FROM_UNIXTIME(UNIX_TIMESTAMP('2023-08-22 13:46:30'), 'd MMM yyyy, hh:mm a')", Result: "22 Aug 2023, 01:46 PM"},
			},
			Scalar: bindFromUnixtime,
		},
		{
			Name:    "CONVERT_TZ",
			Family:  "temporal",
			Usage:   []string{"CONVERT_TZ(text, from_zone, to_zone)"},
			Summary: "A date and time yyyy-MM-dd HH:mm:ss, read in one zone and printed in another (Europe/Berlin, GMT+02:00); a zone that isn't known is UTC.",
			Examples: []udf.Example{
				{SQL: "CONVERT_TZ('1970-01-01 00:00:00', 'UTC', 'America/Los_Angeles')", Result: "1969-12-31 16:00:00"},
				{SQL: "CONVERT_TZ('noon', 'UTC', 'Asia/Tokyo')", Result: "NULL"},
			},
			Scalar: bindConvertTZ,
		},
	}
}

// simpleFormats gives the compiled pattern for each row: compiled once when it is a literal, else when it changes.
type simpleFormats struct {
	fixed *simpleFormat // or nil
	text  string
	last  *simpleFormat
}

// bindSimpleFormat compiles the pattern in argument i when it is a literal, or the default pattern when there is no
// such argument. It returns nil for a pattern that differs from row to row.
func bindSimpleFormat(c *udf.Call, i int) (*simpleFormat, error) {
	if i >= len(c.Args) {
		return newSimpleFormat(defaultPattern)
	}
	if text, ok := literalText(c, i); ok {
		f, err := newSimpleFormat(text)
		if err != nil {
			return nil, udf.Errorf(i, "%v", err)
		}
		return f, nil
	}
	return nil, nil
}

func (f *simpleFormats) get(args []*types.Vector, arg, i int) (*simpleFormat, error) {
	if f.fixed != nil {
		return f.fixed, nil
	}
	text := args[arg].Str(i)
	if f.last == nil || f.text != text {
		p, err := newSimpleFormat(text)
		if err != nil {
			return nil, &udf.RowError{Row: i, Err: err}
		}
		f.last, f.text = p, text
	}
	return f.last, nil
}

func bindUnixTimestamp(c *udf.Call) (*udf.BoundScalar, error) {
	if len(c.Args) == 0 {
		return &udf.BoundScalar{
			Result: types.BigIntType.WithNotNull(true),
			Eval: func(ctx *udf.Context, _ []*types.Vector, out *types.Vector, n int) error {
				now := ctx.Now().Unix()
				for i := range n {
					out.I64[i] = now
				}
				return nil
			},
		}, nil
	}
	args, notNull, err := signature(c, 1, textParam, textParam)
	if err != nil {
		return nil, err
	}
	fixed, err := bindSimpleFormat(c, 1)
	if err != nil {
		return nil, err
	}
	// The default pattern over text written by a machine is the common case: it needs no general parser.
	usual := len(args) == 1
	return &udf.BoundScalar{
		Args:          args,
		Result:        types.BigIntType.WithNotNull(notNull),
		Fallible:      fixed == nil,
		Deterministic: true,
		Eval: func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			zone := temporal.NewZone(ctx.Location)
			formats := simpleFormats{fixed: fixed}
			return udf.EachRow(out, n, func(i int) error {
				text := args[0].Str(i)
				if usual {
					if local, ok := temporal.ParseTimestampFixed(text, ' ', 3); ok && local >= gregorianStart*temporal.Day {
						out.I64[i] = temporal.FloorDiv(calendarInstant(zone, local), 1000)
						return nil
					}
				}
				f, err := formats.get(args, 1, i)
				if err != nil {
					return err
				}
				millis, ok := f.parse(text, zone)
				if !ok {
					out.I64[i] = math.MinInt64
					return nil
				}
				out.I64[i] = temporal.FloorDiv(millis, 1000)
				return nil
			})
		},
	}, nil
}

func bindFromUnixtime(c *udf.Call) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 1, bigintParam, textParam)
	if err != nil {
		return nil, err
	}
	args[0] = types.BigIntType.WithNotNull(args[0].NotNull)
	fixed, err := bindSimpleFormat(c, 1)
	if err != nil {
		return nil, err
	}
	usual := len(args) == 1
	return &udf.BoundScalar{
		Args:     args,
		Result:   types.StringType.WithNotNull(notNull),
		Fallible: fixed == nil,
		Eval: func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			zone := temporal.NewZone(ctx.Location)
			formats := simpleFormats{fixed: fixed}
			return udf.EachRow(out, n, func(i int) error {
				second := args[0].I64[i]
				if usual && second >= gregorianStart*86400+86400 && second < 253402214400 {
					out.Data = temporal.AppendTimestamp(out.Data, zone.ToLocal(second*1000, 3), 0)
					out.EndValue()
					return nil
				}
				f, err := formats.get(args, 1, i)
				if err != nil {
					return err
				}
				out.Data = f.append(out.Data, second*1000, zone, ctx.Location)
				out.EndValue()
				return nil
			})
		},
	}, nil
}

func bindConvertTZ(c *udf.Call) (*udf.BoundScalar, error) {
	args, _, err := signature(c, 3, textParam, textParam, textParam)
	if err != nil {
		return nil, err
	}
	format, err := newSimpleFormat(defaultPattern)
	if err != nil {
		return nil, err
	}
	return &udf.BoundScalar{
		Args:   args,
		Result: types.StringType,
		Eval: func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			var from, to zoneCache
			return udf.EachRow(out, n, func(i int) error {
				millis, ok := format.parse(args[0].Str(i), from.get(args[1].Str(i)))
				if !ok {
					out.SetNull(i)
					out.EndValue()
					return nil
				}
				zone := to.get(args[2].Str(i))
				out.Data = format.append(out.Data, millis, zone, to.location)
				out.EndValue()
				return nil
			})
		},
	}, nil
}

// zoneCache keeps the zone that was asked for last.
type zoneCache struct {
	name     string
	zone     *temporal.Zone
	location *time.Location
}

// get finds a zone as java.util.TimeZone does: what it doesn't know is UTC, and that includes a bare offset.
func (z *zoneCache) get(name string) *temporal.Zone {
	if z.zone != nil && z.name == name {
		return z.zone
	}
	z.name = string([]byte(name)) // the text is the caller's
	z.location = time.UTC
	if name != "" && name[0] != '+' && name[0] != '-' {
		if l, err := temporal.ParseZone(name); err == nil {
			z.location = l
		}
	}
	z.zone = temporal.NewZone(z.location)
	return z.zone
}
