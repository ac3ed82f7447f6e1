package builtin

import (
	"math"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func numericLog() []udf.Spec {
	return []udf.Spec{
		ofDouble("LN", "LN(number)", "Returns the natural logarithm; -Infinity of zero, NaN of a negative number.", math.Log,
			udf.Example{SQL: "LN(1)", Result: "0.0"}),
		ofDouble("LOG10", "LOG10(number)", "Returns the logarithm to base 10.", log10, udf.Example{SQL: "LOG10(1000)", Result: "3.0"}),
		ofDouble("LOG2", "LOG2(number)", "Returns the logarithm to base 2.",
			func(x float64) float64 { return math.Log(x) / math.Log(2) }, udf.Example{SQL: "LOG2(8)", Result: "3.0"}),
		{
			Name: "LOG", Usage: []string{"LOG(number)", "LOG(base, number)"}, Summary: "Returns the natural logarithm, or the one to a base.",
			Examples: []udf.Example{{SQL: "LOG(2, 8)", Result: "3.0"}, {SQL: "LOG(1)", Result: "0.0"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				args, notNull, err := signature(c, 1, doubleParam, doubleParam)
				if err != nil {
					return nil, err
				}
				s := &udf.BoundScalar{Args: args, Result: types.DoubleType.WithNotNull(notNull), Eval: mapDouble(math.Log)}
				if len(args) == 2 {
					s.Eval = mapDoubles(func(base, x float64) float64 { return math.Log(x) / math.Log(base) })
				}
				return s, nil
			},
		},
	}
}
