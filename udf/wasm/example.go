package wasm

import (
	"slices"
	"strings"
)

// Example is a line of a doc comment that says what a function gives:
//
//	mask_phone('+49 170 1234567') = '***4567'
//	SELECT p95(x) FROM (VALUES (1e0), (2e0)) AS t (x) = 2.0
//
// On the left is an expression, or a query of one value; on the right an expression that needs no function of the file.
type Example struct {
	SQL, Want string
	Line      int // of the text, from 1
}

// text is what the left side is as text, when the right side is a literal.
func (e Example) text() string {
	if n := len(e.Want); n > 1 && e.Want[0] == '\'' && e.Want[n-1] == '\'' {
		return strings.ReplaceAll(e.Want[1:n-1], "''", "'")
	}
	return e.Want
}

// readExamples finds the examples of functions in a text, with or without the marks of comments before its lines.
func readExamples(text string, names []string) []Example {
	var all []Example
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "/*!"))
		at, calls := scan(line)
		if at < 0 || !slices.ContainsFunc(calls, func(c string) bool {
			return slices.ContainsFunc(names, func(n string) bool { return sameName(c, n) })
		}) {
			continue
		}
		e := Example{SQL: strings.TrimSpace(line[:at]), Want: strings.TrimSpace(line[at+1:]), Line: i + 1}
		if query := strings.EqualFold(e.SQL[:min(len(e.SQL), 7)], "SELECT "); e.Want != "" && (query || strings.HasSuffix(e.SQL, ")") && !strings.Contains(e.SQL[:strings.IndexByte(e.SQL, '(')], " ")) {
			all = append(all, e)
		}
	}
	return all
}

// scan finds the last = of a line outside of quotes and parentheses, -1 if there is none, and the names before a
// parenthesis.
func scan(line string) (at int, calls []string) {
	at = -1
	depth, quoted := 0, false
	for i := range len(line) {
		switch c := line[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
			from := i
			for from > 0 && isNameByte(line[from-1]) {
				from--
			}
			if from < i {
				calls = append(calls, line[from:i])
			}
		case c == ')':
			depth--
		case c == '=' && depth == 0:
			at = i
		}
	}
	return at, calls
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
