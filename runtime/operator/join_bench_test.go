package operator_test

import (
	"math/rand/v2"
	"testing"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/types"
)

// BenchmarkJoinUpdating is the inner join of two sides that are both updated all the time, one row per key and side:
// 1,000,000 keys, each row finds one match. What identifies a row is a key of its side, or the whole row, the old one of
// which is retracted before the new one.
func BenchmarkJoinUpdating(b *testing.B) {
	const keys = 1_000_000
	s := schema("k BIGINT, v BIGINT, w BIGINT")
	for _, by := range []string{"key", "id", "row"} {
		b.Run(by, func(b *testing.B) {
			rnd := rand.New(rand.NewPCG(1, 1))
			node := joinOn(physical.InnerJoin, s, s, []int{0}, []int{0})
			node.Retracts = [2]bool{true, true}
			switch by {
			case "key":
				node.Unique = [2][]int{{0}, {0}}
			case "id":
				node.Unique = [2][]int{{1}, {1}}
			}
			op, out := open(b, node), &discard{}
			// version is how often a key's row of a side has been changed; its columns follow from it.
			version := [2][]int64{make([]int64, keys), make([]int64, keys)}
			fill := func(batch *types.Batch, input int, k int64, kind types.RowKind) {
				v := k
				if by == "row" {
					v = version[input][k]
				}
				batch.Cols[0].I64 = append(batch.Cols[0].I64, k)
				batch.Cols[1].I64 = append(batch.Cols[1].I64, v)
				batch.Cols[2].I64 = append(batch.Cols[2].I64, version[input][k]<<20)
				for _, v := range batch.Cols {
					v.N++
				}
				batch.AppendKind(kind)
			}
			batch := types.NewBatch(s)
			flush := func(input int) {
				if err := op.Process(input, batch, out); err != nil {
					b.Fatal(err)
				}
				batch.Reset()
			}
			for input := range 2 {
				for k := range int64(keys) {
					if fill(batch, input, k, types.Insert); batch.N == benchRows {
						flush(input)
					}
				}
				flush(input)
			}
			change := func(input int, k int64) {
				fill(batch, input, k, types.UpdateBefore)
				version[input][k]++
				fill(batch, input, k, types.UpdateAfter)
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				input := n & 1
				b.StopTimer()
				for batch.N < benchRows {
					change(input, rnd.Int64N(keys))
				}
				b.StartTimer()
				flush(input)
				n++
			}
			benchSink += out.rows
			report(b, benchRows)
		})
	}
}
