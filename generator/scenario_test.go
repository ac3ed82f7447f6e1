package generator

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
)

func parseScenario(t *testing.T, text string) *Scenario {
	t.Helper()
	s, err := ParseScenario("site.yaml", []byte(text), start)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestScenarioErrors has a script of files that are refused, or not.
func TestScenarioErrors(t *testing.T) {
	datadriven.RunTest(t, "testdata/scenario_errors", func(t *testing.T, d *datadriven.TestData) string {
		if d.Cmd != "parse" {
			return "unknown command " + d.Cmd
		}
		s, err := ParseScenario("site.yaml", []byte(d.Input), start)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("ok: %s for %v", strings.Join(s.Traffic(), ", "), s.For)
	})
}

// counted returns the counts of the first traffic by step.
func counted(t *testing.T, s *Scenario, step time.Duration) []int64 {
	t.Helper()
	series, err := s.Series(step)
	if err != nil {
		t.Fatal(err)
	}
	var all []int64
	for _, counts := range series {
		all = append(all, counts[0])
	}
	return all
}

const evenHour = `
start: 2024-05-06 00:00:00
for: 1h
traffic:
  x: {stream: s, template: "1", rate: 100, arrivals: even}
`

func TestRateChanges(t *testing.T) {
	for _, c := range []struct {
		name, changes string
		want          []int64 // records in each ten minutes, where 60000 are usual
	}{
		{"none", ``, []int64{60000, 60000, 60000, 60000, 60000, 60000}},
		{"twice the rate", `{traffic: x, at: 10m, for: 10m, factor: 2}`, []int64{60000, 120000, 60000, 60000, 60000, 60000}},
		{"nothing", `{traffic: x, at: 10m, for: 15m, factor: 0%}`, []int64{60000, 0, 30000, 60000, 60000, 60000}},
		{"added, at a moment", `{traffic: x, at: "2024-05-06 00:20", for: 10m, add: 600/m}`, []int64{60000, 60000, 66000, 60000, 60000, 60000}},
		{"beyond the end", `{traffic: x, at: 50m, for: 1h, factor: 3}`, []int64{60000, 60000, 60000, 60000, 60000, 180000}},
		{"every", `{traffic: x, at: 0s, for: 10m, every: 20m, factor: 2}`, []int64{120000, 60000, 120000, 60000, 120000, 60000}},
		// Rising from 1 to 2 has a mean of 1.5.
		{"drift", `{traffic: x, at: 10m, for: 10m, rise: 10m, factor: 2}`, []int64{60000, 90000, 60000, 60000, 60000, 60000}},
		{"rise and fall", `{traffic: x, at: 10m, for: 30m, rise: 10m, fall: 10m, factor: 2}`, []int64{60000, 90000, 120000, 90000, 60000, 60000}},
		// From 1 up to 1.5 and from 1.5 up to 2.
		{"a long rise", `{traffic: x, at: 10m, for: 20m, rise: 20m, factor: 2}`, []int64{60000, 75000, 105000, 60000, 60000, 60000}},
		{"two at once", `{traffic: x, at: 10m, for: 10m, factor: 2}, {traffic: x, at: 10m, for: 20m, add: 1}`, []int64{60000, 120600, 60600, 60000, 60000, 60000}},
	} {
		got := counted(t, parseScenario(t, evenHour+"changes: ["+c.changes+"]\n"), 10*time.Minute)
		if len(got) != len(c.want) {
			t.Fatalf("%s: %v, want %v", c.name, got, c.want)
		}
		for i := range got {
			if d := got[i] - c.want[i]; d < -1 || d > 1 { // a record owed moves into the neighbouring step
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
				break
			}
		}
	}
}

// 2024-05-06 is a Monday.
func TestSeasonsAndTrend(t *testing.T) {
	for _, c := range []struct {
		name, keys string
		length     string
		step       time.Duration
		want       map[int]int64 // by step; a usual hour has 36000
	}{
		// Halfway from 4:00 to 20:00 is noon; from 20:00 to 4:00, across midnight, it is midnight.
		{"daily", "daily: {4: 50%, 20: 150%}", "1d", time.Minute, map[int]int64{4 * 60: 300, 12 * 60: 600, 20 * 60: 900, 0: 600, 22 * 60: 750, 2 * 60: 450}},
		{"one hour is all of them", "daily: {7: 50%}", "1d", time.Hour, map[int]int64{0: 18000, 7: 18000, 23: 18000}},
		// Hours of their own on Saturday and Sunday: from Friday 20:00 to Saturday 12:00 the rate falls from 2 to 1, and from
		// Sunday 12:00 to Monday 4:00 it rises to 3.
		{"by day", "daily: {mon-fri: {4: 3, 20: 2}, sat-sun: {12: 1}}", "8d", time.Minute, map[int]int64{
			4 * 60: 1800, 12 * 60: 1500, 20 * 60: 1200, 24 * 60: 1500, // Monday
			(4*24 + 20) * 60: 1200, 5 * 24 * 60: 1050, (5*24 + 12) * 60: 600, 6 * 24 * 60: 600,
			(6*24 + 20) * 60: 1200, 7 * 24 * 60: 1500, (7*24 + 4) * 60: 1800,
		}},
		// The days of the rates are an hour each, and begin with the scenario's start, a Monday.
		{"cycle", "daily: {4: 50%, 20: 150%}, weekly: {tue: 0}", "3h", time.Minute, map[int]int64{
			10: 308, 30: 608, 50: 885, 59: 615, 61: 0, 119: 0, 130: 308, // a minute is 24, whose mean counts
		}},
		{"weekly", "weekly: {sat: 50%, sun: 0}", "8d", 24 * time.Hour, map[int]int64{0: 864000, 4: 864000, 5: 432000, 6: 0, 7: 864000}},
		// In the middle of the second day one and a half days have passed.
		{"trend", "trend: 10%", "3d", 24 * time.Hour, map[int]int64{0: 907200, 1: 993600, 2: 1080000}},
		{"a trend that ends at nothing", "trend: -50%", "3d", 24 * time.Hour, map[int]int64{0: 648000, 2: 0}},
	} {
		text := strings.Replace(evenHour, "arrivals: even", "arrivals: even, "+c.keys, 1)
		text = strings.Replace(text, "for: 1h", "for: "+c.length, 1)
		text = strings.Replace(text, "rate: 100", "rate: 10", 1)
		if c.name == "cycle" {
			text = "cycle: 1h\n" + text
		}
		got := counted(t, parseScenario(t, text), c.step)
		for i, want := range c.want {
			if math.Abs(float64(got[i]-want)) > 1+float64(want)/600 { // the straight line goes on within a step
				t.Errorf("%s: step %d has %d records, want %d", c.name, i, got[i], want)
			}
		}
	}
}

// What follows another traffic is a share of all of it, what a change adds included.
func TestTrafficFollowsAnother(t *testing.T) {
	s := parseScenario(t, `
for: 30m
traffic:
  clicks: {stream: s, template: "1", of: impressions, rate: 10%, arrivals: even}
  impressions: {stream: s, template: "1", rate: 100, arrivals: even}
changes:
  - {traffic: impressions, at: 10m, for: 10m, factor: 2}
  - {traffic: impressions, at: 20m, for: 10m, add: 50}
`)
	if got := counted(t, s, 10*time.Minute); !slices.Equal(got, []int64{6000, 12000, 9000}) {
		t.Errorf("%d", got)
	}
}

// Records at random are a Poisson process: the counts of a second have the distribution's probabilities, and records come
// at any moment of it alike.
func TestArrivalsAtRandom(t *testing.T) {
	for _, mean := range []float64{0.3, 4, 9.99, 10, 40, 1000} {
		source := NewSource(7, time.Time{})
		const draws = 200_000
		counts := map[int64]float64{}
		var sum, squares float64
		for range draws {
			n := source.poisson(mean)
			counts[n]++
			sum += float64(n)
			squares += float64(n) * float64(n)
		}
		average := sum / draws
		variance := squares/draws - average*average
		// Five standard errors.
		if math.Abs(average-mean) > 5*math.Sqrt(mean/draws) || math.Abs(variance-mean) > 5*mean*math.Sqrt(2.0/draws)+5*math.Sqrt(mean/draws) {
			t.Errorf("mean %v: average %v, variance %v", mean, average, variance)
		}
		// Chi-squared over the counts that are expected often enough.
		var chi, classes float64
		for n := range int64(3 * (mean + 10)) {
			logFactorial, _ := math.Lgamma(float64(n) + 1)
			if want := draws * math.Exp(float64(n)*math.Log(mean)-mean-logFactorial); want > 20 {
				chi += (counts[n] - want) * (counts[n] - want) / want
				classes++
			}
		}
		if chi > classes+5*math.Sqrt(2*classes) {
			t.Errorf("mean %v: chi-squared %.1f of %v classes", mean, chi, classes)
		}
	}
	s := parseScenario(t, "for: 10m\ntraffic: {x: {stream: s, template: '1', rate: 100}}")
	a := newArrivals(s)
	var tenths [10]int
	for _, ok := a.next(); ok; _, ok = a.next() {
		for i, r := range a.made {
			tenths[r.offset*10/tick]++
			if i > 0 && r.offset < a.made[i-1].offset {
				t.Fatal("records are out of order")
			}
		}
	}
	for i, n := range tenths {
		if n < 5600 || n > 6400 { // 6000, five standard deviations
			t.Errorf("%d records in tenth %d of the seconds: %v", n, i, tenths)
		}
	}
}

// Noise is a factor of mean 1 with the deviation asked for, the same within a minute.
// A deviation is that of the rate, drawn anew each second, as the Kinesis Data Generator does, and in between hours it is in
// between; a rate is never below nothing.
func TestDeviations(t *testing.T) {
	moments := func(daily, length string, from, to int) (mean, deviation float64) {
		text := strings.Replace(evenHour, "arrivals: even", "arrivals: even, daily: {"+daily+"}", 1)
		counts := counted(t, parseScenario(t, strings.Replace(text, "for: 1h", "for: "+length, 1)), time.Second)[from:to]
		for _, n := range counts {
			mean += float64(n) / float64(len(counts))
		}
		for _, n := range counts {
			deviation += (float64(n) - mean) * (float64(n) - mean) / float64(len(counts))
		}
		return mean, math.Sqrt(deviation)
	}
	for _, c := range []struct {
		daily           string
		from, to        int
		mean, deviation float64
	}{
		{"0: 100% ± 10%", 0, 3600, 100, 10},
		{"0: 1 +- 0.3", 0, 3600, 100, 30},
		// From 0:00 to 2:00 the deviation falls from 20 to 10; around one o'clock it is 15.
		{"0: 200% ± 20%, 2: 200% ± 10%", 3000, 4200, 200, 15},
		// A normal distribution of mean 0, of which the negative half is nothing: mean σ/√(2π), variance σ²(1/2 - 1/2π).
		{"0: 0 ± 50%", 0, 3600, 50 / math.Sqrt(2*math.Pi), 50 * math.Sqrt(0.5-0.5/math.Pi)},
	} {
		mean, deviation := moments(c.daily, "2h", c.from, c.to)
		n := float64(c.to - c.from)
		if math.Abs(mean-c.mean) > 4*c.deviation/math.Sqrt(n) || math.Abs(deviation-c.deviation) > 4*c.deviation/math.Sqrt(2*n)+0.3 {
			t.Errorf("%s: mean %.2f and deviation %.2f, want %.2f and %.2f", c.daily, mean, deviation, c.mean, c.deviation)
		}
	}
	// What follows from the seed is the same each time, and other with another.
	text := strings.Replace(evenHour, "arrivals: even", "arrivals: even, daily: {0: 100% ± 10%}", 1)
	first, again := counted(t, parseScenario(t, text), time.Second), counted(t, parseScenario(t, text), time.Second)
	if other := counted(t, parseScenario(t, "seed: 7\n"+text), time.Second); !slices.Equal(first, again) || slices.Equal(first, other) {
		t.Error("the deviations don't follow from the seed")
	}
}

// A limit ends the run at its record, whatever the length.
func TestPlayerCount(t *testing.T) {
	for _, speed := range []float64{0, 10} {
		got, _, _ := played(t, evenHour, PlayerConfig{Count: 150, Speed: speed}, "s")
		if len(got["s"]) != 150 {
			t.Errorf("%d records, want 150", len(got["s"]))
		}
	}
	if _, err := NewPlayer(PlayerConfig{Scenario: parseScenario(t, evenHour), Count: -1}, nil); err == nil {
		t.Error("a negative count is no mistake")
	}
}

func TestNoise(t *testing.T) {
	s := parseScenario(t, "start: 2024-05-06\nfor: 2d\ntraffic: {x: {stream: s, template: '1', rate: 100, arrivals: even, noise: 10%}}")
	got := counted(t, s, time.Minute)
	var sum, squares float64
	for _, n := range got {
		f := float64(n) / 6000
		sum += f
		squares += f * f
	}
	n := float64(len(got))
	mean := sum / n
	if deviation := math.Sqrt(squares/n - mean*mean); math.Abs(mean-1) > 0.01 || math.Abs(deviation-0.1) > 0.007 {
		t.Errorf("mean %.4f, deviation %.4f, want 1 and 0.1", mean, deviation)
	}
}

const bots = `
start: 2024-05-06 00:00:00
for: 1h
traffic:
  impressions: {stream: events, template: '{"a":"i","n":{{random.number(9)}},"ts":"{{date.utc("HH:mm:ss.SSS")}}"}', rate: 2, noise: 5%}
  clicks: {stream: %s, template: '{"a":"c","id":"{{random.uuid}}"}', rate: 20%%, of: impressions, partition-key: 'k{{random.number(3)}}'}
changes:
  - {traffic: clicks, at: 20m, for: 5m, add: 3, label: bots, template: '{"a":"bot"}'}
`

// played returns what each sink got, line by line.
func played(t *testing.T, text string, c PlayerConfig, names ...string) (map[string][]string, *manualClock, []time.Duration) {
	t.Helper()
	clock := &manualClock{now: start}
	c.Scenario, c.Clock = parseScenario(t, text), clock
	got := map[string][]string{}
	var at []time.Duration
	sinks := map[string]Sink{}
	for _, name := range names {
		sinks[name] = SinkFunc(func(_ context.Context, records []Record) (int, error) {
			for _, r := range records {
				got[name] = append(got[name], string(r.PartitionKey)+" "+string(r.Data))
				at = append(at, clock.now.Sub(start))
			}
			return 0, nil
		})
	}
	p, err := NewPlayer(c, sinks)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if sent := p.Stats().Sent; sent != int64(len(at)) || p.Stats().Elapsed != c.Scenario.For && c.Count == 0 {
		t.Errorf("stats %+v, %d records", p.Stats(), len(at))
	}
	return got, clock, at
}

func only(lines []string, part string) []string {
	var out []string
	for _, l := range lines {
		if strings.Contains(l, part) {
			out = append(out, l)
		}
	}
	return out
}

func TestRecordsFollowFromTheSeedAlone(t *testing.T) {
	one := strings.Replace(bots, "%s", "events", 1)
	one = strings.ReplaceAll(one, "%%", "%")
	first, _, _ := played(t, one, PlayerConfig{}, "events")
	lines := first["events"]
	impressions, clicks, bot := only(lines, `"a":"i"`), only(lines, `"a":"c"`), only(lines, `"a":"bot"`)
	// 7200, 1440 and 900 are expected; five standard deviations.
	if len(impressions) < 6700 || len(impressions) > 7700 || len(clicks) < 1250 || len(clicks) > 1630 || len(bot) < 750 || len(bot) > 1050 {
		t.Errorf("%d impressions, %d clicks, %d of bots", len(impressions), len(clicks), len(bot))
	}
	for name, again := range map[string]func() []string{
		"a second time": func() []string { got, _, _ := played(t, one, PlayerConfig{}, "events"); return got["events"] },
		"at a speed, in batches": func() []string {
			got, _, _ := played(t, one, PlayerConfig{Speed: 100, BatchRecords: 7}, "events")
			return got["events"]
		},
		"into the common sink": func() []string { got, _, _ := played(t, one, PlayerConfig{}, ""); return got[""] },
	} {
		if !slices.Equal(again(), lines) {
			t.Errorf("%s the records differ", name)
		}
	}
	if got, _, _ := played(t, "seed: 43"+one, PlayerConfig{}, "events"); slices.Equal(got["events"], lines) {
		t.Error("another seed makes the same records")
	}
	// Each to its own stream, and without the other traffic or the change, they are still the same records.
	two, _, _ := played(t, strings.ReplaceAll(strings.Replace(bots, "%s", "clicks", 1), "%%", "%"), PlayerConfig{}, "events", "clicks")
	if !slices.Equal(two["events"], impressions) || len(two["clicks"]) != len(clicks)+len(bot) || !slices.Equal(only(two["clicks"], `"a":"c"`), clicks) {
		t.Error("in two streams the records differ")
	}
	alone, _, _ := played(t, one[:strings.Index(one, "  clicks:")], PlayerConfig{}, "events")
	if !slices.Equal(alone["events"], impressions) {
		t.Error("without the clicks the impressions differ")
	}
	calm, _, _ := played(t, one[:strings.Index(one, "changes:")], PlayerConfig{}, "events")
	if !slices.Equal(only(calm["events"], `"a":"c"`), clicks) {
		t.Error("without the change the clicks differ")
	}
	// The series counts the same records.
	s := parseScenario(t, one)
	series, err := s.Series(10 * time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	sums := []int64{0, 0}
	for _, counts := range series {
		sums[0], sums[1] = sums[0]+counts[0], sums[1]+counts[1]
	}
	if want := []int64{int64(len(impressions)), int64(len(clicks) + len(bot))}; !slices.Equal(sums, want) {
		t.Errorf("the series counts %d, the records are %d", sums, want)
	}
}

// What is spread evenly comes when the generator of one rate sends it.
func TestEvenArrivalsAreThoseOfAGenerator(t *testing.T) {
	for _, rate := range []float64{5, 1, 0.1, 3, 7.3} {
		want, _ := run(t, Config{Rate: rate, For: 30 * time.Second})
		_, _, at := played(t, fmt.Sprintf("for: 30s\ntraffic: {x: {stream: s, template: 'x', raw: true, arrivals: even, rate: %v}}", rate), PlayerConfig{Speed: 1}, "s")
		if len(at) != len(want.at) {
			t.Fatalf("rate %v: %d records, want %d", rate, len(at), len(want.at))
		}
		for i := range at {
			if d := at[i] - want.at[i]; d < -pace || d > pace {
				t.Fatalf("rate %v: record %d at %v, want %v", rate, i, at[i], want.at[i])
			}
		}
	}
}

// An hour at sixty times its speed takes a minute; the records say the scenario's time.
func TestSpeed(t *testing.T) {
	text := strings.ReplaceAll(strings.Replace(bots, "%s", "events", 1), "%%", "%")
	got, clock, at := played(t, text, PlayerConfig{Speed: 60}, "events")
	if took := clock.now.Sub(start); took < 59*time.Second || took > time.Minute {
		t.Errorf("it took %v", took)
	}
	for i, line := range got["events"] {
		_, stamp, ok := strings.Cut(line, `"ts":"`)
		if !ok {
			continue
		}
		said, err := time.Parse("15:04:05.000", strings.TrimSuffix(stamp, `"}`))
		if err != nil {
			t.Fatal(err)
		}
		due := time.Duration(said.Hour()*3600+said.Minute()*60+said.Second())*time.Second/60 + time.Duration(said.Nanosecond()/60)
		if d := at[i] - due; d < 0 || d > pace+time.Millisecond {
			t.Fatalf("%s came at %v", line, at[i])
		}
	}
}

func TestPlayerEndsWithItsContextAndItsSink(t *testing.T) {
	s := parseScenario(t, evenHour)
	ctx, cancel := context.WithCancel(context.Background())
	batches := 0
	p, err := NewPlayer(PlayerConfig{Scenario: s, Clock: &manualClock{now: start}}, map[string]Sink{"": SinkFunc(func(context.Context, []Record) (int, error) {
		if batches++; batches == 3 {
			cancel()
		}
		return 1, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(ctx); err != context.Canceled {
		t.Errorf("after the cancellation: %v", err)
	}
	if st := p.Stats(); st.Failed != int64(batches) || st.Sent != int64(batches)*(DefaultBatchRecords-1) || batches > 3 {
		t.Errorf("%d batches, stats %+v", batches, st)
	}
	p, err = NewPlayer(PlayerConfig{Scenario: s}, map[string]Sink{"s": SinkFunc(func(context.Context, []Record) (int, error) {
		return 0, fmt.Errorf("the line is dead")
	})})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(context.Background()); err == nil || err.Error() != "send 500 records to s: the line is dead" {
		t.Errorf("%v", err)
	}
	for name, c := range map[string]struct {
		config PlayerConfig
		sinks  map[string]Sink
	}{
		"generator: no scenario":               {PlayerConfig{}, nil},
		"generator: the stream s has no sink":  {PlayerConfig{Scenario: s}, nil},
		"generator: batch size is -1; it must": {PlayerConfig{Scenario: s, BatchRecords: -1}, nil},
		"generator: speed is NaN; it must be":  {PlayerConfig{Scenario: s, Speed: math.NaN()}, nil},
	} {
		if _, err := NewPlayer(c.config, c.sinks); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%v, want %s", err, name)
		}
	}
}

func TestLabels(t *testing.T) {
	text := `
start: 2024-05-06 00:00:00
for: 3d
traffic:
  x: {stream: s, template: "1", rate: 100, arrivals: even}
  y: {stream: s2, template: "1", rate: 1}
changes:
  - {traffic: x, at: 6h, for: 2h, every: 1d, jitter: 10h, factor: 0, label: drop}
  - {traffic: y, at: 2d23h, for: 2h, factor: 2, label: burst}
  - {traffic: y, at: 1d, for: 2h, factor: 2}
`
	s := parseScenario(t, text)
	labels := s.Labels()
	if len(labels) != 4 {
		t.Fatalf("%d labels: %+v", len(labels), labels)
	}
	last := Label{s.Start.Add(71 * time.Hour), s.Start.Add(72 * time.Hour), "burst", "y", "s2"} // ends with the scenario
	if labels[3] != last {
		t.Errorf("the last label is %+v, want %+v", labels[3], last)
	}
	late := map[time.Duration]bool{}
	for day, l := range labels[:3] {
		from := l.Start.Sub(s.Start) - time.Duration(day)*24*time.Hour
		if from < 6*time.Hour || from > 16*time.Hour || l.End.Sub(l.Start) != 2*time.Hour || l.Kind != "drop" || l.Traffic != "x" || l.Stream != "s" {
			t.Errorf("day %d: %+v", day, l)
		}
		late[from] = true
	}
	if len(late) != 3 {
		t.Errorf("each day has the same jitter: %v", late)
	}
	// The traffic is away exactly where the labels say.
	for i, n := range counted(t, s, time.Second) {
		at := s.Start.Add(time.Duration(i) * time.Second)
		within := slices.ContainsFunc(labels[:3], func(l Label) bool { return !at.Before(l.Start) && at.Before(l.End) })
		if within != (n == 0) {
			t.Fatalf("%d records at %v, labelled: %v", n, at, within)
		}
	}
	s.Seed = 1
	if other := s.Labels(); other[0].Start.Equal(labels[0].Start) && other[1].Start.Equal(labels[1].Start) {
		t.Error("another seed has the same jitter")
	}
}

// Any file is read or refused, and what is read can be played.
func FuzzParseScenario(f *testing.F) {
	f.Add(evenHour + "changes: [{traffic: x, at: 10m, for: 10m, every: 20m, jitter: 5m, rise: 1m, fall: 2m, factor: 2, label: burst}]")
	f.Add(strings.ReplaceAll(strings.Replace(bots, "%s", "events", 1), "%%", "%"))
	f.Add("traffic: &t {x: *t}")
	f.Add("seed: -1\ntraffic: {x: {stream: s, template: &a '1', rate: 20/d, daily: {18:30: 50%}, weekly: {sat: 0}, trend: -1%, partition-key: *a}}")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseScenario("site.yaml", []byte(text), start)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "site.yaml") {
				t.Errorf("an error without its place: %v", err)
			}
			return
		}
		s.For = 3 * time.Second
		p, err := NewPlayer(PlayerConfig{Scenario: s}, map[string]Sink{"": SinkFunc(func(context.Context, []Record) (int, error) { return 0, nil })})
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := p.Run(ctx); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		for _, l := range s.Labels() {
			if l.End.Before(l.Start) {
				t.Errorf("a label ends before it starts: %+v", l)
			}
		}
	})
}

func BenchmarkPlayer(b *testing.B) {
	s, err := ParseScenario("site.yaml", []byte(`
for: 365d
traffic: {x: {stream: s, template: '{"browseraction": "Click", "site": "https://www.mysite.com"}', rate: 1000, noise: 5%, daily: {4: 50%, 20: 150%}}}
`), start)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	done := fmt.Errorf("enough")
	p, err := NewPlayer(PlayerConfig{Scenario: s}, map[string]Sink{"": SinkFunc(func(_ context.Context, records []Record) (int, error) {
		if n += len(records); n >= b.N {
			return 0, done
		}
		return 0, nil
	})})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	_ = p.Run(context.Background())
}
