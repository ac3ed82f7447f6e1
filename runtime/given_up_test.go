package runtime_test

import (
	"testing"
	"time"

	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/clock"
)

// A checkpoint that is given up when the input has ended already takes nothing from the end of the job.
func TestGiveUpAtTheEnd(t *testing.T) {
	v := clock.NewVirtual(time.Unix(0, 0))
	w := newWorld(t)
	src, out := w.source("clicks"), w.sink("totals")
	src.add("a", []any{"ann", int64(1), int64(1_000)}, []any{"bob", int64(1), int64(1_000)})
	src.stopAt("a", 1)
	out.slow = true
	plan := w.plan(groups)
	v.Run(func() {
		j := w.start(plan, runtime.Config{
			Parallelism: 2, Clock: v, CheckpointDir: t.TempDir(), CheckpointInterval: time.Minute, CheckpointTimeout: 10 * time.Second,
		})
		sleep := func(d time.Duration) {
			if err := clock.Sleep(t.Context(), v, d); err != nil {
				t.Error(err)
			}
		}
		sleep(65 * time.Second) // a checkpoint waits for the sink
		src.stopAt("a", -1)
		sleep(10 * time.Second)
		if _, failed := j.Checkpoints(); failed != 1 {
			t.Errorf("%d checkpoints were given up, want 1", failed)
		}
		out.let()
		sleep(time.Minute)
		if j.Status() != runtime.Finished {
			t.Errorf("the job is %s although all is read and written", j.Status())
			j.Cancel()
		}
	})
	equal(t, "totals", fold(out.lines()), []string{"ann 1 1", "bob 1 1"})
}
