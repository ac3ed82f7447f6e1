package udf

import (
	"errors"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/types"
)

func vector(t types.Type, values ...any) *types.Vector {
	v := types.NewVector(t)
	for _, x := range values {
		v.AppendValue(x)
	}
	return v
}

// evaluate runs eval as a caller does for NullIfAny functions.
func evaluate(eval Eval, result types.Type, args ...*types.Vector) ([]any, error) {
	n := args[0].N
	out := types.NewVector(result)
	out.Resize(n)
	for _, a := range args {
		if len(a.Valid) > 0 {
			out.Valid = out.Valid.Grow(n)
			out.Valid.And(a.Valid)
		}
	}
	if err := eval(&Context{}, args, out, n); err != nil {
		return nil, err
	}
	var values []any
	for i := range out.N {
		values = append(values, out.Value(i))
	}
	return values, nil
}

func TestLifting(t *testing.T) {
	ints := vector(types.IntType, int32(1), nil, int32(3))
	texts := vector(types.StringType, "a", "b", nil)
	for _, tt := range []struct {
		name   string
		eval   Eval
		result types.Type
		args   []*types.Vector
		want   []any
	}{
		{"one argument", F1(func(_ *Context, a int32) (int64, bool, error) { return int64(a) * 2, true, nil }),
			types.BigIntType, []*types.Vector{ints}, []any{int64(2), nil, int64(6)}},
		{"not ok is NULL", F1(func(_ *Context, a int32) (bool, bool, error) { return true, a != 3, nil }),
			types.BooleanType, []*types.Vector{ints}, []any{true, nil, nil}},
		{"two arguments", F2(func(_ *Context, a int32, b string) (string, bool, error) { return b + strconv.Itoa(int(a)), true, nil }),
			types.StringType, []*types.Vector{ints, texts}, []any{"a1", nil, nil}},
		{"three arguments", F3(func(_ *Context, a, b, c int32) (int32, bool, error) { return a + b + c, true, nil }),
			types.IntType, []*types.Vector{ints, ints, ints}, []any{int32(3), nil, int32(9)}},
		{"text of one", F1Text(func(_ *Context, dst []byte, a int32) ([]byte, bool, error) {
			return strconv.AppendInt(dst, int64(a), 10), a != 1, nil
		}), types.StringType, []*types.Vector{ints}, []any{nil, nil, "3"}},
		{"text of two", F2Text(func(_ *Context, dst []byte, a string, b []byte) ([]byte, bool, error) {
			return append(append(dst, a...), b...), true, nil
		}), types.StringType, []*types.Vector{texts, texts}, []any{"aa", "bb", nil}},
		{"text of three", F3Text(func(_ *Context, dst []byte, a, b string, c int32) ([]byte, bool, error) {
			return append(append(dst, a...), b...), c == 1, nil
		}), types.BytesType, []*types.Vector{texts, texts, ints}, []any{[]byte("aa"), nil, nil}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := evaluate(tt.eval, tt.result, tt.args...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A failure names its row, and rows that are NULL already are never seen.
func TestLiftingFails(t *testing.T) {
	bad := errors.New("bad")
	ints := vector(types.IntType, nil, int32(1), int32(2))
	for _, tt := range []struct {
		result types.Type
		eval   Eval
	}{
		{types.IntType, F1(func(_ *Context, a int32) (int32, bool, error) {
			if a != 1 {
				return 0, true, bad
			}
			return 0, true, nil
		})},
		{types.StringType, F1Text(func(_ *Context, dst []byte, a int32) ([]byte, bool, error) {
			if a != 1 {
				return nil, true, bad
			}
			return dst, true, nil
		})},
	} {
		_, err := evaluate(tt.eval, tt.result, ints)
		var row *RowError
		if !errors.As(err, &row) || row.Row != 2 || !errors.Is(err, bad) {
			t.Errorf("%v, want bad for row 2", err)
		}
	}
}

func TestValuess(t *testing.T) {
	one := decimal128.FromI64(1)
	for _, tt := range []struct {
		v    *types.Vector
		read func(v *types.Vector) any
		want any
	}{
		{vector(types.BooleanType, true), func(v *types.Vector) any { return Values[bool](v)[0] }, true},
		{vector(types.TinyIntType, int8(1)), func(v *types.Vector) any { return Values[int8](v)[0] }, int8(1)},
		{vector(types.SmallIntType, int16(1)), func(v *types.Vector) any { return Values[int16](v)[0] }, int16(1)},
		{vector(types.DateType, int32(1)), func(v *types.Vector) any { return Values[int32](v)[0] }, int32(1)},
		{vector(types.TimestampType(3), int64(1)), func(v *types.Vector) any { return Values[int64](v)[0] }, int64(1)},
		{vector(types.FloatType, float32(1)), func(v *types.Vector) any { return Values[float32](v)[0] }, float32(1)},
		{vector(types.DoubleType, 1.0), func(v *types.Vector) any { return Values[float64](v)[0] }, 1.0},
		{vector(types.DecimalType(3, 0), one), func(v *types.Vector) any { return Values[decimal128.Num](v)[0] }, one},
		{vector(types.StringType, "x"), func(v *types.Vector) any { return Reader[string](v)(0) }, "x"},
	} {
		if got := tt.read(tt.v); got != tt.want {
			t.Errorf("%s reads as %v, want %v", tt.v.Type, got, tt.want)
		}
	}
}
