package operator

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/expr"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// overAggregate adds columns to rows: what functions with memory, and aggregates, give over the rows of the same key up to
// the row, in the order of time. One row out for each row in.
//
// Over event time rows wait until the watermark passes them, and leave in the order of time, rows of the same time as they
// came. Over processing time they leave at once, but for a range of time, where those of the same millisecond wait for each
// other. A batch of rows that leave is evaluated at once, whatever keys it has: functions get it in one call, with the
// number of each row's key beside it, and aggregates give the results between the rows (running). Rows of the same time
// (peers) then take the result behind the last of them, if the frame is a range.
//
// Late rows are dropped and counted: those that the watermark has passed; under a bounded frame those that are not later
// than the last row of their key that has left, as in Flink. A NULL time is an error.
//
// State, per key: the memories, the accumulators, and under a bounded frame what of the rows in it will be retracted; and the
// rows that wait. A key is forgotten when its time to live is over, when its rows are all out of a range of time, or when
// there are more keys than weir.over.max-keys allows (overLimit).
//
// Source: Flink's RowTimeRowsUnboundedPrecedingFunction and its siblings for RANGE, for bounded frames, and for
// processing time.
type overAggregate struct {
	node    *physical.OverAggregate
	ctx     *Context
	account *state.Account
	waits   bool // rows wait for the watermark, or the clock
	ranged  bool // rows leave the frame with time

	progress int64 // rows up to this time have left
	pending  pending
	entries  [state.KeyGroups]int // that checkpoints have of pending rows

	keys      *state.Store // slots are the groups of functions and aggregates
	keyTypes  []types.Type
	functions *expr.Grouped // or nil
	aggs      overAggs
	frame     *overFrame // of a bounded frame, else nil
	last      []int64    // by slot: the time of its last row that left; of a bounded frame only
	at        []int64    // by slot: when it was last used, in milliseconds; under a TTL only; 0: never
	ttl       int64
	scan      int32 // where the search for expired keys goes on
	purge     purge
	limit     *overLimit // or nil

	times []int64
	sel   []int32
	cols  []*types.Vector // keys
	slots []int32
	due   []pendingRow
	work  *types.Batch
	out   types.Batch
	part  []int32
}

var (
	_ Operator    = (*overAggregate)(nil)
	_ Incremental = (*overAggregate)(nil)
)

func newOverAggregate(node *physical.OverAggregate) (*overAggregate, error) {
	in := node.Inputs[0].From.Base().Schema
	o := &overAggregate{
		node: node, progress: noWatermark, pending: pending{schema: in}, work: types.NewBatch(in),
		cols: make([]*types.Vector, len(node.PartitionBy)),
	}
	o.ranged = node.Frame.Bounded && !node.Frame.Rows
	o.waits = !node.Proctime || o.ranged
	if !o.ranged { // there a key lives as long as the range is
		o.ttl = node.TTL.Milliseconds()
	}
	for _, k := range node.PartitionBy {
		o.keyTypes = append(o.keyTypes, in.Fields[k].Type)
	}
	if len(node.Functions) > 0 {
		var err error
		if o.functions, err = expr.CompileGrouped(node.Functions); err != nil {
			return nil, err
		}
	}
	calls := node.Aggs
	if node.Frame.Bounded {
		o.frame, calls = newOverFrame(node)
	}
	o.aggs = newOverAggs(node, calls)
	o.out.Schema = node.Schema
	o.out.Cols = make([]*types.Vector, len(node.Schema.Fields))
	return o, nil
}

func (o *overAggregate) Process(_ int, b *types.Batch, out Output) error {
	n := b.Rows()
	if n == 0 {
		return nil
	}
	defer o.count()
	if !o.waits {
		return o.evaluateNow(b, n, out)
	}
	if o.node.Proctime {
		now := o.ctx.Clock.Now().UnixMilli()
		o.times = resize(o.times, b.N)
		for i := range o.times {
			o.times[i] = now
		}
		o.pending.add(b, b.Sel, n, o.times)
		o.wake()
		return nil
	}
	times, err := (&windowClock{}).times(&o.times, b, o.node.Time)
	if err != nil {
		return err
	}
	sel, late := b.Sel, 0
	for k := range n {
		if times[rowAt(b.Sel, k)] <= o.progress {
			if sel, late, err = o.punctual(b, n, times); err != nil {
				return err
			}
			break
		}
	}
	o.ctx.Metrics.Late.Add(int64(late))
	o.pending.add(b, sel, n-late, times)
	return nil
}

// evaluateNow is evaluate for the n rows of a batch that may have a selection.
func (o *overAggregate) evaluateNow(b *types.Batch, n int, out Output) error {
	for from := 0; from < n; {
		to := from + o.atOnce(n-from)
		part := b
		if b.Sel != nil || to-from < n {
			part = o.work
			part.Reset()
			for i, v := range part.Cols {
				if b.Sel != nil {
					v.AppendSelected(b.Cols[i], b.Sel[from:to])
				} else {
					v.AppendRange(b.Cols[i], from, to)
				}
			}
			part.N = to - from
		}
		if err := o.evaluate(part, nil, out); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// atOnce is how many of n rows are evaluated at once. Their keys are in memory together, whatever the limit, so with memories
// as large as forests it must not be many. The limit is looked at every 16 lookups (state.Store).
func (o *overAggregate) atOnce(n int) int {
	if o.functions == nil || o.account == nil || o.limit != nil || o.keys.Len() == 0 {
		return n
	}
	size := int64(o.functions.Bytes()/o.keys.Len()) + 1
	return int(min(int64(n), max(1, o.account.Share()/32/size)))
}

// punctual returns the rows of a batch that are not late, and how many are.
func (o *overAggregate) punctual(b *types.Batch, n int, times []int64) (sel []int32, late int, err error) {
	o.sel = o.sel[:0]
	if o.frame == nil {
		for k := range n {
			if i := rowAt(b.Sel, k); times[i] > o.progress {
				o.sel = append(o.sel, i)
			}
		}
		return o.sel, n - len(o.sel), nil
	}
	o.part = o.part[:0]
	for k := range n {
		if i := rowAt(b.Sel, k); times[i] <= o.progress {
			o.part = append(o.part, i)
		}
	}
	if err := o.lookup(b, o.part, len(o.part)); err != nil {
		return nil, 0, err
	}
	at := 0
	for k := range n {
		i := rowAt(b.Sel, k)
		if times[i] <= o.progress {
			at++
			if times[i] <= o.last[o.slots[at-1]] {
				late++
				continue
			}
		}
		o.sel = append(o.sel, i)
	}
	return o.sel, late, nil
}

// lookup sets slots to those of n rows of the batch, those that rows names.
func (o *overAggregate) lookup(b *types.Batch, rows []int32, n int) (err error) {
	for i, k := range o.node.PartitionBy {
		o.cols[i] = b.Cols[k]
	}
	if o.slots, err = o.keys.Lookup(o.cols, rows, n, resize(o.slots, n)); err == nil {
		o.grow()
	}
	return err
}

func (o *overAggregate) grow() {
	n := o.keys.Cap()
	if o.functions != nil {
		o.functions.Grow(n)
	}
	o.aggs.grow(n)
	if o.frame != nil {
		o.frame.grow(n)
		for len(o.last) < n {
			o.last = append(o.last, noWatermark)
		}
	}
	if o.ttl > 0 {
		for len(o.at) < n {
			o.at = append(o.at, 0)
		}
	}
	if o.limit != nil {
		o.limit.grow(n)
	}
}

func (o *overAggregate) OnWatermark(t int64, out Output) error {
	switch {
	case !o.waits, o.node.Proctime && t != math.MaxInt64: // the final watermark ends processing time, too
		return nil
	}
	return o.advance(t, out)
}

func (o *overAggregate) OnTime(now time.Time, out Output) error {
	if !o.waits || !o.node.Proctime {
		return nil
	}
	err := o.advance(now.UnixMilli()-1, out)
	o.wake()
	return err
}

// wake asks for OnTime when the millisecond of the rows that wait is over.
func (o *overAggregate) wake() {
	if t, ok := o.pending.earliest(); ok {
		o.ctx.WakeAt(time.UnixMilli(t + 1))
	}
}

// advance lets the rows up to a time leave.
func (o *overAggregate) advance(t int64, out Output) error {
	o.progress = max(o.progress, t)
	o.due = o.pending.due(t, o.due[:0])
	defer o.count()
	together := o.aggs.peers && len(o.aggs.calls) > 0 // rows of the same time have results together
	for rows := o.due; len(rows) > 0; {
		n := o.atOnce(min(len(rows), o.ctx.MaxRows))
		for together && n < len(rows) && rows[n].time == rows[n-1].time {
			n++
		}
		o.work.Reset()
		o.pending.take(rows[:n], o.work)
		o.times = o.times[:0]
		for _, r := range rows[:n] {
			o.times = append(o.times, r.time)
		}
		rows = rows[n:]
		if err := o.evaluate(o.work, o.times, out); err != nil {
			return err
		}
	}
	return o.expireRanges()
}

// evaluate emits the rows of a batch without a selection, which are in order, with what the calls give. times is nil over
// processing time, unless rows wait.
func (o *overAggregate) evaluate(b *types.Batch, times []int64, out Output) error {
	if err := o.lookup(b, nil, b.N); err != nil {
		return err
	}
	if o.ttl > 0 {
		if err := o.expire(); err != nil {
			return err
		}
	}
	if o.limit != nil {
		return o.evaluateLimited(b, times, out)
	}
	return o.compute(b, times, o.slots, out)
}

// compute is evaluate for rows whose keys are known.
func (o *overAggregate) compute(b *types.Batch, times []int64, slots []int32, out Output) error {
	cols := append(o.out.Cols[:0], b.Cols...)
	if o.functions != nil {
		results, err := o.functions.Eval(b, slots)
		if err != nil {
			return keptRow(b, err)
		}
		cols = append(cols, results...)
	}
	if len(o.aggs.calls) > 0 {
		if err := o.aggs.run(b, times, slots, o.frame, o.keys.Cap()); err != nil {
			return keptRow(b, err)
		}
		cols = append(cols, o.aggs.results...)
	}
	if o.frame != nil && times != nil {
		for i, slot := range slots {
			o.last[slot] = times[i]
		}
	}
	o.out.Cols, o.out.N, o.out.Sel = cols, b.N, nil
	if b.N <= 2*o.ctx.MaxRows {
		return out.Emit(&o.out)
	}
	for from := 0; from < b.N; from += o.ctx.MaxRows {
		o.part = o.part[:0]
		for i := from; i < min(b.N, from+o.ctx.MaxRows); i++ {
			o.part = append(o.part, int32(i))
		}
		o.out.Sel = o.part
		if err := out.Emit(&o.out); err != nil {
			return err
		}
	}
	return nil
}

// keptRow says in which batch the row of an error is.
func keptRow(b *types.Batch, err error) error {
	var row *udf.RowError
	if errors.As(err, &row) && row.Row >= 0 && row.Row < b.N {
		return &KeptRowError{Batch: b, Row: row.Row, Err: row.Err}
	}
	return err
}

// clear makes a key as if it had never been.
func (o *overAggregate) clear(slot int32) {
	if o.functions != nil {
		o.functions.Reset(slot)
	}
	o.aggs.clear(slot)
	if o.frame != nil {
		o.frame.clear(slot)
		o.last[slot] = noWatermark
	}
	if o.ttl > 0 {
		o.at[slot] = 0
	}
	if o.limit != nil {
		o.limit.unlink(slot)
	}
}

// expire forgets keys whose time to live is over: those of the rows in hand, and some others.
func (o *overAggregate) expire() error {
	now := o.ctx.Clock.Now().UnixMilli()
	for _, slot := range o.slots {
		if at := o.at[slot]; at != 0 && at+o.ttl <= now {
			o.clear(slot)
		}
		o.at[slot] = now
	}
	o.search(func(slot int32) bool { return o.at[slot] != 0 && o.at[slot]+o.ttl <= now })
	return o.purge.advance(o.keys, now, o.ttl, func(value []byte) bool {
		at, n := binary.Varint(value)
		return n > 0 && at+o.ttl <= now
	})
}

// expireRanges forgets some of the keys whose rows are all out of the range, half of its length later, as Flink does.
func (o *overAggregate) expireRanges() error {
	if !o.ranged || o.progress == noWatermark || o.progress == math.MaxInt64 {
		return nil
	}
	idle := o.node.Frame.Preceding + o.node.Frame.Preceding/2 + 1
	over := func(last int64) bool { return last != noWatermark && last+idle <= o.progress }
	o.search(func(slot int32) bool { return over(o.last[slot]) })
	return o.purge.advance(o.keys, o.ctx.Clock.Now().UnixMilli(), idle, func(value []byte) bool {
		_, last, err := readHead(value)
		return err == nil && over(last.last)
	})
}

// search looks at some keys, and forgets those for which expired is true.
func (o *overAggregate) search(expired func(slot int32) bool) {
	n := o.keys.Cap()
	for range min(scanned, n) {
		if o.scan++; int(o.scan) >= n {
			o.scan = 0
		}
		if o.keys.Has(o.scan) && expired(o.scan) {
			o.keys.Remove(o.scan)
			o.clear(o.scan)
		}
	}
}

func (o *overAggregate) Open(ctx *Context) error {
	o.ctx, o.aggs.aggregates.running = ctx, ctx.UDF.Running
	if o.functions != nil {
		o.functions.Open(ctx.UDF)
	}
	o.account = ctx.Memory.Account(o.used)
	if max := o.node.MaxKeys; max > 0 {
		o.limit = newOverLimit(int((max + int64(ctx.Parallelism) - 1) / int64(ctx.Parallelism)))
		o.keys = state.NewStore(o.keyTypes, "key", o, o.account) // in memory: which key to forget must not depend on what is on disk
	} else {
		o.keys = state.NewStore(o.keyTypes, "key", overDropper{o}, o.account)
	}
	var err error
	if o.progress, err = takeProgress(ctx.Restore, nil); err != nil {
		return err
	}
	if err := o.pending.restore(ctx.Restore, func(b *types.Batch) ([]int64, error) {
		return (&windowClock{}).times(&o.times, b, o.node.Time)
	}); err != nil {
		return err
	}
	cols := newColumns(o.keyTypes)
	if err := ctx.Restore.Each("key", func(key, value []byte) error { return o.keys.Restore(cols, key, value) }); err != nil {
		return err
	}
	if o.limit != nil {
		o.limit.restored()
		o.forgetSurplus()
	}
	if o.waits && o.node.Proctime {
		o.wake()
	}
	o.count()
	return nil
}

// keyHead is what every entry of a key begins with, as varints: when it was last used, if there is a TTL; the rank of its last
// use among those of all keys, if their number is limited; and the time of its last row, under a bounded frame.
type keyHead struct{ at, use, last int64 }

func readHead(value []byte) (rest []byte, h keyHead, err error) {
	for _, x := range []*int64{&h.at, &h.use, &h.last} {
		v, n := binary.Varint(value)
		if n <= 0 {
			return nil, h, errState
		}
		*x, value = v, value[n:]
	}
	return value, h, nil
}

// Encode appends a key's head, the memories of functions, the accumulators and the rows that will be retracted.
func (o *overAggregate) Encode(dst []byte, slot int32) []byte {
	var h keyHead
	if o.ttl > 0 {
		h.at = o.at[slot]
	}
	if o.limit != nil {
		h.use = o.limit.use[slot]
	}
	if o.frame != nil {
		h.last = o.last[slot]
	}
	for _, x := range []int64{h.at, h.use, h.last} {
		dst = binary.AppendVarint(dst, x)
	}
	if o.functions != nil {
		dst = o.functions.Encode(dst, slot)
	}
	if o.frame != nil {
		dst = o.frame.encode(dst, slot)
	}
	return o.aggs.encode(dst, slot)
}

// Decode implements state.Codec.
func (o *overAggregate) Decode(slot int32, value []byte) error {
	o.grow()
	value, h, err := readHead(value)
	if err != nil {
		return err
	}
	if o.ttl > 0 {
		o.at[slot] = h.at
	}
	if o.limit != nil {
		o.limit.use[slot] = h.use
		o.limit.loaded = append(o.limit.loaded, slot)
	}
	if o.functions != nil {
		if value, err = o.functions.Decode(slot, value); err != nil {
			return err
		}
	}
	if o.frame != nil {
		o.last[slot] = h.last
		if value, err = o.frame.decode(slot, value); err != nil {
			return err
		}
	}
	return o.aggs.decode(slot, value)
}

// overDropper makes keys leave memory when it is short.
type overDropper struct{ *overAggregate }

// Drop implements state.Dropper.
func (o overDropper) Drop(slot int32) { o.clear(slot) }

// Snapshot writes an entry "key" per key, and entries "pending" of rows that wait. An entry "watermark" per key group says
// how far rows have left.
func (o *overAggregate) Snapshot(w *state.Writer) error {
	putProgress(w, o.ctx, o.progress)
	if o.waits {
		o.pending.snapshot(w, o.node.PartitionBy, &o.entries)
	}
	return o.keys.Snapshot(w)
}

// CanIncrement implements Incremental.
func (o *overAggregate) CanIncrement() bool { return o.keys.CanIncrement() }

// Complete implements Incremental.
func (o *overAggregate) Complete() { o.keys.Complete() }

// used estimates the memory in use.
func (o *overAggregate) used() int {
	n := o.aggs.bytes() + 8*cap(o.last) + 8*cap(o.at)
	if o.limit != nil {
		n += o.limit.bytes()
	}
	n = o.keys.Used() + o.keys.InUse(n) + o.pending.bytes()
	if o.functions != nil {
		n += o.functions.Bytes() // of the keys in memory: a key that leaves gives back what it had
	}
	if o.frame != nil {
		n += o.frame.used()
	}
	return n
}

// count tells how large the state is.
func (o *overAggregate) count() {
	o.ctx.Metrics.StateKeys.Store(int64(o.keys.Len() + o.keys.Spilled()))
	o.ctx.Metrics.StateBytes.Store(int64(o.used()))
	o.ctx.Metrics.Spilled.Store(o.account.Spilled())
}

func (o *overAggregate) Finish(Output) error { return nil }

func (o *overAggregate) Close() error {
	err := o.keys.Close()
	o.account.Close()
	return err
}
