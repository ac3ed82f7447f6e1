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

// joinSide is the rows that a join keeps of one input: encoded, and chained per join key in the order they came. A row is
// named by its number in rows, which holds until it is removed or replaced.
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

	rows   *state.Records // their heads are a joinLink and, under a TTL, when they were last written, in milliseconds
	side   int
	chains *joinChains // both sides'
	scan   int32       // where the search for expired rows goes on
	now    int64
	gone   []int32 // slots whose chain may have ended up empty

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

// joinChains is the first and the last row of each side, or -1, by slot of the join's keys. The sides stand together since
// every row looks at both.
type joinChains [][2]joinChain

type joinChain struct{ head, tail int32 }

// grow makes room for the slots 0..n-1.
func (c *joinChains) grow(n int) {
	for len(*c) < n {
		*c = append(*c, [2]joinChain{{-1, -1}, {-1, -1}})
	}
}

// joinLink is what is kept of a row beside its bytes: five integers of four bytes.
type joinLink [joinLinkSize]byte

const joinLinkSize = 20

func (l *joinLink) get(at int) int32    { return int32(binary.LittleEndian.Uint32(l[at:])) }
func (l *joinLink) set(at int, x int32) { binary.LittleEndian.PutUint32(l[at:], uint32(x)) }

func (l *joinLink) next() int32 { return l.get(0) } // row of the key, or -1
func (l *joinLink) prev() int32 { return l.get(4) }
func (l *joinLink) slot() int32 { return l.get(8) }

// times is how often the row is there.
func (l *joinLink) times() int32 { return l.get(12) }

// matches is the number of the other side's rows that it meets, where that is counted.
func (l *joinLink) matches() int32 { return l.get(16) }

func (l *joinLink) setNext(r int32)    { l.set(0, r) }
func (l *joinLink) setPrev(r int32)    { l.set(4, r) }
func (l *joinLink) setSlot(x int32)    { l.set(8, x) }
func (l *joinLink) setTimes(n int32)   { l.set(12, n) }
func (l *joinLink) setMatches(n int32) { l.set(16, n) }

func (s *joinSide) link(r int32) *joinLink { return (*joinLink)(s.rows.Head(r)) }

func (s *joinSide) chain(slot int32) *joinChain { return &(*s.chains)[slot][s.side] }

func newJoinSide(number int, chains *joinChains, s *types.Schema, keys, unique []int, retracts bool, ttl time.Duration) *joinSide {
	side := &joinSide{side: number, chains: chains, schema: s, keys: keys, ttl: ttl.Milliseconds()}
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
	head := joinLinkSize
	if ttl > 0 {
		head += 8
	}
	side.rows = state.NewRecords(head, side.search)
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

func (s *joinSide) head(slot int32) int32 {
	if int(slot) >= len(*s.chains) {
		return -1
	}
	return s.chain(slot).head
}

// touch reads what match and decode will. A read that misses the cache takes as long as a hundred instructions or more,
// and a branch that depends on it can't be foreseen; reads in a loop of their own, none of which waits for another, take
// a tenth of that each.
func (s *joinSide) touch(slots []int32) {
	s.near = s.near[:0]
	for _, slot := range slots {
		if slot >= 0 {
			s.near = append(s.near, s.chain(slot).head)
		}
	}
	s.touchNear()
}

// touchNear reads the rows in near, -1 being none.
func (s *joinSide) touchNear() {
	n := 0
	for _, r := range s.near {
		if r >= 0 {
			s.near[n] = r
			n++
		}
	}
	s.near = s.near[:n]
	s.touched += s.rows.Touch(s.near)
}

// touchOwn reads what add and retract of the prepared rows will: the rows with the same identities, and those they are
// linked with.
func (s *joinSide) touchOwn(slots []int32) {
	s.near = resize(s.near, len(slots))
	if s.search {
		s.rows.Candidates(s.hashes, s.near)
		s.touchNear()
		for _, r := range s.near {
			l := s.link(r)
			s.near = append(s.near, l.next(), l.prev())
		}
	} else {
		s.near = s.near[:0]
	}
	for _, slot := range slots {
		if slot >= 0 {
			s.near = append(s.near, s.chain(slot).tail)
		}
	}
	s.touchNear()
}

// match adds the rows of a key as candidates for row k of the other side's batch.
func (s *joinSide) match(slot int32, p *joinPairs, k, row int32) {
	for r := s.chain(slot).head; r >= 0; {
		l := s.link(r)
		if s.ttl == 0 || !s.over(r) {
			for range l.times() {
				p.at = append(p.at, int32(len(p.k)))
				p.k, p.row, p.kept = append(p.k, k), append(p.row, row), append(p.kept, r)
			}
		}
		r = l.next()
	}
}

// decode reads the candidates' rows into cols.
func (s *joinSide) decode(p *joinPairs) error {
	for _, v := range s.cols {
		v.Reset()
	}
	s.decoded = len(p.kept)
	for _, r := range p.kept {
		if _, err := types.DecodeRow(s.rows.Row(r), s.into); err != nil {
			return err
		}
	}
	return nil
}

// rematch adds or takes away a match of a row and returns how many it had.
func (s *joinSide) rematch(r int32, adds bool) int32 {
	l := s.link(r)
	had := l.matches()
	if adds {
		l.setMatches(had + 1)
	} else {
		l.setMatches(had - 1)
	}
	s.write(r)
	return had
}

// wrote is when a row was last written. There must be a TTL.
func (s *joinSide) wrote(r int32) int64 {
	return int64(binary.LittleEndian.Uint64(s.rows.Head(r)[joinLinkSize:]))
}

func (s *joinSide) setWrote(r int32, t int64) {
	if s.ttl > 0 {
		binary.LittleEndian.PutUint64(s.rows.Head(r)[joinLinkSize:], uint64(t))
	}
}

func (s *joinSide) write(r int32) { s.setWrote(r, s.now) }

// over reports whether the time of a row is over. There must be a TTL.
func (s *joinSide) over(r int32) bool { return s.wrote(r)+s.ttl <= s.now }

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
		r = s.chain(slot).head
	case s.search:
		r = s.rows.Find(hash, identity)
	}
	if r >= 0 && s.ttl > 0 && s.over(r) {
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
		s.link(r).setTimes(1)
	case s.replace:
		if moved := s.rows.Replace(r, row); moved != r {
			r = moved
			s.relink(s.link(r), r, r)
		}
	default:
		l := s.link(r)
		l.setTimes(l.times() + 1)
	}
	s.link(r).setMatches(matches)
	s.write(r)
}

// append stores a row at the end of a key's chain.
func (s *joinSide) append(slot int32, row []byte, hash uint64) int32 {
	r := s.rows.Add(hash, row)
	chain, l := s.chain(slot), s.link(r)
	*l = joinLink{}
	l.setNext(-1)
	l.setPrev(chain.tail)
	l.setSlot(slot)
	if chain.tail >= 0 {
		s.link(chain.tail).setNext(r)
	} else {
		chain.head = r
	}
	chain.tail = r
	return r
}

// relink has what stands before and behind a row in its chain point to others.
func (s *joinSide) relink(l *joinLink, next, prev int32) {
	if l.prev() >= 0 {
		s.link(l.prev()).setNext(next)
	} else {
		s.chain(l.slot()).head = next
	}
	if l.next() >= 0 {
		s.link(l.next()).setPrev(prev)
	} else {
		s.chain(l.slot()).tail = prev
	}
}

// retract takes row k of those prepared away; one that isn't there, because its time was over, doesn't matter.
func (s *joinSide) retract(slot int32, k int) {
	row, identity, hash := s.encoded(k)
	r := s.find(slot, row[:identity], hash)
	if r < 0 {
		s.gone = append(s.gone, slot) // the key may have come with this row
		return
	}
	if l := s.link(r); l.times() > 1 {
		l.setTimes(l.times() - 1)
		s.write(r)
		return
	}
	s.forget(r)
}

func (s *joinSide) forget(r int32) {
	l := s.link(r)
	s.relink(l, l.next(), l.prev())
	if slot := l.slot(); s.chain(slot).head < 0 {
		s.gone = append(s.gone, slot)
	}
	s.rows.Remove(r)
}

// expire looks at some rows and forgets those whose time is over.
func (s *joinSide) expire(keys *state.Store) {
	if s.ttl == 0 {
		return
	}
	for range scanned {
		var r int32
		if r, s.scan = s.rows.Next(s.scan); r >= 0 && s.over(r) {
			keys.Touch(s.link(r).slot())
			s.forget(r)
		}
		if s.scan == 0 {
			return
		}
	}
}

func (s *joinSide) writtenAt(r int32) int64 {
	if s.ttl == 0 {
		return 0
	}
	return s.wrote(r)
}

// encode appends the rows of a key in the order they came, behind their number: how often each is there, its number of
// matches and the time of its last write, as varints, and the row behind its length.
func (s *joinSide) encode(dst []byte, slot int32) []byte {
	n := 0
	for r := s.head(slot); r >= 0; r = s.link(r).next() {
		n++
	}
	dst = binary.AppendUvarint(dst, uint64(n))
	for r := s.head(slot); r >= 0; r = s.link(r).next() {
		l := s.link(r)
		dst = binary.AppendVarint(dst, int64(l.times()))
		dst = binary.AppendVarint(dst, int64(l.matches()))
		dst = binary.AppendVarint(dst, s.writtenAt(r))
		row := s.rows.Row(r)
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
		s.link(r).setTimes(int32(header[0]))
		s.link(r).setMatches(int32(header[1]))
		s.setWrote(r, header[2])
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
