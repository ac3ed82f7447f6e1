package builtin

import (
	"encoding/hex"
	"strconv"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func numericBin() []udf.Spec {
	return []udf.Spec{
		{
			Name: "BIN", Usage: []string{"BIN(integer)"}, Summary: "Returns a whole number in binary, a negative one in two's complement of 64 bits.",
			Examples: []udf.Example{{SQL: "BIN(12)", Result: "1100"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				args, notNull, err := signature(c, 1, bigintParam)
				if err != nil {
					return nil, err
				}
				return &udf.BoundScalar{
					Args: args, Result: types.StringType.WithNotNull(notNull),
					Eval: udf.F1Text(func(_ *udf.Context, dst []byte, x int64) ([]byte, bool, error) {
						return strconv.AppendUint(dst, uint64(x), 2), true, nil
					}),
				}, nil
			},
		},
		{
			Name: "HEX", Usage: []string{"HEX(integer)", "HEX(text)"},
			Summary:  "Returns a whole number, or the UTF-8 bytes of a text, in hexadecimal with capital letters.",
			Examples: []udf.Example{{SQL: "HEX(255)", Result: "FF"}, {SQL: "HEX('hello')", Result: "68656C6C6F"}},
			Scalar:   bindHex,
		},
	}
}

func bindHex(c *udf.Call) (*udf.BoundScalar, error) {
	if len(c.Args) == 1 && c.Args[0].Type.IsCharacter() {
		t := c.Args[0].Type
		return &udf.BoundScalar{
			Args: []types.Type{t}, Result: types.StringType.WithNotNull(t.NotNull),
			Eval: udf.F1Text(func(_ *udf.Context, dst []byte, s []byte) ([]byte, bool, error) {
				at := len(dst)
				dst = hex.AppendEncode(dst, s)
				upperHex(dst[at:])
				return dst, true, nil
			}),
		}, nil
	}
	args, notNull, err := signature(c, 1, param{"an integer or text", types.Type.IsInteger, types.BigIntType, types.BigIntType})
	if err != nil {
		return nil, err
	}
	return &udf.BoundScalar{
		Args: args, Result: types.StringType.WithNotNull(notNull),
		Eval: udf.F1Text(func(_ *udf.Context, dst []byte, x int64) ([]byte, bool, error) {
			at := len(dst)
			dst = strconv.AppendUint(dst, uint64(x), 16)
			upperHex(dst[at:])
			return dst, true, nil
		}),
	}, nil
}

func upperHex(b []byte) {
	for i, c := range b {
		if c >= 'a' {
			b[i] = c - 'a' + 'A'
		}
	}
}
