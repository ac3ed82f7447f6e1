package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/task"
	"github.com/weirsql/weir/types"
)

const clicks = `
CREATE TABLE clicks (who STRING, n BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
  WITH ('connector' = 'world', 'is' = 'clicks');
`

const windows = clicks + `
CREATE TABLE counts (who STRING, e TIMESTAMP(3), c BIGINT, s BIGINT) WITH ('connector' = 'world', 'is' = 'counts');
INSERT INTO counts SELECT who, window_end, COUNT(*), SUM(n)
  FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE n <> 7 GROUP BY who, window_start, window_end;
`

const groups = clicks + `
CREATE TABLE totals (who STRING, c BIGINT, s BIGINT) WITH ('connector' = 'world', 'is' = 'totals', 'mode' = 'I,UB,UA,D');
INSERT INTO totals SELECT who, COUNT(*), SUM(n) FROM clicks GROUP BY who;
`

// fill gives the table clicks rows, in several splits in the order of time, and returns what windows and groups make of
// them, computed row by row.
func fill(s *source, splits, rows int) (windows, groups []string) {
	random := rand.New(rand.NewPCG(1, uint64(rows)))
	type sum struct{ c, s int64 }
	w, g := map[[2]string]sum{}, map[string]sum{}
	for k := range splits {
		ts := int64(1_000_000)
		var all [][]any
		for range rows {
			ts += random.Int64N(400)
			who, n := fmt.Sprintf("user%d", random.IntN(10)), random.Int64N(100)
			all = append(all, []any{who, n, ts})
			if n != 7 {
				key := [2]string{who, fmt.Sprint((ts/10_000 + 1) * 10_000)}
				w[key] = sum{w[key].c + 1, w[key].s + n}
			}
			g[who] = sum{g[who].c + 1, g[who].s + n}
		}
		s.add(fmt.Sprintf("split%d", k), all...)
	}
	for k, v := range w {
		windows = append(windows, fmt.Sprintf("%s %s %d %d", k[0], k[1], v.c, v.s))
	}
	for k, v := range g {
		groups = append(groups, fmt.Sprintf("%s %d %d", k, v.c, v.s))
	}
	slices.Sort(windows)
	slices.Sort(groups)
	return windows, groups
}

// The result of a bounded job doesn't depend on parallelism and batch size, and is published without any checkpoint.
func TestBounded(t *testing.T) {
	for _, parallelism := range []int{1, 2, 3} {
		for _, rows := range []int{1, 7, 4096} {
			t.Run(fmt.Sprintf("parallelism=%d,rows=%d", parallelism, rows), func(t *testing.T) {
				w := newWorld(t)
				wantWindows, wantGroups := fill(w.source("clicks"), 4, 300)
				cfg := runtime.Config{Parallelism: parallelism, MaxRows: rows}
				j := w.start(w.plan(windows+groups[len(clicks):]), cfg)
				if err := j.Wait(); err != nil {
					t.Fatal(err)
				}
				equal(t, "windows", fold(w.sink("counts").lines()), wantWindows)
				equal(t, "groups", fold(w.sink("totals").lines()), wantGroups)
				if j.Status() != runtime.Finished {
					t.Errorf("the status is %s", j.Status())
				}
				for _, m := range j.Totals() {
					if m.Name == "Scan" && m.RecordsOut != 1200 || m.Late != 0 {
						t.Errorf("metrics of %s: %+v", m.Name, m)
					}
				}
			})
		}
	}
}

// A SELECT hands its rows to Collect.
func TestCollect(t *testing.T) {
	w := newWorld(t)
	fill(w.source("clicks"), 3, 100)
	rows := 0
	plan := w.plan(clicks + "SELECT who FROM clicks WHERE n >= 0")
	j := w.start(plan, runtime.Config{Parallelism: 3, Collect: func(b *types.Batch) error {
		rows += b.Rows()
		return nil
	}})
	if err := j.Wait(); err != nil {
		t.Fatal(err)
	}
	if rows != 300 {
		t.Errorf("collected %d rows, want 300", rows)
	}
}

func TestValues(t *testing.T) {
	for _, rows := range []int{1, 100} {
		w := newWorld(t)
		plan := w.plan(`CREATE TABLE o (a BIGINT, b STRING) WITH ('connector' = 'world', 'is' = 'o');
			INSERT INTO o VALUES (1, 'x'), (2, CAST(NULL AS STRING)), (3, UPPER('z'))`)
		if err := w.start(plan, runtime.Config{MaxRows: rows, Parallelism: 2}).Wait(); err != nil {
			t.Fatal(err)
		}
		equal(t, "rows", fold(w.sink("o").lines()), []string{"1 x", "2 <nil>", "3 Z"})
	}
}

// half makes a source stop in the middle of every split, and tells when it has.
func half(s *source, splits, rows int) {
	for k := range splits {
		s.stopAt(fmt.Sprintf("split%d", k), rows)
	}
}

func release(s *source, splits int) { half(s, splits, -1) }

// eventually looks at a condition until it holds; the clock is real, so it parks instead of spinning.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for start := time.Now(); !holds(); {
		if time.Since(start) > 20*time.Second {
			t.Fatalf("waited in vain for %s", what)
		}
		if err := clock.Sleep(t.Context(), clock.Real{}, time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

// A job that is killed in the middle and restored from its checkpoint gives the result of an undisturbed one, also at
// another parallelism, and when more was processed after the checkpoint.
func TestRestore(t *testing.T) {
	for _, parallelism := range [][2]int{{1, 1}, {2, 2}, {3, 3}, {2, 3}, {3, 1}} {
		for _, rows := range []int{1, 50} {
			t.Run(fmt.Sprintf("parallelism=%v,rows=%d", parallelism, rows), func(t *testing.T) {
				w := newWorld(t)
				src := w.source("clicks")
				wantWindows, wantGroups := fill(src, 4, 200)
				half(src, 4, 90)
				plan := w.plan(windows + groups[len(clicks):])
				cfg := runtime.Config{Parallelism: parallelism[0], MaxRows: rows, CheckpointDir: t.TempDir()}
				j := w.start(plan, cfg)
				eventually(t, "the first half", func() bool { return src.given() == 4*90 })
				if _, err := j.Checkpoint(t.Context()); err != nil {
					t.Fatal(err)
				}
				half(src, 4, 130)
				eventually(t, "what is lost", func() bool { return src.given() == 4*130 })
				j.Cancel()
				if err := j.Wait(); !errors.Is(err, runtime.ErrCanceled) || j.Status() != runtime.Canceled {
					t.Fatalf("canceled: %v, %s", err, j.Status())
				}
				release(src, 4)
				cfg.Parallelism, cfg.Restore = parallelism[1], runtime.Latest
				if err := w.start(plan, cfg).Wait(); err != nil {
					t.Fatal(err)
				}
				equal(t, "windows", fold(w.sink("counts").lines()), wantWindows)
				equal(t, "groups", fold(w.sink("totals").lines()), wantGroups)

				// Restored once more, from the checkpoint of its end, it has nothing to do.
				if err := w.start(plan, cfg).Wait(); err != nil {
					t.Fatal(err)
				}
				equal(t, "windows of a finished job", fold(w.sink("counts").lines()), wantWindows)
				equal(t, "groups of a finished job", fold(w.sink("totals").lines()), wantGroups)
			})
		}
	}
}

// Stop keeps windows open for the restored job; with drain they fire.
func TestStop(t *testing.T) {
	for _, drain := range []bool{false, true} {
		t.Run(fmt.Sprintf("drain=%v", drain), func(t *testing.T) {
			w := newWorld(t)
			src := w.source("clicks")
			src.bounded = false
			src.add("a", []any{"ann", int64(1), int64(1_000)}, []any{"ann", int64(2), int64(2_000)})
			plan := w.plan(windows)
			cfg := runtime.Config{Parallelism: 2, CheckpointDir: t.TempDir()}
			j := w.start(plan, cfg)
			eventually(t, "the rows", func() bool { return src.given() == 2 })
			if err := j.Stop(t.Context(), drain); err != nil {
				t.Fatal(err)
			}
			if j.Status() != runtime.Finished {
				t.Errorf("the status is %s", j.Status())
			}
			var want []string
			if drain {
				want = []string{"ann 10000 2 3"}
			}
			equal(t, "after the stop", fold(w.sink("counts").lines()), want)
			if drain {
				return // as in Flink, a drained job is not resumed: all its windows have fired
			}

			src.add("a", []any{"ann", int64(4), int64(30_000)})
			cfg.Restore = runtime.Latest
			j = w.start(plan, cfg)
			eventually(t, "the third row", func() bool { return src.given() == 3 })
			if err := j.Stop(t.Context(), true); err != nil {
				t.Fatal(err)
			}
			equal(t, "at the end", fold(w.sink("counts").lines()), []string{"ann 10000 2 3", "ann 40000 1 4"})
		})
	}
}

// A sink that doesn't get on slows the source down: what is under way stays bounded, and everything arrives in the end.
func TestBackpressure(t *testing.T) {
	for _, parallelism := range []int{1, 2} {
		v := clock.NewVirtual(time.Unix(0, 0))
		w := newWorld(t)
		src, out := w.source("clicks"), w.sink("totals")
		_, want := fill(src, 2, 20_000)
		out.slow, out.keep = true, 100
		plan := w.plan(groups)
		v.Run(func() {
			j := w.start(plan, runtime.Config{Parallelism: parallelism, MaxRows: 10, Clock: v})
			if err := clock.Sleep(t.Context(), v, time.Hour); err != nil { // time passes only when all are parked
				t.Error(err)
			}
			given := src.given()
			if given == 0 || given > 5000 {
				t.Errorf("parallelism %d: %d of 40000 rows were read although the sink is stuck", parallelism, given)
			}
			out.let()
			if err := j.Join(t.Context(), v.NewWaiter()); err != nil {
				t.Error(err)
			}
		})
		equal(t, "totals", fold(out.lines()), want)
	}
}

// A split without rows doesn't hold the watermark back for longer than the idle timeout.
func TestIdleSplit(t *testing.T) {
	v := clock.NewVirtual(time.Unix(0, 0))
	w := newWorld(t)
	src, out := w.source("clicks"), w.sink("counts")
	src.bounded = false
	src.add("busy", []any{"ann", int64(1), int64(1_000)}, []any{"ann", int64(1), int64(60_000)})
	src.add("quiet")
	if err := w.planner.Settings.Set("table.exec.source.idle-timeout", "30 s"); err != nil {
		t.Fatal(err)
	}
	plan := w.plan(windows)
	v.Run(func() {
		j := w.start(plan, runtime.Config{Parallelism: 2, Clock: v})
		sleep := func(d time.Duration) {
			if err := clock.Sleep(t.Context(), v, d); err != nil {
				t.Error(err)
			}
		}
		sleep(29 * time.Second)
		if n := out.written(); n != 0 {
			t.Errorf("%d windows fired although a split may still bring rows", n)
		}
		sleep(2 * time.Second)
		if n := out.written(); n != 1 {
			t.Errorf("%d windows have fired, want 1", n)
		}
		j.RequestStop(false)
		if err := j.Join(t.Context(), v.NewWaiter()); err != nil {
			t.Error(err)
		}
	})
}

// Splits that appear later are found, and read from their start.
func TestDiscovery(t *testing.T) {
	v := clock.NewVirtual(time.Unix(0, 0))
	w := newWorld(t)
	src, out := w.source("clicks"), w.sink("totals")
	src.bounded, src.every = false, 10*time.Second
	src.add("one", []any{"ann", int64(1), int64(1_000)})
	plan := w.plan(groups)
	v.Run(func() {
		j := w.start(plan, runtime.Config{Parallelism: 2, Clock: v})
		for _, split := range []string{"two", "three"} {
			src.add(split, []any{"ann", int64(1), int64(1_000)})
			if err := clock.Sleep(t.Context(), v, 11*time.Second); err != nil {
				t.Error(err)
			}
		}
		j.RequestStop(true)
		if err := j.Join(t.Context(), v.NewWaiter()); err != nil {
			t.Error(err)
		}
	})
	equal(t, "totals", fold(out.lines()), []string{"ann 3 3"})
}

// What fails a job is named, with its operator; nothing is published, and no goroutine stays.
func TestFailure(t *testing.T) {
	bad := errors.New("it broke")
	for _, c := range []struct {
		name, sql, want string
		arrange         func(w *world)
	}{
		{"poll", windows, "operator Scan of default_catalog.default_database.clicks: read table default_catalog.default_database.clicks: it broke",
			func(w *world) {
				w.source("clicks").broken = bad
				half(w.source("clicks"), 2, 10)
			}},
		{"record", windows, "split split0, row 51: the record doesn't decode: not a row",
			func(w *world) { w.source("clicks").add("split0", []any{"rubbish"}) }},
		{"splits", windows, "operator Scan of default_catalog.default_database.clicks: find the splits of table",
			func(w *world) { w.source("clicks").missing = bad }},
		{"open", windows, "operator Sink of default_catalog.default_database.counts: open table default_catalog.default_database.counts for writing: it broke",
			func(w *world) { w.sink("counts").failing = bad }},
		{"write", windows, "operator Sink of default_catalog.default_database.counts: write table default_catalog.default_database.counts: it broke",
			func(w *world) { w.sink("counts").broken = bad }},
		{"function", clicks + `CREATE TABLE o (x INT) WITH ('connector' = 'world', 'is' = 'counts');
			INSERT INTO o SELECT CAST(who AS INT) FROM clicks;`, "operator Calc at event time 1970-01-01 00:16:4", func(*world) {}},
		{"null", clicks + `CREATE TABLE o (x STRING NOT NULL) WITH ('connector' = 'world', 'is' = 'counts');
			INSERT INTO o SELECT NULLIF(who, 'user1') FROM clicks;`, `column "x" of table default_catalog.default_database.o is NOT NULL`, func(*world) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			fill(w.source("clicks"), 2, 50)
			c.arrange(w)
			j := w.start(w.plan(c.sql), runtime.Config{Parallelism: 2, MaxRows: 5})
			err := j.Wait()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
			var failed *task.Error
			if !errors.As(err, &failed) || failed.ID == "" {
				t.Errorf("the error doesn't name an operator: %#v", err)
			}
			if j.Status() != runtime.Failed {
				t.Errorf("the status is %s", j.Status())
			}
			equal(t, "published", w.sink("counts").lines(), nil)
		})
	}
}

// A user who interrupts a job that can't even list its splits gets out, and nothing is lost.
func TestStopBeforeReading(t *testing.T) {
	w := newWorld(t)
	src := w.source("clicks")
	fill(src, 1, 10)
	src.bounded, src.held = false, make(chan struct{})
	dir := t.TempDir()
	j := w.start(w.plan(groups), runtime.Config{CheckpointDir: dir})
	j.RequestStop(false)
	close(src.held)
	if err := j.Wait(); err != nil || j.Status() != runtime.Finished {
		t.Errorf("stopped: %v, %s", err, j.Status())
	}
}

func TestCanceledContext(t *testing.T) {
	w := newWorld(t)
	src := w.source("clicks")
	src.bounded, src.every = false, time.Hour // a source without splits that will never have any is at its end
	ctx, cancel := context.WithCancel(t.Context())
	j, err := runtime.Start(ctx, w.plan(groups), runtime.Config{JobID: "job"})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := j.Wait(); !errors.Is(err, runtime.ErrCanceled) {
		t.Errorf("got %v", err)
	}
}

// A panic in an operator fails the job, naming it, and nothing else.
func TestPanic(t *testing.T) {
	w := newWorld(t)
	fill(w.source("clicks"), 2, 50)
	w.sink("totals").panics = true
	j := w.start(w.plan(groups), runtime.Config{Parallelism: 2})
	err := j.Wait()
	if err == nil || !strings.Contains(err.Error(), "operator Sink of default_catalog.default_database.totals: internal error") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(w.log.String(), "world_test.go") {
		t.Error("the log has no stack")
	}
}

// Records that don't decode go to the dead-letter table, exactly once, and are counted.
func TestDeadLetter(t *testing.T) {
	const sql = `
CREATE TABLE dead (reason STRING, ` + "`raw` BYTES, other INT, `position`" + ` STRING) WITH ('connector' = 'world', 'is' = 'dead');
CREATE TABLE clicks (who STRING, n BIGINT, ts TIMESTAMP(3)) WITH ('connector' = 'world', 'is' = 'clicks', 'dead-letter' = 'dead');
CREATE TABLE totals (who STRING, c BIGINT) WITH ('connector' = 'world', 'is' = 'totals', 'mode' = 'I,UB,UA,D');
INSERT INTO totals SELECT who, COUNT(*) FROM clicks GROUP BY who;`
	w := newWorld(t)
	src := w.source("clicks")
	src.bounded = false
	src.add("a", []any{"ann", int64(1), int64(1)}, []any{"rubbish"}, []any{"ann", int64(1), int64(1)})
	cfg := runtime.Config{Parallelism: 2, CheckpointDir: t.TempDir()}
	plan := w.plan(sql)
	j := w.start(plan, cfg)
	eventually(t, "the rows", func() bool { return w.sink("totals").written() >= 2 })
	if _, err := j.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range j.Totals() {
		if m.Name == "Scan" && (m.Failed != 1 || m.RecordsOut != 2) {
			t.Errorf("metrics: %+v", m)
		}
	}
	j.Cancel()
	<-j.Done()
	src.add("a", []any{"more rubbish"})
	cfg.Restore = runtime.Latest
	j = w.start(plan, cfg)
	eventually(t, "the rubbish", func() bool { return w.sink("dead").written() == 2 })
	if err := j.Stop(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	equal(t, "dead letters", fold(w.sink("dead").lines()), []string{
		fmt.Sprint("not a row ", []byte("more rubbish"), " <nil> split a, row 4"),
		fmt.Sprint("not a row ", []byte("rubbish"), " <nil> split a, row 2"),
	})
	equal(t, "totals", fold(w.sink("totals").lines()), []string{"ann 2"})
}

// With 'on-event' a watermark follows every row, so that what is late doesn't depend on batches.
func TestOnEvent(t *testing.T) {
	for _, rows := range []int{1, 2, 100} {
		w := newWorld(t)
		w.source("clicks").add("a",
			[]any{"ann", int64(1), int64(1_000)}, []any{"ann", int64(1), int64(30_000)},
			[]any{"late", int64(1), int64(2_000)}, []any{"ann", int64(1), int64(26_000)})
		sql := strings.Replace(windows, "'is' = 'clicks'", "'is' = 'clicks', 'scan.watermark.emit.strategy' = 'on-event'", 1)
		j := w.start(w.plan(sql), runtime.Config{Parallelism: 1, MaxRows: rows})
		if err := j.Wait(); err != nil {
			t.Fatal(err)
		}
		equal(t, "windows", fold(w.sink("counts").lines()), []string{"ann 10000 1 1", "ann 30000 1 1", "ann 40000 1 1"})
		for _, m := range j.Totals() {
			if m.Name == "WindowAggregate" && m.Late != 1 {
				t.Errorf("%d late records", m.Late)
			}
		}
	}
}

// Joins and unions read several exchanges, also of the same operator.
func TestSeveralInputs(t *testing.T) {
	const sql = clicks + `
CREATE TABLE names (who STRING, name STRING) WITH ('connector' = 'world', 'is' = 'names');
CREATE TABLE o (who STRING, x STRING) WITH ('connector' = 'world', 'is' = 'o', 'mode' = 'I,UB,UA,D');
INSERT INTO o SELECT c.who, MAX(n.name) FROM clicks c JOIN names n ON c.who = n.who GROUP BY c.who
  UNION ALL SELECT who, 'first' FROM clicks WHERE n < 2 UNION ALL SELECT who, 'second' FROM clicks WHERE n = 2;`
	for _, parallelism := range []int{1, 2, 3} {
		for _, rows := range []int{1, 1000} {
			w := newWorld(t)
			for i, who := range []string{"ann", "bob", "cid", "dan"} {
				w.source("clicks").add(fmt.Sprint("split", i%2), []any{who, int64(i), int64(1000)})
				w.source("names").add("all", []any{who, strings.ToUpper(who)})
			}
			if err := w.start(w.plan(sql), runtime.Config{Parallelism: parallelism, MaxRows: rows}).Wait(); err != nil {
				t.Fatal(err)
			}
			equal(t, "rows", fold(w.sink("o").lines()),
				[]string{"ann ANN", "ann first", "bob BOB", "bob first", "cid CID", "cid second", "dan DAN"})
		}
	}
}
