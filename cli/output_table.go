package cli

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/weirsql/weir/types"
)

// tableWriter keeps the rows that a changelog leaves, and prints them as a table at the end; on a terminal the screen
// shows the last ones meanwhile. The screen's lock guards it.
type tableWriter struct {
	s      *screen
	title  string
	text   *textRenderer
	schema *types.Schema

	rows    [][]string       // in the order of arrival; a removed one is nil
	index   map[string][]int // where rows with these cells are; made when the first one is taken back
	gone    int              // removed rows in rows
	free    int              // the row that an update has just removed, for the one that takes its place; -1 if none
	dropped int              // rows that are kept no longer, since there are too many
}

// rowsKept bounds the rows of a query that is watched: a stream has no end, memory has.
const rowsKept = 1_000_000

func (s *screen) openTable(title string, schema *types.Schema) *tableWriter {
	w := &tableWriter{s: s, title: title, text: s.text(), schema: schema, free: -1}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open, s.changed = append(s.open, w), true
	return w
}

func (w *tableWriter) Write(b *types.Batch) error {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	eachRow(b, func(i int) {
		cells := make([]string, len(b.Cols))
		for c, v := range b.Cols {
			cells[c] = visible(w.text.cell(v, i))
		}
		if b.Kind(i).Retracts() {
			w.remove(cells, b.Kind(i) == types.UpdateBefore)
		} else {
			w.add(cells, b.Kind(i) == types.UpdateAfter)
		}
	})
	w.s.changed = true
	return nil
}

// add puts a row at the end, or an updated one where it was.
func (w *tableWriter) add(cells []string, update bool) {
	at := len(w.rows)
	if update && w.free >= 0 {
		at = w.free
		w.rows[at] = cells
		w.gone--
	} else {
		w.rows = append(w.rows, cells)
	}
	w.free = -1
	if w.index != nil {
		key := rowKey(cells)
		w.index[key] = append(w.index[key], at)
	}
	if len(w.rows) > rowsKept+rowsKept/8 {
		w.compact(rowsKept)
	}
}

// remove takes back the latest row with these cells; one that is kept no longer is not missed.
func (w *tableWriter) remove(cells []string, update bool) {
	if w.index == nil {
		w.reindex()
	}
	key := rowKey(cells)
	at := w.index[key]
	if len(at) == 0 {
		return
	}
	last := at[len(at)-1]
	if len(at) == 1 {
		delete(w.index, key)
	} else {
		w.index[key] = at[:len(at)-1]
	}
	w.rows[last] = nil
	w.gone++
	if w.free = -1; update {
		w.free = last
	}
	if w.free < 0 && w.gone > len(w.rows)/2+64 {
		w.compact(len(w.rows))
	}
}

// compact closes the gaps and keeps the last rows.
func (w *tableWriter) compact(most int) {
	w.rows = slices.DeleteFunc(w.rows, func(cells []string) bool { return cells == nil })
	if n := len(w.rows) - most; n > 0 {
		w.rows, w.dropped = slices.Delete(w.rows, 0, n), w.dropped+n
	}
	if w.gone, w.free = 0, -1; w.index != nil {
		w.reindex()
	}
}

func (w *tableWriter) reindex() {
	w.index = map[string][]int{}
	for i, cells := range w.rows {
		if cells != nil {
			key := rowKey(cells)
			w.index[key] = append(w.index[key], i)
		}
	}
}

func rowKey(cells []string) string { return strings.Join(cells, "\x00") }

// Close takes the table off the screen's live part and prints all of it.
func (w *tableWriter) Close(failed bool) error {
	w.s.mu.Lock()
	w.s.open, w.s.changed = slices.DeleteFunc(w.s.open, func(t *tableWriter) bool { return t == w }), true
	w.compact(rowsKept)
	text := w.render(w.rows, true)
	w.s.mu.Unlock()
	if failed && len(w.rows) == 0 {
		return nil
	}
	return w.s.print([]byte(text))
}

// last renders the last n rows, line by line.
func (w *tableWriter) last(n int) []string {
	var shown [][]string
	for i := len(w.rows) - 1; i >= 0 && len(shown) < n; i-- {
		if w.rows[i] != nil {
			shown = append(shown, w.rows[i])
		}
	}
	slices.Reverse(shown)
	return strings.Split(strings.TrimSuffix(w.render(shown, false), "\n"), "\n")
}

func (w *tableWriter) render(rows [][]string, final bool) string {
	numeric := make([]bool, len(w.schema.Fields))
	for i, f := range w.schema.Fields {
		numeric[i] = f.Type.IsNumeric()
	}
	kept := len(w.rows) - w.gone
	count := rowCount(kept + w.dropped)
	switch {
	case !final:
		count += ", running"
	case w.dropped > 0:
		count += ", of which these are the last " + strconv.Itoa(kept)
	}
	text := renderTable(w.schema.Names(), rows, numeric) + count + "\n"
	if w.title != "" {
		text = w.title + "\n" + text
	}
	return text
}

// visible replaces control characters, which would break the frame or steer the terminal, by their escapes.
func visible(s string) string {
	if strings.IndexFunc(s, unicode.IsControl) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsControl(r) {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func rowCount(n int) string {
	if n == 1 {
		return "1 row"
	}
	return strconv.Itoa(n) + " rows"
}

// renderTable draws cells in a frame, numbers to the right.
func renderTable(head []string, rows [][]string, numeric []bool) string {
	if len(head) == 0 {
		return ""
	}
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
	line := func(cells []string) {
		for i, c := range cells {
			pad := strings.Repeat(" ", widths[i]-displayWidth(c))
			if numeric[i] {
				b.WriteString("| " + pad + c + " ")
			} else {
				b.WriteString("| " + c + pad + " ")
			}
		}
		b.WriteString("|\n")
	}
	rule()
	line(head)
	rule()
	for _, r := range rows {
		line(r)
	}
	if len(rows) > 0 {
		rule()
	}
	return b.String()
}
