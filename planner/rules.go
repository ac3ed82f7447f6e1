package planner

// rule rewrites a logical tree into one that means the same.
type rule struct {
	name  string
	apply func(*Planner, node) node
}

// rules are applied to every tree, each once, in this order. Filters go down before projections are merged, since a
// filter pushed through a projection often leaves two of them touching; columns are pruned last, when it is known who
// reads what.
var rules = []rule{
	{"pull-window", (*Planner).pullWindows},
	{"push-filter", func(p *Planner, n node) node { return p.pushFilters(n, nil) }},
	{"merge-project", func(_ *Planner, n node) node { return mergeProjects(n) }},
	{"join-keys", (*Planner).joinKeys},
	{"prune-columns", func(_ *Planner, n node) node { return pruneColumns(n) }},
}

func (p *Planner) rewrite(n node) node {
	for _, r := range rules {
		n = r.apply(p, n)
	}
	return n
}

// rewriteInputs applies f to the inputs of n.
func rewriteInputs(n node, f func(node) node) node {
	in := n.inputs()
	if len(in) == 0 {
		return n
	}
	out := make([]node, len(in))
	for i, x := range in {
		out[i] = f(x)
	}
	return n.withInputs(out)
}
