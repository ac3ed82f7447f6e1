package expr

import (
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

// coalesceNode is the first operand that is not NULL. Operands are looked at only while rows are NULL, and those that
// may fail are evaluated on these rows only.
type coalesceNode struct {
	expr *rex.Coalesce
	args []operand
	pick picker
	rest []int32
}

func (sc *scope) compileCoalesce(e *rex.Coalesce) (node, error) {
	c := &coalesceNode{expr: e, pick: newPicker(e.T, len(e.Args))}
	for i, a := range e.Args {
		o, err := sc.compileOperand(a, i == 0)
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, o)
	}
	return c, nil
}

func (c *coalesceNode) source() rex.Expr { return c.expr }

func (c *coalesceNode) eval(sc *scope) (*types.Vector, error) {
	first, err := c.args[0].x.eval(sc)
	if err != nil || first.Valid.AllValid(sc.n) && first.Type.Kind.Storage() != types.StoreNone {
		return first, err
	}
	c.pick.reset()
	c.rest = c.rest[:0]
	for i := range sc.n {
		if first.IsNull(i) {
			c.rest = append(c.rest, int32(i))
		} else {
			c.pick.rows[0] = append(c.pick.rows[0], int32(i))
		}
	}
	c.pick.from[0] = first
	for k, a := range c.args[1:] {
		if len(c.rest) == 0 {
			break
		}
		k++
		last := k == len(c.args)-1
		var v *types.Vector
		if a.in == nil {
			v, err = a.x.eval(sc)
		} else {
			v, err = a.in.evalOn(sc, a.x, c.rest)
			c.pick.gathered[k] = true
		}
		if err != nil {
			return nil, err
		}
		c.pick.from[k] = v
		if last {
			c.pick.rows[k] = append(c.pick.rows[k], c.rest...)
			break
		}
		if a.in != nil {
			// Values stand beside the rows they were asked for, so every one of these rows must be listed, in order; those that
			// stay NULL go to a later operand, which overwrites them.
			c.pick.rows[k] = append(c.pick.rows[k], c.rest...)
		}
		still := c.rest[:0]
		for j, i := range c.rest {
			at := int(i)
			if a.in != nil {
				at = j
			}
			switch {
			case v.IsNull(at):
				still = append(still, i)
			case a.in == nil:
				c.pick.rows[k] = append(c.pick.rows[k], i)
			}
		}
		c.rest = still
	}
	return c.pick.merge(sc.n), nil
}
