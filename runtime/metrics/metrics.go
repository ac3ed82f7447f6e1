// Package metrics counts what operators do. Counters are written by one task and read by anyone, at any time.
package metrics

import (
	"sync"
	"sync/atomic"
	"time"
)

// Operator is the counters of one operator instance.
type Operator struct {
	RecordsIn, RecordsOut atomic.Int64
	BytesIn, BytesOut     atomic.Int64
	Late                  atomic.Int64 // records dropped behind the watermark
	Failed                atomic.Int64 // records that did not decode, or rows too large to be sent, whatever became of them
	Retries               atomic.Int64 // requests repeated by a connector
	StateBytes            atomic.Int64
	StateKeys             atomic.Int64
	Spilled               atomic.Int64 // bytes of state on disk
	Forgotten             atomic.Int64 // keys whose state was dropped because there were too many
	Watermark             atomic.Int64 // milliseconds; math.MinInt64 before the first
}

// Activity is what a task does at a moment.
type Activity uint8

const (
	Ended         Activity = iota // nothing that counts: it has not begun, or is over
	Busy                          // it computes
	Backpressured                 // it waits because what it writes to is full
	Idle                          // it waits for something to do
	activities
)

// Task is how a task spends its time. The task says when it does something else; anyone may ask, and what the task is doing
// at that moment counts as well: it may have waited for minutes. The zero value is one that has not begun.
type Task struct {
	mu    sync.Mutex // taken when a task parks and wakes, never per record
	now   Activity
	since time.Time
	spent [activities]time.Duration
}

// Switch notes what the task does from now on.
func (t *Task) Switch(to Activity, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spent[t.now] += now.Sub(t.since)
	t.now, t.since = to, now
}

// Times returns how the time has been spent up to now.
func (t *Task) Times(now time.Time) (busy, backpressured, idle time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	spent := t.spent
	spent[t.now] += max(0, now.Sub(t.since)) // another processor may have read the clock earlier
	return spent[Busy], spent[Backpressured], spent[Idle]
}

// Snapshot is the counters at one moment.
type Snapshot struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Subtask    int    `json:"subtask"`
	RecordsIn  int64  `json:"records_in"`
	RecordsOut int64  `json:"records_out"`
	BytesIn    int64  `json:"bytes_in"`
	BytesOut   int64  `json:"bytes_out"`
	Late       int64  `json:"late_records"`
	Failed     int64  `json:"failed_records"`
	Retries    int64  `json:"retries"`
	StateBytes int64  `json:"state_bytes"`
	StateKeys  int64  `json:"state_keys"`
	Spilled    int64  `json:"spilled_bytes"`
	Forgotten  int64  `json:"forgotten_keys"`
	Watermark  *int64 `json:"watermark_ms,omitempty"`
	// The time of the operator's task, which it shares with its chain.
	Busy          time.Duration `json:"busy_ns"`
	Backpressured time.Duration `json:"backpressured_ns"`
	Idle          time.Duration `json:"idle_ns"`
	Splits        []Split       `json:"splits,omitempty"`  // of a scan
	Sending       *Sending      `json:"sending,omitempty"` // of a sink that sends rows to a service
}

// Sending is what a sink has sent to a service since the job was last started, and what it has yet to send.
type Sending struct {
	Records       int64         `json:"records"`   // acknowledged; several rows may make one
	Requests      int64         `json:"requests"`  // answered
	Throttled     int64         `json:"throttled"` // requests and records that were refused as too many, and sent again
	Refused       int64         `json:"refused"`   // likewise, for other reasons
	InFlight      int           `json:"in_flight"` // requests without an answer
	BufferedRows  int           `json:"buffered_rows"`
	BufferedBytes int64         `json:"buffered_bytes"`
	OldestAge     time.Duration `json:"oldest_unsent_ns"` // how long the oldest row has been waiting; 0: there is none
}

// Add adds the figures of another subtask; the oldest row is the older one.
func (s *Sending) Add(o *Sending) {
	s.Records += o.Records
	s.Requests += o.Requests
	s.Throttled += o.Throttled
	s.Refused += o.Refused
	s.InFlight += o.InFlight
	s.BufferedRows += o.BufferedRows
	s.BufferedBytes += o.BufferedBytes
	s.OldestAge = max(s.OldestAge, o.OldestAge)
}
