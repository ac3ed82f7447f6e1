package rcf

import (
	"math"
	"math/big"
	"math/bits"
)

// appendJavaFloat appends v the way Float.toString of JDK 18 and earlier prints it, which is what the lab's function
// measures. Shape: "500.0" for 1e-3 ≤ |v| < 1e7, otherwise "1.234E10"; "NaN", "Infinity", "0.0" and their negatives.
//
// Those JDKs don't always find the shortest digits, so strconv would not do (4.5e11 prints as
// "4.49999995E11"; JDK 19 mended that). Their digits come about in two ways:
//
//   - An integer below 2^63 is written out exactly. Decimal places that lie wholly under the float's 24 bits are
//     rounded away first (half up), then trailing zeros dropped.
//   - Anything else generates digits from the top until the rest lies within half a unit in the last place, and rounds
//     the last digit. In the E form at least two digits are generated before the rest is looked at.
//
// Compared with OpenJDK 17: every float from 1 to 1e7, every 13th above, every 101st below; testdata keeps a sample.
func appendJavaFloat(dst []byte, v float32) []byte {
	if v != v {
		return append(dst, "NaN"...)
	}
	if math.Signbit(float64(v)) {
		dst = append(dst, '-')
		v = -v
	}
	switch {
	case v == 0:
		return append(dst, "0.0"...)
	case v > math.MaxFloat32:
		return append(dst, "Infinity"...)
	}
	var buf [20]byte
	var digits []byte
	var point int // the value is 0.digits × 10^point
	f := decompose(v)
	if f.exponent <= 62 && f.exponent >= f.width-1 {
		digits, point = integerDigits(buf[:0], f)
	} else {
		digits, point = fractionDigits(buf[:0], f)
	}
	return layOut(dst, digits, point)
}

// binaryFloat is a positive float taken apart: fraction has its highest bit at 2^exponent and no trailing zeros.
type binaryFloat struct {
	fraction uint64
	width    int // bits of fraction
	exponent int
	bits     int // significant bits of the format at this exponent: 24, fewer for subnormals
}

func decompose(v float32) binaryFloat {
	raw := math.Float32bits(v)
	fraction, biased := raw&(1<<23-1), int(raw>>23)
	f := binaryFloat{exponent: biased - 127, bits: 24}
	if biased == 0 {
		f.bits = bits.Len32(fraction)
		f.exponent = f.bits - 150 // the last bit stands for 2^-149
	} else {
		fraction |= 1 << 23
	}
	fraction >>= bits.TrailingZeros32(fraction)
	f.fraction, f.width = uint64(fraction), bits.Len32(fraction)
	return f
}

// integerDigits writes an integer below 2^63.
func integerDigits(dst []byte, f binaryFloat) (digits []byte, point int) {
	n := f.fraction << (f.exponent - (f.width - 1))
	dropped := 0
	if spare := f.exponent - f.bits - 1; spare > 1 {
		// 10^dropped is the largest power of ten not above 2^spare. 0.30103 is log10(2); spare is at most 37.
		dropped = spare * 30103 / 100000
		unit := uint64(1)
		for range dropped {
			unit *= 10
		}
		n = (n + unit/2) / unit
	}
	for n%10 == 0 {
		n /= 10
		dropped++
	}
	digits = appendUint(dst, n)
	return digits, len(digits) + dropped
}

func appendUint(dst []byte, n uint64) []byte {
	start := len(dst)
	for ; n != 0; n /= 10 {
		dst = append(dst, byte('0'+n%10))
	}
	for i, j := start, len(dst)-1; i < j; i, j = i+1, j-1 {
		dst[i], dst[j] = dst[j], dst[i]
	}
	return dst
}

// fractionDigits generates digits with exact arithmetic: value = b/s, half a unit in the last place = m/s, where
// b, s and m are products of powers of two and five. A digit is the integer part of b/s; then b and m grow tenfold.
func fractionDigits(dst []byte, f binaryFloat) (digits []byte, point int) {
	decimal := estimateDecimalExponent(f)
	tiny := max(0, f.width-f.exponent-1) // binary places after the point
	b5, s5 := max(0, -decimal), max(0, decimal)
	b2 := b5 + tiny + f.exponent
	s2 := s5 + tiny
	m2 := b2 - f.bits
	b2 -= f.width - 1
	common := min(b2, s2)
	b2, s2, m2 = b2-common, s2-common, m2-common
	if f.width == 1 {
		m2-- // below a power of two the next float is half as far away
	}
	if m2 < 0 {
		b2, s2, m2 = b2-m2, s2-m2, 0
	}
	// Which word holds the numbers decides how the JDK treats ties and overflow, so its own estimates of their widths
	// are kept.
	widthB, widthTens := f.width+b2+widthOfPowerOf5(b5), s2+1+widthOfPowerOf5(s5+1)
	eform := decimal < -3 || decimal >= 8
	var low, high bool
	var remainder int // of the digits so far, against half a unit of the last one: -1, 0, 1
	switch {
	case widthB < 32 && widthTens < 32:
		b, s, m := f.fraction*pow5(b5)<<b2, pow5(s5)<<s2, pow5(b5)<<m2
		digits, low, high, remainder = generate(dst, int32(b), int32(s), int32(m), eform, &decimal)
	case widthB < 64 && widthTens < 64:
		b, s, m := f.fraction*pow5(b5)<<b2, pow5(s5)<<s2, pow5(b5)<<m2
		digits, low, high, remainder = generate(dst, int64(b), int64(s), int64(m), eform, &decimal)
	default:
		b, s, m := bigPow52(f.fraction, b5, b2), bigPow52(1, s5, s2), bigPow52(1, b5, m2)
		digits, low, high, remainder = generateBig(dst, b, s, m, eform, &decimal)
	}
	last := digits[len(digits)-1]
	if high && (!low || remainder > 0 || remainder == 0 && last&1 != 0) {
		digits, decimal = roundUp(digits, decimal)
	}
	return digits, decimal + 1
}

// generate is digit generation in a machine word. low and high tell whether the digits so far, or those rounded up,
// already identify the float.
func generate[T int32 | int64](dst []byte, b, s, m T, eform bool, decimal *int) (digits []byte, low, high bool, remainder int) {
	tens := 10 * s
	for first := true; ; first = false {
		q := b / s
		b, m = 10*(b%s), 10*m
		low, high = b < m, b+m > tens
		if !first && m <= 0 {
			low, high = true, true // m overflowed: it is above everything it could be compared with
		}
		if first && q == 0 && !high {
			*decimal-- // the estimate was one too high: no leading zero
		} else {
			dst = append(dst, byte('0'+q))
		}
		if first && eform {
			low, high = false, false
		}
		if low || high {
			break
		}
	}
	switch half := 2*b - tens; { // right even when 2*b overflows: the difference fits
	case half > 0:
		remainder = 1
	case half < 0:
		remainder = -1
	}
	return dst, low, high, remainder
}

// generateBig is digit generation for very large and very small numbers. A sum that equals ten counts as high here,
// unlike in generate: the JDK has it so.
func generateBig(dst []byte, b, s, m *big.Int, eform bool, decimal *int) (digits []byte, low, high bool, remainder int) {
	ten := big.NewInt(10)
	tens := new(big.Int).Mul(s, ten)
	q, sum := new(big.Int), new(big.Int)
	for first := true; ; first = false {
		q.QuoRem(b, s, b)
		b.Mul(b, ten)
		m.Mul(m, ten)
		low, high = b.Cmp(m) < 0, sum.Add(b, m).Cmp(tens) >= 0
		if first && q.Sign() == 0 && !high {
			*decimal--
		} else {
			dst = append(dst, byte('0'+q.Uint64()))
		}
		if first && eform {
			low, high = false, false
		}
		if low || high {
			break
		}
	}
	if low && high {
		remainder = b.Lsh(b, 1).Cmp(tens)
	}
	return dst, low, high, remainder
}

// estimateDecimalExponent is the JDK's guess of floor(log10(v)), which is right or one too high.
func estimateDecimalExponent(f binaryFloat) int {
	mantissa := math.Ldexp(float64(f.fraction), 1-f.width) // in [1, 2)
	slope := float64((mantissa - 1.5) * 0.289529654)
	return int(math.Floor(slope + 0.176091259 + float64(float64(f.exponent)*0.301029995663981)))
}

// widthOfPowerOf5 is the JDK's bound on the bits of 5^n.
func widthOfPowerOf5(n int) int {
	if n < 27 {
		return bits.Len64(pow5(n))
	}
	return 3 * n
}

// pow5 returns 5^n; n is at most 27, the last power below 2^63.
func pow5(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 5
	}
	return p
}

// bigPow52 returns n·5^p5·2^p2.
func bigPow52(n uint64, p5, p2 int) *big.Int {
	x := new(big.Int).Exp(big.NewInt(5), big.NewInt(int64(p5)), nil)
	x.Mul(x, new(big.Int).SetUint64(n))
	return x.Lsh(x, uint(p2))
}

// roundUp adds one to the last digit; 99…9 becomes 10…0, one decimal place up.
func roundUp(digits []byte, decimal int) ([]byte, int) {
	i := len(digits) - 1
	for ; i > 0 && digits[i] == '9'; i-- {
		digits[i] = '0'
	}
	if digits[i] == '9' {
		digits[i] = '1'
		return digits, decimal + 1
	}
	digits[i]++
	return digits, decimal
}

// layOut places the decimal point: 0.digits × 10^point, with at least one digit after the point.
func layOut(dst, digits []byte, point int) []byte {
	switch {
	case point > 0 && point < 8:
		for i := range max(point, len(digits)) {
			if i == point {
				dst = append(dst, '.')
			}
			if i < len(digits) {
				dst = append(dst, digits[i])
			} else {
				dst = append(dst, '0')
			}
		}
		if len(digits) <= point {
			dst = append(dst, ".0"...)
		}
		return dst
	case point <= 0 && point > -3:
		dst = append(dst, "0."...)
		for range -point {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(dst, digits[0], '.')
	if len(digits) > 1 {
		dst = append(dst, digits[1:]...)
	} else {
		dst = append(dst, '0')
	}
	dst = append(dst, 'E')
	exponent := point - 1
	if exponent < 0 {
		dst = append(dst, '-')
		exponent = -exponent
	}
	return appendUint(dst, uint64(exponent)) // never 0 in this form
}
