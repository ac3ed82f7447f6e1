package expr_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/cast"
)

// The functions of these tests: small stand-ins with the shapes that matter (NULL modes, errors, text), so that what is
// tested is the order of evaluation and not the built-ins.

var errZero = errors.New("division by zero")

func operator(name string, fn *udf.BoundScalar, args ...rex.Expr) rex.Expr {
	return &rex.Call{Spec: &udf.Spec{Name: name, Family: "operator"}, Fn: fn, Args: args}
}

func compare(name string, a, b rex.Expr) rex.Expr {
	holds := map[string]func(int) bool{
		"=": func(c int) bool { return c == 0 }, "<>": func(c int) bool { return c != 0 }, "<": func(c int) bool { return c < 0 },
		"<=": func(c int) bool { return c <= 0 }, ">": func(c int) bool { return c > 0 }, ">=": func(c int) bool { return c >= 0 },
	}[name]
	return operator(name, &udf.BoundScalar{
		Args: []types.Type{a.Type(), b.Type()}, Result: types.BooleanType,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			for i := range n {
				out.Bool[i] = holds(types.CompareAt(args[0], i, args[1], i))
			}
			return nil
		},
	}, a, b)
}

func isNull(a rex.Expr, want bool) rex.Expr {
	name := "IS NULL"
	if !want {
		name = "IS NOT NULL"
	}
	return operator(name, &udf.BoundScalar{
		Args: []types.Type{a.Type()}, Result: types.BooleanType.WithNotNull(true), Nulls: udf.NullsSeen,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			for i := range n {
				out.Bool[i] = args[0].IsNull(i) == want
			}
			return nil
		},
	}, a)
}

func plus(a, b rex.Expr) rex.Expr {
	return operator("+", &udf.BoundScalar{
		Args: []types.Type{types.BigIntType, types.BigIntType}, Result: types.BigIntType,
		Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			for i := range n {
				out.I64[i] = args[0].I64[i] + args[1].I64[i]
			}
			return nil
		},
	}, a, b)
}

func divide(a, b rex.Expr) rex.Expr {
	return operator("/", &udf.BoundScalar{
		Args: []types.Type{types.BigIntType, types.BigIntType}, Result: types.BigIntType, Fallible: true,
		Eval: udf.F2(func(_ *udf.Context, a, b int64) (int64, bool, error) {
			if b == 0 {
				return 0, false, errZero
			}
			return a / b, true, nil
		}),
	}, a, b)
}

func concat(a, b rex.Expr) rex.Expr {
	return operator("||", &udf.BoundScalar{
		Args: []types.Type{types.StringType, types.StringType}, Result: types.StringType,
		Eval: udf.F2Text(func(_ *udf.Context, dst []byte, a, b string) ([]byte, bool, error) {
			return append(append(dst, a...), b...), true, nil
		}),
	}, a, b)
}

// toText is CAST(bigint AS STRING), toInt the reverse, which fails for text that isn't a number.
func toText(x rex.Expr) rex.Expr {
	return &rex.Cast{X: x, T: types.StringType, Kernel: cast.Kernel{Eval: func(_ *udf.Context, in, out *types.Vector, n int) error {
		out.Reset()
		for i := range n {
			if in.IsNull(i) {
				out.AppendNull()
			} else {
				out.AppendString(strconv.FormatInt(in.I64[i], 10))
			}
		}
		return nil
	}}}
}

func toInt(x rex.Expr, try bool) rex.Expr {
	return &rex.Cast{X: x, T: types.BigIntType, Try: try, Kernel: cast.Kernel{Fallible: !try, Eval: func(_ *udf.Context, in, out *types.Vector, n int) error {
		out.Reset()
		for i := range n {
			if in.IsNull(i) {
				out.AppendNull()
				continue
			}
			switch x, err := strconv.ParseInt(in.Str(i), 10, 64); {
			case err == nil:
				out.AppendValue(x)
			case try:
				out.AppendNull()
			default:
				return &udf.RowError{Row: i, Err: err}
			}
		}
		return nil
	}}}
}

// schema of the tests' batches.
var schema = types.NewSchema(
	types.Field{Name: "a", Type: types.BigIntType}, types.Field{Name: "b", Type: types.BigIntType},
	types.Field{Name: "s", Type: types.StringType}, types.Field{Name: "t", Type: types.StringType},
	types.Field{Name: "p", Type: types.BooleanType}, types.Field{Name: "i", Type: types.IntType},
	types.Field{Name: "r", Type: types.RowType(types.Field{Name: "x", Type: types.BigIntType}, types.Field{Name: "y", Type: types.StringType})},
	types.Field{Name: "l", Type: types.ArrayType(types.BigIntType)},
)

func column(name string) rex.Expr {
	i := schema.Index(name)
	return &rex.Column{Index: i, Name: name, T: schema.Fields[i].Type}
}

func literal(x any) *rex.Literal {
	switch x := x.(type) {
	case int:
		return &rex.Literal{Value: int64(x), T: types.BigIntType.WithNotNull(true)}
	case string:
		return &rex.Literal{Value: x, T: types.CharType(len(x)).WithNotNull(true)}
	case bool:
		return &rex.Literal{Value: x, T: types.BooleanType.WithNotNull(true)}
	}
	panic(fmt.Sprintf("no literal of %T", x))
}

var texts = []string{"", "a", "b", "12", "7", "Chrome", "clickstream", "Chrome59", "Chrome591", "häfen", "exactly 16 bytes",
	"exactly 17 bytes."}

// randomBatch returns n rows of small values; one in nulls is NULL (0: none).
func randomBatch(rnd *rand.Rand, n, nulls int) *types.Batch {
	b := types.NewBatch(schema)
	null := func() bool { return nulls > 0 && rnd.IntN(nulls) == 0 }
	value := func(t types.Type) any {
		if null() {
			return nil
		}
		switch t.Kind {
		case types.BigInt:
			return rnd.Int64N(5) - 1
		case types.Int:
			return rnd.Int32N(5) - 1
		case types.Boolean:
			return rnd.IntN(2) == 0
		case types.Row:
			var row []any
			for _, f := range t.Fields {
				if null() {
					row = append(row, nil)
				} else if f.Type.Kind == types.BigInt {
					row = append(row, rnd.Int64N(5))
				} else {
					row = append(row, texts[rnd.IntN(len(texts))])
				}
			}
			return row
		case types.Array:
			list := []any{}
			for range rnd.IntN(3) {
				list = append(list, rnd.Int64N(2))
			}
			return list
		}
		return texts[rnd.IntN(len(texts))]
	}
	for range n {
		for i, f := range schema.Fields {
			b.Cols[i].AppendValue(value(f.Type))
		}
		b.AppendKind(types.Insert)
	}
	return b
}

// randomSel selects about a third of the rows.
func randomSel(rnd *rand.Rand, n int) []int32 {
	sel := []int32{}
	for i := range n {
		if rnd.IntN(3) == 0 {
			sel = append(sel, int32(i))
		}
	}
	return sel
}
