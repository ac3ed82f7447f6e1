package wasm

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The binary format of WebAssembly, as far as sections are read and code is rewritten. Source: WebAssembly Core
// Specification 2.0, chapter 5.

const (
	sectionCustom   = 0
	sectionType     = 1
	sectionImport   = 2
	sectionFunction = 3
	sectionTable    = 4
	sectionMemory   = 5
	sectionGlobal   = 6
	sectionExport   = 7
	sectionCode     = 10
)

const header = "\x00asm\x01\x00\x00\x00"

// section is one section of a module.
type section struct {
	id   byte
	body []byte
}

var errTruncated = errors.New("the file ends in the middle of a WebAssembly module")

// sections splits a module.
func sections(module []byte) ([]section, error) {
	if len(module) < len(header) || string(module[:len(header)]) != header {
		return nil, errors.New("not a WebAssembly module (version 1)")
	}
	r := &reader{b: module[len(header):]}
	var all []section
	for len(r.b) > 0 {
		id := r.byte()
		body := r.bytes(int(r.u32()))
		if r.err != nil {
			return nil, r.err
		}
		all = append(all, section{id, body})
	}
	return all, nil
}

// joined is the module of sections.
func joined(all []section) []byte {
	size := len(header)
	for _, s := range all {
		size += len(s.body) + 6
	}
	out := append(make([]byte, 0, size), header...)
	for _, s := range all {
		out = append(out, s.id)
		out = binary.AppendUvarint(out, uint64(len(s.body)))
		out = append(out, s.body...)
	}
	return out
}

// customSection is a section of a name and data.
func customSection(name string, data []byte) section {
	body := binary.AppendUvarint(nil, uint64(len(name)))
	return section{sectionCustom, append(append(body, name...), data...)}
}

// custom returns the data of all custom sections of a name.
func custom(all []section, name string) (data []byte, found bool) {
	for _, s := range all {
		if s.id != sectionCustom {
			continue
		}
		r := &reader{b: s.body}
		if n := r.bytes(int(r.u32())); r.err == nil && string(n) == name {
			data, found = append(data, r.b...), true
		}
	}
	return data, found
}

// reader takes values from the front of b; after an error it gives zeros.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = errTruncated
	}
	r.b = nil
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.fail()
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

// u32 reads an unsigned LEB128 of at most 32 bits.
func (r *reader) u32() uint32 {
	x, n := binary.Uvarint(r.b)
	if n <= 0 || n > 5 || x>>32 != 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return uint32(x)
}

// leb skips a LEB128 of any kind, which has at most 10 bytes.
func (r *reader) leb() {
	for range 10 {
		if r.byte() < 0x80 {
			return
		}
	}
	r.fail()
}

func (r *reader) lebs(n int) {
	for range n {
		r.leb()
	}
}

// instruction skips one instruction and returns its opcode.
func (r *reader) instruction() byte {
	op := r.byte()
	switch {
	case op == opBlock || op == opLoop || op == opIf: // block type: an empty or value type byte, or a type index
		r.leb()
	case op == 0x0C, op == 0x0D, // br, br_if
		op == opCall, op == 0x12, // call, return_call
		op >= 0x20 && op <= 0x26, // local, global, table
		op == 0x3F, op == 0x40,   // memory.size, memory.grow
		op == 0x41, op == 0x42, // i32.const, i64.const
		op == 0xD0, op == 0xD2: // ref.null, ref.func
		r.leb()
	case op == 0x0E: // br_table
		r.lebs(int(r.u32()) + 1)
	case op == opCallIndirect, op == 0x13:
		r.lebs(2)
	case op == 0x1C: // select with types
		r.lebs(int(r.u32()))
	case op >= 0x28 && op <= 0x3E: // loads and stores
		r.lebs(2)
	case op == 0x43: // f32.const
		r.bytes(4)
	case op == 0x44: // f64.const
		r.bytes(8)
	case op == 0xFC:
		switch sub := r.u32(); {
		case sub <= 7: // saturating conversions
		case sub == 8, sub == 10, sub == 12, sub == 14:
			r.lebs(2)
		case sub == 9, sub == 11, sub == 13, sub >= 15 && sub <= 17:
			r.leb()
		default:
			r.unknown(op, sub)
		}
	case op == 0xFD:
		switch sub := r.u32(); {
		case sub <= 11, sub == 92, sub == 93: // loads and stores
			r.lebs(2)
		case sub == 12, sub == 13: // constant, shuffle
			r.bytes(16)
		case sub >= 21 && sub <= 34: // lanes
			r.byte()
		case sub >= 84 && sub <= 91: // loads and stores of a lane
			r.lebs(2)
			r.byte()
		case sub > 255:
			r.unknown(op, sub)
		}
	case op <= 0x01, op == 0x05, op == opEnd, op == 0x0F, op == 0x1A, op == 0x1B, op == 0xD1, op >= 0x45 && op <= 0xC4:
	default:
		r.unknown(op, 0)
	}
	return op
}

func (r *reader) unknown(op byte, sub uint32) {
	if r.err == nil {
		r.err = fmt.Errorf("instruction %#x %d is not one of WebAssembly 2.0; threads and exceptions are not supported", op, sub)
	}
	r.b = nil
}

const (
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opEnd          = 0x0B
	opCall         = 0x10
	opCallIndirect = 0x11
)
