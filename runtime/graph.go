package runtime

import (
	"context"
	"fmt"
	"slices"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/exchange"
	"github.com/weirsql/weir/runtime/task"
)

// chain is a set of nodes that run in one goroutine per subtask.
type chain struct {
	nodes       []physical.Node // upstream first
	parallelism int
	builders    []*task.Builder // by subtask
	// What the head reads, by subtask, unless it is a source.
	queues [][]*exchange.Queue
	inputs [][]int
}

// chains divides the plan. A node joins the chain of the node it reads when that is its only input and rows stay in
// the subtask: a forward exchange, or any between single subtasks.
func chains(plan *physical.Plan, widths map[physical.Node]int) ([]*chain, map[physical.Node]*chain) {
	var all []*chain
	of := map[physical.Node]*chain{}
	for _, n := range plan.Nodes {
		p := widths[n]
		if in := n.Base().Inputs; len(in) == 1 {
			up := of[in[0].From]
			if up.parallelism == p && (in[0].Exchange == physical.Forward || p == 1) {
				up.nodes = append(up.nodes, n)
				of[n] = up
				continue
			}
		}
		of[n] = &chain{nodes: []physical.Node{n}, parallelism: p}
		all = append(all, of[n])
	}
	return all, of
}

// onePhase leaves out the first of two phases of an aggregation where there is no exchange that it would take rows from,
// and where it has fewer subtasks than the second: it would take work from many to give it to few.
func onePhase(plan *physical.Plan, widths map[physical.Node]int) {
	for _, n := range plan.Nodes {
		in := n.Base().Inputs
		if len(in) == 1 && physical.Optional(in[0].From) && widths[in[0].From] <= max(1, widths[n]-1) {
			in[0].From = physical.Below(in[0].From)
		}
	}
	read := map[physical.Node]bool{}
	for _, n := range plan.Nodes {
		for _, e := range n.Base().Inputs {
			read[e.From] = true
		}
	}
	plan.Nodes = slices.DeleteFunc(plan.Nodes, func(n physical.Node) bool { return physical.Optional(n) && !read[n] })
}

// capacity is how many batches wait between two subtasks: one that is read next while another is filled. With more, what they
// hold has left the processor's caches when it is read; with two, windows over JSON take a tenth less processor time on two
// cores than with eight.
const capacity = 2

// build makes the tasks of the attempt.
func (a *attempt) build(ctx context.Context, plan *physical.Plan, from *checkpoint.Checkpoint) error {
	if err := a.checkRestore(plan, from); err != nil {
		return err
	}
	widths := a.j.cfg.widths(ctx, plan, from)
	onePhase(plan, widths)
	chains, of := chains(plan, widths)
	a.graph = newGraph(plan, widths, chains)
	enumerators := map[physical.Node]*task.Enumerator{}
	for _, ch := range chains {
		for i := range ch.parallelism {
			ch.builders = append(ch.builders, task.NewBuilder(ctx, a.env, from, i, a.j.cfg.build, a.j.cfg.Collect))
		}
		ch.queues, ch.inputs = make([][]*exchange.Queue, ch.parallelism), make([][]int, ch.parallelism)
		for _, n := range ch.nodes {
			if scan, ok := n.(*physical.Scan); ok {
				e, err := task.NewEnumerator(a.env, scan, ch.parallelism, from, a.listed, a.enumeratorFailed)
				if err != nil {
					return err
				}
				enumerators[n] = e
				a.enumerators = append(a.enumerators, e)
			}
			for _, b := range ch.builders {
				if err := b.Add(n, ch.parallelism, enumerators[n]); err != nil {
					return err
				}
			}
		}
	}
	for _, n := range plan.Nodes {
		to := of[n]
		for input, edge := range n.Base().Inputs {
			if from := of[edge.From]; from != to || n == to.nodes[0] {
				a.connect(edge, from, to, input, n)
			}
		}
	}
	for _, ch := range chains {
		for i, b := range ch.builders {
			if len(ch.nodes[0].Base().Inputs) > 0 {
				b.Receive(ch.queues[i], ch.inputs[i])
			}
			a.tasks = append(a.tasks, b.Task())
		}
	}
	return nil
}

// connect makes the queues of an edge between two chains.
func (a *attempt) connect(edge physical.Edge, from, to *chain, input int, n physical.Node) {
	schema := edge.From.Base().Schema
	kind := edge.Exchange
	if kind == physical.Forward && from.parallelism != to.parallelism {
		kind = physical.Rebalance
	}
	for s := range from.parallelism {
		targets := make([]int, 0, to.parallelism)
		switch kind {
		case physical.Forward:
			targets = append(targets, s)
		case physical.Single:
			targets = append(targets, 0)
		default:
			for i := range to.parallelism {
				targets = append(targets, i)
			}
		}
		var queues []*exchange.Queue
		for _, i := range targets {
			q := exchange.NewQueue(schema, capacity, from.builders[s].Task().Wake, to.builders[i].Task().Wake)
			queues = append(queues, q)
			to.queues[i], to.inputs[i] = append(to.queues[i], q), append(to.inputs[i], input)
		}
		from.builders[s].Send(edge.From, exchange.NewSender(kind, edge.Keys, a.j.cfg.MaxRows, queues))
	}
}

// checkRestore refuses a checkpoint with state that the plan has no place for: to drop it silently would give wrong
// results. Who wants that says so.
func (a *attempt) checkRestore(plan *physical.Plan, from *checkpoint.Checkpoint) error {
	if from == nil {
		return nil
	}
	known := map[string]bool{}
	for _, n := range plan.Nodes {
		known[n.Base().ID] = true
	}
	for _, op := range from.Manifest.Operators {
		entries := 0
		for _, f := range op.Subtasks {
			entries += f.Entries
		}
		if entries == 0 || known[op.ID] {
			continue
		}
		if !a.j.cfg.IgnoreUnclaimed {
			return fmt.Errorf("checkpoint %s has state of operator %s (id %s) that this query doesn't have: it was taken of another query; "+
				"start without restoring, run the query it was taken of, or drop that state with "+
				"'execution.state-recovery.ignore-unclaimed-state' = 'true'", from.Path, op.Name, op.ID)
		}
		a.j.cfg.Log.Warn("the checkpoint has state of an operator that the query doesn't have; it is dropped",
			"job", a.j.cfg.JobID, "checkpoint", from.Path, "operator", op.Name, "id", op.ID)
	}
	return nil
}
