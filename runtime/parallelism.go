package runtime

import (
	"context"
	goruntime "runtime"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/runtime/task"
)

// widths decides how many subtasks every node has. A node that only reads by forward edges is as wide as what it reads:
// spreading rows costs more than it gains there, and would let a record overtake a watermark that it is behind. A bounded
// scan has no more subtasks than splits: one without a split would hold back the watermark until it is known to have none.
// After a restore a bounded scan reads the splits of the checkpoint, which counts them.
func (c Config) widths(ctx context.Context, plan *physical.Plan, from *checkpoint.Checkpoint) map[physical.Node]int {
	all := map[physical.Node]int{}
	for _, n := range plan.Nodes {
		width := n.Base().Parallelism
		for _, other := range []int{c.Parallelism, plan.Parallelism, goruntime.GOMAXPROCS(0)} {
			if width <= 0 {
				width = other
			}
		}
		switch n := n.(type) {
		case *physical.Values, *physical.Collect:
			width = 1
		case *physical.Scan:
			if d, ok := n.Source.(connectors.Divided); ok && from == nil {
				d.Divide(min(width, state.KeyGroups))
			}
			if n.Parallelism == 0 && n.Source.Bounded() && n.Source.DiscoveryInterval() == 0 {
				if splits, ok := task.Splits(from, n.ID); ok {
					width = min(width, max(1, splits))
				} else if found, err := n.Source.Splits(ctx); err == nil { // an error comes again, and fails the job then
					width = min(width, max(1, len(found)))
				}
			}
		default:
			if w := forwardWidth(n, all); w > 0 && n.Base().Parallelism == 0 {
				width = w
			}
		}
		all[n] = min(width, state.KeyGroups)
	}
	return all
}

// forwardWidth is the width that all inputs of n have, if all are forward edges; else 0.
func forwardWidth(n physical.Node, widths map[physical.Node]int) int {
	width := 0
	for _, e := range n.Base().Inputs {
		w := widths[e.From]
		if e.Exchange != physical.Forward || width != 0 && w != width {
			return 0
		}
		width = w
	}
	return width
}
