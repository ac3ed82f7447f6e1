package monitor

import (
	"context"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/metrics"
)

// start is when the clock of the tests begins.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fakeJob is a job that a test makes up.
type fakeJob struct {
	mu        sync.Mutex
	info      metrics.Job
	savepoint func(dir string, stop, drain bool) (string, error)
	stopped   func(drain bool) error
	canceled  bool
}

func (f *fakeJob) Info() metrics.Job {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.info
}

// change lets the job go on.
func (f *fakeJob) change(by func(*metrics.Job)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	by(&f.info)
}

func (f *fakeJob) Savepoint(_ context.Context, dir string, stop, drain bool) (string, error) {
	return f.savepoint(dir, stop, drain)
}

func (f *fakeJob) Stop(_ context.Context, drain bool) error { return f.stopped(drain) }

func (f *fakeJob) Cancel() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.canceled = true
}

func millis(t time.Time) *int64 {
	ms := t.UnixMilli()
	return &ms
}

// windowJob is a scan that feeds two subtasks of a window with a sink in their chain.
func windowJob() metrics.Job {
	last := int64(math.MaxInt64)
	subtask := func(id, name string, i int, busy, backpressured, idle time.Duration) metrics.Snapshot {
		return metrics.Snapshot{ID: id, Name: name, Subtask: i, Busy: busy, Backpressured: backpressured, Idle: idle}
	}
	scan := subtask("scan-1", "Scan", 0, 2*time.Second, 7*time.Second, time.Second)
	scan.RecordsIn, scan.RecordsOut, scan.BytesIn, scan.Failed = 100_000, 99_990, 5_000_000, 10
	scan.Watermark = millis(start.Add(5 * time.Second))
	scan.Splits = []metrics.Split{
		{ID: "shard-0", Records: 90_000, Bytes: 4_500_000, Watermark: millis(start.Add(5 * time.Second)), Lag: 1500 * time.Millisecond,
			Throttled: 7, Retries: 9, Expired: 1},
		{ID: "shard-1", Records: 10_000, Bytes: 500_000, Watermark: &last, Ended: true},
	}
	window := subtask("window-1", "WindowAggregate", 0, 9500*time.Millisecond, 0, 500*time.Millisecond)
	window.RecordsIn, window.RecordsOut, window.StateBytes, window.StateKeys = 80_000, 800, 1<<20, 8000
	window.Late, window.Watermark = 3, millis(start.Add(5*time.Second))
	other := subtask("window-1", "WindowAggregate", 1, 2*time.Second, 0, 8*time.Second)
	other.RecordsIn, other.RecordsOut, other.StateBytes, other.StateKeys, other.Spilled = 19_990, 200, 1<<19, 2000, 1<<10
	other.Watermark = millis(start.Add(4 * time.Second))
	sink := subtask("sink-1", "Sink", 0, 9500*time.Millisecond, 0, 500*time.Millisecond)
	sink.RecordsIn, sink.RecordsOut, sink.BytesOut, sink.Retries = 800, 800, 64_000, 1
	sink.Sending = &metrics.Sending{Records: 790, Requests: 12, Throttled: 3, Refused: 1, InFlight: 1, BufferedRows: 10, BufferedBytes: 810, OldestAge: 1200 * time.Millisecond}
	sink2 := subtask("sink-1", "Sink", 1, 2*time.Second, 0, 8*time.Second)
	sink2.RecordsIn, sink2.RecordsOut, sink2.BytesOut = 200, 200, 16_000
	return metrics.Job{
		ID: "0123456789abcdef0123456789abcdef", Name: "insert-into_alerts", State: "RUNNING", Parallelism: 2, Started: start, Restarts: 1,
		Failure: "read shard-0: reset by peer",
		Checkpoints: metrics.Checkpoints{Completed: 2, Failed: 1, History: []metrics.Checkpoint{
			{ID: 3, Triggered: start.Add(8 * time.Second), Failure: "disk full", Duration: time.Second},
			{ID: 2, Triggered: start.Add(6 * time.Second), Duration: 120 * time.Millisecond, Pause: 4 * time.Millisecond, Bytes: 123_456, Path: "/data/chk-2"},
		}},
		Operators: []metrics.Vertex{
			{ID: "scan-1", Name: "Scan", Description: "table=clicks", Parallelism: 1, Chain: 0, Subtasks: []metrics.Snapshot{scan}},
			{ID: "window-1", Name: "WindowAggregate", Description: "keys=[user]", Parallelism: 2, Chain: 1,
				Inputs: []metrics.Edge{{From: "scan-1", Exchange: "hash"}}, Subtasks: []metrics.Snapshot{window, other}},
			{ID: "sink-1", Name: "Sink", Description: "table=alerts", Parallelism: 2, Chain: 1,
				Inputs: []metrics.Edge{{From: "window-1", Exchange: "forward"}}, Subtasks: []metrics.Snapshot{sink, sink2}},
		},
	}
}

// fixedClock is a clock that stands where a test puts it. Who waits for it waits for the end, and parked is closed.
type fixedClock struct {
	mu     sync.Mutex
	now    time.Time
	parked chan struct{}
}

// Now implements clock.Clock.
func (c *fixedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Go implements clock.Clock.
func (c *fixedClock) Go(f func()) { go f() }

// NewWaiter implements clock.Clock.
func (c *fixedClock) NewWaiter() clock.Waiter { return endless{c.parked} }

func (c *fixedClock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

type endless struct{ parked chan struct{} }

func (e endless) Wait(ctx context.Context, _ time.Time) {
	close(e.parked)
	<-ctx.Done()
}

func (endless) Wake() {}

// watch returns a monitor of jobs ten seconds after they have begun. It has looked at them once.
func watch(t *testing.T, jobs ...*fakeJob) (*Monitor, *fixedClock) {
	c := &fixedClock{now: start.Add(10 * time.Second), parked: make(chan struct{})}
	m := New(Options{Clock: c, Version: "v1.2.3", Jobs: func() []Job {
		var all []Job
		for _, j := range jobs {
			all = append(all, j)
		}
		return all
	}})
	t.Cleanup(m.Close)
	<-c.parked
	return m, c
}
