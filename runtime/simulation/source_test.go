package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

var background = context.Background()

// split is a part of a table. Row i can be read from arrival[i] on.
type split struct {
	id      string
	rows    []change
	arrival []time.Duration // after the start of the simulation, ascending
	appears time.Duration   // when it can be found
	ends    bool
}

// fill makes the rows of a table.
func (t *table) fill(r *rand.Rand) {
	splits := 1 + r.IntN(4)
	if r.IntN(8) == 0 {
		splits = 0
	}
	keys := 1 + r.IntN(8)
	if r.IntN(4) == 0 { // more than fit in memory
		keys = 20 + r.IntN(100)
	}
	skew := r.IntN(2) == 0
	long := ""
	if r.IntN(6) == 0 { // state that doesn't fit into a manifest, and takes several blocks
		long = strings.Repeat("-", 1000+r.IntN(16000))
	}
	nulls := r.IntN(2) == 0
	for i := range splits {
		s := &split{id: fmt.Sprintf("%s-%d", t.name, i), ends: !t.unbounded || r.IntN(3) == 0}
		if t.unbounded && !t.windowed && r.IntN(3) == 0 {
			s.appears = time.Duration(r.Int64N(int64(4 * time.Second)))
		}
		n := r.IntN(60)
		ts := int64(1_000_000) + r.Int64N(4000)
		at := time.Duration(0)
		known := map[string]bool{}
		for range n {
			ts += r.Int64N(300)
			if r.IntN(30) == 0 {
				ts += r.Int64N(5000)
			}
			k := r.IntN(keys)
			if skew && r.IntN(3) > 0 {
				k = 0
			}
			out := row{fmt.Sprintf("key%d%s", k, long), r.Int64N(200) - 50, r.Int64N(4), ts}
			if behind := r.Int64N(t.disorder); r.IntN(2) == 0 {
				out[colTS] = ts - behind
			}
			if t.late && r.IntN(6) == 0 {
				out[colTS] = ts - r.Int64N(6000)
			}
			if nulls && r.IntN(6) == 0 {
				out[colN] = nil
			}
			if nulls && r.IntN(6) == 0 {
				out[colK] = nil
			}
			c := change{types.Insert, out}
			if t.upsert { // a key belongs to one split, where its changes are in order
				key := fmt.Sprintf("key%d-%d%s", i, k, long)
				out[colK] = key
				switch {
				case known[key] && r.IntN(4) == 0:
					c.kind, known[key] = types.Delete, false
				case known[key]:
					c.kind = types.UpdateAfter
				default:
					known[key] = true
				}
			}
			s.rows = append(s.rows, c)
			if r.IntN(4) == 0 {
				at += time.Duration(r.Int64N(int64(200 * time.Millisecond)))
			}
			if r.IntN(40) == 0 {
				at += time.Duration(r.Int64N(int64(3 * time.Second)))
			}
			s.arrival = append(s.arrival, at)
		}
		t.splits = append(t.splits, s)
	}
}

// source reads a table from within a process.
type source struct {
	world   *world
	process *clock.Process
	table   *table
	columns []connectors.Column
	mode    types.ChangelogMode
	readers map[string]*reader // by split
	ended   map[string]bool    // splits
}

var _ connectors.Restorer = (*source)(nil)

func (s *source) Mode() types.ChangelogMode { return s.mode }
func (s *source) Bounded() bool             { return !s.table.unbounded }
func (s *source) DiscoveryInterval() time.Duration {
	if s.table.unbounded && !s.table.windowed {
		return 300 * time.Millisecond
	}
	return 0
}
func (s *source) Describe() string { return "simulated" }

// Restored implements connectors.Restorer.
func (s *source) Restored(_ []connectors.Split, ended []string) {
	for _, id := range ended {
		s.ended[id] = true
	}
}

func (s *source) Splits(context.Context) ([]connectors.Split, error) {
	s.world.enter(s.process)
	if s.world.happens("splits can't be listed", s.world.faults.listFails) {
		return nil, errInjected
	}
	var out []connectors.Split
	for _, sp := range s.table.splits {
		if !s.process.Now().Before(start.Add(sp.appears)) {
			out = append(out, connectors.Split{ID: sp.id})
		}
	}
	return out, nil
}

func (s *source) Open(_ context.Context, from connectors.Split, rc connectors.ReaderContext) (connectors.Reader, error) {
	w := s.world
	w.enter(s.process)
	if w.happens("split can't be opened", w.faults.openFails) {
		return nil, errInjected
	}
	i := slices.IndexFunc(s.table.splits, func(sp *split) bool { return sp.id == from.ID })
	r := &reader{source: s, split: s.table.splits[i], rc: rc, waiter: s.process.NewWaiter(), closed: s.process.NewWaiter(), fetching: true}
	if from.Position != nil {
		if err := json.Unmarshal(from.Position, &r.at); err != nil {
			return nil, err
		}
	}
	w.note("open %s at %d", from.ID, r.at)
	r.fetched = r.at
	s.readers[from.ID] = r
	for _, c := range rc.Columns {
		r.columns = append(r.columns, slices.IndexFunc(s.columns, func(d connectors.Column) bool { return d.Name == c.Name }))
	}
	s.process.Go(r.fetch)
	return r, nil
}

// allRead reports whether everything has been read, as far as can be said from outside.
func (w *world) allRead() bool {
	for _, scan := range w.scans {
		for _, sp := range scan.table.splits {
			if r := scan.readers[sp.id]; !scan.ended[sp.id] && (r == nil || r.at < len(sp.rows)) {
				return false
			}
		}
	}
	return true
}

// reader has a goroutine that fetches, as those of network sources do, into a buffer of a few rows.
type reader struct {
	*source
	split    *split
	rc       connectors.ReaderContext
	columns  []int
	at       int // the row that Poll gives next
	fetched  int // rows before this one can be given
	stopping bool
	fetching bool
	waiter   clock.Waiter // of fetch
	closed   clock.Waiter // of Close
}

const buffered = 12

func (r *reader) fetch() {
	w := r.world
	defer func() {
		r.fetching = false
		r.closed.Wake()
	}()
	for !r.stopping && r.fetched < len(r.split.rows) {
		if r.fetched-r.at >= buffered {
			r.waiter.Wait(background, time.Time{})
			continue
		}
		if due := start.Add(r.split.arrival[r.fetched]); r.process.Now().Before(due) {
			r.waiter.Wait(background, due)
			continue
		}
		if w.random.IntN(2) == 0 {
			w.delay(r.process, 20*time.Millisecond)
		}
		w.enter(r.process)
		switch {
		case w.happens("read throttled", w.faults.throttle):
			r.rc.Retried()
			w.delay(r.process, 500*time.Millisecond)
			continue
		case w.happens("read reset", w.faults.reset):
			r.rc.Retried()
			continue
		}
		for range 1 + w.random.IntN(buffered) {
			if r.fetched < len(r.split.rows) && !r.process.Now().Before(start.Add(r.split.arrival[r.fetched])) {
				r.fetched++
			}
		}
		if r.fetched < len(r.split.rows) && r.fetched-r.at < buffered && w.happens("wake-up lost", w.faults.wakeLost) {
			continue // another one follows with the next rows
		}
		r.rc.Wake()
		if w.happens("wake-up repeated", w.faults.wakeTwice) {
			r.process.Yield()
			r.rc.Wake()
		}
	}
}

func (r *reader) Poll(out *types.Batch, most int) (connectors.PollStatus, error) {
	w := r.world
	w.enter(r.process)
	if w.happens("read failed", w.faults.pollFails) {
		return 0, errInjected
	}
	if w.happens("short poll", w.faults.shortPoll) {
		most = w.random.IntN(min(most, buffered) + 1)
	}
	from := r.at
	for n := 0; n < most && r.at < r.fetched; n++ {
		c := r.split.rows[r.at]
		r.at++
		for i, k := range r.columns {
			out.Cols[i].AppendValue(c.row[k])
		}
		out.AppendKind(c.kind)
	}
	if r.at > from {
		w.note("%s gives %d to %d", r.split.id, from, r.at)
		r.waiter.Wake()
	}
	switch {
	case r.at == len(r.split.rows) && r.split.ends:
		r.ended[r.split.id] = true
		return connectors.Ended, nil
	case r.at < r.fetched:
		return connectors.Ready, nil
	}
	return connectors.Idle, nil
}

func (r *reader) Position() []byte { return fmt.Append(nil, r.at) }

func (r *reader) Close() error {
	r.stopping = true
	r.waiter.Wake()
	for r.fetching {
		r.closed.Wait(background, time.Time{})
	}
	return nil
}
