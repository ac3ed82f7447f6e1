package connectors

// Explained is a failure told in the user's terms: what is wrong and what to do. Messages show Msg alone, since what was
// being attempted adds nothing to it; the cause stays visible to errors.Is and errors.As, and in the log.
type Explained struct {
	Msg string
	Err error
	// Final says that to try again is of no use until somebody changes something: a table that may not be read, a stream
	// that isn't there.
	Final bool
}

func (e *Explained) Error() string { return e.Msg }

// Unwrap returns the cause.
func (e *Explained) Unwrap() error { return e.Err }
