package operator

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
)

// sessions is the open SESSION windows of all keys. A row makes a window from its time to a gap later; windows of a key
// that touch are one, so a row may open a session, make one longer, or join two. What a session holds is the owner's,
// kept by the session's number.
//
// Source: Flink's MergingWindowSet.
type sessions struct {
	ctx      *Context
	window   physical.Window
	clock    windowClock
	progress int64 // sessions that end here or before have fired

	keys   *state.Keys
	heads  []int32 // by slot: the key's first session, or -1
	all    []session
	free   []int32
	opened int64        // so far
	due    []dueSession // a heap by end: of every session an entry that is not later than its end
}

type session struct {
	start, end int64
	slot, next int32
	seq        int64 // in the order of opening; 0: not in use
}

type dueSession struct {
	end int64
	seq int64
	id  int32
}

func newSessions(w physical.Window, keys []types.Type) sessions {
	return sessions{window: w, progress: noWatermark, keys: state.NewKeys(keys)}
}

// start prepares for a run, or for one that goes on after a checkpoint.
func (s *sessions) start(ctx *Context) (err error) {
	s.ctx = ctx
	s.clock = windowClock{s.window.Local || s.window.Proctime, temporal.NewZone(ctx.UDF.Location)}
	s.progress, err = takeProgress(ctx.Restore)
	return err
}

func (s *sessions) grow() {
	for len(s.heads) < s.keys.Cap() {
		s.heads = append(s.heads, -1)
	}
}

// place returns the session of a row of a key, or -1 if it has fired already. Joining two sessions, it first calls merge
// for what src holds to be added to dst; src is not in use afterwards.
func (s *sessions) place(slot int32, t int64, merge func(dst, src int32)) int32 {
	start, end := t, t+s.window.Size
	found, other := int32(-1), int32(-1)
	for id := s.heads[slot]; id >= 0; id = s.all[id].next {
		if x := &s.all[id]; x.start <= t+s.window.Size && x.end >= t {
			start, end = min(start, x.start), max(end, x.end)
			found, other = id, found
		}
	}
	if s.clock.fires(end) <= s.progress {
		return -1
	}
	if found < 0 {
		return s.open(slot, start, end)
	}
	if other >= 0 { // there can't be three: two that a row touches both lie within a gap of it
		if s.all[other].seq < s.all[found].seq {
			found, other = other, found
		}
		merge(found, other)
		s.drop(other)
	}
	s.all[found].start, s.all[found].end = start, end
	return found
}

// open makes a session.
func (s *sessions) open(slot int32, start, end int64) int32 {
	id := int32(len(s.all))
	if n := len(s.free); n > 0 {
		id, s.free = s.free[n-1], s.free[:n-1]
	} else {
		s.all = append(s.all, session{})
	}
	s.opened++
	s.all[id] = session{start, end, slot, s.heads[slot], s.opened}
	s.heads[slot] = id
	s.push(dueSession{end, s.opened, id})
	return id
}

// drop forgets a session, and its key if it was the last one.
func (s *sessions) drop(id int32) {
	x := &s.all[id]
	at := &s.heads[x.slot]
	for *at != id {
		at = &s.all[*at].next
	}
	*at = x.next
	x.seq = 0
	s.free = append(s.free, id)
}

// release forgets a key without sessions.
func (s *sessions) release(slot int32) {
	if s.heads[slot] < 0 && s.keys.Has(slot) {
		s.keys.Remove(slot)
	}
}

// onWatermark calls fire for the sessions that a watermark ends, in order of their ends, and then forgets them.
func (s *sessions) onWatermark(t int64, fire func(id int32) error) error {
	if s.window.Proctime && t != math.MaxInt64 {
		return nil // the final watermark ends processing time, too: what is there is emitted
	}
	return s.advance(t, fire)
}

// onTime does the same for the sessions that the clock ends.
func (s *sessions) onTime(now time.Time, fire func(id int32) error) error {
	if !s.window.Proctime {
		return nil
	}
	err := s.advance(now.UnixMilli()-1, fire)
	s.wake()
	return err
}

func (s *sessions) advance(t int64, fire func(id int32) error) error {
	for {
		id, ok := s.next()
		if !ok || s.clock.fires(s.all[id].end) > t {
			break
		}
		if err := fire(id); err != nil {
			return err
		}
		slot := s.all[id].slot
		s.pop()
		s.drop(id)
		s.release(slot)
	}
	s.progress = max(s.progress, t)
	s.ctx.Metrics.StateKeys.Store(int64(s.keys.Len()))
	return nil
}

// wake asks for OnTime at the end of the next processing-time session.
func (s *sessions) wake() {
	if !s.window.Proctime {
		return
	}
	if id, ok := s.next(); ok {
		s.ctx.WakeAt(time.UnixMilli(s.clock.fires(s.all[id].end) + 1))
	}
}

// next returns the session that ends first, if there is any.
func (s *sessions) next() (id int32, ok bool) {
	for len(s.due) > 0 {
		top := s.due[0]
		x := &s.all[top.id]
		if x.seq == top.seq && x.end == top.end {
			return top.id, true
		}
		s.pop()
		if x.seq == top.seq { // it has become longer
			s.push(dueSession{x.end, x.seq, top.id})
		}
	}
	return 0, false
}

// ordered returns the sessions in the order of opening.
func (s *sessions) ordered() []int32 {
	var ids []int32
	for id, x := range s.all {
		if x.seq != 0 {
			ids = append(ids, int32(id))
		}
	}
	slices.SortFunc(ids, func(a, b int32) int { return int(s.all[a].seq - s.all[b].seq) })
	return ids
}

func (d dueSession) before(e dueSession) bool {
	return d.end < e.end || d.end == e.end && d.seq < e.seq
}

func (s *sessions) push(d dueSession) {
	s.due = append(s.due, d)
	for i := len(s.due) - 1; i > 0; {
		up := (i - 1) / 2
		if !s.due[i].before(s.due[up]) {
			break
		}
		s.due[i], s.due[up] = s.due[up], s.due[i]
		i = up
	}
}

func (s *sessions) pop() {
	n := len(s.due) - 1
	s.due[0] = s.due[n]
	s.due = s.due[:n]
	for i := 0; ; {
		down := 2*i + 1
		if down >= n {
			break
		}
		if down+1 < n && s.due[down+1].before(s.due[down]) {
			down++
		}
		if !s.due[down].before(s.due[i]) {
			break
		}
		s.due[i], s.due[down] = s.due[down], s.due[i]
		i = down
	}
}

// encode appends a session's bounds to the value of a checkpoint's entry.
func (s *sessions) encode(dst []byte, id int32) []byte {
	return binary.AppendVarint(binary.AppendVarint(dst, s.all[id].start), s.all[id].end)
}

// takeBack returns the session of a checkpoint's entry, opening it if need be, and what follows its bounds. cols are
// columns for its key.
func (s *sessions) takeBack(key, value []byte, cols []*types.Vector) (id int32, rest []byte, err error) {
	for _, v := range cols {
		v.Reset()
	}
	if _, err := types.DecodeRow(key, cols); err != nil {
		return 0, nil, err
	}
	start, n := binary.Varint(value)
	if n <= 0 {
		return 0, nil, errState
	}
	end, m := binary.Varint(value[n:])
	if m <= 0 {
		return 0, nil, errState
	}
	var slot [1]int32
	s.keys.Lookup(cols, nil, 1, slot[:])
	s.grow()
	for id := s.heads[slot[0]]; id >= 0; id = s.all[id].next {
		if s.all[id].start == start {
			return id, value[n+m:], nil
		}
	}
	return s.open(slot[0], start, end), value[n+m:], nil
}

func (s *sessions) bytes() int {
	return s.keys.Bytes() + 4*(cap(s.heads)+cap(s.free)) + 32*cap(s.all) + 24*cap(s.due)
}
