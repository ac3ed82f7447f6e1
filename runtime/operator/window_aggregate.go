package operator

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
)

// windowAggregate groups rows by keys and TUMBLE, HOP or CUMULATE windows, over event or processing time, or by windows
// that a WindowTable below has attached. When the watermark (or the clock) reaches the end of a window, its groups are
// emitted as inserts: keys, aggregates, window properties; windows in order of their ends, the groups of a window in
// the order their keys first came.
//
// Rows whose last window has fired are late: dropped and counted. A NULL time is an error. Rows of overlapping windows
// are aggregated once, per slice of time (see windowSpec); slices are merged when a window fires.
//
//	HOP(size 10, slide 5)    slices   |0---|5---|10---|15---|
//	                         windows  [0.......10)
//	                                       [5........15)
//
// Rows may have been put together by a localWindowAggregate.
//
// State: a table of keys per slice, dropped whole when the last window over it has fired, and the groups' accumulators.
//
// Source: Flink's window TVF aggregation (SliceSharedWindowAggProcessor and its assigners).
type windowAggregate struct {
	node  *physical.WindowAggregate
	ctx   *Context
	spec  windowSpec
	clock windowClock
	aggs  *aggregates

	account   *state.Account
	recording bool // changes are noted for increments of checkpoints
	byBounds  map[windowBounds]*slice
	order     []*slice // by end
	spare     []*slice
	leaving   []*slice // purged, but not yet written to the checkpoint that is under way
	// progress is the watermark, or for processing time the time, up to which windows have fired.
	progress int64

	keyTypes []types.Type
	keys     []*types.Vector // of the batch
	times    []int64
	starts   []int64
	slots    []int32
	touched  []*slice
	late     *slice          // stands for slices whose windows have all fired
	outside  *slice          // stands for times that belong to no window
	union    *slice          // the groups of a HOP window while it fires
	moved    []*types.Vector // keys on their way from slice to slice
	one      [1]int32
	several  []int32
	fired    []int32 // slots
	out      *types.Batch
}

// windowBounds finds a slice: by its end alone, but for attached windows, of which several may end together.
type windowBounds struct{ start, end int64 }

func (w *windowAggregate) at(start, end int64) windowBounds {
	if w.node.Window.Attached {
		return windowBounds{start, end}
	}
	return windowBounds{0, end}
}

// slice is a stretch of time [start, end) and the groups of its rows. Under CUMULATE the first slices of a window become
// one, its base, as they fire.
type slice struct {
	start, end int64
	base       bool
	from       int64 // what is looked at to find a row's slice lies in [from, from+width)
	width      uint64
	owner      *windowAggregate
	keys       *state.Store
	groups     []int32 // by slot of keys; -1: none
	rows       []int32 // of the batch in hand
}

var _ Operator = (*windowAggregate)(nil)

func newWindowAggregate(node *physical.WindowAggregate) *windowAggregate {
	w := &windowAggregate{
		node: node, spec: newWindowSpec(node.Window), aggs: newAggregates(node.Aggs, node.InputRetracts),
		byBounds: map[windowBounds]*slice{}, progress: noWatermark, out: types.NewBatch(node.Schema),
		keyTypes: columnTypes(node.Schema, len(node.Keys)), keys: make([]*types.Vector, len(node.Keys)),
	}
	w.aggs.partial = physical.PartialColumn(node.Inputs[0].From)
	w.moved = newColumns(w.keyTypes)
	w.late, w.outside = &slice{}, &slice{}
	w.union = &slice{owner: w, keys: state.NewStore(w.keyTypes, "", nil, nil)}
	return w
}

func newColumns(ts []types.Type) []*types.Vector {
	cols := make([]*types.Vector, len(ts))
	for i, t := range ts {
		cols[i] = types.NewVector(t)
	}
	return cols
}

// columnTypes returns the types of the first n columns.
func columnTypes(s *types.Schema, n int) []types.Type {
	ts := make([]types.Type, n)
	for i := range ts {
		ts[i] = s.Fields[i].Type
	}
	return ts
}

// spareSlices is how many tables of purged slices are kept for new ones. More are open only while a stream catches up,
// and their memory should not stay.
const spareSlices = 16

func (w *windowAggregate) newSlice() *slice {
	if n := len(w.spare); n > 0 {
		s := w.spare[n-1]
		w.spare = w.spare[:n-1]
		if w.recording {
			s.keys.Record()
		}
		return s
	}
	s := &slice{owner: w}
	s.keys = state.NewStore(w.keyTypes, "group", s, w.account)
	if w.recording {
		s.keys.Record()
	}
	return s
}

var _ state.Dropper = (*slice)(nil)

// Encode appends the accumulators of a key.
func (s *slice) Encode(dst []byte, slot int32) []byte {
	return s.owner.aggs.encode(dst, s.groups[slot])
}

// Decode implements state.Codec.
func (s *slice) Decode(slot int32, value []byte) error {
	return s.owner.aggs.decode(s.group(slot), value)
}

// Drop implements state.Dropper.
func (s *slice) Drop(slot int32) {
	s.owner.one[0] = s.groups[slot]
	s.owner.aggs.giveBack(s.owner.one[:])
	s.groups[slot] = -1
}

// group returns the group of a slot; a new key gets one.
func (s *slice) group(slot int32) int32 {
	for len(s.groups) <= int(slot) {
		s.groups = append(s.groups, -1)
	}
	if s.groups[slot] < 0 {
		s.groups[slot] = s.owner.aggs.take()
	}
	return s.groups[slot]
}

func (w *windowAggregate) Open(ctx *Context) error {
	w.ctx, w.aggs.running = ctx, ctx.UDF.Running
	w.clock = windowClock{w.node.Window.Local || w.node.Window.Proctime, temporal.NewZone(ctx.UDF.Location)}
	w.account = ctx.Memory.Account(w.used)
	err := w.restore(ctx.Restore)
	w.count()
	return err
}

func (w *windowAggregate) Process(_ int, b *types.Batch, _ Output) error {
	n := b.Rows()
	if n == 0 {
		return nil
	}
	if err := w.settle(); err != nil {
		return err
	}
	for i, k := range w.node.Keys {
		w.keys[i] = b.Cols[k]
	}
	win := w.node.Window
	switch {
	case win.Attached:
		none := windowClock{} // bounds are readings already
		ends, err := none.times(&w.times, b, win.End)
		if err != nil {
			return err
		}
		starts, err := none.times(&w.starts, b, win.Start)
		if err != nil {
			return err
		}
		if err := w.assign(b, n, ends, starts); err != nil {
			return err
		}
	case win.Proctime:
		if err := w.add(w.find(w.clock.reading(w.ctx.Clock.Now().UnixMilli()), 0), b, b.Sel, n); err != nil {
			return err
		}
	default:
		times, err := w.clock.times(&w.times, b, win.Time)
		if err != nil {
			return err
		}
		if err := w.assign(b, n, times, nil); err != nil {
			return err
		}
	}
	if win.Proctime {
		w.wake()
	}
	w.count()
	return nil
}

// count tells how large the state is.
func (w *windowAggregate) count() {
	keys := w.aggs.groups - len(w.aggs.free)
	for _, s := range w.order {
		keys += s.keys.Spilled()
	}
	for _, s := range w.leaving { // they have fired
		keys -= s.keys.Len()
	}
	w.ctx.Metrics.StateKeys.Store(int64(keys))
	w.ctx.Metrics.StateBytes.Store(int64(w.used()))
	w.ctx.Metrics.Spilled.Store(w.account.Spilled())
}

// assign finds the slices of the rows and adds the rows to them. As a rule a batch has one, or a few one after the
// other; so the slice of the row before is tried first, and a batch within one slice isn't taken apart.
func (w *windowAggregate) assign(b *types.Batch, n int, times, starts []int64) error {
	find := func(i int32) *slice {
		if starts == nil {
			return w.find(times[i], 0)
		}
		return w.find(times[i], starts[i])
	}
	s := find(rowAt(b.Sel, 0))
	if within(times, b.Sel, s.from, s.width) == n && (starts == nil || within(starts, b.Sel, s.start, 1) == n) {
		return w.add(s, b, b.Sel, n)
	}
	for k := range n {
		i := rowAt(b.Sel, k)
		if uint64(times[i]-s.from) >= s.width || starts != nil && starts[i] != s.start {
			s = find(i)
		}
		if s == w.late || s == w.outside {
			w.one[0] = i
			if err := w.add(s, b, w.one[:], 1); err != nil {
				return err
			}
			continue
		}
		if len(s.rows) == 0 {
			w.touched = append(w.touched, s)
		}
		s.rows = append(s.rows, i)
	}
	for _, s := range w.touched {
		if err := w.add(s, b, s.rows, len(s.rows)); err != nil {
			return err
		}
		s.rows = s.rows[:0]
	}
	w.touched = w.touched[:0]
	return nil
}

// within counts the rows from the first on whose time lies in [from, from+width).
func within(times []int64, sel []int32, from int64, width uint64) int {
	if sel == nil {
		for i, t := range times {
			if uint64(t-from) >= width {
				return i
			}
		}
		return len(times)
	}
	for k, i := range sel {
		if uint64(times[i]-from) >= width {
			return k
		}
	}
	return len(sel)
}

// find returns the slice of a time, or of an attached window by its end, making it if need be. For times whose windows
// have all fired that is late, for times between windows outside, with the range for which this holds.
func (w *windowAggregate) find(t, start int64) *slice {
	end, last, base := t, t, false
	if !w.node.Window.Attached {
		start, end = w.spec.sliceOf(t)
		var first int64
		if first, last = w.spec.ends(start); first > last {
			w.outside.from, w.outside.width = start, uint64(end-start)
			return w.outside
		}
		if w.spec.kind == physical.Cumulate && w.clock.fires(end) <= w.progress {
			// A slice that has fired is part of the base, which reaches as far as windows have fired.
			for end < last && w.clock.fires(end+w.spec.slice) <= w.progress {
				end += w.spec.slice
			}
			start, base = w.spec.begin(end), true
		}
	}
	if s, ok := w.byBounds[w.at(start, end)]; ok {
		return s
	}
	if w.clock.fires(last) <= w.progress {
		w.late.bound(start, end, w.node.Window.Attached)
		return w.late
	}
	return w.open(start, end, base)
}

func (s *slice) bound(start, end int64, attached bool) {
	s.start, s.end, s.from, s.width = start, end, start, uint64(end-start)
	if attached {
		s.from, s.width = end, 1
	}
}

// open makes a slice.
func (w *windowAggregate) open(start, end int64, base bool) *slice {
	s := w.newSlice()
	s.base = base
	s.bound(start, end, w.node.Window.Attached)
	w.insert(s)
	return s
}

func (w *windowAggregate) insert(s *slice) {
	w.byBounds[w.at(s.start, s.end)] = s
	at, _ := slices.BinarySearchFunc(w.order, s, func(a, b *slice) int {
		return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.start, b.start))
	})
	w.order = slices.Insert(w.order, at, s)
}

func (w *windowAggregate) remove(s *slice) {
	delete(w.byBounds, w.at(s.start, s.end))
	at := slices.Index(w.order, s)
	w.order = slices.Delete(w.order, at, at+1)
}

// purge forgets a slice and its groups, at once or when they have been written to a checkpoint.
func (w *windowAggregate) purge(s *slice) error {
	w.remove(s)
	if s.keys.Sweeping() {
		w.leaving = append(w.leaving, s)
		return nil
	}
	return w.recycle(s)
}

// settle recycles slices that have been written.
func (w *windowAggregate) settle() error {
	for i := 0; i < len(w.leaving); i++ {
		if s := w.leaving[i]; !s.keys.Sweeping() {
			w.leaving = slices.Delete(w.leaving, i, i+1)
			i--
			if err := w.recycle(s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *windowAggregate) recycle(s *slice) error {
	if err := w.empty(s); err != nil {
		return err
	}
	if len(w.spare) < spareSlices {
		w.spare = append(w.spare, s)
		return nil
	}
	w.account.Forget(s.keys)
	return s.keys.Close()
}

func (w *windowAggregate) empty(s *slice) error {
	w.fired = w.fired[:0]
	for _, g := range s.groups {
		if g >= 0 {
			w.fired = append(w.fired, g)
		}
	}
	w.aggs.giveBack(w.fired)
	s.groups = s.groups[:0]
	return s.keys.Reset()
}

// add aggregates n rows of the batch, those that rows names, into a slice.
func (w *windowAggregate) add(s *slice, b *types.Batch, rows []int32, n int) error {
	switch s {
	case w.late:
		w.ctx.Metrics.Late.Add(int64(w.aggs.rowsOf(b, rows, n)))
		return nil
	case w.outside:
		return nil
	}
	groups, err := w.groups(s, w.keys, rows, n)
	if err != nil {
		return err
	}
	return w.aggs.accumulateBoth(b, groups, rows)
}

// groups returns the groups of keys in a slice; new keys get one.
func (w *windowAggregate) groups(s *slice, keys []*types.Vector, rows []int32, n int) ([]int32, error) {
	w.slots = resize(w.slots, n)
	slots, err := s.keys.Lookup(keys, rows, n, w.slots)
	if err != nil {
		return nil, err
	}
	for len(s.groups) < s.keys.Cap() {
		s.groups = append(s.groups, -1)
	}
	groups := s.groups
	for k, slot := range slots {
		g := groups[slot]
		if g < 0 {
			g = w.aggs.take()
			groups[slot] = g
		}
		slots[k] = g
	}
	return slots, nil
}

func (w *windowAggregate) OnWatermark(t int64, out Output) error {
	if w.node.Window.Proctime && t != math.MaxInt64 {
		return nil // the final watermark ends processing time, too: what is there is emitted
	}
	return w.advance(t, out)
}

func (w *windowAggregate) OnTime(now time.Time, out Output) error {
	if !w.node.Window.Proctime {
		return nil
	}
	err := w.advance(now.UnixMilli()-1, out)
	w.wake()
	return err
}

// wake asks for OnTime at the end of the next window.
func (w *windowAggregate) wake() {
	if end, ok := w.next(noWatermark); ok {
		w.ctx.WakeAt(time.UnixMilli(w.clock.fires(end) + 1))
	}
}

// advance fires the windows that end at or before a watermark.
func (w *windowAggregate) advance(t int64, out Output) error {
	if err := w.settle(); err != nil {
		return err
	}
	for after := int64(noWatermark); ; {
		end, ok := w.next(after)
		if !ok || w.clock.fires(end) > t {
			break
		}
		if err := w.fire(end, out); err != nil {
			return err
		}
		after = end
	}
	w.progress = max(w.progress, t)
	w.count()
	return flush(w.out, out)
}

// next returns the end of the first window with rows that has not fired, and ends later than after.
func (w *windowAggregate) next(after int64) (end int64, ok bool) {
	switch w.spec.kind {
	case physical.Hop:
		if w.node.Window.Attached {
			break
		}
		for _, s := range w.order {
			first, last := w.spec.ends(s.start)
			for first <= last && (first <= after || w.clock.fires(first) <= w.progress) {
				first += w.spec.slide
			}
			if first <= last {
				return first, true // no later slice has an earlier window
			}
		}
		return 0, false
	case physical.Cumulate:
		for _, s := range w.order {
			e := s.end
			if s.base {
				e += w.spec.slice
			}
			if !ok || e < end {
				end, ok = e, true
			}
		}
		return end, ok
	}
	if len(w.order) == 0 {
		return 0, false
	}
	return w.order[0].end, true
}

// fire emits the window that ends at end and purges the slices that no later window needs.
func (w *windowAggregate) fire(end int64, out Output) error {
	switch {
	case w.node.Window.Attached || w.spec.kind == physical.Tumble:
		s := w.order[0]
		if err := w.emit(s, s.start, end, out); err != nil {
			return err
		}
		return w.purge(s)
	case w.spec.kind == physical.Cumulate:
		return w.fireCumulate(end, out)
	}
	start := end - w.spec.size
	for _, s := range w.order {
		if s.start >= start && s.end <= end {
			if err := w.merge(w.union, s); err != nil {
				return err
			}
		}
	}
	if err := w.emit(w.union, start, end, out); err != nil {
		return err
	}
	if err := w.empty(w.union); err != nil {
		return err
	}
	for len(w.order) > 0 {
		if _, last := w.spec.ends(w.order[0].start); last > end {
			break
		}
		if err := w.purge(w.order[0]); err != nil {
			return err
		}
	}
	return nil
}

func (w *windowAggregate) fireCumulate(end int64, out Output) error {
	base, s := w.byBounds[w.at(0, end-w.spec.slice)], w.byBounds[w.at(0, end)]
	start := w.spec.begin(end)
	switch {
	case base == nil || !base.base || base.start != start:
		base = s
		w.remove(base)
	case s != nil:
		base.keys.TouchAll()
		if err := w.merge(base, s); err != nil {
			return err
		}
		if err := w.purge(s); err != nil {
			return err
		}
		w.remove(base)
	default:
		w.remove(base)
	}
	base.base = true
	base.bound(start, end, false)
	w.insert(base)
	if err := w.emit(base, start, end, out); err != nil {
		return err
	}
	if end == start+w.spec.size {
		return w.purge(base)
	}
	return nil
}

// merge adds the groups of src to those of dst.
func (w *windowAggregate) merge(dst, src *slice) error {
	src.keys.Pin(true)
	defer src.keys.Pin(false)
	return w.each(src, src.keys.Cap(), func(keys []*types.Vector, groups []int32) error {
		w.several = append(w.several[:0], groups...)
		to, err := w.groups(dst, keys, nil, len(groups))
		if err != nil {
			return err
		}
		for k, g := range w.several {
			w.aggs.merge(to[k], g)
		}
		return nil
	})
}

// each calls f for the keys of a slice and their groups, up to max at a time, leaving out groups that have lost all their
// rows: those in memory in the order of their slots, then those on disk.
func (w *windowAggregate) each(s *slice, max int, f func(keys []*types.Vector, groups []int32) error) error {
	w.fired = w.fired[:0]
	for slot, g := range s.groups {
		if g >= 0 && (w.aggs.counts == nil || w.aggs.counts[g] != 0) {
			w.fired = append(w.fired, int32(slot))
		}
	}
	var groups []int32
	for slots := w.fired; len(slots) > 0; {
		n := min(len(slots), max)
		for _, v := range w.moved {
			v.Reset()
		}
		s.keys.Append(slots[:n], w.moved)
		groups = groups[:0]
		for _, slot := range slots[:n] {
			groups = append(groups, s.groups[slot])
		}
		if err := f(w.moved, groups); err != nil {
			return err
		}
		slots = slots[n:]
	}
	return s.keys.EachSpilled(w.moved, max, func(keys []*types.Vector, values [][]byte) error {
		groups = groups[:0]
		for _, value := range values {
			g := w.aggs.take()
			if err := w.aggs.decode(g, value); err != nil {
				return err
			}
			groups = append(groups, g)
		}
		if w.aggs.counts != nil {
			// What is on disk may have lost all its rows, too. There is no way to leave keys out here but to copy.
			if err := w.eachLive(keys, groups, f); err != nil {
				return err
			}
		} else if err := f(keys, groups); err != nil {
			return err
		}
		w.aggs.giveBack(groups)
		return nil
	})
}

// eachLive calls f without the groups that have no rows.
func (w *windowAggregate) eachLive(keys []*types.Vector, groups []int32, f func(keys []*types.Vector, groups []int32) error) error {
	var live, rows []int32
	for k, g := range groups {
		if w.aggs.counts[g] != 0 {
			live, rows = append(live, g), append(rows, int32(k))
		}
	}
	if len(live) == 0 {
		return nil
	}
	left := newColumns(w.keyTypes)
	for i, v := range left {
		v.AppendSelected(keys[i], rows)
	}
	return f(left, live)
}

// emit appends a window's groups to the output.
func (w *windowAggregate) emit(s *slice, start, end int64, out Output) error {
	keys, calls := len(w.keyTypes), len(w.aggs.calls)
	return w.each(s, max(1, w.ctx.MaxRows), func(cols []*types.Vector, groups []int32) error {
		n := len(groups)
		if w.out.N > 0 && w.out.N+n > w.ctx.MaxRows {
			if err := flush(w.out, out); err != nil {
				return err
			}
		}
		for i, v := range cols {
			w.out.Cols[i].AppendRange(v, 0, n)
		}
		w.aggs.result(groups, w.out.Cols[keys:])
		for k, p := range w.node.Properties {
			w.clock.property(w.out.Cols[keys+calls+k], p, start, end, n)
		}
		w.out.N += n
		return nil
	})
}

// flush emits what has been collected, if anything.
func flush(b *types.Batch, out Output) error {
	if b.N == 0 {
		return nil
	}
	err := out.Emit(b)
	b.Reset()
	return err
}

// used estimates the memory in use.
func (w *windowAggregate) used() int {
	keys := 0
	for _, list := range [][]*slice{w.order, w.leaving} {
		for _, s := range list {
			keys += s.keys.Used() + 4*cap(s.groups)
		}
	}
	if w.aggs.groups == 0 {
		return keys
	}
	live := int64(w.aggs.groups - len(w.aggs.free))
	return keys + int(int64(w.aggs.bytes())*live/int64(w.aggs.groups))
}

func (w *windowAggregate) Finish(out Output) error { return flush(w.out, out) }

func (w *windowAggregate) Close() error {
	var errs []error
	for _, list := range [][]*slice{w.order, w.leaving, w.spare} {
		for _, s := range list {
			errs = append(errs, s.keys.Close())
		}
	}
	w.account.Close()
	return errors.Join(errs...)
}

// Snapshot writes an entry "group" per slice and key: the slice's start and end, 1 for a base, and the key; the value is
// the accumulators. An entry "watermark" per key group says how far windows have fired.
func (w *windowAggregate) Snapshot(out *state.Writer) error {
	putProgress(out, w.ctx, w.progress)
	w.recording = w.recording || out.Record
	var prefix [sliceHeader]byte
	for _, s := range w.order {
		binary.LittleEndian.PutUint64(prefix[:], uint64(s.start))
		binary.LittleEndian.PutUint64(prefix[8:], uint64(s.end))
		if prefix[16] = 0; s.base {
			prefix[16] = 1
		}
		s.keys.SetPrefix(prefix[:])
		if err := s.keys.Snapshot(out); err != nil {
			return err
		}
	}
	return nil
}

const sliceHeader = 17

// CanIncrement implements Incremental. The base of CUMULATE windows changes its name as it grows.
func (w *windowAggregate) CanIncrement() bool {
	if w.spec.kind == physical.Cumulate {
		return false
	}
	for _, s := range w.order {
		if !s.keys.CanIncrement() {
			return false
		}
	}
	return w.recording
}

// Complete implements Incremental.
func (w *windowAggregate) Complete() {
	for _, s := range w.order {
		s.keys.Complete()
	}
}

// fired reports whether all windows over a slice have fired by progress.
func (w *windowAggregate) hasFired(start, end, progress int64) bool {
	last := end
	if !w.node.Window.Attached {
		if w.spec.kind == physical.Cumulate {
			return false
		}
		_, last = w.spec.ends(start)
	}
	return w.clock.fires(last) <= progress
}

func (w *windowAggregate) restore(in *state.Reader) error {
	var err error
	var byGroup [state.KeyGroups]int64
	if w.progress, err = takeProgress(in, &byGroup); err != nil {
		return err
	}
	if err := in.EachGrouped("group", func(group uint16, key, value []byte) error {
		if len(key) < sliceHeader || group >= state.KeyGroups {
			return errState
		}
		start, end := int64(binary.LittleEndian.Uint64(key)), int64(binary.LittleEndian.Uint64(key[8:]))
		if w.hasFired(start, end, byGroup[group]) {
			return nil // an earlier part has it; an increment doesn't say that slices have gone
		}
		s, ok := w.byBounds[w.at(start, end)]
		if !ok {
			s = w.open(start, end, key[16] == 1)
		}
		return s.keys.Restore(w.moved, key[sliceHeader:], value)
	}); err != nil {
		return err
	}
	if w.node.Window.Proctime {
		w.wake()
	}
	return nil
}

// putProgress writes how far event time has come, once per key group, so that it is there whatever the parallelism
// the job is restored with.
func putProgress(out *state.Writer, ctx *Context, watermark int64) {
	for g := range uint16(state.KeyGroups) {
		if state.Subtask(g, ctx.Parallelism) == ctx.Subtask {
			out.Put(state.GroupHash(g), "watermark", nil, binary.LittleEndian.AppendUint64(nil, uint64(watermark)))
		}
	}
}

// takeProgress returns the least of what subtasks had reached, and, in byGroup unless that is nil, what those of the key
// groups had.
func takeProgress(in *state.Reader, byGroup *[state.KeyGroups]int64) (int64, error) {
	least, some := int64(math.MaxInt64), false
	if byGroup != nil {
		for g := range byGroup {
			byGroup[g] = noWatermark
		}
	}
	err := in.EachGrouped("watermark", func(group uint16, _, value []byte) error {
		if len(value) != 8 || group >= state.KeyGroups {
			return errState
		}
		w := int64(binary.LittleEndian.Uint64(value))
		least, some = min(least, w), true
		if byGroup != nil {
			byGroup[group] = w
		}
		return nil
	})
	if !some {
		least = noWatermark
	}
	return least, err
}
