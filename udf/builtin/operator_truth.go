package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// operatorTruth is IS [NOT] TRUE, FALSE and UNKNOWN: tests of a boolean that are never NULL.
func operatorTruth() []udf.Spec {
	spec := func(name, summary string, whenTrue, whenFalse, whenNull bool, examples ...udf.Example) udf.Spec {
		return udf.Spec{
			Name: name, Usage: []string{"a " + name}, Summary: summary, Examples: examples,
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) { return bindTruth(c, whenTrue, whenFalse, whenNull) },
		}
	}
	return []udf.Spec{
		spec("IS TRUE", "Returns whether the boolean is TRUE.", true, false, false,
			udf.Example{SQL: "(1 < 2) IS TRUE", Result: "TRUE"}, udf.Example{SQL: "CAST(NULL AS BOOLEAN) IS TRUE", Result: "FALSE"}),
		spec("IS NOT TRUE", "Returns whether the boolean is FALSE or NULL.", false, true, true,
			udf.Example{SQL: "CAST(NULL AS BOOLEAN) IS NOT TRUE", Result: "TRUE"}),
		spec("IS FALSE", "Returns whether the boolean is FALSE.", false, true, false,
			udf.Example{SQL: "(1 < 2) IS FALSE", Result: "FALSE"}, udf.Example{SQL: "CAST(NULL AS BOOLEAN) IS FALSE", Result: "FALSE"}),
		spec("IS NOT FALSE", "Returns whether the boolean is TRUE or NULL.", true, false, true,
			udf.Example{SQL: "CAST(NULL AS BOOLEAN) IS NOT FALSE", Result: "TRUE"}),
		spec("IS UNKNOWN", "Returns whether the boolean is NULL.", false, false, true,
			udf.Example{SQL: "CAST(NULL AS BOOLEAN) IS UNKNOWN", Result: "TRUE"}),
		spec("IS NOT UNKNOWN", "Returns whether the boolean is TRUE or FALSE.", true, true, false,
			udf.Example{SQL: "(1 < 2) IS NOT UNKNOWN", Result: "TRUE"}),
	}
}

func bindTruth(c *udf.Call, whenTrue, whenFalse, whenNull bool) (*udf.BoundScalar, error) {
	ts, err := operands(c, 1, types.BooleanType)
	if err != nil {
		return nil, err
	}
	if ts[0].Kind != types.Boolean {
		return nil, mismatch(c, ts, "")
	}
	return &udf.BoundScalar{
		Args: ts, Result: types.BooleanType.WithNotNull(true), Nulls: udf.NullsSeen,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			a, r := args[0], out.Bool[:n]
			for i, x := range a.Bool[:n] {
				switch {
				case a.IsNull(i):
					r[i] = whenNull
				case x:
					r[i] = whenTrue
				default:
					r[i] = whenFalse
				}
			}
			return nil
		},
	}, nil
}
