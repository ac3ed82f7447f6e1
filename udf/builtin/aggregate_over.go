package builtin

import (
	"encoding/binary"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// aggregateOver is the functions that are called with OVER only. They are accumulators like the others, but take nothing
// back and merge with nothing: their windows begin with the first row of a key.
func aggregateOver() []udf.Spec {
	rank := func(dense bool) func(c *udf.Call) (*udf.BoundAggregate, error) {
		return func(c *udf.Call) (*udf.BoundAggregate, error) {
			t := c.Args[0].Type // what OVER orders by
			return &udf.BoundAggregate{
				Args:   []types.Type{t},
				Result: types.BigIntType.WithNotNull(true),
				New:    func(bool) udf.Accumulator { return &ranking{dense: dense, distinct: t.Attr == types.Proctime} },
			}, nil
		}
	}
	return []udf.Spec{
		{
			Name:    "ROW_NUMBER",
			Family:  "over",
			Usage:   []string{"ROW_NUMBER() OVER ([PARTITION BY key] ORDER BY time)"},
			Summary: "Number of the row among those of its key, from 1.",
			Over:    udf.OverRows,
			Aggregate: func(c *udf.Call) (*udf.BoundAggregate, error) {
				if len(c.Args) > 0 {
					return nil, udf.Errorf(0, "%s takes no arguments", c.Name)
				}
				return &udf.BoundAggregate{
					Result: types.BigIntType.WithNotNull(true),
					New:    func(bool) udf.Accumulator { return &count{all: true} },
				}, nil
			},
		},
		{
			Name:      "RANK",
			Family:    "over",
			Usage:     []string{"RANK() OVER ([PARTITION BY key] ORDER BY time)"},
			Summary:   "Number of the first row of its key that has the row's time; over processing time no two rows have the same.",
			Over:      udf.OverRank,
			Aggregate: rank(false),
		},
		{
			Name:      "DENSE_RANK",
			Family:    "over",
			Usage:     []string{"DENSE_RANK() OVER ([PARTITION BY key] ORDER BY time)"},
			Summary:   "Number of the row's time among the times of its key, from 1; over processing time no two rows have the same.",
			Over:      udf.OverRank,
			Aggregate: rank(true),
		},
		{
			Name:      "LAG",
			Family:    "over",
			Usage:     []string{"LAG(value [, rows [, default]]) OVER ([PARTITION BY key] ORDER BY time)"},
			Summary:   "The value so many rows (1 where it isn't said) before the last row of its key that has the row's time; the default, or NULL, where there are fewer.",
			Over:      udf.OverOnly,
			Aggregate: bindLag,
		},
	}
}

// ranking is RANK or DENSE_RANK.
type ranking struct {
	dense    bool
	distinct bool // every row counts as one of a time of its own
	state    []rank
}

type rank struct {
	rows, rank int64
	last       int64 // time of the last row
}

var (
	_ udf.Accumulator = (*ranking)(nil)
	_ udf.Runner      = (*ranking)(nil)
)

func (a *ranking) Grow(n int)        { a.state = grow(a.state, n) }
func (a *ranking) Reset(group int32) { a.state[group] = rank{} }

func (a *ranking) Add(groups []int32, args []*types.Vector, rows []int32) {
	times := args[0].I64
	for k, g := range groups {
		a.add(g, times[row(rows, k)])
	}
}

func (a *ranking) add(group int32, t int64) {
	s := &a.state[group]
	first := s.rows == 0 || t != s.last || a.distinct
	s.rows++
	s.last = t
	switch {
	case first && a.dense:
		s.rank++
	case first:
		s.rank = s.rows
	}
}

// Run implements udf.Runner.
func (a *ranking) Run(groups []int32, args []*types.Vector, rows []int32, steps []udf.Step, out *types.Vector) {
	times := args[0].I64
	for k, g := range groups {
		if steps == nil || steps[k] == udf.StepAdd {
			a.add(g, times[row(rows, k)])
		}
		out.I64 = append(out.I64, a.state[g].rank)
	}
	out.N += len(groups)
}

func (a *ranking) Result(groups []int32, out *types.Vector) {
	for _, g := range groups {
		out.I64 = append(out.I64, a.state[g].rank)
	}
	out.N += len(groups)
}

// Retract and Merge are never called: OVER takes nothing back from these functions.
func (a *ranking) Retract([]int32, []*types.Vector, []int32) {}
func (a *ranking) Merge(int32, int32)                        {}

// Encode writes the rows and the rank as varints, and the last time.
func (a *ranking) Encode(dst []byte, group int32) []byte {
	s := a.state[group]
	dst = binary.AppendVarint(binary.AppendVarint(dst, s.rows), s.rank)
	return binary.LittleEndian.AppendUint64(dst, uint64(s.last))
}

func (a *ranking) Decode(group int32, src []byte) (rest []byte, err error) {
	s := &a.state[group]
	if s.rows, src, err = takeVarint(src); err != nil {
		return nil, err
	}
	if s.rank, src, err = takeVarint(src); err != nil {
		return nil, err
	}
	if len(src) < 8 {
		return nil, errCorruptState
	}
	s.last = int64(binary.LittleEndian.Uint64(src))
	return src[8:], nil
}

func (a *ranking) Bytes() int { return 24 * cap(a.state) }

// maxLag bounds what a key keeps.
const maxLag = 1 << 20

func bindLag(c *udf.Call) (*udf.BoundAggregate, error) {
	if len(c.Args) == 0 || len(c.Args) > 3 {
		return nil, udf.Errorf(-1, "%s takes a value, a number of rows and a default, found %d arguments", c.Name, len(c.Args))
	}
	t := c.Args[0].Type
	if t.Kind == types.Null {
		t = types.IntType
	}
	t = t.WithAttr(types.NoTime).Nullable()
	a := &udf.BoundAggregate{Args: []types.Type{t}, Result: t}
	lag := int64(1)
	if len(c.Args) > 1 {
		a.Args = append(a.Args, types.BigIntType)
		switch n := c.Args[1].Value.(type) {
		case int32:
			lag = int64(n)
		case int64:
			lag = n
		default:
			lag = -1
		}
		if lag < 0 || lag > maxLag {
			return nil, udf.Errorf(1, "%s takes a constant number of rows from 0 to %d", c.Name, maxLag)
		}
	}
	if len(c.Args) > 2 {
		a.Args = append(a.Args, t)
	}
	a.New = func(bool) udf.Accumulator {
		return &lagging{n: int(lag) + 1, codec: newRowCodec(t), absent: len(c.Args) > 2}
	}
	return a, nil
}

// lagging is LAG: a group keeps as many encoded values as there are from the one that is wanted to the last.
type lagging struct {
	n      int
	codec  rowCodec
	absent bool // there is a default
	state  []lag
	held   int
}

type lag struct {
	values [][]byte // a ring once there are n
	oldest int
	absent []byte // the default
}

var (
	_ udf.Accumulator = (*lagging)(nil)
	_ udf.Runner      = (*lagging)(nil)
)

// lagBytes is what a value takes beside its bytes.
const lagBytes = 24

func (a *lagging) Grow(n int) { a.state = grow(a.state, n) }

func (a *lagging) Reset(group int32) {
	s := &a.state[group]
	for _, v := range s.values {
		a.held -= cap(v) + lagBytes
	}
	a.held -= cap(s.absent)
	*s = lag{}
}

func (a *lagging) Add(groups []int32, args []*types.Vector, rows []int32) {
	for k, g := range groups {
		a.add(g, args, row(rows, k))
	}
}

func (a *lagging) add(group int32, args []*types.Vector, i int) {
	s := &a.state[group]
	if a.absent {
		a.store(&s.absent, a.codec.encode(args[2:], i))
	}
	a.push(s, a.codec.encode(args, i))
}

func (a *lagging) push(s *lag, value []byte) {
	if len(s.values) < a.n {
		s.values = append(s.values, nil)
		a.held += lagBytes
		a.store(&s.values[len(s.values)-1], value)
		return
	}
	a.store(&s.values[s.oldest], value)
	if s.oldest++; s.oldest == a.n {
		s.oldest = 0
	}
}

func (a *lagging) store(to *[]byte, value []byte) {
	a.held -= cap(*to)
	*to = append((*to)[:0], value...)
	a.held += cap(*to)
}

func (a *lagging) result(group int32, out *types.Vector) {
	s := &a.state[group]
	switch {
	case len(s.values) == a.n:
		a.codec.decode(s.values[s.oldest], out)
	case s.absent != nil:
		a.codec.decode(s.absent, out)
	default:
		out.AppendNull()
	}
}

// Run implements udf.Runner.
func (a *lagging) Run(groups []int32, args []*types.Vector, rows []int32, steps []udf.Step, out *types.Vector) {
	for k, g := range groups {
		if steps == nil || steps[k] == udf.StepAdd {
			a.add(g, args, row(rows, k))
		}
		a.result(g, out)
	}
}

func (a *lagging) Result(groups []int32, out *types.Vector) {
	for _, g := range groups {
		a.result(g, out)
	}
}

// Retract and Merge are never called.
func (a *lagging) Retract([]int32, []*types.Vector, []int32) {}
func (a *lagging) Merge(int32, int32)                        {}

// Encode writes the number of values as a uvarint, the values from the oldest on, and the default, each with its length.
func (a *lagging) Encode(dst []byte, group int32) []byte {
	s := &a.state[group]
	dst = binary.AppendUvarint(dst, uint64(len(s.values)))
	for i := range s.values {
		dst = appendBytes(dst, s.values[(s.oldest+i)%len(s.values)])
	}
	return appendBytes(dst, s.absent)
}

func (a *lagging) Decode(group int32, src []byte) (rest []byte, err error) {
	a.Reset(group)
	n, used := binary.Uvarint(src)
	if used <= 0 || n > uint64(a.n) {
		return nil, errCorruptState
	}
	src = src[used:]
	s := &a.state[group]
	for range n {
		var value []byte
		if value, src, err = takeBytes(src); err != nil {
			return nil, err
		}
		if err := a.codec.check(value); err != nil {
			return nil, err
		}
		a.push(s, value)
	}
	var absent []byte
	if absent, src, err = takeBytes(src); err != nil {
		return nil, err
	}
	if len(absent) > 0 {
		if err := a.codec.check(absent); err != nil {
			return nil, err
		}
		a.store(&s.absent, absent)
	}
	return src, nil
}

func (a *lagging) Bytes() int { return a.held + 56*cap(a.state) }
