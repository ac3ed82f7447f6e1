package builtin

import (
	"strconv"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func collectionMake() []udf.Spec {
	return []udf.Spec{
		{
			Name:     "ARRAY",
			Family:   "collection",
			Usage:    []string{"ARRAY[value [, value]*]"},
			Summary:  "An array of values of one type.",
			Examples: []udf.Example{{SQL: "ARRAY[1, 2, NULL]", Result: "[1, 2, NULL]"}},
			Scalar:   bindArray,
		},
		{
			Name:     "MAP",
			Family:   "collection",
			Usage:    []string{"MAP[key, value [, key, value]*]"},
			Summary:  "A map of keys of one type and values of one type; the last of equal keys counts.",
			Examples: []udf.Example{{SQL: "MAP['a', 1, 'b', 2]", Result: "{a=1, b=2}"}, {SQL: "MAP['a', 1, 'a', 2]", Result: "{a=2}"}},
			Scalar:   bindMap,
		},
		{
			Name:     "ROW",
			Family:   "collection",
			Usage:    []string{"ROW(value [, value]*)", "(value, value [, value]*)"},
			Summary:  "A row of values; its fields are called EXPR$0, EXPR$1, ….",
			Examples: []udf.Example{{SQL: "ROW(1, 'a', CAST(NULL AS INT))", Result: "(1, a, NULL)"}},
			Scalar:   bindRow,
		},
	}
}

func bindArray(c *udf.Call) (*udf.BoundScalar, error) {
	if len(c.Args) == 0 {
		return nil, udf.Errorf(-1, "ARRAY takes at least one value; CAST(NULL AS ARRAY<type>) is an array of none")
	}
	elem, err := commonArgs(c, "values", indexes(0, len(c.Args), 1)...)
	if err != nil {
		return nil, err
	}
	s := &udf.BoundScalar{Result: types.ArrayType(elem).WithNotNull(true), Nulls: udf.NullsSeen}
	for _, a := range c.Args {
		s.Args = append(s.Args, elem.WithNotNull(a.Type.NotNull))
	}
	s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		for i := range n {
			for _, v := range args {
				appendElement(out.Children[0], v, i)
			}
			out.EndList()
		}
		return nil
	}
	return s, nil
}

// appendElement appends row i of v, which may be an untyped NULL.
func appendElement(elements, v *types.Vector, i int) {
	if v.IsNull(i) {
		elements.AppendNull()
		return
	}
	elements.AppendRow(v, i)
}

// indexes are the numbers from, from+step, … below to.
func indexes(from, to, step int) []int {
	var out []int
	for i := from; i < to; i += step {
		out = append(out, i)
	}
	return out
}

func bindMap(c *udf.Call) (*udf.BoundScalar, error) {
	n := len(c.Args)
	if n == 0 || n%2 != 0 {
		return nil, udf.Errorf(-1, "MAP takes keys and values in turn, not %d values", n)
	}
	key, err := commonArgs(c, "keys", indexes(0, n, 2)...)
	if err != nil {
		return nil, err
	}
	value, err := commonArgs(c, "values", indexes(1, n, 2)...)
	if err != nil {
		return nil, err
	}
	s := &udf.BoundScalar{Result: types.MapType(key, value).WithNotNull(true), Nulls: udf.NullsSeen}
	for i, a := range c.Args {
		t := key
		if i%2 == 1 {
			t = value
		}
		s.Args = append(s.Args, t.WithNotNull(a.Type.NotNull))
	}
	s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		var later keySet
		keep := make([]bool, len(args)/2)
		for i := range n {
			later.reset()
			for k := len(keep) - 1; k >= 0; k-- {
				keep[k] = later.add(args[2*k], i)
			}
			for k, kept := range keep {
				if kept {
					appendElement(out.Children[0], args[2*k], i)
					appendElement(out.Children[1], args[2*k+1], i)
				}
			}
			out.EndList()
		}
		return nil
	}
	return s, nil
}

func bindRow(c *udf.Call) (*udf.BoundScalar, error) {
	if len(c.Args) == 0 {
		return nil, udf.Errorf(-1, "ROW takes at least one value")
	}
	s := &udf.BoundScalar{Nulls: udf.NullsSeen}
	var fields []types.Field
	for i, a := range c.Args {
		t := a.Type.WithAttr(types.NoTime)
		s.Args = append(s.Args, t)
		fields = append(fields, types.Field{Name: "EXPR$" + strconv.Itoa(i), Type: t})
	}
	s.Result = types.RowType(fields...).WithNotNull(true)
	s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		for k, v := range args {
			field := out.Children[k]
			if v.Type.Kind == types.Null {
				for range n {
					field.AppendNull()
				}
				continue
			}
			field.AppendRange(v, 0, n)
		}
		out.N = n
		return nil
	}
	return s, nil
}
