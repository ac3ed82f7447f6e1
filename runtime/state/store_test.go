package state_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// texts is an operator's state: a text per slot.
type texts struct {
	bySlot  []string
	dropped int
}

func (x *texts) grow(n int) {
	for len(x.bySlot) < n {
		x.bySlot = append(x.bySlot, "")
	}
}

func (x *texts) Encode(dst []byte, slot int32) []byte { return append(dst, x.bySlot[slot]...) }

func (x *texts) Decode(slot int32, value []byte) error {
	x.grow(int(slot) + 1)
	if x.bySlot[slot] != "" {
		return fmt.Errorf("slot %d has state: %q", slot, x.bySlot[slot])
	}
	x.bySlot[slot] = string(value)
	return nil
}

func (x *texts) Drop(slot int32) {
	x.bySlot[slot] = ""
	x.dropped++
}

func (x *texts) bytes() int {
	n := 0
	for _, s := range x.bySlot {
		n += len(s)
	}
	return n
}

// storeWorld is a store and what should be in it.
type storeWorld struct {
	t     *testing.T
	rnd   *rand.Rand
	store *state.Store
	texts *texts
	model map[int64]string
}

func (w *storeWorld) lookup(ids []int64) []int32 {
	w.t.Helper()
	v := types.NewVector(types.BigIntType)
	for _, id := range ids {
		v.AppendValue(id)
	}
	slots, err := w.store.Lookup([]*types.Vector{v}, nil, len(ids), make([]int32, len(ids)))
	if err != nil {
		w.t.Fatal(err)
	}
	w.texts.grow(w.store.Cap())
	return slots
}

// change looks keys up, checks what is there, and gives most of them new states, some none.
func (w *storeWorld) change(step int) {
	w.t.Helper()
	ids := make([]int64, 1+w.rnd.IntN(20))
	for i := range ids {
		ids[i] = w.rnd.Int64N(400)
	}
	slots := w.lookup(ids)
	for k, slot := range slots {
		if got, want := w.texts.bySlot[slot], w.model[ids[k]]; got != want {
			w.t.Fatalf("step %d: key %d has %q, want %q", step, ids[k], got, want)
		}
		text := fmt.Sprint("state of ", ids[k], " at ", step, "/", k)
		if w.rnd.IntN(100) == 0 {
			text += strings.Repeat("!", w.rnd.IntN(3000))
		}
		w.texts.bySlot[slot], w.model[ids[k]] = text, text
	}
	for k, slot := range slots {
		if w.rnd.IntN(6) == 0 && w.store.Has(slot) {
			w.store.Remove(slot)
			w.texts.bySlot[slot] = ""
			delete(w.model, ids[k])
		}
	}
}

// contents is what the entries of a checkpoint say.
func contents(t *testing.T, entries []state.Entry) map[int64]string {
	t.Helper()
	all := map[int64]string{}
	v := types.NewVector(types.BigIntType)
	for _, e := range entries {
		v.Reset()
		if _, err := types.DecodeRow(e.Key, []*types.Vector{v}); err != nil {
			t.Fatal(err)
		}
		if e.Removed {
			continue
		}
		if _, twice := all[v.I64[0]]; twice {
			t.Fatalf("key %d is there twice", v.I64[0])
		}
		if group := state.KeyGroup(state.HashInt64(v.I64[0])); e.Group != group || e.Name != "text" {
			t.Fatalf("entry of key %d is %q of group %d", v.I64[0], e.Name, e.Group)
		}
		all[v.I64[0]] = string(e.Value)
	}
	return all
}

// resolve puts the parts of a chain of increments together as a restore does.
func resolve(parts [][]state.Entry) []state.Entry {
	var all []state.Entry
	later := map[string]int{}
	for k := len(parts) - 1; k >= 0; k-- {
		for _, e := range parts[k] {
			at, seen := later[string(e.Key)]
			if !seen {
				later[string(e.Key)] = k
			} else if at != k {
				continue
			}
			if !e.Removed {
				all = append(all, e)
			}
		}
	}
	return all
}

// A snapshot has the state of the moment when it was asked for, whatever happens while it is written; and keys that have
// gone to disk are as good as those in memory.
func TestStoreAgainstMap(t *testing.T) {
	for _, limit := range []int64{0, 9_000, 1000} {
		t.Run(fmt.Sprint("limit=", limit), func(t *testing.T) {
			var memory *state.Memory
			dir := t.TempDir()
			if limit > 0 {
				memory = state.NewMemory(limit, dir)
			}
			w := &storeWorld{t: t, rnd: rand.New(rand.NewPCG(7, uint64(limit))), texts: &texts{}, model: map[int64]string{}}
			account := memory.Account(func() int { return w.store.Used() + w.texts.bytes() })
			columns := []types.Type{types.BigIntType}
			w.store = state.NewStore(columns, "text", w.texts, account)
			var writer *state.Writer
			var want map[int64]string
			written, given, increments, purged := 0, 0, 0, 0
			var chain [][]state.Entry // of the last complete checkpoint
			for step := range 12_000 {
				w.change(step)
				if w.rnd.IntN(20) == 0 {
					// States of some steps expire, but only those on disk are looked at here.
					expired := func(value []byte) bool { return strings.Contains(string(value), "7/") }
					if _, err := w.store.Purge(1+w.rnd.IntN(30), func(value []byte) bool {
						if !expired(value) {
							return false
						}
						for id, text := range w.model {
							if text == string(value) {
								delete(w.model, id)
								purged++
							}
						}
						return true
					}); err != nil {
						t.Fatal(err)
					}
				}
				switch {
				case writer == nil && w.rnd.IntN(40) == 0:
					writer, want = &state.Writer{Record: step > 2000}, maps.Clone(w.model)
					writer.Increment = len(chain) > 0 && len(chain) < 6 && w.store.CanIncrement()
					if err := w.store.Snapshot(writer); err != nil {
						t.Fatal(err)
					}
				case writer != nil && w.rnd.IntN(300) == 0:
					writer.Abandon()
					writer = nil
					given++
				case writer != nil && w.rnd.IntN(10) == 0:
					done, err := writer.Sweep()
					if err != nil {
						t.Fatal(err)
					}
					if !done {
						continue
					}
					if w.store.Sweeping() {
						t.Fatal("it is done and goes on")
					}
					parts := [][]state.Entry{writer.Entries()}
					if writer.Increment {
						parts = append(slices.Clone(chain), parts...)
						increments++
					}
					if got := contents(t, resolve(parts)); !maps.Equal(got, want) {
						t.Fatalf("step %d: the snapshot has %d keys, want %d, or other states; %d parts", step, len(got), len(want), len(parts))
					}
					if w.rnd.IntN(4) > 0 { // else the checkpoint fails for another reason
						w.store.Complete()
						chain = parts
					}
					writer = nil
					written++
				}
			}
			if written < 50 || given == 0 || increments < 20 {
				t.Fatalf("%d snapshots were written, %d of them increments, and %d given up", written, increments, given)
			}
			if writer != nil {
				writer.Abandon()
			}
			if n := w.store.Len() + w.store.Spilled(); n != len(w.model) {
				t.Fatalf("%d keys are there, want %d", n, len(w.model))
			}
			if limit == 0 {
				return
			}
			if w.texts.dropped == 0 || w.store.Spilled() == 0 {
				t.Error("nothing has gone to disk")
			}
			if purged == 0 {
				t.Error("nothing has been purged")
			}
			onDisk := map[int64]string{}
			err := w.store.EachSpilled([]*types.Vector{types.NewVector(types.BigIntType)}, 7, func(cols []*types.Vector, values [][]byte) error {
				for k, id := range cols[0].I64 {
					onDisk[id] = string(values[k])
				}
				return nil
			})
			if err != nil || len(onDisk) != w.store.Spilled() {
				t.Fatalf("%d keys are on disk, want %d: %v", len(onDisk), w.store.Spilled(), err)
			}
			for id, text := range onDisk {
				if w.model[id] != text {
					t.Errorf("key %d has %q on disk, want %q", id, text, w.model[id])
				}
			}
			if err := w.store.Close(); err != nil {
				t.Fatal(err)
			}
			account.Close()
			if memory.Used() != 0 || memory.Spilled() != 0 {
				t.Errorf("%d bytes in memory and %d on disk are left", memory.Used(), memory.Spilled())
			}
			if err := memory.Close(); err != nil {
				t.Fatal(err)
			}
			if files, _ := os.ReadDir(dir); len(files) > 0 {
				t.Errorf("%v is left", files)
			}
		})
	}
}

// A file of spilled state that has changed is named, and what it holds is not used.
func TestSpilledStateDamaged(t *testing.T) {
	dir := t.TempDir()
	memory := state.NewMemory(20_000, dir)
	defer memory.Close()
	x := &texts{}
	var store *state.Store
	store = state.NewStore([]types.Type{types.BigIntType}, "text", x, memory.Account(func() int { return store.Used() + x.bytes() }))
	w := &storeWorld{t: t, store: store, texts: x}
	for id := range int64(2000) {
		for _, slot := range w.lookup([]int64{id}) {
			x.bySlot[slot] = strings.Repeat("state", 5)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "spill-*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for i := range data {
			data[i] ^= 1
		}
		if err := os.WriteFile(f, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	v := types.NewVector(types.BigIntType)
	for id := range int64(2000) {
		v.Reset()
		v.AppendValue(id)
		_, err = store.Lookup([]*types.Vector{v}, nil, 1, make([]int32, 1))
		if err != nil {
			break
		}
	}
	if err == nil || !slices.ContainsFunc(files, func(f string) bool { return strings.Contains(err.Error(), f) }) {
		t.Errorf("got %v, want an error that names one of %s", err, files)
	}
}

// What a snapshot has written can be taken back, at any limit.
func TestStoreRestore(t *testing.T) {
	columns := []types.Type{types.BigIntType}
	from := &texts{}
	store := state.NewStore(columns, "text", from, nil)
	v := types.NewVector(types.BigIntType)
	for id := range int64(5000) {
		v.AppendValue(id)
	}
	slots, err := store.Lookup([]*types.Vector{v}, nil, v.N, make([]int32, v.N))
	if err != nil {
		t.Fatal(err)
	}
	from.grow(store.Cap())
	for k, slot := range slots {
		from.bySlot[slot] = fmt.Sprint("state ", k)
	}
	w := &state.Writer{}
	if err := store.Snapshot(w); err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		if done, err = w.Sweep(); err != nil {
			t.Fatal(err)
		}
	}
	memory := state.NewMemory(100_000, t.TempDir())
	defer memory.Close()
	back := &texts{}
	var restored *state.Store
	restored = state.NewStore(columns, "text", back, memory.Account(func() int { return restored.Used() + back.bytes() }))
	cols := []*types.Vector{types.NewVector(types.BigIntType)}
	entries := w.Entries()
	slices.SortFunc(entries, func(a, b state.Entry) int { return len(a.Value) - len(b.Value) })
	if err := state.NewReader(entries).Each("text", func(key, value []byte) error { return restored.Restore(cols, key, value) }); err != nil {
		t.Fatal(err)
	}
	if restored.Spilled() == 0 || restored.Len() == 0 || restored.Len()+restored.Spilled() != 5000 {
		t.Fatalf("%d keys in memory and %d on disk, want 5000", restored.Len(), restored.Spilled())
	}
	for k := range int64(5000) {
		v.Reset()
		v.AppendValue(k)
		slots, err := restored.Lookup([]*types.Vector{v}, nil, 1, slots[:1])
		if err != nil {
			t.Fatal(err)
		}
		if got := back.bySlot[slots[0]]; got != fmt.Sprint("state ", k) {
			t.Fatalf("key %d has %q", k, got)
		}
	}
	if err := restored.Close(); err != nil {
		t.Fatal(err)
	}
}
