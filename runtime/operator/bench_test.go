package operator_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/runtime/metrics"
	"github.com/weirsql/weir/runtime/operator"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// Each benchmark of an operator has a naive counterpart beside it, the code one would write first: a Go map per row. The
// ratio of the two is what to read; absolute numbers depend on the machine.

const benchRows = 4096

// discard counts what comes out.
type discard struct{ rows int }

func (d *discard) Emit(b *types.Batch) error {
	d.rows += b.Rows()
	return nil
}

var benchSink int

func open(b *testing.B, node physical.Node) operator.Operator {
	op, err := operator.Build(node)
	if err != nil {
		b.Fatal(err)
	}
	ctx := &operator.Context{
		Parallelism: 1, Clock: &fixedClock{now: time.UnixMilli(0)}, Metrics: &metrics.Operator{}, MaxRows: benchRows,
		UDF: &udf.Context{Location: time.UTC}, WakeAt: func(time.Time) {},
	}
	if err := op.Open(ctx); err != nil {
		b.Fatal(err)
	}
	return op
}

func report(b *testing.B, rows int) {
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkTumble is COUNT, SUM and MAX over one-minute windows by a BIGINT key.
func BenchmarkTumble(b *testing.B) {
	s := schema("ts TIME, k BIGINT, v BIGINT")
	for _, distinct := range []int64{10_000, 1_000_000} {
		name := map[int64]string{10_000: "10k", 1_000_000: "1M"}[distinct]
		rnd := rand.New(rand.NewPCG(1, 1))
		batches := make([]*types.Batch, 256)
		for i := range batches {
			batches[i] = types.NewBatch(s)
			for range benchRows {
				batches[i].Cols[0].AppendValue(int64(0))
				batches[i].Cols[1].AppendValue(rnd.Int64N(distinct))
				batches[i].Cols[2].AppendValue(rnd.Int64N(1000))
				batches[i].AppendKind(types.Insert)
			}
		}
		// Event time goes on by 10 ms a batch.
		at := func(batch *types.Batch, i int) int64 {
			ts := int64(i) * 10
			for k := range batch.Cols[0].I64 {
				batch.Cols[0].I64[k] = ts + int64(k)>>9
			}
			return ts
		}
		b.Run("keys="+name, func(b *testing.B) {
			op := open(b, windowBy(s, physical.Window{Kind: physical.Tumble, Time: 0, Size: 60 * second}, []int{1}, "COUNT()", "SUM(v)", "MAX(v)"))
			out := &discard{}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				batch := batches[i%len(batches)]
				ts := at(batch, i)
				if err := op.Process(0, batch, out); err != nil {
					b.Fatal(err)
				}
				if err := op.OnWatermark(ts-1000, out); err != nil {
					b.Fatal(err)
				}
				i++
			}
			benchSink += out.rows
			report(b, benchRows)
		})
		b.Run("keys="+name+"/naive", func(b *testing.B) {
			type key struct{ window, k int64 }
			type acc struct{ count, sum, max int64 }
			groups := map[key]*acc{}
			i := 0
			for b.Loop() {
				batch := batches[i%len(batches)]
				ts := at(batch, i)
				for r := range batch.N {
					t := batch.Cols[0].I64[r]
					at := key{t - t%60_000, batch.Cols[1].I64[r]}
					a := groups[at]
					if a == nil {
						a = &acc{max: math.MinInt64}
						groups[at] = a
					}
					v := batch.Cols[2].I64[r]
					a.count++
					a.sum += v
					a.max = max(a.max, v)
				}
				if ts%60_000 == 0 {
					clear(groups)
				}
				i++
			}
			benchSink += len(groups)
			report(b, benchRows)
		})
	}
}

// BenchmarkFilterTumble is step 4 of the lab: rows with one text, counted in windows of ten seconds without keys.
func BenchmarkFilterTumble(b *testing.B) {
	s := schema("ts TIME, event STRING")
	rnd := rand.New(rand.NewPCG(1, 1))
	batch := types.NewBatch(s)
	for k := range benchRows {
		batch.Cols[0].AppendValue(int64(k))
		batch.Cols[1].AppendString([]string{"view", "click", "buy"}[rnd.IntN(3)])
		batch.AppendKind(types.Insert)
	}
	event := &rex.Column{Index: 1, Name: "event", T: types.StringType}
	is := &rex.Call{Spec: &udf.Spec{Name: "=", Family: "operator"}, Args: []rex.Expr{event, &rex.Literal{Value: "click", T: types.CharType(5)}},
		Fn: &udf.BoundScalar{Result: types.BooleanType}}
	b.Run("operators", func(b *testing.B) {
		filter := open(b, &physical.Calc{Info: physical.Info{Schema: s, Mode: types.AppendOnly}, Filter: is})
		count := open(b, windowBy(s, physical.Window{Kind: physical.Tumble, Time: 0, Size: 10 * second}, nil, "COUNT()"))
		out := &discard{}
		next := emitTo(func(batch *types.Batch) error { return count.Process(0, batch, out) })
		b.ReportAllocs()
		for b.Loop() {
			if err := filter.Process(0, batch, next); err != nil {
				b.Fatal(err)
			}
		}
		report(b, benchRows)
	})
	b.Run("naive", func(b *testing.B) {
		counts := map[int64]int64{}
		for b.Loop() {
			for r := range batch.N {
				if batch.Cols[1].Str(r) == "click" {
					t := batch.Cols[0].I64[r]
					counts[t-t%10_000]++
				}
			}
		}
		benchSink += len(counts)
		report(b, benchRows)
	})
}

type emitTo func(*types.Batch) error

func (f emitTo) Emit(b *types.Batch) error { return f(b) }

// BenchmarkGroup is a changelog of COUNT and SUM by a BIGINT key.
func BenchmarkGroup(b *testing.B) {
	s := schema("k BIGINT, v BIGINT")
	rnd := rand.New(rand.NewPCG(1, 1))
	for name, distinct := range map[string]int64{"1": 1, "10": 10, "10k": 10_000} {
		batch := types.NewBatch(s)
		for range benchRows {
			batch.Cols[0].AppendValue(rnd.Int64N(distinct))
			batch.Cols[1].AppendValue(rnd.Int64N(1000) + 1)
			batch.AppendKind(types.Insert)
		}
		b.Run("keys="+name, func(b *testing.B) {
			op := open(b, groupBy(s, []int{0}, types.Retract, "COUNT()", "SUM(v)"))
			out := &discard{}
			b.ReportAllocs()
			for b.Loop() {
				if err := op.Process(0, batch, out); err != nil {
					b.Fatal(err)
				}
			}
			benchSink += out.rows
			report(b, benchRows)
		})
		b.Run("keys="+name+"/naive", func(b *testing.B) {
			type acc struct{ count, sum int64 }
			type change struct {
				kind types.RowKind
				k    int64
				acc
			}
			groups := map[int64]*acc{}
			var out []change
			for b.Loop() {
				out = out[:0]
				for r, k := range batch.Cols[0].I64 {
					a := groups[k]
					if a == nil {
						a = &acc{}
						groups[k] = a
					} else {
						out = append(out, change{types.UpdateBefore, k, *a})
					}
					a.count++
					a.sum += batch.Cols[1].I64[r]
					out = append(out, change{types.UpdateAfter, k, *a})
				}
			}
			benchSink += len(out)
			report(b, benchRows)
		})
	}
}

// BenchmarkJoin joins a stream of rows with a kept side of 100,000 keys: inner, one match each; the stream's rows are
// kept, too, and go as fast as they come.
func BenchmarkJoin(b *testing.B) {
	const keys = 100_000
	l, r := schema("k BIGINT, v BIGINT, s STRING"), schema("k BIGINT, name STRING")
	rnd := rand.New(rand.NewPCG(1, 1))
	kept := types.NewBatch(r)
	for k := range int64(keys) {
		kept.Cols[0].AppendValue(k)
		kept.Cols[1].AppendString("the name of a key")
		kept.AppendKind(types.Insert)
	}
	batches := make([]*types.Batch, 64)
	for i := range batches {
		batches[i] = types.NewBatch(l)
		for range benchRows {
			batches[i].Cols[0].AppendValue(rnd.Int64N(keys))
			batches[i].Cols[1].AppendValue(rnd.Int64N(1000))
			batches[i].Cols[2].AppendString("some text")
			batches[i].AppendKind(types.Insert)
		}
	}
	for _, kind := range []physical.JoinKind{physical.InnerJoin, physical.LeftJoin} {
		b.Run(kind.String(), func(b *testing.B) {
			node := joinOn(kind, l, r, []int{0}, []int{0})
			node.Retracts = [2]bool{true, false}
			node.Unique[1] = []int{0}
			op := open(b, node)
			out := &discard{}
			if err := op.Process(1, kept, out); err != nil {
				b.Fatal(err)
			}
			kinds := make([]types.RowKind, benchRows)
			for i := range kinds {
				kinds[i] = types.Delete
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				// A batch is added, and the one of 32 batches ago retracted.
				batch := batches[i%64]
				batch.Kinds = nil
				if err := op.Process(0, batch, out); err != nil {
					b.Fatal(err)
				}
				if i >= 32 {
					old := batches[(i+32)%64]
					old.Kinds = kinds
					if err := op.Process(0, old, out); err != nil {
						b.Fatal(err)
					}
				}
				i++
			}
			benchSink += out.rows
			report(b, 2*benchRows)
		})
	}
	b.Run("naive", func(b *testing.B) {
		type left struct {
			k, v int64
			s    string
		}
		type pair struct {
			kind types.RowKind
			left
			name string
		}
		lefts, rights := map[int64]map[left]int{}, map[int64]string{}
		for k := range int64(keys) {
			rights[k] = "the name of a key"
		}
		var out []pair
		process := func(batch *types.Batch, kind types.RowKind) {
			out = out[:0]
			for r := range batch.N {
				row := left{batch.Cols[0].I64[r], batch.Cols[1].I64[r], string(batch.Cols[2].Bytes(r))}
				if kind == types.Insert {
					if lefts[row.k] == nil {
						lefts[row.k] = map[left]int{}
					}
					lefts[row.k][row]++
				} else if lefts[row.k][row]--; lefts[row.k][row] == 0 {
					delete(lefts[row.k], row)
				}
				if name, ok := rights[row.k]; ok {
					out = append(out, pair{kind, row, name})
				}
			}
		}
		i := 0
		for b.Loop() {
			process(batches[i%64], types.Insert)
			if i >= 32 {
				process(batches[(i+32)%64], types.Delete)
			}
			i++
		}
		benchSink += len(out)
		report(b, 2*benchRows)
	})
}

// BenchmarkCalc filters on a number and computes two columns.
func BenchmarkCalc(b *testing.B) {
	s := schema("a BIGINT, b BIGINT")
	rnd := rand.New(rand.NewPCG(1, 1))
	batch := types.NewBatch(s)
	for range benchRows {
		batch.Cols[0].AppendValue(rnd.Int64N(100))
		batch.Cols[1].AppendValue(rnd.Int64N(100))
		batch.AppendKind(types.Insert)
	}
	column := func(i int) rex.Expr { return &rex.Column{Index: i, Name: s.Fields[i].Name, T: types.BigIntType} }
	binary := func(name string, t types.Type, x, y rex.Expr, eval udf.Eval) rex.Expr {
		return &rex.Call{Spec: &udf.Spec{Name: name, Family: "operator"}, Args: []rex.Expr{x, y}, Fn: &udf.BoundScalar{Result: t, Eval: eval}}
	}
	plus := func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		x, y, z := args[0].I64[:n], args[1].I64[:n], out.I64[:n]
		for i := range z {
			z[i] = x[i] + y[i]
		}
		return nil
	}
	literal := func(x int64) rex.Expr { return &rex.Literal{Value: x, T: types.BigIntType} }
	sum := binary("+", types.BigIntType, column(0), column(1), plus)
	node := &physical.Calc{
		Info:    physical.Info{Schema: schema("x BIGINT, y BIGINT"), Mode: types.AppendOnly},
		Filter:  binary("<", types.BooleanType, column(0), literal(50), nil),
		Project: []rex.Expr{sum, binary("+", types.BigIntType, sum, literal(1), plus)},
	}
	b.Run("operator", func(b *testing.B) {
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
	b.Run("naive", func(b *testing.B) {
		var rows []map[string]any
		for r := range batch.N {
			rows = append(rows, map[string]any{"a": batch.Cols[0].I64[r], "b": batch.Cols[1].I64[r]})
		}
		var out []map[string]any
		for b.Loop() {
			out = out[:0]
			for _, row := range rows {
				if row["a"].(int64) < 50 {
					x := row["a"].(int64) + row["b"].(int64)
					out = append(out, map[string]any{"x": x, "y": x + 1})
				}
			}
		}
		benchSink += len(out)
		report(b, benchRows)
	})
}
