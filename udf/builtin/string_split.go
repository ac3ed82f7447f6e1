package builtin

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func stringSplit() []udf.Spec {
	return []udf.Spec{
		{
			Name:    "SPLIT_INDEX",
			Family:  "string",
			Usage:   []string{"SPLIT_INDEX(text, separator, index)"},
			Summary: "One of the parts of a text between separators (a text, or the code of a character), counted from 0; NULL when there is no such part or the text is empty.",
			Examples: []udf.Example{
				{SQL: "SPLIT_INDEX('a,b,,c', ',', 1)", Result: "b"},
				{SQL: "SPLIT_INDEX('a,b', 44, 7)", Result: "NULL"},
			},
			Scalar: bindSplitIndex,
		},
		{
			Name:     "SPLIT",
			Family:   "string",
			Usage:    []string{"SPLIT(text, separator)"},
			Summary:  "The parts of a text between separators as an array, its characters when the separator is empty.",
			Examples: []udf.Example{{SQL: "SPLIT('a,b,,c', ',')", Result: "[a, b, , c]"}},
			Scalar:   bindSplit,
		},
		{
			Name:    "STR_TO_MAP",
			Family:  "string",
			Usage:   []string{"STR_TO_MAP(text [, entry_separator, value_separator])"},
			Summary: "Map of the keys and values in a text such as k1=v1,k2=v2; separators are regular expressions, ',' and '=' when not said. The last of equal keys counts.",
			Examples: []udf.Example{
				{SQL: "STR_TO_MAP('k1=v1,k2')", Result: "{k1=v1, k2=NULL}"},
				{SQL: "STR_TO_MAP('a:1;b:2', ';', ':')['b']", Result: "2"},
			},
			Scalar: bindStrToMap,
		},
	}
}

func bindSplitIndex(c *udf.Call) (*udf.BoundScalar, error) {
	separator := textParam
	if len(c.Args) == 3 && c.Args[1].Type.IsInteger() {
		separator = integerParam
	}
	args, _, err := signature(c, 3, textParam, separator, integerParam)
	if err != nil {
		return nil, err
	}
	args[2] = types.IntType.WithNotNull(args[2].NotNull)
	code := args[1].IsInteger()
	if code {
		args[1] = types.IntType.WithNotNull(args[1].NotNull)
	}
	return &udf.BoundScalar{
		Args:   args,
		Result: types.StringType,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return udf.EachRow(out, n, func(i int) error {
				var sep string
				valid := true
				if code {
					r := args[1].I32[i]
					valid = r >= 1 && r <= 255
					sep = string(r)
				} else {
					sep = args[1].Str(i)
				}
				part, ok := "", false
				if valid {
					part, ok = splitIndex(args[0].Str(i), sep, int(args[2].I32[i]))
				}
				if !ok {
					out.SetNull(i)
				}
				out.AppendString(part)
				return nil
			})
		},
	}, nil
}

func splitIndex(s, sep string, index int) (string, bool) {
	if s == "" || index < 0 {
		return "", false
	}
	cut := func(s string) (before, after string, found bool) { return strings.Cut(s, sep) }
	if sep == "" { // commons-lang's StringUtils, behind this function in Flink, takes whitespace then
		cut = func(s string) (before, after string, found bool) {
			at := strings.IndexFunc(s, unicode.IsSpace)
			if at < 0 {
				return s, "", false
			}
			_, size := utf8.DecodeRuneInString(s[at:])
			return s[:at], s[at+size:], true
		}
	}
	for {
		part, rest, more := cut(s)
		if index == 0 {
			return part, true
		}
		if !more {
			return "", false
		}
		s = rest
		index--
	}
}

func bindSplit(c *udf.Call) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 2, textParam, textParam)
	if err != nil {
		return nil, err
	}
	return &udf.BoundScalar{
		Args:   args,
		Result: types.ArrayType(types.StringType).WithNotNull(notNull),
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return udf.EachRow(out, n, func(i int) error {
				s, sep, parts := args[0].Str(i), args[1].Str(i), out.Children[0]
				for s != "" {
					part, rest, more := s, "", false
					if sep == "" {
						_, size := utf8.DecodeRuneInString(s)
						part, rest, more = s[:size], s[size:], size < len(s)
					} else {
						part, rest, more = strings.Cut(s, sep)
					}
					parts.AppendString(part)
					if more && rest == "" {
						parts.AppendString("") // a separator at the end has an empty part behind it
					}
					s = rest
				}
				out.EndList()
				return nil
			})
		},
	}, nil
}

func bindStrToMap(c *udf.Call) (*udf.BoundScalar, error) {
	if len(c.Args) == 2 {
		return nil, udf.Errorf(-1, "STR_TO_MAP takes one or three arguments, not 2")
	}
	args, notNull, err := signature(c, 1, textParam, textParam, textParam)
	if err != nil {
		return nil, err
	}
	for i := 1; i < len(args); i++ {
		if s, ok := literalText(c, i); ok {
			if _, err := newSplitter(s); err != nil {
				return nil, udf.Errorf(i, "%v", err)
			}
		}
	}
	return &udf.BoundScalar{
		Args:     args,
		Result:   types.MapType(types.StringType, types.StringType).WithNotNull(notNull),
		Fallible: len(args) == 3,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			entries, values := splitter{text: ","}, splitter{text: "="}
			return udf.EachRow(out, n, func(i int) error {
				if len(args) == 3 {
					for k, s := range []*splitter{&entries, &values} {
						if text := args[k+1].Str(i); text != s.text {
							var err error
							if *s, err = newSplitter(strings.Clone(text)); err != nil {
								return &udf.RowError{Row: i, Err: err}
							}
						}
					}
				}
				appendMap(out, args[0].Str(i), &entries, &values)
				return nil
			})
		},
	}, nil
}

func appendMap(out *types.Vector, s string, entries, values *splitter) {
	parts := entries.split(s, -1)
	for len(parts) > 0 && parts[len(parts)-1] == "" { // Java's split leaves out empty parts at the end
		parts = parts[:len(parts)-1]
	}
	last := make(map[string]int, len(parts)) // index of the part that sets the key
	for k, part := range parts {
		last[values.split(part, 2)[0]] = k
	}
	for k, part := range parts {
		kv := values.split(part, 2)
		if last[kv[0]] != k {
			continue
		}
		out.Children[0].AppendString(kv[0])
		if len(kv) == 2 {
			out.Children[1].AppendString(kv[1])
		} else {
			out.Children[1].AppendNull()
		}
	}
	out.EndList()
}

// splitter cuts texts at a regular expression, or at a plain text where that says the same.
type splitter struct {
	text    string
	pattern *regexp.Regexp // or nil: text
}

func newSplitter(text string) (splitter, error) {
	if regexp.QuoteMeta(text) == text && text != "" {
		return splitter{text: text}, nil
	}
	p, err := javaRegexp(text, false)
	return splitter{text, p}, err
}

// split returns at most limit parts; all for -1.
func (s *splitter) split(text string, limit int) []string {
	if s.pattern == nil {
		return strings.SplitN(text, s.text, limit)
	}
	return s.pattern.Split(text, limit)
}
