package sns

import (
	"fmt"
	"strings"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/internal/scalar"
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/types"
)

// template is text with ${column} in it; $${ stands for ${ itself.
type template struct {
	texts   []string // one more than columns
	columns []int
}

// parseTemplate reads a template over columns.
func parseTemplate(text string, columns []connectors.Column) (*template, error) {
	t := &template{}
	var literal strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			literal.WriteString(text)
			t.texts = append(t.texts, literal.String())
			return t, nil
		}
		if escaped, ok := strings.CutSuffix(before, "$"); ok {
			literal.WriteString(escaped + "${")
			text = rest
			continue
		}
		literal.WriteString(before)
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, fmt.Errorf("${%s has no closing brace; write $${ for the text ${", name)
		}
		at := -1
		var names []string
		for i, c := range columns {
			if names = append(names, c.Name); c.Name == name {
				at = i
			}
		}
		if at < 0 {
			if near := diag.Suggest(name, names); near != "" {
				return nil, fmt.Errorf("${%s} is no column of the table; did you mean ${%s}?", name, near)
			}
			return nil, fmt.Errorf("${%s} is no column of the table; it has %s", name, strings.Join(names, ", "))
		}
		t.texts, t.columns = append(t.texts, literal.String()), append(t.columns, at)
		literal.Reset()
		text = after
	}
}

// render appends the template's text for row i. NULL is the empty text; numbers are written as JavaScript does, 500 and
// 166.7, since that is how the lab's function wrote its mails.
func (t *template) render(dst []byte, b *types.Batch, i int) []byte {
	for k, c := range t.columns {
		dst = append(dst, t.texts[k]...)
		v := b.Cols[c]
		if v.IsNull(i) {
			continue
		}
		start := len(dst)
		dst = scalar.AppendText(dst, v, i)
		if v.Type.IsApproximate() {
			if whole, ok := strings.CutSuffix(string(dst[start:]), ".0"); ok {
				dst = append(dst[:start], whole...)
			}
		}
	}
	return append(dst, t.texts[len(t.texts)-1]...)
}
