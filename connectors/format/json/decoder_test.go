package json

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/types"
)

func newDecoder(t *testing.T, raw map[string]string, fields ...types.Field) (*Decoder, *types.Batch) {
	t.Helper()
	c := format.Config{Columns: fields, Options: values(t, raw)}
	for i := range fields {
		c.Needed = append(c.Needed, i)
	}
	d, err := NewDecoder(c, "json.", false)
	if err != nil {
		t.Fatal(err)
	}
	return d, types.NewBatch(types.NewSchema(fields...))
}

func col(name string, t types.Type) types.Field { return types.Field{Name: name, Type: t} }

// rows returns the values of a batch.
func rows(b *types.Batch) [][]any {
	out := [][]any{}
	for i := range b.N {
		var row []any
		for _, c := range b.Cols {
			if c.N != b.N {
				panic(fmt.Sprintf("a column of %d rows in a batch of %d", c.N, b.N))
			}
			row = append(row, c.Value(i))
		}
		out = append(out, row)
	}
	return out
}

var equal = cmp.Options{cmp.Comparer(func(a, b decimal128.Num) bool { return a == b }), cmpopts.EquateNaNs()}

func millis(text string) int64 {
	at, err := time.Parse("2006-01-02 15:04:05.999999999", text)
	if err != nil {
		panic(err)
	}
	return at.UnixMilli()
}

func dec(text string) decimal128.Num {
	n, err := decimal128.FromString(text, 38, 18)
	if err != nil {
		panic(err)
	}
	return n
}

// Coercions, from the tests of Flink's JsonRowDataSerDeSchemaTest and JsonParserToRowDataConverters. A nil want means
// that the value doesn't fit, which is NULL when errors are ignored.
func TestCoercions(t *testing.T) {
	iso := map[string]string{"json.timestamp-format.standard": "ISO-8601"}
	nullable := errors.New("NULL")
	for _, c := range []struct {
		typ     types.Type
		value   string
		want    any
		options map[string]string
	}{
		{types.BooleanType, `true`, true, nil},
		{types.BooleanType, `"TRUE"`, true, nil},
		{types.BooleanType, `"trueA"`, false, nil},
		{types.BooleanType, `1`, false, nil},
		{types.BooleanType, `{}`, nil, nil},
		{types.TinyIntType, `-128`, int8(-128), nil},
		{types.TinyIntType, `" 7 "`, int8(7), nil},
		{types.TinyIntType, `128`, nil, nil},
		{types.TinyIntType, `1.5`, nil, nil},
		{types.SmallIntType, `128`, int16(128), nil},
		{types.SmallIntType, `-32769`, nil, nil},
		{types.IntType, `45536`, int32(45536), nil},
		{types.IntType, `"45536"`, int32(45536), nil},
		{types.IntType, `112.9`, int32(112), nil},
		{types.IntType, `-112.9`, int32(-112), nil},
		{types.IntType, `1e3`, int32(1000), nil},
		{types.IntType, `"112.9"`, nil, nil},
		{types.IntType, `2147483648`, nil, nil},
		{types.IntType, `3e9`, nil, nil},
		{types.IntType, `"abc"`, nil, nil},
		{types.IntType, `true`, nil, nil},
		{types.IntType, `[1]`, nil, nil},
		{types.BigIntType, `1238123899121`, int64(1238123899121), nil},
		{types.BigIntType, `9223372036854775807`, int64(math.MaxInt64), nil},
		{types.BigIntType, `-9223372036854775808`, int64(math.MinInt64), nil},
		{types.BigIntType, `9223372036854775808`, nil, nil},
		{types.BigIntType, `-9223372036854775809`, nil, nil},
		{types.BigIntType, `123456789012345678901234567890`, nil, nil},
		{types.BigIntType, `112.013`, int64(112), nil},
		{types.BigIntType, `"long"`, nil, nil},
		{types.BigIntType, `-0`, int64(0), nil},
		{types.FloatType, `33.333`, float32(33.333), nil},
		{types.FloatType, `"112.013.123"`, nil, nil},
		{types.FloatType, `1e40`, float32(math.Inf(1)), nil},
		{types.DoubleType, `5`, 5.0, nil},
		{types.DoubleType, `-1.5E-3`, -0.0015, nil},
		{types.DoubleType, `0.1`, 0.1, nil},
		{types.DoubleType, `-123456789.012345`, -123456789.012345, nil},
		{types.DoubleType, `1234567890.0123456`, 1234567890.0123456, nil},
		{types.DoubleType, `9007199254740993`, 9007199254740992.0, nil},
		{types.DoubleType, `-0.0`, math.Copysign(0, -1), nil},
		{types.DoubleType, `"1.5"`, 1.5, nil},
		{types.DoubleType, `"NaN"`, math.NaN(), nil},
		{types.DoubleType, `"-Infinity"`, math.Inf(-1), nil},
		{types.DoubleType, `"112.013.123"`, nil, nil},
		{types.DoubleType, `"0x10"`, nil, nil},
		{types.DoubleType, `1e999`, math.Inf(1), nil},
		{types.StringType, `"asdlkjasjkdla998y1122"`, "asdlkjasjkdla998y1122", nil},
		{types.StringType, `true`, "true", nil},
		{types.StringType, `123.234`, "123.234", nil},
		{types.StringType, `1234567`, "1234567", nil},
		{types.StringType, `["array data1",  "array data2",123, 234.345]`, `["array data1","array data2",123,234.345]`, nil},
		{types.StringType, `{"k1" : 123,"k2":234.234, "k3":"string \u0064ata\n"}`, `{"k1":123,"k2":234.234,"k3":"string data\n"}`, nil},
		{types.StringType, "\"\tstring field\"", "\tstring field", nil},
		{types.StringType, `""`, "", nil},
		{types.StringType, `"\"\\\/\b\f\n\r\t\u00e9\u20AC"`, "\"\\/\b\f\n\r\té€", nil},
		{types.StringType, `"\ud83d\ude00 \ud83d \ude00x"`, "😀 ? ?x", nil},
		{types.StringType, `"\ud83d\u0041"`, "?A", nil},
		{types.StringType, `"grüße 日本語"`, "grüße 日本語", nil},
		{types.BytesType, `"awML"`, []byte{107, 3, 11}, nil},
		{types.BytesType, `"a"`, nil, nil},
		{types.BytesType, `12`, nil, nil},
		{types.DecimalType(9, 6), `123.456789`, dec("123456789e-18"), nil},
		{types.DecimalType(38, 18), `799.929496989092949698`, dec("799.929496989092949698"), nil},
		{types.DecimalType(38, 18), `"799.929496989092949698"`, dec("799.929496989092949698"), nil},
		{types.DecimalType(10, 2), `-7`, dec("-700e-18"), nil},
		{types.DecimalType(10, 2), `12345678.9`, dec("1234567890e-18"), nil},
		{types.DecimalType(10, 2), `123456789`, nullable, nil},
		{types.DecimalType(20, 2), `0.5`, dec("50e-18"), nil},
		{types.DecimalType(10, 2), `1.005`, dec("101e-18"), nil},
		{types.DecimalType(10, 2), `-1.005`, dec("-101e-18"), nil},
		{types.DecimalType(10, 2), `12e3`, dec("1200000e-18"), nil},
		{types.DecimalType(4, 2), `123.4`, nullable, nil},
		{types.DecimalType(4, 2), `99.995`, nullable, nil},
		{types.DecimalType(4, 2), `1e-300`, dec("0"), nil},
		{types.DecimalType(4, 2), `1e2147483647`, nullable, nil},
		{types.DecimalType(10, 3), `"abc"`, nil, nil},
		{types.DateType, `"1990-10-14"`, int32(7591), nil},
		{types.DateType, `"20191112"`, nil, nil},
		{types.DateType, `"2023-02-29"`, nil, nil},
		{types.DateType, `7591`, nil, nil},
		{types.TimeType(0), `"12:12:43"`, int32(43963000), nil},
		{types.TimeType(3), `"12:12:43.5"`, int32(43963500), nil},
		{types.TimeType(3), `"12:12:43.123456789"`, int32(43963123), nil},
		{types.TimeType(0), `"18:00:243"`, nil, nil},
		{types.TimestampType(3), `"1990-10-14 12:12:43.123"`, millis("1990-10-14 12:12:43.123"), nil},
		{types.TimestampType(3), `"1990-10-14 12:12:43"`, millis("1990-10-14 12:12:43"), nil},
		{types.TimestampType(3), `"1990-10-14 12:12:43.5"`, millis("1990-10-14 12:12:43.5"), nil},
		{types.TimestampType(3), `"1990-10-14 12:12:43.123999999"`, millis("1990-10-14 12:12:43.123"), nil},
		{types.TimestampType(3), `"1950-10-14 12:12:43.123999999"`, millis("1950-10-14 12:12:43.123"), nil},
		{types.TimestampType(0), `"1990-10-14 12:12:43.999"`, millis("1990-10-14 12:12:43"), nil},
		{types.TimestampType(9), `"1990-10-14 12:12:43.123456789"`, millis("1990-10-14 12:12:43")*1e6 + 123456789, nil},
		{types.TimestampType(3), `"2023-02-31 00:00:00"`, millis("2023-02-28 00:00:00"), nil},
		{types.TimestampType(3), `"2023-02-28 24:00:00"`, millis("2023-03-01 00:00:00"), nil},
		{types.TimestampType(3), `"2023-02-28 24:00:01"`, nil, nil},
		{types.TimestampType(3), `"2023-13-01 00:00:00"`, nil, nil},
		{types.TimestampType(3), `"2023-01-01 00:00:60"`, nil, nil},
		{types.TimestampType(3), `"2023-01-01 00:00:0a.123"`, nil, nil},
		{types.TimestampType(3), `"2023-01-01 00:00"`, nil, nil},
		{types.TimestampType(3), `1692711990123`, nil, nil},
		{types.TimestampType(0), `"2019-11-12T18:00:12"`, nil, nil},
		{types.TimestampType(0), `"2019-11-12T18:00:12Z"`, nil, nil},
		{types.TimestampType(0), `"2019-11-12 18:00:12"`, nil, iso},
		{types.TimestampType(0), `"2019-11-12T18:00:12"`, millis("2019-11-12 18:00:12"), iso},
		{types.TimestampType(0), `"2019-11-12T18:00"`, millis("2019-11-12 18:00:00"), iso},
		{types.TimestampType(0), `"2019-11-12T18:00:12Z"`, nil, iso},
		{types.TimestampType(0), `"2019-02-30T18:00:12"`, nil, iso},
		{types.TimestampLTZType(3), `"1990-10-14 12:12:43.123Z"`, millis("1990-10-14 12:12:43.123"), nil},
		{types.TimestampLTZType(0), `"2019-11-12 18:00:12"`, nil, nil},
		{types.TimestampLTZType(0), `"2019-11-12T18:00:12+0800"`, nil, iso},
		{types.TimestampLTZType(0), `"2019-11-12T18:00:12Z"`, millis("2019-11-12 18:00:12"), iso},
		{types.IntervalMonthType, `14`, int32(14), nil},
		{types.IntervalMilliType, `"-14"`, int64(-14), nil},
		{types.ArrayType(types.IntType), `[123, "4" ,null]`, []any{int32(123), int32(4), nil}, nil},
		{types.ArrayType(types.IntType), `[ ]`, []any{}, nil},
		{types.ArrayType(types.IntType), `{}`, nil, nil},
		{types.ArrayType(types.ArrayType(types.StringType)), `[["a"],[],null]`, []any{[]any{"a"}, []any{}, nil}, nil},
		{types.MapType(types.StringType, types.IntType), `{"key1":"123", "\u006bey2" : null}`, [][2]any{{"key1", int32(123)}, {"key2", nil}}, nil},
		{types.MapType(types.StringType, types.IntType), `{"a":1,"b":2,"a":3}`, [][2]any{{"b", int32(2)}, {"a", int32(3)}}, nil},
		{types.MapType(types.StringType, types.IntType), `{ }`, [][2]any{}, nil},
		{types.MapType(types.StringType, types.IntType), `[["a",1]]`, nil, nil},
		{types.MultisetType(types.StringType), `{"element":2}`, [][2]any{{"element", int32(2)}}, nil},
		{types.RowType(col("id", types.BooleanType), col("n", types.IntType)), `{"n":1,"x":{"n":[2]},"id":"abc"}`, []any{false, int32(1)}, nil},
		{types.RowType(col("id", types.IntType)), `"abc"`, nil, nil},
	} {
		t.Run(fmt.Sprintf("%s %.40s", c.typ, c.value), func(t *testing.T) {
			// Twice with members around it: the second time every lead is foreseen and the minute known.
			record := fmt.Sprintf(`{"x":[1,{"v":0}],"v":%s,"last":7}`, c.value)
			d, out := newDecoder(t, c.options, col("v", c.typ), col("last", types.IntType))
			for range 2 {
				err := d.Decode([]byte(record), out)
				if (err != nil) != (c.want == nil) {
					t.Fatalf("%s: error %v", record, err)
				}
				if err != nil && !strings.Contains(err.Error(), `column "v`) {
					t.Errorf("the message doesn't name the column: %v", err)
				}
			}
			want := c.want
			if want == nullable {
				want = nil
			}
			if c.want != nil {
				if diff := cmp.Diff([][]any{{want, int32(7)}, {want, int32(7)}}, rows(out), equal...); diff != "" {
					t.Error(diff)
				}
			}
			ignoring := map[string]string{"json.ignore-parse-errors": "true"}
			for k, v := range c.options {
				ignoring[k] = v
			}
			d, out = newDecoder(t, ignoring, col("v", c.typ), col("last", types.IntType))
			if err := d.Decode([]byte(record), out); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([][]any{{want, int32(7)}}, rows(out), equal...); diff != "" {
				t.Errorf("errors ignored: %s", diff)
			}
		})
	}
}

// Parts of nested values that don't fit become NULL by themselves (Flink's testJsonParse).
func TestIgnoreParseErrorsWithin(t *testing.T) {
	d, out := newDecoder(t, map[string]string{"json.ignore-parse-errors": "true"},
		col("a", types.ArrayType(types.IntType)), col("m", types.MapType(types.StringType, types.IntType)),
		col("r", types.RowType(col("x", types.IntType), col("y", types.IntType))))
	for _, record := range []string{
		`{"a":[123,"abc",{"z":[]},4],"m":{"k1":"123","k2":"abc"},"r":{"x":"q","y":2}}`,
		`{"a":[1,}`, `null`, `{"a":[1]} x`, `[]`, "{\"a\":[1],\"m\":{\"\xff\":1}}",
	} {
		if err := d.Decode([]byte(record), out); err != nil {
			t.Fatal(err)
		}
	}
	want := [][]any{{
		[]any{int32(123), nil, nil, int32(4)}, [][2]any{{"k1", int32(123)}, {"k2", nil}}, []any{nil, int32(2)},
	}}
	if diff := cmp.Diff(want, rows(out)); diff != "" {
		t.Error(diff)
	}
}

// Records that aren't what they should be: the batch stays as it was, and the message says what is wrong where.
func TestBadRecords(t *testing.T) {
	fields := []types.Field{
		col("id", types.BigIntType.WithNotNull(true)), col("name", types.StringType),
		col("d", types.DoubleType), col("when", types.TimestampType(3)), col("r", types.RowType(col("n", types.ArrayType(types.IntType)))),
	}
	for _, c := range []struct{ record, want string }{
		{`{"id":1`, `not valid JSON: the record ends within its object`},
		{`{"id":1,}`, `not valid JSON at byte 9: invalid character '}' looking for beginning of object key string`},
		{`{"id":1 "name":"x"}`, `not valid JSON at byte 9: invalid character '"' after object key:value pair`},
		{`{"id":1,"name":"x}`, `not valid JSON: the record ends within its object`},
		{`{"id":1,"name":"\x"}`, `not valid JSON at byte 18: invalid character 'x' in string escape code`},
		{`{"id":1,"other":"\u12g4"}`, `not valid JSON at byte 22: invalid character 'g' in \u hexadecimal character escape`},
		{`{"id":01}`, `not valid JSON at byte 8: invalid character '1' after object key:value pair`},
		{`{"id":1,"other":[1.,2]}`, `not valid JSON at byte 20: invalid character ',' after decimal point in numeric literal`},
		{`{"id":1,"other":1e}`, `not valid JSON at byte 19: invalid character '}' in exponent of numeric literal`},
		{`{"id":1,"d":1.}`, `not valid JSON at byte 15: invalid character '}' after decimal point in numeric literal`},
		{`{"id":1,"d":00.5}`, `not valid JSON at byte 14: invalid character '0' after object key:value pair`},
		{`{"id":1,"d":1.2.3}`, `not valid JSON at byte 16: invalid character '.' after object key:value pair`},
		{`{"id":1,"other":-}`, `not valid JSON at byte 18: invalid character '}' in numeric literal`},
		{`{"id":1,"other":tru}`, `not valid JSON at byte 20: invalid character '}' in literal true (expecting 'e')`},
		{`{"id":1,"other":NaN}`, `not valid JSON at byte 17: invalid character 'N' looking for beginning of value`},
		{`{"id":1,"other":{"a":1]}`, `not valid JSON at byte 23: invalid character ']' after object key:value pair`},
		{"{\"id\":1,\"name\":\"\xff\"}", `not valid JSON: the text is not UTF-8`},
		{"{\"id\":1,\"other\":\"\xc3\"}", `not valid JSON: the text is not UTF-8`},
		{`{"id":1} {"id":2}`, `expected nothing behind the object, found the object {"id":2}; a record is one object`},
		{`[{"id":1}]`, `expected a JSON object, found the array [{"id":1}]`},
		{`"id"`, `expected a JSON object, found the string "id"`},
		{`hello`, `not valid JSON at byte 1: invalid character 'h' looking for beginning of value`},
		{`{"name":"x"}`, `column "id" is BIGINT NOT NULL, but the record has no value for it`},
		{`{"id":null,"name":"x"}`, `column "id" is BIGINT NOT NULL, but the record has no value for it`},
		{`{"id":"x1"}`, `column "id": expected BIGINT, found the string "x1"`},
		{`{"name":"x","id":[1]}`, `column "id": expected BIGINT, found the array [1]`},
		{`{"when":"22.8.2023"}`, `column "when": expected TIMESTAMP(3) as yyyy-MM-dd HH:mm:ss[.fff], found the string "22.8.2023"`},
		{`{"id":1,"r":{"n":[1,{"a":"` + strings.Repeat("é", 60) + `"}]}}`,
			`column "r.n[]": expected INT, found the object {"a":"` + strings.Repeat("é", 27) + `…`},
	} {
		d, out := newDecoder(t, nil, fields...)
		if err := d.Decode([]byte(`{"id":5,"name":"five","when":"2023-08-22 13:46:30.123","r":{"n":[5]}}`), out); err != nil {
			t.Fatal(err)
		}
		before := rows(out)
		err := d.Decode([]byte(c.record), out)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s\n got %v\nwant %s", c.record, err, c.want)
		}
		if diff := cmp.Diff(before, rows(out)); diff != "" {
			t.Errorf("%s: the batch changed: %s", c.record, diff)
		}
		if err := d.Decode([]byte(`{"id":6}`), out); err != nil || out.N != 2 || out.Cols[1].IsNull(0) {
			t.Errorf("%s: afterwards: %v, %d rows", c.record, err, out.N)
		}
	}
}

// The value of a name that occurs twice is the last one, whatever its type; names may be escaped; order doesn't matter.
func TestMembers(t *testing.T) {
	d, out := newDecoder(t, nil, col("a", types.StringType), col("b", types.IntType),
		col("r", types.RowType(col("x", types.IntType))))
	for _, record := range []string{
		`{"a":"first","b":1,"r":{"x":1,"x":2},"a":"second"}`,
		`{"b":1,"\u0061":"esc\u0061ped","A":"no","r":null}`,
		`{}`,
		` { "b" : 2 , "c" : [ 1 , { "a" : "}" } , "]" ] , "a" : "x" } `,
		`{"a":null,"a":"n","b":3,"b":null,"r":{"x":1},"r":{}}`,
	} {
		for range 2 {
			if err := d.Decode([]byte(record), out); err != nil {
				t.Fatalf("%s: %v", record, err)
			}
		}
	}
	var want [][]any
	for _, row := range [][]any{
		{"second", int32(1), []any{int32(2)}}, {"escaped", int32(1), nil}, {nil, nil, nil}, {"x", int32(2), nil},
		{"n", nil, []any{nil}},
	} {
		want = append(want, row, row)
	}
	if diff := cmp.Diff(want, rows(out)); diff != "" {
		t.Error(diff)
	}
}

func TestFailOnMissingField(t *testing.T) {
	options := map[string]string{"json.fail-on-missing-field": "true"}
	d, out := newDecoder(t, options, col("id", types.IntType), col("name", types.StringType))
	err := d.Decode([]byte(`{"id":123123123}`), out)
	if err == nil || err.Error() != `the record has no "name"` || out.Cols[0].N != 0 {
		t.Errorf("got %v", err)
	}
	if err := d.Decode([]byte(`{"name":null,"id":1}`), out); err != nil {
		t.Error(err)
	}
	options["json.ignore-parse-errors"] = "true"
	if _, err := NewDecoder(format.Config{Options: values(t, options)}, "json.", false); err == nil {
		t.Error("both options were accepted")
	}
}

// Lines may end in LF or CR LF or, at the end of the file, not at all; blank ones don't count. Cut anywhere and decoded
// at any batch size the result is the same.
func TestDecodeLines(t *testing.T) {
	text := "{\"a\":\"1\"}\n\r\n{\"a\":\"2\"}\r\n  \n\n {\"a\":\"3\"} \n{\"a\":\"4\"}"
	want := [][]any{{"1"}, {"2"}, {"3"}, {"4"}}
	for cut := range len(text) {
		for max := 1; max <= 5; max++ {
			d, out := newDecoder(t, nil, col("a", types.StringType))
			at, end := 0, cut
			for at < len(text) {
				n, err := d.DecodeLines([]byte(text[at:end]), end == len(text), out, max)
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					if end == len(text) {
						t.Fatalf("cut at %d: stuck at %d", cut, at)
					}
					end = len(text)
				}
				at += n
			}
			if diff := cmp.Diff(want, rows(out)); diff != "" {
				t.Fatalf("cut at %d, %d rows at a time: %s", cut, max, diff)
			}
		}
	}
}

// A bad line is reported with its bytes and its place, and decoding goes on behind it.
func TestDecodeLinesGoesOn(t *testing.T) {
	text := []byte("{\"a\":1}\n{\"a\":\"x\"}\r\n{\"a\":\"oops\n{\"a\":4}\n{\"a\":")
	d, out := newDecoder(t, nil, col("a", types.IntType))
	var bad []string
	for at := 0; at < len(text); {
		n, err := d.DecodeLines(text[at:], true, out, 100)
		var record *format.RecordError
		if errors.As(err, &record) {
			bad = append(bad, fmt.Sprintf("%d %s", at+record.Offset, record.Record))
			if !bytes.HasPrefix(text[at+record.Offset:], record.Record) {
				t.Errorf("%q doesn't stand at %d", record.Record, at+record.Offset)
			}
		} else if err != nil {
			t.Fatal(err)
		}
		at += n
	}
	if diff := cmp.Diff([]string{`8 {"a":"x"}`, `19 {"a":"oops`, `38 {"a":`}, bad); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]any{{int32(1)}, {int32(4)}}, rows(out)); diff != "" {
		t.Error(diff)
	}
}

// Objects whose names are data don't fill the memory, and decode as any other.
func TestUnpredictableNames(t *testing.T) {
	d, out := newDecoder(t, nil, col("v", types.IntType))
	for i := range 2000 {
		record := fmt.Sprintf(`{"id-%d":%d,"v":%d,"%s":1}`, i, i, i, strings.Repeat("x", i%300))
		if err := d.Decode([]byte(record), out); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(d.root.leads); n > maxLeads {
		t.Errorf("%d leads learned", n)
	}
	for i, v := range out.Cols[0].I32 {
		if int(v) != i {
			t.Fatalf("row %d is %d", i, v)
		}
	}
}

// No record costs an allocation once the buffers have grown.
func TestDecodeAllocatesNothing(t *testing.T) {
	lines := clickLines(2000, 4)
	d, out := newDecoder(t, nil, clicks...)
	run := func() {
		out.Reset()
		if n, err := d.DecodeLines(lines, true, out, 4096); err != nil || n != len(lines) || out.N != 2000 {
			t.Fatal(n, out.N, err)
		}
	}
	run()
	if n := testing.AllocsPerRun(10, run); n > 0 {
		t.Errorf("%v allocations in 2000 records", n)
	}
}

func TestNestingLimit(t *testing.T) {
	d, out := newDecoder(t, nil, col("v", types.IntType))
	for depth, ok := range map[int]bool{900: true, 100_000: false} {
		record := `{"x":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `,"v":1}`
		if err := d.Decode([]byte(record), out); (err == nil) != ok {
			t.Errorf("depth %d: %v", depth, err)
		}
	}
}
