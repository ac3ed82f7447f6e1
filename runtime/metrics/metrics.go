// Package metrics counts what operators do. Counters are written by one task and read by anyone, at any time.
package metrics

import (
	"sync/atomic"
	"time"
)

// Operator is the counters of one operator instance.
type Operator struct {
	RecordsIn, RecordsOut atomic.Int64
	BytesIn, BytesOut     atomic.Int64
	Late                  atomic.Int64 // records dropped behind the watermark
	Failed                atomic.Int64 // records that did not decode, whatever became of them
	Retries               atomic.Int64 // requests repeated by a connector
	StateBytes            atomic.Int64
	StateKeys             atomic.Int64
	Spilled               atomic.Int64 // bytes of state on disk
	Watermark             atomic.Int64 // milliseconds; math.MinInt64 before the first
}

// Task is how a task has spent its time, in nanoseconds since its start. A task is busy while it computes,
// backpressured while what it writes to is full, and idle else.
type Task struct {
	Busy, Backpressured, Idle atomic.Int64
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
	Watermark  *int64 `json:"watermark_ms,omitempty"`
	// The time of the operator's task, which it shares with its chain.
	Busy          time.Duration `json:"busy_ns"`
	Backpressured time.Duration `json:"backpressured_ns"`
	Idle          time.Duration `json:"idle_ns"`
	Splits        []Split       `json:"splits,omitempty"` // of a scan
}
