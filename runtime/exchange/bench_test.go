package exchange

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weirsql/weir/planner/physical"
)

// BenchmarkExchange is what a row costs from one task to another, queues and all, per exchange and width of rows.
func BenchmarkExchange(b *testing.B) {
	for _, kind := range []physical.Exchange{physical.Hash, physical.Rebalance, physical.Single} {
		for _, width := range []int{8, 1 << 10} {
			b.Run(fmt.Sprintf("%s/%dB", kind, width), func(b *testing.B) {
				const rowsPerBatch = 1024
				n := 2
				if kind == physical.Single {
					n = 1
				}
				qs := queues(n)
				s := NewSender(kind, []int{0}, rowsPerBatch, qs)
				r := NewReceiver(qs, make([]int, n))
				batch := rows()
				text := strings.Repeat("x", width)
				for i := range rowsPerBatch {
					batch.Cols[0].AppendValue(int64(i))
					batch.Cols[1].AppendString(text)
					batch.N++
				}
				b.SetBytes(int64(width))
				b.ResetTimer()
				for i := 0; i < b.N; i += rowsPerBatch {
					s.Send(batch)
					for {
						e, ok := r.Next()
						if !ok {
							break
						}
						r.Done(e)
					}
				}
			})
		}
	}
}
