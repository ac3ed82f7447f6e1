package runtime_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/weirsql/weir/runtime"
)

// Splits that end are read by event time, whatever the batch size: once each has shown where it stands, rows of splits
// that follow one another come in the order of time.
func TestSplitsByEventTime(t *testing.T) {
	const splits, rows = 3, 50
	w := newWorld(t)
	src, out := w.source("clicks"), w.sink("counts")
	for k := range splits {
		name := fmt.Sprintf("split%d", (k+1)%splits) // not in the order they are listed in
		for i := range rows {
			src.add(name, []any{name, int64(i), int64(1000 * (rows*k + i))})
		}
		src.stopAt(name, 0)
	}
	j := w.start(w.plan(clicks+`
CREATE TABLE counts (who STRING, n BIGINT, ts TIMESTAMP(3)) WITH ('connector' = 'world', 'is' = 'counts');
INSERT INTO counts SELECT who, n, ts FROM clicks;`), runtime.Config{Parallelism: 1, MaxRows: 1})
	eventually(t, "all splits are open", func() bool {
		src.mu.Lock()
		defer src.mu.Unlock()
		return len(src.wakes) == splits
	})
	src.mu.Lock()
	src.limit = nil
	src.wake()
	src.mu.Unlock()
	if err := j.Wait(); err != nil {
		t.Fatal(err)
	}
	var times []int64
	for _, line := range out.lines() {
		var who string
		var n, ts int64
		if _, err := fmt.Sscanf(line, "+I %s %d %d", &who, &n, &ts); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if n > 0 {
			times = append(times, ts)
		}
	}
	if len(times) != splits*(rows-1) || !slices.IsSorted(times) {
		t.Errorf("%d rows behind the first of each split, at %v", len(times), func() (at []time.Duration) {
			for _, ts := range times {
				at = append(at, time.Duration(ts)*time.Millisecond)
			}
			return at
		}())
	}
}
