package json

import (
	stdjson "encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

func encodeRow(t *testing.T, raw map[string]string, fields []types.Field, row ...any) (string, error) {
	t.Helper()
	e, err := NewEncoder(fields, values(t, raw), "json.")
	if err != nil {
		t.Fatal(err)
	}
	b := types.NewBatch(types.NewSchema(fields...))
	for i, v := range row {
		b.Cols[i].AppendValue(v)
	}
	b.AppendKind(types.Insert)
	text, err := e.Encode([]byte("> "), b, 0)
	return string(text), err
}

// Values as Flink's JsonRowDataSerDeSchemaTest has them written.
func TestEncode(t *testing.T) {
	fields := []types.Field{
		col("bool", types.BooleanType), col("tinyint", types.TinyIntType), col("smallint", types.SmallIntType),
		col("int", types.IntType), col("bigint", types.BigIntType), col("float", types.FloatType),
		col("name", types.StringType), col("bytes", types.BytesType), col("decimal", types.DecimalType(9, 6)),
		col("doubles", types.ArrayType(types.DoubleType)), col("date", types.DateType), col("time", types.TimeType(0)),
		col("timestamp3", types.TimestampType(3)), col("timestamp9", types.TimestampType(9)),
		col("ltz", types.TimestampLTZType(9)), col("map", types.MapType(types.StringType, types.BigIntType)),
		col("multiSet", types.MultisetType(types.StringType)),
		col("row", types.RowType(col("f1", types.StringType), col("f2", types.IntType))), col("none", types.StringType),
	}
	at := millis("1990-10-14 12:12:43.12")
	nanos := millis("1990-10-14 12:12:43")*1e6 + 123456789
	row := []any{
		true, int8('c'), int16(128), int32(45536), int64(1238123899121), float32(33.333),
		"as\"d\\l\b\f\n\r\t\x01\x1fé", []byte{107, 3, 11}, decimal128.FromI64(123456789),
		[]any{1.1, 2.0, 1e10, math.NaN(), nil}, int32(7591), int32(43963500),
		at, nanos, nanos, [][2]any{{"element", int64(123)}}, [][2]any{{"element", int32(2)}},
		[]any{"this is row1", nil}, nil,
	}
	got, err := encodeRow(t, nil, fields, row...)
	if err != nil {
		t.Fatal(err)
	}
	want := `> {"bool":true,"tinyint":99,"smallint":128,"int":45536,"bigint":1238123899121,"float":33.333,` +
		`"name":"as\"d\\l\b\f\n\r\t\u0001\u001Fé","bytes":"awML","decimal":123.456789,` +
		`"doubles":[1.1,2.0,1.0E10,"NaN",null],"date":"1990-10-14","time":"12:12:43.5",` +
		`"timestamp3":"1990-10-14 12:12:43.12","timestamp9":"1990-10-14 12:12:43.123456789",` +
		`"ltz":"1990-10-14 12:12:43.123456789Z","map":{"element":123},"multiSet":{"element":2},` +
		`"row":{"f1":"this is row1","f2":null},"none":null}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !stdjson.Valid([]byte(got[2:])) {
		t.Error("not valid JSON")
	}

	// What is written reads back the same.
	d, out := newDecoder(t, nil, fields...)
	if err := d.Decode([]byte(got[2:]), out); err != nil {
		t.Fatal(err)
	}
	row[11] = int32(43963000) // TIME(0)
	if diff := cmp.Diff([][]any{row}, rows(out), equal...); diff != "" {
		t.Error(diff)
	}

	got, err = encodeRow(t, map[string]string{"json.timestamp-format.standard": "ISO-8601", "json.encode.ignore-null-fields": "true"},
		[]types.Field{fields[18], fields[12], fields[14], fields[17]}, nil, at, nanos, []any{nil, nil})
	if want := `> {"timestamp3":"1990-10-14T12:12:43.12","ltz":"1990-10-14T12:12:43.123456789Z","row":{}}`; err != nil || got != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

// Flink's testSerializationDecimalEncode.
func TestEncodeDecimals(t *testing.T) {
	fields := []types.Field{
		col("decimal1", types.DecimalType(9, 6)), col("decimal2", types.DecimalType(20, 0)), col("decimal3", types.DecimalType(11, 9)),
		col("zero", types.DecimalType(9, 2)),
	}
	row := []any{decimal128.FromI64(123456789), decimal128.FromI64(454621864049246170), decimal128.FromI64(27), decimal128.Num{}}
	for plain, want := range map[string]string{
		"true":  `> {"decimal1":123.456789,"decimal2":454621864049246170,"decimal3":0.000000027,"zero":0}`,
		"false": `> {"decimal1":123.456789,"decimal2":4.5462186404924617E+17,"decimal3":2.7E-8,"zero":0}`,
	} {
		got, err := encodeRow(t, map[string]string{"json.encode.decimal-as-plain-number": plain}, fields, row...)
		if err != nil || got != want {
			t.Errorf("got %s, %v\nwant %s", got, err, want)
		}
	}
}

// Flink's testSerializationMapNullKey.
func TestEncodeNullKeys(t *testing.T) {
	inner := types.MapType(types.StringType, types.IntType)
	fields := []types.Field{col("nestedMap", types.MapType(types.StringType, inner))}
	entries := [][2]any{{"no-null key", int32(1)}, {nil, int32(2)}}
	row := [][2]any{{"no-null key", entries}, {nil, entries}}
	if _, err := encodeRow(t, nil, fields, row); err == nil {
		t.Error("a NULL key was written")
	}
	got, err := encodeRow(t, map[string]string{"json.map-null-key.mode": "drop"}, fields, row)
	if want := `> {"nestedMap":{"no-null key":{"no-null key":1}}}`; err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
	got, err = encodeRow(t, map[string]string{"json.map-null-key.mode": "LITERAL", "json.map-null-key.literal": "nullKey"}, fields, row)
	if want := `> {"nestedMap":{"no-null key":{"no-null key":1,"nullKey":2},"nullKey":{"no-null key":1,"nullKey":2}}}`; err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
}

// The names of an object are text, so a map keyed otherwise is refused as in Flink, however deep.
func TestEncodeRefusesKeys(t *testing.T) {
	for _, typ := range []types.Type{
		types.MapType(types.IntType, types.IntType), types.MultisetType(types.IntType),
		types.ArrayType(types.RowType(col("m", types.MapType(types.IntType, types.IntType)))),
	} {
		var refusal *option.Error
		if _, err := NewEncoder([]types.Field{col("v", typ)}, values(t, nil), "json."); !errors.As(err, &refusal) || refusal.Key != "format" {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

func BenchmarkEncodeClicks(b *testing.B) {
	batch := types.NewBatch(types.NewSchema(clicks...))
	for i := range 4096 {
		batch.Cols[0].AppendString("Impression")
		batch.Cols[1].AppendString("https://www.mysite.com")
		batch.Cols[2].AppendValue(int64(1692711990123 + 17*i))
		batch.AppendKind(types.Insert)
	}
	e, err := NewEncoder(clicks, values(b, nil), "json.")
	if err != nil {
		b.Fatal(err)
	}
	var dst []byte
	rows := 0
	b.ReportAllocs()
	for b.Loop() {
		dst = dst[:0]
		for i := range batch.N {
			if dst, err = e.Encode(dst, batch, i); err != nil {
				b.Fatal(err)
			}
			dst = append(dst, '\n')
		}
		rows += batch.N
	}
	b.SetBytes(int64(len(dst)))
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}

func BenchmarkEncodeClicksNaive(b *testing.B) {
	record := struct {
		Browseraction string `json:"browseraction"`
		Site          string `json:"site"`
		Rowtime       string `json:"rowtime"`
	}{"Impression", "https://www.mysite.com", "2023-08-22 13:46:30.123"}
	rows := 0
	b.ReportAllocs()
	for b.Loop() {
		if _, err := stdjson.Marshal(&record); err != nil {
			b.Fatal(err)
		}
		rows++
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}
