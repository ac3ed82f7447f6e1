//go:build slow

package bench

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/engine"
)

// TestScaling runs keyed windows and joins on one core with one subtask and on two with two, in turns, and compares the
// best runs of each. It says little on a machine that is busy: the processor time that a run could not get is shown as the
// share of its cores that it has used.
func TestScaling(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("one processor")
	}
	const rows = 30_000_000
	queries := []struct{ name, sql string }{
		{"windows over 100,000 keys", numbers("n", rows-1) + `CREATE TEMPORARY TABLE o (w TIMESTAMP_LTZ(3), k BIGINT, c BIGINT, s BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT window_start, k, COUNT(*), SUM(n) FROM TABLE(TUMBLE(TABLE keyed, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, k;`},
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
		sql := strings.Replace(q.sql, "CREATE TEMPORARY TABLE o", "CREATE TEMPORARY VIEW keyed AS SELECT MOD(n * 7919, 100000) AS k, n, ts FROM n;\nCREATE TEMPORARY TABLE o", 1)
		best, used, told := [3]time.Duration{}, [3]time.Duration{}, [3]string{}
		for range 4 {
			for _, cores := range []int{1, 2} {
				old := runtime.GOMAXPROCS(cores)
				s := openSession(t, "", map[string]string{"parallelism.default": fmt.Sprint(cores)})
				began, cpu := time.Now(), cpuTime()
				j := start(t, s, sql)[0]
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
		t.Logf("%s: 1 core %s (busy %.0f %%), 2 cores %s (busy %.0f %%): %.2f×, per second of processor time %.2f×; target 1.8×",
			q.name, best[1].Round(time.Millisecond), share(1), best[2].Round(time.Millisecond), share(2),
			best[1].Seconds()/best[2].Seconds(), 2*used[1].Seconds()/used[2].Seconds())
		t.Logf("  on 1 core, %s; on 2, %s", told[1], told[2])
	}
}
