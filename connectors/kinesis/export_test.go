package kinesis

import "time"

// PauseOnThisMachine is how long a server on this machine is left alone after nothing has come for a time.
func PauseOnThisMachine(quiet time.Duration) time.Duration {
	return pace{some: shortest, none: shortest, grows: true}.pause(0, false, quiet)
}
