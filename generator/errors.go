package generator

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// TemplateError is a mistake in a template. Its text leads with line and column.
type TemplateError struct {
	Offset int // of the mistake, in bytes from the start of the template
	Line   int // from 1
	Column int // from 1, in characters
	Msg    string
	Hint   string // what to do about it; may be empty
}

func (e *TemplateError) Error() string {
	text := fmt.Sprintf("template:%d:%d: %s", e.Line, e.Column, e.Msg)
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

func newTemplateError(source string, offset int, msg, hint string) *TemplateError {
	before := source[:offset]
	lineStart := strings.LastIndexByte(before, '\n') + 1
	return &TemplateError{
		Offset: offset,
		Line:   1 + strings.Count(before, "\n"),
		Column: 1 + utf8.RuneCountInString(before[lineStart:]),
		Msg:    msg,
		Hint:   hint,
	}
}

// unknownPlaceholder words the error for a name that isn't in the table.
func unknownPlaceholder(name string) (msg, hint string) {
	msg = fmt.Sprintf("unknown placeholder %q", name)
	best, bestDistance := "", 1+len(name)/3
	module, _, _ := strings.Cut(name, ".")
	var siblings []string
	for _, f := range functions {
		if d := editDistance(strings.ToLower(moduleAndMethod(name)), strings.ToLower(f.Name)); d < bestDistance {
			best, bestDistance = f.Name, d
		}
		if strings.HasPrefix(f.Name, module+".") {
			siblings = append(siblings, f.Name)
		}
	}
	switch {
	case best != "":
		return msg, fmt.Sprintf("did you mean %q?", best)
	case siblings != nil:
		return msg, "there are " + strings.Join(siblings, ", ")
	}
	return msg, "the modules are " + strings.Join(modules(), ", ")
}

func modules() []string {
	var names []string
	for _, f := range functions {
		module, _, _ := strings.Cut(f.Name, ".")
		if len(names) == 0 || names[len(names)-1] != module {
			names = append(names, module) // the table is sorted
		}
	}
	return names
}

// editDistance is the number of bytes to insert, delete or replace to make b of a.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1) // distances of a's prefix to every prefix of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
