package builtin

import (
	"errors"
	"fmt"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func collectionItem() []udf.Spec {
	return []udf.Spec{
		{
			Name:    "ITEM",
			Family:  "collection",
			Usage:   []string{"array[index]", "map[key]", "row['field']"},
			Summary: "An element of an array (1 is the first), the value of a key of a map, or a field of a row; NULL when there is none.",
			Examples: []udf.Example{
				{SQL: "ARRAY['a', 'b'][2]", Result: "b"},
				{SQL: "ARRAY['a', 'b'][3]", Result: "NULL"},
				{SQL: "MAP['a', 1, 'b', 2]['b']", Result: "2"},
			},
			Hidden: true,
			Scalar: bindItem,
		},
		{
			Name:     "CARDINALITY",
			Family:   "collection",
			Usage:    []string{"CARDINALITY(collection)"},
			Summary:  "Number of elements of an array, or of entries of a map.",
			Examples: []udf.Example{{SQL: "CARDINALITY(ARRAY['a', 'b'])", Result: "2"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				list := param{"an array, map or multiset", func(t types.Type) bool {
					return t.Kind == types.Array || t.Kind == types.Map || t.Kind == types.Multiset
				}, types.Type{}, arrayParam.null}
				args, notNull, err := signature(c, 1, list)
				if err != nil {
					return nil, err
				}
				return &udf.BoundScalar{
					Args:   args,
					Result: types.IntType.WithNotNull(notNull),
					Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
						for i := range n {
							out.I32[i] = args[0].Offsets[i+1] - args[0].Offsets[i]
						}
						return nil
					},
				}, nil
			},
		},
		{
			Name:     "ELEMENT",
			Family:   "collection",
			Usage:    []string{"ELEMENT(array)"},
			Summary:  "The only element of an array, NULL when it is empty; fails when there are several.",
			Examples: []udf.Example{{SQL: "ELEMENT(ARRAY[5])", Result: "5"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				args, _, err := signature(c, 1, arrayParam)
				if err != nil {
					return nil, err
				}
				return &udf.BoundScalar{
					Args:     args,
					Result:   args[0].Elem.Nullable(),
					Fallible: true,
					Eval: appendEval(func(args []*types.Vector, out *types.Vector, i int) error {
						from, to := entries(args[0], i)
						switch to - from {
						case 0:
							out.AppendNull()
						case 1:
							out.AppendRow(args[0].Children[0], from)
						default:
							return &udf.RowError{Row: i, Err: fmt.Errorf("ELEMENT of an array with %d elements; it takes one", to-from)}
						}
						return nil
					}),
				}, nil
			},
		},
	}
}

// appendEval makes an Eval of f, which appends one value of any type for row i to out.
func appendEval(f func(args []*types.Vector, out *types.Vector, i int) error) udf.Eval {
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		valid := append(types.Bitmap(nil), out.Valid...)
		out.Reset()
		for i := range n {
			if !valid.Get(i) {
				out.AppendNull()
				continue
			}
			if err := f(args, out, i); err != nil {
				return err
			}
		}
		return nil
	}
}

var errArrayIndex = errors.New("elements of an array are counted from 1")

func bindItem(c *udf.Call) (*udf.BoundScalar, error) {
	if len(c.Args) != 2 {
		return nil, wrongArity(c, 2, 2)
	}
	t, index := c.Args[0].Type, c.Args[1]
	switch t.Kind {
	case types.Array:
		if !index.Type.IsInteger() && index.Type.Kind != types.Null {
			return nil, udf.Errorf(1, "the index of an array is an integer, not %s", index.Type)
		}
		if index.Literal && index.Value != nil && literalInt(index.Value) < 1 {
			return nil, udf.Errorf(1, "%v, not from %d", errArrayIndex, literalInt(index.Value))
		}
		return &udf.BoundScalar{
			Args:     []types.Type{t, types.BigIntType.WithNotNull(index.Type.NotNull)},
			Result:   t.Elem.Nullable(),
			Fallible: !index.Literal,
			Eval: appendEval(func(args []*types.Vector, out *types.Vector, i int) error {
				from, to := entries(args[0], i)
				at := args[1].I64[i]
				switch {
				case at < 1:
					return &udf.RowError{Row: i, Err: fmt.Errorf("%w, not from %d", errArrayIndex, at)}
				case at > int64(to-from):
					out.AppendNull()
				default:
					out.AppendRow(args[0].Children[0], from+int(at)-1)
				}
				return nil
			}),
		}, nil
	case types.Map:
		key, ok := types.CommonType(*t.Key, index.Type)
		if !ok || !key.SameStorage(*t.Key) && !index.Type.IsNumeric() {
			return nil, udf.Errorf(1, "the map's keys are %s, not %s", t.Key, index.Type)
		}
		return &udf.BoundScalar{
			Args:   []types.Type{t, t.Key.WithNotNull(index.Type.NotNull)},
			Result: t.Elem.Nullable(),
			Nulls:  udf.NullsSeen,
			Eval: appendEval(func(args []*types.Vector, out *types.Vector, i int) error {
				if !args[0].IsNull(i) {
					from, to := entries(args[0], i)
					for k := from; k < to; k++ {
						if sameKeyAt(args[0].Children[0], k, args[1], i) {
							out.AppendRow(args[0].Children[1], k)
							return nil
						}
					}
				}
				out.AppendNull()
				return nil
			}),
		}, nil
	case types.Row:
		name, ok := literalText(c, 1)
		if !ok {
			return nil, udf.Errorf(1, "a field of a row is named by a text literal")
		}
		for k, f := range t.Fields {
			if f.Name == name {
				return &udf.BoundScalar{
					Args:   []types.Type{t, index.Type},
					Result: f.Type.WithNotNull(f.Type.NotNull && t.NotNull),
					Eval: appendEval(func(args []*types.Vector, out *types.Vector, i int) error {
						out.AppendRow(args[0].Children[k], i)
						return nil
					}),
				}, nil
			}
		}
		return nil, udf.Errorf(1, "%s has no field %q", t, name)
	case types.Null:
		return &udf.BoundScalar{
			Args:   []types.Type{types.ArrayType(types.IntType), index.Type},
			Result: types.IntType,
			Eval:   appendEval(func(_ []*types.Vector, out *types.Vector, _ int) error { out.AppendNull(); return nil }),
		}, nil
	}
	return nil, udf.Errorf(0, "[ ] takes an array, a map or a row, not %s", t)
}

// sameKeyAt is sameValueAt with a column that may be an untyped NULL.
func sameKeyAt(keys *types.Vector, k int, v *types.Vector, i int) bool {
	if v.IsNull(i) {
		return keys.IsNull(k)
	}
	return sameValueAt(keys, k, v, i)
}
