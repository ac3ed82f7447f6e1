package builtin

import (
	"errors"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func operatorArithmetic() []udf.Spec {
	return []udf.Spec{
		{
			Name: "+", Usage: []string{"a + b", "+ a", "datetime + interval", "interval + interval"},
			Summary: "Adds two numbers, two intervals, or an interval to a date or time; whole numbers that overflow wrap around.",
			Examples: []udf.Example{
				{SQL: "1 + 2", Result: "3"},
				{SQL: "0.1 + 0.2", Result: "0.3"},
				{SQL: "2147483647 + 1", Result: "-2147483648"},
				{SQL: "DATE '2024-01-31' + INTERVAL '1' MONTH", Result: "2024-02-29"},
			},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				if len(c.Args) == 1 {
					return bindUnary(c, false)
				}
				return bindArithmetic(c, '+')
			},
		},
		{
			Name: "-", Usage: []string{"a - b", "- a", "datetime - interval", "interval - interval"},
			Summary: "Subtracts one number or interval from another, or an interval from a date or time; with one operand, negates it.",
			Examples: []udf.Example{
				{SQL: "5 - 7", Result: "-2"},
				{SQL: "-(3)", Result: "-3"},
				{SQL: "TIMESTAMP '2024-03-01 00:00:00' - INTERVAL '1' SECOND", Result: "2024-02-29 23:59:59"},
			},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				if len(c.Args) == 1 {
					return bindUnary(c, true)
				}
				return bindArithmetic(c, '-')
			},
		},
		{
			Name: "*", Usage: []string{"a * b", "interval * number"},
			Summary: "Multiplies two numbers, or an interval by a whole number; whole numbers that overflow wrap around.",
			Examples: []udf.Example{
				{SQL: "6 * 7", Result: "42"},
				{SQL: "1.00 * 2.000", Result: "2.00000"},
				{SQL: "2 * INTERVAL '1' DAY", Result: "+2 00:00:00.000"},
			},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) { return bindArithmetic(c, '*') },
		},
		{
			Name: "/", Usage: []string{"a / b"},
			Summary: "Divides two numbers; of whole numbers the fraction is cut off, and dividing an exact number by zero fails.",
			Examples: []udf.Example{
				{SQL: "7 / 2", Result: "3"},
				{SQL: "7 / 2.0", Result: "3.500000"},
				{SQL: "1e0 / 4", Result: "0.25"},
			},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) { return bindArithmetic(c, '/') },
		},
		{
			Name: "%", Usage: []string{"a % b"},
			Summary: "Returns the remainder of dividing two exact numbers, with the sign of the first; a zero divisor fails.",
			Examples: []udf.Example{
				{SQL: "7 % 3", Result: "1"},
				{SQL: "-7 % 3", Result: "-1"},
			},
			Scalar: bindModulo,
		},
	}
}

var errDivisionByZero = errors.New("division by zero; NULLIF(divisor, 0) gives NULL instead")

// bindArithmetic binds a operator b. Result types are those of Flink 1.20: the wider of two integers, the approximate
// type when there is one (the left one of FLOAT and DOUBLE, DOUBLE with a DECIMAL), else a DECIMAL by its own rules.
func bindArithmetic(c *udf.Call, op byte) (*udf.BoundScalar, error) {
	ts, err := operands(c, 2, types.IntType)
	if err != nil {
		return nil, err
	}
	a, b := ts[0], ts[1]
	notNull := a.NotNull && b.NotNull
	switch {
	case a.IsInterval() || b.IsInterval():
		return bindInterval(c, op, a, b)
	case !a.IsNumeric() || !b.IsNumeric():
		hint := ""
		if a.IsDatetime() && b.IsDatetime() && op == '-' {
			hint = "TIMESTAMPDIFF(unit, a, b) counts the units between two datetimes"
		} else if a.IsCharacter() || b.IsCharacter() {
			hint = "CAST the text to a number, or use || to join texts"
		}
		return nil, mismatch(c, ts, hint)
	case a.IsApproximate() || b.IsApproximate():
		t := types.DoubleType
		switch {
		case a.IsApproximate() && b.Kind != types.Decimal:
			t = a
		case b.IsApproximate() && a.Kind != types.Decimal:
			t = b
		}
		t = t.WithNotNull(notNull)
		return &udf.BoundScalar{
			Args: []types.Type{t.WithNotNull(a.NotNull), t.WithNotNull(b.NotNull)}, Result: t, Eval: numericLoop(t.Kind, op),
		}, nil
	case a.Kind == types.Decimal || b.Kind == types.Decimal:
		return bindDecimal(op, a, b), nil
	}
	t := a
	if b.Kind > a.Kind {
		t = b
	}
	return &udf.BoundScalar{
		Args: []types.Type{t.WithNotNull(a.NotNull), t.WithNotNull(b.NotNull)}, Result: t.WithNotNull(notNull),
		Fallible: op == '/', Eval: numericLoop(t.Kind, op),
	}, nil
}

func numericLoop(k types.Kind, op byte) udf.Eval {
	switch op {
	case '+':
		return byKind(k, add[int8], add[int16], add[int32], add[int64], add[float32], add[float64])
	case '-':
		return byKind(k, subtract[int8], subtract[int16], subtract[int32], subtract[int64], subtract[float32], subtract[float64])
	case '*':
		return byKind(k, multiply[int8], multiply[int16], multiply[int32], multiply[int64], multiply[float32], multiply[float64])
	}
	return byKind(k, divideInteger[int8], divideInteger[int16], divideInteger[int32], divideInteger[int64],
		divideFloat[float32], divideFloat[float64])
}

// columns returns the operands' and the result's slices, n long. Loops cut the operands to the result's length once more, in sight of
// the compiler, which then leaves out the checks of their bounds.
func columns[A, R udf.Value](args []*types.Vector, out *types.Vector, n int) (a, b []A, r []R) {
	return udf.Values[A](args[0])[:n], udf.Values[A](args[1])[:n], udf.Values[R](out)[:n]
}

func add[T integer | float](_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	a, b, r := columns[T, T](args, out, n)
	a, b = a[:len(r)], b[:len(r)]
	for i := range r {
		r[i] = a[i] + b[i]
	}
	return nil
}

func subtract[T integer | float](_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	a, b, r := columns[T, T](args, out, n)
	a, b = a[:len(r)], b[:len(r)]
	for i := range r {
		r[i] = a[i] - b[i]
	}
	return nil
}

func multiply[T integer | float](_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	a, b, r := columns[T, T](args, out, n)
	a, b = a[:len(r)], b[:len(r)]
	for i := range r {
		r[i] = a[i] * b[i]
	}
	return nil
}

func divideFloat[T float](_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	a, b, r := columns[T, T](args, out, n)
	a, b = a[:len(r)], b[:len(r)]
	for i := range r {
		r[i] = a[i] / b[i]
	}
	return nil
}

func divideInteger[T integer](_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	a, b, r := columns[T, T](args, out, n)
	a, b = a[:len(r)], b[:len(r)]
	for i := range r {
		d := b[i]
		if d == 0 {
			if !out.IsNull(i) {
				return &udf.RowError{Row: i, Err: errDivisionByZero}
			}
			continue
		}
		r[i] = a[i] / d
	}
	return nil
}

// bindModulo binds a % b and MOD(a, b). The type is that of the divisor for integers, in which every remainder fits,
// and DECIMAL by its own rule otherwise.
func bindModulo(c *udf.Call) (*udf.BoundScalar, error) {
	ts, err := operands(c, 2, types.IntType)
	if err != nil {
		return nil, err
	}
	a, b := ts[0], ts[1]
	switch {
	case !a.IsExact() || !b.IsExact():
		return nil, mismatch(c, ts, "remainders are of exact numbers: CAST to a whole number or a DECIMAL")
	case a.Kind == types.Decimal || b.Kind == types.Decimal:
		return bindDecimal('%', a, b), nil
	}
	s := &udf.BoundScalar{Args: ts, Result: b.WithNotNull(a.NotNull && b.NotNull), Fallible: true}
	if a.Kind == b.Kind {
		s.Eval = byKind(b.Kind, modulo[int8], modulo[int16], modulo[int32], modulo[int64], nil, nil)
		return s, nil
	}
	s.Args = []types.Type{types.BigIntType.WithNotNull(a.NotNull), types.BigIntType.WithNotNull(b.NotNull)}
	s.Eval = byKind(b.Kind, moduloOf[int64, int8], moduloOf[int64, int16], moduloOf[int64, int32], modulo[int64], nil, nil)
	return s, nil
}

func modulo[T integer](ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	return moduloOf[T, T](ctx, args, out, n)
}

func moduloOf[A, R integer](_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	a, b, r := columns[A, R](args, out, n)
	a, b = a[:len(r)], b[:len(r)]
	for i := range r {
		d := b[i]
		if d == 0 {
			if !out.IsNull(i) {
				return &udf.RowError{Row: i, Err: errDivisionByZero}
			}
			continue
		}
		r[i] = R(a[i] % d)
	}
	return nil
}

// bindUnary binds +a and -a.
func bindUnary(c *udf.Call, negate bool) (*udf.BoundScalar, error) {
	ts, err := operands(c, 1, types.IntType)
	if err != nil {
		return nil, err
	}
	t := ts[0]
	if !t.IsNumeric() && !t.IsInterval() {
		return nil, mismatch(c, ts, "")
	}
	s := &udf.BoundScalar{Args: ts, Result: t}
	switch {
	case !negate:
		s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, _ int) error {
			out.CopyFrom(args[0])
			return nil
		}
	case t.Kind == types.Decimal:
		s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			r := out.Dec[:n]
			for i, x := range args[0].Dec[:n] {
				r[i] = x.Negate()
			}
			return nil
		}
	case t.Kind == types.IntervalMonth:
		s.Eval = negative[int32]
	case t.Kind == types.IntervalMilli:
		s.Eval = negative[int64]
	default:
		s.Eval = byKind(t.Kind, negative[int8], negative[int16], negative[int32], negative[int64], negative[float32], negative[float64])
	}
	return s, nil
}

func negative[T integer | float](_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	r := udf.Values[T](out)[:n]
	for i, x := range udf.Values[T](args[0])[:n] {
		r[i] = -x
	}
	return nil
}
