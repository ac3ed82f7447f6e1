package builtin

import (
	"encoding/binary"
	"unsafe"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func aggregateCollect() []udf.Spec {
	return []udf.Spec{
		{
			Name:     "COLLECT",
			Family:   "aggregate",
			Usage:    []string{"COLLECT([DISTINCT] value)"},
			Summary:  "Multiset of the values that are not NULL.",
			Examples: []udf.Example{{SQL: "COLLECT('x')", Result: "{x=1}"}},
			Aggregate: func(c *udf.Call) (*udf.BoundAggregate, error) {
				t, err := keptArg(c)
				if err != nil {
					return nil, err
				}
				return &udf.BoundAggregate{
					Args:   []types.Type{t},
					Result: types.MultisetType(t).WithNotNull(true),
					New:    func(bool) udf.Accumulator { return &collect{codec: newRowCodec(t)} },
				}, nil
			},
		},
		{
			Name:     "ARRAY_AGG",
			Family:   "aggregate",
			Usage:    []string{"ARRAY_AGG([DISTINCT] value [RESPECT NULLS | IGNORE NULLS])"},
			Summary:  "Array of the values in the order they came, NULLs among them; NULL when there is none.",
			Examples: []udf.Example{{SQL: "ARRAY_AGG(1)", Result: "[1]"}},
			Aggregate: func(c *udf.Call) (*udf.BoundAggregate, error) {
				t, err := keptArg(c)
				if err != nil {
					return nil, err
				}
				return &udf.BoundAggregate{
					Args:   []types.Type{t},
					Result: types.ArrayType(t),
					New:    func(bool) udf.Accumulator { return &history{codec: newRowCodec(t), result: arrayOfHistory} },
				}, nil
			},
		},
	}
}

// keptArg is oneArg for functions that keep values of any type; an untyped NULL counts as INT.
func keptArg(c *udf.Call) (types.Type, error) {
	t, err := oneArg(c)
	if t.Kind == types.Null {
		t = types.IntType
	}
	return t.WithAttr(types.NoTime), err
}

// arrayOfHistory is the result of ARRAY_AGG.
func arrayOfHistory(a *history, p *past, out *types.Vector) {
	if len(p.all()) == 0 {
		out.AppendNull()
		return
	}
	for _, x := range p.all() {
		a.codec.decode([]byte(x), out.Children[0])
	}
	out.EndList()
}

// collect counts the values of each group. A retraction that comes before its value makes a count negative, which
// doesn't show.
type collect struct {
	codec rowCodec
	state []counts
	held  int
}

// counts are the encoded values of a group with how often they are there, in the order of their first appearance.
type counts struct {
	at     map[string]int // index into values
	values []countedValue
	gone   int // entries of values with count 0
}

type countedValue struct {
	row string
	n   int64
}

func (a *collect) Grow(n int) { a.state = grow(a.state, n) }

func (a *collect) Reset(group int32) {
	for _, v := range a.state[group].values {
		a.held -= countedBytes(v)
	}
	a.state[group] = counts{}
}

// countedBytes is about what a value takes in the list and in the map.
func countedBytes(v countedValue) int { return len(v.row) + 64 }

func (a *collect) Add(groups []int32, args []*types.Vector, rows []int32) {
	a.count(groups, args, rows, 1)
}

func (a *collect) Retract(groups []int32, args []*types.Vector, rows []int32) {
	a.count(groups, args, rows, -1)
}

func (a *collect) count(groups []int32, args []*types.Vector, rows []int32, by int64) {
	v := args[0]
	for k, g := range groups {
		if r := row(rows, k); v.Valid.Get(r) {
			a.countValue(g, a.codec.encode(args, r), by)
		}
	}
}

func (a *collect) countValue(group int32, row []byte, by int64) {
	s := &a.state[group]
	k, known := s.at[string(row)]
	if !known {
		if s.at == nil {
			s.at = map[string]int{}
		}
		k = len(s.values)
		v := countedValue{row: string(row)}
		s.at[v.row] = k
		s.values = append(s.values, v)
		s.gone++
		a.held += countedBytes(v)
	}
	v := &s.values[k]
	if v.n == 0 {
		s.gone--
	}
	if v.n += by; v.n == 0 {
		if s.gone++; s.gone > 16 && s.gone > len(s.values)/2 {
			a.compact(s)
		}
	}
}

// compact drops the values that are not there any more.
func (a *collect) compact(s *counts) {
	kept := s.values[:0]
	clear(s.at)
	for _, v := range s.values {
		if v.n == 0 {
			a.held -= countedBytes(v)
			continue
		}
		s.at[v.row] = len(kept)
		kept = append(kept, v)
	}
	clear(s.values[len(kept):])
	s.values, s.gone = kept, 0
}

func (a *collect) Merge(dst, src int32) {
	for _, v := range a.state[src].values {
		if v.n != 0 {
			a.countValue(dst, []byte(v.row), v.n)
		}
	}
}

func (a *collect) Result(groups []int32, out *types.Vector) {
	for _, g := range groups {
		for _, v := range a.state[g].values {
			if v.n > 0 {
				a.codec.decode([]byte(v.row), out.Children[0])
				out.Children[1].AppendValue(int32(v.n))
			}
		}
		out.EndList()
	}
}

// Encode writes the number of values and for each its row bytes with their length, and its count as a varint.
func (a *collect) Encode(dst []byte, group int32) []byte {
	s := a.state[group]
	dst = binary.AppendUvarint(dst, uint64(len(s.values)-s.gone))
	for _, v := range s.values {
		if v.n != 0 {
			dst = binary.AppendVarint(appendBytes(dst, v.row), v.n)
		}
	}
	return dst
}

func (a *collect) Decode(group int32, src []byte) (rest []byte, err error) {
	a.Reset(group)
	n, used := binary.Uvarint(src)
	if used <= 0 {
		return nil, errCorruptState
	}
	rest = src[used:]
	for range n {
		var row []byte
		var times int64
		if row, rest, err = takeBytes(rest); err != nil {
			return nil, err
		}
		if err = a.codec.check(row); err != nil {
			return nil, err
		}
		if times, rest, err = takeVarint(rest); err != nil {
			return nil, err
		}
		a.countValue(group, row, times)
	}
	return rest, nil
}

func (a *collect) Bytes() int { return a.held + cap(a.state)*int(unsafe.Sizeof(counts{})) }
