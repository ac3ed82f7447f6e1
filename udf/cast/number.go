package cast

import (
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
	"github.com/weirsql/weir/udf"
)

type integer interface{ int8 | int16 | int32 | int64 }

type float interface{ float32 | float64 }

// bindNumber converts numbers and booleans to numbers and booleans.
func bindNumber(from, to types.Type) (conversion, error) {
	switch from.Kind {
	case types.Boolean:
		return fromBoolean(to)
	case types.TinyInt:
		return fromInteger[int8](from, to), nil
	case types.SmallInt:
		return fromInteger[int16](from, to), nil
	case types.Int:
		return fromInteger[int32](from, to), nil
	case types.BigInt:
		return fromInteger[int64](from, to), nil
	case types.Float:
		return fromFloat[float32](from, to), nil
	case types.Double:
		return fromFloat[float64](from, to), nil
	case types.Decimal:
		return fromDecimal(from, to), nil
	}
	return conversion{}, refuse(from, to)
}

func fromBoolean(to types.Type) (conversion, error) {
	switch to.Kind {
	case types.TinyInt:
		return each(oneIf[int8]), nil
	case types.SmallInt:
		return each(oneIf[int16]), nil
	case types.Int:
		return each(oneIf[int32]), nil
	case types.BigInt:
		return each(oneIf[int64]), nil
	case types.Float:
		return each(oneIf[float32]), nil
	case types.Double:
		return each(oneIf[float64]), nil
	}
	one, ok := number.FromInt64(1, to.Precision, to.Scale)
	if !ok {
		return conversion{}, refuse(types.BooleanType, to)
	}
	return each(func(b bool) (x decimal128.Num) {
		if b {
			x = one
		}
		return x
	}), nil
}

func oneIf[R integer | float](b bool) R {
	if b {
		return 1
	}
	return 0
}

// fromInteger widens exactly and narrows by dropping the high bits, as Java does.
func fromInteger[A integer](from, to types.Type) conversion {
	switch to.Kind {
	case types.Boolean:
		return each(func(x A) bool { return x != 0 })
	case types.TinyInt:
		return convert[A, int8]()
	case types.SmallInt:
		return convert[A, int16]()
	case types.Int:
		return convert[A, int32]()
	case types.BigInt:
		return convert[A, int64]()
	case types.Float:
		return convert[A, float32]()
	case types.Double:
		return convert[A, float64]()
	}
	precision, scale := to.Precision, to.Scale
	return eachOrNull(func(x A) (decimal128.Num, bool) { return number.FromInt64(int64(x), precision, scale) })
}

// convert is Go's conversion, in a loop without calls.
func convert[A integer | float, R integer | float]() conversion {
	return conversion{run: func(_ *udf.Context, in, out *types.Vector, n int, _ reportFunc) error {
		out.Resize(n)
		copyValid(out, in, n)
		src, dst := udf.Values[A](in)[:n], udf.Values[R](out)[:n]
		for i, x := range src {
			dst[i] = R(x)
		}
		return nil
	}}
}

// fromFloat cuts fractions and saturates at the ends of INT and BIGINT; the smaller integers take the low bits of the
// INT. NaN is 0, and as a boolean true.
func fromFloat[A float](from, to types.Type) conversion {
	switch to.Kind {
	case types.Boolean:
		return each(func(x A) bool { return x != 0 })
	case types.TinyInt:
		return each(func(x A) int8 { return int8(number.ToInt32(float64(x))) })
	case types.SmallInt:
		return each(func(x A) int16 { return int16(number.ToInt32(float64(x))) })
	case types.Int:
		return each(func(x A) int32 { return number.ToInt32(float64(x)) })
	case types.BigInt:
		return each(func(x A) int64 { return number.ToInt64(float64(x)) })
	case types.Float:
		return convert[A, float32]()
	case types.Double:
		return convert[A, float64]()
	}
	precision, scale := to.Precision, to.Scale
	return conversion{fallible: true, run: func(_ *udf.Context, in, out *types.Vector, n int, report reportFunc) error {
		out.Resize(n)
		copyValid(out, in, n)
		dst := out.Dec[:n]
		for i, x := range udf.Values[A](in)[:n] {
			if in.IsNull(i) {
				continue
			}
			ok := false
			if x-x == 0 {
				dst[i], ok = number.FromFloat64(float64(x), precision, scale)
			} else if err := report(i, culprit{in, out, i, "a decimal is finite"}); err != nil {
				return err
			}
			if !ok {
				out.SetNull(i)
			}
		}
		return nil
	}}
}

// fromDecimal cuts fractions for integers, which take the low bits of the whole part, and rounds half up for decimals.
func fromDecimal(from, to types.Type) conversion {
	precision, scale := from.Precision, from.Scale
	switch to.Kind {
	case types.Boolean:
		return each(func(x decimal128.Num) bool { return x.Sign() != 0 })
	case types.TinyInt:
		return each(func(x decimal128.Num) int8 { return int8(number.Int64(x, scale)) })
	case types.SmallInt:
		return each(func(x decimal128.Num) int16 { return int16(number.Int64(x, scale)) })
	case types.Int:
		return each(func(x decimal128.Num) int32 { return int32(number.Int64(x, scale)) })
	case types.BigInt:
		return each(func(x decimal128.Num) int64 { return number.Int64(x, scale) })
	case types.Float:
		return each(func(x decimal128.Num) float32 { return float32(number.Float64(x, precision, scale)) })
	case types.Double:
		return each(func(x decimal128.Num) float64 { return number.Float64(x, precision, scale) })
	}
	toPrecision, toScale := to.Precision, to.Scale
	return eachOrNull(func(x decimal128.Num) (decimal128.Num, bool) {
		return number.Rescale(x, scale, toPrecision, toScale)
	})
}
