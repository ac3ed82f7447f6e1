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
	node    *physical.GroupAggregate
	ctx     *Context
	keys    *state.Store // slots are the aggregates' groups
	aggs    *aggregates
	account *state.Account
	live    []bool  // by group: it has rows
	at      []int64 // by group: when its last row came, in milliseconds; only under a TTL
	scan    int32   // where the search for expired groups goes on
	purge   purge   // and that on disk

	ttl    int64
	before bool // -U is emitted

	cols    []*types.Vector // the batch's keys
	groups  []int32         // the batch's groups, by row that counts
	running running
	rounds  rounds
	changes changes
	out     *types.Batch
	part    []int32
}

var (
	_ Operator      = (*groupAggregate)(nil)
	_ Incremental   = (*groupAggregate)(nil)
	_ state.Dropper = (*groupAggregate)(nil)
)

// scanned is how many groups a batch looks at in search of expired ones.
const scanned = 256

func newGroupAggregate(node *physical.GroupAggregate) *groupAggregate {
	g := &groupAggregate{
		node: node, aggs: newAggregates(node.Aggs, node.InputRetracts), ttl: node.TTL.Milliseconds(),
		before: node.Mode.Has(types.UpdateBefore), cols: make([]*types.Vector, len(node.Keys)),
		out: types.NewBatch(node.Schema),
	}
	g.aggs.partial, g.aggs.numbered = physical.PartialColumn(node.Inputs[0].From), true
	g.running = newRunning(g.aggs)
	g.changes.results = newColumns(columnTypes(node.Schema, len(node.Schema.Fields))[len(node.Keys):])
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
	var err error
	if g.groups, err = g.keys.Lookup(g.cols, b.Sel, n, resize(g.groups, n)); err != nil {
		return err
	}
	g.grow()
	if g.ttl > 0 {
		now := g.ctx.Clock.Now().UnixMilli()
		g.touch(now)
		if err := g.purge.advance(g.keys, now, g.ttl, func(value []byte) bool { return g.expiredOnDisk(value, now) }); err != nil {
			return err
		}
	}
	g.changes.reset(n)
	if g.node.MiniBatch {
		if err := g.processTogether(b); err != nil {
			return err
		}
	} else {
		g.processEach(b)
	}
	g.emit(b)
	// Slots stay put while the batch lasts; those that ended up without rows go now.
	for _, group := range g.groups {
		g.changes.latest[group] = -1
		if !g.live[group] && g.keys.Has(group) {
			g.keys.Remove(group)
		}
	}
	g.count()
	return g.flush(out)
}

func (g *groupAggregate) grow() {
	n := g.keys.Cap()
	g.aggs.grow(n)
	for len(g.live) < n {
		g.live, g.changes.latest = append(g.live, false), append(g.changes.latest, -1)
		if g.ttl > 0 {
			g.at = append(g.at, 0)
		}
	}
}

// touch forgets the batch's groups that have expired, and some others.
func (g *groupAggregate) touch(now int64) {
	for k, group := range g.groups {
		if g.expired(group, now) {
			g.clear(g.groups[k : k+1])
		}
		g.at[group] = now
	}
	for range min(scanned, len(g.live)) {
		if g.scan++; int(g.scan) >= g.keys.Cap() {
			g.scan = 0
		}
		if g.expired(g.scan, now) {
			g.part = append(g.part[:0], g.scan)
			g.keys.Remove(g.scan)
			g.clear(g.part)
		}
	}
}

func (g *groupAggregate) expired(group int32, now int64) bool {
	return g.live[group] && g.at[group]+g.ttl <= now
}

// expiredOnDisk reports whether a group's time is over, by what Encode wrote.
func (g *groupAggregate) expiredOnDisk(value []byte, now int64) bool {
	at, n := binary.Varint(value)
	return n > 0 && at+g.ttl <= now
}

// clear makes groups as if they had never been.
func (g *groupAggregate) clear(groups []int32) {
	g.aggs.reset(groups)
	for _, group := range groups {
		g.live[group] = false
	}
}

// processEach makes the changes of every row. Accumulators that can't give the results between rows by themselves get the
// rows in rounds: rows of different keys don't touch each other, so the first rows of all keys are taken together, then
// the second ones, and so on.
func (g *groupAggregate) processEach(b *types.Batch) {
	if g.running.all {
		g.run(b)
		return
	}
	c := &g.changes
	g.rounds.of(g.groups, g.keys.Cap())
	if len(g.groups) < narrow*g.rounds.n {
		g.run(b)
		return
	}
	for r := range g.rounds.n {
		ks := g.rounds.rows(r)
		n := len(g.groups)
		if ks != nil {
			n = len(ks)
		}
		c.begin()
		for j := range n {
			k := rowAt(ks, j)
			g.take(b, k)
		}
		c.before(g.aggs)
		g.aggs.accumulate(b, c.groups, c.rows)
		g.after()
	}
}

// take notes that row k is part of the step in hand, unless it retracts from a group that isn't there.
func (g *groupAggregate) take(b *types.Batch, k int32) bool {
	row, group := rowAt(b.Sel, int(k)), g.groups[k]
	live := g.live[group]
	if !live && b.Kind(int(row)).Retracts() {
		return false
	}
	g.changes.take(k, row, group, live)
	return true
}

// processTogether makes one change per group.
func (g *groupAggregate) processTogether(b *types.Batch) error {
	c := &g.changes
	g.rounds.grow(g.keys.Cap())
	c.begin()
	groups, rows := g.part[:0], c.all[:0]
	for k, group := range g.groups {
		if !g.rounds.seen(group) {
			// Retractions before a new group's first addition count for nothing.
			if !g.take(b, int32(k)) {
				continue
			}
			g.rounds.see(group)
		}
		groups, rows = append(groups, group), append(rows, rowAt(b.Sel, k))
	}
	for _, group := range c.groups {
		g.rounds.unsee(group)
	}
	c.before(g.aggs)
	err := g.aggs.accumulateBoth(b, groups, rows)
	g.part, c.all = groups, rows
	g.after()
	return err
}

// after ends a step: groups have new results, or are gone.
func (g *groupAggregate) after() {
	c := &g.changes
	c.after(g.aggs)
	for j, group := range c.groups {
		g.live[group] = c.new[c.ks[j]] >= 0
	}
	g.clear(c.gone)
}

// emit appends the changes to the output, in the order of the rows.
func (g *groupAggregate) emit(b *types.Batch) {
	c := &g.changes
	if g.ttl == 0 {
		c.compare()
	}
	c.kinds, c.pick, c.from = c.kinds[:0], c.pick[:0], c.from[:0]
	for k, after := range c.new {
		before := c.old[k]
		if before < 0 && after < 0 || before >= 0 && after >= 0 && g.ttl == 0 && !c.differ[k] {
			continue
		}
		row := rowAt(b.Sel, k)
		switch {
		case after < 0:
			c.event(types.Delete, before, row)
		case before < 0:
			c.event(types.Insert, after, row)
		default:
			if g.before {
				c.event(types.UpdateBefore, before, row)
			}
			c.event(types.UpdateAfter, after, row)
		}
	}
	keys := len(g.cols)
	for i, v := range g.cols {
		g.out.Cols[i].AppendSelected(v, c.from)
	}
	for i, v := range c.results {
		g.out.Cols[keys+i].AppendSelected(v, c.pick)
	}
	k := 0
	for ; k < len(c.kinds) && g.out.Kinds == nil; k++ { // additions in front need no kinds
		g.out.AppendKind(c.kinds[k])
	}
	g.out.Kinds = append(g.out.Kinds, c.kinds[k:]...)
	g.out.N += len(c.kinds) - k
}

// flush emits the batch's changes, in parts if there are many.
func (g *groupAggregate) flush(out Output) error {
	if g.out.N <= 2*g.ctx.MaxRows {
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

// changes is what a batch does to its groups' results. It is made in steps, in each of which a group takes part once:
// begin, take, before, accumulate, after.
type changes struct {
	results []*types.Vector // results before and after, as they were asked for
	latest  []int32         // by group: the row of its latest result, -1: not asked for in this batch
	old     []int32         // by row of the batch that counts: the row of its group's result before, or -1
	new     []int32         // and after
	differ  []bool          // and whether they differ

	// The step in hand: rows' places among those that count, physical rows, groups.
	ks, rows, groups []int32
	asked            []int32 // groups whose results are asked for
	gone             []int32 // groups that have lost their last row
	all              []int32

	// The output: kind, row of results and row of the batch.
	kinds      []types.RowKind
	pick, from []int32
}

func (c *changes) reset(n int) {
	for _, v := range c.results {
		v.Reset()
	}
	c.old, c.new = resize(c.old, n), resize(c.new, n)
	for k := range n {
		c.old[k], c.new[k] = -1, -1
	}
}

func (c *changes) begin() {
	c.ks, c.rows, c.groups, c.asked, c.gone = c.ks[:0], c.rows[:0], c.groups[:0], c.asked[:0], c.gone[:0]
}

func (c *changes) take(k, row, group int32, live bool) {
	c.ks, c.rows, c.groups = append(c.ks, k), append(c.rows, row), append(c.groups, group)
	if live && c.latest[group] < 0 {
		c.asked = append(c.asked, group)
	}
}

// ask gets the results of the groups in asked.
func (c *changes) ask(a *aggregates, at int) {
	for i, group := range c.asked {
		c.latest[group] = int32(at + i)
	}
	a.result(c.asked, c.results)
}

// rowsAsked is how many results there are; an operator without aggregates (DISTINCT) has none, and needs none.
func (c *changes) rowsAsked() int {
	if len(c.results) == 0 {
		return 0
	}
	return c.results[0].N
}

// before asks for the results of the groups that exist already.
func (c *changes) before(a *aggregates) {
	c.ask(a, c.rowsAsked())
	for j, group := range c.groups {
		c.old[c.ks[j]] = c.latest[group]
	}
}

// after asks for the results of the groups that have rows now.
func (c *changes) after(a *aggregates) {
	c.asked = c.asked[:0]
	at := c.rowsAsked()
	for j, group := range c.groups {
		if a.counts != nil && a.counts[group] == 0 {
			c.gone = append(c.gone, group)
			c.latest[group] = -1
			continue
		}
		c.new[c.ks[j]] = int32(at + len(c.asked))
		c.asked = append(c.asked, group)
	}
	c.ask(a, at)
}

// compare finds the rows whose results before and after differ.
func (c *changes) compare() {
	c.differ = resize(c.differ, len(c.new))
	clear(c.differ)
	for _, v := range c.results {
		if v.Type.Kind.Storage() == types.StoreI64 && len(v.Valid) == 0 {
			for k, before := range c.old {
				if after := c.new[k]; before >= 0 && after >= 0 && v.I64[before] != v.I64[after] {
					c.differ[k] = true
				}
			}
			continue
		}
		for k, before := range c.old {
			if after := c.new[k]; before >= 0 && after >= 0 && !c.differ[k] {
				c.differ[k] = types.CompareAt(v, int(before), v, int(after)) != 0
			}
		}
	}
}

func (c *changes) event(kind types.RowKind, result, row int32) {
	c.kinds, c.pick, c.from = append(c.kinds, kind), append(c.pick, result), append(c.from, row)
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

func (g *groupAggregate) Open(ctx *Context) error {
	g.ctx, g.aggs.running = ctx, ctx.UDF.Running
	g.account = ctx.Memory.Account(g.used)
	keyTypes := columnTypes(g.node.Schema, len(g.cols))
	g.keys = state.NewStore(keyTypes, "group", g, g.account)
	cols := newColumns(keyTypes)
	err := ctx.Restore.Each("group", func(key, value []byte) error { return g.keys.Restore(cols, key, value) })
	g.count()
	return err
}

// Encode appends the time of a key's last row as a varint (0 without a TTL) and its accumulators.
func (g *groupAggregate) Encode(dst []byte, group int32) []byte {
	at := int64(0)
	if g.ttl > 0 {
		at = g.at[group]
	}
	return g.aggs.encode(binary.AppendVarint(dst, at), group)
}

// Decode implements state.Codec.
func (g *groupAggregate) Decode(group int32, value []byte) error {
	at, n := binary.Varint(value)
	if n <= 0 {
		return errState
	}
	g.grow()
	g.live[group] = true
	if g.ttl > 0 {
		g.at[group] = at
	}
	return g.aggs.decode(group, value[n:])
}

// Drop implements state.Codec.
func (g *groupAggregate) Drop(group int32) { g.clear([]int32{group}) }

// Snapshot writes an entry "group" per key.
func (g *groupAggregate) Snapshot(w *state.Writer) error { return g.keys.Snapshot(w) }

// used estimates the memory in use.
func (g *groupAggregate) used() int {
	return g.keys.Used() + g.keys.InUse(g.aggs.bytes()+cap(g.live)+8*cap(g.at))
}

// count tells how large the state is.
func (g *groupAggregate) count() {
	g.ctx.Metrics.StateKeys.Store(int64(g.keys.Len() + g.keys.Spilled()))
	g.ctx.Metrics.StateBytes.Store(int64(g.used()))
	g.ctx.Metrics.Spilled.Store(g.account.Spilled())
}

func (g *groupAggregate) OnWatermark(int64, Output) error { return nil }
func (g *groupAggregate) OnTime(time.Time, Output) error  { return nil }
func (g *groupAggregate) Finish(Output) error             { return nil }

func (g *groupAggregate) Close() error {
	err := g.keys.Close()
	g.account.Close()
	return err
}

// CanIncrement implements Incremental.
func (g *groupAggregate) CanIncrement() bool { return g.keys.CanIncrement() }

// Complete implements Incremental.
func (g *groupAggregate) Complete() { g.keys.Complete() }
