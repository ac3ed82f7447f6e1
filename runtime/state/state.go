// Package state is how operators keep what they know between records, and how that gets into and out of checkpoints.
//
// In memory an operator uses tables of its own choosing (see Table). In a checkpoint, state is a portable sequence of
// entries: keyed entries belong to a key group and move with it when the parallelism changes; operator entries (split
// positions, sink transactions) belong to a subtask and are dealt out anew.
package state

import "math/bits"

// KeyGroups is the number of key groups: the grains in which keyed state is dealt out to subtasks. It bounds the
// parallelism of keyed operators, as Flink's default maximum parallelism of 128 does.
const KeyGroups = 128

// KeyGroup returns the key group of a key's hash.
func KeyGroup(hash uint64) uint16 { return uint16(hash >> (64 - 7)) }

// GroupHash returns a hash in a key group, for state that is kept once per group and has no key.
func GroupHash(group uint16) uint64 { return uint64(group) << (64 - 7) }

// Subtask returns the subtask that owns a key group (Flink's contiguous ranges).
func Subtask(group uint16, parallelism int) int { return int(group) * parallelism / KeyGroups }

// HashBytes hashes an encoded key (types.EncodeRow). Exchanges and state tables use the same hash, so that the rows of a
// key arrive where its state is. The hash is part of the checkpoint format: changing it changes key groups.
func HashBytes(b []byte) uint64 {
	h := uint64(len(b))*m1 ^ seed
	if len(b) < 8 {
		if len(b) > 0 {
			h = mix(h^short(b), m3)
		}
		return mix(h, m1)
	}
	last := b[len(b)-8:]
	for len(b) >= 8 {
		h = mix(h^le64(b), m2)
		b = b[8:]
	}
	if len(b) > 0 {
		h = mix(h^le64(last)>>(8*(8-len(b))), m3) // the rest, read together with what is before it
	}
	return mix(h, m1)
}

// short returns up to seven bytes as one number.
func short(b []byte) uint64 {
	var tail uint64
	for i, c := range b {
		tail |= uint64(c) << (8 * i)
	}
	return tail
}

// HashInt64 is the hash of a single NOT NULL BIGINT-like key; exchanges and tables specialised for integers use it in
// place of HashBytes.
func HashInt64(v int64) uint64 { return mix(uint64(v)^seed, m1) }

const (
	seed = 0x9E3779B97F4A7C15
	m1   = 0xA0761D6478BD642F
	m2   = 0xE7037ED1A0B428DB
	m3   = 0x8EBC6AF09C88C6E3
)

// mix folds the 128-bit product of its operands: wyhash's step.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func le64(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40 |
		uint64(b[6])<<48 | uint64(b[7])<<56
}
