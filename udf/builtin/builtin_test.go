package builtin

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/cast"
)

// scalars returns every scalar function; aggregates have tests of their own, and forms no code.
func scalars(t testing.TB) []*udf.Spec {
	reg := udf.NewRegistry()
	if err := Register(reg); err != nil {
		t.Fatal(err)
	}
	var specs []*udf.Spec
	for _, s := range reg.Specs() {
		if s.Scalar != nil {
			specs = append(specs, s)
		}
	}
	return specs
}

// Every function says what it is, and how it is called.
func TestSpecsAreDocumented(t *testing.T) {
	reg := udf.NewRegistry()
	if err := Register(reg); err != nil {
		t.Fatal(err)
	}
	for _, s := range reg.Specs() {
		name := s.Name + s.Class
		switch {
		case s.Family == "":
			t.Errorf("%s has no family", name)
		case s.Summary == "" || !strings.HasSuffix(s.Summary, ".") || strings.Contains(s.Summary, "\n"):
			t.Errorf("%s: the summary %q is not one sentence", name, s.Summary)
		case len(s.Usage) == 0:
			t.Errorf("%s has no usage", name)
		case s.Name != strings.ToUpper(s.Name):
			t.Errorf("%s is not in upper case", name)
		}
		if s.Scalar != nil && s.Name != "" && !strings.HasPrefix(s.Name, "$") && len(s.Examples) == 0 && s.Name != "CURRENT_WATERMARK" {
			t.Errorf("%s has no example", name) // that one's takes a stream
		}
	}
}

// Every example that is made of calls, casts, literals and operators gives what it says; the engine's tests run the rest.
func TestExamples(t *testing.T) {
	ev := newEvaluator(t)
	ran := 0
	for _, s := range scalars(t) {
		for _, x := range s.Examples {
			e, errs := parser.ParseExpr("CAST(" + x.SQL + " AS STRING)")
			if len(errs) > 0 {
				t.Errorf("%s: %s doesn't parse: %v", s.Name, x.SQL, errs)
				continue
			}
			got, err := ev.eval(e)
			switch {
			case errors.Is(err, errUnknown):
				continue
			case err != nil:
				t.Errorf("%s: %s: %v", s.Name, x.SQL, err)
				continue
			}
			ran++
			text := "NULL"
			if !got.v.IsNull(0) {
				text = got.v.Str(0)
			}
			if text != x.Result {
				t.Errorf("%s: %s is %s, want %s", s.Name, x.SQL, text, x.Result)
			}
		}
	}
	if ran < 150 {
		t.Errorf("only %d examples ran", ran)
	}
}

// probes are columns of NULLs, empties and extremes.
func probes() []*types.Vector {
	column := func(t types.Type, values ...any) *types.Vector {
		v := types.NewVector(t)
		v.AppendNull()
		for len(values) < 3 {
			values = append(values, values[0])
		}
		for _, x := range values[:3] {
			v.AppendValue(x)
		}
		return v
	}
	nines, _ := decimal128.FromString("99999999999999999999999999999999999999", 38, 0)
	field := types.Field{Name: "a", Type: types.IntType}
	null := types.NewVector(types.NullType)
	for range 4 {
		null.AppendNull()
	}
	return []*types.Vector{
		null,
		column(types.BooleanType, true, false),
		column(types.TinyIntType, int8(0), int8(math.MinInt8), int8(math.MaxInt8)),
		column(types.IntType, int32(0), int32(math.MinInt32), int32(math.MaxInt32)),
		column(types.BigIntType, int64(0), int64(math.MinInt64), int64(math.MaxInt64)),
		column(types.DoubleType, 0.0, math.NaN(), math.Inf(-1)),
		column(types.DecimalType(38, 18), decimal128.Num{}, nines, nines.Negate()),
		column(types.StringType, "", "\xff%_", strings.Repeat("ä😀", 20)),
		column(types.BytesType, []byte{}, []byte{0xff}, []byte("abc")),
		column(types.DateType, int32(0), int32(-719_528), int32(2_932_896)),
		column(types.TimeType(0), int32(0), int32(86_399_999)),
		column(types.TimestampType(3), int64(0), int64(-62_135_596_800_000), int64(253_402_300_799_999)),
		column(types.TimestampLTZType(9), int64(0), int64(math.MinInt64), int64(math.MaxInt64)),
		column(types.IntervalMonthType, int32(0), int32(math.MinInt32), int32(math.MaxInt32)),
		column(types.IntervalMilliType, int64(0), int64(math.MinInt64), int64(math.MaxInt64)),
		column(types.ArrayType(types.IntType), []any{}, []any{nil}, []any{int32(1)}),
		column(types.MapType(types.StringType, types.IntType), [][2]any{}, [][2]any{{"a", nil}}),
		column(types.RowType(field), []any{nil}, []any{int32(1)}),
	}
}

// Called with any number of arguments of any type, a function binds or refuses; bound, it answers or fails for a row,
// keeps to the row count, and never panics. A function that says it can't fail doesn't.
func TestNothingPanics(t *testing.T) {
	all := probes()
	ctx := &udf.Context{Location: time.UTC, Now: time.Now, Started: time.Now()}
	bound := 0
	for _, s := range scalars(t) {
		try := func(args ...*types.Vector) {
			defer func() {
				if r := recover(); r != nil {
					t.Errorf("%s(%s) panics: %v", s.Name, typeNames(args), r)
				}
			}()
			if call(t, s, ctx, args) {
				bound++
			}
		}
		try()
		for _, a := range all {
			try(a)
			for _, b := range all {
				try(a, b)
				try(a, b, b)
				try(a, b, a)
			}
			try(a, a, a, a)
			try(a, a, a, a, a)
		}
	}
	if bound < 1000 {
		t.Errorf("only %d calls bound", bound)
	}
}

func typeNames(args []*types.Vector) string {
	var names []string
	for _, a := range args {
		names = append(names, a.Type.String())
	}
	return strings.Join(names, ", ")
}

// call binds s to the arguments, as columns, and runs it on those of them that need no conversion; false when it
// refuses them.
func call(t *testing.T, s *udf.Spec, ctx *udf.Context, args []*types.Vector) bool {
	const n = 4
	c := &udf.Call{Name: s.Name}
	for _, a := range args {
		c.Args = append(c.Args, udf.Arg{Type: a.Type})
	}
	what := fmt.Sprintf("%s(%s)", s.Name, typeNames(args))
	f, err := s.Scalar(c)
	if err != nil {
		if strings.Contains(err.Error(), "%!") {
			t.Errorf("%s: %v", what, err)
		}
		return false
	}
	if len(f.Args) != len(args) {
		t.Errorf("%s takes %d arguments", what, len(f.Args))
		return true
	}
	if f.Eval == nil {
		return true
	}
	columns := make([]*types.Vector, len(args))
	out := types.NewVector(f.Result)
	out.Resize(n)
	for i, a := range args {
		columns[i] = a
		if f.Args[i].Kind != a.Type.Kind && f.Args[i].Kind != types.Null {
			k, err := cast.Bind(a.Type, f.Args[i], false)
			if err != nil {
				return false // as the planner does for an argument that isn't of the type asked for
			}
			converted := types.NewVector(f.Args[i])
			if err := k.Eval(ctx, a, converted, n); err != nil {
				return true
			}
			columns[i] = converted
		} else if !f.Args[i].SameStorage(a.Type) && f.Args[i].Kind != types.Null {
			return true
		}
		if f.Nulls == udf.NullIfAny && len(columns[i].Valid) > 0 {
			out.Valid = out.Valid.Grow(n)
			out.Valid.And(columns[i].Valid)
		}
	}
	err = f.Eval(ctx, columns, out, n)
	var row *udf.RowError
	switch {
	case err == nil && out.N != n:
		t.Errorf("%s gives %d rows for %d", what, out.N, n)
	case err != nil && !errors.As(err, &row):
		t.Errorf("%s: an error that is of no row: %v", what, err)
	case err != nil && !f.Fallible:
		t.Errorf("%s fails though it says it can't: %v", what, err)
	case err != nil && (row.Row < 0 || row.Row >= n):
		t.Errorf("%s fails for row %d of %d", what, row.Row, n)
	}
	return true
}

func benchmarkScalar(b *testing.B, name string, args ...*types.Vector) {
	b.Helper()
	reg := udf.NewRegistry()
	if err := Register(reg); err != nil {
		b.Fatal(err)
	}
	s, _ := reg.Lookup(name)
	c := &udf.Call{Name: name}
	for _, a := range args {
		c.Args = append(c.Args, udf.Arg{Type: a.Type})
	}
	f, err := s.Scalar(c)
	if err != nil {
		b.Fatal(err)
	}
	n := args[0].N
	out := types.NewVector(f.Result)
	b.ReportAllocs()
	for b.Loop() {
		out.Resize(n)
		if err := f.Eval(&udf.Context{}, args, out, n); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func repeated(t types.Type, values ...any) *types.Vector {
	v := types.NewVector(t)
	for i := range 4096 {
		v.AppendValue(values[i%len(values)])
	}
	return v
}

func BenchmarkIntAdd(b *testing.B) {
	x := repeated(types.IntType, int32(1), int32(2), int32(3))
	benchmarkScalar(b, "+", x, x)
}

func BenchmarkIntLess(b *testing.B) {
	benchmarkScalar(b, "<", repeated(types.IntType, int32(1), int32(5), int32(3)), repeated(types.IntType, int32(2)))
}

func BenchmarkBigIntEqual(b *testing.B) {
	benchmarkScalar(b, "=", repeated(types.BigIntType, int64(1), int64(5)), repeated(types.BigIntType, int64(5)))
}

func BenchmarkIntDivide(b *testing.B) {
	benchmarkScalar(b, "/", repeated(types.IntType, int32(100), int32(7)), repeated(types.IntType, int32(3)))
}

func BenchmarkTextEqual(b *testing.B) {
	benchmarkScalar(b, "=", repeated(types.StringType, "purchase", "page_view", "cart"), repeated(types.StringType, "purchase"))
}

func BenchmarkTextLess(b *testing.B) {
	benchmarkScalar(b, "<", repeated(types.StringType, "purchase", "page_view", "cart"), repeated(types.StringType, "purchase"))
}

func BenchmarkDecimalAdd(b *testing.B) {
	x := repeated(types.DecimalType(10, 2), decimal128.FromI64(12345))
	benchmarkScalar(b, "+", x, x)
}

func BenchmarkDecimalMultiply(b *testing.B) {
	x := repeated(types.DecimalType(10, 2), decimal128.FromI64(12345))
	benchmarkScalar(b, "*", x, x)
}

func BenchmarkAnd(b *testing.B) {
	x := repeated(types.BooleanType, true, false, true)
	benchmarkScalar(b, "AND", x, x)
}

func BenchmarkRoundDouble(b *testing.B) {
	benchmarkScalar(b, "ROUND", repeated(types.DoubleType, 125.315, 2.675), repeated(types.IntType, int32(2)))
}

func BenchmarkLike(b *testing.B) {
	benchmarkScalar(b, "LIKE", repeated(types.StringType, "the quick brown fox", "jumps over the lazy dog"), repeated(types.StringType, "%lazy%"))
}
