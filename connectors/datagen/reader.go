package datagen

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/internal/worker"
	"github.com/weirsql/weir/types"
)

// reader makes the rows that are due: row n of those since it was opened is due n/rate seconds after that. When none is,
// a goroutine waits for the next.
type reader struct {
	source  *source
	rc      connectors.ReaderContext
	columns []generator

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
	r := &reader{source: s, rc: rc, opened: s.clock.Now()}
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
	due := r.first + 1 + int64(now.Sub(r.opened).Seconds()*float64(r.source.rate))
	n := max(0, min(int64(most), due-r.rows, r.source.rows-r.rows))
	for i, g := range r.columns {
		v := out.Cols[i]
		for k := range n {
			g(v, uint64(r.rows+k))
		}
	}
	for range n {
		out.AppendKind(types.Insert)
	}
	r.rows += n
	switch {
	case r.rows >= r.source.rows:
		return connectors.Ended, nil
	case r.rows < due:
		return connectors.Ready, nil
	}
	next := r.opened.Add(time.Duration(float64(r.rows-r.first) / float64(r.source.rate) * float64(time.Second)))
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
