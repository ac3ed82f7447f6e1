package kinesis

import (
	"time"

	"github.com/weirsql/weir/connectors"
)

// PauseOf is how long a source waits after a request that has brought nothing.
func PauseOf(src connectors.Source) time.Duration {
	return newPace(src.(*source), false).pause(0, false, 0)
}

// PauseOnThisMachine is how long a server on this machine is left alone after nothing has come for a time.
func PauseOnThisMachine(quiet time.Duration) time.Duration {
	return pace{some: shortest, none: shortest, grows: true}.pause(0, false, quiet)
}

// Subscribe makes a source of enhanced fan-out use its subscriptions whatever the clock.
func Subscribe(src connectors.Source) { src.(*source).pushed = true }
