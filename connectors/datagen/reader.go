package datagen

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/internal/worker"
	"github.com/weirsql/weir/types"
)

// share is which rows a split makes: those whose numbers leave the remainder i when divided by n.
type share struct{ i, n int }

// id is the split's ID, "rows" when it makes all.
func (s share) id() string {
	if s.n == 1 {
		return "rows"
	}
	return fmt.Sprintf("rows-%d-of-%d", s.i, s.n)
}

func shareOf(id string) (share, error) {
	s := share{0, 1}
	if id == s.id() {
		return s, nil
	}
	if _, err := fmt.Sscanf(id, "rows-%d-of-%d", &s.i, &s.n); err != nil || s.i < 0 || s.i >= s.n || id != s.id() {
		return s, fmt.Errorf("%q is not a split of generated rows", id)
	}
	return s, nil
}

// rows is how many of the first n rows are the share's; of no end, no end.
func (s share) rows(n int64) int64 {
	if n == math.MaxInt64 {
		return n
	}
	return (n - int64(s.i) + int64(s.n) - 1) / int64(s.n)
}

// number is the number of the share's row k.
func (s share) number(k int64) int64 { return k*int64(s.n) + int64(s.i) }

// reader makes the rows of its share that are due: those before it was opened aside, row n is due n/rate seconds after that.
// When none is, a goroutine waits for the next.
type reader struct {
	source  *source
	rc      connectors.ReaderContext
	columns []generator
	share   share
	end     int64 // rows to make

	opened time.Time
	first  int64 // rows made before it was opened
	rows   int64 // rows made

	alarm alarm
}

type position struct {
	Rows int64 `json:"rows"`
}

// tick is the shortest time to wait for rows: at high rates several come at once.
const tick = 10 * time.Millisecond

func newReader(s *source, split connectors.Split, rc connectors.ReaderContext) (*reader, error) {
	share, err := shareOf(split.ID)
	if err != nil {
		return nil, err
	}
	r := &reader{source: s, rc: rc, share: share, end: share.rows(s.rows), opened: s.clock.Now()}
	if split.Position != nil {
		var p position
		if err := json.Unmarshal(split.Position, &p); err != nil {
			return nil, fmt.Errorf("position %s of generated rows: %w", split.Position, err)
		}
		r.first, r.rows = p.Rows, p.Rows
	}
	for _, c := range rc.Columns {
		r.columns = append(r.columns, s.columns[c.Name])
	}
	return r, nil
}

// Poll implements connectors.Reader.
func (r *reader) Poll(out *types.Batch, most int) (connectors.PollStatus, error) {
	now := r.source.clock.Now()
	rate := float64(r.source.rate) / float64(r.share.n)
	due := r.first + 1 + int64(now.Sub(r.opened).Seconds()*rate)
	n := max(0, min(int64(most), due-r.rows, r.end-r.rows))
	number, step := uint64(r.share.number(r.rows)), uint64(r.share.n)
	for i, g := range r.columns {
		v := out.Cols[i]
		for k := range uint64(n) {
			g(v, number+k*step)
		}
	}
	for range n {
		out.AppendKind(types.Insert)
	}
	r.rows += n
	switch {
	case r.rows >= r.end:
		return connectors.Ended, nil
	case r.rows < due:
		return connectors.Ready, nil
	}
	next := r.opened.Add(time.Duration(float64(r.rows-r.first) / rate * float64(time.Second)))
	// A nanosecond on top, for what the division dropped.
	if next = next.Add(1); next.Before(now.Add(tick)) {
		next = now.Add(tick)
	}
	r.alarm.set(r.source, next, r.rc.Wake)
	return connectors.Idle, nil
}

// Position implements connectors.Reader.
func (r *reader) Position() []byte { return fmt.Appendf(nil, `{"rows":%d}`, r.rows) }

// Close implements connectors.Reader.
func (r *reader) Close() error {
	r.alarm.stop()
	return nil
}

// alarm calls wake at a time, from a goroutine that it starts when first set.
type alarm struct {
	worker *worker.Worker // nil until it is set

	mu sync.Mutex
	at time.Time // zero: not set
}

func (a *alarm) set(s *source, at time.Time, wake func()) {
	a.mu.Lock()
	a.at = at
	a.mu.Unlock()
	if a.worker != nil {
		a.worker.Wake()
		return
	}
	w := worker.New(s.clock)
	a.worker = w
	w.Start(context.Background(), func(ctx context.Context) (bool, error) {
		a.mu.Lock()
		at := a.at
		ring := !at.IsZero() && !s.clock.Now().Before(at)
		if ring {
			a.at, at = time.Time{}, time.Time{}
		}
		a.mu.Unlock()
		if ring {
			wake()
		}
		w.Rest(ctx, at)
		return true, nil
	})
}

// stop ends the goroutine and waits for it.
func (a *alarm) stop() {
	if a.worker != nil {
		a.worker.Stop()
	}
}
