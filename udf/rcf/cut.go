package rcf

import "math"

// cut divides space: a point goes left when point[dim] <= value.
type cut struct {
	dim   int32
	value float32
}

func (c cut) goesLeft(x []float32) bool { return x[c.dim] <= c.value }

// separates tells whether the cut has the point on one side and the whole box on the other.
func (c cut) separates(x, lo, hi []float32) bool {
	if c.goesLeft(x) {
		return c.value < lo[c.dim]
	}
	return c.value >= hi[c.dim]
}

// randomCut maps factor, uniform in [0, 1), to a cut of the box [lo, hi] extended by x: a dimension is hit in
// proportion to its length, then every position within it is equally likely. The extended box must not be a single
// point.
func randomCut(factor float64, lo, hi, x []float32) cut {
	var total float64
	for i, v := range x {
		total += float64(max(hi[i], v) - min(lo[i], v))
	}
	rest := float64(factor * total)
	for i, v := range x {
		low, high := min(lo[i], v), max(hi[i], v)
		gap := float64(high - low)
		if rest <= gap && gap > 0 {
			value := float32(float64(low) + rest)
			if value >= high {
				value = justBelow(high)
			}
			return cut{int32(i), value}
		}
		rest -= gap
	}
	return cutAtEdge(factor, lo, hi, x)
}

// randomCut1 is randomCut in one dimension: of [lo, hi], which is extended already.
func randomCut1(factor float64, lo, hi float32) float32 {
	gap := float64(hi - lo)
	rest := float64(factor * gap)
	if !(rest <= gap && gap > 0) {
		return justBelow(hi) // the length is beyond float32, as in cutAtEdge
	}
	value := float32(float64(lo) + rest)
	if value >= hi {
		return justBelow(hi)
	}
	return value
}

// cutAtEdge serves the rare case that rounding carried rest past the last dimension: the reference then lets a
// generator seeded from the factor choose between the first and the last dimension that has any length.
func cutAtEdge(factor float64, lo, hi, x []float32) cut {
	r := newJavaRandom(javaLong(float64(factor * math.MaxInt64 / 2)))
	forward := r.nextDouble() < 0.5
	chosen := cut{-1, 0}
	for i, v := range x {
		if low, high := min(lo[i], v), max(hi[i], v); high > low {
			chosen = cut{int32(i), justBelow(high)}
			if forward {
				break
			}
		}
	}
	return chosen
}

// javaLong is Java's (long) of a double: NaN becomes 0, anything outside the range the nearest bound.
func javaLong(x float64) int64 {
	switch {
	case x != x:
		return 0
	case x >= math.MaxInt64:
		return math.MaxInt64
	case x <= math.MinInt64:
		return math.MinInt64
	}
	return int64(x)
}

func justBelow(x float32) float32 { return math.Nextafter32(x, float32(math.Inf(-1))) }
