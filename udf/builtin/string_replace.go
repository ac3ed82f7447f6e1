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
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				args, notNull, err := signature(c, 3, textParam, textParam, textParam)
				if err != nil {
					return nil, err
				}
				return &udf.BoundScalar{
					Args:   args,
					Result: types.StringType.WithNotNull(notNull),
					Eval: udf.F3Text(func(_ *udf.Context, dst []byte, s, part, by string) ([]byte, bool, error) {
						return appendReplace(dst, s, part, by), true, nil
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

func appendReplace(dst []byte, s, part, by string) []byte {
	if part == "" { // between all characters
		return append(dst, strings.ReplaceAll(s, part, by)...)
	}
	for {
		i := strings.Index(s, part)
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(append(dst, s[:i]...), by...)
		s = s[i+len(part):]
	}
}

func bindOverlay(c *udf.Call) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 3, textParam, textParam, integerParam, integerParam)
	if err != nil {
		return nil, err
	}
	for i := 2; i < len(args); i++ {
		args[i] = types.IntType.WithNotNull(args[i].NotNull)
	}
	result := types.VarcharType(min(args[0].Length+args[1].Length, types.MaxLength))
	return &udf.BoundScalar{
		Args:   args,
		Result: result.WithNotNull(notNull),
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return udf.EachRow(out, n, func(i int) error {
				s, part, start := args[0].Str(i), args[1].Str(i), int(args[2].I32[i])
				length := -1
				if len(args) == 4 {
					length = max(0, int(args[3].I32[i]))
				}
				if isASCII(s) && isASCII(part) {
					out.Data = appendOverlay(out.Data, []byte(s), []byte(part), start, length)
				} else {
					out.Data = appendUnits(out.Data, appendOverlay(nil, units(s), units(part), start, length))
				}
				out.EndValue()
				return nil
			})
		},
	}, nil
}

// appendOverlay appends s with length units from start on replaced by part; a length of -1 is part's own, one of 0 drops
// the rest, as in Flink.
func appendOverlay[U byte | uint16](dst, s, part []U, start, length int) []U {
	if start <= 0 || start > len(s) {
		return append(dst, s...)
	}
	if length < 0 {
		length = len(part)
	}
	dst = append(append(dst, s[:start-1]...), part...)
	if length > 0 && start+length <= len(s) {
		dst = append(dst, s[start-1+length:]...)
	}
	return dst
}
