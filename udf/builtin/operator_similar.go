package builtin

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/weirsql/weir/udf"
)

func operatorSimilar() []udf.Spec {
	return []udf.Spec{{
		Name: "SIMILAR TO", Usage: []string{"text SIMILAR TO pattern [ESCAPE character]"},
		Summary: "Returns whether the whole text matches a regular expression in which % stands for any text and _ for one character.",
		Examples: []udf.Example{
			{SQL: "'abc' SIMILAR TO '(a|x)b_'", Result: "TRUE"},
			{SQL: "'abc' SIMILAR TO '[0-9]+'", Result: "FALSE"},
		},
		Scalar: func(c *udf.Call) (*udf.BoundScalar, error) { return bindPattern(c, compileSimilar) },
	}}
}

// similarSpecials are the characters with a meaning in SIMILAR TO, which an escape takes from them.
const similarSpecials = `_%[]()|^-+*?{}`

// compileSimilar turns a SQL regular expression into one of Go's, which runs in time linear in the text. As in Flink,
// what SQL gives no meaning (a dot, a backslash) means what it does in a regular expression.
func compileSimilar(pattern, escape string, escaped bool) (func([]byte) bool, error) {
	esc := rune(-1)
	if escaped && escape != "" {
		r, size := utf8.DecodeRuneInString(escape)
		if size != len(escape) {
			return nil, fmt.Errorf("ESCAPE %q is not one character", escape)
		}
		esc = r
	}
	var b strings.Builder
	b.WriteString(`^(?s:`)
	brackets := false
	for i := 0; i < len(pattern); {
		r, size := utf8.DecodeRuneInString(pattern[i:])
		i += size
		switch {
		case r == esc:
			next, size := utf8.DecodeRuneInString(pattern[i:])
			if size == 0 || next != esc && !strings.ContainsRune(similarSpecials, next) {
				return nil, fmt.Errorf("pattern %q has the escape character %q before a character that needs none", pattern, escape)
			}
			i += size
			b.WriteString(regexp.QuoteMeta(string(next)))
		case brackets:
			brackets = r != ']'
			b.WriteRune(r)
		case r == '[':
			brackets = true
			b.WriteRune(r)
		case r == '%':
			b.WriteString(".*")
		case r == '_':
			b.WriteByte('.')
		default:
			b.WriteRune(r)
		}
	}
	b.WriteString(`)$`)
	re, err := regexp.Compile(b.String())
	if err != nil {
		return nil, fmt.Errorf("%q is no pattern of SIMILAR TO: %w", pattern, err)
	}
	return re.Match, nil
}
