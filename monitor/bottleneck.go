package monitor

import (
	"fmt"
	"slices"
	"strings"
)

// Bottleneck is the task that limits a job's throughput.
type Bottleneck struct {
	Operators []string `json:"operators"` // IDs of the operators that share the task, upstream first
	Reason    string   `json:"reason"`
}

// From these shares of its time, in percent, a task counts as backpressured and as busy. Flink's web interface shows
// backpressure from 10 % on.
const (
	backpressuredFrom = 10
	busyFrom          = 80
)

// stage is the operators that share a task.
type stage struct {
	operators           []*Operator // upstream first
	busy, backpressured float64     // the highest of a subtask, in percent
	known               bool
	inputs              []*stage
	fed                 bool // another stage reads it
}

func (s *stage) name() string {
	names := make([]string, len(s.operators))
	for i, o := range s.operators {
		names[i] = o.Name
	}
	return strings.Join(names, " → ")
}

// bottleneck finds where a job is held up, as Flink's guide to backpressure does: a task that is backpressured only waits
// for another one, so the culprit is the busiest of those that are not backpressured themselves and that a backpressured
// one feeds; without backpressure it is a task that is busy nearly all the time. A backpressured task that feeds no other
// waits for what its sink writes to. The highest share of a subtask counts, so that one overloaded subtask is found among
// idle ones. nil: nothing holds the job up.
//
// See https://nightlies.apache.org/flink/flink-docs-release-1.20/docs/ops/monitoring/back_pressure/.
func bottleneck(operators []Operator) *Bottleneck {
	var found *stage
	reason := ""
	rank := func(s *stage) (waiting *stage, rank float64) {
		for _, in := range s.inputs {
			if in.backpressured >= backpressuredFrom && (waiting == nil || in.backpressured > waiting.backpressured) {
				waiting = in
			}
		}
		switch {
		case !s.known || s.backpressured >= backpressuredFrom:
			return waiting, -1
		case waiting != nil:
			return waiting, 100 + s.busy // before all that nobody waits for
		case s.busy >= busyFrom:
			return nil, s.busy
		}
		return nil, -1
	}
	highest := -1.0
	for _, s := range stages(operators) {
		if s.backpressured >= backpressuredFrom && !s.fed {
			if score := 200 + s.backpressured; score > highest {
				highest, found = score, s
				reason = fmt.Sprintf("what it writes to takes no more: it waits for that %.0f %% of its time", s.backpressured)
			}
			continue
		}
		waiting, score := rank(s)
		if score <= highest {
			continue
		}
		highest, found = score, s
		reason = fmt.Sprintf("busy %.0f %%", s.busy)
		if n := len(s.operators[0].Subtasks); n > 1 {
			reason = fmt.Sprintf("its busiest subtask of %d is busy %.0f %%", n, s.busy)
		}
		if waiting != nil {
			reason += fmt.Sprintf(", and %s waits for it %.0f %% of the time", waiting.name(), waiting.backpressured)
		} else {
			reason += " of the time"
		}
	}
	if found == nil {
		return nil
	}
	b := &Bottleneck{Reason: reason}
	for _, o := range found.operators {
		b.Operators = append(b.Operators, o.ID)
	}
	return b
}

// stages groups operators by the task they share.
func stages(operators []Operator) []*stage {
	var all []*stage
	chains := map[int]*stage{}
	of := map[string]*stage{}
	for i := range operators {
		o := &operators[i]
		s := chains[o.Chain]
		if s == nil {
			s = &stage{}
			chains[o.Chain] = s
			all = append(all, s)
		}
		s.operators = append(s.operators, o)
		of[o.ID] = s
		if b := o.Busiest(); b != nil {
			s.known, s.busy = true, max(s.busy, b.Rates.Time.Busy)
			s.backpressured = max(s.backpressured, o.most(func(t *Shares) float64 { return t.Backpressured }).Rates.Time.Backpressured)
		}
		for _, e := range o.Inputs {
			if in := of[e.From]; in != nil && in != s && !slices.Contains(s.inputs, in) {
				s.inputs, in.fed = append(s.inputs, in), true
			}
		}
	}
	return all
}
