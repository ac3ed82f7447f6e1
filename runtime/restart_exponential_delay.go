package runtime

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// ExponentialDelay starts a job again after a delay that grows with every failure. When the job has run for ResetAfter
// without one, delay and attempts begin anew.
type ExponentialDelay struct {
	Initial, Max time.Duration
	Multiplier   float64
	Jitter       float64 // the part of the delay by which it may be shorter or longer
	ResetAfter   time.Duration
	Attempts     int64 // before a reset
}

func readExponentialDelay(s RestartSettings) (RestartStrategy, error) {
	const prefix = "restart-strategy.exponential-delay."
	e := ExponentialDelay{
		Initial: s.Duration(prefix + "initial-backoff"), Max: s.Duration(prefix + "max-backoff"),
		Multiplier: s.Float(prefix + "backoff-multiplier"), Jitter: s.Float(prefix + "jitter-factor"),
		ResetAfter: s.Duration(prefix + "reset-backoff-threshold"), Attempts: s.Int(prefix + "attempts-before-reset-backoff"),
	}
	switch {
	case e.Initial < time.Millisecond:
		return nil, fmt.Errorf("setting %q must be at least 1 ms", prefix+"initial-backoff")
	case e.Max < e.Initial:
		return nil, fmt.Errorf("setting %q must not be less than %q", prefix+"max-backoff", prefix+"initial-backoff")
	case !(e.Multiplier > 1):
		return nil, fmt.Errorf("setting %q must be greater than 1", prefix+"backoff-multiplier")
	case !(e.Jitter >= 0 && e.Jitter <= 1):
		return nil, fmt.Errorf("setting %q must be from 0 to 1", prefix+"jitter-factor")
	case e.ResetAfter < time.Millisecond:
		return nil, fmt.Errorf("setting %q must be at least 1 ms", prefix+"reset-backoff-threshold")
	case e.Attempts < 1:
		return nil, fmt.Errorf("setting %q must be at least 1", prefix+"attempts-before-reset-backoff")
	}
	return e, nil
}

func (e ExponentialDelay) begin(random *rand.Rand) restarts {
	return &exponentialDelay{ExponentialDelay: e, random: random}
}

type exponentialDelay struct {
	ExponentialDelay
	random   *rand.Rand
	failures int64
	resumed  time.Time // when the job was last started again
}

func (e *exponentialDelay) failed(now time.Time) (time.Duration, bool) {
	if now.Sub(e.resumed) >= e.ResetAfter {
		e.failures = 0
	}
	limit := float64(e.Max)
	delay := min(float64(e.Initial)*math.Pow(e.Multiplier, float64(e.failures)), limit)
	delay = min(delay+delay*e.Jitter*(2*e.random.Float64()-1), limit)
	e.failures++
	e.resumed = now.Add(time.Duration(delay))
	return time.Duration(delay), e.failures <= e.Attempts
}
