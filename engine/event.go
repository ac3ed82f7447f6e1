package engine

import "github.com/weirsql/weir/runtime"

// Event is something that happened to a job: see runtime.Event.
type Event = runtime.Event

// The kinds of events.
const (
	CheckpointCompleted = runtime.CheckpointCompleted
	CheckpointFailed    = runtime.CheckpointFailed
	RestartScheduled    = runtime.RestartScheduled
	Ended               = runtime.Ended
)
