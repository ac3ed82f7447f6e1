package cli

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/weirsql/weir/engine"
)

// How long --drain lets jobs read what is on its way: until nothing has come for settleQuiet, at most settleInput for what
// was there at Ctrl-C, which may go on coming, and settleMost for what a job has just written. A reader asks Kinesis a few
// times a second.
const (
	settleQuiet = time.Second
	settleInput = 2 * time.Second
	settleMost  = 10 * time.Second
	settleCheck = 50 * time.Millisecond
)

// cancelAfter is how long jobs may take for a graceful stop when the run's time is up anyway.
const cancelAfter = 10 * time.Second

// stop ends all jobs gracefully, once; how they ended, their Wait tells. ctx is why: the user's Ctrl-C gives them the time
// they need, a time-out does not.
func (r *runner) stop(ctx context.Context) {
	r.stopped.Do(func() {
		limit, cancel := context.WithCancel(context.Background())
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			limit, cancel = context.WithTimeout(limit, cancelAfter)
		}
		defer cancel()
		if r.options.drain {
			r.drain(limit)
			return
		}
		var all sync.WaitGroup
		for _, j := range running(r.session.Jobs()) {
			all.Go(func() { stopJob(limit, j, false) })
		}
		all.Wait()
	})
}

// drain stops one job after the other as if its input had ended, in the order of the statements, and those that only
// watch at last: what the last windows of a job write into a stream, the jobs behind it still read.
func (r *runner) drain(ctx context.Context) {
	jobs := running(r.session.Jobs())
	watches := func(j *engine.Job) bool {
		return slices.ContainsFunc(r.jobs, func(o *runningJob) bool { return o.Job == j && o.writer != nil })
	}
	slices.SortStableFunc(jobs, func(a, b *engine.Job) int {
		switch wa, wb := watches(a), watches(b); {
		case wa == wb:
			return 0
		case wb:
			return -1
		}
		return 1
	})
	settle(ctx, jobs, settleInput)
	for i, j := range jobs {
		before := count([]*engine.Job{j}).out
		stopJob(ctx, j, true)
		if rest := running(jobs[i+1:]); len(rest) > 0 && count([]*engine.Job{j}).out > before {
			settle(ctx, rest, settleMost)
		}
	}
}

// settle returns when jobs have read nothing for a while.
func settle(ctx context.Context, jobs []*engine.Job, most time.Duration) {
	ticks := time.NewTicker(settleCheck)
	defer ticks.Stop()
	start := time.Now()
	last, read := start, count(jobs).in
	for now := range ticks.C {
		if n := count(jobs).in; n != read {
			last, read = now, n
		}
		if now.Sub(last) >= settleQuiet || now.Sub(start) >= most || ctx.Err() != nil {
			return
		}
	}
}

func stopJob(ctx context.Context, j *engine.Job, drain bool) {
	if err := j.Stop(ctx, drain); err != nil && ctx.Err() != nil {
		j.Cancel()
	}
}

// running are the jobs that have not ended.
func running(jobs []*engine.Job) []*engine.Job {
	return slices.DeleteFunc(slices.Clone(jobs), func(j *engine.Job) bool {
		select {
		case <-j.Done():
			return true
		default:
			return false
		}
	})
}
