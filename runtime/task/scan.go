package task

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/runtime/exchange"
	"github.com/weirsql/weir/runtime/expr"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// scan reads the splits of a table that fall to one subtask, a batch at a time: reader → computed columns → watermark →
// chain.
//
// The watermark of a split is the largest value of the watermark expression over its rows; that of the scan is the
// smallest over its splits, those that have been without rows for the idle timeout excepted. A split that is assigned
// but not open holds the watermark back, too, so that the order in which files are read doesn't decide what is late. The
// scan never lowers its watermark for splits that are discovered later; where there may be any, it doesn't run ahead of the
// other subtasks (scan_front.go).
//
// Which split is read next, and which are open, is in split_open.go.
type scan struct {
	v          *vertex
	node       *physical.Scan
	enumerator *Enumerator
	raw        *types.Batch // what readers fill
	out        types.Batch
	project    *expr.Program // or nil
	expression *expr.Program // of the watermark, or nil
	perMilli   int64         // units of the expression in a millisecond
	ends       bool          // splits come to an end
	maxOpen    int           // splits that may be open at a time; 0: all
	gap        int64         // rows of a split from one watermark to the next, with on-event; else 0
	aligned    *aligned      // or nil
	one        []int32       // the selection of a few rows
	dead       *deadLetter   // or nil

	reading   []*split // with a reader, or about to get one
	parked    parked   // the other ones
	shown     shownSplits
	ended     []string
	polls     int
	turn      int
	most      int   // rows to ask for: fewer when they are wide
	held      bool  // a split has something but is too far ahead of its alignment group
	assigned  bool  // the first splits have been assigned
	more      bool  // there may be further splits
	watermark int64 // that has been sent
	reached   int64 // the highest that could have been, if it weren't for other subtasks
	resend    bool  // the restored watermark has to be sent before any row
	idle      bool  // the chain has been told that it is
	orders    int   // splits that have been assigned
}

// pollBytes is how large the rows of one Poll should be at most.
const pollBytes = 1 << 20

func newScan(v *vertex, node *physical.Scan, e *Enumerator) (*scan, error) {
	fields := make([]types.Field, len(node.Columns))
	for i, c := range node.Columns {
		fields[i] = types.Field{Name: c.Name, Type: c.Type}
	}
	s := &scan{v: v, node: node, enumerator: e, raw: types.NewBatch(types.NewSchema(fields...)), more: true,
		watermark: math.MinInt64, reached: math.MinInt64, most: v.task.env.MaxRows, ends: node.Source.Bounded()}
	s.out.Schema = node.Schema
	if l, ok := node.Source.(connectors.Limited); ok {
		s.ends, s.maxOpen = true, l.MaxOpen()
	}
	var err error
	if node.Project != nil {
		if s.project, err = expr.Compile(node.Project); err != nil {
			return nil, err
		}
	}
	if node.Watermark != nil {
		if s.expression, err = expr.Compile([]rex.Expr{node.Watermark.Expr}); err != nil {
			return nil, err
		}
		s.perMilli = node.Watermark.Expr.Type().TicksPerSecond() / 1000
		if node.Watermark.OnEvent {
			s.gap = max(node.Watermark.Gap, 1)
		}
		if a := node.Watermark.Alignment; a != nil {
			s.aligned = v.task.env.alignments.join(a.Group, a.MaxDrift, v.task.Wake)
		}
	}
	return s, nil
}

func (s *scan) open(ctx context.Context) error {
	defer func() { s.v.restore = nil }()
	for i, p := range s.programs() {
		p.Open(&s.v.udf)
		err := s.v.restore.Each("function"+strconv.Itoa(i), func(key, value []byte) error {
			k, err := strconv.Atoi(string(key))
			if err != nil {
				return err
			}
			return p.Restore(k, value)
		})
		if err != nil {
			return err
		}
	}
	if s.node.DeadLetter == nil {
		return nil
	}
	var err error
	s.dead, err = openDeadLetter(ctx, s.v, s.node.DeadLetter)
	return err
}

func (s *scan) programs() []*expr.Program {
	var ps []*expr.Program
	for _, p := range []*expr.Program{s.project, s.expression} {
		if p != nil {
			ps = append(ps, p)
		}
	}
	return ps
}

// assign adds splits. The first call, which may bring none, comes before any reading; more says whether another may
// follow.
func (s *scan) assign(splits []*split, watermark int64, more bool) {
	if !s.assigned {
		s.assigned = true
		s.watermark, s.resend = watermark, watermark != math.MinInt64
	}
	for _, sp := range splits {
		sp.order = s.orders
		s.orders++
		sp.figures.watermark.Store(sp.watermark)
		heap.Push(&s.parked, sp)
	}
	s.more = more
	s.unpark()
	s.align()
}

// opened takes over the reader of a split.
func (s *scan) opened(sp *split, r connectors.Reader) error {
	if s.v.task.ended {
		return r.Close()
	}
	sp.take(r)
	s.shown.add(sp)
	return nil
}

func (s *scan) poll(now time.Time) (bool, error) {
	if !s.assigned {
		return false, nil
	}
	if s.resend {
		s.resend = false
		return true, s.v.watermark(s.watermark)
	}
	if len(s.reading) == 0 && len(s.parked) == 0 && !s.more {
		return true, s.v.task.end(exchange.Natural)
	}
	sp, parked, err := s.next()
	if s.aligned != nil {
		// Once it counts as waiting it looks again: those that it waits for may have gone on in between.
		wait := sp == nil && s.held
		if s.aligned.paused.Swap(wait) != wait && wait {
			return true, err
		}
	}
	if parked || err != nil {
		return parked, err
	}
	if sp != nil {
		return true, s.read(sp, now)
	}
	if s.enumerator.front != nil { // others may have come further
		was := s.watermark
		if err := s.advance(); err != nil || s.watermark > was {
			return true, err
		}
	}
	return s.checkIdle(now)
}

// read polls one split and passes on what there is.
func (s *scan) read(sp *split, now time.Time) error {
	s.polls++
	sp.woken.Store(false)
	s.raw.Reset()
	most := s.most
	if sp.sounding && sp.batches == 0 && len(s.parked) > 0 {
		most = 1
	}
	status, err := sp.reader.Poll(s.raw, most)
	s.v.metrics.BytesIn.Add(sp.figures.read(s.raw.N))
	if err != nil {
		return fmt.Errorf("read table %s: %w", s.node.Table.Path, err)
	}
	if s.dead != nil {
		if err := s.dead.flush(); err != nil {
			return err
		}
	}
	sp.idle = status == connectors.Idle
	switch {
	case s.raw.N > 0:
		sp.batches++
		s.most = rowsIn(pollBytes, s.raw.Bytes(), s.raw.N, s.v.task.env.MaxRows)
		sp.quiet = time.Time{}
		s.exclude(sp, false)
		if s.idle {
			s.idle = false
			if err := s.v.task.tell(exchange.Active, 0); err != nil {
				return err
			}
		}
		if err := s.emit(sp); err != nil {
			return s.locate(sp, err)
		}
		if sp.idle {
			sp.quiet = now
		}
	case sp.idle && sp.quiet.IsZero():
		sp.quiet = now
	}
	if status == connectors.Ended {
		return s.end(sp)
	}
	return nil
}

// rowsIn is how many rows are about as large as want, if n of them have so many bytes.
func rowsIn(want, bytes, n, most int) int {
	if bytes <= want && n <= most {
		return most
	}
	return min(max(want*n/bytes, 1), most)
}

// end forgets a split that has been read.
func (s *scan) end(sp *split) error {
	i := slices.Index(s.reading, sp)
	s.reading = append(s.reading[:i], s.reading[i+1:]...)
	s.ended = append(s.ended, sp.id)
	err := sp.reader.Close()
	sp.take(nil)
	s.shown.end(sp)
	s.enumerator.closed(s.v.task.subtask, sp.id)
	if err != nil {
		return fmt.Errorf("read table %s: %w", s.node.Table.Path, err)
	}
	s.unpark()
	return s.advance()
}

// checkRowtime refuses a row without event time, as Flink does: it belongs to no window and no order. A deletion may carry
// its key only.
func (s *scan) checkRowtime() error {
	column := s.node.Watermark.Column
	v := s.out.Cols[column]
	if len(v.Valid) == 0 {
		return nil
	}
	for i := range s.out.N {
		if v.IsNull(i) && !s.out.Kind(i).Retracts() {
			return fmt.Errorf("table %s: the rowtime column %q is NULL in a record; give it a value in a computed column, such as COALESCE(…)",
				s.node.Table.Path, s.node.Schema.Fields[column].Name)
		}
	}
	return nil
}

// emit passes the rows of s.raw on, and the watermark.
func (s *scan) emit(sp *split) error {
	s.v.metrics.RecordsIn.Add(int64(s.raw.N))
	s.out.Cols, s.out.Kinds, s.out.N, s.out.Sel = s.raw.Cols, s.raw.Kinds, s.raw.N, nil
	if s.project != nil {
		cols, err := s.project.Eval(s.raw)
		if err != nil {
			return err
		}
		s.out.Cols = cols
	}
	if s.expression == nil {
		return s.v.Emit(&s.out)
	}
	if err := s.checkRowtime(); err != nil {
		return err
	}
	values, err := s.expression.Eval(&s.out)
	if err != nil {
		return err
	}
	v := values[0]
	if s.gap == 0 {
		if err := s.v.Emit(&s.out); err != nil {
			return err
		}
		if w, ok := largest(v, s.out.N); ok {
			sp.raise(floorDiv(w, s.perMilli))
		}
		return s.advance()
	}
	return s.emitByEvent(sp, v)
}

// locate adds to a failure where the record stands that it came of, if it came of one of s.raw.
func (s *scan) locate(sp *split, err error) error {
	row := -1
	var e *Error
	var own *udf.RowError
	if errors.As(err, &e) {
		row = e.row
	} else if errors.As(err, &own) {
		row = own.Row
		err = s.v.fail(err)
		e = err.(*Error)
	}
	l, ok := sp.reader.(connectors.Locator)
	if ok && row >= 0 && row < s.raw.N {
		e.Record = l.Locate(row)
	}
	return err
}

// emitByEvent passes the rows of s.out on and looks at the watermark after every gap-th row of the split.
func (s *scan) emitByEvent(sp *split, v *types.Vector) error {
	if sp.events == 0 {
		sp.high = sp.watermark
	}
	for i := 0; i < s.out.N; {
		s.one = s.one[:0]
		for ; i < s.out.N && sp.events < s.gap; i++ {
			s.one = append(s.one, int32(i))
			sp.events++
			if !v.IsNull(i) {
				sp.high = max(sp.high, floorDiv(v.I64[i], s.perMilli))
			}
		}
		s.out.Sel = s.one
		if err := s.v.Emit(&s.out); err != nil {
			return err
		}
		if sp.events < s.gap {
			break
		}
		sp.events = 0
		sp.raise(sp.high)
		if err := s.advance(); err != nil {
			return err
		}
	}
	return nil
}

// largest is the largest value of a column that is not NULL.
func largest(v *types.Vector, n int) (high int64, ok bool) {
	if v.Valid.AllValid(n) {
		if n == 0 || len(v.I64) < n { // an untyped NULL
			return 0, false
		}
		high = v.I64[0]
		for _, x := range v.I64[1:n] {
			high = max(high, x)
		}
		return high, true
	}
	for i := range n {
		if !v.IsNull(i) && (!ok || v.I64[i] > high) {
			high, ok = v.I64[i], true
		}
	}
	return high, ok
}

// floorDiv rounds down, also for times before 1970.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// raise raises the watermark of a split.
func (sp *split) raise(w int64) {
	sp.watermark = max(sp.watermark, w)
	sp.figures.watermark.Store(sp.watermark)
}

// low is the lowest watermark of the splits, idle ones aside; false when there is none.
func (s *scan) low() (low int64, any bool) {
	low = math.MaxInt64
	for _, sp := range s.reading {
		if !sp.excluded {
			low, any = min(low, sp.watermark), true
		}
	}
	if len(s.parked) > 0 {
		low, any = min(low, s.parked[0].watermark), true
	}
	return low, any
}

// align tells the alignment group and the other subtasks where the scan is, and returns the watermark that it may send. One
// without splits holds nobody back, and gets as far as the others.
func (s *scan) align() (watermark int64) {
	low, any := s.low()
	if s.aligned != nil {
		s.aligned.set(low)
	}
	if any {
		s.reached = max(s.reached, low)
	}
	f := s.enumerator.front
	if f == nil {
		return s.reached
	}
	least := f.set(s.v.task.subtask, low, s.v.task.Wake)
	if !any && least != math.MaxInt64 {
		s.reached = max(s.reached, least) // it goes along with the others
	}
	return min(s.reached, least)
}

// advance sends the watermark if it has risen.
func (s *scan) advance() error {
	if s.expression == nil {
		return nil
	}
	w := s.align()
	if w <= s.watermark {
		return nil
	}
	s.watermark = w
	return s.v.watermark(w)
}

// exclude takes a split out of the minimum, or back in.
func (s *scan) exclude(sp *split, excluded bool) {
	if sp.excluded != excluded {
		sp.excluded = excluded
		sp.figures.idle.Store(excluded)
	}
}

// quietSince is since when a split has had no rows for all that is known; zero when it has some. A split that is held
// back is not idle: its time is not its own.
func (sp *split) quietSince() (at time.Time) {
	if sp.excluded || sp.woken.Load() {
		return at
	}
	return sp.quiet
}

// checkIdle excludes splits that have been quiet for long, and tells the chain when none is left that isn't, here or, where
// further splits may be found, anywhere (scan_front.go). The largest watermark counts then, as in exchange's valve: had one
// split fallen silent after the other, it would have, too.
func (s *scan) checkIdle(now time.Time) (progress bool, err error) {
	if s.expression == nil {
		return false, nil
	}
	timeout, active, high := s.node.Watermark.IdleTimeout, len(s.parked), max(s.watermark, s.reached)
	for _, sp := range s.reading {
		high = max(high, sp.watermark)
		if now.Before(sp.quiet) { // the clock has been set back
			sp.quiet = now
		}
		if quiet := sp.quietSince(); timeout > 0 && !quiet.IsZero() && now.Sub(quiet) >= timeout {
			s.exclude(sp, true)
			progress = true
		}
		if !sp.excluded {
			active++
		}
	}
	if progress {
		if err := s.advance(); err != nil {
			return true, err
		}
	}
	waited := active > 0 // for, by what is behind
	if f := s.enumerator.front; f != nil && !waited {
		most, all := f.idle(s.v.task.subtask, high, s.v.task.Wake)
		high, waited = most, !all
	}
	switch {
	case waited && s.idle:
		s.idle = false
		return true, s.v.task.tell(exchange.Active, 0)
	case waited || s.idle:
		return progress, nil
	}
	if s.idle = true; high > s.watermark {
		s.watermark = high
		if err := s.v.watermark(high); err != nil {
			return true, err
		}
	}
	return true, s.v.task.tell(exchange.Idle, 0)
}

func (s *scan) deadline() (at time.Time) {
	if s.expression == nil || s.node.Watermark.IdleTimeout <= 0 {
		return at
	}
	for _, sp := range s.reading {
		quiet := sp.quietSince()
		if quiet.IsZero() {
			continue
		}
		if d := quiet.Add(s.node.Watermark.IdleTimeout); at.IsZero() || d.Before(at) {
			at = d
		}
	}
	return at
}

// badRecord is connectors.ReaderContext.BadRecord.
func (s *scan) badRecord(raw []byte, where string, err error) error {
	s.v.metrics.Failed.Add(1)
	if s.dead != nil {
		s.dead.add(raw, where, err)
		return nil
	}
	skip := ""
	if f := s.node.Table.Format; f != nil && slices.ContainsFunc(f.Options, func(o option.Option) bool { return o.Key == f.Name+".ignore-parse-errors" }) {
		skip = fmt.Sprintf(", or skip them with '%s.ignore-parse-errors' = 'true'", f.Name)
	}
	return fmt.Errorf("%s: the record doesn't decode: %w; to go on without such records, name a table to take them in the option 'dead-letter'%s",
		where, err, skip)
}

func (s *scan) snapshot(w *state.Writer) error {
	for i, p := range s.programs() {
		for k := range p.Stateful() {
			w.PutOperator("function"+strconv.Itoa(i), strconv.AppendInt(nil, int64(k), 10), p.Snapshot(k))
		}
	}
	for _, splits := range [][]*split{s.reading, s.parked} {
		for _, sp := range splits {
			putSplit(w, sp)
		}
	}
	for _, id := range s.ended {
		putEnded(w, id)
	}
	putWatermark(w, s.watermark)
	return nil
}

func (s *scan) close() error {
	var errs []error
	if s.aligned != nil {
		s.aligned.leave()
	}
	for _, sp := range s.reading {
		if sp.reader != nil {
			errs = append(errs, sp.reader.Close())
		}
	}
	return errors.Join(errs...)
}
