package task

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/runtime/exchange"
	"github.com/weirsql/weir/runtime/expr"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// scan reads the splits of a table that fall to one subtask, a batch at a time: reader → computed columns → watermark →
// chain.
//
// Splits that come to an end are read by event time: the one with the lowest watermark is next, among equals the one that
// was assigned first. So the ranges of a large file, and files of consecutive hours, are read one after the other, and a
// window is open while its time is read, not from the first split to the last. Splits without end are read in turn, so
// that one which has much to catch up with doesn't keep the others waiting.
//
// The watermark of a split is the largest value of the watermark expression over its rows; that of the scan is the
// smallest over its splits, those that have been without rows for the idle timeout excepted. A split that is assigned
// but not opened yet holds the watermark back, so that the order in which the files of a bounded table are read doesn't
// decide what is late. The scan never lowers its watermark for splits that are discovered later.
type scan struct {
	v          *vertex
	node       *physical.Scan
	enumerator *Enumerator
	raw        *types.Batch // what readers fill
	out        types.Batch
	project    *expr.Program // or nil
	expression *expr.Program // of the watermark, or nil
	perMilli   int64         // units of the expression in a millisecond
	bounded    bool          // splits come to an end
	one        [1]int32      // the selection of a single row
	dead       *deadLetter   // or nil

	splits    []*split
	ended     []string
	turn      int
	assigned  bool // the first splits have been assigned
	more      bool // there may be further splits
	watermark int64
	resend    bool // the restored watermark has to be sent before any row
	idle      bool // the chain has been told that it is
}

func newScan(v *vertex, node *physical.Scan, e *Enumerator) (*scan, error) {
	fields := make([]types.Field, len(node.Columns))
	for i, c := range node.Columns {
		fields[i] = types.Field{Name: c.Name, Type: c.Type}
	}
	s := &scan{v: v, node: node, enumerator: e, raw: types.NewBatch(types.NewSchema(fields...)), more: true, watermark: math.MinInt64}
	s.out.Schema, s.bounded = node.Schema, node.Source.Bounded()
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
	}
	return s, nil
}

func (s *scan) open(ctx context.Context) error {
	defer func() { s.v.restore = nil }()
	for i, p := range s.programs() {
		p.Open(&s.v.udf)
		for _, e := range s.v.restore {
			if e.Name != "function"+strconv.Itoa(i) {
				continue
			}
			k, err := strconv.Atoi(string(e.Key))
			if err != nil {
				return err
			}
			if err := p.Restore(k, e.Value); err != nil {
				return err
			}
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
	s.splits = append(s.splits, splits...)
	s.more = more
}

// opened hands over the reader of a split.
func (s *scan) opened(sp *split, r connectors.Reader) error {
	if s.v.task.ended {
		return r.Close()
	}
	sp.reader = r
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
	if len(s.splits) == 0 && !s.more {
		return true, s.v.task.end(exchange.Natural)
	}
	if sp := s.next(); sp != nil {
		return true, s.read(sp, now)
	}
	return s.checkIdle(now)
}

// next returns the split to read next, which is that of s.turn, or nil when none has anything.
func (s *scan) next() *split {
	var best *split
	for k := range s.splits {
		i := (s.turn + k) % len(s.splits)
		if s.bounded {
			i = k
		}
		sp := s.splits[i]
		if sp.reader == nil || sp.idle && !sp.woken.Load() || best != nil && sp.watermark >= best.watermark {
			continue
		}
		best, s.turn = sp, i
		if !s.bounded {
			break
		}
	}
	return best
}

// read polls one split and passes on what there is.
func (s *scan) read(sp *split, now time.Time) error {
	sp.woken.Store(false)
	s.raw.Reset()
	status, err := sp.reader.Poll(s.raw, s.v.task.env.MaxRows)
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
		sp.quiet, sp.excluded = time.Time{}, false
		if s.idle {
			s.idle = false
			s.v.task.tell(exchange.Active, 0)
		}
		if err := s.emit(sp); err != nil {
			return err
		}
		if sp.idle {
			sp.quiet = now
		}
	case sp.idle && sp.quiet.IsZero():
		sp.quiet = now
	}
	if status != connectors.Ended {
		s.turn++ // the next one's turn
		return nil
	}
	return s.end(sp)
}

// end forgets a split that has been read.
func (s *scan) end(sp *split) error {
	s.splits = append(s.splits[:s.turn], s.splits[s.turn+1:]...)
	s.ended = append(s.ended, sp.id)
	err := sp.reader.Close()
	s.enumerator.closed(s.v.task.subtask)
	if err != nil {
		return fmt.Errorf("read table %s: %w", s.node.Table.Path, err)
	}
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
	if !s.node.Watermark.OnEvent {
		if err := s.v.Emit(&s.out); err != nil {
			return err
		}
		if w, ok := largest(v, s.out.N); ok {
			sp.watermark = max(sp.watermark, floorDiv(w, s.perMilli))
		}
		return s.advance()
	}
	for i := range s.out.N {
		s.one[0] = int32(i)
		s.out.Sel = s.one[:]
		if err := s.v.Emit(&s.out); err != nil {
			return err
		}
		if v.IsNull(i) {
			continue
		}
		sp.watermark = max(sp.watermark, floorDiv(v.I64[i], s.perMilli))
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

// advance sends the watermark if it has risen.
func (s *scan) advance() error {
	if s.expression == nil {
		return nil
	}
	low, any := int64(math.MaxInt64), false
	for _, sp := range s.splits {
		if !sp.excluded {
			low, any = min(low, sp.watermark), true
		}
	}
	if !any || low <= s.watermark {
		return nil
	}
	s.watermark = low
	return s.v.watermark(low)
}

// checkIdle excludes splits that have been quiet for long, and tells the chain when none is left that isn't.
func (s *scan) checkIdle(now time.Time) (progress bool, err error) {
	if s.expression == nil {
		return false, nil
	}
	timeout, active := s.node.Watermark.IdleTimeout, 0
	for _, sp := range s.splits {
		if timeout > 0 && !sp.excluded && !sp.quiet.IsZero() && now.Sub(sp.quiet) >= timeout {
			sp.excluded, progress = true, true
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
	if active == 0 && !s.idle {
		s.idle, progress = true, true
		s.v.task.tell(exchange.Idle, 0)
	}
	return progress, nil
}

func (s *scan) deadline() (at time.Time) {
	if s.expression == nil || s.node.Watermark.IdleTimeout <= 0 {
		return at
	}
	for _, sp := range s.splits {
		if sp.excluded || sp.quiet.IsZero() {
			continue
		}
		if d := sp.quiet.Add(s.node.Watermark.IdleTimeout); at.IsZero() || d.Before(at) {
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
	return fmt.Errorf("%s: the record doesn't decode: %w; to go on without such records, name a table to take them in the option 'dead-letter'", where, err)
}

func (s *scan) snapshot(w *state.Writer) error {
	for i, p := range s.programs() {
		for k := range p.Stateful() {
			value, err := p.Snapshot(k)
			if err != nil {
				return err
			}
			w.PutOperator("function"+strconv.Itoa(i), strconv.AppendInt(nil, int64(k), 10), value)
		}
	}
	for _, sp := range s.splits {
		putSplit(w, sp)
	}
	for _, id := range s.ended {
		putEnded(w, id)
	}
	putWatermark(w, s.watermark)
	return nil
}

func (s *scan) close() error {
	var errs []error
	for _, sp := range s.splits {
		if sp.reader != nil {
			errs = append(errs, sp.reader.Close())
		}
	}
	return errors.Join(errs...)
}
