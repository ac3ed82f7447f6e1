package generator

import (
	"context"
	"time"
)

// Clock is the time a Generator lives in. A virtual clock lets half a minute of traffic pass at once, and tests wait
// for nothing.
type Clock interface {
	Now() time.Time
	// Sleep returns nil once d has passed, or the error of ctx as soon as that ends.
	Sleep(ctx context.Context, d time.Duration) error
}

// RealClock is the machine's clock.
type RealClock struct{}

// Now implements Clock.
func (RealClock) Now() time.Time { return time.Now() }

// Sleep implements Clock.
func (RealClock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
