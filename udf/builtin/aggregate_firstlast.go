package builtin

import (
	"encoding/binary"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func aggregateFirstLast() []udf.Spec {
	bind := func(last bool) func(c *udf.Call) (*udf.BoundAggregate, error) {
		return func(c *udf.Call) (*udf.BoundAggregate, error) {
			t, err := oneArg(c)
			if err != nil {
				return nil, err
			}
			if t.Kind == types.Null {
				t = types.IntType
			}
			t = t.WithAttr(types.NoTime)
			return &udf.BoundAggregate{
				Args:   []types.Type{t},
				Result: t.Nullable(),
				New:    func(retract bool) udf.Accumulator { return newEnd(t, last, retract) },
			}, nil
		}
	}
	return []udf.Spec{
		{
			Name:      "FIRST_VALUE",
			Family:    "aggregate",
			Usage:     []string{"FIRST_VALUE(value)"},
			Summary:   "The value that came first, NULLs left out; NULL when there is none.",
			Examples:  []udf.Example{{SQL: "FIRST_VALUE(3)", Result: "3"}},
			Aggregate: bind(false),
		},
		{
			Name:      "LAST_VALUE",
			Family:    "aggregate",
			Usage:     []string{"LAST_VALUE(value)"},
			Summary:   "The value that came last, NULLs left out; NULL when there is none.",
			Examples:  []udf.Example{{SQL: "LAST_VALUE(3)", Result: "3"}},
			Aggregate: bind(true),
		},
	}
}

// newEnd returns FIRST_VALUE, or LAST_VALUE for last, over values of t.
func newEnd(t types.Type, last, retract bool) udf.Accumulator {
	if retract {
		return &history{codec: newRowCodec(t), last: last, skipNulls: true, result: endOfHistory}
	}
	switch t.Kind.Storage() {
	case types.StoreBool:
		return &endValue[bool]{last: last}
	case types.StoreBytes, types.StoreList, types.StoreRow:
		return &endRow{codec: newRowCodec(t), last: last}
	}
	return ofStorage(t, newEndValue[int8](last), newEndValue[int16](last), newEndValue[int32](last),
		newEndValue[int64](last), newEndValue[float32](last), newEndValue[float64](last), newEndValue[decimal128.Num](last))
}

func newEndValue[T fixed](last bool) func() udf.Accumulator {
	return func() udf.Accumulator { return &endValue[T]{last: last} }
}

// endValue keeps the first or last value of fixed width.
type endValue[T fixed] struct {
	slots[T]
	last bool
}

func (a *endValue[T]) Add(groups []int32, args []*types.Vector, rows []int32) {
	v, state := args[0], a.state
	x := *values[T](v)
	for k, g := range groups {
		if r := row(rows, k); v.Valid.Get(r) && (a.last || !state[g].seen) {
			state[g] = slot[T]{x[r], true}
		}
	}
}

// Merge takes the rows of src to be later than those of dst.
func (a *endValue[T]) Merge(dst, src int32) {
	if a.state[src].seen && (a.last || !a.state[dst].seen) {
		a.state[dst] = a.state[src]
	}
}

// endRow keeps the first or last value of any width, encoded.
type endRow struct {
	byteSlots
	codec rowCodec
	last  bool
}

func (a *endRow) Add(groups []int32, args []*types.Vector, rows []int32) {
	v := args[0]
	for k, g := range groups {
		if r := row(rows, k); v.Valid.Get(r) && (a.last || a.state[g] == nil) {
			a.set(g, a.codec.encode(args, r))
		}
	}
}

// Merge takes the rows of src to be later than those of dst.
func (a *endRow) Merge(dst, src int32) {
	if s := a.state[src]; s != nil && (a.last || a.state[dst] == nil) {
		a.set(dst, s)
	}
}

func (a *endRow) Result(groups []int32, out *types.Vector) {
	for _, g := range groups {
		if s := a.state[g]; s != nil {
			a.codec.decode(s, out)
		} else {
			out.AppendNull()
		}
	}
}

func (a *endRow) Decode(group int32, src []byte) (rest []byte, err error) {
	if rest, err = a.byteSlots.Decode(group, src); err == nil && a.state[group] != nil {
		err = a.codec.check(a.state[group])
	}
	return rest, err
}

// rowCodec turns rows of some types into canonical bytes and back.
type rowCodec struct {
	ts  []types.Type
	buf []byte
}

func newRowCodec(ts ...types.Type) rowCodec { return rowCodec{ts: ts} }

// encode returns row i of the columns, of which there may be more than types; it is valid until the next call.
func (c *rowCodec) encode(args []*types.Vector, i int) []byte {
	c.buf = types.EncodeRow(c.buf[:0], args[:len(c.ts)], i)
	return c.buf
}

// decode appends to out what encode wrote; out has the codec's types.
func (c *rowCodec) decode(b []byte, out ...*types.Vector) {
	// The bytes were written by encode, or checked when the state was restored.
	_, _ = types.DecodeRow(b, out)
}

// check reports bytes that decode can't read.
func (c *rowCodec) check(b []byte) error {
	rest, err := types.DecodeRow(b, c.vectors())
	if err != nil || len(rest) > 0 {
		return errCorruptState
	}
	return nil
}

// vectors returns empty vectors of the codec's types.
func (c *rowCodec) vectors() []*types.Vector {
	vs := make([]*types.Vector, len(c.ts))
	for i, t := range c.ts {
		vs[i] = types.NewVector(t)
	}
	return vs
}

// history keeps all rows of arguments of a group in the order they came, so that any of them can be retracted: a
// retraction takes away the oldest equal row, and nothing when there is none. It serves every aggregate whose result
// depends on the order.
type history struct {
	codec     rowCodec
	state     []past
	held      int
	skipNulls bool // rows whose first argument is NULL don't count
	last      bool
	result    func(a *history, p *past, out *types.Vector)
}

// past is the values of one group, oldest first, encoded. The first gone of them are retracted.
type past struct {
	values []string
	gone   int
}

func (p *past) all() []string { return p.values[p.gone:] }

// stringBytes is what a string takes beside its bytes.
const stringBytes = int(unsafe.Sizeof(""))

func (a *history) Grow(n int) { a.state = grow(a.state, n) }

func (a *history) Reset(group int32) {
	for _, x := range a.state[group].all() {
		a.held -= len(x) + stringBytes
	}
	a.state[group] = past{}
}

func (a *history) Add(groups []int32, args []*types.Vector, rows []int32) {
	v := args[0]
	for k, g := range groups {
		if r := row(rows, k); v.Valid.Get(r) || !a.skipNulls {
			a.append(g, string(a.codec.encode(args, r)))
		}
	}
}

func (a *history) append(group int32, x string) {
	p := &a.state[group]
	p.values = append(p.values, x)
	a.held += len(x) + stringBytes
}

func (a *history) Retract(groups []int32, args []*types.Vector, rows []int32) {
	v := args[0]
	for k, g := range groups {
		if r := row(rows, k); v.Valid.Get(r) || !a.skipNulls {
			a.remove(g, a.codec.encode(args, r))
		}
	}
}

func (a *history) remove(group int32, x []byte) {
	p := &a.state[group]
	for i := p.gone; i < len(p.values); i++ {
		if p.values[i] != string(x) {
			continue
		}
		a.held -= len(x) + stringBytes
		// Shift the older ones up: the usual retraction is of the oldest value, and then nothing moves.
		copy(p.values[p.gone+1:i+1], p.values[p.gone:i])
		p.values[p.gone] = ""
		p.gone++
		if p.gone > 32 && p.gone > len(p.values)/2 {
			p.values = append([]string(nil), p.all()...)
			p.gone = 0
		}
		return
	}
}

// Merge takes the rows of src to be later than those of dst.
func (a *history) Merge(dst, src int32) {
	for _, x := range a.state[src].all() {
		a.append(dst, x)
	}
}

func (a *history) Result(groups []int32, out *types.Vector) {
	for _, g := range groups {
		a.result(a, &a.state[g], out)
	}
}

// endOfHistory is the result of FIRST_VALUE and LAST_VALUE.
func endOfHistory(a *history, p *past, out *types.Vector) {
	all := p.all()
	switch {
	case len(all) == 0:
		out.AppendNull()
	case a.last:
		a.codec.decode([]byte(all[len(all)-1]), out)
	default:
		a.codec.decode([]byte(all[0]), out)
	}
}

// Encode writes the number of values and, for each, oldest first, its row bytes with their length.
func (a *history) Encode(dst []byte, group int32) []byte {
	all := a.state[group].all()
	dst = binary.AppendUvarint(dst, uint64(len(all)))
	for _, x := range all {
		dst = appendBytes(dst, x)
	}
	return dst
}

func (a *history) Decode(group int32, src []byte) (rest []byte, err error) {
	a.Reset(group)
	n, used := binary.Uvarint(src)
	if used <= 0 {
		return nil, errCorruptState
	}
	rest = src[used:]
	for range n {
		var x []byte
		if x, rest, err = takeBytes(rest); err != nil {
			return nil, err
		}
		if err = a.codec.check(x); err != nil {
			return nil, err
		}
		a.append(group, string(x))
	}
	return rest, nil
}

func (a *history) Bytes() int { return a.held + cap(a.state)*int(unsafe.Sizeof(past{})) }
