package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func collectionSet() []udf.Spec {
	var specs []udf.Spec
	for _, f := range []struct {
		name, usage, summary, example, result string
		required, most                        int
		unique                                bool
		keep                                  func(others *keySet, v *types.Vector, k int) bool // nil: all elements of all arrays
	}{
		{
			"ARRAY_DISTINCT", "ARRAY_DISTINCT(array)", "The elements in their order, each once.",
			"ARRAY_DISTINCT(ARRAY[1, 2, 1])", "[1, 2]", 1, 1, true, nil,
		},
		{
			"ARRAY_UNION", "ARRAY_UNION(array, array)", "The elements of both arrays in their order, each once.",
			"ARRAY_UNION(ARRAY[1, 2], ARRAY[2, 3])", "[1, 2, 3]", 2, 2, true, nil,
		},
		{
			"ARRAY_CONCAT", "ARRAY_CONCAT(array [, array]*)", "The elements of all arrays, one after the other.",
			"ARRAY_CONCAT(ARRAY[1], ARRAY[2, 1])", "[1, 2, 1]", 1, 1 << 10, false, nil,
		},
		{
			"ARRAY_EXCEPT", "ARRAY_EXCEPT(array, array)", "The elements of the first array that the second has not, each once.",
			"ARRAY_EXCEPT(ARRAY[1, 2, 2], ARRAY[1])", "[2]", 2, 2, true,
			func(others *keySet, v *types.Vector, k int) bool { return !others.has(v, k) },
		},
		{
			"ARRAY_INTERSECT", "ARRAY_INTERSECT(array, array)", "The elements of the first array that the second has, too, each once.",
			"ARRAY_INTERSECT(ARRAY[1, 2, 2], ARRAY[2, 3])", "[2]", 2, 2, true,
			func(others *keySet, v *types.Vector, k int) bool { return others.has(v, k) },
		},
	} {
		specs = append(specs, udf.Spec{
			Name:     f.name,
			Family:   "collection",
			Usage:    []string{f.usage},
			Summary:  f.summary,
			Examples: []udf.Example{{SQL: f.example, Result: f.result}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				args, notNull, err := signature(c, f.required, repeatParam(arrayParam, min(f.most, max(len(c.Args), f.required)))...)
				if err != nil {
					return nil, err
				}
				t, err := commonArgs(c, "arrays", indexes(0, len(args), 1)...)
				if err != nil {
					return nil, err
				}
				if t.Kind == types.Null {
					t = arrayParam.null
				}
				for i := range args {
					args[i] = t.WithNotNull(args[i].NotNull)
				}
				return &udf.BoundScalar{Args: args, Result: t.WithNotNull(notNull), Eval: setEval(f.unique, f.keep)}, nil
			},
		})
	}
	return specs
}

// setEval appends elements of the arrays: of all of them, or with keep of the first, those to be kept in the face of
// the second's; with unique each only once.
func setEval(unique bool, keep func(others *keySet, v *types.Vector, k int) bool) udf.Eval {
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		var seen, others keySet
		return udf.EachRow(out, n, func(i int) error {
			seen.reset()
			arrays := args
			if keep != nil {
				others.reset()
				from, to := entries(args[1], i)
				for k := from; k < to; k++ {
					others.add(args[1].Children[0], k)
				}
				arrays = args[:1]
			}
			for _, a := range arrays {
				from, to := entries(a, i)
				v := a.Children[0]
				for k := from; k < to; k++ {
					if (keep == nil || keep(&others, v, k)) && (!unique || seen.add(v, k)) {
						out.Children[0].AppendRow(v, k)
					}
				}
			}
			out.EndList()
			return nil
		})
	}
}
