package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/runtime/task"
)

// RestartStrategy says whether, and after which delay, a job is started again after a failure. Its values are what a
// user sets; a job counts in one of its own.
//
// Source: Flink 1.20, task failure recovery.
type RestartStrategy interface {
	begin(random *rand.Rand) restarts
}

// restarts counts the failures of one job.
type restarts interface {
	// failed notes a failure and returns how long to wait before the job is started again, or false for not at all.
	failed(now time.Time) (delay time.Duration, again bool)
}

// RestartSettings is how strategies read their options.
type RestartSettings interface {
	Duration(key string) time.Duration
	Int(key string) int64
	Float(key string) float64
}

// restartStrategies are the values of restart-strategy.type.
var restartStrategies = []struct {
	names []string
	read  func(RestartSettings) (RestartStrategy, error)
}{
	{[]string{"none", "off", "disable"}, readNoRestart},
	{[]string{"fixed-delay", "fixeddelay"}, readFixedDelay},
	{[]string{"exponential-delay", "exponentialdelay"}, readExponentialDelay},
	{[]string{"failure-rate", "failurerate"}, readFailureRate},
}

// ReadRestartStrategy returns the strategy of a name, with its options below restart-strategy.<name>. The error names the
// option that doesn't fit.
func ReadRestartStrategy(name string, settings RestartSettings) (RestartStrategy, error) {
	var known []string
	for _, s := range restartStrategies {
		if slices.Contains(s.names, strings.ToLower(name)) {
			return s.read(settings)
		}
		known = append(known, s.names...)
	}
	return nil, fmt.Errorf("setting %q: unknown strategy %q; there are %s", "restart-strategy.type", name, strings.Join(known, ", "))
}

// NoRestart lets the first failure end the job.
type NoRestart struct{}

func readNoRestart(RestartSettings) (RestartStrategy, error) { return NoRestart{}, nil }

func (NoRestart) begin(*rand.Rand) restarts { return NoRestart{} }

func (NoRestart) failed(time.Time) (time.Duration, bool) { return 0, false }

// nature is what kind of failure an error is.
type nature uint8

const (
	// own: the operators' own doing. The same records bring it again.
	own nature = iota
	// passing: something outside didn't answer, or said no for now. It may be over the next time.
	passing
	// final: nothing changes until somebody does something: a table that may not be read, a stream that isn't there.
	final
)

func natureOf(err error) nature {
	var told *connectors.Explained
	if errors.As(err, &told) {
		if told.Final {
			return final
		}
		return passing
	}
	if errors.Is(err, fs.ErrPermission) {
		return final
	}
	var broken net.Error
	var system syscall.Errno
	var file *fs.PathError
	var answer interface{ HTTPStatusCode() int }
	var checkpoint checkpointError
	if errors.As(err, &broken) || errors.As(err, &system) || errors.As(err, &file) || errors.As(err, &answer) ||
		errors.As(err, &checkpoint) || errors.Is(err, context.DeadlineExceeded) {
		return passing
	}
	return own
}

const (
	// sameMost is how often a job may fail for the same reason of its own without getting on.
	sameMost = 3
	// settled is how long an attempt must have run for a checkpoint of it to count as getting on. One taken earlier may
	// lie before the record that the job fails at, when checkpoints are taken in quick succession.
	settled = 10 * time.Second
)

// failures is the history of a job's failures, and decides what follows from one.
type failures struct {
	strategy restarts
	restarts int64 // so far
	last     string
	same     int // how often the last one has come without getting on in between
}

// verdict is what follows from a failure: a delay and a restart, or the end.
type verdict struct {
	again bool
	delay time.Duration
	why   string // the job isn't started again, where that needs saying
}

// judge decides. advanced says that a checkpoint of the failed attempt shows that the job got on; ran that some attempt,
// or the job that was restored, had begun to read.
func (f *failures) judge(err error, now time.Time, advanced, ran bool) verdict {
	kind := natureOf(err)
	key := err.Error()
	if advanced || key != f.last {
		f.same = 0
	}
	f.last, f.same = key, f.same+1
	switch {
	case f.strategy == nil:
		return verdict{}
	case !ran:
		// What fails before anything has been read is a mistake in the statement or its surroundings, which the user
		// wants to see now.
		return verdict{}
	case kind == final:
		return verdict{why: "to try again would not help"}
	case kind == own && f.same >= sameMost:
		return verdict{why: fmt.Sprintf("the same failure came %d times at the same position, and would come again; if a record is the cause, "+
			"'dead-letter' = '<table>' in the table it comes from sets aside those that don't decode, <format>.ignore-parse-errors drops them, "+
			"and TRY_CAST takes values that don't convert", f.same)}
	}
	delay, again := f.strategy.failed(now)
	if !again {
		return verdict{why: "the restart strategy allows no more"}
	}
	return verdict{again: true, delay: delay}
}

// tell returns the error that a job ends with: that of its last failure, with what became of it.
func (f *failures) tell(err error, v verdict) error {
	var notes []string
	switch {
	case f.restarts == 1:
		notes = append(notes, "the job had been restarted once")
	case f.restarts > 1:
		notes = append(notes, fmt.Sprintf("the job had been restarted %d times", f.restarts))
	}
	if v.why != "" && (f.restarts > 0 || f.same >= sameMost) {
		notes = append(notes, v.why)
	}
	if len(notes) == 0 {
		return err
	}
	note := strings.Join(notes, "; ")
	var failed *task.Error
	if errors.As(err, &failed) {
		told := *failed
		told.Err = fmt.Errorf("%w (%s)", failed.Err, note)
		return &told
	}
	return fmt.Errorf("%w (%s)", err, note)
}
