package filesystem

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format/json"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

var clicks = []connectors.Column{
	{Name: "browseraction", Type: types.StringType},
	{Name: "site", Type: types.StringType},
	{Name: "rowtime", Type: types.TimestampType(3)},
}

// BenchmarkReadClicks goes from a file of a million records of the lab's shape with rowtime (100 bytes each) to columns.
func BenchmarkReadClicks(b *testing.B) {
	path := filepath.Join(b.TempDir(), "clicks.jsonl")
	var text bytes.Buffer
	at := time.Date(2023, 8, 22, 13, 46, 30, 0, time.UTC)
	const records = 1_000_000
	for i := range records {
		text.WriteString(`{"browseraction":"`)
		text.WriteString([]string{"Impression", "Clicked"}[i*7%11%2])
		text.WriteString(`","site":"https://www.mysite.com","rowtime":"`)
		text.WriteString(at.Add(time.Duration(i) * 17 * time.Millisecond).Format("2006-01-02 15:04:05.000"))
		text.WriteString("\"}\n")
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	options, errs := option.Check(map[string]string{"path": path}, append(Spec.Options, json.Spec.Options...),
		func(string, []string) string { return "" })
	if len(errs) > 0 {
		b.Fatal(errs[0])
	}
	src, err := newSource(nil, &connectors.Table{Columns: clicks, Options: options, Format: json.Spec})
	if err != nil {
		b.Fatal(err)
	}
	columns := []connectors.Column{clicks[0], clicks[2]}
	out := types.NewBatch(types.NewSchema(types.Field{Name: "a", Type: columns[0].Type}, types.Field{Name: "b", Type: columns[1].Type}))
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		splits, err := src.Splits(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		for _, split := range splits {
			r, err := src.Open(context.Background(), split, connectors.ReaderContext{Columns: columns})
			if err != nil {
				b.Fatal(err)
			}
			for status := connectors.Ready; status != connectors.Ended; {
				out.Reset()
				if status, err = r.Poll(out, 4096); err != nil {
					b.Fatal(err)
				}
				rows += out.N
			}
			if err := r.Close(); err != nil {
				b.Fatal(err)
			}
		}
	}
	if rows%records != 0 {
		b.Fatalf("%d rows", rows)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}
