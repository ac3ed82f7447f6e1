package operator

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"

	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// pending is rows that wait for the watermark, of all keys of an operator instance together. Rows stand in columns, in
// chunks in the order they came, and don't move. Beside them runs order what has not left by time, rows of the same time as
// they came:
//
//	chunks   |5 3 8 9|7 12 …|        runs   [3 5 8 9] [7 12]
//
// A batch that continues the last run makes it longer, so that a stream in order has one run; others become runs of their
// own, which are merged as soon as one isn't much shorter than that before it. There are never more than a few then, each
// row is merged a few times, and what the watermark lets go is at the front of each.
//
// The order of arrival is that of numbers: a row's is that of its chunk and its place there.
type pending struct {
	schema *types.Schema
	chunks []*pendingChunk // nil: its rows have left
	first  int64           // number of chunks[0]
	runs   []pendingRun
	rows   int // that wait
	stored int // in chunks that are there

	reader *pendingSnapshot // which reads the chunks, or nil
	spare  []*types.Batch
	unused [][]pendingRow // for runs to come
	sel    []int32
}

type pendingChunk struct {
	rows  types.Batch
	waits int // rows that have not left
	bytes int // once it is full
}

type pendingRow struct {
	time, number int64
}

// pendingRun is rows in order, those before from have left.
type pendingRun struct {
	rows []pendingRow
	from int
}

func (r *pendingRun) waiting() []pendingRow { return r.rows[r.from:] }

const (
	chunkBits = 12
	chunkRows = 1 << chunkBits
)

func compareRows(a, b pendingRow) int {
	return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.number, b.number))
}

// add keeps rows of a batch, those that sel names; nil: all. times are by physical row.
func (p *pending) add(b *types.Batch, sel []int32, n int, times []int64) {
	if n == 0 {
		return
	}
	last := len(p.runs) - 1
	continues := last >= 0
	var run []pendingRow
	if continues {
		r := &p.runs[last]
		if r.from > len(r.rows)/2 { // make room at the end
			r.rows, r.from = r.rows[:copy(r.rows, r.waiting())], 0
		}
		run = r.rows
	}
	from, latest, sorted := len(run), int64(noWatermark), true
	if from > 0 {
		latest = run[from-1].time
	}
	for done := 0; done < n; {
		number, room := p.tail()
		k := min(room, n-done)
		c := &p.chunks[len(p.chunks)-1].rows
		if sel == nil {
			for i, v := range c.Cols {
				v.AppendRange(b.Cols[i], done, done+k)
			}
		} else {
			for i, v := range c.Cols {
				v.AppendSelected(b.Cols[i], sel[done:done+k])
			}
		}
		c.N += k
		p.chunks[len(p.chunks)-1].waits += k
		for i := range k {
			t := times[rowAt(sel, done+i)]
			sorted = sorted && t >= latest
			latest = t
			run = append(run, pendingRow{t, number + int64(i)})
		}
		done += k
	}
	p.rows, p.stored = p.rows+n, p.stored+n
	switch {
	case continues && sorted:
		p.runs[last].rows = run
	case continues:
		p.runs[last].rows = run[:from]
		fresh := append(p.empty(len(run)-from), run[from:]...)
		sortRun(fresh)
		p.push(fresh)
	default:
		if !sorted {
			sortRun(run)
		}
		p.push(run)
	}
	if p.stored > 16*chunkRows && 4*p.rows < p.stored {
		p.compact()
	}
}

func sortRun(run []pendingRow) {
	if !slices.IsSortedFunc(run, compareRows) {
		slices.SortFunc(run, compareRows)
	}
}

// push adds a run behind the others and merges the last ones.
func (p *pending) push(run []pendingRow) {
	p.runs = append(p.runs, pendingRun{rows: run})
	for k := len(p.runs); k >= 2; k = len(p.runs) {
		a, b := p.runs[k-2].waiting(), p.runs[k-1].waiting()
		if 2*len(b) < len(a) {
			break
		}
		merged := mergeRuns(p.empty(len(a)+len(b)), a, b)
		p.reuse(p.runs[k-2].rows)
		p.reuse(p.runs[k-1].rows)
		p.runs[k-2] = pendingRun{rows: merged}
		p.runs = p.runs[:k-1]
	}
}

// empty returns a slice for so many rows.
func (p *pending) empty(n int) []pendingRow {
	for i, s := range p.unused {
		if cap(s) >= n {
			p.unused = slices.Delete(p.unused, i, i+1)
			return s[:0]
		}
	}
	return make([]pendingRow, 0, n+n/2)
}

// reuse takes back a slice.
func (p *pending) reuse(s []pendingRow) {
	const most = 8
	if len(p.unused) < most {
		p.unused = append(p.unused, s)
		return
	}
	for i, old := range p.unused {
		if cap(old) < cap(s) {
			p.unused[i], s = s, old
		}
	}
}

func mergeRuns(out, a, b []pendingRow) []pendingRow {
	for len(a) > 0 && len(b) > 0 {
		if compareRows(a[0], b[0]) <= 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// tail makes sure that the last chunk has room, and returns the number of its next row and how many more it takes.
func (p *pending) tail() (number int64, room int) {
	k := len(p.chunks) - 1
	if k < 0 || p.chunks[k] == nil || p.chunks[k].rows.N == chunkRows {
		c := &pendingChunk{}
		if n := len(p.spare); n > 0 {
			c.rows = *p.spare[n-1]
			p.spare = p.spare[:n-1]
		} else {
			c.rows = *types.NewBatch(p.schema)
		}
		p.chunks = append(p.chunks, c)
		k++
	}
	n := p.chunks[k].rows.N
	return (p.first+int64(k))<<chunkBits + int64(n), chunkRows - n
}

// due appends to out the rows whose time is not after t, in order; they don't wait any more, and must be taken.
func (p *pending) due(t int64, out []pendingRow) []pendingRow {
	for i := 0; i < len(p.runs); i++ {
		run := p.runs[i].waiting()
		n := sort.Search(len(run), func(k int) bool { return run[k].time > t })
		if n == 0 {
			continue
		}
		if len(out) == 0 {
			out = append(out, run[:n]...)
		} else {
			merged := mergeRuns(p.empty(len(out)+n), out, run[:n])
			p.reuse(out)
			out = merged
		}
		if p.runs[i].from += n; n == len(run) {
			p.reuse(p.runs[i].rows)
			p.runs = slices.Delete(p.runs, i, i+1)
			i--
		}
	}
	p.rows -= len(out)
	return out
}

// earliest is the time of the row that leaves first.
func (p *pending) earliest() (t int64, ok bool) {
	for i := range p.runs {
		if first := p.runs[i].waiting()[0]; !ok || first.time < t {
			t, ok = first.time, true
		}
	}
	return t, ok
}

// take appends rows that are due to the columns of a batch, and gives up their places.
func (p *pending) take(rows []pendingRow, to *types.Batch) {
	p.each(rows, func(c *types.Batch, sel []int32, chunk int) {
		appendRows(to, c, sel)
		if p.chunks[chunk].waits -= len(sel); p.chunks[chunk].waits == 0 {
			p.free(chunk)
		}
	})
	for len(p.chunks) > 0 && p.chunks[0] == nil {
		p.chunks = p.chunks[1:]
		p.first++
	}
}

// each calls f for stretches of rows that are in the same chunk.
func (p *pending) each(rows []pendingRow, f func(c *types.Batch, sel []int32, chunk int)) {
	for len(rows) > 0 {
		number := rows[0].number >> chunkBits
		p.sel = p.sel[:0]
		for len(rows) > 0 && rows[0].number>>chunkBits == number {
			p.sel = append(p.sel, int32(rows[0].number&(chunkRows-1)))
			rows = rows[1:]
		}
		k := int(number - p.first)
		f(&p.chunks[k].rows, p.sel, k)
	}
}

func appendRows(to, from *types.Batch, sel []int32) {
	n := len(sel)
	dense := true
	for i, r := range sel {
		if r != sel[0]+int32(i) {
			dense = false
			break
		}
	}
	for i, v := range to.Cols {
		if dense {
			v.AppendRange(from.Cols[i], int(sel[0]), int(sel[0])+n)
		} else {
			v.AppendSelected(from.Cols[i], sel)
		}
	}
	to.N += n
}

// spareChunks is how many chunks are kept for new rows.
const spareChunks = 4

func (p *pending) free(chunk int) {
	c := p.chunks[chunk]
	p.stored -= c.rows.N
	if p.chunks[chunk] = nil; p.reader == nil && len(p.spare) < spareChunks {
		c.rows.Reset()
		p.spare = append(p.spare, &c.rows)
	}
}

// compact moves the rows together when few of each chunk are left, as when some clocks are far ahead.
func (p *pending) compact() {
	old := *p
	all := old.all(nil)
	slices.SortFunc(all, func(a, b pendingRow) int { return cmp.Compare(a.number, b.number) })
	p.first += int64(len(p.chunks))
	p.chunks, p.runs, p.rows, p.stored = nil, nil, 0, 0
	var times []int64
	for _, r := range all {
		times = append(times, r.time)
	}
	part := types.NewBatch(p.schema)
	for from := 0; from < len(all); from += chunkRows {
		to := min(len(all), from+chunkRows)
		part.Reset()
		old.each(all[from:to], func(c *types.Batch, sel []int32, _ int) { appendRows(part, c, sel) })
		p.add(part, nil, part.N, times[from:to])
	}
}

// all appends all rows that wait, in no order.
func (p *pending) all(out []pendingRow) []pendingRow {
	for i := range p.runs {
		out = append(out, p.runs[i].waiting()...)
	}
	return out
}

// bytes estimates the memory in use.
func (p *pending) bytes() (n int) {
	for _, c := range p.chunks {
		if c == nil {
			continue
		}
		if c.bytes == 0 && c.rows.N == chunkRows {
			c.bytes = c.rows.Bytes()
		}
		if n += c.bytes; c.bytes == 0 {
			n += c.rows.Bytes() // the last one
		}
	}
	for i := range p.runs {
		n += 16 * len(p.runs[i].rows)
	}
	for _, s := range p.unused {
		n += 16 * cap(s)
	}
	return n + 8*len(p.chunks)
}

// pendingEntry is the size from which an entry of a checkpoint is full.
const pendingEntry = 16 << 10

// pendingSnapshot writes the rows that waited at a moment: entries of several rows of the same key group, each row as its
// number, a varint, and its columns. Their keys are 0, 1, 2, … per key group, as uvarints, so that those of a later
// checkpoint replace them.
type pendingSnapshot struct {
	pending
	keys    []int // the columns of the rows' keys
	rest    []pendingRow
	hasher  state.KeyHasher
	cols    []*types.Vector
	parts   [state.KeyGroups][]byte
	written [state.KeyGroups]int // entries
	most    *[state.KeyGroups]int
	done    func()
}

// snapshot notes the rows that wait, to be written by w's Sweep. most is how many entries each key group has in the
// checkpoints that this one may follow.
func (p *pending) snapshot(w *state.Writer, keys []int, most *[state.KeyGroups]int) {
	if !w.Increment {
		*most = [state.KeyGroups]int{}
	}
	s := &pendingSnapshot{keys: keys, rest: p.all(nil), most: most}
	s.schema, s.chunks, s.first = p.schema, slices.Clone(p.chunks), p.first
	s.done = func() {
		if p.reader == s {
			p.reader = nil
		}
	}
	p.reader = s
	w.Later(s.step, s.done)
}

func (s *pendingSnapshot) step(w *state.Writer) (done bool, err error) {
	const rows = 2048
	if s.cols == nil {
		s.cols = make([]*types.Vector, len(s.keys))
		slices.SortFunc(s.rest, func(a, b pendingRow) int { return cmp.Compare(a.number, b.number) })
	}
	now := s.rest[:min(rows, len(s.rest))]
	s.rest = s.rest[len(now):]
	s.each(now, func(c *types.Batch, sel []int32, chunk int) {
		for i, k := range s.keys {
			s.cols[i] = c.Cols[k]
		}
		for k, h := range s.hasher.HashColumns(s.cols, sel, len(sel)) {
			g := state.KeyGroup(h)
			part := binary.AppendVarint(s.parts[g], (s.first+int64(chunk))<<chunkBits+int64(sel[k]))
			s.parts[g] = types.EncodeRow(part, c.Cols, int(sel[k]))
			if len(s.parts[g]) >= pendingEntry {
				s.put(w, g)
			}
		}
	})
	if len(s.rest) > 0 {
		return false, nil
	}
	for g := range s.parts {
		if len(s.parts[g]) > 0 {
			s.put(w, uint16(g))
		}
		for k := s.written[g]; k < s.most[g] && w.Increment; k++ {
			w.PutRemoved(state.GroupHash(uint16(g)), "pending", binary.AppendUvarint(nil, uint64(k)))
		}
		s.most[g] = max(s.most[g], s.written[g])
	}
	s.done()
	return true, nil
}

func (s *pendingSnapshot) put(w *state.Writer, g uint16) {
	w.Put(state.GroupHash(g), "pending", binary.AppendUvarint(nil, uint64(s.written[g])), s.parts[g])
	s.written[g]++
	s.parts[g] = s.parts[g][:0]
}

// restore takes back the rows of a checkpoint; times reads them.
func (p *pending) restore(in *state.Reader, times func(b *types.Batch) ([]int64, error)) error {
	var numbers []int64
	all := types.NewBatch(p.schema)
	err := in.Each("pending", func(_, value []byte) error {
		for len(value) > 0 {
			number, n := binary.Varint(value)
			if n <= 0 {
				return errState
			}
			var err error
			if value, err = types.DecodeRow(value[n:], all.Cols); err != nil {
				return err
			}
			numbers = append(numbers, number)
			all.N++
		}
		return nil
	})
	if err != nil || all.N == 0 {
		return err
	}
	at, err := times(all)
	if err != nil {
		return err
	}
	order := upTo(nil, all.N)
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(numbers[a], numbers[b]) })
	for from := 0; from < len(order); from += chunkRows {
		part := order[from:min(len(order), from+chunkRows)]
		p.add(all, part, len(part), at)
	}
	return nil
}
