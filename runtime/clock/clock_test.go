package clock_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/weirsql/weir/runtime/clock"
)

// Sleepers of different lengths finish in the order of their deadlines, and an hour takes no time.
func TestVirtualOrder(t *testing.T) {
	start := time.Unix(0, 0)
	c := clock.NewVirtual(start)
	var order []int
	c.Run(func() {
		all := c.NewWaiter()
		left := 3
		for _, n := range []int{3, 1, 2} {
			c.Go(func() {
				if err := clock.Sleep(context.Background(), c, time.Duration(n)*time.Hour); err != nil {
					t.Error(err)
				}
				order = append(order, n) // only one sleeper runs at a time
				left--
				all.Wake()
			})
		}
		for left > 0 {
			all.Wait(context.Background(), time.Time{})
		}
	})
	if want := []int{1, 2, 3}; !slices.Equal(order, want) {
		t.Errorf("woken in order %v, want %v", order, want)
	}
	if got := c.Now().Sub(start); got != 3*time.Hour {
		t.Errorf("the clock moved %v, want 3h", got)
	}
}

// A Wake before Wait is remembered, once; the end of the context ends a wait without a deadline.
func TestWaiter(t *testing.T) {
	for name, c := range map[string]clock.Clock{"real": clock.Real{}, "virtual": clock.NewVirtual(time.Unix(0, 0))} {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			c.Go(func() {
				defer close(done)
				w := c.NewWaiter()
				w.Wake()
				w.Wake()
				w.Wait(context.Background(), time.Time{})
				ctx, cancel := context.WithCancel(context.Background())
				cancel()
				w.Wait(ctx, time.Time{})
				if err := clock.Sleep(ctx, c, time.Hour); err != context.Canceled {
					t.Errorf("Sleep under a cancelled context: %v", err)
				}
			})
			<-done
		})
	}
}
