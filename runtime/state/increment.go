package state

import (
	"bytes"
	"cmp"
	"slices"
)

// changes is what an increment of a checkpoint has to write of a store: the keys that have been looked up or removed since
// the last checkpoint that is complete. A checkpoint that fails leaves all of it to the next.
//
// A store takes note of changes from the first snapshot that asks for it (Writer.Record) on.
type changes struct {
	recording bool
	// based says that a complete checkpoint has what the store held when its line was drawn, or that it held nothing.
	based bool

	slots bitmap  // of keys that were looked up since the last line
	gone  keyList // keys that were removed since
	left  keyList // keys that had been looked up, and went to disk
	lost  bool    // gone and left are not noted any more: there were too many

	// The same from the last complete checkpoint to the last line.
	lineSlots bitmap
	lineGone  keyList
	lineLeft  keyList

	// What the snapshot under way still has to write of them.
	goneAt, leftAt int
}

// keyList is encoded keys with their hashes.
type keyList struct {
	hashes []uint64
	ends   []int
	data   []byte
}

// tooMany is how many bytes of removed keys, and of those on disk, are worth remembering: beyond it a whole checkpoint is
// written.
const tooMany = 64 << 20

func (l *keyList) add(hash uint64, key []byte) {
	l.hashes = append(l.hashes, hash)
	l.data = append(l.data, key...)
	l.ends = append(l.ends, len(l.data))
}

func (l *keyList) used() int { return len(l.data) + 16*len(l.hashes) }

func (l *keyList) len() int { return len(l.hashes) }

func (l *keyList) key(i int) []byte {
	from := 0
	if i > 0 {
		from = l.ends[i-1]
	}
	return l.data[from:l.ends[i]]
}

// take moves the keys of another list behind those of this one.
func (l *keyList) take(from *keyList) {
	for i, h := range from.hashes {
		l.add(h, from.key(i))
	}
	from.reset()
}

func (l *keyList) reset() { *l = keyList{} }

// record notes keys that are looked up.
func (c *changes) record(slots []int32) {
	for _, slot := range slots {
		c.slots.set(slot)
	}
}

// note adds a key to gone or left.
func (c *changes) note(list *keyList, hash uint64, key []byte) {
	if c.lost {
		return
	}
	list.add(hash, key)
	if c.used() > tooMany {
		c.lost = true
		c.gone.reset()
		c.left.reset()
	}
}

// used estimates the memory in use by keys that are noted.
func (c *changes) used() int {
	return c.gone.used() + c.left.used() + c.lineGone.used() + c.lineLeft.used()
}

// changed reports whether the last complete checkpoint may have another state of a slot's key than the store.
func (c *changes) changed(slot int32) bool { return c.slots.get(slot) || c.lineSlots.get(slot) }

// drawLine adds what has changed to what was not in the last complete checkpoint.
func (c *changes) drawLine() {
	for i, bits := range c.slots {
		for i >= len(c.lineSlots) {
			c.lineSlots = append(c.lineSlots, 0)
		}
		c.lineSlots[i] |= bits
	}
	clear(c.slots)
	c.lineGone.take(&c.gone)
	c.lineLeft.take(&c.left)
	if c.based = c.based && !c.lost; !c.based { // a whole checkpoint follows, which needs none of them
		c.lost = false
		c.lineGone.reset()
		c.lineLeft.reset()
	}
	c.goneAt, c.leftAt = 0, 0
}

// Record has an empty store take note of changes from now on, as Writer.Record does: what it will hold is in no checkpoint.
func (s *Store) Record() {
	s.changes.recording, s.changes.based = true, true
	s.track()
}

// Complete says that the checkpoint of the last Snapshot is complete.
func (s *Store) Complete() {
	c := &s.changes
	if !c.recording {
		return
	}
	c.based = true
	clear(c.lineSlots)
	c.lineGone.reset()
	c.lineLeft.reset()
}

// CanIncrement reports whether the next snapshot may be an increment of the last complete checkpoint.
func (s *Store) CanIncrement() bool {
	c := &s.changes
	return s == nil || c.recording && c.based && !c.lost
}

// sweepGone writes some of the keys that have been removed. One that has come back is written as well, by its slot.
func (s *Store) sweepGone(w *Writer) (done bool) {
	c := &s.changes
	for n := 0; c.goneAt < c.lineGone.len(); n++ {
		if n == w.keys() {
			return false
		}
		s.key = append(s.key[:s.heading], c.lineGone.key(c.goneAt)...)
		w.PutRemoved(c.lineGone.hashes[c.goneAt], s.name, s.key)
		c.goneAt++
	}
	return true
}

// sweepLeft writes some of the keys that had changed before they went to disk. One that has come back since is written by
// its slot; one that has gone to disk again since has been written before.
func (s *Store) sweepLeft(w *Writer) (done bool, err error) {
	c, d := &s.changes, s.spill
	if d == nil || d.frozen == nil || c.leftAt >= c.lineLeft.len() {
		return true, nil
	}
	if c.leftAt == 0 {
		c.lineLeft.sort()
	}
	for n := 0; c.leftAt < c.lineLeft.len() && n < w.keys(); n++ {
		hash, key := c.lineLeft.hashes[c.leftAt], c.lineLeft.key(c.leftAt)
		again := c.leftAt > 0 && c.lineLeft.hashes[c.leftAt-1] == hash && bytes.Equal(c.lineLeft.key(c.leftAt-1), key)
		c.leftAt++
		if again {
			continue
		}
		at, segment, value, err := d.log.lookup(hash, key)
		if err != nil {
			return false, err
		}
		if at < 0 || segment.seq >= d.frozen.line {
			continue
		}
		s.key = append(s.key[:s.heading], key...)
		w.Put(hash, s.name, s.key, value)
	}
	return c.leftAt >= c.lineLeft.len(), nil
}

// passedLeft reports whether sweepLeft has come by a key.
func (c *changes) passedLeft(hash uint64, key []byte) bool {
	if c.leftAt == 0 {
		return false
	}
	last := c.lineLeft.hashes[c.leftAt-1]
	return hash < last || hash == last && bytes.Compare(key, c.lineLeft.key(c.leftAt-1)) <= 0
}

// sort orders the keys by hash, equal keys side by side.
func (l *keyList) sort() {
	order := make([]int32, l.len())
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(l.hashes[a], l.hashes[b]), bytes.Compare(l.key(int(a)), l.key(int(b))))
	})
	var sorted keyList
	for _, i := range order {
		sorted.add(l.hashes[i], l.key(int(i)))
	}
	*l = sorted
}
