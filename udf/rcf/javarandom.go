package rcf

// javaRandom is java.util.Random: a linear congruential generator of 48 bits. The value is the whole state.
// Source: the specification in the Java API documentation of java.util.Random.
type javaRandom uint64

const (
	javaRandomMultiplier = 0x5DEECE66D
	javaRandomIncrement  = 0xB
	javaRandomMask       = 1<<48 - 1
)

func newJavaRandom(seed int64) javaRandom {
	return javaRandom((uint64(seed) ^ javaRandomMultiplier) & javaRandomMask)
}

// next returns the upper bits (at most 32) of the next state, as a signed number like Java's int.
func (r *javaRandom) next(bits uint) int32 {
	*r = (*r*javaRandomMultiplier + javaRandomIncrement) & javaRandomMask
	return int32(*r >> (48 - bits))
}

// nextLong adds the second half as a signed number, so the upper half is one smaller whenever the lower is negative.
func (r *javaRandom) nextLong() int64 {
	high := int64(r.next(32)) << 32
	return high + int64(r.next(32))
}

// nextDouble returns a number in [0, 1) with 53 random bits.
func (r *javaRandom) nextDouble() float64 {
	high := int64(r.next(26)) << 27
	return float64(high+int64(r.next(27))) * 0x1p-53
}
