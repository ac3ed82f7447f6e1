package builtin

import (
	"encoding/binary"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
	"github.com/weirsql/weir/udf"
)

func aggregateAvg() []udf.Spec {
	return []udf.Spec{{
		Name:     "AVG",
		Family:   "aggregate",
		Usage:    []string{"AVG([DISTINCT] value)"},
		Summary:  "Mean of the values that are not NULL, in the type of the argument (of integers without the fraction), DECIMAL(38, max(s, 6)) for decimals; NULL when there is none.",
		Examples: []udf.Example{{SQL: "AVG(2.5)", Result: "2.500000"}},

		Aggregate: func(c *udf.Call) (*udf.BoundAggregate, error) {
			t, err := numericArg(c)
			if err != nil {
				return nil, err
			}
			result := t
			if t.Kind == types.Decimal {
				result = types.DecimalAvg(t)
			}
			return &udf.BoundAggregate{
				Args:   []types.Type{t},
				Result: result.Nullable(),
				New: func(bool) udf.Accumulator {
					return ofStorage(t, newAvg[int8, int64], newAvg[int16, int64], newAvg[int32, int64], newAvg[int64, int64],
						newAvg[float32, float64], newAvg[float64, float64],
						func() udf.Accumulator { return &avgDecimal{scale: t.Scale, result: result} })
				},
			}, nil
		},
	}}
}

var (
	_ udf.Runner = (*avg[int64, int64])(nil)
	_ udf.Runner = (*avgDecimal)(nil)
)

// avg adds in the wider type S and divides at the end; integers wrap around.
type avg[T integer | float, S int64 | float64] struct {
	state []sumState[S]
}

func newAvg[T integer | float, S int64 | float64]() udf.Accumulator { return &avg[T, S]{} }

func (a *avg[T, S]) Grow(n int)        { a.state = grow(a.state, n) }
func (a *avg[T, S]) Reset(group int32) { a.state[group] = sumState[S]{} }

func (a *avg[T, S]) Add(groups []int32, args []*types.Vector, rows []int32) {
	v, state := args[0], a.state
	x := *values[T](v)
	if rows == nil && noNulls(v) {
		x = x[:len(groups)]
		for k, g := range groups {
			s := &state[g]
			s.sum += S(x[k])
			s.n++
		}
		return
	}
	for k, g := range groups {
		if r := row(rows, k); v.Valid.Get(r) {
			s := &state[g]
			s.sum += S(x[r])
			s.n++
		}
	}
}

func (a *avg[T, S]) Retract(groups []int32, args []*types.Vector, rows []int32) {
	v, state := args[0], a.state
	x := *values[T](v)
	for k, g := range groups {
		if r := row(rows, k); v.Valid.Get(r) {
			s := &state[g]
			s.sum -= S(x[r])
			s.n--
		}
	}
}

// Run implements udf.Runner.
func (a *avg[T, S]) Run(groups []int32, args []*types.Vector, rows []int32, steps []udf.Step, out *types.Vector) {
	v, state := args[0], a.state
	x, at, nulls := *values[T](v), out.N, !noNulls(v)
	y := extend[T](out, len(groups))
	for k, g := range groups {
		s, r := &state[g], row(rows, k)
		if op := step(steps, k); op == udf.StepReset {
			*s = sumState[S]{}
		} else if !nulls || v.Valid.Get(r) {
			switch op {
			case udf.StepAdd:
				s.sum += S(x[r])
				s.n++
			case udf.StepRetract:
				s.sum -= S(x[r])
				s.n--
			}
		}
		if s.n == 0 {
			y[k] = 0
			out.SetNull(at + k)
		} else {
			y[k] = T(s.sum / S(s.n))
		}
	}
}

func (a *avg[T, S]) Merge(dst, src int32) {
	d, s := &a.state[dst], a.state[src]
	d.sum += s.sum
	d.n += s.n
}

func (a *avg[T, S]) Result(groups []int32, out *types.Vector) {
	for _, g := range groups {
		s := a.state[g]
		if s.n == 0 {
			out.AppendNull()
			continue
		}
		appendFixed(out, T(s.sum/S(s.n)), true)
	}
}

// Encode writes the count as a varint and the sum.
func (a *avg[T, S]) Encode(dst []byte, group int32) []byte {
	s := a.state[group]
	return appendValue(binary.AppendVarint(dst, s.n), s.sum)
}

func (a *avg[T, S]) Decode(group int32, src []byte) (rest []byte, err error) {
	s := &a.state[group]
	if s.n, rest, err = takeVarint(src); err == nil {
		s.sum, rest, err = takeValue[S](rest)
	}
	return rest, err
}

func (a *avg[T, S]) Bytes() int { return cap(a.state) * int(unsafe.Sizeof(sumState[S]{})) }

// avgDecimal divides the sum of decimals by their number.
type avgDecimal struct {
	sumDecimal
	scale  int // of the sum
	result types.Type
}

func (a *avgDecimal) Result(groups []int32, out *types.Vector) {
	for _, g := range groups {
		s := a.state[g]
		if s.n == 0 || !s.valid {
			out.AppendNull()
			continue
		}
		q, ok := number.Divide(s.sum, a.scale, decimal128.FromI64(s.n), 0, a.result.Precision, a.result.Scale)
		appendFixed(out, q, ok)
	}
}

// Run implements udf.Runner.
func (a *avgDecimal) Run(groups []int32, args []*types.Vector, rows []int32, steps []udf.Step, out *types.Vector) {
	for k, g := range groups {
		a.take(g, args[0], row(rows, k), step(steps, k))
		a.Result(groups[k:k+1], out)
	}
}
