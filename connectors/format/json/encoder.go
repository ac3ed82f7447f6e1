package json

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/internal/scalar"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
)

// Encoder implements format.Encoder: rows to JSON objects, columns in the order of the table. Values look as Flink's
// json format writes them: timestamps with the fraction digits they have, doubles as Java prints them, bytes in base64,
// decimals without trailing zeros. An Exact encoder differs in what tools compare by text, see NewExactEncoder.
type Encoder struct {
	fields []appender

	exact        bool
	iso          bool
	plainDecimal bool
	ignoreNulls  bool
	nullKeys     nullKeyMode
	nullKey      []byte // LITERAL, quoted
}

var _ format.Encoder = (*Encoder)(nil)

type nullKeyMode uint8

const (
	failNullKeys nullKeyMode = iota
	dropNullKeys
	nameNullKeys
)

// appender writes the values of one column or of one part of a nested type.
type appender struct {
	typ   types.Type
	label []byte // "name":
	parts []appender
}

// NewEncoder returns an encoder for rows of these columns. prefix is that of the options.
func NewEncoder(columns []types.Field, options option.Values, prefix string) (*Encoder, error) {
	e := &Encoder{
		iso:          options.Enum(prefix+"timestamp-format.standard") == "ISO-8601",
		plainDecimal: options.Bool(prefix + "encode.decimal-as-plain-number"),
		ignoreNulls:  options.Bool(prefix + "encode.ignore-null-fields"),
		nullKey:      appendQuoted(nil, []byte(options.String(prefix+"map-null-key.literal"))),
	}
	switch options.Enum(prefix + "map-null-key.mode") {
	case "DROP":
		e.nullKeys = dropNullKeys
	case "LITERAL":
		e.nullKeys = nameNullKeys
	}
	e.fields = newAppenders(columns)
	for _, c := range columns {
		if t, ok := keyNotText(c.Type); !ok {
			return nil, unsupported(c.Name, t, "the names of an object are text, so the keys must be")
		}
	}
	return e, nil
}

// NewExactEncoder returns an encoder for results and changelogs: timestamps and times with as many fraction digits as
// their type has, decimals with all digits of their scale, maps whose keys aren't text as lists of [key, value].
func NewExactEncoder(columns []types.Field, iso bool) *Encoder {
	return &Encoder{exact: true, iso: iso, fields: newAppenders(columns)}
}

func keyNotText(t types.Type) (types.Type, bool) {
	if t.Kind == types.Map && !t.Key.IsCharacter() || t.Kind == types.Multiset && !t.Elem.IsCharacter() {
		return t, false
	}
	if t.Elem != nil {
		if bad, ok := keyNotText(*t.Elem); !ok {
			return bad, false
		}
	}
	for _, f := range t.Fields {
		if bad, ok := keyNotText(f.Type); !ok {
			return bad, false
		}
	}
	return t, true
}

func newAppenders(fields []types.Field) []appender {
	out := make([]appender, len(fields))
	for i, f := range fields {
		out[i] = newAppender(f.Type)
		out[i].label = append(appendQuoted(nil, []byte(f.Name)), ':')
	}
	return out
}

func newAppender(t types.Type) appender {
	a := appender{typ: t}
	switch t.Kind {
	case types.Array:
		a.parts = []appender{newAppender(*t.Elem)}
	case types.Map:
		a.parts = []appender{newAppender(*t.Key), newAppender(*t.Elem)}
	case types.Multiset:
		a.parts = []appender{newAppender(*t.Elem), newAppender(types.IntType)}
	case types.Row:
		a.parts = newAppenders(t.Fields)
	}
	return a
}

// Encode implements format.Encoder.
func (e *Encoder) Encode(dst []byte, b *types.Batch, i int) ([]byte, error) {
	return e.appendObject(dst, e.fields, b.Cols, i)
}

func (e *Encoder) appendObject(dst []byte, fields []appender, cols []*types.Vector, i int) (_ []byte, err error) {
	dst = append(dst, '{')
	first := len(dst)
	for k := range fields {
		v := cols[k]
		null := v.IsNull(i)
		if null && e.ignoreNulls {
			continue
		}
		if len(dst) > first {
			dst = append(dst, ',')
		}
		dst = append(dst, fields[k].label...)
		if null {
			dst = append(dst, "null"...)
			continue
		}
		if dst, err = e.appendValue(dst, &fields[k], v, i); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendValue appends row i of v, which isn't NULL.
func (e *Encoder) appendValue(dst []byte, a *appender, v *types.Vector, i int) ([]byte, error) {
	switch a.typ.Kind {
	case types.Char, types.Varchar:
		return appendQuoted(dst, v.Bytes(i)), nil
	case types.Boolean:
		return strconv.AppendBool(dst, v.Bool[i]), nil
	case types.Binary, types.Varbinary:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, v.Bytes(i))
		return append(dst, '"'), nil
	case types.TinyInt:
		return strconv.AppendInt(dst, int64(v.I8[i]), 10), nil
	case types.SmallInt:
		return strconv.AppendInt(dst, int64(v.I16[i]), 10), nil
	case types.Int, types.IntervalMonth:
		return strconv.AppendInt(dst, int64(v.I32[i]), 10), nil
	case types.BigInt, types.IntervalMilli:
		return strconv.AppendInt(dst, v.I64[i], 10), nil
	case types.Float:
		return appendNumber(dst, float64(v.F32[i]), 32), nil
	case types.Double:
		return appendNumber(dst, v.F64[i], 64), nil
	case types.Decimal:
		if e.exact {
			return scalar.AppendDecimal(dst, v.Dec[i], a.typ.Scale), nil
		}
		return scalar.AppendDecimalStripped(dst, v.Dec[i], a.typ.Scale, !e.plainDecimal), nil
	case types.Date:
		dst = temporal.AppendDate(append(dst, '"'), int(v.I32[i]))
		return append(dst, '"'), nil
	case types.Time:
		dst = append(dst, '"')
		if dst = scalar.AppendTime(dst, v.I32[i]); e.exact {
			dst = padFraction(dst, min(a.typ.Precision, 3), 8)
		}
		return append(dst, '"'), nil
	case types.Timestamp, types.TimestampLTZ:
		return e.appendTimestamp(dst, a.typ, v.I64[i]), nil
	case types.Array:
		dst = append(dst, '[')
		from, to := int(v.Offsets[i]), int(v.Offsets[i+1])
		for k := from; k < to; k++ {
			if k > from {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = e.appendNullable(dst, &a.parts[0], v.Children[0], k); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	case types.Map, types.Multiset:
		return e.appendMap(dst, a, v, i)
	case types.Row:
		return e.appendObject(dst, a.parts, v.Children, i)
	}
	return append(dst, "null"...), nil
}

func (e *Encoder) appendNullable(dst []byte, a *appender, v *types.Vector, i int) ([]byte, error) {
	if v.IsNull(i) {
		return append(dst, "null"...), nil
	}
	return e.appendValue(dst, a, v, i)
}

func (e *Encoder) appendTimestamp(dst []byte, t types.Type, ticks int64) []byte {
	dst = append(dst, '"')
	switch {
	case !e.exact:
		dst = scalar.AppendTimestamp(dst, ticks, t, e.iso)
	case e.iso:
		dst = temporal.AppendTimestampT(dst, ticks, t.Precision)
	default:
		dst = temporal.AppendTimestamp(dst, ticks, t.Precision)
	}
	if t.Kind == types.TimestampLTZ {
		dst = append(dst, 'Z')
	}
	return append(dst, '"')
}

// padFraction fills the fraction of the time at the end of dst, whose whole part has so many characters, up to digits.
func padFraction(dst []byte, digits, whole int) []byte {
	from := len(dst)
	for dst[from-1] != '"' {
		from--
	}
	if digits > 0 && len(dst)-from == whole {
		dst = append(dst, '.')
	}
	for digits > 0 && len(dst)-from < whole+1+digits {
		dst = append(dst, '0')
	}
	return dst
}

func (e *Encoder) appendMap(dst []byte, a *appender, v *types.Vector, i int) (_ []byte, err error) {
	keys, values := v.Children[0], v.Children[1]
	from, to := int(v.Offsets[i]), int(v.Offsets[i+1])
	if e.exact && (!keys.Type.IsCharacter() || hasNull(keys, from, to)) {
		dst = append(dst, '[')
		for k := from; k < to; k++ {
			if k > from {
				dst = append(dst, ',')
			}
			if dst, err = e.appendNullable(append(dst, '['), &a.parts[0], keys, k); err != nil {
				return dst, err
			}
			if dst, err = e.appendNullable(append(dst, ','), &a.parts[1], values, k); err != nil {
				return dst, err
			}
			dst = append(dst, ']')
		}
		return append(dst, ']'), nil
	}
	dst = append(dst, '{')
	first := len(dst)
	for k := from; k < to; k++ {
		null := keys.IsNull(k)
		if null && e.nullKeys == dropNullKeys {
			continue
		}
		if len(dst) > first {
			dst = append(dst, ',')
		}
		switch {
		case !null:
			dst = appendQuoted(dst, keys.Bytes(k))
		case e.nullKeys == nameNullKeys:
			dst = append(dst, e.nullKey...)
		default:
			return dst, errNullKey
		}
		if dst, err = e.appendNullable(append(dst, ':'), &a.parts[1], values, k); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

var errNullKey = errors.New("a map has a NULL key, which JSON cannot hold; drop or name such keys with the option " +
	"json.map-null-key.mode")

func hasNull(v *types.Vector, from, to int) bool {
	for k := from; k < to; k++ {
		if v.IsNull(k) {
			return true
		}
	}
	return false
}

// appendNumber appends a float; what isn't a number in JSON stands in quotes.
func appendNumber(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		dst = scalar.AppendFloat(append(dst, '"'), f, bits)
		return append(dst, '"')
	}
	return scalar.AppendFloat(dst, f, bits)
}

// appendQuoted appends text as a JSON string, escaping only what must be.
func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	for {
		n := cleanLength(text)
		dst = append(dst, text[:n]...)
		if n == len(text) {
			return append(dst, '"')
		}
		switch c := text[n]; c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = fmt.Appendf(dst, `\u%04X`, c)
		}
		text = text[n+1:]
	}
}

// cleanLength returns how many bytes of text, from its start, need no escape.
func cleanLength(text []byte) int {
	n := 0
	for ; n+8 <= len(text); n += 8 {
		x := binary.LittleEndian.Uint64(text[n:])
		q, s := x^quotes, x^slashes
		if ((q-lowBits)&^q|(s-lowBits)&^s|(x-lowBits*' ')&^x)&highBits != 0 {
			break
		}
	}
	for n < len(text) && text[n] >= ' ' && text[n] != '"' && text[n] != '\\' {
		n++
	}
	return n
}
