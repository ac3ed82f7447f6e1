package builtin

import (
	"encoding/binary"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
	"github.com/weirsql/weir/udf"
)

func aggregateSum() []udf.Spec {
	bind := func(ifEmpty bool) func(c *udf.Call) (*udf.BoundAggregate, error) {
		return func(c *udf.Call) (*udf.BoundAggregate, error) {
			t, err := numericArg(c)
			if err != nil {
				return nil, err
			}
			result := t
			if t.Kind == types.Decimal {
				result = types.DecimalSum(t)
			}
			return &udf.BoundAggregate{
				Args:   []types.Type{t},
				Result: result.WithNotNull(ifEmpty),
				New: func(bool) udf.Accumulator {
					return ofStorage(t, newSum[int8](ifEmpty), newSum[int16](ifEmpty), newSum[int32](ifEmpty),
						newSum[int64](ifEmpty), newSum[float32](ifEmpty), newSum[float64](ifEmpty),
						func() udf.Accumulator { return &sumDecimal{zeroIfEmpty: ifEmpty} })
				},
			}, nil
		}
	}
	return []udf.Spec{
		{
			Name:     "SUM",
			Family:   "aggregate",
			Usage:    []string{"SUM([DISTINCT] value)"},
			Summary:  "Sum of the values that are not NULL, in the type of the argument (integers wrap around), DECIMAL(38, s) for decimals; NULL when there is none.",
			Examples: []udf.Example{{SQL: "SUM(5)", Result: "5"}, {SQL: "SUM(CAST(NULL AS INT))", Result: "NULL"}},

			Aggregate: bind(false),
		},
		{
			Name:    "$SUM0",
			Aliases: []string{"SUM0"},
			Family:  "aggregate",
			Usage:   []string{"SUM0(value)"},
			Summary: "SUM with 0 in place of NULL; plans use it to add up counts.",
			Hidden:  true,

			Aggregate: bind(true),
		},
	}
}

var (
	_ udf.Runner = (*sum[int64])(nil)
	_ udf.Runner = (*sumDecimal)(nil)
)

// sum adds integers, which wrap around, or floats, in the type of the argument.
type sum[T integer | float] struct {
	state       []sumState[T]
	zeroIfEmpty bool
}

type sumState[T integer | float] struct {
	sum T
	n   int64 // values in the sum; negative when more were retracted than added
}

func newSum[T integer | float](zeroIfEmpty bool) func() udf.Accumulator {
	return func() udf.Accumulator { return &sum[T]{zeroIfEmpty: zeroIfEmpty} }
}

func (a *sum[T]) Grow(n int)        { a.state = grow(a.state, n) }
func (a *sum[T]) Reset(group int32) { a.state[group] = sumState[T]{} }

func (a *sum[T]) Add(groups []int32, args []*types.Vector, rows []int32) {
	v, state := args[0], a.state
	x := *values[T](v)
	switch {
	case !noNulls(v):
		for k, g := range groups {
			if r := row(rows, k); v.Valid.Get(r) {
				s := &state[g]
				s.sum += x[r]
				s.n++
			}
		}
	case rows == nil:
		x = x[:len(groups)]
		for k, g := range groups {
			s := &state[g]
			s.sum += x[k]
			s.n++
		}
	default:
		rows = rows[:len(groups)]
		for k, g := range groups {
			s := &state[g]
			s.sum += x[rows[k]]
			s.n++
		}
	}
}

func (a *sum[T]) Retract(groups []int32, args []*types.Vector, rows []int32) {
	v, state := args[0], a.state
	x := *values[T](v)
	for k, g := range groups {
		if r := row(rows, k); v.Valid.Get(r) {
			s := &state[g]
			s.sum -= x[r]
			s.n--
		}
	}
}

// Run implements udf.Runner.
func (a *sum[T]) Run(groups []int32, args []*types.Vector, rows []int32, steps []udf.Step, out *types.Vector) {
	v, state := args[0], a.state
	x, at, nulls := *values[T](v), out.N, !noNulls(v)
	y := extend[T](out, len(groups))
	for k, g := range groups {
		s, r := &state[g], row(rows, k)
		if op := step(steps, k); op == udf.StepReset {
			*s = sumState[T]{}
		} else if !nulls || v.Valid.Get(r) {
			switch op {
			case udf.StepAdd:
				s.sum += x[r]
				s.n++
			case udf.StepRetract:
				s.sum -= x[r]
				s.n--
			}
		}
		if y[k] = s.sum; s.n == 0 {
			y[k] = 0 // floats may leave a remainder
			if !a.zeroIfEmpty {
				out.SetNull(at + k)
			}
		}
	}
}

func (a *sum[T]) Merge(dst, src int32) {
	d, s := &a.state[dst], a.state[src]
	d.sum += s.sum
	d.n += s.n
}

func (a *sum[T]) Result(groups []int32, out *types.Vector) {
	for _, g := range groups {
		s := a.state[g]
		if s.n == 0 {
			s.sum = 0 // floats may leave a remainder
		}
		appendFixed(out, s.sum, s.n != 0 || a.zeroIfEmpty)
	}
}

// Encode writes the count as a varint and the sum.
func (a *sum[T]) Encode(dst []byte, group int32) []byte {
	s := a.state[group]
	return appendValue(binary.AppendVarint(dst, s.n), s.sum)
}

func (a *sum[T]) Decode(group int32, src []byte) (rest []byte, err error) {
	s := &a.state[group]
	if s.n, rest, err = takeVarint(src); err == nil {
		s.sum, rest, err = takeValue[T](rest)
	}
	return rest, err
}

func (a *sum[T]) Bytes() int { return cap(a.state) * int(unsafe.Sizeof(sumState[T]{})) }

// sumDecimal adds decimals of one scale. A sum of more than 38 digits is NULL, and the next value starts it anew: that
// is what Flink's addition of a NULL intermediate sum amounts to.
type sumDecimal struct {
	state       []sumDecimalState
	zeroIfEmpty bool
}

type sumDecimalState struct {
	sum   decimal128.Num
	n     int64
	valid bool // sum holds a number
}

func (s *sumDecimalState) add(x decimal128.Num) {
	if !s.valid {
		s.sum, s.valid = x, true
		return
	}
	s.sum, s.valid = number.Add(s.sum, 0, x, 0, types.MaxDecimalPrecision, 0)
}

func (a *sumDecimal) Grow(n int)        { a.state = grow(a.state, n) }
func (a *sumDecimal) Reset(group int32) { a.state[group] = sumDecimalState{} }

func (a *sumDecimal) Add(groups []int32, args []*types.Vector, rows []int32) {
	v := args[0]
	for k, g := range groups {
		if r := row(rows, k); v.Valid.Get(r) {
			s := &a.state[g]
			s.add(v.Dec[r])
			s.n++
		}
	}
}

func (a *sumDecimal) Retract(groups []int32, args []*types.Vector, rows []int32) {
	v := args[0]
	for k, g := range groups {
		if r := row(rows, k); v.Valid.Get(r) {
			s := &a.state[g]
			s.add(v.Dec[r].Negate())
			s.n--
		}
	}
}

// Run implements udf.Runner.
func (a *sumDecimal) Run(groups []int32, args []*types.Vector, rows []int32, steps []udf.Step, out *types.Vector) {
	for k, g := range groups {
		a.take(g, args[0], row(rows, k), step(steps, k))
		a.Result(groups[k:k+1], out)
	}
}

// take does with one row what the step says.
func (a *sumDecimal) take(group int32, v *types.Vector, r int, op udf.Step) {
	switch s := &a.state[group]; {
	case op == udf.StepReset:
		*s = sumDecimalState{}
	case op == udf.StepAdd && v.Valid.Get(r):
		s.add(v.Dec[r])
		s.n++
	case op == udf.StepRetract && v.Valid.Get(r):
		s.add(v.Dec[r].Negate())
		s.n--
	}
}

func (a *sumDecimal) Merge(dst, src int32) {
	d, s := &a.state[dst], a.state[src]
	if s.valid {
		d.add(s.sum)
	}
	d.n += s.n
}

func (a *sumDecimal) Result(groups []int32, out *types.Vector) {
	for _, g := range groups {
		s := a.state[g]
		switch {
		case s.n == 0:
			appendFixed(out, decimal128.Num{}, a.zeroIfEmpty)
		default:
			appendFixed(out, s.sum, s.valid)
		}
	}
}

// Encode writes the count as a varint, whether there is a sum, and the sum.
func (a *sumDecimal) Encode(dst []byte, group int32) []byte {
	s := a.state[group]
	return appendValue(appendValue(binary.AppendVarint(dst, s.n), s.valid), s.sum)
}

func (a *sumDecimal) Decode(group int32, src []byte) (rest []byte, err error) {
	s := &a.state[group]
	if s.n, rest, err = takeVarint(src); err != nil {
		return nil, err
	}
	if s.valid, rest, err = takeValue[bool](rest); err != nil {
		return nil, err
	}
	s.sum, rest, err = takeValue[decimal128.Num](rest)
	return rest, err
}

func (a *sumDecimal) Bytes() int { return cap(a.state) * int(unsafe.Sizeof(sumDecimalState{})) }
