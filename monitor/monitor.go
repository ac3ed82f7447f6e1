package monitor

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/metrics"
)

// Job is what a monitor needs of a job. All methods may be called from any goroutine.
type Job interface {
	Info() metrics.Job
	// Savepoint takes a savepoint in a folder of its own below dir, "" for the place that is configured, and returns its
	// path. With stop the job ends with it, with drain all windows fire before.
	Savepoint(ctx context.Context, dir string, stop, drain bool) (path string, err error)
	// Stop ends the job gracefully and returns when it is over, or ctx is.
	Stop(ctx context.Context, drain bool) error
	// Cancel ends the job at once and doesn't wait.
	Cancel()
}

// Options says what a monitor watches.
type Options struct {
	// Jobs lists the process's jobs in the order of their start, those that are over too.
	Jobs    func() []Job
	Clock   clock.Clock // nil: the machine's
	Version string      // of weir, for weir_build_info
}

// Monitor watches the jobs of a process. Its methods may be called from any goroutine.
type Monitor struct {
	opts   Options
	rates  sampler
	waiter clock.Waiter
	cancel context.CancelFunc
	ended  chan struct{}

	registry func() *prometheus.Registry
}

// sampleEvery is the time between two looks at the counters, keptSamples how many of them rates are made of.
const (
	sampleEvery = time.Second
	keptSamples = 6
)

// New starts to watch. Once a second the counters of running jobs are noted, so that rates are known whenever somebody
// asks; BenchmarkSample has what it costs.
func New(o Options) *Monitor {
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	m := &Monitor{opts: o, waiter: o.Clock.NewWaiter(), ended: make(chan struct{})}
	m.registry = sync.OnceValue(m.newRegistry)
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	o.Clock.Go(func() {
		defer close(m.ended)
		for ctx.Err() == nil {
			m.sample()
			m.waiter.Wait(ctx, o.Clock.Now().Add(sampleEvery))
		}
	})
	return m
}

// Close stops watching.
func (m *Monitor) Close() {
	m.cancel()
	<-m.ended
}

// jobs lists the jobs. One that was restored in the same process has the ID of an earlier one, whose place it takes.
func (m *Monitor) jobs() []watched {
	var list []watched
	index := map[string]int{}
	for _, j := range m.opts.Jobs() {
		info := j.Info()
		if k, known := index[info.ID]; known {
			list[k] = watched{j, info}
			continue
		}
		index[info.ID] = len(list)
		list = append(list, watched{j, info})
	}
	return list
}

// watched is a job with its counters.
type watched struct {
	job  Job
	info metrics.Job
}

func (m *Monitor) sample() {
	now := m.opts.Clock.Now()
	m.rates.keep(now, m.jobs())
}

// Figures returns what is known of all jobs, in the order of their start.
func (m *Monitor) Figures() []Figures {
	now := m.opts.Clock.Now()
	all := []Figures{}
	for _, w := range m.jobs() {
		all = append(all, m.rates.figures(now, w.info))
	}
	return all
}

// find returns the job with an ID.
func (m *Monitor) find(id string) (watched, bool) {
	for _, w := range m.jobs() {
		if w.info.ID == id {
			return w, true
		}
	}
	return watched{}, false
}
