package operator

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// Rows leave in the order of time, those of the same time as they came, also behind a snapshot; and rows that are far ahead don't
// keep the memory of those that came with them.
func TestPending(t *testing.T) {
	schema := types.NewSchema(types.Field{Name: "n", Type: types.BigIntType}, types.Field{Name: "s", Type: types.StringType})
	for seed := range uint64(6) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		p := &pending{schema: schema}
		type row struct{ time, n int64 }
		var want []row
		at := map[int64]int64{}
		next, most := int64(0), 0
		jitter := []int64{1, 300, 20_000}[seed%3] // in order, nearly, and hardly
		var entries [state.KeyGroups]int
		for now := int64(0); now < 150; now++ {
			b := types.NewBatch(schema)
			var times []int64
			var sel []int32
			for range 1 + rnd.IntN(1500) {
				ts := now*100 + rnd.Int64N(jitter)
				if rnd.IntN(1000) == 0 && seed%2 == 0 {
					ts += 1 << 40
				}
				b.Cols[0].AppendValue(next)
				b.Cols[1].AppendValue(fmt.Sprint("row ", next))
				b.N++
				times = append(times, ts)
				if rnd.IntN(10) > 0 {
					sel = append(sel, int32(b.N-1))
					want, at[next] = append(want, row{ts, next}), ts
				}
				next++
			}
			p.add(b, sel, len(sel), times)
			if seed >= 3 && rnd.IntN(25) == 0 { // what has been noted is written although all of it leaves meanwhile
				w := &state.Writer{}
				p.snapshot(w, []int{0}, &entries)
				p.drain(t, 1<<62)
				for done := false; !done; {
					done, _ = w.Sweep()
				}
				p = &pending{schema: schema}
				err := p.restore(state.NewReader(w.Entries()), func(b *types.Batch) ([]int64, error) {
					times := make([]int64, b.N)
					for i, n := range b.Cols[0].I64 {
						times[i] = at[n]
					}
					return times, nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			got := p.drain(t, now*100)
			slices.SortStableFunc(want, func(a, b row) int { return int(a.time - b.time) })
			k := 0
			for ; k < len(want) && want[k].time <= now*100; k++ {
				if k >= len(got) || got[k] != want[k].n {
					t.Fatalf("seed %d: row %d of those up to %d isn't %d", seed, k, now*100, want[k].n)
				}
			}
			if k != len(got) {
				t.Fatalf("seed %d: %d rows up to %d, want %d", seed, len(got), now*100, k)
			}
			want = want[k:]
			most = max(most, p.stored-4*p.rows)
			if len(p.runs) > 24 {
				t.Fatalf("seed %d: %d runs of %d rows", seed, len(p.runs), p.rows)
			}
		}
		if most > 18*chunkRows {
			t.Errorf("seed %d: up to %d rows are kept beyond four times those that wait", seed, most)
		}
	}
}

// drain takes the rows up to a time, and returns their numbers.
func (p *pending) drain(t *testing.T, to int64) []int64 {
	rows := p.due(to, nil)
	if !slices.IsSortedFunc(rows, compareRows) {
		t.Fatal("rows leave in no order")
	}
	out := types.NewBatch(p.schema)
	p.take(rows, out)
	for i, n := range out.Cols[0].I64 {
		if out.Cols[1].Str(i) != fmt.Sprint("row ", n) {
			t.Fatalf("row %d has %q", n, out.Cols[1].Str(i))
		}
	}
	return out.Cols[0].I64
}
