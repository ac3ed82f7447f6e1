package clock

import (
	"context"
	"sync"
	"time"
)

// Virtual is a clock that moves only when nothing runs: when the last participant parks, it jumps to the earliest
// deadline and releases the one goroutine that waits for it (the one that parked first, among equals), so timers fire
// one after the other, each seeing all effects of the one before. Without a deadline it stands still until an
// outsider calls Wake.
//
// Participants are the goroutines started by Go. A participant that blocks in anything but a Waiter (a network call,
// a mutex) counts as running; blocking for good there stops time.
type Virtual struct {
	mu      sync.Mutex
	now     time.Time
	running int
	parked  []*virtualWaiter // in the order of parking
}

// NewVirtual returns a clock that stands at start.
func NewVirtual(start time.Time) *Virtual { return &Virtual{now: start} }

// Now implements Clock.
func (c *Virtual) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Go implements Clock.
func (c *Virtual) Go(f func()) {
	c.mu.Lock()
	c.running++
	c.mu.Unlock()
	go func() {
		defer func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.running--
			c.advance()
		}()
		f()
	}()
}

// Run calls f as a participant and returns when it has.
func (c *Virtual) Run(f func()) {
	done := make(chan struct{})
	c.Go(func() {
		defer close(done)
		f()
	})
	<-done
}

// Outside calls f, which may block in anything, while the calling participant counts as parked: time may move until f
// returns.
func (c *Virtual) Outside(f func()) {
	c.mu.Lock()
	c.running--
	c.advance()
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.running++
		c.mu.Unlock()
	}()
	f()
}

// NewWaiter implements Clock.
func (c *Virtual) NewWaiter() Waiter { return &virtualWaiter{clock: c, wake: make(chan struct{}, 1)} }

type virtualWaiter struct {
	clock    *Virtual
	wake     chan struct{}
	woken    bool // Wake came before Wait
	parked   bool
	deadline time.Time
}

func (w *virtualWaiter) Wait(ctx context.Context, deadline time.Time) {
	c := w.clock
	stop := context.AfterFunc(ctx, w.Wake)
	defer stop()
	c.mu.Lock()
	if w.woken || ctx.Err() != nil || !deadline.IsZero() && !deadline.After(c.now) {
		w.woken = false
		c.mu.Unlock()
		return
	}
	w.parked, w.deadline = true, deadline
	c.parked = append(c.parked, w)
	c.running--
	c.advance()
	c.mu.Unlock()
	<-w.wake
}

func (w *virtualWaiter) Wake() {
	c := w.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.parked {
		c.release(w)
	} else {
		w.woken = true
	}
}

// release makes a parked waiter run. The caller holds mu.
func (c *Virtual) release(w *virtualWaiter) {
	for i, p := range c.parked {
		if p == w {
			c.parked = append(c.parked[:i], c.parked[i+1:]...)
			break
		}
	}
	w.parked = false
	c.running++
	w.wake <- struct{}{}
}

// advance moves time if nothing runs. The caller holds mu.
func (c *Virtual) advance() {
	if c.running > 0 {
		return
	}
	var next *virtualWaiter
	for _, w := range c.parked {
		if !w.deadline.IsZero() && (next == nil || w.deadline.Before(next.deadline)) {
			next = w
		}
	}
	if next == nil {
		return
	}
	if next.deadline.After(c.now) {
		c.now = next.deadline
	}
	c.release(next)
}
