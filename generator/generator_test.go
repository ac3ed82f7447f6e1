package generator

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// manualClock moves by what is slept on it, plus late: the wake-up comes that much after the time asked for.
type manualClock struct {
	now    time.Time
	late   time.Duration
	sleeps int
}

func (c *manualClock) Now() time.Time { return c.now }

func (c *manualClock) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d + c.late)
	c.sleeps++
	return ctx.Err()
}

var start = time.Date(2023, 8, 23, 13, 46, 30, 0, time.UTC)

// recorder is a sink that keeps every record and when it came.
type recorder struct {
	clock   *manualClock
	data    []string
	keys    []string
	at      []time.Duration // since start
	batches []int
}

func (r *recorder) Put(_ context.Context, records []Record) (int, error) {
	for _, record := range records {
		r.data = append(r.data, string(record.Data))
		r.keys = append(r.keys, string(record.PartitionKey))
		r.at = append(r.at, r.clock.now.Sub(start))
	}
	r.batches = append(r.batches, len(records))
	return 0, nil
}

// run runs a generator on a manual clock to its end.
func run(t *testing.T, c Config) (*recorder, Stats) {
	t.Helper()
	clock := &manualClock{now: start}
	c.Clock = clock
	if c.Template == nil {
		c.Template = mustCompile(t, "x")
	}
	g, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{clock: clock}
	if err := g.Run(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	return r, g.Stats()
}

func TestRecordsAreSpreadEvenly(t *testing.T) {
	r, stats := run(t, Config{Rate: 5, For: 30 * time.Second})
	if len(r.at) != 150 {
		t.Fatalf("%d records, want 150", len(r.at))
	}
	for i, at := range r.at {
		if want := time.Duration(i) * 200 * time.Millisecond; at != want {
			t.Fatalf("record %d at %v, want %v", i, at, want)
		}
	}
	if stats.Sent != 150 || stats.Planned != 150 || stats.Failed != 0 || stats.Lag != 0 || stats.Elapsed != 29800*time.Millisecond {
		t.Errorf("stats %+v", stats)
	}
}

// The lab's traffic: whatever moment its windows of ten seconds begin at, a full one holds five clicks per impression.
func TestTwoRatesKeepTheirRatioInEveryWindow(t *testing.T) {
	impressions, _ := run(t, Config{Rate: 1, For: 30 * time.Second})
	clicks, _ := run(t, Config{Rate: 5, For: 30 * time.Second})
	within := func(at []time.Duration, from time.Duration) (n int) {
		for _, d := range at {
			if d >= from && d < from+10*time.Second {
				n++
			}
		}
		return n
	}
	for from := time.Duration(0); from <= 20*time.Second; from += 50 * time.Millisecond {
		if i, c := within(impressions.at, from), within(clicks.at, from); i != 10 || c != 50 {
			t.Fatalf("from %v: %d impressions, %d clicks", from, i, c)
		}
	}
}

func TestHighRatesGoInBatches(t *testing.T) {
	r, stats := run(t, Config{Rate: 100_000, For: time.Second, BatchRecords: 300})
	if len(r.at) != 100_000 || stats.Planned != 100_000 {
		t.Fatalf("%d records, %d planned, want 100000", len(r.at), stats.Planned)
	}
	if most := slices.Max(r.batches); most != 300 {
		t.Errorf("the largest batch had %d records, want 300", most)
	}
	if r.clock.sleeps > 101 {
		t.Errorf("slept %d times for one second", r.clock.sleeps)
	}
	for i, at := range r.at {
		due := time.Duration(i) * 10 * time.Microsecond
		if at < due || at > due+pace {
			t.Fatalf("record %d, due at %v, came at %v", i, due, at)
		}
	}
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name   string
		config Config
		want   int
	}{
		{"count", Config{Rate: 10, Count: 7}, 7},
		{"duration", Config{Rate: 10, For: 500 * time.Millisecond}, 5},
		{"the record at the very end is not due within", Config{Rate: 1, For: 3 * time.Second}, 3},
		{"duration between two records", Config{Rate: 1, For: 3*time.Second + 1}, 4},
		{"count before duration", Config{Rate: 10, Count: 7, For: time.Minute}, 7},
		{"duration before count", Config{Rate: 10, Count: 7, For: 300 * time.Millisecond}, 3},
		{"slow rate", Config{Rate: 1.0 / 3600, For: 24 * time.Hour}, 24},
		{"uneven rate", Config{Rate: 3, For: 10 * time.Second}, 30},
		{"no pause", Config{Count: 1234}, 1234},
	} {
		r, stats := run(t, c.config)
		if len(r.at) != c.want || stats.Sent != int64(c.want) || stats.Planned != int64(c.want) {
			t.Errorf("%s: %d records, stats %+v, want %d", c.name, len(r.at), stats, c.want)
		}
	}
}

func TestNoPauseEndsAtItsDuration(t *testing.T) {
	clock := &manualClock{now: start}
	g, err := New(Config{Template: mustCompile(t, "x"), For: 5 * time.Second, BatchRecords: 10, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	sink := SinkFunc(func(context.Context, []Record) (int, error) {
		clock.now = clock.now.Add(time.Second)
		return 0, nil
	})
	if err := g.Run(context.Background(), sink); err != nil {
		t.Fatal(err)
	}
	if s := g.Stats(); s.Sent != 50 || s.Planned != 0 || s.Elapsed != 5*time.Second {
		t.Errorf("stats %+v, want 50 sent in 5 s", s)
	}
}

// Late wake-ups must not lower the rate: what has become due meanwhile goes out together.
func TestLateWakeUpsAreCaughtUp(t *testing.T) {
	clock := &manualClock{now: start, late: 70 * time.Millisecond}
	g, err := New(Config{Template: mustCompile(t, "x"), Rate: 50, For: 10 * time.Second, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{clock: clock}
	if err := g.Run(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	if len(r.at) != 500 || r.at[499] > 10*time.Second+clock.late {
		t.Errorf("%d records, the last at %v", len(r.at), r.at[len(r.at)-1])
	}
}

// A sink that is too slow gets a backlog; the run ends shortly after its time and says how much is missing.
func TestRunWithSlowSinkEnds(t *testing.T) {
	clock := &manualClock{now: start}
	g, err := New(Config{Template: mustCompile(t, "x"), Rate: 1000, For: 10 * time.Second, BatchRecords: 100, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	sink := SinkFunc(func(context.Context, []Record) (int, error) {
		clock.now = clock.now.Add(500 * time.Millisecond) // 200 records per second
		return 0, nil
	})
	if err := g.Run(context.Background(), sink); err != nil {
		t.Fatal(err)
	}
	s := g.Stats()
	if s.Planned != 10_000 || s.Sent < 2000 || s.Sent > 2300 || s.Elapsed > 12*time.Second || s.Lag < 5*time.Second {
		t.Errorf("stats %+v", s)
	}
}

// While a batch is with the sink, the counts say how late the next record is.
func TestLagGrowsWhileTheSinkIsBusy(t *testing.T) {
	clock := &manualClock{now: start}
	g, err := New(Config{Template: mustCompile(t, "x"), Rate: 10, Count: 2, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	scenario := parseScenario(t, "for: 1s\ntraffic: {x: {stream: s, template: x, raw: true, rate: 10, arrivals: even}}")
	var stats func() Stats
	sink := SinkFunc(func(context.Context, []Record) (int, error) {
		clock.now = clock.now.Add(3 * time.Second)
		if lag := stats().Lag; lag < 2900*time.Millisecond || lag > 3*time.Second {
			t.Errorf("3 s into the batch of a record that was due the lag is %v", lag)
		}
		clock.now = clock.now.Add(-3 * time.Second)
		return 0, nil
	})
	stats = g.Stats
	if err := g.Run(t.Context(), sink); err != nil {
		t.Fatal(err)
	}
	if lag := g.Stats().Lag; lag != 0 {
		t.Errorf("at the end the lag is %v", lag)
	}
	p, err := NewPlayer(PlayerConfig{Scenario: scenario, Speed: 1, Clock: clock}, map[string]Sink{"": sink})
	if err != nil {
		t.Fatal(err)
	}
	stats = p.Stats
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Large records go in smaller batches, whatever BatchRecords says.
func TestBatchesAreBoundedInBytes(t *testing.T) {
	template := mustCompile(t, strings.Repeat("x", 1<<20))
	most := 0
	sink := SinkFunc(func(_ context.Context, records []Record) (int, error) {
		most = max(most, len(records))
		return 0, nil
	})
	g, err := New(Config{Template: template, Count: 10, BatchRecords: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Run(t.Context(), sink); err != nil || most != 4 || g.Stats().Sent != 10 {
		t.Errorf("batches of up to %d MiB, %d records, %v", most, g.Stats().Sent, err)
	}
	most = 0
	scenario := parseScenario(t, "for: 10s\ntraffic: {x: {stream: s, template: "+strings.Repeat("x", 1<<20)+", raw: true, rate: 1, arrivals: even}}")
	p, err := NewPlayer(PlayerConfig{Scenario: scenario, BatchRecords: 1000}, map[string]Sink{"": sink})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context()); err != nil || most != 4 || p.Stats().Sent != 10 {
		t.Errorf("batches of up to %d MiB, %d records, %v", most, p.Stats().Sent, err)
	}
}

func TestPartitionKeys(t *testing.T) {
	random, _ := run(t, Config{Count: 1000})
	distinct := map[string]bool{}
	for _, key := range random.keys {
		if !regexp.MustCompile(`^\d{1,10}$`).MatchString(key) {
			t.Fatalf("random key %q", key)
		}
		distinct[key] = true
	}
	if len(distinct) < 990 {
		t.Errorf("only %d distinct keys of 1000", len(distinct))
	}
	chosen, stats := run(t, Config{Template: mustCompile(t, "data"), PartitionKey: mustCompile(t, "k{{random.number(1)}}"), Count: 100})
	for i, key := range chosen.keys {
		if key != "k0" && key != "k1" || chosen.data[i] != "data" {
			t.Fatalf("record %d: key %q, data %q", i, key, chosen.data[i])
		}
	}
	if stats.Bytes != 600 {
		t.Errorf("%d bytes, want 600", stats.Bytes)
	}
}

func TestRecordsFollowFromSeedAndClock(t *testing.T) {
	c := Config{Template: mustCompile(t, `{{date.utc("mm:ss.SSS")}} {{random.number}}`), Rate: 4, Count: 20, Seed: 5}
	first, _ := run(t, c)
	second, _ := run(t, c)
	if !slices.Equal(first.data, second.data) || !slices.Equal(first.keys, second.keys) {
		t.Error("two runs of one seed differ")
	}
	if got := first.data[5]; !strings.HasPrefix(got, "46:31.250 ") {
		t.Errorf("the sixth record, due after 1.25 s, says %q", got)
	}
	// How the records are cut into batches is no part of them.
	c.Rate, c.BatchRecords = 0, 3
	third, _ := run(t, c)
	for i := range first.data {
		_, a, _ := strings.Cut(first.data[i], " ")
		_, b, _ := strings.Cut(third.data[i], " ")
		if a != b || first.keys[i] != third.keys[i] {
			t.Fatalf("record %d is %q in other batches, %q before", i, b, a)
		}
	}
}

func TestFailedRecordsAreCounted(t *testing.T) {
	g, err := New(Config{Template: mustCompile(t, "x"), Count: 100, BatchRecords: 10})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Run(context.Background(), SinkFunc(func(_ context.Context, records []Record) (int, error) {
		return 3, nil
	})); err != nil {
		t.Fatal(err)
	}
	if s := g.Stats(); s.Sent != 70 || s.Failed != 30 {
		t.Errorf("stats %+v, want 70 sent and 30 failed", s)
	}
}

func TestErrorOfTheSinkEndsTheRun(t *testing.T) {
	broken := errors.New("stream not found")
	g, err := New(Config{Template: mustCompile(t, "x"), BatchRecords: 10})
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	err = g.Run(context.Background(), SinkFunc(func(_ context.Context, records []Record) (int, error) {
		if calls++; calls == 3 {
			return len(records), broken
		}
		return 0, nil
	}))
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "records 21 to 30") {
		t.Errorf("error %v", err)
	}
	if s := g.Stats(); s.Sent != 20 || s.Failed != 10 {
		t.Errorf("stats %+v, want 20 sent and 10 failed", s)
	}
}

// On the real clock (of a synctest bubble, where it takes no time): the pace holds, a cancelled run ends at once, and
// another goroutine may read the counts meanwhile.
func TestRunOnTheRealClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		g, err := New(Config{Template: mustCompile(t, "x"), Rate: 10})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var wait sync.WaitGroup
		wait.Go(func() {
			err = g.Run(ctx, SinkFunc(func(context.Context, []Record) (int, error) { return 0, nil }))
		})
		if err := (RealClock{}).Sleep(t.Context(), 10*time.Second+50*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s := g.Stats(); s.Sent != 101 {
			t.Errorf("%d records after 10.05 s, want 101", s.Sent)
		}
		cancel()
		wait.Wait()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(began); took != 10*time.Second+50*time.Millisecond {
			t.Errorf("the run ended after %v", took)
		}
	})
}

// Driving time oneself: two generators interleave by their due times, without goroutines.
func TestNextAndEmitByHand(t *testing.T) {
	clock := &manualClock{now: start}
	var order []string
	sink := SinkFunc(func(_ context.Context, records []Record) (int, error) {
		for _, r := range records {
			order = append(order, fmt.Sprintf("%s@%v", r.Data, clock.now.Sub(start)))
		}
		return 0, nil
	})
	var all []*Generator
	for i, name := range []string{"slow", "fast"} {
		rate := float64(i + 1)
		g, err := New(Config{Template: mustCompile(t, name), Rate: rate, Count: int64(2 * rate), Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		g.Start()
		all = append(all, g)
	}
	for {
		var next *Generator
		var at time.Time
		for _, g := range all {
			if due, ok := g.Next(); ok && (next == nil || due.Before(at)) {
				next, at = g, due
			}
		}
		if next == nil {
			break
		}
		clock.now = at
		if err := next.Emit(context.Background(), sink); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := strings.Join(order, " "), "slow@0s fast@0s fast@500ms slow@1s fast@1s fast@1.5s"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestConfigOutOfRangeIsRefused(t *testing.T) {
	template := mustCompile(t, "x")
	for want, c := range map[string]Config{
		"no template":       {},
		"rate is -1":        {Template: template, Rate: -1},
		"rate is NaN":       {Template: template, Rate: math.NaN()},
		"rate is 2e+09":     {Template: template, Rate: 2e9},
		"count is -1":       {Template: template, Count: -1},
		"duration is -1s":   {Template: template, For: -time.Second},
		"batch size is -10": {Template: template, BatchRecords: -10},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	// The extremes that are allowed must not hang.
	for _, c := range []Config{
		{Template: template, Rate: maxRate, For: math.MaxInt64},
		{Template: template, Rate: math.SmallestNonzeroFloat64, For: math.MaxInt64, Count: 1},
	} {
		if _, err := New(c); err != nil {
			t.Error(err)
		}
	}
}

func TestNoAllocationPerRecord(t *testing.T) {
	clock := &manualClock{now: start}
	g, err := New(Config{Template: mustCompile(t, labTemplate), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	sink := SinkFunc(func(context.Context, []Record) (int, error) { return 0, nil })
	g.Start()
	if n := testing.AllocsPerRun(100, func() {
		if err := g.Emit(context.Background(), sink); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per batch", n)
	}
}

const labTemplate = `{"browseraction": "{{random.weightedArrayElement({"weights":[5,1],"data":["Click","Impression"]})}}", ` +
	`"site": "https://www.mysite.com", "id": {{random.number(1000000)}}, "at": "{{date.utc("YYYY-MM-DD HH:mm:ss.SSS")}}"}`

func BenchmarkGenerator(b *testing.B) {
	for _, c := range []struct{ name, template string }{
		{"constant", `{"browseraction": "Impression", "site": "https://www.mysite.com"}`},
		{"one-number", `{"browseraction": "Click", "site": "https://www.mysite.com", "id": {{random.number(1000000)}}}`},
		{"choice-number-time", labTemplate},
		{"order", `{"id": "{{random.uuid}}", "who": "{{name.findName}}", "mail": "{{internet.email}}", "item": "{{commerce.productName}}", ` +
			`"price": {{commerce.price}}, "city": "{{address.city}}", "company": "{{company.companyName}}", "at": "{{date.utc}}"}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			g, err := New(Config{Template: mustCompile(b, c.template), Count: int64(b.N)})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			if err := g.Run(context.Background(), SinkFunc(func(context.Context, []Record) (int, error) { return 0, nil })); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
			b.SetBytes(g.Stats().Bytes / int64(b.N))
		})
	}
}
