package expr

import (
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

// caseNode is CASE WHEN: conditions decide row by row which result counts. Conditions and results that can't fail are
// computed for all rows, the others for the rows that come to them.
type caseNode struct {
	expr  *rex.Case
	conds []operand
	then  []operand // the last one is ELSE
	pick  picker
	rest  []int32
}

func (sc *scope) compileCase(e *rex.Case) (node, error) {
	c := &caseNode{expr: e, pick: newPicker(e.T, len(e.Results)+1)}
	for i := range e.Conds {
		cond, err := sc.compileOperand(truth(e.Conds[i]), i == 0)
		if err != nil {
			return nil, err
		}
		then, err := sc.compileOperand(e.Results[i], false)
		if err != nil {
			return nil, err
		}
		c.conds, c.then = append(c.conds, cond), append(c.then, then)
	}
	otherwise, err := sc.compileOperand(e.Else, false)
	c.then = append(c.then, otherwise)
	return c, err
}

func (c *caseNode) source() rex.Expr { return c.expr }

func (c *caseNode) eval(sc *scope) (*types.Vector, error) {
	c.pick.reset()
	c.rest = c.rest[:0]
	for i := range sc.n {
		c.rest = append(c.rest, int32(i))
	}
	for k, cond := range c.conds {
		if len(c.rest) == 0 {
			break
		}
		var v *types.Vector
		var err error
		if cond.in == nil {
			v, err = cond.x.eval(sc)
		} else {
			v, err = cond.in.evalOn(sc, cond.x, c.rest)
		}
		if err != nil {
			return nil, err
		}
		still, taken := c.rest[:0], c.pick.rows[k]
		for j, i := range c.rest {
			at := int(i)
			if cond.in != nil {
				at = j
			}
			if v.Bool[at] && v.Valid.Get(at) {
				taken = append(taken, i)
			} else {
				still = append(still, i)
			}
		}
		c.rest, c.pick.rows[k] = still, taken
	}
	last := len(c.conds)
	c.pick.rows[last] = append(c.pick.rows[last], c.rest...)
	for k, then := range c.then {
		rows := c.pick.rows[k]
		if len(rows) == 0 {
			continue
		}
		var err error
		if then.in == nil {
			c.pick.from[k], err = then.x.eval(sc)
		} else {
			c.pick.gathered[k] = true
			c.pick.from[k], err = then.in.evalOn(sc, then.x, rows)
		}
		if err != nil {
			return nil, err
		}
	}
	return c.pick.merge(sc.n), nil
}
