package bench

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/format/json"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

// jsonRecords are the records that decoding and encoding are measured with.
var jsonRecords = []struct {
	name    string
	columns []types.Field
	lines   func(n int) []byte
}{
	{"lab", []types.Field{{Name: "browseraction", Type: types.StringType}, {Name: "site", Type: types.StringType}}, func(n int) []byte {
		var b bytes.Buffer
		for i := range n {
			action := "Click"
			if i%6 == 0 {
				action = "Impression"
			}
			fmt.Fprintf(&b, `{"browseraction":"%s","site":"https://www.mysite.com"}`+"\n", action)
		}
		return b.Bytes()
	}},
	{"lab-rowtime", []types.Field{
		{Name: "browseraction", Type: types.StringType}, {Name: "site", Type: types.StringType}, {Name: "rowtime", Type: types.TimestampType(3)},
	}, func(n int) []byte {
		var b bytes.Buffer
		if err := writeClicks(&b, n); err != nil {
			panic(err) // a buffer takes everything
		}
		return b.Bytes()
	}},
	{"bid", []types.Field{
		{Name: "auction", Type: types.BigIntType}, {Name: "bidder", Type: types.BigIntType}, {Name: "price", Type: types.BigIntType},
		{Name: "channel", Type: types.StringType}, {Name: "url", Type: types.StringType}, {Name: "dateTime", Type: types.TimestampType(3)},
		{Name: "rate", Type: types.DoubleType}, {Name: "extra", Type: types.StringType},
	}, func(n int) []byte {
		var b bytes.Buffer
		at := time.Date(2023, 8, 22, 13, 46, 30, 0, time.UTC)
		for i := range n {
			fmt.Fprintf(&b, `{"auction":%d,"bidder":%d,"price":%d,"channel":"channel-%d","url":"https://www.nexmark.com/googoo/item.htm?query=1&channel_id=%d",`+
				`"dateTime":"%s","rate":%d.%02d,"extra":"[MNM~I]_tpeRXjsKaSOgLwlSUyyJxnyrxqdvpbqkxlgeTSnsuPhrnxjo"}`+"\n",
				1000+i%977, 2000+i*7919%100_000, i*31%10_000_000, i%10_000, i, at.Add(time.Duration(i)*17*time.Millisecond).Format("2006-01-02 15:04:05.000"), i%50, i%100)
		}
		return b.Bytes()
	}},
}

const jsonLines = 20_000 // a few megabytes at most

func jsonConfig(b *testing.B, columns []types.Field) format.Config {
	options, errs := option.Check(nil, json.Spec.Options, func(string, []string) string { return "" })
	if len(errs) > 0 {
		b.Fatal(errs)
	}
	c := format.Config{Columns: columns, Options: options}
	for i := range columns {
		c.Needed = append(c.Needed, i)
	}
	return c
}

// decoded returns the lines as columns.
func decoded(b *testing.B, d format.Decoder, lines []byte, out *types.Batch, max int) (rows int) {
	for at := 0; at < len(lines); {
		out.Reset()
		n, err := d.DecodeLines(lines[at:], true, out, max)
		if err != nil {
			b.Fatal(err)
		}
		at += n
		rows += out.N
	}
	return rows
}

// BenchmarkDecode goes from JSON lines in memory to columns, all of them.
func BenchmarkDecode(b *testing.B) {
	for _, c := range jsonRecords {
		lines := c.lines(jsonLines)
		b.Run(c.name+"/weir", func(b *testing.B) {
			d, err := json.Spec.NewDecoder(jsonConfig(b, c.columns))
			if err != nil {
				b.Fatal(err)
			}
			out := types.NewBatch(types.NewSchema(c.columns...))
			b.SetBytes(int64(len(lines)))
			r, n := newRate(b), 0
			for b.Loop() {
				n += decoded(b, d, lines, out, batchRows)
			}
			r.report(n)
		})
		b.Run(c.name+"/naive", func(b *testing.B) {
			b.SetBytes(int64(len(lines)))
			r, n := newRate(b), 0
			var rows []map[string]any
			for b.Loop() {
				rows = rows[:0]
				for line := range bytes.Lines(lines) {
					var row map[string]any
					if err := stdjson.Unmarshal(line, &row); err != nil {
						b.Fatal(err)
					}
					rows = append(rows, row)
				}
				n += len(rows)
			}
			sink += len(rows)
			r.report(n)
		})
	}
}

// BenchmarkEncode goes from columns to JSON lines in memory.
func BenchmarkEncode(b *testing.B) {
	for _, c := range jsonRecords {
		lines := c.lines(batchRows)
		config := jsonConfig(b, c.columns)
		d, err := json.Spec.NewDecoder(config)
		if err != nil {
			b.Fatal(err)
		}
		batch := types.NewBatch(types.NewSchema(c.columns...))
		decoded(b, d, lines, batch, batchRows)
		b.Run(c.name+"/weir", func(b *testing.B) {
			e, err := json.Spec.NewEncoder(config)
			if err != nil {
				b.Fatal(err)
			}
			var out []byte
			r, n := newRate(b), 0
			for b.Loop() {
				out = out[:0]
				for i := range batch.N {
					if out, err = e.Encode(out, batch, i); err != nil {
						b.Fatal(err)
					}
					out = append(out, '\n')
				}
				n += batch.N
			}
			sink += len(out)
			b.SetBytes(int64(len(out)))
			r.report(n)
		})
		b.Run(c.name+"/naive", func(b *testing.B) {
			var rows []map[string]any
			for line := range bytes.Lines(lines) {
				var row map[string]any
				if err := stdjson.Unmarshal(line, &row); err != nil {
					b.Fatal(err)
				}
				rows = append(rows, row)
			}
			var out bytes.Buffer
			r, n := newRate(b), 0
			for b.Loop() {
				out.Reset()
				e := stdjson.NewEncoder(&out)
				for _, row := range rows {
					if err := e.Encode(row); err != nil {
						b.Fatal(err)
					}
				}
				n += len(rows)
			}
			sink += out.Len()
			b.SetBytes(int64(out.Len()))
			r.report(n)
		})
	}
}
