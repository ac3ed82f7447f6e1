package generator

import (
	"fmt"
	"strings"
)

// Options say what Compile asks of a template.
type Options struct {
	// RequireJSON refuses a template whose records are not valid JSON. It renders the template once with every value that
	// a placeholder is known to produce at its extremes (each element of an array, the ends of a range), and some more at
	// random.
	RequireJSON bool

	// Terminator follows every record. The Kinesis Data Generator sends "\n", which stays apart from the next record when
	// a consumer writes them one after another.
	Terminator string
}

// Template is a compiled record template. It doesn't change: one Template may be rendered by several goroutines at
// once, each with a Source of its own.
type Template struct {
	source string
	parts  []part
}

// part is literal text or a placeholder, and where it stands in the source.
type part struct {
	start, end int
	literal    string // without line breaks
	value      value  // of a placeholder; value.render is nil for literal text
}

// Compile parses a template. Errors are of type *TemplateError.
func Compile(source string, o Options) (*Template, error) {
	t := &Template{source: source}
	start, end := trimmedRange(source)
	if start == end {
		return nil, newTemplateError(source, 0, "the template is empty", "")
	}
	for at := start; at < end; {
		open := strings.Index(source[at:end], "{{")
		if open < 0 {
			t.addLiteral(at, end)
			break
		}
		open += at
		t.addLiteral(at, open)
		p, err := parsePlaceholder(source[:end], open)
		if err != nil {
			return nil, err
		}
		t.parts = append(t.parts, p)
		at = p.end
	}
	if o.RequireJSON {
		if err := t.checkJSON(); err != nil {
			return nil, err
		}
	}
	if o.Terminator != "" {
		t.parts = append(t.parts, part{start: end, end: end, literal: o.Terminator})
	}
	return t, nil
}

// Append renders one record behind dst and returns the longer slice. It allocates only where dst is too short.
func (t *Template) Append(dst []byte, s *Source) []byte {
	for i := range t.parts {
		if p := &t.parts[i]; p.value.render == nil {
			dst = append(dst, p.literal...)
		} else {
			dst = p.value.render(dst, s)
		}
	}
	return dst
}

// String returns the source of the template.
func (t *Template) String() string { return t.source }

const whiteSpace = " \t\r\n"

func trimmedRange(s string) (start, end int) {
	start = len(s) - len(strings.TrimLeft(s, whiteSpace))
	return start, start + len(strings.TrimRight(s[start:], whiteSpace))
}

func isLineBreak(c byte) bool { return c == '\n' || c == '\r' }

var dropLineBreaks = strings.NewReplacer("\n", "", "\r", "")

func (t *Template) addLiteral(start, end int) {
	if text := dropLineBreaks.Replace(t.source[start:end]); text != "" {
		t.parts = append(t.parts, part{start: start, end: end, literal: text})
	}
}

// parsePlaceholder parses "{{" name [ "(" argument ")" ] "}}" at offset open. White space may stand between them.
func parsePlaceholder(source string, open int) (part, error) {
	at := skipSpace(source, open+len("{{"))
	nameStart := at
	for at < len(source) && !strings.ContainsRune(whiteSpace+"(}", rune(source[at])) {
		at++
	}
	name := source[nameStart:at]
	at = skipSpace(source, at)

	var arg argument
	argStart := at
	if at < len(source) && source[at] == '(' {
		argStart = at + 1
		argEnd := findArgumentEnd(source, argStart)
		if argEnd < 0 {
			return part{}, newTemplateError(source, at, fmt.Sprintf("the argument of %s has no end", name),
				`close the placeholder with ")}}"`)
		}
		arg = newArgument(source[argStart:argEnd])
		at = skipSpace(source, argEnd+1)
	}
	if !strings.HasPrefix(source[at:], "}}") {
		return part{}, newTemplateError(source, open, "the placeholder has no end", `close it with "}}"`)
	}
	if name == "" {
		return part{}, newTemplateError(source, open, "the placeholder is empty", "write one like {{random.number}}")
	}
	f := findFunction(name)
	if f == nil {
		msg, hint := unknownPlaceholder(name)
		return part{}, newTemplateError(source, nameStart, msg, hint)
	}
	v, err := f.compile(arg)
	if err != nil {
		return part{}, newTemplateError(source, argStart, name+" "+err.Error(), "it is written {{"+strings.ReplaceAll(f.Usage, " | ", "}} or {{")+"}}")
	}
	return part{start: open, end: at + len("}}"), value: v}, nil
}

func skipSpace(s string, at int) int {
	return len(s) - len(strings.TrimLeft(s[at:], whiteSpace))
}

// findArgumentEnd returns the offset of the parenthesis that ends the argument: the first one before "}}" outside of
// JSON strings, or, for an argument that isn't JSON and may hold a single quotation mark, the first before "}}" at all.
func findArgumentEnd(source string, start int) int {
	inString := false
	for at := start; at < len(source); at++ {
		switch c := source[at]; {
		case c == '"':
			inString = !inString
		case c == '\\' && inString:
			at++
		case c == ')' && !inString && closes(source, at):
			return at
		}
	}
	for at := start; at < len(source); at++ {
		if source[at] == ')' && closes(source, at) {
			return at
		}
	}
	return -1
}

func closes(source string, parenthesis int) bool {
	return strings.HasPrefix(source[skipSpace(source, parenthesis+1):], "}}")
}
