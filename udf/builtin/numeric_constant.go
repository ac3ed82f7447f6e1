package builtin

import (
	"math"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func numericConstant() []udf.Spec {
	constant := func(name, summary string, value float64, example udf.Example) udf.Spec {
		return udf.Spec{
			Name: name, Usage: []string{name + "()"}, Summary: summary, Examples: []udf.Example{example},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				if len(c.Args) > 0 {
					return nil, udf.Errorf(0, "%s takes no arguments", name)
				}
				return &udf.BoundScalar{
					Result: types.DoubleType.WithNotNull(true),
					Eval: func(_ *udf.Context, _ []*types.Vector, out *types.Vector, n int) error {
						r := out.F64[:n]
						for i := range r {
							r[i] = value
						}
						return nil
					},
				}, nil
			},
		}
	}
	return []udf.Spec{
		constant("PI", "Returns the ratio of a circle's circumference to its diameter.", math.Pi,
			udf.Example{SQL: "PI()", Result: "3.141592653589793"}),
		constant("E", "Returns Euler's number.", math.E, udf.Example{SQL: "E()", Result: "2.718281828459045"}),
	}
}
