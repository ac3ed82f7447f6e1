package planner

import (
	"slices"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

// pruneColumns removes columns that nobody reads, down to the tables: sources then decode only what is needed.
func pruneColumns(n node) node {
	need := make([]bool, len(n.fields()))
	for i := range need {
		need[i] = true
	}
	out, at := prune(n, need)
	cols := make([]int, len(need))
	copy(cols, at)
	return mergeProjects(keepColumns(out, cols))
}

// prune returns n with at least the needed columns, and where each old column is now (-1: gone).
func prune(n node, need []bool) (node, []int) {
	switch n := n.(type) {
	case *scanNode:
		out := &scanNode{table: n.table, needed: []int{}}
		at := make([]int, len(need))
		for i, needed := range need {
			at[i] = -1
			if needed {
				at[i] = len(out.needed)
				out.needed = append(out.needed, i)
			}
		}
		return out, at
	case *projectNode:
		inner := make([]bool, len(n.input.fields()))
		at := make([]int, len(need))
		var kept []rex.Expr
		out := &projectNode{}
		for i, e := range n.exprs {
			at[i] = -1
			if need[i] {
				at[i] = len(kept)
				kept, out.names = append(kept, e), append(out.names, n.names[i])
				reads(e, inner)
			}
		}
		input, moved := prune(n.input, inner)
		for _, e := range kept {
			out.exprs = append(out.exprs, remap(e, moved))
		}
		out.input = input
		return out, at
	case *filterNode:
		inner := append([]bool(nil), need...)
		reads(n.cond, inner)
		input, at := prune(n.input, inner)
		return &filterNode{input: input, cond: remap(n.cond, at)}, at
	case *aggregateNode:
		return pruneAggregate(n, need)
	case *windowNode:
		width := len(n.input.fields())
		inner := append([]bool(nil), need[:width]...)
		inner[n.window.Time] = true
		for _, c := range n.partitionBy {
			inner[c] = true
		}
		input, moved := prune(n.input, inner)
		out := *n
		out.input = input
		out.window.Time = moved[n.window.Time]
		out.partitionBy = remapAll(n.partitionBy, moved)
		out.out = make([]types.Field, len(input.fields()))
		at := make([]int, len(need))
		for i := range at {
			if i < width {
				if at[i] = moved[i]; at[i] >= 0 {
					out.out[at[i]] = n.out[i]
				}
			} else {
				at[i] = len(input.fields()) + i - width
			}
		}
		out.out = append(out.out, n.out[width:]...)
		return &out, at
	case *correlateNode:
		return pruneCorrelate(n, need)
	case *overNode:
		return pruneOver(n, need)
	case *joinNode:
		return pruneJoin(n, need)
	case *unionNode:
		var cols []int
		at := make([]int, len(need))
		for i, needed := range need {
			at[i] = -1
			if needed {
				at[i] = len(cols)
				cols = append(cols, i)
			}
		}
		return rewriteInputs(n, func(in node) node {
			pruned, moved := prune(in, need)
			return keepColumns(pruned, remapAll(cols, moved))
		}), at
	case *sortNode:
		inner := append([]bool(nil), need...)
		for _, k := range n.keys {
			inner[k.Column] = true
		}
		input, at := prune(n.input, inner)
		out := *n
		out.input, out.keys = input, nil
		for _, k := range n.keys {
			k.Column = at[k.Column]
			out.keys = append(out.keys, k)
		}
		return &out, at
	}
	return n, indexes(0, len(need))
}

func reads(e rex.Expr, need []bool) { rex.Columns(e, func(c *rex.Column) { need[c.Index] = true }) }

func remap(e rex.Expr, at []int) rex.Expr {
	return rex.Rewrite(e, func(x rex.Expr) rex.Expr {
		if c, ok := x.(*rex.Column); ok {
			return &rex.Column{Index: at[c.Index], Name: c.Name, T: c.T}
		}
		return x
	})
}

func remapAll(cols, at []int) []int {
	out := make([]int, len(cols))
	for i, c := range cols {
		out[i] = at[c]
	}
	return out
}

// pruneAggregate drops aggregates and window properties that nobody reads. Keys stay: they are the groups.
func pruneAggregate(n *aggregateNode, need []bool) (node, []int) {
	out := *n
	out.aggs, out.props, out.out = nil, nil, append([]types.Field(nil), n.out[:len(n.keys)]...)
	inner := make([]bool, len(n.input.fields()))
	at := make([]int, len(need))
	for i, k := range n.keys {
		at[i], inner[k] = i, true
	}
	for i, a := range n.aggs {
		old := len(n.keys) + i
		if at[old] = -1; !need[old] {
			continue
		}
		at[old] = len(out.out)
		out.aggs, out.out = append(out.aggs, a), append(out.out, n.out[old])
		for _, c := range a.Args {
			inner[c] = true
		}
		if a.Filter >= 0 {
			inner[a.Filter] = true
		}
	}
	for i, p := range n.props {
		old := len(n.keys) + len(n.aggs) + i
		if at[old] = -1; need[old] {
			at[old] = len(out.out)
			out.props, out.out = append(out.props, p), append(out.out, n.out[old])
		}
	}
	if w := n.window; w != nil {
		if w.Attached {
			inner[w.Start], inner[w.End] = true, true
		} else {
			inner[w.Time] = true
		}
	}
	input, moved := prune(n.input, inner)
	out.input, out.keys = input, remapAll(n.keys, moved)
	for i := range out.aggs {
		out.aggs[i].Args = remapAll(out.aggs[i].Args, moved)
		if out.aggs[i].Filter >= 0 {
			out.aggs[i].Filter = moved[out.aggs[i].Filter]
		}
	}
	if n.window != nil {
		w := *n.window
		if w.Attached {
			w.Start, w.End = moved[w.Start], moved[w.End]
		} else {
			w.Time = moved[w.Time]
		}
		out.window = &w
	}
	return &out, at
}

// pruneCorrelate drops columns on both sides: what only the arguments read goes no further.
func pruneCorrelate(n *correlateNode, need []bool) (node, []int) {
	out := *n
	out.keep, out.columns, out.names = nil, nil, nil
	inner := make([]bool, len(n.input.fields()))
	reads(n.call, inner)
	if n.cond != nil {
		need = slices.Clone(need)
		reads(n.cond, need)
	}
	at := make([]int, len(need))
	next := 0
	for i, needed := range need {
		at[i] = -1
		if !needed {
			continue
		}
		at[i] = next
		next++
		if i < len(n.keep) {
			out.keep = append(out.keep, n.keep[i])
			inner[n.keep[i]] = true
		} else {
			out.columns = append(out.columns, n.columns[i-len(n.keep)])
			out.names = append(out.names, n.names[i-len(n.keep)])
		}
	}
	input, moved := prune(n.input, inner)
	out.input, out.keep = input, remapAll(out.keep, moved)
	out.call = remap(n.call, moved).(*rex.TableCall)
	if n.cond != nil {
		out.cond = remap(n.cond, at)
	}
	return &out, at
}

// pruneOver drops calls whose results nobody reads, and with the last of them the node.
func pruneOver(n *overNode, need []bool) (node, []int) {
	width := len(n.input.fields())
	inner := append([]bool(nil), need[:width]...)
	out := *n
	out.functions, out.aggs = nil, nil
	for i, f := range n.functions {
		if need[width+i] {
			out.functions = append(out.functions, f)
			reads(f, inner)
		}
	}
	for i, a := range n.aggs {
		if need[width+len(n.functions)+i] {
			out.aggs = append(out.aggs, a)
			for _, c := range a.Args {
				inner[c] = true
			}
			if a.Filter >= 0 {
				inner[a.Filter] = true
			}
		}
	}
	calls := len(out.functions) + len(out.aggs)
	if calls > 0 {
		inner[n.time] = true
		for _, c := range n.partitionBy {
			inner[c] = true
		}
	}
	input, moved := prune(n.input, inner)
	at := append([]int(nil), moved...)
	next := len(input.fields())
	for _, needed := range need[width:] {
		if !needed {
			at = append(at, -1)
			continue
		}
		at = append(at, next)
		next++
	}
	if calls == 0 {
		return input, at
	}
	out.input, out.time, out.partitionBy = input, moved[n.time], remapAll(n.partitionBy, moved)
	for i, f := range out.functions {
		out.functions[i] = remap(f, moved).(*rex.Call)
	}
	for i := range out.aggs {
		a := &out.aggs[i]
		a.Args = remapAll(a.Args, moved)
		if a.Filter >= 0 {
			a.Filter = moved[a.Filter]
		}
	}
	return &out, at
}

func pruneJoin(n *joinNode, need []bool) (node, []int) {
	width := len(n.left.fields())
	both := make([]bool, width+len(n.right.fields()))
	copy(both, need)
	if n.cond != nil {
		reads(n.cond, both)
	}
	out := *n
	left, leftAt := prune(n.left, both[:width])
	right, rightAt := prune(n.right, both[width:])
	out.left, out.right = left, right
	newWidth := len(left.fields())
	at := append([]int(nil), leftAt...)
	for _, i := range rightAt {
		if i >= 0 {
			i += newWidth
		}
		at = append(at, i)
	}
	if n.cond != nil {
		out.cond = remap(n.cond, at)
	}
	if n.kind == physical.SemiJoin || n.kind == physical.AntiJoin {
		at = at[:width]
	}
	return &out, at
}
