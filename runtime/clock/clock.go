// Package clock is time as the engine sees it: every wait, timer and retry of runtime, connectors and generator goes
// through a Clock, so that tests and `weir lab --fast` run in virtual time.
//
// It imports nothing of weir and may be imported by every room. Real waits for the wall clock; Virtual jumps to the
// next deadline as soon as every goroutine that takes part is parked; Simulated chooses by a seed who runs when.
package clock

import (
	"context"
	"time"
)

// Clock tells the time and parks goroutines.
type Clock interface {
	// Now is the current processing time.
	Now() time.Time
	// NewWaiter returns a parking place for one goroutine.
	NewWaiter() Waiter
	// Go runs f in a goroutine that takes part: virtual time stands still while f runs and is not parked in a Waiter.
	// Goroutines that only compute or talk to the network in between Waits must be started this way.
	Go(f func())
}

// Waiter parks one goroutine at a time. Wake may be called by anyone, also before Wait: one wake-up is remembered.
type Waiter interface {
	// Wait returns after Wake, when the clock reaches deadline (the zero Time is none), or when ctx ends. It does not
	// say which: callers look at the state they wait for.
	Wait(ctx context.Context, deadline time.Time)
	Wake()
}

// Sleep parks the caller for d, or until ctx ends, which it reports as ctx.Err().
func Sleep(ctx context.Context, c Clock, d time.Duration) error {
	w, until := c.NewWaiter(), c.Now().Add(d)
	for ctx.Err() == nil && c.Now().Before(until) {
		w.Wait(ctx, until)
	}
	return ctx.Err()
}

// Real is the machine's clock.
type Real struct{}

// Now implements Clock.
func (Real) Now() time.Time { return time.Now() }

// Go implements Clock.
func (Real) Go(f func()) { go f() }

// NewWaiter implements Clock.
func (Real) NewWaiter() Waiter { return make(realWaiter, 1) }

type realWaiter chan struct{}

func (w realWaiter) Wake() {
	select {
	case w <- struct{}{}:
	default:
	}
}

func (w realWaiter) Wait(ctx context.Context, deadline time.Time) {
	if deadline.IsZero() {
		select {
		case <-w:
		case <-ctx.Done():
		}
		return
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-w:
	case <-timer.C:
	case <-ctx.Done():
	}
}
