package kpl

import (
	"bytes"
	"crypto/md5"
	"math/bits"
)

// Hash is a hash key: a number of 128 bits, most significant byte first, so that bytes compare as numbers do.
type Hash [16]byte

// ParseHash reads a hash key in decimal, as ListShards and explicit hash keys have it.
func ParseHash(text []byte) (Hash, bool) {
	var high, low uint64
	for _, c := range text {
		if c < '0' || c > '9' {
			return Hash{}, false
		}
		over, h := bits.Mul64(high, 10)
		carry, l := bits.Mul64(low, 10)
		l, c1 := bits.Add64(l, uint64(c-'0'), 0)
		h, c2 := bits.Add64(h, carry, c1)
		if over != 0 || c2 != 0 {
			return Hash{}, false
		}
		high, low = h, l
	}
	var out Hash
	for i := range 8 {
		out[i], out[8+i] = byte(high>>(56-8*i)), byte(low>>(56-8*i))
	}
	return out, len(text) > 0
}

// HashOf is the hash key that decides on a record's shard: the explicit one, unless it is empty, else the MD5 of the partition
// key. It reports false when the explicit one is no number of 128 bits.
func HashOf(partitionKey, explicitHashKey []byte) (Hash, bool) {
	if len(explicitHashKey) == 0 {
		return md5.Sum(partitionKey), true
	}
	return ParseHash(explicitHashKey)
}

// Range is the hash keys of a shard, both ends included.
type Range struct{ From, To Hash }

// Contains reports whether a hash key is the shard's.
func (r *Range) Contains(h Hash) bool {
	return bytes.Compare(r.From[:], h[:]) <= 0 && bytes.Compare(h[:], r.To[:]) <= 0
}
