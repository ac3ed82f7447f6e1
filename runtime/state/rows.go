package state

import "bytes"

// Rows stores byte strings, encoded rows as a rule, under small integers. With an index they are found again by a
// prefix that identifies them. The zero Rows is empty and has none; see NewIndexedRows.
type Rows struct {
	index bool
	table table // words are hashes of the identifying prefix
	slots slots
	rows  []storedRow
	arena Arena
	live  int
}

type storedRow struct {
	span
	hash uint64
}

type span struct {
	ref Ref
	n   int32 // -1: free
}

// NewIndexedRows returns an empty store whose rows can be found.
func NewIndexedRows() *Rows { return &Rows{index: true} }

func entryHash(e tableEntry) uint64 { return e.word }

// Find returns a row that begins with prefix, which hashes to hash, or -1.
func (r *Rows) Find(hash uint64, prefix []byte) int32 {
	if r.table.used == 0 {
		return -1
	}
	for at := hash & r.table.mask; ; at = (at + 1) & r.table.mask {
		e := &r.table.entries[at]
		if e.slot == 0 {
			return -1
		}
		if e.word == hash {
			if s := &r.rows[e.slot-1]; bytes.HasPrefix(r.arena.Get(s.ref, int(s.n)), prefix) {
				return e.slot - 1
			}
		}
	}
}

// Add stores a row, whose identifying prefix hashes to hash, and returns its number; numbers of removed rows are used
// again.
func (r *Rows) Add(hash uint64, row []byte) int32 {
	slot := r.slots.take()
	if int(slot) == len(r.rows) {
		r.rows = append(r.rows, storedRow{})
	}
	r.rows[slot] = storedRow{span{r.arena.Put(row), int32(len(row))}, hash}
	r.live++
	if r.index {
		r.table.room(entryHash)
		r.table.put(hash, tableEntry{hash, slot + 1})
		r.table.used++
	}
	return slot
}

// Replace gives a row other content behind the same identifying prefix.
func (r *Rows) Replace(slot int32, row []byte) {
	s := &r.rows[slot].span
	old := r.arena.Get(s.ref, int(s.n))
	if len(old) == len(row) {
		copy(old, row)
		return
	}
	r.arena.Free(s.ref, int(s.n))
	*s = span{r.arena.Put(row), int32(len(row))}
}

// Get returns a row: the store's own memory, until the row is replaced or removed.
func (r *Rows) Get(slot int32) []byte {
	s := &r.rows[slot]
	return r.arena.Get(s.ref, int(s.n))
}

// Touch reads a little of what Get of these rows will read. It changes nothing, but it does so for all of them in loops
// without a decision to wait for: the processor fetches many at a time, and the caller, which takes one after the other,
// finds them in its cache. The result only keeps the reads from being left out.
func (r *Rows) Touch(slots []int32) (sum int) {
	for _, slot := range slots {
		sum += int(r.rows[slot].n)
	}
	for _, slot := range slots {
		sum += r.arena.touch(r.rows[slot].span)
	}
	return sum
}

// Hash returns the hash a row was added with.
func (r *Rows) Hash(slot int32) uint64 { return r.rows[slot].hash }

// Remove forgets a row.
func (r *Rows) Remove(slot int32) {
	if r.index {
		r.table.remove(r.rows[slot].hash, slot, entryHash)
	}
	s := &r.rows[slot].span
	r.arena.Free(s.ref, int(s.n))
	s.n = -1
	r.slots.giveBack(slot)
	r.live--
}

// Has reports whether a number below Cap belongs to a row.
func (r *Rows) Has(slot int32) bool { return r.rows[slot].n >= 0 }

// Len is the number of rows, Cap one more than the largest number in use so far.
func (r *Rows) Len() int { return r.live }

// Cap says how many numbers have been in use: all lie below it.
func (r *Rows) Cap() int { return r.slots.n }

// Reset forgets all rows and keeps memory for new ones.
func (r *Rows) Reset() {
	r.table.reset()
	r.slots.reset()
	r.rows = r.rows[:0]
	r.arena.Reset()
	r.live = 0
}

// Used estimates the memory in use.
func (r *Rows) Used() int {
	if r.Cap() == 0 {
		return 0
	}
	return int(int64(r.table.bytes()+24*cap(r.rows))*int64(r.live)/int64(r.Cap())) + r.arena.Used()
}

// Bytes estimates the memory held.
func (r *Rows) Bytes() int {
	return r.table.bytes() + r.arena.Bytes() + 24*cap(r.rows) + 4*cap(r.slots.free)
}
