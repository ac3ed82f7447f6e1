package state

import (
	"encoding/binary"

	"github.com/weirsql/weir/types"
)

// Store is keyed state: Keys, and what an operator keeps for each key in slices indexed by the key's slot. By a Codec the
// Store can take the state of single keys out of these slices and put it back, which is what it takes to
//
//   - write a checkpoint while records flow. Snapshot only notes the moment. Afterwards Writer.Sweep writes keys in the
//     order of their slots, a few at a time, and whoever is about to change a key that hasn't had its turn writes it
//     first: what is written is the state at the moment of Snapshot.
//   - keep more than fits in memory. Keys that have not been looked up for long go to disk, and come back when they are.
//
// The operator's part is to say which keys it is going to change: those it looks up, and those it names to Touch. Slots
// stay put until the next Lookup. One goroutine uses a Store.
//
// Source: copy-on-update snapshots as in Flink's CopyOnWriteStateMap, at the grain of keys.
type Store struct {
	*Keys
	name    string
	prefix  []byte
	codec   Codec
	dropper Dropper  // or nil
	account *Account // nil: it stays in memory

	changes changes

	tracks bool // something below wants to know of keys that are looked up
	pinned bool // keys stay in memory while other stores are looked up

	sweeping  bool
	saved     bitmap // by slot, while sweeping: written, or not there at the moment of the snapshot
	next      int32  // slots below have had their turn
	end       int32  // slots there were
	increment bool   // only changes are written
	heading   int    // bytes of key that are the prefix there was
	out       *Writer

	spill *spilled // keys on disk; nil: there have never been any
	hot   bitmap   // by slot: looked up since the hand came by
	hand  int32
	calls uint32 // of Lookup

	key, value []byte // key begins with the prefix while sweeping
	removed    []byte
}

// Codec is what an operator keeps by the slots of a Store.
type Codec interface {
	// Encode appends the state of a slot to dst.
	Encode(dst []byte, slot int32) []byte
	// Decode gives a slot that has no state what Encode wrote.
	Decode(slot int32, value []byte) error
}

// Dropper is implemented by the Codec of a Store whose keys may leave memory.
type Dropper interface {
	// Drop forgets the state of a slot, which is another key's afterwards.
	Drop(slot int32)
}

// NewStore returns an empty store for keys of these columns. Its entries in checkpoints have this name. If account is
// nil, or codec no Dropper, all keys stay in memory.
func NewStore(columns []types.Type, name string, codec Codec, account *Account) *Store {
	s := &Store{Keys: NewKeys(columns), name: name, codec: codec, account: account}
	if s.dropper, _ = codec.(Dropper); account != nil && s.dropper != nil {
		account.stores = append(account.stores, s)
	}
	return s
}

// SetPrefix puts bytes before the keys of the store's entries, which tell several stores of one name apart.
func (s *Store) SetPrefix(prefix []byte) { s.prefix = append(s.prefix[:0], prefix...) }

// Lookup is Keys.Lookup for keys whose state may change before the next Lookup. Slots that it, or another store of the same
// account, returned before may belong to other keys afterwards. An error is one of the disk's.
func (s *Store) Lookup(cols []*types.Vector, rows []int32, n int, out []int32) ([]int32, error) {
	if s.account != nil {
		if err := s.room(n); err != nil {
			return nil, err
		}
	}
	if !s.tracks {
		return s.Keys.Lookup(cols, rows, n, out), nil
	}
	s.fresh = s.fresh[:0]
	out = s.Keys.Lookup(cols, rows, n, out)
	return out, s.arrived(out)
}

// arrived does what is to be done for keys that have been looked up, those in Keys.fresh for the first time.
func (s *Store) arrived(slots []int32) error {
	if s.sweeping {
		for _, slot := range s.fresh {
			s.saved.set(slot)
		}
		s.save(slots)
	}
	if s.changes.recording {
		s.changes.record(slots)
	}
	if s.spill == nil {
		return nil
	}
	for _, slot := range slots {
		s.hot.set(slot)
	}
	return s.load()
}

// Pin makes keys that are in memory stay there while keys of other stores are looked up, until Pin(false): for who goes
// through them.
func (s *Store) Pin(pinned bool) { s.pinned = pinned }

// Touch says that keys which were found by other ways than Lookup are going to be changed or removed.
func (s *Store) Touch(slots ...int32) {
	if s.sweeping {
		s.save(slots)
	}
	if s.changes.recording {
		s.changes.record(slots)
	}
}

// TouchAll is Touch for all keys in memory.
func (s *Store) TouchAll() {
	if !s.sweeping && !s.changes.recording {
		return
	}
	for slot := range int32(s.Cap()) {
		if s.Has(slot) {
			s.Touch(slot)
		}
	}
}

func (s *Store) save(slots []int32) {
	for _, slot := range slots {
		if s.waits(slot) {
			s.put(slot)
		}
	}
}

// waits reports whether a slot below end is still to be written.
func (s *Store) waits(slot int32) bool {
	return slot >= s.next && slot < s.end && !s.saved.get(slot) && (!s.increment || s.changes.lineSlots.get(slot))
}

// put writes a key, as AppendEntry would, but straight into the block.
func (s *Store) put(slot int32) {
	s.saved.set(slot)
	w := s.out
	before := w.begin()
	b := binary.LittleEndian.AppendUint16(w.block, KeyGroup(s.Hash(slot)))
	b = append(binary.AppendUvarint(b, uint64(len(s.name))), s.name...)
	b, at := openLength(b)
	b = append(b, s.key[:s.heading]...)
	b = closeLength(s.Encode(b, slot), at)
	b, at = openLength(b)
	w.block = closeLength(s.codec.Encode(b, slot), at)
	w.end(before)
}

// lengthSize is how many bytes a length takes that is written before it is known.
const lengthSize = 2

// openLength makes room for the length of what follows.
func openLength(b []byte) (_ []byte, at int) { return append(b, 0, 0), len(b) }

// closeLength writes the length of what follows its place: a uvarint, longer than it need be when the length is small.
func closeLength(b []byte, at int) []byte {
	n := len(b) - at - lengthSize
	if n < 1<<(7*lengthSize) {
		b[at], b[at+1] = byte(n)|0x80, byte(n>>7)
		return b
	}
	var length [binary.MaxVarintLen64]byte
	used := binary.PutUvarint(length[:], uint64(n))
	b = append(b, length[:used-lengthSize]...) // as many bytes more
	copy(b[at+used:], b[at+lengthSize:])
	copy(b[at:], length[:used])
	return b
}

// Remove forgets a key. Its state is the operator's to forget.
func (s *Store) Remove(slot int32) {
	s.Touch(slot)
	if c := &s.changes; c.recording {
		s.removed = s.Encode(s.removed[:0], slot)
		c.note(&c.gone, s.Hash(slot), s.removed)
	}
	s.Keys.Remove(slot)
}

// Snapshot makes the state as it is now part of a checkpoint, to be written by w's Sweep.
func (s *Store) Snapshot(w *Writer) error {
	if s.sweeping {
		s.abandon()
	}
	s.changes.drawLine()
	if s.changes.recording = s.changes.recording || w.Record; s.changes.recording && s.Len() == 0 && s.spill.empty() {
		s.track()
	}
	s.increment = w.Increment && s.changes.based
	if s.Len() == 0 && s.spill.empty() && (!s.increment || s.changes.lineGone.len() == 0) {
		return nil
	}
	if s.spill != nil {
		if err := s.spill.freeze(); err != nil {
			return err
		}
	}
	s.sweeping, s.out, s.next, s.end = true, w, 0, int32(s.Cap())
	s.saved.reset(s.Cap())
	s.key = append(s.key[:0], s.prefix...)
	s.heading = len(s.key)
	s.track()
	w.later = append(w.later, s)
	return nil
}

// Sweeping reports whether the state of the last snapshot is still being written.
func (s *Store) Sweeping() bool { return s.sweeping }

// sweep implements sweep.
func (s *Store) sweep(w *Writer) (done bool, err error) {
	last := min(s.next+int32(w.keys()), s.end)
	for slot := s.next; slot < last; slot++ {
		if s.waits(slot) && s.Has(slot) {
			s.put(slot)
		}
	}
	if s.next = last; last < s.end {
		return false, nil
	}
	if s.increment {
		if !s.sweepGone(w) {
			return false, nil
		}
		if done, err := s.sweepLeft(w); !done || err != nil {
			return false, err
		}
	} else if done, err := s.sweepSpilled(w); !done || err != nil {
		return false, err
	}
	s.abandon()
	return true, nil
}

func (s *Store) abandon() {
	s.sweeping, s.out = false, nil
	if s.spill != nil {
		s.spill.thaw()
	}
	s.track()
}

// track decides whether lookups must be looked at.
func (s *Store) track() {
	s.tracks = s.sweeping || s.spill != nil || s.changes.recording
	s.watch = s.tracks
}

// Restore takes back a key and its state from a checkpoint's entry. cols are empty columns for the key.
func (s *Store) Restore(cols []*types.Vector, key, value []byte) error {
	for _, v := range cols {
		v.Reset()
	}
	if rest, err := types.DecodeRow(key, cols); err != nil || len(rest) > 0 {
		return ErrBlock
	}
	if s.account != nil {
		if err := s.room(1); err != nil {
			return err
		}
	}
	// A key comes once, so it isn't looked for on disk.
	var one [1]int32
	slot := s.Keys.Lookup(cols, nil, 1, one[:])[0]
	return s.codec.Decode(slot, value)
}

// Reset forgets all keys, in memory and on disk, and keeps memory for new ones. Their state is the operator's to forget. A
// snapshot must have been written.
func (s *Store) Reset() error {
	s.Keys.Reset()
	s.changes = changes{recording: s.changes.recording, based: true} // what comes now is in no checkpoint
	s.hand = 0
	return s.spill.reset()
}

// Used estimates the memory in use, without the operator's.
func (s *Store) Used() int {
	n := s.Keys.Used() + s.changes.used()
	if s.spill != nil {
		n += s.spill.log.bytes()
	}
	return n
}

// Spilled is the number of keys on disk.
func (s *Store) Spilled() int { return s.spill.len() }

// Close gives back what the store has on disk.
func (s *Store) Close() error {
	if s == nil {
		return nil // the operator was never opened
	}
	return s.spill.close()
}

// bitmap is a set of slots.
type bitmap []uint64

func (b bitmap) get(i int32) bool { return int(i>>6) < len(b) && b[i>>6]&(1<<(i&63)) != 0 }

func (b *bitmap) set(i int32) {
	for int(i>>6) >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[i>>6] |= 1 << (i & 63)
}

func (b bitmap) clear(i int32) {
	if int(i>>6) < len(b) {
		b[i>>6] &^= 1 << (i & 63)
	}
}

// reset empties the set and makes room for n slots.
func (b *bitmap) reset(n int) {
	*b = resize(*b, (n+63)/64)
	clear(*b)
}
