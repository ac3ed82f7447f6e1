package kinesis

import (
	"cmp"
	"crypto/md5"
	"encoding/binary"
	"math/big"
	"math/bits"
)

// hashKey is a point on the ring of 2^128 hash keys, on which every open shard holds a range.
type hashKey struct{ hi, lo uint64 }

var maxHashKey = hashKey{^uint64(0), ^uint64(0)}

func (a hashKey) less(b hashKey) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

// compare is -1, 0 or 1, as for slices.SortFunc.
func (a hashKey) compare(b hashKey) int {
	return cmp.Or(cmp.Compare(a.hi, b.hi), cmp.Compare(a.lo, b.lo))
}

// next is a+1; the successor of the last key is 0.
func (a hashKey) next() hashKey {
	lo, carry := bits.Add64(a.lo, 1, 0)
	return hashKey{a.hi + carry, lo}
}

// prev is a-1; the predecessor of 0 is the last key.
func (a hashKey) prev() hashKey {
	lo, borrow := bits.Sub64(a.lo, 1, 0)
	return hashKey{a.hi - borrow, lo}
}

// hashPartitionKey is AWS's mapping: the MD5 of the key's UTF-8 bytes, read as a big-endian number.
func hashPartitionKey(key []byte) hashKey {
	sum := md5.Sum(key)
	return hashKey{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:])}
}

// parseHashKey reads a decimal number as the shape HashKey allows it (no sign, no leading zero, at most 39 digits); ok is
// false for anything else and for numbers from 2^128 on.
func parseHashKey(s []byte) (k hashKey, ok bool) {
	if len(s) == 0 || len(s) > 39 || s[0] == '0' && len(s) > 1 {
		return k, false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return k, false
		}
		// k = 10k + digit, with the overflow of each step checked.
		over, hi := bits.Mul64(k.hi, 10)
		mid, lo := bits.Mul64(k.lo, 10)
		lo, carry := bits.Add64(lo, uint64(c-'0'), 0)
		hi, carry = bits.Add64(hi, mid, carry)
		if over != 0 || carry != 0 {
			return k, false
		}
		k = hashKey{hi, lo}
	}
	return k, true
}

func (a hashKey) bigInt() *big.Int {
	n := new(big.Int).SetUint64(a.hi)
	return n.Add(n.Lsh(n, 64), new(big.Int).SetUint64(a.lo))
}

// String is the decimal form that the API speaks.
func (a hashKey) String() string { return a.bigInt().String() }

// MarshalText and UnmarshalText store hash keys in the stream's metadata in that same form.
func (a hashKey) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

func (a *hashKey) UnmarshalText(b []byte) error {
	k, ok := parseHashKey(b)
	if !ok {
		return errCorrupt("hash key %q", b)
	}
	*a = k
	return nil
}

// splitRing divides the ring into n ranges of floor(2^128/n) keys, the last one taking the rest, as AWS does; start[i] is
// the first key of range i.
func splitRing(n int) []hashKey {
	size := new(big.Int).Lsh(big.NewInt(1), 128)
	size.Div(size, big.NewInt(int64(n)))
	starts := make([]hashKey, n)
	at, low := new(big.Int), new(big.Int)
	mask := new(big.Int).SetUint64(^uint64(0))
	for i := range starts {
		starts[i] = hashKey{low.Rsh(at, 64).Uint64(), low.And(at, mask).Uint64()}
		at.Add(at, size)
	}
	return starts
}
