package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

// limited is a source of which each subtask may have so many readers open.
type limited struct {
	connectors.Source
	most         int
	open, opened atomic.Int64
	high         atomic.Int64 // the most that were open at a time
}

func (l *limited) MaxOpen() int { return l.most }

func (l *limited) Open(ctx context.Context, split connectors.Split, rc connectors.ReaderContext) (connectors.Reader, error) {
	r, err := l.Source.Open(ctx, split, rc)
	if err != nil {
		return nil, err
	}
	l.opened.Add(1)
	if n := l.open.Add(1); n > l.high.Load() {
		l.high.Store(n)
	}
	return &limitedReader{Reader: r, l: l}, nil
}

type limitedReader struct {
	connectors.Reader
	l *limited
}

func (r *limitedReader) Close() error {
	r.l.open.Add(-1)
	return r.Reader.Close()
}

// limit makes the scan of a plan open so many splits at a time.
func limit(plan *physical.Plan, most int) *limited {
	for _, n := range plan.Nodes {
		if scan, ok := n.(*physical.Scan); ok {
			l := &limited{Source: scan.Source, most: most}
			scan.Source = l
			return l
		}
	}
	return nil
}

// hours fills the table clicks with a split per hour, named by number, in the given order, and returns what the windows of
// ten seconds give.
func hours(src *source, order []int, rows int) (want []string) {
	counts := map[int64]int64{}
	for _, h := range order {
		var all [][]any
		for i := range rows {
			ts := int64(h)*3_600_000 + int64(i)*3_600_000/int64(rows)
			all = append(all, []any{"ann", int64(1), ts})
			counts[(ts/10_000+1)*10_000]++
		}
		src.add(fmt.Sprintf("split%03d", h), all...)
	}
	for e, c := range counts {
		want = append(want, fmt.Sprintf("ann %d %d %d", e, c, c))
	}
	slices.Sort(want)
	return want
}

func late(j *runtime.Job) (n int64) {
	for _, m := range j.Totals() {
		n += m.Late
	}
	return n
}

// Whatever the order of the splits in event time, and whether they follow one another or go on side by side: with only a
// few open at a time the result is that of all being open, nothing is late, and no more are open than may be.
func TestMoreSplitsThanMayBeOpen(t *testing.T) {
	ascending := make([]int, 60)
	for i := range ascending {
		ascending[i] = i
	}
	descending := slices.Clone(ascending)
	slices.Reverse(descending)
	mixed := slices.Clone(ascending)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	for name, order := range map[string][]int{"ascending": ascending, "descending": descending, "mixed": mixed, "side by side": nil} {
		for _, parallelism := range []int{1, 2} {
			for _, rows := range []int{1, 7, 4096} {
				t.Run(fmt.Sprintf("%s,parallelism=%d,rows=%d", name, parallelism, rows), func(t *testing.T) {
					w := newWorld(t)
					src := w.source("clicks")
					var want []string
					if order != nil {
						want = hours(src, order, 100)
					} else {
						want, _ = fill(src, 30, 200)
					}
					plan := w.plan(windows)
					l := limit(plan, 3)
					j := w.start(plan, runtime.Config{Parallelism: parallelism, MaxRows: rows})
					if err := j.Wait(); err != nil {
						t.Fatal(err)
					}
					equal(t, "windows", fold(w.sink("counts").lines()), want)
					if n := late(j); n != 0 {
						t.Errorf("%d records were late", n)
					}
					if high := int(l.high.Load()); high > 3*parallelism || l.open.Load() != 0 {
						t.Errorf("%d splits were open at a time, %d are in the end", high, l.open.Load())
					}
				})
			}
		}
	}
}

// A folder of hourly files gives its windows as they are read: while one of them has something to come, all before has
// been written.
func TestOutputFlowsWithManySplits(t *testing.T) {
	const splits, rows, stuck = 200, 40, 100
	v := clock.NewVirtual(time.Unix(0, 0))
	w := newWorld(t)
	src, out := w.source("clicks"), w.sink("counts")
	order := make([]int, splits)
	for i := range order {
		order[i] = i
	}
	want := hours(src, order, rows)
	src.stopAt(fmt.Sprintf("split%03d", stuck), rows/2)
	plan := w.plan(windows)
	l := limit(plan, 8)
	v.Run(func() {
		j := w.start(plan, runtime.Config{Parallelism: 1, MaxRows: 10, Clock: v})
		if err := clock.Sleep(t.Context(), v, time.Hour); err != nil {
			t.Error(err)
		}
		if n := out.written(); n < stuck*rows {
			t.Errorf("%d windows were written, want those of %d hours: %d", n, stuck, stuck*rows)
		}
		src.stopAt(fmt.Sprintf("split%03d", stuck), -1)
		if err := j.Join(t.Context(), v.NewWaiter()); err != nil {
			t.Error(err)
		}
	})
	equal(t, "windows", fold(out.lines()), want)
	if n := l.opened.Load(); n > 2*splits+8 {
		t.Errorf("%d readers were opened for %d splits", n, splits)
	}
}

// Of each split one row is read to see where it stands, all others come in the order of time.
func TestManySplitsByEventTime(t *testing.T) {
	const splits, rows = 50, 30
	w := newWorld(t)
	order := rand.New(rand.NewPCG(3, 4)).Perm(splits)
	hours(w.source("clicks"), order, rows)
	plan := w.plan(clicks + "SELECT ts FROM clicks WHERE n >= 0")
	limit(plan, 4)
	var times []int64
	j := w.start(plan, runtime.Config{Parallelism: 1, MaxRows: 4, Collect: func(b *types.Batch) error {
		for k := range b.Rows() {
			i := k
			if b.Sel != nil {
				i = int(b.Sel[k])
			}
			if ts := b.Cols[0].I64[i]; ts%3_600_000 != 0 {
				times = append(times, ts)
			}
		}
		return nil
	}})
	if err := j.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(times) != splits*(rows-1) || !slices.IsSorted(times) {
		t.Errorf("%d rows, not in the order of time", len(times))
	}
}

// A job that is killed while splits are parked goes on where each of them stands, also at another parallelism and with
// another limit.
func TestRestoreParkedSplits(t *testing.T) {
	for _, parallelism := range [][2]int{{1, 1}, {1, 2}, {2, 1}} {
		w := newWorld(t)
		src := w.source("clicks")
		want, _ := fill(src, 20, 200)
		half(src, 20, 100)
		plan := w.plan(windows)
		limit(plan, 2)
		cfg := runtime.Config{Parallelism: parallelism[0], MaxRows: 1, CheckpointDir: t.TempDir()}
		j := w.start(plan, cfg)
		eventually(t, "some rows", func() bool { return src.given() > 1000 })
		if _, err := j.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		j.Cancel()
		if err := j.Wait(); !errors.Is(err, runtime.ErrCanceled) {
			t.Fatal(err)
		}
		release(src, 20)
		plan = w.plan(strings.TrimPrefix(windows, clicks)[strings.Index(strings.TrimPrefix(windows, clicks), "INSERT"):])
		limit(plan, 3)
		cfg.Parallelism, cfg.Restore = parallelism[1], runtime.Latest
		if j = w.start(plan, cfg); j.Wait() != nil {
			t.Fatal(j.Err())
		}
		equal(t, fmt.Sprintf("windows at %v", parallelism), fold(w.sink("counts").lines()), want)
		if n := late(j); n != 0 {
			t.Errorf("%d records were late", n)
		}
	}
}

// Of splits without end the one that is behind in event time is read first when there is more than one to read, so that
// little has to be kept for it; but the others don't wait for it to catch up.
func TestBehindFirst(t *testing.T) {
	w := newWorld(t)
	src := w.source("clicks")
	src.bounded = false
	const rows = 4000
	for i := range int64(rows) {
		src.add("ahead", []any{"ahead", int64(1), 100_000_000 + i*1000})
		src.add("behind", []any{"behind", int64(1), i * 1000})
	}
	src.stopAt("ahead", 1)
	src.stopAt("behind", 1)
	plan := w.plan(clicks + "SELECT who FROM clicks WHERE n >= 0")
	ahead, behind, before := 0, 0, 0
	j := w.start(plan, runtime.Config{Parallelism: 1, MaxRows: 10, Collect: func(b *types.Batch) error {
		for k := range b.Rows() {
			i := k
			if b.Sel != nil {
				i = int(b.Sel[k])
			}
			if b.Cols[0].Str(i) == "ahead" {
				ahead++
			} else {
				behind++
			}
		}
		if behind < rows {
			before = ahead
		}
		if ahead+behind == 2*rows {
			return errors.New("all is read")
		}
		return nil
	}})
	eventually(t, "both splits", func() bool { return src.given() == 2 })
	src.mu.Lock() // both at once
	src.limit = nil
	src.wake()
	src.mu.Unlock()
	if err := j.Wait(); err == nil || !strings.Contains(err.Error(), "all is read") {
		t.Fatal(err)
	}
	if before < rows/16 || before > rows/2 {
		t.Errorf("%d of %d rows of the split ahead were read before the other had caught up", before, rows)
	}
}
