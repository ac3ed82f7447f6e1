package cli

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/weirsql/weir/engine"
)

// progress makes the line that tells how jobs are getting on:
//
//	2 jobs · in 12,345 (1,200/s) · out 99 · watermark 2023-08-23 13:46:40 (lag 3s) · late 1
type progress struct {
	jobs func() []*engine.Job

	counted time.Time // when the rate was taken
	in      int64     // records at that time
	rate    float64   // records a second
}

func newProgress(jobs func() []*engine.Job) *progress { return &progress{jobs: jobs} }

// counts are sums over jobs.
type counts struct {
	running, in, out, late, failed, retries, forgotten int64
	unsent                                             int64 // those of the failed that were too large
	watermark                                          int64 // the lowest of the running jobs' sources; math.MinInt64 for none
}

func count(jobs []*engine.Job) counts {
	c := counts{watermark: math.MaxInt64}
	for _, j := range jobs {
		running := false
		select {
		case <-j.Done():
		default:
			running = true
			c.running++
		}
		for _, m := range j.Metrics() {
			c.late += m.Late
			c.failed += m.Failed
			c.retries += m.Retries
			c.forgotten += m.Forgotten
			switch m.Name {
			case "Scan":
				c.in += m.RecordsIn
				if running && m.Watermark != nil {
					c.watermark = min(c.watermark, *m.Watermark)
				}
			case "Sink":
				c.out += m.RecordsOut
				c.unsent += m.Failed
			case "Collect":
				c.out += m.RecordsIn
			}
		}
	}
	if c.watermark == math.MaxInt64 {
		c.watermark = math.MinInt64
	}
	return c
}

// line is what there is to say now; "" when nothing runs.
func (p *progress) line() string {
	c := count(p.jobs())
	if c.running == 0 {
		return ""
	}
	now := time.Now()
	if since := now.Sub(p.counted); since >= time.Second {
		if !p.counted.IsZero() {
			p.rate = float64(c.in-p.in) / since.Seconds()
		}
		p.counted, p.in = now, c.in
	}
	jobs := "1 job"
	if c.running > 1 {
		jobs = fmt.Sprintf("%d jobs", c.running)
	}
	parts := []string{jobs, fmt.Sprintf("in %s (%s/s)", thousands(c.in), thousands(int64(p.rate))), "out " + thousands(c.out)}
	if c.watermark != math.MinInt64 {
		w := time.UnixMilli(c.watermark).UTC()
		text := "watermark " + w.Format("2006-01-02 15:04:05")
		if lag := now.Sub(w); lag >= 0 && lag < 24*time.Hour { // older data is replayed, not late
			text += fmt.Sprintf(" (lag %s)", lag.Round(time.Second))
		}
		parts = append(parts, text)
	}
	return strings.Join(append(parts, c.losses()...), " · ")
}

// losses names what did not get through.
func (c *counts) losses() []string {
	var parts []string
	for _, p := range []struct {
		what string
		n    int64
	}{{"late", c.late}, {"failed", c.failed}, {"retries", c.retries}, {"forgotten keys", c.forgotten}} {
		if p.n > 0 {
			parts = append(parts, p.what+" "+thousands(p.n))
		}
	}
	return parts
}

// thousands writes a number with separators.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// summary says what each job did: always at a terminal, else only what did not get through.
func (r *runner) summary() {
	for _, j := range r.session.Jobs() {
		if j.Err() != nil {
			continue // told with its cause
		}
		c := count([]*engine.Job{j})
		if isTerminal(r.out.stderr) {
			parts := append([]string{fmt.Sprintf("in %s · out %s", thousands(c.in), thousands(c.out))}, c.losses()...)
			r.out.say("%s: %s", j.Name, strings.Join(parts, " · "))
			continue
		}
		if c.late > 0 {
			r.out.say("weir: job %s: %s late, behind the watermark, and dropped", j.Name, records(c.late))
		}
		if n := c.failed - c.unsent; n > 0 {
			r.out.say("weir: job %s: %s not decoded", j.Name, records(n))
		}
		if c.unsent > 0 {
			r.out.say("weir: job %s: %s too large to be sent", j.Name, records(c.unsent))
		}
	}
}

func records(n int64) string {
	if n == 1 {
		return "1 record was"
	}
	return thousands(n) + " records were"
}
