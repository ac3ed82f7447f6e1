package wasm_test

import (
	"reflect"
	"testing"

	"github.com/weirsql/weir/types"
)

// Functions of a Go file, called with columns: what they give, and what becomes of NULLs.
func TestGoScalars(t *testing.T) {
	h := host(t)
	text := func(values ...any) *types.Vector { return column(types.StringType, values...) }
	long := func(values ...any) *types.Vector { return column(types.BigIntType, values...) }
	for _, c := range []struct {
		name   string
		result string
		args   []*types.Vector
		want   []any
	}{
		{"mask_phone", "STRING", []*types.Vector{text("+49 170 1234567", nil, "", "12345")}, []any{"***4567", nil, "***", "***2345"}},
		{"add_one", "BIGINT", []*types.Vector{long(int64(1), nil, int64(-5))}, []any{int64(2), nil, int64(-4)}},
		{"Not", "BOOLEAN", []*types.Vector{column(types.BooleanType, true, nil, false)}, []any{false, nil, true}},
		{"tiny", "TINYINT", []*types.Vector{column(types.TinyIntType, int8(4), nil)}, []any{int8(8), nil}},
		{"small", "SMALLINT", []*types.Vector{column(types.SmallIntType, int16(-4), nil)}, []any{int16(-8), nil}},
		{"narrow", "INT", []*types.Vector{column(types.IntType, nil, int32(1<<30-1))}, []any{nil, int32(1<<31 - 2)}},
		{"half", "FLOAT", []*types.Vector{column(types.FloatType, float32(3))}, []any{float32(1.5)}},
		{"reverse", "BYTES", []*types.Vector{column(types.BytesType, []byte{1, 2}, nil, []byte{})}, []any{[]byte{2, 1}, nil, []byte{}}},
		{"default", "STRING NOT NULL", []*types.Vector{text("a", nil)}, []any{"a", "none"}},
		{"both", "BIGINT", []*types.Vector{text("a", nil, "b"), long(int64(1), int64(2), nil)}, []any{int64(2), int64(2), nil}},
		{"digits", "BIGINT", []*types.Vector{text("12", "x", nil, "")}, []any{int64(12), nil, nil, int64(0)}},
		{"initial", "STRING", []*types.Vector{text("ann", "", nil)}, []any{"a", nil, nil}},
		{"joined", "STRING", []*types.Vector{text("-", "+"), text("a", "b"), text("c", nil)}, []any{"a-c", nil}},
		{"joined", "STRING", []*types.Vector{text("-", nil)}, []any{"", nil}},
		{"sum", "BIGINT", []*types.Vector{long(int64(1)), long(int64(2)), long(int64(3))}, []any{int64(6)}},
		{"types", "DOUBLE", []*types.Vector{
			column(types.BooleanType, true, false, nil), column(types.TinyIntType, int8(1), int8(1), int8(1)), column(types.SmallIntType, int16(2), int16(2), int16(2)),
			column(types.IntType, int32(3), int32(3), int32(3)), long(int64(4), int64(4), int64(4)), column(types.FloatType, float32(5), float32(5), float32(5)),
			column(types.DoubleType, 6.0, 6.0, 6.0), text("seven..", "seven..", "seven.."), column(types.BytesType, []byte("eight..."), []byte("eight..."), []byte("eight...")),
		}, []any{36.0, -36.0, nil}},
	} {
		l := load(t, h, c.name, defaults)
		s, err := bind(l, c.args...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, err := evaluate(s, c.args...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s gives %v, want %v", c.name, got, c.want)
		}
		if got := s.Result.String(); got != c.result {
			t.Errorf("%s gives %s, want %s", c.name, got, c.result)
		}
	}
}
