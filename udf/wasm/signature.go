package wasm

import (
	"fmt"
	"strings"

	"github.com/weirsql/weir/types"
)

// signature describes one function of a module: a line of its section "weir".
//
//	scalar MaskPhone(phone STRING) STRING NOT NULL
//	scalar Join(separator STRING, parts STRING...) STRING
//	aggregate P95(x DOUBLE) DOUBLE retract
type signature struct {
	name      string // the function's own, and its export's
	aggregate bool
	params    []param
	variadic  bool // the last parameter stands for any number of arguments
	result    types.Type
	nulls     bool // the function sees rows with NULL arguments
	retract   bool // an aggregate that takes rows back
	random    bool // not the same result for the same arguments
}

type param struct {
	name string
	t    types.Type
}

// sqlTypes are the types that cross the border, by the names that signatures use.
var sqlTypes = map[string]types.Type{
	"BOOLEAN": types.BooleanType, "TINYINT": types.TinyIntType, "SMALLINT": types.SmallIntType, "INT": types.IntType,
	"BIGINT": types.BigIntType, "FLOAT": types.FloatType, "DOUBLE": types.DoubleType, "STRING": types.StringType,
	"BYTES": types.BytesType, "DATE": types.DateType, "TIME": {Kind: types.Time},
	"TIMESTAMP(3)": types.TimestampType(3), "TIMESTAMP_LTZ(3)": {Kind: types.TimestampLTZ, Precision: 3},
}

// typeName is the name of one of sqlTypes.
func typeName(t types.Type) string {
	for name, u := range sqlTypes {
		if u.Equal(t.Nullable()) {
			return name
		}
	}
	return t.Nullable().SQL()
}

// String returns the line of the section.
func (s *signature) String() string {
	kind := "scalar"
	if s.aggregate {
		kind = "aggregate"
	}
	text := kind + " " + s.name + s.parameters() + " " + typeName(s.result)
	for _, flag := range []struct {
		set  bool
		word string
	}{{s.result.NotNull, "NOT NULL"}, {s.nulls, "nulls"}, {s.retract, "retract"}, {s.random, "random"}} {
		if flag.set {
			text += " " + flag.word
		}
	}
	return text
}

// parameters is the list of parameters with its parentheses.
func (s *signature) parameters() string {
	parts := make([]string, len(s.params))
	for i, p := range s.params {
		parts[i] = strings.TrimSpace(p.name + " " + typeName(p.t))
	}
	if s.variadic {
		parts[len(parts)-1] += "..."
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// usage is the signature as users read it, under the name the function has in SQL.
func (s *signature) usage(name string) string {
	return name + s.parameters() + " → " + typeName(s.result)
}

// parseSignature reads a line of the section.
func parseSignature(line string) (*signature, error) {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("signature %q: %s; write it as: scalar name(argument TYPE, …) TYPE", line, fmt.Sprintf(format, args...))
	}
	head, rest, ok := strings.Cut(line, "(")
	if !ok {
		return nil, wrong("it has no parameter list")
	}
	words := strings.Fields(head)
	if len(words) != 2 || words[0] != "scalar" && words[0] != "aggregate" {
		return nil, wrong("it doesn't begin with scalar or aggregate and a name")
	}
	s := &signature{name: words[1], aggregate: words[0] == "aggregate"}
	list, rest, err := closing(rest)
	if err != nil {
		return nil, wrong("%v", err)
	}
	for i, text := range list {
		if s.variadic {
			return nil, wrong("only the last parameter can end in ...")
		}
		var name, t string
		switch words := strings.Fields(text); len(words) {
		case 1:
			name, t = fmt.Sprintf("a%d", i+1), words[0]
		case 2:
			name, t = words[0], words[1]
		default:
			return nil, wrong("parameter %q is not a name and a type", text)
		}
		t, s.variadic = strings.CutSuffix(t, "...")
		known, ok := sqlTypes[t]
		if !ok {
			return nil, wrong("%q is not a type that functions take (%s)", t, typeNames)
		}
		s.params = append(s.params, param{name, known})
	}
	words = strings.Fields(rest)
	if len(words) == 0 {
		return nil, wrong("it has no result type")
	}
	if s.result, ok = sqlTypes[words[0]]; !ok {
		return nil, wrong("%q is not a type that functions give (%s)", words[0], typeNames)
	}
	for i := 1; i < len(words); i++ {
		switch {
		case words[i] == "NOT" && i+1 < len(words) && words[i+1] == "NULL":
			s.result.NotNull = true
			i++
		case words[i] == "nulls":
			s.nulls = true
		case words[i] == "retract" && s.aggregate:
			s.retract = true
		case words[i] == "random" && !s.aggregate:
			s.random = true
		default:
			return nil, wrong("unknown word %q after the result type", words[i])
		}
	}
	return s, nil
}

const typeNames = "BOOLEAN, TINYINT, SMALLINT, INT, BIGINT, FLOAT, DOUBLE, STRING, BYTES, DATE, TIME, TIMESTAMP(3), TIMESTAMP_LTZ(3)"

// closing splits a parameter list at its commas, up to the parenthesis that closes it.
func closing(text string) (list []string, rest string, err error) {
	depth, from := 0, 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == ',' && depth == 0, c == ')':
			if part := strings.TrimSpace(text[from:i]); part != "" || c == ',' || len(list) > 0 {
				list = append(list, part)
			}
			from = i + 1
			if c == ')' {
				return list, text[i+1:], nil
			}
		}
	}
	return nil, "", fmt.Errorf("its parameter list has no end")
}

// sameName reports whether a SQL name and a function's own are the same: without regard to case and underscores, as
// mask_phone and MaskPhone are.
func sameName(a, b string) bool { return plain(a) == plain(b) }

func plain(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }
