package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/clock"
)

// copied is a table with options, and what copies it.
const copied = `
CREATE TABLE %[1]s (who STRING, n BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
  WITH ('connector' = 'world', 'is' = '%[1]s'%[2]s);
CREATE TABLE %[1]s_out (who STRING, n BIGINT) WITH ('connector' = 'world', 'is' = '%[1]s_out');
INSERT INTO %[1]s_out SELECT who, n FROM %[1]s;
`

const aligned = `, 'scan.watermark.alignment.group' = '%s', 'scan.watermark.alignment.max-drift' = '%s', 'scan.watermark.idle-timeout' = '10 min'`

// seconds appends a row per second to a split.
func seconds(src *source, split string, from, to int) {
	for i := from; i < to; i++ {
		src.add(split, []any{split, int64(i), int64(i) * 1000})
	}
}

// read is how many rows have been given by each source.
func read(sources ...*source) (n []int) {
	for _, s := range sources {
		n = append(n, s.given())
	}
	return n
}

// A split that is ahead of the slowest of its group by more than max-drift isn't read until that has caught up, is idle or
// has ended, be it of the same table or of another.
func TestAlignment(t *testing.T) {
	for _, parallelism := range []int{1, 2, 3} {
		t.Run(fmt.Sprint("parallelism=", parallelism), func(t *testing.T) {
			v := clock.NewVirtual(time.Unix(0, 0))
			w := newWorld(t)
			fast, slow := w.source("fast"), w.source("slow")
			fast.bounded, slow.bounded = false, false
			seconds(fast, "a", 0, 10_000)
			seconds(fast, "b", 0, 10_000)
			seconds(slow, "c", 0, 100)
			options := fmt.Sprintf(aligned, "group", "60 s")
			plan := w.plan(fmt.Sprintf(copied, "fast", options) + fmt.Sprintf(copied, "slow", options))
			v.Run(func() {
				j := w.start(plan, runtime.Config{Parallelism: parallelism, MaxRows: 10, Clock: v})
				sleep := func(d time.Duration) {
					if err := clock.Sleep(t.Context(), v, d); err != nil {
						t.Error(err)
					}
				}
				check := func(what string, ahead int) {
					t.Helper()
					// A batch that begins within the drift is read to its end.
					if got := read(fast)[0]; got < 2*ahead || got > 2*(ahead+10) {
						t.Errorf("%s: %d rows of the fast table were read, want twice %d", what, got, ahead)
					}
				}
				sleep(time.Minute) // passes when all are parked
				check("the slow one is at 99 s", 99+60+1)
				seconds(slow, "c", 100, 200)
				sleep(time.Minute)
				check("the slow one is at 199 s", 199+60+1)
				fast.stopAt("b", 300)
				seconds(slow, "c", 200, 1000)
				sleep(time.Minute)
				if got := read(fast)[0]; got < 300+360 || got > 300+370 {
					t.Errorf("a split of the same table is at 299 s: %d rows of the fast table were read", got)
				}
				fast.stopAt("b", -1)
				sleep(time.Minute)
				check("the slow one is at 999 s", 999+60+1)
				sleep(20 * time.Minute)
				check("the slow one is idle", 10_000-10)
				j.RequestStop(false)
				if err := j.Join(t.Context(), v.NewWaiter()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Tables of other groups, or of none, go their own way; a table that has ended holds nobody back.
func TestAlignmentOfOthers(t *testing.T) {
	for _, c := range []struct {
		what, slow, fast string
		bounded          bool
	}{
		{"another group", fmt.Sprintf(aligned, "x", "60 s"), fmt.Sprintf(aligned, "y", "60 s"), false},
		{"no group", "", fmt.Sprintf(aligned, "x", "60 s"), false},
		{"ended", fmt.Sprintf(aligned, "x", "60 s"), fmt.Sprintf(aligned, "x", "60 s"), true},
	} {
		v := clock.NewVirtual(time.Unix(0, 0))
		w := newWorld(t)
		fast, slow := w.source("fast"), w.source("slow")
		fast.bounded, slow.bounded = false, c.bounded
		seconds(fast, "a", 0, 1000)
		seconds(slow, "c", 0, 10)
		plan := w.plan(fmt.Sprintf(copied, "fast", c.fast) + fmt.Sprintf(copied, "slow", c.slow))
		v.Run(func() {
			j := w.start(plan, runtime.Config{Parallelism: 2, MaxRows: 10, Clock: v})
			if err := clock.Sleep(t.Context(), v, time.Minute); err != nil {
				t.Error(err)
			}
			if got := read(fast)[0]; got != 1000 {
				t.Errorf("%s: %d rows of the fast table were read, want 1000", c.what, got)
			}
			j.RequestStop(false)
			if err := j.Join(t.Context(), v.NewWaiter()); err != nil {
				t.Error(err)
			}
		})
	}
}

// Bounded tables of a group come to their end whatever the drift, with more splits than may be open, too: there is always
// one that is furthest behind.
func TestAlignmentNeverBlocks(t *testing.T) {
	for _, parallelism := range []int{1, 2, 3} {
		for _, drift := range []string{"0 s", "1 s", "1 h"} {
			for _, most := range []int{0, 1, 3} {
				v := clock.NewVirtual(time.Unix(0, 0))
				w := newWorld(t)
				var sql strings.Builder
				total := 0
				for k, name := range []string{"ta", "tb", "tc"} {
					fmt.Fprintf(&sql, copied, name, fmt.Sprintf(aligned, "x", drift))
					for s := range 7 {
						from := (s*37 + k*11) % 50
						seconds(w.source(name), fmt.Sprint("split", s), from, from+100*(k+1))
						total += 100 * (k + 1)
					}
				}
				plan := w.plan(sql.String())
				if most > 0 {
					limit(plan, most)
				}
				v.Run(func() {
					j := w.start(plan, runtime.Config{Parallelism: parallelism, MaxRows: 7, Clock: v})
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					v.Go(func() {
						if clock.Sleep(ctx, v, time.Hour) == nil { // time passes only when all are parked
							j.Cancel()
						}
					})
					if err := j.Join(t.Context(), v.NewWaiter()); errors.Is(err, runtime.ErrCanceled) {
						t.Errorf("parallelism %d, drift %s, %d open: all wait, with %v rows read of %d", parallelism, drift, most,
							read(w.source("ta"), w.source("tb"), w.source("tc")), total)
					} else if err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}

// While it is paused a split has a position: a checkpoint is taken, and the restored job reads on, each row once.
func TestCheckpointWhilePaused(t *testing.T) {
	w := newWorld(t)
	fast, slow := w.source("fast"), w.source("slow")
	fast.bounded, slow.bounded = false, false
	seconds(fast, "a", 0, 1000)
	seconds(slow, "c", 0, 100)
	options := fmt.Sprintf(aligned, "group", "60 s")
	plan := w.plan(fmt.Sprintf(copied, "fast", options) + fmt.Sprintf(copied, "slow", options))
	cfg := runtime.Config{Parallelism: 1, MaxRows: 10, CheckpointDir: t.TempDir()}
	j := w.start(plan, cfg)
	eventually(t, "the fast table to be paused", func() bool { return read(slow)[0] == 100 && read(fast)[0] >= 160 })
	if _, err := j.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := read(fast)[0]; n > 170 {
		t.Errorf("%d rows of the fast table were read", n)
	}
	j.Cancel()
	<-j.Done()
	fast.bounded, slow.bounded = true, true
	cfg.Restore = runtime.Latest
	if j = w.start(plan, cfg); j.Wait() != nil {
		t.Fatal(j.Err())
	}
	if got := len(w.sink("fast_out").lines()); got != 1000 {
		t.Errorf("%d rows of the fast table were written, want 1000", got)
	}
}
