package cli

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"time"

	"github.com/weirsql/weir/connectors/format/changelogjson"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/cast"
)

// outputs are the values of -o.
var outputs = []string{"table", "json", "csv", "changelog"}

// resultWriter prints the rows of one query.
type resultWriter interface {
	// Write takes rows as they come, from one goroutine.
	Write(b *types.Batch) error
	// Close prints what is left. Of a query that failed an empty result is not shown: it would look like an answer.
	Close(failed bool) error
}

// newResultWriter makes the writer for one query's rows, in one of the outputs. title tells several queries of one run apart.
func (s *screen) newResultWriter(format, title string, schema *types.Schema, mode types.ChangelogMode) resultWriter {
	switch format {
	case "json":
		return &jsonWriter{s: s, appender: changelogjson.NewAppender(schema)}
	case "csv":
		return &csvWriter{s: s, text: s.text(), schema: schema, changing: mode != types.AppendOnly}
	case "changelog":
		return &changelogWriter{s: s, text: s.text()}
	}
	return s.openTable(title, schema)
}

// eachRow calls f for the rows of b that count.
func eachRow(b *types.Batch, f func(i int)) {
	if b.Sel != nil {
		for _, i := range b.Sel {
			f(int(i))
		}
		return
	}
	for i := range b.N {
		f(i)
	}
}

// text renders values as CAST(… AS STRING) does.
func (s *screen) text() *textRenderer {
	location := time.UTC
	if s.location != nil {
		location = s.location()
	}
	return &textRenderer{ctx: &udf.Context{Location: location}}
}

type textRenderer struct {
	ctx *udf.Context
	buf []byte
}

func (t *textRenderer) cell(v *types.Vector, i int) string {
	if v.IsNull(i) || v.Type.Kind == types.Null {
		return "<NULL>"
	}
	if v.Type.IsBinary() {
		return fmt.Sprintf("x'%x'", v.Bytes(i))
	}
	t.buf = cast.AppendText(t.ctx, t.buf[:0], v, i)
	return string(t.buf)
}

// jsonWriter prints {"op":"+I","data":{…}} lines.
type jsonWriter struct {
	s        *screen
	appender *changelogjson.Appender
	buf      []byte
}

func (w *jsonWriter) Write(b *types.Batch) error {
	eachRow(b, func(i int) {
		w.buf = append(w.appender.AppendRow(w.buf, b.Kind(i), b, i), '\n')
	})
	err := w.s.print(w.buf)
	w.buf = w.buf[:0]
	return err
}

func (w *jsonWriter) Close(bool) error { return nil }

// csvWriter prints a header and then the rows; of a changing result the op comes first.
type csvWriter struct {
	s        *screen
	text     *textRenderer
	schema   *types.Schema
	changing bool
	headed   bool
}

func (w *csvWriter) Write(b *types.Batch) error {
	var buf bytes.Buffer
	out := csv.NewWriter(&buf)
	if err := w.head(out); err != nil {
		return err
	}
	var err error
	eachRow(b, func(i int) {
		var row []string
		if w.changing {
			row = append(row, b.Kind(i).String())
		}
		for _, v := range b.Cols {
			cell := ""
			if !v.IsNull(i) {
				cell = w.text.cell(v, i)
			}
			row = append(row, cell)
		}
		err = errors.Join(err, out.Write(row))
	})
	if err != nil {
		return err
	}
	out.Flush()
	return w.s.print(buf.Bytes())
}

func (w *csvWriter) head(out *csv.Writer) error {
	if w.headed {
		return nil
	}
	w.headed = true
	var names []string
	if w.changing {
		names = append(names, "op")
	}
	return out.Write(append(names, w.schema.Names()...))
}

// Close prints the header of a result without rows.
func (w *csvWriter) Close(failed bool) error {
	if failed {
		return nil
	}
	var buf bytes.Buffer
	out := csv.NewWriter(&buf)
	if err := w.head(out); err != nil {
		return err
	}
	out.Flush()
	return w.s.print(buf.Bytes())
}

// changelogWriter prints rows as Flink's print connector does: +I[1, abc].
type changelogWriter struct {
	s    *screen
	text *textRenderer
	buf  []byte
}

func (w *changelogWriter) Write(b *types.Batch) error {
	eachRow(b, func(i int) {
		w.buf = append(append(w.buf, b.Kind(i).String()...), '[')
		for c, v := range b.Cols {
			if c > 0 {
				w.buf = append(w.buf, ", "...)
			}
			if v.IsNull(i) {
				w.buf = append(w.buf, "null"...)
			} else {
				w.buf = append(w.buf, w.text.cell(v, i)...)
			}
		}
		w.buf = append(w.buf, "]\n"...)
	})
	err := w.s.print(w.buf)
	w.buf = w.buf[:0]
	return err
}

func (w *changelogWriter) Close(bool) error { return nil }
