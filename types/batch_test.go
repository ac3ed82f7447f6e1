package types_test

import (
	"testing"

	"github.com/weirsql/weir/types"
)

// A batch whose first row is a change keeps its kind, fresh and after a Reset.
func TestBatchFirstKind(t *testing.T) {
	b := types.NewBatch(types.NewSchema())
	for range 2 {
		b.AppendKind(types.Delete)
		b.AppendKind(types.Insert)
		if b.N != 2 || b.Kind(0) != types.Delete || b.Kind(1) != types.Insert {
			t.Errorf("%d rows, kinds %v", b.N, b.Kinds)
		}
		b.Reset()
		if b.Kinds != nil {
			t.Error("Reset left kinds")
		}
	}
}
