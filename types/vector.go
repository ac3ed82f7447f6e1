package types

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// Vector is one column of N values in Arrow's memory layout: a validity bitmap beside a dense slice of values, or
// offsets into bytes for text, so that no value costs a pointer. Which slice is in use follows from Type.Kind:
//
//	Bool     Boolean (a byte each in flight; packed to bits only at the Arrow edge)
//	I8, I16  TinyInt, SmallInt
//	I32      Int, Date (days since 1970-01-01), Time (milliseconds of the day), IntervalMonth (months)
//	I64      BigInt, IntervalMilli (milliseconds), Timestamp and TimestampLTZ (see Type.TicksPerSecond)
//	F32, F64 Float, Double
//	Dec      Decimal, unscaled 128-bit integers of the type's scale
//	Offsets+Data  Char, Varchar (UTF-8), Binary, Varbinary: value i is Data[Offsets[i]:Offsets[i+1]]
//	Offsets+Children  Array [element], Map [key, value], Multiset [element, Int count]: entries Offsets[i]..Offsets[i+1]
//	Children      Row: one vector per field, each with N rows
//
// The slices are exported because the hot loops of decoders, kernels and operators run over them directly. A NULL row
// still has a (meaningless) value in the slice, so rows and values stay aligned. A vector is owned by whoever made it;
// readers must not keep slices of it beyond the call they were given it in.
type Vector struct {
	Type  Type
	N     int
	Valid Bitmap

	Bool    []bool
	I8      []int8
	I16     []int16
	I32     []int32
	I64     []int64
	F32     []float32
	F64     []float64
	Dec     []decimal128.Num
	Offsets []int32
	Data    []byte

	Children []*Vector

	// Hashes, when there are N of them, are the hashes of text or bytes by row, as state.KeyHasher has them: an exchange
	// leaves those that it has divided the rows by for the operator behind it. Nothing else sets them.
	Hashes []uint64
}

// Storage says which slices of a Vector a kind uses.
type Storage uint8

const (
	StoreNone Storage = iota // Null, Symbol: no values
	StoreBool
	StoreI8
	StoreI16
	StoreI32
	StoreI64
	StoreF32
	StoreF64
	StoreDec
	StoreBytes // Offsets and Data
	StoreList  // Offsets and Children
	StoreRow   // Children
)

var storages = [...]Storage{
	Char: StoreBytes, Varchar: StoreBytes, Boolean: StoreBool, Binary: StoreBytes, Varbinary: StoreBytes,
	Decimal: StoreDec, TinyInt: StoreI8, SmallInt: StoreI16, Int: StoreI32, BigInt: StoreI64, Float: StoreF32,
	Double: StoreF64, Date: StoreI32, Time: StoreI32, Timestamp: StoreI64, TimestampLTZ: StoreI64,
	IntervalMonth: StoreI32, IntervalMilli: StoreI64, Array: StoreList, Multiset: StoreList, Map: StoreList,
	Row: StoreRow, Null: StoreNone, Symbol: StoreNone,
}

// Storage returns which slices values of this kind use.
func (k Kind) Storage() Storage { return storages[k] }

// NewVector returns an empty vector of t.
func NewVector(t Type) *Vector {
	v := &Vector{Type: t}
	switch t.Kind.Storage() {
	case StoreBytes:
		v.Offsets = []int32{0}
	case StoreList:
		v.Offsets = []int32{0}
		switch t.Kind {
		case Map:
			v.Children = []*Vector{NewVector(*t.Key), NewVector(*t.Elem)}
		case Multiset:
			v.Children = []*Vector{NewVector(*t.Elem), NewVector(IntType)}
		default:
			v.Children = []*Vector{NewVector(*t.Elem)}
		}
	case StoreRow:
		v.Children = make([]*Vector, len(t.Fields))
		for i, f := range t.Fields {
			v.Children[i] = NewVector(f.Type)
		}
	}
	return v
}

// Reset empties the vector and keeps its buffers.
func (v *Vector) Reset() {
	v.N = 0
	v.Valid = v.Valid[:0]
	v.Bool, v.I8, v.I16, v.I32, v.I64 = v.Bool[:0], v.I8[:0], v.I16[:0], v.I32[:0], v.I64[:0]
	v.F32, v.F64, v.Dec, v.Data = v.F32[:0], v.F64[:0], v.Dec[:0], v.Data[:0]
	v.Hashes = v.Hashes[:0]
	if v.Offsets != nil {
		v.Offsets = v.Offsets[:1]
	}
	for _, c := range v.Children {
		c.Reset()
	}
}

// Resize makes a fixed-width vector n rows long, all valid, values unspecified. Text, bytes and nested vectors are
// emptied instead: their values are appended in order.
func (v *Vector) Resize(n int) {
	v.Valid, v.Hashes = v.Valid[:0], v.Hashes[:0]
	switch v.Type.Kind.Storage() {
	case StoreNone:
	case StoreBool:
		v.Bool = resize(v.Bool, n)
	case StoreI8:
		v.I8 = resize(v.I8, n)
	case StoreI16:
		v.I16 = resize(v.I16, n)
	case StoreI32:
		v.I32 = resize(v.I32, n)
	case StoreI64:
		v.I64 = resize(v.I64, n)
	case StoreF32:
		v.F32 = resize(v.F32, n)
	case StoreF64:
		v.F64 = resize(v.F64, n)
	case StoreDec:
		v.Dec = resize(v.Dec, n)
	default:
		v.Reset()
		return
	}
	v.N = n
}

func resize[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s[:n]
	}
	return make([]T, n, max(n, 2*cap(s)))
}

// IsNull reports whether row i is NULL.
func (v *Vector) IsNull(i int) bool { return !v.Valid.Get(i) }

// SetNull marks row i NULL.
func (v *Vector) SetNull(i int) {
	v.Valid = v.Valid.Grow(i + 1)
	v.Valid.Clear(i)
}

// Str returns text row i without copying: valid only as long as the vector's Data.
func (v *Vector) Str(i int) string {
	b := v.Data[v.Offsets[i]:v.Offsets[i+1]]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// Bytes returns text or bytes row i without copying: valid only as long as the vector's Data.
func (v *Vector) Bytes(i int) []byte { return v.Data[v.Offsets[i]:v.Offsets[i+1]:v.Offsets[i+1]] }

// AppendString appends one text or bytes value.
func (v *Vector) AppendString(s string) {
	v.Data = append(v.Data, s...)
	v.EndValue()
}

// AppendBytes appends one text or bytes value.
func (v *Vector) AppendBytes(b []byte) {
	v.Data = append(v.Data, b...)
	v.EndValue()
}

// EndValue ends the text or bytes value whose bytes have been appended to Data.
func (v *Vector) EndValue() {
	v.Offsets = append(v.Offsets, int32(len(v.Data)))
	v.N++
}

// EndList ends the array, map or multiset whose entries have been appended to the children.
func (v *Vector) EndList() {
	v.Offsets = append(v.Offsets, int32(v.Children[0].N))
	v.N++
}

// AppendNull appends a NULL row.
func (v *Vector) AppendNull() {
	v.SetNull(v.N)
	v.AppendZero()
}

// AppendZero appends a valid row holding the zero value of the storage: 0, the empty text, an empty list, a row of
// NULLs.
func (v *Vector) AppendZero() {
	switch v.Type.Kind.Storage() {
	case StoreBool:
		v.Bool = append(v.Bool, false)
	case StoreI8:
		v.I8 = append(v.I8, 0)
	case StoreI16:
		v.I16 = append(v.I16, 0)
	case StoreI32:
		v.I32 = append(v.I32, 0)
	case StoreI64:
		v.I64 = append(v.I64, 0)
	case StoreF32:
		v.F32 = append(v.F32, 0)
	case StoreF64:
		v.F64 = append(v.F64, 0)
	case StoreDec:
		v.Dec = append(v.Dec, decimal128.Num{})
	case StoreBytes, StoreList:
		v.Offsets = append(v.Offsets, v.Offsets[len(v.Offsets)-1])
	case StoreRow:
		for _, c := range v.Children {
			c.AppendNull()
		}
	}
	v.N++
}

// AppendRow appends row i of src, whose storage must be the same (Type.SameStorage).
func (v *Vector) AppendRow(src *Vector, i int) { v.AppendRange(src, i, i+1) }

// AppendRange appends rows from..to of src, whose storage must be the same.
func (v *Vector) AppendRange(src *Vector, from, to int) {
	if len(src.Valid) > 0 {
		for i := from; i < to; i++ {
			if !src.Valid.Get(i) {
				v.SetNull(v.N + i - from)
			}
		}
	}
	switch v.Type.Kind.Storage() {
	case StoreBool:
		v.Bool = append(v.Bool, src.Bool[from:to]...)
	case StoreI8:
		v.I8 = append(v.I8, src.I8[from:to]...)
	case StoreI16:
		v.I16 = append(v.I16, src.I16[from:to]...)
	case StoreI32:
		v.I32 = append(v.I32, src.I32[from:to]...)
	case StoreI64:
		v.I64 = append(v.I64, src.I64[from:to]...)
	case StoreF32:
		v.F32 = append(v.F32, src.F32[from:to]...)
	case StoreF64:
		v.F64 = append(v.F64, src.F64[from:to]...)
	case StoreDec:
		v.Dec = append(v.Dec, src.Dec[from:to]...)
	case StoreBytes:
		shift := int32(len(v.Data)) - src.Offsets[from]
		v.Data = append(v.Data, src.Data[src.Offsets[from]:src.Offsets[to]]...)
		for _, o := range src.Offsets[from+1 : to+1] {
			v.Offsets = append(v.Offsets, o+shift)
		}
	case StoreList:
		first, last := int(src.Offsets[from]), int(src.Offsets[to])
		shift := int32(v.Children[0].N - first)
		for i, c := range v.Children {
			c.AppendRange(src.Children[i], first, last)
		}
		for _, o := range src.Offsets[from+1 : to+1] {
			v.Offsets = append(v.Offsets, o+shift)
		}
	case StoreRow:
		for i, c := range v.Children {
			c.AppendRange(src.Children[i], from, to)
		}
	}
	v.N += to - from
}

// AppendSelected appends the rows of src that sel names, in sel's order. The storage must be the same.
func (v *Vector) AppendSelected(src *Vector, sel []int32) {
	if len(src.Valid) > 0 {
		for k, i := range sel {
			if !src.Valid.Get(int(i)) {
				v.SetNull(v.N + k)
			}
		}
	}
	switch v.Type.Kind.Storage() {
	case StoreBool:
		v.Bool = appendSelected(v.Bool, src.Bool, sel)
	case StoreI8:
		v.I8 = appendSelected(v.I8, src.I8, sel)
	case StoreI16:
		v.I16 = appendSelected(v.I16, src.I16, sel)
	case StoreI32:
		v.I32 = appendSelected(v.I32, src.I32, sel)
	case StoreI64:
		v.I64 = appendSelected(v.I64, src.I64, sel)
	case StoreF32:
		v.F32 = appendSelected(v.F32, src.F32, sel)
	case StoreF64:
		v.F64 = appendSelected(v.F64, src.F64, sel)
	case StoreDec:
		v.Dec = appendSelected(v.Dec, src.Dec, sel)
	case StoreBytes:
		v.appendSelectedBytes(src, sel)
	case StoreList:
		for _, i := range sel {
			for j, c := range v.Children {
				c.AppendRange(src.Children[j], int(src.Offsets[i]), int(src.Offsets[i+1]))
			}
			v.Offsets = append(v.Offsets, int32(v.Children[0].N))
		}
	case StoreRow:
		for i, c := range v.Children {
			c.AppendSelected(src.Children[i], sel)
		}
	}
	v.N += len(sel)
}

// appendSelectedBytes is AppendSelected for text and bytes. Most texts are short: sixteen bytes are copied of each of those,
// whatever its length, which the next one writes over where they are too many.
func (v *Vector) appendSelectedBytes(src *Vector, sel []int32) {
	from := len(v.Offsets)
	v.Offsets = slices.Grow(v.Offsets, len(sel))[:from+len(sel)]
	ends, at := v.Offsets[from:], len(v.Data)
	if len(src.Data) == 0 { // all are empty
		for k := range ends {
			ends[k] = int32(at)
		}
		return
	}
	const short = 16
	starts, bytes := src.Offsets, src.Data
	sum := 0
	for _, i := range sel {
		sum += int(starts[i+1] - starts[i])
	}
	out := slices.Grow(v.Data, sum+short)[:at+sum+short]
	for k, i := range sel {
		from, to := int(starts[i]), int(starts[i+1])
		if to-from <= short && from+short <= len(bytes) {
			copy(out[at:at+short], bytes[from:from+short])
		} else {
			copy(out[at:], bytes[from:to])
		}
		at += to - from
		ends[k] = int32(at)
	}
	v.Data = out[:at]
}

func appendSelected[T any](dst, src []T, sel []int32) []T {
	at := len(dst)
	if need := at + len(sel); cap(dst) < need {
		grown := make([]T, need, max(need, 2*cap(dst)))
		copy(grown, dst)
		dst = grown
	} else {
		dst = dst[:need]
	}
	out := dst[at:]
	for k, i := range sel {
		out[k] = src[i]
	}
	return dst
}

// CopyFrom makes v a copy of src, whose storage must be the same.
func (v *Vector) CopyFrom(src *Vector) {
	v.Reset()
	v.AppendRange(src, 0, src.N)
}

// Value returns row i as a Go value, nil for NULL: bool, int8 … int64, float32, float64, decimal128.Num, string, []byte
// (copied), []any for arrays and rows, [][2]any for maps and multisets. Dates, times, timestamps and intervals are the
// integers of the vector. For literals, tests and other cold paths.
func (v *Vector) Value(i int) any {
	if v.IsNull(i) {
		return nil
	}
	switch v.Type.Kind.Storage() {
	case StoreBool:
		return v.Bool[i]
	case StoreI8:
		return v.I8[i]
	case StoreI16:
		return v.I16[i]
	case StoreI32:
		return v.I32[i]
	case StoreI64:
		return v.I64[i]
	case StoreF32:
		return v.F32[i]
	case StoreF64:
		return v.F64[i]
	case StoreDec:
		return v.Dec[i]
	case StoreBytes:
		if v.Type.IsBinary() {
			return bytes.Clone(v.Bytes(i))
		}
		return strings.Clone(v.Str(i))
	case StoreList:
		from, to := int(v.Offsets[i]), int(v.Offsets[i+1])
		if v.Type.Kind == Array {
			out := make([]any, 0, to-from)
			for k := from; k < to; k++ {
				out = append(out, v.Children[0].Value(k))
			}
			return out
		}
		out := make([][2]any, 0, to-from)
		for k := from; k < to; k++ {
			out = append(out, [2]any{v.Children[0].Value(k), v.Children[1].Value(k)})
		}
		return out
	case StoreRow:
		out := make([]any, len(v.Children))
		for k, c := range v.Children {
			out[k] = c.Value(i)
		}
		return out
	}
	return nil
}

// AppendValue appends a Go value of the form that Value returns; nil is NULL. A value of another Go type is a bug in
// the caller and panics.
func (v *Vector) AppendValue(x any) {
	if x == nil {
		v.AppendNull()
		return
	}
	switch v.Type.Kind.Storage() {
	case StoreBool:
		v.Bool = append(v.Bool, x.(bool))
	case StoreI8:
		v.I8 = append(v.I8, x.(int8))
	case StoreI16:
		v.I16 = append(v.I16, x.(int16))
	case StoreI32:
		v.I32 = append(v.I32, x.(int32))
	case StoreI64:
		v.I64 = append(v.I64, x.(int64))
	case StoreF32:
		v.F32 = append(v.F32, x.(float32))
	case StoreF64:
		v.F64 = append(v.F64, x.(float64))
	case StoreDec:
		v.Dec = append(v.Dec, x.(decimal128.Num))
	case StoreBytes:
		if s, ok := x.(string); ok {
			v.AppendString(s)
		} else {
			v.AppendBytes(x.([]byte))
		}
		return
	case StoreList:
		if v.Type.Kind == Array {
			for _, e := range x.([]any) {
				v.Children[0].AppendValue(e)
			}
		} else {
			for _, e := range x.([][2]any) {
				v.Children[0].AppendValue(e[0])
				v.Children[1].AppendValue(e[1])
			}
		}
		v.EndList()
		return
	case StoreRow:
		for i, e := range x.([]any) {
			v.Children[i].AppendValue(e)
		}
	default:
		panic(fmt.Sprintf("types: append %T to a vector of %s", x, v.Type))
	}
	v.N++
}

// CompareAt orders row i of a before, with or after row j of b: NULL first, then by value (false < true, text by
// bytes, NaN above every number as in Java). Both vectors have the same storage. Maps and multisets are not ordered;
// they compare entry by entry.
func CompareAt(a *Vector, i int, b *Vector, j int) int {
	if an, bn := a.IsNull(i), b.IsNull(j); an || bn {
		switch {
		case an && bn:
			return 0
		case an:
			return -1
		}
		return 1
	}
	switch a.Type.Kind.Storage() {
	case StoreBool:
		switch {
		case a.Bool[i] == b.Bool[j]:
			return 0
		case b.Bool[j]:
			return -1
		}
		return 1
	case StoreI8:
		return cmp.Compare(a.I8[i], b.I8[j])
	case StoreI16:
		return cmp.Compare(a.I16[i], b.I16[j])
	case StoreI32:
		return cmp.Compare(a.I32[i], b.I32[j])
	case StoreI64:
		return cmp.Compare(a.I64[i], b.I64[j])
	case StoreF32:
		return compareFloat(float64(a.F32[i]), float64(b.F32[j]))
	case StoreF64:
		return compareFloat(a.F64[i], b.F64[j])
	case StoreDec:
		return a.Dec[i].Cmp(b.Dec[j])
	case StoreBytes:
		return bytes.Compare(a.Bytes(i), b.Bytes(j))
	case StoreList:
		af, at, bf, bt := int(a.Offsets[i]), int(a.Offsets[i+1]), int(b.Offsets[j]), int(b.Offsets[j+1])
		for k := 0; af+k < at && bf+k < bt; k++ {
			for c := range a.Children {
				if r := CompareAt(a.Children[c], af+k, b.Children[c], bf+k); r != 0 {
					return r
				}
			}
		}
		return cmp.Compare(at-af, bt-bf)
	case StoreRow:
		for c := range a.Children {
			if r := CompareAt(a.Children[c], i, b.Children[c], j); r != 0 {
				return r
			}
		}
	}
	return 0
}

// compareFloat is cmp.Compare with NaN last instead of first.
func compareFloat(a, b float64) int {
	switch {
	case a != a && b != b:
		return 0
	case a != a:
		return 1
	case b != b:
		return -1
	}
	return cmp.Compare(a, b)
}
