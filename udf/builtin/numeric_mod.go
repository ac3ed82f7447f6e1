package builtin

import "github.com/weirsql/weir/udf"

func numericMod() []udf.Spec {
	return []udf.Spec{{
		Name: "MOD", Usage: []string{"MOD(a, b)"},
		Summary:  "Returns the remainder of dividing two exact numbers, with the sign of the first; a zero divisor fails.",
		Examples: []udf.Example{{SQL: "MOD(7, 3)", Result: "1"}, {SQL: "MOD(-7.50, 2.25)", Result: "-0.75"}},
		Scalar:   bindModulo,
	}}
}
