package builtin

import (
	"strings"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func stringTrim() []udf.Spec {
	return []udf.Spec{
		{
			Name:    "TRIM",
			Family:  "string",
			Usage:   []string{"TRIM([BOTH | LEADING | TRAILING] [characters] FROM text)", "TRIM(text)"},
			Summary: "Text without blanks, or others of the given characters, at its ends.",
			Examples: []udf.Example{
				{SQL: "TRIM('  a b  ')", Result: "a b"},
				{SQL: "TRIM(LEADING 'xy' FROM 'xyxaxy')", Result: "axy"},
			},
			Scalar: bindTrim,
		},
		{
			Name:     "LTRIM",
			Family:   "string",
			Usage:    []string{"LTRIM(text [, characters])"},
			Summary:  "Text without blanks, or others of the given characters, at its start.",
			Examples: []udf.Example{{SQL: "LTRIM('  a ') || '|'", Result: "a |"}},
			Scalar:   func(c *udf.Call) (*udf.BoundScalar, error) { return bindTrimSide(c, strings.TrimLeft) },
		},
		{
			Name:     "RTRIM",
			Family:   "string",
			Usage:    []string{"RTRIM(text [, characters])"},
			Summary:  "Text without blanks, or others of the given characters, at its end.",
			Examples: []udf.Example{{SQL: "RTRIM('axyx', 'xy')", Result: "a"}},
			Scalar:   func(c *udf.Call) (*udf.BoundScalar, error) { return bindTrimSide(c, strings.TrimRight) },
		},
		{
			Name:     "BTRIM",
			Family:   "string",
			Usage:    []string{"BTRIM(text [, characters])"},
			Summary:  "Text without blanks, or others of the given characters, at both ends; Flink has it from 2.0 on.",
			Examples: []udf.Example{{SQL: "BTRIM('xax', 'x')", Result: "a"}},
			Scalar:   func(c *udf.Call) (*udf.BoundScalar, error) { return bindTrimSide(c, strings.Trim) },
		},
	}
}

// bindTrim binds TRIM(text) and TRIM(side, characters, text), which the keywords are read as.
func bindTrim(c *udf.Call) (*udf.BoundScalar, error) {
	if len(c.Args) == 1 {
		return bindTrimSide(c, strings.Trim)
	}
	args, notNull, err := signature(c, 3, symbolParam, textParam, textParam)
	if err != nil {
		return nil, err
	}
	side, _ := c.Symbol(0)
	trim := map[string]func(s, set string) string{"BOTH": strings.Trim, "LEADING": strings.TrimLeft, "TRAILING": strings.TrimRight}[side]
	if trim == nil {
		return nil, udf.Errorf(0, "TRIM takes BOTH, LEADING or TRAILING, not %s", side)
	}
	return &udf.BoundScalar{
		Args:   args,
		Result: varyingText(args[2]).WithNotNull(notNull),
		Eval: func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return trimEval(trim)(ctx, []*types.Vector{args[2], args[1]}, out, n)
		},
	}, nil
}

func bindTrimSide(c *udf.Call, trim func(s, set string) string) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 1, textParam, textParam)
	if err != nil {
		return nil, err
	}
	s := &udf.BoundScalar{Args: args, Result: varyingText(args[0]).WithNotNull(notNull)}
	if len(args) == 1 {
		s.Eval = udf.F1Text(func(_ *udf.Context, dst []byte, s string) ([]byte, bool, error) {
			return append(dst, trim(s, " ")...), true, nil
		})
	} else {
		s.Eval = trimEval(trim)
	}
	return s, nil
}

// trimEval trims column 0 by the characters in column 1.
func trimEval(trim func(s, set string) string) udf.Eval {
	return udf.F2Text(func(_ *udf.Context, dst []byte, s, set string) ([]byte, bool, error) {
		return append(dst, trim(s, set)...), true, nil
	})
}
