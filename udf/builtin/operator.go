package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// operators is the family of what is written with symbols and keywords rather than as a call. All are hidden: SHOW
// FUNCTIONS names what can be called.
func operators() []udf.Spec {
	var specs []udf.Spec
	for _, group := range [][]udf.Spec{
		operatorArithmetic(), operatorCompare(), operatorDistinct(), operatorNull(), operatorTruth(), operatorLogic(),
		operatorConcat(), operatorLike(), operatorSimilar(),
	} {
		specs = append(specs, group...)
	}
	for i := range specs {
		specs[i].Family, specs[i].Hidden = "operator", true
	}
	return specs
}

// operands checks the number of a call's operands and returns their types without time attributes. An untyped NULL
// takes the type of the other operand, or fallback where there is none.
func operands(c *udf.Call, n int, fallback types.Type) ([]types.Type, error) {
	if len(c.Args) != n {
		return nil, wrongArity(c, n, n)
	}
	ts := make([]types.Type, n)
	for i, a := range c.Args {
		ts[i] = a.Type.WithAttr(types.NoTime)
	}
	for i := range ts {
		if ts[i].Kind != types.Null {
			continue
		}
		ts[i] = fallback.Nullable()
		if n == 2 && c.Args[1-i].Type.Kind != types.Null {
			ts[i] = ts[1-i].Nullable()
		}
	}
	return ts, nil
}

// mismatch says that an operator doesn't take operands of these types.
func mismatch(c *udf.Call, ts []types.Type, hint string) error {
	var err *udf.ArgError
	if len(ts) == 1 {
		err = udf.Errorf(-1, "%s doesn't apply to %s", c.Name, ts[0].Nullable())
	} else {
		err = udf.Errorf(-1, "%s doesn't apply to %s and %s", c.Name, ts[0].Nullable(), ts[1].Nullable())
	}
	err.Hint = hint
	return err
}

// byKind picks the loop for a numeric type.
func byKind(k types.Kind, i8, i16, i32, i64, f32, f64 udf.Eval) udf.Eval {
	switch k {
	case types.TinyInt:
		return i8
	case types.SmallInt:
		return i16
	case types.Int:
		return i32
	case types.BigInt:
		return i64
	case types.Float:
		return f32
	case types.Double:
		return f64
	}
	return nil
}
