package builtin

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func aggregateMinMax() []udf.Spec {
	bind := func(sign int) func(c *udf.Call) (*udf.BoundAggregate, error) {
		return func(c *udf.Call) (*udf.BoundAggregate, error) {
			t, err := oneArg(c)
			if err != nil {
				return nil, err
			}
			switch t.Kind {
			case types.Null:
				t = types.IntType
			case types.Binary, types.Varbinary, types.Array, types.Multiset, types.Map, types.Row:
				return nil, udf.Errorf(0, "%s does not order values of type %s", c.Name, t)
			}
			t = t.WithAttr(types.NoTime)
			return &udf.BoundAggregate{
				Args:   []types.Type{t},
				Result: t.Nullable(),
				New:    func(retract bool) udf.Accumulator { return newExtreme(t, sign, retract) },
			}, nil
		}
	}
	return []udf.Spec{
		{
			Name:      "MIN",
			Family:    "aggregate",
			Usage:     []string{"MIN(value)"},
			Summary:   "Smallest of the values that are not NULL; NULL when there is none.",
			Examples:  []udf.Example{{SQL: "MIN('x')", Result: "x"}},
			Aggregate: bind(-1),
		},
		{
			Name:      "MAX",
			Family:    "aggregate",
			Usage:     []string{"MAX(value)"},
			Summary:   "Largest of the values that are not NULL; NULL when there is none.",
			Examples:  []udf.Example{{SQL: "MAX('x')", Result: "x"}},
			Aggregate: bind(1),
		},
	}
}

// newExtreme returns MIN for sign -1 and MAX for sign 1 over values of t.
func newExtreme(t types.Type, sign int, retract bool) udf.Accumulator {
	storage := t.Kind.Storage()
	if retract || storage == types.StoreBool {
		// BOOLEAN has two values, so keeping them all costs nothing and spares an implementation.
		if storage == types.StoreBytes || storage == types.StoreDec {
			return &bagExtreme[string]{keys: textKeys(t), sign: sign}
		}
		return &bagExtreme[int64]{keys: numberKeys(t), sign: sign}
	}
	if storage == types.StoreBytes {
		return &textExtreme{sign: sign}
	}
	return ofStorage(t, numberExtreme[int8](sign), numberExtreme[int16](sign), numberExtreme[int32](sign),
		numberExtreme[int64](sign), numberExtreme[float32](sign), numberExtreme[float64](sign),
		func() udf.Accumulator { return &decimalExtreme{sign: sign} })
}

func numberExtreme[T integer | float](sign int) func() udf.Accumulator {
	return func() udf.Accumulator {
		if sign < 0 {
			return &smallest[T]{}
		}
		return &largest[T]{}
	}
}

// slots keeps one value of fixed width per group. It is what MIN, MAX, FIRST_VALUE and LAST_VALUE have in common when
// nothing is retracted.
type slots[T fixed] struct {
	state []slot[T]
}

type slot[T fixed] struct {
	x    T
	seen bool
}

func (a *slots[T]) Grow(n int)        { a.state = grow(a.state, n) }
func (a *slots[T]) Reset(group int32) { a.state[group] = slot[T]{} }

func (a *slots[T]) Result(groups []int32, out *types.Vector) {
	for _, g := range groups {
		s := a.state[g]
		appendFixed(out, s.x, s.seen)
	}
}

// Encode writes whether there is a value, and the value.
func (a *slots[T]) Encode(dst []byte, group int32) []byte {
	s := a.state[group]
	return appendValue(appendValue(dst, s.seen), s.x)
}

func (a *slots[T]) Decode(group int32, src []byte) (rest []byte, err error) {
	s := &a.state[group]
	if s.seen, rest, err = takeValue[bool](src); err == nil {
		s.x, rest, err = takeValue[T](rest)
	}
	return rest, err
}

func (a *slots[T]) Bytes() int { return cap(a.state) * int(unsafe.Sizeof(slot[T]{})) }

// Retract is never called: an accumulator over slots is only made where nothing is retracted.
func (a *slots[T]) Retract([]int32, []*types.Vector, []int32) {}

var (
	_ udf.Runner = (*smallest[int64])(nil)
	_ udf.Runner = (*largest[int64])(nil)
)

// smallest is MIN over numbers, largest MAX. They are two types because a comparison chosen at run time costs more than
// the rest of the loop. As in Flink a NaN that comes first stays, and one that comes later doesn't count.
type smallest[T integer | float] struct{ slots[T] }

func (a *smallest[T]) Add(groups []int32, args []*types.Vector, rows []int32) {
	v, state := args[0], a.state
	x := *values[T](v)
	switch {
	case !noNulls(v):
		for k, g := range groups {
			if r := row(rows, k); v.Valid.Get(r) {
				if s := &state[g]; !s.seen || x[r] < s.x {
					*s = slot[T]{x[r], true}
				}
			}
		}
	case rows == nil:
		x = x[:len(groups)]
		for k, g := range groups {
			if s := &state[g]; !s.seen || x[k] < s.x {
				*s = slot[T]{x[k], true}
			}
		}
	default:
		rows = rows[:len(groups)]
		for k, g := range groups {
			y := x[rows[k]]
			if s := &state[g]; !s.seen || y < s.x {
				*s = slot[T]{y, true}
			}
		}
	}
}

// Run implements udf.Runner.
func (a *smallest[T]) Run(groups []int32, args []*types.Vector, rows []int32, steps []udf.Step, out *types.Vector) {
	v, state := args[0], a.state
	x, at, nulls := *values[T](v), out.N, !noNulls(v)
	y := extend[T](out, len(groups))
	for k, g := range groups {
		s, r := &state[g], row(rows, k)
		if op := step(steps, k); op == udf.StepReset {
			*s = slot[T]{}
		} else if op == udf.StepAdd && (!nulls || v.Valid.Get(r)) && (!s.seen || x[r] < s.x) {
			*s = slot[T]{x[r], true}
		}
		if y[k] = s.x; !s.seen {
			out.SetNull(at + k)
		}
	}
}

func (a *smallest[T]) Merge(dst, src int32) {
	d, s := &a.state[dst], a.state[src]
	if s.seen && (!d.seen || s.x < d.x) {
		*d = s
	}
}

type largest[T integer | float] struct{ slots[T] }

func (a *largest[T]) Add(groups []int32, args []*types.Vector, rows []int32) {
	v, state := args[0], a.state
	x := *values[T](v)
	switch {
	case !noNulls(v):
		for k, g := range groups {
			if r := row(rows, k); v.Valid.Get(r) {
				if s := &state[g]; !s.seen || x[r] > s.x {
					*s = slot[T]{x[r], true}
				}
			}
		}
	case rows == nil:
		x = x[:len(groups)]
		for k, g := range groups {
			if s := &state[g]; !s.seen || x[k] > s.x {
				*s = slot[T]{x[k], true}
			}
		}
	default:
		rows = rows[:len(groups)]
		for k, g := range groups {
			y := x[rows[k]]
			if s := &state[g]; !s.seen || y > s.x {
				*s = slot[T]{y, true}
			}
		}
	}
}

// Run implements udf.Runner.
func (a *largest[T]) Run(groups []int32, args []*types.Vector, rows []int32, steps []udf.Step, out *types.Vector) {
	v, state := args[0], a.state
	x, at, nulls := *values[T](v), out.N, !noNulls(v)
	y := extend[T](out, len(groups))
	for k, g := range groups {
		s, r := &state[g], row(rows, k)
		if op := step(steps, k); op == udf.StepReset {
			*s = slot[T]{}
		} else if op == udf.StepAdd && (!nulls || v.Valid.Get(r)) && (!s.seen || x[r] > s.x) {
			*s = slot[T]{x[r], true}
		}
		if y[k] = s.x; !s.seen {
			out.SetNull(at + k)
		}
	}
}

func (a *largest[T]) Merge(dst, src int32) {
	d, s := &a.state[dst], a.state[src]
	if s.seen && (!d.seen || s.x > d.x) {
		*d = s
	}
}

// decimalExtreme is MIN or MAX over decimals.
type decimalExtreme struct {
	slots[decimal128.Num]
	sign int
}

func (a *decimalExtreme) Add(groups []int32, args []*types.Vector, rows []int32) {
	v := args[0]
	for k, g := range groups {
		if r := row(rows, k); v.Valid.Get(r) {
			a.take(g, v.Dec[r])
		}
	}
}

func (a *decimalExtreme) take(group int32, x decimal128.Num) {
	if s := &a.state[group]; !s.seen || x.Cmp(s.x)*a.sign > 0 {
		*s = slot[decimal128.Num]{x, true}
	}
}

func (a *decimalExtreme) Merge(dst, src int32) {
	if s := a.state[src]; s.seen {
		a.take(dst, s.x)
	}
}

// byteSlots keeps one text, or encoded value, per group; a nil slot has none.
type byteSlots struct {
	state [][]byte
	held  int // capacity of all slots
}

func (a *byteSlots) Grow(n int) { a.state = grow(a.state, n) }

func (a *byteSlots) Reset(group int32) {
	a.held -= cap(a.state[group])
	a.state[group] = nil
}

// set stores a copy of x, in the slot's old buffer where it fits.
func (a *byteSlots) set(group int32, x []byte) {
	s := &a.state[group]
	a.held -= cap(*s)
	if *s == nil {
		*s = make([]byte, 0, max(len(x), 8)) // not nil, even for the empty text
	}
	*s = append((*s)[:0], x...)
	a.held += cap(*s)
}

// Encode writes whether there is a value, and its bytes with their length.
func (a *byteSlots) Encode(dst []byte, group int32) []byte {
	s := a.state[group]
	return appendBytes(appendValue(dst, s != nil), s)
}

func (a *byteSlots) Decode(group int32, src []byte) (rest []byte, err error) {
	seen, rest, err := takeValue[bool](src)
	if err != nil {
		return nil, err
	}
	x, rest, err := takeBytes(rest)
	if err != nil {
		return nil, err
	}
	a.Reset(group)
	if seen {
		a.set(group, x)
	}
	return rest, nil
}

func (a *byteSlots) Bytes() int { return a.held + cap(a.state)*int(unsafe.Sizeof([]byte{})) }

// Retract is never called: an accumulator over slots is only made where nothing is retracted.
func (a *byteSlots) Retract([]int32, []*types.Vector, []int32) {}

// textExtreme is MIN or MAX over text, which Flink orders by its UTF-8 bytes.
type textExtreme struct {
	byteSlots
	sign int
}

func (a *textExtreme) Add(groups []int32, args []*types.Vector, rows []int32) {
	v := args[0]
	for k, g := range groups {
		if r := row(rows, k); v.Valid.Get(r) {
			a.take(g, v.Bytes(r))
		}
	}
}

func (a *textExtreme) take(group int32, x []byte) {
	if s := a.state[group]; s == nil || bytes.Compare(x, s)*a.sign > 0 {
		a.set(group, x)
	}
}

func (a *textExtreme) Merge(dst, src int32) {
	if s := a.state[src]; s != nil {
		a.take(dst, s)
	}
}

func (a *textExtreme) Result(groups []int32, out *types.Vector) {
	for _, g := range groups {
		if s := a.state[g]; s != nil {
			out.AppendBytes(s)
		} else {
			out.AppendNull()
		}
	}
}

// bagExtreme is MIN or MAX over values that may be retracted: each group keeps a bag of them. Floats are ordered as
// Java's Double.compareTo does: -0 before 0, NaN last.
type bagExtreme[K int64 | string] struct {
	keys  orderedKeys[K]
	sign  int
	state []*bag[K]
	held  int
}

func (a *bagExtreme[K]) Grow(n int) { a.state = grow(a.state, n) }

func (a *bagExtreme[K]) Reset(group int32) {
	if b := a.state[group]; b != nil {
		a.held -= b.bytes
		a.state[group] = nil
	}
}

func (a *bagExtreme[K]) Add(groups []int32, args []*types.Vector, rows []int32) {
	a.count(groups, args, rows, 1)
}

func (a *bagExtreme[K]) Retract(groups []int32, args []*types.Vector, rows []int32) {
	a.count(groups, args, rows, -1)
}

func (a *bagExtreme[K]) count(groups []int32, args []*types.Vector, rows []int32, by int64) {
	v := args[0]
	for k, g := range groups {
		if r := row(rows, k); v.Valid.Get(r) {
			a.countKey(g, a.keys.read(v, r), by)
		}
	}
}

func (a *bagExtreme[K]) countKey(group int32, x K, by int64) {
	b := a.state[group]
	if b == nil {
		b = newBag[K](a.sign)
		a.state[group] = b
	}
	a.held -= b.bytes
	b.count(x, by, a.keys.size(x))
	a.held += b.bytes
}

func (a *bagExtreme[K]) Merge(dst, src int32) {
	if s := a.state[src]; s != nil {
		for x, e := range s.entries {
			a.countKey(dst, x, e.n)
		}
	}
}

func (a *bagExtreme[K]) Result(groups []int32, out *types.Vector) {
	for _, g := range groups {
		if b := a.state[g]; b != nil {
			if x, ok := b.top(); ok {
				a.keys.append(out, x)
				continue
			}
		}
		out.AppendNull()
	}
}

// Encode writes the number of distinct values, and for each, in order, the key and a varint with its count.
func (a *bagExtreme[K]) Encode(dst []byte, group int32) []byte {
	b := a.state[group]
	if b == nil {
		return binary.AppendUvarint(dst, 0)
	}
	entries := b.counted()
	dst = binary.AppendUvarint(dst, uint64(len(entries)))
	for _, e := range entries {
		dst = binary.AppendVarint(a.keys.encode(dst, e.key), e.n)
	}
	return dst
}

func (a *bagExtreme[K]) Decode(group int32, src []byte) (rest []byte, err error) {
	a.Reset(group)
	n, used := binary.Uvarint(src)
	if used <= 0 {
		return nil, errCorruptState
	}
	rest = src[used:]
	for range n {
		var x K
		var times int64
		if x, rest, err = a.keys.decode(rest); err != nil {
			return nil, err
		}
		if times, rest, err = takeVarint(rest); err != nil {
			return nil, err
		}
		a.countKey(group, x, times)
	}
	return rest, nil
}

func (a *bagExtreme[K]) Bytes() int { return a.held + 8*cap(a.state) }
