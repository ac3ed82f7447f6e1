package diag

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Render writes every finding of list, in order of position, as
//
//	clicks.sql:3:8: error: unknown column "usr" in table clicks [unknown-column]
//	  3 | SELECT usr, COUNT(*) FROM clicks GROUP BY usr
//	    |        ^^^
//	  hint: did you mean "user"?
//
// Carets stop at the end of the first line of a span that covers several. f may be nil: then only messages and hints
// are written.
func Render(w io.Writer, f *File, list List) error {
	list.Sort()
	var b strings.Builder
	for _, e := range list {
		renderOne(&b, f, e)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// String renders list as Render does.
func String(f *File, list List) string {
	var b strings.Builder
	_ = Render(&b, f, list) // a strings.Builder does not fail
	return b.String()
}

func renderOne(b *strings.Builder, f *File, e *Error) {
	located := f != nil && !e.Span.IsZero()
	switch {
	case located:
		pos := f.Position(e.Span.Start)
		fmt.Fprintf(b, "%s:%d:%d: ", f.Name, pos.Line, pos.Col)
	case f != nil && f.Name != "":
		b.WriteString(f.Name + ": ")
	}
	b.WriteString("error: " + e.Error() + "\n")
	if located {
		renderSource(b, f, e.Span)
	}
	if e.Hint != "" {
		b.WriteString("  hint: " + strings.ReplaceAll(e.Hint, "\n", "\n        ") + "\n")
	}
}

// renderSource writes the line that span starts on, and carets under the part of it that span covers. Tabs of the line
// are repeated in front of the carets, so both lines indent alike whatever a terminal makes of a tab.
func renderSource(b *strings.Builder, f *File, span Span) {
	start := max(0, min(span.Start, len(f.Text)))
	end := max(start, min(span.End, len(f.Text)))
	index := f.lineAt(start)
	line := f.Line(index + 1)
	number := strconv.Itoa(index + 1)
	lineStart := f.lines[index]
	lineEnd := lineStart + len(line)
	before := f.Text[lineStart:min(start, lineEnd)]
	under := f.Text[min(start, lineEnd):min(end, lineEnd)]

	fmt.Fprintf(b, "  %s | %s\n", number, line)
	fmt.Fprintf(b, "  %s | ", strings.Repeat(" ", len(number)))
	for _, r := range before {
		if r == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteString(strings.Repeat(" ", width(r)))
		}
	}
	carets := 0
	for _, r := range under {
		carets += width(r)
	}
	b.WriteString(strings.Repeat("^", max(1, carets)))
	b.WriteByte('\n')
}

// width is the number of terminal cells of r: 0 for combining marks and joiners, 2 for the East Asian wide blocks and
// emoji, else 1. Columns are still counted in characters; this only keeps carets under what they point at.
func width(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case r <= 0x36F, r >= 0x200B && r <= 0x200F, r >= 0xFE00 && r <= 0xFE0F, r == 0xFEFF, r >= 0x20D0 && r <= 0x20FF:
		return 0
	case r >= 0x1100 && r <= 0x115F, // Hangul Jamo
		r >= 0x2E80 && r <= 0xA4CF && r != 0x303F, // CJK, kana, Yi
		r >= 0xAC00 && r <= 0xD7A3,                // Hangul syllables
		r >= 0xF900 && r <= 0xFAFF,                // CJK compatibility ideographs
		r >= 0xFE30 && r <= 0xFE6F,                // CJK compatibility forms
		r >= 0xFF00 && r <= 0xFF60,                // full-width forms
		r >= 0xFFE0 && r <= 0xFFE6,
		r >= 0x1F300 && r <= 0x1F64F, // pictographs and emoji
		r >= 0x1F900 && r <= 0x1F9FF,
		r >= 0x20000 && r <= 0x3FFFD: // CJK extensions
		return 2
	}
	return 1
}
