package state_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weirsql/weir/runtime/state"
)

// Records keeps heads and rows through replacements and removals, for sizes from nothing to beyond a chunk, finds rows by
// prefix, and goes round all of them.
func TestRecordsAgainstMap(t *testing.T) {
	for _, index := range []bool{false, true} {
		t.Run(fmt.Sprintf("index=%v", index), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, 1))
			type record struct{ head, row []byte }
			records, model := state.NewRecords(12, index), map[int32]record{}
			hash := func(id uint64) uint64 { return id % 97 } // many rows share a hash
			row := func(id uint64) []byte {
				size := []int{0, 3, 20, 300, 5000}[rnd.IntN(5)]
				if rnd.IntN(2000) == 0 {
					size = 3 << 20
				}
				return append(binary.BigEndian.AppendUint64(nil, id), bytes.Repeat([]byte{byte(id)}, size)...)
			}
			check := func(step int, n int32) {
				if want := model[n]; !bytes.Equal(records.Row(n), want.row) || !bytes.Equal(records.Head(n), want.head) {
					t.Fatalf("step %d: record %d is not what was stored", step, n)
				}
			}
			byID := map[uint64]int32{}
			one := make([]int32, 1)
			for step := range 20_000 {
				id := rnd.Uint64N(300)
				prefix := binary.BigEndian.AppendUint64(nil, id)
				n, there := byID[id]
				if !there {
					n = -1
				}
				if index {
					if got := records.Find(hash(id), prefix); got != n {
						t.Fatalf("step %d: row %d found at %d, want %d", step, id, got, n)
					}
					records.Candidates([]uint64{hash(id)}, one)
					if there && one[0] < 0 || one[0] >= 0 && records.Hash(one[0]) != hash(id) {
						t.Fatalf("step %d: candidate %d", step, one[0])
					}
				}
				switch {
				case !there:
					b := row(id)
					n = records.Add(hash(id), b)
					head := make([]byte, 12)
					rnd := rnd.Uint64()
					binary.LittleEndian.PutUint64(head[2:], rnd)
					copy(records.Head(n), head)
					byID[id], model[n] = n, record{head, b}
				case rnd.IntN(2) == 0:
					old := model[n]
					delete(model, n)
					old.row = row(id)
					n = records.Replace(n, old.row)
					byID[id], model[n] = n, old
				default:
					records.Remove(n)
					delete(byID, id)
					delete(model, n)
					continue
				}
				check(step, n)
				if step%500 > 0 {
					continue
				}
				seen, place := map[int32]bool{}, int32(0)
				for first := true; first || place != 0; first = false {
					if n, place = records.Next(place); n >= 0 {
						seen[n] = true
						check(step, n)
					}
				}
				if len(seen) != len(model) || records.Len() != len(model) {
					t.Fatalf("step %d: %d rows, Len %d, want %d", step, len(seen), records.Len(), len(model))
				}
			}
		})
	}
}

// What is in use follows what is stored, and memory of removed rows is used again.
func TestRecordsReuseMemory(t *testing.T) {
	records := state.NewRecords(12, true)
	var numbers [2]map[int32]bool
	for round := range numbers {
		numbers[round] = map[int32]bool{}
		for i := range 1000 {
			numbers[round][records.Add(uint64(i), bytes.Repeat([]byte{byte(i)}, 10+i%200))] = true
		}
		if used := records.Used(); used < 1000*110 || used > 1000*300 {
			t.Errorf("%d bytes in use", used)
		}
		for n := range numbers[round] {
			records.Remove(n)
		}
		if used := records.Used(); used != 0 {
			t.Errorf("%d bytes in use by nothing", used)
		}
	}
	for n := range numbers[1] {
		if !numbers[0][n] {
			t.Fatalf("record %d is at a new place", n)
		}
	}
}
