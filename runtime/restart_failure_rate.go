package runtime

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// FailureRate starts a job again after the same delay as long as there are no more than Max failures in any Interval.
type FailureRate struct {
	Max             int64
	Interval, Delay time.Duration
}

func readFailureRate(s RestartSettings) (RestartStrategy, error) {
	const prefix = "restart-strategy.failure-rate."
	f := FailureRate{
		Max: s.Int(prefix + "max-failures-per-interval"), Interval: s.Duration(prefix + "failure-rate-interval"), Delay: s.Duration(prefix + "delay"),
	}
	if f.Max < 1 {
		return nil, fmt.Errorf("setting %q must be at least 1", prefix+"max-failures-per-interval")
	}
	return f, nil
}

func (f FailureRate) begin(*rand.Rand) restarts { return &failureRate{FailureRate: f} }

type failureRate struct {
	FailureRate
	failures []time.Time // in the last interval, oldest first; at most Max
}

func (f *failureRate) failed(now time.Time) (time.Duration, bool) {
	for len(f.failures) > 0 && now.Sub(f.failures[0]) > f.Interval {
		f.failures = f.failures[1:]
	}
	if int64(len(f.failures)) == f.Max {
		return 0, false
	}
	f.failures = append(f.failures, now)
	return f.Delay, true
}
