package planner

import (
	"slices"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

// pushFilters moves conditions towards the tables: below projections and table functions, into and below joins, below
// aggregations where they concern keys only. conds are conditions over n's columns that still need a place.
func (p *Planner) pushFilters(n node, conds []rex.Expr) node {
	switch n := n.(type) {
	case *filterNode:
		return p.pushFilters(n.input, slices.Concat(conjuncts(n.cond), conds))
	case *projectNode:
		return p.pushThroughProject(n, conds)
	case *joinNode:
		return p.pushIntoJoin(n, conds)
	case *aggregateNode:
		var down, stay []rex.Expr
		by := make([]rex.Expr, len(n.out))
		in := n.input.fields()
		for i, k := range n.keys {
			by[i] = &rex.Column{Index: k, Name: in[k].Name, T: in[k].Type}
		}
		for _, c := range conds {
			if len(n.keys) > 0 && pushable(c) && readsOnly(c, func(i int) bool { return by[i] != nil }) {
				down = append(down, substitute(c, by))
			} else {
				stay = append(stay, c)
			}
		}
		return filtered(n.withInputs([]node{p.pushFilters(n.input, down)}), stay)
	case *unionNode:
		var down, stay []rex.Expr
		for _, c := range conds {
			if pushable(c) {
				down = append(down, c)
			} else {
				stay = append(stay, c)
			}
		}
		return filtered(rewriteInputs(n, func(in node) node { return p.pushFilters(in, down) }), stay)
	case *correlateNode:
		var down, stay []rex.Expr
		in := columnsOf(n.input.fields())
		by := make([]rex.Expr, len(n.keep))
		for i, k := range n.keep {
			by[i] = in[k]
		}
		for _, c := range conds {
			// A random function must be called for the rows it was called for before.
			if rex.Deterministic(n.call) && pushable(c) && readsOnly(c, func(i int) bool { return i < len(n.keep) }) {
				down = append(down, substitute(c, by))
			} else {
				stay = append(stay, c)
			}
		}
		return filtered(rewriteInputs(n, func(in node) node { return p.pushFilters(in, down) }), stay)
	case *overNode:
		var down, stay []rex.Expr
		for _, c := range conds {
			// Only rows of whole keys may go.
			if len(n.partitionBy) > 0 && pushable(c) && readsOnly(c, func(i int) bool { return slices.Contains(n.partitionBy, i) }) {
				down = append(down, c)
			} else {
				stay = append(stay, c)
			}
		}
		return filtered(n.withInputs([]node{p.pushFilters(n.input, down)}), stay)
	case *windowNode:
		var down, stay []rex.Expr
		width := len(n.input.fields())
		for _, c := range conds {
			// Fewer rows would move the bounds of sessions.
			if n.window.Kind != physical.Session && pushable(c) && readsOnly(c, func(i int) bool { return i < width }) {
				down = append(down, c)
			} else {
				stay = append(stay, c)
			}
		}
		return filtered(n.withInputs([]node{p.pushFilters(n.input, down)}), stay)
	}
	return filtered(rewriteInputs(n, func(in node) node { return p.pushFilters(in, nil) }), conds)
}

// pushable reports whether a condition may be evaluated elsewhere, on other rows too: not if it is random or can fail.
func pushable(c rex.Expr) bool { return rex.Deterministic(c) && !rex.Fallible(c) }

func readsOnly(c rex.Expr, ok func(column int) bool) bool {
	all := true
	rex.Columns(c, func(col *rex.Column) { all = all && ok(col.Index) })
	return all
}

// filtered puts conditions on top of n.
func filtered(n node, conds []rex.Expr) node {
	if len(conds) == 0 {
		return n
	}
	cond := logic(false, conds...)
	if l, ok := cond.(*rex.Literal); ok && l.Value == true {
		return n
	}
	return &filterNode{input: n, cond: cond}
}

// pushThroughProject rewrites conditions over a projection's input. A condition that reads a computed column is
// computed twice then, which a filter that keeps few rows makes up for; random and stateful columns stay below it.
func (p *Planner) pushThroughProject(n *projectNode, conds []rex.Expr) node {
	var down, stay []rex.Expr
	for _, c := range conds {
		if readsOnly(c, func(i int) bool { return pushable(n.exprs[i]) }) {
			down = append(down, substitute(c, n.exprs))
		} else {
			stay = append(stay, c)
		}
	}
	// A stateful column must see the rows it saw before.
	for _, e := range n.exprs {
		if !rex.Deterministic(e) {
			down, stay = nil, conds
		}
	}
	return filtered(n.withInputs([]node{p.pushFilters(n.input, down)}), stay)
}

func (p *Planner) pushIntoJoin(n *joinNode, conds []rex.Expr) node {
	width := len(n.left.fields())
	isLeft := func(c rex.Expr) bool { return readsOnly(c, func(i int) bool { return i < width }) }
	isRight := func(c rex.Expr) bool { return readsOnly(c, func(i int) bool { return i >= width }) }
	var left, right, on, stay []rex.Expr
	// The conditions of ON, then those of WHERE.
	for _, c := range conjuncts(n.cond) {
		switch {
		case !pushable(c):
			on = append(on, c)
		case isLeft(c) && (n.kind == physical.InnerJoin || n.kind == physical.RightJoin || n.kind == physical.SemiJoin):
			left = append(left, c)
		case isRight(c) && n.kind != physical.RightJoin && n.kind != physical.FullJoin:
			right = append(right, shift(c, -width))
		default:
			on = append(on, c)
		}
	}
	for _, c := range conds {
		switch {
		case !rex.Deterministic(c):
			stay = append(stay, c)
		case isLeft(c) && pushable(c) && n.kind != physical.RightJoin && n.kind != physical.FullJoin:
			left = append(left, c)
		case isRight(c) && pushable(c) && (n.kind == physical.InnerJoin || n.kind == physical.RightJoin):
			right = append(right, shift(c, -width))
		case n.kind == physical.InnerJoin:
			on = append(on, c)
		default:
			stay = append(stay, c)
		}
	}
	out := *n
	out.left, out.right, out.cond = p.pushFilters(n.left, left), p.pushFilters(n.right, right), nil
	if len(on) > 0 {
		out.cond = logic(false, on...)
	}
	return filtered(&out, stay)
}

// pullWindows turns an aggregation over windows that a table function below assigned into one that assigns them
// itself, when nothing in between looks at the bounds: rows are then not copied once per window.
func (p *Planner) pullWindows(n node) node {
	n = rewriteInputs(n, p.pullWindows)
	agg, ok := n.(*aggregateNode)
	if !ok || agg.window == nil || !agg.window.Attached {
		return n
	}
	// Follow the chain down, composing what the aggregation's input columns are in terms of the window's.
	exprs := columnsOf(agg.input.fields())
	var conds []rex.Expr
	at := agg.input
	for {
		if f, ok := at.(*filterNode); ok {
			conds = append(conds, f.cond)
			at = f.input
			continue
		}
		pr, ok := at.(*projectNode)
		if !ok {
			break
		}
		for _, e := range pr.exprs {
			if !rex.Deterministic(e) {
				return n
			}
		}
		for i := range exprs {
			exprs[i] = substitute(exprs[i], pr.exprs)
		}
		for i := range conds {
			conds[i] = substitute(conds[i], pr.exprs)
		}
		at = pr.input
	}
	w, ok := at.(*windowNode)
	if !ok || w.window.Kind == physical.Session && len(w.partitionBy) != len(agg.keys) {
		return n
	}
	width := len(w.input.fields())
	below := func(i int) bool { return i < width }
	for _, c := range conds {
		if !readsOnly(c, below) || w.window.Kind == physical.Session {
			return n
		}
	}
	var names []string
	in := agg.input.fields()
	for i, e := range exprs {
		names = append(names, in[i].Name)
		if readsOnly(e, below) {
			continue
		}
		if i != agg.window.Start && i != agg.window.End {
			return n
		}
		exprs[i] = nullOf(types.TimestampType(3)) // no longer read; pruned
	}
	base := w.input
	if len(conds) > 0 {
		base = &filterNode{input: base, cond: logic(false, conds...)}
	}
	time := w.input.fields()[w.window.Time]
	out, window := *agg, w.window
	window.Time = len(exprs)
	exprs, names = append(exprs, &rex.Column{Index: w.window.Time, Name: time.Name, T: time.Type}), append(names, time.Name)
	out.window, out.input = &window, project(base, exprs, unique(names))
	return &out
}
