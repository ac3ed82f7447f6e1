package task

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/clock"
)

// Enumerator finds the splits of one scan, assigns them to its subtasks, and opens readers for them. It makes all calls
// to the source, from one goroutine, where waiting for the network harms nobody.
type Enumerator struct {
	env       *Env
	node      *physical.Scan
	scans     []*scan // by subtask
	restored  *restored
	waiter    clock.Waiter
	live      []atomic.Int64 // by subtask: splits that are assigned and not ended
	known     map[string]knownSplit
	listed    time.Time // when the splits were listed last
	missing   bool      // then some known ones weren't
	discovers bool      // more, for other goroutines
	front     *front    // nil: subtasks send watermarks of their own
	stopping  atomic.Bool
	onListed  func()
	onFailure func(err error)

	requests struct {
		sync.Mutex
		waiting []request
		ended   []string
	}
}

// knownSplit is a split that has been assigned.
type knownSplit struct {
	subtask int
	ended   bool
	missing int64 // since when the source doesn't list it, nanoseconds since 1970; 0: it does
}

// request is a split that is to be opened.
type request struct {
	scan  *scan
	split *split
}

// NewEnumerator returns the enumerator of a scan, which goes on from a checkpoint unless that is nil. onListed is called
// when the first splits have been assigned, onFailure when the source can't be read; both from the enumerator's goroutine.
func NewEnumerator(env *Env, node *physical.Scan, parallelism int, from *checkpoint.Checkpoint, onListed func(), onFailure func(error)) (*Enumerator, error) {
	r, err := readRestored(from, node.ID)
	if err != nil {
		return nil, err
	}
	e := &Enumerator{
		env: env, node: node, restored: r, waiter: env.Clock.NewWaiter(), scans: make([]*scan, parallelism),
		live: make([]atomic.Int64, parallelism), known: map[string]knownSplit{}, onListed: onListed, onFailure: onFailure,
	}
	e.discovers = e.more()
	if e.discovers && parallelism > 1 {
		e.front = newFront(parallelism)
	}
	return e, nil
}

// Stop ends the search for splits. From any goroutine.
func (e *Enumerator) Stop() {
	e.stopping.Store(true)
	e.waiter.Wake()
}

// Release lets the source give back what it holds for the job, which has ended.
func (e *Enumerator) Release(ctx context.Context) {
	if r, ok := e.node.Source.(connectors.Releaser); ok {
		r.Release(ctx)
	}
}

// closed notes that a subtask is done with a split. From any goroutine.
func (e *Enumerator) closed(subtask int, id string) {
	e.live[subtask].Add(-1)
	if e.discovers { // else nobody asks
		e.requests.Lock()
		e.requests.ended = append(e.requests.ended, id)
		e.requests.Unlock()
	}
	e.waiter.Wake()
}

// request asks for a reader of a split, which comes by scan.opened. From any goroutine.
func (e *Enumerator) request(s *scan, sp *split) {
	e.requests.Lock()
	e.requests.waiting = append(e.requests.waiting, request{s, sp})
	e.requests.Unlock()
	e.waiter.Wake()
}

// reading reports whether a split is left that may have to be opened.
func (e *Enumerator) reading() bool {
	for i := range e.live {
		if e.live[i].Load() > 0 {
			return true
		}
	}
	return false
}

// Run is the enumerator's goroutine. It returns when there is nothing to find or open any more.
func (e *Enumerator) Run(ctx context.Context) {
	if err := e.run(ctx); err != nil && ctx.Err() == nil {
		e.onFailure(&Error{Operator: label(e.node), ID: e.node.ID, Err: err})
	}
}

func (e *Enumerator) run(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			e.env.Log.Error("a source panicked", "table", e.node.Table.Path, "panic", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error (a bug of weir; the log has the details): %v", r)
		}
	}()
	if err := e.first(ctx); err != nil {
		return err
	}
	e.onListed()
	for ctx.Err() == nil && !e.stopping.Load() {
		if opened, err := e.open(ctx); err != nil {
			return err
		} else if opened {
			continue
		}
		var next time.Time
		if e.more() {
			next = e.listed.Add(e.node.Source.DiscoveryInterval())
			if !e.env.Clock.Now().Before(next) {
				e.discover(ctx)
				continue
			}
		} else if !e.reading() {
			return nil
		}
		e.waiter.Wait(ctx, next)
	}
	return nil
}

// more reports whether splits may appear while the job runs.
func (e *Enumerator) more() bool {
	return !e.node.Source.Bounded() && e.node.Source.DiscoveryInterval() > 0
}

// first assigns the splits that there are when the job starts. The splits of a bounded source are what they were when
// the job first started, so that a restored job reads what the undisturbed one would have.
func (e *Enumerator) first(ctx context.Context) error {
	n := len(e.scans)
	assigned := make([][]*split, n)
	ended := make([][]string, n)
	turn := 0
	deal := func(p progress) {
		if _, twice := e.known[p.ID]; twice {
			return // had been forgotten and found again: what is being read counts
		}
		to := p.subtask
		if e.restored == nil || e.restored.parallelism != n {
			to = turn % n
			turn++
		}
		e.known[p.ID] = knownSplit{subtask: to, ended: p.ended}
		if p.ended {
			ended[to] = append(ended[to], p.ID)
			return
		}
		assigned[to] = append(assigned[to], &split{id: p.ID, position: p.Position, watermark: p.watermark})
	}
	if r, ok := e.node.Source.(connectors.Restorer); ok && e.restored != nil {
		r.Restored(e.restored.known())
	}
	if e.restored != nil {
		for _, ending := range []bool{false, true} { // those with work first, so that it is dealt out evenly
			for _, p := range e.restored.splits {
				if p.ended == ending {
					deal(p)
				}
			}
		}
	}
	if e.restored == nil || !e.node.Source.Bounded() {
		found, err := e.list(ctx)
		if err != nil {
			return err
		}
		for _, s := range found {
			if _, known := e.known[s.ID]; !known {
				deal(progress{Split: s, subtask: turn % n, watermark: math.MinInt64})
				if e.restored != nil && e.restored.parallelism == n {
					turn++
				}
			}
		}
	} else {
		e.listed = e.env.Clock.Now()
	}
	more := e.more()
	for i, s := range e.scans {
		e.live[i].Add(int64(len(assigned[i])))
		watermark := int64(math.MinInt64)
		if e.restored != nil {
			watermark = e.restored.watermark(i, n)
		}
		s.v.task.post(func() error {
			s.ended = ended[i]
			s.assign(assigned[i], watermark, more)
			return nil
		})
	}
	e.restored = nil
	return nil
}

func (e *Enumerator) list(ctx context.Context) ([]connectors.Split, error) {
	e.listed = e.env.Clock.Now()
	splits, err := e.node.Source.Splits(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the splits of table %s: %w", e.node.Table.Path, err)
	}
	return splits, nil
}

// discover looks for splits that have appeared. A failure is not final: what is known is being read, and the next look
// may succeed.
func (e *Enumerator) discover(ctx context.Context) {
	found, err := e.list(ctx)
	if err != nil {
		if ctx.Err() == nil {
			e.scans[0].v.metrics.Retries.Add(1)
			e.env.Log.Warn("look for new splits; the next attempt follows", "table", e.node.Table.Path, "in", e.node.Source.DiscoveryInterval(), "error", err)
		}
		return
	}
	e.forget(found)
	for _, f := range found {
		if _, known := e.known[f.ID]; known {
			continue
		}
		to := 0
		for i := range e.live {
			if e.live[i].Load() < e.live[to].Load() {
				to = i
			}
		}
		e.known[f.ID] = knownSplit{subtask: to}
		sp := &split{id: f.ID, position: f.Position, watermark: math.MinInt64}
		e.live[to].Add(1)
		s := e.scans[to]
		s.v.task.post(func() error {
			s.assign([]*split{sp}, 0, true)
			return nil
		})
	}
}

// forget forgets the splits that have ended and have not been among those that the source lists for long enough, so that
// a job that runs for months through a folder whose files come and go doesn't carry the names of all of them along, here
// and in every checkpoint. One that is listed again later is another one.
func (e *Enumerator) forget(found []connectors.Split) {
	e.requests.Lock()
	ended := e.requests.ended
	e.requests.ended = nil
	e.requests.Unlock()
	f, ok := e.node.Source.(connectors.Forgetter)
	if !ok {
		return
	}
	for _, id := range ended {
		k := e.known[id]
		k.ended = true
		e.known[id] = k
	}
	here := 0
	for _, s := range found {
		if _, known := e.known[s.ID]; known {
			here++
		}
	}
	if here == len(e.known) && !e.missing { // as a rule: large folders are looked at often
		return
	}
	e.missing = false
	listed := make(map[string]struct{}, len(found))
	for _, s := range found {
		listed[s.ID] = struct{}{}
	}
	now := e.listed.UnixNano()
	gone := make([]map[string]struct{}, len(e.scans))
	for id, k := range e.known {
		if _, here := listed[id]; here || !k.ended {
			if k.missing != 0 {
				k.missing = 0
				e.known[id] = k
			}
			continue
		}
		if k.missing == 0 {
			k.missing = now
			e.known[id] = k
		}
		e.missing = true
		if now-k.missing < int64(f.ForgetAfter()) {
			continue
		}
		delete(e.known, id)
		if gone[k.subtask] == nil {
			gone[k.subtask] = map[string]struct{}{}
		}
		gone[k.subtask][id] = struct{}{}
	}
	for i, ids := range gone {
		if ids == nil {
			continue
		}
		s := e.scans[i]
		s.v.task.post(func() error {
			s.ended = slices.DeleteFunc(s.ended, func(id string) bool { _, is := ids[id]; return is })
			return nil
		})
	}
}

// open opens the splits that have been asked for.
func (e *Enumerator) open(ctx context.Context) (opened bool, err error) {
	e.requests.Lock()
	waiting := e.requests.waiting
	e.requests.waiting = nil
	e.requests.Unlock()
	for _, q := range waiting {
		if ctx.Err() != nil || e.stopping.Load() {
			break
		}
		s, sp := q.scan, q.split
		r, err := e.node.Source.Open(ctx, connectors.Split{ID: sp.id, Position: sp.position}, connectors.ReaderContext{
			Columns: e.node.Columns,
			Wake: func() {
				sp.woken.Store(true)
				s.v.task.waiter.Wake()
			},
			Retried:   func() { s.v.metrics.Retries.Add(1) },
			Ignored:   func(n int) { s.v.metrics.Failed.Add(int64(n)) },
			BadRecord: s.badRecord,
		})
		if err != nil {
			return false, fmt.Errorf("read split %s of table %s: %w", sp.id, e.node.Table.Path, err)
		}
		if !s.v.task.post(func() error { return s.opened(sp, r) }) {
			return false, r.Close()
		}
	}
	return len(waiting) > 0, nil
}
