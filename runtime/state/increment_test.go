package state_test

import (
	"strings"
	"testing"

	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// When no checkpoint becomes complete for long, the keys that were removed meanwhile are not remembered for ever: the next
// checkpoint is a whole one, and the one behind it an increment again.
func TestTooManyRemovedKeys(t *testing.T) {
	x := &texts{}
	s := state.NewStore([]types.Type{types.StringType}, "text", x, nil)
	key := types.NewVector(types.StringType)
	lookup := func(text string) int32 {
		key.Reset()
		key.AppendValue(text)
		slots, err := s.Lookup([]*types.Vector{key}, nil, 1, make([]int32, 1))
		if err != nil {
			t.Fatal(err)
		}
		x.grow(s.Cap())
		x.bySlot[slots[0]] = text[:1]
		return slots[0]
	}
	checkpoint := func(increment, complete bool) (puts, removals int) {
		w := &state.Writer{Record: true, Increment: increment}
		if err := s.Snapshot(w); err != nil {
			t.Fatal(err)
		}
		for done := false; !done; {
			var err error
			if done, err = w.Sweep(); err != nil {
				t.Fatal(err)
			}
		}
		if complete {
			s.Complete()
		}
		for _, e := range w.Entries() {
			if e.Removed {
				removals++
			} else {
				puts++
			}
		}
		return puts, removals
	}
	churn := func(n int) {
		for range n {
			s.Remove(lookup(strings.Repeat("k", 1<<20)))
		}
	}
	lookup("a")
	lookup("b")
	checkpoint(false, true)
	s.Remove(lookup("b"))
	if !s.CanIncrement() {
		t.Fatal("no increment although a checkpoint is complete")
	}
	checkpoint(true, false)
	churn(300)
	if s.CanIncrement() {
		t.Error("an increment although not all that was removed is known")
	}
	if n := s.Used(); n > 70<<20 {
		t.Errorf("%d bytes are in use", n)
	}
	checkpoint(false, false)
	churn(300)
	if puts, removals := checkpoint(s.CanIncrement(), true); puts != 1 || removals != 0 {
		t.Errorf("%d keys and %d removals, want the one that is left", puts, removals)
	}
	churn(2)
	lookup("c")
	if !s.CanIncrement() {
		t.Error("no increment although a checkpoint is complete again")
	}
	if puts, removals := checkpoint(true, true); puts != 1 || removals != 2 {
		t.Errorf("%d keys and %d removals, want one and two", puts, removals)
	}
}
