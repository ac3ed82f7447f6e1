package operator_test

import (
	"math/rand/v2"
	"testing"

	"github.com/weirsql/weir/types"
)

// BenchmarkChangelogNormalize updates 1,000,000 keys at random.
func BenchmarkChangelogNormalize(b *testing.B) {
	const keys = 1_000_000
	s := schema("k BIGINT, v BIGINT, w BIGINT")
	op, out := open(b, normalize(s, []int{0}, types.Retract)), &discard{}
	rnd := rand.New(rand.NewPCG(1, 1))
	batch := types.NewBatch(s)
	round := int64(0)
	process := func() {
		for c, v := range batch.Cols {
			v.N = batch.N
			for len(v.I64) < batch.N {
				v.I64 = append(v.I64, round*int64(c))
			}
		}
		if err := op.Process(0, batch, out); err != nil {
			b.Fatal(err)
		}
		batch.Reset()
		round++
	}
	for k := range int64(keys) {
		batch.Cols[0].I64 = append(batch.Cols[0].I64, k)
		if batch.AppendKind(types.Insert); batch.N == benchRows {
			process()
		}
	}
	process()
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for batch.N < benchRows {
			batch.Cols[0].I64 = append(batch.Cols[0].I64, rnd.Int64N(keys))
			batch.AppendKind(types.UpdateAfter)
		}
		b.StartTimer()
		process()
	}
	benchSink += out.rows
	report(b, benchRows)
}
