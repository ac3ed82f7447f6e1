package json

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/weirsql/weir/types"
)

var errNotJSON = errors.New("not valid JSON")

// syntaxError says what is wrong with a record that isn't JSON. The standard library, no friend of haste, explains it.
func syntaxError(record []byte) error {
	if !utf8.Valid(record) {
		return errors.New("not valid JSON: the text is not UTF-8")
	}
	plain := make([]byte, len(record))
	for i, c := range record {
		plain[i] = max(c, ' ') // unlike us, the library takes no control characters within strings
	}
	var syntax *stdjson.SyntaxError
	var value any
	if err := stdjson.Unmarshal(plain, &value); errors.As(err, &syntax) {
		if syntax.Error() == "unexpected end of JSON input" {
			return fmt.Errorf("%w: the record ends within %s", errNotJSON, inside(record))
		}
		return fmt.Errorf("%w at byte %d: %s", errNotJSON, syntax.Offset, syntax)
	}
	return errNotJSON
}

func inside(record []byte) string {
	if record[0] == '[' {
		return "its array"
	}
	return "its object"
}

// unfitError says that the value at p doesn't fit its column.
func unfitError(f *field, data []byte, p, end int) error {
	if f.kind == kindOp {
		return fmt.Errorf(`"op": expected "+I", "-U", "+U" or "-D", found %s`, describe(data, p, end))
	}
	if f.kind == kindData {
		return fmt.Errorf(`"data": expected an object, found %s`, describe(data, p, end))
	}
	expected := f.typ.Nullable().String()
	switch f.kind {
	case kindTimestamp:
		expected += " as " + timestampForm(f)
	case kindDate:
		expected += " as yyyy-MM-dd"
	case kindTime:
		expected += " as HH:mm:ss[.fff]"
	case kindBytes:
		expected += " as base64"
	case kindArray, kindRow, kindMap, kindMultiset:
		expected += " as " + map[kind]string{
			kindArray: "an array", kindRow: "an object", kindMap: "an object", kindMultiset: "an object"}[f.kind]
	}
	return fmt.Errorf("column %q: expected %s, found %s", f.path, expected, describe(data, p, end))
}

func timestampForm(f *field) string {
	text := f.times.Form()
	if f.typ.Kind == types.TimestampLTZ {
		text += ", in UTC"
	}
	return text
}

// describe names the value at p and shows the beginning of it.
func describe(data []byte, p, end int) string {
	what := "the number "
	switch data[p] {
	case '"':
		what = "the string "
	case '{':
		what = "the object "
	case '[':
		what = "the array "
	case 't', 'f', 'n':
		what = ""
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
	default:
		what = "the text "
	}
	q := skip(data, p, end, 0)
	if q < 0 {
		q = end
	}
	const most = 60
	if q-p <= most {
		return what + string(data[p:q])
	}
	q = p + most
	for q > p && !utf8.RuneStart(data[q]) {
		q--
	}
	return what + string(data[p:q]) + "…"
}
