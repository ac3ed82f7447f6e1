package builtin

import (
	"cmp"
	"container/heap"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
)

// bag is a multiset that knows its smallest or largest member. Counts may go below zero: a retraction can arrive
// before what it retracts, and then cancels it. Members are the values with a positive count.
//
// Every value that became a member is on the heap once; those that are members no more are dropped from the heap when
// they come to its top, or all together when they are the majority.
type bag[K int64 | string] struct {
	entries map[K]*bagEntry[K]
	heap    bagHeap[K]
	members int
	bytes   int // estimate
}

type bagEntry[K int64 | string] struct {
	key    K
	size   int // of the key's text
	n      int64
	onHeap bool
}

// bagEntryBytes is about what an entry takes with its places in the map and on the heap, without the key's text.
const bagEntryBytes = 80

// newBag returns a bag whose top is the smallest member for sign -1, the largest for sign 1.
func newBag[K int64 | string](sign int) *bag[K] {
	return &bag[K]{entries: map[K]*bagEntry[K]{}, heap: bagHeap[K]{sign: sign}, bytes: 96}
}

// count changes the count of x, whose text takes size bytes. x may live in a buffer of the caller's.
func (b *bag[K]) count(x K, by int64, size int) {
	e := b.entries[x]
	if e == nil {
		e = &bagEntry[K]{key: x, size: size}
		if s, ok := any(x).(string); ok {
			e.key = any(strings.Clone(s)).(K)
		}
		b.entries[e.key] = e
		b.bytes += bagEntryBytes + size
	}
	was := e.n > 0
	e.n += by
	switch is := e.n > 0; {
	case is && !was:
		b.members++
		if !e.onHeap {
			e.onHeap = true
			heap.Push(&b.heap, e)
		}
	case was && !is:
		b.members--
		if len(b.heap.entries) > 2*b.members+32 {
			b.compact()
		}
	}
	b.forget(e)
}

// forget deletes an entry that has nothing to say.
func (b *bag[K]) forget(e *bagEntry[K]) {
	if e.n != 0 || e.onHeap {
		return
	}
	if _, there := b.entries[e.key]; there {
		delete(b.entries, e.key)
		b.bytes -= bagEntryBytes + e.size
	}
}

// top returns the smallest or largest member, if there is any.
func (b *bag[K]) top() (x K, ok bool) {
	for len(b.heap.entries) > 0 {
		e := b.heap.entries[0]
		if e.n > 0 {
			return e.key, true
		}
		heap.Pop(&b.heap)
		e.onHeap = false
		b.forget(e)
	}
	return x, false
}

// compact takes from the heap what is not a member any more.
func (b *bag[K]) compact() {
	members := b.heap.entries[:0]
	for _, e := range b.heap.entries {
		if e.n > 0 {
			members = append(members, e)
			continue
		}
		e.onHeap = false
		b.forget(e)
	}
	clear(b.heap.entries[len(members):])
	b.heap.entries = members
	heap.Init(&b.heap)
}

// counted returns the entries whose count is not zero, by ascending key.
func (b *bag[K]) counted() []*bagEntry[K] {
	entries := make([]*bagEntry[K], 0, len(b.entries))
	for _, e := range b.entries {
		if e.n != 0 {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(x, y *bagEntry[K]) int { return cmp.Compare(x.key, y.key) })
	return entries
}

// bagHeap is a binary heap with the smallest (sign -1) or largest (sign 1) key on top.
type bagHeap[K int64 | string] struct {
	entries []*bagEntry[K]
	sign    int
}

func (h *bagHeap[K]) Len() int { return len(h.entries) }

func (h *bagHeap[K]) Less(i, j int) bool {
	return cmp.Compare(h.entries[i].key, h.entries[j].key)*h.sign > 0
}

func (h *bagHeap[K]) Swap(i, j int) { h.entries[i], h.entries[j] = h.entries[j], h.entries[i] }
func (h *bagHeap[K]) Push(x any)    { h.entries = append(h.entries, x.(*bagEntry[K])) }

func (h *bagHeap[K]) Pop() any {
	last := len(h.entries) - 1
	e := h.entries[last]
	h.entries[last] = nil
	h.entries = h.entries[:last]
	return e
}

// orderedKeys turns values of one type into keys that order and compare as the values do, and back. A text key that
// read returns is valid until the next call.
type orderedKeys[K int64 | string] struct {
	read   func(v *types.Vector, i int) K
	append func(out *types.Vector, x K)
	size   func(x K) int
	encode func(dst []byte, x K) []byte
	decode func(src []byte) (x K, rest []byte, err error)
}

// numberKeys serves all fixed-width types but DECIMAL. Floats keep Java's order: -0 before 0, NaN last.
func numberKeys(t types.Type) orderedKeys[int64] {
	keys := orderedKeys[int64]{
		size:   func(int64) int { return 0 },
		encode: func(dst []byte, x int64) []byte { return appendValue(dst, x) },
		decode: takeValue[int64],
	}
	switch t.Kind.Storage() {
	case types.StoreBool:
		keys.read = func(v *types.Vector, i int) int64 {
			if v.Bool[i] {
				return 1
			}
			return 0
		}
		keys.append = func(out *types.Vector, x int64) { appendFixed(out, x == 1, true) }
	case types.StoreI8:
		keys.read, keys.append = integerKey[int8], integerFromKey[int8]
	case types.StoreI16:
		keys.read, keys.append = integerKey[int16], integerFromKey[int16]
	case types.StoreI32:
		keys.read, keys.append = integerKey[int32], integerFromKey[int32]
	case types.StoreI64:
		keys.read, keys.append = integerKey[int64], integerFromKey[int64]
	case types.StoreF32:
		keys.read = func(v *types.Vector, i int) int64 { return floatKey(float64(v.F32[i])) }
		keys.append = func(out *types.Vector, x int64) { appendFixed(out, float32(floatFromKey(x)), true) }
	case types.StoreF64:
		keys.read = func(v *types.Vector, i int) int64 { return floatKey(v.F64[i]) }
		keys.append = func(out *types.Vector, x int64) { appendFixed(out, floatFromKey(x), true) }
	}
	return keys
}

func integerKey[T integer](v *types.Vector, i int) int64   { return int64((*values[T](v))[i]) }
func integerFromKey[T integer](out *types.Vector, x int64) { appendFixed(out, T(x), true) }

// floatKey maps a float to an integer of the same order: negative numbers have their magnitude bits turned.
func floatKey(x float64) int64 {
	if x != x {
		return math.MaxInt64
	}
	b := int64(math.Float64bits(x))
	return b ^ int64(uint64(b>>63)>>1)
}

func floatFromKey(x int64) float64 {
	if x == math.MaxInt64 {
		return math.NaN()
	}
	return math.Float64frombits(uint64(x ^ int64(uint64(x>>63)>>1)))
}

// textKeys serves text and DECIMAL.
func textKeys(t types.Type) orderedKeys[string] {
	keys := orderedKeys[string]{
		read:   (*types.Vector).Str,
		append: func(out *types.Vector, x string) { out.AppendString(x) },
		size:   func(x string) int { return len(x) },
		encode: func(dst []byte, x string) []byte { return appendBytes(dst, x) },
		decode: func(src []byte) (string, []byte, error) {
			b, rest, err := takeBytes(src)
			return string(b), rest, err
		},
	}
	if t.Kind == types.Decimal {
		// Big-endian with the sign bit turned, so that bytes order as numbers do.
		be := binary.BigEndian
		const sign = 1 << 63
		keys.read = func(v *types.Vector, i int) string {
			var key [16]byte
			be.PutUint64(key[:], uint64(v.Dec[i].HighBits())^sign)
			be.PutUint64(key[8:], v.Dec[i].LowBits())
			return string(key[:])
		}
		keys.append = func(out *types.Vector, x string) {
			b := []byte(x)
			appendFixed(out, decimal128.New(int64(be.Uint64(b)^sign), be.Uint64(b[8:])), true)
		}
		keys.decode = func(src []byte) (string, []byte, error) {
			b, rest, err := takeBytes(src)
			if err == nil && len(b) != 16 {
				err = errCorruptState
			}
			return string(b), rest, err
		}
	}
	return keys
}
