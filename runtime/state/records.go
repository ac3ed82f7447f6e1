package state

import (
	"bytes"
	"encoding/binary"
)

// Records stores encoded rows with a head of a fixed number of bytes, which is the owner's: what it knows of the row and
// what it links it with. Head and row stand side by side, so that whoever comes by has both for the price of one. With an
// index rows are found again by a prefix that identifies them.
//
// A row's number is its place, and stays the same until the row is removed or replaced. Memory of removed rows is used
// again for others of about the same size, and is not given back. There are no pointers per row.
//
// A record is the length of the row (4 bytes), the head, with an index the hash (8 bytes), and the row. All of that begins
// at a multiple of 16 bytes in a chunk of up to 1 MiB; a larger one has a chunk to itself.
type Records struct {
	head, body int // bytes of the head; where the row begins
	index      bool
	table      table // words are hashes of the identifying prefix
	chunks     [][]byte
	last       int            // chunks before it are full
	free       [classes]int32 // number + 1 of a free record, which has that of the next where its head was
	live       int
	used       int // bytes of records
}

const (
	recordUnits  = maxChunk / arenaUnit // in a chunk
	recordFree   = 1 << 31              // set in the length of a free record
	recordChunks = 1 << 31 / recordUnits
)

// NewRecords returns an empty store for rows with heads of so many bytes, 4 at least.
func NewRecords(head int, index bool) *Records {
	r := &Records{head: head, body: 4 + head, index: index}
	if index {
		r.body += 8
	}
	return r
}

// at returns a record, and what follows it in its chunk.
func (r *Records) at(n int32) []byte {
	return r.chunks[uint32(n)/recordUnits][uint32(n)%recordUnits*arenaUnit:]
}

// Add stores a row, whose identifying prefix hashes to hash, and returns its number. The bytes of its head are
// unspecified.
func (r *Records) Add(hash uint64, row []byte) int32 {
	n := r.put(hash, row)
	r.live++
	if r.index {
		r.table.room(entryHash)
		r.table.put(hash, tableEntry{hash, n + 1})
		r.table.used++
	}
	return n
}

func (r *Records) put(hash uint64, row []byte) int32 {
	n := r.take(r.body + len(row))
	b := r.at(n)
	binary.LittleEndian.PutUint32(b, uint32(len(row)))
	if r.index {
		binary.LittleEndian.PutUint64(b[r.body-8:], hash)
	}
	copy(b[r.body:], row)
	return n
}

// take finds a place for a record of so many bytes.
func (r *Records) take(bytes int) int32 {
	c, size := class(bytes)
	r.used += size
	if n := r.free[c] - 1; n >= 0 {
		r.free[c] = int32(binary.LittleEndian.Uint32(r.at(n)[4:]))
		return n
	}
	for {
		if r.last < len(r.chunks) {
			chunk := r.chunks[r.last]
			if at := len(chunk); cap(chunk)-at >= size {
				r.chunks[r.last] = chunk[:at+size]
				return int32(r.last*recordUnits + at/arenaUnit)
			}
			if r.last++; r.last < len(r.chunks) {
				continue
			}
		}
		if len(r.chunks) == recordChunks {
			panic("state: the rows of one side of a join in one subtask take more than 32 GiB; raise the parallelism")
		}
		room := max(firstChunk, size)
		if n := len(r.chunks); n > 0 && size <= maxChunk {
			room = max(room, min(2*cap(r.chunks[n-1]), maxChunk))
		}
		r.chunks = append(r.chunks, make([]byte, 0, room))
		r.last = len(r.chunks) - 1
	}
}

func (r *Records) giveBack(n int32) {
	b := r.at(n)
	length := binary.LittleEndian.Uint32(b)
	c, size := class(r.body + int(length))
	r.used -= size
	binary.LittleEndian.PutUint32(b, length|recordFree)
	binary.LittleEndian.PutUint32(b[4:], uint32(r.free[c]))
	r.free[c] = n + 1
}

// Head returns the head of a row, and Row the row: the store's own memory, until the row is replaced or removed.
func (r *Records) Head(n int32) []byte { return r.at(n)[4 : 4+r.head] }

// Row returns a row.
func (r *Records) Row(n int32) []byte {
	b := r.at(n)
	return b[r.body : r.body+int(binary.LittleEndian.Uint32(b))]
}

// Hash returns the hash that a row was added with. There must be an index.
func (r *Records) Hash(n int32) uint64 { return binary.LittleEndian.Uint64(r.at(n)[r.body-8:]) }

// Replace gives a row other content behind the same identifying prefix. The row, with its head, has the number that is
// returned from now on.
func (r *Records) Replace(n int32, row []byte) int32 {
	b := r.at(n)
	old, _ := class(r.body + int(binary.LittleEndian.Uint32(b)))
	if c, _ := class(r.body + len(row)); c == old {
		binary.LittleEndian.PutUint32(b, uint32(len(row)))
		copy(b[r.body:], row)
		return n
	}
	hash := uint64(0)
	if r.index {
		hash = r.Hash(n)
	}
	moved := r.put(hash, row)
	copy(r.Head(moved), r.Head(n))
	if r.index {
		at := hash & r.table.mask
		for r.table.entries[at].slot != n+1 {
			at = (at + 1) & r.table.mask
		}
		r.table.entries[at].slot = moved + 1
	}
	r.giveBack(n)
	return moved
}

// Remove forgets a row.
func (r *Records) Remove(n int32) {
	if r.index {
		r.table.remove(r.Hash(n), n, entryHash)
	}
	r.giveBack(n)
	r.live--
}

// Find returns a row that begins with prefix, which hashes to hash, or -1. There must be an index.
func (r *Records) Find(hash uint64, prefix []byte) int32 {
	if r.table.used == 0 {
		return -1
	}
	for at := hash & r.table.mask; ; at = (at + 1) & r.table.mask {
		e := &r.table.entries[at]
		if e.slot == 0 {
			return -1
		}
		if e.word == hash && bytes.HasPrefix(r.Row(e.slot-1), prefix) {
			return e.slot - 1
		}
	}
}

// Touch reads a little of these rows. It changes nothing, but it does so in a loop without a decision to wait for: the
// processor fetches many at a time, and the caller, which takes one after the other, finds them in its cache. The result
// only keeps the reads from being left out.
func (r *Records) Touch(rows []int32) (sum int) {
	for _, n := range rows {
		sum += int(r.at(n)[0])
	}
	return sum
}

// Candidates returns for each hash a row that was added with it, or -1, in out, which is as long. It is to Find what Touch
// is to Row: what it has read is near at hand. There must be an index.
func (r *Records) Candidates(hashes []uint64, out []int32) {
	if r.table.used == 0 {
		for i := range out {
			out[i] = -1
		}
		return
	}
	entries, mask := r.table.entries, r.table.mask
	for i, h := range hashes {
		out[i] = entries[h&mask].slot
	}
	for i, h := range hashes {
		at := h & mask
		for entries[at].slot != 0 && entries[at].word != h {
			at = (at + 1) & mask
		}
		out[i] = entries[at].slot - 1
	}
}

// Next is for going round all rows, a few at a time: it returns the row at a place, or -1 if none is there, and the next
// place. Places begin with 0; behind the last one comes 0 again.
func (r *Records) Next(place int32) (n, next int32) {
	chunk, at := int(uint32(place)/recordUnits), int(uint32(place)%recordUnits*arenaUnit)
	if chunk >= len(r.chunks) {
		return -1, 0
	}
	n = -1
	if at < len(r.chunks[chunk]) {
		length := binary.LittleEndian.Uint32(r.chunks[chunk][at:])
		if length&recordFree == 0 {
			n = place
		}
		_, size := class(r.body + int(length&^recordFree))
		at += size
	}
	switch {
	case at < len(r.chunks[chunk]):
		return n, int32(chunk*recordUnits + at/arenaUnit)
	case chunk+1 < len(r.chunks):
		return n, int32((chunk + 1) * recordUnits)
	}
	return n, 0
}

// Len is the number of rows.
func (r *Records) Len() int { return r.live }

// Used estimates the memory in use.
func (r *Records) Used() int { return r.used + min(r.table.bytes(), 32*r.live) }
