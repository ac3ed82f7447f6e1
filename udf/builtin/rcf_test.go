package builtin

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// goldenForest is a recording of the reference; udf/rcf/testdata/README.md says how it was made.
type goldenForest struct {
	Builder struct {
		Dimensions, ShingleSize, NumberOfTrees, SampleSize, OutputAfter int
		TimeDecay                                                       float64
	}
	Inputs []any // numbers, or arrays of numbers
	Runs   []struct {
		Seed        int64
		Scores      []float64
		Attribution []struct {
			I         int
			High, Low []float64
		}
	}
}

func readForest(t testing.TB, name string) *goldenForest {
	t.Helper()
	file, err := os.Open("../rcf/testdata/scores/" + name + ".json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var g goldenForest
	if err := json.NewDecoder(unzipped).Decode(&g); err != nil {
		t.Fatal(err)
	}
	return &g
}

// columns returns the inputs as columns.
func (g *goldenForest) columns() []*types.Vector {
	var cols []*types.Vector
	for _, x := range g.Inputs {
		point, ok := x.([]any)
		if !ok {
			point = []any{x}
		}
		for k, n := range point {
			if k == len(cols) {
				cols = append(cols, types.NewVector(types.DoubleType))
			}
			cols[k].AppendValue(n)
		}
	}
	return cols
}

// bindNamed binds a call of a function over n DOUBLE columns with named parameters.
func bindNamed(t testing.TB, name string, n int, params map[string]any) *udf.BoundScalar {
	t.Helper()
	s, err := bindForestCall(name, n, params)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func bindForestCall(name string, n int, params map[string]any) (*udf.BoundScalar, error) {
	reg := udf.NewRegistry()
	if err := Register(reg); err != nil {
		return nil, err
	}
	spec, _ := reg.Lookup(name)
	c := &udf.Call{Name: name}
	for range n {
		c.Args = append(c.Args, udf.Arg{Type: types.DoubleType})
	}
	for name, x := range params {
		a := udf.Arg{Name: name, Literal: true, Value: x}
		switch x.(type) {
		case int32:
			a.Type = types.IntType
		case int64:
			a.Type = types.BigIntType
		case float64:
			a.Type = types.DoubleType
		case string:
			a.Type = types.StringType
		}
		c.Args = append(c.Args, a)
	}
	return spec.Scalar(c)
}

// batch is one call of Eval over rows of the inputs.
func batch(t testing.TB, s *udf.BoundScalar, f udf.Stateful, seed int64, groups []int32, inputs []*types.Vector, rows []int32) *types.Vector {
	t.Helper()
	args := make([]*types.Vector, len(s.Args))
	out := types.NewVector(s.Result)
	out.Resize(len(rows))
	for i := range args {
		args[i] = types.NewVector(s.Args[i])
		if i >= len(inputs) {
			for range rows {
				args[i].AppendZero() // a parameter, which nobody reads
			}
			continue
		}
		args[i].AppendSelected(inputs[i], rows)
		if len(args[i].Valid) > 0 {
			out.Valid = out.Valid.Grow(len(rows))
			out.Valid.And(args[i].Valid)
		}
	}
	if err := f.Eval(&udf.Context{Seed: seed}, groups, args, out, len(rows)); err != nil {
		t.Fatal(err)
	}
	if out.N != len(rows) {
		t.Fatalf("%d results for %d rows", out.N, len(rows))
	}
	return out
}

// The functions give the reference's scores, in batches of any size, for keys side by side, and across a restore of each.
func TestForestScoresEqualTheReference(t *testing.T) {
	for _, name := range []string{"a_default_1d", "d_3d", "c_internal_shingle8", "e4_output_after_1_shingle4x2", "f1_duplicates_1d", "f2_duplicates_2d", "h1_uniform_sampling", "i_sample512_shingle2x3"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := readForest(t, name)
			run := g.Runs[0]
			inputs := g.columns()
			params := map[string]any{
				"number_of_trees": int32(g.Builder.NumberOfTrees), "sub_sample_size": int32(g.Builder.SampleSize),
				"TIME_DECAY": g.Builder.TimeDecay, "shingle_size": int32(g.Builder.ShingleSize),
				"output_after": int32(g.Builder.OutputAfter), "random_seed": run.Seed,
			}
			for _, function := range []string{"RANDOM_CUT_FOREST", "RANDOM_CUT_FOREST_WITH_EXPLANATION", "ANOMALY_GRADE"} {
				s := bindNamed(t, function, len(inputs), params)
				if s.Seeded {
					t.Errorf("%s takes the job's seed though it has one", function)
				}
				score := func(out *types.Vector, i int) float64 {
					switch function {
					case "RANDOM_CUT_FOREST":
						return out.F64[i]
					case "ANOMALY_GRADE":
						return out.Children[1].F64[i]
					}
					return out.Children[0].F64[i]
				}
				// Key 0 starts with row 0, key 2 ten rows later, as long as both have rows.
				f := s.New()
				f.Grow(3)
				const behind = 10
				n, size := min(int32(len(run.Scores)), 400), 1
				at := [3]int32{}
				for at[2] < n {
					var groups, rows []int32
					for len(rows) < size && at[2] < n {
						for _, k := range []int32{0, 2} {
							if at[k] < n && (k == 0 || at[0] > behind) {
								groups, rows = append(groups, k), append(rows, at[k])
								at[k]++
							}
						}
					}
					out := batch(t, s, f, 99, groups, inputs, rows)
					for i, row := range rows {
						if got, want := score(out, i), run.Scores[row]; math.Float64bits(got) != math.Float64bits(want) {
							t.Fatalf("%s, key %d, row %d: %v, reference %v", function, groups[i], row, got, want)
						}
						if function == "RANDOM_CUT_FOREST_WITH_EXPLANATION" && groups[i] == 0 && len(run.Attribution) > 0 && run.Attribution[0].I == int(row) {
							checkExplanation(t, out, i, run.Attribution[0].High, run.Attribution[0].Low)
							run.Attribution = run.Attribution[1:]
						}
					}
					if size = size*2 + 1; size > 300 {
						size = 1
						f = movedGroups(t, s, f)
					}
				}
			}
			if len(g.Runs[0].Attribution) > 0 && len(run.Attribution) == len(g.Runs[0].Attribution) {
				t.Error("no attribution was compared")
			}
		})
	}
}

// movedGroups restores all groups elsewhere.
func movedGroups(t *testing.T, s *udf.BoundScalar, f udf.Stateful) udf.Stateful {
	t.Helper()
	to := s.New()
	to.Grow(3)
	for group := range int32(3) {
		if err := to.Decode(group, f.Encode(nil, group)); err != nil {
			t.Fatal(err)
		}
		f.Reset(group)
	}
	return to
}

// checkExplanation compares a row's explanation with the sums of the reference's attribution over the shingle.
func checkExplanation(t *testing.T, out *types.Vector, i int, high, low []float64) {
	t.Helper()
	inputs := len(out.Children) - 1
	for k := range inputs {
		var h, l float64
		for d := k; d < len(high); d += inputs {
			h += high[d]
			l += low[d]
		}
		direction := "LOW"
		if h > l {
			direction = "HIGH"
		}
		v := out.Children[k+1]
		if v.Children[0].F64[i] != h+l || v.Children[1].Str(i) != direction || v.Children[2].F64[i] != math.Abs(h-l) {
			t.Fatalf("row %d, input %d: explained by %v, the reference has %v and %v", i, k, v.Value(i), h, l)
		}
	}
}

// What a key holds is counted, and given back.
func TestForestBytes(t *testing.T) {
	s := bindNamed(t, "ANOMALY_GRADE", 1, map[string]any{"number_of_trees": int32(10), "sample_size": int32(32)})
	f := s.New()
	f.Grow(1000)
	empty := f.Bytes()
	in := repeated(types.DoubleType, 1.0, 2.0, 3.5)
	var groups, rows []int32
	for i := range int32(1000) {
		groups, rows = append(groups, i), append(rows, i)
	}
	batch(t, s, f, 1, groups, []*types.Vector{in}, rows)
	if n := f.Bytes(); n < 1000*2000 || n > 1000*8000 || n != f.Bytes() {
		t.Errorf("a thousand young forests take %d bytes", n)
	}
	for i := range int32(1000) {
		if i%2 == 0 {
			f.Reset(i)
			f.Reset(i)
		} else if err := f.Decode(i, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.Bytes(); n != empty {
		t.Errorf("with all groups reset %d bytes are left, %d before", n, empty)
	}
}

// A row with NULL gives NULL and is not learned; neither is what isn't finite, when it is to be NULL.
func TestForestSkipsRows(t *testing.T) {
	s := bindNamed(t, "RANDOM_CUT_FOREST", 2, map[string]any{"output_after": int32(1), "on_invalid": "null"})
	a := column(types.DoubleType, 1.0, nil, 2.0, math.NaN(), 3.0, 1e39, 4.0)
	b := column(types.DoubleType, 5.0, 6.0, 7.0, 8.0, nil, 9.0, 5.5)
	f := s.New()
	f.Grow(1)
	got := batch(t, s, f, 3, nil, []*types.Vector{a, b}, []int32{0, 1, 2, 3, 4, 5, 6})
	f = s.New()
	f.Grow(1)
	want := batch(t, s, f, 3, nil, []*types.Vector{a, b}, []int32{0, 2, 6})
	for i, k := range map[int]int{0: 0, 1: -1, 2: 1, 3: -1, 4: -1, 5: -1, 6: 2} {
		if k < 0 != got.IsNull(i) || k >= 0 && got.F64[i] != want.F64[k] {
			t.Errorf("row %d is %v", i, got.Value(i))
		}
	}
	if s.Result.NotNull || want.F64[2] == 0 {
		t.Errorf("result %s, last score %v", s.Result, want.F64[2])
	}

	s = bindNamed(t, "RANDOM_CUT_FOREST", 1, nil)
	f = s.New()
	f.Grow(1)
	out := types.NewVector(s.Result)
	out.Resize(3)
	err := f.Eval(&udf.Context{}, nil, []*types.Vector{column(types.DoubleType, 1.0, 2.0, math.Inf(-1))}, out, 3)
	var row *udf.RowError
	if !errors.As(err, &row) || row.Row != 2 || !strings.Contains(err.Error(), "can't learn -Inf, the value of input1, which is not finite") {
		t.Errorf("minus infinity: %v", err)
	}
}

// A state of another forest, or of none, is refused with the difference.
func TestForestStateOfAnotherQuery(t *testing.T) {
	stateOf := func(function string, params map[string]any, inputs int) []byte {
		s := bindNamed(t, function, inputs, params)
		f := s.New()
		f.Grow(1)
		x := column(types.DoubleType, 1.0, 2.0)
		batch(t, s, f, 1, nil, []*types.Vector{x, x, x}[:inputs], []int32{0, 1})
		return f.Encode(nil, 0)
	}
	state := func(params map[string]any, inputs int) []byte { return stateOf("RANDOM_CUT_FOREST", params, inputs) }
	s := bindNamed(t, "RANDOM_CUT_FOREST", 1, map[string]any{"random_seed": int32(5)})
	for want, state := range map[string][]byte{
		"number_of_trees 20, the query asks for 50":          state(map[string]any{"number_of_trees": int32(20)}, 1),
		"sample_size 64, the query asks for 256":             state(map[string]any{"sample_size": int32(64)}, 1),
		"time_decay 0.5, the query asks for 0.000390625":     state(map[string]any{"time_decay": 0.5}, 1),
		"shingle_size 2, the query asks for 1":               state(map[string]any{"shingle_size": int32(2)}, 1),
		"output_after 3, the query asks for 64":              state(map[string]any{"output_after": int32(3)}, 1),
		"number of inputs 2, the query asks for 1":           state(nil, 2),
		"RANDOM_CUT_FOREST: random cut forest: data of 3 by": []byte("abc"),
	} {
		f := s.New()
		f.Grow(1)
		if err := f.Decode(0, state); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	f := s.New()
	f.Grow(1)
	if err := f.Decode(0, state(nil, 1)); err != nil {
		t.Errorf("another seed: %v", err)
	}
	s = bindNamed(t, "ANOMALY_GRADE", 1, map[string]any{"z_factor": int32(4)})
	for want, state := range map[string][]byte{
		"z_factor 3, the query asks for 4":             stateOf("ANOMALY_GRADE", nil, 1),
		"anomaly_rate 0.5, the query asks for 0.01":    stateOf("ANOMALY_GRADE", map[string]any{"z_factor": int32(4), "anomaly_rate": 0.5}, 1),
		"number_of_trees 3, the query asks for 50":     stateOf("ANOMALY_GRADE", map[string]any{"number_of_trees": int32(3)}, 1),
		"ANOMALY_GRADE: random cut forest: data of 21": state(nil, 1)[:21],
	} {
		f := s.New()
		f.Grow(1)
		if err := f.Decode(0, state); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestForestParameters(t *testing.T) {
	for want, params := range map[string]map[string]any{
		"must be an integer between 1 and 10000": {"number_of_trees": "many"},
		"number_of_trees is 0":                   {"number_of_trees": int32(0)},
		"number_of_trees is 10001":               {"number_of_trees": int64(10001)},
		"number_of_trees must not be NULL":       {"number_of_trees": nil},
		"sample_size is 1.5":                     {"sample_size": 1.5},
		"time_decay is -0.5":                     {"time_decay": -0.5},
		"time_decay is NaN":                      {"time_decay": math.NaN()},
		"shingle_size is 20000":                  {"shingle_size": int32(20000)},
		"output_after is 0":                      {"output_after": int32(0)},
		"random_seed is 0.5":                     {"random_seed": 0.5},
		`on_invalid is "NULL"`:                   {"on_invalid": "NULL"},
		"anomaly_rate is 1":                      {"anomaly_rate": int32(1)},
		"z_factor is 1.9":                        {"z_factor": 1.9},
		`has no parameter "zfactor"`:             {"zfactor": 3.0},
	} {
		if _, err := bindForestCall("ANOMALY_GRADE", 1, params); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want one with %q", params, err, want)
		}
	}
	s := bindNamed(t, "ANOMALY_GRADE", 2, map[string]any{"anomaly_rate": 0.02, "z_factor": int32(4), "shingle_size": int32(2)})
	const want = "ROW<`grade` DOUBLE, `score` DOUBLE, `threshold` DOUBLE, `expected_low` ROW<`input1` DOUBLE, `input2` DOUBLE>, `expected_high` ROW<`input1` DOUBLE, `input2` DOUBLE>>"
	if !s.Seeded || s.Result.String() != want {
		t.Errorf("seeded %v, result %s, want %s", s.Seeded, s.Result, want)
	}
}

func BenchmarkRandomCutForest(b *testing.B) {
	g := readForest(b, "a_default_1d")
	for _, function := range []string{"RANDOM_CUT_FOREST", "RANDOM_CUT_FOREST_WITH_EXPLANATION", "ANOMALY_GRADE"} {
		b.Run(function, func(b *testing.B) {
			s := bindNamed(b, function, 1, nil)
			f := s.New()
			f.Grow(1)
			in := g.columns()[0]
			out := types.NewVector(s.Result)
			b.ReportAllocs()
			for b.Loop() {
				out.Resize(in.N)
				if err := f.Eval(&udf.Context{Seed: 1}, nil, []*types.Vector{in}, out, in.N); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(in.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
