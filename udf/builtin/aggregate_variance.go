package builtin

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
	"github.com/weirsql/weir/udf"
)

func aggregateVariance() []udf.Spec {
	var specs []udf.Spec
	for _, f := range []struct {
		name, summary, ofOne string
		aliases              []string
		sample, root         bool
	}{
		{"VAR_POP", "Variance of the values that are not NULL", "0.0", nil, false, false},
		{"VAR_SAMP", "Variance of a population of which the values that are not NULL are a sample; NULL for one value", "NULL", []string{"VARIANCE"}, true, false},
		{"STDDEV_POP", "Standard deviation of the values that are not NULL", "0.0", nil, false, true},
		{"STDDEV_SAMP", "Standard deviation of a population of which the values that are not NULL are a sample; NULL for one value", "NULL", []string{"STDDEV"}, true, true},
	} {
		specs = append(specs, udf.Spec{
			Name:     f.name,
			Aliases:  f.aliases,
			Family:   "aggregate",
			Usage:    []string{f.name + "([DISTINCT] value)"},
			Summary:  f.summary + ". In the type of the argument (of integers without the fraction), DECIMAL(38, max(s, 6)) for decimals; NULL when there is none.",
			Examples: []udf.Example{{SQL: f.name + "(2e0)", Result: f.ofOne}},
			Aggregate: func(c *udf.Call) (*udf.BoundAggregate, error) {
				t, err := numericArg(c)
				if err != nil {
					return nil, err
				}
				result := t.Nullable()
				if t.Kind == types.Decimal {
					result = types.DecimalAvg(t)
				}
				return &udf.BoundAggregate{
					Args:   []types.Type{types.DoubleType.WithNotNull(t.NotNull)},
					Result: result,
					New:    func(bool) udf.Accumulator { return &variance{result: result, sample: f.sample, root: f.root} },
				}, nil
			},
		})
	}
	return specs
}

// variance follows the mean and the sum of squared distances from it (Welford's method), which stays exact to the last
// few bits where the difference of two sums of squares, as Flink 1.20 computes it, has none left.
type variance struct {
	state        []moments
	result       types.Type
	sample, root bool
}

type moments struct {
	n        int64
	mean, m2 float64
}

func (m *moments) add(x float64) {
	m.n++
	d := x - m.mean
	m.mean += d / float64(m.n)
	m.m2 += float64(d * (x - m.mean))
}

func (m *moments) remove(x float64) {
	if m.n--; m.n <= 0 {
		// Nothing is left, or a retraction came too early: there is no mean of less than nothing.
		*m = moments{n: m.n}
		return
	}
	d := x - m.mean
	m.mean -= d / float64(m.n)
	m.m2 -= float64(d * (x - m.mean))
	if m.n == 1 || m.m2 < 0 {
		m.m2 = 0 // what is left is rounding
	}
}

func (a *variance) Grow(n int)        { a.state = grow(a.state, n) }
func (a *variance) Reset(group int32) { a.state[group] = moments{} }

func (a *variance) Add(groups []int32, args []*types.Vector, rows []int32) {
	v := args[0]
	for k, g := range groups {
		if r := row(rows, k); v.Valid.Get(r) {
			a.state[g].add(v.F64[r])
		}
	}
}

func (a *variance) Retract(groups []int32, args []*types.Vector, rows []int32) {
	v := args[0]
	for k, g := range groups {
		if r := row(rows, k); v.Valid.Get(r) {
			a.state[g].remove(v.F64[r])
		}
	}
}

func (a *variance) Merge(dst, src int32) {
	d, s := &a.state[dst], a.state[src]
	switch {
	case s.n <= 0:
		d.n += s.n
		return
	case d.n <= 0:
		s.n += d.n
		*d = s
		return
	}
	n := d.n + s.n
	delta := s.mean - d.mean
	d.m2 += s.m2 + float64(delta*delta*float64(d.n)*float64(s.n)/float64(n))
	d.mean += float64(delta * float64(s.n) / float64(n))
	d.n = n
}

func (a *variance) Result(groups []int32, out *types.Vector) {
	for _, g := range groups {
		s := a.state[g]
		n := s.n
		if a.sample {
			n--
		}
		if n <= 0 {
			out.AppendNull()
			continue
		}
		x := s.m2 / float64(n)
		if a.root {
			x = math.Sqrt(x)
		}
		appendFloat(out, x, a.result)
	}
}

// appendFloat appends x in a numeric type, integers without the fraction.
func appendFloat(out *types.Vector, x float64, t types.Type) {
	switch t.Kind {
	case types.TinyInt:
		appendFixed(out, int8(x), true)
	case types.SmallInt:
		appendFixed(out, int16(x), true)
	case types.Int:
		appendFixed(out, int32(x), true)
	case types.BigInt:
		appendFixed(out, int64(x), true)
	case types.Float:
		appendFixed(out, float32(x), true)
	case types.Double:
		appendFixed(out, x, true)
	default:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			out.AppendNull()
			return
		}
		d, ok := number.FromFloat64(x, t.Precision, t.Scale)
		appendFixed(out, d, ok)
	}
}

// Encode writes the count as a varint, the mean and the sum of squared distances.
func (a *variance) Encode(dst []byte, group int32) []byte {
	s := a.state[group]
	return appendValue(appendValue(binary.AppendVarint(dst, s.n), s.mean), s.m2)
}

func (a *variance) Decode(group int32, src []byte) (rest []byte, err error) {
	s := &a.state[group]
	if s.n, rest, err = takeVarint(src); err != nil {
		return nil, err
	}
	if s.mean, rest, err = takeValue[float64](rest); err != nil {
		return nil, err
	}
	s.m2, rest, err = takeValue[float64](rest)
	return rest, err
}

func (a *variance) Bytes() int { return cap(a.state) * int(unsafe.Sizeof(moments{})) }
