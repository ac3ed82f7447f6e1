package rcf

import (
	"math"
	"testing"
)

// The recordings never reach the edge: rounding has to carry the draw past the last dimension. The expected draws are
// those of java.util.Random, seeded as the reference does: 0.73 for factor 0.25, 0.24 for the largest factor below 1.
func TestCutAtEdgeTakesFirstOrLastLongDimension(t *testing.T) {
	lo, hi := []float32{0, 0, 0, 5}, []float32{0, 1, 2, 5}
	x := []float32{0, 0.5, 3, 5}
	if got, want := cutAtEdge(0.25, lo, hi, x), (cut{2, math.Nextafter32(3, 0)}); got != want {
		t.Errorf("last: %v, want %v", got, want)
	}
	if got, want := cutAtEdge(1-0x1p-53, lo, hi, x), (cut{1, math.Nextafter32(1, 0)}); got != want {
		t.Errorf("first: %v, want %v", got, want)
	}
}

func TestRandomCutLiesInsideTheBox(t *testing.T) {
	random := newJavaRandom(5)
	lo, hi := []float32{-1, 2, 7}, []float32{1, 2, 7.0000005}
	x := []float32{0, 2, 8}
	count := [3]int{}
	for range 10_000 {
		c := randomCut(random.nextDouble(), lo, hi, x)
		low, high := min(lo[c.dim], x[c.dim]), max(hi[c.dim], x[c.dim])
		if !(c.value >= low && c.value < high) {
			t.Fatalf("cut %v outside [%v, %v)", c, low, high)
		}
		count[c.dim]++
	}
	// Lengths 2, 0 and 1: two thirds of the cuts fall on the first dimension, none on the second.
	if count[1] != 0 || count[0] < 6400 || count[0] > 6930 {
		t.Errorf("cuts per dimension %v", count)
	}
}

func TestJavaLong(t *testing.T) {
	for x, want := range map[float64]int64{
		1.9: 1, -1.9: -1, 1e30: math.MaxInt64, -1e30: math.MinInt64, math.Inf(1): math.MaxInt64, 0x1p63: math.MaxInt64,
	} {
		if got := javaLong(x); got != want {
			t.Errorf("(long) %v = %d, want %d", x, got, want)
		}
	}
	if got := javaLong(math.NaN()); got != 0 {
		t.Errorf("(long) NaN = %d", got)
	}
}
