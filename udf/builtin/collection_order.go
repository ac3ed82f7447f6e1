package builtin

import (
	"slices"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func collectionOrder() []udf.Spec {
	return []udf.Spec{
		{
			Name:     "ARRAY_MAX",
			Family:   "collection",
			Usage:    []string{"ARRAY_MAX(array)"},
			Summary:  "The largest element that is not NULL; NULL when there is none.",
			Examples: []udf.Example{{SQL: "ARRAY_MAX(ARRAY[1, NULL, 3])", Result: "3"}},
			Scalar:   func(c *udf.Call) (*udf.BoundScalar, error) { return bindArrayExtreme(c, 1) },
		},
		{
			Name:     "ARRAY_MIN",
			Family:   "collection",
			Usage:    []string{"ARRAY_MIN(array)"},
			Summary:  "The smallest element that is not NULL; NULL when there is none.",
			Examples: []udf.Example{{SQL: "ARRAY_MIN(ARRAY[1, NULL, 3])", Result: "1"}},
			Scalar:   func(c *udf.Call) (*udf.BoundScalar, error) { return bindArrayExtreme(c, -1) },
		},
		{
			Name:    "ARRAY_SORT",
			Family:  "collection",
			Usage:   []string{"ARRAY_SORT(array [, ascending [, nulls_first]])"},
			Summary: "The elements in ascending (the default) or descending order; NULLs come first when ascending and last when descending, unless it is said.",
			Examples: []udf.Example{
				{SQL: "ARRAY_SORT(ARRAY[3, NULL, 1])", Result: "[NULL, 1, 3]"},
				{SQL: "ARRAY_SORT(ARRAY[3, NULL, 1], FALSE)", Result: "[3, 1, NULL]"},
			},
			Scalar: bindArraySort,
		},
	}
}

// orderedArray is the parameter of functions that compare elements.
var orderedArray = param{"an array of values with an order", func(t types.Type) bool {
	return t.Kind == types.Array && !t.Elem.IsNested() && t.Elem.Kind != types.Boolean
}, types.Type{}, types.ArrayType(types.IntType)}

func bindArrayExtreme(c *udf.Call, sign int) (*udf.BoundScalar, error) {
	args, _, err := signature(c, 1, orderedArray)
	if err != nil {
		return nil, err
	}
	return &udf.BoundScalar{
		Args:   args,
		Result: args[0].Elem.Nullable(),
		Eval: appendEval(func(args []*types.Vector, out *types.Vector, i int) error {
			from, to := entries(args[0], i)
			v, best := args[0].Children[0], -1
			for k := from; k < to; k++ {
				if !v.IsNull(k) && (best < 0 || types.CompareAt(v, k, v, best)*sign > 0) {
					best = k
				}
			}
			if best < 0 {
				out.AppendNull()
			} else {
				out.AppendRow(v, best)
			}
			return nil
		}),
	}, nil
}

func bindArraySort(c *udf.Call) (*udf.BoundScalar, error) {
	flag := param{"TRUE or FALSE", func(t types.Type) bool { return t.Kind == types.Boolean }, types.BooleanType, types.BooleanType}
	args, notNull, err := signature(c, 1, orderedArray, flag, flag)
	if err != nil {
		return nil, err
	}
	return &udf.BoundScalar{
		Args:   args,
		Result: args[0].WithNotNull(notNull),
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			var order []int32
			return udf.EachRow(out, n, func(i int) error {
				ascending := len(args) < 2 || args[1].Bool[i]
				nullsFirst := ascending
				if len(args) == 3 {
					nullsFirst = args[2].Bool[i]
				}
				v := args[0].Children[0]
				order = order[:0]
				from, to := entries(args[0], i)
				for k := from; k < to; k++ {
					order = append(order, int32(k))
				}
				slices.SortStableFunc(order, func(a, b int32) int {
					r := types.CompareAt(v, int(a), v, int(b))
					if null := v.IsNull(int(a)); null != v.IsNull(int(b)) {
						if null == nullsFirst {
							return -1
						}
						return 1
					}
					if !ascending {
						r = -r
					}
					return r
				})
				out.Children[0].AppendSelected(v, order)
				out.EndList()
				return nil
			})
		},
	}, nil
}
