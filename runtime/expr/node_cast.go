package expr

import (
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

// castNode converts a column. TRY_CAST is its kernel's business.
type castNode struct {
	expr *rex.Cast
	x    node
	in   [1]*types.Vector // for error messages
	out  *types.Vector
}

func (sc *scope) compileCast(e *rex.Cast) (node, error) {
	x, err := sc.compile(e.X)
	if err != nil {
		return nil, err
	}
	return &castNode{expr: e, x: x, out: types.NewVector(e.T)}, nil
}

func (c *castNode) source() rex.Expr { return c.expr }

func (c *castNode) eval(sc *scope) (*types.Vector, error) {
	in, err := c.x.eval(sc)
	if err != nil || c.expr.Kernel.Identity {
		return in, err
	}
	c.in[0] = in
	ctx := sc.program.ctx
	err = ctx.Call(nil, func() error { return c.expr.Kernel.Eval(ctx, in, c.out, sc.n) })
	if err != nil {
		return nil, callError(c, c.in[:], err)
	}
	return c.out, nil
}
