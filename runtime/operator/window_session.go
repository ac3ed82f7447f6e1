package operator

import (
	"cmp"
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
// Sessions stay in memory: what is on disk can't be found when its time has come.
//
// Source: Flink's MergingWindowSet.
type sessions struct {
	ctx      *Context
	window   physical.Window
	clock    windowClock
	progress int64 // sessions that end here or before have fired

	keys    *state.Store
	account *state.Account
	content sessionContent
	heads   []int32 // by slot: the key's first session, or -1
	all     []session
	free    []int32
	opened  int64 // so far
	ids     []int32
	buf     []byte
	due     []dueSession // a heap by end: of every session an entry that is not later than its end
}

type session struct {
	start, end int64
	slot, next int32
	seq        int64 // in the order of opening; 0: not in use
}

// sessionContent is what an owner keeps by the numbers of sessions.
type sessionContent interface {
	// encodeSession appends what a session holds, decodeSession takes it back into one that holds nothing.
	encodeSession(dst []byte, id int32) []byte
	decodeSession(id int32, content []byte) error
	// contentBytes estimates the memory that contents hold.
	contentBytes() int
}

type dueSession struct {
	end int64
	seq int64
	id  int32
}

func newSessions(w physical.Window) sessions {
	return sessions{window: w, progress: noWatermark}
}

// start prepares for a run, or for one that goes on after a checkpoint.
func (s *sessions) start(ctx *Context, keys []types.Type, content sessionContent) (err error) {
	s.ctx, s.content = ctx, content
	s.clock = windowClock{s.window.Local || s.window.Proctime, temporal.NewZone(ctx.UDF.Location)}
	s.account = ctx.Memory.Account(s.bytes)
	s.keys = state.NewStore(keys, "sessions", s, s.account)
	if s.progress, err = takeProgress(ctx.Restore, nil); err != nil {
		return err
	}
	cols := newColumns(keys)
	if err := ctx.Restore.Each("sessions", func(key, value []byte) error { return s.keys.Restore(cols, key, value) }); err != nil {
		return err
	}
	s.wake()
	return nil
}

// count tells how large the state is.
func (s *sessions) count() {
	s.ctx.Metrics.StateKeys.Store(int64(s.keys.Len()))
	s.ctx.Metrics.StateBytes.Store(int64(s.bytes()))
}

func (s *sessions) close() error {
	err := s.keys.Close()
	s.account.Close()
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
		s.keys.Touch(s.all[id].slot)
		if err := fire(id); err != nil {
			return err
		}
		slot := s.all[id].slot
		s.pop()
		s.drop(id)
		s.release(slot)
	}
	s.progress = max(s.progress, t)
	s.count()
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

// Encode appends a key's sessions in the order of opening: start and end as varints, and the content behind its length.
func (s *sessions) Encode(dst []byte, slot int32) []byte {
	s.ids = s.ids[:0]
	for id := s.heads[slot]; id >= 0; id = s.all[id].next {
		s.ids = append(s.ids, id)
	}
	slices.SortFunc(s.ids, func(a, b int32) int { return cmp.Compare(s.all[a].seq, s.all[b].seq) })
	for _, id := range s.ids {
		dst = binary.AppendVarint(binary.AppendVarint(dst, s.all[id].start), s.all[id].end)
		s.buf = s.content.encodeSession(s.buf[:0], id)
		dst = append(binary.AppendUvarint(dst, uint64(len(s.buf))), s.buf...)
	}
	return dst
}

// Decode implements state.Codec.
func (s *sessions) Decode(slot int32, value []byte) error {
	s.grow()
	for len(value) > 0 {
		start, n := binary.Varint(value)
		end, m := int64(0), 0
		if n > 0 {
			end, m = binary.Varint(value[n:])
		}
		if m <= 0 {
			return errState
		}
		value = value[n+m:]
		size, n := binary.Uvarint(value)
		if n <= 0 || size > uint64(len(value)-n) {
			return errState
		}
		if err := s.content.decodeSession(s.open(slot, start, end), value[n:n+int(size)]); err != nil {
			return err
		}
		value = value[n+int(size):]
	}
	return nil
}

// snapshot writes an entry "sessions" per key. An entry "watermark" per key group says how far sessions have fired.
func (s *sessions) snapshot(w *state.Writer) error {
	putProgress(w, s.ctx, s.progress)
	return s.keys.Snapshot(w)
}

func (s *sessions) bytes() int {
	return s.keys.Used() + 4*(cap(s.heads)+cap(s.free)) + 32*cap(s.all) + 24*cap(s.due) + s.content.contentBytes()
}

// CanIncrement implements Incremental.
func (s *sessions) CanIncrement() bool { return s.keys.CanIncrement() }

// Complete implements Incremental.
func (s *sessions) Complete() { s.keys.Complete() }
