package cli

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/weirsql/weir/monitor"
	"github.com/weirsql/weir/runtime/metrics"
)

// drawJob draws a job, line by line: what it is, its checkpoints, and a tree per sink like EXPLAIN's, rows flowing upwards.
// An operator that feeds several others is drawn once and referred to by its ID afterwards. How a task spends its time is
// told at the first of the operators that share it, which is often the one that does the work.
func drawJob(f *monitor.Figures, now time.Time) []string {
	lines := append(headLines(f, now), "")
	byID, fed := map[string]*monitor.Operator{}, map[string]int{}
	heads := map[int]*monitor.Operator{} // by chain
	for i := range f.Operators {
		o := &f.Operators[i]
		byID[o.ID] = o
		if heads[o.Chain] == nil {
			heads[o.Chain] = o
		}
		for _, e := range o.Inputs {
			fed[e.From]++
		}
	}
	drawn := map[string]bool{}
	var draw func(o *monitor.Operator, exchange, head, tail string)
	draw = func(o *monitor.Operator, exchange, head, tail string) {
		if exchange != "" && exchange != "forward" {
			exchange = "  ⇒ " + exchange
		} else {
			exchange = ""
		}
		if drawn[o.ID] {
			lines = append(lines, head+"reuse "+o.ID+exchange)
			return
		}
		drawn[o.ID] = true
		mark := ""
		if b := f.Bottleneck; b != nil && b.Operators[0] == o.ID {
			mark = "  ◀ bottleneck"
		}
		lines = append(lines, head+visible(title(o))+exchange+mark)
		bar := "   "
		if len(o.Inputs) > 0 {
			bar = "│  "
		}
		details := operatorLines(o, heads[o.Chain], now)
		if mark != "" {
			details = append(details, "◀ "+f.Bottleneck.Reason)
		}
		if fed[o.ID] > 1 {
			details[0] += " · shared, id " + o.ID
		}
		for _, d := range details {
			lines = append(lines, tail+bar+d)
		}
		for i, e := range o.Inputs {
			from := byID[e.From]
			switch {
			case from == nil:
			case i == len(o.Inputs)-1:
				draw(from, e.Exchange, tail+"└─ ", tail+"   ")
			default:
				draw(from, e.Exchange, tail+"├─ ", tail+"│  ")
			}
		}
	}
	for i := range f.Operators {
		if fed[f.Operators[i].ID] == 0 {
			draw(&f.Operators[i], "", "", "")
		}
	}
	return lines
}

// title is an operator as EXPLAIN names it.
func title(o *monitor.Operator) string {
	if o.Description == "" {
		return o.Name
	}
	return o.Name + "(" + plain(o.Description) + ")"
}

func headLines(f *monitor.Figures, now time.Time) []string {
	since := "for"
	if monitor.Ended(&f.Job) {
		since = "after"
	}
	first := fmt.Sprintf("%s · %s %s %s", visible(plain(f.Name)), f.State, since, shortDuration(cmp.Or(f.Ended, now).Sub(f.Started)))
	if f.Restarts > 0 {
		first += fmt.Sprintf(" · restarts %d", f.Restarts)
	}
	lines := []string{first, "id " + f.ID}
	if f.Seed != nil {
		lines[1] += fmt.Sprintf(" · seed %d", *f.Seed)
	}
	if f.Failure != "" {
		lines = append(lines, "last failure: "+visible(f.Failure))
	}
	for _, call := range f.Stuck {
		lines = append(lines, visible(call))
	}
	return append(lines, checkpointLine(&f.Job, now))
}

// checkpointLine tells of the last completed checkpoint, and of those that failed.
func checkpointLine(j *metrics.Job, now time.Time) string {
	var parts []string
	if c, ok := monitor.LastCompleted(j); ok {
		what := fmt.Sprintf("checkpoint %d", c.ID)
		if c.Savepoint {
			what = "savepoint"
		}
		parts = append(parts, fmt.Sprintf("%s %s ago, took %s, %s, pause %s",
			what, shortDuration(now.Sub(c.Triggered)), shortDuration(c.Duration), byteSize(c.Bytes), shortDuration(c.Pause)))
	} else {
		parts = append(parts, "no checkpoint yet")
	}
	if j.Checkpoints.Completed > 0 {
		parts = append(parts, fmt.Sprintf("%s completed", thousands(j.Checkpoints.Completed)))
	}
	if j.Checkpoints.InProgress > 0 {
		parts = append(parts, fmt.Sprintf("checkpoint %d in progress", j.Checkpoints.InProgress))
	}
	if j.Checkpoints.Failed > 0 {
		failed := fmt.Sprintf("%s failed", thousands(j.Checkpoints.Failed))
		for _, c := range j.Checkpoints.History {
			if c.Failure != "" {
				failed += fmt.Sprintf(" (last: %s)", visible(c.Failure))
				break
			}
		}
		parts = append(parts, failed)
	}
	return strings.Join(parts, " · ")
}

// operatorLines are an operator's figures: what flows and, at the head of a chain, how the task's time is spent, then what
// the operator keeps, if anything.
func operatorLines(o, head *monitor.Operator, now time.Time) []string {
	total := o.Totals()
	flow := []string{}
	if n := max(o.Parallelism, len(o.Subtasks)); n > 1 {
		flow = append(flow, fmt.Sprintf("×%d", n))
	}
	flow = append(flow, "in "+perSecond(o.Rates.RecordsIn)+"/s", "out "+perSecond(o.Rates.RecordsOut)+"/s")
	switch t := o.Rates.Time; {
	case o != head:
		flow = append(flow, "in the task of "+head.Name)
	case t != nil:
		busy := percent(t.Busy)
		if b := o.Busiest(); len(o.Subtasks) > 1 && b.Rates.Time.Busy >= t.Busy+skewFrom {
			busy += fmt.Sprintf(" (max %s of %d)", percent(b.Rates.Time.Busy), len(o.Subtasks))
		}
		flow = append(flow, "busy "+busy, "backpressured "+percent(t.Backpressured), "idle "+percent(t.Idle))
	}
	lines := []string{strings.Join(flow, " · ")}
	var kept []string
	switch {
	case total.Watermark == nil || *total.Watermark == math.MinInt64:
	case *total.Watermark == math.MaxInt64:
		kept = append(kept, "watermark at the end")
	default:
		lag, _ := monitor.Lag(total.Watermark, now)
		kept = append(kept, fmt.Sprintf("watermark %s (lag %s)", time.UnixMilli(*total.Watermark).UTC().Format("2006-01-02 15:04:05"), shortDuration(lag)))
	}
	if lag, n := splitLag(o); n > 0 {
		splits := "1 split"
		if n > 1 {
			splits = fmt.Sprintf("%d splits", n)
		}
		if lag > 0 {
			splits += " (behind " + shortDuration(lag) + ")"
		}
		kept = append(kept, splits)
	}
	if total.StateBytes > 0 || total.StateKeys > 0 {
		state := "state " + byteSize(total.StateBytes)
		if total.StateKeys > 0 {
			state += " in " + thousands(total.StateKeys) + " keys"
		}
		if total.Spilled > 0 {
			state += " (" + byteSize(total.Spilled) + " spilled)"
		}
		kept = append(kept, state)
	}
	if s := total.Sending; s != nil && s.BufferedRows > 0 {
		kept = append(kept, fmt.Sprintf("unsent %s (oldest %s)", thousands(int64(s.BufferedRows)), shortDuration(s.OldestAge)))
	}
	c := counts{late: total.Late, failed: total.Failed, retries: total.Retries, forgotten: total.Forgotten}
	kept = append(kept, c.losses()...)
	if s := total.Sending; s != nil && s.Throttled > 0 {
		kept = append(kept, "throttled "+thousands(s.Throttled))
	}
	if len(kept) > 0 {
		lines = append(lines, strings.Join(kept, " · "))
	}
	return lines
}

// skewFrom is by how many percent the busiest subtask must be above the mean to be told of.
const skewFrom = 10

// splitLag is how far the split that is furthest behind is, and the number of splits that are being read.
func splitLag(o *monitor.Operator) (lag time.Duration, n int) {
	for i := range o.Subtasks {
		for _, s := range o.Subtasks[i].Splits {
			if !s.Ended {
				n++
				lag = max(lag, s.Lag)
			}
		}
	}
	return lag, n
}

func percent(p float64) string { return fmt.Sprintf("%.0f %%", p) }

// perSecond writes a rate with as many digits as matter.
func perSecond(r float64) string {
	if r > 0 && r < 10 {
		return strings.TrimSuffix(fmt.Sprintf("%.1f", r), ".0")
	}
	return thousands(int64(math.Round(r)))
}

// byteSize writes a number of bytes in the unit that suits it.
func byteSize(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	v, u := float64(n), 0
	for v >= 999.5 && u < len(units)-1 {
		v, u = v/1000, u+1
	}
	if u == 0 || v >= 99.5 {
		return fmt.Sprintf("%.0f %s", v, units[u])
	}
	return fmt.Sprintf("%.1f %s", v, units[u])
}

// shortDuration writes a duration with two units at most.
func shortDuration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return "-" + shortDuration(-d)
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return strings.Replace(fmt.Sprintf("%.1f s", d.Seconds()), ".0 ", " ", 1)
	case d < time.Minute:
		return fmt.Sprintf("%d s", int64(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d d %d h", d/day, d%day/time.Hour)
}
