package json

import (
	"bytes"
	"encoding/base64"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/internal/scalar"
	"github.com/weirsql/weir/types"
)

// What stands for a position when there is none.
const (
	notJSON = -1 // the record is not JSON
	unfit   = -2 // it is, but a value doesn't fit its column; Decoder.err says why
)

// value appends the value at p to v and returns the position behind it, notJSON or unfit. The common forms are dealt
// with here, everything else in anyValue.
func (d *Decoder) value(f *field, v *types.Vector, data []byte, p, end int) int {
	if p >= end {
		return notJSON
	}
	switch f.kind {
	case kindText:
		if data[p] == '"' {
			q := plainEnd(data, p+1, end)
			if q < end && data[q] == '"' {
				v.Data = append(v.Data, data[p+1:q]...)
				v.Offsets = append(v.Offsets, int32(len(v.Data)))
				v.N++
				return q + 1
			}
		}
	case kindTimestamp:
		if data[p] == '"' {
			if ticks, q := f.times.Quoted(data, p+1); q != 0 && q <= end {
				v.I64 = append(v.I64, ticks)
				v.N++
				return q
			}
		}
	case kindI64:
		if n, q := shortInt(data, p, end); q > 0 {
			v.I64 = append(v.I64, n)
			v.N++
			return q
		}
	case kindI32:
		if n, q := shortInt(data, p, end); q > 0 && n == int64(int32(n)) {
			v.I32 = append(v.I32, int32(n))
			v.N++
			return q
		}
	case kindF64:
		// Both operands are exact, so the quotient is the nearest number (Clinger 1990).
		if n, scale, q := shortDecimal(data, p, end); q > 0 {
			v.F64 = append(v.F64, float64(n)/float64(pow10[scale]))
			v.N++
			return q
		}
	case kindDecimal:
		if n, q := shortDecimalOf(f.typ, data, p, end); q > 0 {
			v.Dec = append(v.Dec, n)
			v.N++
			return q
		}
	}
	return d.anyValue(f, v, data, p, end)
}

var pow10 = [19]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// shortDecimal reads a number of up to 15 digits with an optional fraction: n / 10^scale. q is 0 if there is something
// else, or -0, which is a double of its own.
func shortDecimal(data []byte, p, end int) (n int64, scale, q int) {
	q = p
	if data[q] == '-' {
		q++
	}
	from, point := q, -1
	for q < end {
		c := data[q] - '0'
		if c > 9 {
			if data[q] != '.' || point >= 0 || q == from {
				break
			}
			point = q
			q++
			continue
		}
		n = n*10 + int64(c)
		q++
	}
	digits := q - from
	whole := digits
	if point >= 0 {
		digits--
		whole = point - from
		scale = q - point - 1
		if scale == 0 {
			return 0, 0, 0
		}
	}
	if digits == 0 || digits > 15 || data[from] == '0' && whole > 1 {
		return 0, 0, 0
	}
	if q < end && (data[q] == 'e' || data[q] == 'E' || data[q] == '.') {
		return 0, 0, 0
	}
	if from != p {
		n = -n
		if n == 0 {
			return 0, 0, 0
		}
	}
	return n, scale, q
}

// shortDecimalOf is shortDecimal for a column of type t that holds the number without rounding.
func shortDecimalOf(t types.Type, data []byte, p, end int) (x decimal128.Num, q int) {
	n, scale, q := shortDecimal(data, p, end)
	more := t.Scale - scale
	if q == 0 || more < 0 || more > 3 {
		return x, 0
	}
	n *= pow10[more]
	if t.Precision <= 18 && (n <= -pow10[t.Precision] || n >= pow10[t.Precision]) {
		return x, 0
	}
	return decimal128.FromI64(n), q
}

// shortInt reads a whole number of up to 18 digits; q is 0 if there is something else.
func shortInt(data []byte, p, end int) (n int64, q int) {
	q = p
	if data[q] == '-' {
		q++
	}
	from := q
	for q < end {
		c := data[q] - '0'
		if c > 9 {
			break
		}
		n = n*10 + int64(c)
		q++
	}
	if digits := q - from; digits == 0 || digits > 18 || data[from] == '0' && digits > 1 {
		return 0, 0
	}
	if q < end && (data[q] == '.' || data[q] == 'e' || data[q] == 'E') {
		return 0, 0
	}
	if from != p {
		n = -n
	}
	return n, q
}

// anyValue is value without shortcuts. A value that doesn't fit becomes NULL where errors are ignored.
func (d *Decoder) anyValue(f *field, v *types.Vector, data []byte, p, end int) int {
	wrapper := f.kind == kindOp || f.kind == kindData // never NULL
	if data[p] == 'n' && !wrapper {
		if p = literal(data, p, end, "null"); p < 0 {
			return notJSON
		}
		d.appendNull(f, v)
		return p
	}
	n := v.N
	q := d.convert(f, v, data, p, end)
	if q != unfit {
		return q
	}
	if d.ignoreErrors && !wrapper {
		if q = skip(data, p, end, 0); q < 0 {
			return notJSON
		}
		format.Truncate(v, n)
		d.appendNull(f, v)
		d.nulled++
		return q
	}
	if d.err == nil {
		d.err = unfitError(f, data, p, end)
	}
	return unfit
}

// appendNull appends NULL and notes if the column doesn't take it.
func (d *Decoder) appendNull(f *field, v *types.Vector) {
	if f.notNull && d.null == nil {
		d.null = f
	}
	v.AppendNull()
}

// convert appends a value other than null by the coercions of Flink's JsonParserToRowDataConverters.
func (d *Decoder) convert(f *field, v *types.Vector, data []byte, p, end int) int {
	switch f.kind {
	case kindText:
		return d.text(v, data, p, end)
	case kindArray:
		return d.array(f, v, data, p, end)
	case kindMap, kindMultiset:
		return d.mapping(f, v, data, p, end)
	case kindRow:
		if data[p] != '{' {
			return d.misfit(data, p, end)
		}
		if p = f.row.decode(d, data, p+1, end, v.Children, v.N); p >= 0 {
			v.N++
		}
		return p
	case kindData:
		return d.data(v, data, p, end)
	case kindNull:
		if p = skip(data, p, end, 0); p < 0 {
			return notJSON
		}
		v.AppendNull()
		return p
	}
	token, q, quoted := d.scalarText(data, p, end)
	if q < 0 {
		return q
	}
	if !d.scalar(f, v, token, quoted) {
		return unfit
	}
	v.N++
	return q
}

// misfit tells a value of the wrong form from one that isn't JSON at all.
func (d *Decoder) misfit(data []byte, p, end int) int {
	if skip(data, p, end, 0) < 0 {
		return notJSON
	}
	return unfit
}

// scalarText returns the text of the string (unescaped), number or boolean at p, valid until the next call.
func (d *Decoder) scalarText(data []byte, p, end int) (text []byte, q int, quoted bool) {
	switch data[p] {
	case '"':
		q, escaped := stringEnd(data, p+1, end)
		if q < 0 {
			return nil, notJSON, false
		}
		text = data[p+1 : q]
		if escaped {
			d.scratch = appendUnescaped(d.scratch[:0], text)
			text = d.scratch
		}
		return text, q + 1, true
	case '{', '[':
		return nil, d.misfit(data, p, end), false
	}
	if q = skip(data, p, end, 0); q < 0 {
		return nil, notJSON, false
	}
	return data[p:q], q, false
}

// scalar appends a value given as text without counting it; false if it doesn't fit. A number may stand in a string.
func (d *Decoder) scalar(f *field, v *types.Vector, text []byte, quoted bool) bool {
	switch f.kind {
	case kindBool:
		// What is neither true nor "true" is false, numbers included, as Boolean.parseBoolean has it.
		v.Bool = append(v.Bool, bytes.EqualFold(scalar.Trim(text), []byte("true")))
		return true
	case kindI8:
		n, ok := scalar.Int(scalar.Trim(text), 8)
		v.I8 = append(v.I8, int8(n))
		return ok
	case kindI16:
		n, ok := scalar.Int(scalar.Trim(text), 16)
		v.I16 = append(v.I16, int16(n))
		return ok
	case kindI32:
		n, ok := wholeNumber(text, quoted, 32)
		v.I32 = append(v.I32, int32(n))
		return ok
	case kindI64:
		n, ok := wholeNumber(text, quoted, 64)
		v.I64 = append(v.I64, n)
		return ok
	case kindF32:
		x, ok := scalar.Float(scalar.Trim(text), 32)
		v.F32 = append(v.F32, float32(x))
		return ok
	case kindF64:
		x, ok := scalar.Float(scalar.Trim(text), 64)
		v.F64 = append(v.F64, x)
		return ok
	case kindDecimal:
		n, fits, ok := scalar.Decimal(scalar.Trim(text), f.typ.Precision, f.typ.Scale)
		if ok && !fits { // Flink's DecimalData makes NULL of too many digits
			v.SetNull(v.N)
			if f.notNull && d.null == nil {
				d.null = f
			}
		}
		v.Dec = append(v.Dec, n)
		return ok
	case kindBytes:
		return quoted && appendBase64(v, text)
	case kindDate:
		n, ok := scalar.Date(text)
		v.I32 = append(v.I32, n)
		return ok && quoted
	case kindTime:
		n, ok := scalar.Time(text, f.typ.Precision, false)
		v.I32 = append(v.I32, n)
		return ok && quoted
	case kindTimestamp:
		n, ok := f.times.Parse(text)
		v.I64 = append(v.I64, n)
		return ok && quoted
	case kindOp:
		k, ok := types.ParseRowKind(string(text))
		d.op = k
		return ok && quoted
	}
	return false
}

// wholeNumber reads an INT or BIGINT. A number with a fraction or exponent loses the fraction, but not one in a string.
func wholeNumber(text []byte, quoted bool, bits int) (int64, bool) {
	n, ok := scalar.Int(scalar.Trim(text), bits)
	if ok || quoted || !bytes.ContainsAny(text, ".eE") {
		return n, ok
	}
	x, ok := scalar.Float(text, 64)
	x = math.Trunc(x)
	limit := math.Ldexp(1, bits-1)
	if !ok || x < -limit || x >= limit {
		return 0, false
	}
	return int64(x), true
}

func appendBase64(v *types.Vector, text []byte) bool {
	if bytes.ContainsAny(text, " \t") {
		text = bytes.Join(bytes.Fields(text), nil)
	}
	from := len(v.Data)
	v.Data = slices.Grow(v.Data, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(v.Data[from:cap(v.Data)], text)
	if err != nil {
		return false
	}
	v.Data = v.Data[:from+n]
	v.Offsets = append(v.Offsets, int32(len(v.Data)))
	return true
}

// text appends a value of any form to a text column: strings unescaped, numbers and booleans as they stand, arrays and
// objects as JSON without blanks.
func (d *Decoder) text(v *types.Vector, data []byte, p, end int) int {
	switch data[p] {
	case '"':
		q, escaped := stringEnd(data, p+1, end)
		if q < 0 {
			return notJSON
		}
		if escaped {
			v.Data = appendUnescaped(v.Data, data[p+1:q])
			v.EndValue()
		} else {
			v.AppendBytes(data[p+1 : q])
		}
		return q + 1
	case '{', '[':
		q := skip(data, p, end, 0)
		if q < 0 {
			return notJSON
		}
		v.Data = d.appendCompact(v.Data, data[p:q])
		v.EndValue()
		return q
	}
	q := skip(data, p, end, 0)
	if q < 0 {
		return notJSON
	}
	v.AppendBytes(data[p:q])
	return q
}

// appendCompact appends checked JSON without blanks and with strings escaped no more than needed.
func (d *Decoder) appendCompact(dst, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case ' ', '\t', '\n', '\r':
		case '"':
			q, escaped := stringEnd(text, i+1, len(text))
			inside := text[i+1 : q]
			if escaped {
				d.scratch = appendUnescaped(d.scratch[:0], inside)
				inside = d.scratch
			}
			dst = appendQuoted(dst, inside)
			i = q
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func (d *Decoder) array(f *field, v *types.Vector, data []byte, p, end int) int {
	if data[p] != '[' {
		return d.misfit(data, p, end)
	}
	if p = blanks(data, p+1, end); p < end && data[p] == ']' {
		v.EndList()
		return p + 1
	}
	for {
		if p = d.value(f.elem, v.Children[0], data, p, end); p < 0 {
			return p
		}
		if p = blanks(data, p, end); p >= end {
			return notJSON
		}
		switch data[p] {
		case ']':
			v.EndList()
			return p + 1
		case ',':
			p = blanks(data, p+1, end)
		default:
			return notJSON
		}
	}
}

// mapping decodes a MAP or MULTISET: an object, or where keys may be other than text, a list of [key, value] pairs.
func (d *Decoder) mapping(f *field, v *types.Vector, data []byte, p, end int) int {
	object := data[p] == '{' && f.key.kind == kindText
	if !object && (data[p] != '[' || !d.changelog) {
		return d.misfit(data, p, end)
	}
	keys, values := v.Children[0], v.Children[1]
	first := keys.N
	open, separator, shut, bad := byte('['), byte(','), byte(']'), unfit
	if object {
		open, separator, shut, bad = '"', ':', '}', notJSON
	}
	if p = blanks(data, p+1, end); p < end && data[p] == shut {
		v.EndList()
		return p + 1
	}
	for {
		if p >= end || data[p] != open {
			return bad
		}
		if !object {
			p = blanks(data, p+1, end)
		}
		if p = d.value(f.key, keys, data, p, end); p < 0 {
			return p
		}
		if p = blanks(data, p, end); p >= end || data[p] != separator {
			return bad
		}
		if p = d.value(f.elem, values, data, blanks(data, p+1, end), end); p < 0 {
			return p
		}
		if p = blanks(data, p, end); !object {
			if p >= end || data[p] != ']' {
				return bad
			}
			p = blanks(data, p+1, end)
		}
		if p >= end {
			return notJSON
		}
		switch data[p] {
		case shut:
			lastKeysWin(keys, values, first)
			v.EndList()
			return p + 1
		case ',':
			p = blanks(data, p+1, end)
		default:
			return notJSON
		}
	}
}

// lastKeysWin drops, among the entries from first on, those whose key occurs again behind them.
func lastKeysWin(keys, values *types.Vector, first int) {
	n := keys.N - first
	twice := func(i, j int) bool { return types.CompareAt(keys, i, keys, j) == 0 }
	if keys.Type.IsCharacter() && n > 16 {
		seen := make(map[string]int, n)
		for i := first; i < keys.N; i++ {
			if !keys.IsNull(i) {
				seen[keys.Str(i)] = i
			}
		}
		if len(seen) == n {
			return
		}
	}
	var keep []int32
	for i := first; i < keys.N; i++ {
		again := false
		for j := i + 1; j < keys.N && !again; j++ {
			again = twice(i, j)
		}
		if !again {
			keep = append(keep, int32(i))
		}
	}
	if len(keep) == n {
		return
	}
	for _, v := range []*types.Vector{keys, values} {
		kept := types.NewVector(v.Type)
		kept.AppendSelected(v, keep)
		format.Truncate(v, first)
		v.AppendRange(kept, 0, kept.N)
	}
}

// data decodes the row of a changelog record.
func (d *Decoder) data(v *types.Vector, data []byte, p, end int) int {
	if data[p] != '{' {
		return d.misfit(data, p, end)
	}
	for _, c := range d.cols {
		format.Truncate(c, d.rows) // in case "data" came twice
	}
	if p = d.root.decode(d, data, p+1, end, d.cols, d.rows); p >= 0 {
		v.N++
	}
	return p
}
