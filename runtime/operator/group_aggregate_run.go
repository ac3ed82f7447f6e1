package operator

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// running is what it takes to accumulate a batch row by row and get the result behind each row. How many rows a key has in
// the batch makes no difference then: a single hot key is as fast as many.
type running struct {
	runners []udf.Runner // of the calls
	all     bool         // every accumulator is a Runner itself

	groups, rows []int32 // of the rows that do something
	steps, kept  []udf.Step
}

// narrow is the mean number of rows in a round below which a call per row costs less than the rounds do.
const narrow = 4

func newRunning(a *aggregates) running {
	r := running{all: true}
	for i := range a.calls {
		runner, ok := a.calls[i].acc.(udf.Runner)
		if !ok {
			runner, r.all = &eachRow{acc: a.calls[i].acc}, false
		}
		r.runners = append(r.runners, runner)
	}
	return r
}

// run makes the changes of every row, one after the other.
func (g *groupAggregate) run(b *types.Batch) {
	c, r := &g.changes, &g.running
	// The results that live groups have now.
	c.begin()
	at := c.rowsAsked()
	for _, group := range g.groups {
		if g.live[group] && c.latest[group] < 0 {
			c.latest[group] = int32(at + len(c.asked))
			c.asked = append(c.asked, group)
		}
	}
	g.aggs.result(c.asked, c.results)
	at += len(c.asked)

	r.groups, r.rows, r.steps = r.groups[:0], r.rows[:0], r.steps[:0]
	if b.Kinds == nil || g.aggs.counts == nil {
		for k, group := range g.groups {
			c.old[k], c.new[k] = c.latest[group], int32(at+k)
			c.latest[group] = int32(at + k)
			g.live[group] = true
		}
		if g.aggs.counts != nil {
			for _, group := range g.groups {
				g.aggs.counts[group]++
			}
		}
		r.accumulate(g.aggs, b, g.groups, b.Sel, nil, c.results)
		return
	}
	for k, group := range g.groups {
		row, step := rowAt(b.Sel, k), udf.StepAdd
		if b.Kinds[row].Retracts() {
			if !g.live[group] {
				continue
			}
			step = udf.StepRetract
			if g.aggs.counts[group]--; g.aggs.counts[group] == 0 {
				step = udf.StepReset
			}
		} else {
			g.aggs.counts[group]++
		}
		c.old[k] = c.latest[group]
		if g.live[group] = step != udf.StepReset; g.live[group] {
			c.new[k] = int32(at + len(r.groups))
		}
		c.latest[group] = c.new[k]
		r.groups, r.rows, r.steps = append(r.groups, group), append(r.rows, row), append(r.steps, step)
	}
	r.accumulate(g.aggs, b, r.groups, r.rows, r.steps, c.results)
}

// accumulate takes rows into groups and appends the result behind each to a column per call.
func (r *running) accumulate(a *aggregates, b *types.Batch, groups, rows []int32, steps []udf.Step, out []*types.Vector) {
	if len(groups) == 0 {
		return
	}
	for i := range a.calls {
		c := &a.calls[i]
		c.cols = c.cols[:0]
		for _, k := range c.args {
			c.cols = append(c.cols, b.Cols[k])
		}
		a.begin(i)
		if c.filter < 0 {
			r.runners[i].Run(groups, c.cols, rows, steps, out[i])
			a.end(c.cols)
			continue
		}
		v := b.Cols[c.filter]
		r.kept = resize(r.kept, len(groups))
		for k := range groups {
			row := rowAt(rows, k)
			switch passes := v.Bool[row] && v.Valid.Get(int(row)); {
			case steps != nil && (passes || steps[k] == udf.StepReset):
				r.kept[k] = steps[k]
			case passes:
				r.kept[k] = udf.StepAdd
			default:
				r.kept[k] = udf.StepNone
			}
		}
		r.runners[i].Run(groups, c.cols, rows, r.kept, out[i])
		a.end(c.cols)
	}
}

// eachRow makes a Runner of any accumulator.
type eachRow struct {
	acc   udf.Accumulator
	group [1]int32
	row   [1]int32
}

func (e *eachRow) Run(groups []int32, args []*types.Vector, rows []int32, steps []udf.Step, out *types.Vector) {
	for k, group := range groups {
		e.group[0], e.row[0] = group, rowAt(rows, k)
		step := udf.StepAdd
		if steps != nil {
			step = steps[k]
		}
		switch step {
		case udf.StepAdd:
			e.acc.Add(e.group[:], args, e.row[:])
		case udf.StepRetract:
			e.acc.Retract(e.group[:], args, e.row[:])
		case udf.StepReset:
			e.acc.Reset(group)
		}
		e.acc.Result(e.group[:], out)
	}
}
