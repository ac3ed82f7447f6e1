package runtime_test

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/checkpoint"
)

// gated is a place for checkpoints in which chosen calls wait until they are let.
type gated struct {
	checkpoint.FS
	mu    sync.Mutex
	gates map[string]*gate // by what the name of a file begins with: "chk-2/manifest"
}

type gate struct{ reached, let chan struct{} }

func newGated(t *testing.T) *gated {
	g := &gated{FS: checkpoint.Dir(t.TempDir()), gates: map[string]*gate{}}
	checkpoint.Register(g.scheme(t), func(string) (checkpoint.FS, error) { return g, nil })
	return g
}

func (g *gated) scheme(t *testing.T) string { return "gated" + strings.ToLower(t.Name()) }

func (g *gated) shut(prefix string) *gate {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := &gate{make(chan struct{}), make(chan struct{})}
	g.gates[prefix] = at
	return at
}

func (g *gated) wait(name string) {
	g.mu.Lock()
	var at *gate
	for prefix, x := range g.gates {
		if strings.HasPrefix(name, prefix) {
			at = x
			delete(g.gates, prefix)
		}
	}
	g.mu.Unlock()
	if at != nil {
		close(at.reached)
		<-at.let
	}
}

func short(name string) string { return path.Join(path.Base(path.Dir(name)), path.Base(name)) }

func (g *gated) Create(name string) (checkpoint.Output, error) {
	g.wait(short(name))
	return g.FS.Create(name)
}

func (g *gated) Publish(name string, data []byte) error {
	g.wait(short(name))
	return g.FS.Publish(name, data)
}

// A job is stopped while a checkpoint is being stored. The last checkpoint, whose line is drawn before that one is
// complete, has what changed since the one before both.
func TestStopWhileCheckpointIsStored(t *testing.T) {
	w := newWorld(t)
	src, out := w.source("clicks"), w.sink("totals")
	src.bounded = false
	const keys = 3000
	pad := strings.Repeat("x", 5000) // so much that the last checkpoint has to wait for its file
	round := func() {
		for k := range keys {
			src.add("split0", []any{fmt.Sprint("user", k, pad), int64(1), int64(1_000)})
		}
	}
	place := newGated(t)
	cfg := runtime.Config{Parallelism: 1, CheckpointDir: place.scheme(t) + "://", IncrementFrom: 1}
	plan := w.plan(groups)
	round() // before the splits are listed
	j := w.start(plan, cfg)
	eventually(t, "rows", func() bool { return src.given() == keys })
	if _, err := j.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	round()
	eventually(t, "rows", func() bool { return src.given() == 2*keys })
	second, third := place.shut("chk-2/manifest"), place.shut("chk-3/op")
	go j.Checkpoint(t.Context())
	<-second.reached
	round()
	eventually(t, "rows", func() bool { return src.given() == 3*keys })
	j.RequestStop(false)
	<-third.reached
	close(second.let)
	eventually(t, "the commit", func() bool { return len(out.lines()) >= 3*keys })
	close(third.let)
	if err := j.Wait(); err != nil {
		t.Fatal(err)
	}
	cfg.Restore = runtime.Latest
	j = w.start(plan, cfg)
	round()
	eventually(t, "rows", func() bool { return src.given() == 4*keys })
	if err := j.Stop(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	want := make([]string, keys)
	for k := range want {
		want[k] = fmt.Sprint("user", k, pad, " 4 4")
	}
	slices.Sort(want)
	if got := fold(out.lines()); !slices.Equal(got, want) {
		t.Errorf("%d totals, of which some have lost changes", len(got))
	}
}

// The same, but the checkpoint is complete before the last line is drawn, which then follows it.
func TestStopAfterCheckpointIsStored(t *testing.T) {
	w := newWorld(t)
	src, out := w.source("clicks"), w.sink("totals")
	src.bounded = false
	place := newGated(t)
	cfg := runtime.Config{Parallelism: 1, CheckpointDir: place.scheme(t) + "://", IncrementFrom: 1}
	plan := w.plan(groups)
	pad := strings.Repeat("x", 1000)
	round := func(keys int) { // of 1000 bytes: enough for files
		for k := range keys {
			src.add("split0", []any{fmt.Sprint("user", k, pad), int64(1), int64(1_000)})
		}
	}
	round(100) // before the splits are listed
	j := w.start(plan, cfg)
	eventually(t, "rows", func() bool { return src.given() == 100 })
	if _, err := j.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	round(50)
	eventually(t, "rows", func() bool { return src.given() == 150 })
	second := place.shut("chk-2/manifest")
	go j.Checkpoint(t.Context())
	<-second.reached
	out.mu.Lock()
	out.keep = 1 // the task waits for the sink, and doesn't end yet
	out.slow = true
	out.mu.Unlock()
	round(50)
	eventually(t, "a row", func() bool { return out.written() > 200 })
	j.RequestStop(false)
	close(second.let)
	eventually(t, "the commit", func() bool { return len(out.lines()) >= 200 })
	out.let()
	if err := j.Wait(); err != nil {
		t.Fatal(err)
	}
}

// A job is stopped when its sources have ended by themselves, but the operators behind them have not: their part of the
// last checkpoint says that nothing is left, whatever the checkpoint before has of them.
func TestStopAtTheEnd(t *testing.T) {
	w := newWorld(t)
	src, out := w.source("clicks"), w.sink("counts")
	fill(src, 2, 200)
	half(src, 2, 100)
	cfg := runtime.Config{Parallelism: 2, CheckpointDir: t.TempDir(), IncrementFrom: 1}
	const sessions = clicks + `
CREATE TABLE counts (who STRING, e TIMESTAMP(3), c BIGINT, s BIGINT) WITH ('connector' = 'world', 'is' = 'counts');
INSERT INTO counts SELECT who, window_end, COUNT(*), SUM(n)
  FROM TABLE(SESSION(TABLE clicks PARTITION BY who, DESCRIPTOR(ts), INTERVAL '1' SECOND)) GROUP BY who, window_start, window_end;
`
	plan := w.plan(sessions)
	j := w.start(plan, cfg)
	eventually(t, "rows", func() bool { return src.given() == 200 })
	if _, err := j.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	published := len(out.lines())
	out.mu.Lock()
	out.keep, out.slow = 1, true
	out.mu.Unlock()
	release(src, 2)
	eventually(t, "the end of the sources", func() bool {
		at := j.Totals()[0].Watermark
		return at != nil && *at == math.MaxInt64 && out.written() > published
	})
	j.RequestStop(false)
	if _, err := j.Savepoint(t.Context(), t.TempDir(), true, false); err == nil || !strings.Contains(err.Error(), "is being stopped") {
		t.Fatalf("the stop has not begun: %v", err)
	}
	out.let()
	if err := j.Wait(); err != nil {
		t.Fatal(err)
	}
	want := fold(out.lines())
	cfg.Restore = runtime.Latest
	if err := w.start(plan, cfg).Wait(); err != nil {
		t.Fatal(err)
	}
	equal(t, "windows after another start", fold(out.lines()), want)
}
