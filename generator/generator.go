package generator

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync/atomic"
	"time"
)

// DefaultBatchRecords is how many records at most go to the sink at once.
const DefaultBatchRecords = 500

// batchBytes ends a batch that has become so large, so that large records don't fill the memory.
const batchBytes = 4 << 20

// pace is the shortest wait between two batches. Records that are due within it go together, so that at high rates the
// time is spent on records and not on waking up.
const pace = 10 * time.Millisecond

// maxRate is one record per nanosecond, the resolution of time.
const maxRate = 1e9

// overtime is how long after the end of Config.For a run still delivers what was due before. A run that keeps its pace
// doesn't need it; one whose sink is too slow ends there, instead of going on until its backlog is done.
const overtime = time.Second

// Config says what a Generator sends, and when.
type Config struct {
	// Template renders the data of each record. Required.
	Template *Template

	// PartitionKey renders the partition key of each record. By default that is a number from 0 to 9999999999 at random,
	// as in the Kinesis Data Generator.
	PartitionKey *Template

	// Rate is the number of records per second. Record i is due i/Rate seconds after the start: the records are spread
	// evenly. 0 sends as fast as the sink takes.
	Rate float64

	// Count ends the run after that many records; 0 is no limit.
	Count int64

	// For ends the run at that time from the start: records due before it are sent, Rate·For in all; 0 is no limit. With
	// both limits the earlier one counts, with none the run ends with its context.
	For time.Duration

	// BatchRecords is how many records at most go to the sink at once. Default 500.
	BatchRecords int

	// Seed determines all random choices.
	Seed int64

	// Clock is the time; default RealClock.
	Clock Clock
}

// Stats are the counts of a run.
type Stats struct {
	Sent    int64         // records that the sink took
	Failed  int64         // records that the sink gave up
	Bytes   int64         // of data and partition keys handed to the sink
	Planned int64         // records of the whole run; 0 while that isn't limited
	Elapsed time.Duration // from the start to the last batch
	Lag     time.Duration // by how much the next record is overdue; at the end of a run, by how much the last batch was late
}

// Generator sends records for one run. Run does everything; who drives time himself calls Start and then, as long as
// Next has an answer, Emit. Those belong to one goroutine; Stats may be called by any.
type Generator struct {
	config  Config
	source  *Source
	start   time.Time
	next    int64 // number of the next record, from 0
	overdue overdue
	planned int64 // records of the whole run; math.MaxInt64 without a limit

	buffer  []byte // data and partition keys of a batch, one after another
	ends    []int  // in buffer: end of data, end of key, end of data, …
	records []Record

	sent, failed, bytes, elapsed atomic.Int64
}

// overdue is how late a run is, for whoever asks meanwhile.
type overdue struct {
	since atomic.Int64 // when the next record was due, in nanoseconds since 1970; 0 before the run and after it
	last  atomic.Int64 // by how much the last batch was late
}

// at notes when the next record is due.
func (o *overdue) at(due time.Time) { o.since.Store(due.UnixNano()) }

// by returns how late it is.
func (o *overdue) by(now time.Time) time.Duration {
	if due := o.since.Load(); due != 0 {
		return time.Duration(max(0, now.UnixNano()-due))
	}
	return time.Duration(o.last.Load())
}

// New checks the config and returns a generator for one run.
func New(c Config) (*Generator, error) {
	switch {
	case c.Template == nil:
		return nil, errors.New("generator: no template")
	case !(c.Rate >= 0 && c.Rate <= maxRate):
		return nil, fmt.Errorf("generator: rate is %v records per second; it must be between 0 (no pause) and %v", c.Rate, maxRate)
	case c.Count < 0:
		return nil, fmt.Errorf("generator: count is %d; it must be 0 (no limit) or more", c.Count)
	case c.For < 0:
		return nil, fmt.Errorf("generator: duration is %v; it must be 0 (no limit) or more", c.For)
	case c.BatchRecords < 0:
		return nil, fmt.Errorf("generator: batch size is %d; it must be at least 1", c.BatchRecords)
	}
	if c.BatchRecords == 0 {
		c.BatchRecords = DefaultBatchRecords
	}
	if c.Clock == nil {
		c.Clock = RealClock{}
	}
	g := &Generator{config: c, source: NewSource(c.Seed, time.Time{}), planned: math.MaxInt64}
	if c.Count > 0 {
		g.planned = c.Count
	}
	if c.For > 0 && c.Rate > 0 {
		g.planned = min(g.planned, g.dueWithin(c.For-1))
	}
	return g, nil
}

// Run sends the records of the run at their pace and returns nil when all are settled, also when the sink gave some
// up: see Stats. It returns early with the sink's error, or with that of ctx when that ends.
func (g *Generator) Run(ctx context.Context, sink Sink) error {
	g.Start()
	for {
		due, ok := g.Next()
		if !ok {
			return nil
		}
		err := ctx.Err()
		if wait := due.Sub(g.config.Clock.Now()); wait > 0 && err == nil {
			err = g.config.Clock.Sleep(ctx, wait)
		}
		if err == nil {
			err = g.Emit(ctx, sink)
		}
		if err != nil {
			return err
		}
	}
}

// Start lets the run begin now.
func (g *Generator) Start() { g.start = g.config.Clock.Now() }

// Next returns when to call Emit next, which is in the past when records are waiting, and false at the end of the run.
func (g *Generator) Next() (due time.Time, ok bool) {
	if due, ok = g.upcoming(); !ok {
		g.overdue.since.Store(0)
	}
	return due, ok
}

func (g *Generator) upcoming() (due time.Time, ok bool) {
	if g.next >= g.planned {
		return time.Time{}, false
	}
	now := g.config.Clock.Now()
	if g.config.For > 0 {
		limit := g.config.For
		if g.config.Rate > 0 {
			limit += overtime
		}
		if now.Sub(g.start) >= limit {
			return time.Time{}, false
		}
	}
	wait := g.due(g.next)
	if gap := g.due(1); gap < pace {
		wait = (wait + pace - 1) / pace * pace
	}
	return g.start.Add(wait), true
}

// Emit sends one batch of the records that are due now, and nothing when none is. The error is the sink's.
func (g *Generator) Emit(ctx context.Context, sink Sink) error {
	now := g.config.Clock.Now()
	elapsed := now.Sub(g.start)
	n := min(g.dueWithin(elapsed), g.planned) - g.next
	n = min(n, int64(g.config.BatchRecords))
	if n <= 0 {
		return nil
	}
	if g.config.Rate > 0 {
		due := g.due(g.next)
		g.overdue.at(g.start.Add(due))
		g.overdue.last.Store(int64(elapsed - due))
	}
	g.source.Now = now
	records := g.render(int(n))
	n = int64(len(records))
	failed, err := sink.Put(ctx, records)
	g.next += n
	if g.config.Rate > 0 {
		g.overdue.at(g.start.Add(g.due(g.next)))
	}
	g.sent.Add(n - int64(failed))
	g.failed.Add(int64(failed))
	g.bytes.Add(int64(len(g.buffer)))
	g.elapsed.Store(int64(g.config.Clock.Now().Sub(g.start)))
	if err != nil {
		return fmt.Errorf("send records %d to %d: %w", g.next-n+1, g.next, err)
	}
	return nil
}

// render makes a batch of n records, or of fewer large ones, valid until the next call.
func (g *Generator) render(n int) []Record {
	g.buffer, g.ends = g.buffer[:0], g.ends[:0]
	for i := 0; i < n && len(g.buffer) < batchBytes; i++ {
		g.buffer = g.config.Template.Append(g.buffer, g.source)
		g.ends = append(g.ends, len(g.buffer))
		g.buffer = appendKey(g.buffer, g.config.PartitionKey, g.source)
		g.ends = append(g.ends, len(g.buffer))
	}
	g.records = appendRecords(g.records[:0], g.buffer, g.ends)
	return g.records
}

// appendKey appends a partition key: by its template, or a number from 0 to 9999999999 at random.
func appendKey(dst []byte, template *Template, s *Source) []byte {
	if template != nil {
		return template.Append(dst, s)
	}
	return strconv.AppendUint(dst, s.uint64n(1e10), 10)
}

// appendRecords cuts a buffer, which from here on stays where it is, into records: ends has the end of each one's data
// and of its key.
func appendRecords(records []Record, buffer []byte, ends []int) []Record {
	start := 0
	for i := 0; i < len(ends); i += 2 {
		data, key := ends[i], ends[i+1]
		records = append(records, Record{Data: buffer[start:data:data], PartitionKey: buffer[data:key:key]})
		start = key
	}
	return records
}

// Stats returns the counts so far.
func (g *Generator) Stats() Stats {
	s := Stats{
		Sent:    g.sent.Load(),
		Failed:  g.failed.Load(),
		Bytes:   g.bytes.Load(),
		Elapsed: time.Duration(g.elapsed.Load()),
		Lag:     g.overdue.by(g.config.Clock.Now()),
	}
	if g.planned < math.MaxInt64 {
		s.Planned = g.planned
	}
	return s
}

// due returns when record i is due, from the start. Rounding makes a fifth of a second 200 ms and not 199.999999 ms.
func (g *Generator) due(i int64) time.Duration {
	if g.config.Rate == 0 {
		return 0
	}
	nanoseconds := math.Round(float64(i) / g.config.Rate * 1e9)
	if nanoseconds >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(nanoseconds)
}

// dueWithin returns how many records are due up to and at the given time from the start.
func (g *Generator) dueWithin(elapsed time.Duration) int64 {
	if g.config.Rate == 0 {
		return math.MaxInt64
	}
	estimate := elapsed.Seconds() * g.config.Rate
	if estimate >= 1<<53 {
		return math.MaxInt64 // more than any run sends, and than float64 counts
	}
	n := int64(estimate) + 1
	// The estimate is off by one at most where a record is due to the nanosecond.
	for n > 0 && g.due(n-1) > elapsed {
		n--
	}
	for g.due(n) <= elapsed {
		n++
	}
	return n
}
