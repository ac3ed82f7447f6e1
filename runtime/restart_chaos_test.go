package runtime_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weirsql/weir/runtime"
)

// A job that fails again and again at random places, while checkpoints are taken as fast as they can be, gives what an
// undisturbed one does: nothing is lost between two attempts, and nothing published twice.
func TestRestartChaos(t *testing.T) {
	const splits, rows, lives = 3, 300, 12
	for seed := range uint64(6) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 9))
			w := newWorld(t)
			src := w.source("clicks")
			wantWindows, wantGroups := fill(src, splits, rows)
			life := 0
			next := func() {
				if life++; life == lives {
					src.breakAt(splits, -1, nil)
					return
				}
				src.breakAt(splits, life*rows/lives+random.IntN(40), errGone)
			}
			next()
			cfg := runtime.Config{
				Parallelism: 1 + random.IntN(3), MaxRows: []int{1, 5, 50}[random.IntN(3)], CheckpointDir: t.TempDir(),
				CheckpointInterval: time.Millisecond, Restart: runtime.FixedDelay{Attempts: lives, Delay: time.Millisecond},
				OnEvent: func(e runtime.Event) {
					if e.Kind == runtime.RestartScheduled {
						next()
					}
				},
			}
			j := w.start(w.plan(windows+groups[len(clicks):]), cfg)
			if err := j.Wait(); err != nil {
				t.Fatal(err)
			}
			if got := j.Info().Restarts; got != lives-1 {
				t.Errorf("%d restarts", got)
			}
			equal(t, "windows", fold(w.sink("counts").lines()), wantWindows)
			equal(t, "groups", fold(w.sink("totals").lines()), wantGroups)
		})
	}
}
