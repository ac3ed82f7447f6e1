package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func collectionArray() []udf.Spec {
	return []udf.Spec{
		{
			Name:     "ARRAY_CONTAINS",
			Family:   "collection",
			Usage:    []string{"ARRAY_CONTAINS(array, value)"},
			Summary:  "TRUE when an element equals the value; NULL is looked for like any other.",
			Examples: []udf.Example{{SQL: "ARRAY_CONTAINS(ARRAY[1, NULL], 1)", Result: "TRUE"}, {SQL: "ARRAY_CONTAINS(ARRAY[1, NULL], 2)", Result: "FALSE"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				return bindSearch(c, types.BooleanType, false, func(out *types.Vector, i, at int) { out.Bool[i] = at > 0 })
			},
		},
		{
			Name:     "ARRAY_POSITION",
			Family:   "collection",
			Usage:    []string{"ARRAY_POSITION(array, value)"},
			Summary:  "Where the first element that equals the value stands, from 1; 0 when there is none, NULL for NULL.",
			Examples: []udf.Example{{SQL: "ARRAY_POSITION(ARRAY[3, 2, 1], 1)", Result: "3"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				return bindSearch(c, types.IntType, true, func(out *types.Vector, i, at int) { out.I32[i] = int32(at) })
			},
		},
		{
			Name:     "ARRAY_REMOVE",
			Family:   "collection",
			Usage:    []string{"ARRAY_REMOVE(array, value)"},
			Summary:  "The array without the elements that equal the value; NULL removes NULLs.",
			Examples: []udf.Example{{SQL: "ARRAY_REMOVE(ARRAY[1, 2, 1], 1)", Result: "[2]"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				return bindWithElement(c, false, func(elements, v *types.Vector, from, to int, value *types.Vector, i int) {
					for k := from; k < to; k++ {
						if !sameKeyAt(v, k, value, i) {
							elements.AppendRow(v, k)
						}
					}
				})
			},
		},
		{
			Name:     "ARRAY_APPEND",
			Family:   "collection",
			Usage:    []string{"ARRAY_APPEND(array, value)"},
			Summary:  "The array with a value behind it.",
			Examples: []udf.Example{{SQL: "ARRAY_APPEND(ARRAY[1, 2], 3)", Result: "[1, 2, 3]"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				return bindWithElement(c, true, func(elements, v *types.Vector, from, to int, value *types.Vector, i int) {
					elements.AppendRange(v, from, to)
					appendElement(elements, value, i)
				})
			},
		},
		{
			Name:     "ARRAY_PREPEND",
			Family:   "collection",
			Usage:    []string{"ARRAY_PREPEND(array, value)"},
			Summary:  "The array with a value in front of it.",
			Examples: []udf.Example{{SQL: "ARRAY_PREPEND(ARRAY[2, 3], 1)", Result: "[1, 2, 3]"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				return bindWithElement(c, true, func(elements, v *types.Vector, from, to int, value *types.Vector, i int) {
					appendElement(elements, value, i)
					elements.AppendRange(v, from, to)
				})
			},
		},
		{
			Name:     "ARRAY_REVERSE",
			Family:   "collection",
			Usage:    []string{"ARRAY_REVERSE(array)"},
			Summary:  "The elements in the opposite order.",
			Examples: []udf.Example{{SQL: "ARRAY_REVERSE(ARRAY[1, 2, 3])", Result: "[3, 2, 1]"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				args, notNull, err := signature(c, 1, arrayParam)
				if err != nil {
					return nil, err
				}
				return &udf.BoundScalar{
					Args:   args,
					Result: args[0].WithNotNull(notNull),
					Eval: arrayEval(func(args []*types.Vector, elements *types.Vector, i int) error {
						from, to := entries(args[0], i)
						for k := to - 1; k >= from; k-- {
							elements.AppendRow(args[0].Children[0], k)
						}
						return nil
					}),
				}, nil
			},
		},
		{
			Name:    "ARRAY_SLICE",
			Family:  "collection",
			Usage:   []string{"ARRAY_SLICE(array, start [, end])"},
			Summary: "The elements from start to end, both included; 1 is the first, -1 the last.",
			Examples: []udf.Example{
				{SQL: "ARRAY_SLICE(ARRAY[1, 2, 3, 4], 2, 3)", Result: "[2, 3]"},
				{SQL: "ARRAY_SLICE(ARRAY[1, 2, 3, 4], -2)", Result: "[3, 4]"},
			},
			Scalar: bindSlice,
		},
		{
			Name:    "ARRAY_JOIN",
			Family:  "collection",
			Usage:   []string{"ARRAY_JOIN(array, separator [, null])"},
			Summary: "The texts of an array joined with a separator between them; NULLs are left out, or replaced by a text.",
			Examples: []udf.Example{
				{SQL: "ARRAY_JOIN(ARRAY['a', NULL, 'b'], '-')", Result: "a-b"},
				{SQL: "ARRAY_JOIN(ARRAY['a', NULL, 'b'], '-', '?')", Result: "a-?-b"},
			},
			Scalar: bindArrayJoin,
		},
	}
}

// bindSearch binds a search of an array for a value: found gets its place from 1, or 0. With strict, NULL is not looked
// for but gives NULL.
func bindSearch(c *udf.Call, result types.Type, strict bool, found func(out *types.Vector, i, at int)) (*udf.BoundScalar, error) {
	args, _, err := signature(c, 2, arrayParam, anyParam)
	if err != nil {
		return nil, err
	}
	elem, err := elementArg(c, args[0], 1)
	if err != nil {
		return nil, err
	}
	args[1] = elem.WithNotNull(c.Args[1].Type.NotNull)
	return &udf.BoundScalar{
		Args:   args,
		Result: result.WithNotNull(args[0].NotNull && (!strict || args[1].NotNull)),
		Nulls:  udf.NullsSeen,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			for i := range n {
				if args[0].IsNull(i) || strict && args[1].IsNull(i) {
					out.SetNull(i)
					continue
				}
				at := 0
				from, to := entries(args[0], i)
				for k := from; k < to && at == 0; k++ {
					if sameKeyAt(args[0].Children[0], k, args[1], i) {
						at = k - from + 1
					}
				}
				found(out, i, at)
			}
			return nil
		},
	}, nil
}

// bindWithElement binds a function of an array and a value that may be NULL; f appends the new elements. With added,
// the value becomes one of them.
func bindWithElement(c *udf.Call, added bool, f func(elements, v *types.Vector, from, to int, value *types.Vector, i int)) (*udf.BoundScalar, error) {
	args, _, err := signature(c, 2, arrayParam, anyParam)
	if err != nil {
		return nil, err
	}
	elem, err := elementArg(c, args[0], 1)
	if err != nil {
		return nil, err
	}
	args[1] = elem.WithNotNull(c.Args[1].Type.NotNull)
	result := args[0]
	if added {
		result = types.ArrayType(elem).WithNotNull(args[0].NotNull && args[1].NotNull)
	}
	return &udf.BoundScalar{
		Args:   args,
		Result: result,
		Nulls:  udf.NullsSeen,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			for i := range n {
				if args[0].IsNull(i) {
					out.AppendNull()
					continue
				}
				from, to := entries(args[0], i)
				f(out.Children[0], args[0].Children[0], from, to, args[1], i)
				out.EndList()
			}
			return nil
		},
	}, nil
}

func bindSlice(c *udf.Call) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 2, arrayParam, integerParam, integerParam)
	if err != nil {
		return nil, err
	}
	for i := 1; i < len(args); i++ {
		args[i] = types.IntType.WithNotNull(args[i].NotNull)
	}
	return &udf.BoundScalar{
		Args:   args,
		Result: args[0].WithNotNull(notNull),
		Eval: arrayEval(func(args []*types.Vector, elements *types.Vector, i int) error {
			from, to := entries(args[0], i)
			n := to - from
			start, end := int(args[1].I32[i]), n
			if len(args) == 3 {
				end = int(args[2].I32[i])
			}
			if start < 0 {
				start += n + 1
			}
			start = max(1, start)
			switch {
			case end < 0:
				end += n + 1
			case end == 0: // counts as 1, like a start of 0
				end = 1
			}
			if end = min(end, n); start <= end {
				elements.AppendRange(args[0].Children[0], from+start-1, from+end)
			}
			return nil
		}),
	}, nil
}

func bindArrayJoin(c *udf.Call) (*udf.BoundScalar, error) {
	texts := param{"an array of texts", func(t types.Type) bool { return t.Kind == types.Array && t.Elem.IsCharacter() },
		types.Type{}, types.ArrayType(types.StringType)}
	args, notNull, err := signature(c, 2, texts, textParam, textParam)
	if err != nil {
		return nil, err
	}
	return &udf.BoundScalar{
		Args:   args,
		Result: types.StringType.WithNotNull(notNull),
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return udf.EachRow(out, n, func(i int) error {
				from, to := entries(args[0], i)
				texts, first := args[0].Children[0], true
				for k := from; k < to; k++ {
					null := texts.IsNull(k)
					if null && len(args) == 2 {
						continue
					}
					if !first {
						out.Data = append(out.Data, args[1].Bytes(i)...)
					}
					first = false
					if null {
						out.Data = append(out.Data, args[2].Bytes(i)...)
					} else {
						out.Data = append(out.Data, texts.Bytes(k)...)
					}
				}
				out.EndValue()
				return nil
			})
		},
	}, nil
}
