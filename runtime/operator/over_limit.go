package operator

import (
	"cmp"
	"slices"

	"github.com/weirsql/weir/types"
)

// overLimit keeps the number of keys within a limit: the key that has gone longest without a row is forgotten when there is a
// new one and no room for it. Which one that is doesn't depend on how rows are put together in batches.
type overLimit struct {
	most           int // keys
	keys           int // in the list
	newest, oldest int32
	newer, older   []int32 // by slot: its neighbours in the list, or noSlot; unlisted: it is not in the list
	use            []int64 // by slot: the number of its last use
	uses           int64
	inBatch        []uint32 // by slot: the last batch and piece that had it
	inPiece        []uint32
	batch, piece   uint32
	loaded         []int32 // slots that a checkpoint had
	told           bool
	part           *types.Batch
}

const (
	noSlot   = -1
	unlisted = -2
)

func newOverLimit(most int) *overLimit {
	return &overLimit{most: max(most, 1), newest: noSlot, oldest: noSlot}
}

func (l *overLimit) grow(n int) {
	for len(l.newer) < n {
		l.newer, l.older = append(l.newer, unlisted), append(l.older, unlisted)
		l.use, l.inBatch, l.inPiece = append(l.use, 0), append(l.inBatch, 0), append(l.inPiece, 0)
	}
}

func (l *overLimit) listed(slot int32) bool { return l.newer[slot] != unlisted }

func (l *overLimit) unlink(slot int32) {
	if !l.listed(slot) {
		return
	}
	newer, older := l.newer[slot], l.older[slot]
	if newer == noSlot {
		l.newest = older
	} else {
		l.older[newer] = older
	}
	if older == noSlot {
		l.oldest = newer
	} else {
		l.newer[older] = newer
	}
	l.newer[slot], l.older[slot] = unlisted, unlisted
	l.keys--
}

// used makes a key the newest.
func (l *overLimit) used(slot int32) {
	l.uses++
	l.use[slot] = l.uses
	if slot == l.newest {
		return
	}
	l.unlink(slot)
	l.newer[slot], l.older[slot] = noSlot, l.newest
	if l.newest == noSlot {
		l.oldest = slot
	} else {
		l.newer[l.newest] = slot
	}
	l.newest = slot
	l.keys++
}

// restored puts the keys of a checkpoint in their order.
func (l *overLimit) restored() {
	slices.SortFunc(l.loaded, func(a, b int32) int { return cmp.Compare(l.use[a], l.use[b]) })
	for _, slot := range l.loaded {
		l.used(slot)
	}
	l.loaded = nil
}

func (l *overLimit) bytes() int {
	return 4*(cap(l.newer)+cap(l.older)+cap(l.inBatch)+cap(l.inPiece)) + 8*cap(l.use)
}

// forgetSurplus forgets keys of a checkpoint that are more than the limit.
func (o *overAggregate) forgetSurplus() {
	for o.limit.keys > o.limit.most {
		o.forget(o.limit.oldest)
	}
}

// forget forgets a key because of the limit. One that the batch in hand has rows of keeps its slot.
func (o *overAggregate) forget(slot int32) {
	l := o.limit
	o.ctx.Metrics.Forgotten.Add(1)
	if !l.told && o.ctx.Log != nil {
		l.told = true
		o.ctx.Log.Warn("there are more keys than weir.over.max-keys allows: those that have gone longest without a row are forgotten",
			"operator", o.node.Name(), "max keys", o.node.MaxKeys)
	}
	if l.inBatch[slot] != l.batch || l.batch == 0 {
		o.keys.Remove(slot)
	}
	o.clear(slot)
}

// evaluateLimited evaluates the batch in pieces: a new one begins when a key must be forgotten that the current one has rows
// of.
func (o *overAggregate) evaluateLimited(b *types.Batch, times []int64, out Output) error {
	l := o.limit
	l.batch++
	l.piece++
	for _, slot := range o.slots {
		l.inBatch[slot] = l.batch
	}
	from := 0
	flush := func(to int) error {
		if from == 0 && to == b.N {
			return o.compute(b, times, o.slots, out)
		}
		if l.part == nil {
			l.part = types.NewBatch(b.Schema)
		}
		l.part.Reset()
		for i, v := range l.part.Cols {
			v.AppendRange(b.Cols[i], from, to)
		}
		l.part.N = to - from
		var at []int64
		if times != nil {
			at = times[from:to]
		}
		err := o.compute(l.part, at, o.slots[from:to], out)
		from = to
		l.piece++
		return err
	}
	for i, slot := range o.slots {
		if !l.listed(slot) && l.keys >= l.most {
			if l.inPiece[l.oldest] == l.piece {
				if err := flush(i); err != nil {
					return err
				}
			}
			o.forget(l.oldest)
		}
		l.used(slot)
		l.inPiece[slot] = l.piece
	}
	if err := flush(b.N); err != nil {
		return err
	}
	for _, slot := range o.slots {
		if !l.listed(slot) && o.keys.Has(slot) {
			o.keys.Remove(slot)
		}
	}
	return nil
}
