package task

import (
	"github.com/weirsql/weir/runtime/operator"
	"github.com/weirsql/weir/types"
)

// collect hands the result of a SELECT to whoever runs the job.
type collect struct {
	operator.Stateless
	f func(*types.Batch) error // or nil
}

var _ operator.Operator = (*collect)(nil)

func (c *collect) Process(_ int, b *types.Batch, _ operator.Output) error {
	if c.f == nil || b.Rows() == 0 {
		return nil
	}
	return c.f(b)
}
