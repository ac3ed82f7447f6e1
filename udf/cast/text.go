package cast

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
)

// bindText converts to CHAR and VARCHAR, cut and padded to the length.
func bindText(from, to types.Type) (conversion, error) {
	w, err := writer(from)
	if err != nil {
		return conversion{}, err
	}
	padded := to.Kind == types.Char
	length := to.Length
	return conversion{run: func(ctx *udf.Context, in, out *types.Vector, n int, _ reportFunc) error {
		out.Reset()
		copyValid(out, in, n)
		write := w(ctx, in)
		for i := range n {
			if !in.IsNull(i) {
				at := len(out.Data)
				out.Data = fitText(write(out.Data, i), at, length, padded)
			}
			out.EndValue()
		}
		return nil
	}}, nil
}

// fitText cuts the text dst[at:] to length characters and, when padded, fills it up with blanks.
func fitText(dst []byte, at, length int, padded bool) []byte {
	if !padded && len(dst)-at <= length {
		return dst
	}
	characters := 0
	for i := at; i < len(dst); characters++ {
		if characters == length {
			return dst[:i]
		}
		_, size := utf8.DecodeRune(dst[i:])
		i += size
	}
	if padded {
		for ; characters < length; characters++ {
			dst = append(dst, ' ')
		}
	}
	return dst
}

// textWriter readies the writing of a column's values as text: the function it returns appends row i, which isn't NULL.
type textWriter func(ctx *udf.Context, in *types.Vector) func(dst []byte, i int) []byte

// writer returns how Flink writes values of a type: TRUE, 1.0E7, 12.30, 2020-02-29 12:34:56.500, [1, NULL], {a=1},
// (1, abc).
func writer(from types.Type) (textWriter, error) {
	switch from.Kind {
	case types.Char, types.Varchar:
		return func(_ *udf.Context, in *types.Vector) func([]byte, int) []byte {
			return func(dst []byte, i int) []byte { return append(dst, in.Bytes(i)...) }
		}, nil
	case types.Boolean:
		return func(_ *udf.Context, in *types.Vector) func([]byte, int) []byte {
			return func(dst []byte, i int) []byte {
				if in.Bool[i] {
					return append(dst, "TRUE"...)
				}
				return append(dst, "FALSE"...)
			}
		}, nil
	case types.Binary, types.Varbinary:
		return func(_ *udf.Context, in *types.Vector) func([]byte, int) []byte {
			return func(dst []byte, i int) []byte { return appendUTF8(dst, in.Bytes(i)) }
		}, nil
	case types.Decimal:
		return func(_ *udf.Context, in *types.Vector) func([]byte, int) []byte {
			return func(dst []byte, i int) []byte { return number.AppendDecimal(dst, in.Dec[i], from.Scale) }
		}, nil
	case types.TinyInt:
		return integerWriter[int8](), nil
	case types.SmallInt:
		return integerWriter[int16](), nil
	case types.Int:
		return integerWriter[int32](), nil
	case types.BigInt:
		return integerWriter[int64](), nil
	case types.Float:
		return func(_ *udf.Context, in *types.Vector) func([]byte, int) []byte {
			return func(dst []byte, i int) []byte { return number.AppendFloat32(dst, in.F32[i]) }
		}, nil
	case types.Double:
		return func(_ *udf.Context, in *types.Vector) func([]byte, int) []byte {
			return func(dst []byte, i int) []byte { return number.AppendFloat64(dst, in.F64[i]) }
		}, nil
	}
	if from.IsNested() {
		return nestedWriter(from)
	}
	return temporalWriter(from)
}

func integerWriter[A integer]() textWriter {
	return func(_ *udf.Context, in *types.Vector) func([]byte, int) []byte {
		column := udf.Values[A](in)
		return func(dst []byte, i int) []byte { return strconv.AppendInt(dst, int64(column[i]), 10) }
	}
}

func temporalWriter(from types.Type) (textWriter, error) {
	switch from.Kind {
	case types.Date:
		return func(_ *udf.Context, in *types.Vector) func([]byte, int) []byte {
			return func(dst []byte, i int) []byte { return temporal.AppendDate(dst, int(in.I32[i])) }
		}, nil
	case types.Time:
		return func(_ *udf.Context, in *types.Vector) func([]byte, int) []byte {
			return func(dst []byte, i int) []byte { return temporal.AppendTime(dst, in.I32[i], from.Precision) }
		}, nil
	case types.Timestamp:
		return func(_ *udf.Context, in *types.Vector) func([]byte, int) []byte {
			return func(dst []byte, i int) []byte { return temporal.AppendTimestamp(dst, in.I64[i], from.Precision) }
		}, nil
	case types.TimestampLTZ:
		return func(ctx *udf.Context, in *types.Vector) func([]byte, int) []byte {
			zone := temporal.NewZone(location(ctx))
			return func(dst []byte, i int) []byte {
				return temporal.AppendTimestamp(dst, zone.ToLocal(in.I64[i], from.Precision), from.Precision)
			}
		}, nil
	case types.IntervalMonth:
		return func(_ *udf.Context, in *types.Vector) func([]byte, int) []byte {
			return func(dst []byte, i int) []byte { return temporal.AppendIntervalMonth(dst, in.I32[i]) }
		}, nil
	case types.IntervalMilli:
		return func(_ *udf.Context, in *types.Vector) func([]byte, int) []byte {
			return func(dst []byte, i int) []byte { return temporal.AppendIntervalMilli(dst, in.I64[i]) }
		}, nil
	}
	return nil, refuse(from, types.StringType)
}

// AppendText appends row i of v, which isn't NULL, as CAST(v AS STRING) writes it. For results, errors and other cold
// paths: it looks up the type for each call.
func AppendText(ctx *udf.Context, dst []byte, v *types.Vector, i int) []byte {
	w, err := writer(v.Type)
	if err != nil {
		return dst // NULL and symbols have no text
	}
	return w(ctx, v)(dst, i)
}

// appendUTF8 appends bytes as text, a replacement character for each ill-formed sequence as Java's decoder counts them.
func appendUTF8(dst, b []byte) []byte {
	if utf8.Valid(b) {
		return append(dst, b...)
	}
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r != utf8.RuneError || size > 1 {
			dst = append(dst, b[:size]...)
			b = b[size:]
			continue
		}
		dst = utf8.AppendRune(dst, utf8.RuneError)
		b = b[illFormed(b):]
	}
	return dst
}

// illFormed returns how many bytes at the start of b make up one ill-formed sequence: the longest beginning of a
// well-formed one, or a single byte.
func illFormed(b []byte) int {
	need, low, high := 0, byte(0x80), byte(0xBF)
	switch c := b[0]; {
	case c >= 0xC2 && c <= 0xDF:
		need = 1
	case c >= 0xE0 && c <= 0xEF:
		need = 2
		if c == 0xE0 {
			low = 0xA0
		} else if c == 0xED {
			high = 0x9F
		}
	case c >= 0xF0 && c <= 0xF4:
		need = 3
		if c == 0xF0 {
			low = 0x90
		} else if c == 0xF4 {
			high = 0x8F
		}
	}
	n := 1
	for ; n <= need && n < len(b); n++ {
		if b[n] < low || b[n] > high {
			break
		}
		low, high = 0x80, 0xBF
	}
	return n
}

// runBinary converts text and bytes to BINARY, filled up with zeros, and VARBINARY, both cut to the length.
func runBinary(to types.Type) runFunc {
	padded, length := to.Kind == types.Binary, to.Length
	if length == math.MaxInt32 {
		padded = false
	}
	return func(_ *udf.Context, in, out *types.Vector, n int, _ reportFunc) error {
		out.Reset()
		copyValid(out, in, n)
		for i := range n {
			if !in.IsNull(i) {
				b := in.Bytes(i)
				out.Data = append(out.Data, b[:min(len(b), length)]...)
				if padded {
					for k := len(b); k < length; k++ {
						out.Data = append(out.Data, 0)
					}
				}
			}
			out.EndValue()
		}
		return nil
	}
}
