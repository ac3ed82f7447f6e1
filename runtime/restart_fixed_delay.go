package runtime

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// FixedDelay starts a job again after the same delay, so often in its life.
type FixedDelay struct {
	Attempts int64
	Delay    time.Duration
}

func readFixedDelay(s RestartSettings) (RestartStrategy, error) {
	const prefix = "restart-strategy.fixed-delay."
	f := FixedDelay{Attempts: s.Int(prefix + "attempts"), Delay: s.Duration(prefix + "delay")}
	if f.Attempts < 0 {
		return nil, fmt.Errorf("setting %q must not be negative", prefix+"attempts")
	}
	return f, nil
}

func (f FixedDelay) begin(*rand.Rand) restarts { return &fixedDelay{FixedDelay: f} }

type fixedDelay struct {
	FixedDelay
	failures int64
}

func (f *fixedDelay) failed(time.Time) (time.Duration, bool) {
	f.failures++
	return f.Delay, f.failures <= f.Attempts
}
