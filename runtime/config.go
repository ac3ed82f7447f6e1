package runtime

import (
	"log/slog"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/operator"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// Latest as Config.Restore means the newest undamaged checkpoint of the job, or a fresh start when it has none.
const Latest = "latest"

// Config says how to run a plan. The zero values of what is not explained are fit for a bounded job.
type Config struct {
	JobID, Name string
	Clock       clock.Clock     // nil: the machine's
	Env         *connectors.Env // for its log
	Location    *time.Location  // the session's time zone; nil: UTC
	// Seed is what random functions draw from; a job that starts from a checkpoint goes on with the checkpoint's.
	Seed int64
	// Parallelism is that of operators which don't fix their own; 0: the plan's, else one per processor. At most 128.
	Parallelism int
	// MaxRows is the number of rows in a batch; 0: 4096.
	MaxRows int
	// Memory bounds the keyed state of all jobs that share it; nil: nothing does.
	Memory *state.Memory
	// CheckpointDir holds a folder per job; "": nothing is stored, and sinks publish when the job ends, or every
	// CheckpointInterval.
	CheckpointDir string
	// CheckpointInterval is the time between two checkpoints; 0: only when the job ends or Checkpoint is called.
	CheckpointInterval time.Duration
	// CheckpointTimeout is when a checkpoint that isn't complete is given up; 0: never.
	CheckpointTimeout time.Duration
	// IncrementFrom is the size in bytes from which the state of an operator instance is written as what has changed since
	// the checkpoint before; 0: it is always written whole.
	IncrementFrom int64
	// CheckpointPause is the least time between the end of a checkpoint and the beginning of the next.
	CheckpointPause time.Duration
	// FailedCheckpoints is how many checkpoints in a row may fail until the job does; 0: any number.
	FailedCheckpoints int
	// Retention says which checkpoints outlive the job.
	Retention Retention
	// Restore is the path of a checkpoint, Latest, or "" for a fresh start.
	Restore string
	// IgnoreUnclaimed starts from a checkpoint also if it has state of operators that the plan doesn't have; it is dropped.
	IgnoreUnclaimed bool
	// Restart is what becomes of the job after a failure; nil: it ends. A job with Collect always does: rows that have been
	// handed out can't be taken back. Without CheckpointDir a job starts again from the beginning, and sinks that have
	// published something publish it once more.
	Restart RestartStrategy
	// Replan makes the plan anew for another attempt, since sources remember what they have found; nil: the plan is used
	// as it is.
	Replan func() (*physical.Plan, error)
	// Retained is how many checkpoints are kept; at least 2, so that a damaged newest one isn't the only one.
	Retained int
	// Collect takes the rows of a Collect node, from one goroutine; the batch is valid during the call.
	Collect func(b *types.Batch) error
	// FunctionPatience is how long a function may take for a batch until it is said that it doesn't return; 0: 10 s.
	FunctionPatience time.Duration
	// OnEvent, if not nil, hears of checkpoints, restarts and the end, from one goroutine; it must not block or call the job.
	OnEvent func(Event)
	Log     *slog.Logger // nil: that of Env, else none

	// build replaces operator.Build in tests.
	build func(physical.Node) (operator.Operator, error)
}

// EventKind says what happened to a job.
type EventKind uint8

const (
	CheckpointCompleted EventKind = iota
	CheckpointFailed
	RestartScheduled
	Ended
)

// Retention says which checkpoints are kept when a job ends.
type Retention uint8

const (
	RetainAll          Retention = iota // so that the job can go on from them later
	DeleteWhenCanceled                  // none after Cancel
	DeleteAlways                        // none after any end
)

// Event is something that happened to a job.
type Event struct {
	Kind       EventKind
	Checkpoint int64
	Path       string        // of a completed checkpoint; "" when none is stored
	Bytes      int64         // of a completed checkpoint
	Took       time.Duration // of a checkpoint: from the trigger to the end; of a restart: until the next attempt
	Err        error         // why a checkpoint, an attempt or the job failed
}

func (c Config) withDefaults() Config {
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	if c.Env != nil {
		if c.Log == nil {
			c.Log = c.Env.Log
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Location == nil {
		c.Location = time.UTC
	}
	if c.MaxRows <= 0 {
		c.MaxRows = 4096
	}
	c.Retained = max(c.Retained, 2)
	if c.FunctionPatience <= 0 {
		c.FunctionPatience = 10 * time.Second
	}
	if c.build == nil {
		c.build = operator.Build
	}
	return c
}
