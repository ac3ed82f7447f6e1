package builtin

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// aggregates is the family of aggregate functions. Results are declared nullable, COUNT and $SUM0 aside: an aggregate
// over no rows is NULL, and only the planner knows whether there can be none.
//
// States live in one slice per accumulator, indexed by group, of structs without pointers where the type allows.
// Their encodings have no version of their own: little-endian fixed-width values and uvarints in the order each type's
// Encode says. A change of one is a change of the savepoint format.
func aggregates() []udf.Spec {
	var specs []udf.Spec
	for _, group := range [][]udf.Spec{
		aggregateCount(), aggregateSum(), aggregateAvg(), aggregateMinMax(), aggregateFirstLast(),
		aggregateVariance(), aggregateCollect(), aggregateListAgg(), aggregateOver(),
	} {
		specs = append(specs, group...)
	}
	return specs
}

// errCorruptState is what Decode returns for bytes that Encode did not write.
var errCorruptState = errors.New("bytes of an aggregate's state are damaged or of another function")

// integer, float and fixed are the Go types of the vectors' fixed-width slices.
type (
	integer interface {
		int8 | int16 | int32 | int64
	}
	float interface {
		float32 | float64
	}
	fixed interface {
		bool | integer | float | decimal128.Num
	}
)

// values returns the slice in which v keeps its values, which must be of T.
func values[T fixed](v *types.Vector) *[]T {
	var s any
	switch any(*new(T)).(type) {
	case bool:
		s = &v.Bool
	case int8:
		s = &v.I8
	case int16:
		s = &v.I16
	case int32:
		s = &v.I32
	case int64:
		s = &v.I64
	case float32:
		s = &v.F32
	case float64:
		s = &v.F64
	case decimal128.Num:
		s = &v.Dec
	}
	return s.(*[]T)
}

// appendFixed appends one value, or NULL, to a vector of T.
func appendFixed[T fixed](v *types.Vector, x T, valid bool) {
	if !valid {
		v.AppendNull()
		return
	}
	s := values[T](v)
	*s = append(*s, x)
	v.N++
}

// extend makes a vector of T n rows longer, all valid, and returns the places of their values, which are unspecified.
func extend[T fixed](v *types.Vector, n int) []T {
	s := values[T](v)
	at := len(*s)
	*s = slices.Grow(*s, n)[:at+n]
	v.N += n
	return (*s)[at:]
}

// step is what the k-th row does; nil steps: all rows are added.
func step(steps []udf.Step, k int) udf.Step {
	if steps == nil {
		return udf.StepAdd
	}
	return steps[k]
}

// row is the physical row that goes to the k-th group.
func row(rows []int32, k int) int {
	if rows == nil {
		return k
	}
	return int(rows[k])
}

// noNulls reports whether every row of v is valid, so that a loop can leave out the test.
func noNulls(v *types.Vector) bool { return v.Valid.AllValid(v.N) }

// grow returns s with room for n entries; new ones are zero.
func grow[T any](s []T, n int) []T {
	if n <= len(s) {
		return s
	}
	if n <= cap(s) {
		return s[:n]
	}
	grown := make([]T, n, max(n, 2*cap(s)))
	copy(grown, s)
	return grown
}

// appendValue appends x in little-endian fixed width.
func appendValue[T fixed](dst []byte, x T) []byte {
	le := binary.LittleEndian
	switch x := any(x).(type) {
	case bool:
		if x {
			return append(dst, 1)
		}
		return append(dst, 0)
	case int8:
		return append(dst, byte(x))
	case int16:
		return le.AppendUint16(dst, uint16(x))
	case int32:
		return le.AppendUint32(dst, uint32(x))
	case int64:
		return le.AppendUint64(dst, uint64(x))
	case float32:
		return le.AppendUint32(dst, math.Float32bits(x))
	case float64:
		return le.AppendUint64(dst, math.Float64bits(x))
	case decimal128.Num:
		return le.AppendUint64(le.AppendUint64(dst, x.LowBits()), uint64(x.HighBits()))
	}
	return dst
}

// takeValue reads what appendValue wrote.
func takeValue[T fixed](src []byte) (x T, rest []byte, err error) {
	le := binary.LittleEndian
	size := 1
	switch any(x).(type) {
	case int16:
		size = 2
	case int32, float32:
		size = 4
	case int64, float64:
		size = 8
	case decimal128.Num:
		size = 16
	}
	if len(src) < size {
		return x, nil, errCorruptState
	}
	switch p := any(&x).(type) {
	case *bool:
		*p = src[0] != 0
	case *int8:
		*p = int8(src[0])
	case *int16:
		*p = int16(le.Uint16(src))
	case *int32:
		*p = int32(le.Uint32(src))
	case *int64:
		*p = int64(le.Uint64(src))
	case *float32:
		*p = math.Float32frombits(le.Uint32(src))
	case *float64:
		*p = math.Float64frombits(le.Uint64(src))
	case *decimal128.Num:
		*p = decimal128.New(int64(le.Uint64(src[8:])), le.Uint64(src))
	}
	return x, src[size:], nil
}

// takeVarint reads what binary.AppendVarint wrote.
func takeVarint(src []byte) (x int64, rest []byte, err error) {
	x, n := binary.Varint(src)
	if n <= 0 {
		return 0, nil, errCorruptState
	}
	return x, src[n:], nil
}

// takeBytes reads a uvarint length and as many bytes, which stay part of src.
func takeBytes(src []byte) (b, rest []byte, err error) {
	size, n := binary.Uvarint(src)
	if n <= 0 || size > uint64(len(src)-n) {
		return nil, nil, errCorruptState
	}
	return src[n : n+int(size)], src[n+int(size):], nil
}

// appendBytes writes what takeBytes reads.
func appendBytes[B []byte | string](dst []byte, b B) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// oneArg checks that an aggregate has exactly one argument and returns its type.
func oneArg(c *udf.Call) (types.Type, error) {
	if len(c.Args) != 1 {
		return types.Type{}, udf.Errorf(-1, "%s takes one argument, not %d", c.Name, len(c.Args))
	}
	return c.Args[0].Type, nil
}

// numericArg is oneArg for functions of numbers; an untyped NULL counts as INT.
func numericArg(c *udf.Call) (types.Type, error) {
	t, err := oneArg(c)
	switch {
	case err != nil:
		return t, err
	case t.Kind == types.Null:
		return types.IntType, nil
	case !t.IsNumeric():
		return t, udf.Errorf(0, "%s takes a number, not %s", c.Name, t)
	}
	return t, nil
}

// ofStorage calls the function for the Go type that stores the number type t.
func ofStorage[R any](t types.Type, i8, i16, i32, i64, f32, f64, dec func() R) R {
	switch t.Kind.Storage() {
	case types.StoreI8:
		return i8()
	case types.StoreI16:
		return i16()
	case types.StoreI32:
		return i32()
	case types.StoreI64:
		return i64()
	case types.StoreF32:
		return f32()
	case types.StoreF64:
		return f64()
	}
	return dec()
}
