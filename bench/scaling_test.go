//go:build slow

package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/weirsql/weir/engine"
)

// TestScaling runs keyed windows and joins on one core with one subtask and on two with two, in turns, and compares the
// best runs of each. It says little on a machine that is busy: the processor time that a run could not get is shown as the
// share of its cores that it has used, and a loop that shares nothing, first, shows what the machine gives.
func TestScaling(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("one processor")
	}
	t.Logf("a loop that shares nothing: %.2f×", loopScaling())
	const rows = 30_000_000
	const windows = `CREATE TEMPORARY VIEW keyed AS SELECT MOD(n * 7919, 100000) AS k, n, ts FROM n;
CREATE TEMPORARY TABLE o (w TIMESTAMP_LTZ(3), k BIGINT, c BIGINT, s BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT window_start, k, COUNT(*), SUM(n) FROM TABLE(TUMBLE(TABLE keyed, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, k;`
	queries := []struct{ name, sql string }{
		{"windows over 100,000 users of clicks", fmt.Sprintf(`CREATE TEMPORARY TABLE clicks (browseraction STRING, site STRING, userid STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '%s');
CREATE TEMPORARY TABLE o (w TIMESTAMP(3), userid STRING, clicks BIGINT, impressions BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT window_start, userid, COUNT(*) FILTER (WHERE browseraction = 'Click'), COUNT(*) FILTER (WHERE browseraction = 'Impression')
FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, userid;`,
			recordFiles(t, rows/3, func(w io.Writer, n int, at time.Time) {
				action := "Click"
				if n%6 == 0 {
					action = "Impression"
				}
				fmt.Fprintf(w, `{"browseraction":"%s","site":"https://www.mysite.com","userid":"user-%05d","ts":"%s"}`+"\n", action, n*7919%100000, at.Format("2006-01-02 15:04:05.000"))
			}))},
		{"windows over 100,000 keys of JSON", fmt.Sprintf(`CREATE TEMPORARY TABLE n (n BIGINT, ts TIMESTAMP_LTZ(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
WITH ('connector' = 'filesystem', 'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601', 'path' = '%s');
`, recordFiles(t, rows/3, func(w io.Writer, n int, at time.Time) {
			fmt.Fprintf(w, `{"n":%d,"ts":"%s"}`+"\n", n, at.Format("2006-01-02T15:04:05.000Z"))
		})) + windows},
		{"windows over 100,000 keys", numbers("n", rows-1) + windows},
		{"join over 1,000,000 keys", numbers("n", rows/10-1) + numbers("m", rows/10-1) + `CREATE TEMPORARY TABLE o (k BIGINT, a BIGINT, b BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT l.k, l.n, r.n FROM (SELECT MOD(n * 7919, 1000000) AS k, n FROM n) l JOIN (SELECT MOD(n * 104729, 1000000) AS k, n FROM m) r ON l.k = r.k;`},
	}
	times := func(j *engine.Job) string { // of the busiest task of the keyed operator
		var busy, held, idle time.Duration
		for _, m := range j.Metrics() {
			if m.Name != "Scan" && m.Busy > busy {
				busy, held, idle = m.Busy, m.Backpressured, m.Idle
			}
		}
		return fmt.Sprintf("busiest task: %s busy, %s backpressured, %s idle", busy.Round(time.Millisecond), held.Round(time.Millisecond), idle.Round(time.Millisecond))
	}
	for _, q := range queries {
		t.Run(q.name, func(t *testing.T) {
			best, used, told := [3]time.Duration{}, [3]time.Duration{}, [3]string{}
			for range 4 {
				for _, cores := range []int{1, 2} {
					old := runtime.GOMAXPROCS(cores)
					s := openSession(t, "", map[string]string{"parallelism.default": fmt.Sprint(cores)})
					began, cpu := time.Now(), cpuTime()
					j := start(t, s, q.sql)[0]
					if err := j.Wait(context.Background()); err != nil {
						t.Fatal(err)
					}
					took := time.Since(began)
					cpu = cpuTime() - cpu
					runtime.GOMAXPROCS(old)
					if best[cores] == 0 || took < best[cores] {
						best[cores], used[cores], told[cores] = took, cpu, times(j)
					}
					s.Close()
				}
			}
			share := func(cores int) float64 { return 100 * used[cores].Seconds() / best[cores].Seconds() / float64(cores) }
			t.Logf("1 core %s (busy %.0f %%), 2 cores %s (busy %.0f %%): %.2f×, per second of processor time %.2f×; target 1.8×",
				best[1].Round(time.Millisecond), share(1), best[2].Round(time.Millisecond), share(2),
				best[1].Seconds()/best[2].Seconds(), 2*used[1].Seconds()/used[2].Seconds())
			t.Logf("  on 1 core, %s; on 2, %s", told[1], told[2])
		})
	}
}

// recordFiles writes records, 100 to a millisecond of event time, to four files that are read side by side, and returns their
// folder.
func recordFiles(t *testing.T, rows int, record func(w io.Writer, n int, at time.Time)) string {
	dir := t.TempDir()
	for i := range 4 {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.jsonl", i)))
		if err != nil {
			t.Fatal(err)
		}
		w := bufio.NewWriter(f)
		for n := i; n < rows; n += 4 {
			record(w, n, time.UnixMilli(int64(n/100)).UTC())
		}
		if err := errors.Join(w.Flush(), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// loopScaling is how many times as much two processors do as one of what fits in their registers.
func loopScaling() float64 {
	run := func(cores int) time.Duration {
		old := runtime.GOMAXPROCS(cores)
		defer runtime.GOMAXPROCS(old)
		results := make(chan uint64)
		began := time.Now()
		for range cores {
			go func() {
				x := uint64(1)
				for range 100_000_000 {
					x = x*6364136223846793005 + 1442695040888963407
				}
				results <- x
			}()
		}
		for range cores {
			<-results
		}
		return time.Since(began)
	}
	best := [3]time.Duration{}
	for range 5 {
		for _, cores := range []int{1, 2} {
			if took := run(cores); best[cores] == 0 || took < best[cores] {
				best[cores] = took
			}
		}
	}
	return 2 * best[1].Seconds() / best[2].Seconds()
}
