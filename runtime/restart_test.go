package runtime_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/task"
)

// errGone is a failure of something outside, which may be over the next time.
var errGone = fmt.Errorf("read: %w", syscall.ECONNRESET)

// breakAt makes reading fail after so many rows of each split; nil mends it.
func (s *source) breakAt(splits, rows int, err error) {
	half(s, splits, rows)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err
	s.wake()
}

// virtual runs a job in virtual time and waits for it.
func virtual(t *testing.T, w *world, plan *physical.Plan, cfg runtime.Config, during func(v *clock.Virtual, j *runtime.Job)) (*runtime.Job, error) {
	t.Helper()
	v := clock.NewVirtual(time.Unix(1_000_000, 0))
	cfg.Clock = v
	var j *runtime.Job
	var err error
	v.Run(func() {
		j = w.start(plan, cfg)
		if during != nil {
			during(v, j)
		}
		err = j.Join(t.Context(), v.NewWaiter())
	})
	return j, err
}

// exponential is the strategy of Flink's defaults, without jitter.
var exponential = runtime.ExponentialDelay{Initial: time.Second, Max: time.Minute, Multiplier: 1.5, ResetAfter: time.Hour, Attempts: 1 << 31}

// A job that fails for something outside goes on from its newest checkpoint when that is over, and gives what an
// undisturbed one does.
func TestRestart(t *testing.T) {
	for _, stored := range []bool{false, true} { // some checkpoint before the failure
		t.Run(fmt.Sprintf("stored=%v", stored), func(t *testing.T) {
			w := newWorld(t)
			src := w.source("clicks")
			wantWindows, wantGroups := fill(src, 2, 100)
			var delays []time.Duration
			var states []string
			var job *runtime.Job
			cfg := runtime.Config{Parallelism: 2, MaxRows: 7, CheckpointDir: t.TempDir(), Restart: exponential}
			cfg.OnEvent = func(e runtime.Event) {
				if e.Kind != runtime.RestartScheduled {
					return
				}
				delays, states = append(delays, e.Took), append(states, job.Status().String())
				if !errors.Is(e.Err, syscall.ECONNRESET) {
					t.Errorf("the event's error is %v", e.Err)
				}
				if len(delays) == 5 {
					src.breakAt(2, -1, nil)
				}
			}
			half(src, 2, 40)
			plan := w.plan(windows + groups[len(clicks):])
			j, err := virtual(t, w, plan, cfg, func(v *clock.Virtual, j *runtime.Job) {
				job = j
				if err := clock.Sleep(t.Context(), v, time.Second); err != nil {
					t.Error(err)
				}
				if stored {
					if _, err := j.Checkpoint(t.Context()); err != nil {
						t.Error(err)
					}
				}
				src.breakAt(2, 60, errGone)
			})
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "windows", fold(w.sink("counts").lines()), wantWindows)
			equal(t, "groups", fold(w.sink("totals").lines()), wantGroups)
			want := []time.Duration{time.Second, 1500 * time.Millisecond, 2250 * time.Millisecond, 3375 * time.Millisecond, 5062500 * time.Microsecond}
			if !slices.Equal(delays, want) {
				t.Errorf("delays: %v, want %v", delays, want)
			}
			if states[0] != "RESTARTING" {
				t.Errorf("status before a restart: %v", states)
			}
			info := j.Info()
			if info.Restarts != 5 || info.State != "FINISHED" || !strings.Contains(info.Failure, "connection reset") {
				t.Errorf("%+v", info)
			}
			if got := info.Checkpoints.Restored; stored != (filepath.Base(got) == "chk-1") {
				t.Errorf("restored from %q", got)
			}
		})
	}
}

// A record that can't be processed doesn't loop for ever, whatever the strategy allows and however often checkpoints are
// taken: the job fails, naming where the record stands and what can be done.
func TestRecordThatFailsEachTime(t *testing.T) {
	for _, interval := range []time.Duration{0, 200 * time.Millisecond, 8 * time.Second} {
		w := newWorld(t)
		src := w.source("clicks")
		src.bounded = false
		for i := range 50 {
			src.add("split0", []any{"ann", int64(i), int64(i)})
		}
		cfg := runtime.Config{Parallelism: 1, CheckpointDir: t.TempDir(), CheckpointInterval: interval, Restart: exponential}
		j, err := virtual(t, w, w.plan(groups), cfg, func(v *clock.Virtual, _ *runtime.Job) {
			if err := clock.Sleep(t.Context(), v, 11*time.Second); err != nil {
				t.Error(err)
			}
			src.add("split0", []any{"rubbish"})
		})
		var failed *task.Error
		if !errors.As(err, &failed) || j.Status() != runtime.Failed {
			t.Fatalf("got %v, %s", err, j.Status())
		}
		for _, want := range []string{"operator Scan of default_catalog.default_database.clicks: ", "split split0, row 51: ", "not a row",
			"'dead-letter'", "ignore-parse-errors", "restarted 2 times", "the same failure came 3 times"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("interval %s: %q is not in the error: %v", interval, want, err)
			}
		}
	}
}

// An operator that fails now and then for the same reason is started again each time when the job gets on in between.
func TestSameFailureLater(t *testing.T) {
	w := newWorld(t)
	src := w.source("clicks")
	src.bounded = false
	cfg := runtime.Config{Parallelism: 1, CheckpointDir: t.TempDir(), CheckpointInterval: 5 * time.Second, Restart: exponential}
	restarts := 0
	cfg.OnEvent = func(e runtime.Event) {
		if e.Kind == runtime.RestartScheduled {
			restarts++
			src.breakAt(1, -1, nil)
		}
	}
	src.add("split0")
	j, err := virtual(t, w, w.plan(groups), cfg, func(v *clock.Virtual, j *runtime.Job) {
		for i := range 6 {
			src.add("split0", []any{"ann", int64(1), int64(i)})
			if err := clock.Sleep(t.Context(), v, 40*time.Second); err != nil {
				t.Error(err)
			}
			src.breakAt(1, i+1, errors.New("a bug that comes and goes"))
		}
		if err := clock.Sleep(t.Context(), v, 40*time.Second); err != nil {
			t.Error(err)
		}
		j.RequestStop(false)
	})
	if err != nil || restarts != 6 {
		t.Fatalf("%d restarts, %v", restarts, err)
	}
	equal(t, "totals", fold(w.sink("totals").lines()), []string{"ann 6 6"})
	if got := j.Info().Restarts; got != 6 {
		t.Errorf("%d restarts are told", got)
	}
}

// What doesn't pass by itself ends the job at once, and so does what fails before anything has been read.
func TestFailuresThatEndAJob(t *testing.T) {
	for _, c := range []struct {
		name    string
		arrange func(w *world) // before the start
		during  func(w *world) // when the job runs
	}{
		{"a table that can't be opened", func(w *world) { w.sink("totals").failing = errGone }, nil},
		{"splits that can't be listed", func(w *world) { w.source("clicks").missing = errGone }, nil},
		{"no permission", nil, func(w *world) {
			w.source("clicks").breakAt(1, 1, &fs.PathError{Op: "open", Path: "f", Err: fs.ErrPermission})
		}},
		{"access denied", nil, func(w *world) {
			w.source("clicks").breakAt(1, 1, &connectors.Explained{Msg: "access denied", Final: true})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			src := w.source("clicks")
			src.bounded = false
			src.add("split0", []any{"ann", int64(1), int64(1)})
			if c.arrange != nil {
				c.arrange(w)
			}
			cfg := runtime.Config{Parallelism: 1, CheckpointDir: t.TempDir(), Restart: exponential}
			j, err := virtual(t, w, w.plan(groups), cfg, func(v *clock.Virtual, _ *runtime.Job) {
				if err := clock.Sleep(t.Context(), v, time.Second); err != nil {
					t.Error(err)
				}
				if c.during != nil {
					c.during(w)
				}
			})
			if err == nil || j.Status() != runtime.Failed || j.Info().Restarts != 0 {
				t.Errorf("%v, %s, %d restarts", err, j.Status(), j.Info().Restarts)
			}
		})
	}
}

// A job without stored checkpoints is started again only if that is asked for, then from the beginning; one that hands out
// its rows never.
func TestRestartWithoutCheckpoints(t *testing.T) {
	w := newWorld(t)
	src := w.source("clicks")
	_, want := fill(src, 2, 50)
	src.breakAt(2, 20, errGone)
	mend := func(e runtime.Event) {
		if e.Kind == runtime.RestartScheduled {
			src.breakAt(2, -1, nil)
		}
	}
	plan := w.plan(groups)
	if _, err := virtual(t, w, plan, runtime.Config{Parallelism: 2, OnEvent: mend}, nil); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("without a strategy: %v", err)
	}
	cfg := runtime.Config{Parallelism: 2, OnEvent: mend, Restart: runtime.FixedDelay{Attempts: 1, Delay: time.Second}}
	if _, err := virtual(t, w, plan, cfg, nil); err != nil {
		t.Fatal(err)
	}
	equal(t, "totals", fold(w.sink("totals").lines()), want)
}

// Cancel and Stop don't wait for the end of a delay.
func TestEndWhileRestarting(t *testing.T) {
	for _, cancel := range []bool{false, true} {
		w := newWorld(t)
		src := w.source("clicks")
		fill(src, 1, 50)
		src.breakAt(1, 20, errGone)
		cfg := runtime.Config{Parallelism: 1, CheckpointDir: t.TempDir(), Restart: runtime.FixedDelay{Attempts: 5, Delay: time.Hour}}
		j, err := virtual(t, w, w.plan(groups), cfg, func(v *clock.Virtual, j *runtime.Job) {
			if err := clock.Sleep(t.Context(), v, time.Minute); err != nil {
				t.Error(err)
			}
			if s := j.Status(); s != runtime.Restarting {
				t.Errorf("the status is %s", s)
			}
			if _, err := j.Checkpoint(t.Context()); err == nil {
				t.Error("a checkpoint of a job that doesn't run")
			}
			if cancel {
				j.Cancel()
			} else {
				j.RequestStop(true)
			}
		})
		if cancel && (!errors.Is(err, runtime.ErrCanceled) || j.Status() != runtime.Canceled) {
			t.Errorf("canceled: %v, %s", err, j.Status())
		}
		if !cancel && (!errors.Is(err, syscall.ECONNRESET) || j.Status() != runtime.Failed) {
			t.Errorf("stopped: %v, %s", err, j.Status())
		}
		if took := j.Info().Ended.Sub(j.Info().Started); took > 2*time.Minute {
			t.Errorf("it took %s", took)
		}
	}
}

// A restart takes the newest checkpoint that isn't damaged and names the others.
func TestRestartFromDamagedCheckpoint(t *testing.T) {
	w := newWorld(t)
	src := w.source("clicks")
	_, want := fill(src, 2, 100)
	dir := t.TempDir()
	var newest string
	cfg := runtime.Config{Parallelism: 2, CheckpointDir: dir, Restart: exponential}
	cfg.OnEvent = func(e runtime.Event) {
		if e.Kind != runtime.RestartScheduled {
			return
		}
		src.breakAt(2, -1, nil)
		files, err := filepath.Glob(filepath.Join(newest, "*"))
		if err != nil || len(files) == 0 {
			t.Errorf("%v, %v", files, err)
			return
		}
		data, err := os.ReadFile(files[0])
		if err != nil {
			t.Error(err)
			return
		}
		data[len(data)/2] ^= 1
		if err := os.WriteFile(files[0], data, 0o600); err != nil {
			t.Error(err)
		}
	}
	half(src, 2, 30)
	// Nothing is published twice although an older checkpoint is used: the sink takes part in this one only.
	j, err := virtual(t, w, w.plan(groups), cfg, func(v *clock.Virtual, j *runtime.Job) {
		for n := range 2 {
			half(src, 2, 30+10*n)
			if err := clock.Sleep(t.Context(), v, time.Second); err != nil {
				t.Error(err)
			}
			var err error
			if newest, err = j.Checkpoint(t.Context()); err != nil {
				t.Error(err)
			}
		}
		src.breakAt(2, 50, errGone)
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(w.log.String(), newest) || filepath.Base(j.Info().Checkpoints.Restored) != "chk-1" {
		t.Errorf("restored from %s; log:\n%s", j.Info().Checkpoints.Restored, w.log.String())
	}
	got := fold(w.sink("totals").lines())
	for _, row := range want { // what chk-2 had published comes again; the totals themselves are right
		if !slices.Contains(got, row) {
			t.Errorf("%s is not among %v", row, got)
		}
	}
}

// The failure of a job is no business of the others.
func TestOneJobFails(t *testing.T) {
	bad, good := newWorld(t), newWorld(t)
	fill(bad.source("clicks"), 1, 50)
	bad.sink("totals").panics = true
	_, want := fill(good.source("clicks"), 2, 200)
	half(good.source("clicks"), 2, 100)
	j := good.start(good.plan(groups), runtime.Config{Parallelism: 2, JobID: "good", CheckpointDir: t.TempDir()})
	failing := bad.start(bad.plan(groups), runtime.Config{JobID: "bad", CheckpointDir: t.TempDir(),
		Restart: runtime.FixedDelay{Attempts: 10, Delay: time.Millisecond}})
	err := failing.Wait()
	if err == nil || failing.Info().Restarts != 2 || !strings.Contains(err.Error(), "internal error") {
		t.Errorf("%v after %d restarts", err, failing.Info().Restarts)
	}
	if j.Status() != runtime.Running {
		t.Errorf("the other job is %s", j.Status())
	}
	release(good.source("clicks"), 2)
	if err := j.Wait(); err != nil {
		t.Fatal(err)
	}
	equal(t, "totals", fold(good.sink("totals").lines()), want)
}
