package json

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
)

// shape is the form of a record seen before: the bytes between its values, and what becomes of the values. As long as
// records have it they are decoded at one go, comparing the bytes between and cutting out the values; newlines are not
// looked for and counts are kept once per run of records. The first record of another form, with a NULL or anything else
// out of the ordinary ends the run, and object decodes that record.
//
// A shape pays while most records have it; where forms are mixed, or values odd, object with its predictions is faster.
// luck tells: a record that fits counts one, one that doesn't takes away missCost, and without luck the shape is given
// up and another one learned some records later.
type shape struct {
	parts []part // none: nothing is learned
	last  run    // from behind the last value to behind the newline
	size  int    // bytes that every record has
	luck  int
	rest  int // records until the next attempt to learn; 0 while there is a shape
}

const (
	firstLuck = 16
	maxLuck   = 64
	missCost  = 3
	restRows  = 1024
	maxParts  = 64
)

// part is a value, with the bytes in front of it.
type part struct {
	run
	as    partKind
	field *field
	col   int // of the batch; -1: nobody asks for it

	// The column while a run is decoded, with room for all rows of it. Text grows as needed.
	i64     []int64
	i32     []int32
	f64     []float64
	dec     []decimal128.Num
	bool    []bool
	offsets []int32
	text    []byte
}

type partKind uint8

const (
	partText    partKind = iota // between the quotes, which belong to the runs around
	partSkip                    // a string that nobody asks for, also between its quotes
	partTime                    // behind the opening quote
	partI64                     // a number
	partI32                     // a number
	partF64                     // a number
	partDecimal                 // a number
	partBool                    // true or false
	partSkipNum                 // a number that nobody asks for
)

var partKinds = map[kind]partKind{
	kindText: partText, kindTimestamp: partTime, kindI64: partI64, kindI32: partI32, kindF64: partF64,
	kindDecimal: partDecimal, kindBool: partBool,
}

// run is bytes that are the same in every record.
type run struct {
	size       int
	head, mask uint64 // the first eight bytes, and which of them count
	middle     uint64 // the eight behind those, if there are more than 16
	tail       uint64 // the last eight, if there are more than eight
	rest       string // what lies between middle and the end, if there are more than 24
}

func newRun(text []byte) run {
	r := run{size: len(text), mask: ^uint64(0)}
	var first [8]byte
	copy(first[:], text)
	r.head = binary.LittleEndian.Uint64(first[:])
	if len(text) < 8 {
		r.mask = 1<<(8*len(text)) - 1
	}
	if len(text) > 8 {
		r.tail = binary.LittleEndian.Uint64(text[len(text)-8:])
	}
	if len(text) > 16 {
		r.middle = binary.LittleEndian.Uint64(text[8:])
	}
	if len(text) > 24 {
		r.rest = string(text[16:])
	}
	return r
}

// longer compares what lies between the first and the last eight bytes of a run of more than 16. text holds all of it.
func (r *run) longer(text []byte) bool {
	return binary.LittleEndian.Uint64(text[8:]) == r.middle && (r.rest == "" || string(text[16:16+len(r.rest)]) == r.rest)
}

// saw notes that a record, with its newline, has been decoded by the object: the shape missed it, or there is none.
func (s *shape) saw(o *object, line []byte) {
	if s.rest > 0 {
		s.rest--
		return
	}
	s.missed(o, line)
}

func (s *shape) missed(o *object, line []byte) {
	if len(s.parts) > 0 {
		if s.luck -= missCost; s.luck < 0 {
			s.parts, s.rest = s.parts[:0], restRows
		}
		return
	}
	s.luck = firstLuck
	if !s.learn(o, line) {
		s.parts, s.rest = s.parts[:0], restRows
	}
}

// learn makes s the shape of a record, which is known to be a JSON object; false if it can't be one.
func (s *shape) learn(o *object, line []byte) bool {
	s.parts, s.size = s.parts[:0], 0
	end := len(line) - 1
	from := 0 // of the run
	p := blanks(line, 0, end) + 1
	found := make([]bool, len(o.fields))
	add := func(x part, valueAt int) {
		x.run = newRun(line[from:valueAt])
		s.size += x.size
		s.parts = append(s.parts, x)
	}
	for p = blanks(line, p, end); line[p] != '}'; p = blanks(line, p, end) {
		if line[p] == ',' {
			p = blanks(line, p+1, end)
		}
		name := p + 1
		q, escaped := stringEnd(line, name, end)
		if q < 0 || escaped || len(s.parts) == maxParts {
			return false
		}
		x := part{col: -1}
		if at, ok := o.byName[string(line[name:q])]; ok {
			x.col, x.field = int(at), &o.fields[at]
		}
		p = blanks(line, blanks(line, q+1, end)+1, end) // the value
		quoted := line[p] == '"'
		behind := skip(line, p, end, 0)
		if behind < 0 {
			return false
		}
		if x.field == nil {
			switch c := line[p]; {
			case quoted:
				x.as = partSkip
			case c == '-' || isDigit(c):
				x.as = partSkipNum
			case c == '{' || c == '[':
				return false
			default: // true, false or null is part of the run
				p = behind
				continue
			}
		} else {
			var ok bool
			if x.as, ok = partKinds[x.field.kind]; !ok || found[x.col] || quoted != (x.as == partText || x.as == partTime) {
				return false
			}
			found[x.col] = true
		}
		switch x.as {
		case partText, partSkip:
			add(x, p+1)
			from = behind - 1
		case partTime:
			add(x, p+1)
			from = behind
		default:
			add(x, p)
			from = behind
		}
		p = behind
	}
	for _, ok := range found {
		if !ok {
			return false
		}
	}
	s.last = newRun(line[from:])
	s.size += s.last.size
	return true
}

// odd sets the top bit of each byte that isn't plain text: quotes, backslashes, control characters and what is beyond
// ASCII. As with plainEnd the first hit is right, those above it may not be: each subtraction brings out the top bit of
// a byte that it would take below zero, and bytes below the first hit borrow nothing.
func odd(w uint64) uint64 {
	const controls = lowBits * ' '
	return (((w ^ quotes) - lowBits) | ((w ^ slashes) - lowBits) | (w - controls) | w) & highBits
}

// decode appends rows to out, up to limit in all, from the records at data[p:] that have the shape, and returns the
// position of the first that hasn't. Whole records only: the last bytes of data are left to the object.
func (s *shape) decode(data []byte, p int, out *types.Batch, limit int) int {
	row := out.N
	limit = min(limit, row+len(data[p:])/s.size)
	if row >= limit {
		return p
	}
	s.begin(out, limit)
	parts := s.parts
	for first := row; ; row++ {
		if row == limit {
			s.luck = min(s.luck+row-first, maxLuck)
			break
		}
		q := s.record(parts, data, p, row)
		if q == 0 {
			s.luck = min(s.luck+row-first, maxLuck)
			break
		}
		p = q
	}
	s.finish(out, row)
	return p
}

// record decodes one record and returns the position behind it, or 0 if it hasn't the shape.
func (s *shape) record(parts []part, data []byte, q, row int) int {
	for i := range parts {
		x := &parts[i]
		size := x.size
		if q+size+16 > len(data) || binary.LittleEndian.Uint64(data[q:])&x.mask != x.head {
			return 0
		}
		if size > 8 && (binary.LittleEndian.Uint64(data[q+size-8:]) != x.tail || size > 16 && !x.longer(data[q:])) {
			return 0
		}
		q += size
		switch x.as {
		case partText:
			at, text := int(x.offsets[row]), x.text
			for {
				w := binary.LittleEndian.Uint64(data[q:])
				if at+8 > len(text) {
					text = x.more(at)
				}
				binary.LittleEndian.PutUint64(text[at:], w)
				if m := odd(w); m != 0 {
					n := bits.TrailingZeros64(m) >> 3
					q += n
					x.offsets[row+1] = int32(at + n)
					break
				}
				q += 8
				at += 8
				if q+8 > len(data) {
					return 0
				}
			}
			if data[q] != '"' {
				if q = x.oddText(data, q, row); q == 0 {
					return 0
				}
			}
		case partSkip:
			for {
				w := binary.LittleEndian.Uint64(data[q:])
				if m := odd(w); m != 0 {
					q += bits.TrailingZeros64(m) >> 3
					break
				}
				if q += 8; q+8 > len(data) {
					return 0
				}
			}
			if data[q] != '"' {
				if q, _ = oddEnd(data, q); q < 0 {
					return 0
				}
			}
		case partTime:
			ticks, next := x.field.times.Quoted(data, q)
			if next == 0 {
				if ticks, next = x.anyTime(data, q); next == 0 {
					return 0
				}
			}
			x.i64[row] = ticks
			q = next
		default:
			if q = x.other(data, q, row); q == 0 {
				return 0
			}
		}
	}
	x := &s.last
	size := x.size
	if q+size+16 > len(data) || binary.LittleEndian.Uint64(data[q:])&x.mask != x.head {
		return 0
	}
	if size > 8 && (binary.LittleEndian.Uint64(data[q+size-8:]) != x.tail || size > 16 && !x.longer(data[q:])) {
		return 0
	}
	return q + size
}

// other takes the value at data[q] if it is neither text nor a timestamp, and returns the position behind it, or 0. It is
// apart from record so that text, which is most of most records, has the registers to itself.
func (x *part) other(data []byte, q, row int) (next int) {
	switch x.as {
	case partI64:
		x.i64[row], next = shortInt(data, q, len(data))
	case partI32:
		var n int64
		if n, next = shortInt(data, q, len(data)); n != int64(int32(n)) {
			return 0
		}
		x.i32[row] = int32(n)
	case partF64:
		var n int64
		var scale int
		n, scale, next = shortDecimal(data, q, len(data))
		x.f64[row] = float64(n) / float64(pow10[scale])
	case partDecimal:
		x.dec[row], next = shortDecimalOf(x.field.typ, data, q, len(data))
	case partBool:
		next = literal(data, q, len(data), "true")
		x.bool[row] = next > 0
		if next < 0 {
			next = max(literal(data, q, len(data), "false"), 0)
		}
	case partSkipNum:
		next, _ = numberEnd(data, q, len(data))
		next = max(next, 0)
	}
	return next
}

// anyTime reads a timestamp in a minute that isn't the last one's.
func (x *part) anyTime(data []byte, p int) (ticks int64, next int) {
	q := plainEnd(data, p, min(len(data), p+40))
	if q >= len(data) || data[q] != '"' {
		return 0, 0
	}
	ticks, ok := x.field.times.Parse(data[p:q])
	if !ok {
		return 0, 0
	}
	return ticks, q + 1
}

// oddEnd returns the position of the quote that ends the string of which data[p] is part, behind plain characters; -1 if
// there is none in the line.
func oddEnd(data []byte, p int) (q int, escaped bool) {
	n := bytes.IndexByte(data[p:], '\n')
	if n < 0 {
		return -1, false
	}
	return stringEnd(data, p, p+n)
}

// oddText appends a text that has more than plain characters, the first of them at data[p], where what came before has
// been appended. It returns the position of the closing quote, or 0.
func (x *part) oddText(data []byte, p, row int) int {
	q, escaped := oddEnd(data, p)
	if q < 0 {
		return 0
	}
	text := x.text[:x.offsets[row+1]]
	if escaped {
		text = appendUnescaped(text, data[p:q])
	} else {
		text = append(text, data[p:q]...)
	}
	x.offsets[row+1], x.text = int32(len(text)), text[:cap(text)]
	return q
}

// more makes room for text behind the first n bytes.
func (x *part) more(n int) []byte {
	grown := make([]byte, max(1024, 2*len(x.text)))
	copy(grown, x.text[:n])
	x.text = grown
	return grown
}

// begin gives the columns room for rows up to limit.
func (s *shape) begin(out *types.Batch, limit int) {
	for i := range s.parts {
		x := &s.parts[i]
		if x.col < 0 {
			continue
		}
		v := out.Cols[x.col]
		switch x.as {
		case partText:
			v.Offsets = room(v.Offsets, limit+1)
			x.offsets, x.text = v.Offsets[:limit+1], v.Data[:cap(v.Data)]
		case partTime, partI64:
			v.I64 = room(v.I64, limit)
			x.i64 = v.I64[:limit]
		case partI32:
			v.I32 = room(v.I32, limit)
			x.i32 = v.I32[:limit]
		case partF64:
			v.F64 = room(v.F64, limit)
			x.f64 = v.F64[:limit]
		case partDecimal:
			v.Dec = room(v.Dec, limit)
			x.dec = v.Dec[:limit]
		case partBool:
			v.Bool = room(v.Bool, limit)
			x.bool = v.Bool[:limit]
		}
	}
}

// room makes the capacity of a column at least n.
func room[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s
	}
	grown := make([]T, len(s), max(n, 2*cap(s)))
	copy(grown, s)
	return grown
}

// finish gives the columns back, rows long.
func (s *shape) finish(out *types.Batch, rows int) {
	for i := range s.parts {
		x := &s.parts[i]
		if x.col < 0 {
			continue
		}
		v := out.Cols[x.col]
		v.N = rows
		switch x.as {
		case partText:
			v.Offsets = x.offsets[:rows+1]
			v.Data = x.text[:v.Offsets[rows]]
		case partTime, partI64:
			v.I64 = x.i64[:rows]
		case partI32:
			v.I32 = x.i32[:rows]
		case partF64:
			v.F64 = x.f64[:rows]
		case partDecimal:
			v.Dec = x.dec[:rows]
		case partBool:
			v.Bool = x.bool[:rows]
		}
		x.i64, x.i32, x.f64, x.dec, x.bool, x.offsets, x.text = nil, nil, nil, nil, nil, nil, nil // the batch isn't ours
	}
	out.N = rows
}
