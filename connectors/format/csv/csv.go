// Package csv is Flink's `csv` format: one record per line, fields by position, as in RFC 4180.
//
// A quoted field may hold separators, quotes (doubled) and newlines, so files are not read from the middle. What counts
// as NULL, which character escapes, and what happens to rows of another length follow Flink and the Jackson library under
// it. Start reading at Decoder.DecodeLines; record.go cuts lines into fields.
package csv

import (
	"fmt"
	"strconv"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

// Spec is the format `csv`.
var Spec = &format.Spec{
	Name:    "csv",
	Summary: "One row per line, its columns by position.",
	Options: []option.Option{
		{Key: "csv.field-delimiter", Kind: option.String, Default: ",",
			Summary: `The character between fields; \t and \u0001 are understood.`},
		{Key: "csv.disable-quote-character", Kind: option.Bool, Default: "false", Summary: "Fields are never quoted."},
		{Key: "csv.quote-character", Kind: option.String, Default: `"`, Summary: "The character around fields that hold others."},
		{Key: "csv.allow-comments", Kind: option.Bool, Default: "false", Summary: "Skip lines that begin with #."},
		{Key: "csv.ignore-parse-errors", Kind: option.Bool, Default: "false",
			Summary: "Skip lines that are no records, and set fields to NULL that don't fit their column, instead of failing."},
		{Key: "csv.array-element-delimiter", Kind: option.String, Default: ";",
			Summary: "The text between the elements of an array or the fields of a row."},
		{Key: "csv.escape-character", Kind: option.String, Summary: "A character that takes away the meaning of the next one."},
		{Key: "csv.null-literal", Kind: option.String, Summary: "The text that stands for NULL; without it no text does."},
		{Key: "csv.write-bigdecimal-in-scientific-notation", Kind: option.Bool, Default: "true",
			Summary: "Write decimals such as 100000 as 1E+5."},
	},
	Mode:       types.AppendOnly,
	NewDecoder: func(c format.Config) (format.Decoder, error) { return newDecoder(c) },
	NewEncoder: func(c format.Config) (format.Encoder, error) { return newEncoder(c) },
}

// dialect is what the options say about the notation.
type dialect struct {
	separator byte
	quote     int // a character, or -1
	escape    int // a character, or -1
	elements  string
	null      string
	hasNull   bool
}

func newDialect(o option.Values) (dialect, error) {
	d := dialect{quote: -1, escape: -1, elements: o.String("csv.array-element-delimiter")}
	character := func(key, text string) (int, error) {
		if len(text) != 1 || text == "\n" || text == "\r" {
			return -1, option.Errorf(key, "option %q: value %q is not a single ASCII character", key, o.String(key))
		}
		return int(text[0]), nil
	}
	text := o.String("csv.field-delimiter")
	if plain, err := strconv.Unquote(`"` + text + `"`); err == nil {
		text = plain
	}
	c, err := character("csv.field-delimiter", text)
	if err != nil {
		return d, err
	}
	d.separator = byte(c)
	switch {
	case !o.Bool("csv.disable-quote-character"):
		if d.quote, err = character("csv.quote-character", o.String("csv.quote-character")); err != nil {
			return d, err
		}
	case o.Given("csv.quote-character"):
		return d, option.Errorf("csv.quote-character",
			"options %q and %q contradict each other; give one", "csv.quote-character", "csv.disable-quote-character")
	}
	if o.Given("csv.escape-character") {
		if d.escape, err = character("csv.escape-character", o.String("csv.escape-character")); err != nil {
			return d, err
		}
	}
	if d.elements == "" {
		return d, option.Errorf("csv.array-element-delimiter", "option %q is empty", "csv.array-element-delimiter")
	}
	d.null, d.hasNull = o.String("csv.null-literal"), o.Given("csv.null-literal")
	return d, nil
}

// checkType refuses the types that have no notation in CSV.
func checkType(name string, t types.Type, nested bool) error {
	ok := true
	switch t.Kind {
	case types.Map, types.Multiset, types.Null:
		ok = false
	case types.Time:
		ok = t.Precision <= 3
	case types.Array:
		ok = !nested
		if ok {
			return checkType(name, *t.Elem, true)
		}
	case types.Row:
		ok = !nested
		for i := 0; ok && i < len(t.Fields); i++ {
			if err := checkType(name, t.Fields[i].Type, true); err != nil {
				return err
			}
		}
	}
	if !ok {
		return &option.Error{Key: "format", OnValue: true,
			Msg:  fmt.Sprintf("column %q: the csv format cannot hold %s", name, t),
			Hint: "it holds scalars, and arrays and rows of scalars; TIME to the millisecond"}
	}
	return nil
}
