package simulation

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/checkpoint/faultfs"
	"github.com/weirsql/weir/runtime/clock"
)

var (
	seeds   = flag.Int("seeds", 30, "how many simulations TestSimulation runs")
	from    = flag.Uint64("from", 0, "the first seed")
	oneSeed = flag.Int64("seed", -1, "run this seed alone, with -v step by step")
)

var start = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// limit is how long a process that isn't disturbed any more may take: much longer than all waits together.
const limit = time.Hour

// result is what a simulation came to.
type result struct {
	err     error
	trace   uint64
	counts  map[string]int
	figures clock.SimulatedFigures
	sql     string
	log     string
}

// simulation is one run: processes one after the other in one world.
type simulation struct {
	*world
	seed  uint64
	plans *rand.Rand // what is to happen; faults come from the world's
	query *query
	text  bytes.Buffer // weir's own log
	lives int
	// overtaken: the end came before everything was read, and the results can't be known.
	overtaken bool
	// chances are those of faults of the disk.
	chances map[faultfs.Kind]float64
	spill   string // a real folder for state that exceeds the memory limit
	job     string // the id of the job: it has another one when it goes on from a savepoint
	from    string // what the job with this id is started from while it has no checkpoint
	saved   savepoint
	saves   []string // all savepoints
}

// savepoint is the newest savepoint of the process that runs now.
type savepoint struct {
	path string // "": there is none
	id   int64  // of the checkpoint that it is a copy of
}

// simulate runs a seed. State that exceeds the memory limit goes to folders below spill. steps, if not nil, takes what
// happens.
func simulate(seed uint64, spill string, steps io.Writer) (res result) {
	r := rand.New(rand.NewPCG(seed, 1))
	opts := clock.SimulatedOptions{Seed: seed, Start: start, Step: time.Duration(1) << r.IntN(21)}
	if r.IntN(4) == 0 {
		opts.Pause = 10 * time.Second
	}
	opts.MaxSteps = 2_000_000
	c := clock.NewSimulated(opts)
	w := &world{
		clock: c, random: rand.New(rand.NewPCG(seed, 2)), faults: drawFaults(r), counts: map[string]int{}, tables: map[string]*table{},
		sinks: map[string]*sink{}, disk: faultfs.NewMem(), log: steps,
	}
	s := &simulation{world: w, seed: seed, plans: r, query: newQuery(r), chances: drawDisk(r), spill: spill, job: "job"}
	for _, t := range s.query.tables {
		t.fill(r)
		w.tables[t.name] = t
	}
	for _, o := range s.query.outputs {
		w.sinks[o.name] = &sink{world: w, output: o, staged: map[int]*staged{}}
	}
	res.sql, res.counts = s.query.sql(), w.counts
	if steps != nil {
		fmt.Fprintf(steps, "%s\nfaults: %+v\n", res.sql, w.faults)
	}
	var wrong error
	err := c.Run(func() { wrong = s.run() })
	res.err = errors.Join(err, wrong, w.broken)
	if res.err == nil && w.clock.Figures().Steps == 0 {
		res.err = errors.New("nothing happened")
	}
	res.trace, res.figures, res.log = c.Trace(), c.Figures(), s.text.String()
	if cut := len(res.log) - 20_000; cut > 0 {
		res.log = "…" + res.log[cut:]
	}
	return res
}

// ending is how a process ends.
type ending uint8

const (
	toTheEnd ending = iota
	killedAtTime
	killedAtCall
	stopped
	stoppedWithSavepoint
	canceled
	endings
)

// run starts processes, disturbs most of them, lets the last one come to its end, and checks what there is then.
func (s *simulation) run() error {
	disturbed := s.plans.IntN(7)
	for finished := false; !finished; s.lives++ {
		end := ending(s.plans.IntN(int(endings)))
		if s.lives >= disturbed {
			end = toTheEnd
			s.faults.calm()
			s.chances = nil
		}
		var err error
		if finished, err = s.live(end); err != nil {
			return err
		}
		if s.lives > 30 {
			return errors.New("the job fails again and again without a fault")
		}
	}
	if s.plans.IntN(8) == 0 { // started once more, it has nothing left to do
		for finished := false; !finished; {
			var err error
			if finished, err = s.live(toTheEnd); err != nil {
				return fmt.Errorf("when the job that was over was started again: %w", err)
			}
		}
	}
	if err := s.checkSavepoints(); err != nil {
		return err
	}
	for _, o := range s.query.outputs {
		for s.sinks[o.name].inFlight > 0 {
			if err := clock.Sleep(background, s.clock, time.Second); err != nil {
				return err
			}
		}
		if s.overtaken {
			continue
		}
		if err := s.check(o); err != nil {
			return err
		}
	}
	return nil
}

// live is the life of one process. It reports whether the job has finished.
func (s *simulation) live(end ending) (finished bool, err error) {
	r := s.plans
	p := s.clock.NewProcess(fmt.Sprintf("process %d", s.lives))
	s.calls, s.crash = 0, 0
	patience := time.Duration(r.Int64N(int64(6 * time.Second)))
	if r.IntN(3) == 0 {
		patience /= 20
	}
	if end == killedAtCall {
		s.crash = 1 + r.IntN(1<<r.IntN(10))
	}
	restore, err := s.restore()
	if err != nil {
		return false, err
	}
	memory := s.memory()
	defer func() {
		if problem := memory.Close(); problem != nil && err == nil {
			err = problem
		}
	}()
	cfg := runtime.Config{
		JobID: s.job, Name: "simulation", Clock: p, Seed: 1, Parallelism: 1 + r.IntN(4), MaxRows: []int{1, 2, 3, 7, 50, 100}[r.IntN(6)],
		CheckpointDir: place, CheckpointInterval: []time.Duration{0, 20 * time.Millisecond, 150 * time.Millisecond, time.Second}[r.IntN(4)],
		CheckpointTimeout: []time.Duration{0, 10 * time.Millisecond, 100 * time.Millisecond, time.Minute}[r.IntN(4)],
		CheckpointPause:   []time.Duration{0, 50 * time.Millisecond}[r.IntN(2)], FailedCheckpoints: []int{0, 0, 2}[r.IntN(3)],
		Restore: restore, Memory: memory, IncrementFrom: []int64{0, 0, 1, 1, 500}[r.IntN(5)], Retained: 2 + r.IntN(2),
		Restart: []runtime.RestartStrategy{
			nil, runtime.FixedDelay{Attempts: 3, Delay: 100 * time.Millisecond},
			runtime.ExponentialDelay{Initial: 10 * time.Millisecond, Max: time.Second, Multiplier: 2, Jitter: 0.1, ResetAfter: time.Minute, Attempts: 5},
			runtime.FailureRate{Max: 2, Interval: time.Second, Delay: 10 * time.Millisecond},
		}[r.IntN(4)],
		OnEvent: s.hear,
	}
	cfg.Log = slog.New(slog.NewTextHandler(io.MultiWriter(&s.text, s.steps()), &slog.HandlerOptions{ReplaceAttr: timeless}))
	s.mount(p, s.chances)
	defer func() { s.unmount(p.Dead() && r.IntN(2) == 0) }()
	s.note("process %d: parallelism %d, %d rows, interval %v, ending %d", s.lives, cfg.Parallelism, cfg.MaxRows, cfg.CheckpointInterval, end)
	var job *runtime.Job
	var failed error
	returned, askedToStop := false, false
	p.Go(func() {
		plan, env, err := s.plan(p, s.query.sql(), cfg.Log)
		if err != nil {
			failed = err
			return
		}
		cfg.Env = env
		cfg.Replan = func() (*physical.Plan, error) {
			plan, _, err := s.plan(p, s.query.sql(), cfg.Log)
			return plan, err
		}
		if job, err = runtime.Start(background, plan, cfg); err != nil {
			failed = err
			return
		}
		failed = job.Join(background, p.NewWaiter())
		returned = true
	})
	if r.IntN(4) == 0 {
		s.saveLater(p, &job, time.Duration(r.Int64N(int64(patience))), r.IntN(2) == 0)
	}
	withSavepoint := r.IntN(3) == 0 // when the job is drained
	until, drained := s.clock.Now().Add(limit), false
	if end != toTheEnd && end != killedAtCall {
		until = s.clock.Now().Add(patience)
	}
	late := true
	for late && s.clock.Now().Before(until) {
		next := s.clock.Now().Add(200 * time.Millisecond)
		if next.After(until) {
			next = until
		}
		late = p.Join(background, next) != nil
		if late && !drained && until.Sub(s.clock.Now()) > time.Minute && job != nil && s.unbounded() && s.allRead() {
			s.counts["job drained"]++
			s.note("drain")
			drained = true
			if withSavepoint {
				s.save(p, job, true, true, nil)
			} else {
				job.RequestStop(true)
			}
		}
		if late && memory != nil && memory.Spilled() > 0 {
			s.counts["state on disk"]++
		}
	}
	if late && job == nil && end != toTheEnd {
		end = killedAtTime // there is nothing to stop yet
	}
	if late {
		switch end {
		case killedAtTime:
			s.counts["process killed at a time"]++
			s.note("kill")
			p.Kill()
		case stoppedWithSavepoint:
			s.note("save and stop")
			if job != nil {
				s.save(p, job, true, false, nil)
				askedToStop = true
			}
			late = p.Join(background, s.clock.Now().Add(limit)) != nil
		case stopped, canceled:
			s.note("end %d", end)
			if job != nil && end == stopped {
				s.counts["job stopped"]++
				job.RequestStop(false)
				askedToStop = true
			} else if job != nil {
				s.counts["job canceled"]++
				job.Cancel()
			}
			late = p.Join(background, s.clock.Now().Add(limit)) != nil
		}
	}
	if late && !p.Dead() {
		return false, fmt.Errorf("no end after %v\n%s", limit, s.clock.Dump())
	}
	if p.Dead() {
		return false, nil
	}
	if memory != nil && (memory.Used() != 0 || memory.Spilled() != 0) {
		return false, fmt.Errorf("the job is over, and %d bytes of state are in memory and %d on disk", memory.Used(), memory.Spilled())
	}
	if left, _ := filepath.Glob(filepath.Join(s.spill, "spill-*", "*")); len(left) > 0 { // the pattern is good
		return false, fmt.Errorf("the job is over, and has left %s", left)
	}
	if strings.Contains(s.text.String(), "a checkpoint is skipped") {
		return false, errors.New("a checkpoint that was complete is damaged")
	}
	switch {
	case failed == nil && returned:
	case errors.Is(failed, runtime.ErrCanceled) && end == canceled:
		return false, nil
	case injected(failed):
		s.counts["job failed"]++
		s.note("failed")
		return false, nil
	default:
		return false, fmt.Errorf("process %d: %w", s.lives, failed)
	}
	if askedToStop {
		return false, nil // whether it was over before, the next process will tell
	}
	if drained && !s.allRead() {
		s.overtaken = true // it was restarted on its way to the end, and ended before it had read everything again
	}
	for _, m := range job.Totals() {
		if strings.Contains(m.Name, "Window") && m.StateKeys != 0 {
			return false, fmt.Errorf("%s keeps %d keys although all windows have fired", m.Name, m.StateKeys)
		}
	}
	return true, nil
}

// unbounded reports whether the job must be stopped to come to an end.
func (s *simulation) unbounded() bool {
	return slices.ContainsFunc(s.query.tables, func(t *table) bool { return t.unbounded })
}

// injected reports whether the simulation is to blame for a failure.
func injected(err error) bool {
	return errors.Is(err, errInjected) || errors.Is(err, syscall.ENOSPC) || err != nil && (strings.Contains(err.Error(), "(injected)") ||
		strings.Contains(err.Error(), "checkpoints in a row have failed"))
}

// hear counts what happens to jobs.
func (s *simulation) hear(e runtime.Event) {
	switch e.Kind {
	case runtime.CheckpointCompleted:
		s.counts["checkpoint completed"]++
	case runtime.CheckpointFailed:
		s.counts["checkpoint given up"]++
	case runtime.RestartScheduled:
		s.counts["job restarted in its process"]++
	}
	s.note("event %d of checkpoint %d", e.Kind, e.Checkpoint)
}

func (s *simulation) steps() io.Writer {
	if s.log == nil {
		return io.Discard
	}
	return s.log
}

// timeless makes equal runs log the same.
func timeless(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// TestSimulation runs seeds. Each one that fails is named, with the command that replays it.
func TestSimulation(t *testing.T) {
	if *oneSeed >= 0 {
		var steps io.Writer
		if testing.Verbose() {
			steps = os.Stdout
		}
		report(t, uint64(*oneSeed), simulate(uint64(*oneSeed), t.TempDir(), steps))
		return
	}
	counts, spill := map[string]int{}, t.TempDir()
	for seed := *from; seed < *from+uint64(*seeds); seed++ {
		res := simulate(seed, spill, nil)
		report(t, seed, res)
		for k, n := range res.counts {
			counts[k] += n
		}
		f := res.figures
		counts["decisions who runs next"] += int(f.Steps)
		counts["switches"] += int(f.Switches)
		counts["jumps of time"] += int(f.Jumps)
		counts["timers late"] += int(f.Late)
		counts["machine paused"] += int(f.Pauses)
		counts["changes of the scheduler's policy"] += int(f.Phases)
		counts["goroutines killed"] += int(f.Killed)
	}
	counts["seeds"] = *seeds
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%9d %s", counts[k], k)
	}
}

func report(t *testing.T, seed uint64, res result) {
	t.Helper()
	if res.err != nil {
		t.Errorf("seed %d: %v\nlog:\n%s\n%s\nreplay: go test ./runtime/simulation -run TestSimulation -seed %d -v", seed, res.err, res.log, res.sql, seed)
	}
}

// A seed determines a run completely.
func TestReplay(t *testing.T) {
	for seed := range uint64(5) {
		var first, second bytes.Buffer
		a, b := simulate(seed, t.TempDir(), &first), simulate(seed, t.TempDir(), &second)
		if a.trace == b.trace && first.String() == second.String() {
			continue
		}
		x, y := strings.Split(first.String(), "\n"), strings.Split(second.String(), "\n")
		for i := range x {
			if i >= len(y) || x[i] != y[i] {
				t.Errorf("seed %d: the runs differ in line %d:\n%s\n%s", seed, i, strings.Join(x[max(0, i-3):min(len(x), i+2)], "\n"), strings.Join(y[max(0, i-3):min(len(y), i+2)], "\n"))
				break
			}
		}
		t.Errorf("seed %d: traces %x and %x", seed, a.trace, b.trace)
	}
}
