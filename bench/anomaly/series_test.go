package anomaly

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/weirsql/weir/generator"
)

const (
	step   = 5 * time.Minute // what one value of a series is about
	day    = 24 * time.Hour / step
	warmUp = 7 * 24 * time.Hour // at the start, in which nothing is wrong and nothing is judged
)

// metric makes a value of the counts of a step.
type metric struct {
	name  string
	value func(impressions, clicks int64) float64
}

var (
	impressions = metric{"impressions", func(i, _ int64) float64 { return float64(i) }}
	rate        = metric{"click-through rate, %", func(i, c int64) float64 { return 100 * float64(c) / float64(max(i, 1)) }}
)

// kind is one thing that goes wrong, and the metric that should show it.
type kind struct {
	name   string
	metric metric
}

var kinds = []kind{
	{"burst", impressions},
	{"drop", impressions},
	{"night", impressions},
	{"bots", rate},
	{"drift", rate},
}

// series is a metric over time, and the intervals in which something is wrong with it.
type series struct {
	values    []float64
	intervals []interval
	judged    int // the first step that counts
}

// interval is from the start of a series, and half-open.
type interval struct{ start, end time.Duration }

// scenario reads the site with one kind of things that go wrong, or with "" with none.
func scenario(tb testing.TB, name string, seed int64) *generator.Scenario {
	tb.Helper()
	text, err := os.ReadFile("scenarios/site.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	if name != "" {
		changes, err := os.ReadFile("scenarios/" + name + ".yaml")
		if err != nil {
			tb.Fatal(err)
		}
		text = append(text, changes...)
	}
	s, err := generator.ParseScenario(name+".yaml", text, time.Time{})
	if err != nil {
		tb.Fatal(err)
	}
	s.Seed = seed
	return s
}

// labelled returns the intervals of a scenario.
func labelled(s *generator.Scenario) []interval {
	var intervals []interval
	for _, l := range s.Labels() {
		intervals = append(intervals, interval{l.Start.Sub(s.Start), l.End.Sub(s.Start)})
	}
	return intervals
}

func makeSeries(tb testing.TB, name string, m metric, seed int64) series {
	tb.Helper()
	s := scenario(tb, name, seed)
	steps, err := s.Series(step)
	if err != nil {
		tb.Fatal(err)
	}
	made := series{intervals: labelled(s), judged: int(warmUp / step)}
	for _, counts := range steps {
		made.values = append(made.values, m.value(counts[0], counts[1]))
	}
	return made
}

// What the scenarios promise: labels after the warm-up only, apart from each other, and none in an ordinary month.
func TestSeries(t *testing.T) {
	for _, k := range kinds {
		intervals := labelled(scenario(t, k.name, 1))
		if len(intervals) < 10 {
			t.Errorf("%s: %d intervals", k.name, len(intervals))
		}
		for i, v := range intervals {
			if v.start < warmUp || v.end <= v.start || i > 0 && v.start < intervals[i-1].end+tolerance {
				t.Errorf("%s: interval %d is %v, after %v", k.name, i, v, intervals[max(0, i-1)])
			}
		}
	}
	calm := makeSeries(t, "", rate, 1)
	if len(calm.intervals) != 0 || len(calm.values) != 28*int(day) {
		t.Errorf("an ordinary month has %d values and the intervals %v", len(calm.values), calm.intervals)
	}
	mean := 0.0
	for _, v := range calm.values {
		mean += v / float64(len(calm.values))
	}
	if mean < 10.5 || mean > 11.5 || slices.Min(calm.values) < 2 || slices.Max(calm.values) > 22 {
		t.Errorf("the rate is %.2f %% on average, between %.2f and %.2f", mean, slices.Min(calm.values), slices.Max(calm.values))
	}
}
