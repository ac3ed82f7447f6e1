package sns

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/types"
)

// BenchmarkRow renders messages: a subject, a text and two attributes. The alternative is a template of text/template's kind with a
// map per row, which fmt stands for.
func BenchmarkRow(b *testing.B) {
	columns := []connectors.Column{{Name: "site", Type: types.StringType}, {Name: "rate", Type: types.DoubleType}}
	s := &sink{}
	parse := func(text string) *template {
		t, err := parseTemplate("message", text, columns)
		if err != nil {
			b.Fatal(err)
		}
		return t
	}
	s.subject, s.message = parse("Anomaly on ${site}"), parse("The click-through rate of ${site} is ${rate}%")
	if err := s.readAttributes(map[string]string{"site": "${site}", "rate": "${rate}"}, columns); err != nil {
		b.Fatal(err)
	}
	batch := connectortest.NewBatch(columns)
	const rows = 1000
	for i := range rows {
		batch.Cols[0].AppendValue(fmt.Sprint("site-", i%10))
		batch.Cols[1].AppendValue(float64(i) / 7)
		batch.AppendKind(types.Insert)
	}
	b.Run("templates", func(b *testing.B) {
		w := &writer{sink: s}
		b.ReportAllocs()
		for b.Loop() {
			var err error
			out := make([]message, 0, rows)
			for i := range rows {
				if out, err = w.row(out, batch, i); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("fmt", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			out := make([]message, 0, rows)
			for i := range rows {
				site, rate := batch.Cols[0].Str(i), batch.Cols[1].F64[i]
				out = append(out, message{subject: fmt.Sprintf("Anomaly on %v", site), text: fmt.Sprintf("The click-through rate of %v is %v%%", site, rate),
					attributes: []value{{name: "site", text: fmt.Sprint(site)}, {name: "rate", text: fmt.Sprint(rate), number: true}}})
			}
			runtime.KeepAlive(out)
		}
		b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
	})
}
