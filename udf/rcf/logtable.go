package rcf

import (
	"math"
	"math/bits"
	"sync"
)

// logTable holds the natural logarithms of 1, 2, 3, … at index 1, 2, 3, …, each correctly rounded. It is a constant
// of mathematics that is extended on demand: one copy serves every forest, and a slice handed out never changes.
var logTable struct {
	sync.Mutex
	values []float64
	last   fixed120 // ln of the last entry, to go on from
}

// logarithms returns a table t with t[k] = ln(k) for 1 ≤ k ≤ n; t[0] is unused. The caller must not write to it.
// Safe for concurrent use.
func logarithms(n int) []float64 {
	logTable.Lock()
	defer logTable.Unlock()
	if logTable.values == nil {
		logTable.values = []float64{math.Inf(-1), 0}
	}
	for k := len(logTable.values) - 1; k < n; k++ {
		logTable.last.add(logStep(uint64(k)))
		logTable.values = append(logTable.values, logTable.last.float64())
	}
	return logTable.values[: n+1 : n+1]
}

// fixed120 is a non-negative fixed-point number with 8 bits before and 120 bits after the point. Integer arithmetic
// makes the table the same on every platform. Each entry adds an error below 2^-113, so that the sum over a million
// entries still leaves 40 bits to spare beyond the 53 that are kept.
type fixed120 struct{ hi, lo uint64 }

func (x *fixed120) add(y fixed120) {
	var carry uint64
	x.lo, carry = bits.Add64(x.lo, y.lo, 0)
	x.hi, _ = bits.Add64(x.hi, y.hi, carry)
}

func (x fixed120) div(d uint64) fixed120 {
	hi, rest := x.hi/d, x.hi%d
	lo, _ := bits.Div64(rest, x.lo, d)
	return fixed120{hi, lo}
}

// float64 rounds to the nearest float64, ties to even.
func (x fixed120) float64() float64 {
	shift := uint(bits.LeadingZeros64(x.hi))
	top := x.hi<<shift | x.lo>>(64-shift)
	if x.lo<<shift != 0 {
		top |= 1 // sticky bit: uint64 → float64 drops 11 bits, so bit 0 only breaks false ties
	}
	return math.Ldexp(float64(top), -(56 + int(shift)))
}

// logStep returns ln(k+1) - ln(k) = 2·(z + z³/3 + z⁵/5 + …) with z = 1/(2k+1), for k ≥ 1.
func logStep(k uint64) fixed120 {
	d := 2*k + 1
	power := fixed120{hi: 2 << 56}.div(d)
	var sum fixed120
	for i := uint64(1); power != (fixed120{}); i += 2 {
		sum.add(power.div(i))
		power = power.div(d).div(d)
	}
	return sum
}
