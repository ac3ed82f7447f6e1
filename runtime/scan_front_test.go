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
