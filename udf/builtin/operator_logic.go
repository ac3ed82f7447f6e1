package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func operatorLogic() []udf.Spec {
	return []udf.Spec{
		{
			Name: "AND", Usage: []string{"a AND b"},
			Summary: "Returns TRUE when both are TRUE, FALSE when one is FALSE, and NULL otherwise.",
			Examples: []udf.Example{
				{SQL: "TRUE AND FALSE", Result: "FALSE"},
				{SQL: "FALSE AND CAST(NULL AS BOOLEAN)", Result: "FALSE"},
				{SQL: "TRUE AND CAST(NULL AS BOOLEAN)", Result: "NULL"},
			},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) { return bindLogic(c, false) },
		},
		{
			Name: "OR", Usage: []string{"a OR b"},
			Summary: "Returns TRUE when one is TRUE, FALSE when both are FALSE, and NULL otherwise.",
			Examples: []udf.Example{
				{SQL: "TRUE OR FALSE", Result: "TRUE"},
				{SQL: "TRUE OR CAST(NULL AS BOOLEAN)", Result: "TRUE"},
				{SQL: "FALSE OR CAST(NULL AS BOOLEAN)", Result: "NULL"},
			},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) { return bindLogic(c, true) },
		},
		{
			Name: "NOT", Usage: []string{"NOT a"}, Summary: "Returns the opposite of a boolean; NULL stays NULL.",
			Examples: []udf.Example{{SQL: "NOT (1 < 2)", Result: "FALSE"}, {SQL: "NOT CAST(NULL AS BOOLEAN)", Result: "NULL"}},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				ts, err := operands(c, 1, types.BooleanType)
				if err != nil {
					return nil, err
				}
				if ts[0].Kind != types.Boolean {
					return nil, mismatch(c, ts, "")
				}
				return &udf.BoundScalar{Args: ts, Result: ts[0], Eval: not}, nil
			},
		},
	}
}

func not(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	r := out.Bool[:n]
	for i, x := range args[0].Bool[:n] {
		r[i] = !x
	}
	return nil
}

// bindLogic binds AND, for which FALSE decides, and OR, for which TRUE does.
func bindLogic(c *udf.Call, decides bool) (*udf.BoundScalar, error) {
	ts, err := operands(c, 2, types.BooleanType)
	if err != nil {
		return nil, err
	}
	if ts[0].Kind != types.Boolean || ts[1].Kind != types.Boolean {
		return nil, mismatch(c, ts, "")
	}
	return &udf.BoundScalar{
		Args: ts, Result: types.BooleanType.WithNotNull(ts[0].NotNull && ts[1].NotNull), Nulls: udf.NullsSeen,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			a, b, r := columns[bool, bool](args, out, n)
			for i := range r {
				r[i] = (a[i] == decides || b[i] == decides) == decides
			}
			if len(args[0].Valid) == 0 && len(args[1].Valid) == 0 {
				return nil
			}
			for i := range r {
				an, bn := args[0].IsNull(i), args[1].IsNull(i)
				if !an && !bn {
					continue
				}
				r[i] = decides
				if an && bn || an && b[i] != decides || bn && a[i] != decides {
					out.SetNull(i)
				}
			}
			return nil
		},
	}, nil
}
