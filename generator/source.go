package generator

import (
	"math/bits"
	"time"
)

// Source is what a template draws on while it renders: random numbers and the time. The random numbers follow from the
// seed alone (SplitMix64), on every platform and in every version, so that a seed in a test or a bug report keeps its
// meaning. A Source belongs to one goroutine.
type Source struct {
	// Now is what {{date.now}} prints, in its own location.
	Now time.Time

	state uint64
}

// NewSource returns a source for the given seed and time.
func NewSource(seed int64, now time.Time) *Source {
	return &Source{Now: now, state: uint64(seed)}
}

func (s *Source) uint64() uint64 {
	s.state += 0x9E3779B97F4A7C15
	z := s.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// uint64n returns a number in [0, n). Taking the upper half of the product favours some numbers by one part in 2^64/n,
// far below what any amount of records could show.
func (s *Source) uint64n(n uint64) uint64 {
	high, _ := bits.Mul64(s.uint64(), n)
	return high
}

// float64 returns a number in [0, 1).
func (s *Source) float64() float64 { return float64(s.uint64()>>11) * 0x1p-53 }
