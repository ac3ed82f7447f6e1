package sns

import (
	"fmt"
	"strings"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/internal/scalar"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/types"
)

// template is a text with values of a row in it: parts[0], the value of columns[0], parts[1], …
type template struct {
	parts   []string
	columns []int // in the batch; one less than parts
}

// parseTemplate reads `CTR of ${ctr} %`. $${ stands for ${ itself, and a $ alone for itself. Columns that a sink's batches
// don't have, the virtual ones, are unknown. Mistakes are *option.Errors.
func parseTemplate(key, text string, all []connectors.Column) (*template, error) {
	var columns []connectors.Column
	var names []string
	for _, c := range all {
		if !c.Virtual {
			columns = append(columns, c)
			names = append(names, c.Name)
		}
	}
	t := &template{}
	var literal strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		if escaped, ok := strings.CutSuffix(before, "$"); found && ok {
			literal.WriteString(escaped + "${")
			text = rest
			continue
		}
		literal.WriteString(before)
		if !found {
			t.parts = append(t.parts, literal.String())
			return t, nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, option.Errorf(key, "option %q: ${ without }; write $${ for ${ itself", key)
		}
		at := -1
		for i, c := range columns {
			if c.Name == name {
				at = i
			}
		}
		if at < 0 {
			e := option.Errorf(key, "option %q: unknown column %q", key, name)
			if near := diag.Suggest(name, names); near != "" {
				e.Hint = fmt.Sprintf("did you mean %q?", near)
			} else {
				e.Hint = "columns: " + strings.Join(names, ", ")
			}
			return nil, e
		}
		if typ := columns[at].Type; typ.IsNested() {
			return nil, option.Errorf(key, "option %q: column %q is %s, which has no text; take it apart in the query", key, name, typ.Nullable())
		}
		t.parts, t.columns = append(t.parts, literal.String()), append(t.columns, at)
		literal.Reset()
		text = after
	}
}

// render appends the text for row i.
func (t *template) render(dst []byte, b *types.Batch, i int) []byte {
	for k, c := range t.columns {
		dst = append(dst, t.parts[k]...)
		dst = appendValue(dst, b.Cols[c], i)
	}
	return append(dst, t.parts[len(t.columns)]...)
}

// appendValue appends a value as a JavaScript template would that had got it as JSON: what the Lambda functions did that
// this connector stands for. Whole numbers and timestamps print as everywhere.
func appendValue(dst []byte, v *types.Vector, i int) []byte {
	if v.IsNull(i) {
		return append(dst, "null"...)
	}
	switch v.Type.Kind {
	case types.Double:
		return appendNumber(dst, v.F64[i], 64)
	case types.Float:
		return appendNumber(dst, float64(v.F32[i]), 32)
	case types.Decimal:
		return scalar.AppendDecimalStripped(dst, v.Dec[i], v.Type.Scale, false)
	}
	return scalar.AppendText(dst, v, i)
}
