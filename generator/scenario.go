package generator

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"sort"
	"time"
)

// Scenario is traffic over hours or days: several kinds of records at rates that follow the time of day, and changes on
// schedule, of which those with a label are written down for whoever looks for them. ParseScenario reads one; a Player
// sends its records, Series counts them.
//
// Everything follows from the seed: each second of each traffic draws from a source of its own, so that another traffic,
// or another change, in the same file leaves the records of this one as they are.
type Scenario struct {
	Start time.Time     // of the traffic, in whole seconds, not before 1970
	For   time.Duration // whole seconds
	Seed  int64

	cycle   time.Duration // that a day of the rates takes; 0 is a day
	traffic []*traffic
}

// traffic is one kind of records. Its rate in a second is the product of all that is given, plus what changes add.
type traffic struct {
	number       int // in the file
	name, stream string
	template     *Template
	partitionKey *Template // may be nil
	even         bool      // spread evenly, not at random

	rate   float64    // records a second; with of, per record of that
	of     *traffic   // may be nil
	daily  []atHour   // sorted by hour; empty is 1 throughout
	byDay  bool       // the hours are those of a week from Sunday, not of a day
	weekly [7]float64 // by time.Weekday
	trend  float64    // growth a day, as a part of the rate at the start
	noise  float64    // deviation of the factor that is drawn each minute

	changes []*change // of this traffic, in the order of the file
}

// atHour is a factor at an hour, and the standard deviation with which it is drawn each second; in between both run straight.
type atHour struct{ hour, factor, deviation float64 }

// change is what happens to a traffic on schedule.
type change struct {
	traffic  *traffic
	at       time.Duration // of its first occurrence, from the start
	length   time.Duration
	every    time.Duration // from one occurrence to the next; 0 is only once
	jitter   time.Duration // each occurrence is later by up to this, at random
	rise     time.Duration // until it is at its full strength
	fall     time.Duration // at its end
	factor   float64       // multiplies the rate, unless it is added
	add      float64       // records a second
	added    bool          // add counts, not factor
	template *Template     // of what is added; nil is the traffic's own
	label    string
	number   int // among the changes of its traffic: part of its seed
}

// tick is how long a rate stays as it is. What a scenario says about time is in whole ticks.
const tick = time.Second

// Label says when something happened that a detector should notice.
type Label struct {
	Start   time.Time `json:"start"`
	End     time.Time `json:"end"` // exclusive
	Kind    string    `json:"kind"`
	Traffic string    `json:"traffic"`
	Stream  string    `json:"stream"`
}

// Labels returns the labelled changes that begin within the scenario, by their start. The end of one that is still going
// on when the scenario ends is that end.
func (s *Scenario) Labels() []Label {
	var labels []Label
	end := s.Start.Add(s.For)
	for _, t := range s.traffic {
		for _, c := range t.changes {
			if c.label == "" {
				continue
			}
			for from := range s.occurrences(c) {
				start := s.Start.Add(from)
				l := Label{Start: start, End: start.Add(c.length), Kind: c.label, Traffic: t.name, Stream: t.stream}
				if l.End.After(end) {
					l.End = end
				}
				labels = append(labels, l)
			}
		}
	}
	slices.SortStableFunc(labels, func(a, b Label) int { return a.Start.Compare(b.Start) })
	return labels
}

// occurrences are the times from the scenario's start, and before its end, at which a change begins.
func (s *Scenario) occurrences(c *change) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for k := int64(0); ; k++ {
			at := c.at + time.Duration(k)*c.every
			if at >= s.For {
				return
			}
			if at += s.jitter(c, k); at < s.For && !yield(at) {
				return
			}
			if c.every == 0 {
				return
			}
		}
	}
}

// jitter is by how much the k-th occurrence of a change is later than its schedule, in whole ticks.
func (s *Scenario) jitter(c *change, k int64) time.Duration {
	if c.jitter == 0 {
		return 0
	}
	source := s.draw(c.traffic, "jitter", int64(c.number), k)
	return time.Duration(source.uint64n(uint64(c.jitter/tick)+1)) * tick
}

// strength is how far a change has come at a time from the scenario's start: 0 outside of it, 1 between rise and fall.
func (s *Scenario) strength(c *change, at time.Duration) float64 {
	if at < c.at {
		return 0
	}
	k := int64(0)
	if c.every > 0 {
		k = int64((at - c.at) / c.every)
	}
	into := at - c.at - time.Duration(k)*c.every - s.jitter(c, k) // occurrences don't overlap, jitter included
	switch {
	case into < 0 || into >= c.length:
		return 0
	case into < c.rise:
		return float64(into+tick/2) / float64(c.rise)
	case c.length-into <= c.fall:
		return float64(c.length-into-tick/2) / float64(c.fall)
	}
	return 1
}

// rates follows the rates of a scenario's traffic from tick to tick. What is the same for long is kept, so that a month
// can be counted in a second.
type rates struct {
	scenario *Scenario
	memos    []rateMemo // by traffic
}

// rateMemo is the last answer for a traffic.
type rateMemo struct {
	known       bool
	at          time.Duration
	base, total float64
	minute      int64 // that the noise is of
	noise       float64
}

func newRates(s *Scenario) *rates { return &rates{s, make([]rateMemo, len(s.traffic))} }

// of returns the rate of a traffic, in records a second, in the tick that begins at the given time from the start: base is
// without what changes add, total with it. It is that of the middle of the tick.
func (r *rates) of(t *traffic, at time.Duration) (base, total float64) {
	m := &r.memos[t.number]
	if m.known && m.at == at {
		return m.base, m.total
	}
	s := r.scenario
	base = t.rate
	if t.of != nil {
		_, followed := r.of(t.of, at)
		base *= followed
	}
	day, hour := s.timeOfDay(at + tick/2)
	factor, deviation := t.hourly(day, hour)
	if deviation > 0 {
		source := s.draw(t, "deviation", int64(at/tick))
		factor = max(0, factor+deviation*source.normal())
	}
	base *= factor * t.weekly[day]
	base *= max(0, 1+t.trend*(at+tick/2).Hours()/24)
	if t.noise > 0 {
		if minute := (s.Start.Unix() + int64(at/tick)) / 60; !m.known || m.minute != minute {
			source := s.draw(t, "noise", minute)
			m.minute, m.noise = minute, math.Exp(t.noise*source.normal()-t.noise*t.noise/2) // of mean 1
		}
		base *= m.noise
	}
	for _, c := range t.changes {
		if !c.added {
			base *= 1 + (c.factor-1)*s.strength(c, at)
		}
	}
	total = base
	for _, c := range t.changes {
		if c.added {
			total += c.add * s.strength(c, at)
		}
	}
	base, total = min(base, maxScenarioRate), min(total, maxScenarioRate) // what noise and deviations may do
	m.known, m.at, m.base, m.total = true, at, base, total
	return base, total
}

// timeOfDay is the day of the week, from Sunday, and the hour from 0 to 24, in UTC, that the rates take a time from the
// start for. Where a cycle compresses the day, it begins at the scenario's start, with that time of day.
func (s *Scenario) timeOfDay(at time.Duration) (day int, hour float64) {
	seconds := at.Seconds()
	if s.cycle > 0 {
		seconds *= float64(24*time.Hour) / float64(s.cycle)
	}
	seconds += float64(s.Start.Unix())
	days := math.Floor(seconds / 86400)
	return int(int64(days)+4) % 7, (seconds - days*86400) / 3600 // 1970 began on a Thursday
}

// hourly is the factor at an hour of a day of the week, and its deviation: on the straight line between the two hours around
// it, across midnight too.
func (t *traffic) hourly(day int, hour float64) (factor, deviation float64) {
	if len(t.daily) == 0 {
		return 1, 0
	}
	period := 24.0
	if t.byDay {
		period, hour = 7*24, hour+24*float64(day)
	}
	i := sort.Search(len(t.daily), func(i int) bool { return t.daily[i].hour > hour })
	before, after := t.daily[(i+len(t.daily)-1)%len(t.daily)], t.daily[i%len(t.daily)]
	length, into := after.hour-before.hour, hour-before.hour
	if length <= 0 {
		length += period
	}
	if into < 0 {
		into += period
	}
	part := into / length
	return before.factor + (after.factor-before.factor)*part, before.deviation + (after.deviation-before.deviation)*part
}

// maxScenarioRate keeps a mistyped rate from filling the memory with the records of one tick.
const maxScenarioRate = 1e6

// most is a bound of the rate of a traffic over the whole scenario, noise and deviations aside.
func (s *Scenario) most(t *traffic) float64 {
	rate := t.rate
	if t.of != nil {
		rate *= s.most(t.of)
	}
	if len(t.daily) > 0 {
		rate *= slices.MaxFunc(t.daily, func(a, b atHour) int {
			if a.factor < b.factor {
				return -1
			}
			return 1
		}).factor
	}
	rate *= slices.Max(t.weekly[:]) * max(1, 1+t.trend*s.For.Hours()/24)
	for _, c := range t.changes {
		if !c.added {
			rate *= max(1, c.factor)
		}
	}
	for _, c := range t.changes {
		if c.added {
			rate += c.add
		}
	}
	return rate
}

// draw returns a source for one purpose of a traffic. It is the scenario's seed mixed with all that names the purpose.
func (s *Scenario) draw(t *traffic, purpose string, numbers ...int64) Source {
	source := Source{state: uint64(s.Seed)}
	for _, text := range [...]string{t.name, purpose} {
		for _, b := range []byte(text) {
			source = source.fork(int64(b))
		}
		source = source.fork(256) // no byte: ends the text
	}
	for _, n := range numbers {
		source = source.fork(n)
	}
	return source
}

// fork returns a source of its own for each number, and leaves s as it is.
func (s Source) fork(n int64) Source {
	s.state ^= uint64(n)
	return Source{state: s.uint64()}
}

// Streams are the streams that the scenario writes to, sorted.
func (s *Scenario) Streams() []string {
	var names []string
	for _, t := range s.traffic {
		names = append(names, t.stream)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Traffic are the names of the traffic, in the order of the file.
func (s *Scenario) Traffic() []string {
	var names []string
	for _, t := range s.traffic {
		names = append(names, t.name)
	}
	return names
}

// maxOccurrences keeps a change that comes again each second, for years, from filling the memory with labels.
const maxOccurrences = 1_000_000

// Check says what is wrong with the length of the scenario, and with what follows from it. ParseScenario has checked what
// the file says; who sets For asks again.
func (s *Scenario) Check() error {
	switch {
	case s.For <= 0:
		return fmt.Errorf("the scenario has no length; give it one: for: 1h, or --for 1h")
	case s.For%tick != 0:
		return fmt.Errorf("the scenario's length is %v; it must be in whole seconds", s.For)
	}
	for _, t := range s.traffic {
		if most := s.most(t); most > maxScenarioRate {
			return fmt.Errorf("the rate of %s may come to %.3g records per second; the most is %.0f", t.name, most, maxScenarioRate)
		}
		for _, c := range t.changes {
			if c.every > 0 && s.For/c.every > maxOccurrences {
				return fmt.Errorf("a change of %s comes %d times; the most is %d", t.name, s.For/c.every, maxOccurrences)
			}
		}
	}
	return nil
}
