package anomaly

import (
	"slices"
	"testing"
	"time"
)

// How detections are counted. A detector flags steps; that a step is flagged is known at its end.
//
//   - An interval is found when a step is flagged that overlaps it, or the tolerance after it. The delay is from its start
//     to the end of the first such step.
//   - What is flagged outside of all intervals and their tolerances are false alarms. Steps no further apart than the
//     tolerance are one alarm, and one for each hour that it goes on: a detector that is always alarmed must not pass as
//     one false alarm.
//   - Precision is found / (found + false alarms), recall is found / intervals.
//   - By points, a step counts by itself: wrong when it overlaps an interval, without tolerance.
const (
	tolerance = 15 * time.Minute
	alarmMost = time.Hour
)

// counts are the detections of one or several series.
type counts struct {
	intervals, found, falseAlarms int
	delays                        []time.Duration
	wrong, hits, misfires         int // steps: that are wrong, of these flagged, of the others flagged
	judged                        int // steps
}

// count judges the flags of a series.
func count(s series, flags []bool) counts {
	c := counts{intervals: len(s.intervals), judged: len(flags) - s.judged}
	delays := make([]time.Duration, len(s.intervals))
	var alarmFrom, alarmLast time.Duration // of the current false alarm; alarmFrom is where its current hour began
	inAlarm := false
	for i := s.judged; i < len(flags); i++ {
		from, to := time.Duration(i)*step, time.Duration(i+1)*step
		wrong, near := false, false
		for k, v := range s.intervals {
			if from < v.end && v.start < to {
				wrong = true
			}
			if from < v.end+tolerance && v.start < to {
				near = true
				if flags[i] && delays[k] == 0 {
					delays[k] = to - v.start
				}
			}
		}
		if wrong {
			c.wrong++
		}
		switch {
		case !flags[i]:
			continue
		case wrong:
			c.hits++
		default:
			c.misfires++
		}
		if near {
			continue
		}
		if !inAlarm || from-alarmLast > tolerance || from-alarmFrom >= alarmMost {
			c.falseAlarms++
			alarmFrom = from
		}
		inAlarm, alarmLast = true, to
	}
	for _, d := range delays {
		if d > 0 {
			c.found++
			c.delays = append(c.delays, d)
		}
	}
	return c
}

func (c *counts) add(o counts) {
	c.intervals += o.intervals
	c.found += o.found
	c.falseAlarms += o.falseAlarms
	c.delays = append(c.delays, o.delays...)
	c.wrong += o.wrong
	c.hits += o.hits
	c.misfires += o.misfires
	c.judged += o.judged
}

func (c *counts) precision() float64 { return ratio(c.found, c.found+c.falseAlarms) }
func (c *counts) recall() float64    { return ratio(c.found, c.intervals) }
func (c *counts) f1() float64        { return harmonic(c.precision(), c.recall()) }

func (c *counts) pointPrecision() float64 { return ratio(c.hits, c.hits+c.misfires) }
func (c *counts) pointRecall() float64    { return ratio(c.hits, c.wrong) }
func (c *counts) pointF1() float64        { return harmonic(c.pointPrecision(), c.pointRecall()) }

// falseAlarmsPerDay is per day that was judged, those with something wrong included.
func (c *counts) falseAlarmsPerDay() float64 {
	return float64(c.falseAlarms) * float64(day) / float64(max(c.judged, 1))
}

// delay is the median over what was found; 0 when nothing was.
func (c *counts) delay() time.Duration {
	if len(c.delays) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(c.delays))
	return sorted[len(sorted)/2]
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func harmonic(a, b float64) float64 {
	if a+b == 0 {
		return 0
	}
	return 2 * a * b / (a + b)
}

func TestCount(t *testing.T) {
	const m = time.Minute
	// Steps 2 to 4 are wrong, the last one in its first two minutes; step 12 in its last minute, step 13 in its first.
	s := series{intervals: []interval{{10 * m, 22 * m}, {64 * m, 66 * m}}, judged: 1}
	for _, c := range []struct {
		name  string
		flags []int
		want  counts
	}{
		{"nothing", nil, counts{}},
		{"the first step of it", []int{2}, counts{found: 1, delays: []time.Duration{5 * m}, hits: 1}},
		{"all of it", []int{2, 3, 4}, counts{found: 1, delays: []time.Duration{5 * m}, hits: 3}},
		{"its last two minutes", []int{4}, counts{found: 1, delays: []time.Duration{15 * m}, hits: 1}},
		{"the step before it", []int{1}, counts{falseAlarms: 1, misfires: 1}},
		{"within the tolerance after it, which ends at 37 minutes", []int{7}, counts{found: 1, delays: []time.Duration{30 * m}, misfires: 1}},
		{"beyond the tolerance", []int{8}, counts{falseAlarms: 1, misfires: 1}},
		{"both", []int{3, 12}, counts{found: 2, delays: []time.Duration{10 * m, 1 * m}, hits: 2}},
		{"an interval across two steps", []int{13}, counts{found: 1, delays: []time.Duration{6 * m}, hits: 1}},
		{"before the judging", []int{0}, counts{}},
		{"two within a quarter of an hour are one false alarm", []int{20, 24}, counts{falseAlarms: 1, misfires: 2}},
		{"further apart they are two", []int{20, 25}, counts{falseAlarms: 2, misfires: 2}},
		{"one for each hour begun", []int{20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33}, counts{falseAlarms: 2, misfires: 14}},
		{"an hour is one", []int{20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31}, counts{falseAlarms: 1, misfires: 12}},
	} {
		flags := make([]bool, 40)
		for _, i := range c.flags {
			flags[i] = true
		}
		c.want.intervals, c.want.wrong, c.want.judged = 2, 5, 39
		got := count(s, flags)
		if !slices.Equal(got.delays, c.want.delays) {
			t.Errorf("%s: delays %v, want %v", c.name, got.delays, c.want.delays)
		}
		got.delays, c.want.delays = nil, nil
		if g, w := got, c.want; g.found != w.found || g.falseAlarms != w.falseAlarms || g.hits != w.hits || g.misfires != w.misfires ||
			g.intervals != w.intervals || g.wrong != w.wrong || g.judged != w.judged {
			t.Errorf("%s: %+v, want %+v", c.name, g, w)
		}
	}
	sum := counts{intervals: 4, found: 3, falseAlarms: 1, wrong: 12, hits: 4, misfires: 4, judged: int(day) / 2, delays: []time.Duration{3, 9, 1}}
	sum.add(counts{intervals: 2})
	if sum.precision() != 0.75 || sum.recall() != 0.5 || sum.f1() != 0.6 || sum.pointPrecision() != 0.5 || sum.pointRecall() != 1.0/3 ||
		sum.pointF1() != 0.4 || sum.falseAlarmsPerDay() != 2 || sum.delay() != 3 {
		t.Errorf("%+v: precision %v, recall %v, F1 %v, by points %v and %v, %v false alarms a day, delay %v", sum,
			sum.precision(), sum.recall(), sum.f1(), sum.pointPrecision(), sum.pointRecall(), sum.falseAlarmsPerDay(), sum.delay())
	}
}
