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
}

func (sc *scope) compileCall(e *rex.Call) (node, error) {
	args, err := sc.compileAll(e.Args)
	if err != nil {
		return nil, err
	}
	c := &callNode{expr: e, args: args, values: make([]*types.Vector, len(args)), out: types.NewVector(e.Fn.Result), fn: e.Fn.Eval}
	if e.Fn.New == nil {
		return c, nil
	}
	s := &statefulNode{callNode: c, instance: e.Fn.New()}
	s.instance.Grow(1)
	c.fn = func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		return s.instance.Eval(ctx, nil, args, out, n)
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
	p := sc.program
	p.running = c
	err := c.fn(p.ctx, c.values, c.out, sc.n)
	p.running = nil
	if err == nil && c.out.N != sc.n {
		err = fmt.Errorf("the function returned %d values for %d rows", c.out.N, sc.n)
	}
	if err != nil {
		return nil, callError(c, c.values, err)
	}
	return c.out, nil
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
