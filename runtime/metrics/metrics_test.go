package metrics_test

import (
	"testing"
	"time"

	"github.com/weirsql/weir/runtime/metrics"
)

// A task's time adds up to the time that has passed, also while it waits.
func TestTask(t *testing.T) {
	var task metrics.Task
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	check := func(now int, busy, backpressured, idle time.Duration) {
		t.Helper()
		if b, p, i := task.Times(at(now)); b != busy*time.Second || p != backpressured*time.Second || i != idle*time.Second {
			t.Errorf("after %d s: busy %v, backpressured %v, idle %v", now, b, p, i)
		}
	}
	check(0, 0, 0, 0)
	task.Switch(metrics.Busy, at(1))
	check(3, 2, 0, 0)
	task.Switch(metrics.Backpressured, at(3))
	check(10, 2, 7, 0)
	task.Switch(metrics.Busy, at(10))
	task.Switch(metrics.Idle, at(11))
	check(20, 3, 7, 9)
	task.Switch(metrics.Ended, at(20))
	check(30, 3, 7, 9)
}
