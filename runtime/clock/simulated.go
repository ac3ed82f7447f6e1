package clock

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	goruntime "runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Simulated is a clock for deterministic tests: of its participants exactly one runs at a time, and whenever that one
// parks in a Waiter, calls Yield or ends, a seeded generator chooses the next among those that can run. What happens is
// a function of the seed alone, whatever the number of processors: a run that fails can be repeated step by step.
//
// The choice is uneven on purpose. For a while all participants are equal, then they take turns, then one starves, then
// some always go before others, then one runs for as long as it can. Time passes with each step, a little, and jumps to the
// next deadline when nobody can run; now and then everything stands still for seconds, as a stopped machine does.
//
// A participant must not block in anything but a Waiter (a channel, a mutex held by another, the network): the others
// would stand still with it. Run notices that after a while, prints all goroutines and ends the test's process. The
// contexts that participants wait with must be ended by participants, not by a timer of the machine.
//
// Participants belong to a Process, and a Process can be killed. The Simulated itself is the clock of those that belong to
// none of them: the test, and whatever is outside of the tested program.
type Simulated struct {
	root Process
	opts SimulatedOptions

	mu      sync.Mutex // only outsiders contend for it: a late Wake, Now
	random  *rand.Rand
	now     time.Time
	all     []*participant // in the order of their start
	ready   []*participant // scratch of next
	current *participant
	last    int // id of the participant that was started last
	policy  policy
	phase   int // steps that the policy still holds
	salt    uint64
	victim  int
	trace   uint64
	err     error
	over    chan struct{}
	steps   atomic.Int64
	figures SimulatedFigures
}

// SimulatedOptions shape a simulation. The zero values of all but the seed are sensible.
type SimulatedOptions struct {
	Seed  uint64
	Start time.Time
	// Step is the most time that a step takes; the least is 0. 0: 100 µs.
	Step time.Duration
	// Pause is the most time for which everything stands still, about once in 4096 steps; 0: never.
	Pause time.Duration
	// MaxSteps ends the simulation with an error: participants that run for ever without effect. 0: 10 million.
	MaxSteps int64
	// Blocked is for how long of the machine's time one step may take before it counts as blocked. 0: 60 s.
	Blocked time.Duration
	// OnStep, if not nil, hears who is chosen, at what time.
	OnStep func(now time.Time, participant int, process string)
}

// SimulatedFigures counts what a simulation did.
type SimulatedFigures struct {
	Steps    int64 // decisions who runs next
	Switches int64 // decisions for another one
	Jumps    int64 // of time to the next deadline
	Late     int64 // jumps beyond the deadline
	Pauses   int64
	Phases   int64 // changes of how the next one is chosen
	Killed   int64 // participants that a Kill ended
}

// policy is how the next participant is chosen.
type policy uint8

const (
	uniform  policy = iota
	turns           // round robin
	ranked          // by a random rank each, as long as the phase holds
	starving        // uniform, but one runs only when no other can
	sticky          // the same one for as long as it can
	policies
)

// participant is a goroutine of a simulation.
type participant struct {
	id       int
	process  *Process
	resume   chan struct{}
	waiter   *simulatedWaiter // where it is parked, or nil
	deadline time.Time        // while parked
	ctx      context.Context  // while parked
}

// Process is a set of participants that die together, and the Clock that they are started by.
type Process struct {
	sim   *Simulated
	name  string
	dead  atomic.Bool
	alive int
	ended []*simulatedWaiter
}

// NewSimulated returns a clock that stands at opts.Start.
func NewSimulated(opts SimulatedOptions) *Simulated {
	if opts.Step == 0 {
		opts.Step = 100 * time.Microsecond
	}
	if opts.MaxSteps == 0 {
		opts.MaxSteps = 10_000_000
	}
	if opts.Blocked == 0 {
		opts.Blocked = time.Minute
	}
	c := &Simulated{opts: opts, now: opts.Start, random: rand.New(rand.NewPCG(opts.Seed, 0x5eed)), over: make(chan struct{})}
	c.root = Process{sim: c, name: "world"}
	h := fnv.New64a()
	fmt.Fprint(h, opts.Seed)
	c.trace = h.Sum64()
	return c
}

// NewProcess returns a process without participants.
func (c *Simulated) NewProcess(name string) *Process { return &Process{sim: c, name: name} }

// Now implements Clock.
func (c *Simulated) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Go implements Clock.
func (c *Simulated) Go(f func()) { c.root.Go(f) }

// NewWaiter implements Clock.
func (c *Simulated) NewWaiter() Waiter { return c.root.NewWaiter() }

// Yield lets the generator choose who runs on. Only participants may call it.
func (c *Simulated) Yield() {
	c.mu.Lock()
	c.schedule(c.running("Yield"))
}

// Trace is a digest of all decisions so far, and of what was noted: equal for equal runs.
func (c *Simulated) Trace() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trace
}

// Note adds an event of the test to the trace.
func (c *Simulated) Note(event string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range len(event) {
		c.mix(uint64(event[i]))
	}
}

// Figures returns what has happened so far.
func (c *Simulated) Figures() SimulatedFigures {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.figures
	f.Steps = c.steps.Load()
	return f
}

// Run calls f as the first participant and returns when it has ended; whoever is left then is killed. The error says
// that a participant panicked, that nobody can ever run again, or that there were too many steps.
func (c *Simulated) Run(f func()) error {
	watch := make(chan struct{})
	defer close(watch)
	go c.watch(watch)
	c.mu.Lock()
	p := c.add(&c.root)
	c.current = p
	c.mu.Unlock()
	go c.body(p, func() {
		f()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.stop(nil)
	})
	p.resume <- struct{}{}
	<-c.over
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// watch ends everything when a participant runs for too long: it is blocked where the clock can't see it.
func (c *Simulated) watch(done chan struct{}) {
	const rounds = 20
	ticker := time.NewTicker(c.opts.Blocked / rounds)
	defer ticker.Stop()
	before, same := int64(-1), 0
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		if n := c.steps.Load(); n != before {
			before, same = n, 0
			continue
		}
		if same++; same < rounds {
			continue
		}
		fmt.Fprintf(os.Stderr, "seed %d: a participant of the simulation has run for %v without a step: it computes, or it blocks outside of a clock.Waiter\n%s",
			c.opts.Seed, c.opts.Blocked, stacks())
		panic("a simulated goroutine is blocked")
	}
}

// stop makes every participant end. The caller holds mu.
func (c *Simulated) stop(err error) {
	if c.err == nil {
		c.err = err
	}
	c.root.dead.Store(true)
	for _, p := range c.all {
		p.process.dead.Store(true)
	}
}

func (c *Simulated) add(of *Process) *participant {
	c.last++
	p := &participant{id: c.last, process: of, resume: make(chan struct{}, 1)}
	c.all = append(c.all, p)
	of.alive++
	return p
}

// body is the goroutine of a participant.
func (c *Simulated) body(p *participant, f func()) {
	defer c.end(p)
	defer func() {
		if r := recover(); r != nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.stop(fmt.Errorf("a simulated goroutine of %s panicked: %v\n%s", p.process.name, r, debug.Stack()))
		}
	}()
	<-p.resume
	if !p.process.dead.Load() {
		f()
	}
}

// end hands over to another participant for good.
func (c *Simulated) end(p *participant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, q := range c.all {
		if q == p {
			c.all = append(c.all[:i], c.all[i+1:]...)
			break
		}
	}
	if p.process.dead.Load() {
		c.figures.Killed++
	}
	if p.process.alive--; p.process.alive == 0 {
		for _, w := range p.process.ended {
			w.woken = true
		}
		p.process.ended = nil
	}
	if len(c.all) == 0 {
		c.current = nil
		close(c.over)
		return
	}
	next := c.next(nil)
	c.current = next
	next.resume <- struct{}{}
}

// running returns the participant that is running, which is the caller.
func (c *Simulated) running(what string) *participant {
	if c.current == nil {
		c.mu.Unlock()
		panic("clock: " + what + " outside of the participants of a simulation")
	}
	return c.current
}

// schedule lets another participant run, or the same. The caller holds mu, which is released.
func (c *Simulated) schedule(me *participant) {
	next := c.next(me)
	c.current = next
	c.mu.Unlock()
	if next != me {
		next.resume <- struct{}{}
		<-me.resume
	}
	if me.process.dead.Load() {
		goruntime.Goexit()
	}
}

// next chooses who runs; before is who has run until now and hasn't ended. The caller holds mu.
func (c *Simulated) next(before *participant) *participant {
	steps := c.steps.Add(1)
	if steps > c.opts.MaxSteps && c.err == nil {
		c.stop(fmt.Errorf("%d steps and no end\n%s", steps, c.dump()))
	}
	// The dead are cleared away at once: they do nothing any more.
	for _, p := range c.all {
		if p.process.dead.Load() {
			return p
		}
	}
	c.now = c.now.Add(time.Duration(c.random.Int64N(int64(c.opts.Step))))
	if c.opts.Pause > 0 && c.random.IntN(4096) == 0 {
		c.figures.Pauses++
		c.now = c.now.Add(time.Duration(c.random.Int64N(int64(c.opts.Pause))))
	}
	for {
		c.ready = c.ready[:0]
		var earliest time.Time
		for _, p := range c.all {
			if p.canRun(c.now) {
				c.ready = append(c.ready, p)
			} else if !p.deadline.IsZero() && (earliest.IsZero() || p.deadline.Before(earliest)) {
				earliest = p.deadline
			}
		}
		if len(c.ready) > 0 {
			break
		}
		if earliest.IsZero() {
			c.stop(fmt.Errorf("nobody can run any more\n%s", c.dump()))
			return c.all[0]
		}
		c.figures.Jumps++
		c.now = earliest
		if c.random.IntN(8) == 0 { // timers are late
			c.figures.Late++
			c.now = c.now.Add(time.Duration(c.random.Int64N(int64(20 * time.Millisecond))))
		}
	}
	p := c.choose(before)
	if p != before {
		c.figures.Switches++
	}
	if w := p.waiter; w != nil {
		w.woken, p.waiter, p.ctx, p.deadline = false, nil, nil, time.Time{}
	}
	c.mix(uint64(p.id))
	c.mix(uint64(c.now.UnixNano()))
	if c.opts.OnStep != nil {
		c.opts.OnStep(c.now, p.id, p.process.name)
	}
	return p
}

func (p *participant) canRun(now time.Time) bool {
	return p.waiter == nil || p.waiter.woken || !p.deadline.IsZero() && !p.deadline.After(now) || p.ctx.Err() != nil
}

// choose picks one of ready by the policy of the moment.
func (c *Simulated) choose(before *participant) *participant {
	if c.phase--; c.phase < 0 {
		c.figures.Phases++
		c.phase = 1 << c.random.IntN(10)
		c.policy = policy(c.random.IntN(int(policies)))
		c.salt = c.random.Uint64()
		c.victim = c.all[c.random.IntN(len(c.all))].id
	}
	ready := c.ready
	switch c.policy {
	case turns:
		last := 0
		if c.current != nil {
			last = c.current.id
		}
		for _, p := range ready { // they are in the order of their ids
			if p.id > last {
				return p
			}
		}
		return ready[0]
	case ranked:
		best := ready[0]
		for _, p := range ready {
			if c.rank(p) > c.rank(best) {
				best = p
			}
		}
		return best
	case starving:
		for i, p := range ready {
			if p.id == c.victim && len(ready) > 1 {
				ready = append(ready[:i], ready[i+1:]...)
				break
			}
		}
	case sticky:
		for _, p := range ready {
			if p == before {
				return p
			}
		}
	}
	return ready[c.random.IntN(len(ready))]
}

// rank is a random number that belongs to a participant for as long as the phase lasts.
func (c *Simulated) rank(p *participant) uint64 {
	x := (c.salt ^ uint64(p.id)) * 0x9e3779b97f4a7c15
	return (x ^ x>>29) * 0xbf58476d1ce4e5b9
}

// mix adds a number to the trace (FNV-1a over words).
func (c *Simulated) mix(x uint64) { c.trace = (c.trace ^ x) * 0x100000001b3 }

// dump says what every participant waits for. The caller holds mu.
func (c *Simulated) dump() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the time is %v after the start; policy %d\n", c.now.Sub(c.opts.Start), c.policy)
	for _, p := range c.all {
		fmt.Fprintf(&b, "participant %d of %s: ", p.id, p.process.name)
		switch {
		case p.waiter == nil:
			b.WriteString("can run\n")
		case p.deadline.IsZero():
			b.WriteString("waits to be woken\n")
		default:
			fmt.Fprintf(&b, "waits to be woken, or until %v after the start\n", p.deadline.Sub(c.opts.Start))
		}
	}
	return b.String() + stacks()
}

// Dump says what every participant waits for, and where.
func (c *Simulated) Dump() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dump()
}

// stacks returns the goroutines of simulations.
func stacks() string {
	buf := make([]byte, 1<<20)
	buf = buf[:goruntime.Stack(buf, true)]
	var kept []string
	for _, g := range strings.Split(string(buf), "\n\n") {
		if strings.Contains(g, "clock.(*Simulated).body") {
			kept = append(kept, g)
		}
	}
	return strings.Join(kept, "\n\n")
}

// Now implements Clock.
func (p *Process) Now() time.Time { return p.sim.Now() }

// Yield lets the generator choose who runs on. Only participants may call it.
func (p *Process) Yield() { p.sim.Yield() }

// Go implements Clock. In a dead process nothing is started.
func (p *Process) Go(f func()) {
	c := p.sim
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.dead.Load() {
		return
	}
	q := c.add(p)
	go c.body(q, f)
}

// NewWaiter implements Clock.
func (p *Process) NewWaiter() Waiter { return &simulatedWaiter{clock: p.sim} }

// Dead reports whether the process has been killed. What stands for the world outside must not change by the doing of a
// dead process: its deferred calls still run, though it doesn't know.
func (p *Process) Dead() bool { return p.dead.Load() }

// Alive is the number of participants.
func (p *Process) Alive() int {
	p.sim.mu.Lock()
	defer p.sim.mu.Unlock()
	return p.alive
}

// Kill ends every participant where it stands, as a process dies: it runs nothing but deferred calls any more. A
// participant that kills its own process doesn't return from Kill; another one returns when all have ended.
func (p *Process) Kill() {
	c := p.sim
	p.dead.Store(true)
	c.mu.Lock()
	me := c.running("Kill")
	c.mu.Unlock()
	if me.process == p {
		goruntime.Goexit()
	}
	for p.Alive() > 0 {
		c.Yield()
	}
}

// Join parks the calling participant, of another process, until this one has no participants.
func (p *Process) Join(ctx context.Context, deadline time.Time) error {
	c := p.sim
	w := &simulatedWaiter{clock: c}
	for {
		c.mu.Lock()
		if p.alive == 0 {
			c.mu.Unlock()
			return nil
		}
		p.ended = append(p.ended, w)
		c.mu.Unlock()
		if err := ctx.Err(); err != nil {
			return err
		}
		if !deadline.IsZero() && !c.Now().Before(deadline) {
			return ErrDeadline
		}
		w.Wait(ctx, deadline)
	}
}

// ErrDeadline is returned by Join when the process still runs at the deadline.
var ErrDeadline = errors.New("the process has not ended in time")

type simulatedWaiter struct {
	clock *Simulated
	woken bool
}

// Wait implements Waiter. It is a step of the simulation even when there is nothing to wait for.
func (w *simulatedWaiter) Wait(ctx context.Context, deadline time.Time) {
	c := w.clock
	c.mu.Lock()
	me := c.running("Wait")
	me.waiter, me.ctx, me.deadline = w, ctx, deadline
	c.schedule(me)
}

// Wake implements Waiter.
func (w *simulatedWaiter) Wake() {
	w.clock.mu.Lock()
	defer w.clock.mu.Unlock()
	w.woken = true
}
