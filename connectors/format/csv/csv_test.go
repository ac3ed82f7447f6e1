package csv

import (
	"bytes"
	stdcsv "encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

func field(name string, t types.Type) types.Field { return types.Field{Name: name, Type: t} }

func config(t testing.TB, raw map[string]string, fields ...types.Field) format.Config {
	t.Helper()
	options, errs := option.Check(raw, Spec.Options, func(string, []string) string { return "" })
	if len(errs) > 0 {
		t.Fatal(errs[0])
	}
	c := format.Config{Columns: fields, Options: options}
	for i := range fields {
		c.Needed = append(c.Needed, i)
	}
	return c
}

func newDecoderFor(t testing.TB, c format.Config) (format.Decoder, *types.Batch) {
	t.Helper()
	d, err := Spec.NewDecoder(c)
	if err != nil {
		t.Fatal(err)
	}
	return d, types.NewBatch(types.NewSchema(c.Fields()...))
}

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

func millis(text string) int64 {
	at, err := time.Parse("2006-01-02 15:04:05.999", text)
	if err != nil {
		panic(err)
	}
	return at.UnixMilli()
}

var equal = cmp.Comparer(func(a, b decimal128.Num) bool { return a == b })

var nulls = map[string]string{"csv.null-literal": "null"}

// custom is the notation of Flink's testSerializeDeserializeCustomizedProperties.
var custom = map[string]string{"csv.escape-character": "*", "csv.quote-character": "'",
	"csv.array-element-delimiter": ":", "csv.field-delimiter": ";"}

// Fields as in Flink's CsvRowDataSerDeSchemaTest, between two text columns. Those marked back are also written so.
func TestFields(t *testing.T) {
	n := func(s string) decimal128.Num {
		n, err := decimal128.FromString(s, 38, 0)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, c := range []struct {
		typ     types.Type
		text    string
		want    any
		options map[string]string
		back    bool
	}{
		{types.BigIntType, "null", nil, nulls, true},
		{types.StringType, "null", nil, nulls, true},
		{types.StringType, "null", "null", custom, true},
		{types.StringType, `"This is a test."`, "This is a test.", nulls, true},
		{types.StringType, "\"This is a test\n\r.\"", "This is a test\n\r.", nulls, true},
		{types.StringType, `"a ""b"" c"`, `a "b" c`, nil, true},
		{types.StringType, "", "", nil, true},
		{types.StringType, " a", " a", nil, false},
		{types.BooleanType, "true", true, nulls, true},
		{types.TinyIntType, "124", int8(124), nulls, true},
		{types.SmallIntType, "10000", int16(10000), nulls, true},
		{types.IntType, "1234567", int32(1234567), nulls, true},
		{types.IntType, "       12          ", int32(12), custom, false},
		{types.BigIntType, "12345678910", int64(12345678910), nulls, true},
		{types.FloatType, "0.33333334", float32(0.33333334), nulls, true},
		{types.DoubleType, "0.33333333332", 0.33333333332, nulls, true},
		{types.DecimalType(38, 25), `"1234.0000000000000000000000001"`, n("12340000000000000000000000001"), nulls, true},
		{types.DecimalType(38, 0), `"123400000000000000000000000001"`, n("123400000000000000000000000001"), nulls, true},
		{types.DateType, "2018-10-12", int32(17816), nulls, true},
		{types.DateType, "2018-1-2", int32(17533), nulls, false},
		{types.TimeType(0), "12:12:12", int32(43932000), nulls, true},
		{types.TimestampType(0), `"2018-10-12 12:12:12"`, millis("2018-10-12 12:12:12"), nulls, true},
		{types.TimestampType(3), `"2018-10-12 12:12:12.123"`, millis("2018-10-12 12:12:12.123"), nulls, true},
		{types.TimestampLTZType(0), `"1970-01-01 00:02:03Z"`, int64(123000), nulls, true},
		{types.TimestampLTZType(3), `"1970-01-01 00:02:03.456Z"`, int64(123456), nulls, true},
		{types.RowType(field("f0", types.StringType), field("f1", types.IntType), field("f2", types.BooleanType)),
			"Hello;42;false", []any{"Hello", int32(42), false}, nulls, true},
		{types.ArrayType(types.StringType), "a;b;c", []any{"a", "b", "c"}, nulls, true},
		{types.ArrayType(types.TinyIntType), "12;4;null", []any{int8(12), int8(4), nil}, nulls, true},
		{types.BytesType, "awML", []byte{107, 3, 11}, nulls, true},
		{types.TimeType(3), "12:12:12.232", int32(43932232), nulls, true},
		{types.TimeType(2), "12:12:12.23", int32(43932230), nulls, true},
		{types.TimeType(1), "12:12:12.2", int32(43932200), nulls, true},
		{types.TimeType(3), "12:12:12.232342", int32(43932232), custom, false},
		{types.TimeType(2), "12:12:12.232312", int32(43932230), custom, false},
		{types.TimeType(0), "12:12:12.45", int32(43932000), custom, false},
		{types.StringType, "123*'4**", "123'4*", custom, false},
		{types.StringType, "'123''4**'", "123'4*", custom, true},
		{types.StringType, "'a;b*'c'", "a;b'c", custom, false},
		{types.StringType, "'a;b''c'", "a;b'c", custom, true},
		{types.RowType(field("f0", types.StringType), field("f1", types.StringType)), "1:hello", []any{"1", "hello"}, custom, false},
		{types.RowType(field("f0", types.StringType), field("f1", types.StringType)), "'1:hello world'", []any{"1", "hello world"}, custom, true},
		{types.StringType, `"abc`, `"abc`, map[string]string{"csv.disable-quote-character": "true"}, true},
	} {
		t.Run(fmt.Sprintf("%s %s", c.typ, c.text), func(t *testing.T) {
			config := config(t, c.options, field("f0", types.StringType), field("f1", c.typ), field("f2", types.StringType))
			separator := config.Options.String("csv.field-delimiter")
			record := "BEGIN" + separator + c.text + separator + "END"
			d, out := newDecoderFor(t, config)
			if err := d.Decode([]byte(record), out); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([][]any{{"BEGIN", c.want, "END"}}, rows(out), equal); diff != "" {
				t.Error(diff)
			}
			if !c.back {
				return
			}
			e, err := Spec.NewEncoder(config)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := e.Encode(nil, out, 0); err != nil || string(got) != record {
				t.Errorf("written as %q, %v; want %q", got, err, record)
			}
		})
	}
}

// Flink's testDeserializeParseError and its neighbours, over (STRING, INT, STRING).
func TestRows(t *testing.T) {
	for _, c := range []struct {
		ignore, comments, text string
		want                   [][]any // nil: an error
	}{
		{"false", "false", "Test,null,Test", nil},
		{"true", "false", "Test,null,Test", [][]any{{"Test", nil, "Test"}}},
		{"false", "false", "Test", nil},
		{"true", "false", "Test", [][]any{{"Test", nil, nil}}},
		{"false", "false", "Test,12,Test,Test", nil},
		{"true", "false", "Test,12,Test,Test", [][]any{}},
		{"false", "false", "Test,12,Test,", [][]any{{"Test", int32(12), "Test"}}},
		{"false", "false", "#Test,12,Test", [][]any{{"#Test", int32(12), "Test"}}},
		{"true", "true", "#Test,12,Test", [][]any{}},
		{"false", "true", "#Test,12,Test", [][]any{}},
		{"false", "false", "\n", [][]any{}},
		{"false", "false", `a,1,"b" ,`, [][]any{{"a", int32(1), "b"}}},
		{"false", "false", `a,1,"b"c`, nil},
		{"false", "false", `a,1,"b`, nil},
		{"false", "false", "a,,b", nil},
		{"false", "false", "\xff,1,b", nil},
	} {
		d, out := newDecoderFor(t, config(t, map[string]string{"csv.ignore-parse-errors": c.ignore, "csv.allow-comments": c.comments},
			field("f0", types.StringType), field("f1", types.IntType), field("f2", types.StringType)))
		err := d.Decode([]byte(c.text), out)
		if (err != nil) != (c.want == nil) {
			t.Errorf("%q: error %v", c.text, err)
		}
		if c.want == nil {
			c.want = [][]any{}
		}
		if diff := cmp.Diff(c.want, rows(out)); diff != "" {
			t.Errorf("%q: %s", c.text, diff)
		}
	}
}

func TestMessages(t *testing.T) {
	d, out := newDecoderFor(t, config(t, nil, field("a", types.IntType.WithNotNull(true)), field("at", types.TimestampType(3))))
	for text, want := range map[string]string{
		"x,2023-08-22 13:46:30": `column "a": expected INT, found "x"`,
		"1,22.8.2023":           `column "at": expected TIMESTAMP(3) as yyyy-MM-dd HH:mm:ss[.fff], found "22.8.2023"`,
		"1":                     `expected 2 fields, found 1`,
		`1,"`:                   `a quoted field has no end`,
	} {
		if err := d.Decode([]byte(text), out); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	for key, value := range map[string]string{"csv.field-delimiter": "||", "csv.quote-character": "§", "csv.escape-character": ""} {
		var refusal *option.Error
		if _, err := Spec.NewDecoder(config(t, map[string]string{key: value}, field("a", types.IntType))); !errors.As(err, &refusal) || refusal.Key != key {
			t.Errorf("%s=%q: %v", key, value, err)
		}
	}
	for _, typ := range []types.Type{types.MapType(types.StringType, types.IntType), types.ArrayType(types.ArrayType(types.IntType)),
		types.TimeType(5), types.RowType(field("r", types.RowType(field("x", types.IntType))))} {
		if _, err := Spec.NewDecoder(config(t, nil, field("a", typ))); err == nil {
			t.Errorf("%s was accepted", typ)
		}
	}
}

// Decimals in both notations, and the quotes that a + costs.
func TestDecimals(t *testing.T) {
	for scientific, want := range map[string]string{"true": `"1E+5",1.2`, "false": "100000,1.2"} {
		c := config(t, map[string]string{"csv.write-bigdecimal-in-scientific-notation": scientific},
			field("a", types.DecimalType(10, 0)), field("b", types.DecimalType(10, 2)))
		b := types.NewBatch(types.NewSchema(c.Columns...))
		b.Cols[0].AppendValue(decimal128.FromI64(100000))
		b.Cols[1].AppendValue(decimal128.FromI64(120))
		b.AppendKind(types.Insert)
		e, err := Spec.NewEncoder(c)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := e.Encode(nil, b, 0); err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
}

// Projection leaves fields out, and cutting the data anywhere changes nothing.
func TestDecodeLines(t *testing.T) {
	text := "1,\"a\r\nb\",x\r\n\n2,\"say \"\"hi\"\"\",\"y\"\n# no comment\nbad,,z\n3,,\"q\n"
	c := config(t, nil, field("a", types.IntType), field("b", types.StringType), field("c", types.StringType))
	c.Needed = []int{0, 1}
	for cut := range len(text) {
		for max := 1; max < 4; max++ {
			d, out := newDecoderFor(t, c)
			var bad []string
			at, end := 0, cut
			for at < len(text) {
				n, err := d.DecodeLines([]byte(text[at:end]), end == len(text), out, max)
				var record *format.RecordError
				if errors.As(err, &record) {
					bad = append(bad, fmt.Sprintf("%d %q %v", at+record.Offset, record.Record, record.Err))
				} else if n == 0 {
					if end == len(text) {
						t.Fatalf("cut at %d: stuck at %d", cut, at)
					}
					end = len(text)
				}
				at += n
			}
			want := []string{
				`32 "# no comment" expected 3 fields, found 1`,
				`45 "bad,,z" column "a": expected INT, found "bad"`,
				`52 "3,,\"q" a quoted field has no end`,
			}
			if diff := cmp.Diff(want, bad); diff != "" {
				t.Fatalf("cut at %d: %s", cut, diff)
			}
			if diff := cmp.Diff([][]any{{int32(1), "a\r\nb"}, {int32(2), `say "hi"`}}, rows(out)); diff != "" {
				t.Fatalf("cut at %d, %d at a time: %s", cut, max, diff)
			}
		}
	}
}

// FuzzDecode compares with encoding/csv over records of three text columns, as far as both agree on the notation: it
// drops a CR before a newline within quotes, and refuses bare quotes.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"a,b,c\n", "\"a\",\"b\"\"\",\"c\nd\"\n1,2,3", "a,b\nc", "\n\nx,y,z\r\n", "\"a", "a\"b,c,d", "\"a\"b,c,d\n1,2,3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, out := newDecoderFor(t, config(t, nil, field("a", types.StringType), field("b", types.StringType), field("c", types.StringType)))
		bad := 0
		for at := 0; at < len(text); {
			n, err := d.DecodeLines([]byte(text[at:]), true, out, 2)
			if err != nil {
				bad++
			}
			if n == 0 && err == nil {
				t.Fatalf("%q: stuck at %d", text, at)
			}
			at += n
		}
		got := rows(out)
		if strings.Contains(text, "\r") || !bytes.Equal([]byte(text), bytes.ToValidUTF8([]byte(text), nil)) {
			return
		}
		r := stdcsv.NewReader(strings.NewReader(text))
		r.FieldsPerRecord = 3
		want := [][]any{}
		for {
			record, err := r.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				return // the two recover differently
			}
			want = append(want, []any{record[0], record[1], record[2]})
		}
		if diff := cmp.Diff(want, got); diff != "" || bad > 0 {
			t.Fatalf("%q: %d bad, %s", text, bad, diff)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	text := []byte(strings.Repeat("Impression,https://www.mysite.com,2023-08-22 13:46:30.123,\"17\"\n", 10_000))
	c := config(b, nil, field("a", types.StringType), field("b", types.StringType), field("c", types.TimestampType(3)), field("d", types.IntType))
	d, out := newDecoderFor(b, c)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	total := 0
	for b.Loop() {
		for at := 0; at < len(text); {
			out.Reset()
			n, err := d.DecodeLines(text[at:], true, out, 4096)
			if err != nil {
				b.Fatal(err)
			}
			at += n
			total += out.N
		}
	}
	b.ReportMetric(float64(total)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}

func BenchmarkDecodeNaive(b *testing.B) {
	text := strings.Repeat("Impression,https://www.mysite.com,2023-08-22 13:46:30.123,\"17\"\n", 10_000)
	b.SetBytes(int64(len(text)))
	total := 0
	for b.Loop() {
		r := stdcsv.NewReader(strings.NewReader(text))
		r.ReuseRecord = true
		for {
			record, err := r.Read()
			if err == io.EOF {
				break
			}
			if _, err := time.Parse("2006-01-02 15:04:05.000", record[2]); err != nil {
				b.Fatal(err)
			}
			total++
		}
	}
	b.ReportMetric(float64(total)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}
