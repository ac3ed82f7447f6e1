package udf

import "github.com/weirsql/weir/types"

// BoundTable is a table function bound to argument types: it makes any number of rows out of each row, as in
// FROM t, LATERAL TABLE(f(t.a)) AS x (b, c).
type BoundTable struct {
	Args    []types.Type  // what each argument is cast to before the call; the same number as in the call
	Columns []types.Field // of the rows it makes
	// Nulls is NullIfAny for functions that make no rows out of a row with a NULL argument, and aren't called for it.
	Nulls NullMode
	// Eval makes the rows of the n rows of args, which it must not keep. An error that concerns one row is a *RowError. All
	// subtasks call the same Eval, at the same time.
	Eval func(ctx *Context, args []*types.Vector, n int, out *TableOutput) error
}

// TableOutput takes the rows that a table function makes.
type TableOutput struct {
	Cols []*types.Vector // appended to, one value each per row, of the types of BoundTable.Columns
	Rows []int32         // the row of the arguments that each came from; it never falls
}
