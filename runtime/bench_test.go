package runtime_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/types"
)

// repeated is a source that copies the same rows over and over, with the time going on: what is left is the cost of
// tasks, exchanges and operators.
type repeated struct {
	from    *types.Batch // columns who, n, ts
	left    int
	millis  int64
	columns []int
}

func (r *repeated) Mode() types.ChangelogMode        { return types.AppendOnly }
func (r *repeated) Bounded() bool                    { return true }
func (r *repeated) DiscoveryInterval() time.Duration { return 0 }
func (r *repeated) Describe() string                 { return "repeated" }
func (r *repeated) Splits(context.Context) ([]connectors.Split, error) {
	return []connectors.Split{{ID: "all"}}, nil
}
func (r *repeated) Open(_ context.Context, _ connectors.Split, rc connectors.ReaderContext) (connectors.Reader, error) {
	for _, c := range rc.Columns {
		r.columns = append(r.columns, r.from.Schema.Index(c.Name))
	}
	return r, nil
}
func (r *repeated) Position() []byte { return nil }
func (r *repeated) Close() error     { return nil }
func (r *repeated) Poll(out *types.Batch, most int) (connectors.PollStatus, error) {
	n := min(most, r.left, r.from.N)
	for i, c := range r.columns {
		if c == 2 {
			for range n {
				r.millis++
				out.Cols[i].I64 = append(out.Cols[i].I64, r.millis)
			}
			out.Cols[i].N += n
			continue
		}
		out.Cols[i].AppendRange(r.from.Cols[c], 0, n)
	}
	out.N += n
	if r.left -= n; r.left == 0 {
		return connectors.Ended, nil
	}
	return connectors.Ready, nil
}

// BenchmarkWindows is scan → filter → tumbling count and sum of ten keys, in one goroutine and over a hash exchange.
func BenchmarkWindows(b *testing.B) {
	for _, parallelism := range []int{1, 2} {
		b.Run(fmt.Sprintf("parallelism=%d", parallelism), func(b *testing.B) {
			w := newWorld(b)
			plan := w.plan(windows)
			batch := types.NewBatch(types.NewSchema(types.Field{Name: "who", Type: types.StringType},
				types.Field{Name: "n", Type: types.BigIntType}, types.Field{Name: "ts", Type: types.TimestampType(3)}))
			for i := range 4096 {
				batch.Cols[0].AppendString(fmt.Sprint("user", i%10))
				batch.Cols[1].I64 = append(batch.Cols[1].I64, int64(i%100))
				batch.Cols[2].I64 = append(batch.Cols[2].I64, 0)
				batch.N++
			}
			batch.Cols[1].N, batch.Cols[2].N = batch.N, batch.N
			for _, n := range plan.Nodes {
				if scan, ok := n.(*physical.Scan); ok {
					scan.Source = &repeated{from: batch, left: b.N}
				}
			}
			b.ReportAllocs()
			b.ResetTimer()
			j := w.start(plan, runtime.Config{Parallelism: parallelism})
			if err := j.Wait(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}
