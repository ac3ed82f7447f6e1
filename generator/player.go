package generator

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"
)

// PlayerConfig says how a scenario is played.
type PlayerConfig struct {
	Scenario *Scenario

	// Speed is how many seconds of the scenario pass in one of the clock. 0 is as fast as the sinks take.
	Speed float64

	// Count ends the run after that many records; 0 is no limit.
	Count int64

	// BatchRecords is how many records at most go to a sink at once. Default 500.
	BatchRecords int

	// Clock is the time; default RealClock.
	Clock Clock
}

// Player sends the records of a scenario, at its speed. What a record says of the time ({{date.utc}}) is the scenario's
// time, whatever the clock says. The same scenario and seed give the same records at every speed; a Player is for one run.
type Player struct {
	config   PlayerConfig
	arrivals *arrivals
	lanes    []lane
	byPart   []int    // lane of each part of the arrivals
	sources  []Source // of what the records of each part hold

	overdue overdue

	sent, failed, bytes, at atomic.Int64
}

// lane is what goes to one sink.
type lane struct {
	sink    Sink
	stream  string
	buffer  []byte // data and partition keys, one after another
	ends    []int  // in buffer: end of data, end of key, end of data, …
	records []Record
}

// NewPlayer checks the config. The sinks are by stream; a stream without one goes to that of the empty name, where the
// records of several streams mix in the order of time.
func NewPlayer(c PlayerConfig, sinks map[string]Sink) (*Player, error) {
	switch {
	case c.Scenario == nil:
		return nil, errors.New("generator: no scenario")
	case !(c.Speed >= 0 && c.Speed <= maxRate):
		return nil, fmt.Errorf("generator: speed is %v; it must be between 0 (as fast as possible) and %v", c.Speed, maxRate)
	case c.Count < 0:
		return nil, fmt.Errorf("generator: count is %d; it must be 0 (no limit) or more", c.Count)
	case c.BatchRecords < 0:
		return nil, fmt.Errorf("generator: batch size is %d; it must be at least 1", c.BatchRecords)
	}
	if err := c.Scenario.Check(); err != nil {
		return nil, err
	}
	if c.BatchRecords == 0 {
		c.BatchRecords = DefaultBatchRecords
	}
	if c.Clock == nil {
		c.Clock = RealClock{}
	}
	p := &Player{config: c, arrivals: newArrivals(c.Scenario)}
	for _, part := range p.arrivals.parts {
		t := c.Scenario.traffic[part.traffic]
		name := t.stream
		if sinks[name] == nil {
			name = ""
		}
		if sinks[name] == nil {
			return nil, fmt.Errorf("generator: the stream %s has no sink", t.stream)
		}
		i := slices.IndexFunc(p.lanes, func(l lane) bool { return l.stream == name })
		if i < 0 {
			i = len(p.lanes)
			p.lanes = append(p.lanes, lane{sink: sinks[name], stream: name})
		}
		number := int64(-1)
		if part.change != nil {
			number = int64(part.change.number)
		}
		p.byPart = append(p.byPart, i)
		p.sources = append(p.sources, c.Scenario.draw(t, "records", number))
	}
	return p, nil
}

// Run sends the records and returns nil when all are settled, also when a sink gave some up: see Stats. It returns early
// with the error of a sink, or with that of ctx when that ends. A sink that is too slow for the speed makes the run longer,
// no record is left out.
func (p *Player) Run(ctx context.Context) error {
	start := p.config.Clock.Now()
	made := int64(0)
	defer p.overdue.since.Store(0)
	for {
		at, ok := p.arrivals.next()
		if !ok {
			return p.flush(ctx)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, a := range p.arrivals.made {
			if err := p.await(ctx, start, at+a.offset); err != nil {
				return err
			}
			if err := p.render(ctx, a.part, at+a.offset); err != nil {
				return err
			}
			if made++; made == p.config.Count {
				p.at.Store(int64(at + a.offset))
				return p.flush(ctx)
			}
		}
		p.at.Store(int64(at + tick))
	}
}

// await sends what was due before, and returns when the scenario is at the given time. Records that are due within a
// pace of the clock go together.
func (p *Player) await(ctx context.Context, start time.Time, at time.Duration) error {
	if p.config.Speed == 0 {
		return nil
	}
	due := time.Duration(min(float64(at)/p.config.Speed, math.MaxInt64/2))
	now := p.config.Clock.Now().Sub(start)
	p.overdue.at(start.Add(due))
	p.overdue.last.Store(int64(max(0, now-due)))
	if due <= now {
		return nil
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	if wait := (due+pace-1)/pace*pace - p.config.Clock.Now().Sub(start); wait > 0 {
		return p.config.Clock.Sleep(ctx, wait)
	}
	return nil
}

// render makes one record, and sends a batch when it is full.
func (p *Player) render(ctx context.Context, part int, at time.Duration) error {
	l, source := &p.lanes[p.byPart[part]], &p.sources[part]
	source.Now = p.config.Scenario.Start.Add(at)
	made := &p.arrivals.parts[part]
	l.buffer = made.template.Append(l.buffer, source)
	l.ends = append(l.ends, len(l.buffer))
	l.buffer = appendKey(l.buffer, p.config.Scenario.traffic[made.traffic].partitionKey, source)
	l.ends = append(l.ends, len(l.buffer))
	if len(l.ends)/2 < p.config.BatchRecords && len(l.buffer) < batchBytes {
		return nil
	}
	return p.put(ctx, l)
}

func (p *Player) flush(ctx context.Context) error {
	for i := range p.lanes {
		if err := p.put(ctx, &p.lanes[i]); err != nil {
			return err
		}
	}
	return nil
}

// put sends what a lane has.
func (p *Player) put(ctx context.Context, l *lane) error {
	if len(l.ends) == 0 {
		return nil
	}
	l.records = appendRecords(l.records[:0], l.buffer, l.ends)
	n, bytes := int64(len(l.records)), len(l.buffer)
	failed, err := l.sink.Put(ctx, l.records)
	l.buffer, l.ends = l.buffer[:0], l.ends[:0]
	p.sent.Add(n - int64(failed))
	p.failed.Add(int64(failed))
	p.bytes.Add(int64(bytes))
	if err != nil {
		if l.stream == "" {
			return fmt.Errorf("send %d records: %w", n, err)
		}
		return fmt.Errorf("send %d records to %s: %w", n, l.stream, err)
	}
	return nil
}

// Stats returns the counts so far. Elapsed is in the scenario's time, Lag in the clock's, and what is planned isn't known
// but for a limit.
func (p *Player) Stats() Stats {
	return Stats{
		Planned: p.config.Count,
		Sent:    p.sent.Load(),
		Failed:  p.failed.Load(),
		Bytes:   p.bytes.Load(),
		Elapsed: time.Duration(p.at.Load()),
		Lag:     p.overdue.by(p.config.Clock.Now()),
	}
}
