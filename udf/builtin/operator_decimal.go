package builtin

import (
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
	"github.com/weirsql/weir/udf"
)

// bindDecimal binds an operator over two exact numbers of which one is a DECIMAL. What doesn't fit the result's
// precision is NULL; what it has too many digits behind the point for is rounded half up. A zero divisor fails.
func bindDecimal(op byte, a, b types.Type) *udf.BoundScalar {
	a, b = types.AsDecimal(a), types.AsDecimal(b)
	var t types.Type
	var f func(a decimal128.Num, aScale int, b decimal128.Num, bScale, precision, scale int) (decimal128.Num, bool)
	switch op {
	case '+':
		t, f = types.DecimalPlus(a, b), number.Add
	case '-':
		t, f = types.DecimalPlus(a, b), number.Subtract
	case '*':
		t, f = types.DecimalTimes(a, b), number.Multiply
	case '/':
		t, f = types.DecimalDivide(a, b), number.Divide
	case '%':
		t, f = types.DecimalModulo(a, b), number.Modulo
	}
	s := &udf.BoundScalar{Args: []types.Type{a, b}, Result: t.WithNotNull(a.NotNull && b.NotNull), Fallible: op == '/' || op == '%'}
	// A sum of equal scales whose type took one digit more than the operands always fits.
	if a.Scale == b.Scale && t.Scale == a.Scale && t.Precision > max(a.Precision, b.Precision) {
		switch op {
		case '+':
			s.Eval = plusDecimals
			return s
		case '-':
			s.Eval = minusDecimals
			return s
		}
	}
	aScale, bScale, precision, scale, divides := a.Scale, b.Scale, t.Precision, t.Scale, s.Fallible
	s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		x, y, r := columns[decimal128.Num, decimal128.Num](args, out, n)
		for i := range r {
			if out.IsNull(i) {
				continue
			}
			if divides && y[i] == (decimal128.Num{}) {
				return &udf.RowError{Row: i, Err: errDivisionByZero}
			}
			var ok bool
			if r[i], ok = f(x[i], aScale, y[i], bScale, precision, scale); !ok {
				out.SetNull(i)
			}
		}
		return nil
	}
	return s
}

func plusDecimals(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	a, b, r := columns[decimal128.Num, decimal128.Num](args, out, n)
	for i := range r {
		r[i] = a[i].Add(b[i])
	}
	return nil
}

func minusDecimals(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	a, b, r := columns[decimal128.Num, decimal128.Num](args, out, n)
	for i := range r {
		r[i] = a[i].Sub(b[i])
	}
	return nil
}
