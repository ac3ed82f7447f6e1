package monitor

import (
	"sync"
	"time"

	"github.com/weirsql/weir/runtime/metrics"
)

// sampler remembers the counters of the last seconds. The zero value is ready.
type sampler struct {
	mu   sync.Mutex
	jobs map[string][]sample // by job, oldest first
}

// sample is the counters of a job at one moment.
type sample struct {
	at     time.Time
	counts map[instance]counts
}

// instance is a subtask of an operator.
type instance struct {
	operator string
	subtask  int
}

// counts are the counters that rates are made of.
type counts struct {
	in, out, bytesIn, bytesOut int64
	busy, backpressured, idle  time.Duration
}

func countsOf(s *metrics.Snapshot) counts {
	return counts{s.RecordsIn, s.RecordsOut, s.BytesIn, s.BytesOut, s.Busy, s.Backpressured, s.Idle}
}

// keep notes the counters of the jobs that run and forgets the others.
func (r *sampler) keep(now time.Time, jobs []watched) {
	kept := make(map[string][]sample, len(jobs))
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range jobs {
		if Ended(&w.info) {
			continue
		}
		s := sample{now, map[instance]counts{}}
		for _, v := range w.info.Operators {
			for i := range v.Subtasks {
				s.counts[instance{v.ID, v.Subtasks[i].Subtask}] = countsOf(&v.Subtasks[i])
			}
		}
		old := r.jobs[w.info.ID]
		kept[w.info.ID] = append(old[max(0, len(old)-keptSamples+1):len(old):len(old)], s)
	}
	r.jobs = kept
}

// before returns the counters that rates are reckoned from: the oldest that are kept, or none at all at the start of a
// job that began not long ago, or that has only just been looked at for the first time.
func (r *sampler) before(now time.Time, j *metrics.Job) sample {
	r.mu.Lock()
	defer r.mu.Unlock()
	if kept := r.jobs[j.ID]; now.Sub(j.Started) >= (keptSamples-1)*sampleEvery && len(kept) > 0 && now.Sub(kept[0].at) >= sampleEvery/2 {
		return kept[0]
	}
	return sample{at: j.Started}
}

// figures adds rates, and where the job is held up.
func (r *sampler) figures(now time.Time, j metrics.Job) Figures {
	f := Figures{Job: j, Operators: []Operator{}}
	before, ended := r.before(now, &j), Ended(&j)
	for _, v := range j.Operators {
		op := Operator{Vertex: v, Subtasks: []Subtask{}}
		var sum, times Shares
		known := 0
		for _, s := range v.Subtasks {
			sub := Subtask{Snapshot: s}
			if !ended {
				sub.Rates = rates(before.counts[instance{v.ID, s.Subtask}], countsOf(&s), now.Sub(before.at))
			}
			op.Rates.RecordsIn += sub.Rates.RecordsIn
			op.Rates.RecordsOut += sub.Rates.RecordsOut
			op.Rates.BytesIn += sub.Rates.BytesIn
			op.Rates.BytesOut += sub.Rates.BytesOut
			if t := sub.Rates.Time; t != nil {
				known++
				sum.Busy += t.Busy
				sum.Backpressured += t.Backpressured
				sum.Idle += t.Idle
			}
			op.Subtasks = append(op.Subtasks, sub)
		}
		if known > 0 {
			n := float64(known)
			times = Shares{sum.Busy / n, sum.Backpressured / n, sum.Idle / n}
			op.Rates.Time = &times
		}
		f.Operators = append(f.Operators, op)
	}
	f.Job.Operators = nil // they are in f.Operators
	if f.Checkpoints.History == nil {
		f.Checkpoints.History = []metrics.Checkpoint{}
	}
	f.Bottleneck = bottleneck(f.Operators)
	return f
}

func rates(from, to counts, over time.Duration) Rates {
	if over <= 0 {
		return Rates{}
	}
	perSecond := func(from, to int64) float64 { return float64(growth(from, to)) / over.Seconds() }
	r := Rates{
		RecordsIn: perSecond(from.in, to.in), RecordsOut: perSecond(from.out, to.out),
		BytesIn: perSecond(from.bytesIn, to.bytesIn), BytesOut: perSecond(from.bytesOut, to.bytesOut),
	}
	busy := growth(from.busy, to.busy)
	backpressured := growth(from.backpressured, to.backpressured)
	idle := growth(from.idle, to.idle)
	if all := float64(busy + backpressured + idle); all > 0 {
		r.Time = &Shares{100 * float64(busy) / all, 100 * float64(backpressured) / all, 100 * float64(idle) / all}
	}
	return r
}

// growth is by how much a counter has grown. One that is smaller than before has begun again at zero: the job has been
// restarted.
func growth[T ~int64](from, to T) T {
	if to < from {
		return to
	}
	return to - from
}
