package wasm

import (
	"encoding/binary"
	"errors"
	"slices"
)

// A module that loops can't be stopped from outside: its code runs on a goroutine's thread, where Go can't preempt it. As
// long as it doesn't come back, the collector, and with it the whole process, waits. wazero can be asked to look at a
// context at every turn of every loop, at the price of leaving the module each time (docs/decisions/015). Instead every
// loop, and every function that may call others, counts down a variable of the module, and once in a while leaves it:
//
//	global.get $left; i32.eqz; if; call $pause; end
//	global.get $left; i32.const 1; i32.sub; global.set $left
//
//	func $pause: $left = turns; memory.grow(0); if $stop: unreachable
//
// memory.grow is an instruction for which wazero returns to Go; growing by nothing does nothing. The variables and
// $pause come last in their index spaces, so that no index in the module changes.

const (
	stopGlobal = "weir_stop"
	// turns is how often a loop turns between two pauses: 0.1 ms of the shortest loop, several ms of a long one.
	turns = 1 << 16
)

// interruptible adds the pauses to a module.
func interruptible(all []section) ([]section, error) {
	all = slices.DeleteFunc(slices.Clone(all), func(s section) bool { return s.id == sectionCustom })
	find := func(id byte) int { return slices.IndexFunc(all, func(s section) bool { return s.id == id }) }
	var functions, globals uint32 // imported ones come first
	if i := find(sectionImport); i >= 0 {
		var err error
		if functions, globals, err = imports(all[i].body); err != nil {
			return nil, err
		}
	}
	types, code, function, memory := find(sectionType), find(sectionCode), find(sectionFunction), find(sectionMemory)
	if code < 0 || function < 0 || types < 0 {
		return nil, errors.New("the module has no functions")
	}
	if memory < 0 {
		return nil, errors.New("the module has no memory of its own")
	}
	pauseType, err := extend(&all[types], 0x60, 0, 0)
	if err != nil {
		return nil, err
	}
	index, err := extend(&all[function], binary.AppendUvarint(nil, uint64(pauseType))...)
	if err != nil {
		return nil, err
	}
	pause := functions + index
	if find(sectionGlobal) < 0 {
		all = slices.Insert(all, find(sectionMemory)+1, section{sectionGlobal, []byte{0}})
	}
	global := find(sectionGlobal)
	variable := []byte{0x7F, 1, 0x41, 0, opEnd} // mutable i32, 0
	index, err = extend(&all[global], variable...)
	if err != nil {
		return nil, err
	}
	left := globals + index
	if _, err = extend(&all[global], variable...); err != nil {
		return nil, err
	}
	stop := left + 1
	if find(sectionExport) < 0 {
		return nil, errors.New("the module exports nothing")
	}
	name := append([]byte{byte(len(stopGlobal))}, stopGlobal...)
	if _, err = extend(&all[find(sectionExport)], binary.AppendUvarint(append(name, 3), uint64(stop))...); err != nil {
		return nil, err
	}
	i := find(sectionCode)
	all[i].body, err = pausing(all[i].body, left, stop, pause)
	return all, err
}

// imports counts the functions and globals among a module's imports.
func imports(body []byte) (functions, globals uint32, err error) {
	r := &reader{b: body}
	for range r.u32() {
		r.bytes(int(r.u32()))
		r.bytes(int(r.u32()))
		switch kind := r.byte(); kind {
		case 0:
			r.leb()
			functions++
		case 1:
			r.byte()
			limits(r)
		case 2:
			limits(r)
		case 3:
			r.bytes(2)
			globals++
		}
		if r.err != nil {
			return 0, 0, r.err
		}
	}
	return functions, globals, r.err
}

func limits(r *reader) {
	flag := r.byte()
	r.leb()
	if flag&1 != 0 {
		r.leb()
	}
}

// extend adds an entry to a section that is a vector, and returns its index.
func extend(s *section, entry ...byte) (uint32, error) {
	r := &reader{b: s.body}
	n := r.u32()
	if r.err != nil {
		return 0, r.err
	}
	body := binary.AppendUvarint(make([]byte, 0, len(s.body)+len(entry)+1), uint64(n)+1)
	s.body = append(append(body, r.b...), entry...)
	return n, nil
}

// pausing rewrites the code section.
func pausing(body []byte, left, stop, pause uint32) ([]byte, error) {
	turn := check(left, pause)
	r := &reader{b: body}
	n := r.u32()
	out := binary.AppendUvarint(make([]byte, 0, len(body)+len(body)/4), uint64(n)+1)
	var f []byte
	for range n {
		code := r.bytes(int(r.u32()))
		if r.err != nil {
			return nil, r.err
		}
		var err error
		if f, err = pausingFunction(f[:0], code, turn); err != nil {
			return nil, err
		}
		out = binary.AppendUvarint(out, uint64(len(f)))
		out = append(out, f...)
	}
	f = pauseBody(f[:0], left, stop)
	out = binary.AppendUvarint(out, uint64(len(f)))
	return append(out, f...), nil
}

// check is the code that counts down.
func check(left, pause uint32) []byte {
	l, p := binary.AppendUvarint(nil, uint64(left)), binary.AppendUvarint(nil, uint64(pause))
	return slices.Concat([]byte{0x23}, l, []byte{0x45, opIf, 0x40, opCall}, p, []byte{opEnd},
		[]byte{0x23}, l, []byte{0x41, 1, 0x6B, 0x24}, l)
}

// pauseBody is the function $pause: no locals, then its code.
func pauseBody(dst []byte, left, stop uint32) []byte {
	l, s := binary.AppendUvarint(nil, uint64(left)), binary.AppendUvarint(nil, uint64(stop))
	return append(dst, slices.Concat([]byte{0},
		[]byte{0x41}, sleb(turns), []byte{0x24}, l,
		[]byte{0x41, 0, 0x40, 0, 0x1A}, // memory.grow(0), drop
		[]byte{0x23}, s, []byte{opIf, 0x40, 0x00, opEnd},
		[]byte{opEnd})...)
}

// sleb encodes a positive number as a signed LEB128.
func sleb(x uint32) []byte {
	b := binary.AppendUvarint(nil, uint64(x))
	if last := len(b) - 1; b[last]&0x40 != 0 { // it would read as a sign
		b[last] |= 0x80
		b = append(b, 0)
	}
	return b
}

// pausingFunction copies a function and puts turn at the head of every loop, and of the function itself if it calls
// others: without a call it can't recurse.
func pausingFunction(dst, code, turn []byte) ([]byte, error) {
	r := &reader{b: code}
	for range r.u32() { // locals
		r.u32()
		r.byte()
	}
	if r.err != nil {
		return nil, r.err
	}
	dst = append(dst, code[:len(code)-len(r.b)]...)
	start := len(dst)
	calls, copied := false, r.b
	for len(r.b) > 0 {
		switch r.instruction() {
		case opLoop:
			dst = append(dst, copied[:len(copied)-len(r.b)]...)
			dst = append(dst, turn...)
			copied = r.b
		case opCall, opCallIndirect, 0x12, 0x13:
			calls = true
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	dst = append(dst, copied...)
	if calls {
		dst = slices.Insert(dst, start, turn...)
	}
	return dst, nil
}
