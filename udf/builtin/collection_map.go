package builtin

import (
	"fmt"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func collectionMap() []udf.Spec {
	return []udf.Spec{
		{
			Name:     "MAP_KEYS",
			Family:   "collection",
			Usage:    []string{"MAP_KEYS(map)"},
			Summary:  "The keys of a map as an array.",
			Examples: []udf.Example{{SQL: "MAP_KEYS(MAP['a', 1, 'b', 2])", Result: "[a, b]"}},
			Scalar: bindMapPart(func(t types.Type) types.Type { return *t.Key }, func(elements, v *types.Vector, from, to int) {
				elements.AppendRange(v.Children[0], from, to)
			}),
		},
		{
			Name:     "MAP_VALUES",
			Family:   "collection",
			Usage:    []string{"MAP_VALUES(map)"},
			Summary:  "The values of a map as an array.",
			Examples: []udf.Example{{SQL: "MAP_VALUES(MAP['a', 1, 'b', 2])", Result: "[1, 2]"}},
			Scalar: bindMapPart(func(t types.Type) types.Type { return *t.Elem }, func(elements, v *types.Vector, from, to int) {
				elements.AppendRange(v.Children[1], from, to)
			}),
		},
		{
			Name:     "MAP_ENTRIES",
			Family:   "collection",
			Usage:    []string{"MAP_ENTRIES(map)"},
			Summary:  "The entries of a map as an array of rows of key and value.",
			Examples: []udf.Example{{SQL: "MAP_ENTRIES(MAP['a', 1])", Result: "[(a, 1)]"}},
			Scalar: bindMapPart(func(t types.Type) types.Type {
				return types.RowType(types.Field{Name: "key", Type: *t.Key}, types.Field{Name: "value", Type: *t.Elem})
			}, func(elements, v *types.Vector, from, to int) {
				elements.Children[0].AppendRange(v.Children[0], from, to)
				elements.Children[1].AppendRange(v.Children[1], from, to)
				elements.N += to - from
			}),
		},
		{
			Name:     "MAP_FROM_ARRAYS",
			Family:   "collection",
			Usage:    []string{"MAP_FROM_ARRAYS(keys, values)"},
			Summary:  "A map of the keys and values in two arrays of the same length; the last of equal keys counts.",
			Examples: []udf.Example{{SQL: "MAP_FROM_ARRAYS(ARRAY['a', 'b'], ARRAY[1, 2])", Result: "{a=1, b=2}"}},
			Scalar:   bindMapFromArrays,
		},
		{
			Name:     "MAP_UNION",
			Family:   "collection",
			Usage:    []string{"MAP_UNION(map, map [, map]*)"},
			Summary:  "The entries of all maps; the last of equal keys counts.",
			Examples: []udf.Example{{SQL: "MAP_UNION(MAP['a', 1], MAP['b', 2])", Result: "{a=1, b=2}"}},
			Scalar:   bindMapUnion,
		},
	}
}

// bindMapPart binds a function of a map whose result is an array of elem; part appends the elements.
func bindMapPart(elem func(t types.Type) types.Type, part func(elements, v *types.Vector, from, to int)) func(c *udf.Call) (*udf.BoundScalar, error) {
	return func(c *udf.Call) (*udf.BoundScalar, error) {
		args, notNull, err := signature(c, 1, mapParam)
		if err != nil {
			return nil, err
		}
		return &udf.BoundScalar{
			Args:   args,
			Result: types.ArrayType(elem(args[0])).WithNotNull(notNull),
			Eval: arrayEval(func(args []*types.Vector, elements *types.Vector, i int) error {
				from, to := entries(args[0], i)
				part(elements, args[0], from, to)
				return nil
			}),
		}, nil
	}
}

// mapBuilder collects the entries of one map after the other, the last of equal keys in the place of the first.
type mapBuilder struct {
	at      map[string]int
	entries []mapEntry
	keys    keySet
}

// mapEntry says where the key and value of an entry are.
type mapEntry struct {
	keys, values *types.Vector
	key, value   int
}

func (b *mapBuilder) put(e mapEntry) {
	if b.at == nil {
		b.at = map[string]int{}
	}
	key := b.keys.encode(e.keys, e.key)
	if k, there := b.at[string(key)]; there {
		b.entries[k] = e
		return
	}
	b.at[string(key)] = len(b.entries)
	b.entries = append(b.entries, e)
}

// end appends the map to out and starts the next.
func (b *mapBuilder) end(out *types.Vector) {
	for _, e := range b.entries {
		out.Children[0].AppendRow(e.keys, e.key)
		out.Children[1].AppendRow(e.values, e.value)
	}
	out.EndList()
	b.entries = b.entries[:0]
	clear(b.at)
}

func bindMapFromArrays(c *udf.Call) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 2, arrayParam, arrayParam)
	if err != nil {
		return nil, err
	}
	return &udf.BoundScalar{
		Args:     args,
		Result:   types.MapType(*args[0].Elem, *args[1].Elem).WithNotNull(notNull),
		Fallible: true,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			var b mapBuilder
			return udf.EachRow(out, n, func(i int) error {
				from, to := entries(args[0], i)
				first, last := entries(args[1], i)
				if to-from != last-first {
					return &udf.RowError{Row: i, Err: fmt.Errorf("MAP_FROM_ARRAYS takes as many values as keys, not %d and %d", last-first, to-from)}
				}
				for k := range to - from {
					b.put(mapEntry{args[0].Children[0], args[1].Children[0], from + k, first + k})
				}
				b.end(out)
				return nil
			})
		},
	}, nil
}

func bindMapUnion(c *udf.Call) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 1, repeatParam(mapParam, len(c.Args))...)
	if err != nil {
		return nil, err
	}
	t, err := commonArgs(c, "maps", indexes(0, len(args), 1)...)
	if err != nil {
		return nil, err
	}
	if t.Kind == types.Null {
		t = mapParam.null
	}
	for i := range args {
		args[i] = t.WithNotNull(args[i].NotNull)
	}
	return &udf.BoundScalar{
		Args:   args,
		Result: t.WithNotNull(notNull),
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			var b mapBuilder
			return udf.EachRow(out, n, func(i int) error {
				for _, v := range args {
					from, to := entries(v, i)
					for k := from; k < to; k++ {
						b.put(mapEntry{v.Children[0], v.Children[1], k, k})
					}
				}
				b.end(out)
				return nil
			})
		},
	}, nil
}
