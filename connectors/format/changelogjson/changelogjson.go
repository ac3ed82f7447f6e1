// Package changelogjson is the format `changelog-json`: records of a changelog, one JSON object each, with the kind of
// the row and the row itself:
//
//	{"op":"-U","data":{"user":"ann","cnt":1}}
//	{"op":"+U","data":{"user":"ann","cnt":2}}
//
// It is also what the command line prints with `-o json`; Appender serves that. The objects within are decoded and
// encoded by package json. Two things differ from the json format, since here nothing should be lost: values are written
// with all the digits of their type, and maps whose keys aren't text are lists of [key, value].
package changelogjson

import (
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/format/json"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

const prefix = "changelog-json."

// Spec is the format `changelog-json`.
var Spec = &format.Spec{
	Name:    "changelog-json",
	Summary: `A changelog, one {"op":"+I","data":{…}} per record; op is +I, -U, +U or -D.`,
	Options: []option.Option{
		{Key: prefix + "fail-on-missing-field", Kind: option.Bool, Default: "false",
			Summary: "Whether a record that lacks a column is an error; else the column is NULL."},
		{Key: prefix + "ignore-parse-errors", Kind: option.Bool, Default: "false",
			Summary: "Skip records that are not valid, and set values to NULL that don't fit their column, instead of failing."},
		{Key: prefix + "timestamp-format.standard", Kind: option.Enum, Values: []string{"SQL", "ISO-8601"}, Default: "SQL",
			Summary: "Timestamps as 2023-08-22 13:46:30.123 (SQL) or 2023-08-22T13:46:30.123 (ISO-8601); TIMESTAMP_LTZ with a Z behind."},
	},
	Mode:  types.Retract,
	Lines: true,
	NewDecoder: func(c format.Config) (format.Decoder, error) {
		return json.NewDecoder(c, prefix, true)
	},
	NewEncoder: func(c format.Config) (format.Encoder, error) {
		iso := c.Options.Enum(prefix+"timestamp-format.standard") == "ISO-8601"
		return &encoder{Appender{json.NewExactEncoder(c.Columns, iso)}}, nil
	},
}

// Appender writes rows of one schema as changelog records. Not safe for concurrent use.
type Appender struct {
	rows *json.Encoder
}

// NewAppender returns an Appender for rows of s.
func NewAppender(s *types.Schema) *Appender {
	return &Appender{json.NewExactEncoder(s.Fields, false)}
}

// AppendRow appends row i of b (a physical row) as a record of this kind, without a newline: columns in order,
// timestamps as yyyy-MM-dd HH:mm:ss[.fff] with the fraction digits of their type (TIMESTAMP_LTZ in UTC with a Z behind),
// BIGINT and DECIMAL exact, floats in the shortest form that reads back the same ("NaN" and "Infinity" as text), bytes in
// base64, intervals as numbers of months or milliseconds, NULL as null.
func (a *Appender) AppendRow(dst []byte, kind types.RowKind, b *types.Batch, i int) []byte {
	dst = append(dst, `{"op":"`...)
	dst = append(dst, kind.String()...)
	dst = append(dst, `","data":`...)
	// An exact encoder writes everything that a batch can hold.
	dst, _ = a.rows.Encode(dst, b, i)
	return append(dst, '}')
}

type encoder struct{ Appender }

// Encode implements format.Encoder.
func (e *encoder) Encode(dst []byte, b *types.Batch, i int) ([]byte, error) {
	return e.AppendRow(dst, b.Kind(i), b, i), nil
}
