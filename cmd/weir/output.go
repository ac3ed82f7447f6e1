package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/text/width"

	"github.com/weirsql/weir/connectors/format/changelogjson"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/cast"
)

// outputs are the values of -o.
var outputs = []string{"table", "json", "csv", "changelog"}

// screen is standard output, shared by the queries that print to it.
type screen struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool // redraw tables
	location *time.Location
}

// resultWriter prints the rows of one query.
type resultWriter interface {
	// Write takes rows as they come, from one goroutine.
	Write(b *types.Batch) error
	// Close prints what is left.
	Close() error
}

// newResultWriter makes the writer for one query's rows. title tells several queries of one run apart.
func (s *screen) newResultWriter(format, title string, schema *types.Schema) resultWriter {
	switch format {
	case "json":
		return &jsonWriter{s: s, appender: changelogjson.NewAppender(schema)}
	case "csv":
		return &csvWriter{s: s, text: s.text(), schema: schema}
	case "changelog":
		return &changelogWriter{s: s, text: s.text()}
	}
	return &tableWriter{s: s, title: title, text: s.text(), schema: schema, rows: map[string]*tableRow{}}
}

// flush writes a piece of output in one go, so that lines of different queries don't mix.
func (s *screen) flush(buf *[]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.w.Write(*buf)
	*buf = (*buf)[:0]
	return err
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
	return &textRenderer{ctx: &udf.Context{Location: s.location}}
}

type textRenderer struct {
	ctx *udf.Context
	buf []byte
}

func (t *textRenderer) cell(v *types.Vector, i int) string {
	if v.IsNull(i) {
		return "<NULL>"
	}
	if v.Type.Kind == types.Null {
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
	return w.s.flush(&w.buf)
}

func (w *jsonWriter) Close() error { return nil }

// csvWriter prints a header and then the rows; of a changing result the op comes first.
type csvWriter struct {
	s      *screen
	text   *textRenderer
	schema *types.Schema
	headed bool
}

func (w *csvWriter) Write(b *types.Batch) error {
	var buf bytes.Buffer
	out := csv.NewWriter(&buf)
	if !w.headed {
		w.headed = true
		if err := out.Write(append([]string{"op"}, w.schema.Names()...)); err != nil {
			return err
		}
	}
	var err error
	eachRow(b, func(i int) {
		row := []string{b.Kind(i).String()}
		for _, v := range b.Cols {
			cell := ""
			if !v.IsNull(i) {
				cell = w.text.cell(v, i)
			}
			row = append(row, cell)
		}
		if e := out.Write(row); e != nil {
			err = e
		}
	})
	if err != nil {
		return err
	}
	out.Flush()
	text := buf.Bytes()
	return w.s.flush(&text)
}

func (w *csvWriter) Close() error { return nil }

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
	return w.s.flush(&w.buf)
}

func (w *changelogWriter) Close() error { return nil }

// tableWriter keeps the rows that a changelog leaves, and prints them as a table: at the end, or on a terminal whenever
// they have changed and some time has passed.
type tableWriter struct {
	s      *screen
	title  string
	text   *textRenderer
	schema *types.Schema

	order []*tableRow // in the order of arrival; count 0 are gone
	rows  map[string]*tableRow

	drawn     int // lines on the terminal that the next drawing replaces
	lastDrawn time.Time
}

type tableRow struct {
	cells []string
	count int
}

// redrawEvery bounds how often a table on a terminal is drawn; rowsShown how many of its last rows.
const (
	redrawEvery = 100 * time.Millisecond
	rowsShown   = 20
)

func (w *tableWriter) Write(b *types.Batch) error {
	eachRow(b, func(i int) {
		cells := make([]string, len(b.Cols))
		for c, v := range b.Cols {
			cells[c] = w.text.cell(v, i)
		}
		key := strings.Join(cells, "\x00")
		row := w.rows[key]
		if row == nil {
			row = &tableRow{cells: cells}
			w.rows[key] = row
			w.order = append(w.order, row)
		}
		if b.Kind(i).Retracts() {
			row.count--
		} else {
			row.count++
		}
		if row.count == 0 {
			delete(w.rows, key)
		}
	})
	if len(w.order) > 2*len(w.rows)+64 {
		w.compact()
	}
	if w.s.terminal && time.Since(w.lastDrawn) >= redrawEvery {
		return w.draw(false)
	}
	return nil
}

func (w *tableWriter) compact() {
	kept := w.order[:0]
	for _, r := range w.order {
		if r.count != 0 {
			kept = append(kept, r)
		}
	}
	clear(w.order[len(kept):])
	w.order = kept
}

func (w *tableWriter) Close() error { return w.draw(true) }

func (w *tableWriter) draw(final bool) error {
	w.compact()
	var cells [][]string
	for _, r := range w.order {
		for range max(r.count, 0) {
			cells = append(cells, r.cells)
		}
	}
	total := len(cells)
	if !final && total > rowsShown {
		cells = cells[total-rowsShown:]
	}
	var out strings.Builder
	if w.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA\x1b[J", w.drawn)
	}
	if w.title != "" {
		out.WriteString(w.title + "\n")
	}
	numeric := make([]bool, len(w.schema.Fields))
	for i, f := range w.schema.Fields {
		numeric[i] = f.Type.IsNumeric()
	}
	out.WriteString(renderTable(w.schema.Names(), cells, numeric))
	out.WriteString(rowCount(total, final) + "\n")
	text := []byte(out.String())
	w.drawn, w.lastDrawn = strings.Count(out.String(), "\n"), time.Now()
	return w.s.flush(&text)
}

func rowCount(n int, final bool) string {
	s := strconv.Itoa(n) + " rows"
	if n == 1 {
		s = "1 row"
	}
	if !final {
		s += ", running"
	}
	return s
}

// renderTable draws cells in a frame, numbers to the right.
func renderTable(head []string, rows [][]string, numeric []bool) string {
	widths := make([]int, len(head))
	for i, h := range head {
		widths[i] = displayWidth(h)
	}
	for _, r := range rows {
		for i, c := range r {
			widths[i] = max(widths[i], displayWidth(c))
		}
	}
	var b strings.Builder
	rule := func() {
		for _, n := range widths {
			b.WriteString("+" + strings.Repeat("-", n+2))
		}
		b.WriteString("+\n")
	}
	line := func(cells []string, right []bool) {
		for i, c := range cells {
			pad := strings.Repeat(" ", widths[i]-displayWidth(c))
			if right != nil && right[i] {
				b.WriteString("| " + pad + c + " ")
			} else {
				b.WriteString("| " + c + pad + " ")
			}
		}
		b.WriteString("|\n")
	}
	if len(head) == 0 {
		return ""
	}
	rule()
	line(head, numeric)
	rule()
	for _, r := range rows {
		line(r, numeric)
	}
	if len(rows) > 0 {
		rule()
	}
	return b.String()
}

// displayWidth is the number of terminal columns of a text; East Asian wide characters take two.
func displayWidth(s string) int {
	n := utf8.RuneCountInString(s)
	for _, r := range s {
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			n++
		}
	}
	return n
}
