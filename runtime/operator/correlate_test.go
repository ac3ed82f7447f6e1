package operator_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// counting is a table function: n rows of a number and a text. A negative n is an error, 13 a panic.
func counting(_ *udf.Context, args []*types.Vector, n int, out *udf.TableOutput) error {
	for i := range n {
		switch {
		case args[0].I64[i] < 0:
			return &udf.RowError{Row: i, Err: fmt.Errorf("%d is negative", args[0].I64[i])}
		case args[0].I64[i] == 13:
			panic("unlucky")
		}
		for k := range args[0].I64[i] {
			out.Rows = append(out.Rows, int32(i))
			out.Cols[0].I64 = append(out.Cols[0].I64, k)
			out.Cols[0].N++
			out.Cols[1].AppendString(args[1].Str(i))
		}
	}
	return nil
}

// correlateOn calls counting, or eval, with columns n and s of the input; the result is in columns i and t.
func correlateOn(in *types.Schema, left bool, keep []int, eval func(*udf.Context, []*types.Vector, int, *udf.TableOutput) error, columns ...int) *physical.Correlate {
	made := schema("i BIGINT, t STRING")
	if eval == nil {
		eval = counting
	}
	n := &physical.Correlate{
		Info: physical.Info{Mode: types.Retract, Inputs: []physical.Edge{input(in, types.Retract)}},
		Call: &rex.TableCall{
			Spec: &udf.Spec{Name: "COUNTING"}, Args: []rex.Expr{columnOf(in, "n"), columnOf(in, "s")}, Span: diag.Span{Start: 3, End: 9},
			Fn: &udf.BoundTable{Args: []types.Type{types.BigIntType, types.StringType}, Columns: made.Fields, Eval: eval},
		},
		Left: left, Keep: keep, Columns: columns,
	}
	n.Schema = &types.Schema{}
	for _, k := range keep {
		n.Schema.Fields = append(n.Schema.Fields, in.Fields[k])
	}
	for _, c := range columns {
		n.Schema.Fields = append(n.Schema.Fields, made.Fields[c])
	}
	return n
}

// Each row is beside what the function makes of it, with its kind; under LEFT also a row of which it makes nothing. Only
// the columns that somebody reads are there.
func TestCorrelate(t *testing.T) {
	s := schema("n BIGINT, s STRING, b BOOLEAN")
	script{node: correlateOn(s, false, []int{0, 1, 2}, nil, 0, 1), text: `
		+I 2 x true
		-U 0 y true
		+U 1 y NULL
		+I NULL z true
		+I 3 NULL true
		-D 1 w false
		> +I 2 x true 0 x
		> +I 2 x true 1 x
		> +U 1 y NULL 0 y
		> -D 1 w false 0 w
		-U 0 y true
		+I NULL NULL NULL
	`}.run(t)
	script{node: correlateOn(s, true, []int{2, 1}, nil, 1, 0), text: `
		+I 2 x true
		-U 0 y true
		+U 1 y NULL
		+I NULL z true
		+I 3 NULL true
		-D 0 w false
		> +I true x x 0
		> +I true x x 1
		> -U true y NULL NULL
		> +U NULL y y 0
		> +I true z NULL NULL
		> +I true NULL NULL NULL
		> -D false w NULL NULL
		-U 0 y true
		> -U true y NULL NULL
	`}.run(t)
	script{node: correlateOn(s, true, []int{1}, nil), text: `
		+I 2 x true
		+I 0 y true
		> +I x
		> +I x
		> +I y
	`}.run(t)
}

// less is a < b, which fails for 99.
func less(a, b rex.Expr) rex.Expr {
	return &rex.Call{
		Spec: &udf.Spec{Name: "<", Family: "operator"}, Args: []rex.Expr{a, b},
		Fn: &udf.BoundScalar{Result: types.BooleanType, Fallible: true, Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			for i := range n {
				if out.Valid.Get(i) && args[0].I64[i] == 99 {
					return &udf.RowError{Row: i, Err: errors.New("too large")}
				}
				out.Bool[i] = args[0].I64[i] < args[1].I64[i]
			}
			return nil
		}},
	}
}

// A condition of LEFT decides which of the rows made count; a row without any is there once.
func TestCorrelateCondition(t *testing.T) {
	s := schema("n BIGINT, s STRING, v BIGINT")
	n := correlateOn(s, true, []int{2, 1}, nil, 1, 0) // v, s, t, i
	n.Condition = less(columnOf(n.Schema, "v"), columnOf(n.Schema, "i"))
	script{node: n, text: `
		+I 3 x 0
		+I 3 y 5
		-U 0 z 0
		+U 4 z 1
		+I 2 w NULL
		-D NULL u 1
		> +I 0 x x 1
		> +I 0 x x 2
		> +I 5 y NULL NULL
		> -U 0 z NULL NULL
		> +U 1 z z 2
		> +U 1 z z 3
		> +I NULL w NULL NULL
		> -D 1 u NULL NULL
		+I 0 y 99
		> +I 99 y NULL NULL
	`}.run(t)
	j := newJob(t, n, nil, time.Time{})
	j.open(1, nil)
	b := types.NewBatch(s)
	for i := range 6 {
		b.Cols[0].AppendValue(int64(2))
		b.Cols[1].AppendString("x")
		b.Cols[2].AppendValue([]int64{0, 1, 2, 3, 99, 5}[i])
		b.AppendKind(types.Insert)
	}
	b.Sel = []int32{1, 4, 5}
	var row *udf.RowError
	if err := j.ops[0].Process(0, b, &discard{}); !errors.As(err, &row) || row.Row != 4 {
		t.Errorf("the error %v is of row %+v, want 4", err, row)
	}
}

// A function that takes NULLs is called for rows that have them.
func TestCorrelateNullsSeen(t *testing.T) {
	s := schema("n BIGINT, s STRING")
	n := correlateOn(s, false, []int{1}, func(_ *udf.Context, args []*types.Vector, n int, out *udf.TableOutput) error {
		for i := range n {
			if args[0].IsNull(i) {
				out.Rows = append(out.Rows, int32(i))
				out.Cols[0].AppendNull()
				out.Cols[1].AppendString("none")
			}
		}
		return nil
	}, 0, 1)
	n.Call.Fn.Nulls = udf.NullsSeen
	script{node: n, text: `
		+I 1 x
		+I NULL y
		-D NULL NULL
		> +I y NULL none
		> -D NULL NULL none
	`}.run(t)
}

// Whatever the sizes of batches, the changelog folds to what a loop over the table gives.
func TestCorrelateFolds(t *testing.T) {
	s := schema("n BIGINT, s STRING, v BIGINT")
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		left := rnd.IntN(2) == 0
		src := &source{rnd: rnd, schema: s, adds: rnd.IntN(3) == 0}
		n := correlateOn(s, left, []int{2, 0}, nil, 0, 1)
		conditional := left && rnd.IntN(2) == 0
		if conditional {
			n.Condition = less(columnOf(n.Schema, "i"), columnOf(n.Schema, "v"))
		}
		folds(t, seed, n, []*source{src}, nil, func() map[string]int {
			out := map[string]int{}
			for _, row := range src.rows {
				made := false
				if n, ok := row[0].(int64); ok && row[1] != nil {
					for i := range n {
						if v, ok := row[2].(int64); !conditional || ok && i < v {
							made = true
							out[text([]any{row[2], row[0], i, row[1]})]++
						}
					}
				}
				if left && !made {
					out[text([]any{row[2], row[0], nil, nil})]++
				}
			}
			return out
		})
	}
}

// sizes takes the sizes of the batches that are emitted.
type sizes struct{ rows []int }

func (s *sizes) Emit(b *types.Batch) error {
	s.rows = append(s.rows, b.Rows())
	return nil
}

// Rows that each become many are not made all at once: neither the function's output nor a batch grows far beyond the
// size that was asked for, once it is known how many rows it makes.
func TestCorrelateExplodes(t *testing.T) {
	s := schema("n BIGINT, s STRING")
	var calls []int
	n := correlateOn(s, false, []int{1}, func(ctx *udf.Context, args []*types.Vector, n int, out *udf.TableOutput) error {
		err := counting(ctx, args, n, out)
		calls = append(calls, len(out.Rows))
		return err
	}, 0)
	j := newJob(t, n, nil, time.Time{})
	j.maxRows = 100
	j.open(1, nil)
	b := types.NewBatch(s)
	for range 500 {
		b.Cols[0].AppendValue(int64(90))
		b.Cols[1].AppendString("x")
		b.AppendKind(types.Insert)
	}
	b.Cols[0].I64[499] = 1000 // one row is more than a batch
	var out sizes
	if err := j.ops[0].Process(0, b, &out); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, n := range out.rows {
		if total += n; n > 200 {
			t.Errorf("a batch of %d rows", n)
		}
	}
	if want := 499*90 + 1000; total != want {
		t.Errorf("%d rows, want %d", total, want)
	}
	for i, n := range calls {
		if i > 0 && n > 200 && n != 1000 {
			t.Errorf("call %d made %d rows", i, n)
		}
	}
}

// An error names the function, its arguments and its place, and the row of the batch, however the rows were handed out.
func TestCorrelateErrors(t *testing.T) {
	s := schema("n BIGINT, s STRING")
	batch := func(last int64) *types.Batch { // rows that aren't selected, NULLs, and the culprit at the end
		b := types.NewBatch(s)
		for i := range 300 {
			if b.Cols[0].AppendValue(int64(i % 2)); i%3 == 0 {
				b.Cols[0].SetNull(i)
			}
			b.Cols[1].AppendString("x")
			b.AppendKind(types.Insert)
			if i != 17 {
				b.Sel = append(b.Sel, int32(i))
			}
		}
		b.Cols[0].AppendValue(last)
		b.Cols[1].AppendString(strings.Repeat("long", 100))
		b.AppendKind(types.Insert)
		b.Sel = append(b.Sel, 300)
		return b
	}
	misbehave := func(f func(*udf.TableOutput)) func(*udf.Context, []*types.Vector, int, *udf.TableOutput) error {
		return func(_ *udf.Context, _ []*types.Vector, _ int, out *udf.TableOutput) error {
			f(out)
			return nil
		}
	}
	for _, test := range []struct {
		name string
		eval func(*udf.Context, []*types.Vector, int, *udf.TableOutput) error
		last int64
		row  int
		text []string
	}{
		{"error", nil, -5, 300, []string{"COUNTING(n, s)", "(-5, 'longlong", "… (402 bytes))", "-5 is negative"}},
		{"panic", nil, 13, 300, []string{"COUNTING(n, s)", "(13, 'longlong", "the function panicked at correlate_test.go:", "unlucky"}},
		{"no row", func(*udf.Context, []*types.Vector, int, *udf.TableOutput) error { return errors.New("out of order") }, 1, -1,
			[]string{"COUNTING(n, s): out of order"}},
		{"uneven", misbehave(func(out *udf.TableOutput) { out.Rows = append(out.Rows, 0) }), 1, -1, []string{"made 1 rows, but 0 values of column i"}},
		{"row out of range", misbehave(func(out *udf.TableOutput) {
			out.Cols[0].AppendNull()
			out.Cols[1].AppendNull()
			out.Rows = append(out.Rows, 1000)
		}), 1, -1, []string{"a row for row 1000 of 64"}},
	} {
		j := newJob(t, correlateOn(s, true, []int{0}, test.eval, 0), nil, time.Time{})
		j.open(1, nil)
		err := j.ops[0].Process(0, batch(test.last), &discard{})
		if err == nil {
			t.Errorf("%s: no error", test.name)
			continue
		}
		for _, want := range test.text {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q doesn't say %q", test.name, err, want)
			}
		}
		var row *udf.RowError
		if errors.As(err, &row) != (test.row >= 0) || row != nil && row.Row != test.row {
			t.Errorf("%s: the error is of row %+v, want %d", test.name, row, test.row)
		}
		var d *diag.Error
		if !errors.As(err, &d) || d.Span != (diag.Span{Start: 3, End: 9}) {
			t.Errorf("%s: error %+v has not the call's span", test.name, d)
		}
	}
}

// unnestNode is UNNEST of an ARRAY<BIGINT> beside a number and a text, as the planner makes it.
func unnestNode(t testing.TB, left bool) (*types.Schema, *physical.Correlate) {
	in := types.NewSchema(types.Field{Name: "k", Type: types.BigIntType}, types.Field{Name: "s", Type: types.StringType},
		types.Field{Name: "list", Type: types.ArrayType(types.BigIntType)})
	spec, ok := functions.Lookup("$UNNEST_ROWS")
	if !ok {
		t.Fatal("no UNNEST")
	}
	fn, err := spec.Table(&udf.Call{Args: []udf.Arg{{Type: in.Fields[2].Type}}})
	if err != nil {
		t.Fatal(err)
	}
	return in, &physical.Correlate{
		Info: physical.Info{Mode: types.AppendOnly, Schema: types.NewSchema(in.Fields[0], in.Fields[1], fn.Columns[0])},
		Call: &rex.TableCall{Spec: spec, Fn: fn, Args: []rex.Expr{columnOf(in, "list")}},
		Left: left, Keep: []int{0, 1}, Columns: []int{0},
	}
}

func unnestBatch(in *types.Schema, rows int) *types.Batch {
	rnd := rand.New(rand.NewPCG(1, 1))
	b := types.NewBatch(in)
	for i := range rows {
		b.Cols[0].AppendValue(int64(i))
		b.Cols[1].AppendString([]string{"view", "click", "buy"}[rnd.IntN(3)])
		var list []any
		for range rnd.IntN(5) { // two elements on average
			list = append(list, rnd.Int64N(1000))
		}
		b.Cols[2].AppendValue(list)
		b.AppendKind(types.Insert)
	}
	return b
}

// In the steady state a batch costs no allocation.
func TestCorrelateAllocatesNothing(t *testing.T) {
	for _, left := range []bool{false, true} {
		in, node := unnestNode(t, left)
		b := unnestBatch(in, 2000)
		j := newJob(t, node, nil, time.Time{})
		j.maxRows = benchRows
		j.open(1, nil)
		out := &discard{}
		run := func() {
			if err := j.ops[0].Process(0, b, out); err != nil {
				t.Fatal(err)
			}
		}
		for range 20 {
			run()
		}
		if n := testing.AllocsPerRun(20, run); n > 0 {
			t.Errorf("left=%v: %v allocations per batch", left, n)
		}
	}
}

// BenchmarkUnnest expands lists of two elements on average beside a number and a text.
func BenchmarkUnnest(b *testing.B) {
	for _, left := range []bool{false, true} {
		in, node := unnestNode(b, left)
		batch := unnestBatch(in, benchRows)
		name := map[bool]string{false: "inner", true: "left"}[left]
		b.Run(name, func(b *testing.B) {
			op, out := open(b, node), &discard{}
			b.ReportAllocs()
			for b.Loop() {
				if err := op.Process(0, batch, out); err != nil {
					b.Fatal(err)
				}
			}
			benchSink += out.rows
			report(b, benchRows)
		})
	}
	b.Run("naive", func(b *testing.B) {
		in, _ := unnestNode(b, false)
		batch := unnestBatch(in, benchRows)
		var rows []map[string]any
		for r := range batch.N {
			rows = append(rows, map[string]any{"k": batch.Cols[0].I64[r], "s": batch.Cols[1].Value(r), "list": batch.Cols[2].Value(r)})
		}
		var out []map[string]any
		for b.Loop() {
			out = out[:0]
			for _, row := range rows {
				for _, x := range row["list"].([]any) {
					out = append(out, map[string]any{"k": row["k"], "s": row["s"], "e": x})
				}
			}
		}
		benchSink += len(out)
		report(b, benchRows)
	})
}
