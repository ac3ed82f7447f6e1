package builtin

import (
	"strings"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func stringReplace() []udf.Spec {
	return []udf.Spec{
		{
			Name:     "REPLACE",
			Family:   "string",
			Usage:    []string{"REPLACE(text, part, replacement)"},
			Summary:  "Text with every occurrence of a part replaced.",
			Examples: []udf.Example{{SQL: "REPLACE('hello world', 'world', 'flink')", Result: "hello flink"}},
			Scalar: func(c *udf.Call) (*udf.Scalar, error) {
				args, notNull, err := signature(c, 3, textParam, textParam, textParam)
				if err != nil {
					return nil, err
				}
				return &udf.Scalar{
					Args:   args,
					Result: types.StringType.WithNotNull(notNull),
					Eval: udf.F3Text(func(_ *udf.Context, dst []byte, s, part, by string) ([]byte, bool, error) {
						return append(dst, strings.ReplaceAll(s, part, by)...), true, nil
					}),
				}, nil
			},
		},
		{
			Name:    "OVERLAY",
			Family:  "string",
			Usage:   []string{"OVERLAY(text PLACING part FROM start [FOR length])"},
			Summary: "Text with length characters (as many as the part has when not said) from start on replaced by a part; unchanged when start is outside of it.",
			Examples: []udf.Example{
				{SQL: "OVERLAY('xxxxxtest' PLACING 'xxxx' FROM 6)", Result: "xxxxxxxxx"},
				{SQL: "OVERLAY('xxxxxtest' PLACING 'xxxx' FROM 6 FOR 2)", Result: "xxxxxxxxxst"},
			},
			Scalar: bindOverlay,
		},
	}
}

func bindOverlay(c *udf.Call) (*udf.Scalar, error) {
	args, notNull, err := signature(c, 3, textParam, textParam, integerParam, integerParam)
	if err != nil {
		return nil, err
	}
	for i := 2; i < len(args); i++ {
		args[i] = types.IntType.WithNotNull(args[i].NotNull)
	}
	result := types.VarcharType(min(args[0].Length+args[1].Length, types.MaxLength))
	return &udf.Scalar{
		Args:   args,
		Result: result.WithNotNull(notNull),
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return udf.EachRow(out, n, func(i int) error {
				s, part, start := units(args[0].Str(i)), units(args[1].Str(i)), int(args[2].I32[i])
				length := len(part)
				if len(args) == 4 {
					length = int(args[3].I32[i])
				}
				if start <= 0 || start > len(s) {
					out.AppendString(args[0].Str(i))
					return nil
				}
				joined := append(s[:start-1:start-1], part...)
				// A length of 0 or less drops the rest, as in Flink.
				if length > 0 && start+length <= len(s) {
					joined = append(joined, s[start-1+length:]...)
				}
				out.Data = appendUnits(out.Data, joined)
				out.EndValue()
				return nil
			})
		},
	}, nil
}
