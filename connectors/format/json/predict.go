package json

import "encoding/binary"

// lead is a run of bytes between two values of an object, such as `{"site":` without the brace, `,"site":` or the
// closing `}`, blanks included. Leads are learned from the records themselves and remember which leads came next, the
// last one first, so that the members of most records are recognised by comparing eight bytes at a time,
// however many shapes of records are mixed. Only what was not foreseen is parsed.
type lead struct {
	word, mask uint64 // the first eight bytes, and which of them count
	rest       string // the bytes behind those
	size       int
	field      int32    // index of the field that the value behind belongs to; or skipped or closing
	likely     *lead    // what followed last time
	others     [3]*lead // what else followed, the latest first
}

const (
	skipped int32 = -1 // a member that no column asks for
	closing int32 = -2 // the end of the object
)

// never stands where nothing is foreseen yet: no bytes equal it.
var never = &lead{word: 1}

var nothing = [3]*lead{never, never, never}

// Bounds of what is learned: objects whose names are data (ids, dates) would otherwise fill the memory.
const (
	maxLeads    = 512
	maxLeadSize = 256
)

func newLead(text []byte, field int32) *lead {
	l := &lead{size: len(text), field: field, likely: never, others: nothing}
	var first [8]byte
	copy(first[:], text)
	l.word = binary.LittleEndian.Uint64(first[:])
	if len(text) >= 8 {
		l.mask = ^uint64(0)
		l.rest = string(text[8:])
	} else {
		l.mask = 1<<(8*len(text)) - 1
	}
	return l
}

// at reports whether the lead stands at data[p]. It cannot reach across the end of a line, having no control characters.
func (l *lead) at(data []byte, p int) bool {
	if p+8 > len(data) {
		return l.atEnd(data, p)
	}
	if binary.LittleEndian.Uint64(data[p:])&l.mask != l.word {
		return false
	}
	return l.rest == "" || p+l.size <= len(data) && string(data[p+8:p+l.size]) == l.rest
}

// atEnd is at within the last bytes of data.
func (l *lead) atEnd(data []byte, p int) bool {
	if p+l.size > len(data) || l.size == 0 {
		return false
	}
	var x uint64
	for i := range l.size { // at most seven
		x |= uint64(data[p+i]) << (8 * i)
	}
	return x == l.word
}

// follow makes next what is most likely to follow l, dropping others[k] for it.
func (l *lead) follow(next *lead, k int) {
	copy(l.others[1:k+1], l.others[:k])
	l.others[0] = l.likely
	l.likely = next
}

// learnable reports whether the bytes of a lead may be remembered.
func learnable(text []byte) bool {
	for _, c := range text {
		if c < ' ' {
			return false
		}
	}
	return len(text) <= maxLeadSize
}
