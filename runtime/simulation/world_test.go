package simulation

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner"
	"github.com/weirsql/weir/planner/catalog"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/checkpoint/faultfs"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/builtin"
)

// world is what outlives the processes of a simulation: streams and files that are read, what is written, the disk.
// Only participants of the simulation touch it, one at a time.
type world struct {
	clock  *clock.Simulated
	random *rand.Rand // of faults
	faults faults
	counts map[string]int
	tables map[string]*table
	sinks  map[string]*sink
	disk   *faultfs.Mem
	scans  []*source // of the plan that runs now
	calls  int       // of the process that runs now
	crash  int       // the call at which it dies; 0: at none
	log    io.Writer
	broken error // what must never happen has happened
}

// faults are the chances of what may go wrong, per occasion. Each simulation draws its own: many kinds are absent from
// most, so that those present can do their work undisturbed.
type faults struct {
	throttle, reset, wakeTwice, wakeLost, shortPoll float64 // of fetching
	pollFails, openFails, listFails                 float64 // the job fails
	slowSink                                        float64
	writeFails, commitFails                         float64 // the job fails
	ackLost, partial                                float64 // of requests to a sink
}

// errInjected is the cause of every failure that the simulation brings about.
var errInjected = errors.New("injected by the simulation")

func drawFaults(r *rand.Rand) faults {
	draw := func(most float64) float64 {
		if r.IntN(2) == 0 {
			return 0
		}
		return most * r.Float64() * r.Float64()
	}
	return faults{
		throttle: draw(0.5), reset: draw(0.3), wakeTwice: draw(1), wakeLost: draw(0.5), shortPoll: draw(1),
		pollFails: draw(0.02), openFails: draw(0.1), listFails: draw(0.2),
		slowSink: draw(1), writeFails: draw(0.02), commitFails: draw(0.1),
		ackLost: draw(0.5), partial: draw(0.7),
	}
}

// calm turns failures off, so that a run can come to its end.
func (f *faults) calm() {
	f.pollFails, f.openFails, f.listFails, f.writeFails, f.commitFails = 0, 0, 0, 0, 0
	f.ackLost, f.throttle, f.reset = min(f.ackLost, 0.3), min(f.throttle, 0.3), min(f.reset, 0.3)
}

// happens decides whether something goes wrong, and counts it.
func (w *world) happens(what string, chance float64) bool {
	if chance == 0 || w.random.Float64() >= chance {
		return false
	}
	w.counts[what]++
	return true
}

// note writes into the trace.
func (w *world) note(f string, args ...any) {
	s := fmt.Sprintf(f, args...)
	w.clock.Note(s)
	if w.log != nil {
		fmt.Fprintf(w.log, "%12.6f %s\n", w.clock.Now().Sub(start).Seconds(), s)
	}
}

// enter is called first in whatever a process does to the world: the dead do nothing, and the process may die here.
func (w *world) enter(p *clock.Process) {
	if p.Dead() {
		runtime.Goexit()
	}
	w.calls++
	if w.calls == w.crash {
		w.counts["process killed at a call"]++
		w.note("killed at call %d", w.calls)
		p.Kill()
	}
}

// delay parks the caller for up to d.
func (w *world) delay(p *clock.Process, d time.Duration) {
	waiter, until := p.NewWaiter(), p.Now().Add(time.Duration(w.random.Int64N(int64(d))))
	for p.Now().Before(until) {
		waiter.Wait(background, until)
	}
}

// violated notes that a promise of the runtime to its connectors was broken.
func (w *world) violated(f string, args ...any) {
	w.note(f, args...)
	if w.broken == nil {
		w.broken = fmt.Errorf(f, args...)
	}
}

// The registries are the same for all simulations.
var (
	functions = udf.NewRegistry()
	formats   *format.Registry
)

func init() {
	if err := builtin.Register(functions); err != nil {
		panic(err)
	}
	var err error
	if formats, err = format.NewRegistry(); err != nil {
		panic(err)
	}
}

// plan parses and plans a script in a process, as a start of weir does.
func (w *world) plan(p *clock.Process, sql string, log *slog.Logger) (*physical.Plan, *connectors.Env, error) {
	registry, err := connectors.NewRegistry(formats, &connectors.Spec{
		Name:    "simulated",
		Options: []option.Option{{Key: "is", Required: true}, {Key: "mode", Default: "I"}},
		NewSource: func(_ *connectors.Env, t *connectors.Table) (connectors.Source, error) {
			mode, _ := types.ParseChangelogMode(t.Options.String("mode"))
			return &source{
				world: w, process: p, table: w.tables[t.Options.String("is")], columns: t.Columns, mode: mode,
				readers: map[string]*reader{}, ended: map[string]bool{},
			}, nil
		},
		NewSink: func(_ *connectors.Env, t *connectors.Table) (connectors.Sink, error) {
			mode, _ := types.ParseChangelogMode(t.Options.String("mode"))
			return &sinkTable{sink: w.sinks[t.Options.String("is")], process: p, mode: mode}, nil
		},
	})
	if err != nil {
		return nil, nil, err
	}
	settings := planner.NewSettings()
	if err := settings.Set("table.local-time-zone", "UTC"); err != nil {
		return nil, nil, err
	}
	env := &connectors.Env{Clock: p, Log: log}
	pl := &planner.Planner{Catalog: catalog.New(), Functions: functions, Connectors: registry, Env: env, Settings: settings}
	file, errs := parser.ParseFile("simulation.sql", sql)
	var inserts []*parser.Insert
	for _, s := range file.Stmts {
		if insert, ok := s.(*parser.Insert); ok {
			inserts = append(inserts, insert)
		} else if ok, more := pl.Define(s); ok {
			errs = append(errs, more...)
		}
	}
	if len(errs) > 0 {
		return nil, nil, errs
	}
	plan, errs := pl.PlanInserts(inserts)
	if len(errs) > 0 {
		return nil, nil, errs
	}
	w.scans = nil
	for _, n := range plan.Nodes {
		if scan, ok := n.(*physical.Scan); ok {
			w.scans = append(w.scans, scan.Source.(*source))
		}
	}
	return plan, env, nil
}

// fold applies a changelog and returns the rows that are left, as a multiset.
func fold(log []change) map[string]int {
	left := map[string]int{}
	for _, c := range log {
		if c.kind.Retracts() {
			left[c.row.String()]--
		} else {
			left[c.row.String()]++
		}
	}
	return left
}

// latest applies a changelog by key and returns the rows that are left.
func latest(log []change, key []int) map[string]int {
	last := map[string]string{}
	for _, c := range log {
		k := pick(c.row, key).String()
		if c.kind == types.Delete {
			delete(last, k)
		} else {
			last[k] = c.row.String()
		}
	}
	left := map[string]int{}
	for _, r := range last {
		left[r]++
	}
	return left
}

func multiset(rows []row) map[string]int {
	m := map[string]int{}
	for _, r := range rows {
		m[r.String()]++
	}
	return m
}

// check compares what an output has written with what it should have.
func (w *world) check(o *output) error {
	s := w.sinks[o.name]
	if o.bounds != nil {
		var got []row
		for _, c := range s.published {
			got = append(got, c.row)
		}
		var tables []*table
		for _, t := range w.tables {
			tables = append(tables, t)
		}
		return o.bounds(tables, got)
	}
	in := map[string][]row{}
	for name, t := range w.tables {
		var log []change
		for _, sp := range t.splits {
			log = append(log, sp.rows...)
		}
		if t.upsert {
			in[name] = replay(log)
			continue
		}
		for _, c := range log {
			in[name] = append(in[name], c.row)
		}
	}
	want, got := multiset(o.want(in)), fold(s.published)
	if o.key != nil {
		got = latest(s.published, o.key)
	}
	var wrong []string
	for r, n := range want {
		if got[r] != n && (o.once || o.key != nil || got[r] < n) {
			wrong = append(wrong, fmt.Sprintf("%d of %d: %s", got[r], n, r))
		}
	}
	for r, n := range got {
		if n != 0 && want[r] == 0 {
			wrong = append(wrong, fmt.Sprintf("%d of 0: %s", n, r))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	if len(wrong) > 20 {
		wrong = append(wrong[:20], fmt.Sprintf("and %d more", len(wrong)-20))
	}
	return fmt.Errorf("%s (%s) has not what it should have:\n\t%s", o.name, o.kind, strings.Join(wrong, "\n\t"))
}
