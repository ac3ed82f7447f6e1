package operator

import (
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// sessionAggregate groups rows by keys and SESSION windows, and emits a session's group when the watermark (or the
// clock) reaches its end: keys, aggregates, window properties, sessions in order of their ends. A row is late, dropped
// and counted, when the session it would belong to has ended.
//
// State: the sessions and their accumulators, until they fire.
type sessionAggregate struct {
	sessions
	node   *physical.WindowAggregate
	aggs   *aggregates
	groups []int32 // by session

	cols       []*types.Vector
	times      []int64
	slots      []int32
	batch      *types.Batch
	row, group []int32 // rows placed but not yet accumulated, and their groups
	one        [1]int32
	out        *types.Batch
}

var _ Operator = (*sessionAggregate)(nil)

func newSessionAggregate(node *physical.WindowAggregate) *sessionAggregate {
	return &sessionAggregate{
		sessions: newSessions(node.Window),
		node:     node, aggs: newAggregates(node.Aggs, node.InputRetracts), cols: make([]*types.Vector, len(node.Keys)),
		out: types.NewBatch(node.Schema),
	}
}

func (s *sessionAggregate) Process(_ int, b *types.Batch, _ Output) error {
	n := b.Rows()
	if n == 0 {
		return nil
	}
	for i, k := range s.node.Keys {
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
	s.batch = b
	for k, slot := range s.slots {
		row := rowAt(b.Sel, k)
		id := s.place(slot, times[row], s.merge)
		if id < 0 {
			s.ctx.Metrics.Late.Add(1)
			continue
		}
		s.row, s.group = append(s.row, row), append(s.group, s.groupOf(id))
	}
	s.accumulate()
	for _, slot := range s.slots {
		s.release(slot)
	}
	s.count()
	s.wake()
	return nil
}

// groupOf returns the group of a session; a new one gets one.
func (s *sessionAggregate) groupOf(id int32) int32 {
	for int(id) >= len(s.groups) {
		s.groups = append(s.groups, -1)
	}
	if s.groups[id] < 0 {
		s.groups[id] = s.aggs.take()
	}
	return s.groups[id]
}

// accumulate takes in the rows that have been placed.
func (s *sessionAggregate) accumulate() {
	if len(s.row) > 0 {
		s.aggs.accumulate(s.batch, s.group, s.row)
	}
	s.row, s.group = s.row[:0], s.group[:0]
}

func (s *sessionAggregate) merge(dst, src int32) {
	s.accumulate()
	s.aggs.merge(s.groups[dst], s.groups[src])
	s.giveBack(src)
}

func (s *sessionAggregate) giveBack(id int32) {
	s.one[0] = s.groups[id]
	s.aggs.giveBack(s.one[:])
	s.groups[id] = -1
}

func (s *sessionAggregate) OnWatermark(t int64, out Output) error {
	if err := s.onWatermark(t, func(id int32) error { return s.fire(id, out) }); err != nil {
		return err
	}
	return flush(s.out, out)
}

func (s *sessionAggregate) OnTime(now time.Time, out Output) error {
	if err := s.onTime(now, func(id int32) error { return s.fire(id, out) }); err != nil {
		return err
	}
	return flush(s.out, out)
}

// fire emits a session's group, unless it has lost all its rows.
func (s *sessionAggregate) fire(id int32, out Output) error {
	x, group := s.all[id], s.groups[id]
	if s.aggs.counts == nil || s.aggs.counts[group] != 0 {
		keys, calls := len(s.cols), len(s.aggs.calls)
		s.one[0] = x.slot
		s.keys.Append(s.one[:], s.out.Cols[:keys])
		s.one[0] = group
		s.aggs.result(s.one[:], s.out.Cols[keys:])
		for k, p := range s.node.Properties {
			s.clock.property(s.out.Cols[keys+calls+k], p, x.start, x.end, 1)
		}
		s.out.N++
	}
	s.giveBack(id)
	if s.out.N >= s.ctx.MaxRows {
		return flush(s.out, out)
	}
	return nil
}

func (s *sessionAggregate) Finish(out Output) error { return flush(s.out, out) }

func (s *sessionAggregate) Close() error { return s.close() }

func (s *sessionAggregate) Snapshot(w *state.Writer) error { return s.snapshot(w) }

func (s *sessionAggregate) Open(ctx *Context) error {
	s.aggs.running = ctx.UDF.Running
	return s.start(ctx, columnTypes(s.node.Schema, len(s.cols)), s)
}

func (s *sessionAggregate) encodeSession(dst []byte, id int32) []byte {
	return s.aggs.encode(dst, s.groups[id])
}

func (s *sessionAggregate) decodeSession(id int32, content []byte) error {
	return s.aggs.decode(s.groupOf(id), content)
}

func (s *sessionAggregate) contentBytes() int { return s.aggs.bytes() + 4*cap(s.groups) }
