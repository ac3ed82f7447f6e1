package builtin

import (
	"unicode"
	"unicode/utf8"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
	"github.com/weirsql/weir/udf"
)

func stringChar() []udf.Spec {
	specs := []udf.Spec{
		{
			Name:     "ASCII",
			Family:   "string",
			Usage:    []string{"ASCII(text)"},
			Summary:  "The first byte of a text in UTF-8, as a signed number; 0 for the empty text.",
			Examples: []udf.Example{{SQL: "ASCII('abc')", Result: "97"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				args, notNull, err := signature(c, 1, textParam)
				if err != nil {
					return nil, err
				}
				return &udf.BoundScalar{
					Args:   args,
					Result: types.IntType.WithNotNull(notNull),
					Eval: udf.F1(func(_ *udf.Context, s string) (int32, bool, error) {
						if s == "" {
							return 0, true, nil
						}
						return int32(int8(s[0])), true, nil
					}),
				}, nil
			},
		},
		{
			Name:     "CHR",
			Family:   "string",
			Usage:    []string{"CHR(code)"},
			Summary:  "The character of a code 0 to 255 (larger ones are taken modulo 256); the empty text for a negative one.",
			Examples: []udf.Example{{SQL: "CHR(97)", Result: "a"}, {SQL: "CHR(353)", Result: "a"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				args, _, err := signature(c, 1, bigintParam)
				if err != nil {
					return nil, err
				}
				args[0] = types.BigIntType.WithNotNull(args[0].NotNull)
				return &udf.BoundScalar{
					Args:   args,
					Result: types.StringType,
					Eval: udf.F1Text(func(_ *udf.Context, dst []byte, code int64) ([]byte, bool, error) {
						if code < 0 {
							return dst, true, nil
						}
						return utf8.AppendRune(dst, rune(code&0xff)), true, nil
					}),
				}, nil
			},
		},
	}
	for _, f := range []struct {
		name, summary, yes, no string
		test                   func(s string) bool
	}{
		{"IS_ALPHA", "TRUE when a text has letters only, and at least one", "äb", "a1", func(s string) bool { return every(s, unicode.IsLetter) }},
		{"IS_DIGIT", "TRUE when a text has digits only, and at least one", "123", "12.5", func(s string) bool { return every(s, unicode.IsDigit) }},
		{"IS_DECIMAL", "TRUE when a text is a number", "-12.5", "12a", isDecimalText},
	} {
		specs = append(specs, udf.Spec{
			Name:    f.name,
			Family:  "conditional",
			Usage:   []string{f.name + "(text)"},
			Summary: f.summary + "; FALSE for NULL.",
			Examples: []udf.Example{
				{SQL: f.name + "('" + f.yes + "')", Result: "TRUE"},
				{SQL: f.name + "('" + f.no + "')", Result: "FALSE"},
				{SQL: f.name + "(CAST(NULL AS STRING))", Result: "FALSE"},
			},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				p := param{"text or a number", func(t types.Type) bool { return t.IsCharacter() || t.IsNumeric() }, types.StringType, types.StringType}
				args, _, err := signature(c, 1, p)
				if err != nil {
					return nil, err
				}
				return &udf.BoundScalar{
					Args:   args,
					Result: types.BooleanType.WithNotNull(true),
					Nulls:  udf.NullsSeen,
					Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
						for i := range n {
							out.Bool[i] = !args[0].IsNull(i) && f.test(args[0].Str(i))
						}
						return nil
					},
				}, nil
			},
		})
	}
	return specs
}

// every reports whether s has characters and all of them are in class.
func every(s string, class func(rune) bool) bool {
	for _, r := range s {
		if !class(r) {
			return false
		}
	}
	return s != ""
}

// isDecimalText accepts what Java's Integer.parseInt (digits of any script) or Double.parseDouble does.
func isDecimalText(s string) bool {
	if s == "" {
		return false
	}
	if digits := s[1:]; s[0] == '-' || s[0] == '+' {
		if every(digits, unicode.IsDigit) {
			return true
		}
	} else if every(s, unicode.IsDigit) {
		return true
	}
	_, ok := number.ParseFloat(s, 64)
	return ok
}
