package state

import (
	"encoding/binary"
	"math/bits"
)

// Ref is the place of a byte string in an Arena.
type Ref uint64

// Arena holds byte strings outside of the collector's sight: in a few large chunks, named by Ref and length. Freed
// strings make room for others of about the same size; chunks themselves are kept. The zero Arena is empty.
//
// Sizes are rounded up to a multiple of 16 up to 1 KiB, and to a power of two beyond.
type Arena struct {
	chunks [][]byte // the length of a chunk is what is in use
	last   int      // chunks before it are full
	free   [classes]Ref
	bytes  int // of all chunks
	used   int // by strings
}

const (
	arenaUnit  = 16
	smallUnits = 64 // 1 KiB in units: sizes up to here have a class each
	classes    = smallUnits + 1 + 32
	firstChunk = 4 << 10
	maxChunk   = 1 << 20
)

// class returns the size class of a string of n bytes and what it takes.
func class(n int) (class, size int) {
	if units := (n + arenaUnit - 1) / arenaUnit; units <= smallUnits {
		return units, units * arenaUnit
	}
	log := bits.Len(uint(n - 1))
	return smallUnits + log - 10, 1 << log
}

// Put copies b into the arena.
func (a *Arena) Put(b []byte) Ref {
	if len(b) == 0 {
		return 0
	}
	c, size := class(len(b))
	a.used += size
	if r := a.free[c]; r != 0 {
		block := a.Get(r, max(len(b), 8))
		a.free[c] = Ref(binary.LittleEndian.Uint64(block))
		copy(block, b)
		return r
	}
	for {
		if a.last < len(a.chunks) {
			chunk := a.chunks[a.last]
			if at := len(chunk); cap(chunk)-at >= size {
				a.chunks[a.last] = chunk[:at+size]
				copy(chunk[at:at+size], b)
				return Ref(a.last)<<32 | Ref(at) + 1
			}
			if a.last++; a.last < len(a.chunks) {
				continue
			}
		}
		room := max(firstChunk, size)
		if n := len(a.chunks); n > 0 && size <= maxChunk {
			room = max(room, min(2*cap(a.chunks[n-1]), maxChunk))
		}
		a.chunks = append(a.chunks, make([]byte, 0, room))
		a.bytes += room
		a.last = len(a.chunks) - 1
	}
}

// Get returns the n bytes at r: the arena's own memory, until they are freed.
func (a *Arena) Get(r Ref, n int) []byte {
	if n == 0 {
		return nil
	}
	chunk, at := a.chunks[r>>32], int(uint32(r))-1
	return chunk[at : at+n : at+n]
}

// touch reads a byte of a string.
func (a *Arena) touch(s span) int {
	if s.n <= 0 {
		return 0
	}
	return int(a.chunks[s.ref>>32][uint32(s.ref)-1])
}

// Free gives back the place of a string of n bytes.
func (a *Arena) Free(r Ref, n int) {
	if n == 0 {
		return
	}
	c, size := class(n)
	a.used -= size
	binary.LittleEndian.PutUint64(a.Get(r, arenaUnit), uint64(a.free[c]))
	a.free[c] = r
}

// Reset forgets all strings and keeps the chunks.
func (a *Arena) Reset() {
	for i := range a.chunks {
		a.chunks[i] = a.chunks[i][:0]
	}
	a.last, a.free, a.used = 0, [classes]Ref{}, 0
}

// Bytes is the memory held.
func (a *Arena) Bytes() int { return a.bytes }

// Used is the memory that strings take up.
func (a *Arena) Used() int { return a.used }
