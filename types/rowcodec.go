package types

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// ErrCorruptRow is returned by DecodeRow for bytes that EncodeRow did not write for these columns.
var ErrCorruptRow = errors.New("row bytes do not fit the columns they are decoded into")

// EncodeRow appends row i of cols to dst in a compact form that is canonical: for vectors of the same types two rows
// are equal exactly when their bytes are, so the bytes serve as keys and as stored state. Floats compare by their
// bits, as in Flink's binary rows. Each value is a byte 0 for NULL, or 1 and then the value: little-endian fixed
// width, or a uvarint length and the bytes.
func EncodeRow(dst []byte, cols []*Vector, i int) []byte {
	for _, v := range cols {
		dst = v.encode(dst, i)
	}
	return dst
}

func (v *Vector) encode(dst []byte, i int) []byte {
	if v.IsNull(i) {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	le := binary.LittleEndian
	switch v.Type.Kind.Storage() {
	case StoreBool:
		if v.Bool[i] {
			return append(dst, 1)
		}
		return append(dst, 0)
	case StoreI8:
		return append(dst, byte(v.I8[i]))
	case StoreI16:
		return le.AppendUint16(dst, uint16(v.I16[i]))
	case StoreI32:
		return le.AppendUint32(dst, uint32(v.I32[i]))
	case StoreI64:
		return le.AppendUint64(dst, uint64(v.I64[i]))
	case StoreF32:
		return le.AppendUint32(dst, math.Float32bits(v.F32[i]))
	case StoreF64:
		return le.AppendUint64(dst, math.Float64bits(v.F64[i]))
	case StoreDec:
		dst = le.AppendUint64(dst, v.Dec[i].LowBits())
		return le.AppendUint64(dst, uint64(v.Dec[i].HighBits()))
	case StoreBytes:
		b := v.Bytes(i)
		return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
	case StoreList:
		from, to := int(v.Offsets[i]), int(v.Offsets[i+1])
		dst = binary.AppendUvarint(dst, uint64(to-from))
		for k := from; k < to; k++ {
			for _, c := range v.Children {
				dst = c.encode(dst, k)
			}
		}
	case StoreRow:
		for _, c := range v.Children {
			dst = c.encode(dst, i)
		}
	}
	return dst
}

// DecodeRow appends the row that EncodeRow wrote at the start of src to cols and returns the bytes behind it.
func DecodeRow(src []byte, cols []*Vector) (rest []byte, err error) {
	for _, v := range cols {
		if src, err = v.decode(src); err != nil {
			return nil, err
		}
	}
	return src, nil
}

func (v *Vector) decode(src []byte) ([]byte, error) {
	if len(src) == 0 || src[0] > 1 {
		return nil, ErrCorruptRow
	}
	valid := src[0] == 1
	src = src[1:]
	if !valid {
		v.AppendNull()
		return src, nil
	}
	le := binary.LittleEndian
	width := fixedWidth[v.Type.Kind.Storage()]
	if len(src) < width {
		return nil, ErrCorruptRow
	}
	switch v.Type.Kind.Storage() {
	case StoreBool:
		v.Bool = append(v.Bool, src[0] != 0)
	case StoreI8:
		v.I8 = append(v.I8, int8(src[0]))
	case StoreI16:
		v.I16 = append(v.I16, int16(le.Uint16(src)))
	case StoreI32:
		v.I32 = append(v.I32, int32(le.Uint32(src)))
	case StoreI64:
		v.I64 = append(v.I64, int64(le.Uint64(src)))
	case StoreF32:
		v.F32 = append(v.F32, math.Float32frombits(le.Uint32(src)))
	case StoreF64:
		v.F64 = append(v.F64, math.Float64frombits(le.Uint64(src)))
	case StoreDec:
		v.Dec = append(v.Dec, decimal128.New(int64(le.Uint64(src[8:])), le.Uint64(src)))
	case StoreBytes:
		n, used := binary.Uvarint(src)
		if used <= 0 || n > uint64(len(src)-used) {
			return nil, ErrCorruptRow
		}
		v.AppendBytes(src[used : used+int(n)])
		return src[used+int(n):], nil
	case StoreList:
		n, used := binary.Uvarint(src)
		if used <= 0 || n > uint64(len(src)-used) {
			return nil, ErrCorruptRow
		}
		src = src[used:]
		var err error
		for range n {
			if src, err = DecodeRow(src, v.Children); err != nil {
				return nil, err
			}
		}
		v.EndList()
		return src, nil
	case StoreRow:
		rest, err := DecodeRow(src, v.Children)
		if err != nil {
			return nil, err
		}
		v.N++
		return rest, nil
	}
	v.N++
	return src[width:], nil
}

var fixedWidth = [...]int{
	StoreBool: 1, StoreI8: 1, StoreI16: 2, StoreI32: 4, StoreI64: 8, StoreF32: 4, StoreF64: 8, StoreDec: 16,
	StoreBytes: 0, StoreList: 0, StoreRow: 0,
}
