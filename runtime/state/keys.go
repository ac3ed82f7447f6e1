package state

import (
	"bytes"
	"encoding/binary"

	"github.com/weirsql/weir/types"
)

// Keys numbers the distinct keys of a stream of batches: each gets a slot, a small integer by which the operator keeps
// what belongs to the key in slices. New keys get 0, 1, 2, … in the order of their arrival, unless slots of removed
// keys are free. There are no pointers per key. NULL is a key like any other. One goroutine uses a Keys.
//
// Three layouts, chosen by the columns' storage as KeyHasher does: integers, which stand in the table's entries
// themselves; text or bytes of one column, as they are; rows encoded by types.EncodeRow.
type Keys struct {
	layout  keysLayout
	storage types.Storage // of a single column
	slots   slots
	live    []bool
	table   table
	null    int32 // the slot of a single NULL, or -1

	ints   []int64 // by slot, for integers
	wide   []int64 // scratch: a batch's keys as integers
	hashes []uint64
	spans  []span
	arena  Arena

	hasher  KeyHasher
	buf     []byte
	ends    []int    // of the rows in buf
	encoded []uint64 // their hashes

	watch bool    // slots of new keys are wanted
	fresh []int32 // these
}

type keysLayout uint8

const (
	keysOfInts keysLayout = iota
	keysOfBytes
	keysOfRows
)

// NewKeys returns an empty table for keys of these columns; without columns there is one key.
func NewKeys(columns []types.Type) *Keys {
	k := &Keys{layout: keysOfRows, null: -1}
	if len(columns) != 1 {
		return k
	}
	k.storage = columns[0].Kind.Storage()
	switch k.storage {
	case types.StoreBool, types.StoreI8, types.StoreI16, types.StoreI32, types.StoreI64:
		k.layout = keysOfInts
	case types.StoreBytes:
		k.layout = keysOfBytes
	}
	return k
}

// Lookup returns the slots of the n keys that rows names in the columns (nil: rows 0..n-1), in out, which has at least n
// places. Keys that are new get a slot.
func (k *Keys) Lookup(cols []*types.Vector, rows []int32, n int, out []int32) []int32 {
	return k.lookup(cols, rows, n, out[:n], true)
}

// Find is Lookup without new slots: the slot of a key that isn't there is -1.
func (k *Keys) Find(cols []*types.Vector, rows []int32, n int, out []int32) []int32 {
	return k.lookup(cols, rows, n, out[:n], false)
}

func (k *Keys) lookup(cols []*types.Vector, rows []int32, n int, out []int32, insert bool) []int32 {
	if len(k.table.entries) == 0 {
		k.table.room(entryHash)
	}
	switch {
	case n == 0:
		return out
	case k.layout == keysOfInts:
		k.lookupInts(cols[0], rows, n, out, insert)
		return out
	case len(cols) == 0:
		slot := k.lookupBytes(HashBytes(nil), nil, insert)
		for j := range out {
			out[j] = slot
		}
		return out
	}
	if k.layout == keysOfRows {
		k.lookupRows(cols, rows, out, insert)
	} else {
		k.lookupTexts(cols[0], rows, k.hasher.HashColumns(cols, rows, n), out, insert)
	}
	return out
}

// likely looks for the keys of a batch in the one place where most of them are: it gives the slot + 1 of the entry there
// if its hash is the key's, else 0. For the same reason as in lookupInts this comes first: it waits for no memory. Keys that
// come in afterwards leave the slots where they are.
func (k *Keys) likely(hashes []uint64, out []int32) {
	entries, mask := k.table.entries, k.table.mask
	for j, h := range hashes {
		e := &entries[h&mask]
		slot := e.slot
		if e.word != h {
			slot = 0
		}
		out[j] = slot
	}
}

func (k *Keys) lookupTexts(v *types.Vector, rows []int32, hashes []uint64, out []int32, insert bool) {
	k.likely(hashes, out)
	valid := v.Valid.AllValid(v.N)
	for j, h := range hashes {
		i := row(rows, j)
		if !valid && !v.Valid.Get(i) {
			out[j] = k.lookupNull(insert)
			continue
		}
		key := v.Bytes(i)
		if slot := out[j] - 1; slot >= 0 && k.is(slot, key) {
			out[j] = slot
		} else {
			out[j] = k.lookupBytes(h, key, insert)
		}
	}
}

func (k *Keys) lookupRows(cols []*types.Vector, rows []int32, out []int32, insert bool) {
	k.buf, k.ends, k.encoded = k.buf[:0], resize(k.ends, len(out)), resize(k.encoded, len(out))
	for j := range out {
		from := len(k.buf)
		k.buf = types.EncodeRow(k.buf, cols, row(rows, j))
		k.ends[j], k.encoded[j] = len(k.buf), HashBytes(k.buf[from:])
	}
	k.likely(k.encoded, out)
	from := 0
	for j, h := range k.encoded {
		key := k.buf[from:k.ends[j]]
		from = k.ends[j]
		if slot := out[j] - 1; slot >= 0 && k.is(slot, key) {
			out[j] = slot
		} else {
			out[j] = k.lookupBytes(h, key, insert)
		}
	}
}

// is reports whether a slot is the key's.
func (k *Keys) is(slot int32, key []byte) bool {
	s := k.spans[slot]
	return int(s.n) == len(key) && string(k.arena.Get(s.ref, len(key))) == string(key)
}

func (k *Keys) lookupNull(insert bool) int32 {
	if k.null < 0 && insert {
		k.null = k.take()
	}
	return k.null
}

func (k *Keys) lookupInts(v *types.Vector, rows []int32, n int, out []int32, insert bool) {
	keys := k.widen(v, rows, n)
	if !v.Valid.AllValid(v.N) {
		for j, x := range keys {
			if v.IsNull(row(rows, j)) {
				out[j] = k.lookupNull(insert)
			} else {
				out[j] = k.lookupInt(x, insert)
			}
		}
		return
	}
	entries, mask := k.table.entries, k.table.mask
	out = out[:len(keys)]
	if len(entries) >= touchedEntries {
		// The loop below waits for an entry before it knows where to look next. This one doesn't, so that the processor
		// fetches many at a time.
		for j, x := range keys {
			out[j] = entries[HashInt64(x)&mask].slot
		}
	}
	for j, x := range keys {
		at := HashInt64(x) & mask
		e := &entries[at]
		for e.word != uint64(x) && e.slot != 0 {
			at = (at + 1) & mask
			e = &entries[at]
		}
		if e.slot != 0 {
			out[j] = e.slot - 1
			continue
		}
		out[j] = k.lookupInt(x, insert)
		entries, mask = k.table.entries, k.table.mask
	}
}

// touchedEntries is the size of a table from which on it is more than the processor's own caches hold: 1 MiB. Below that the
// second look costs more than it saves.
const touchedEntries = 64 << 10

func (k *Keys) lookupInt(x int64, insert bool) int32 {
	hash := HashInt64(x)
	for at := hash & k.table.mask; ; at = (at + 1) & k.table.mask {
		e := &k.table.entries[at]
		if e.slot == 0 {
			break
		}
		if e.word == uint64(x) {
			return e.slot - 1
		}
	}
	if !insert {
		return -1
	}
	slot := k.take()
	k.ints[slot] = x
	k.table.room(entryHashInt)
	k.table.put(hash, tableEntry{uint64(x), slot + 1})
	k.table.used++
	return slot
}

// widen returns the keys as 64-bit integers; where NULLs stand they mean nothing.
func (k *Keys) widen(v *types.Vector, rows []int32, n int) []int64 {
	if k.storage == types.StoreI64 && rows == nil {
		return v.I64[:n]
	}
	k.wide = resize(k.wide, n)
	switch k.storage {
	case types.StoreBool:
		for j := range k.wide {
			k.wide[j] = boolInt(v.Bool[row(rows, j)])
		}
	case types.StoreI8:
		widen(k.wide, v.I8, rows)
	case types.StoreI16:
		widen(k.wide, v.I16, rows)
	case types.StoreI32:
		widen(k.wide, v.I32, rows)
	case types.StoreI64:
		widen(k.wide, v.I64, rows)
	}
	return k.wide
}

func widen[T int8 | int16 | int32 | int64](out []int64, x []T, rows []int32) {
	if rows == nil {
		for j, y := range x[:len(out)] {
			out[j] = int64(y)
		}
		return
	}
	for j, i := range rows[:len(out)] {
		out[j] = int64(x[i])
	}
}

func entryHashInt(e tableEntry) uint64 { return HashInt64(int64(e.word)) }

func (k *Keys) lookupBytes(hash uint64, key []byte, insert bool) int32 {
	for at := hash & k.table.mask; ; at = (at + 1) & k.table.mask {
		e := &k.table.entries[at]
		if e.slot == 0 {
			break
		}
		if e.word == hash {
			if s := k.spans[e.slot-1]; bytes.Equal(k.arena.Get(s.ref, int(s.n)), key) {
				return e.slot - 1
			}
		}
	}
	if !insert {
		return -1
	}
	slot := k.take()
	k.hashes[slot], k.spans[slot] = hash, span{k.arena.Put(key), int32(len(key))}
	k.table.room(entryHash)
	k.table.put(hash, tableEntry{hash, slot + 1})
	k.table.used++
	return slot
}

func (k *Keys) take() int32 {
	slot := k.slots.take()
	if k.watch {
		k.fresh = append(k.fresh, slot)
	}
	if int(slot) == len(k.live) {
		k.live = append(k.live, true)
		if k.layout == keysOfInts {
			k.ints = append(k.ints, 0)
		} else {
			k.hashes, k.spans = append(k.hashes, 0), append(k.spans, span{})
		}
	}
	k.live[slot] = true
	return slot
}

// Remove forgets a key; its slot will be used again.
func (k *Keys) Remove(slot int32) {
	switch {
	case slot == k.null:
		k.null = -1
	case k.layout == keysOfInts:
		k.table.remove(HashInt64(k.ints[slot]), slot, entryHashInt)
	default:
		k.table.remove(k.hashes[slot], slot, entryHash)
		k.arena.Free(k.spans[slot].ref, int(k.spans[slot].n))
	}
	k.live[slot] = false
	k.slots.giveBack(slot)
}

// Has reports whether a slot below Cap belongs to a key.
func (k *Keys) Has(slot int32) bool { return k.live[slot] }

// Cap says how many slots have been in use: all lie below it.
func (k *Keys) Cap() int { return k.slots.n }

// Len is the number of keys.
func (k *Keys) Len() int { return k.slots.n - len(k.slots.free) }

// Hash returns a key's hash as KeyHasher computes it.
func (k *Keys) Hash(slot int32) uint64 {
	switch {
	case slot == k.null:
		return nullHash
	case k.layout == keysOfInts:
		return HashInt64(k.ints[slot])
	}
	return k.hashes[slot]
}

// Encode appends a key as types.EncodeRow writes it.
func (k *Keys) Encode(dst []byte, slot int32) []byte {
	if slot == k.null {
		return append(dst, 0)
	}
	if k.layout != keysOfInts {
		key := k.arena.Get(k.spans[slot].ref, int(k.spans[slot].n))
		if k.layout == keysOfBytes {
			dst = binary.AppendUvarint(append(dst, 1), uint64(len(key)))
		}
		return append(dst, key...)
	}
	dst = append(dst, 1)
	switch x := uint64(k.ints[slot]); k.storage {
	case types.StoreI16:
		return binary.LittleEndian.AppendUint16(dst, uint16(x))
	case types.StoreI32:
		return binary.LittleEndian.AppendUint32(dst, uint32(x))
	case types.StoreI64:
		return binary.LittleEndian.AppendUint64(dst, x)
	default: // BOOLEAN, TINYINT
		return append(dst, byte(x))
	}
}

// Append appends the keys of the slots to columns of the key's types.
func (k *Keys) Append(slots []int32, out []*types.Vector) {
	if k.layout == keysOfRows {
		for _, s := range slots {
			// The bytes were written by EncodeRow for these columns.
			if _, err := types.DecodeRow(k.arena.Get(k.spans[s].ref, int(k.spans[s].n)), out); err != nil {
				panic("state: key does not decode: " + err.Error())
			}
		}
		return
	}
	v := out[0]
	for _, s := range slots {
		if s == k.null {
			v.AppendNull()
			continue
		}
		switch k.storage {
		case types.StoreBool:
			v.Bool = append(v.Bool, k.ints[s] != 0)
		case types.StoreI8:
			v.I8 = append(v.I8, int8(k.ints[s]))
		case types.StoreI16:
			v.I16 = append(v.I16, int16(k.ints[s]))
		case types.StoreI32:
			v.I32 = append(v.I32, int32(k.ints[s]))
		case types.StoreI64:
			v.I64 = append(v.I64, k.ints[s])
		case types.StoreBytes:
			v.AppendBytes(k.arena.Get(k.spans[s].ref, int(k.spans[s].n)))
			continue
		}
		v.N++
	}
}

// Reset forgets all keys and keeps memory for new ones.
func (k *Keys) Reset() {
	k.table.reset()
	k.slots.reset()
	k.live, k.ints, k.hashes, k.spans = k.live[:0], k.ints[:0], k.hashes[:0], k.spans[:0]
	k.arena.Reset()
	k.null = -1
}

// spare is how many keys can come before something has to grow.
func (k *Keys) spare() int {
	return min(len(k.slots.free)+cap(k.live)-len(k.live), len(k.table.entries)/8*5-k.table.used)
}

// InUse estimates how much of bytes, which are held for all slots, is in use by keys.
func (k *Keys) InUse(bytes int) int {
	if k.Cap() == 0 {
		return 0
	}
	return int(int64(bytes) * int64(k.Len()) / int64(k.Cap()))
}

// Used estimates the memory in use.
func (k *Keys) Used() int {
	return k.InUse(k.table.bytes()+cap(k.live)+8*cap(k.ints)+8*cap(k.hashes)+16*cap(k.spans)) + k.arena.Used()
}

// Bytes estimates the memory held.
func (k *Keys) Bytes() int {
	return k.table.bytes() + k.arena.Bytes() + cap(k.live) + 8*cap(k.ints) + 8*cap(k.hashes) + 16*cap(k.spans) + 4*cap(k.slots.free)
}
