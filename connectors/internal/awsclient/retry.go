package awsclient

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"time"

	"github.com/weirsql/weir/runtime/clock"
)

// Policy says how often and how fast to repeat a call.
type Policy struct {
	// Max is how often in a row a call may fail with a Transient error and be repeated. Throttled calls don't count.
	Max int
	// The n-th pause is Base · Factor^(n-1), Longest at most, of which up to a half is left out at random so that those who
	// failed together don't come back together.
	Base, Longest time.Duration
	Factor        float64
}

// DefaultPolicy is that of Flink's newer Kinesis source: 50 attempts within about 50 s.
var DefaultPolicy = Policy{Max: 50, Base: 300 * time.Millisecond, Longest: time.Second, Factor: 1.5}

// Pause is how long to wait after the n-th failure in a row, n from 1.
func (p Policy) Pause(n int, random *rand.Rand) time.Duration {
	d := min(float64(p.Longest), float64(p.Base)*math.Pow(p.Factor, float64(n-1)))
	return time.Duration(d * (1 - random.Float64()/2))
}

// Retrier repeats calls for one goroutine.
type Retrier struct {
	Clock  clock.Clock
	Log    *slog.Logger
	Random *rand.Rand
	// Retried, if not nil, is told of each call that is repeated.
	Retried func()
	// Throttled, if not nil, is told of each of them that was refused because there were too many.
	Throttled func()
}

// NewRetrier returns a Retrier whose pauses follow from the seed and a name that tells goroutines apart.
func NewRetrier(c clock.Clock, log *slog.Logger, seed int64, name string, retried func()) *Retrier {
	return &Retrier{Clock: c, Log: log, Random: Random(seed, name), Retried: retried}
}

// Do calls f until it succeeds, fails with an error that is Fatal or Expired, has failed p.Max times too often, or ctx
// ends. what names the call in the log.
func (r *Retrier) Do(ctx context.Context, what string, p Policy, f func(context.Context) error) error {
	transient := 0
	for n := 1; ; n++ {
		err := f(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		class := Classify(err)
		if class == Transient {
			transient++
		}
		if class == Fatal || class == Expired {
			return err
		}
		if transient > p.Max {
			if p.Max == 0 {
				return err
			}
			return fmt.Errorf("%w (after %d attempts)", err, n)
		}
		if err := r.Again(ctx, what, p, n, err); err != nil {
			return err
		}
	}
}

// Again counts and reports the n-th failure in a row, and waits.
func (r *Retrier) Again(ctx context.Context, what string, p Policy, n int, cause error) error {
	if r.Retried != nil {
		r.Retried()
	}
	if r.Throttled != nil && Classify(cause) == Throttled {
		r.Throttled()
	}
	pause := p.Pause(n, r.Random)
	level := slog.LevelDebug
	if n == 1 || n%10 == 0 {
		level = slog.LevelWarn
	}
	r.Log.Log(ctx, level, what+" failed; trying again", "attempt", n, "in", pause.Round(time.Millisecond), "error", cause)
	return clock.Sleep(ctx, r.Clock, pause)
}

// Random returns a generator that follows from the seed and a name.
func Random(seed int64, name string) *rand.Rand {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return rand.New(rand.NewPCG(uint64(seed), h))
}
