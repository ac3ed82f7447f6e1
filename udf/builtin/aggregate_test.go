package builtin

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// bindAggregate binds name to columns of the given types.
func bindAggregate(t testing.TB, name string, args ...types.Type) *udf.BoundAggregate {
	t.Helper()
	a, err := tryBindAggregate(t, name, args...)
	if err != nil {
		t.Fatalf("bind %s%v: %v", name, args, err)
	}
	return a
}

func tryBindAggregate(t testing.TB, name string, args ...types.Type) (*udf.BoundAggregate, error) {
	t.Helper()
	reg := udf.NewRegistry()
	for _, s := range aggregates() {
		if err := reg.Register(s); err != nil {
			t.Fatal(err)
		}
	}
	spec, ok := reg.Lookup(name)
	if !ok {
		t.Fatalf("no function %s", name)
	}
	c := &udf.Call{Name: name}
	for _, a := range args {
		c.Args = append(c.Args, udf.Arg{Type: a})
	}
	return spec.Aggregate(c)
}

// column makes a vector of Go values.
func column(t types.Type, values ...any) *types.Vector {
	v := types.NewVector(t)
	for _, x := range values {
		v.AppendValue(x)
	}
	return v
}

func results(a *udf.BoundAggregate, acc udf.Accumulator, groups ...int32) []any {
	out := types.NewVector(a.Result)
	acc.Result(groups, out)
	if out.N != len(groups) {
		panic(fmt.Sprintf("%d results for %d groups", out.N, len(groups)))
	}
	var got []any
	for i := range out.N {
		got = append(got, out.Value(i))
	}
	return got
}

func dec(x int64) decimal128.Num { return decimal128.FromI64(x) }

// dec38 is 10^38 - 1.
var dec38 = decimal128.GetScaleMultiplier(38).Sub(dec(1))

// Types and NULL rules: Flink's LogicalTypeMerging (findSumAggType, findAvgAggType) and its SqlStdOperatorTable.
func TestAggregateTypes(t *testing.T) {
	for _, test := range []struct {
		name string
		arg  types.Type
		want string
	}{
		{"COUNT", types.StringType, "BIGINT NOT NULL"},
		{"SUM", types.TinyIntType, "TINYINT"},
		{"SUM", types.SmallIntType, "SMALLINT"},
		{"SUM", types.IntType.WithNotNull(true), "INT"},
		{"SUM", types.BigIntType, "BIGINT"},
		{"SUM", types.FloatType, "FLOAT"},
		{"SUM", types.DoubleType, "DOUBLE"},
		{"SUM", types.DecimalType(10, 2), "DECIMAL(38, 2)"},
		{"$SUM0", types.BigIntType, "BIGINT NOT NULL"},
		{"AVG", types.IntType, "INT"},
		{"AVG", types.FloatType, "FLOAT"},
		{"AVG", types.DecimalType(10, 2), "DECIMAL(38, 6)"},
		{"AVG", types.DecimalType(20, 10), "DECIMAL(38, 10)"},
		{"MIN", types.DecimalType(10, 2).WithNotNull(true), "DECIMAL(10, 2)"},
		{"MAX", types.VarcharType(5), "VARCHAR(5)"},
		{"MAX", types.TimestampType(3).WithAttr(types.Rowtime), "TIMESTAMP(3)"},
		{"FIRST_VALUE", types.ArrayType(types.IntType), "ARRAY<INT>"},
		{"LAST_VALUE", types.NullType, "INT"},
		{"STDDEV_POP", types.TinyIntType.WithNotNull(true), "TINYINT"},
		{"VARIANCE", types.DecimalType(10, 2), "DECIMAL(38, 6)"},
		{"COLLECT", types.StringType, "MULTISET<STRING> NOT NULL"},
		{"ARRAY_AGG", types.IntType.WithNotNull(true), "ARRAY<INT NOT NULL>"},
		{"LISTAGG", types.CharType(3), "STRING"},
	} {
		if got := bindAggregate(t, test.name, test.arg).Result.String(); got != test.want {
			t.Errorf("%s(%s) is %s, want %s", test.name, test.arg, got, test.want)
		}
	}
	for _, test := range []struct {
		name string
		args []types.Type
	}{
		{"SUM", []types.Type{types.StringType}},
		{"SUM", nil},
		{"AVG", []types.Type{types.IntType, types.IntType}},
		{"AVG", []types.Type{types.DateType}},
		{"MAX", []types.Type{types.ArrayType(types.IntType)}},
		{"MIN", nil},
		{"FIRST_VALUE", nil},
		{"LISTAGG", []types.Type{types.IntType}},
		{"LISTAGG", []types.Type{types.StringType, types.StringType}},
		{"STDDEV", []types.Type{types.BooleanType}},
	} {
		if a, err := tryBindAggregate(t, test.name, test.args...); err == nil {
			t.Errorf("%s%v binds to %v", test.name, test.args, a.Result)
		}
	}
}

func TestAggregateArithmetic(t *testing.T) {
	for _, test := range []struct {
		name   string
		arg    types.Type
		values []any
		want   any
	}{
		{"SUM", types.TinyIntType, []any{int8(100), int8(100)}, int8(-56)},
		{"SUM", types.BigIntType, []any{int64(math.MaxInt64), int64(1)}, int64(math.MinInt64)},
		{"SUM", types.IntType, []any{nil, nil}, nil},
		{"SUM", types.IntType, nil, nil},
		{"$SUM0", types.IntType, []any{nil}, int32(0)},
		{"SUM", types.FloatType, []any{float32(1.5), nil, float32(2)}, float32(3.5)},
		{"SUM", types.DecimalType(10, 2), []any{dec(150), dec(-25)}, dec(125)},
		{"SUM", types.DecimalType(38, 0), []any{dec38, dec(1)}, nil},
		{"SUM", types.DecimalType(38, 0), []any{dec38, dec38}, nil},
		{"SUM", types.DecimalType(38, 0), []any{dec38, dec(1), dec(7)}, dec(7)},
		{"AVG", types.IntType, []any{int32(1), int32(2), int32(2)}, int32(1)},
		{"AVG", types.IntType, []any{int32(-1), int32(-2), nil}, int32(-1)},
		{"AVG", types.IntType, []any{int32(math.MaxInt32), int32(math.MaxInt32)}, int32(math.MaxInt32)},
		{"AVG", types.FloatType, []any{float32(1), float32(2)}, float32(1.5)},
		{"AVG", types.DoubleType, []any{nil}, nil},
		{"AVG", types.DecimalType(10, 2), []any{dec(100), dec(100), dec(0)}, dec(666667)},
		{"AVG", types.DecimalType(10, 2), []any{dec(-100), dec(-100), dec(0)}, dec(-666667)},
		{"COUNT", types.IntType, []any{nil, int32(1), nil}, int64(1)},
		{"MIN", types.StringType, []any{"b", "", nil, "é"}, ""},
		{"MAX", types.StringType, []any{"b", "", nil, "é"}, "é"},
		{"MAX", types.BooleanType, []any{false, nil, true}, true},
		{"MIN", types.DecimalType(5, 1), []any{dec(3), dec(-12)}, dec(-12)},
		{"MAX", types.DoubleType, []any{-1.0, math.Inf(-1)}, -1.0},
		{"MAX", types.DateType, []any{nil}, nil},
		{"FIRST_VALUE", types.StringType, []any{nil, "", "x"}, ""},
		{"LAST_VALUE", types.StringType, []any{"x", "y", nil}, "y"},
		{"LAST_VALUE", types.ArrayType(types.IntType), []any{[]any{int32(1)}, []any{nil, int32(2)}}, []any{nil, int32(2)}},
		{"FIRST_VALUE", types.BooleanType, []any{nil, true, false}, true},
		{"VAR_POP", types.DoubleType, []any{1.0, 1.5, 2.0, nil}, 1.0 / 6},
		{"VAR_SAMP", types.DoubleType, []any{1.0, 1.5, 2.0}, 0.25},
		{"STDDEV_SAMP", types.DoubleType, []any{0.27, 0.27, 0.27}, 0.0},
		{"STDDEV_SAMP", types.DoubleType, []any{1.0}, nil},
		{"STDDEV_POP", types.DoubleType, []any{1.0}, 0.0},
		{"STDDEV_POP", types.SmallIntType, []any{16.0, 32.0, 48.0}, int16(13)},
		{"VAR_POP", types.IntType, []any{256.0, 512.0, 768.0}, int32(43690)},
		{"VAR_SAMP", types.BigIntType, []any{4096.0, 8192.0, 12288.0}, int64(16777216)},
		{"VAR_POP", types.DecimalType(10, 2), []any{1.10, 2.25, 4.40}, dec(1870556)},
		{"LISTAGG", types.StringType, []any{"x", nil, "x", "z"}, "x,x,z"},
		{"LISTAGG", types.StringType, []any{""}, ""},
		{"LISTAGG", types.StringType, []any{nil}, nil},
		{"ARRAY_AGG", types.IntType, []any{int32(1), nil, int32(2)}, []any{int32(1), nil, int32(2)}},
		{"ARRAY_AGG", types.IntType, nil, nil},
		{"COLLECT", types.StringType, []any{"x", nil, "z", "x"}, [][2]any{{"x", int32(2)}, {"z", int32(1)}}},
		{"COLLECT", types.StringType, nil, [][2]any{}},
	} {
		a := bindAggregate(t, test.name, test.arg)
		for _, retract := range []bool{false, true} {
			acc := a.New(retract)
			acc.Grow(1)
			acc.Add(make([]int32, len(test.values)), []*types.Vector{column(a.Args[0], test.values...)}, nil)
			if got := results(a, acc, 0)[0]; !cmp.Equal(got, test.want, compareDecimals) {
				t.Errorf("%s of %v as %s (retract %v) is %v, want %v", test.name, test.values, test.arg, retract, got, test.want)
			}
		}
	}
}

var compareDecimals = cmp.Comparer(func(a, b decimal128.Num) bool { return a == b })

// COUNT of several arguments counts the rows in which none is NULL, COUNT of none counts all.
func TestCountArguments(t *testing.T) {
	a := bindAggregate(t, "COUNT", types.IntType, types.StringType)
	acc := a.New(false)
	acc.Grow(2)
	x, y := column(types.IntType, int32(1), nil, int32(3), int32(4)), column(types.StringType, "a", "b", nil, "d")
	acc.Add([]int32{0, 0, 0, 1}, []*types.Vector{x, y}, nil)
	if got := results(a, acc, 0, 1); !slices.Equal(got, []any{int64(1), int64(1)}) {
		t.Errorf("COUNT(x, y) is %v, want 1 and 1", got)
	}
	star := bindAggregate(t, "COUNT")
	acc = star.New(false)
	acc.Grow(1)
	acc.Add([]int32{0, 0, 0}, nil, nil)
	acc.Retract([]int32{0}, nil, nil)
	if got := results(star, acc, 0)[0]; got != int64(2) {
		t.Errorf("COUNT(*) is %v, want 2", got)
	}
}

// The variance of many values, in the face of retractions and across merges and restores, is that of two passes over
// what is left.
func TestVarianceAgreesWithTwoPasses(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	a := bindAggregate(t, "VAR_SAMP", types.DoubleType)
	acc := a.New(true)
	acc.Grow(2)
	left := types.NewVector(types.DoubleType)
	for range 2000 {
		left.AppendValue(1e6 + rnd.NormFloat64())
	}
	to := make([]int32, left.N)
	for i := range to {
		to[i] = int32(i % 2)
	}
	acc.Add(to, []*types.Vector{left}, nil)
	acc.Retract(to[:500], []*types.Vector{left}, nil)
	acc.Merge(0, 1)
	other := a.New(true)
	other.Grow(1)
	if rest, err := other.Decode(0, acc.Encode(nil, 0)); err != nil || len(rest) > 0 {
		t.Fatalf("decode: %v, %d bytes left", err, len(rest))
	}
	values := left.F64[500:]
	mean, m2 := 0.0, 0.0
	for _, x := range values {
		mean += x / float64(len(values))
	}
	for _, x := range values {
		m2 += (x - mean) * (x - mean)
	}
	want := m2 / float64(len(values)-1)
	if got := results(a, other, 0)[0].(float64); math.Abs(got-want) > 1e-6*want {
		t.Errorf("variance is %v, want %v", got, want)
	}
}

// A multiset forgets what is retracted, in any order, and keeps the rest through a restore.
func TestCollectRetracts(t *testing.T) {
	a := bindAggregate(t, "COLLECT", types.StringType)
	acc := a.New(true)
	acc.Grow(2)
	v := []*types.Vector{column(types.StringType, "a", "b", "a", "c", nil)}
	acc.Retract([]int32{0}, v, []int32{1})
	acc.Add([]int32{0, 0, 0, 0, 0}, v, nil)
	acc.Retract([]int32{0}, v, []int32{0})
	acc.Add([]int32{1}, v, []int32{3})
	acc.Merge(0, 1)
	want := [][2]any{{"a", int32(1)}, {"c", int32(2)}}
	if got := results(a, acc, 0)[0]; !cmp.Equal(got, want) {
		t.Errorf("multiset is %v, want %v", got, want)
	}
	other := a.New(true)
	other.Grow(1)
	if rest, err := other.Decode(0, acc.Encode(nil, 0)); err != nil || len(rest) > 0 {
		t.Fatalf("decode: %v, %d bytes left", err, len(rest))
	}
	if got := results(a, other, 0)[0]; !cmp.Equal(got, want) {
		t.Errorf("restored multiset is %v, want %v", got, want)
	}
}

// A retraction may come before what it retracts; the two cancel out (Flink's Min/MaxWithRetractAggFunction, SUM and
// COUNT alike).
func TestRetractionFirst(t *testing.T) {
	for _, test := range []struct {
		name string
		want []any // after -5, then +3, then +5
	}{
		{"MAX", []any{nil, int32(3), int32(3)}},
		{"MIN", []any{nil, int32(3), int32(3)}},
		{"SUM", []any{int32(-5), nil, int32(3)}},
		{"COUNT", []any{int64(-1), int64(0), int64(1)}},
	} {
		a := bindAggregate(t, test.name, types.IntType)
		acc := a.New(true)
		acc.Grow(1)
		v := []*types.Vector{column(types.IntType, int32(5), int32(3))}
		group := []int32{0}
		acc.Retract(group, v, nil)
		got := results(a, acc, 0)
		acc.Add(group, v, []int32{1})
		got = append(got, results(a, acc, 0)...)
		acc.Add(group, v, []int32{0})
		got = append(got, results(a, acc, 0)...)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s gives %v, want %v", test.name, got, test.want)
		}
	}
}

// FIRST_VALUE and LAST_VALUE forget the oldest of equal values, and ignore a retraction of what never came.
func TestRetractEnds(t *testing.T) {
	v := []*types.Vector{column(types.StringType, "a", "b", "a", "c", "z", nil)}
	for _, test := range []struct {
		name    string
		retract []int32 // rows of v
		want    any
	}{
		{"FIRST_VALUE", []int32{0}, "b"},
		{"FIRST_VALUE", []int32{0, 1}, "a"},
		{"LAST_VALUE", []int32{3}, "a"},
		{"LAST_VALUE", []int32{3, 2}, "a"}, // the older "a" is taken
		{"LAST_VALUE", []int32{3, 2, 2}, "b"},
		{"LAST_VALUE", []int32{3, 2, 2, 1, 4, 5}, nil},
	} {
		a := bindAggregate(t, test.name, types.StringType)
		acc := a.New(true)
		acc.Grow(1)
		acc.Add(make([]int32, 4), v, []int32{0, 1, 2, 3})
		acc.Retract(make([]int32, len(test.retract)), v, test.retract)
		if got := results(a, acc, 0)[0]; got != test.want {
			t.Errorf("%s after retracting %v is %v, want %v", test.name, test.retract, got, test.want)
		}
	}
}

// A naive evaluation of each function over the values that are left, in order of arrival, NULLs included. Sums are of
// small numbers here, so floats are exact.
var naive = map[string]func(values []any) any{
	"COUNT": func(values []any) any { return int64(len(nonNull(values))) },
	"SUM": func(values []any) any {
		values = nonNull(values)
		if len(values) == 0 {
			return nil
		}
		return scaleBack(values[0], total(values))
	},
	"AVG": func(values []any) any {
		values = nonNull(values)
		if len(values) == 0 {
			return nil
		}
		n := big.NewRat(int64(len(values)), 1)
		mean := new(big.Rat).Quo(total(values), n)
		switch values[0].(type) {
		case decimal128.Num: // scale 2 to scale 6
			return decString(mean.Mul(mean, big.NewRat(10000, 1)).FloatString(0))
		case float32, float64:
			f, _ := total(values).Float64()
			f /= float64(len(values))
			if _, ok := values[0].(float32); ok {
				return float32(f)
			}
			return f
		}
		return scaleBack(values[0], new(big.Rat).SetInt(new(big.Int).Quo(mean.Num(), mean.Denom())))
	},
	"MIN": func(values []any) any { return extreme(values, -1) },
	"MAX": func(values []any) any { return extreme(values, 1) },
	"FIRST_VALUE": func(values []any) any {
		if values = nonNull(values); len(values) > 0 {
			return values[0]
		}
		return nil
	},
	"LAST_VALUE": func(values []any) any {
		if values = nonNull(values); len(values) > 0 {
			return values[len(values)-1]
		}
		return nil
	},
	"ARRAY_AGG": func(values []any) any {
		if len(values) == 0 {
			return nil
		}
		return values
	},
	"LISTAGG": func(values []any) any {
		values = nonNull(values)
		if len(values) == 0 {
			return nil
		}
		var texts []string
		for _, x := range values {
			texts = append(texts, x.(string))
		}
		return strings.Join(texts, ",")
	},
}

func nonNull(values []any) []any {
	return slices.DeleteFunc(slices.Clone(values), func(x any) bool { return x == nil })
}

func decString(s string) decimal128.Num {
	b, _ := new(big.Int).SetString(s, 10)
	return decimal128.FromBigInt(b)
}

func rat(x any) *big.Rat {
	r := new(big.Rat)
	switch x := x.(type) {
	case int8:
		return r.SetInt64(int64(x))
	case int16:
		return r.SetInt64(int64(x))
	case int32:
		return r.SetInt64(int64(x))
	case int64:
		return r.SetInt64(x)
	case float32:
		return r.SetFloat64(float64(x))
	case float64:
		return r.SetFloat64(x)
	case decimal128.Num:
		return r.SetInt(x.BigInt())
	}
	panic(fmt.Sprintf("%T is not a number", x))
}

func total(values []any) *big.Rat {
	sum := new(big.Rat)
	for _, x := range values {
		sum.Add(sum, rat(x))
	}
	return sum
}

// scaleBack returns r in the Go type of like; integers are cut to its bits.
func scaleBack(like any, r *big.Rat) any {
	f, _ := r.Float64()
	switch like.(type) {
	case int8:
		return int8(r.Num().Int64())
	case int16:
		return int16(r.Num().Int64())
	case int32:
		return int32(r.Num().Int64())
	case int64:
		return r.Num().Int64()
	case float32:
		return float32(f)
	case float64:
		return f
	}
	return decimal128.FromBigInt(r.Num())
}

func extreme(values []any, sign int) any {
	var best any
	for _, x := range nonNull(values) {
		if best == nil || compareValues(x, best)*sign > 0 {
			best = x
		}
	}
	return best
}

func compareValues(a, b any) int {
	switch a := a.(type) {
	case string:
		switch {
		case a < b.(string):
			return -1
		case a > b.(string):
			return 1
		}
		return 0
	case bool:
		x, y := 0, 0
		if a {
			x = 1
		}
		if b.(bool) {
			y = 1
		}
		return x - y
	}
	return rat(a).Cmp(rat(b))
}

// randomValue draws from few values, so that equal ones are common, and NULL.
func randomValue(rnd *rand.Rand, t types.Type) any {
	if rnd.IntN(6) == 0 {
		return nil
	}
	x := rnd.IntN(41) - 20
	switch t.Kind.Storage() {
	case types.StoreBool:
		return x > 0
	case types.StoreI8:
		return int8(x)
	case types.StoreI16:
		return int16(x)
	case types.StoreI32:
		return int32(x)
	case types.StoreI64:
		return int64(x)
	case types.StoreF32:
		return float32(x) / 4
	case types.StoreF64:
		return float64(x) / 4
	case types.StoreDec:
		return dec(int64(x))
	}
	return []string{"", "a", "aa", "ab", "b", "ä", "😀", "a long one of more than eight bytes"}[rnd.IntN(8)]
}

// Random batches of additions and retractions over several groups, with groups reset, merged, and carried over to
// another accumulator through Encode and Decode, agree with the naive evaluation of what is left.
func TestAggregatesAgreeWithNaiveEvaluation(t *testing.T) {
	numbers := []types.Type{
		types.TinyIntType, types.SmallIntType, types.IntType, types.BigIntType, types.FloatType, types.DoubleType,
		types.DecimalType(10, 2),
	}
	ordered := append(slices.Clone(numbers), types.BooleanType, types.DateType, types.TimestampType(3), types.StringType)
	domains := map[string][]types.Type{
		"COUNT": ordered, "SUM": numbers, "AVG": numbers, "MIN": ordered, "MAX": ordered,
		"FIRST_VALUE": ordered, "LAST_VALUE": ordered, "ARRAY_AGG": ordered, "LISTAGG": {types.StringType},
	}
	for name, domain := range domains {
		for _, typ := range domain {
			for _, retract := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s(%s) retract=%v", name, typ, retract), func(t *testing.T) {
					for seed := range uint64(2) {
						checkAgainstNaive(t, bindAggregate(t, name, typ), naive[name], retract, seed)
					}
				})
			}
		}
	}
}

func checkAgainstNaive(t *testing.T, a *udf.BoundAggregate, naive func([]any) any, retract bool, seed uint64) {
	const groups = 5
	rnd := rand.New(rand.NewPCG(seed, 1))
	acc := a.New(retract)
	acc.Grow(groups)
	left := make([][]any, groups)
	all := []int32{0, 1, 2, 3, 4}
	for step := range 40 {
		switch action := rnd.IntN(10); {
		case action == 0:
			g := rnd.IntN(groups)
			acc.Reset(int32(g))
			left[g] = nil
		case action == 1:
			dst, src := rnd.IntN(groups), rnd.IntN(groups)
			if dst != src {
				acc.Merge(int32(dst), int32(src))
				left[dst] = append(left[dst], left[src]...)
			}
		case action == 2:
			var state []byte
			for _, g := range all {
				state = acc.Encode(state, g)
			}
			acc = a.New(retract)
			acc.Grow(2)
			acc.Grow(groups)
			for _, g := range all {
				var err error
				if state, err = acc.Decode(g, state); err != nil {
					t.Fatalf("seed %d step %d: decode group %d: %v", seed, step, g, err)
				}
			}
			if len(state) > 0 {
				t.Fatalf("seed %d step %d: %d bytes of state are left over", seed, step, len(state))
			}
		case action < 6 && retract:
			v := types.NewVector(a.Args[0])
			var to []int32
			for range rnd.IntN(8) {
				g := rnd.IntN(groups)
				if len(left[g]) == 0 {
					continue
				}
				i := rnd.IntN(len(left[g]))
				i = slices.IndexFunc(left[g], func(x any) bool { return cmp.Equal(x, left[g][i], compareDecimals) })
				v.AppendValue(left[g][i])
				to = append(to, int32(g))
				left[g] = slices.Delete(left[g], i, i+1)
			}
			acc.Retract(to, []*types.Vector{v}, nil)
		default:
			v := types.NewVector(a.Args[0])
			n := rnd.IntN(40)
			nulls := rnd.IntN(2) == 0
			for v.N < n {
				if x := randomValue(rnd, a.Args[0]); x != nil || nulls {
					v.AppendValue(x)
				}
			}
			var to, rows []int32
			sparse := rnd.IntN(2) == 0
			for i := range n {
				if sparse && rnd.IntN(3) == 0 {
					continue
				}
				g := rnd.IntN(groups)
				to, rows = append(to, int32(g)), append(rows, int32(i))
				left[g] = append(left[g], v.Value(i))
			}
			if !sparse {
				rows = nil
			}
			acc.Add(to, []*types.Vector{v}, rows)
		}
		got := results(a, acc, all...)
		for g := range all {
			if want := naive(left[g]); !cmp.Equal(got[g], want, compareDecimals) {
				t.Fatalf("seed %d step %d: group %d is %v, want %v, of %v", seed, step, g, got[g], want, left[g])
			}
		}
		if acc.Bytes() <= 0 {
			t.Fatalf("seed %d step %d: %d bytes", seed, step, acc.Bytes())
		}
	}
	for _, g := range all {
		acc.Reset(g)
	}
	empty := a.New(retract)
	empty.Grow(groups)
	for g, got := range results(a, acc, all...) {
		if want := results(a, empty, 0)[0]; !cmp.Equal(got, want) {
			t.Fatalf("seed %d: group %d is %v after a reset, want %v", seed, g, got, want)
		}
	}
}

// Decode must refuse what Encode did not write, whatever it is, and never panic.
func FuzzAggregateDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0})
	f.Add([]byte{2, 1, 'a', 2, 1, 'b', 4})
	f.Fuzz(func(t *testing.T, state []byte) {
		for _, name := range []string{"COUNT", "SUM", "AVG", "MIN", "FIRST_VALUE", "VAR_POP", "COLLECT", "ARRAY_AGG", "LISTAGG"} {
			for _, typ := range []types.Type{types.BigIntType, types.DecimalType(10, 2), types.StringType, types.ArrayType(types.StringType)} {
				a, err := tryBindAggregate(t, name, typ)
				if err != nil {
					continue
				}
				for _, retract := range []bool{false, true} {
					acc := a.New(retract)
					acc.Grow(1)
					if _, err := acc.Decode(0, state); err == nil {
						results(a, acc, 0)
					}
				}
			}
		}
	})
}

// Add over 4,096 rows and 1,000 groups, everything cached.
func BenchmarkAggregateAdd(b *testing.B) {
	const rows, groups = 4096, 1000
	rnd := rand.New(rand.NewPCG(1, 2))
	to := make([]int32, rows)
	x := types.NewVector(types.BigIntType)
	withNulls := types.NewVector(types.BigIntType)
	var even []int32
	for i := range rows {
		to[i] = int32(rnd.IntN(groups))
		x.AppendValue(rnd.Int64())
		if rnd.IntN(10) == 0 {
			withNulls.AppendNull()
		} else {
			withNulls.AppendValue(rnd.Int64())
		}
		if i%2 == 0 {
			even = append(even, int32(i))
		}
	}
	for _, name := range []string{"COUNT", "SUM", "MAX", "AVG", "LAST_VALUE"} {
		a := bindAggregate(b, name, types.BigIntType)
		run := func(label string, v *types.Vector, to, rows []int32, retract bool) {
			b.Run(name+"/"+label, func(b *testing.B) {
				acc := a.New(retract)
				acc.Grow(groups)
				args := []*types.Vector{v}
				for b.Loop() {
					acc.Add(to, args, rows)
				}
				b.ReportMetric(float64(len(to))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
			})
		}
		run("dense", x, to, nil, false)
		run("selected", x, to[:len(even)], even, false)
		run("nulls", withNulls, to, nil, false)
	}
}
