package operator

import (
	"encoding/binary"
	"slices"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// Flusher is implemented by operators that hold rows back outside their state. The task has them emit these, upstream
// first, before a barrier, before it says that it is idle, at the end, when there is nothing to read, and now and then.
type Flusher interface {
	// Flush emits all rows that are held back.
	Flush(out Output) error
}

// localAggregate is the first phase of an aggregation in two: it gathers rows by key before the exchange and emits one
// row per key, with the columns of the input and one more (physical.PartialColumn). In such a row only the key columns and
// the time attribute mean something, and the last column holds the number of rows and the encoded accumulators. A row
// with no bytes there is one of the input's, as it came.
//
// Where each key has few rows, gathering costs more than it saves. So it begins by passing all rows on while it counts
// those of each key, and then
//
//	each key has many rows      gathers all
//	some keys have many         gathers the rows of these, and passes the others on
//	none has                    passes all rows on, and counts again later: after a time that doubles while this is so
//
// There is no state: what is gathered is emitted before every barrier.
//
// Source: Flink's two-phase aggregation (AggregatePhaseStrategy), which always gathers.
type localAggregate struct {
	keyColumns []int
	keyTypes   []types.Type
	calls      []physical.AggCall
	time       int // column of the time attribute; -1: none
	maxRows    int

	mode     gathering
	adaptive bool
	left     int // rows until it counts again
	every    int // how many times as many rows as were counted come before the next count
	counted  *state.Keys
	counts   []int32 // by slot of counted
	hot      *state.Keys

	spare    []*partials
	gathered int // rows since the last flush
	groups   int // that they have made

	keys  []*types.Vector // of the batch
	slots []int32
	rest  []int32 // rows to be gathered, while others are passed on
	pass  []int32
	raw   types.Batch
	none  *types.Vector
	out   *types.Batch
	into  []*types.Vector // where keys go in out
	twice []*types.Vector // those of into that aren't in out, for columns that are keys twice
}

// gathering says which rows are gathered.
type gathering uint8

const (
	gatherAll gathering = iota
	gatherHot
	gatherNone
	countKeys // none, but the rows of each key are counted
)

const (
	// localGroups is how many groups are gathered at most, so that they stay in the processor's cache.
	localGroups = 32 << 10
	// localBytes is how much memory keys may take, about.
	localBytes = 8 << 20
	// localSpare is how many empty tables are kept. More are in use only while times are far apart.
	localSpare = 2
	// leastReduction is how many rows must become one for gathering to pay.
	leastReduction = 8
	// Rows are counted until there are leastRows and enough of each key for gathering to pay, or until there are mostRows or
	// mostKeys, or it is plain that there will be: more than evenKeys in the first leastRows are mostKeys or more keys, if
	// they are even. countEvery times as many come before the next count, and up to countSeldom times when gathering hasn't
	// paid for long: counting a row costs as much as aggregating it.
	leastRows   = 8 << 10
	mostRows    = 128 << 10
	mostKeys    = 16 << 10
	evenKeys    = leastRows * 4 / 5 // 16 Ki keys: 16 Ki × (1 − e^(−8/16)) = 6447
	countEvery  = 16
	countSeldom = 512
	// A key is hot that has one of hotShare rows.
	hotShare = 64
)

// partials is one table of groups.
type partials struct {
	time int64 // a value of the time attribute, of one of the rows
	keys *state.Keys
	aggs *aggregates // groups are the slots of keys
	rows []int64     // by group
}

func newLocalAggregate(in, out *types.Schema, keys []int, calls []physical.AggCall, time int, adaptive bool) localAggregate {
	l := localAggregate{keyColumns: keys, calls: calls, time: time, keys: make([]*types.Vector, len(keys)), out: types.NewBatch(out),
		none: types.NewVector(types.BytesType), adaptive: adaptive}
	for i, k := range keys {
		l.keyTypes = append(l.keyTypes, in.Fields[k].Type)
		v := l.out.Cols[k]
		if slices.Contains(keys[:i], k) {
			v = types.NewVector(in.Fields[k].Type)
			l.twice = append(l.twice, v)
		}
		l.into = append(l.into, v)
	}
	l.raw.Schema = out
	if adaptive {
		l.mode, l.counted = countKeys, state.NewKeys(l.keyTypes)
	}
	return l
}

func (l *localAggregate) Open(ctx *Context) error {
	l.maxRows = max(1, ctx.MaxRows)
	return nil
}

// divide passes rows on that are not to be gathered and returns the others, or nil when there are none.
func (l *localAggregate) divide(b *types.Batch, out Output) (*types.Batch, error) {
	n := b.Rows()
	if n == 0 {
		return nil, nil
	}
	for i, k := range l.keyColumns {
		l.keys[i] = b.Cols[k]
	}
	switch l.mode {
	case gatherAll:
		return b, nil
	case countKeys:
		l.count(b.Sel, n)
		return nil, l.passOn(b, b.Sel, out)
	}
	if l.left -= n; l.left <= 0 {
		l.mode, l.left = countKeys, 0
		return nil, l.passOn(b, b.Sel, out)
	}
	if l.mode == gatherNone {
		return nil, l.passOn(b, b.Sel, out)
	}
	l.slots = l.hot.Find(l.keys, b.Sel, n, resize(l.slots, n))
	l.rest, l.pass = l.rest[:0], l.pass[:0]
	for k, slot := range l.slots {
		if i := rowAt(b.Sel, k); slot >= 0 {
			l.rest = append(l.rest, i)
		} else {
			l.pass = append(l.pass, i)
		}
	}
	if len(l.pass) > 0 {
		if err := l.passOn(b, l.pass, out); err != nil {
			return nil, err
		}
	}
	if len(l.rest) == 0 {
		return nil, nil
	}
	hot := *b
	hot.Sel = l.rest
	return &hot, nil
}

// count counts rows by key, and after enough of them decides which to gather.
func (l *localAggregate) count(rows []int32, n int) {
	l.slots = l.counted.Lookup(l.keys, rows, n, resize(l.slots, n))
	for len(l.counts) < l.counted.Cap() {
		l.counts = append(l.counts, 0)
	}
	for _, slot := range l.slots {
		l.counts[slot]++
	}
	l.left += n
	pays := l.left >= leastReduction*len(l.counts)
	never := len(l.counts) >= mostKeys || len(l.counts)*leastRows > evenKeys*l.left
	if l.left < leastRows || !pays && !never && l.left < mostRows {
		return
	}
	sum, hot := 0, l.slots[:0]
	for slot, c := range l.counts {
		if int(c)*hotShare >= l.left {
			sum += int(c)
			hot = append(hot, int32(slot))
		}
	}
	every := countEvery
	switch {
	case pays:
		l.mode = gatherAll
	case sum*leastReduction >= l.left:
		l.mode, l.hot = gatherHot, state.NewKeys(l.keyTypes)
		cols := newColumns(l.keyTypes)
		l.counted.Append(hot, cols)
		l.hot.Lookup(cols, nil, len(hot), hot)
	default:
		l.mode, every = gatherNone, max(every, l.every)
		l.every = min(2*every, countSeldom)
	}
	if l.mode != gatherNone {
		l.every = 0
	}
	l.slots, l.left = hot, l.left*every
	l.counts = l.counts[:0]
	l.counted.Reset()
}

// passOn emits rows of the input as they are.
func (l *localAggregate) passOn(b *types.Batch, rows []int32, out Output) error {
	for l.none.N < b.N {
		l.none.AppendZero()
	}
	l.raw.Cols = append(append(l.raw.Cols[:0], b.Cols...), l.none)
	l.raw.Kinds, l.raw.N, l.raw.Sel = b.Kinds, b.N, rows
	return out.Emit(&l.raw)
}

func (l *localAggregate) table(time int64) *partials {
	if n := len(l.spare); n > 0 {
		p := l.spare[n-1]
		l.spare = l.spare[:n-1]
		p.time = time
		return p
	}
	return &partials{time: time, keys: state.NewKeys(l.keyTypes), aggs: newAggregates(l.calls, false)}
}

// add aggregates n rows of the batch, those that rows names, in a table.
func (l *localAggregate) add(p *partials, b *types.Batch, rows []int32, n int) {
	before := p.keys.Cap()
	l.slots = p.keys.Lookup(l.keys, rows, n, resize(l.slots, n))
	groups := p.keys.Cap()
	if groups > p.aggs.groups {
		p.aggs.grow(groups)
	}
	for len(p.rows) < groups {
		p.rows = append(p.rows, 0)
	}
	p.aggs.accumulate(b, l.slots, rows)
	for _, g := range l.slots {
		p.rows[g]++
	}
	l.gathered += n
	l.groups += groups - before
}

// emit empties a table.
func (l *localAggregate) emit(p *partials, out Output) error {
	groups := p.keys.Cap()
	l.slots = resize(l.slots, groups)
	for g := range l.slots {
		l.slots[g] = int32(g)
	}
	for from := 0; from < groups; from += l.maxRows {
		part := l.slots[from:min(groups, from+l.maxRows)]
		for _, v := range l.twice {
			v.Reset()
		}
		p.keys.Append(part, l.into)
		last := len(l.out.Cols) - 1
		for i, v := range l.out.Cols[:last] {
			switch {
			case slices.Contains(l.keyColumns, i):
			case i == l.time:
				for range part {
					v.I64 = append(v.I64, p.time)
				}
				v.N += len(part)
			default:
				for range part {
					v.AppendZero()
				}
			}
		}
		v := l.out.Cols[last]
		for _, g := range part {
			v.Data = p.aggs.encode(binary.AppendUvarint(v.Data, uint64(p.rows[g])), g)
			v.EndValue()
		}
		l.out.N += len(part)
		if err := flush(l.out, out); err != nil {
			return err
		}
	}
	p.aggs.reset(l.slots)
	p.keys.Reset()
	p.rows = p.rows[:0]
	if len(l.spare) < localSpare {
		l.spare = append(l.spare, p)
	}
	return nil
}

// flushed ends a flush. One that has made few rows of the input one of the output is followed by some that are passed on.
func (l *localAggregate) flushed() {
	if l.adaptive && l.gathered < leastReduction*l.groups {
		l.mode, l.left = gatherNone, countEvery*l.gathered
	}
	l.gathered, l.groups = 0, 0
}

// localGroupAggregate is the first phase of a groupAggregate that emits per batch.
type localGroupAggregate struct {
	Stateless
	localAggregate
	all *partials
}

var (
	_ Operator = (*localGroupAggregate)(nil)
	_ Flusher  = (*localGroupAggregate)(nil)
)

func newLocalGroupAggregate(node *physical.LocalGroupAggregate) *localGroupAggregate {
	l := &localGroupAggregate{localAggregate: newLocalAggregate(node.Inputs[0].From.Base().Schema, node.Schema, node.Keys, node.Aggs, -1, node.Optional)}
	l.all = l.table(0)
	return l
}

func (l *localGroupAggregate) Open(ctx *Context) error { return l.localAggregate.Open(ctx) }

func (l *localGroupAggregate) Process(_ int, b *types.Batch, out Output) error {
	b, err := l.divide(b, out)
	if b == nil || err != nil {
		return err
	}
	l.add(l.all, b, b.Sel, b.Rows())
	if l.groups >= localGroups || l.all.keys.Used() > localBytes {
		return l.Flush(out)
	}
	return nil
}

func (l *localGroupAggregate) Flush(out Output) error {
	if l.gathered == 0 {
		return nil
	}
	err := l.emit(l.all, out)
	l.spare = l.spare[:0] // it stays in use
	l.flushed()
	return err
}

func (l *localGroupAggregate) Finish(out Output) error { return l.Flush(out) }
