package cast

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// Kernel converts a column of one type to another.
type Kernel struct {
	// Eval converts n rows under the rules of udf.Eval for NullIfAny: out.Valid is set from in's before the call, rows that
	// are NULL already are skipped, more may become NULL.
	Eval func(ctx *udf.Context, in, out *types.Vector, n int) error
	// Fallible kernels may return a *udf.RowError for some values.
	Fallible bool
}
