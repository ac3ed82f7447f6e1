package builtin

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// regexes is the family of functions of regular expressions.
func regexes() []udf.Spec {
	return []udf.Spec{
		{
			Name:    "REGEXP",
			Family:  "string",
			Usage:   []string{"REGEXP(text, pattern)"},
			Summary: "TRUE when a part of the text matches a Java regular expression; FALSE for an empty text or pattern, and for a pattern that isn't one.",
			Examples: []udf.Example{
				{SQL: "REGEXP('100-200', '[0-9]+-[0-9]+')", Result: "TRUE"},
				{SQL: "REGEXP('abc', '^b')", Result: "FALSE"},
			},
			Scalar: bindRegexp,
		},
		{
			Name:    "REGEXP_REPLACE",
			Family:  "string",
			Usage:   []string{"REGEXP_REPLACE(text, pattern, replacement)"},
			Summary: "Text with every match of a Java regular expression replaced by a plain text; NULL for a pattern that isn't one.",
			Examples: []udf.Example{
				{SQL: "REGEXP_REPLACE('foobar', 'oo|ar', '-')", Result: "f-b-"},
			},
			Scalar: bindRegexpReplace,
		},
		{
			Name:    "REGEXP_EXTRACT",
			Family:  "string",
			Usage:   []string{"REGEXP_EXTRACT(text, pattern [, group])"},
			Summary: "What a group (0, the default, is the whole) of the first match of a Java regular expression matches; NULL when there is none.",
			Examples: []udf.Example{
				{SQL: "REGEXP_EXTRACT('foothebar', 'foo(.*?)(bar)', 2)", Result: "bar"},
				{SQL: "REGEXP_EXTRACT('foothebar', 'x')", Result: "NULL"},
			},
			Scalar: bindRegexpExtract,
		},
	}
}

// patterns compiles the regular expression of each row, the one of a literal when binding. A text that is no regular
// expression gives nil: the functions have a result for it. Java's expressions that Go's engine can't run (see
// javaRegexp) are an error.
type patterns struct {
	matchOnly bool // see javaRegexp
	fixed     *regexp.Regexp
	literal   bool
	text      string
	last      *regexp.Regexp
}

// bindRegex compiles the literal in argument i.
func bindRegex(c *udf.Call, i int, matchOnly bool) (patterns, error) {
	text, ok := literalText(c, i)
	if !ok {
		return patterns{matchOnly: matchOnly}, nil
	}
	re, err := javaRegexp(text, matchOnly)
	if isUnsupportedRegexp(err) {
		return patterns{}, udf.Errorf(i, "%v", err)
	}
	return patterns{fixed: re, literal: true}, nil
}

func (p *patterns) get(v *types.Vector, i int) (*regexp.Regexp, error) {
	if p.literal {
		return p.fixed, nil
	}
	if text := v.Str(i); p.last == nil || text != p.text {
		re, err := javaRegexp(text, p.matchOnly)
		if isUnsupportedRegexp(err) {
			return nil, &udf.RowError{Row: i, Err: err}
		}
		p.last, p.text = re, strings.Clone(text)
	}
	return p.last, nil
}

func bindRegexp(c *udf.Call) (*udf.BoundScalar, error) {
	args, _, err := signature(c, 2, textParam, textParam)
	if err != nil {
		return nil, err
	}
	p, err := bindRegex(c, 1, true)
	if err != nil {
		return nil, err
	}
	return &udf.BoundScalar{
		Args:     args,
		Result:   types.BooleanType,
		Fallible: !p.literal,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			p := p
			return udf.EachRow(out, n, func(i int) error {
				re, err := p.get(args[1], i)
				if err != nil {
					return err
				}
				text := args[0].Bytes(i)
				out.Bool[i] = re != nil && len(text) > 0 && args[1].Offsets[i] < args[1].Offsets[i+1] && re.Match(text)
				return nil
			})
		},
	}, nil
}

func bindRegexpReplace(c *udf.Call) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 3, textParam, textParam, textParam)
	if err != nil {
		return nil, err
	}
	p, err := bindRegex(c, 1, false)
	if err != nil {
		return nil, err
	}
	return &udf.BoundScalar{
		Args:     args,
		Result:   types.StringType.WithNotNull(notNull && p.fixed != nil),
		Fallible: !p.literal,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			p := p
			return udf.EachRow(out, n, func(i int) error {
				re, err := p.get(args[1], i)
				if err != nil {
					return err
				}
				if re == nil {
					out.SetNull(i)
				} else {
					out.Data = appendReplaced(out.Data, re, args[0].Bytes(i), args[2].Bytes(i))
				}
				out.EndValue()
				return nil
			})
		},
	}, nil
}

// appendReplaced is regexp.ReplaceAllLiteral by Java's count of empty matches: one may directly follow another match.
func appendReplaced(dst []byte, re *regexp.Regexp, text, by []byte) []byte {
	for at := 0; ; {
		m := re.FindIndex(text[at:])
		if m == nil {
			return append(dst, text[at:]...)
		}
		dst = append(dst, text[at:at+m[0]]...)
		dst = append(dst, by...)
		end := at + m[1]
		if m[0] == m[1] {
			if end == len(text) {
				return dst
			}
			_, size := utf8.DecodeRune(text[end:])
			dst = append(dst, text[end:end+size]...)
			end += size
		}
		at = end
	}
}

func bindRegexpExtract(c *udf.Call) (*udf.BoundScalar, error) {
	args, _, err := signature(c, 2, textParam, textParam, integerParam)
	if err != nil {
		return nil, err
	}
	if len(args) == 3 {
		args[2] = types.IntType.WithNotNull(args[2].NotNull)
	}
	p, err := bindRegex(c, 1, false)
	if err != nil {
		return nil, err
	}
	return &udf.BoundScalar{
		Args:     args,
		Result:   types.StringType,
		Fallible: !p.literal,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			p := p
			return udf.EachRow(out, n, func(i int) error {
				re, err := p.get(args[1], i)
				if err != nil {
					return err
				}
				group := 0
				if len(args) == 3 {
					group = int(args[2].I32[i])
				}
				text := args[0].Bytes(i)
				var m []int
				if re != nil && group >= 0 && group <= re.NumSubexp() {
					m = re.FindSubmatchIndex(text)
				}
				if m == nil || m[2*group] < 0 {
					out.SetNull(i)
				} else {
					out.Data = append(out.Data, text[m[2*group]:m[2*group+1]]...)
				}
				out.EndValue()
				return nil
			})
		},
	}, nil
}
