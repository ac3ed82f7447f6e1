package runtime_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/state"
)

// Checkpoints are taken every interval, and with each the sinks publish; only the newest are kept.
func TestInterval(t *testing.T) {
	v := clock.NewVirtual(time.Unix(0, 0))
	w := newWorld(t)
	src, out := w.source("clicks"), w.sink("totals")
	src.bounded = false
	src.add("a")
	dir := t.TempDir()
	var events []runtime.Event
	plan := w.plan(groups)
	v.Run(func() {
		j := w.start(plan, runtime.Config{
			Parallelism: 2, Clock: v, CheckpointDir: dir, CheckpointInterval: time.Minute,
			OnEvent: func(e runtime.Event) { events = append(events, e) },
		})
		for n := range 4 {
			src.add("a", []any{fmt.Sprint("user", n), int64(1), int64(1_000)})
			if err := clock.Sleep(t.Context(), v, 59*time.Second); err != nil {
				t.Error(err)
			}
			if got := len(fold(out.lines())); got != n {
				t.Errorf("%d rows are published before checkpoint %d", got, n+1)
			}
			if err := clock.Sleep(t.Context(), v, time.Second); err != nil {
				t.Error(err)
			}
		}
		if err := clock.Sleep(t.Context(), v, 30*time.Second); err != nil {
			t.Error(err)
		}
		if got := len(fold(out.lines())); got != 4 {
			t.Errorf("%d rows are published at last", got)
		}
		j.Cancel()
		if err := j.Join(t.Context(), v.NewWaiter()); err == nil {
			t.Error("no error after Cancel")
		}
		if completed, failed := j.Checkpoints(); completed != 4 || failed != 0 {
			t.Errorf("%d checkpoints, %d failed", completed, failed)
		}
	})
	if len(events) != 5 || events[0].Kind != runtime.CheckpointCompleted || events[0].Bytes == 0 || events[4].Kind != runtime.Ended {
		t.Errorf("events: %+v", events)
	}
	kept, err := filepath.Glob(filepath.Join(dir, "job", "chk-*"))
	if err != nil || len(kept) != 2 {
		t.Errorf("kept %v, %v", kept, err)
	}
}

// run starts a job that stops in the middle, takes some checkpoints, and kills it.
func killed(t *testing.T, w *world, sql string, cfg runtime.Config, checkpoints int) (paths []string) {
	t.Helper()
	src := w.source("clicks")
	j := w.start(w.plan(sql), cfg)
	for n := range checkpoints {
		half(src, 2, 20*(n+1))
		eventually(t, "rows", func() bool { return src.given() >= 2*20*(n+1) })
		path, err := j.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	j.Cancel()
	<-j.Done()
	release(src, 2)
	return paths
}

// A damaged checkpoint is named and skipped, and the one before gives the right result: nothing was published since.
func TestDamagedCheckpoint(t *testing.T) {
	for n, files := 0, 1; n < files; n++ {
		w := newWorld(t)
		want, _ := fill(w.source("clicks"), 2, 100)
		half(w.source("clicks"), 2, 20)
		cfg := runtime.Config{Parallelism: 1, CheckpointDir: t.TempDir()}
		paths := killed(t, w, windows, cfg, 2)
		all, err := filepath.Glob(filepath.Join(paths[1], "*"))
		if err != nil || len(all) == 0 {
			t.Fatalf("the checkpoint has the files %v, %v", all, err)
		}
		damaged := all[n]
		files = len(all)
		data, err := os.ReadFile(damaged)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		if err := os.WriteFile(damaged, data, 0o644); err != nil {
			t.Fatal(err)
		}
		exact := cfg
		exact.JobID, exact.Restore = "job", paths[1]
		if _, err := runtime.Start(t.Context(), w.plan(windows[strings.Index(windows, "INSERT"):]), exact); err == nil || !strings.Contains(err.Error(), damaged) {
			t.Errorf("restored from a damaged checkpoint: %v, want an error that names %s", err, damaged)
		}
		cfg.Restore = runtime.Latest
		if err := w.start(w.plan(windows[strings.Index(windows, "INSERT"):]), cfg).Wait(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(w.log.String(), damaged) {
			t.Errorf("the log doesn't name %s:\n%s", damaged, w.log.String())
		}
		equal(t, "windows", fold(w.sink("counts").lines()), want)
	}
}

// Checkpoints after the first are increments, and restore to what a whole one would, at another parallelism, too.
func TestIncrements(t *testing.T) {
	for _, parallelism := range []int{2, 3} {
		w := newWorld(t)
		_, want := fill(w.source("clicks"), 2, 200)
		half(w.source("clicks"), 2, 20)
		cfg := runtime.Config{Parallelism: 2, CheckpointDir: t.TempDir(), IncrementFrom: 1}
		paths := killed(t, w, groups, cfg, 4)
		c, err := checkpoint.OpenURI(paths[3])
		if err != nil {
			t.Fatal(err)
		}
		most := 0
		for _, op := range c.Manifest.Operators {
			for _, s := range op.Subtasks {
				most = max(most, len(s.Parts))
			}
		}
		if most < 2 {
			t.Errorf("no subtask has more than %d parts", most)
		}
		cfg.Restore, cfg.Parallelism = runtime.Latest, parallelism
		if err := w.start(w.plan(groups[strings.Index(groups, "INSERT"):]), cfg).Wait(); err != nil {
			t.Fatal(err)
		}
		equal(t, "totals", fold(w.sink("totals").lines()), want)
	}
}

// State of which most is on disk is large enough for increments by what is there.
func TestIncrementsBeyondMemory(t *testing.T) {
	w := newWorld(t)
	src := w.source("clicks")
	src.bounded = false
	const keys = 10_000
	pad := strings.Repeat("x", 1000)
	round := func() {
		for k := range keys {
			src.add("split0", []any{fmt.Sprint("user", k, pad), int64(1), int64(1_000)})
		}
	}
	memory := state.NewMemory(256<<10, t.TempDir())
	defer memory.Close()
	round()
	j := w.start(w.plan(groups), runtime.Config{Parallelism: 1, CheckpointDir: t.TempDir(), IncrementFrom: 6 << 20, Memory: memory})
	parts := 0
	for n := 1; n <= 2; n++ {
		eventually(t, "rows", func() bool { return src.given() == n*keys })
		path, err := j.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c, err := checkpoint.OpenURI(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range c.Manifest.Operators {
			parts = max(parts, len(op.Subtasks[0].Parts))
		}
		round()
	}
	if parts != 2 {
		t.Errorf("the second checkpoint has %d parts, want 2", parts)
	}
	if err := j.Stop(t.Context(), false); err != nil {
		t.Error(err)
	}
}

// State that the query has no place for is refused, naming the operator.
func TestForeignCheckpoint(t *testing.T) {
	w := newWorld(t)
	fill(w.source("clicks"), 2, 100)
	half(w.source("clicks"), 2, 20)
	cfg := runtime.Config{Parallelism: 1, CheckpointDir: t.TempDir()}
	killed(t, w, groups, cfg, 1)
	cfg.JobID, cfg.Restore = "job", runtime.Latest
	_, err := runtime.Start(t.Context(), w.plan("INSERT INTO totals SELECT who, MAX(n), MIN(n) FROM clicks GROUP BY who"), cfg)
	if err == nil || !strings.Contains(err.Error(), "state of operator GroupAggregate (id ") {
		t.Errorf("got %v", err)
	}
}

// A checkpoint that can't be written stops nothing; the next one publishes what it would have.
func TestFailingCheckpoint(t *testing.T) {
	w := newWorld(t)
	src, out := w.source("clicks"), w.sink("totals")
	src.bounded = false
	src.add("a", []any{"ann", int64(1), int64(1_000)})
	dir := t.TempDir()
	j := w.start(w.plan(groups), runtime.Config{Parallelism: 2, CheckpointDir: dir})
	eventually(t, "the row", func() bool { return out.written() == 1 })
	place := filepath.Join(dir, "job")
	if err := os.Rename(place, place+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Checkpoint(t.Context()); err == nil || !strings.Contains(err.Error(), "chk-1") {
		t.Errorf("the checkpoint: %v", err)
	}
	if err := os.Rename(place+".away", place); err != nil {
		t.Fatal(err)
	}
	src.add("a", []any{"bob", int64(1), int64(1_000)})
	eventually(t, "the next row", func() bool { return out.written() == 2 })
	equal(t, "published", out.lines(), nil)
	path, err := j.Checkpoint(t.Context())
	if err != nil || filepath.Base(path) != "chk-2" {
		t.Fatalf("the next checkpoint: %s, %v", path, err)
	}
	eventually(t, "the rows", func() bool { return len(out.lines()) == 2 })
	if _, failed := j.Checkpoints(); failed != 1 || j.Status() != runtime.Running {
		t.Errorf("%d failed, %s", failed, j.Status())
	}
	if err := j.Stop(t.Context(), false); err != nil {
		t.Error(err)
	}
}

// A job whose last checkpoint can't be written fails and publishes nothing, so that it can be run again.
func TestFailingLastCheckpoint(t *testing.T) {
	w := newWorld(t)
	_, want := fill(w.source("clicks"), 2, 30)
	half(w.source("clicks"), 2, 20)
	dir := t.TempDir()
	cfg := runtime.Config{Parallelism: 2, CheckpointDir: dir}
	plan := w.plan(groups)
	j := w.start(plan, cfg)
	eventually(t, "the rows", func() bool { return w.source("clicks").given() == 40 })
	place := filepath.Join(dir, "job")
	if err := os.Rename(place, place+".away"); err != nil {
		t.Fatal(err)
	}
	release(w.source("clicks"), 2)
	if err := j.Wait(); err == nil || !strings.Contains(err.Error(), "write checkpoint") {
		t.Errorf("got %v", err)
	}
	equal(t, "published", w.sink("totals").lines(), nil)
	if err := w.start(plan, cfg).Wait(); err != nil {
		t.Fatal(err)
	}
	equal(t, "totals", fold(w.sink("totals").lines()), want)
}

// Every operator of a chain has its turn, however many there are.
func TestCheckpointOfLongChain(t *testing.T) {
	w := newWorld(t)
	src := w.source("clicks")
	fill(src, 4, 200)
	half(src, 4, 90)
	j := w.start(w.plan(groups[:strings.Index(groups, "INSERT")]+`INSERT INTO totals
		SELECT who, MAX(c), MAX(s) FROM (SELECT who, c, MAX(s) AS s FROM (SELECT who, c, s, COUNT(*) FROM
			(SELECT who, COUNT(*) AS c, SUM(n) AS s FROM clicks GROUP BY who) GROUP BY who, c, s) GROUP BY who, c) GROUP BY who;`),
		runtime.Config{Parallelism: 1, CheckpointDir: t.TempDir()})
	eventually(t, "the first half", func() bool { return src.given() == 4*90 })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := j.Checkpoint(ctx); err != nil {
		t.Error(err)
	}
	j.Cancel()
	<-j.Done()
}
