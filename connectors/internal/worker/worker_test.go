package worker_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors/internal/worker"
	"github.com/weirsql/weir/runtime/clock"
)

// A worker does what there is, rests, goes on when it is woken, and has ended when Stop returns, also in the middle of a
// request. The context it was started with may end before.
func TestWorker(t *testing.T) {
	for name, c := range map[string]clock.Clock{"real": clock.Real{}, "virtual": clock.NewVirtual(time.Unix(0, 0))} {
		t.Run(name, func(t *testing.T) {
			over := make(chan struct{})
			c.Go(func() {
				defer close(over)
				started, end := context.WithCancel(context.Background())
				idle := c.NewWaiter()
				todo, done := make(chan int, 10), make(chan int, 10)
				w := worker.Start(started, c, func(ctx context.Context) (bool, error) {
					select {
					case n := <-todo:
						if n < 0 { // a request that takes long
							idle.Wake()
							if err := clock.Sleep(ctx, c, time.Hour); err != nil {
								done <- n
								return true, err
							}
						}
						done <- n
						return true, nil
					default:
						idle.Wake()
						return false, nil
					}
				})
				end()
				for n := range 3 {
					todo <- n
					w.Wake()
					for len(done) <= n {
						idle.Wait(context.Background(), time.Time{})
					}
				}
				todo <- -1
				w.Wake()
				for len(todo) > 0 {
					idle.Wait(context.Background(), time.Time{})
				}
				w.Stop()
				if len(done) != 4 {
					t.Errorf("%d of 4 have ended", len(done))
				}
			})
			<-over
		})
	}
}

// A worker ends by itself with an error of its step.
func TestWorkerFails(t *testing.T) {
	steps := 0
	w := worker.Start(t.Context(), clock.Real{}, func(context.Context) (bool, error) {
		steps++
		return true, errors.New("no more")
	})
	w.Join()
	if steps != 1 {
		t.Errorf("%d steps", steps)
	}
}
