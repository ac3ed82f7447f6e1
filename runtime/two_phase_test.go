package runtime_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weirsql/weir/runtime"
)

// A checkpoint has the rows that are gathered before the exchange, and is one of the same query whether it aggregates in
// one phase or in two: the state of windows is found again.
func TestRestoreInOtherPhases(t *testing.T) {
	for _, c := range []struct {
		before, after string
		parallelism   [2]int
	}{
		{"TWO_PHASE", "TWO_PHASE", [2]int{2, 2}},
		{"TWO_PHASE", "TWO_PHASE", [2]int{1, 3}},
		{"TWO_PHASE", "ONE_PHASE", [2]int{3, 2}},
		{"ONE_PHASE", "TWO_PHASE", [2]int{2, 2}},
		{"AUTO", "AUTO", [2]int{1, 2}},
		{"AUTO", "AUTO", [2]int{2, 1}},
	} {
		t.Run(fmt.Sprintf("%s to %s,parallelism=%v", c.before, c.after, c.parallelism), func(t *testing.T) {
			w, query := newWorld(t), windows
			src := w.source("clicks")
			want, _ := fill(src, 4, 20_000)
			half(src, 4, 19_000)
			dir := t.TempDir()
			start := func(strategy string, parallelism int, restore string) *runtime.Job {
				if err := w.planner.Settings.Set("table.optimizer.agg-phase-strategy", strategy); err != nil {
					t.Fatal(err)
				}
				plan := w.plan(query)
				query = windows[strings.Index(windows, "INSERT"):] // the tables are there now
				return w.start(plan, runtime.Config{MaxRows: 50, CheckpointDir: dir, Parallelism: parallelism, Restore: restore})
			}
			j := start(c.before, c.parallelism[0], "")
			// The source goes on meanwhile, so that as a rule rows are gathered when the barrier comes.
			eventually(t, "some rows", func() bool { return src.given() > 4*2000 })
			if _, err := j.Checkpoint(t.Context()); err != nil {
				t.Fatal(err)
			}
			j.Cancel()
			<-j.Done()
			release(src, 4)
			if err := start(c.after, c.parallelism[1], runtime.Latest).Wait(); err != nil {
				t.Fatal(err)
			}
			equal(t, "windows", fold(w.sink("counts").lines()), want)
		})
	}
}

// The first phase is there where an exchange follows, and where it isn't narrower than the second.
func TestOnePhaseWithoutExchange(t *testing.T) {
	for _, c := range []struct {
		splits, parallelism int
		want                bool
	}{{2, 1, false}, {1, 2, false}, {2, 2, true}, {4, 3, true}} {
		w := newWorld(t)
		want, _ := fill(w.source("clicks"), c.splits, 100)
		j := w.start(w.plan(windows), runtime.Config{Parallelism: c.parallelism})
		if err := j.Wait(); err != nil {
			t.Fatal(err)
		}
		equal(t, "windows", fold(w.sink("counts").lines()), want)
		var names []string
		for _, m := range j.Totals() {
			names = append(names, m.Name)
		}
		if slices.Contains(names, "LocalWindowAggregate") != c.want {
			t.Errorf("%d splits at parallelism %d: %v", c.splits, c.parallelism, names)
		}
	}
}
