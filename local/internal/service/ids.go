package service

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	mrand "math/rand/v2"
	"sync"
	"sync/atomic"
)

// IDs makes the identifiers that AWS would invent. Resource and message identifiers repeat for the same seed and order of
// calls; request identifiers come from a sequence of their own, so that a retried read doesn't shift them.
type IDs struct {
	mu       sync.Mutex
	rng      *mrand.ChaCha8
	requests atomic.Uint64
	salt     uint64
}

// NewIDs returns identifiers for a seed; seed 0 means unpredictable ones.
func NewIDs(seed int64) *IDs {
	var key [32]byte
	if seed == 0 {
		rand.Read(key[:]) // never fails (documented)
	} else {
		binary.LittleEndian.PutUint64(key[:], uint64(seed))
	}
	ids := &IDs{rng: mrand.NewChaCha8(key)}
	ids.salt = ids.rng.Uint64()
	return ids
}

// New returns a random UUID (version 4) in its text form.
func (ids *IDs) New() string {
	var b [16]byte
	ids.mu.Lock()
	ids.rng.Read(b[:])
	ids.mu.Unlock()
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return uuidText(b)
}

// Number returns a random 64-bit number.
func (ids *IDs) Number() uint64 {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	return ids.rng.Uint64()
}

// Request returns the identifier of one request, in UUID form.
func (ids *IDs) Request() string {
	var b [16]byte
	n := ids.requests.Add(1)
	binary.BigEndian.PutUint64(b[:8], mix(n^ids.salt))
	binary.BigEndian.PutUint64(b[8:], mix(n+ids.salt))
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return uuidText(b)
}

// mix is the finalizer of SplitMix64: neighbouring inputs give unrelated outputs.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func uuidText(b [16]byte) string {
	var t [36]byte
	hex.Encode(t[0:8], b[0:4])
	t[8] = '-'
	hex.Encode(t[9:13], b[4:6])
	t[13] = '-'
	hex.Encode(t[14:18], b[6:8])
	t[18] = '-'
	hex.Encode(t[19:23], b[8:10])
	t[23] = '-'
	hex.Encode(t[24:36], b[10:16])
	return string(t[:])
}
