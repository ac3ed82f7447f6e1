package bench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/weirsql/weir/types"
)

const bids = `CREATE TEMPORARY TABLE bids (k BIGINT, v BIGINT, action STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen');
`

// BenchmarkTumble is COUNT, SUM and MAX by a BIGINT key in windows of a minute, from decoded batches: 60,000 rows to a
// second of event time.
func BenchmarkTumble(b *testing.B) {
	const query = bids + `SELECT window_start, k, COUNT(*), SUM(v), MAX(v) FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, k`
	for _, distinct := range []int64{10_000, 1_000_000} {
		rnd := rand.New(rand.NewPCG(1, 1))
		batches := make([]*types.Batch, 256)
		keys, values, times := make([][]int64, len(batches)), make([][]int64, len(batches)), make([][]int64, len(batches))
		c := newChain(b, query)
		for i := range batches {
			batches[i] = fill(c.schema("bids"), batchRows, func(column string, _ int) any {
				return map[string]int64{"k": rnd.Int64N(distinct), "v": rnd.Int64N(1000)}[column]
			})
			keys[i], values[i], times[i] = column(b, batches[i], "k").I64, column(b, batches[i], "v").I64, column(b, batches[i], "ts").I64
		}
		const perMilli = 60
		b.Run(fmt.Sprintf("keys=%d/weir", distinct), func(b *testing.B) {
			c := newChain(b, query)
			r, n := newRate(b), 0
			for b.Loop() {
				i := n / batchRows
				at := times[i%len(batches)]
				for k := range at {
					at[k] = int64(n+k) / perMilli
				}
				c.send("bids", batches[i%len(batches)])
				c.watermark(int64(n)/perMilli - 1000)
				n += batchRows
			}
			sink += c.rows
			r.report(n)
		})
		b.Run(fmt.Sprintf("keys=%d/naive", distinct), func(b *testing.B) {
			type key struct{ window, k int64 }
			type acc struct{ count, sum, max int64 }
			groups := map[key]*acc{}
			fired := int64(60_000) // the end of the first window that has not
			r, n := newRate(b), 0
			for b.Loop() {
				i := n / batchRows % len(batches)
				at := times[i]
				for k := range at {
					at[k] = int64(n+k) / perMilli
				}
				for row, t := range at {
					g := key{t - t%60_000, keys[i][row]}
					a := groups[g]
					if a == nil {
						a = &acc{max: math.MinInt64}
						groups[g] = a
					}
					a.count++
					a.sum += values[i][row]
					a.max = max(a.max, values[i][row])
				}
				n += batchRows
				if watermark := int64(n)/perMilli - 1000; watermark >= fired {
					for g := range groups {
						if g.window+60_000 <= watermark {
							sink++
							delete(groups, g)
						}
					}
					fired += 60_000
				}
			}
			sink += len(groups)
			r.report(n)
		})
	}
}

// BenchmarkFilterCount is step 4 of the lab from decoded batches: rows with one text, counted in windows of ten seconds.
func BenchmarkFilterCount(b *testing.B) {
	const query = bids + `SELECT TUMBLE_START(ts, INTERVAL '10' SECOND), COUNT(*) FROM bids WHERE action = 'Impression'
GROUP BY TUMBLE(ts, INTERVAL '10' SECOND)`
	rnd := rand.New(rand.NewPCG(1, 1))
	c := newChain(b, query)
	batches := make([]*types.Batch, 64)
	for i := range batches {
		batches[i] = fill(c.schema("bids"), batchRows, func(column string, _ int) any {
			if column == "ts" {
				return int64(0)
			}
			return []string{"Impression", "Click", "Click"}[rnd.IntN(3)]
		})
	}
	b.Run("weir", func(b *testing.B) {
		r, n := newRate(b), 0
		for b.Loop() {
			batch := batches[n/batchRows%len(batches)]
			at := column(b, batch, "ts").I64
			for k := range at {
				at[k] = int64(n + k)
			}
			c.send("bids", batch)
			c.watermark(int64(n))
			n += batchRows
		}
		sink += c.rows
		r.report(n)
	})
	b.Run("naive", func(b *testing.B) {
		counts := map[int64]int64{}
		r, n := newRate(b), 0
		for b.Loop() {
			batch := batches[n/batchRows%len(batches)]
			actions := column(b, batch, "action")
			for row := range batch.N {
				if actions.Str(row) == "Impression" {
					t := int64(n + row)
					counts[t-t%10_000]++
				}
			}
			n += batchRows
		}
		sink += len(counts)
		r.report(n)
	})
}
