// Package raw is Flink's `raw` format: a table of one column, which is the record itself. Text and bytes stand as they
// are, numbers in binary, big-endian unless raw.endianness says otherwise. In files every line is a record, so only text
// and bytes without newlines come back from there.
package raw

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

// Spec is the format `raw`.
var Spec = &format.Spec{
	Name:    "raw",
	Summary: "The whole record is the one column of the table.",
	Options: []option.Option{
		{Key: "raw.charset", Kind: option.String, Default: "UTF-8", Summary: "Only UTF-8 is supported."},
		{Key: "raw.endianness", Kind: option.Enum, Values: []string{"big-endian", "little-endian"}, Default: "big-endian",
			Summary: "The order of the bytes of numbers."},
	},
	Mode:       types.AppendOnly,
	Lines:      true,
	NewDecoder: func(c format.Config) (format.Decoder, error) { return newCodec(c) },
	NewEncoder: func(c format.Config) (format.Encoder, error) { return newCodec(c) },
}

// codec implements format.Decoder and format.Encoder.
type codec struct {
	field  types.Field
	needed bool
	width  int // in bytes, of a number
	order  binary.AppendByteOrder
	load   binary.ByteOrder
}

var (
	_ format.Decoder = (*codec)(nil)
	_ format.Encoder = (*codec)(nil)
)

func newCodec(c format.Config) (*codec, error) {
	refuse := func(msg, hint string) error {
		return &option.Error{Key: "format", OnValue: true, Msg: msg, Hint: hint}
	}
	if len(c.Columns) != 1 {
		return nil, refuse(fmt.Sprintf("the raw format needs exactly one column, the table has %d", len(c.Columns)), "")
	}
	if set := c.Options.String("raw.charset"); !strings.EqualFold(set, "UTF-8") {
		return nil, option.Errorf("raw.charset", "option %q: charset %q is not supported; use UTF-8", "raw.charset", set)
	}
	k := &codec{field: c.Columns[0], needed: len(c.Needed) > 0, order: binary.BigEndian, load: binary.BigEndian}
	if c.Options.Enum("raw.endianness") == "little-endian" {
		k.order, k.load = binary.LittleEndian, binary.LittleEndian
	}
	switch k.field.Type.Kind {
	case types.Char, types.Varchar, types.Binary, types.Varbinary:
	case types.Boolean, types.TinyInt:
		k.width = 1
	case types.SmallInt:
		k.width = 2
	case types.Int, types.Float:
		k.width = 4
	case types.BigInt, types.Double:
		k.width = 8
	default:
		return nil, refuse(fmt.Sprintf("column %q: the raw format cannot hold %s", k.field.Name, k.field.Type),
			"it holds text, bytes, BOOLEAN, integers, FLOAT and DOUBLE")
	}
	return k, nil
}

// Decode implements format.Decoder.
func (k *codec) Decode(record []byte, out *types.Batch) error {
	if k.width > 0 && len(record) != k.width {
		return fmt.Errorf("column %q: expected the %d bytes of %s, found %d", k.field.Name, k.width, k.field.Type, len(record))
	}
	if k.field.Type.IsCharacter() && !utf8.Valid(record) {
		return fmt.Errorf("column %q: the record is not UTF-8", k.field.Name)
	}
	if k.needed {
		k.append(out.Cols[0], record)
	}
	out.AppendKind(types.Insert)
	return nil
}

func (k *codec) append(v *types.Vector, record []byte) {
	switch k.field.Type.Kind {
	case types.Boolean:
		v.Bool = append(v.Bool, record[0] != 0)
	case types.TinyInt:
		v.I8 = append(v.I8, int8(record[0]))
	case types.SmallInt:
		v.I16 = append(v.I16, int16(k.load.Uint16(record)))
	case types.Int:
		v.I32 = append(v.I32, int32(k.load.Uint32(record)))
	case types.BigInt:
		v.I64 = append(v.I64, int64(k.load.Uint64(record)))
	case types.Float:
		v.F32 = append(v.F32, math.Float32frombits(k.load.Uint32(record)))
	case types.Double:
		v.F64 = append(v.F64, math.Float64frombits(k.load.Uint64(record)))
	default:
		v.AppendBytes(record)
		return
	}
	v.N++
}

// DecodeLines implements format.Decoder: every line is a record, an empty one the empty text.
func (k *codec) DecodeLines(data []byte, atEOF bool, out *types.Batch, max int) (consumed int, err error) {
	p := 0
	for ; max > 0 && p < len(data); max-- {
		end, next := len(data), len(data)
		if n := bytes.IndexByte(data[p:], '\n'); n >= 0 {
			end = p + n
			next = end + 1
		} else if !atEOF {
			break
		}
		if err := k.Decode(data[p:end], out); err != nil {
			return next, &format.RecordError{Record: data[p:end], Offset: p, Err: err}
		}
		p = next
	}
	return p, nil
}

// Encode implements format.Encoder. NULL is the empty record.
func (k *codec) Encode(dst []byte, b *types.Batch, i int) ([]byte, error) {
	v := b.Cols[0]
	if v.IsNull(i) {
		return dst, nil
	}
	switch k.field.Type.Kind {
	case types.Boolean:
		if v.Bool[i] {
			return append(dst, 1), nil
		}
		return append(dst, 0), nil
	case types.TinyInt:
		return append(dst, byte(v.I8[i])), nil
	case types.SmallInt:
		return k.order.AppendUint16(dst, uint16(v.I16[i])), nil
	case types.Int:
		return k.order.AppendUint32(dst, uint32(v.I32[i])), nil
	case types.BigInt:
		return k.order.AppendUint64(dst, uint64(v.I64[i])), nil
	case types.Float:
		return k.order.AppendUint32(dst, math.Float32bits(v.F32[i])), nil
	case types.Double:
		return k.order.AppendUint64(dst, math.Float64bits(v.F64[i])), nil
	}
	return append(dst, v.Bytes(i)...), nil
}
