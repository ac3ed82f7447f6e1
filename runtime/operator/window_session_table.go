package operator

import (
	"encoding/binary"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// sessionTable is the SESSION table-valued function: since a row's window is known only when no row can join it any
// more, rows wait for the end of their session and leave together, in the order they came, with window_start, window_end
// and window_time appended. Late rows are dropped and counted.
//
// State: the sessions and their rows, until they fire. Source: Flink's UnalignedWindowTableFunctionOperator.
type sessionTable struct {
	sessions
	node  *physical.WindowTable
	rows  *state.Rows
	after []int32 // by row: the session's next row, or -1
	first []int32 // by session: its first row, or -1
	last  []int32

	keyTypes []types.Type
	cols     []*types.Vector
	times    []int64
	slots    []int32
	buf      []byte
	out      *types.Batch
}

var _ Operator = (*sessionTable)(nil)

func newSessionTable(node *physical.WindowTable) *sessionTable {
	var ts []types.Type
	for _, k := range node.PartitionBy {
		ts = append(ts, node.Schema.Fields[k].Type)
	}
	return &sessionTable{
		sessions: newSessions(node.Window), node: node, rows: &state.Rows{}, keyTypes: ts,
		cols: make([]*types.Vector, len(ts)), out: types.NewBatch(node.Schema),
	}
}

func (s *sessionTable) Process(_ int, b *types.Batch, _ Output) error {
	n := b.Rows()
	if n == 0 {
		return nil
	}
	for i, k := range s.node.PartitionBy {
		s.cols[i] = b.Cols[k]
	}
	times, err := s.clock.rowTimes(&s.times, b, s.node.Window, s.ctx)
	if err != nil {
		return err
	}
	if s.slots, err = s.keys.Lookup(s.cols, b.Sel, n, resize(s.slots, n)); err != nil {
		return err
	}
	s.grow()
	for k, slot := range s.slots {
		row := int(rowAt(b.Sel, k))
		if id := s.place(slot, times[row], s.merge); id >= 0 {
			s.buf = types.EncodeRow(s.buf[:0], b.Cols, row)
			s.keep(id, s.buf)
		} else {
			s.ctx.Metrics.Late.Add(1)
		}
	}
	for _, slot := range s.slots {
		s.release(slot)
	}
	s.count()
	s.wake()
	return nil
}

// keep stores a row as the last one of a session.
func (s *sessionTable) keep(id int32, row []byte) {
	r := s.rows.Add(0, row)
	if int(r) == len(s.after) {
		s.after = append(s.after, 0)
	}
	s.after[r] = -1
	for int(id) >= len(s.first) {
		s.first, s.last = append(s.first, -1), append(s.last, -1)
	}
	if s.first[id] < 0 {
		s.first[id] = r
	} else {
		s.after[s.last[id]] = r
	}
	s.last[id] = r
}

func (s *sessionTable) merge(dst, src int32) {
	s.after[s.last[dst]] = s.first[src]
	s.last[dst] = s.last[src]
	s.first[src] = -1
}

func (s *sessionTable) OnWatermark(t int64, out Output) error {
	if err := s.onWatermark(t, func(id int32) error { return s.fire(id, out) }); err != nil {
		return err
	}
	return flush(s.out, out)
}

func (s *sessionTable) OnTime(now time.Time, out Output) error {
	if err := s.onTime(now, func(id int32) error { return s.fire(id, out) }); err != nil {
		return err
	}
	return flush(s.out, out)
}

// fire emits a session's rows.
func (s *sessionTable) fire(id int32, out Output) error {
	x := s.all[id]
	width := len(s.out.Cols) - 3
	for r := s.first[id]; r >= 0; r = s.after[r] {
		if _, err := types.DecodeRow(s.rows.Get(r), s.out.Cols[:width]); err != nil {
			return err
		}
		s.rows.Remove(r)
		for i, p := range windowColumns {
			s.clock.property(s.out.Cols[width+i], p, x.start, x.end, 1)
		}
		if s.out.N++; s.out.N >= s.ctx.MaxRows {
			if err := flush(s.out, out); err != nil {
				return err
			}
		}
	}
	s.first[id] = -1
	return nil
}

func (s *sessionTable) Finish(out Output) error { return flush(s.out, out) }

func (s *sessionTable) Close() error { return s.close() }

func (s *sessionTable) Snapshot(w *state.Writer) error { return s.snapshot(w) }

func (s *sessionTable) Open(ctx *Context) error { return s.start(ctx, s.keyTypes, s) }

// encodeSession appends the session's rows in the order they came, each behind its length.
func (s *sessionTable) encodeSession(dst []byte, id int32) []byte {
	for r := s.first[id]; r >= 0; r = s.after[r] {
		row := s.rows.Get(r)
		dst = append(binary.AppendUvarint(dst, uint64(len(row))), row...)
	}
	return dst
}

func (s *sessionTable) decodeSession(id int32, content []byte) error {
	for len(content) > 0 {
		size, n := binary.Uvarint(content)
		if n <= 0 || size > uint64(len(content)-n) {
			return errState
		}
		s.keep(id, content[n:n+int(size)])
		content = content[n+int(size):]
	}
	return nil
}

func (s *sessionTable) contentBytes() int {
	return s.rows.Used() + 4*(cap(s.after)+cap(s.first)+cap(s.last))
}
