package metrics

import "time"

// Job is what is known of a job at one moment: what the JSON API serves and `weir job show` draws. Times are the job's
// clock's; durations are in nanoseconds.
type Job struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	State       string    `json:"state"` // RUNNING, RESTARTING, FINISHED, FAILED, CANCELED
	Bounded     bool      `json:"bounded"`
	Parallelism int       `json:"parallelism"`
	Started     time.Time `json:"started"`
	Ended       time.Time `json:"ended,omitzero"`
	Seed        *int64    `json:"seed,omitempty"` // what its random functions draw from, if it has some
	// Restarts is how often the job has been started again after a failure; Failure is the last one's reason.
	Restarts int64  `json:"restarts"`
	Failure  string `json:"failure,omitempty"`
	// Stuck describes calls of functions that don't return.
	Stuck []string `json:"stuck,omitempty"`

	Checkpoints Checkpoints `json:"checkpoints"`
	Operators   []Vertex    `json:"operators"` // upstream first
}

// Vertex is an operator of the plan with its instances.
type Vertex struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`        // Scan, Calc, Join, …
	Description string     `json:"description"` // as EXPLAIN shows it
	Parallelism int        `json:"parallelism"`
	Inputs      []Edge     `json:"inputs,omitempty"`
	Chain       int        `json:"chain"` // operators with the same number share a task
	Subtasks    []Snapshot `json:"subtasks"`
}

// Edge is an input of an operator.
type Edge struct {
	From     string `json:"from"`     // the ID of the operator that is read
	Exchange string `json:"exchange"` // forward, hash, rebalance, broadcast, single
}

// Checkpoints is a job's checkpoints and savepoints.
type Checkpoints struct {
	Completed  int64        `json:"completed"`
	Failed     int64        `json:"failed"`
	InProgress int64        `json:"in_progress,omitempty"` // number of the one under way; 0: none
	Restored   string       `json:"restored,omitempty"`    // what the job last started from
	History    []Checkpoint `json:"history"`               // the last ten, newest first
}

// Checkpoint is one that has been taken, or has failed.
type Checkpoint struct {
	ID        int64     `json:"id"`
	Savepoint bool      `json:"savepoint,omitempty"`
	Triggered time.Time `json:"triggered"`
	// Duration is the time from the trigger to the completion, Pause the longest time that a task took no records for it.
	Duration time.Duration `json:"duration_ns"`
	Pause    time.Duration `json:"pause_ns"`
	Bytes    int64         `json:"bytes"`
	Path     string        `json:"path,omitempty"`
	Failure  string        `json:"failure,omitempty"`
}

// Split is one split of a scan's subtask.
type Split struct {
	ID        string        `json:"id"`
	Records   int64         `json:"records"`
	Bytes     int64         `json:"bytes"`
	Watermark *int64        `json:"watermark_ms,omitempty"`
	Lag       time.Duration `json:"lag_ns,omitempty"` // behind the end of the split, if the reader knows it
	Throttled int64         `json:"throttled,omitempty"`
	Retries   int64         `json:"retries,omitempty"`
	Expired   int64         `json:"expired_positions,omitempty"`
	Idle      bool          `json:"idle,omitempty"` // left out of the watermark
	Ended     bool          `json:"ended,omitempty"`
}
