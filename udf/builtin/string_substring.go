package builtin

import (
	"math"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func stringSubstring() []udf.Spec {
	return []udf.Spec{
		{
			Name:    "SUBSTRING",
			Family:  "string",
			Usage:   []string{"SUBSTRING(text FROM start [FOR length])", "SUBSTRING(text, start [, length])"},
			Summary: "A part of a text from a character on (1 is the first, -1 the last), to the end or of some length; NULL for a negative length.",
			Examples: []udf.Example{
				{SQL: "SUBSTRING('Hello' FROM 2 FOR 3)", Result: "ell"},
				{SQL: "SUBSTRING('Hello', -3)", Result: "llo"},
			},
			Scalar: bindSubstring,
		},
		{
			Name:     "SUBSTR",
			Family:   "string",
			Usage:    []string{"SUBSTR(text, start [, length])"},
			Summary:  "SUBSTRING by its short name.",
			Examples: []udf.Example{{SQL: "SUBSTR('Hello', 2, 3)", Result: "ell"}},
			Scalar:   bindSubstring,
		},
		{
			Name:     "LEFT",
			Family:   "string",
			Usage:    []string{"LEFT(text, count)"},
			Summary:  "The first characters of a text; none for a count below 1.",
			Examples: []udf.Example{{SQL: "LEFT('Hello', 2)", Result: "He"}},
			Scalar: bindTextCount(func(s string, count int) string {
				return s[:byteOffset(s, count)]
			}),
		},
		{
			Name:     "RIGHT",
			Family:   "string",
			Usage:    []string{"RIGHT(text, count)"},
			Summary:  "The last characters of a text; none for a count below 1.",
			Examples: []udf.Example{{SQL: "RIGHT('Hello', 2)", Result: "lo"}},
			Scalar: bindTextCount(func(s string, count int) string {
				return s[byteOffset(s, characters(s)-max(count, 0)):]
			}),
		},
	}
}

func bindSubstring(c *udf.Call) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 2, textParam, integerParam, integerParam)
	if err != nil {
		return nil, err
	}
	for i := 1; i < len(args); i++ {
		args[i] = types.IntType.WithNotNull(args[i].NotNull)
	}
	return &udf.BoundScalar{
		Args:   args,
		Result: varyingText(args[0]).WithNotNull(notNull && len(args) == 2),
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return udf.EachRow(out, n, func(i int) error {
				length := int32(math.MaxInt32)
				if len(args) == 3 {
					length = args[2].I32[i]
				}
				if length < 0 {
					out.SetNull(i)
					out.EndValue()
					return nil
				}
				out.AppendString(substring(args[0].Str(i), int(args[1].I32[i]), int(length)))
				return nil
			})
		},
	}, nil
}

func substring(s string, start, length int) string {
	switch {
	case start > 0:
		s = s[byteOffset(s, start-1):]
	case start < 0:
		if start += characters(s); start < 0 {
			return ""
		}
		s = s[byteOffset(s, start):]
	}
	if length >= len(s) {
		return s
	}
	return s[:byteOffset(s, length)]
}

// bindTextCount binds a function of a text and a number of characters.
func bindTextCount(f func(s string, count int) string) func(c *udf.Call) (*udf.BoundScalar, error) {
	return func(c *udf.Call) (*udf.BoundScalar, error) {
		args, notNull, err := signature(c, 2, textParam, integerParam)
		if err != nil {
			return nil, err
		}
		args[1] = types.IntType.WithNotNull(args[1].NotNull)
		return &udf.BoundScalar{
			Args:   args,
			Result: types.StringType.WithNotNull(notNull),
			Eval: udf.F2Text(func(_ *udf.Context, dst []byte, s string, count int32) ([]byte, bool, error) {
				return append(dst, f(s, int(count))...), true, nil
			}),
		}, nil
	}
}
