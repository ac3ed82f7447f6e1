// Package worker is the goroutine that does a connector's slow work beside its task.
package worker

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/weirsql/weir/runtime/clock"
)

// Worker is a goroutine that takes part in a clock.
type Worker struct {
	clock  clock.Clock
	waiter clock.Waiter // where it rests
	cancel context.CancelFunc
	over   atomic.Bool
	closer clock.Waiter // where Stop waits
}

// New returns a worker that has yet to be started.
func New(c clock.Clock) *Worker {
	return &Worker{clock: c, waiter: c.NewWaiter(), closer: c.NewWaiter()}
}

// Start starts a worker: see its method.
func Start(ctx context.Context, c clock.Clock, step func(ctx context.Context) (progress bool, err error)) *Worker {
	w := New(c)
	w.Start(ctx, step)
	return w
}

// Start starts the goroutine. step does some of the work and reports whether there was any; when there was none the worker
// rests until Wake. It ends when step returns an error, or at Stop. ctx is for its requests: it has the values of the one
// given here, and ends with Stop and not before.
func (w *Worker) Start(ctx context.Context, step func(ctx context.Context) (progress bool, err error)) {
	ctx, w.cancel = context.WithCancel(context.WithoutCancel(ctx))
	w.clock.Go(func() {
		defer func() {
			w.over.Store(true)
			w.closer.Wake()
		}()
		for ctx.Err() == nil {
			progress, err := step(ctx)
			if err != nil {
				return
			}
			if !progress {
				w.waiter.Wait(ctx, time.Time{})
			}
		}
	})
}

// Rest is for steps that wait in the middle of their work: it returns after Wake, at a time unless that is zero, or when ctx
// ends.
func (w *Worker) Rest(ctx context.Context, until time.Time) { w.waiter.Wait(ctx, until) }

// Wake says that there is work. From any goroutine.
func (w *Worker) Wake() { w.waiter.Wake() }

// Stop ends the worker and returns when it has ended.
func (w *Worker) Stop() {
	w.cancel()
	w.Join()
}

// Join returns when the worker has ended.
func (w *Worker) Join() {
	w.waiter.Wake()
	for !w.over.Load() {
		w.closer.Wait(context.Background(), time.Time{})
	}
}
