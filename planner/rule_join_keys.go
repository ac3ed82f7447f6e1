package planner

import (
	"slices"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
)

// joinKeys makes the two sides of every equality in a join's condition columns of the join's inputs, so that the join
// can hash them. Expressions are computed below the join and projected away above it.
func (p *Planner) joinKeys(n node) node {
	n = rewriteInputs(n, p.joinKeys)
	j, ok := n.(*joinNode)
	if !ok {
		return n
	}
	width := len(j.left.fields())
	var leftNew, rightNew []rex.Expr
	conds := conjuncts(j.cond)
	for _, c := range conds {
		l, r, _, ok := equality(c, width)
		if !ok {
			continue
		}
		if _, isColumn := l.(*rex.Column); !isColumn {
			leftNew = append(leftNew, l)
		}
		if _, isColumn := r.(*rex.Column); !isColumn {
			rightNew = append(rightNew, shift(r, -width))
		}
	}
	if len(leftNew) == 0 && len(rightNew) == 0 {
		return n
	}
	left, right := withColumns(j.left, leftNew), withColumns(j.right, rightNew)
	newWidth := len(left.fields())
	rightOld := len(j.right.fields())
	// Columns of the right side move behind the left side's new ones.
	move := func(e rex.Expr) rex.Expr {
		return rex.Rewrite(e, func(x rex.Expr) rex.Expr {
			if c, ok := x.(*rex.Column); ok && c.Index >= width {
				return &rex.Column{Index: c.Index + newWidth - width, Name: c.Name, T: c.T}
			}
			return x
		})
	}
	leftAt, rightAt := width, newWidth+rightOld
	var moved []rex.Expr
	for _, c := range conds {
		l, r, call, ok := equality(c, width)
		if !ok {
			moved = append(moved, move(c))
			continue
		}
		if _, isColumn := l.(*rex.Column); !isColumn {
			l = &rex.Column{Index: leftAt, Name: l.String(), T: l.Type()}
			leftAt++
		}
		if _, isColumn := r.(*rex.Column); !isColumn {
			r = &rex.Column{Index: rightAt, Name: r.String(), T: r.Type()}
			rightAt++
		} else {
			r = move(r)
		}
		eq := *call
		eq.Args = []rex.Expr{l, r}
		moved = append(moved, &eq)
	}
	out := *j
	out.left, out.right, out.cond = left, right, logic(false, moved...)
	if j.kind == physical.SemiJoin || j.kind == physical.AntiJoin {
		return keepColumns(&out, indexes(0, width))
	}
	return keepColumns(&out, slices.Concat(indexes(0, width), indexes(newWidth, newWidth+rightOld)))
}

// equality takes a condition apart that equates something of the left input with something of the right one.
func equality(c rex.Expr, width int) (left, right rex.Expr, call *rex.Call, ok bool) {
	call, ok = c.(*rex.Call)
	if !ok || call.Spec.Name != "=" && call.Spec.Name != "IS NOT DISTINCT FROM" || len(call.Args) != 2 {
		return nil, nil, nil, false
	}
	side := func(e rex.Expr) int {
		l, r := false, false
		rex.Columns(e, func(c *rex.Column) {
			if c.Index < width {
				l = true
			} else {
				r = true
			}
		})
		switch {
		case !rex.Deterministic(e) || l == r:
			return 0
		case l:
			return 1
		}
		return 2
	}
	a, b := call.Args[0], call.Args[1]
	if side(a) == 2 && side(b) == 1 {
		a, b = b, a
	}
	if side(a) != 1 || side(b) != 2 || !a.Type().SameStorage(b.Type()) {
		return nil, nil, nil, false
	}
	return a, b, call, true
}

// withColumns appends computed columns to n.
func withColumns(n node, extra []rex.Expr) node {
	if len(extra) == 0 {
		return n
	}
	fields := n.fields()
	exprs := columnsOf(fields)
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	for _, e := range extra {
		exprs, names = append(exprs, e), append(names, e.String())
	}
	return mergeProjects(project(n, exprs, names))
}

func indexes(from, to int) []int {
	out := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

// keepColumns projects n to some of its columns.
func keepColumns(n node, cols []int) node {
	fields := n.fields()
	all := columnsOf(fields)
	var exprs []rex.Expr
	var names []string
	for _, c := range cols {
		exprs, names = append(exprs, all[c]), append(names, fields[c].Name)
	}
	return project(n, exprs, names)
}
