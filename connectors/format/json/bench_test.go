package json

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

// Each benchmark reports records per second; the naive counterparts do the same work with encoding/json.

var clicks = []types.Field{
	{Name: "browseraction", Type: types.StringType},
	{Name: "site", Type: types.StringType},
	{Name: "rowtime", Type: types.TimestampType(3)},
}

// clickLines returns n records of the lab's shape, about 100 bytes each. With shapes above 1 some leave members out or
// have more of them, 60, 30, 5 and 5 %.
func clickLines(n, shapes int) []byte {
	var b bytes.Buffer
	actions := []string{"Impression", "Clicked"}
	at := time.Date(2023, 8, 22, 13, 46, 30, 0, time.UTC)
	for i := range n {
		at = at.Add(17 * time.Millisecond)
		action, when := actions[i*7%11%2], at.Format("2006-01-02 15:04:05.000")
		switch r := i * 7919 % 100; {
		case shapes == 1 || r < 60:
			fmt.Fprintf(&b, `{"browseraction":"%s","site":"https://www.mysite.com","rowtime":"%s"}`, action, when)
		case r < 90:
			fmt.Fprintf(&b, `{"user":%d,"browseraction":"%s","rowtime":"%s"}`, i, action, when)
		case r < 95:
			fmt.Fprintf(&b, `{"rowtime":"%s","site":"https://www.mysite.com","browseraction":"%s"}`, when, action)
		default:
			fmt.Fprintf(&b, `{"browseraction":"%s","tags":{"a":[1,2]},"rowtime":"%s"}`, action, when)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func values(tb testing.TB, raw map[string]string) option.Values {
	v, errs := option.Check(raw, append(Options("json."), Options("changelog-json.")...),
		func(string, []string) string { return "" })
	if len(errs) > 0 {
		tb.Fatal(errs[0])
	}
	return v
}

func benchmarkDecode(b *testing.B, lines []byte, fields []types.Field, needed []int) {
	config := format.Config{Columns: fields, Needed: needed, Options: values(b, nil)}
	d, err := NewDecoder(config, "json.", false)
	if err != nil {
		b.Fatal(err)
	}
	out := types.NewBatch(types.NewSchema(config.Fields()...))
	b.SetBytes(int64(len(lines)))
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		for at := 0; at < len(lines); {
			out.Reset()
			n, err := d.DecodeLines(lines[at:], true, out, 4096)
			if err != nil {
				b.Fatal(err)
			}
			at += n
			rows += out.N
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}

func BenchmarkDecodeClicks(b *testing.B) {
	benchmarkDecode(b, clickLines(20_000, 1), clicks, []int{0, 2})
}

func BenchmarkDecodeClicksAllColumns(b *testing.B) {
	benchmarkDecode(b, clickLines(20_000, 1), clicks, []int{0, 1, 2})
}

func BenchmarkDecodeClicksMixedShapes(b *testing.B) {
	benchmarkDecode(b, clickLines(20_000, 4), clicks, []int{0, 2})
}

// bids are records of Nexmark's shape, some 260 bytes in eight columns.
var bids = []types.Field{
	{Name: "auction", Type: types.BigIntType}, {Name: "bidder", Type: types.BigIntType}, {Name: "price", Type: types.DoubleType},
	{Name: "channel", Type: types.StringType}, {Name: "url", Type: types.StringType}, {Name: "dateTime", Type: types.TimestampType(3)},
	{Name: "fee", Type: types.DecimalType(10, 2)}, {Name: "extra", Type: types.StringType},
}

func BenchmarkDecodeBids(b *testing.B) {
	var lines bytes.Buffer
	at := time.Date(2023, 8, 22, 13, 46, 30, 0, time.UTC)
	for i := range 10_000 {
		at = at.Add(17 * time.Millisecond)
		fmt.Fprintf(&lines, `{"auction":%d,"bidder":%d,"price":%d.%02d,"channel":"Google","url":"https://www.nexmark.com/googoo/item.htm?query=1&channel_id=%d",`+
			`"dateTime":"%s","fee":%d.%02d,"extra":"[MNM`+"`"+`I]_tpeRXjsKaSOgLwlSUyyJxnyrxqdvpbqkxlgeTSnsuPhrnxjo"}`+"\n",
			1000+i%977, 2000+i*7919%100_000, i%10_000, i%100, i, at.Format("2006-01-02 15:04:05.000"), i%50, i%100)
	}
	benchmarkDecode(b, lines.Bytes(), bids, []int{0, 1, 2, 3, 4, 5, 6, 7})
}

func BenchmarkDecodeClicksNaive(b *testing.B) {
	lines := clickLines(20_000, 1)
	out := types.NewBatch(types.NewSchema(clicks[0], clicks[2]))
	b.SetBytes(int64(len(lines)))
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		out.Reset()
		for line := range bytes.Lines(lines) {
			var record struct {
				Browseraction string `json:"browseraction"`
				Rowtime       string `json:"rowtime"`
			}
			if err := stdjson.Unmarshal(line, &record); err != nil {
				b.Fatal(err)
			}
			at, err := time.Parse("2006-01-02 15:04:05.000", record.Rowtime)
			if err != nil {
				b.Fatal(err)
			}
			out.Cols[0].AppendString(record.Browseraction)
			out.Cols[1].I64 = append(out.Cols[1].I64, at.UnixMilli())
			out.Cols[1].N++
			out.AppendKind(types.Insert)
			rows++
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}
