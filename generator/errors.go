package generator

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/weirsql/weir/diag"
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
	module, _, _ := strings.Cut(name, ".")
	var names, siblings []string
	for _, f := range functions {
		names = append(names, f.Name)
		if strings.HasPrefix(f.Name, module+".") {
			siblings = append(siblings, f.Name)
		}
	}
	if near := diag.Suggest(moduleAndMethod(name), names); near != "" {
		return msg, fmt.Sprintf("did you mean %q?", near)
	}
	if siblings != nil {
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
