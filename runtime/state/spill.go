package state

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/weirsql/weir/types"
)

// spilled is the keys of a store that are on disk. A key is either there or in memory, never in both: what is loaded is
// deleted. So a snapshot of the database has just the keys that were not in memory at its moment.
//
//	number of the store (8 bytes), hash (8), encoded key  →  what Codec.Encode wrote
//
// Integers are big-endian: keys lie in the order of their hashes, and a batch of them is looked up in that order.
type spilled struct {
	account *Account
	db      *pebble.DB
	prefix  [8]byte
	n       int

	frozen *pebble.Snapshot
	walk   *pebble.Iterator // over frozen
	wanted []wanted
	keys   []byte
}

// wanted is a key that may be on disk; its bytes lie in spilled.keys.
type wanted struct {
	hash     uint64
	slot     int32
	from, to int32
}

const headerSize = 16

func newSpilled(a *Account) (*spilled, error) {
	db, err := a.memory.open()
	if err != nil {
		return nil, err
	}
	s := &spilled{account: a, db: db}
	binary.BigEndian.PutUint64(s.prefix[:], a.memory.stores.Add(1))
	return s, nil
}

func (s *spilled) len() int {
	if s == nil {
		return 0
	}
	return s.n
}

func (s *spilled) empty() bool { return s.len() == 0 }

func (s *spilled) appendHeader(dst []byte, hash uint64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, s.prefix[:]...), hash)
}

func (s *spilled) bounds() (lower, upper []byte) {
	lower = s.prefix[:]
	upper = binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(lower)+1)
	return lower, upper
}

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
		if other.Len() > largest.Len() {
			largest = other
		}
	}
	if largest == s || n > spare {
		if err := s.evict(max(n, s.Len()/32)); err != nil {
			return err
		}
	}
	if largest != s {
		return largest.evict(max(n, largest.Len()/32))
	}
	return nil
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
	batch := d.db.NewBatch()
	defer batch.Close()
	bytes, moved := int64(0), 0
	for looked, all := 0, 2*s.Cap(); looked < all && moved < n; looked++ {
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
		d.keys = s.Encode(d.appendHeader(d.keys[:0], s.Hash(slot)), slot)
		if c := &s.changes; c.recording && c.changed(slot) {
			c.left.add(s.Hash(slot), d.keys[headerSize:])
			c.slots.clear(slot)
		}
		s.value = s.codec.Encode(s.value[:0], slot)
		if err := batch.Set(d.keys, s.value, nil); err != nil {
			return err
		}
		bytes += int64(len(d.keys) + len(s.value))
		s.dropper.Drop(slot)
		s.Keys.Remove(slot)
		moved++
	}
	if err := batch.Commit(pebble.NoSync); err != nil {
		return err
	}
	s.spill.n += moved
	s.account.spilled(bytes)
	s.account.Update()
	return nil
}

// load brings those of the new keys back that are on disk.
func (s *Store) load() (err error) {
	d := s.spill
	if d.n == 0 || len(s.fresh) == 0 {
		return nil
	}
	d.wanted, d.keys = d.wanted[:0], d.keys[:0]
	for _, slot := range s.fresh {
		hash, from := s.Hash(slot), len(d.keys)
		d.keys = s.Encode(d.appendHeader(d.keys, hash), slot)
		d.wanted = append(d.wanted, wanted{hash, slot, int32(from), int32(len(d.keys))})
	}
	slices.SortFunc(d.wanted, func(a, b wanted) int { return cmp.Compare(a.hash, b.hash) })
	lower, upper := d.bounds()
	it, err := d.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	batch := d.db.NewBatch()
	defer batch.Close()
	size, found := int64(0), 0
	for _, w := range d.wanted {
		key := d.keys[w.from:w.to]
		if !it.SeekPrefixGE(key) || !bytes.Equal(it.Key(), key) {
			continue
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := s.codec.Decode(w.slot, value); err != nil {
			return err
		}
		if err := batch.SingleDelete(key, nil); err != nil {
			return err
		}
		size += int64(len(key) + len(value))
		found++
	}
	if err := it.Error(); err != nil {
		return err
	}
	if found == 0 {
		return nil
	}
	d.n -= found
	s.account.spilled(-size)
	return batch.Commit(pebble.NoSync)
}

// freeze notes what is on disk now, to be written to a checkpoint.
func (s *spilled) freeze() {
	s.thaw()
	if s.n > 0 {
		s.frozen = s.db.NewSnapshot()
	}
}

func (s *spilled) thaw() {
	if s.walk != nil {
		s.walk.Close() // errors of reading have been seen
		s.walk = nil
	}
	if s.frozen != nil {
		s.frozen.Close()
		s.frozen = nil
	}
}

// sweep writes some of the frozen keys.
func (s *spilled) sweep(w *Writer, name string, prefix []byte) (done bool, err error) {
	if s.frozen == nil {
		return true, nil
	}
	more := false
	if s.walk == nil {
		lower, upper := s.bounds()
		if s.walk, err = s.frozen.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper}); err != nil {
			return false, err
		}
		more = s.walk.First()
	} else {
		more = s.walk.Next()
	}
	for k := 1; more; k++ {
		value, err := s.walk.ValueAndErr()
		if err != nil {
			return false, err
		}
		key := s.walk.Key()
		s.keys = append(append(s.keys[:0], prefix...), key[headerSize:]...)
		w.Put(binary.BigEndian.Uint64(key[len(s.prefix):]), name, s.keys, value)
		if k == sweepKeys {
			return false, nil
		}
		more = s.walk.Next()
	}
	return true, s.walk.Error()
}

// EachSpilled calls f for the keys on disk and what Codec.Encode wrote of their state, up to max at a time. cols are
// columns for keys. None of them is in memory. The bytes are valid during the call.
func (s *Store) EachSpilled(cols []*types.Vector, max int, f func(cols []*types.Vector, values [][]byte) error) (err error) {
	if s.spill.empty() {
		return nil
	}
	lower, upper := s.spill.bounds()
	it, err := s.spill.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	var values [][]byte
	var buf []byte
	for more := it.First(); more; {
		for _, v := range cols {
			v.Reset()
		}
		values, buf = values[:0], buf[:0]
		var ends []int
		for ; more && len(ends) < max; more = it.Next() {
			value, err := it.ValueAndErr()
			if err != nil {
				return err
			}
			if _, err := types.DecodeRow(it.Key()[headerSize:], cols); err != nil {
				return err
			}
			buf = append(buf, value...)
			ends = append(ends, len(buf))
		}
		from := 0
		for _, end := range ends {
			values, from = append(values, buf[from:end]), end
		}
		if err := f(cols, values); err != nil {
			return err
		}
	}
	return it.Error()
}

// reset forgets all keys on disk.
func (s *spilled) reset() error {
	if s.empty() {
		return nil
	}
	return s.clear()
}

func (s *spilled) clear() error {
	s.thaw()
	lower, upper := s.bounds()
	s.n = 0
	return s.db.DeleteRange(lower, upper, pebble.NoSync)
}

func (s *spilled) close() error {
	if s == nil {
		return nil
	}
	return s.clear()
}
