package builtin

import (
	"math"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
	"github.com/weirsql/weir/udf"
)

func numericAbs() []udf.Spec {
	return []udf.Spec{
		{
			Name: "ABS", Usage: []string{"ABS(number)"}, Summary: "Returns a number without its sign; the smallest whole number stays as it is.",
			Examples: []udf.Example{{SQL: "ABS(-1.50)", Result: "1.50"}, {SQL: "ABS(-7)", Result: "7"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				return bindSameType(c, absolute[int8], absolute[int16], absolute[int32], absolute[int64],
					floats32(math.Abs), mapDouble(math.Abs), func(types.Type) udf.Eval { return mapDecimals(decimal128.Num.Abs) })
			},
		},
		{
			Name: "SIGN", Usage: []string{"SIGN(number)"}, Summary: "Returns -1, 0 or 1 for a number below, equal to or above zero, in the number's type.",
			Examples: []udf.Example{{SQL: "SIGN(-2.50)", Result: "-1.00"}, {SQL: "SIGN(0)", Result: "0"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				return bindSameType(c, sign[int8], sign[int16], sign[int32], sign[int64], floats32(signOf), mapDouble(signOf), signDecimals)
			},
		},
	}
}

// bindSameType binds a function of one number whose result has the number's type.
func bindSameType(c *udf.Call, i8, i16, i32, i64, f32, f64 udf.Eval, dec func(types.Type) udf.Eval) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 1, numberParam)
	if err != nil {
		return nil, err
	}
	t := args[0]
	s := &udf.BoundScalar{Args: args, Result: t.WithNotNull(notNull)}
	if t.Kind == types.Decimal {
		s.Eval = dec(t)
	} else {
		s.Eval = byKind(t.Kind, i8, i16, i32, i64, f32, f64)
	}
	return s, nil
}

func absolute[T integer](_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	r := udf.Values[T](out)[:n]
	for i, x := range udf.Values[T](args[0])[:n] {
		r[i] = max(x, -x) // both are the smallest number, for that
	}
	return nil
}

func sign[T integer](_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	r := udf.Values[T](out)[:n]
	for i, x := range udf.Values[T](args[0])[:n] {
		r[i] = max(-1, min(1, x))
	}
	return nil
}

// signOf keeps NaN and both zeros.
func signOf(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

func signDecimals(t types.Type) udf.Eval {
	one, _ := number.Rescale(decimal128.FromI64(1), 0, number.MaxPrecision, t.Scale) // DECIMAL(38, 38) has no 1
	return mapDecimals(func(x decimal128.Num) decimal128.Num {
		switch x.Sign() {
		case 1:
			return one
		case -1:
			return one.Negate()
		}
		return x
	})
}

func mapDecimals(f func(decimal128.Num) decimal128.Num) udf.Eval {
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		r := out.Dec[:n]
		for i, x := range args[0].Dec[:n] {
			r[i] = f(x)
		}
		return nil
	}
}

func floats32(f func(float64) float64) udf.Eval {
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		r := out.F32[:n]
		for i, x := range args[0].F32[:n] {
			r[i] = float32(f(float64(x)))
		}
		return nil
	}
}
