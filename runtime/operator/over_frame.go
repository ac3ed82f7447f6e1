package operator

import (
	"encoding/binary"
	"slices"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// overAggs is the aggregates of an overAggregate. Their results stand one behind the other, as the rows or the steps of a
// bounded frame come; pick says which one is a row's.
type overAggs struct {
	*aggregates
	running running
	rounds  rounds
	peers   bool            // rows of the same key and time have the same results
	results []*types.Vector // of the rows of the batch
	raw     []*types.Vector // of steps
	pick    []int32         // by row: which of raw
	mark    []int32         // by slot: 1 + the last row of the key among rows of the same time; 0 between
	place   []int32
	groups  []int32
}

func newOverAggs(node *physical.OverAggregate, calls []physical.AggCall) overAggs {
	a := overAggs{aggregates: newAggregates(calls, node.Frame.Bounded), peers: !node.Frame.Rows}
	a.counts = nil // overFrame counts
	a.running = newRunning(a.aggregates)
	for _, c := range calls {
		a.results, a.raw = append(a.results, types.NewVector(c.Fn.Result)), append(a.raw, types.NewVector(c.Fn.Result))
	}
	return a
}

// run takes in the rows of a batch without a selection and sets results. slots are below bound.
func (a *overAggs) run(b *types.Batch, times []int64, slots []int32, frame *overFrame, bound int) error {
	for i := range a.results {
		a.results[i].Reset()
		a.raw[i].Reset()
	}
	switch {
	case frame != nil:
		a.pick = resize(a.pick, b.N)
		frame.steps(b, times, slots, a.pick)
		a.shareWithPeers(times, slots, bound)
		a.running.accumulate(a.aggregates, &frame.batch, frame.groups, frame.rows, frame.kinds, a.raw)
		a.choose()
	case a.each(slots, bound):
		if a.pick = upTo(a.pick[:0], b.N); !a.shareWithPeers(times, slots, bound) {
			a.running.accumulate(a.aggregates, b, slots, nil, nil, a.results)
			break
		}
		a.running.accumulate(a.aggregates, b, slots, nil, nil, a.raw)
		a.choose()
	default:
		// The first rows of all keys, then the second ones, and so on.
		a.place, a.pick = resize(a.place, b.N), upTo(a.pick[:0], b.N)
		a.shareWithPeers(times, slots, bound)
		at := int32(0)
		for r := range a.rounds.n {
			rows, groups := a.rounds.rows(r), slots
			if rows != nil {
				a.groups = a.groups[:0]
				for _, row := range rows {
					a.groups = append(a.groups, slots[row])
				}
				groups = a.groups
			}
			a.add(b, groups, rows)
			a.result(groups, a.raw)
			for k := range groups {
				a.place[rowAt(rows, k)] = at
				at++
			}
		}
		for i, row := range a.pick {
			a.pick[i] = a.place[row]
		}
		a.choose()
	}
	return a.err()
}

// each reports whether rows are taken one after the other: by all accumulators themselves, or because most are of few keys.
func (a *overAggs) each(slots []int32, bound int) bool {
	if a.running.all {
		return true
	}
	a.rounds.of(slots, bound)
	return len(slots) < narrow*a.rounds.n
}

func (a *overAggs) choose() {
	for i, v := range a.results {
		v.AppendSelected(a.raw[i], a.pick)
	}
}

// shareWithPeers makes rows of the same key and time have the result of the last of them, and reports whether there are any.
func (a *overAggs) shareWithPeers(times []int64, slots []int32, bound int) (some bool) {
	if !a.peers || times == nil {
		return false
	}
	for len(a.mark) < bound {
		a.mark = append(a.mark, 0)
	}
	for to := len(times); to > 0; {
		from := to - 1
		for from > 0 && times[from-1] == times[from] {
			from--
		}
		if to-from > 1 {
			for i := to - 1; i >= from; i-- {
				if m := a.mark[slots[i]]; m > 0 {
					a.pick[i], some = a.pick[m-1], true
				} else {
					a.mark[slots[i]] = int32(i) + 1
				}
			}
			for _, slot := range slots[from:to] {
				a.mark[slot] = 0
			}
		}
		to = from
	}
	return some
}

func (a *overAggs) clear(slot int32) {
	for i := range a.calls {
		a.calls[i].acc.Reset(slot)
	}
}

// overFrame is the rows in bounded frames: for each key those that will be retracted, in order. Of a row is kept what the
// aggregates read.
type overFrame struct {
	byRows    bool
	preceding int64
	columns   []int          // of the input
	kept      *state.Records // heads: the key's next row, and unless rows are counted the time
	first     []int32        // by slot, of kept; -1: none
	last      []int32
	size      []int64 // by slot: rows in the frame

	// The batch in hand: its rows, and behind them those of kept that are retracted.
	batch  types.Batch
	after  []int32 // by row: the key's next row in the batch, or -1
	fresh  []int32 // by slot: the key's first row in the batch that is still in the frame, or -1
	groups []int32 // of the steps
	rows   []int32
	kinds  []udf.Step
	buf    []byte
}

// newOverFrame returns the frame of a node, and its aggregates over the columns that are kept.
func newOverFrame(node *physical.OverAggregate) (*overFrame, []physical.AggCall) {
	in := node.Inputs[0].From.Base().Schema
	f := &overFrame{byRows: node.Frame.Rows, preceding: node.Frame.Preceding}
	place := func(column int) int {
		at := slices.Index(f.columns, column)
		if at < 0 {
			at = len(f.columns)
			f.columns = append(f.columns, column)
			f.batch.Cols = append(f.batch.Cols, types.NewVector(in.Fields[column].Type))
		}
		return at
	}
	calls := slices.Clone(node.Aggs)
	for i := range calls {
		c := &calls[i]
		c.Args = slices.Clone(c.Args)
		for k, column := range c.Args {
			c.Args[k] = place(column)
		}
		if c.Filter >= 0 {
			c.Filter = place(c.Filter)
		}
	}
	head := 4
	if !f.byRows {
		head += 8
	}
	f.kept = state.NewRecords(head, false)
	return f, calls
}

func (f *overFrame) grow(n int) {
	for len(f.first) < n {
		f.first, f.last, f.size, f.fresh = append(f.first, -1), append(f.last, -1), append(f.size, 0), append(f.fresh, -1)
	}
}

// steps makes the steps of the rows of a batch: for each, the rows that leave its frame are retracted, and it is added.
// places[i] is then the step that adds row i.
func (f *overFrame) steps(b *types.Batch, times []int64, slots []int32, places []int32) {
	for i, v := range f.batch.Cols {
		v.Reset()
		v.AppendRange(b.Cols[f.columns[i]], 0, b.N)
	}
	f.batch.N = b.N
	f.after = resize(f.after, b.N)
	for i := b.N - 1; i >= 0; i-- {
		f.after[i] = f.fresh[slots[i]]
		f.fresh[slots[i]] = int32(i)
	}
	f.groups, f.rows, f.kinds = f.groups[:0], f.rows[:0], f.kinds[:0]
	for i, slot := range slots {
		for f.size[slot] > 0 && f.leaves(slot, i, times) {
			row := f.pop(slot)
			kind := udf.StepRetract
			if f.size[slot]--; f.size[slot] == 0 {
				kind = udf.StepReset
			}
			f.groups, f.rows, f.kinds = append(f.groups, slot), append(f.rows, row), append(f.kinds, kind)
		}
		places[i] = int32(len(f.groups))
		f.groups, f.rows, f.kinds = append(f.groups, slot), append(f.rows, int32(i)), append(f.kinds, udf.StepAdd)
		f.size[slot]++
	}
	// What is still in a frame is needed later.
	for _, slot := range slots {
		for row := f.fresh[slot]; row >= 0; row = f.after[row] {
			t := int64(0)
			if !f.byRows {
				t = times[row]
			}
			f.buf = types.EncodeRow(f.buf[:0], f.batch.Cols, int(row))
			f.keep(slot, t, f.buf)
		}
		f.fresh[slot] = -1
	}
}

// leaves reports whether the key's first row is not in the frame of row i.
func (f *overFrame) leaves(slot int32, i int, times []int64) bool {
	if f.byRows {
		return f.size[slot] > f.preceding
	}
	var t int64
	if n := f.first[slot]; n >= 0 {
		t = f.time(n)
	} else {
		t = times[f.fresh[slot]]
	}
	return t < times[i]-f.preceding
}

func (f *overFrame) time(n int32) int64 {
	return int64(binary.LittleEndian.Uint64(f.kept.Head(n)[4:]))
}

// pop takes the key's first row out, and returns where it is in the batch.
func (f *overFrame) pop(slot int32) int32 {
	n := f.first[slot]
	if n < 0 {
		row := f.fresh[slot]
		f.fresh[slot] = f.after[row]
		return row
	}
	row := int32(f.batch.N)
	if _, err := types.DecodeRow(f.kept.Row(n), f.batch.Cols); err != nil {
		panic("operator: kept row does not decode: " + err.Error()) // EncodeRow has written it for these columns, or decode has checked it
	}
	f.batch.N++
	if f.first[slot] = int32(binary.LittleEndian.Uint32(f.kept.Head(n))); f.first[slot] < 0 {
		f.last[slot] = -1
	}
	f.kept.Remove(n)
	return row
}

// keep adds a row behind the key's others.
func (f *overFrame) keep(slot int32, t int64, row []byte) {
	n := f.kept.Add(0, row)
	head := f.kept.Head(n)
	binary.LittleEndian.PutUint32(head, ^uint32(0))
	if !f.byRows {
		binary.LittleEndian.PutUint64(head[4:], uint64(t))
	}
	if last := f.last[slot]; last >= 0 {
		binary.LittleEndian.PutUint32(f.kept.Head(last), uint32(n))
	} else {
		f.first[slot] = n
	}
	f.last[slot] = n
}

func (f *overFrame) clear(slot int32) {
	for n := f.first[slot]; n >= 0; {
		next := int32(binary.LittleEndian.Uint32(f.kept.Head(n)))
		f.kept.Remove(n)
		n = next
	}
	f.first[slot], f.last[slot], f.size[slot] = -1, -1, 0
}

// encode appends the number of the key's rows, and each: its time (8 bytes) unless rows are counted, and behind its length
// what is kept of it.
func (f *overFrame) encode(dst []byte, slot int32) []byte {
	dst = binary.AppendUvarint(dst, uint64(f.size[slot]))
	for n := f.first[slot]; n >= 0; n = int32(binary.LittleEndian.Uint32(f.kept.Head(n))) {
		if !f.byRows {
			dst = binary.LittleEndian.AppendUint64(dst, uint64(f.time(n)))
		}
		row := f.kept.Row(n)
		dst = append(binary.AppendUvarint(dst, uint64(len(row))), row...)
	}
	return dst
}

// decode takes back what encode wrote at the start of src, and returns the rest.
func (f *overFrame) decode(slot int32, src []byte) (rest []byte, err error) {
	rows, used := binary.Uvarint(src)
	if used <= 0 {
		return nil, errState
	}
	src = src[used:]
	for range rows {
		t := int64(0)
		if !f.byRows {
			if len(src) < 8 {
				return nil, errState
			}
			t, src = int64(binary.LittleEndian.Uint64(src)), src[8:]
		}
		n, used := binary.Uvarint(src)
		if used <= 0 || n > uint64(len(src)-used) {
			return nil, errState
		}
		row := src[used : used+int(n)]
		for _, v := range f.batch.Cols {
			v.Reset()
		}
		if rest, err := types.DecodeRow(row, f.batch.Cols); err != nil || len(rest) > 0 {
			return nil, errState
		}
		f.keep(slot, t, row)
		f.size[slot]++
		src = src[used+int(n):]
	}
	return src, nil
}

func (f *overFrame) used() int {
	return f.kept.Used() + 4*(cap(f.first)+cap(f.last)+cap(f.fresh)) + 8*cap(f.size)
}
