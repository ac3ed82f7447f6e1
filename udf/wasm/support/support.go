//go:build wasip1

// Package main is the part of a function's module that is the same for all Go files: what the code made for one (see
// gowrap.go) reads batches, writes results and keeps states with. It is compiled together with the user's file, so all its
// names begin with weir, and it uses no name that a file might redefine.
package main

import (
	weirmath "math"
	"unsafe"
)

type weirColumn struct{ valid, values, data, size uint32 }

type weirFrame struct {
	rows, columns, row, groups, message, messageSize uint32
	result                                           weirColumn
}

// What pointers in frames lead to stays alive in these.
var (
	weirInput   []uint64
	weirBytes   []byte
	weirMessage string
)

// weirBuffer gives memory for a batch. Every batch has memory of its own, so that a function may keep the texts it is
// given; the collector frees it.
//
//go:wasmexport weir_buffer
func weirBuffer(size uint32) uint32 {
	weirInput = make([]uint64, size/8+1)
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(weirInput))))
}

func weirPointer(p uint32) unsafe.Pointer { return unsafe.Pointer(uintptr(p)) }

func weirAt(p uint32) *weirFrame { return (*weirFrame)(weirPointer(p)) }

func (f *weirFrame) argument(k int) *weirColumn {
	return (*weirColumn)(unsafe.Add(unsafe.Pointer(f), 40+16*k))
}

// weirValues are the values of argument k.
func weirValues[T any](f *weirFrame, k int) []T {
	return unsafe.Slice((*T)(weirPointer(f.argument(k).values)), int(f.rows))
}

type weirTexts struct {
	offsets []uint32
	data    string
}

func (t *weirTexts) at(i int) string { return t.data[t.offsets[i]:t.offsets[i+1]] }

func weirTextsOf(f *weirFrame, k int) weirTexts {
	c := f.argument(k)
	return weirTexts{unsafe.Slice((*uint32)(weirPointer(c.values)), int(f.rows)+1), unsafe.String((*byte)(weirPointer(c.data)), int(c.size))}
}

type weirBinaries struct {
	offsets []uint32
	data    []byte
}

func (t *weirBinaries) at(i int) []byte {
	from, to := t.offsets[i], t.offsets[i+1]
	return t.data[from:to:to]
}

func weirBinariesOf(f *weirFrame, k int) weirBinaries {
	c := f.argument(k)
	return weirBinaries{unsafe.Slice((*uint32)(weirPointer(c.values)), int(f.rows)+1), unsafe.Slice((*byte)(weirPointer(c.data)), int(c.size))}
}

// weirBits are validity bits; nil has no NULLs.
type weirBits []uint64

func (b weirBits) has(i int) bool { return b == nil || b[i>>6]>>(uint(i)&63)&1 != 0 }

func (b weirBits) unset(i int) { b[i>>6] &^= 1 << (uint(i) & 63) }

func weirBitsAt(p uint32, rows uint32) weirBits {
	if p == 0 {
		return nil
	}
	return unsafe.Slice((*uint64)(weirPointer(p)), (int(rows)+63)/64)
}

// weirOut are the places of the results.
func weirOut[T any](f *weirFrame) []T {
	return unsafe.Slice((*T)(weirPointer(f.result.values)), int(f.rows))
}

// weirOffsets are those of results that are text.
func weirOffsets(f *weirFrame) []uint32 {
	return unsafe.Slice((*uint32)(weirPointer(f.result.values)), int(f.rows)+1)
}

// weirGive ends results that are text.
func weirGive(f *weirFrame, b []byte) {
	weirBytes = b
	f.result.data, f.result.size = uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b)))), uint32(len(b))
}

func weirGroups(f *weirFrame) []uint32 {
	return unsafe.Slice((*uint32)(weirPointer(f.groups)), int(f.rows))
}

func weirFail(f *weirFrame, message string) uint32 {
	weirMessage = message
	f.message, f.messageSize = uint32(uintptr(unsafe.Pointer(unsafe.StringData(message)))), uint32(len(message))
	return 1
}

// weirCatch makes a panic an error of the row that the frame is at.
func weirCatch(f *weirFrame, status *uint32) {
	switch r := recover().(type) {
	case nil:
	case error:
		*status = weirFail(f, "the function panicked: "+r.Error())
	case string:
		*status = weirFail(f, "the function panicked: "+r)
	case interface{ String() string }:
		*status = weirFail(f, "the function panicked: "+r.String())
	default:
		*status = weirFail(f, "the function panicked")
	}
}

// States.

func weirPutUint(dst []byte, x uint64) []byte {
	for x >= 0x80 {
		dst = append(dst, byte(x)|0x80)
		x >>= 7
	}
	return append(dst, byte(x))
}

func weirPutInt(dst []byte, x int64) []byte { return weirPutUint(dst, uint64(x)<<1^uint64(x>>63)) }

func weirPutBool(dst []byte, x bool) []byte {
	if x {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func weirPutFloat(dst []byte, x float64) []byte {
	bits := weirmath.Float64bits(x)
	for range 8 {
		dst = append(dst, byte(bits))
		bits >>= 8
	}
	return dst
}

func weirPutText(dst []byte, x string) []byte {
	return append(weirPutUint(dst, uint64(len(x))), x...)
}

// weirPutLen writes a length, and 0 for nil.
func weirPutLen(dst []byte, n int, isNil bool) []byte {
	if isNil {
		return append(dst, 0)
	}
	return weirPutUint(dst, uint64(n)+1)
}

type weirReader struct{ b []byte }

func (r *weirReader) damaged() {
	panic("its state is damaged, or was written by another version of it")
}

func (r *weirReader) Uint() uint64 {
	var x uint64
	for shift := uint(0); shift < 64; shift += 7 {
		c := r.take(1)[0]
		x |= uint64(c&0x7F) << shift
		if c < 0x80 {
			return x
		}
	}
	r.damaged()
	return 0
}

func (r *weirReader) Int() int64 {
	x := r.Uint()
	return int64(x>>1) ^ -int64(x&1)
}

func (r *weirReader) Bool() bool { return r.take(1)[0] != 0 }

func (r *weirReader) Float() float64 {
	var bits uint64
	for i, c := range r.take(8) {
		bits |= uint64(c) << (8 * uint(i))
	}
	return weirmath.Float64frombits(bits)
}

func (r *weirReader) Text() string {
	n := r.Uint()
	if n > uint64(len(r.b)) {
		r.damaged()
	}
	return string(r.take(int(n)))
}

// Len is a length, -1 for nil. A value takes a byte at least, or nothing at all.
func (r *weirReader) Len() int {
	n := r.Uint()
	if n > uint64(len(r.b))+1 {
		r.damaged()
	}
	return int(n) - 1
}

func (r *weirReader) take(n int) []byte {
	if n > len(r.b) {
		r.damaged()
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *weirReader) end() {
	if len(r.b) > 0 {
		r.damaged()
	}
}
