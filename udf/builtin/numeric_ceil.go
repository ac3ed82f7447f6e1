package builtin

import (
	"math"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
	"github.com/weirsql/weir/udf"
)

func numericCeil() []udf.Spec {
	return []udf.Spec{
		{
			Name: "CEIL", Aliases: []string{"CEILING"}, Usage: []string{"CEIL(number)", "CEIL(datetime TO unit)"},
			Summary: "Rounds a number up to a whole one, or a date or time up to a unit.",
			Examples: []udf.Example{
				{SQL: "CEIL(2.1)", Result: "3"},
				{SQL: "CEIL(-2.1e0)", Result: "-2.0"},
				{SQL: "CEIL(TIMESTAMP '2024-02-29 12:34:56' TO MINUTE)", Result: "2024-02-29 12:35:00"},
			},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				if len(c.Args) == 2 {
					return bindTemporalRound(c, true)
				}
				return bindWhole(c, math.Ceil, number.Ceil)
			},
		},
		{
			Name: "FLOOR", Usage: []string{"FLOOR(number)", "FLOOR(datetime TO unit)"},
			Summary: "Rounds a number down to a whole one, or a date or time down to a unit.",
			Examples: []udf.Example{
				{SQL: "FLOOR(2.9)", Result: "2"},
				{SQL: "FLOOR(-2.1e0)", Result: "-3.0"},
				{SQL: "FLOOR(TIMESTAMP '2024-02-29 12:34:56' TO HOUR)", Result: "2024-02-29 12:00:00"},
			},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				if len(c.Args) == 2 {
					return bindTemporalRound(c, false)
				}
				return bindWhole(c, math.Floor, number.Floor)
			},
		},
	}
}

// bindWhole binds rounding to a whole number: integers stay, decimals lose their scale.
func bindWhole(c *udf.Call, float func(float64) float64, dec func(decimal128.Num, int) decimal128.Num) (*udf.BoundScalar, error) {
	whole := func(_ *udf.Context, args []*types.Vector, out *types.Vector, _ int) error {
		out.CopyFrom(args[0])
		return nil
	}
	s, err := bindSameType(c, whole, whole, whole, whole, floats32(float), mapDouble(float), func(t types.Type) udf.Eval {
		return mapDecimals(func(x decimal128.Num) decimal128.Num { return dec(x, t.Scale) })
	})
	if err == nil && s.Result.Kind == types.Decimal {
		s.Result.Scale = 0
	}
	return s, err
}
