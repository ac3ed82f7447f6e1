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

// Two, three and four steps of the generator at once.
const (
	javaRandomMultiplier2 = javaRandomMultiplier * javaRandomMultiplier & javaRandomMask
	javaRandomIncrement2  = (javaRandomIncrement*javaRandomMultiplier + javaRandomIncrement) & javaRandomMask
	javaRandomMultiplier3 = javaRandomMultiplier2 * javaRandomMultiplier & javaRandomMask
	javaRandomIncrement3  = (javaRandomIncrement2*javaRandomMultiplier + javaRandomIncrement) & javaRandomMask
	javaRandomMultiplier4 = javaRandomMultiplier3 * javaRandomMultiplier & javaRandomMask
	javaRandomIncrement4  = (javaRandomIncrement3*javaRandomMultiplier + javaRandomIncrement) & javaRandomMask
)

// longAndDouble returns what nextLong and then nextDouble of a new generator with the seed give. The steps don't wait
// for each other.
func longAndDouble(seed int64) (int64, float64) {
	s := (uint64(seed) ^ javaRandomMultiplier) & javaRandomMask
	s1 := s*javaRandomMultiplier + javaRandomIncrement
	s2 := s*javaRandomMultiplier2 + javaRandomIncrement2
	s3 := s*javaRandomMultiplier3 + javaRandomIncrement3
	s4 := s*javaRandomMultiplier4 + javaRandomIncrement4
	long := int64(int32(s1>>16))<<32 + int64(int32(s2>>16))
	double := s3&javaRandomMask>>22<<27 + s4&javaRandomMask>>21
	return long, float64(int64(double)) * 0x1p-53
}
