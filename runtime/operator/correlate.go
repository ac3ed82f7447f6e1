package operator

import (
	"errors"
	"fmt"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/expr"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// correlate joins each row with the rows that a table function makes of it, in their order and with the kind of their
// row. With LEFT a row of which the function makes none, or none that the condition takes, is there once, with NULLs for
// the function's columns. It keeps no state.
//
// The function appends to columns that are passed on as they are; those of the input are gathered beside them.
//
// Source: Flink's CorrelateCodeGenerator.
type correlate struct {
	Stateless
	node    *physical.Correlate
	call    *expr.TableProgram
	filter  *expr.Filter // of the condition, or nil
	ctx     *Context
	step    int // rows of the input per call of the function
	rows    []int32
	pick    []int32 // with padding: the function's row, or the one of NULLs behind them
	kinds   []types.RowKind
	own     []*types.Vector // gathered columns, one per column of the schema
	padding []*types.Vector // the function's columns with rows of NULLs; by column of the function, nil where nobody reads it
	emitted []int32         // the rows of the input that the rows emitted last are of
	out     types.Batch
}

var (
	_ Operator = (*correlate)(nil)
	_ Tracer   = (*correlate)(nil)
)

// firstStep is the number of rows that a function is called for as long as nobody knows how many it makes of one.
const firstStep = 64

func newCorrelate(node *physical.Correlate) (*correlate, error) {
	call, err := expr.CompileTable(node.Call)
	if err != nil {
		return nil, fmt.Errorf("compile table function: %w", err)
	}
	c := &correlate{node: node, call: call, step: firstStep}
	if node.Condition != nil {
		if c.filter, err = expr.CompileFilter(node.Condition); err != nil {
			return nil, fmt.Errorf("compile condition: %w", err)
		}
	}
	for _, f := range node.Schema.Fields {
		c.own = append(c.own, types.NewVector(f.Type))
	}
	c.padding = make([]*types.Vector, len(node.Call.Fn.Columns))
	for _, k := range node.Columns {
		c.padding[k] = types.NewVector(node.Call.Fn.Columns[k].Type)
	}
	c.out.Schema = node.Schema
	c.out.Cols = make([]*types.Vector, len(c.own))
	return c, nil
}

func (c *correlate) Open(ctx *Context) error {
	c.ctx = ctx
	c.call.Open(ctx.UDF)
	if c.filter != nil {
		c.filter.Open(ctx.UDF)
	}
	return nil
}

func (c *correlate) Process(_ int, b *types.Batch, out Output) error {
	if b.Rows() == 0 {
		return nil
	}
	calls, err := c.call.Bind(b)
	if err != nil {
		return err
	}
	next := 0 // the rows of b before this one are done
	for from := 0; ; {
		to := min(calls, from+c.step)
		made, err := c.call.Call(from, to)
		if err != nil {
			return err
		}
		end := b.Rows()
		if to < calls {
			end = c.call.Row(to)
		}
		rows, cols := made.Rows, made.Cols
		if c.node.Left {
			if rows, cols, err = c.outer(b, made, next, end); err != nil {
				return err
			}
		}
		c.adapt(to-from, len(made.Rows))
		if err := c.emit(b, rows, cols, out); err != nil {
			return err
		}
		if to == calls {
			return nil
		}
		from, next = to, end
	}
}

// adapt chooses the number of rows per call so that what the function makes is about a batch: without it a batch of rows
// that each become thousands would be in memory at once.
func (c *correlate) adapt(rows, made int) {
	most := max(1, c.ctx.MaxRows)
	switch {
	case made > 2*most:
		c.step = max(1, rows*most/made)
	case rows == c.step && made <= most/2:
		c.step *= 2
	}
}

// outer returns rows from..to-1 of b, in their place among those that count, each as often as made has it or else once,
// and what stands beside them.
func (c *correlate) outer(b *types.Batch, made *udf.TableOutput, from, to int) ([]int32, []*types.Vector, error) {
	matched := len(made.Rows)
	var sel []int32
	if c.filter != nil {
		var err error
		if sel, err = c.matches(b, made); err != nil {
			return nil, nil, err
		}
		matched = len(sel)
	}
	c.rows, c.pick = c.rows[:0], c.pick[:0]
	nulls := int32(len(made.Rows))
	at := int32(from)
	for k := range matched {
		if sel != nil {
			k = int(sel[k])
		}
		r := made.Rows[k]
		for ; at < r; at++ {
			c.rows, c.pick = append(c.rows, at), append(c.pick, nulls)
		}
		c.rows, c.pick = append(c.rows, r), append(c.pick, int32(k))
		at = r + 1
	}
	for ; at < int32(to); at++ {
		c.rows, c.pick = append(c.rows, at), append(c.pick, nulls)
	}
	if matched == len(made.Rows) && len(c.rows) == matched {
		return c.rows, made.Cols, nil
	}
	return c.rows, c.padded(made.Cols), nil
}

// matches selects the rows of made for which the condition is TRUE.
func (c *correlate) matches(b *types.Batch, made *udf.TableOutput) ([]int32, error) {
	if len(made.Rows) == 0 {
		return nil, nil
	}
	rows := append(c.rows[:0], made.Rows...)
	if b.Sel != nil {
		for k, r := range rows {
			rows[k] = b.Sel[r]
		}
	}
	c.rows = rows
	for i, k := range c.node.Keep {
		c.own[i].Reset()
		c.own[i].AppendSelected(b.Cols[k], rows)
		c.out.Cols[i] = c.own[i]
	}
	for i, k := range c.node.Columns {
		c.out.Cols[len(c.node.Keep)+i] = made.Cols[k]
	}
	c.out.N, c.out.Kinds = len(rows), nil
	sel, err := c.filter.Select(&c.out)
	var row *udf.RowError
	if errors.As(err, &row) && row.Row < len(rows) {
		return nil, &udf.RowError{Row: int(rows[row.Row]), Err: row.Err}
	}
	return sel, err
}

// padded gathers the function's columns as c.pick says, from what it made and a row of NULLs behind that.
func (c *correlate) padded(made []*types.Vector) []*types.Vector {
	for _, k := range c.node.Columns {
		made[k].AppendNull()
		c.padding[k].Reset()
		c.padding[k].AppendSelected(made[k], c.pick)
	}
	return c.padding
}

// emit passes on rows of b, in their place among those that count, beside the function's columns.
func (c *correlate) emit(b *types.Batch, rows []int32, cols []*types.Vector, out Output) error {
	if b.Sel != nil {
		for k, r := range rows {
			rows[k] = b.Sel[r]
		}
	}
	size := len(rows)
	if size > 2*c.ctx.MaxRows { // a row that becomes many
		size = max(1, c.ctx.MaxRows)
	}
	for from := 0; from < len(rows); from += size {
		part := rows[from:min(len(rows), from+size)]
		c.emitted = part
		for i, k := range c.node.Keep {
			c.own[i].Reset()
			c.own[i].AppendSelected(b.Cols[k], part)
			c.out.Cols[i] = c.own[i]
		}
		for i, k := range c.node.Columns {
			i += len(c.node.Keep)
			c.out.Cols[i] = cols[k]
			if len(part) < len(rows) {
				c.own[i].Reset()
				c.own[i].AppendRange(cols[k], from, from+len(part))
				c.out.Cols[i] = c.own[i]
			}
		}
		c.out.N, c.out.Kinds = len(part), nil
		if b.Kinds != nil {
			c.kinds = c.kinds[:0]
			for _, r := range part {
				c.kinds = append(c.kinds, b.Kinds[r])
			}
			c.out.Kinds = c.kinds
		}
		if err := out.Emit(&c.out); err != nil {
			return err
		}
	}
	return nil
}

// InputRow implements Tracer.
func (c *correlate) InputRow(emitted int) int { return int(c.emitted[emitted]) }
