package exchange

import (
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// batchBytes is how large a batch should be at most, unless it is a single row: wide rows travel in smaller batches.
const batchBytes = 1 << 20

// Sender divides the rows of one subtask among the subtasks of the operator behind an exchange. Rows are gathered per
// target until there is a batch of them, or until Flush. The order of what one sender sends to one target is kept:
// watermarks, barriers and the end push the rows before them out first. One goroutine uses it.
type Sender struct {
	kind    physical.Exchange
	keys    []int
	maxRows int
	targets []target
	turn    int // of Rebalance
	hasher  state.KeyHasher
	sel     []int32
	owners  [state.KeyGroups]int32 // of Hash: the target of each key group
	text    int                    // the key column whose hashes go along, or -1
	hashes  []uint64               // of the batch in hand, by row
	byRow   []uint64               // scratch
}

type target struct {
	queue *Queue
	open  *types.Batch // rows that are not sent yet, or nil
	bytes int          // about how large they are
	sel   []int32
}

// NewSender returns a sender over the queues to all subtasks behind the exchange, in their order; for Forward and Single
// that is just one queue. Batches hold maxRows rows unless they would be too large, or a single batch of the operator has more.
func NewSender(kind physical.Exchange, keys []int, maxRows int, queues []*Queue) *Sender {
	s := &Sender{kind: kind, keys: keys, maxRows: maxRows, targets: make([]target, len(queues)), text: -1}
	if len(keys) == 1 && len(queues) > 0 && queues[0].schema.Fields[keys[0]].Type.Kind.Storage() == types.StoreBytes {
		s.text = keys[0] // of numbers hashes cost no more than their transport
	}
	for i, q := range queues {
		s.targets[i].queue = q
	}
	for group := range s.owners {
		s.owners[group] = int32(state.Subtask(uint16(group), len(queues)))
	}
	return s
}

// Send takes the rows of b that count; b is the caller's again on return.
func (s *Sender) Send(b *types.Batch) {
	rows := b.Rows()
	if rows == 0 {
		return
	}
	width := max(b.Bytes()/b.N, 1) // bytes of a row, on average
	switch {
	case s.kind == physical.Broadcast:
		for i := range s.targets {
			s.add(&s.targets[i], b, rows, width)
		}
	case len(s.targets) == 1:
		s.add(&s.targets[0], b, rows, width)
	case s.kind == physical.Hash:
		s.scatter(b, width)
	default:
		t := &s.targets[s.turn]
		s.add(t, b, rows, width)
		if t.open == nil {
			s.advance()
		}
	}
}

func (s *Sender) advance() { s.turn = (s.turn + 1) % len(s.targets) }

// add appends all rows of b. Rows that are wide are copied piece by piece; a batch that is little too large goes as it is.
func (s *Sender) add(t *target, b *types.Batch, rows, width int) {
	if rows > 1 && rows*width > 2*batchBytes {
		sel := b.Sel
		if sel == nil {
			for i := len(s.sel); i < rows; i++ {
				s.sel = append(s.sel, int32(i))
			}
			sel = s.sel[:rows]
		}
		s.pick(t, b, sel, width)
		return
	}
	if t.open != nil && (t.open.N+rows > s.maxRows || t.bytes+rows*width > batchBytes) {
		t.flush()
	}
	if t.open == nil {
		t.open = t.queue.take()
	}
	t.open.AppendBatch(b)
	if t.bytes += rows * width; t.open.N >= s.maxRows || t.bytes >= batchBytes {
		t.flush()
	}
}

// pick appends the rows of b that sel names.
func (s *Sender) pick(t *target, b *types.Batch, sel []int32, width int) {
	for len(sel) > 0 {
		if t.open == nil {
			t.open = t.queue.take()
		}
		k := min(len(sel), max(min(s.maxRows-t.open.N, (batchBytes-t.bytes)/width), 1))
		t.open.AppendSelected(b, sel[:k])
		if s.hashes != nil {
			v := t.open.Cols[s.text]
			for _, i := range sel[:k] {
				v.Hashes = append(v.Hashes, s.hashes[i])
			}
		}
		sel = sel[k:]
		if t.bytes += k * width; t.open.N >= s.maxRows || t.bytes+width > batchBytes {
			t.flush()
		}
	}
}

// scatter sends each row to the subtask that owns its key group.
func (s *Sender) scatter(b *types.Batch, width int) {
	hashes := s.hasher.Hash(b, s.keys)
	for i := range s.targets {
		t := &s.targets[i]
		if cap(t.sel) < len(hashes) {
			t.sel = make([]int32, 2*len(hashes))
		}
		t.sel = t.sel[:len(hashes)]
	}
	if len(s.targets) == 2 {
		s.halve(hashes, b.Sel)
	} else {
		s.divide(hashes, b.Sel)
	}
	if s.text >= 0 {
		s.hashes = s.rowHashes(hashes, b)
	}
	for i := range s.targets {
		t := &s.targets[i]
		s.pick(t, b, t.sel, width)
	}
	s.hashes = nil
}

// rowHashes are the hashes by row of the batch.
func (s *Sender) rowHashes(hashes []uint64, b *types.Batch) []uint64 {
	if b.Sel == nil {
		return hashes
	}
	if cap(s.byRow) < b.N {
		s.byRow = make([]uint64, 2*b.N)
	}
	s.byRow = s.byRow[:b.N]
	for k, i := range b.Sel {
		s.byRow[i] = hashes[k]
	}
	return s.byRow
}

// divide selects the rows of each target; the selections have room for all of them.
func (s *Sender) divide(hashes []uint64, sel []int32) {
	var used [state.KeyGroups]int32 // of the targets' selections
	for k, h := range hashes {
		i := s.owners[state.KeyGroup(h)%state.KeyGroups]
		n := used[i]
		s.targets[i].sel[n] = rowAt(sel, k)
		used[i] = n + 1
	}
	for i := range s.targets {
		t := &s.targets[i]
		t.sel = t.sel[:used[i]]
	}
}

// halve is divide for two targets, without a branch or a counter in memory: each row is written to both selections, and
// counted in one. It takes a third of the time.
func (s *Sender) halve(hashes []uint64, sel []int32) {
	left, right := s.targets[0].sel, s.targets[1].sel
	n := 0 // rows of the left one
	if sel == nil {
		for k, h := range hashes {
			left[n], right[k-n] = int32(k), int32(k)
			n += 1 - int(s.owners[state.KeyGroup(h)%state.KeyGroups])
		}
	} else {
		for k, h := range hashes {
			left[n], right[k-n] = sel[k], sel[k]
			n += 1 - int(s.owners[state.KeyGroup(h)%state.KeyGroups])
		}
	}
	s.targets[0].sel, s.targets[1].sel = left[:n], right[:len(hashes)-n]
}

// rowAt is the k-th row of those that sel names; nil: all.
func rowAt(sel []int32, k int) int32 {
	if sel == nil {
		return int32(k)
	}
	return sel[k]
}

func (t *target) flush() {
	if t.open != nil {
		t.queue.push(element{kind: Batch, batch: t.open, bytes: t.open.Bytes()})
		t.open, t.bytes = nil, 0
	}
}

// Flush sends what has been gathered.
func (s *Sender) Flush() {
	for i := range s.targets {
		t := &s.targets[i]
		if t.open != nil && s.kind == physical.Rebalance && i == s.turn {
			s.advance()
		}
		t.flush()
	}
}

// Tell sends a watermark, a change of idleness, a barrier or the end to all targets.
func (s *Sender) Tell(kind Kind, value int64) {
	for i := range s.targets {
		s.targets[i].flush()
		s.targets[i].queue.push(element{kind: kind, value: value})
	}
}

// Full reports whether a target has no room. The sender's task is woken when it has.
func (s *Sender) Full() bool {
	full := false
	for i := range s.targets {
		full = s.targets[i].queue.full() || full
	}
	return full
}
