package cast

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
)

func field(name string, t types.Type) types.Field { return types.Field{Name: name, Type: t} }

// convert casts values in the form of types.Vector.Value.
func convertValues(t *testing.T, from, to types.Type, try bool, values ...any) ([]any, error) {
	t.Helper()
	k, err := Bind(from, to, try)
	if err != nil {
		t.Fatal(err)
	}
	in, out := types.NewVector(from), types.NewVector(to)
	for _, v := range values {
		in.AppendValue(v)
	}
	out.AppendZero() // what was there before is dropped
	if err := k.Eval(nil, in, out, len(values)); err != nil {
		return nil, err
	}
	if out.N != len(values) {
		t.Fatalf("%d rows for %d", out.N, len(values))
	}
	got := make([]any, out.N)
	for i := range got {
		got[i] = out.Value(i)
	}
	return got, nil
}

// The expected values are what Flink 1.20.3 answers to the same casts.
func TestNested(t *testing.T) {
	ints, texts := types.ArrayType(types.IntType), types.ArrayType(types.StringType)
	row := types.RowType(field("a", types.IntType), field("b", types.StringType))
	for _, tt := range []struct {
		name     string
		from, to types.Type
		try      bool
		in, want []any
	}{
		{"array to text", ints, types.StringType, false, []any{[]any{int32(1), nil}, nil, []any{}}, []any{"[1, NULL]", nil, "[]"}},
		{"array to short text", ints, types.VarcharType(4), false, []any{[]any{int32(1), int32(2)}}, []any{"[1, "}},
		{"array to padded text", ints, types.CharType(10), false, []any{[]any{int32(1), int32(2)}}, []any{"[1, 2]    "}},
		{"array elements", ints, types.ArrayType(types.BigIntType), false, []any{[]any{int32(1), nil}, nil, []any{int32(2)}},
			[]any{[]any{int64(1), nil}, nil, []any{int64(2)}}},
		{"array elements to text", ints, texts, false, []any{[]any{int32(1), int32(2)}}, []any{[]any{"1", "2"}}},
		{"one bad element", texts, ints, true, []any{[]any{"0"}, []any{"1", "x"}, []any{"2", nil}}, []any{[]any{int32(0)}, nil, []any{int32(2), nil}}},
		{"one bad element further down", types.ArrayType(texts), types.ArrayType(ints), true,
			[]any{[]any{}, []any{[]any{"1"}, []any{"2", "3"}}, []any{[]any{"4"}, []any{"5", "x"}}, []any{[]any{"6"}}},
			[]any{[]any{}, []any{[]any{int32(1)}, []any{int32(2), int32(3)}}, nil, []any{[]any{int32(6)}}}},
		{"map to text", types.MapType(types.StringType, types.IntType), types.StringType, false,
			[]any{[][2]any{{"a", int32(1)}, {"b", nil}}}, []any{"{a=1, b=NULL}"}},
		{"map values", types.MapType(types.StringType, types.IntType), types.MapType(types.StringType, types.StringType), false,
			[]any{[][2]any{{"a", int32(1)}}}, []any{[][2]any{{"a", "1"}}}},
		{"multiset to text", types.MultisetType(types.StringType), types.StringType, false, []any{[][2]any{{"a", int32(2)}}}, []any{"{a=2}"}},
		{"row to text", row, types.StringType, false, []any{[]any{int32(1), "abc"}, []any{nil, nil}}, []any{"(1, abc)", "(NULL, NULL)"}},
		{"row fields", row, types.RowType(field("x", types.StringType), field("y", types.VarcharType(2))), false,
			[]any{[]any{int32(1), "abc"}, nil}, []any{[]any{"1", "ab"}, nil}},
		{"nested arrays", types.ArrayType(ints), types.StringType, false, []any{[]any{[]any{int32(1)}, nil}}, []any{"[[1], NULL]"}},
		{"array of rows", types.ArrayType(row), types.ArrayType(types.RowType(field("a", types.BigIntType), field("b", types.StringType))), false,
			[]any{[]any{[]any{int32(1), "x"}, nil}}, []any{[]any{[]any{int64(1), "x"}, nil}}},
		{"booleans and bytes inside", types.RowType(field("a", types.BooleanType), field("b", types.BytesType), field("c", types.DoubleType)),
			types.StringType, false, []any{[]any{true, []byte("abc"), 1.0}}, []any{"(TRUE, abc, 1.0)"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := convertValues(t, tt.from, tt.to, tt.try, tt.in...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// What a NULL row or list holds underneath is never converted.
func TestNestedIgnoresWhatNullHides(t *testing.T) {
	from := types.RowType(field("a", types.ArrayType(types.StringType)))
	in := types.NewVector(from)
	in.AppendValue([]any{[]any{"x"}})
	in.AppendValue([]any{[]any{"7"}})
	in.SetNull(0)
	k, err := Bind(from, types.RowType(field("a", types.ArrayType(types.IntType))), false)
	if err != nil {
		t.Fatal(err)
	}
	out := types.NewVector(types.RowType(field("a", types.ArrayType(types.IntType))))
	if err := k.Eval(nil, in, out, 2); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{nil, []any{[]any{int32(7)}}}, []any{out.Value(0), out.Value(1)}); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		from, to types.Type
		in       []any
		row      int
		want     string
	}{
		{types.StringType, types.IntType, []any{"1", nil, "abc"}, 2, `cannot cast "abc" to INT: not a number; TRY_CAST gives NULL instead`},
		{types.StringType, types.TinyIntType, []any{"128"}, 0, `cannot cast "128" to TINYINT: out of range`},
		{types.StringType, types.DecimalType(8, 4), []any{"12345.6789"}, 0, `cannot cast "12345.6789" to DECIMAL(8, 4): out of range`},
		{types.StringType, types.BooleanType, []any{"on"}, 0, `cannot cast "on" to BOOLEAN: expected true, t, yes, y or 1, or false`},
		{types.StringType, types.TimestampType(3), []any{"2020-02-29T12:34:56"}, 0, `cannot cast "2020-02-29T12:34:56" to TIMESTAMP(3): expected a timestamp like`},
		{types.StringType, types.TimestampType(9), []any{"1500-04-30"}, 0, `nanoseconds reach from 1677 to 2262 only`},
		{types.TimestampType(3), types.TimestampType(9), []any{int64(-14820883200000)}, 0, `cannot cast 1500-05-07 00:00:00.000 to TIMESTAMP(9): nanoseconds`},
		{types.DoubleType, types.DecimalType(10, 2), []any{1.5, math.NaN()}, 1, `cannot cast NaN to DECIMAL(10, 2): a decimal is finite`},
		{types.ArrayType(types.StringType), types.ArrayType(types.IntType), []any{[]any{"1"}, []any{"2", "x"}}, 1, `cannot cast "x" to INT: not a number`},
		{types.ArrayType(types.ArrayType(types.StringType)), types.ArrayType(types.ArrayType(types.IntType)),
			[]any{[]any{[]any{"1"}, []any{"2"}}, []any{[]any{}, []any{"x"}}}, 1, `cannot cast "x" to INT: not a number`},
		{types.StringType, types.IntType, []any{strings.Repeat("ä", 100)}, 0, strings.Repeat("ä", 30) + `"… to INT`},
	} {
		_, err := convertValues(t, tt.from, tt.to, false, tt.in...)
		var row *udf.RowError
		if !errors.As(err, &row) || row.Row != tt.row || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v as %s: %v, want row %d: %s", tt.in, tt.to, err, tt.row, tt.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		from, to types.Type
		want     string
	}{
		{types.IntType, types.TimestampType(3), "no cast from INT to TIMESTAMP(3): use TO_TIMESTAMP(FROM_UNIXTIME(x))"},
		{types.BigIntType, types.TimestampLTZType(3), "use TO_TIMESTAMP_LTZ(x, 3)"},
		{types.TimestampType(3), types.BigIntType, "use UNIX_TIMESTAMP(CAST(x AS STRING))"},
		{types.DateType, types.BytesType, "no cast from DATE to BYTES"},
		{types.IntType, types.ArrayType(types.IntType), "no cast from INT to ARRAY<INT>"},
		{types.BooleanType, types.DecimalType(1, 1), "no cast from BOOLEAN to DECIMAL(1, 1)"},
		{types.RowType(field("a", types.IntType)), types.RowType(field("a", types.IntType), field("b", types.IntType)), "no cast from ROW"},
	} {
		if _, err := Bind(tt.from, tt.to, false); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s to %s: %v, want %s", tt.from, tt.to, err, tt.want)
		}
	}
}

// Flink's INSERT INTO takes exactly these without CAST (tried with 1.20.3).
func TestImplicit(t *testing.T) {
	dec := types.DecimalType(5, 2)
	row := func(t types.Type) types.Type { return types.RowType(field("a", t)) }
	all := []types.Type{
		types.CharType(3), types.VarcharType(3), types.BooleanType, types.BinaryType(3), types.BytesType, dec, types.TinyIntType,
		types.SmallIntType, types.IntType, types.BigIntType, types.FloatType, types.DoubleType, types.DateType, types.TimeType(0),
		types.TimestampType(3), types.TimestampLTZType(3), types.ArrayType(types.IntType), types.ArrayType(types.BigIntType),
		types.MapType(types.IntType, types.IntType), types.MapType(types.IntType, types.BigIntType), row(types.IntType), row(types.BigIntType),
		types.MultisetType(types.IntType), types.IntervalMonthType, types.IntervalMilliType,
	}
	numbers := "DECIMAL(5, 2) FLOAT DOUBLE"
	want := map[string]string{
		"CHAR(3)": "VARCHAR(3)", "BINARY(3)": "BYTES", "DECIMAL(5, 2)": "FLOAT DOUBLE", "TINYINT": "SMALLINT INT BIGINT " + numbers,
		"SMALLINT": "INT BIGINT " + numbers, "INT": "BIGINT " + numbers, "BIGINT": numbers, "FLOAT": "DECIMAL(5, 2) DOUBLE",
		"DOUBLE": "DECIMAL(5, 2)", "TIMESTAMP(3)": "DATE TIME(0) TIMESTAMP_LTZ(3)", "TIMESTAMP_LTZ(3)": "TIMESTAMP(3)",
		"ARRAY<INT>": "ARRAY<BIGINT>", "MAP<INT, INT>": "MAP<INT, BIGINT>", "ROW<`a` INT>": "ROW<`a` BIGINT>",
	}
	for _, from := range all {
		for _, to := range all {
			accepted := from.Equal(to)
			for _, name := range strings.Fields(strings.ReplaceAll(want[from.String()], ", ", ",")) {
				accepted = accepted || strings.ReplaceAll(to.String(), ", ", ",") == name
			}
			if strings.Contains(want[from.String()], "<") {
				accepted = accepted || to.String() == want[from.String()]
			}
			if got := Implicit(from, to); got != accepted {
				t.Errorf("Implicit(%s, %s) = %v", from, to, got)
			}
			if Implicit(from, to) && !Explicit(from, to) {
				t.Errorf("%s is taken for %s, but can't be cast to it", from, to)
			}
		}
	}
}

func TestIdentity(t *testing.T) {
	for _, tt := range []struct {
		from, to types.Type
		want     bool
	}{
		{types.IntType, types.IntType, true}, {types.IntType, types.DateType, false}, {types.VarcharType(3), types.StringType, true},
		{types.StringType, types.VarcharType(3), false}, {types.CharType(3), types.StringType, true}, {types.VarcharType(3), types.CharType(3), false},
		{types.DecimalType(5, 2), types.DecimalType(7, 2), true}, {types.DecimalType(7, 2), types.DecimalType(5, 2), false},
		{types.TimestampType(0), types.TimestampType(3), true}, {types.TimestampType(3), types.TimestampType(0), false},
		{types.TimestampType(3), types.TimestampLTZType(3), false}, {types.ArrayType(types.VarcharType(3)), types.ArrayType(types.StringType), true},
		{types.ArrayType(types.StringType), types.ArrayType(types.VarcharType(3)), false}, {types.BinaryType(2), types.BytesType, true},
	} {
		k, err := Bind(tt.from, tt.to, false)
		if err == nil && k.Identity != tt.want {
			t.Errorf("%s to %s: identity %v, want %v", tt.from, tt.to, k.Identity, tt.want)
		}
	}
}

// Every pair of types casts zeros and NULLs of more than a bitmap's word without panicking, and TRY_CAST never fails.
func TestEveryPair(t *testing.T) {
	all := []types.Type{
		types.CharType(3), types.VarcharType(3), types.StringType, types.BooleanType, types.BinaryType(3), types.BytesType,
		types.DecimalType(5, 2), types.DecimalType(38, 18), types.TinyIntType, types.SmallIntType, types.IntType, types.BigIntType,
		types.FloatType, types.DoubleType, types.DateType, types.TimeType(3), types.TimestampType(0), types.TimestampType(6),
		types.TimestampType(9), types.TimestampLTZType(3), types.IntervalMonthType, types.IntervalMilliType, types.NullType,
		types.ArrayType(types.StringType), types.MapType(types.StringType, types.IntType), types.RowType(field("a", types.StringType)),
	}
	for _, from := range all {
		for _, to := range all {
			if to.Kind == types.Null {
				continue
			}
			k, err := Bind(from, to, true)
			if err != nil {
				continue
			}
			in, out := types.NewVector(from), types.NewVector(to)
			const n = 70
			for i := range n + 3 {
				if i%3 == 0 || from.Kind == types.Null {
					in.AppendNull()
				} else {
					in.AppendZero()
				}
			}
			if err := k.Eval(&udf.Context{}, in, out, n); err != nil || k.Fallible {
				t.Errorf("TRY_CAST from %s to %s: fallible %v, %v", from, to, k.Fallible, err)
			}
			if out.N != n {
				t.Errorf("%s to %s: %d rows, want %d", from, to, out.N, n)
			}
			for i := 0; i < n; i += 3 {
				if !out.IsNull(i) {
					t.Errorf("%s to %s: NULL became %v", from, to, out.Value(i))
				}
			}
			out.AppendZero()
			if out.IsNull(n) {
				t.Errorf("%s to %s: a row appended later is NULL", from, to)
			}
		}
	}
}

func TestSessionZone(t *testing.T) {
	location, err := temporal.ParseZone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	k, err := Bind(types.ArrayType(types.TimestampLTZType(3)), types.StringType, false)
	if err != nil {
		t.Fatal(err)
	}
	in, out := types.NewVector(types.ArrayType(types.TimestampLTZType(3))), types.NewVector(types.StringType)
	in.AppendValue([]any{int64(1577880000500)})
	if err := k.Eval(&udf.Context{Location: location}, in, out, 1); err != nil || out.Str(0) != "[2020-01-01 07:00:00.500]" {
		t.Errorf("%q, %v", out.Str(0), err)
	}
}

// Java's decoder puts one replacement character for each longest beginning of a well-formed sequence.
func TestIllFormedText(t *testing.T) {
	for in, want := range map[string]string{
		"\xff\x00": "\ufffd\x00", "\xe2\x82": "\ufffd", "\xe2\x82A": "\ufffdA", "\xc3": "\ufffd", "\xf0\x9f\x98": "\ufffd", "\xed\xa0\x80": "\ufffd\ufffd\ufffd",
		"\xc0\x80": "\ufffd\ufffd", "a\x80b": "a\ufffdb", "ä€😀": "ä€😀",
	} {
		if got := string(appendUTF8(nil, []byte(in))); got != want {
			t.Errorf("%q reads as %q, want %q", in, got, want)
		}
	}
}

func benchmarkCast(b *testing.B, from, to types.Type, value any) {
	k, err := Bind(from, to, false)
	if err != nil {
		b.Fatal(err)
	}
	const n = 4096
	in, out := types.NewVector(from), types.NewVector(to)
	for range n {
		in.AppendValue(value)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := k.Eval(nil, in, out, n); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func BenchmarkIntToBigInt(b *testing.B) { benchmarkCast(b, types.IntType, types.BigIntType, int32(7)) }
func BenchmarkDoubleToString(b *testing.B) {
	benchmarkCast(b, types.DoubleType, types.StringType, 1234.5678)
}
func BenchmarkBigIntToString(b *testing.B) {
	benchmarkCast(b, types.BigIntType, types.StringType, int64(1234567890))
}
func BenchmarkStringToInt(b *testing.B) {
	benchmarkCast(b, types.StringType, types.IntType, "1234567")
}
func BenchmarkStringToTimestamp(b *testing.B) {
	benchmarkCast(b, types.StringType, types.TimestampType(3), "2020-02-29 12:34:56.789")
}
func BenchmarkTimestampToString(b *testing.B) {
	benchmarkCast(b, types.TimestampType(3), types.StringType, int64(1582979696789))
}
func BenchmarkDecimalRescale(b *testing.B) {
	benchmarkCast(b, types.BigIntType, types.DecimalType(20, 2), int64(1234567890))
}
