package runtime

import (
	"slices"
	"sync"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/metrics"
)

// historyLength is how many checkpoints a job remembers.
const historyLength = 10

// history is what a job remembers for those who look at it, from any goroutine.
type history struct {
	sync.Mutex
	restarts    int64
	failure     string
	over        time.Time
	restored    string
	inProgress  int64
	checkpoints []metrics.Checkpoint // newest last
}

func (h *history) do(f func()) {
	h.Lock()
	defer h.Unlock()
	f()
}

func (h *history) restarted()               { h.do(func() { h.restarts++ }) }
func (h *history) failed(err error)         { h.do(func() { h.failure = err.Error() }) }
func (h *history) end(now time.Time)        { h.do(func() { h.over, h.inProgress = now, 0 }) }
func (h *history) restoredFrom(path string) { h.do(func() { h.restored = path }) }
func (h *history) began(id int64)           { h.do(func() { h.inProgress = id }) }

func (h *history) add(c metrics.Checkpoint) {
	h.began(0)
	h.keep(c)
}

func (h *history) keep(c metrics.Checkpoint) {
	h.do(func() {
		if len(h.checkpoints) == historyLength {
			h.checkpoints = h.checkpoints[1:]
		}
		h.checkpoints = append(h.checkpoints, c)
	})
}

func (h *history) savepoint(began, ended time.Time, size int64, path string, err error) {
	c := metrics.Checkpoint{Savepoint: true, Triggered: began, Duration: ended.Sub(began), Bytes: size, Path: path}
	if err != nil {
		c.Failure = err.Error()
	}
	h.keep(c)
}

func metricsOf(p *pending, took time.Duration, size int64, path string, err error) metrics.Checkpoint {
	c := metrics.Checkpoint{ID: p.id, Triggered: p.began, Duration: took, Pause: p.pause, Bytes: size, Path: path}
	if err != nil {
		c.Failure = err.Error()
	}
	return c
}

// graph is the shape of an attempt: its operators without their figures.
type graph struct {
	bounded     bool
	seeded      bool
	parallelism int // of the widest operator
	operators   []metrics.Vertex
}

func newGraph(plan *physical.Plan, widths map[physical.Node]int, chains []*chain) graph {
	g := graph{bounded: true, seeded: plan.Seeded}
	number := map[physical.Node]int{}
	for i, ch := range chains {
		for _, n := range ch.nodes {
			number[n] = i
		}
	}
	for _, n := range plan.Nodes {
		v := metrics.Vertex{ID: n.Base().ID, Name: n.Name(), Description: n.Detail(), Parallelism: widths[n], Chain: number[n]}
		for _, e := range n.Base().Inputs {
			v.Inputs = append(v.Inputs, metrics.Edge{From: e.From.Base().ID, Exchange: e.Exchange.String()})
		}
		if scan, ok := n.(*physical.Scan); ok && !scan.Source.Bounded() {
			g.bounded = false
		}
		g.parallelism = max(g.parallelism, widths[n])
		g.operators = append(g.operators, v)
	}
	return g
}

// Info returns what is known of the job now. The figures of operators are those of the current attempt, or of the last.
func (j *Job) Info() metrics.Job {
	a := j.attempt.Load()
	if a == nil {
		info := j.last
		info.Operators, info.Checkpoints.History = slices.Clone(info.Operators), slices.Clone(info.Checkpoints.History)
		return info
	}
	info := metrics.Job{
		ID: j.cfg.JobID, Name: j.cfg.Name, State: j.Status().String(), Bounded: a.graph.bounded, Parallelism: a.graph.parallelism,
		Started: j.started, Operators: slices.Clone(a.graph.operators),
	}
	if a.graph.seeded {
		seed := j.cfg.Seed
		info.Seed = &seed
	}
	info.Stuck = a.watch.waiting(a.tasks)
	info.Checkpoints.Completed, info.Checkpoints.Failed = j.Checkpoints()
	j.history.do(func() {
		h := &j.history
		info.Ended, info.Restarts, info.Failure = h.over, h.restarts, h.failure
		info.Checkpoints.InProgress, info.Checkpoints.Restored = h.inProgress, h.restored
		info.Checkpoints.History = slices.Clone(h.checkpoints)
	})
	slices.Reverse(info.Checkpoints.History)
	at := map[string]int{}
	for i, v := range info.Operators {
		at[v.ID] = i
	}
	for _, t := range a.tasks {
		for _, m := range t.Metrics(nil) {
			v := &info.Operators[at[m.ID]]
			v.Subtasks = append(v.Subtasks, m)
		}
	}
	for i := range info.Operators {
		slices.SortFunc(info.Operators[i].Subtasks, func(a, b metrics.Snapshot) int { return a.Subtask - b.Subtask })
	}
	return info
}
