package builtin

import (
	"math"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
)

func temporalNow() []udf.Spec {
	var specs []udf.Spec
	for _, f := range []struct {
		name, usage, summary string
		aliases              []string
		result               types.Type
		value                func(millis int64, zone *temporal.Zone) int64
	}{
		{
			"CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP", "The current moment.", []string{"NOW"},
			types.TimestampLTZType(3), instantNow,
		},
		{
			"CURRENT_ROW_TIMESTAMP", "CURRENT_ROW_TIMESTAMP()", "The current moment, taken for each row.", nil,
			types.TimestampLTZType(3), instantNow,
		},
		{
			"LOCALTIMESTAMP", "LOCALTIMESTAMP", "The current date and time in the session's zone.", nil,
			types.TimestampType(3), func(millis int64, zone *temporal.Zone) int64 { return zone.ToLocal(millis, 3) },
		},
		{
			"CURRENT_DATE", "CURRENT_DATE", "Today in the session's zone.", nil,
			types.DateType, func(millis int64, zone *temporal.Zone) int64 {
				return temporal.FloorDiv(zone.ToLocal(millis, 3), temporal.Day)
			},
		},
		{
			"CURRENT_TIME", "CURRENT_TIME", "The time of day in the session's zone, in whole seconds.", []string{"LOCALTIME"},
			types.TimeType(0), func(millis int64, zone *temporal.Zone) int64 {
				ofDay := temporal.FloorMod(zone.ToLocal(millis, 3), temporal.Day)
				return ofDay - ofDay%temporal.Second
			},
		},
		{
			"PROCTIME", "PROCTIME()", "The current moment as a processing-time attribute: a column that windows and joins can run on.", nil,
			types.TimestampLTZType(3).WithAttr(types.Proctime), instantNow,
		},
	} {
		spec := udf.Spec{
			Name:             f.name,
			Aliases:          f.aliases,
			Family:           "temporal",
			Usage:            []string{f.usage},
			Summary:          f.summary,
			Examples:         []udf.Example{{SQL: f.usage + " IS NULL", Result: "FALSE"}},
			NonDeterministic: true,
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				if len(c.Args) != 0 {
					return nil, udf.Errorf(0, "%s takes no arguments", c.Name)
				}
				return &udf.BoundScalar{
					Result: f.result.WithNotNull(true),
					Eval: func(ctx *udf.Context, _ []*types.Vector, out *types.Vector, n int) error {
						now := f.value(ctx.Now().UnixMilli(), temporal.NewZone(ctx.Location))
						for i := range n {
							if out.Type.IsTimestamp() {
								out.I64[i] = now
							} else {
								out.I32[i] = int32(now)
							}
						}
						return nil
					},
				}, nil
			},
		}
		for _, alias := range f.aliases {
			usage := alias
			if alias == "NOW" {
				usage += "()"
			}
			spec.Usage = append(spec.Usage, usage)
		}
		specs = append(specs, spec)
	}
	return append(specs, udf.Spec{
		Name:             "CURRENT_WATERMARK",
		Family:           "temporal",
		Usage:            []string{"CURRENT_WATERMARK(rowtime)"},
		Summary:          "The watermark that has reached this operator, of a rowtime column; NULL before the first.",
		NonDeterministic: true,
		Scalar:           bindCurrentWatermark,
	})
}

func instantNow(millis int64, _ *temporal.Zone) int64 { return millis }

func bindCurrentWatermark(c *udf.Call) (*udf.BoundScalar, error) {
	if len(c.Args) != 1 {
		return nil, wrongArity(c, 1, 1)
	}
	t := c.Args[0].Type
	if t.Attr != types.Rowtime {
		return nil, &udf.ArgError{Msg: "CURRENT_WATERMARK takes a rowtime column, not " + t.String(),
			Hint: "a rowtime column is one that a WATERMARK is declared for, passed on unchanged"}
	}
	result := t.WithAttr(types.NoTime).Nullable()
	result.Precision = 3
	return &udf.BoundScalar{
		Args:   []types.Type{t},
		Result: result,
		Nulls:  udf.NullsSeen,
		Eval: func(ctx *udf.Context, _ []*types.Vector, out *types.Vector, n int) error {
			for i := range n {
				out.I64[i] = ctx.Watermark
				if ctx.Watermark == math.MinInt64 {
					out.SetNull(i)
				}
			}
			return nil
		},
	}, nil
}
