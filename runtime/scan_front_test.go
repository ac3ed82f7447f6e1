package runtime_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/clock"
)

// A split that takes the place of another is not late, wherever it falls to: at a subtask whose other splits are far ahead of
// it, or at one that has been idle.
func TestSuccessorIsNotLate(t *testing.T) {
	for _, x := range []struct {
		name        string
		ahead       int  // seconds that the split beside it has
		ends        bool // and that one has been read
		parallelism int
	}{
		{"beside one that is ahead", 100, false, 2}, {"at an idle subtask", 0, false, 2}, {"at an idle subtask of several", 100, false, 3},
		{"where one that was ahead has been read", 100, true, 2},
	} {
		t.Run(x.name, func(t *testing.T) {
			v := clock.NewVirtual(time.Unix(0, 0))
			w := newWorld(t)
			src := w.source("clicks")
			if x.ahead > 0 {
				seconds(src, "ahead", 0, x.ahead+1)
				if src.stopAt("ahead", x.ahead); x.ends {
					src.stopAt("ahead", -1)
				}
			}
			seconds(src, "first", 0, 16)
			src.stopAt("first", 15)
			plan := w.plan(windows)
			for _, n := range plan.Nodes {
				if scan, ok := n.(*physical.Scan); ok {
					scan.Source = &passing{Source: scan.Source}
				}
			}
			v.Run(func() {
				j := w.start(plan, runtime.Config{Parallelism: x.parallelism, Clock: v})
				wait := func() {
					if err := clock.Sleep(t.Context(), v, 5*time.Second); err != nil {
						t.Error(err)
					}
				}
				wait()
				src.stopAt("next", 0) // it is found, and opened
				seconds(src, "next", 16, 40)
				wait()
				src.stopAt("first", -1) // it ends
				wait()
				src.stopAt("next", 20)
				wait()
				j.RequestStop(true)
				if err := j.Join(t.Context(), v.NewWaiter()); err != nil {
					t.Error(err)
				}
			})
			rows := 0
			for _, line := range w.sink("counts").lines() {
				var who string
				var end, count, sum int
				if _, err := fmt.Sscanf(line, "+I %s %d %d %d", &who, &end, &count, &sum); err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				rows += count
			}
			// Row 7 of each split but the last doesn't pass the filter.
			want := x.ahead - min(x.ahead, 1) + 15 + 20
			if x.ends {
				want++
			}
			if rows != want {
				t.Errorf("%d rows were counted, want %d:\n%v", rows, want, w.sink("counts").lines())
			}
		})
	}
}

// A subtask without splits goes along with the others and isn't idle, so that nothing that they send overtakes the word of a
// split that is assigned to it later. When no subtask has one that isn't idle, all are.
func TestSubtaskWithoutSplitsGoesAlong(t *testing.T) {
	v := clock.NewVirtual(time.Unix(0, 0))
	w := newWorld(t)
	src := w.source("clicks")
	seconds(src, "only", 0, 20)
	src.stopAt("only", 10)
	if err := w.planner.Settings.Set("table.exec.source.idle-timeout", "1 min"); err != nil {
		t.Fatal(err)
	}
	plan := w.plan(windows)
	for _, n := range plan.Nodes {
		if scan, ok := n.(*physical.Scan); ok {
			scan.Source = &passing{Source: scan.Source}
		}
	}
	v.Run(func() {
		j := w.start(plan, runtime.Config{Parallelism: 3, Clock: v})
		expect := func(after time.Duration, want int64) {
			t.Helper()
			if err := clock.Sleep(t.Context(), v, after); err != nil {
				t.Error(err)
			}
			for _, m := range j.Metrics() {
				if m.Name != "Scan" {
					continue
				}
				if m.Watermark == nil || *m.Watermark != want {
					t.Errorf("subtask %d has sent the watermark %v, want %d", m.Subtask, m.Watermark, want)
				}
			}
		}
		expect(5*time.Second, 4_000)
		src.stopAt("only", 15)
		expect(5*time.Second, 9_000)
		expect(2*time.Minute, 9_000) // idle now, all of them
		src.stopAt("only", 18)
		expect(5*time.Second, 12_000)
		j.RequestStop(false)
		if err := j.Join(t.Context(), v.NewWaiter()); err != nil {
			t.Error(err)
		}
	})
}
