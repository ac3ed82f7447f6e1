package runtime_test

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/checkpoint"
)

// saved runs a job up to the middle, saves it, and ends it.
func saved(t *testing.T, w *world, plan *physical.Plan, parallelism int, stop bool) (path string) {
	t.Helper()
	src := w.source("clicks")
	half(src, 4, 90)
	j := w.start(plan, runtime.Config{Parallelism: parallelism, CheckpointDir: t.TempDir()})
	eventually(t, "the first half", func() bool { return src.given() == 4*90 })
	if _, err := j.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	path, err := j.Savepoint(t.Context(), t.TempDir(), stop, false)
	if err != nil {
		t.Fatal(err)
	}
	if stop != (j.Status() == runtime.Finished) {
		t.Errorf("stop %v, and the status is %s", stop, j.Status())
	}
	told := j.Info().Checkpoints.History
	if len(told) == 0 || !told[0].Savepoint || told[0].Path != path || told[0].Bytes == 0 {
		t.Errorf("history: %+v", told)
	}
	j.Cancel()
	<-j.Done()
	release(src, 4)
	return path
}

// A savepoint can be copied away and started from at any parallelism; what the job had before is not needed any more.
func TestSavepoint(t *testing.T) {
	for _, stop := range []bool{false, true} {
		for _, parallelism := range []int{1, 2, 3} {
			t.Run(fmt.Sprintf("stop=%v,parallelism=%d", stop, parallelism), func(t *testing.T) {
				w := newWorld(t)
				wantWindows, wantGroups := fill(w.source("clicks"), 4, 200)
				plan := w.plan(windows + groups[len(clicks):])
				path := saved(t, w, plan, 2, stop)
				moved := filepath.Join(t.TempDir(), "moved")
				if err := os.Rename(path, moved); err != nil {
					t.Fatal(err)
				}
				cfg := runtime.Config{JobID: "other", Parallelism: parallelism, CheckpointDir: t.TempDir(), Restore: moved}
				j := w.start(plan, cfg)
				if err := j.Wait(); err != nil {
					t.Fatal(err)
				}
				equal(t, "windows", fold(w.sink("counts").lines()), wantWindows)
				equal(t, "groups", fold(w.sink("totals").lines()), wantGroups)
				if got := j.Info().Checkpoints.Restored; got != moved {
					t.Errorf("restored from %q", got)
				}
				if left, err := os.ReadDir(moved); err != nil || len(left) == 0 {
					t.Errorf("what is left of the savepoint: %v, %v", left, err)
				}
			})
		}
	}
}

// Savepoints of one checkpoint that are written to the same place at the same time don't touch each other.
func TestSavepointsAtOnce(t *testing.T) {
	w := newWorld(t)
	src := w.source("clicks")
	fill(src, 4, 200)
	half(src, 4, 90)
	j := w.start(w.plan(groups), runtime.Config{Parallelism: 2, CheckpointDir: t.TempDir()})
	eventually(t, "the first half", func() bool { return src.given() == 4*90 })
	dir := t.TempDir()
	paths := make(chan string, 3)
	save := func(then func()) {
		j.RequestSavepoint(dir, false, false, func(path string, err error) {
			if err != nil {
				t.Errorf("savepoint: %v", err)
			}
			paths <- path
			then()
		})
	}
	save(func() { // what is asked for here is asked for at the same moment
		save(func() {})
		save(func() {})
	})
	var ids []int64
	for range cap(paths) {
		c, err := checkpoint.OpenURI(<-paths)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.Manifest.ID)
	}
	if ids[1] != ids[2] {
		t.Errorf("the savepoints are of checkpoints %d", ids)
	}
	j.Cancel()
	<-j.Done()
}

// After a failure a job that was started from a savepoint and has no checkpoint yet goes back to the savepoint.
func TestRestartFromSavepoint(t *testing.T) {
	w := newWorld(t)
	src := w.source("clicks")
	_, want := fill(src, 4, 200)
	plan := w.plan(groups)
	path := saved(t, w, plan, 2, true)
	src.breakAt(4, 120, errGone)
	cfg := runtime.Config{Parallelism: 2, CheckpointDir: t.TempDir(), Restore: path, Restart: exponential}
	cfg.OnEvent = func(e runtime.Event) {
		if e.Kind == runtime.RestartScheduled {
			src.breakAt(4, -1, nil)
		}
	}
	j, err := virtual(t, w, plan, cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if info := j.Info(); info.Restarts != 1 || info.Checkpoints.Restored != path {
		t.Errorf("%d restarts, from %s", info.Restarts, info.Checkpoints.Restored)
	}
	equal(t, "totals", fold(w.sink("totals").lines()), want)
}

// A savepoint of a query that had one operator more is refused, naming that operator, unless its state may be dropped. The
// others go on where they were.
func TestSavepointOfAnotherQuery(t *testing.T) {
	w := newWorld(t)
	wantWindows, _ := fill(w.source("clicks"), 4, 200)
	path := saved(t, w, w.plan(windows+groups[len(clicks):]), 2, true)
	only := w.plan(windows[strings.Index(windows, "INSERT"):])
	cfg := runtime.Config{JobID: "less", Parallelism: 2, CheckpointDir: t.TempDir(), Restore: path}
	_, err := runtime.Start(t.Context(), only, cfg)
	if err == nil || !strings.Contains(err.Error(), "state of operator GroupAggregate (id ") || !strings.Contains(err.Error(), "ignore-unclaimed-state") {
		t.Fatalf("got %v", err)
	}
	cfg.IgnoreUnclaimed = true
	if err := w.start(only, cfg).Wait(); err != nil {
		t.Fatal(err)
	}
	equal(t, "windows", fold(w.sink("counts").lines()), wantWindows)
	if log := w.log.String(); !strings.Contains(log, "operator=GroupAggregate") {
		t.Errorf("the log doesn't name what is dropped:\n%s", log)
	}
}

// What isn't a whole savepoint is refused, naming the file.
func TestBrokenSavepoint(t *testing.T) {
	for _, c := range []struct {
		name, want string
		harm       func(path string) error
	}{
		{"no manifest", "manifest.json", func(path string) error { return os.Remove(filepath.Join(path, "manifest.json")) }},
		{"half a manifest", "manifest.json", func(path string) error {
			return cut(filepath.Join(path, "manifest.json"))
		}},
		{"another version", "version 1", func(path string) error {
			return change(filepath.Join(path, "manifest.json"), func(text []byte) []byte {
				m := `{"version":1,"job":"job","id":1,"operators":[]}`
				return fmt.Appendf(nil, `{"crc32c":%d,"manifest":%s}`, crc32.Checksum([]byte(m), crc32.MakeTable(crc32.Castagnoli)), m)
			})
		}},
		{"no folder", "no-such", func(path string) error { return os.Rename(path, filepath.Join(filepath.Dir(path), "no-such")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			fill(w.source("clicks"), 4, 200)
			plan := w.plan(groups)
			path := saved(t, w, plan, 1, true)
			if err := c.harm(path); err != nil {
				t.Fatal(err)
			}
			_, err := runtime.Start(t.Context(), plan, runtime.Config{JobID: "job", Restore: path})
			if err == nil || c.name != "no folder" && !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func cut(path string) error {
	return change(path, func(text []byte) []byte { return text[:len(text)/2] })
}

func change(path string, f func([]byte) []byte) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, f(text), 0o600)
}

// A place that can't be written to is noticed before anything is stopped; a job without state has nothing to save.
func TestSavepointNowhere(t *testing.T) {
	w := newWorld(t)
	src := w.source("clicks")
	src.bounded = false
	src.add("a", []any{"ann", int64(1), int64(1)})
	j := w.start(w.plan(groups), runtime.Config{CheckpointDir: t.TempDir()})
	eventually(t, "the row", func() bool { return src.given() == 1 })
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Join(file, "below"), "", "ftp://host/dir"} {
		if _, err := j.Savepoint(t.Context(), dir, true, false); err == nil || j.Status() != runtime.Running {
			t.Errorf("into %q: %v, and the job is %s", dir, err, j.Status())
		}
	}
	stateless := w.start(w.plan(groups[len(clicks):][strings.Index(groups[len(clicks):], "INSERT"):]), runtime.Config{JobID: "stateless"})
	if _, err := stateless.Savepoint(t.Context(), t.TempDir(), false, false); err == nil || !strings.Contains(err.Error(), "keeps no state") {
		t.Errorf("a job without checkpoints: %v", err)
	}
	if err := j.Stop(t.Context(), false); err != nil {
		t.Error(err)
	}
	if _, err := j.Savepoint(t.Context(), t.TempDir(), false, false); err == nil {
		t.Error("a job that is over")
	}
}

// A checkpoint's folder that can't be written to for a while stops nothing. Checkpoints fail and are counted, and succeed
// again when it is back.
func TestCheckpointsWithoutAPlace(t *testing.T) {
	w := newWorld(t)
	src := w.source("clicks")
	_, want := fill(src, 2, 100)
	half(src, 2, 30)
	dir := t.TempDir()
	j := w.start(w.plan(groups), runtime.Config{Parallelism: 2, CheckpointDir: dir, Restart: exponential})
	eventually(t, "some rows", func() bool { return src.given() == 60 })
	place := filepath.Join(dir, "job")
	if err := os.Rename(place, place+".away"); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		if _, err := j.Checkpoint(t.Context()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a checkpoint without a place: %v", err)
		}
		half(src, 2, 40+10*n)
		eventually(t, "more rows", func() bool { return src.given() == 2*(40+10*n) })
	}
	info := j.Info()
	if info.State != "RUNNING" || info.Checkpoints.Failed != 3 || len(info.Checkpoints.History) != 3 || info.Checkpoints.History[0].Failure == "" {
		t.Errorf("%s, %+v", info.State, info.Checkpoints)
	}
	if err := os.Rename(place+".away", place); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	release(src, 2)
	if err := j.Wait(); err != nil {
		t.Fatal(err)
	}
	equal(t, "totals", fold(w.sink("totals").lines()), want)
}
