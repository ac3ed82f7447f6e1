package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func operatorConcat() []udf.Spec {
	return []udf.Spec{{
		Name: "||", Usage: []string{"a || b"}, Summary: "Joins two texts; NULL when one is NULL.",
		Examples: []udf.Example{{SQL: "'we' || 'ir'", Result: "weir"}, {SQL: "'a' || CAST(NULL AS STRING)", Result: "NULL"}},
		Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
			ts, err := operands(c, 2, types.StringType)
			if err != nil {
				return nil, err
			}
			a, b := ts[0], ts[1]
			if !a.IsCharacter() || !b.IsCharacter() {
				return nil, mismatch(c, ts, "CAST both to STRING")
			}
			t := types.VarcharType(min(a.Length+b.Length, types.MaxLength))
			if a.Kind == types.Char && b.Kind == types.Char {
				t.Kind = types.Char
			}
			return &udf.BoundScalar{Args: ts, Result: t.WithNotNull(a.NotNull && b.NotNull), Eval: concatTwo}, nil
		},
	}}
}

func concatTwo(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	a, b := args[0], args[1]
	for i := range n {
		if !out.IsNull(i) {
			out.Data = append(out.Data, a.Data[a.Offsets[i]:a.Offsets[i+1]]...)
			out.Data = append(out.Data, b.Data[b.Offsets[i]:b.Offsets[i+1]]...)
		}
		out.EndValue()
	}
	return nil
}
