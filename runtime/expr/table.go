package expr

import (
	"errors"
	"fmt"

	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// TableProgram is a call of a table function over an input. For each batch it is bound once, which computes the
// arguments, and then called for ranges of the rows. It owns its buffers; one goroutine uses it.
type TableProgram struct {
	call   *rex.TableCall
	args   *Program
	ctx    *udf.Context
	sel    []int32         // of the batch
	n      int             // rows of the batch that count
	values []*types.Vector // the arguments of the rows to call for
	called []int32         // the rows to call for, when some have a NULL argument and aren't; nil: all
	null   types.Vector
	full   []*types.Vector // buffers: the arguments without those rows
	part   []*types.Vector // of a range of rows
	out    udf.TableOutput
	text   string // the call, for who asks what is running
}

// CompileTable compiles a call over the columns of an input.
func CompileTable(call *rex.TableCall) (*TableProgram, error) {
	args, err := Compile(call.Args)
	if err != nil {
		return nil, err
	}
	t := &TableProgram{call: call, args: args, text: shorten(call.String(), maxCall)}
	for _, a := range call.Args {
		t.full, t.part = append(t.full, types.NewVector(a.Type())), append(t.part, types.NewVector(a.Type()))
	}
	for _, c := range call.Fn.Columns {
		t.out.Cols = append(t.out.Cols, types.NewVector(c.Type))
	}
	return t, nil
}

// Open sets what functions may know of their job; before the first Bind.
func (t *TableProgram) Open(ctx *udf.Context) {
	t.ctx = ctx
	t.args.Open(ctx)
}

// Bind computes the arguments for the rows of b that count. It returns how many rows the function is to be called for:
// those of which none of the arguments is NULL, unless the function takes NULLs.
func (t *TableProgram) Bind(b *types.Batch) (int, error) {
	var err error
	if t.values, err = t.args.Eval(b); err != nil {
		return 0, err
	}
	t.sel, t.n, t.called = b.Sel, b.Rows(), nil
	if t.call.Fn.Nulls != udf.NullIfAny {
		return t.n, nil
	}
	t.null.Valid = t.null.Valid[:0]
	nullIfAny(&t.null, t.values, t.n)
	if len(t.null.Valid) == 0 {
		return t.n, nil
	}
	called := t.null.Offsets[:0] // a buffer that the vector has no other use for
	for i := range t.n {
		if t.null.Valid.Get(i) {
			called = append(called, int32(i))
		}
	}
	t.null.Offsets = called
	if len(called) == t.n {
		return t.n, nil
	}
	for i, v := range t.values {
		t.full[i].Reset()
		t.full[i].AppendSelected(v, called)
	}
	t.values, t.called = t.full, called
	return len(called), nil
}

// Row returns which of the batch's rows that count call i is for; behind the last call, their number.
func (t *TableProgram) Row(i int) int {
	switch {
	case t.called == nil:
		return i
	case i == len(t.called):
		return t.n
	}
	return int(t.called[i])
}

// Call calls the function for calls from..to-1 of the batch that Bind was given. The output is the program's own until
// the next Call; its Rows are numbered as those of the batch that count. An error is as that of Program.Eval.
func (t *TableProgram) Call(from, to int) (*udf.TableOutput, error) {
	t.reset()
	if from == to {
		return &t.out, nil
	}
	args := t.values
	if from > 0 || t.Row(to) < t.n {
		args = t.part
		for i, v := range t.values {
			args[i].Reset()
			args[i].AppendRange(v, from, to)
		}
	}
	if err := t.eval(args, to-from); err != nil {
		return nil, t.failed(args, from, to-from, err)
	}
	if err := t.check(to - from); err != nil {
		return nil, evalError(tableNode{call: t.call}, nil, -1, err)
	}
	if t.called != nil {
		for k, r := range t.out.Rows {
			t.out.Rows[k] = t.called[from+int(r)]
		}
	} else if from > 0 {
		for k := range t.out.Rows {
			t.out.Rows[k] += int32(from)
		}
	}
	return &t.out, nil
}

func (t *TableProgram) reset() {
	t.out.Rows = t.out.Rows[:0]
	for _, c := range t.out.Cols {
		c.Reset()
	}
}

func (t *TableProgram) eval(args []*types.Vector, n int) error {
	return t.ctx.Call(&t.text, func() error { return t.call.Fn.Eval(t.ctx, args, n, &t.out) })
}

// check holds a function to its contract, so that a wrong one can't bring down an operator far from it.
func (t *TableProgram) check(n int) error {
	for i, c := range t.out.Cols {
		if c.N != len(t.out.Rows) {
			return fmt.Errorf("the function made %d rows, but %d values of column %s", len(t.out.Rows), c.N, t.call.Fn.Columns[i].Name)
		}
	}
	last := int32(0)
	for _, r := range t.out.Rows {
		if r < last || int(r) >= n {
			return fmt.Errorf("the function made a row for row %d of %d, behind one for row %d", r, n, last)
		}
		last = r
	}
	return nil
}

// failed explains an error. Which row a panic is about is found by calling the function again, row by row.
func (t *TableProgram) failed(args []*types.Vector, from, n int, err error) error {
	var row *udf.RowError
	var panicked *udf.PanicError
	at := -1
	switch {
	case errors.As(err, &row):
		if at, err = row.Row, row.Err; at >= n {
			at = -1
		}
	case errors.As(err, &panicked):
		one := make([]*types.Vector, len(args))
		for i := 0; i < n && at < 0; i++ {
			for k, a := range args {
				one[k] = types.NewVector(a.Type)
				one[k].AppendRange(a, i, i+1)
			}
			t.reset()
			if again := t.eval(one, 1); errors.As(again, &panicked) {
				at, err = i, again
			}
		}
	}
	err = evalError(tableNode{call: t.call}, args, at, err)
	if !errors.As(err, &row) {
		return err
	}
	physical := t.Row(from + row.Row)
	if t.sel != nil && physical < len(t.sel) {
		physical = int(t.sel[physical])
	}
	return &udf.RowError{Row: physical, Err: row.Err}
}

// tableNode names a table function in errors; it is never evaluated.
type tableNode struct {
	node
	call *rex.TableCall
}

func (t tableNode) source() rex.Expr { return t.call }
