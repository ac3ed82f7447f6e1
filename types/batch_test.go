package types_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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

// Texts of all lengths are appended row by row as AppendSelected does it at once, wherever they stand in their vector.
func TestAppendSelectedText(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		src := types.NewVector(types.StringType)
		for range 1 + rnd.IntN(40) {
			if rnd.IntN(8) == 0 {
				src.AppendNull()
			} else {
				src.AppendString(strings.Repeat(string(rune('a'+rnd.IntN(26))), rnd.IntN(4)*rnd.IntN(12)))
			}
		}
		got, want := types.NewVector(types.StringType), types.NewVector(types.StringType)
		for range 3 {
			var sel []int32
			for i := range src.N {
				if rnd.IntN(2) == 0 {
					sel = append(sel, int32(i))
					want.AppendRow(src, i)
				}
			}
			got.AppendSelected(src, sel)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(types.Type{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	}
}
