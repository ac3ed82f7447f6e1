package operator

import (
	"encoding/binary"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// groupAggregate groups rows by keys without a window and emits a changelog: for every row the change it makes to its
// group's result (keys, aggregates), and nothing where it makes none.
//
//	first row of a key              +I
//	later row, result changed       -U +U (the -U only where the plan's mode has it)
//	last row of a key retracted     -D
//	retraction for an unknown key   nothing: its state has expired
//
// Under a TTL a row always emits its -U +U, so that the state of operators behind stays alive. With MiniBatch the change
// is that of all the batch's rows of a key together, keys in the order of their first row.
//
// State: a key's accumulators, and under a TTL the time of its last row; a key goes with its last row or when its time
// is over. Source: Flink's GroupAggFunction and MiniBatchGroupAggFunction.
type groupAggregate struct {
	node *physical.GroupAggregate
	ctx  *Context
	keys *state.Keys // slots are the aggregates' groups
	aggs *aggregates
	live []bool  // by group: it has rows
	used []int64 // by group: when its last row came, in milliseconds; only under a TTL
	scan int32   // where the search for expired groups goes on

	ttl    int64
	before bool // -U is emitted

	cols   []*types.Vector
	groups []int32
	rounds rounds
	change change
	out    *types.Batch
	order  changeOrder
	part   []int32
}

var _ Operator = (*groupAggregate)(nil)

// scanned is how many groups a batch looks at in search of expired ones.
const scanned = 256

func newGroupAggregate(node *physical.GroupAggregate) *groupAggregate {
	g := &groupAggregate{
		node: node, keys: state.NewKeys(columnTypes(node.Schema, len(node.Keys))),
		aggs: newAggregates(node.Aggs, node.InputRetracts), ttl: node.TTL.Milliseconds(),
		before: node.Mode.Has(types.UpdateBefore), cols: make([]*types.Vector, len(node.Keys)),
		out: types.NewBatch(node.Schema),
	}
	g.change.results = newColumns(columnTypes(node.Schema, len(node.Schema.Fields))[len(node.Keys):])
	return g
}

func (g *groupAggregate) Process(_ int, b *types.Batch, out Output) error {
	n := b.Rows()
	if n == 0 {
		return nil
	}
	for i, k := range g.node.Keys {
		g.cols[i] = b.Cols[k]
	}
	g.groups = resize(g.groups, n)
	g.keys.Lookup(g.cols, b.Sel, n, g.groups)
	g.grow()
	if g.ttl > 0 {
		g.touch(g.ctx.Clock.Now().UnixMilli())
	}
	if g.node.MiniBatch {
		g.processTogether(b)
	} else {
		g.processEach(b)
	}
	// Slots stay put while the batch lasts; those that ended up without rows go now.
	for _, group := range g.groups {
		if !g.live[group] && g.keys.Has(group) {
			g.keys.Remove(group)
		}
	}
	g.ctx.Metrics.StateKeys.Store(int64(g.keys.Len()))
	return g.flush(out)
}

func (g *groupAggregate) grow() {
	n := g.keys.Cap()
	g.aggs.grow(n)
	for len(g.live) < n {
		g.live = append(g.live, false)
		if g.ttl > 0 {
			g.used = append(g.used, 0)
		}
	}
}

// touch forgets the batch's groups that have expired, and some others.
func (g *groupAggregate) touch(now int64) {
	for k, group := range g.groups {
		if g.expired(group, now) {
			g.clear(g.groups[k : k+1])
		}
		g.used[group] = now
	}
	for range min(scanned, len(g.live)) {
		if g.scan++; int(g.scan) >= g.keys.Cap() {
			g.scan = 0
		}
		if g.expired(g.scan, now) {
			g.part = append(g.part[:0], g.scan)
			g.clear(g.part)
			g.keys.Remove(g.scan)
		}
	}
}

func (g *groupAggregate) expired(group int32, now int64) bool {
	return g.live[group] && g.used[group]+g.ttl <= now
}

// clear makes groups as if they had never been.
func (g *groupAggregate) clear(groups []int32) {
	g.aggs.reset(groups)
	for _, group := range groups {
		g.live[group] = false
	}
}

// processEach emits the change of every row. Rows of different keys don't touch each other, so the first rows of all
// keys are taken together, then the second ones, and so on; at the end the changes are put into the order of the rows.
func (g *groupAggregate) processEach(b *types.Batch) {
	g.rounds.of(g.groups, g.keys.Cap())
	g.order.reset(g.rounds.n > 1)
	for r := range g.rounds.n {
		g.step(b, g.rounds.rows(r))
	}
	g.order.restore(g.out, len(g.groups))
}

// step takes in rows of different groups; ks are their places among the rows that count (nil: all), and emits.
func (g *groupAggregate) step(b *types.Batch, ks []int32) {
	c := &g.change
	c.reset()
	n := len(g.groups)
	if ks != nil {
		n = len(ks)
	}
	for j := range n {
		k := rowAt(ks, j)
		row, group := rowAt(b.Sel, int(k)), g.groups[k]
		live := g.live[group]
		if !live && b.Kind(int(row)).Retracts() {
			continue
		}
		c.take(k, row, group, live)
	}
	c.before(g.aggs)
	g.aggs.accumulate(b, c.groups, c.rows)
	g.emit()
}

// processTogether emits one change per group.
func (g *groupAggregate) processTogether(b *types.Batch) {
	c := &g.change
	c.reset()
	g.order.reset(false)
	g.rounds.grow(g.keys.Cap())
	// Retractions before a new group's first addition count for nothing.
	groups, rows := g.part[:0], c.all[:0]
	for k, group := range g.groups {
		row := rowAt(b.Sel, k)
		live := g.live[group]
		first := !g.rounds.seen(group)
		if !live && first && b.Kind(int(row)).Retracts() {
			continue
		}
		if first {
			g.rounds.see(group)
			c.take(int32(k), row, group, live)
		}
		groups, rows = append(groups, group), append(rows, row)
	}
	for _, group := range c.groups {
		g.rounds.unsee(group)
	}
	c.before(g.aggs)
	g.aggs.accumulate(b, groups, rows)
	g.part, c.all = groups, rows
	g.emit()
}

// emit appends the changes of the groups in hand to the output.
func (g *groupAggregate) emit() {
	c := &g.change
	c.after(g.aggs)
	if g.ttl == 0 {
		c.compare()
	}
	c.kinds, c.pick, c.of, c.from = c.kinds[:0], c.pick[:0], c.of[:0], c.from[:0]
	c.gone = c.gone[:0]
	for j, group := range c.groups {
		before, after := c.old[j], c.new[j]
		switch {
		case after < 0:
			c.gone = append(c.gone, group)
			if before >= 0 {
				c.event(j, types.Delete, before)
			}
		case before < 0:
			g.live[group] = true
			c.event(j, types.Insert, after)
		case g.ttl > 0 || c.differ[j]:
			if g.before {
				c.event(j, types.UpdateBefore, before)
			}
			c.event(j, types.UpdateAfter, after)
		}
	}
	keys := len(g.cols)
	g.keys.Append(c.of, g.out.Cols[:keys])
	for i, v := range c.results {
		g.out.Cols[keys+i].AppendSelected(v, c.pick)
	}
	for _, kind := range c.kinds {
		g.out.AppendKind(kind)
	}
	g.order.append(c.from)
	g.clear(c.gone)
}

// flush emits the batch's changes, in parts if there are many.
func (g *groupAggregate) flush(out Output) error {
	if g.out.N <= g.ctx.MaxRows {
		return flush(g.out, out)
	}
	all := g.out.N
	for from := 0; from < all; from += g.ctx.MaxRows {
		g.part = g.part[:0]
		for i := from; i < min(all, from+g.ctx.MaxRows); i++ {
			g.part = append(g.part, int32(i))
		}
		g.out.Sel = g.part
		if err := out.Emit(g.out); err != nil {
			return err
		}
	}
	g.out.Reset()
	return nil
}

// change is what a set of rows of different groups does to the groups' results. Results before stand in the first rows
// of the columns, results after behind them.
type change struct {
	results []*types.Vector
	ks      []int32 // places of the rows among those that count
	rows    []int32
	groups  []int32
	old     []int32 // row of results before, or -1
	new     []int32 // row of results after, or -1
	differ  []bool

	asked []int32 // groups whose results are asked for
	all   []int32
	gone  []int32

	// The output: kind, row of results, group and place of the input row.
	kinds          []types.RowKind
	pick, of, from []int32
}

func (c *change) reset() {
	for _, v := range c.results {
		v.Reset()
	}
	c.ks, c.rows, c.groups = c.ks[:0], c.rows[:0], c.groups[:0]
	c.old, c.new, c.asked = c.old[:0], c.new[:0], c.asked[:0]
}

func (c *change) take(k, row, group int32, live bool) {
	c.ks, c.rows, c.groups = append(c.ks, k), append(c.rows, row), append(c.groups, group)
	if live {
		c.old = append(c.old, int32(len(c.asked)))
		c.asked = append(c.asked, group)
	} else {
		c.old = append(c.old, -1)
	}
}

// before asks for the results of the groups that exist already.
func (c *change) before(a *aggregates) { a.result(c.asked, c.results) }

// after asks for the results of the groups that have rows now.
func (c *change) after(a *aggregates) {
	at := int32(len(c.asked))
	c.asked = c.asked[:0]
	for _, group := range c.groups {
		if a.counts != nil && a.counts[group] == 0 {
			c.new = append(c.new, -1)
			continue
		}
		c.new = append(c.new, at)
		c.asked = append(c.asked, group)
		at++
	}
	a.result(c.asked, c.results)
}

// compare finds the groups whose results differ.
func (c *change) compare() {
	c.differ = resize(c.differ, len(c.groups))
	clear(c.differ)
	for _, v := range c.results {
		if v.Type.Kind.Storage() == types.StoreI64 && len(v.Valid) == 0 {
			for j, before := range c.old {
				if after := c.new[j]; before >= 0 && after >= 0 && v.I64[before] != v.I64[after] {
					c.differ[j] = true
				}
			}
			continue
		}
		for j, before := range c.old {
			if after := c.new[j]; before >= 0 && after >= 0 && !c.differ[j] {
				c.differ[j] = types.CompareAt(v, int(before), v, int(after)) != 0
			}
		}
	}
}

func (c *change) event(j int, kind types.RowKind, result int32) {
	c.kinds, c.pick = append(c.kinds, kind), append(c.pick, result)
	c.of, c.from = append(c.of, c.groups[j]), append(c.from, c.ks[j])
}

// rounds deals rows out so that no round has two rows of a group: round r has each group's r-th row.
type rounds struct {
	n      int
	count  []int32 // by group, zero between batches
	turn   []int32 // by row: its round
	starts []int32 // by round
	byTurn []int32 // rows by round, then in order
}

func (r *rounds) grow(groups int) {
	for len(r.count) < groups {
		r.count = append(r.count, 0)
	}
}

// of deals out the rows of these groups, all of which are below bound.
func (r *rounds) of(groups []int32, bound int) {
	r.grow(bound)
	r.turn, r.starts, r.n = resize(r.turn, len(groups)), r.starts[:0], 0
	for k, g := range groups {
		turn := r.count[g]
		r.count[g]++
		r.turn[k] = turn
		if int(turn) == r.n {
			r.n++
			r.starts = append(r.starts, 0)
		}
		r.starts[turn]++
	}
	for _, g := range groups {
		r.count[g] = 0
	}
	if r.n <= 1 {
		return
	}
	at := int32(0)
	for i, n := range r.starts {
		r.starts[i] = at
		at += n
	}
	r.byTurn = resize(r.byTurn, len(groups))
	for k, turn := range r.turn {
		r.byTurn[r.starts[turn]] = int32(k)
		r.starts[turn]++ // becomes the end of the round
	}
}

// rows returns the places of the rows of a round; nil: all.
func (r *rounds) rows(round int) []int32 {
	if r.n == 1 {
		return nil
	}
	from := int32(0)
	if round > 0 {
		from = r.starts[round-1]
	}
	return r.byTurn[from:r.starts[round]]
}

func (r *rounds) seen(group int32) bool { return r.count[group] != 0 }
func (r *rounds) see(group int32)       { r.count[group] = 1 }
func (r *rounds) unsee(group int32)     { r.count[group] = 0 }

// changeOrder puts changes that were made round by round into the order of the rows that caused them.
type changeOrder struct {
	on     bool
	from   []int32 // by change: the place of its row
	next   []int32
	sorted []int32
	spare  *types.Batch
}

func (o *changeOrder) reset(on bool) { o.on, o.from = on, o.from[:0] }

func (o *changeOrder) append(from []int32) {
	if o.on {
		o.from = append(o.from, from...)
	}
}

// restore sorts the changes in b, made by the given number of rows.
func (o *changeOrder) restore(b *types.Batch, rows int) {
	if !o.on {
		return
	}
	o.next = resize(o.next, rows+1)
	clear(o.next)
	for _, k := range o.from {
		o.next[k+1]++
	}
	for k := range rows {
		o.next[k+1] += o.next[k]
	}
	o.sorted = resize(o.sorted, len(o.from))
	for i, k := range o.from {
		o.sorted[o.next[k]] = int32(i)
		o.next[k]++
	}
	if o.spare == nil {
		o.spare = types.NewBatch(b.Schema)
	}
	o.spare.Reset()
	o.spare.AppendSelected(b, o.sorted)
	*b, *o.spare = *o.spare, *b
}

func (g *groupAggregate) Open(ctx *Context) error {
	g.ctx = ctx
	cols := newColumns(columnTypes(g.node.Schema, len(g.cols)))
	slot := make([]int32, 1)
	return ctx.Restore.Each("group", func(key, value []byte) error {
		for _, v := range cols {
			v.Reset()
		}
		if _, err := types.DecodeRow(key, cols); err != nil {
			return err
		}
		g.keys.Lookup(cols, nil, 1, slot)
		g.grow()
		g.live[slot[0]] = true
		used, n := binary.Varint(value)
		if n <= 0 {
			return errState
		}
		if g.ttl > 0 {
			g.used[slot[0]] = used
		}
		return g.aggs.decode(slot[0], value[n:])
	})
}

func (g *groupAggregate) OnWatermark(int64, Output) error {
	g.ctx.Metrics.StateBytes.Store(int64(g.keys.Bytes() + g.aggs.bytes() + cap(g.live) + 8*cap(g.used)))
	return nil
}

func (g *groupAggregate) OnTime(time.Time, Output) error { return nil }
func (g *groupAggregate) Finish(Output) error            { return nil }
func (g *groupAggregate) Close() error                   { return nil }

// Snapshot writes an entry "group" per key: the time of its last row as a varint (0 without a TTL) and its accumulators.
func (g *groupAggregate) Snapshot(w *state.Writer) error {
	var key, value []byte
	for slot := range int32(g.keys.Cap()) {
		if !g.keys.Has(slot) || !g.live[slot] {
			continue
		}
		used := int64(0)
		if g.ttl > 0 {
			used = g.used[slot]
		}
		key = g.keys.Encode(key[:0], slot)
		value = g.aggs.encode(binary.AppendVarint(value[:0], used), slot)
		w.Put(g.keys.Hash(slot), "group", key, value)
	}
	return nil
}
