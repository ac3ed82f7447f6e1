package scalar

import (
	"math"
	"math/big"
	"strconv"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// Trim cuts blanks and control characters off both ends, as Java's String.trim does.
func Trim(text []byte) []byte {
	for len(text) > 0 && text[0] <= ' ' {
		text = text[1:]
	}
	for len(text) > 0 && text[len(text)-1] <= ' ' {
		text = text[:len(text)-1]
	}
	return text
}

// Int reads a whole number with an optional sign that fits into so many bits.
func Int(text []byte, bits int) (n int64, ok bool) {
	negative := false
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		negative = text[0] == '-'
		text = text[1:]
	}
	if len(text) == 0 {
		return 0, false
	}
	var u uint64
	for _, c := range text {
		if c -= '0'; c > 9 || u > math.MaxUint64/10-1 {
			return 0, false
		}
		u = u*10 + uint64(c)
	}
	limit := uint64(1) << (bits - 1)
	if negative {
		return -int64(u), u <= limit
	}
	return int64(u), u < limit
}

// Float reads a number in decimal notation, NaN or an Infinity, rounded to so many bits (32 or 64). What is too large is
// infinite and what is too small 0, as in Java.
func Float(text []byte, bits int) (f float64, ok bool) {
	s := unsafe.String(unsafe.SliceData(text), len(text))
	switch s {
	case "NaN":
		return math.NaN(), true
	case "Infinity", "+Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	for _, c := range text {
		switch {
		case '0' <= c && c <= '9', c == '.', c == '-', c == '+', c == 'e', c == 'E':
		default: // underscores, hexadecimals, "inf"
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, bits)
	if err != nil && err.(*strconv.NumError).Err != strconv.ErrRange {
		return 0, false
	}
	return f, true
}

var pow10 = [20]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// Decimal reads a number in decimal notation, exactly, into a DECIMAL(precision, scale), rounding half away from zero.
// fits is false when it has too many digits for the type: such a value is NULL in Flink. ok is false when the text isn't
// a number.
func Decimal(text []byte, precision, scale int) (n decimal128.Num, fits, ok bool) {
	negative := false
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		negative = text[0] == '-'
		text = text[1:]
	}
	var mantissa uint64
	var seen, significant, afterPoint int
	point, i := false, 0
	for ; i < len(text); i++ {
		c := text[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if c -= '0'; c > 9 {
			break
		}
		seen++
		if point {
			afterPoint++
		}
		if significant > 0 || c != 0 {
			significant++
			if significant <= 19 {
				mantissa = mantissa*10 + uint64(c)
			}
		}
	}
	if seen == 0 {
		return n, false, false
	}
	digits := text[:i]
	exponent := 0
	if i < len(text) {
		if text[i] != 'e' && text[i] != 'E' {
			return n, false, false
		}
		e, ok := Int(text[i+1:], 32)
		if !ok {
			return n, false, false
		}
		exponent = int(e)
	}
	if significant == 0 {
		return n, true, true
	}
	// The value is mantissa · 10^-shift units of the type's last digit.
	shift := afterPoint - exponent - scale
	switch left := significant - shift; {
	case left > precision:
		return n, false, true
	case left < 0:
		return n, true, true // less than a tenth of a unit
	case significant <= 19 && shift <= 0:
		n = decimal128.New(0, mantissa)
		if shift < 0 {
			n = n.Mul(decimal128.GetScaleMultiplier(-shift))
		}
	case significant <= 19:
		unit := uint64(math.MaxUint64)
		if shift < len(pow10) {
			unit = pow10[shift]
		}
		q, r := mantissa/unit, mantissa%unit
		if r >= unit-r {
			q++
		}
		n = decimal128.New(0, q)
	default:
		n = longDecimal(digits, shift)
	}
	if !n.FitsInPrecision(int32(precision)) { // rounded up to one digit more
		return decimal128.Num{}, false, true
	}
	if negative {
		n = n.Negate()
	}
	return n, true, true
}

// longDecimal is the rare case of more digits than a machine word holds; the result has at most 39.
func longDecimal(digits []byte, shift int) decimal128.Num {
	plain := make([]byte, 0, len(digits))
	for _, c := range digits {
		if c != '.' {
			plain = append(plain, c)
		}
	}
	m, _ := new(big.Int).SetString(string(plain), 10)
	ten := big.NewInt(10)
	if shift <= 0 {
		m.Mul(m, new(big.Int).Exp(ten, big.NewInt(int64(-shift)), nil))
	} else {
		unit := new(big.Int).Exp(ten, big.NewInt(int64(shift)), nil)
		rest := new(big.Int)
		m.QuoRem(m, unit, rest)
		if rest.Lsh(rest, 1).Cmp(unit) >= 0 {
			m.Add(m, big.NewInt(1))
		}
	}
	return decimal128.FromBigInt(m)
}
