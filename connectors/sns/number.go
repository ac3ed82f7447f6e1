package sns

import (
	"math"
	"strconv"
)

// appendNumber appends f as JavaScript's Number.prototype.toString does: 500, 166.7, 1e+21, 1.5e-7, -0 as 0. The digits are
// the shortest that read back as f, of which there are 32 or 64 bits. (ECMA-262, Number::toString)
func appendNumber(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	case f == 0:
		return append(dst, '0')
	}
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, bits)
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
	// Go pads the exponent to two digits: 1e-07.
	if n := len(dst); n-from > 3 && dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}
