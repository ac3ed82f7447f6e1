package state

import (
	"encoding/binary"
	"errors"
	"sync"
)

// Entry is one piece of state in a checkpoint.
type Entry struct {
	// Group is the key group of a keyed entry, or OperatorState.
	Group uint16
	// Name tells the kinds of entries of one operator apart: "window", "left", "split".
	Name       string
	Key, Value []byte
	// Removed says, in a part that follows another, that what the earlier one has under this group, name and key is gone.
	Removed bool
}

// OperatorState marks entries that belong to a subtask and not to a key group.
const OperatorState = 0xFFFF

// removedGroup is flipped in the encoded group of a removal. The two highest bits of key groups and of OperatorState are
// alike, so that an entry with different ones is a removal.
const removedGroup = 0x4000

// AppendEntry appends an entry to a block: its group (2 bytes, little-endian), then name, key and value, each behind its
// length as a uvarint. It is part of the checkpoint format.
func AppendEntry(b []byte, e Entry) []byte {
	group := e.Group
	if e.Removed {
		group ^= removedGroup
	}
	b = binary.LittleEndian.AppendUint16(b, group)
	b = append(binary.AppendUvarint(b, uint64(len(e.Name))), e.Name...)
	b = append(binary.AppendUvarint(b, uint64(len(e.Key))), e.Key...)
	return append(binary.AppendUvarint(b, uint64(len(e.Value))), e.Value...)
}

// ErrBlock says that bytes are not a block of entries.
var ErrBlock = errors.New("the entries of a block of state are malformed")

// EachEntry calls f for the entries of a block; their bytes are the block's.
func EachEntry(block []byte, f func(Entry) error) error {
	var name string // entries of a name stand together, as a rule
	for len(block) > 0 {
		if len(block) < 2 {
			return ErrBlock
		}
		e := Entry{Group: binary.LittleEndian.Uint16(block)}
		if e.Group>>14 == 1 || e.Group>>14 == 2 {
			e.Group ^= removedGroup
			e.Removed = true
		}
		block = block[2:]
		var raw []byte
		for _, field := range [...]*[]byte{&raw, &e.Key, &e.Value} {
			n, used := binary.Uvarint(block)
			if used <= 0 || n > uint64(len(block)-used) {
				return ErrBlock
			}
			*field, block = block[used:used+int(n):used+int(n)], block[used+int(n):]
		}
		if string(raw) != name {
			name = string(raw)
		}
		e.Name = name
		if err := f(e); err != nil {
			return err
		}
	}
	return nil
}

// blockSize is the size from which a block is passed on.
const blockSize = 64 << 10

// Writer takes the entries of one operator instance for a checkpoint. What is small is written at the barrier, in
// Operator.Snapshot; a Store registers itself and is written afterwards, between records.
type Writer struct {
	// Emit takes a full block, whose bytes are its own from then on, and the number of entries in it. If it is nil, blocks
	// are kept for Entries.
	Emit func(block []byte, entries int)
	// Increment says that what is written follows the last complete checkpoint: stores write what has changed since then.
	Increment bool
	// Record has stores take note of changes from this snapshot on, so that a later one can be an increment.
	Record bool
	// Keys is how many keys a Sweep looks at; 0: 2048, little enough that a batch doesn't wait for them noticeably.
	Keys int

	block   []byte
	entries int
	kept    [][]byte
	later   []sweep
	bytes   int64
}

// sweep is state that is written little by little.
type sweep interface {
	// sweep writes some of it, and reports whether that was the last.
	sweep(w *Writer) (done bool, err error)
	// abandon ends the writing; the state doesn't belong to this checkpoint any more.
	abandon()
}

// Put writes a keyed entry; hash is the key's hash as the exchange computed it. Bytes are copied.
func (w *Writer) Put(hash uint64, name string, key, value []byte) {
	w.add(Entry{Group: KeyGroup(hash), Name: name, Key: key, Value: value})
}

// PutOperator writes an entry of operator state.
func (w *Writer) PutOperator(name string, key, value []byte) {
	w.add(Entry{Group: OperatorState, Name: name, Key: key, Value: value})
}

// PutRemoved notes that a key of an earlier part is gone.
func (w *Writer) PutRemoved(hash uint64, name string, key []byte) {
	w.add(Entry{Group: KeyGroup(hash), Name: name, Key: key, Removed: true})
}

func (w *Writer) add(e Entry) {
	before := w.begin()
	w.block = AppendEntry(w.block, e)
	w.end(before)
}

// begin returns the length of the block, which has room for another entry.
func (w *Writer) begin() int {
	if w.block == nil {
		w.block = newBlock()
	}
	return len(w.block)
}

// end notes that an entry has been appended to a block that had a length before.
func (w *Writer) end(before int) {
	w.entries++
	w.bytes += int64(len(w.block) - before)
	if len(w.block) >= blockSize {
		w.Flush()
	}
}

// blocks are used again: a checkpoint needs many, one after the other.
var blocks = sync.Pool{New: func() any { b := make([]byte, 0, blockSize+blockSize/8); return &b }}

func newBlock() []byte { return *blocks.Get().(*[]byte) }

// Recycle takes back a block that Emit was given and that nobody reads any more.
func Recycle(block []byte) {
	if cap(block) >= blockSize && cap(block) <= 2*blockSize {
		block = block[:0]
		blocks.Put(&block)
	}
}

// Flush passes on the block in hand.
func (w *Writer) Flush() {
	if w.entries == 0 {
		return
	}
	if w.Emit != nil {
		w.Emit(w.block, w.entries)
	} else {
		w.kept = append(w.kept, w.block)
	}
	w.block, w.entries = nil, 0
}

// Bytes is the size of what has been written.
func (w *Writer) Bytes() int64 { return w.bytes }

// Later has step called by Sweep, which writes some of the operator's state that is not in a Store, as it was at the
// snapshot, and reports whether that was the last; forget is called when the rest is not wanted any more. Steps come in the
// order of the calls of Later, those of Stores among them.
func (w *Writer) Later(step func(w *Writer) (done bool, err error), forget func()) {
	w.later = append(w.later, later{step, forget})
}

type later struct {
	step   func(w *Writer) (done bool, err error)
	forget func()
}

func (l later) sweep(w *Writer) (done bool, err error) { return l.step(w) }
func (l later) abandon()                               { l.forget() }

func (w *Writer) keys() int {
	if w.Keys > 0 {
		return w.Keys
	}
	return 2048
}

// Sweep writes some of the state that is written between records, and reports whether everything is written now.
func (w *Writer) Sweep() (done bool, err error) {
	for len(w.later) > 0 {
		done, err := w.later[0].sweep(w)
		if !done || err != nil {
			return false, err
		}
		w.later = w.later[1:]
	}
	w.Flush()
	return true, nil
}

// Abandon gives up what has not been written yet.
func (w *Writer) Abandon() {
	for _, s := range w.later {
		s.abandon()
	}
	w.later = nil
}

// Entries returns what has been written to a Writer without Emit.
func (w *Writer) Entries() []Entry {
	w.Flush()
	var all []Entry
	for _, b := range w.kept {
		if err := EachEntry(b, func(e Entry) error { all = append(all, e); return nil }); err != nil {
			panic(err) // the block was made here
		}
	}
	return all
}

// Reader gives an operator instance the entries that are its share of a checkpoint.
type Reader struct {
	each func(f func(Entry) error) error
}

// NewStream returns a reader over a sequence of entries, which may be gone through several times.
func NewStream(each func(f func(Entry) error) error) *Reader { return &Reader{each} }

// NewReader returns a reader over entries in memory.
func NewReader(entries []Entry) *Reader {
	return NewStream(func(f func(Entry) error) error {
		for _, e := range entries {
			if err := f(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// Each calls f for every entry with this name, in the order of writing; the bytes are valid during the call only.
func (r *Reader) Each(name string, f func(key, value []byte) error) error {
	if r == nil {
		return nil
	}
	return r.each(func(e Entry) error {
		if e.Name != name {
			return nil
		}
		return f(e.Key, e.Value)
	})
}

// EachGrouped is Each with the entries' key groups.
func (r *Reader) EachGrouped(name string, f func(group uint16, key, value []byte) error) error {
	if r == nil {
		return nil
	}
	return r.each(func(e Entry) error {
		if e.Name != name {
			return nil
		}
		return f(e.Group, e.Key, e.Value)
	})
}

// Deal returns the entries of an operator that belong to a subtask: keyed entries by key group; operator entries in
// turn, unless every subtask of an operator wants all of them (all).
func Deal(entries []Entry, subtask, parallelism int, all bool) []Entry {
	var mine []Entry
	turn := 0
	for _, e := range entries {
		if e.Group == OperatorState {
			if all || turn%parallelism == subtask {
				mine = append(mine, e)
			}
			turn++
		} else if Subtask(e.Group, parallelism) == subtask {
			mine = append(mine, e)
		}
	}
	return mine
}
