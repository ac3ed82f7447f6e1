package runtime_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner"
	"github.com/weirsql/weir/planner/catalog"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/builtin"
)

// world is what jobs read and write in tests: it outlives them. Tables with 'connector' = 'world' name their side of it
// by 'is'.
type world struct {
	t       testing.TB
	mu      sync.Mutex
	sources map[string]*source
	sinks   map[string]*sink
	planner *planner.Planner
	log     buffer
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, sources: map[string]*source{}, sinks: map[string]*sink{}}
	formats, err := format.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	registry, err := connectors.NewRegistry(formats, &connectors.Spec{
		Name:    "world",
		Options: []option.Option{{Key: "is", Required: true}, {Key: "mode", Default: "I"}},
		NewSource: func(_ *connectors.Env, table *connectors.Table) (connectors.Source, error) {
			s := w.source(table.Options.String("is"))
			mode, _ := types.ParseChangelogMode(table.Options.String("mode"))
			return &opened{source: s, table: table, mode: mode}, nil
		},
		NewSink: func(_ *connectors.Env, table *connectors.Table) (connectors.Sink, error) {
			mode, _ := types.ParseChangelogMode(table.Options.String("mode"))
			return &sinkTable{sink: w.sink(table.Options.String("is")), mode: mode}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	functions := udf.NewRegistry()
	if err := builtin.Register(functions); err != nil {
		t.Fatal(err)
	}
	settings := planner.NewSettings()
	if err := settings.Set("table.local-time-zone", "UTC"); err != nil {
		t.Fatal(err)
	}
	w.planner = &planner.Planner{
		Catalog: catalog.New(), Functions: functions, Connectors: registry,
		Env: &connectors.Env{Log: slog.New(slog.NewTextHandler(&w.log, nil))}, Settings: settings,
	}
	return w
}

// buffer is a log that can be read while it is written.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (w *world) source(name string) *source {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sources[name] == nil {
		w.sources[name] = &source{bounded: true}
	}
	return w.sources[name]
}

func (w *world) sink(name string) *sink {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sinks[name] == nil {
		w.sinks[name] = &sink{commits: map[string]bool{}}
	}
	return w.sinks[name]
}

// plan runs the DDL of a script and plans its INSERTs, as one job, or its query.
func (w *world) plan(sql string) *physical.Plan {
	w.t.Helper()
	file, errs := parser.ParseFile("test.sql", sql)
	var inserts []*parser.Insert
	var plan *physical.Plan
	for _, s := range file.Stmts {
		if len(errs) > 0 {
			break
		}
		if ok, more := w.planner.Define(s); ok {
			errs = append(errs, more...)
			continue
		}
		switch s := s.(type) {
		case *parser.Query:
			plan, errs = w.planner.PlanQuery(s)
		case *parser.Insert:
			inserts = append(inserts, s)
		}
	}
	if len(errs) == 0 && inserts != nil {
		plan, errs = w.planner.PlanInserts(inserts)
	}
	for _, err := range errs {
		w.t.Fatal(err)
	}
	return plan
}

// start starts a job that is canceled at the end of the test.
func (w *world) start(plan *physical.Plan, cfg runtime.Config) *runtime.Job {
	w.t.Helper()
	if cfg.JobID == "" {
		cfg.JobID = "job"
	}
	if cfg.Env == nil {
		cfg.Env = w.planner.Env
	}
	j, err := runtime.Start(context.Background(), plan, cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		j.Cancel()
		<-j.Done()
	})
	return j
}

// source is a table that is read. A row is a list of values by physical column, behind its kind when that isn't +I. A
// row that is a string alone doesn't decode.
type source struct {
	mu      sync.Mutex
	splits  []string
	rows    map[string][][]any
	bounded bool
	every   time.Duration // of discovery
	limit   map[string]int
	read    int // rows that readers have given away
	wakes   []func()
	broken  error // of Poll, at the limit
	missing error // of Splits
	held    chan struct{}
}

// add appends rows to a split.
func (s *source) add(split string, rows ...[]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows == nil {
		s.rows = map[string][][]any{}
	}
	if !slices.Contains(s.splits, split) {
		s.splits = append(s.splits, split)
	}
	s.rows[split] = append(s.rows[split], rows...)
	s.wake()
}

// stopAt lets only so many rows of a split be read; negative: all.
func (s *source) stopAt(split string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit == nil {
		s.limit = map[string]int{}
	}
	s.limit[split] = n
	if n < 0 {
		delete(s.limit, split)
	}
	s.wake()
}

func (s *source) wake() {
	for _, f := range s.wakes {
		f()
	}
}

func (s *source) given() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read
}

type opened struct {
	*source
	table *connectors.Table
	mode  types.ChangelogMode
}

func (o *opened) Mode() types.ChangelogMode        { return o.mode }
func (o *opened) Bounded() bool                    { return o.bounded }
func (o *opened) DiscoveryInterval() time.Duration { return o.every }
func (o *opened) Describe() string                 { return "world" }
func (o *opened) Splits(context.Context) ([]connectors.Split, error) {
	if o.held != nil {
		<-o.held
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []connectors.Split
	for _, s := range o.splits {
		out = append(out, connectors.Split{ID: s})
	}
	return out, o.missing
}

func (o *opened) Open(_ context.Context, split connectors.Split, rc connectors.ReaderContext) (connectors.Reader, error) {
	r := &reader{opened: o, split: split.ID, rc: rc}
	if split.Position != nil {
		if err := json.Unmarshal(split.Position, &r.at); err != nil {
			return nil, err
		}
	}
	for _, c := range rc.Columns {
		r.columns = append(r.columns, slices.IndexFunc(o.table.Columns, func(d connectors.Column) bool { return d.Name == c.Name }))
	}
	o.mu.Lock()
	o.wakes = append(o.wakes, rc.Wake)
	o.mu.Unlock()
	return r, nil
}

type reader struct {
	*opened
	split   string
	rc      connectors.ReaderContext
	columns []int
	at      int
	closed  bool
}

func (r *reader) Poll(out *types.Batch, most int) (connectors.PollStatus, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rows := r.rows[r.split]
	end := len(rows)
	limit, limited := r.limit[r.split]
	if limited {
		end = min(end, limit)
	}
	for n := 0; n < most && r.at < end; n++ {
		row := rows[r.at]
		r.at++
		if len(row) == 1 {
			if s, ok := row[0].(string); ok {
				where := fmt.Sprintf("split %s, row %d", r.split, r.at)
				if err := r.rc.BadRecord([]byte(s), where, errors.New("not a row")); err != nil {
					return 0, err
				}
				continue
			}
		}
		kind := types.Insert
		if k, ok := row[0].(types.RowKind); ok {
			kind, row = k, row[1:]
		}
		for i, c := range r.columns {
			out.Cols[i].AppendValue(row[c])
		}
		out.AppendKind(kind)
		r.read++
	}
	switch {
	case r.at < end:
		return connectors.Ready, nil
	case r.broken != nil && out.N == 0:
		return 0, r.broken
	case r.broken != nil:
		return connectors.Ready, nil
	case r.at == len(rows) && r.bounded && !limited:
		return connectors.Ended, nil
	}
	return connectors.Idle, nil
}

func (r *reader) Position() []byte { return []byte(strconv.Itoa(r.at)) }

func (r *reader) Close() error {
	if r.closed {
		return errors.New("the reader has been closed before")
	}
	r.closed = true
	return nil
}

// sink is a table that is written: exactly once, as rows count when they are committed. With keep it stops taking rows
// once it has that many until let is called.
type sink struct {
	mu        sync.Mutex
	published []string
	commits   map[string]bool // the transactions that have been published
	seen      int             // rows written, whatever became of them
	keep      int             // Full at so many unflushed rows; 0: never
	open      bool            // let has been called
	slow      bool            // nothing is flushed or prepared until open
	waited    bool            // in Prepared, because it is slow
	wakes     []func()
	failing   error        // of NewWriter
	broken    error        // of Write
	panics    bool         // in Write
	live      map[int]bool // subtasks whose writer is open
}

func (s *sink) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.published)
}

func (s *sink) written() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

// waitedFor reports whether a checkpoint has had to wait for a slow sink.
func (s *sink) waitedFor() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waited
}

// let makes a slow sink take what it has and everything after.
func (s *sink) let() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = true
	for _, f := range s.wakes {
		f()
	}
}

type sinkTable struct {
	*sink
	mode types.ChangelogMode
}

func (s *sinkTable) Accepts() types.ChangelogMode { return s.mode }
func (s *sinkTable) Describe() string             { return "world" }
func (s *sinkTable) NewWriter(_ context.Context, wc connectors.WriterContext) (connectors.Writer, error) {
	if s.failing != nil {
		return nil, s.failing
	}
	w := &writer{sink: s.sink, subtask: wc.Subtask}
	s.mu.Lock()
	if s.live[wc.Subtask] {
		s.mu.Unlock()
		return nil, errors.New("an earlier writer of the subtask is still open")
	}
	if s.live == nil {
		s.live = map[int]bool{}
	}
	s.live[wc.Subtask] = true
	s.wakes = append(s.wakes, wc.Wake)
	s.mu.Unlock()
	for _, r := range wc.Restored { // what the checkpoint covers is published, once
		var all []transaction
		if err := json.Unmarshal(r, &all); err != nil {
			return nil, err
		}
		for _, tx := range all {
			w.publish(tx)
		}
	}
	return w, nil
}

type transaction struct {
	ID    string
	Lines []string
}

var transactions struct {
	sync.Mutex
	n int
}

type writer struct {
	*sink
	subtask  int
	lines    []string // behind the last barrier
	barriers []barrier
	pending  int // not flushed
}

type barrier struct {
	checkpoint int64
	id         string   // of the transaction
	lines      []string // since the barrier before
}

func (w *writer) Write(b *types.Batch) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.panics {
		panic("a bug")
	}
	if w.broken != nil {
		return w.broken
	}
	for k := range b.Rows() {
		i := k
		if b.Sel != nil {
			i = int(b.Sel[k])
		}
		line := b.Kind(i).String()
		for _, c := range b.Cols {
			line += " " + fmt.Sprint(c.Value(i))
		}
		w.lines = append(w.lines, line)
		w.pending++
		w.seen++
	}
	return nil
}

func (w *writer) Full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open {
		return false
	}
	return w.keep > 0 && w.pending >= w.keep
}

func (w *writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.slow || w.open {
		w.pending = 0
	}
	return nil
}

func (w *writer) Barrier(checkpoint int64) error {
	transactions.Lock()
	transactions.n++
	w.barriers = append(w.barriers, barrier{checkpoint, strconv.Itoa(transactions.n), w.lines})
	transactions.Unlock()
	w.lines = nil
	return nil
}

func (w *writer) Prepared(checkpoint int64) ([]byte, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.slow && !w.open {
		w.waited = true
		return nil, false, nil
	}
	state, err := json.Marshal(w.transactions(checkpoint))
	return state, true, err
}

// transactions are those of the barriers up to a checkpoint's.
func (w *writer) transactions(checkpoint int64) (all []transaction) {
	for _, b := range w.barriers {
		if b.checkpoint <= checkpoint {
			all = append(all, transaction{b.id, b.lines})
		}
	}
	return all
}

func (w *writer) Commit(checkpoint int64) error {
	for _, tx := range w.transactions(checkpoint) {
		w.publish(tx)
	}
	w.barriers = slices.DeleteFunc(w.barriers, func(b barrier) bool { return b.checkpoint <= checkpoint })
	return nil
}

func (w *writer) publish(tx transaction) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.commits[tx.ID] {
		return
	}
	w.commits[tx.ID] = true
	w.published = append(w.published, tx.Lines...)
}

func (w *writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.live, w.subtask)
	return nil
}

// fold applies a changelog and returns the rows left, sorted.
func fold(lines []string) []string {
	count := map[string]int{}
	for _, l := range lines {
		switch l[:2] {
		case "+I", "+U":
			count[l[3:]]++
		default:
			count[l[3:]]--
		}
	}
	var rows []string
	for r, n := range count {
		for range n {
			rows = append(rows, r)
		}
		if n < 0 {
			rows = append(rows, "too few of "+r)
		}
	}
	slices.Sort(rows)
	return rows
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got %d rows\n\t%s\nwant %d\n\t%s", what, len(got), strings.Join(got, "\n\t"), len(want), strings.Join(want, "\n\t"))
	}
}
