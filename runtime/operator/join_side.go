package operator

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// joinSide is the rows that a join keeps of one input: encoded, and chained per join key in the order they came.
//
// What is kept of equal rows depends on what identifies one (Flink's JoinRecordStateViews):
//
//	unique key within the join key   one row per join key; a later one takes its place
//	unique key                       one row per join key and unique key; a later one takes its place
//	none, input may retract          equal rows are one, with how often it is there
//	none, input only adds            every row by itself: nothing ever looks for one
type joinSide struct {
	schema   *types.Schema
	keys     []int
	order    []int // columns as they are stored: those that identify a row first
	identify int   // how many of them identify a row
	single   bool  // one row per join key
	replace  bool  // a row with the same identity takes the place of the old one
	search   bool  // rows are found by identity
	counted  bool  // matches are kept: the join pads these rows, or emits them by their number of matches
	tested   []int // columns that the join's condition reads
	ttl      int64

	rows   *state.Rows
	links  []joinLink  // by row
	wrote  []int64     // by row: when it was last written, in milliseconds; only under a TTL
	chains []joinChain // by slot of the join's keys
	scan   int32       // where the search for expired rows goes on
	now    int64

	keyCols []*types.Vector // of the batch in hand
	stored  []*types.Vector // its columns as they are stored
	scratch []int32
	from    int      // the first row prepared
	buf     []byte   // the rows prepared, as they are stored
	ends    []int32  // of each row's identity and of the row, in buf
	hashes  []uint64 // of the identities
	near    []int32  // rows to touch
	touched int      // keeps the compiler from leaving out what is only touched

	cols    []*types.Vector // decoded rows, by column of the schema
	into    []*types.Vector // the same in the order of storing
	decoded int
	probe   []*types.Vector // for the identity of a row that is taken back
}

// joinChain is the first and the last row of a key, or -1.
type joinChain struct{ head, tail int32 }

type joinLink struct {
	next, prev int32
	slot       int32
	times      int32 // how often the row is there
	matches    int32
}

func newJoinSide(s *types.Schema, keys, unique []int, retracts bool, ttl time.Duration) *joinSide {
	side := &joinSide{schema: s, keys: keys, ttl: ttl.Milliseconds(), rows: &state.Rows{}}
	if unique != nil {
		side.replace = true
		side.single = !slices.ContainsFunc(unique, func(c int) bool { return !slices.Contains(keys, c) })
		for _, c := range append(slices.Clone(keys), unique...) {
			if !slices.Contains(side.order, c) {
				side.order = append(side.order, c)
			}
		}
		side.identify = len(side.order)
		side.search = !side.single
	} else {
		side.search = retracts
		side.identify = len(s.Fields)
	}
	for c := range s.Fields {
		if !slices.Contains(side.order, c) {
			side.order = append(side.order, c)
		}
	}
	if side.search {
		side.rows = state.NewIndexedRows()
	}
	side.cols = newColumns(columnTypes(s, len(s.Fields)))
	for _, c := range side.order {
		side.into = append(side.into, side.cols[c])
	}
	if side.search {
		for _, c := range side.order[:side.identify] {
			side.probe = append(side.probe, types.NewVector(s.Fields[c].Type))
		}
	}
	side.keyCols = make([]*types.Vector, len(keys))
	side.stored = make([]*types.Vector, len(side.order))
	return side
}

// readBy returns the columns of one side that a condition over left and right columns reads.
func readBy(e rex.Expr, right bool, left int) []int {
	var out []int
	rex.Columns(e, func(c *rex.Column) {
		i := c.Index
		if right {
			i -= left
		}
		if i >= 0 && (right || i < left) && !slices.Contains(out, i) {
			out = append(out, i)
		}
	})
	return out
}

// begin takes a batch in hand.
func (s *joinSide) begin(b *types.Batch, now int64) {
	s.now = now
	for i, c := range s.keys {
		s.keyCols[i] = b.Cols[c]
	}
	for i, c := range s.order {
		s.stored[i] = b.Cols[c]
	}
}

// grow makes room for the slots 0..n-1.
func (s *joinSide) grow(n int) {
	for len(s.chains) < n {
		s.chains = append(s.chains, joinChain{-1, -1})
	}
}

func (s *joinSide) head(slot int32) int32 {
	if int(slot) >= len(s.chains) {
		return -1
	}
	return s.chains[slot].head
}

// touch reads what match and decode will. A read that misses the cache takes as long as a hundred instructions or more,
// and a branch that depends on it can't be foreseen; reads in a loop of their own, none of which waits for another, take
// a tenth of that each.
func (s *joinSide) touch(slots []int32) {
	s.near = s.near[:0]
	for _, slot := range slots {
		if slot >= 0 {
			s.near = append(s.near, s.chains[slot].head)
		}
	}
	s.touchNear()
}

// touchNear reads what is kept of the rows in near, -1 being none.
func (s *joinSide) touchNear() {
	n, sum := 0, 0
	for _, r := range s.near {
		if r >= 0 {
			sum += int(s.links[r].times)
			s.near[n] = r
			n++
		}
	}
	s.near = s.near[:n]
	s.touched += sum + s.rows.Touch(s.near)
}

// touchOwn reads what add and retract of the prepared rows will: the rows with the same identities, and their neighbours.
func (s *joinSide) touchOwn(slots []int32) {
	s.near = resize(s.near, len(slots))
	switch {
	case s.search:
		s.rows.Candidates(s.hashes, s.near)
		sum := 0
		for _, slot := range slots {
			if slot >= 0 {
				sum += int(s.chains[slot].tail)
			}
		}
		s.touched += sum
	case s.single:
		for i, slot := range slots {
			s.near[i] = -1
			if slot >= 0 {
				s.near[i] = s.chains[slot].head
			}
		}
	default:
		for i, slot := range slots {
			s.near[i] = -1
			if slot >= 0 {
				s.near[i] = s.chains[slot].tail
			}
		}
		sum := 0
		for _, r := range s.near {
			if r >= 0 {
				sum += int(s.links[r].times)
			}
		}
		s.touched += sum
		return
	}
	s.touchNear()
	if s.single {
		return
	}
	// Rows that come last in chains, and neighbours of rows that go.
	sum := 0
	for _, slot := range slots {
		if slot >= 0 {
			if r := s.chains[slot].tail; r >= 0 {
				sum += int(s.links[r].times)
			}
		}
	}
	for _, r := range s.near {
		l := &s.links[r]
		if l.prev >= 0 {
			sum += int(s.links[l.prev].times)
		}
		if l.next >= 0 {
			sum += int(s.links[l.next].times)
		}
	}
	s.touched += sum
}

// match adds the rows of a key as candidates for row k of the other side's batch.
func (s *joinSide) match(slot int32, p *joinPairs, k, row int32) {
	for r := s.chains[slot].head; r >= 0; {
		l := &s.links[r]
		if s.ttl == 0 || s.wrote[r]+s.ttl > s.now {
			for range l.times {
				p.at = append(p.at, int32(len(p.k)))
				p.k, p.row, p.kept = append(p.k, k), append(p.row, row), append(p.kept, r)
			}
		}
		r = l.next
	}
}

// decode reads the candidates' rows into cols.
func (s *joinSide) decode(p *joinPairs) error {
	for _, v := range s.cols {
		v.Reset()
	}
	s.decoded = len(p.kept)
	s.touched += s.rows.Touch(p.kept)
	for _, r := range p.kept {
		if _, err := types.DecodeRow(s.rows.Get(r), s.into); err != nil {
			return err
		}
	}
	return nil
}

// rematch adds or takes away a match of a row and returns how many it had.
func (s *joinSide) rematch(r int32, adds bool) int32 {
	l := &s.links[r]
	had := l.matches
	if adds {
		l.matches++
	} else {
		l.matches--
	}
	s.write(r)
	return had
}

func (s *joinSide) write(r int32) {
	if s.ttl > 0 {
		s.wrote[r] = s.now
	}
}

// prepare encodes the rows that ks from..to name and hashes what identifies them, so that add and retract, which take one
// row after the other, find all that they need near at hand.
func (s *joinSide) prepare(sel []int32, slots []int32, from, to int) {
	s.from, s.buf, s.ends, s.hashes = from, s.buf[:0], s.ends[:0], s.hashes[:0]
	for k := from; k < to; k++ {
		begin, hash := len(s.buf), uint64(0)
		if slots[k] >= 0 {
			row := int(rowAt(sel, k))
			s.buf = types.EncodeRow(s.buf, s.stored[:s.identify], row)
			if s.search {
				hash = state.HashBytes(s.buf[begin:])
			}
			s.ends = append(s.ends, int32(len(s.buf)))
			s.buf = types.EncodeRow(s.buf, s.stored[s.identify:], row)
		} else {
			s.ends = append(s.ends, int32(begin))
		}
		s.ends, s.hashes = append(s.ends, int32(len(s.buf))), append(s.hashes, hash)
	}
	s.touchOwn(slots[from:to])
}

// encoded returns row k as it is stored, how much of it identifies the row, and the hash of that.
func (s *joinSide) encoded(k int) (row []byte, identity int, hash uint64) {
	i, begin := k-s.from, int32(0)
	if i > 0 {
		begin = s.ends[2*i-1]
	}
	return s.buf[begin:s.ends[2*i+1]], int(s.ends[2*i] - begin), s.hashes[i]
}

// find returns the kept row with this identity, or -1.
func (s *joinSide) find(slot int32, identity []byte, hash uint64) int32 {
	r := int32(-1)
	switch {
	case s.single:
		r = s.chains[slot].head
	case s.search:
		r = s.rows.Find(hash, identity)
	}
	if r >= 0 && s.ttl > 0 && s.wrote[r]+s.ttl <= s.now {
		s.forget(r)
		return -1
	}
	return r
}

// add keeps row k of those prepared, with its number of matches.
func (s *joinSide) add(slot int32, k int, matches int32) {
	row, identity, hash := s.encoded(k)
	r := s.find(slot, row[:identity], hash)
	switch {
	case r < 0:
		r = s.append(slot, row, hash)
		s.links[r].times = 1
	case s.replace:
		s.rows.Replace(r, row)
	default:
		s.links[r].times++
	}
	s.links[r].matches = matches
	s.write(r)
}

// append stores a row at the end of a key's chain.
func (s *joinSide) append(slot int32, row []byte, hash uint64) int32 {
	r := s.rows.Add(hash, row)
	if int(r) == len(s.links) {
		s.links = append(s.links, joinLink{})
		if s.ttl > 0 {
			s.wrote = append(s.wrote, 0)
		}
	}
	chain := &s.chains[slot]
	s.links[r] = joinLink{next: -1, prev: chain.tail, slot: slot}
	if chain.tail >= 0 {
		s.links[chain.tail].next = r
	} else {
		chain.head = r
	}
	chain.tail = r
	return r
}

// retract takes row k of those prepared away; one that isn't there, because its time was over, doesn't matter.
func (s *joinSide) retract(slot int32, k int) {
	row, identity, hash := s.encoded(k)
	r := s.find(slot, row[:identity], hash)
	if r < 0 {
		return
	}
	if l := &s.links[r]; l.times > 1 {
		l.times--
		s.write(r)
		return
	}
	s.forget(r)
}

func (s *joinSide) forget(r int32) {
	l := s.links[r]
	if l.prev >= 0 {
		s.links[l.prev].next = l.next
	} else {
		s.chains[l.slot].head = l.next
	}
	if l.next >= 0 {
		s.links[l.next].prev = l.prev
	} else {
		s.chains[l.slot].tail = l.prev
	}
	s.rows.Remove(r)
}

// expire looks at some rows and forgets those whose time is over; released is told their keys.
func (s *joinSide) expire(now int64, keys *state.Store, released func(slot int32)) {
	if s.ttl == 0 {
		return
	}
	for range min(scanned, s.rows.Cap()) {
		if s.scan++; int(s.scan) >= s.rows.Cap() {
			s.scan = 0
		}
		if s.rows.Has(s.scan) && s.wrote[s.scan]+s.ttl <= now {
			slot := s.links[s.scan].slot
			keys.Touch(slot)
			s.forget(s.scan)
			released(slot)
		}
	}
}

func (s *joinSide) writtenAt(r int32) int64 {
	if s.ttl == 0 {
		return 0
	}
	return s.wrote[r]
}

// encode appends the rows of a key in the order they came, behind their number: how often each is there, its number of
// matches and the time of its last write, as varints, and the row behind its length.
func (s *joinSide) encode(dst []byte, slot int32) []byte {
	n := 0
	for r := s.head(slot); r >= 0; r = s.links[r].next {
		n++
	}
	dst = binary.AppendUvarint(dst, uint64(n))
	for r := s.head(slot); r >= 0; r = s.links[r].next {
		l := &s.links[r]
		dst = binary.AppendVarint(dst, int64(l.times))
		dst = binary.AppendVarint(dst, int64(l.matches))
		dst = binary.AppendVarint(dst, s.writtenAt(r))
		row := s.rows.Get(r)
		dst = append(binary.AppendUvarint(dst, uint64(len(row))), row...)
	}
	return dst
}

// decodeRows keeps rows as encode wrote them, and returns what follows.
func (s *joinSide) decodeRows(slot int32, value []byte) (rest []byte, err error) {
	n, used := binary.Uvarint(value)
	if used <= 0 {
		return nil, errState
	}
	value = value[used:]
	for range n {
		var header [3]int64
		for i := range header {
			x, used := binary.Varint(value)
			if used <= 0 {
				return nil, errState
			}
			header[i], value = x, value[used:]
		}
		size, used := binary.Uvarint(value)
		if used <= 0 || size > uint64(len(value)-used) || header[0] < 1 || header[0] > math.MaxInt32 {
			return nil, errState
		}
		row := value[used : used+int(size)]
		value = value[used+int(size):]
		hash := uint64(0)
		if s.search {
			if hash, err = s.identityHash(row); err != nil {
				return nil, err
			}
		}
		r := s.append(slot, row, hash)
		s.links[r].times, s.links[r].matches = int32(header[0]), int32(header[1])
		if s.ttl > 0 {
			s.wrote[r] = header[2]
		}
	}
	return value, nil
}

// liveOnDisk reports whether the time of some row is not over, and returns what follows the rows that encode wrote; nil
// when they are malformed, which is found when they are decoded.
func (s *joinSide) liveOnDisk(value []byte, now int64) (rest []byte, live bool) {
	n, used := binary.Uvarint(value)
	if used <= 0 {
		return nil, false
	}
	value = value[used:]
	for range n {
		for i := range 3 {
			x, used := binary.Varint(value)
			if used <= 0 {
				return nil, false
			}
			live = live || i == 2 && x+s.ttl > now
			value = value[used:]
		}
		size, used := binary.Uvarint(value)
		if used <= 0 || size > uint64(len(value)-used) {
			return nil, false
		}
		value = value[used+int(size):]
	}
	return value, live
}

// identityHash is the hash of what identifies a stored row.
func (s *joinSide) identityHash(row []byte) (uint64, error) {
	for _, v := range s.probe {
		v.Reset()
	}
	rest, err := types.DecodeRow(row, s.probe)
	if err != nil {
		return 0, err
	}
	return state.HashBytes(row[:len(row)-len(rest)]), nil
}

// used estimates the memory in use.
func (s *joinSide) used() int {
	slots := 20*cap(s.links) + 8*cap(s.wrote)
	if n := s.rows.Cap(); n > 0 {
		slots = int(int64(slots) * int64(s.rows.Len()) / int64(n))
	}
	return s.rows.Used() + slots + 8*cap(s.chains)
}
