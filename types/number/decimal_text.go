package number

import (
	"math"
	"math/big"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// AppendDecimal appends x in plain notation with all digits of its scale: 12.30, -0.05, 0.00.
func AppendDecimal(dst []byte, x decimal128.Num, scale int) []byte {
	m, negative := abs(x)
	var buf [MaxPrecision + 3]byte
	i := len(buf)
	n := 0
	for ; !m.isZero() || n <= scale; n++ {
		if n == scale && scale > 0 {
			i--
			buf[i] = '.'
		}
		var digit uint64
		if m.hi == 0 {
			digit, m.lo = m.lo%10, m.lo/10
		} else {
			m, digit = m.divide(10)
		}
		i--
		buf[i] = byte('0' + digit)
	}
	if negative {
		i--
		buf[i] = '-'
	}
	return append(dst, buf[i:]...)
}

// ParseDecimal reads a decimal number with optional sign, point and exponent as DECIMAL(precision, scale), rounding
// half up. valid is false when s is no number, fits when it has too many digits before the point. Blanks aren't taken.
func ParseDecimal(s string, precision, scale int) (x decimal128.Num, valid, fits bool) {
	negative := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	var m magnitude
	digits, point, exponent := 0, 0, 0
	seenPoint, seenDigit := false, false
	i := 0
	for ; i < len(s); i++ {
		c := s[i]
		if c == '.' && !seenPoint {
			seenPoint = true
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		seenDigit = true
		if seenPoint {
			point++
		}
		if m.isZero() && c == '0' {
			continue
		}
		digits++
		if digits > MaxPrecision {
			continue
		}
		m, _ = m.times(10)
		m = m.plus(uint64(c - '0'))
	}
	if !seenDigit {
		return x, false, false
	}
	if i < len(s) {
		var ok bool
		if exponent, ok = parseExponent(s[i:]); !ok {
			return x, false, false
		}
	}
	if digits > MaxPrecision {
		return parseLong(s[:i], negative, exponent, precision, scale)
	}
	// The value is m * 10^(exponent - point).
	from := point - exponent
	switch {
	case m.isZero():
		return x, true, true
	case from < scale && digits+scale-from > precision:
		return x, true, false
	case from-scale > digits:
		return x, true, true // less than a half of the last digit
	case from >= scale:
		m = m.round(from - scale)
	default:
		m, _ = m.shift(scale - from)
	}
	return m.signed(negative), true, m.less(powers[precision])
}

// parseLong is ParseDecimal for more than 38 significant digits: a sign-less number whose form has been checked.
func parseLong(s string, negative bool, exponent, precision, scale int) (x decimal128.Num, valid, fits bool) {
	text := make([]byte, 0, len(s)+1)
	if negative {
		text = append(text, '-')
	}
	from := -exponent
	seenPoint := false
	for i := range len(s) {
		if s[i] == '.' {
			seenPoint = true
			continue
		}
		if seenPoint {
			from++
		}
		text = append(text, s[i])
	}
	n, ok := new(big.Int).SetString(string(text), 10)
	if !ok {
		return x, false, false
	}
	if scale-from > MaxPrecision {
		return x, true, false
	}
	if from-scale > len(s) {
		return x, true, true
	}
	x, fits = round(n, from, precision, scale)
	return x, true, fits
}

// parseExponent reads e, an optional sign and digits. What is too large for any decimal stays just that.
func parseExponent(s string) (n int, ok bool) {
	if len(s) < 2 || s[0] != 'e' && s[0] != 'E' {
		return 0, false
	}
	s = s[1:]
	negative := s[0] == '-'
	if negative || s[0] == '+' {
		s = s[1:]
	}
	if s == "" {
		return 0, false
	}
	const huge = 1 << 24
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = min(n*10+int(s[i]-'0'), huge)
	}
	if negative {
		n = -n
	}
	return n, true
}

// FromFloat64 returns f as DECIMAL(precision, scale), rounding its shortest text half up as Flink's cast does; false
// when it doesn't fit. f must be finite.
func FromFloat64(f float64, precision, scale int) (decimal128.Num, bool) {
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'e', -1, 64)
	x, _, fits := ParseDecimal(string(text), precision, scale)
	return x, fits
}

var floatPowers = [...]float64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
	1e21, 1e22,
}

// Float64 returns the double nearest to x. Decimals of a precision up to 18 are divided as Flink divides them: exact up
// to 2^53, else within one unit of the last place.
func Float64(x decimal128.Num, precision, scale int) float64 {
	m, negative := abs(x)
	if precision <= 18 || m.hi == 0 && m.lo < 1<<53 && scale < len(floatPowers) {
		f := float64(m.lo) / floatPowers[scale]
		if negative {
			return -f
		}
		return f
	}
	var buf [MaxPrecision + 3]byte
	f, err := strconv.ParseFloat(string(AppendDecimal(buf[:0], x, scale)), 64)
	if err != nil {
		return math.NaN() // a plain number of at most 39 digits always parses
	}
	return f
}
