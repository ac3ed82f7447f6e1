package monitor

import (
	"math"
	"time"

	"github.com/weirsql/weir/runtime/metrics"
)

// Figures is what the API says of a job: what the runtime counts, and what follows from it.
type Figures struct {
	metrics.Job
	Operators  []Operator  `json:"operators"` // upstream first
	Bottleneck *Bottleneck `json:"bottleneck,omitempty"`
}

// Operator is an operator's figures.
type Operator struct {
	metrics.Vertex
	// Rates is the sum of the subtasks' records and bytes, and the mean of their times.
	Rates    Rates     `json:"rates"`
	Subtasks []Subtask `json:"subtasks"`
}

// Subtask is one instance of an operator.
type Subtask struct {
	metrics.Snapshot
	Rates Rates `json:"rates"`
}

// Rates is what happened in the last five seconds, or since the job began if that is less.
type Rates struct {
	RecordsIn  float64 `json:"records_in_per_second"`
	RecordsOut float64 `json:"records_out_per_second"`
	BytesIn    float64 `json:"bytes_in_per_second"`
	BytesOut   float64 `json:"bytes_out_per_second"`
	Time       *Shares `json:"time,omitempty"` // nil while nothing is known of it, and when the job is over
}

// Shares is how a task has spent its time, in percent that add up to 100.
type Shares struct {
	Busy          float64 `json:"busy_percent"`
	Backpressured float64 `json:"backpressured_percent"`
	Idle          float64 `json:"idle_percent"`
}

// Ended reports whether a job is over, by its state.
func Ended(j *metrics.Job) bool { return j.State != "RUNNING" && j.State != "RESTARTING" }

// Totals adds up an operator's counters over its subtasks; the watermark is the lowest, and nil if one has none yet.
func (o *Operator) Totals() metrics.Snapshot {
	t := metrics.Snapshot{ID: o.ID, Name: o.Name, Subtask: -1}
	for i := range o.Subtasks {
		s := &o.Subtasks[i]
		t.RecordsIn += s.RecordsIn
		t.RecordsOut += s.RecordsOut
		t.BytesIn += s.BytesIn
		t.BytesOut += s.BytesOut
		t.Late += s.Late
		t.Failed += s.Failed
		t.Retries += s.Retries
		t.StateBytes += s.StateBytes
		t.StateKeys += s.StateKeys
		t.Spilled += s.Spilled
		t.Forgotten += s.Forgotten
		if s.Sending != nil {
			if t.Sending == nil {
				t.Sending = &metrics.Sending{}
			}
			t.Sending.Add(s.Sending)
		}
		if i == 0 || t.Watermark != nil && (s.Watermark == nil || *s.Watermark < *t.Watermark) {
			t.Watermark = s.Watermark
		}
	}
	return t
}

// Busiest returns the subtask that is busy for the largest share of its time, or nil if nothing is known of their times.
func (o *Operator) Busiest() *Subtask {
	return o.most(func(s *Shares) float64 { return s.Busy })
}

// most returns the subtask with the largest share.
func (o *Operator) most(share func(*Shares) float64) *Subtask {
	var most *Subtask
	for i := range o.Subtasks {
		if s := &o.Subtasks[i]; s.Rates.Time != nil && (most == nil || share(s.Rates.Time) > share(most.Rates.Time)) {
			most = s
		}
	}
	return most
}

// Lag is how far a watermark, in milliseconds, is behind now. ok is false before the first watermark and after the last.
func Lag(watermark *int64, now time.Time) (lag time.Duration, ok bool) {
	if watermark == nil || *watermark == math.MinInt64 || *watermark == math.MaxInt64 {
		return 0, false
	}
	return now.Sub(time.UnixMilli(*watermark)), true
}
