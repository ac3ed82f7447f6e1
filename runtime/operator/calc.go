package operator

import (
	"fmt"
	"strconv"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/runtime/expr"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// calc filters rows and computes columns: one row out for each row for which the filter is TRUE, with its kind. A filter
// only makes a selection, and a projection that merely picks columns passes it on; columns that are computed are dense.
//
// State: that of stateful functions, which belongs to the subtask.
type calc struct {
	Stateless
	node    *physical.Calc
	filter  *expr.Filter  // or nil
	columns []int         // of the input, when the projection only picks columns
	program *expr.Program // otherwise
	in, out types.Batch
	kinds   []types.RowKind
	ctx     *Context
}

var (
	_ Operator = (*calc)(nil)
	_ Tracer   = (*calc)(nil)
)

func newCalc(node *physical.Calc) (*calc, error) {
	c := &calc{node: node}
	var err error
	if node.Filter != nil {
		if c.filter, err = expr.CompileFilter(node.Filter); err != nil {
			return nil, fmt.Errorf("compile filter: %w", err)
		}
	}
	picks := true
	for _, e := range node.Project {
		column, ok := e.(*rex.Column)
		if !ok {
			picks = false
			break
		}
		c.columns = append(c.columns, column.Index)
	}
	if !picks {
		if c.program, err = expr.Compile(node.Project); err != nil {
			return nil, fmt.Errorf("compile projection: %w", err)
		}
	}
	c.out.Schema = node.Schema
	c.out.Cols = make([]*types.Vector, len(node.Project))
	return c, nil
}

// programs are all programs, in an order that the plan alone decides: they number the stateful functions.
func (c *calc) programs() []*expr.Program {
	var programs []*expr.Program
	if c.filter != nil {
		programs = c.filter.Programs()
	}
	if c.program != nil {
		programs = append(programs, c.program)
	}
	return programs
}

func (c *calc) Open(ctx *Context) error {
	c.ctx = ctx
	for _, p := range c.programs() {
		p.Open(ctx.UDF)
	}
	return ctx.Restore.Each("function", func(key, value []byte) error {
		i, err := strconv.Atoi(string(key))
		if err != nil {
			return errState
		}
		for _, p := range c.programs() {
			if i < p.Stateful() {
				return p.Restore(i, value)
			}
			i -= p.Stateful()
		}
		return fmt.Errorf("the checkpoint has state of more functions than the query: it was taken of another query")
	})
}

func (c *calc) Process(_ int, b *types.Batch, out Output) error {
	sel := b.Sel
	if c.filter != nil {
		var err error
		if sel, err = c.filter.Select(b); err != nil {
			return err
		}
		if len(sel) == 0 {
			return nil
		}
		if len(sel) == b.N {
			sel = nil
		}
	}
	if b.Rows() == 0 {
		return nil
	}
	c.out.N, c.out.Kinds, c.out.Sel = b.N, b.Kinds, sel
	switch {
	case c.program != nil:
		c.in = *b
		c.in.Sel = sel
		cols, err := c.program.Eval(&c.in)
		if err != nil {
			return err
		}
		copy(c.out.Cols, cols)
		if sel != nil {
			c.out.N, c.out.Sel = len(sel), nil
			c.gatherKinds(b, sel)
		}
	case c.node.Project == nil:
		c.out.Cols = b.Cols
	default:
		for i, k := range c.columns {
			c.out.Cols[i] = b.Cols[k]
		}
	}
	return out.Emit(&c.out)
}

// InputRow implements Tracer.
func (c *calc) InputRow(emitted int) int {
	if c.program != nil && c.in.Sel != nil {
		return int(c.in.Sel[emitted])
	}
	return emitted
}

func (c *calc) gatherKinds(b *types.Batch, sel []int32) {
	if b.Kinds == nil {
		return
	}
	c.kinds = c.kinds[:0]
	for _, i := range sel {
		c.kinds = append(c.kinds, b.Kinds[i])
	}
	c.out.Kinds = c.kinds
}

// Snapshot writes an entry "function" per stateful call, its key the call's number.
func (c *calc) Snapshot(w *state.Writer) error {
	n := 0
	for _, p := range c.programs() {
		for i := range p.Stateful() {
			w.PutOperator("function", strconv.AppendInt(nil, int64(n), 10), p.Snapshot(i))
			n++
		}
	}
	return nil
}
