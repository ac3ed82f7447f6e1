package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func operatorNull() []udf.Spec {
	return []udf.Spec{
		{
			Name: "IS NULL", Usage: []string{"a IS NULL"}, Summary: "Returns whether the value is NULL.",
			Examples: []udf.Example{{SQL: "CAST(NULL AS INT) IS NULL", Result: "TRUE"}, {SQL: "1 IS NULL", Result: "FALSE"}},
			Scalar:   func(c *udf.Call) (*udf.BoundScalar, error) { return bindNull(c, true) },
		},
		{
			Name: "IS NOT NULL", Usage: []string{"a IS NOT NULL"}, Summary: "Returns whether the value is something other than NULL.",
			Examples: []udf.Example{{SQL: "1 IS NOT NULL", Result: "TRUE"}, {SQL: "CAST(NULL AS INT) IS NOT NULL", Result: "FALSE"}},
			Scalar:   func(c *udf.Call) (*udf.BoundScalar, error) { return bindNull(c, false) },
		},
	}
}

func bindNull(c *udf.Call, isNull bool) (*udf.BoundScalar, error) {
	if len(c.Args) != 1 {
		return nil, wrongArity(c, 1, 1)
	}
	return &udf.BoundScalar{
		Args: []types.Type{c.Args[0].Type}, Result: types.BooleanType.WithNotNull(true), Nulls: udf.NullsSeen,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			r := out.Bool[:n]
			if len(args[0].Valid) == 0 {
				for i := range r {
					r[i] = !isNull
				}
				return nil
			}
			for i := range r {
				r[i] = args[0].IsNull(i) == isNull
			}
			return nil
		},
	}, nil
}
