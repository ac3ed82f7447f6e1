package expr_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/runtime/expr"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// Random expressions give, over random batches, what evaluating them value by value gives: the same results, and an
// error exactly when some row that counts has one.
func TestProgramAgainstRows(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		exprs := []rex.Expr{randomExpr(rnd, types.BigInt, 4), randomExpr(rnd, types.Varchar, 3), randomExpr(rnd, types.Boolean, 4)}
		p, err := expr.Compile(exprs)
		if err != nil {
			t.Fatal(err)
		}
		p.Open(&udf.Context{})
		for range 4 {
			b := randomBatch(rnd, rnd.IntN(70), rnd.IntN(4))
			rows := make([]int32, b.N)
			for i := range rows {
				rows[i] = int32(i)
			}
			if rnd.IntN(2) == 0 {
				b.Sel = randomSel(rnd, b.N)
				rows = b.Sel
			}
			got, err := p.Eval(b)
			want, wantErr := rowByRow(exprs, b, rows)
			if (err != nil) != (wantErr != nil) {
				t.Fatalf("seed %d: %v\nerror %v, row by row %v", seed, exprs, err, wantErr)
			}
			if err != nil {
				var row *udf.RowError
				if !errors.As(err, &row) {
					t.Fatalf("seed %d: error %v names no row", seed, err)
				}
				if _, again := rowByRow(exprs, b, []int32{int32(row.Row)}); again == nil {
					t.Fatalf("seed %d: %v\n%v blames row %d, which is innocent", seed, exprs, err, row.Row)
				}
				break // a program isn't used after an error
			}
			for k, v := range got {
				if v.N != len(rows) {
					t.Fatalf("seed %d: %s: %d values for %d rows", seed, exprs[k], v.N, len(rows))
				}
				for i := range rows {
					if x := v.Value(i); !reflect.DeepEqual(x, want[k][i]) {
						t.Fatalf("seed %d: %s: row %d is %v, want %v", seed, exprs[k], rows[i], x, want[k][i])
					}
				}
			}
		}
	}
}

func randomExpr(rnd *rand.Rand, kind types.Kind, depth int) rex.Expr {
	sub := func(k types.Kind) rex.Expr { return randomExpr(rnd, k, depth-1) }
	t := map[types.Kind]types.Type{types.BigInt: types.BigIntType, types.Varchar: types.StringType, types.Boolean: types.BooleanType}[kind]
	row := column("r")
	if depth == 0 || rnd.IntN(6) == 0 {
		switch pick := rnd.IntN(7); {
		case pick == 0:
			return &rex.Literal{T: t}
		case kind == types.BigInt && pick < 3:
			return literal(rnd.IntN(3))
		case kind == types.BigInt && pick < 5:
			return column("a")
		case kind == types.BigInt && pick < 6:
			return &rex.Field{X: row, Index: 0, T: types.BigIntType}
		case kind == types.BigInt:
			return column("b")
		case kind == types.Varchar && pick < 3:
			return literal(texts[rnd.IntN(len(texts))])
		case kind == types.Varchar && pick < 5:
			return column("s")
		case kind == types.Varchar && pick < 6:
			return &rex.Field{X: row, Index: 1, T: types.StringType}
		case kind == types.Varchar:
			return column("t")
		}
		return column("p")
	}
	many := func(k types.Kind) (out []rex.Expr) {
		for range 2 + rnd.IntN(2) {
			out = append(out, sub(k))
		}
		return out
	}
	switch rnd.IntN(6) {
	case 0:
		c := &rex.Case{Else: sub(kind), T: t}
		for range 1 + rnd.IntN(2) {
			c.Conds, c.Results = append(c.Conds, sub(types.Boolean)), append(c.Results, sub(kind))
		}
		return c
	case 1:
		return &rex.Coalesce{Args: many(kind), T: t}
	}
	switch kind {
	case types.BigInt:
		switch rnd.IntN(4) {
		case 0:
			return toInt(sub(types.Varchar), rnd.IntN(3) > 0)
		case 1:
			return divide(sub(kind), sub(kind))
		}
		return plus(sub(kind), sub(kind))
	case types.Varchar:
		if rnd.IntN(3) == 0 {
			return toText(sub(types.BigInt))
		}
		return concat(sub(kind), sub(kind))
	}
	operand := []types.Kind{types.BigInt, types.Varchar}[rnd.IntN(2)]
	switch rnd.IntN(4) {
	case 0:
		return compare([]string{"=", "<>", "<", "<=", ">", ">="}[rnd.IntN(6)], sub(operand), sub(operand))
	case 1:
		in := &rex.In{X: sub(operand), Not: rnd.IntN(2) == 0, T: types.BooleanType}
		for range rnd.IntN(3) {
			if operand == types.BigInt {
				in.Values = append(in.Values, literal(rnd.IntN(3)))
			} else {
				in.Values = append(in.Values, literal(texts[rnd.IntN(len(texts))]))
			}
		}
		if rnd.IntN(3) == 0 {
			in.Values = append(in.Values, &rex.Literal{T: in.X.Type()})
		}
		return in
	case 2:
		return isNull(sub(operand), rnd.IntN(2) == 0)
	}
	return &rex.Logic{Or: rnd.IntN(2) == 0, Args: many(types.Boolean), T: types.BooleanType}
}

// rowByRow evaluates expressions value by value, with the laziness that package rex describes.
func rowByRow(exprs []rex.Expr, b *types.Batch, rows []int32) ([][]any, error) {
	out := make([][]any, len(exprs))
	for k, e := range exprs {
		for _, i := range rows {
			x, err := value(e, b, int(i))
			if err != nil {
				return nil, err
			}
			out[k] = append(out[k], x)
		}
	}
	return out, nil
}

func value(e rex.Expr, b *types.Batch, i int) (any, error) {
	kernel := func(args []rex.Expr, mode udf.NullMode, t types.Type, eval func([]*types.Vector, *types.Vector) error) (any, error) {
		var in []*types.Vector
		for _, a := range args {
			x, err := value(a, b, i)
			if err != nil || x == nil && mode == udf.NullIfAny {
				// The other arguments are still evaluated, and may fail.
				for _, other := range args {
					if _, err := value(other, b, i); err != nil {
						return nil, err
					}
				}
				return nil, err
			}
			v := types.NewVector(a.Type())
			v.AppendValue(x)
			in = append(in, v)
		}
		v := types.NewVector(t)
		v.Resize(1)
		if err := eval(in, v); err != nil {
			return nil, err
		}
		return v.Value(0), nil
	}
	switch e := e.(type) {
	case *rex.Column:
		return b.Cols[e.Index].Value(i), nil
	case *rex.Literal:
		return e.Value, nil
	case *rex.Field:
		row, err := value(e.X, b, i)
		if err != nil || row == nil {
			return nil, err
		}
		return row.([]any)[e.Index], nil
	case *rex.Call:
		return kernel(e.Args, e.Fn.Nulls, e.Type(), func(in []*types.Vector, out *types.Vector) error {
			return e.Fn.Eval(nil, in, out, 1)
		})
	case *rex.Cast:
		return kernel([]rex.Expr{e.X}, udf.NullIfAny, e.T, func(in []*types.Vector, out *types.Vector) error {
			return e.Kernel.Eval(nil, in[0], out, 1)
		})
	case *rex.Case:
		for k, cond := range e.Conds {
			x, err := value(cond, b, i)
			if err != nil {
				return nil, err
			}
			if x == true {
				return value(e.Results[k], b, i)
			}
		}
		return value(e.Else, b, i)
	case *rex.Coalesce:
		for _, a := range e.Args {
			if x, err := value(a, b, i); err != nil || x != nil {
				return x, err
			}
		}
		return nil, nil
	case *rex.In:
		x, err := value(e.X, b, i)
		if err != nil || x == nil {
			return nil, err
		}
		miss := any(e.Not)
		for _, l := range e.Values {
			if l.Value == x {
				return !e.Not, nil
			}
			if l.Value == nil {
				miss = nil
			}
		}
		return miss, nil
	case *rex.Logic:
		var result any = !e.Or
		for _, a := range e.Args {
			x, err := value(a, b, i)
			if err != nil || x == e.Or {
				return x, err
			}
			if x == nil {
				result = nil
			}
		}
		return result, nil
	}
	return nil, fmt.Errorf("no rule for %T", e)
}

// A result that has no code of its own per type still comes out right: lists through CASE, a row's fields through a
// selection.
func TestNestedValues(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	b := randomBatch(rnd, 20, 3)
	b.Sel = randomSel(rnd, b.N)
	list := column("l")
	p, err := expr.Compile([]rex.Expr{
		&rex.Case{Conds: []rex.Expr{column("p")}, Results: []rex.Expr{list}, Else: &rex.Literal{T: types.NullType}, T: list.Type()},
		&rex.In{X: list, Values: []*rex.Literal{{Value: []any{int64(1)}, T: list.Type()}}, T: types.BooleanType},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Open(&udf.Context{})
	got, err := p.Eval(b)
	if err != nil {
		t.Fatal(err)
	}
	for k, i := range b.Sel {
		x := b.Cols[schema.Index("l")].Value(int(i))
		var want any
		if b.Cols[schema.Index("p")].Value(int(i)) == true {
			want = x
		}
		if v := got[0].Value(k); !reflect.DeepEqual(v, want) {
			t.Errorf("CASE: row %d is %v, want %v", i, v, want)
		}
		want = nil
		if x != nil {
			want = reflect.DeepEqual(x, []any{int64(1)})
		}
		if v := got[1].Value(k); v != want {
			t.Errorf("IN: row %d is %v, want %v", i, v, want)
		}
	}
}

// A column without a selection isn't copied, and what occurs twice is computed once.
func TestNoWorkTwice(t *testing.T) {
	calls := 0
	count := func() rex.Expr {
		return operator("count", &udf.BoundScalar{Result: types.BigIntType, Args: []types.Type{types.BigIntType},
			Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
				calls++
				copy(out.I64, args[0].I64)
				return nil
			}}, column("a"))
	}
	p, err := expr.Compile([]rex.Expr{column("s"), plus(count(), literal(1)), plus(literal(1), count())})
	if err != nil {
		t.Fatal(err)
	}
	p.Open(&udf.Context{})
	b := randomBatch(rand.New(rand.NewPCG(1, 1)), 10, 0)
	for range 3 {
		out, err := p.Eval(b)
		if err != nil {
			t.Fatal(err)
		}
		if out[0] != b.Cols[schema.Index("s")] {
			t.Error("the column was copied")
		}
	}
	if calls != 3 {
		t.Errorf("%d calls for 3 batches", calls)
	}
}

// counter numbers the rows it sees.
type counter struct{ n int64 }

func (c *counter) Grow(int)    {}
func (c *counter) Reset(int32) { c.n = 0 }
func (c *counter) Bytes() int  { return 8 }
func (c *counter) Eval(_ *udf.Context, _ []int32, _ []*types.Vector, out *types.Vector, n int) error {
	for i := range n {
		out.I64[i] = c.n
		c.n++
	}
	return nil
}
func (c *counter) Encode(dst []byte, _ int32) []byte { return append(dst, byte(c.n)) }
func (c *counter) Decode(_ int32, b []byte) error    { c.n = int64(b[0]); return nil }

// Every call of a stateful function has an instance of its own, that sees only the rows that need it.
func TestStateful(t *testing.T) {
	number := func() rex.Expr {
		return &rex.Call{Spec: &udf.Spec{Name: "NUMBER"}, Fn: &udf.BoundScalar{Result: types.BigIntType, New: func() udf.Stateful { return &counter{} }}}
	}
	exprs := []rex.Expr{number(), &rex.Case{Conds: []rex.Expr{column("p")}, Results: []rex.Expr{number()}, Else: literal(-1), T: types.BigIntType}}
	p, err := expr.Compile(exprs)
	if err != nil {
		t.Fatal(err)
	}
	p.Open(&udf.Context{})
	b := types.NewBatch(schema)
	for _, x := range []bool{true, false, true} {
		for i, c := range b.Cols {
			if schema.Fields[i].Name == "p" {
				c.AppendValue(x)
			} else {
				c.AppendNull()
			}
		}
		b.AppendKind(types.Insert)
	}
	for round, want := range [][2][]int64{{{0, 1, 2}, {0, -1, 1}}, {{3, 4, 5}, {2, -1, 3}}} {
		out, err := p.Eval(b)
		if err != nil {
			t.Fatal(err)
		}
		for k := range out {
			if !reflect.DeepEqual(out[k].I64, want[k]) {
				t.Errorf("batch %d: column %d is %v, want %v", round, k, out[k].I64, want[k])
			}
		}
		restored, err := expr.Compile(exprs)
		if err != nil {
			t.Fatal(err)
		}
		restored.Open(&udf.Context{})
		for i := range p.Stateful() {
			if err := restored.Restore(i, p.Snapshot(i)); err != nil {
				t.Fatal(err)
			}
		}
		p = restored
	}
	if err := p.Restore(2, nil); err == nil {
		t.Error("state of a third call was taken")
	}
}

// Errors say which call failed, where it stands and on what.
func TestErrors(t *testing.T) {
	b := types.NewBatch(schema)
	for _, x := range []int64{4, 2, 0} {
		for _, c := range b.Cols {
			c.AppendNull()
		}
		b.Cols[0].I64[b.N], b.Cols[1].I64[b.N] = 12, x
		b.Cols[0].Valid.Set(b.N)
		b.Cols[1].Valid.Set(b.N)
		b.AppendKind(types.Insert)
	}
	b.Sel = []int32{0, 2}
	boom := &rex.Call{Spec: &udf.Spec{Name: "BOOM"}, Span: diag.Span{Start: 7, End: 13}, Args: []rex.Expr{column("b")},
		Fn: &udf.BoundScalar{Result: types.BigIntType, Eval: func(_ *udf.Context, args []*types.Vector, _ *types.Vector, n int) error {
			if slices.Contains(args[0].I64[:n], 0) {
				panic("lit")
			}
			return nil
		}}}
	short := &rex.Call{Spec: &udf.Spec{Name: "SHORT"},
		Fn: &udf.BoundScalar{Result: types.StringType, Eval: func(*udf.Context, []*types.Vector, *types.Vector, int) error { return nil }}}
	long := *short // a constant that a function has made
	long.Args = []rex.Expr{literal(strings.Repeat("y", 100_000))}
	for _, test := range []struct {
		expr rex.Expr
		row  int
		span diag.Span
		text []string
	}{
		{divide(column("a"), column("b")), 2, diag.Span{}, []string{"(a / b)", "(12, 0)", "division by zero"}},
		{&rex.Case{Conds: []rex.Expr{compare("=", column("b"), literal(0))}, Results: []rex.Expr{divide(column("a"), column("b"))}, Else: literal(0), T: types.BigIntType},
			2, diag.Span{}, []string{"division by zero"}},
		{boom, 2, diag.Span{Start: 7, End: 13}, []string{"BOOM(b) for (0)", "panicked at program_test.go:", "lit"}},
		{short, -1, diag.Span{}, []string{"SHORT()", "0 values for 2 rows"}},
		{&long, -1, diag.Span{}, []string{"SHORT('yyy", "y… (100009 bytes): ", "0 values for 2 rows"}},
	} {
		p, err := expr.Compile([]rex.Expr{test.expr})
		if err != nil {
			t.Fatal(err)
		}
		p.Open(&udf.Context{})
		_, err = p.Eval(b)
		if err == nil {
			t.Fatalf("%s: no error", test.expr)
		}
		if len(err.Error()) > 1000 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
		for _, s := range test.text {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: error %q doesn't say %q", test.expr, err, s)
			}
		}
		var row *udf.RowError
		if errors.As(err, &row) != (test.row >= 0) || row != nil && row.Row != test.row {
			t.Errorf("%s: error is of row %+v, want %d", test.expr, row, test.row)
		}
		var d *diag.Error
		if !errors.As(err, &d) || d.Span != test.span {
			t.Errorf("%s: error %+v has not the span %v", test.expr, d, test.span)
		}
	}
	if _, err := expr.Compile([]rex.Expr{&rex.Literal{Value: "x", T: types.BigIntType}}); err == nil {
		t.Error("a literal of the wrong type compiled")
	}
}

// In the steady state a batch costs no allocation.
func TestNoAllocations(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	b := randomBatch(rnd, 1000, 4)
	b.Sel = randomSel(rnd, b.N)
	p, err := expr.Compile([]rex.Expr{
		plus(column("a"), literal(3)),
		&rex.Case{Conds: []rex.Expr{compare(">", column("b"), literal(0))}, Results: []rex.Expr{&rex.Coalesce{Args: []rex.Expr{column("s"), column("t")}, T: types.StringType}}, Else: literal("none"), T: types.StringType},
		&rex.In{X: column("s"), Values: []*rex.Literal{literal("a"), literal("b")}, T: types.BooleanType},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Open(&udf.Context{})
	f, err := expr.CompileFilter(&rex.Logic{Args: []rex.Expr{compare("=", column("s"), literal("Chrome")), compare("<", column("a"), literal(3)), compare("<", column("a"), column("b"))}})
	if err != nil {
		t.Fatal(err)
	}
	f.Open(&udf.Context{})
	if n := testing.AllocsPerRun(20, func() {
		if _, err := p.Eval(b); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Select(b); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations per batch", n)
	}
}
