package operator

import (
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/types"
)

// union passes on the rows of all its inputs.
type union struct {
	Stateless
	out types.Batch
}

var _ Operator = (*union)(nil)

func newUnion(node *physical.Union) *union { return &union{out: types.Batch{Schema: node.Schema}} }

// InputRow implements Tracer.
func (u *union) InputRow(emitted int) int { return emitted }

func (u *union) Process(_ int, b *types.Batch, out Output) error {
	if b.Rows() == 0 {
		return nil
	}
	u.out.Cols, u.out.Kinds, u.out.N, u.out.Sel = b.Cols, b.Kinds, b.N, b.Sel
	return out.Emit(&u.out)
}
