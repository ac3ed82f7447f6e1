package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func operatorDistinct() []udf.Spec {
	return []udf.Spec{
		{
			Name: "IS DISTINCT FROM", Usage: []string{"a IS DISTINCT FROM b"},
			Summary:  "Returns whether two values differ, where NULL differs from everything but NULL.",
			Examples: []udf.Example{{SQL: "1 IS DISTINCT FROM CAST(NULL AS INT)", Result: "TRUE"}, {SQL: "1 IS DISTINCT FROM 1", Result: "FALSE"}},
			Scalar:   func(c *udf.Call) (*udf.BoundScalar, error) { return bindDistinct(c, true) },
		},
		{
			Name: "IS NOT DISTINCT FROM", Usage: []string{"a IS NOT DISTINCT FROM b"},
			Summary:  "Returns whether two values are equal, where NULL equals NULL.",
			Examples: []udf.Example{{SQL: "CAST(NULL AS INT) IS NOT DISTINCT FROM CAST(NULL AS INT)", Result: "TRUE"}},
			Scalar:   func(c *udf.Call) (*udf.BoundScalar, error) { return bindDistinct(c, false) },
		},
	}
}

func bindDistinct(c *udf.Call, distinct bool) (*udf.BoundScalar, error) {
	ts, err := operands(c, 2, types.IntType)
	if err != nil {
		return nil, err
	}
	a, b := ts[0], ts[1]
	if a.IsApproximate() && b.IsApproximate() && a.Kind != b.Kind { // not as "=", which takes the left one's type
		a, b = types.DoubleType.WithNotNull(a.NotNull), types.DoubleType.WithNotNull(b.NotNull)
	}
	op := "="
	if distinct {
		op = "<>"
	}
	cmp, err := comparison(c, op, a, b)
	if err != nil {
		return nil, err
	}
	return &udf.BoundScalar{
		Args: cmp.args, Result: types.BooleanType.WithNotNull(true), Nulls: udf.NullsSeen,
		Eval: func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			if err := cmp.eval(ctx, args, out, n); err != nil {
				return err
			}
			r := out.Bool[:n]
			if len(out.Valid) > 0 { // text that is no datetime differs from every one
				for i := range r {
					if out.IsNull(i) {
						r[i] = distinct
					}
				}
				out.Valid = out.Valid[:0]
			}
			if len(args[0].Valid) == 0 && len(args[1].Valid) == 0 {
				return nil
			}
			for i := range r {
				if an, bn := args[0].IsNull(i), args[1].IsNull(i); an || bn {
					r[i] = (an != bn) == distinct
				}
			}
			return nil
		},
	}, nil
}
