package runtime_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/state"
)

// A job that is killed and stopped at random moments, with checkpoints in between, and restored at random widths and batch
// sizes, publishes what an undisturbed one does.
func TestChaos(t *testing.T) {
	const splits, rows = 4, 400
	for seed := range uint64(6) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 7))
			w := newWorld(t)
			src := w.source("clicks")
			wantWindows, wantGroups := fill(src, splits, rows)
			plan := w.plan(windows + groups[len(clicks):])
			cfg := runtime.Config{CheckpointDir: t.TempDir(), Restore: runtime.Latest}
			if seed%2 == 0 {
				cfg.IncrementFrom = 1
			}
			if seed%3 == 0 {
				cfg.Memory = state.NewMemory(2000, t.TempDir()) // most keys are on disk
				defer func() {
					if err := cfg.Memory.Close(); err != nil {
						t.Error(err)
					}
				}()
			}
			for life := 1; ; life++ {
				cfg.Parallelism, cfg.MaxRows = 1+random.IntN(4), []int{1, 3, 50, 1000}[random.IntN(4)]
				last := life == 8
				for k := range splits {
					limit := min(rows, life*rows/8+random.IntN(40))
					if last {
						limit = -1
					}
					src.stopAt(fmt.Sprintf("split%d", k), limit)
				}
				before := src.given()
				j := w.start(plan, cfg)
				if last {
					if err := j.Wait(); err != nil {
						t.Fatal(err)
					}
					break
				}
				for range random.IntN(4) {
					if _, err := j.Checkpoint(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if n := random.IntN(40); n > 0 {
					eventually(t, "some rows", func() bool { return src.given() >= before+n })
				}
				if random.IntN(3) == 0 {
					if err := j.Stop(t.Context(), false); err != nil {
						t.Fatal(err)
					}
					continue
				}
				j.Cancel()
				if err := j.Wait(); !errors.Is(err, runtime.ErrCanceled) {
					t.Fatal(err)
				}
			}
			equal(t, "windows", fold(w.sink("counts").lines()), wantWindows)
			equal(t, "groups", fold(w.sink("totals").lines()), wantGroups)
		})
	}
}
