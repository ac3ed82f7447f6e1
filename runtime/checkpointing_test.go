package runtime_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/clock"
)

// endless makes clicks a source without end.
func endless(w *world) *source {
	src := w.source("clicks")
	src.bounded = false
	src.add("a", []any{"ann", int64(1), int64(1)})
	return src
}

func sleep(t *testing.T, c clock.Clock, d time.Duration) {
	t.Helper()
	if err := clock.Sleep(t.Context(), c, d); err != nil {
		t.Error(err)
	}
}

// A checkpoint that a sink doesn't let complete is given up after the timeout. Rows are processed all the while, and the
// next checkpoint publishes what this one would have.
func TestCheckpointTimeout(t *testing.T) {
	w := newWorld(t)
	src, out := endless(w), w.sink("totals")
	out.slow = true
	cfg := runtime.Config{Parallelism: 2, CheckpointDir: t.TempDir(), CheckpointInterval: time.Minute, CheckpointTimeout: 10 * time.Second}
	j, err := virtual(t, w, w.plan(groups), cfg, func(v *clock.Virtual, j *runtime.Job) {
		sleep(t, v, 65*time.Second)
		if at := j.Info().Checkpoints.InProgress; at != 1 {
			t.Errorf("checkpoint %d is under way", at)
		}
		src.add("a", []any{"bob", int64(1), int64(1)})
		sleep(t, v, 4*time.Second)
		if n := out.written(); n != 2 {
			t.Errorf("%d rows have been processed during the checkpoint", n)
		}
		sleep(t, v, 6*time.Second)
		failed := j.Info().Checkpoints
		if failed.Failed != 1 || failed.InProgress != 0 || !strings.Contains(failed.History[0].Failure, "execution.checkpointing.timeout") {
			t.Errorf("%+v", failed)
		}
		out.let()
		sleep(t, v, time.Minute)
		equal(t, "published", fold(out.lines()), []string{"ann 1 1", "bob 1 1"})
		j.RequestStop(false)
	})
	if err != nil {
		t.Error(err)
	}
	if completed, failed := j.Checkpoints(); completed != 2 || failed != 1 {
		t.Errorf("%d completed, %d failed", completed, failed)
	}
	if !strings.Contains(w.log.String(), "a checkpoint failed") {
		t.Error("the log says nothing of it")
	}
}

// min-pause is the least time from the end of a checkpoint to the beginning of the next.
func TestCheckpointPause(t *testing.T) {
	w := newWorld(t)
	endless(w)
	w.sink("totals").slow = true
	cfg := runtime.Config{CheckpointDir: t.TempDir(), CheckpointInterval: 10 * time.Second, CheckpointTimeout: 7 * time.Second, CheckpointPause: 5 * time.Second}
	j, err := virtual(t, w, w.plan(groups), cfg, func(v *clock.Virtual, j *runtime.Job) {
		sleep(t, v, 50*time.Second)
		j.Cancel()
	})
	if !errors.Is(err, runtime.ErrCanceled) {
		t.Error(err)
	}
	var at []int
	for _, c := range j.Info().Checkpoints.History {
		at = append(at, int(c.Triggered.Sub(j.Info().Started).Seconds()))
	}
	slices.Reverse(at)
	if !slices.Equal(at, []int{10, 22, 34}) {
		t.Errorf("checkpoints began after %v seconds", at)
	}
}

// By default a job doesn't mind how many checkpoints fail; when it is told to, it does.
func TestTolerableFailures(t *testing.T) {
	w := newWorld(t)
	endless(w)
	w.sink("totals").slow = true
	restarts := 0
	cfg := runtime.Config{
		CheckpointDir: t.TempDir(), CheckpointInterval: 10 * time.Second, CheckpointTimeout: time.Second, FailedCheckpoints: 2,
		Restart: runtime.FixedDelay{Attempts: 4, Delay: time.Second},
		OnEvent: func(e runtime.Event) {
			if e.Kind == runtime.RestartScheduled {
				restarts++
			}
		},
	}
	_, err := virtual(t, w, w.plan(groups), cfg, nil)
	if err == nil || !strings.Contains(err.Error(), "2 checkpoints in a row have failed (execution.checkpointing.tolerable-failed-checkpoints is 1)") {
		t.Errorf("got %v", err)
	}
	if restarts != 4 || strings.Contains(err.Error(), "dead-letter") { // no record is to blame
		t.Errorf("%d restarts", restarts)
	}
}

// A job whose last checkpoint can't be written for a while ends a little later.
func TestLastCheckpointFails(t *testing.T) {
	w := newWorld(t)
	src := w.source("clicks")
	_, want := fill(src, 2, 100)
	half(src, 2, 50)
	dir := t.TempDir()
	place := filepath.Join(dir, "job")
	restarts := 0
	cfg := runtime.Config{Parallelism: 2, CheckpointDir: dir, Restart: exponential, OnEvent: func(e runtime.Event) {
		if e.Kind != runtime.RestartScheduled {
			return
		}
		if restarts++; restarts == 5 {
			if err := os.Rename(place+".away", place); err != nil {
				t.Error(err)
			}
		}
	}}
	_, err := virtual(t, w, w.plan(groups), cfg, func(v *clock.Virtual, j *runtime.Job) {
		sleep(t, v, time.Second)
		if err := os.Rename(place, place+".away"); err != nil {
			t.Error(err)
		}
		release(src, 2)
	})
	if err != nil || restarts != 5 {
		t.Errorf("%v after %d restarts", err, restarts)
	}
	equal(t, "totals", fold(w.sink("totals").lines()), want)
}

// What becomes of the checkpoints of a job that has ended.
func TestRetention(t *testing.T) {
	for _, c := range []struct {
		keep     runtime.Retention
		canceled bool
		want     bool
	}{
		{runtime.RetainAll, true, true}, {runtime.RetainAll, false, true},
		{runtime.DeleteWhenCanceled, true, false}, {runtime.DeleteWhenCanceled, false, true},
		{runtime.DeleteAlways, true, false}, {runtime.DeleteAlways, false, false},
	} {
		w := newWorld(t)
		endless(w)
		dir := t.TempDir()
		j := w.start(w.plan(groups), runtime.Config{CheckpointDir: dir, Retention: c.keep})
		path, err := j.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if c.canceled {
			j.Cancel()
		} else {
			j.RequestStop(false)
		}
		<-j.Done()
		_, err = os.Stat(filepath.Join(path, "manifest.json"))
		if c.want != (err == nil) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// jumping is a clock that can be set.
type jumping struct {
	*clock.Virtual
	ahead atomic.Int64
}

func (c *jumping) offset() time.Duration { return time.Duration(c.ahead.Load()) }

func (c *jumping) Now() time.Time { return c.Virtual.Now().Add(c.offset()) }

func (c *jumping) NewWaiter() clock.Waiter { return jumpingWaiter{c.Virtual.NewWaiter(), c} }

type jumpingWaiter struct {
	clock.Waiter
	c *jumping
}

func (w jumpingWaiter) Wait(ctx context.Context, deadline time.Time) {
	if !deadline.IsZero() {
		deadline = deadline.Add(-w.c.offset())
	}
	w.Waiter.Wait(ctx, deadline)
}

// A clock that is set back or forward makes neither checkpoints nor idle splits wait for as long, and doesn't make them
// come one after the other without a pause.
func TestClockJumps(t *testing.T) {
	for _, jump := range []time.Duration{-time.Hour, time.Hour} {
		w := newWorld(t)
		src, out := w.source("clicks"), w.sink("counts")
		src.bounded = false
		src.add("busy", []any{"ann", int64(1), int64(1_000)})
		src.add("quiet", []any{"ann", int64(1), int64(2_000)})
		if err := w.planner.Settings.Set("table.exec.source.idle-timeout", "30 s"); err != nil {
			t.Fatal(err)
		}
		plan := w.plan(windows)
		c := &jumping{Virtual: clock.NewVirtual(time.Unix(1_000_000, 0))}
		c.Run(func() {
			j := w.start(plan, runtime.Config{Parallelism: 1, Clock: c, CheckpointDir: t.TempDir(), CheckpointInterval: 10 * time.Second,
				CheckpointTimeout: time.Minute})
			count := func() int {
				completed, failed := j.Checkpoints()
				if failed > 0 {
					t.Errorf("jump %s: %d checkpoints failed", jump, failed)
				}
				return int(completed)
			}
			sleep(t, c.Virtual, 25*time.Second)
			if n := count(); n != 2 {
				t.Errorf("%d checkpoints before the jump", n)
			}
			c.ahead.Store(int64(jump))
			src.add("busy", []any{"ann", int64(1), int64(60_000)})
			sleep(t, c.Virtual, 75*time.Second)
			if n := count(); n < 8 || n > 10 {
				t.Errorf("jump %s: %d checkpoints after 100 s", jump, n)
			}
			if n := out.written(); n != 1 {
				t.Errorf("jump %s: %d windows have fired although one split has been quiet for long", jump, n)
			}
			j.RequestStop(false)
			if err := j.Join(t.Context(), c.Virtual.NewWaiter()); err != nil {
				t.Error(err)
			}
		})
	}
}
