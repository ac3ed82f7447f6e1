package operator

import (
	"fmt"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/expr"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// join is the regular join: every row of either input is kept and meets all rows of the other that have its key and fit
// the condition, whenever they come. It emits what Flink's StreamingJoinOperator does, row by row:
//
//	inner      the pairs of a row, with the row's kind
//	outer      additions: +I of the pairs, and -D of the padded rows that found their first match; retractions: -D of the
//	           pairs, and +I of the padded rows whose last match went; +I or -D of the row itself, padded, without a match
//	semi, anti (StreamingSemiAntiJoinOperator) a left row with its kind; on a right row those left rows whose number of
//	           matches leaves or reaches zero
//
// A key with a NULL matches nothing unless the pair is marked NullEqual; such rows are not kept.
//
// A batch only reads the other side's rows, so the pairs of all its rows are found, decoded and tested together; the
// numbers of matches, which one row changes under the next, are kept row by row afterwards.
//
// State: per side the encoded rows (see joinSide), one table of keys for both. Rows go when they are retracted, or a TTL
// after they were last written.
type join struct {
	node      *physical.Join
	ctx       *Context
	keys      *state.Store
	account   *state.Account
	keyTypes  []types.Type
	purge     purge
	sides     [2]*joinSide
	chains    joinChains
	condition *expr.Filter // or nil
	testing   types.Batch  // left and right columns of the pairs, for the condition
	nullCheck bool

	slots  []int32 // of the batch's keys, -1: matches nothing
	valid  []int32 // rows whose keys may match
	pairs  joinPairs
	events joinEvents
	out    *types.Batch
	view   types.Batch
}

var (
	_ Operator      = (*join)(nil)
	_ Incremental   = (*join)(nil)
	_ state.Dropper = (*join)(nil)
)

// joinPairs is the candidates of some rows of a batch, ordered by the rows.
type joinPairs struct {
	k    []int32 // place of the row among those that count
	row  []int32 // the physical row
	kept []int32 // number of the other side's row
	// at is where the other side's row stands among the decoded ones.
	at []int32
}

func (p *joinPairs) reset() { p.k, p.row, p.kept, p.at = p.k[:0], p.row[:0], p.kept[:0], p.at[:0] }

// joinEvents is rows to emit: for each its kind, the row of the batch and the decoded row of the other side, or -1.
type joinEvents struct {
	kinds     []types.RowKind
	own, kept []int32
	padded    [2]bool // own or kept is -1 somewhere
	changes   bool    // some kind isn't +I
}

func (e *joinEvents) reset() { *e = joinEvents{kinds: e.kinds[:0], own: e.own[:0], kept: e.kept[:0]} }

func (e *joinEvents) add(kind types.RowKind, own, kept int32) {
	e.kinds, e.own, e.kept = append(e.kinds, kind), append(e.own, own), append(e.kept, kept)
	e.padded[0] = e.padded[0] || own < 0
	e.padded[1] = e.padded[1] || kept < 0
	e.changes = e.changes || kind != types.Insert
}

// joinRows is how many rows of a batch are worked on together. What is read ahead for them, a handful of cache lines each,
// is to be there still when their turn comes, on a processor that has other work to do, too.
const joinRows = 512

func newJoin(node *physical.Join) (*join, error) {
	left, right := node.Inputs[0].From.Base().Schema, node.Inputs[1].From.Base().Schema
	j := &join{node: node, out: types.NewBatch(node.Schema), view: types.Batch{Schema: node.Schema}}
	for i, k := range node.LeftKeys {
		j.keyTypes = append(j.keyTypes, left.Fields[k].Type)
		j.nullCheck = j.nullCheck || !node.NullEqual[i]
	}
	kind := node.Kind
	j.sides[0] = newJoinSide(0, &j.chains, left, node.LeftKeys, node.Unique[0], node.Retracts[0], node.TTL[0])
	j.sides[1] = newJoinSide(1, &j.chains, right, node.RightKeys, node.Unique[1], node.Retracts[1], node.TTL[1])
	j.sides[0].counted = kind == physical.LeftJoin || kind == physical.FullJoin || j.halved()
	j.sides[1].counted = kind == physical.RightJoin || kind == physical.FullJoin
	j.view.Cols = make([]*types.Vector, len(j.out.Cols))
	if node.Condition != nil {
		var err error
		if j.condition, err = expr.CompileFilter(node.Condition); err != nil {
			return nil, fmt.Errorf("compile join condition: %w", err)
		}
		j.testing.Schema = &types.Schema{Fields: append(append([]types.Field(nil), left.Fields...), right.Fields...)}
		for i, s := range j.sides {
			j.testing.Cols = append(j.testing.Cols, s.cols...)
			s.tested = readBy(node.Condition, i == 1, len(left.Fields))
		}
	}
	return j, nil
}

// halved says that only left rows are emitted.
func (j *join) halved() bool {
	return j.node.Kind == physical.SemiJoin || j.node.Kind == physical.AntiJoin
}

func (j *join) Open(ctx *Context) error {
	j.ctx = ctx
	if j.condition != nil {
		j.condition.Open(ctx.UDF)
	}
	j.account = ctx.Memory.Account(j.used)
	j.keys = state.NewStore(j.keyTypes, "rows", j, j.account)
	cols := newColumns(j.keyTypes)
	err := ctx.Restore.Each("rows", func(key, value []byte) error { return j.keys.Restore(cols, key, value) })
	j.count()
	return err
}

func (j *join) Process(input int, b *types.Batch, out Output) error {
	n := b.Rows()
	if n == 0 {
		return nil
	}
	own, other := j.sides[input], j.sides[1-input]
	now := int64(0)
	if own.ttl > 0 || other.ttl > 0 {
		now = j.ctx.Clock.Now().UnixMilli()
	}
	own.begin(b, now)
	other.now = now
	if err := j.lookup(own, b, n); err != nil {
		return err
	}
	j.chains.grow(j.keys.Cap())
	decode := !j.halved() || input == 1 || j.condition != nil
	for k := 0; k < n; {
		// As many rows as have about one batch of pairs.
		from, to := k, min(n, k+joinRows)
		other.touch(j.slots[from:to])
		j.pairs.reset()
		for ; k < to && len(j.pairs.k) < j.ctx.MaxRows; k++ {
			if slot := j.slots[k]; slot >= 0 {
				other.match(slot, &j.pairs, int32(k), rowAt(b.Sel, k))
			}
		}
		if decode {
			if err := other.decode(&j.pairs); err != nil {
				return err
			}
		}
		if err := j.test(input, b); err != nil {
			return err
		}
		j.events.reset()
		own.prepare(b.Sel, j.slots, from, k)
		switch {
		case !j.halved():
			j.pair(own, other, b, from, k)
		case input == 0:
			j.halfLeft(own, b, from, k)
		default:
			j.halfRight(own, other, b, from, k)
		}
		if err := j.emit(input, b, out); err != nil {
			return err
		}
	}
	// Slots stay put while the batch lasts; those that ended up without rows go now.
	for _, s := range j.sides {
		s.expire(j.keys)
		for _, slot := range s.gone {
			j.release(slot)
		}
		s.gone = s.gone[:0]
	}
	if own.ttl > 0 && other.ttl > 0 {
		expired := func(value []byte) bool { return j.expiredOnDisk(value, now) }
		if err := j.purge.advance(j.keys, now, min(own.ttl, other.ttl), expired); err != nil {
			return err
		}
	}
	j.count()
	return nil
}

// expiredOnDisk reports whether the time of all rows of a key is over, by what Encode wrote.
func (j *join) expiredOnDisk(value []byte, now int64) bool {
	for _, s := range j.sides {
		var live bool
		if value, live = s.liveOnDisk(value, now); live || value == nil {
			return false
		}
	}
	return true
}

// release forgets a key without rows.
func (j *join) release(slot int32) {
	if slot >= 0 && j.keys.Has(slot) && j.sides[0].head(slot) < 0 && j.sides[1].head(slot) < 0 {
		j.keys.Remove(slot)
	}
}

// lookup finds the slots of the batch's keys; a key with a NULL that matches nothing has none.
func (j *join) lookup(own *joinSide, b *types.Batch, n int) (err error) {
	j.slots = resize(j.slots, n)
	nulls := false
	if j.nullCheck {
		for i, v := range own.keyCols {
			nulls = nulls || !j.node.NullEqual[i] && !v.Valid.AllValid(v.N)
		}
	}
	if !nulls {
		_, err = j.keys.Lookup(own.keyCols, b.Sel, n, j.slots)
		return err
	}
	j.valid = j.valid[:0]
rows:
	for k := range n {
		row := rowAt(b.Sel, k)
		j.slots[k] = -1
		for i, v := range own.keyCols {
			if !j.node.NullEqual[i] && v.IsNull(int(row)) {
				continue rows
			}
		}
		j.slots[k] = int32(len(j.valid))
		j.valid = append(j.valid, row)
	}
	found, err := j.keys.Lookup(own.keyCols, j.valid, len(j.valid), resize(own.scratch, len(j.valid)))
	if err != nil {
		return err
	}
	own.scratch = found
	for k, at := range j.slots {
		if at >= 0 {
			j.slots[k] = found[at]
		}
	}
	return nil
}

// test drops the pairs for which the condition is not TRUE.
func (j *join) test(input int, b *types.Batch) error {
	if j.condition == nil || len(j.pairs.k) == 0 {
		return nil
	}
	// The columns for decoded rows of the batch's own side have no other use now.
	own := j.sides[input]
	for _, c := range own.tested {
		own.cols[c].Reset()
		own.cols[c].AppendSelected(b.Cols[c], j.pairs.row)
	}
	j.testing.N = len(j.pairs.k)
	sel, err := j.condition.Select(&j.testing)
	if err != nil {
		return err
	}
	p := &j.pairs
	for to, from := range sel {
		p.k[to], p.row[to], p.kept[to], p.at[to] = p.k[from], p.row[from], p.kept[from], p.at[from]
	}
	p.k, p.row, p.kept, p.at = p.k[:len(sel)], p.row[:len(sel)], p.kept[:len(sel)], p.at[:len(sel)]
	return nil
}

// pair emits and keeps the rows from..to of a join that emits pairs.
func (j *join) pair(own, other *joinSide, b *types.Batch, from, to int) {
	p, e := &j.pairs, &j.events
	at := 0
	for k := from; k < to; k++ {
		row := rowAt(b.Sel, k)
		kind, slot := b.Kind(int(row)), j.slots[k]
		first := at
		for at < len(p.k) && int(p.k[at]) == k {
			at++
		}
		adds := !kind.Retracts()
		if slot >= 0 {
			if adds {
				own.add(slot, k, int32(at-first))
			} else {
				own.retract(slot, k)
			}
		}
		if first == at && own.counted {
			if adds {
				e.add(types.Insert, row, -1)
			} else {
				e.add(types.Delete, row, -1)
			}
			continue
		}
		if own.counted || other.counted && adds {
			kind = types.Insert
			if !adds {
				kind = types.Delete
			}
		}
		if !other.counted {
			for _, kept := range p.at[first:at] {
				e.add(kind, row, kept)
			}
			continue
		}
		last, matches := int32(-1), int32(0)
		for i := first; i < at; i++ {
			if p.kept[i] != last { // a row that is there several times stands in pairs side by side
				last = p.kept[i]
				matches = other.rematch(last, adds)
			}
			if adds && matches == 0 {
				e.add(types.Delete, -1, p.at[i])
			}
			e.add(kind, row, p.at[i])
			if !adds && matches == 1 {
				e.add(types.Insert, -1, p.at[i])
			}
		}
	}
}

// halfLeft emits and keeps left rows of a semi or anti join.
func (j *join) halfLeft(own *joinSide, b *types.Batch, from, to int) {
	p := &j.pairs
	at := 0
	for k := from; k < to; k++ {
		row := rowAt(b.Sel, k)
		kind := b.Kind(int(row))
		first := at
		for at < len(p.k) && int(p.k[at]) == k {
			at++
		}
		if (at == first) == (j.node.Kind == physical.AntiJoin) {
			j.events.add(kind, row, -1)
		}
		switch {
		case j.slots[k] < 0:
		case kind.Retracts():
			own.retract(j.slots[k], k)
		default:
			own.add(j.slots[k], k, int32(at-first))
		}
	}
}

// halfRight keeps right rows of a semi or anti join and emits the left rows for which they decide.
func (j *join) halfRight(own, other *joinSide, b *types.Batch, from, to int) {
	p, anti := &j.pairs, j.node.Kind == physical.AntiJoin
	at := 0
	for k := from; k < to; k++ {
		row := rowAt(b.Sel, k)
		kind := b.Kind(int(row))
		adds := !kind.Retracts()
		if j.slots[k] >= 0 {
			if adds {
				own.add(j.slots[k], k, 0)
			} else {
				own.retract(j.slots[k], k)
			}
		}
		if anti {
			kind = types.Delete
			if !adds {
				kind = types.Insert
			}
		}
		last, matches := int32(-1), int32(0)
		for ; at < len(p.k) && int(p.k[at]) == k; at++ {
			if p.kept[at] != last {
				last = p.kept[at]
				matches = other.rematch(last, adds)
			}
			if adds && matches == 0 || !adds && matches == 1 {
				j.events.add(kind, -1, p.at[at])
			}
		}
	}
}

// emit puts the events' rows together and passes them on.
func (j *join) emit(input int, b *types.Batch, out Output) error {
	e := &j.events
	n := len(e.kinds)
	if n == 0 {
		return nil
	}
	other := j.sides[1-input]
	own := 0
	if input == 1 {
		own = len(j.sides[0].schema.Fields)
	}
	j.out.Reset()
	if !j.halved() || input == 0 {
		for c, src := range b.Cols {
			dst := j.out.Cols[own+c]
			appendOrNull(dst, src, e.own, e.padded[0])
			j.view.Cols[own+c] = dst
		}
	}
	if !j.halved() || input == 1 {
		kept := len(j.sides[0].schema.Fields) - own
		if j.halved() {
			kept = 0
		}
		// All pairs in order are the decoded columns as they are.
		whole := !e.padded[1] && n == other.decoded && increasing(e.kept)
		for c, src := range other.cols {
			if whole {
				j.view.Cols[kept+c] = src
				continue
			}
			dst := j.out.Cols[kept+c]
			appendOrNull(dst, src, e.kept, e.padded[1])
			j.view.Cols[kept+c] = dst
		}
	}
	j.view.N, j.view.Kinds, j.view.Sel = n, nil, nil
	if e.changes {
		j.view.Kinds = e.kinds
	}
	if n <= 2*j.ctx.MaxRows {
		return out.Emit(&j.view)
	}
	for from := 0; from < n; from += j.ctx.MaxRows {
		j.valid = j.valid[:0]
		for i := from; i < min(n, from+j.ctx.MaxRows); i++ {
			j.valid = append(j.valid, int32(i))
		}
		j.view.Sel = j.valid
		if err := out.Emit(&j.view); err != nil {
			return err
		}
	}
	return nil
}

func increasing(s []int32) bool {
	for i, x := range s {
		if x != int32(i) {
			return false
		}
	}
	return true
}

// appendOrNull appends the rows of src that rows names, NULL for -1, which there may be if some is set.
func appendOrNull(dst, src *types.Vector, rows []int32, some bool) {
	if !some {
		dst.AppendSelected(src, rows)
		return
	}
	for from := 0; from < len(rows); {
		to := from
		for to < len(rows) && rows[to] >= 0 {
			to++
		}
		dst.AppendSelected(src, rows[from:to])
		for ; to < len(rows) && rows[to] < 0; to++ {
			dst.AppendNull()
		}
		from = to
	}
}

func (j *join) OnWatermark(int64, Output) error { return nil }
func (j *join) OnTime(time.Time, Output) error  { return nil }
func (j *join) Finish(Output) error             { return nil }

func (j *join) Close() error {
	err := j.keys.Close()
	j.account.Close()
	return err
}

// used estimates the memory in use.
func (j *join) used() int {
	return j.keys.Used() + j.sides[0].rows.Used() + j.sides[1].rows.Used() + j.keys.InUse(16*cap(j.chains))
}

// count tells how large the state is.
func (j *join) count() {
	j.ctx.Metrics.StateKeys.Store(int64(j.keys.Len() + j.keys.Spilled()))
	j.ctx.Metrics.StateBytes.Store(int64(j.used()))
	j.ctx.Metrics.Spilled.Store(j.account.Spilled())
}

// Snapshot writes an entry "rows" per join key.
func (j *join) Snapshot(w *state.Writer) error { return j.keys.Snapshot(w) }

// Encode appends a key's rows: left ones, then right ones, each side behind their number.
func (j *join) Encode(dst []byte, slot int32) []byte {
	for _, s := range j.sides {
		dst = s.encode(dst, slot)
	}
	return dst
}

// Decode implements state.Codec.
func (j *join) Decode(slot int32, value []byte) (err error) {
	j.chains.grow(j.keys.Cap())
	for _, s := range j.sides {
		if value, err = s.decodeRows(slot, value); err != nil {
			return err
		}
	}
	if len(value) > 0 {
		return errState
	}
	return nil
}

// Drop implements state.Dropper.
func (j *join) Drop(slot int32) {
	for _, s := range j.sides {
		for s.head(slot) >= 0 {
			s.forget(s.head(slot))
		}
		s.gone = s.gone[:0] // the slot is the store's to free
	}
}

// CanIncrement implements Incremental.
func (j *join) CanIncrement() bool { return j.keys.CanIncrement() }

// Complete implements Incremental.
func (j *join) Complete() { j.keys.Complete() }
