package builtin

import (
	"errors"
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
	"github.com/weirsql/weir/udf"
)

func numericRound() []udf.Spec {
	return []udf.Spec{
		{
			Name: "ROUND", Usage: []string{"ROUND(number [, digits])"},
			Summary: "Rounds a number to so many digits behind the point, none by default, halves away from zero; negative digits round before the point.",
			Examples: []udf.Example{
				{SQL: "ROUND(125.315)", Result: "125"},
				{SQL: "ROUND(125.315, 2)", Result: "125.32"},
				{SQL: "ROUND(15, -1)", Result: "20"},
				{SQL: "ROUND(2.675e0, 2)", Result: "2.68"},
			},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) { return bindRound(c, true) },
		},
		{
			Name: "TRUNCATE", Usage: []string{"TRUNCATE(number [, digits])"},
			Summary: "Cuts a number after so many digits behind the point, none by default; negative digits cut before the point.",
			Examples: []udf.Example{
				{SQL: "TRUNCATE(42.345, 2)", Result: "42.34"},
				{SQL: "TRUNCATE(-2.59e0)", Result: "-2.0"},
				{SQL: "TRUNCATE(259, -1)", Result: "250"},
			},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) { return bindRound(c, false) },
		},
	}
}

// bindRound binds ROUND, and with half unset TRUNCATE. A DECIMAL's scale is that of literal digits; with digits from a
// column it keeps its own.
func bindRound(c *udf.Call, half bool) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 1, numberParam, integerParam)
	if err != nil {
		return nil, err
	}
	if len(args) == 2 && c.Args[1].Type.Kind == types.BigInt {
		return nil, udf.Errorf(1, "%s takes an INT here, not BIGINT", c.Name)
	}
	t := args[0]
	digits := digitsOf(0)
	constant := 0
	known := len(args) == 1
	if !known {
		digits = digitsOf(1)
		constant, known = literalInteger(c.Args[1])
	}
	s := &udf.BoundScalar{Args: args, Result: t.WithNotNull(notNull)}
	switch t.Kind {
	case types.Decimal:
		if known {
			s.Result = types.DecimalRound(t, constant).WithNotNull(notNull)
		}
		s.Eval = roundDecimals(t, s.Result, digits, half)
	case types.Float:
		s.Fallible, s.Eval = true, roundFloats[float32](digits, half)
	case types.Double:
		s.Fallible, s.Eval = true, roundFloats[float64](digits, half)
	default:
		s.Eval = byKind(t.Kind, roundIntegers[int8](digits, half), roundIntegers[int16](digits, half),
			roundIntegers[int32](digits, half), roundIntegers[int64](digits, half), nil, nil)
	}
	return s, nil
}

// literalInteger returns the value of an integer literal, and whether it is one.
func literalInteger(a udf.Arg) (int, bool) {
	if !a.Literal {
		return 0, false
	}
	switch n := a.Value.(type) {
	case int8:
		return int(n), true
	case int16:
		return int(n), true
	case int32:
		return int(n), true
	case int64:
		return int(n), true
	}
	return 0, false
}

// digitsOf returns how to read the digits for row i: from argument arg, or zero when arg is 0.
func digitsOf(arg int) func(args []*types.Vector) func(i int) int {
	return func(args []*types.Vector) func(i int) int {
		if arg == 0 {
			return func(int) int { return 0 }
		}
		column := args[arg].I32
		return func(i int) int { return int(column[i]) }
	}
}

type digitsReader = func(args []*types.Vector) func(i int) int

func roundDecimals(from, to types.Type, digits digitsReader, half bool) udf.Eval {
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		r, at := out.Dec[:n], digits(args)
		for i, x := range args[0].Dec[:n] {
			if out.IsNull(i) {
				continue
			}
			y, ok := roundDecimal(x, from.Scale, min(max(at(i), -number.MaxPrecision-1), from.Scale), to, half)
			if r[i] = y; !ok {
				out.SetNull(i)
			}
		}
		return nil
	}
}

// roundDecimal rounds or cuts x, of scale from, to digits behind the point, at most from, and gives it the type to.
func roundDecimal(x decimal128.Num, from, digits int, to types.Type, half bool) (decimal128.Num, bool) {
	var ok bool
	if half {
		x, ok = number.Rescale(x, from, number.MaxPrecision, digits)
	} else {
		x, ok = number.Truncate(x, from, number.MaxPrecision, digits)
	}
	if !ok {
		return x, false
	}
	return number.Rescale(x, digits, to.Precision, to.Scale)
}

func roundIntegers[T integer](digits digitsReader, half bool) udf.Eval {
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		r, at := udf.Values[T](out)[:n], digits(args)
		for i, x := range udf.Values[T](args[0])[:n] {
			if out.IsNull(i) {
				continue
			}
			r[i] = x
			if d := at(i); d < 0 {
				r[i] = T(roundInteger(int64(x), -d, half))
			}
		}
		return nil
	}
}

// roundInteger rounds or cuts the last digits of x. A result past the ends wraps around.
func roundInteger(x int64, digits int, half bool) int64 {
	if digits > 19 {
		return 0
	}
	if digits == 19 { // ten to the 19 takes more than 63 bits
		switch {
		case half && x >= 5e18:
			return math.MinInt64 + (1e19 - 1<<63)
		case half && x <= -5e18:
			return math.MaxInt64 - (1e19 - 1<<63) + 1
		}
		return 0
	}
	p := int64(1)
	for range digits {
		p *= 10
	}
	rest := x % p
	x -= rest
	if half && rest >= p-rest {
		x += p
	} else if half && -rest >= p+rest {
		x -= p
	}
	return x
}

var errNotFinite = errors.New("NaN and Infinity can't be rounded")

func roundFloats[T float](digits digitsReader, half bool) udf.Eval {
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		r, at := udf.Values[T](out)[:n], digits(args)
		for i, x := range udf.Values[T](args[0])[:n] {
			if out.IsNull(i) {
				continue
			}
			if x-x != 0 {
				return &udf.RowError{Row: i, Err: errNotFinite}
			}
			r[i] = T(roundFloat(float64(x), at(i), half))
		}
		return nil
	}
}

// roundFloat rounds or cuts the shortest text of x, as Flink does: 2.675, a little less than that in binary, rounds to
// 2.68. There is no negative zero.
func roundFloat(x float64, digits int, half bool) float64 {
	if x == 0 {
		return 0
	}
	var buf [40]byte
	text := strconv.AppendFloat(buf[:0], math.Abs(x), 'e', -1, 64) // d.ddde±xx
	mantissa := 1
	for text[mantissa] != 'e' {
		mantissa++
	}
	exponent, err := strconv.Atoi(string(text[mantissa+1:]))
	if err != nil {
		return x // strconv writes no other exponent
	}
	// How many of the digits stay.
	significant := mantissa
	if significant > 1 {
		significant-- // the point
	}
	keep := exponent + 1 + digits
	switch {
	case keep >= significant:
		return x
	case keep < 0:
		return 0
	}
	digit := func(i int) *byte {
		if i > 0 {
			i++ // behind the point
		}
		return &text[i]
	}
	up := half && *digit(keep) >= '5'
	for i := keep; i < significant; i++ {
		*digit(i) = '0'
	}
	for i := keep - 1; up && i >= 0; i-- {
		if *digit(i) != '9' {
			*digit(i)++
			up = false
			break
		}
		*digit(i) = '0'
	}
	if up { // all nines, or no digit left: one in front
		y := math.Pow10(exponent + 1)
		return math.Copysign(y, x)
	}
	y, err := strconv.ParseFloat(string(text), 64)
	if err != nil || y == 0 {
		return 0
	}
	return math.Copysign(y, x)
}
