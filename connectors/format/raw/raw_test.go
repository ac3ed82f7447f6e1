package raw

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

func config(t *testing.T, raw map[string]string, typs ...types.Type) format.Config {
	t.Helper()
	options, errs := option.Check(raw, Spec.Options, func(string, []string) string { return "" })
	if len(errs) > 0 {
		t.Fatal(errs[0])
	}
	c := format.Config{Options: options}
	for i, typ := range typs {
		c.Columns = append(c.Columns, types.Field{Name: string(rune('a' + i)), Type: typ})
		c.Needed = append(c.Needed, i)
	}
	return c
}

// Records as Flink's raw format documents them.
func TestRoundTrip(t *testing.T) {
	little := map[string]string{"raw.endianness": "little-endian"}
	for _, c := range []struct {
		typ     types.Type
		value   any
		record  string
		options map[string]string
	}{
		{types.StringType, `47.29.201.179 - - [28/Feb/2019] "GET /"`, `47.29.201.179 - - [28/Feb/2019] "GET /"`, nil},
		{types.StringType, "", "", nil},
		{types.BytesType, []byte{0, 255}, "\x00\xff", nil},
		{types.BooleanType, true, "\x01", nil},
		{types.TinyIntType, int8(-2), "\xfe", nil},
		{types.SmallIntType, int16(258), "\x01\x02", nil},
		{types.IntType, int32(1), "\x00\x00\x00\x01", nil},
		{types.IntType, int32(1), "\x01\x00\x00\x00", little},
		{types.BigIntType, int64(-1), "\xff\xff\xff\xff\xff\xff\xff\xff", nil},
		{types.FloatType, float32(1), "\x3f\x80\x00\x00", nil},
		{types.DoubleType, 1.0, "\x3f\xf0\x00\x00\x00\x00\x00\x00", nil},
	} {
		k, err := newCodec(config(t, c.options, c.typ))
		if err != nil {
			t.Fatal(err)
		}
		b := types.NewBatch(types.NewSchema(k.field))
		if err := k.Decode([]byte(c.record), b); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.value, b.Cols[0].Value(0)); diff != "" {
			t.Errorf("%s: %s", c.typ, diff)
		}
		if got, err := k.Encode(nil, b, 0); err != nil || string(got) != c.record {
			t.Errorf("%s: written as %q, %v", c.typ, got, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []format.Config{
		config(t, nil, types.StringType, types.StringType), config(t, nil, types.DateType),
		config(t, map[string]string{"raw.charset": "latin1"}, types.StringType),
	} {
		if _, err := newCodec(c); err == nil {
			t.Errorf("%v was accepted", c.Columns)
		}
	}
	k, err := newCodec(config(t, nil, types.StringType))
	if err != nil {
		t.Fatal(err)
	}
	b := types.NewBatch(types.NewSchema(k.field))
	n, err := k.DecodeLines([]byte("a\n\nb\xff\nc"), false, b, 10)
	if n != 6 || err == nil || b.N != 2 {
		t.Errorf("consumed %d, %v, %d rows", n, err, b.N)
	}
}
