package generator

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"time"
)

// arrivals makes the records of a scenario, tick by tick. What arrives at random is a Poisson process: a number of records
// with the rate as its mean, each at a moment of its own.
type arrivals struct {
	scenario *Scenario
	rates    *rates
	parts    []arrivalPart
	at       time.Duration // of the next tick, from the start
	made     []arrival     // of the current tick
}

// arrivalPart is a traffic, or what one change adds to it, whose records are counted by themselves.
type arrivalPart struct {
	traffic  int     // index in the scenario
	change   *change // nil for the traffic itself
	template *Template
	source   Source  // of the sources of its ticks
	owed     float64 // records up to here by the rate, for those that are spread evenly
}

// arrival is one record.
type arrival struct {
	offset time.Duration // within its tick
	part   int
}

func newArrivals(s *Scenario) *arrivals {
	a := &arrivals{scenario: s, rates: newRates(s)}
	for i, t := range s.traffic {
		a.parts = append(a.parts, arrivalPart{traffic: i, template: t.template, source: s.draw(t, "arrivals", -1)})
		for _, c := range t.changes {
			if c.added {
				p := arrivalPart{traffic: i, change: c, template: t.template, source: s.draw(t, "arrivals", int64(c.number))}
				if c.template != nil {
					p.template = c.template
				}
				a.parts = append(a.parts, p)
			}
		}
	}
	return a
}

// next makes the records of the next tick and returns when it begins; false when the scenario has ended.
func (a *arrivals) next() (at time.Duration, ok bool) {
	s := a.scenario
	if a.at >= s.For {
		return 0, false
	}
	at, a.made = a.at, a.made[:0]
	for i := range a.parts {
		p := &a.parts[i]
		t := s.traffic[p.traffic]
		rate := 0.0
		if p.change == nil {
			rate, _ = a.rates.of(t, at)
		} else {
			rate = p.change.add * s.strength(p.change, at)
		}
		if rate <= 0 {
			continue
		}
		if t.even {
			a.spread(i, rate)
			continue
		}
		source := p.source.fork(int64(at / tick))
		for range source.poisson(rate) {
			a.made = append(a.made, arrival{time.Duration(source.uint64n(uint64(tick))), i})
		}
	}
	slices.SortFunc(a.made, func(x, y arrival) int {
		return cmp.Or(cmp.Compare(x.offset, y.offset), cmp.Compare(x.part, y.part))
	})
	a.at += tick
	return at, true
}

// spread makes the records of a part that come evenly: the i-th when i records are owed, the first one at once.
func (a *arrivals) spread(part int, rate float64) {
	const rounding = 1e-9 // of a sum of many rates, which may miss a whole number by a little
	p := &a.parts[part]
	for i := math.Ceil(p.owed - rounding); i < p.owed+rate-rounding; i++ {
		offset := time.Duration(math.Round(max(0, i-p.owed) / rate * float64(tick)))
		a.made = append(a.made, arrival{min(offset, tick-1), part})
	}
	p.owed += rate
}

// Series counts the records of each traffic in steps of the given length, which must be whole seconds, without rendering
// them: the counts are those of the records that a Player sends. The counts are in the order of Traffic and valid until
// the next step; a last step that is not whole is left out.
func (s *Scenario) Series(step time.Duration) (iter.Seq2[time.Time, []int64], error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if err := wholeTicks(step); err != nil {
		return nil, err
	}
	return func(yield func(time.Time, []int64) bool) {
		a := newArrivals(s)
		counts := make([]int64, len(s.traffic))
		for {
			at, ok := a.next()
			if !ok {
				return
			}
			for _, r := range a.made {
				counts[a.parts[r.part].traffic]++
			}
			if a.at%step == 0 {
				if !yield(s.Start.Add(at+tick-step), counts) {
					return
				}
				clear(counts)
			}
		}
	}, nil
}

// poisson returns a number with the Poisson distribution of the given mean. The logarithms in it may differ in the last
// bit between processors; that a count hangs on that bit is as likely as 1 in 10^15.
func (s *Source) poisson(mean float64) int64 {
	if mean < 10 { // how many intervals fit into the time
		limit := math.Exp(-mean)
		n := int64(0)
		for p := s.float64(); p > limit; p *= s.float64() {
			n++
		}
		return n
	}
	// The transformed rejection PTRS of W. Hörmann, "The transformed rejection method for generating Poisson random
	// variables", Insurance: Mathematics and Economics 12 (1993).
	b := 0.931 + 2.53*math.Sqrt(mean)
	a := -0.059 + 0.02483*b
	inverseAlpha := 1.1239 + 1.1328/(b-3.4)
	squeeze := 0.9277 - 3.6224/(b-2)
	logMean := math.Log(mean)
	for {
		u, v := s.float64()-0.5, s.float64()
		edge := 0.5 - math.Abs(u)
		k := math.Floor((2*a/edge+b)*u + mean + 0.43)
		if edge >= 0.07 && v <= squeeze {
			return int64(k)
		}
		if k < 0 || edge < 0.013 && v > edge {
			continue
		}
		logFactorial, _ := math.Lgamma(k + 1)
		if math.Log(v*inverseAlpha/(a/(edge*edge)+b)) <= k*logMean-mean-logFactorial {
			return int64(k)
		}
	}
}

// normal returns a number with the standard normal distribution (Box and Muller).
func (s *Source) normal() float64 {
	radius := math.Sqrt(-2 * math.Log(1-s.float64()))
	return radius * math.Cos(2*math.Pi*s.float64())
}
