package expr

import (
	"fmt"

	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// Program is a list of expressions over one input, compiled together: what they have in common is computed once. It
// owns its buffers, so a batch costs no allocation once they have grown; one goroutine uses it.
type Program struct {
	root     *scope
	nodes    []node
	out      []*types.Vector
	ctx      *udf.Context
	stateful []*statefulNode
	groups   []int32 // of the rows, for functions with a memory per group; nil: one for all
}

// Compile compiles expressions over the columns of an input. An error means a plan that can't be run: an expression this
// package doesn't know, or a literal that doesn't fit its type.
func Compile(exprs []rex.Expr) (*Program, error) {
	p := &Program{out: make([]*types.Vector, len(exprs))}
	p.root = newScope(p)
	for _, e := range exprs {
		n, err := p.root.compile(e)
		if err != nil {
			return nil, err
		}
		p.nodes = append(p.nodes, n)
	}
	return p, nil
}

// Open sets what functions may know of their job; before the first Eval.
func (p *Program) Open(ctx *udf.Context) { p.ctx = ctx }

// Eval computes every expression for the rows of b that count: dense vectors of b.Rows() values, the program's own until
// the next Eval. A plain column of a batch without a selection is returned as it is in the batch.
//
// An error that one row causes is a *udf.RowError with the physical row of b, around a *diag.Error with the function
// and its place in the query. A function that panics is such an error, too: of the row that it panics for again when the
// rows are tried one by one. The program can't be used after an error.
func (p *Program) Eval(b *types.Batch) ([]*types.Vector, error) { return p.eval(b, b.Sel, b.Rows()) }

// eval computes the physical rows sel of b; nil: all n of them.
func (p *Program) eval(b *types.Batch, sel []int32, n int) ([]*types.Vector, error) {
	p.root.enter(b.Cols, sel, n)
	for i, x := range p.nodes {
		v, err := x.eval(p.root)
		if err != nil {
			return nil, p.root.outward(err)
		}
		p.out[i] = v
	}
	return p.out, nil
}

// Stateful returns the number of function calls with memory.
func (p *Program) Stateful() int { return len(p.stateful) }

// Snapshot returns the state of stateful call i in a portable form. Calls are numbered in the order of the expressions.
func (p *Program) Snapshot(i int) []byte { return p.stateful[i].instance.Encode(nil, 0) }

// Restore gives stateful call i the state it had; before the first Eval.
func (p *Program) Restore(i int, state []byte) error {
	if i >= len(p.stateful) {
		return fmt.Errorf("the checkpoint has state of function call %d, the query has only %d with state: it was taken of another query", i+1, len(p.stateful))
	}
	n := p.stateful[i]
	if err := n.instance.Decode(0, state); err != nil {
		return evalError(n, nil, -1, fmt.Errorf("take back its state: %w", err))
	}
	return nil
}
