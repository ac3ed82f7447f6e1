package changelogjson_test

import (
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/format/changelogjson"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

func field(name string, t types.Type) types.Field { return types.Field{Name: name, Type: t} }

func config(t testing.TB, raw map[string]string, fields ...types.Field) format.Config {
	t.Helper()
	options, errs := option.Check(raw, changelogjson.Spec.Options, func(string, []string) string { return "" })
	if len(errs) > 0 {
		t.Fatal(errs[0])
	}
	c := format.Config{Columns: fields, Options: options}
	for i := range fields {
		c.Needed = append(c.Needed, i)
	}
	return c
}

func decoder(t testing.TB, c format.Config) (format.Decoder, *types.Batch) {
	t.Helper()
	d, err := changelogjson.Spec.NewDecoder(c)
	if err != nil {
		t.Fatal(err)
	}
	return d, types.NewBatch(types.NewSchema(c.Fields()...))
}

func rows(b *types.Batch) [][]any {
	var out [][]any
	for i := range b.N {
		row := []any{b.Kind(i).String()}
		for _, c := range b.Cols {
			row = append(row, c.Value(i))
		}
		out = append(out, row)
	}
	return out
}

// All four kinds are read and written; members stand in any order; a deletion may carry the key alone.
func TestRoundTrip(t *testing.T) {
	c := config(t, nil, field("user", types.StringType.WithNotNull(true)), field("cnt", types.BigIntType.WithNotNull(true)))
	d, b := decoder(t, c)
	text := `{"op":"+I","data":{"user":"ann","cnt":1}}
{"op":"-U","data":{"user":"ann","cnt":1}}
{"data":{"cnt":2,"user":"ann"},"more":[1],"op":"+U"}
 { "op" : "-D" , "data" : { "user" : "ann" } }
{"op":"+I","data":{"user":"x","cnt":0},"op":"+U","data":{"user":"bob","cnt":3}}
`
	if n, err := d.DecodeLines([]byte(text), true, b, 10); err != nil || n != len(text) {
		t.Fatal(n, err)
	}
	want := [][]any{
		{"+I", "ann", int64(1)}, {"-U", "ann", int64(1)}, {"+U", "ann", int64(2)}, {"-D", "ann", nil}, {"+U", "bob", int64(3)},
	}
	if diff := cmp.Diff(want, rows(b)); diff != "" {
		t.Fatal(diff)
	}
	e, err := changelogjson.Spec.NewEncoder(c)
	if err != nil {
		t.Fatal(err)
	}
	written := []string{
		`{"op":"+I","data":{"user":"ann","cnt":1}}`, `{"op":"-U","data":{"user":"ann","cnt":1}}`,
		`{"op":"+U","data":{"user":"ann","cnt":2}}`, `{"op":"-D","data":{"user":"ann","cnt":null}}`,
	}
	for i, want := range written {
		if got, err := e.Encode(nil, b, i); err != nil || string(got) != want {
			t.Errorf("row %d: %s, %v; want %s", i, got, err, want)
		}
	}
}

// Values keep all the digits of their type, both ways.
func TestExactValues(t *testing.T) {
	fields := []types.Field{
		field("d", types.DecimalType(10, 2)), field("f", types.DoubleType), field("n", types.ArrayType(types.DoubleType)),
		field("t0", types.TimestampType(0)), field("t3", types.TimestampType(3)), field("ltz", types.TimestampLTZType(6)),
		field("time", types.TimeType(3)), field("m", types.MapType(types.IntType, types.StringType)),
		field("s", types.MapType(types.StringType, types.IntType)), field("bag", types.MultisetType(types.BigIntType)),
		field("months", types.IntervalMonthType), field("nested", types.MapType(types.RowType(field("x", types.IntType)), types.BooleanType)),
		field("b", types.BytesType),
	}
	row := []any{
		decimal128.FromI64(120), 0.1, []any{math.NaN(), math.Inf(-1), 1e21, 5.0}, int64(1692711990000), int64(1692711990000),
		int64(1692711990123000), int32(43963000), [][2]any{{int32(1), "a"}, {int32(2), nil}}, [][2]any{{"k", int32(1)}, {nil, int32(2)}},
		[][2]any{{int64(7), int32(2)}}, int32(14), [][2]any{{[]any{int32(1)}, true}}, []byte("\x00\xff"),
	}
	b := types.NewBatch(types.NewSchema(fields...))
	for i, v := range row {
		b.Cols[i].AppendValue(v)
	}
	b.AppendKind(types.UpdateAfter)
	got := changelogjson.NewAppender(b.Schema).AppendRow(nil, types.Insert, b, 0)
	want := `{"op":"+I","data":{"d":1.20,"f":0.1,"n":["NaN","-Infinity",1.0E21,5.0],"t0":"2023-08-22 13:46:30",` +
		`"t3":"2023-08-22 13:46:30.000","ltz":"2023-08-22 13:46:30.123000Z","time":"12:12:43.000","m":[[1,"a"],[2,null]],` +
		`"s":[["k",1],[null,2]],"bag":[[7,2]],"months":14,"nested":[[{"x":1},true]],"b":"AP8="}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	d, out := decoder(t, config(t, nil, fields...))
	if err := d.Decode(got, out); err != nil {
		t.Fatal(err)
	}
	equal := cmp.Options{cmp.Comparer(func(a, b decimal128.Num) bool { return a == b }), cmpopts.EquateNaNs()}
	if diff := cmp.Diff([][]any{append([]any{"+I"}, row...)}, rows(out), equal); diff != "" {
		t.Error(diff)
	}
}

func TestBadRecords(t *testing.T) {
	c := config(t, nil, field("id", types.IntType.WithNotNull(true)), field("m", types.MapType(types.IntType, types.IntType)))
	c.Mode = types.Upsert
	ignoring := config(t, map[string]string{"changelog-json.ignore-parse-errors": "true"}, c.Columns...)
	for _, bad := range []struct{ record, want string }{
		{`{"op":"+I"}`, `the record has no "data"`},
		{`{"data":{"id":1}}`, `the record has no "op"`},
		{`{"op":"I","data":{"id":1}}`, `"op": expected "+I", "-U", "+U" or "-D", found the string "I"`},
		{`{"op":null,"data":{"id":1}}`, `"op": expected "+I", "-U", "+U" or "-D", found null`},
		{`{"op":"+I","data":null}`, `"data": expected an object, found null`},
		{`{"op":"+I","data":[{"id":1}]}`, `"data": expected an object, found the array [{"id":1}]`},
		{`{"op":"+I","data":{}}`, `column "id" is INT NOT NULL, but the record has no value for it`},
		{`{"op":"-U","data":{"id":1}}`, `the record is a -U, but the table carries I,UA,D only; see the option changelog-mode`},
		{`{"op":"+I","data":{"id":1}`, `not valid JSON: the record ends within its object`},
	} {
		d, b := decoder(t, c)
		if err := d.Decode([]byte(bad.record), b); err == nil || err.Error() != bad.want {
			t.Errorf("%s\n got %v\nwant %s", bad.record, err, bad.want)
		}
		if b.N != 0 || b.Cols[0].N != 0 || b.Cols[1].N != 0 {
			t.Errorf("%s: left something in the batch", bad.record)
		}
		if strings.HasPrefix(bad.record, `{"op":"-U"`) {
			continue // carried by the other table
		}
		d, b = decoder(t, ignoring)
		if err := d.Decode([]byte(bad.record), b); err != nil || b.N > 0 {
			t.Errorf("%s, errors ignored: %v, %d rows", bad.record, err, b.N)
		}
	}
	d, b := decoder(t, ignoring)
	for _, record := range []string{`{"op":"+I","data":{"id":1,"m":[[1,2],[1,3],[2]]}}`, `{"op":"+I","data":{"id":2,"m":[[1,2],[1,3]]}}`} {
		if err := d.Decode([]byte(record), b); err != nil {
			t.Fatal(err)
		}
	}
	want := [][]any{{"+I", int32(1), nil}, {"+I", int32(2), [][2]any{{int32(1), int32(3)}}}}
	if diff := cmp.Diff(want, rows(b)); diff != "" {
		t.Error(diff)
	}
}
