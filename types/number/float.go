package number

import (
	"math"
	"strconv"
)

// AppendFloat64 appends f in the form of Java's Double.toString: 1.0, 0.001, 1.0E7, 9.0E-4, -0.0, NaN, Infinity. The
// digits are the shortest that read back as f, as from JDK 19 on; older JDKs print more for a few values (2.0E23 as
// 1.9999999999999998E23).
func AppendFloat64(dst []byte, f float64) []byte { return appendFloat(dst, f, 64) }

// AppendFloat32 is AppendFloat64 for a FLOAT: Java's Float.toString.
func AppendFloat32(dst []byte, f float32) []byte { return appendFloat(dst, float64(f), 32) }

func appendFloat(dst []byte, f float64, bits int) []byte {
	abs := math.Abs(f)
	switch {
	case f != f:
		return append(dst, "NaN"...)
	case abs > math.MaxFloat64:
		if f < 0 {
			dst = append(dst, '-')
		}
		return append(dst, "Infinity"...)
	case abs >= 1e-3 && abs < 1e7 || f == 0:
		at := len(dst)
		dst = strconv.AppendFloat(dst, f, 'f', -1, bits)
		for _, c := range dst[at:] {
			if c == '.' {
				return dst
			}
		}
		return append(dst, '.', '0')
	}
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'e', -1, bits)
	mantissa, exponent := splitExponent(text)
	if len(mantissa) < 3 && (abs < 1e-300 || bits == 32 && abs < 1e-40) {
		// Java prints two digits at least, and where one would do it picks the nearest two: 4.9E-324.
		text = strconv.AppendFloat(buf[:0], f, 'e', 1, bits)
		mantissa, exponent = splitExponent(text)
	}
	dst = append(dst, mantissa...)
	if mantissa[len(mantissa)-1] != '.' && !hasPoint(mantissa) {
		dst = append(dst, '.', '0')
	}
	dst = append(dst, 'E')
	return strconv.AppendInt(dst, int64(exponent), 10)
}

func hasPoint(s []byte) bool {
	for _, c := range s {
		if c == '.' {
			return true
		}
	}
	return false
}

// splitExponent takes d.ddde±xx apart.
func splitExponent(text []byte) (mantissa []byte, exponent int) {
	for i, c := range text {
		if c != 'e' {
			continue
		}
		for _, d := range text[i+2:] {
			exponent = exponent*10 + int(d-'0')
		}
		if text[i+1] == '-' {
			exponent = -exponent
		}
		return text[:i], exponent
	}
	return text, 0
}

// ParseFloat reads a FLOAT (bits 32) or DOUBLE (64) as Java's parseDouble does: blanks around it, an optional sign,
// NaN, Infinity, digits with a point and an exponent, or a hexadecimal number with its binary exponent; a final f, F, d
// or D is ignored. What is too large is infinite, what is too small is zero.
func ParseFloat(s string, bits int) (f float64, ok bool) {
	for s != "" && s[0] <= ' ' {
		s = s[1:]
	}
	for s != "" && s[len(s)-1] <= ' ' {
		s = s[:len(s)-1]
	}
	unsigned, negative := s, false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		unsigned, negative = s[1:], s[0] == '-'
	}
	switch unsigned {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		if negative {
			return math.Inf(-1), true
		}
		return math.Inf(1), true
	case "":
		return 0, false
	}
	hex := len(unsigned) > 2 && unsigned[0] == '0' && unsigned[1]|0x20 == 'x'
	exponent := false
	for i := range len(unsigned) {
		switch c := unsigned[i]; {
		case '0' <= c && c <= '9', c == '.':
		case !exponent && (!hex && c|0x20 == 'e' || hex && c|0x20 == 'p'):
			exponent = true
		case exponent && (c == '-' || c == '+'):
		case hex && !exponent && (i == 1 || 'a' <= c|0x20 && c|0x20 <= 'f'):
		case i == len(unsigned)-1 && (c|0x20 == 'f' || c|0x20 == 'd') && i > 0 && (!hex || exponent):
			s = s[:len(s)-1]
		default:
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, bits)
	if err != nil && !isRange(err) {
		return 0, false
	}
	return f, true
}

func isRange(err error) bool {
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}

// ToInt32 converts as Java's (int): towards zero, NaN as 0, what is too large or small to the nearest end.
func ToInt32(f float64) int32 {
	switch {
	case f >= math.MaxInt32:
		return math.MaxInt32
	case f <= math.MinInt32:
		return math.MinInt32
	case f != f:
		return 0
	}
	return int32(f)
}

// ToInt64 converts as Java's (long); see ToInt32.
func ToInt64(f float64) int64 {
	switch {
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	case f != f:
		return 0
	}
	return int64(f)
}
