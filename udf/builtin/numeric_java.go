package builtin

import "math"

// Where Go's functions and Java's round differently in a way that shows (LOG10 of a power of ten, the arc cosine of a
// half), the method of Java's library, fdlibm, is used instead. The others agree but for the last digit now and then,
// since neither library rounds correctly everywhere.

// log10 is exact for powers of ten.
func log10(x float64) float64 {
	if x <= 0 || x-x != 0 {
		return math.Log10(x)
	}
	// x = f * 2^k; the logarithm of 2^k is added in two parts, exact for the larger.
	const (
		high = 3.01029995663611771306e-01
		low  = 3.69423907715893078616e-13
	)
	f, k := math.Frexp(x)
	f, k = f*2, k-1
	if k < 0 {
		f, k = f/2, k+1
	}
	return low*float64(k) + math.Log(f)*(1/math.Ln10) + high*float64(k)
}

// acos keeps the low part of π/2, which math.Acos loses.
func acos(x float64) float64 {
	const low = 6.123233995736766e-17
	switch {
	case x > -0.5 && x <= 0.5:
		return math.Pi/2 - (math.Asin(x) - low)
	case x > 0.5:
		return 2 * math.Asin(math.Sqrt((1-x)/2))
	}
	return math.Acos(x)
}
