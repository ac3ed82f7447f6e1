package json

import (
	"fmt"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

// Spec is the format `json`.
var Spec = &format.Spec{
	Name:       "json",
	Summary:    "One JSON object per record; its members are the columns, in any order.",
	Options:    Options("json."),
	Mode:       types.AppendOnly,
	Lines:      true,
	NewDecoder: func(c format.Config) (format.Decoder, error) { return NewDecoder(c, "json.", false) },
	NewEncoder: func(c format.Config) (format.Encoder, error) { return NewEncoder(c.Columns, c.Options, "json.") },
}

// Options declares Flink's options of the format, for a prefix such as `json.`.
func Options(prefix string) []option.Option {
	return []option.Option{
		{Key: prefix + "fail-on-missing-field", Kind: option.Bool, Default: "false",
			Summary: "Whether a record that lacks a column is an error; else the column is NULL."},
		{Key: prefix + "ignore-parse-errors", Kind: option.Bool, Default: "false",
			Summary: "Skip records that are not valid JSON, and set values to NULL that don't fit their column, instead of failing."},
		{Key: prefix + "timestamp-format.standard", Kind: option.Enum, Values: []string{"SQL", "ISO-8601"}, Default: "SQL",
			Summary: "Timestamps as 2023-08-22 13:46:30.123 (SQL) or 2023-08-22T13:46:30.123 (ISO-8601); TIMESTAMP_LTZ with a Z behind."},
		{Key: prefix + "map-null-key.mode", Kind: option.Enum, Values: []string{"FAIL", "DROP", "LITERAL"}, Default: "FAIL",
			Summary: "What to do with a NULL key of a map when writing."},
		{Key: prefix + "map-null-key.literal", Kind: option.String, Default: "null",
			Summary: "The name that stands for a NULL key when map-null-key.mode is LITERAL."},
		{Key: prefix + "encode.decimal-as-plain-number", Kind: option.Bool, Default: "false",
			Summary: "Write decimals as 0.000000027 and never as 2.7E-8."},
		{Key: prefix + "encode.ignore-null-fields", Kind: option.Bool, Default: "false",
			Summary: "Leave NULL columns out when writing."},
		{Key: prefix + "decode.json-parser.enabled", Kind: option.Bool, Default: "true",
			Summary: "Accepted for Flink's sake; there is one parser."},
	}
}

// unsupported explains that a type cannot be a column of the format.
func unsupported(name string, t types.Type, why string) error {
	return &option.Error{Key: "format", OnValue: true,
		Msg: fmt.Sprintf("column %q: the json format cannot hold %s: %s", name, t, why)}
}
