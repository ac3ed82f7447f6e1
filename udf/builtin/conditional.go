package builtin

import (
	"strings"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// conditionals is the family of functions that choose between values. Those with a Form are lowered by the planner.
func conditionals() []udf.Spec {
	return []udf.Spec{
		{
			Name:    "COALESCE",
			Family:  "conditional",
			Usage:   []string{"COALESCE(value [, value]*)"},
			Summary: "The first of the values that is not NULL; NULL when all are.",
			Examples: []udf.Example{
				{SQL: "COALESCE(CAST(NULL AS INT), 5)", Result: "5"},
			},
			Form: udf.FormCoalesce,
		},
		{
			Name:    "IF",
			Family:  "conditional",
			Usage:   []string{"IF(condition, value, otherwise)"},
			Summary: "The first value when the condition is TRUE, else the second.",
			Examples: []udf.Example{
				{SQL: "IF(5 > 3, 5, 3)", Result: "5"},
				{SQL: "IF(CAST(NULL AS BOOLEAN), 'yes', 'no')", Result: "no"},
			},
			Form: udf.FormIf,
		},
		{
			Name:     "NULLIF",
			Family:   "conditional",
			Usage:    []string{"NULLIF(a, b)"},
			Summary:  "NULL when both values are equal, else the first.",
			Examples: []udf.Example{{SQL: "NULLIF(5, 5)", Result: "NULL"}, {SQL: "NULLIF(5, 0)", Result: "5"}},
			Form:     udf.FormNullIf,
		},
		{
			Name:     "IFNULL",
			Family:   "conditional",
			Usage:    []string{"IFNULL(value, otherwise)"},
			Summary:  "The value, or the other one when it is NULL.",
			Examples: []udf.Example{{SQL: "IFNULL(CAST(NULL AS INT), 7)", Result: "7"}},
			Form:     udf.FormIfNull,
		},
		{
			Name:     "GREATEST",
			Family:   "conditional",
			Usage:    []string{"GREATEST(value [, value]*)"},
			Summary:  "The largest of the values; NULL when any is.",
			Examples: []udf.Example{{SQL: "GREATEST(1, 3, 2)", Result: "3"}, {SQL: "GREATEST(1, CAST(NULL AS INT))", Result: "NULL"}},
			Scalar:   func(c *udf.Call) (*udf.BoundScalar, error) { return bindExtremeOf(c, 1) },
		},
		{
			Name:     "LEAST",
			Family:   "conditional",
			Usage:    []string{"LEAST(value [, value]*)"},
			Summary:  "The smallest of the values; NULL when any is.",
			Examples: []udf.Example{{SQL: "LEAST(2, 1, 3)", Result: "1"}},
			Scalar:   func(c *udf.Call) (*udf.BoundScalar, error) { return bindExtremeOf(c, -1) },
		},
		{
			Name:    "TYPEOF",
			Family:  "conditional",
			Usage:   []string{"TYPEOF(value [, force_serializable])"},
			Summary: "The type of an expression, as text; with TRUE without the short names STRING and BYTES.",
			Examples: []udf.Example{
				{SQL: "TYPEOF(CAST(1.5 AS DECIMAL(10, 2)))", Result: "DECIMAL(10, 2) NOT NULL"},
				{SQL: "TYPEOF(NULL)", Result: "NULL"},
			},
			Scalar: bindTypeOf,
		},
	}
}

// bindExtremeOf binds GREATEST for sign 1 and LEAST for -1. NaN is larger than every number.
func bindExtremeOf(c *udf.Call, sign int) (*udf.BoundScalar, error) {
	if len(c.Args) == 0 {
		return nil, udf.Errorf(-1, "%s takes at least one argument", c.Name)
	}
	var all []types.Type
	for i, a := range c.Args {
		if a.Type.IsNested() || a.Type.Kind == types.Symbol {
			return nil, udf.Errorf(i, "%s does not order values of type %s", c.Name, a.Type)
		}
		all = append(all, a.Type.WithAttr(types.NoTime))
		if _, ok := types.CommonType(all...); !ok {
			return nil, udf.Errorf(i, "%s can't compare %s and %s; CAST one of them", c.Name, all[0].Nullable(), a.Type.Nullable())
		}
	}
	t, _ := types.CommonType(all...)
	if t.Kind == types.Null {
		t = types.IntType
	}
	s := &udf.BoundScalar{Result: t}
	for _, a := range all {
		s.Args = append(s.Args, t.WithNotNull(a.NotNull))
	}
	appended := t.Kind.Storage() == types.StoreBytes
	s.Eval = func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		if !appended { // dense values are appended, too, and keep the NULLs that the caller has set
			valid := out.Valid
			out.Reset()
			out.Valid = valid
		}
		for i := range n {
			if !out.Valid.Get(i) {
				out.AppendZero()
				continue
			}
			best := args[0]
			for _, v := range args[1:] {
				if types.CompareAt(v, i, best, i)*sign > 0 {
					best = v
				}
			}
			out.AppendRow(best, i)
		}
		return nil
	}
	return s, nil
}

func bindTypeOf(c *udf.Call) (*udf.BoundScalar, error) {
	if len(c.Args) != 1 && len(c.Args) != 2 {
		return nil, wrongArity(c, 1, 2)
	}
	text := c.Args[0].Type.WithAttr(types.NoTime).String()
	args := []types.Type{c.Args[0].Type}
	if len(c.Args) == 2 {
		a := c.Args[1]
		if a.Type.Kind != types.Boolean || !a.Literal {
			return nil, udf.Errorf(1, "TYPEOF takes TRUE or FALSE here")
		}
		args = append(args, types.BooleanType)
		if a.Value == true {
			text = strings.NewReplacer("STRING", "VARCHAR(2147483647)", "BYTES", "VARBINARY(2147483647)").Replace(text)
		}
	}
	return &udf.BoundScalar{
		Args:   args,
		Result: types.StringType,
		Nulls:  udf.NullsSeen,
		Eval: func(_ *udf.Context, _ []*types.Vector, out *types.Vector, n int) error {
			for range n {
				out.AppendString(text)
			}
			return nil
		},
	}, nil
}
