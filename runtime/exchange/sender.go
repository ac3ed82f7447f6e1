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
	s := &Sender{kind: kind, keys: keys, maxRows: maxRows, targets: make([]target, len(queues))}
	for i, q := range queues {
		s.targets[i].queue = q
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
		sel = sel[k:]
		if t.bytes += k * width; t.open.N >= s.maxRows || t.bytes+width > batchBytes {
			t.flush()
		}
	}
}

// scatter sends each row to the subtask that owns its key group.
func (s *Sender) scatter(b *types.Batch, width int) {
	for i := range s.targets {
		s.targets[i].sel = s.targets[i].sel[:0]
	}
	hashes := s.hasher.Hash(b, s.keys)
	n := len(s.targets)
	if b.Sel == nil {
		for i, h := range hashes {
			t := &s.targets[state.Subtask(state.KeyGroup(h), n)]
			t.sel = append(t.sel, int32(i))
		}
	} else {
		for k, h := range hashes {
			t := &s.targets[state.Subtask(state.KeyGroup(h), n)]
			t.sel = append(t.sel, b.Sel[k])
		}
	}
	for i := range s.targets {
		t := &s.targets[i]
		s.pick(t, b, t.sel, width)
	}
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
