package bench

import (
	"testing"
	"time"
)

// sink keeps results, so that what computes them isn't optimized away.
var sink int

// rate reports how many records a benchmark took in a second, and in a second of the process's processor time, which is
// the steadier figure on a machine that does other things, too. Make it before the loop.
type rate struct {
	b   *testing.B
	cpu time.Duration
}

func newRate(b *testing.B) *rate {
	b.ReportAllocs()
	return &rate{b: b, cpu: cpuTime()}
}

// report is called after the loop; records are those of the whole loop.
func (r *rate) report(records int) {
	cpu := cpuTime() - r.cpu
	r.b.ReportMetric(float64(records)/r.b.Elapsed().Seconds()/1e6, "Mrec/s")
	if cpu > 0 {
		r.b.ReportMetric(float64(records)/cpu.Seconds()/1e6, "Mrec/cpu-s")
	}
	r.b.ReportMetric(0, "ns/op")
}
