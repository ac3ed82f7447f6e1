//go:build slow

package bench

import (
	"context"
	"fmt"
	"io"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/runtime/metrics"
)

// openSession opens a session with its data in dir. A setting that weir doesn't have yet skips the test.
func openSession(tb testing.TB, dir string, settings map[string]string, change ...func(*engine.Options)) *engine.Session {
	tb.Helper()
	o := engine.Options{DataDir: dir, Stdout: io.Discard, Settings: map[string]string{"table.local-time-zone": "UTC"}}
	for key, value := range settings {
		o.Settings[key] = value
	}
	for _, f := range change {
		f(&o)
	}
	s, err := engine.New(o)
	if err != nil && strings.Contains(err.Error(), "unknown setting") {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// start executes statements and returns the jobs that they started.
func start(tb testing.TB, s *engine.Session, sql string) []*engine.Job {
	tb.Helper()
	file := diag.NewFile("bench.sql", sql)
	script, err := s.Parse(file)
	if err != nil {
		tb.Fatal(err)
	}
	var jobs []*engine.Job
	for _, stmt := range script.Stmts {
		r, err := s.Execute(context.Background(), file, stmt)
		if err != nil {
			tb.Fatal(err)
		}
		if r.Job != nil {
			jobs = append(jobs, r.Job)
		}
	}
	return jobs
}

// numbers is a table that counts from 0 as fast as it is asked, ending at last.
func numbers(name string, last int) string {
	return fmt.Sprintf(`CREATE TEMPORARY TABLE %s (n BIGINT, ts AS TO_TIMESTAMP_LTZ(n / 100, 3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'datagen', 'rows-per-second' = '1000000000', 'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '%d');
`, name, last)
}

// endless is more rows than anyone waits for.
const endless = 1 << 50

// read is how many rows a job's scans have taken in so far.
func read(j *engine.Job) (rows int64) {
	for _, m := range j.Metrics() {
		if strings.Contains(m.Name, "Scan") {
			rows += m.RecordsOut
		}
	}
	return rows
}

// awaitRows waits until a job has read so many rows.
func awaitRows(tb testing.TB, j *engine.Job, rows int64) {
	tb.Helper()
	for read(j) < rows {
		select {
		case <-j.Done():
			tb.Fatalf("the job has ended after %d rows: %v", read(j), j.Err())
		case <-time.After(time.Millisecond):
		}
	}
}

// gap is a time in which a job took no rows.
type gap struct {
	began time.Time
	took  time.Duration
}

// watchGaps looks at a job every half millisecond until the function it returns is called, and returns the times of more
// than two milliseconds in which it took no rows. What the machine takes away from the process counts, too: compare with
// a run in which nothing is expected to stop the job.
func watchGaps(j *engine.Job) (stop func() []gap) {
	end, done := make(chan struct{}), make(chan []gap)
	go func() {
		tick := time.NewTicker(500 * time.Microsecond)
		defer tick.Stop()
		var gaps []gap
		last, since := read(j), time.Now()
		for {
			select {
			case <-end:
				done <- gaps
				return
			case <-tick.C:
			}
			if rows := read(j); rows != last {
				now := time.Now()
				if took := now.Sub(since); took > 2*time.Millisecond {
					gaps = append(gaps, gap{since, took})
				}
				last, since = rows, now
			}
		}
	}()
	return func() []gap {
		close(end)
		return <-done
	}
}

// longestIn returns the longest gap in each of the spans between moments.
func longestIn(gaps []gap, moments []time.Time) (longest []time.Duration) {
	for i := 1; i < len(moments); i++ {
		most := time.Duration(0)
		for _, g := range gaps {
			if g.began.Before(moments[i]) && g.began.Add(g.took).After(moments[i-1]) {
				most = max(most, g.took)
			}
		}
		longest = append(longest, most)
	}
	return longest
}

// quantiles prints the middle, the 99th percentile and the longest of some durations.
func quantiles(d []time.Duration) string {
	if len(d) == 0 {
		return "none"
	}
	d = slices.Sorted(slices.Values(d))
	at := func(q float64) time.Duration {
		return d[min(len(d)-1, int(q*float64(len(d))))].Round(10 * time.Microsecond)
	}
	return fmt.Sprintf("p50 %s, p99 %s, longest %s of %d", at(0.5), at(0.99), d[len(d)-1].Round(10*time.Microsecond), len(d))
}

func quantile(d []time.Duration, q float64) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[min(len(d)-1, int(q*float64(len(d))))]
}

// histogram draws how many durations fall between powers of two of a millisecond.
func histogram(d []time.Duration) string {
	var counts []int
	for _, v := range d {
		bucket := bits.Len64(uint64(v / time.Millisecond))
		for len(counts) <= bucket {
			counts = append(counts, 0)
		}
		counts[bucket]++
	}
	var b strings.Builder
	for bucket, n := range counts {
		low, high := time.Millisecond<<bucket/2, time.Millisecond<<bucket
		if bucket == 0 {
			low = 0
		}
		fmt.Fprintf(&b, "%8s – %-7s %6d %s\n", low, high, n, strings.Repeat("█", 50*n/slices.Max(counts)))
	}
	return b.String()
}

// stored returns when the checkpoints that are kept below a session's data were completed, by their folders.
func stored(tb testing.TB, dir string) map[string]time.Time {
	tb.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*", "*", "chk-*", "manifest.json"))
	if err != nil {
		tb.Fatal(err)
	}
	at := map[string]time.Time{}
	for _, path := range found {
		if info, err := os.Stat(path); err == nil { // it may have been retired meanwhile
			at[filepath.Dir(path)] = info.ModTime()
		}
	}
	return at
}

// pauses are those that the job itself has measured for its last checkpoints, if it can tell.
func pauses(j *engine.Job) (p []time.Duration, ok bool) {
	j2, ok := any(j).(interface{ Info() metrics.Job })
	if !ok {
		return nil, false
	}
	for _, c := range j2.Info().Checkpoints.History {
		if c.Failure == "" {
			p = append(p, c.Pause)
		}
	}
	return p, true
}
