package expr_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/runtime/expr"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// A filter keeps the rows for which its condition is TRUE, whether it has special code or not, with and without NULLs
// and selections.
func TestFilterAgainstRows(t *testing.T) {
	intLiteral := func(x int32) rex.Expr { return &rex.Literal{Value: x, T: types.IntType.WithNotNull(true)} }
	var conditions []rex.Expr
	for _, op := range []string{"=", "<>", "<", "<=", ">", ">="} {
		conditions = append(conditions,
			compare(op, column("a"), literal(1)), compare(op, literal(1), column("a")), compare(op, column("i"), intLiteral(2)),
			compare(op, column("a"), literal(math.MinInt64)), compare(op, column("a"), literal(math.MaxInt64)),
			compare(op, column("a"), column("b")), compare(op, column("a"), &rex.Literal{T: types.BigIntType}))
		for _, s := range texts {
			conditions = append(conditions, compare(op, column("s"), literal(s)))
		}
	}
	conditions = append(conditions, column("p"), isNull(column("s"), true), isNull(column("s"), false),
		&rex.Literal{T: types.NullType}, &rex.Logic{Or: true, Args: []rex.Expr{&rex.Literal{T: types.NullType}, column("p")}, T: types.BooleanType},
		&rex.Case{Conds: []rex.Expr{&rex.Literal{T: types.NullType}}, Results: []rex.Expr{literal(false)}, Else: column("p"), T: types.BooleanType},
		isNull(plus(column("a"), column("b")), true), compare("=", plus(column("a"), column("b")), literal(2)))
	for k := range 40 {
		rnd := rand.New(rand.NewPCG(uint64(k), 2))
		conditions = append(conditions, &rex.Logic{Args: []rex.Expr{
			conditions[rnd.IntN(len(conditions))], conditions[rnd.IntN(len(conditions))],
			&rex.Logic{Or: true, Args: []rex.Expr{conditions[rnd.IntN(len(conditions))], column("p")}, T: types.BooleanType},
		}, T: types.BooleanType})
	}
	for k, e := range conditions {
		f, err := expr.CompileFilter(e)
		if err != nil {
			t.Fatal(err)
		}
		f.Open(&udf.Context{})
		rnd := rand.New(rand.NewPCG(uint64(k), 3))
		for _, nulls := range []int{0, 3} {
			for _, n := range []int{0, 1, 100} {
				b := randomBatch(rnd, n, nulls)
				for range 2 {
					rows := b.Sel
					if rows == nil {
						for i := range b.N {
							rows = append(rows, int32(i))
						}
					}
					want := slices.DeleteFunc(slices.Clone(rows), func(i int32) bool {
						x, err := value(e, b, int(i))
						if err != nil {
							t.Fatal(err)
						}
						return x != true
					})
					got, err := f.Select(b)
					if err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(got, want) {
						t.Fatalf("%s over %d rows (nulls %d, sel %v) selects\n%v, want\n%v", e, n, nulls, b.Sel, got, want)
					}
					b.Sel = randomSel(rnd, b.N)
				}
			}
		}
	}
}

var sink int

// BenchmarkFilter compares the special code for `column = constant` with the loop over values one would write first.
func BenchmarkFilter(b *testing.B) {
	const n = 1 << 18 // too many rows for the processor to remember which of them pass
	names := []string{"Impression", "Firefox", "Conversion", "Edge"}
	rnd := rand.New(rand.NewPCG(1, 1))
	schema := types.NewSchema(types.Field{Name: "s", Type: types.StringType}, types.Field{Name: "a", Type: types.BigIntType})
	batch := types.NewBatch(schema)
	var rows []map[string]any
	for range n {
		s, a := names[rnd.IntN(4)], rnd.Int64N(100)
		batch.Cols[0].AppendString(s)
		batch.Cols[1].AppendValue(a)
		batch.AppendKind(types.Insert)
		rows = append(rows, map[string]any{"s": s, "a": a})
	}
	text := &rex.Column{Index: 0, Name: "s", T: types.StringType}
	number := &rex.Column{Index: 1, Name: "a", T: types.BigIntType}
	for name, e := range map[string]rex.Expr{
		"text":   compare("=", text, literal("Firefox")),
		"longer": compare("=", text, literal("Impression")),
		"number": compare("<", number, literal(25)),
		"both":   &rex.Logic{Args: []rex.Expr{compare("=", text, literal("Firefox")), compare("<", number, literal(25))}},
	} {
		b.Run(name, func(b *testing.B) {
			f, err := expr.CompileFilter(e)
			if err != nil {
				b.Fatal(err)
			}
			f.Open(&udf.Context{})
			for b.Loop() {
				sel, err := f.Select(batch)
				if err != nil {
					b.Fatal(err)
				}
				sink += len(sel)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
	b.Run("naive-rows", func(b *testing.B) {
		for b.Loop() {
			for _, r := range rows {
				if fmt.Sprint(r["s"]) == "Firefox" {
					sink++
				}
			}
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
	})
	b.Run("naive-typed-rows", func(b *testing.B) {
		for b.Loop() {
			for _, r := range rows {
				if r["s"].(string) == "Firefox" {
					sink++
				}
			}
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
	})
}
