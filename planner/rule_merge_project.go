package planner

import "github.com/weirsql/weir/planner/rex"

// mergeProjects makes one projection of two on top of each other, unless that would compute something twice.
func mergeProjects(n node) node {
	n = rewriteInputs(n, mergeProjects)
	upper, ok := n.(*projectNode)
	if !ok {
		return n
	}
	lower, ok := upper.input.(*projectNode)
	if !ok {
		return n
	}
	uses := make([]int, len(lower.exprs))
	for _, e := range upper.exprs {
		rex.Columns(e, func(c *rex.Column) { uses[c.Index]++ })
	}
	for i, e := range lower.exprs {
		if !rex.Deterministic(e) || uses[i] > 1 && len(rex.Children(e)) > 0 {
			return n
		}
	}
	exprs := make([]rex.Expr, len(upper.exprs))
	for i, e := range upper.exprs {
		exprs[i] = substitute(e, lower.exprs)
	}
	return mergeProjects(project(lower.input, exprs, upper.names))
}
