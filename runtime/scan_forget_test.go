package runtime_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/task"
)

// passing is a source whose splits come, are read to their ends, and go.
type passing struct {
	connectors.Source
	mu     sync.Mutex
	hidden []string
}

func (p *passing) Bounded() bool                    { return false }
func (p *passing) DiscoveryInterval() time.Duration { return time.Second }
func (p *passing) ForgetAfter() time.Duration       { return time.Minute }

func (p *passing) Splits(ctx context.Context) ([]connectors.Split, error) {
	splits, err := p.Source.Splits(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(splits, func(s connectors.Split) bool { return slices.Contains(p.hidden, s.ID) }), err
}

// hide takes splits out of the list.
func (p *passing) hide(ids ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hidden = ids
}

// A split that has been read and isn't listed any more is forgotten after a while, in checkpoints too, and not before; one
// that is still being read is not, whether it is listed or not.
func TestForget(t *testing.T) {
	for _, parallelism := range []int{1, 3} {
		t.Run(fmt.Sprint("parallelism=", parallelism), func(t *testing.T) {
			v := clock.NewVirtual(time.Unix(0, 0))
			w := newWorld(t)
			src := w.source("files")
			for _, split := range []string{"a", "b", "c"} {
				seconds(src, split, 0, 2)
			}
			src.stopAt("c", 1)
			var p *passing
			plan := w.plan(fmt.Sprintf(copied, "files", ""))
			for _, n := range plan.Nodes {
				if scan, ok := n.(*physical.Scan); ok {
					p = &passing{Source: scan.Source}
					scan.Source = p
				}
			}
			var newest string // checkpoint
			cfg := runtime.Config{
				Parallelism: parallelism, Clock: v, CheckpointDir: t.TempDir(), CheckpointInterval: 5 * time.Second,
				OnEvent: func(e runtime.Event) {
					if e.Kind == runtime.CheckpointCompleted {
						newest = e.Path
					}
				},
			}
			v.Run(func() {
				j := w.start(plan, cfg)
				expect := func(after time.Duration, given, known int) {
					t.Helper()
					if err := clock.Sleep(t.Context(), v, after); err != nil {
						t.Error(err)
					}
					if got := src.given(); got != given {
						t.Errorf("after %s %d rows have been read, want %d", v.Now().Sub(time.Unix(0, 0)), got, given)
					}
					c, err := checkpoint.OpenURI(newest)
					if err != nil {
						t.Error(err)
						return
					}
					for _, o := range c.Manifest.Operators {
						if n, _ := task.Splits(c, o.ID); n > 0 && n != known {
							t.Errorf("after %s the checkpoint knows of %d splits, want %d", v.Now().Sub(time.Unix(0, 0)), n, known)
						}
					}
				}
				expect(20*time.Second, 5, 3)
				p.hide("a", "b", "c")
				expect(50*time.Second, 5, 3)
				p.hide("b", "c")
				expect(50*time.Second, 5, 2) // b is forgotten, a was back in time
				p.hide("a", "b", "c")
				expect(55*time.Second, 5, 2)
				expect(20*time.Second, 5, 1) // without a; c is being read
				p.hide("b")
				expect(20*time.Second, 7, 2) // a came anew
				src.stopAt("c", -1)
				expect(10*time.Second, 8, 2)

				// What has been forgotten is not known after a restart either.
				j.Cancel()
				if err := j.Join(t.Context(), v.NewWaiter()); err == nil {
					t.Error("canceled without an error")
				}
				p.hide("c")
				cfg.Restore = runtime.Latest
				w.start(plan, cfg)
				expect(30*time.Second, 10, 3) // b
				expect(50*time.Second, 10, 2)
			})
		})
	}
}
