package task

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/runtime/metrics"
)

// splitFigures is what is known of a split from outside of its task: written by the task alone, read by anyone.
type splitFigures struct {
	records, bytes, watermark atomic.Int64
	idle, ended               atomic.Bool

	counter connectors.ByteCounter // of the reader, or nil; the task's
	counted int64                  // what it said last; the task's

	mu       sync.Mutex // held when the reader changes
	lagger   connectors.Lagger
	requests connectors.RequestCounter
	before   connectors.Requests // of readers that were closed
}

func (f *splitFigures) take(r connectors.Reader) {
	f.counter, _ = r.(connectors.ByteCounter)
	f.counted = 0
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = f.asked()
	f.lagger, _ = r.(connectors.Lagger)
	f.requests, _ = r.(connectors.RequestCounter)
}

// asked is what has happened to the requests of all readers. To be called under mu.
func (f *splitFigures) asked() connectors.Requests {
	sum := f.before
	if f.requests != nil {
		r := f.requests.Requests()
		sum.Throttled += r.Throttled
		sum.Retried += r.Retried
		sum.Expired += r.Expired
	}
	return sum
}

// read counts what a Poll has brought and returns its bytes.
func (f *splitFigures) read(rows int) int64 {
	f.records.Add(int64(rows))
	if f.counter == nil {
		return 0
	}
	n := f.counter.BytesRead()
	bytes := n - f.counted
	f.counted = n
	f.bytes.Add(bytes)
	return bytes
}

// endedShown is how many splits that have ended are shown, the last ones: a folder that is watched has no end of them.
const endedShown = 16

// shownSplits are the splits whose figures a scan shows: those that are open, and the last ones that have ended, in the
// order in which they were opened.
type shownSplits struct {
	mu     sync.Mutex // held when splits come and go, and by who asks
	splits []*split
	ended  []*split
}

func (s *shownSplits) add(sp *split) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.splits = append(s.splits, sp)
}

func (s *shownSplits) remove(sp *split) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(sp)
}

func (s *shownSplits) end(sp *split) {
	sp.figures.ended.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended = append(s.ended, sp); len(s.ended) > endedShown {
		s.forget(s.ended[0])
		s.ended = append(s.ended[:0], s.ended[1:]...)
	}
}

func (s *shownSplits) forget(sp *split) {
	if i := slices.Index(s.splits, sp); i >= 0 {
		s.splits = slices.Delete(s.splits, i, i+1)
	}
}

// splitMetrics returns the figures of the splits. From any goroutine.
func (s *scan) splitMetrics() []metrics.Split {
	s.shown.mu.Lock()
	defer s.shown.mu.Unlock()
	all := make([]metrics.Split, 0, len(s.shown.splits))
	for _, sp := range s.shown.splits {
		f := &sp.figures
		m := metrics.Split{
			ID: sp.id, Records: f.records.Load(), Bytes: f.bytes.Load(), Idle: f.idle.Load(), Ended: f.ended.Load(),
		}
		if w := f.watermark.Load(); w != math.MinInt64 {
			m.Watermark = &w
		}
		f.mu.Lock()
		if f.lagger != nil {
			m.Lag = f.lagger.Lag()
		}
		asked := f.asked()
		m.Throttled, m.Retries, m.Expired = asked.Throttled, asked.Retried, asked.Expired
		f.mu.Unlock()
		all = append(all, m)
	}
	return all
}
