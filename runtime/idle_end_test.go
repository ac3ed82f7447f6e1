package runtime_test

import (
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/clock"
)

// All windows fire when a job is drained whose splits have long been idle.
func TestDrainIdle(t *testing.T) {
	v := clock.NewVirtual(time.Unix(0, 0))
	w := newWorld(t)
	want, _ := fill(w.source("clicks"), 2, 50)
	w.source("clicks").bounded = false
	plan := w.plan(strings.Replace(windows, "'is' = 'clicks'", "'is' = 'clicks', 'scan.watermark.idle-timeout' = '1 s'", 1))
	v.Run(func() {
		j := w.start(plan, runtime.Config{Parallelism: 2, Clock: v})
		if err := clock.Sleep(t.Context(), v, time.Minute); err != nil {
			t.Error(err)
		}
		j.RequestStop(true)
		if err := j.Join(t.Context(), v.NewWaiter()); err != nil {
			t.Error(err)
		}
	})
	equal(t, "windows", fold(w.sink("counts").lines()), want)
}
