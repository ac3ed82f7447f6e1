package state

import (
	"slices"
	"strconv"

	"github.com/weirsql/weir/types"
)

// spilled is the keys of a store that are on disk. A key is either there or in memory, never in both: what is loaded is
// taken from the log.
type spilled struct {
	account *Account
	log     *spillLog
	purge   *walker // of Purge, or nil
	frozen  *walker // over what there was when the last snapshot was asked for; nil: that is written
	key     []byte
}

func newSpilled(a *Account) (*spilled, error) {
	dir, err := a.memory.folder()
	if err != nil {
		return nil, err
	}
	name := strconv.FormatUint(a.memory.stores.Add(1), 10)
	return &spilled{account: a, log: newSpillLog(dir, name, a.memory.limit/16)}, nil
}

func (d *spilled) len() int {
	if d == nil {
		return 0
	}
	return d.log.used
}

func (d *spilled) empty() bool { return d.len() == 0 }

// room makes sure that a Lookup of n keys doesn't take more memory than there is.
func (s *Store) room(n int) error {
	spare := s.spare()
	if s.calls++; n <= spare && s.calls&15 != 0 {
		return nil
	}
	extra := int64(0)
	if now := s.account.Update(); n > spare {
		extra = now / 2 // what has to grow grows by as much, for a while
	}
	if s.dropper == nil || !s.account.over(extra) {
		return nil
	}
	// Stores that have not been looked up for longer are likely to be colder, and larger.
	largest := s
	for _, other := range s.account.stores {
		if !other.pinned && other.Len() > largest.Len() {
			largest = other
		}
	}
	if largest == s || n > spare {
		if err := s.evict(s.surplus(n)); err != nil {
			return err
		}
	}
	if largest != s {
		return largest.evict(largest.surplus(n))
	}
	return nil
}

// surplus is how many keys leave so that there is room for n: as many, and a few, and if those in memory have grown meanwhile,
// what is beyond the limit.
func (s *Store) surplus(n int) int {
	grown := int(float64(s.account.surplus()) / float64(max(1, s.account.last)) * float64(s.Len()))
	return max(n, s.Len()/32, grown)
}

// evict moves up to n keys to disk, those first that have not been looked up for long: the hand goes round, and passes
// over a key that has been looked up since it came by last.
func (s *Store) evict(n int) error {
	if s.spill == nil {
		var err error
		if s.spill, err = newSpilled(s.account); err != nil {
			return err
		}
		s.track()
	}
	d := s.spill
	before := d.log.live
	for looked, all := 0, 2*s.Cap(); looked < all && n > 0; looked++ {
		if s.hand++; int(s.hand) >= s.Cap() {
			s.hand = 0
		}
		slot := s.hand
		if !s.Has(slot) {
			continue
		}
		if s.hot.get(slot) {
			s.hot.clear(slot)
			continue
		}
		if s.sweeping && s.waits(slot) {
			s.put(slot)
		}
		d.key = s.Encode(d.key[:0], slot)
		s.value = s.codec.Encode(s.value[:0], slot)
		if c := &s.changes; c.recording && c.changed(slot) {
			c.note(&c.left, s.Hash(slot), d.key)
			c.slots.clear(slot)
		}
		if err := d.log.add(s.Hash(slot), d.key, s.value); err != nil {
			return err
		}
		s.dropper.Drop(slot)
		s.Keys.Remove(slot)
		n--
	}
	wrote := d.log.live - before
	if err := d.log.tidy(wrote); err != nil {
		return err
	}
	s.account.spilled(wrote)
	s.account.Update()
	return nil
}

// load brings those of the new keys back that are on disk.
func (s *Store) load() error {
	d := s.spill
	if d.empty() || len(s.fresh) == 0 {
		return nil
	}
	before := d.log.live
	for _, slot := range s.fresh {
		hash := s.Hash(slot)
		d.key = s.Encode(d.key[:0], slot)
		at, segment, value, err := d.log.lookup(hash, d.key)
		if err != nil {
			return err
		}
		if at < 0 {
			continue
		}
		if err := s.codec.Decode(slot, value); err != nil {
			return err
		}
		if s.waitsOnDisk(at, hash) {
			s.key = append(s.key[:s.heading], d.key...)
			s.out.Put(hash, s.name, s.key, value)
		}
		if err := d.log.take(at, segment, d.key, value); err != nil {
			return err
		}
	}
	s.account.spilled(d.log.live - before)
	return nil
}

// waitsOnDisk reports whether the key in spilled.key, whose entry is at a place of the index, is still to be written to the
// snapshot.
func (s *Store) waitsOnDisk(at int, hash uint64) bool {
	d := s.spill
	if d.frozen == nil {
		return false
	}
	segment, offset := d.log.record(d.log.entries[at])
	if s.increment {
		return segment.seq < d.frozen.line && !s.changes.passedLeft(hash, d.key)
	}
	return !d.frozen.passed(segment, offset)
}

// Purge goes on looking through the keys on disk, n of them, and forgets those for whose state expired is true. It
// reports whether there are more to look at; after the last it begins anew.
func (s *Store) Purge(n int, expired func(value []byte) bool) (more bool, err error) {
	d := s.spill
	if d.empty() {
		return false, nil
	}
	if d.purge == nil {
		if d.purge, err = d.log.walk(); err != nil {
			return false, err
		}
	}
	before := d.log.live
	defer func() { s.account.spilled(d.log.live - before) }()
	for range n {
		record, err := d.purge.next()
		if err != nil {
			return false, err
		}
		if record == nil {
			d.purge.close()
			d.purge = nil
			return false, nil
		}
		hash, key, value := parts(record)
		if !expired(value) {
			continue
		}
		d.key = append(d.key[:0], key...)
		at, segment, value, err := d.log.lookup(hash, d.key)
		if err != nil {
			return false, err
		}
		if s.waitsOnDisk(at, hash) {
			s.key = append(s.key[:s.heading], d.key...)
			s.out.Put(hash, s.name, s.key, value)
		}
		if c := &s.changes; c.recording {
			c.note(&c.gone, hash, d.key)
		}
		if err := d.log.take(at, segment, d.key, value); err != nil {
			return false, err
		}
	}
	return true, nil
}

// freeze notes what is on disk now, to be written to a checkpoint.
func (d *spilled) freeze() error {
	d.thaw()
	if d.empty() {
		return nil
	}
	var err error
	d.frozen, err = d.log.walk()
	return err
}

func (d *spilled) thaw() {
	if d.frozen != nil {
		d.frozen.close()
		d.frozen = nil
	}
}

// sweepSpilled writes some of the keys that are on disk. One that is loaded before its turn is written then.
func (s *Store) sweepSpilled(w *Writer) (done bool, err error) {
	d := s.spill
	if d == nil || d.frozen == nil {
		return true, nil
	}
	for range w.keys() {
		record, err := d.frozen.next()
		if err != nil {
			return false, err
		}
		if record == nil {
			return true, nil
		}
		hash, key, value := parts(record)
		s.key = append(s.key[:s.heading], key...)
		w.Put(hash, s.name, s.key, value)
	}
	return false, nil
}

// EachSpilled calls f for the keys on disk and what Codec.Encode wrote of their state, up to max at a time. cols are
// columns for keys. None of them is in memory. The bytes are valid during the call.
func (s *Store) EachSpilled(cols []*types.Vector, max int, f func(cols []*types.Vector, values [][]byte) error) error {
	if s.spill.empty() {
		return nil
	}
	walk, err := s.spill.log.walk()
	if err != nil {
		return err
	}
	defer walk.close()
	var values [][]byte
	var buf []byte
	var ends []int
	for more := true; more; {
		for _, v := range cols {
			v.Reset()
		}
		values, buf, ends = values[:0], buf[:0], ends[:0]
		for len(ends) < max {
			record, err := walk.next()
			if err != nil {
				return err
			}
			if more = record != nil; !more {
				break
			}
			_, key, value := parts(record)
			if _, err := types.DecodeRow(key, cols); err != nil {
				return err
			}
			buf = append(buf, value...)
			ends = append(ends, len(buf))
		}
		from := 0
		for _, end := range ends {
			values, from = append(values, buf[from:end]), end
		}
		if len(values) == 0 {
			break
		}
		if err := f(cols, slices.Clip(values)); err != nil {
			return err
		}
	}
	return nil
}

// close forgets all keys on disk.
func (d *spilled) close() error {
	if d == nil {
		return nil
	}
	d.thaw()
	if d.purge != nil {
		d.purge.close()
		d.purge = nil
	}
	return d.log.reset()
}

// reset forgets all keys on disk, of which none is being written to a checkpoint.
func (d *spilled) reset() error {
	if d.empty() {
		return nil
	}
	d.account.spilled(-d.log.live)
	return d.close()
}
