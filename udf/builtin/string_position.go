package builtin

import (
	"strings"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func stringPosition() []udf.Spec {
	return []udf.Spec{
		{
			Name:     "CHAR_LENGTH",
			Aliases:  []string{"CHARACTER_LENGTH"},
			Family:   "string",
			Usage:    []string{"CHAR_LENGTH(text)", "CHARACTER_LENGTH(text)"},
			Summary:  "Number of characters.",
			Examples: []udf.Example{{SQL: "CHAR_LENGTH('äöü€😀')", Result: "5"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				args, notNull, err := signature(c, 1, textParam)
				if err != nil {
					return nil, err
				}
				return &udf.BoundScalar{
					Args:   args,
					Result: types.IntType.WithNotNull(notNull),
					Eval: udf.F1(func(_ *udf.Context, s string) (int32, bool, error) {
						return int32(characters(s)), true, nil
					}),
				}, nil
			},
		},
		{
			Name:     "POSITION",
			Family:   "string",
			Usage:    []string{"POSITION(part IN text)"},
			Summary:  "Where a part begins in a text, from 1; 0 when it is not there.",
			Examples: []udf.Example{{SQL: "POSITION('l' IN 'hello')", Result: "3"}},
			Scalar:   func(c *udf.Call) (*udf.BoundScalar, error) { return bindPosition(c, 0, 1) },
		},
		{
			Name:     "LOCATE",
			Family:   "string",
			Usage:    []string{"LOCATE(part, text [, from])"},
			Summary:  "Where a part begins in a text, from 1, looking from a character on; 0 when it is not there.",
			Examples: []udf.Example{{SQL: "LOCATE('l', 'hello', 4)", Result: "4"}, {SQL: "LOCATE('z', 'hello')", Result: "0"}},
			Scalar:   func(c *udf.Call) (*udf.BoundScalar, error) { return bindPosition(c, 0, 1) },
		},
		{
			Name:    "INSTR",
			Family:  "string",
			Usage:   []string{"INSTR(text, part [, from [, occurrence]])"},
			Summary: "Where a part begins in a text, from 1; 0 when it is not there. With a negative from, the search goes backwards from that character, counted from the end.",
			Examples: []udf.Example{
				{SQL: "INSTR('hello', 'l')", Result: "3"},
				{SQL: "INSTR('Corporate Floor', 'or', -3, 2)", Result: "2"},
			},
			Scalar: bindInstr,
		},
	}
}

// bindPosition binds a search for the argument part in the argument text, from the character in argument 2 on.
func bindPosition(c *udf.Call, part, text int) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 2, textParam, textParam, integerParam)
	if err != nil {
		return nil, err
	}
	s := &udf.BoundScalar{Args: args, Result: types.IntType.WithNotNull(notNull)}
	if len(args) == 3 {
		args[2] = types.IntType.WithNotNull(args[2].NotNull)
	}
	s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		for i := range n {
			if !out.Valid.Get(i) {
				continue
			}
			from := 1
			if len(args) == 3 {
				from = int(args[2].I32[i])
			}
			out.I32[i] = position(args[part].Str(i), args[text].Str(i), from)
		}
		return nil
	}
	return s, nil
}

// position finds part in s from character from (1 is the first) on. The empty part is always at 1.
func position(part, s string, from int) int32 {
	if part == "" {
		return 1
	}
	start := byteOffset(s, from-1)
	i := strings.Index(s[start:], part)
	if i < 0 {
		return 0
	}
	return int32(characters(s[:start+i])) + 1
}

func bindInstr(c *udf.Call) (*udf.BoundScalar, error) {
	if len(c.Args) < 3 {
		return bindPosition(c, 1, 0)
	}
	args, notNull, err := signature(c, 3, textParam, textParam, integerParam, integerParam)
	if err != nil {
		return nil, err
	}
	for i := 2; i < len(args); i++ {
		args[i] = types.IntType.WithNotNull(args[i].NotNull)
	}
	return &udf.BoundScalar{
		Args:   args,
		Result: types.IntType.WithNotNull(notNull),
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			for i := range n {
				if !out.Valid.Get(i) {
					continue
				}
				occurrence := int32(1)
				if len(args) == 4 {
					occurrence = args[3].I32[i]
				}
				out.I32[i] = instr(args[0].Str(i), args[1].Str(i), int(args[2].I32[i]), int(occurrence))
			}
			return nil
		},
	}, nil
}

// instr finds the n-th occurrence of part in s, forwards from character from on, or backwards from the one that a
// negative from counts from the end. Occurrences may overlap.
func instr(s, part string, from, n int) int32 {
	if n < 1 {
		return 0
	}
	if from >= 0 {
		at := max(from, 1)
		for {
			at = int(position(part, s, at))
			if n--; at == 0 || n == 0 || part == "" {
				return int32(at)
			}
			at++
		}
	}
	end := byteOffset(s, characters(s)+from)
	if characters(s)+from < 0 {
		return 0
	}
	for {
		i := strings.LastIndex(s[:min(len(s), end+len(part))], part)
		if n--; i < 0 || n == 0 {
			if i < 0 {
				return 0
			}
			return int32(characters(s[:i])) + 1
		}
		if end = i - 1; end < 0 {
			return 0
		}
	}
}
