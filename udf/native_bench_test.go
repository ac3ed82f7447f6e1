package udf_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/builtin"
)

// BenchmarkScalar compares functions in Go with the built-in that does the same, over a column of 4096 rows.
func BenchmarkScalar(b *testing.B) {
	const rows = 4096
	numbers, texts := types.NewVector(types.BigIntType), types.NewVector(types.StringType)
	for i := range rows {
		numbers.AppendValue(int64(i*7919 - rows))
		texts.AppendString(fmt.Sprintf("user-%d@example.com", i))
	}
	holes := types.NewVector(types.BigIntType)
	holes.AppendRange(numbers, 0, rows)
	for i := 0; i < rows; i += 3 {
		holes.SetNull(i)
	}
	builtins := udf.NewRegistry()
	if err := builtin.Register(builtins); err != nil {
		b.Fatal(err)
	}
	named := func(name string) udf.Spec {
		s, ok := builtins.Lookup(name)
		if !ok {
			b.Fatalf("there is no function %s", name)
		}
		return *s
	}
	abs := func(x int64) int64 { return max(x, -x) }
	for _, f := range []struct {
		name string
		spec udf.Spec
		arg  *types.Vector
	}{
		{"abs/built-in", named("ABS"), numbers},
		{"abs/column", udf.Column("A", func(a, r []int64) error {
			for i, x := range a {
				r[i] = abs(x)
			}
			return nil
		}), numbers},
		{"abs/row", udf.Scalar("A", abs), numbers},
		{"abs/row-int", udf.Scalar("A", func(x int) int { return max(x, -x) }), numbers},
		{"abs/row-error", udf.Partial("A", func(x int64) (int64, error) { return abs(x), nil }), numbers},
		{"abs-null/built-in", named("ABS"), holes},
		{"abs-null/row", udf.Scalar("A", abs), holes},
		{"abs-null/null", udf.Scalar("A", func(x udf.Null[int64]) udf.Null[int64] {
			x.V = abs(x.V)
			return x
		}), holes},
		{"upper/built-in", named("UPPER"), texts},
		{"upper/row", udf.Scalar("U", strings.ToUpper), texts},
		{"upper/append", udf.Text("U", func(dst []byte, s string) []byte {
			for i := range len(s) {
				c := s[i]
				if c >= utf8.RuneSelf {
					return append(dst[:len(dst)-i], strings.ToUpper(s)...)
				}
				if c >= 'a' && c <= 'z' {
					c -= 'a' - 'A'
				}
				dst = append(dst, c)
			}
			return dst
		}), texts},
		{"ascii/built-in", named("ASCII"), texts},
		{"ascii/row", udf.Scalar("A", func(s string) int32 {
			if s == "" {
				return 0
			}
			return int32(int8(s[0]))
		}), texts},
		{"trim/built-in", named("LTRIM"), texts},
		{"trim/row", udf.Scalar("T", func(s string) string { return strings.TrimLeft(s, " ") }), texts},
	} {
		b.Run(f.name, func(b *testing.B) {
			bound, err := f.spec.Scalar(&udf.Call{Name: "F", Args: []udf.Arg{{Type: f.arg.Type}}})
			if err != nil {
				b.Fatal(err)
			}
			out := types.NewVector(bound.Result)
			args := []*types.Vector{f.arg}
			b.ReportAllocs()
			for b.Loop() {
				out.Resize(rows)
				if len(f.arg.Valid) > 0 && bound.Nulls == udf.NullIfAny {
					out.Valid = append(out.Valid[:0], f.arg.Valid...)
				}
				if err := bound.Eval(nil, args, out, rows); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
