package checkpoint_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/checkpoint/faultfs"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/state"
)

// world is what an operator's state should be.
type world struct {
	parallelism int
	keyed       map[[2]string][]string // name and key → values, each an entry
	operator    [][]string             // by subtask
}

func (w *world) clone() *world {
	c := &world{w.parallelism, map[[2]string][]string{}, nil}
	for k, v := range w.keyed {
		c.keyed[k] = slices.Clone(v)
	}
	for _, v := range w.operator {
		c.operator = append(c.operator, slices.Clone(v))
	}
	return c
}

func (w *world) change(rnd *rand.Rand) {
	for range rnd.IntN(60) {
		nk := [2]string{[]string{"count", "rows"}[rnd.IntN(2)], fmt.Sprint("key", rnd.IntN(150))}
		if rnd.IntN(4) == 0 {
			delete(w.keyed, nk)
			continue
		}
		var values []string
		for range 1 + rnd.IntN(3) {
			values = append(values, strings.Repeat("v", rnd.IntN(700))+fmt.Sprint(rnd.Uint64()))
		}
		w.keyed[nk] = values
	}
	for i := range w.operator {
		if rnd.IntN(3) == 0 {
			w.operator[i] = nil
			for range rnd.IntN(4) {
				w.operator[i] = append(w.operator[i], fmt.Sprint(rnd.Uint64()))
			}
		}
	}
}

func owner(key string, parallelism int) int {
	return state.Subtask(state.KeyGroup(state.HashBytes([]byte(key))), parallelism)
}

// entries returns a subtask's entries, all or those that differ from an earlier state.
func (w *world) entries(subtask int, since *world) (all []state.Entry) {
	for _, nk := range slices.SortedFunc(maps.Keys(w.keyed), compare) {
		if owner(nk[1], w.parallelism) == subtask && (since == nil || !slices.Equal(since.keyed[nk], w.keyed[nk])) {
			for _, v := range w.keyed[nk] {
				all = append(all, keyed(nk[0], nk[1], v))
			}
		}
	}
	if since != nil {
		for _, nk := range slices.SortedFunc(maps.Keys(since.keyed), compare) {
			if _, there := w.keyed[nk]; !there && owner(nk[1], w.parallelism) == subtask {
				e := keyed(nk[0], nk[1], "")
				e.Removed = true
				all = append(all, e)
			}
		}
	}
	for _, v := range w.operator[subtask] {
		all = append(all, operatorEntry("split", "", v))
	}
	return all
}

func compare(a, b [2]string) int { return slices.Compare(a[:], b[:]) }

// check restores a checkpoint at some parallelism and compares.
func (w *world) check(c *checkpoint.Checkpoint, parallelism int) error {
	got := map[[2]string][]string{}
	var operator []string
	for i := range parallelism {
		r := c.Share("op", i, parallelism)
		for _, name := range []string{"count", "rows"} {
			err := r.Each(name, func(key, value []byte) error {
				if owner(string(key), parallelism) != i {
					return fmt.Errorf("subtask %d of %d got key %s", i, parallelism, key)
				}
				nk := [2]string{name, string(key)}
				got[nk] = append(got[nk], string(value))
				return nil
			})
			if err != nil {
				return err
			}
		}
		var mine []string
		err := r.Each("split", func(_, value []byte) error {
			mine = append(mine, string(value))
			return nil
		})
		if err != nil {
			return err
		}
		if parallelism == w.parallelism && !slices.Equal(mine, w.operator[i]) {
			return fmt.Errorf("subtask %d of %d got the operator entries %v, want %v", i, parallelism, mine, w.operator[i])
		}
		operator = append(operator, mine...)
	}
	if want := slices.Concat(w.operator...); !slices.Equal(slices.Sorted(slices.Values(operator)), slices.Sorted(slices.Values(want))) {
		return fmt.Errorf("at parallelism %d the operator entries are %v, want %v", parallelism, operator, want)
	}
	for nk, want := range w.keyed {
		if !slices.Equal(got[nk], want) {
			return fmt.Errorf("at parallelism %d %v is %v, want %v", parallelism, nk, got[nk], want)
		}
	}
	if len(got) != len(w.keyed) {
		return fmt.Errorf("at parallelism %d there are %d keys, want %d", parallelism, len(got), len(w.keyed))
	}
	return nil
}

// taken is a checkpoint that was published, or may have been.
type taken struct {
	id    int64
	world *world
	parts [][]checkpoint.File // by subtask
}

// run is a job that lives through checkpoints, faults, crashes and restarts.
type run struct {
	t     *testing.T
	rnd   *rand.Rand
	mem   *faultfs.Mem
	fs    *faultfs.FS
	store *checkpoint.Store
	now   *world
	all   map[int64]*taken // every one that was attempted
	done  []*taken         // that are complete and not retired, oldest first
	torn  bool
	fault map[faultfs.Kind]int
	waits []func()
}

func (r *run) begin() {
	plan := faultfs.Plan{Chance: map[faultfs.Kind]float64{}, SlowFor: time.Second}
	if r.rnd.IntN(3) > 0 {
		for _, k := range []faultfs.Kind{
			faultfs.WriteError, faultfs.NoSpace, faultfs.CloseError, faultfs.PublishLost, faultfs.PublishDone, faultfs.Slow, faultfs.ReadError,
		} {
			plan.Chance[k] = 0.02
		}
	}
	if r.torn {
		plan.Chance[faultfs.Torn] = 0.1
	}
	if r.rnd.IntN(2) == 0 {
		plan.CrashAt = 1 + r.rnd.IntN(150)
	}
	r.fs = faultfs.New(r.mem, clock.NewVirtual(epoch), r.rnd.Uint64(), plan)
	r.store, r.waits = nil, nil
}

// restart brings the job back from the newest checkpoint.
func (r *run) restart() {
	if r.fs != nil {
		r.fs.Crash()
		for k, n := range r.fs.Injected() {
			r.fault[k] += n
		}
	}
	r.begin()
	c, skipped, err := checkpoint.LatestIn(r.mem, "job")
	if !r.torn && len(skipped) > 0 {
		r.t.Fatalf("damaged without a torn file: %v", skipped)
	}
	var last int64
	if len(r.done) > 0 {
		last = r.done[len(r.done)-1].id
	}
	r.now = &world{parallelism: 1 + r.rnd.IntN(4), keyed: map[[2]string][]string{}}
	r.done = nil
	switch {
	case errors.Is(err, checkpoint.ErrNone) && last == 0, r.torn && err != nil:
		r.now.operator = make([][]string, r.now.parallelism)
	case err != nil:
		r.t.Fatal(err)
	default:
		k := r.all[c.Manifest.ID]
		if k == nil || !r.torn && k.id < last {
			r.t.Fatalf("the latest is %s after %d had been published", c.Path, last)
		}
		r.restores(k, c)
		r.now = k.world.clone()
		if r.rnd.IntN(3) == 0 { // at another parallelism
			r.now.parallelism = 1 + r.rnd.IntN(4)
			all := slices.Concat(r.now.operator...)
			r.now.operator = make([][]string, r.now.parallelism)
			for i, v := range all {
				r.now.operator[i%r.now.parallelism] = append(r.now.operator[i%r.now.parallelism], v)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.all)) {
		k := r.all[id]
		c, err := checkpoint.OpenIn(r.mem, fmt.Sprint("job/chk-", id))
		if err != nil {
			continue
		}
		// As a restored job knows it: by what the manifest says.
		k.parts = make([][]checkpoint.File, k.world.parallelism)
		for _, s := range c.Operator("op").Subtasks {
			k.parts[s.Subtask] = s.Parts
		}
		r.done = append(r.done, k)
	}
}

func (r *run) restores(k *taken, c *checkpoint.Checkpoint) {
	r.t.Helper()
	for _, p := range []int{k.world.parallelism, 1 + r.rnd.IntN(6)} {
		if err := k.world.check(c, p); err != nil {
			r.t.Fatalf("%s: %v", c.Path, err)
		}
	}
}

// checkpoint begins a checkpoint and returns what ends it.
func (r *run) checkpoint() (end func()) {
	k := &taken{id: r.store.NextID(), world: r.now.clone()}
	var base *taken
	if len(r.done) > 0 {
		base = r.done[len(r.done)-1]
	}
	p, err := r.store.Begin(k.id, epoch)
	if err != nil {
		r.t.Fatal(err)
	}
	var all []checkpoint.Subtask
	for i := range k.world.parallelism {
		var since *world
		var parts []checkpoint.File
		if base != nil && base.world.parallelism == k.world.parallelism && len(base.parts[i]) < 5 && r.rnd.IntN(4) > 0 {
			since, parts = base.world, slices.Clone(base.parts[i])
		}
		f, err := part(p, "op", i, k.world.parallelism, k.world.entries(i, since))
		if err != nil || r.rnd.IntN(30) == 0 {
			p.Abort()
			return func() {}
		}
		parts = append(parts, f)
		k.parts = append(k.parts, parts)
		all = append(all, checkpoint.Subtask{ID: "op", Name: "Op", Subtask: i, Parallelism: k.world.parallelism, Parts: parts})
	}
	return func() {
		r.all[k.id] = k
		if _, _, err := p.Publish(false, all); err == nil {
			r.done = append(r.done, k)
			slices.SortFunc(r.done, func(a, b *taken) int { return int(a.id - b.id) })
		}
	}
}

func (r *run) step() {
	if r.fs == nil || r.fs.Crashed() || r.rnd.IntN(40) == 0 {
		r.restart()
		return
	}
	if r.store == nil {
		s, err := checkpoint.NewStoreIn(r.fs, "job", "")
		if err != nil {
			return // tried again
		}
		r.store = s
	}
	r.now.change(r.rnd)
	end := r.checkpoint()
	if r.rnd.IntN(4) == 0 {
		r.waits = append(r.waits, end) // it takes longer than the next one
		return
	}
	end()
	for _, end := range r.waits {
		end()
	}
	r.waits = nil
	if r.rnd.IntN(3) > 0 {
		retained := 1 + r.rnd.IntN(3)
		err := r.store.Retire(retained)
		if err == nil || !r.fs.Crashed() {
			r.done = r.done[max(0, len(r.done)-retained):]
		}
		if err == nil && !r.torn {
			r.tidy()
		}
	}
	if r.fs.Crashed() || r.torn || r.rnd.IntN(4) > 0 {
		return
	}
	for _, k := range r.done {
		c, err := checkpoint.OpenIn(r.mem, fmt.Sprint("job/chk-", k.id))
		if err != nil {
			r.t.Fatal(err)
		}
		r.restores(k, c)
	}
}

// tidy fails when there is a file that nothing retained refers to.
func (r *run) tidy() {
	r.t.Helper()
	want := map[string]bool{}
	for _, k := range r.done {
		want[fmt.Sprintf("job/chk-%d/manifest.json", k.id)] = true
		for _, f := range slices.Concat(k.parts...) {
			if f.File != "" {
				want[path.Join("job", f.File)] = true
			}
		}
	}
	if got := r.mem.Names(); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		r.t.Fatalf("there are the files %v, want %v", got, slices.Sorted(maps.Keys(want)))
	}
}

var seeds = flag.Uint64("seeds", 24, "number of random runs")

// Whatever fails, and whenever the power goes: each retained checkpoint restores to what the state was when it was taken,
// at the same and at another parallelism, though it builds on earlier ones; what was published is there after a crash; and
// nothing else is left.
func TestRandomRuns(t *testing.T) {
	faults := map[faultfs.Kind]int{}
	for seed := range *seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := &run{t: t, rnd: rand.New(rand.NewPCG(seed, 7)), mem: faultfs.NewMem(), all: map[int64]*taken{}, torn: seed%4 == 0, fault: faults}
			for range 60 {
				r.step()
			}
		})
	}
	t.Log("injected:", faults)
}
