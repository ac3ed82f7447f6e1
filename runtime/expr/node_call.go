package expr

import (
	"fmt"

	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// callNode calls a scalar function.
type callNode struct {
	expr   *rex.Call
	args   []node
	values []*types.Vector
	out    *types.Vector
	fn     udf.Eval
	text   string // the call, for who asks what is running
}

func (sc *scope) compileCall(e *rex.Call) (node, error) {
	args, err := sc.compileAll(e.Args)
	if err != nil {
		return nil, err
	}
	c := &callNode{expr: e, args: args, values: make([]*types.Vector, len(args)), out: types.NewVector(e.Fn.Result), fn: e.Fn.Eval, text: shorten(e.String(), maxCall)}
	if e.Fn.New == nil {
		return c, nil
	}
	s := &statefulNode{callNode: c, instance: e.Fn.New()}
	s.instance.Grow(1)
	c.fn = func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		return s.instance.Eval(ctx, sc.program.groups, args, out, n)
	}
	sc.program.stateful = append(sc.program.stateful, s)
	return s, nil
}

func (c *callNode) source() rex.Expr { return c.expr }

func (c *callNode) eval(sc *scope) (*types.Vector, error) {
	for i, a := range c.args {
		v, err := a.eval(sc)
		if err != nil {
			return nil, err
		}
		c.values[i] = v
	}
	c.out.Resize(sc.n)
	if c.expr.Fn.Nulls == udf.NullIfAny {
		nullIfAny(c.out, c.values, sc.n)
	}
	ctx := sc.program.ctx
	err := ctx.Call(&c.text, func() error { return c.fn(ctx, c.values, c.out, sc.n) })
	if panicked, ok := err.(*udf.PanicError); ok {
		err = c.blame(ctx, sc.n, panicked)
	}
	if err == nil && c.out.N != sc.n {
		err = fmt.Errorf("the function returned %d values for %d rows", c.out.N, sc.n)
	}
	if err != nil {
		return nil, callError(c, c.values, err)
	}
	return c.out, nil
}

// blame finds the row that the function panics for, by calling it for one row after the other. A function with memory would
// learn the rows a second time: of its rows none is named.
func (c *callNode) blame(ctx *udf.Context, n int, panicked *udf.PanicError) error {
	if c.expr.Fn.New != nil {
		return panicked
	}
	one, out := make([]*types.Vector, len(c.values)), types.NewVector(c.out.Type)
	for k, v := range c.values {
		one[k] = types.NewVector(v.Type)
	}
	for i := range n {
		for k, v := range c.values {
			one[k].Reset()
			if v.Type.Kind.Storage() == types.StoreNone {
				one[k].AppendNull()
				continue
			}
			one[k].AppendRow(v, i)
		}
		out.Resize(1)
		if c.expr.Fn.Nulls == udf.NullIfAny {
			nullIfAny(out, one, 1)
		}
		if again, ok := ctx.Call(&c.text, func() error { return c.fn(ctx, one, out, 1) }).(*udf.PanicError); ok {
			return &udf.RowError{Row: i, Err: again}
		}
	}
	return panicked
}

// statefulNode is a call of a function with memory: the instance sees the rows that need it, in their order.
type statefulNode struct {
	*callNode
	instance udf.Stateful
}

// nullIfAny makes the rows of out NULL in which an argument is. out has no NULLs yet. Keywords, which have no values,
// don't count.
func nullIfAny(out *types.Vector, args []*types.Vector, n int) {
	words := (n + 63) / 64
	for _, a := range args {
		if len(a.Valid) == 0 || a.Type.Kind == types.Symbol {
			continue
		}
		out.Valid = out.Valid.Grow(n)
		out.Valid.And(a.Valid)
	}
	if rest := n & 63; rest != 0 && len(out.Valid) == words {
		out.Valid[words-1] |= ^uint64(0) << rest // rows past the end are valid
	}
}
