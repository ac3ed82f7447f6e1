package state_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/weirsql/weir/runtime/state"
)

// Rows keeps what was stored through replacements, removals and resets, for sizes from nothing to beyond a chunk, and
// finds rows by prefix.
func TestRowsAgainstMap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	rows, model := state.NewIndexedRows(), map[int32][]byte{}
	hash := func(id uint64) uint64 { return id % 97 } // many rows share a hash
	row := func(id uint64) []byte {
		size := []int{0, 3, 20, 300, 5000}[rnd.IntN(5)]
		if rnd.IntN(2000) == 0 {
			size = 3 << 20
		}
		return append(binary.BigEndian.AppendUint64(nil, id), bytes.Repeat([]byte{byte(id)}, size)...)
	}
	byID := map[uint64]int32{}
	for step := range 20_000 {
		id := rnd.Uint64N(300)
		prefix := binary.BigEndian.AppendUint64(nil, id)
		slot, there := byID[id]
		if !there {
			slot = -1
		}
		if got := rows.Find(hash(id), prefix); got != slot {
			t.Fatalf("step %d: row %d found at %d, want %d", step, id, got, slot)
		}
		switch {
		case !there:
			b := row(id)
			slot = rows.Add(hash(id), b)
			byID[id], model[slot] = slot, b
		case rnd.IntN(2) == 0:
			model[slot] = row(id)
			rows.Replace(slot, model[slot])
		default:
			rows.Remove(slot)
			delete(byID, id)
			delete(model, slot)
			continue
		}
		if !bytes.Equal(rows.Get(slot), model[slot]) || rows.Hash(slot) != hash(id) {
			t.Fatalf("step %d: row %d is not what was stored", step, id)
		}
		if step%500 == 0 {
			live := 0
			for slot := range int32(rows.Cap()) {
				if rows.Has(slot) {
					live++
					if !bytes.Equal(rows.Get(slot), model[slot]) {
						t.Fatalf("step %d: slot %d is not what was stored", step, slot)
					}
				}
			}
			if live != len(model) || rows.Len() != live {
				t.Fatalf("step %d: %d rows, Len %d, want %d", step, live, rows.Len(), len(model))
			}
		}
		if step%7000 == 6999 {
			rows.Reset()
			clear(model)
			clear(byID)
		}
	}
}

// Memory of removed rows is used again.
func TestRowsReuseMemory(t *testing.T) {
	rows := state.NewIndexedRows()
	fill := func() {
		var slots []int32
		for i := range 1000 {
			slots = append(slots, rows.Add(uint64(i), bytes.Repeat([]byte{byte(i)}, 10+i%200)))
		}
		for _, s := range slots {
			rows.Remove(s)
		}
	}
	fill()
	before := rows.Bytes()
	for range 20 {
		fill()
	}
	if after := rows.Bytes(); after > before {
		t.Errorf("grew from %d to %d bytes", before, after)
	}
}
