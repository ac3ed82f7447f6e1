package builtin

import (
	"fmt"
	"math"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func stringPad() []udf.Spec {
	return []udf.Spec{
		{
			Name:    "LPAD",
			Family:  "string",
			Usage:   []string{"LPAD(text, length, pad)"},
			Summary: "Text cut, or filled up at the start, to a length in UTF-16 units; NULL for a negative length or an empty pad.",
			Examples: []udf.Example{
				{SQL: "LPAD('hi', 5, '??')", Result: "???hi"},
				{SQL: "LPAD('hi', 1, '??')", Result: "h"},
			},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) { return bindPad(c, true) },
		},
		{
			Name:     "RPAD",
			Family:   "string",
			Usage:    []string{"RPAD(text, length, pad)"},
			Summary:  "Text cut, or filled up at the end, to a length in UTF-16 units; NULL for a negative length or an empty pad.",
			Examples: []udf.Example{{SQL: "RPAD('hi', 5, '?!')", Result: "hi?!?"}},
			Scalar:   func(c *udf.Call) (*udf.BoundScalar, error) { return bindPad(c, false) },
		},
		{
			Name:     "REPEAT",
			Family:   "string",
			Usage:    []string{"REPEAT(text, times)"},
			Summary:  "Text so many times over; empty for times below 1.",
			Examples: []udf.Example{{SQL: "REPEAT('ab', 3)", Result: "ababab"}},
			Scalar:   bindRepeat,
		},
	}
}

// maxTextBytes bounds the results of functions that can make much of little; Java's texts end about there, too.
const maxTextBytes = math.MaxInt32 / 4

func tooLong(i int) error {
	return &udf.RowError{Row: i, Err: fmt.Errorf("the text would have more than %d bytes", maxTextBytes)}
}

func bindPad(c *udf.Call, left bool) (*udf.BoundScalar, error) {
	args, _, err := signature(c, 3, textParam, integerParam, textParam)
	if err != nil {
		return nil, err
	}
	args[1] = types.IntType.WithNotNull(args[1].NotNull)
	return &udf.BoundScalar{
		Args:     args,
		Result:   types.StringType,
		Fallible: true,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return udf.EachRow(out, n, func(i int) error {
				s, length, fill := args[0].Str(i), int(args[1].I32[i]), args[2].Str(i)
				switch {
				case length < 0 || fill == "":
					out.SetNull(i)
				case length > maxTextBytes:
					return tooLong(i)
				default:
					out.Data = appendPad(out.Data, s, length, fill, left)
				}
				out.EndValue()
				return nil
			})
		},
	}, nil
}

func appendPad(dst []byte, s string, length int, fill string, left bool) []byte {
	if isASCII(s) && isASCII(fill) {
		missing := length - len(s)
		if missing <= 0 {
			return append(dst, s[:length]...)
		}
		if !left {
			dst = append(dst, s...)
		}
		// What has been filled so far, a whole number of fills, is the filling for as much again.
		from := len(dst)
		dst = append(dst, fill[:min(missing, len(fill))]...)
		for done := len(fill); done < missing; done *= 2 {
			dst = append(dst, dst[from:from+min(done, missing-done)]...)
		}
		if left {
			dst = append(dst, s...)
		}
		return dst
	}
	text, pad := units(s), units(fill)
	missing := length - len(text)
	if missing <= 0 {
		return appendUnits(dst, text[:length])
	}
	padding := make([]uint16, 0, missing+len(pad))
	for len(padding) < missing {
		padding = append(padding, pad...)
	}
	padding = padding[:missing]
	if left {
		return appendUnits(dst, append(padding, text...))
	}
	return appendUnits(dst, append(text, padding...))
}

func bindRepeat(c *udf.Call) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 2, textParam, integerParam)
	if err != nil {
		return nil, err
	}
	args[1] = types.IntType.WithNotNull(args[1].NotNull)
	return &udf.BoundScalar{
		Args:     args,
		Result:   types.StringType.WithNotNull(notNull),
		Fallible: true,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return udf.EachRow(out, n, func(i int) error {
				s, times := args[0].Str(i), max(0, int(args[1].I32[i]))
				if len(s)*times > maxTextBytes {
					return tooLong(i)
				}
				if s == "" {
					times = 0
				}
				for range times {
					out.Data = append(out.Data, s...)
				}
				out.EndValue()
				return nil
			})
		},
	}, nil
}
