package number

import (
	"math/big"
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// MaxPrecision is the most digits that a decimal may have.
const MaxPrecision = 38

var powers = func() (p [MaxPrecision + 1]magnitude) {
	p[0] = magnitude{lo: 1}
	for i := 1; i <= MaxPrecision; i++ {
		p[i], _ = p[i-1].times(10)
	}
	return p
}()

var pow64 = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// magnitude is an unsigned 128-bit integer.
type magnitude struct{ hi, lo uint64 }

func abs(x decimal128.Num) (m magnitude, negative bool) {
	m = magnitude{uint64(x.HighBits()), x.LowBits()}
	if x.HighBits() < 0 {
		return m.negate(), true
	}
	return m, false
}

func (m magnitude) negate() magnitude {
	lo, carry := bits.Add64(^m.lo, 1, 0)
	return magnitude{^m.hi + carry, lo}
}

func (m magnitude) signed(negative bool) decimal128.Num {
	if negative {
		m = m.negate()
	}
	return decimal128.New(int64(m.hi), m.lo)
}

func (m magnitude) less(n magnitude) bool { return m.hi < n.hi || m.hi == n.hi && m.lo < n.lo }

func (m magnitude) isZero() bool { return m.hi|m.lo == 0 }

func (m magnitude) plus(n uint64) magnitude {
	lo, carry := bits.Add64(m.lo, n, 0)
	return magnitude{m.hi + carry, lo}
}

func (m magnitude) times(f uint64) (product magnitude, ok bool) {
	carry, lo := bits.Mul64(m.lo, f)
	over, hi := bits.Mul64(m.hi, f)
	hi, c := bits.Add64(hi, carry, 0)
	return magnitude{hi, lo}, over == 0 && c == 0
}

func (m magnitude) divide(d uint64) (quotient magnitude, remainder uint64) {
	quotient.hi, remainder = m.hi/d, m.hi%d
	quotient.lo, remainder = bits.Div64(remainder, m.lo, d)
	return quotient, remainder
}

// shift multiplies by ten to the n; false when that takes more than 128 bits.
func (m magnitude) shift(n int) (magnitude, bool) {
	ok := true
	for ; n > 0 && ok; n -= 19 {
		m, ok = m.times(pow64[min(n, 19)])
	}
	return m, ok
}

// round divides by ten to the n, rounding half up.
func (m magnitude) round(n int) magnitude {
	if n <= 0 {
		return m
	}
	// Only the first digit that falls away decides.
	digit := uint64(0)
	if n < 20 {
		d := pow64[n]
		m, r := m.divide(d)
		if r >= d-r {
			return m.plus(1)
		}
		return m
	}
	m = m.cut(n - 1)
	m, digit = m.divide(10)
	if digit >= 5 {
		return m.plus(1)
	}
	return m
}

// cut divides by ten to the n and drops the remainder.
func (m magnitude) cut(n int) magnitude {
	for ; n > 0 && !m.isZero(); n -= 19 {
		m, _ = m.divide(pow64[min(n, 19)])
	}
	return m
}

// Fits reports whether x has at most precision digits.
func Fits(x decimal128.Num, precision int) bool {
	m, _ := abs(x)
	return m.less(powers[min(precision, MaxPrecision)])
}

// Rescale brings x from scale from to scale to, rounding half up; false when it then has more than precision digits.
func Rescale(x decimal128.Num, from, precision, to int) (decimal128.Num, bool) {
	m, negative := abs(x)
	if to < from {
		m = m.round(from - to)
	} else if to > from {
		var ok bool
		if m, ok = m.shift(to - from); !ok {
			return decimal128.Num{}, false
		}
	}
	if !m.less(powers[precision]) {
		return decimal128.Num{}, false
	}
	return m.signed(negative), true
}

// Add returns a + b as DECIMAL(precision, scale); false when it doesn't fit.
func Add(a decimal128.Num, aScale int, b decimal128.Num, bScale, precision, scale int) (decimal128.Num, bool) {
	x, y, common, ok := align(a, aScale, b, bScale)
	if !ok {
		return round(new(big.Int).Add(alignBig(a, aScale, b, bScale)), max(aScale, bScale), precision, scale)
	}
	// Two aligned values lie within ±2^127, so their sum may wrap; the signs tell.
	sum := x.Add(y)
	if x.Sign() == y.Sign() && sum.Sign() != 0 && sum.Sign() != x.Sign() {
		return round(new(big.Int).Add(x.BigInt(), y.BigInt()), common, precision, scale)
	}
	return Rescale(sum, common, precision, scale)
}

// Subtract returns a - b as DECIMAL(precision, scale); false when it doesn't fit.
func Subtract(a decimal128.Num, aScale int, b decimal128.Num, bScale, precision, scale int) (decimal128.Num, bool) {
	return Add(a, aScale, b.Negate(), bScale, precision, scale)
}

// Multiply returns a * b as DECIMAL(precision, scale); false when it doesn't fit.
func Multiply(a decimal128.Num, aScale int, b decimal128.Num, bScale, precision, scale int) (decimal128.Num, bool) {
	x, xNegative := abs(a)
	y, yNegative := abs(b)
	if x.hi|y.hi != 0 {
		if x.hi != 0 {
			x, y = y, x
		}
		product, ok := y.times(x.lo)
		if x.hi != 0 || !ok || product.hi>>63 != 0 {
			return round(new(big.Int).Mul(a.BigInt(), b.BigInt()), aScale+bScale, precision, scale)
		}
		return Rescale(product.signed(xNegative != yNegative), aScale+bScale, precision, scale)
	}
	hi, lo := bits.Mul64(x.lo, y.lo)
	if hi>>63 != 0 {
		return round(new(big.Int).Mul(a.BigInt(), b.BigInt()), aScale+bScale, precision, scale)
	}
	return Rescale(magnitude{hi, lo}.signed(xNegative != yNegative), aScale+bScale, precision, scale)
}

// divisionDigits is to how many significant digits Flink's quotient is rounded before it takes the result's scale.
const divisionDigits = 38

// Divide returns a / b as DECIMAL(precision, scale); false when it doesn't fit. b must not be zero. As in Flink, the
// quotient is rounded to 38 significant digits first.
func Divide(a decimal128.Num, aScale int, b decimal128.Num, bScale, precision, scale int) (decimal128.Num, bool) {
	x, xNegative := abs(a)
	y, yNegative := abs(b)
	shift := scale - aScale + bScale
	// With a divisor and a quotient below 10^18 the first rounding can't change the second.
	if y.hi == 0 && y.lo < pow64[18] && shift >= 0 {
		if numerator, ok := x.shift(shift); ok {
			q, r := numerator.divide(y.lo)
			if q.hi == 0 && q.lo < pow64[18] {
				if r >= y.lo-r {
					q.lo++
				}
				return q.signed(xNegative != yNegative), q.less(powers[precision])
			}
		}
	}
	return divideBig(a, aScale, b, bScale, precision, scale)
}

func divideBig(a decimal128.Num, aScale int, b decimal128.Num, bScale, precision, scale int) (decimal128.Num, bool) {
	x, y := a.BigInt(), b.BigInt()
	if x.Sign() == 0 {
		return decimal128.Num{}, true
	}
	// Enough digits that the quotient has 38 significant ones and at least one to round by.
	digits := divisionDigits + 2 + len(y.Text(10)) - len(x.Text(10))
	digits = max(digits, 0)
	numerator := new(big.Int).Mul(x, bigPower(digits))
	q, r := new(big.Int).QuoRem(numerator, y, new(big.Int))
	if r.Sign() != 0 {
		// A sticky digit keeps an inexact quotient from looking like a half.
		q.Mul(q, big.NewInt(10))
		if x.Sign() == y.Sign() {
			q.Add(q, big.NewInt(1))
		} else {
			q.Sub(q, big.NewInt(1))
		}
		digits++
	}
	qScale := aScale - bScale + digits
	if extra := bigDigits(q) - divisionDigits; extra > 0 {
		q = roundBig(q, extra)
		qScale -= extra
	}
	return round(q, qScale, precision, scale)
}

// Modulo returns the remainder of a / b, with the sign of a, as DECIMAL(precision, scale); false when it doesn't fit. b
// must not be zero.
func Modulo(a decimal128.Num, aScale int, b decimal128.Num, bScale, precision, scale int) (decimal128.Num, bool) {
	x, y, common, ok := align(a, aScale, b, bScale)
	if !ok {
		p, q := alignBig(a, aScale, b, bScale)
		return round(p.Rem(p, q), max(aScale, bScale), precision, scale)
	}
	p, negative := abs(x)
	q, _ := abs(y)
	if q.hi == 0 {
		_, r := p.divide(q.lo)
		return Rescale(magnitude{lo: r}.signed(negative), common, precision, scale)
	}
	_, r := x.Div(y)
	return Rescale(r, common, precision, scale)
}

// Compare returns -1, 0 or 1 as a is less than, equal to or greater than b.
func Compare(a decimal128.Num, aScale int, b decimal128.Num, bScale int) int {
	if aScale == bScale {
		return a.Cmp(b)
	}
	x, y, _, ok := align(a, aScale, b, bScale)
	if !ok {
		p, q := alignBig(a, aScale, b, bScale)
		return p.Cmp(q)
	}
	return x.Cmp(y)
}

// Floor returns the largest whole number not above x as an unscaled integer of scale 0.
func Floor(x decimal128.Num, scale int) decimal128.Num {
	m, negative := abs(x)
	whole := m.cut(scale)
	if back, _ := whole.shift(scale); negative && back != m {
		whole = whole.plus(1)
	}
	return whole.signed(negative)
}

// Ceil returns the smallest whole number not below x as an unscaled integer of scale 0.
func Ceil(x decimal128.Num, scale int) decimal128.Num { return Floor(x.Negate(), scale).Negate() }

// Truncate returns x with the digits behind scale to cut off, at scale to; false when it has more than precision digits.
func Truncate(x decimal128.Num, from, precision, to int) (decimal128.Num, bool) {
	if to >= from {
		return Rescale(x, from, precision, to)
	}
	m, negative := abs(x)
	m = m.cut(from - to)
	return m.signed(negative), m.less(powers[precision])
}

// Int64 returns the whole part of x, cut to its low 64 bits when it is larger, as BigDecimal.longValue does.
func Int64(x decimal128.Num, scale int) int64 {
	if scale == 0 {
		return int64(x.LowBits())
	}
	m, negative := abs(x)
	return int64(m.cut(scale).signed(negative).LowBits())
}

// FromInt64 returns n as DECIMAL(precision, scale); false when it doesn't fit.
func FromInt64(n int64, precision, scale int) (decimal128.Num, bool) {
	return Rescale(decimal128.FromI64(n), 0, precision, scale)
}

// align brings two decimals to the larger of their scales; false when that takes more than 127 bits.
func align(a decimal128.Num, aScale int, b decimal128.Num, bScale int) (x, y decimal128.Num, scale int, ok bool) {
	switch {
	case aScale == bScale:
		return a, b, aScale, true
	case aScale < bScale:
		x, ok = shifted(a, bScale-aScale)
		return x, b, bScale, ok
	}
	y, ok = shifted(b, aScale-bScale)
	return a, y, aScale, ok
}

func shifted(x decimal128.Num, n int) (decimal128.Num, bool) {
	m, negative := abs(x)
	m, ok := m.shift(n)
	return m.signed(negative), ok && m.hi>>63 == 0
}

func alignBig(a decimal128.Num, aScale int, b decimal128.Num, bScale int) (x, y *big.Int) {
	x, y = a.BigInt(), b.BigInt()
	if aScale < bScale {
		x.Mul(x, bigPower(bScale-aScale))
	} else {
		y.Mul(y, bigPower(aScale-bScale))
	}
	return x, y
}

// round brings an unscaled integer of any size from scale from to DECIMAL(precision, scale).
func round(x *big.Int, from, precision, scale int) (decimal128.Num, bool) {
	if from > scale {
		x = roundBig(x, from-scale)
	} else if from < scale {
		x = new(big.Int).Mul(x, bigPower(scale-from))
	}
	if x.BitLen() > 127 {
		return decimal128.Num{}, false
	}
	n := decimal128.FromBigInt(x)
	return n, Fits(n, precision)
}

// roundBig divides by ten to the n, rounding half away from zero.
func roundBig(x *big.Int, n int) *big.Int {
	d := bigPower(n)
	q, r := new(big.Int).QuoRem(x, d, new(big.Int))
	if r.Abs(r).Lsh(r, 1).Cmp(d) >= 0 {
		q.Add(q, big.NewInt(int64(x.Sign())))
	}
	return q
}

func bigPower(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func bigDigits(x *big.Int) int { return len(new(big.Int).Abs(x).Text(10)) }
