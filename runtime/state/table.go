package state

// table is an open-addressing hash table from a word to a small integer, its slot, without pointers: entries of 16 bytes,
// linear probing, a power of two of them, at most 5/8 full. What the word is, and when two with the same word are the
// same, is the owner's business; it walks the entries itself in its hot loops.
type table struct {
	entries []tableEntry
	mask    uint64
	used    int
}

type tableEntry struct {
	word uint64
	slot int32 // slot + 1; 0: empty
}

const minTable = 16

// room makes sure that one more entry fits; place tells where the probing of an entry starts.
func (t *table) room(place func(tableEntry) uint64) {
	if t.used < len(t.entries)/8*5 {
		return
	}
	old := t.entries
	t.entries = make([]tableEntry, max(minTable, 2*len(old)))
	t.mask = uint64(len(t.entries) - 1)
	for _, e := range old {
		if e.slot != 0 {
			t.put(place(e), e)
		}
	}
}

// put stores an entry that is not there yet.
func (t *table) put(at uint64, e tableEntry) {
	for at &= t.mask; t.entries[at].slot != 0; at = (at + 1) & t.mask {
	}
	t.entries[at] = e
}

// remove deletes the entry with this slot; at is where its probing starts. Entries behind it move up, so that no marks
// of deletion are needed.
func (t *table) remove(at uint64, slot int32, place func(tableEntry) uint64) {
	for at &= t.mask; t.entries[at].slot != slot+1; at = (at + 1) & t.mask {
		if t.entries[at].slot == 0 {
			return
		}
	}
	t.used--
	hole := at
	for next := (hole + 1) & t.mask; t.entries[next].slot != 0; next = (next + 1) & t.mask {
		home := place(t.entries[next]) & t.mask
		// An entry may fill the hole unless its home lies between the hole and where it stands, in the circle.
		if (next-home)&t.mask >= (next-hole)&t.mask {
			t.entries[hole] = t.entries[next]
			hole = next
		}
	}
	t.entries[hole] = tableEntry{}
}

// reset empties the table. One that has been nearly empty for its size becomes smaller, so that a single large window
// doesn't make all later ones expensive to clear.
func (t *table) reset() {
	if n := len(t.entries); n > 64*minTable && t.used < n/32 {
		t.entries = make([]tableEntry, n/8)
		t.mask = uint64(len(t.entries) - 1)
	} else {
		clear(t.entries)
	}
	t.used = 0
}

func (t *table) bytes() int { return 16 * cap(t.entries) }

// slots hands out small integers; those that come back are handed out first.
type slots struct {
	n    int
	free []int32
}

func (s *slots) take() int32 {
	if k := len(s.free); k > 0 {
		slot := s.free[k-1]
		s.free = s.free[:k-1]
		return slot
	}
	s.n++
	return int32(s.n - 1)
}

func (s *slots) giveBack(slot int32) { s.free = append(s.free, slot) }

func (s *slots) reset() { s.n, s.free = 0, s.free[:0] }
