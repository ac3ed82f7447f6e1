package clock_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/runtime/clock"
)

// crowd lets some participants work, wait for each other and sleep, and returns what they did in which order.
func crowd(seed uint64) (order []string, trace uint64, err error) {
	c := clock.NewSimulated(clock.SimulatedOptions{Seed: seed, Start: time.Unix(0, 0)})
	err = c.Run(func() {
		p := c.NewProcess("crowd")
		for n := range 5 {
			p.Go(func() {
				for k := range 20 {
					order = append(order, fmt.Sprint(n, " ", k))
					if k%7 == n {
						clock.Sleep(context.Background(), p, time.Duration(n)*time.Millisecond)
					}
					p.Yield()
				}
			})
		}
		p.Join(context.Background(), time.Time{})
	})
	return order, c.Trace(), err
}

// Equal seeds give equal runs, other seeds other ones.
func TestSimulatedOrder(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(20) {
		order, trace, err := crowd(seed)
		if err != nil {
			t.Fatal(err)
		}
		again, same, _ := crowd(seed)
		if !slices.Equal(order, again) || trace != same {
			t.Fatalf("seed %d gives\n%v\nand then\n%v", seed, order, again)
		}
		if len(order) != 100 {
			t.Errorf("seed %d: %d steps", seed, len(order))
		}
		seen[strings.Join(order, ",")] = true
	}
	if len(seen) != 20 {
		t.Errorf("20 seeds give %d orders", len(seen))
	}
}

// Time jumps to the next deadline when nobody can run; the end of a context and an early Wake end a wait, too.
func TestSimulatedWaiter(t *testing.T) {
	c := clock.NewSimulated(clock.SimulatedOptions{Seed: 1, Start: time.Unix(0, 0)})
	err := c.Run(func() {
		w := c.NewWaiter()
		w.Wake()
		w.Wait(context.Background(), time.Time{})
		ctx, cancel := context.WithCancel(context.Background())
		c.Go(func() {
			if err := clock.Sleep(ctx, c, time.Hour); err != nil {
				t.Error(err)
			}
			cancel()
		})
		w.Wait(ctx, time.Time{})
		if passed := c.Now().Sub(time.Unix(0, 0)); passed < time.Hour || passed > time.Hour+time.Second {
			t.Errorf("%v have passed", passed)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// Killed participants do nothing any more, wherever they stand, and start nothing.
func TestSimulatedKill(t *testing.T) {
	c := clock.NewSimulated(clock.SimulatedOptions{Seed: 3})
	err := c.Run(func() {
		p := c.NewProcess("victim")
		done := 0
		p.Go(func() {
			for {
				p.Yield()
				done++
			}
		})
		p.Go(func() {
			p.NewWaiter().Wait(context.Background(), time.Time{})
			t.Error("the parked one goes on")
		})
		p.Go(func() { clock.Sleep(context.Background(), p, time.Hour); t.Error("the sleeper goes on") })
		for done < 10 {
			c.Yield()
		}
		p.Kill()
		if p.Alive() != 0 || !p.Dead() {
			t.Errorf("%d are alive", p.Alive())
		}
		before := done
		p.Go(func() { t.Error("started in a dead process") })
		if err := clock.Sleep(context.Background(), c, time.Minute); err != nil || done != before {
			t.Errorf("%v, %d steps after death", err, done-before)
		}
		own := c.NewProcess("suicide")
		own.Go(func() { own.Kill(); t.Error("it lives on") })
		if err := own.Join(context.Background(), time.Time{}); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// What can never go on is an error that says who waits: a deadlock, an endless loop, a panic.
func TestSimulatedFailures(t *testing.T) {
	for want, f := range map[string]func(c *clock.Simulated){
		"nobody can run any more": func(c *clock.Simulated) { c.NewWaiter().Wait(context.Background(), time.Time{}) },
		"1001 steps and no end": func(c *clock.Simulated) {
			for {
				c.Yield()
			}
		},
		"panicked: a bug": func(*clock.Simulated) { panic("a bug") },
	} {
		c := clock.NewSimulated(clock.SimulatedOptions{Seed: 4, MaxSteps: 1000})
		err := c.Run(func() {
			c.Go(func() { c.NewWaiter().Wait(context.Background(), time.Time{}) })
			f(c)
		})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "simulated_test.go") {
			t.Errorf("got %v, want %q and where", err, want)
		}
	}
}
