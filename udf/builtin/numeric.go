package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// numerics is the family of arithmetic functions.
func numerics() []udf.Spec {
	var specs []udf.Spec
	for _, group := range [][]udf.Spec{
		numericAbs(), numericRound(), numericCeil(), numericMod(), numericPower(), numericLog(), numericTrigonometry(),
		numericConstant(), numericRandom(), numericBin(),
	} {
		specs = append(specs, group...)
	}
	for i := range specs {
		specs[i].Family = "arithmetic"
	}
	return specs
}

var doubleParam = param{"a number", types.Type.IsNumeric, types.DoubleType, types.DoubleType}

// ofDouble binds a function of one number that is computed in DOUBLE.
func ofDouble(name, usage, summary string, f func(float64) float64, examples ...udf.Example) udf.Spec {
	return udf.Spec{
		Name: name, Usage: []string{usage}, Summary: summary, Examples: examples,
		Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
			args, notNull, err := signature(c, 1, doubleParam)
			if err != nil {
				return nil, err
			}
			return &udf.BoundScalar{Args: args, Result: types.DoubleType.WithNotNull(notNull), Eval: mapDouble(f)}, nil
		},
	}
}

func mapDouble(f func(float64) float64) udf.Eval {
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		r := out.F64[:n]
		for i, x := range args[0].F64[:n] {
			r[i] = f(x)
		}
		return nil
	}
}

// ofDoubles binds a function of two numbers that is computed in DOUBLE.
func ofDoubles(name, usage, summary string, f func(a, b float64) float64, examples ...udf.Example) udf.Spec {
	return udf.Spec{
		Name: name, Usage: []string{usage}, Summary: summary, Examples: examples,
		Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
			args, notNull, err := signature(c, 2, doubleParam, doubleParam)
			if err != nil {
				return nil, err
			}
			return &udf.BoundScalar{Args: args, Result: types.DoubleType.WithNotNull(notNull), Eval: mapDoubles(f)}, nil
		},
	}
}

func mapDoubles(f func(a, b float64) float64) udf.Eval {
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		a, b, r := columns[float64, float64](args, out, n)
		for i := range r {
			r[i] = f(a[i], b[i])
		}
		return nil
	}
}
