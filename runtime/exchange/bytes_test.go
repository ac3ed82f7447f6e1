package exchange

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// wide returns n rows of so many bytes each; the text begins with the key.
func wide(n, bytes int) *types.Batch {
	b := types.NewBatch(schema)
	for k := range n {
		b.Cols[0].AppendValue(int64(k))
		text := fmt.Sprint("row ", k, " ")
		b.Cols[1].AppendString(text + strings.Repeat("x", bytes-len(text)))
		b.AppendKind(types.Insert)
	}
	return b
}

// Wide rows travel in batches of about a megabyte, none is lost, and their order stays.
func TestWideRowsAreCut(t *testing.T) {
	for _, c := range []struct{ rows, bytes, most int }{
		{600, 4 << 10, batchBytes + batchBytes/4},
		{5, 1 << 20, batchBytes + batchBytes/4},
		{2, 3 << 20, 3<<20 + 1000}, // a row can't be cut
		{100, 15 << 10, 2*batchBytes + batchBytes/4},
	} {
		for _, kind := range []physical.Exchange{physical.Hash, physical.Rebalance, physical.Broadcast, physical.Single} {
			for _, selected := range []bool{false, true} {
				n := 3
				if kind == physical.Single {
					n = 1
				}
				qs := queues(n)
				s := NewSender(kind, []int{0}, 4096, qs)
				b := wide(c.rows, c.bytes)
				want := make([][]int64, n)
				for k := range int64(c.rows) {
					if selected && k%2 == 0 {
						continue
					}
					if selected {
						b.Sel = append(b.Sel, int32(k))
					}
					switch kind {
					case physical.Hash:
						to := state.Subtask(state.KeyGroup(state.HashInt64(k)), n)
						want[to] = append(want[to], k)
					case physical.Broadcast:
						for i := range n {
							want[i] = append(want[i], k)
						}
					default:
						want[0] = append(want[0], k)
					}
				}
				s.Send(b)
				s.Flush()
				for i, q := range qs {
					var got []int64
					for e, ok := q.pop(); ok; e, ok = q.pop() {
						if size := e.batch.Bytes(); size > c.most {
							t.Errorf("%+v by %s: a batch of %d bytes, %d rows", c, kind, size, e.batch.N)
						}
						for r := range e.batch.N {
							k := e.batch.Cols[0].I64[r]
							if !strings.HasPrefix(e.batch.Cols[1].Str(r), fmt.Sprint("row ", k, " ")) {
								t.Errorf("row %d has the text of another", k)
							}
							got = append(got, k)
						}
					}
					if fmt.Sprint(got) != fmt.Sprint(want[i]) {
						t.Errorf("%+v by %s, selected %v: subtask %d got %v, want %v", c, kind, selected, i, got, want[i])
					}
				}
			}
		}
	}
}

// A queue is full by the bytes of few batches, too, and wakes its sender when half of them are gone.
func TestFullByBytes(t *testing.T) {
	woken := 0
	q := NewQueue(schema, 8, func() { woken++ }, nothing)
	s := NewSender(physical.Single, nil, 4096, []*Queue{q})
	sent := 0
	for !s.Full() {
		s.Send(wide(1, 1<<20))
		s.Flush()
		if sent++; sent > 8 {
			t.Fatal("not full with eight megabytes")
		}
	}
	if sent != 4 {
		t.Errorf("full with %d batches of a megabyte, want 4", sent)
	}
	for taken := 1; taken <= sent; taken++ {
		e, ok := q.pop()
		if !ok {
			t.Fatal("nothing left")
		}
		q.recycle(e.batch)
		if half := taken > sent/2; (woken > 0) != half {
			t.Errorf("%d of %d taken, and the sender was woken %d times", taken, sent, woken)
		}
	}
	if woken != 1 || s.Full() {
		t.Errorf("empty, and the sender was woken %d times, full %v", woken, s.Full())
	}
}
