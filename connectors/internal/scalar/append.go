package scalar

import (
	"math"
	"math/bits"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
)

// AppendFloat appends the shortest text that reads back as f, in the notation of Java's Double.toString: 1.0, 0.25,
// 1.0E10, NaN, -Infinity. bits is 32 or 64.
func AppendFloat(dst []byte, f float64, bits int) []byte {
	abs := math.Abs(f)
	switch {
	case f != f:
		return append(dst, "NaN"...)
	case abs > math.MaxFloat64:
		if f < 0 {
			dst = append(dst, '-')
		}
		return append(dst, "Infinity"...)
	case abs == 0 || abs >= 1e-3 && abs < 1e7:
		from := len(dst)
		dst = strconv.AppendFloat(dst, f, 'f', -1, bits)
		for _, c := range dst[from:] {
			if c == '.' {
				return dst
			}
		}
		return append(dst, '.', '0')
	}
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'E', -1, bits) // d[.ddd]E±dd
	e := len(text) - 1
	for text[e] != 'E' {
		e--
	}
	dst = append(dst, text[:e]...)
	if digits := text[:e]; digits[len(digits)-1] != '.' && (len(digits) == 1 || digits[0] == '-' && len(digits) == 2) {
		dst = append(dst, '.', '0')
	}
	dst = append(dst, 'E')
	if text[e+1] == '-' {
		dst = append(dst, '-')
	}
	exponent := text[e+2:]
	for len(exponent) > 1 && exponent[0] == '0' {
		exponent = exponent[1:]
	}
	return append(dst, exponent...)
}

// AppendDecimal appends a DECIMAL with all digits of its scale: 1.20, -0.05, 7.
func AppendDecimal(dst []byte, n decimal128.Num, scale int) []byte {
	var buf [40]byte
	digits, negative := decimalDigits(&buf, n)
	if negative {
		dst = append(dst, '-')
	}
	return appendPlain(dst, digits, scale)
}

// AppendDecimalStripped appends a DECIMAL without trailing zeros, as Jackson does for Flink: plainly (1.2, 100), or with
// scientific in the notation of Java's BigDecimal.toString (1.2, 1E+2, 2.7E-8).
func AppendDecimalStripped(dst []byte, n decimal128.Num, scale int, scientific bool) []byte {
	var buf [40]byte
	digits, negative := decimalDigits(&buf, n)
	if len(digits) == 1 && digits[0] == '0' {
		return append(dst, '0')
	}
	for digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
		scale--
	}
	if negative {
		dst = append(dst, '-')
	}
	exponent := len(digits) - 1 - scale
	if scale >= 0 && exponent >= -6 || !scientific {
		if scale < 0 {
			dst = append(dst, digits...)
			for range -scale {
				dst = append(dst, '0')
			}
			return dst
		}
		return appendPlain(dst, digits, scale)
	}
	dst = append(dst, digits[0])
	if len(digits) > 1 {
		dst = append(append(dst, '.'), digits[1:]...)
	}
	dst = append(dst, 'E')
	if exponent > 0 {
		dst = append(dst, '+')
	}
	return strconv.AppendInt(dst, int64(exponent), 10)
}

// decimalDigits returns the digits of |n|, at least one.
func decimalDigits(buf *[40]byte, n decimal128.Num) (digits []byte, negative bool) {
	negative = n.Sign() < 0
	hi, lo := uint64(n.HighBits()), n.LowBits()
	if negative {
		hi, lo = ^hi, -lo
		if lo == 0 {
			hi++
		}
	}
	at := len(buf)
	for hi != 0 {
		var rest uint64
		hi, rest = hi/1e19, hi%1e19
		lo, rest = bits.Div64(rest, lo, 1e19)
		for range 19 {
			at--
			buf[at] = byte('0' + rest%10)
			rest /= 10
		}
	}
	for lo != 0 {
		at--
		buf[at] = byte('0' + lo%10)
		lo /= 10
	}
	for at < len(buf) && buf[at] == '0' {
		at++
	}
	if at == len(buf) {
		at--
		buf[at] = '0'
	}
	return buf[at:], negative
}

func appendPlain(dst, digits []byte, scale int) []byte {
	if scale <= 0 {
		return append(dst, digits...)
	}
	if whole := len(digits) - scale; whole > 0 {
		dst = append(dst, digits[:whole]...)
		dst = append(dst, '.')
		return append(dst, digits[whole:]...)
	}
	dst = append(dst, '0', '.')
	for range scale - len(digits) {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}

// AppendTimestamp appends a timestamp with as many fraction digits as it has, none when it has none, as java.time's
// formatters print: 2023-08-22 13:46:30.12. The separator is a blank or T.
func AppendTimestamp(dst []byte, ticks int64, t types.Type, iso bool) []byte {
	if iso {
		dst = temporal.AppendTimestampT(dst, ticks, t.Precision)
	} else {
		dst = temporal.AppendTimestamp(dst, ticks, t.Precision)
	}
	if t.Precision > 0 {
		dst = cutZeros(dst)
	}
	return dst
}

// AppendTime appends HH:mm:ss and the milliseconds there are, without trailing zeros.
func AppendTime(dst []byte, millis int32) []byte {
	millis = temporal.FloorMod(millis, temporal.Day)
	dst = temporal.AppendClock(dst, int(millis/temporal.Second))
	if ms := millis % temporal.Second; ms != 0 {
		dst = cutZeros(append(dst, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10)))
	}
	return dst
}

// cutZeros takes the zeros off the end of a fraction, and the point when nothing is left.
func cutZeros(dst []byte) []byte {
	n := len(dst)
	for dst[n-1] == '0' {
		n--
	}
	if dst[n-1] == '.' {
		n--
	}
	return dst[:n]
}
