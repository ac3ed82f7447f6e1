package monitor

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/runtime/metrics"
)

// grow lets the counters of windowJob go on by a share of what they were at ten seconds.
func grow(by float64) func(*metrics.Job) {
	return func(j *metrics.Job) {
		now := windowJob()
		for i := range now.Operators {
			for k := range now.Operators[i].Subtasks {
				s := &now.Operators[i].Subtasks[k]
				s.RecordsIn += int64(by * float64(s.RecordsIn))
				s.Busy += time.Duration(by * float64(s.Busy))
				s.Idle += time.Duration(by * float64(s.Idle))
			}
		}
		*j = now
	}
}

func near(got, want float64) bool { return math.Abs(got-want) < 1e-6*math.Max(1, math.Abs(want)) }

// Rates are those of the last five seconds; before that, since the start of the job.
func TestRates(t *testing.T) {
	job := &fakeJob{info: windowJob()}
	m, clock := watch(t, job)
	clock.set(start.Add(2 * time.Second))
	if got := m.Figures()[0].Operators[0].Rates.RecordsIn; !near(got, 50_000) {
		t.Errorf("two seconds after the start: %g records a second in, want 50000", got)
	}
	for s := range 20 {
		clock.set(start.Add(time.Duration(10+s) * time.Second))
		job.change(grow(0.1 * float64(s) * float64(s))) // faster and faster
		m.sample()
	}
	f := m.Figures()[0]
	// From 14² to 19² tenths of 100,000 in five seconds.
	if got, want := f.Operators[0].Rates.RecordsIn, float64(19*19-14*14)*10_000/5; !near(got, want) {
		t.Errorf("%g records a second in, want %g", got, want)
	}
	window := f.Operators[1]
	if time := window.Subtasks[0].Rates.Time; time == nil || !near(time.Busy, 95) || !near(time.Idle, 5) {
		t.Errorf("time of subtask 0: %+v", time)
	}
	if time := window.Rates.Time; time == nil || !near(time.Busy, (95+20)/2.) {
		t.Errorf("time of the operator: %+v", time)
	}
	if b := window.Busiest(); b == nil || b.Subtask != 0 {
		t.Errorf("busiest subtask: %+v", b)
	}
	if w := window.Totals().Watermark; w == nil || *w != start.Add(4*time.Second).UnixMilli() {
		t.Errorf("the operator's watermark is %v, want the lower one", w)
	}
}

// A restarted job counts from zero again; its rates are never negative.
func TestRatesAfterRestart(t *testing.T) {
	job := &fakeJob{info: windowJob()}
	m, clock := watch(t, job)
	m.sample()
	job.change(func(j *metrics.Job) {
		j.Operators[0].Subtasks[0].RecordsIn = 500
		j.Operators[0].Subtasks[0].Busy = 0
	})
	clock.set(start.Add(11 * time.Second))
	if r := m.Figures()[0].Operators[0].Rates; r.RecordsIn < 0 || r.RecordsIn > 500 {
		t.Errorf("rates after a restart: %+v", r)
	}
	job.change(func(j *metrics.Job) { j.State = "FINISHED" })
	if r := m.Figures()[0].Operators[0].Rates; r != (Rates{}) {
		t.Errorf("rates of a job that is over: %+v", r)
	}
}

// operator is an operator in a task of its own, whose subtasks are busy and backpressured for some percent of the time.
func operator(name string, shares [][2]float64, inputs ...string) Operator {
	o := Operator{Vertex: metrics.Vertex{ID: name, Name: name}}
	for _, in := range inputs {
		o.Inputs = append(o.Inputs, metrics.Edge{From: in})
	}
	for i, s := range shares {
		o.Subtasks = append(o.Subtasks, Subtask{metrics.Snapshot{Subtask: i}, Rates{Time: &Shares{s[0], s[1], 100 - s[0] - s[1]}}})
	}
	return o
}

// Where a job is held up.
func TestBottleneck(t *testing.T) {
	one := func(busy, backpressured float64) [][2]float64 { return [][2]float64{{busy, backpressured}} }
	for _, c := range []struct {
		name      string
		operators []Operator
		want      string // the operators of the task, and the reason
	}{
		{"nothing to do", []Operator{operator("Scan", one(1, 0)), operator("Sink", one(2, 0), "Scan")}, ""},
		{"the first that isn't backpressured",
			[]Operator{operator("Scan", one(20, 80)), operator("Calc", one(30, 70), "Scan"), operator("Join", one(60, 0), "Calc"), operator("Sink", one(40, 0), "Join")},
			"Join: busy 60 %, and Calc waits for it 70 % of the time"},
		{"the busier of two that a backpressured one feeds",
			[]Operator{operator("Scan", one(20, 80)), operator("A", one(30, 0), "Scan"), operator("B", one(95, 0), "Scan")},
			"B: busy 95 %, and Scan waits for it 80 % of the time"},
		{"busy without backpressure", []Operator{operator("Scan", one(97, 2)), operator("Sink", one(10, 0), "Scan")}, "Scan: busy 97 % of the time"},
		{"one subtask of several",
			[]Operator{operator("Scan", one(20, 70)), operator("Window", [][2]float64{{5, 0}, {93, 0}, {6, 0}}, "Scan")},
			"Window: its busiest subtask of 3 is busy 93 %, and Scan waits for it 70 % of the time"},
		{"the world outside",
			[]Operator{operator("Scan", one(5, 90)), operator("Sink", one(10, 85), "Scan")},
			"Sink: what it writes to takes no more: it waits for that 85 % of its time"},
	} {
		for i := range c.operators {
			c.operators[i].Chain = i
		}
		got := ""
		if b := bottleneck(c.operators); b != nil {
			got = strings.Join(b.Operators, ",") + ": " + b.Reason
		}
		if got != c.want {
			t.Errorf("%s:\n have %s\n want %s", c.name, got, c.want)
		}
	}
}
