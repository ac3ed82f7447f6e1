package operator_test

import (
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

// BenchmarkOver is calls over event time, in batches of 4096 rows with a watermark a second behind, which is five batches. The naive
// counterpart keeps a slice of rows per key, sorts what is due, and calls a closure per row.
func BenchmarkOver(b *testing.B) {
	s := schema("k BIGINT, v BIGINT, ts TIME")
	mean := []string{"AVG(v)"}
	cases := []struct {
		name      string
		keys      int64
		jitter    int64 // ms
		frame     physical.Frame
		functions []*rex.Call
		calls     []string
		maxKeys   int64
	}{
		{"function/keys=10k", 10_000, 0, unboundedRange, []*rex.Call{product(s, "v")}, nil, 0},
		{"function/keys=1", 1, 0, unboundedRange, []*rex.Call{product(s, "v")}, nil, 0},
		{"function/keys=10k/jitter", 10_000, 1000, unboundedRange, []*rex.Call{product(s, "v")}, nil, 0},
		{"function/keys=20k/limit=10k", 20_000, 0, unboundedRange, []*rex.Call{product(s, "v")}, nil, 10_000},
		{"range/keys=10k", 10_000, 0, unboundedRange, nil, mean, 0},
		{"rows/keys=10k", 10_000, 0, unboundedRows, nil, mean, 0},
		{"rows/keys=1", 1, 0, unboundedRows, nil, mean, 0},
		{"10-rows/keys=10k", 10_000, 0, physical.Frame{Rows: true, Bounded: true, Preceding: 9}, nil, mean, 0},
		{"10-rows/keys=1", 1, 0, physical.Frame{Rows: true, Bounded: true, Preceding: 9}, nil, mean, 0},
		{"10-seconds/keys=10k", 10_000, 0, physical.Frame{Bounded: true, Preceding: 10_000}, nil, mean, 0},
		{"10-seconds/keys=1", 1, 0, physical.Frame{Bounded: true, Preceding: 10_000}, nil, mean, 0},
	}
	for _, c := range cases {
		rnd := rand.New(rand.NewPCG(1, 1))
		batches := make([]*types.Batch, 64)
		offsets := make([][]int64, len(batches))
		for i := range batches {
			batches[i] = types.NewBatch(s)
			for r := range benchRows {
				batches[i].Cols[0].AppendValue(rnd.Int64N(c.keys))
				batches[i].Cols[1].AppendValue(20 + rnd.Int64N(1000))
				batches[i].Cols[2].AppendValue(int64(0))
				batches[i].AppendKind(types.Insert)
				off := int64(r) * 200 / benchRows
				if c.jitter > 0 {
					off -= rnd.Int64N(c.jitter)
				}
				offsets[i] = append(offsets[i], off)
			}
		}
		next := func(i int) (*types.Batch, int64) {
			at, batch := int64(i)*200, batches[i%len(batches)]
			for r, off := range offsets[i%len(batches)] {
				batch.Cols[2].I64[r] = at + off
			}
			return batch, at - 1000
		}
		b.Run(c.name, func(b *testing.B) {
			n := overNode(s, []int{0}, c.frame, c.functions, c.calls...)
			n.MaxKeys = c.maxKeys
			op := open(b, n)
			out := &discard{}
			i := 0
			step := func() {
				batch, watermark := next(i)
				if err := op.Process(0, batch, out); err != nil {
					b.Fatal(err)
				}
				if err := op.OnWatermark(watermark, out); err != nil {
					b.Fatal(err)
				}
				i++
			}
			for range 60 { // the window is full, and buffers are as large as they get
				step()
			}
			b.ReportAllocs()
			for b.Loop() {
				step()
			}
			benchSink += out.rows
			report(b, benchRows)
		})
		if c.functions == nil || c.maxKeys > 0 {
			continue
		}
		b.Run(c.name+"/naive", func(b *testing.B) {
			type row struct{ ts, k, v, out int64 }
			waiting := map[int64][]row{}
			memory := map[int64]func(int64) int64{}
			i := 0
			for b.Loop() {
				batch, watermark := next(i)
				for r := range batch.N {
					k := batch.Cols[0].I64[r]
					waiting[k] = append(waiting[k], row{batch.Cols[2].I64[r], k, batch.Cols[1].I64[r], 0})
				}
				for k, rows := range waiting {
					sort.SliceStable(rows, func(a, b int) bool { return rows[a].ts < rows[b].ts })
					due := 0
					for ; due < len(rows) && rows[due].ts <= watermark; due++ {
						f := memory[k]
						if f == nil {
							x := int64(1)
							f = func(v int64) int64 { x = (x*7 + v) % 1_000_003; return x }
							memory[k] = f
						}
						rows[due].out = f(rows[due].v)
						benchSink += int(rows[due].out & 1)
					}
					waiting[k] = append(rows[:0], rows[due:]...)
				}
				i++
			}
			report(b, benchRows)
		})
	}
}
