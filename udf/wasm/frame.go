package wasm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"unicode/utf8"
	"unsafe"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// A frame is how a batch stands in a module's memory: a header, the columns' descriptors, then what they point to, all in
// the one buffer that weir_buffer gives. Numbers are little-endian u32. docs/udf-wasm.md is the reference.
const (
	frameRows        = 0
	frameColumns     = 4
	frameRow         = 8 // the row at which the function is, or that it blames
	frameGroups      = 12
	frameMessage     = 16
	frameMessageSize = 20
	frameResult      = 24
	frameArguments   = 40

	// A descriptor: validity bits, values or offsets, bytes, number of bytes.
	columnValid  = 0
	columnValues = 4
	columnData   = 8
	columnSize   = 12
	columnBytes  = 16

	noRow = ^uint32(0)
)

// width is the size of a value in a frame; text and bytes have offsets there.
func width(s types.Storage) int {
	switch s {
	case types.StoreBool, types.StoreI8:
		return 1
	case types.StoreI16:
		return 2
	case types.StoreI64, types.StoreF64:
		return 8
	}
	return 4
}

// raw is the memory of fixed-width values.
func raw[T any](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T))))
}

// values is the memory of the first n values of a column, other than text.
func values(v *types.Vector, n int) []byte {
	switch v.Type.Kind.Storage() {
	case types.StoreBool:
		return raw(v.Bool[:n])
	case types.StoreI8:
		return raw(v.I8[:n])
	case types.StoreI16:
		return raw(v.I16[:n])
	case types.StoreI32:
		return raw(v.I32[:n])
	case types.StoreI64:
		return raw(v.I64[:n])
	case types.StoreF32:
		return raw(v.F32[:n])
	}
	return raw(v.F64[:n])
}

func isText(t types.Type) bool { return t.Kind.Storage() == types.StoreBytes }

// frame writes a batch into an instance's memory.
type frame struct {
	at  uint32 // of the frame in the module's memory
	b   []byte // the memory from there on
	end uint32 // of what is in use, from at
}

func align(n int) int { return (n + 7) &^ 7 }

// bitmap is the size of n validity bits.
func bitmap(n int) int { return (n + 63) / 64 * 8 }

// size is the room that n rows of columns need.
func frameSize(n int, args []*types.Vector, result types.Type, groups bool) int {
	size := align(frameArguments + columnBytes*len(args))
	for _, a := range args {
		if len(a.Valid) > 0 {
			size += bitmap(n)
		}
		if isText(a.Type) {
			size += align(4*(n+1)) + align(int(a.Offsets[n]-a.Offsets[0]))
		} else {
			size += align(n * width(a.Type.Kind.Storage()))
		}
	}
	size += bitmap(n) + align((n+1)*width(result.Kind.Storage()))
	if groups {
		size += align(4 * n)
	}
	return size
}

// begin asks an instance for a buffer of size bytes and writes the header of n rows.
func (i *instance) begin(size, n, columns int) (frame, error) {
	if size > 1<<31 {
		return frame{}, fmt.Errorf("the batch has %d bytes, a module takes %d at most", size, 1<<31)
	}
	at, err := i.call(exportBuffer, uint32(size))
	if err != nil {
		return frame{}, err
	}
	if at == 0 {
		return frame{}, fmt.Errorf("the module has no room for a batch of %d bytes", size)
	}
	if at%8 != 0 {
		return frame{}, fmt.Errorf("%s gave a buffer at %d; it must be aligned to 8 bytes", exportBuffer, at)
	}
	b, err := i.view(at, uint32(size), "buffer")
	if err != nil {
		return frame{}, err
	}
	f := frame{at: at, b: b, end: uint32(align(frameArguments + columnBytes*columns))}
	clear(b[:f.end])
	f.put(frameRows, uint32(n))
	f.put(frameColumns, uint32(columns))
	f.put(frameRow, noRow)
	return f, nil
}

func (f *frame) put(at uint32, x uint32) { binary.LittleEndian.PutUint32(f.b[at:], x) }

func (f *frame) get(at uint32) uint32 { return binary.LittleEndian.Uint32(f.b[at:]) }

// reserve takes n bytes, and notes where they are in the descriptor's field.
func (f *frame) reserve(field uint32, n int) []byte {
	f.put(field, f.at+f.end)
	b := f.b[f.end : int(f.end)+n]
	f.end += uint32(align(n))
	return b
}

// argument writes column k, of n rows.
func (f *frame) argument(k int, v *types.Vector, n int) {
	d := uint32(frameArguments + columnBytes*k)
	if len(v.Valid) > 0 {
		writeBitmap(f.reserve(d+columnValid, bitmap(n)), v.Valid)
	}
	if !isText(v.Type) {
		copy(f.reserve(d+columnValues, n*width(v.Type.Kind.Storage())), values(v, n))
		return
	}
	offsets := f.reserve(d+columnValues, 4*(n+1))
	first, last := v.Offsets[0], v.Offsets[n]
	if first == 0 {
		copy(offsets, raw(v.Offsets[:n+1]))
	} else {
		for i, o := range v.Offsets[:n+1] {
			binary.LittleEndian.PutUint32(offsets[4*i:], uint32(o-first))
		}
	}
	copy(f.reserve(d+columnData, int(last-first)), v.Data[first:last])
	f.put(d+columnSize, uint32(last-first))
}

// writeBitmap writes validity bits; rows behind the end of valid are valid.
func writeBitmap(dst []byte, valid types.Bitmap) {
	for w := range len(dst) / 8 {
		bits := ^uint64(0)
		if w < len(valid) {
			bits = valid[w]
		}
		binary.LittleEndian.PutUint64(dst[8*w:], bits)
	}
}

// result makes room for the function's n results; rows that aren't valid already are NULL whatever it does.
func (f *frame) result(t types.Type, valid types.Bitmap, n int) {
	writeBitmap(f.reserve(frameResult+columnValid, bitmap(n)), valid)
	size := n * width(t.Kind.Storage())
	if isText(t) {
		size = 4 * (n + 1)
	}
	clear(f.reserve(frameResult+columnValues, size))
}

// finish looks at what a call has returned: 0, or 1 for an error that is described in the frame.
func (i *instance) finish(f *frame, n int, status uint32, err error) error {
	if err != nil {
		return i.errAt(f.at, n, err)
	}
	// The memory may have moved while it grew.
	if f.b, err = i.view(f.at, f.end, "buffer"); err != nil {
		return err
	}
	if status == 0 {
		return nil
	}
	if status != 1 {
		return fmt.Errorf("the function returned the status %d; 0 and 1 have a meaning", status)
	}
	size := f.get(frameMessageSize)
	text, err := i.view(f.get(frameMessage), min(size, maxOutput), "error message")
	if err != nil {
		return err
	}
	err = errors.New(string(text))
	if row := f.get(frameRow); int64(row) < int64(n) {
		return &udf.RowError{Row: int(row), Err: err}
	}
	return err
}

// take takes the n results of a frame into rows at..at+n-1 of out, which are there already unless they are text. Rows become
// NULL, and never valid again.
func (i *instance) take(f *frame, out *types.Vector, at, n int) error {
	valid, err := i.view(f.get(frameResult+columnValid), uint32(bitmap(n)), "result's validity")
	if err != nil {
		return err
	}
	for w := range len(valid) / 8 {
		null := ^binary.LittleEndian.Uint64(valid[8*w:])
		if rest := n - 64*w; rest < 64 {
			null &= 1<<uint(rest) - 1
		}
		for ; null != 0; null &= null - 1 {
			out.SetNull(at + 64*w + bits.TrailingZeros64(null))
		}
	}
	if isText(out.Type) {
		return i.takeText(f, out, n)
	}
	src, err := i.view(f.get(frameResult+columnValues), uint32(n*width(out.Type.Kind.Storage())), "result")
	if err != nil {
		return err
	}
	if out.Type.Kind == types.Boolean {
		for k, b := range src {
			out.Bool[at+k] = b != 0
		}
		return nil
	}
	all := values(out, at+n)
	copy(all[len(all)-len(src):], src)
	return nil
}

// takeText appends text or bytes.
func (i *instance) takeText(f *frame, out *types.Vector, n int) (err error) {
	offsets, err := i.view(f.get(frameResult+columnValues), uint32(4*(n+1)), "result's offsets")
	if err != nil {
		return err
	}
	size := f.get(frameResult + columnSize)
	data, err := i.view(f.get(frameResult+columnData), size, "result's bytes")
	if err != nil {
		return err
	}
	before := len(out.Offsets)
	defer func() {
		if err != nil {
			out.Offsets = out.Offsets[:before]
		}
	}()
	check := out.Type.IsCharacter() && !utf8.Valid(data)
	split := out.Type.IsCharacter()
	base, last := int64(len(out.Data)), uint32(0)
	if base+int64(size) > 1<<31-1 {
		return fmt.Errorf("the results have %d bytes, a batch takes %d at most", base+int64(size), 1<<31-1)
	}
	for k := range n + 1 {
		o := binary.LittleEndian.Uint32(offsets[4*k:])
		switch {
		case o < last || o > size || k == 0 && o != 0:
			return fmt.Errorf("the result's offset %d is %d, after %d and of %d bytes; offsets begin at 0 and never fall", k, o, last, size)
		case check && !utf8.Valid(data[last:o]), split && o < size && !utf8.RuneStart(data[o]):
			return &udf.RowError{Row: max(k-1, 0), Err: errors.New("the result is not valid UTF-8; give BYTES instead of STRING")}
		}
		last = o
		if k > 0 {
			out.Offsets = append(out.Offsets, int32(base+int64(o)))
		}
	}
	out.N += n
	out.Data = append(out.Data, data[:last]...)
	return nil
}
