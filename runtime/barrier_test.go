package runtime_test

import (
	"testing"

	"github.com/weirsql/weir/runtime"
)

// Rows flow while a sink makes safe what is before a barrier, and the checkpoint is of the rows before it only.
func TestRowsBehindABarrier(t *testing.T) {
	for _, parallelism := range []int{1, 2} {
		w := newWorld(t)
		src, out := w.source("clicks"), w.sink("totals")
		src.bounded, out.slow = false, true
		src.add("a", []any{"ann", int64(1), int64(1_000)})
		cfg := runtime.Config{Parallelism: parallelism, CheckpointDir: t.TempDir()}
		plan := w.plan(groups)
		j := w.start(plan, cfg)
		eventually(t, "the first row", func() bool { return out.written() == 1 })
		type result struct {
			path string
			err  error
		}
		taken := make(chan result, 1)
		go func() {
			path, err := j.Checkpoint(t.Context())
			taken <- result{path, err}
		}()
		eventually(t, "the barrier", out.waitedFor)
		src.add("a", []any{"bob", int64(2), int64(1_000)}, []any{"cleo", int64(3), int64(1_000)})
		eventually(t, "rows behind the barrier", func() bool { return out.written() == 3 })
		equal(t, "published too early", out.lines(), nil)
		out.let()
		r := <-taken
		if r.err != nil {
			t.Fatal(r.err)
		}
		eventually(t, "the commit", func() bool { return len(out.lines()) > 0 })
		equal(t, "published with the checkpoint", fold(out.lines()), []string{"ann 1 1"})
		j.Cancel()
		<-j.Done()

		src.add("a", []any{"dora", int64(4), int64(1_000)})
		src.bounded = true
		cfg.Restore = runtime.Latest
		if err := w.start(plan, cfg).Wait(); err != nil {
			t.Fatal(err)
		}
		equal(t, "at the end", fold(out.lines()), []string{"ann 1 1", "bob 1 2", "cleo 1 3", "dora 1 4"})
	}
}

// The input ends while sinks make safe what is before a barrier: the checkpoint counts, and so does the last one.
func TestEndBehindABarrier(t *testing.T) {
	for _, parallelism := range []int{1, 2} {
		w := newWorld(t)
		src, out := w.source("clicks"), w.sink("totals")
		out.slow = true
		src.add("a", []any{"ann", int64(1), int64(1_000)}, []any{"bob", int64(2), int64(1_000)})
		src.stopAt("a", 1)
		cfg := runtime.Config{Parallelism: parallelism, CheckpointDir: t.TempDir()}
		plan := w.plan(groups)
		j := w.start(plan, cfg)
		eventually(t, "the first row", func() bool { return out.written() == 1 })
		taken := make(chan error, 1)
		var path string
		go func() {
			var err error
			path, err = j.Checkpoint(t.Context())
			taken <- err
		}()
		eventually(t, "the barrier", out.waitedFor)
		src.stopAt("a", -1)
		eventually(t, "the row behind it", func() bool { return out.written() == 2 })
		out.let()
		if err := <-taken; err != nil {
			t.Fatal(err)
		}
		if err := j.Wait(); err != nil {
			t.Fatal(err)
		}
		want := []string{"ann 1 1", "bob 1 2"}
		equal(t, "at the end", fold(out.lines()), want)
		// The checkpoint has the first row and not the second, wherever it was on its way.
		again := w.sink("totals")
		again.mu.Lock()
		again.published, again.commits = nil, map[string]bool{}
		again.mu.Unlock()
		cfg.JobID, cfg.Restore = "again", path
		if err := w.start(plan, cfg).Wait(); err != nil {
			t.Fatal(err)
		}
		equal(t, "from the checkpoint", fold(out.lines()), want)
	}
}
