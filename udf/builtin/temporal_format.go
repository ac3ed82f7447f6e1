package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
)

func temporalFormat() []udf.Spec {
	return []udf.Spec{{
		Name:    "DATE_FORMAT",
		Family:  "temporal",
		Usage:   []string{"DATE_FORMAT(timestamp, pattern)", "DATE_FORMAT(text, pattern)"},
		Summary: "A timestamp, or text in the pattern yyyy-MM-dd HH:mm:ss, printed in another pattern; TIMESTAMP_LTZ in the session's zone.",
		Examples: []udf.Example{
			{SQL: "DATE_FORMAT(TIMESTAMP '2023-08-22 13:46:30.123', 'yyyy/MM/dd HH:mm:ss.SSS')", Result: "2023/08/22 13:46:30.123"},
			{SQL: "DATE_FORMAT('2023-08-22 13:46:30', 'EEE d MMM')", Result: "Tue 22 Aug"},
			{SQL: "DATE_FORMAT('noon', 'HH:mm')", Result: "NULL"},
		},
		Scalar: bindDateFormat,
	}}
}

func bindDateFormat(c *udf.Call) (*udf.BoundScalar, error) {
	if len(c.Args) == 2 && !c.Args[0].Type.IsTimestamp() {
		return bindDateFormatText(c)
	}
	args, notNull, err := signature(c, 2, timestampParam, textParam)
	if err != nil {
		return nil, err
	}
	var fixed *dateFormatter
	if text, ok := literalText(c, 1); ok {
		if fixed, err = newDateFormatter(text, false); err != nil {
			return nil, udf.Errorf(1, "%v", err)
		}
	}
	precision, local := args[0].Precision, args[0].Kind == types.TimestampLTZ
	return &udf.BoundScalar{
		Args:     args,
		Result:   types.StringType.WithNotNull(notNull),
		Fallible: fixed == nil,
		Eval: func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			zone := temporal.NewZone(ctx.Location)
			f, last := fixed, ""
			return udf.EachRow(out, n, func(i int) error {
				if fixed == nil {
					if text := args[1].Str(i); f == nil || text != last {
						var err error
						if f, err = newDateFormatter(text, false); err != nil {
							return &udf.RowError{Row: i, Err: err}
						}
						last = text
					}
				}
				ticks := args[0].I64[i]
				if local {
					ticks = zone.ToLocal(ticks, precision)
				}
				m := momentOf(ticks, precision)
				out.Data = f.append(out.Data, &m)
				out.EndValue()
				return nil
			})
		},
	}, nil
}

// bindDateFormatText is DATE_FORMAT of text, which has the letters and the leniency of SimpleDateFormat instead.
func bindDateFormatText(c *udf.Call) (*udf.BoundScalar, error) {
	args, _, err := signature(c, 2, param{"a timestamp or text", types.Type.IsCharacter, types.StringType, types.StringType}, textParam)
	if err != nil {
		return nil, err
	}
	fixed, err := bindSimpleFormat(c, 1)
	if err != nil {
		return nil, err
	}
	from, err := newSimpleFormat(defaultPattern)
	if err != nil {
		return nil, err
	}
	return &udf.BoundScalar{
		Args:     args,
		Result:   types.StringType,
		Fallible: fixed == nil,
		Eval: func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			zone := temporal.NewZone(ctx.Location)
			formats := simpleFormats{fixed: fixed}
			return udf.EachRow(out, n, func(i int) error {
				f, err := formats.get(args, 1, i)
				if err != nil {
					return err
				}
				millis, ok := from.parse(args[0].Str(i), zone)
				if ok {
					out.Data = f.append(out.Data, millis, zone, ctx.Location)
				} else {
					out.SetNull(i)
				}
				out.EndValue()
				return nil
			})
		},
	}, nil
}
