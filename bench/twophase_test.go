//go:build slow

package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestTwoPhase runs keyed windows over few keys, many, and one with half of the rows, read from two CSV files, in one phase
// and in two: on one core with one subtask, on two with two, in turns. It compares the best runs of each.
func TestTwoPhase(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("one processor")
	}
	const rows = 4_000_000
	keys := []struct {
		name string
		key  func(n int) int
	}{
		{"100 keys", func(n int) int { return n * 7919 % 100 }},
		{"10,000 keys", func(n int) int { return n * 7919 % 10_000 }},
		{"1,000,000 keys", func(n int) int { return n * 7919 % 1_000_000 }},
		{"half of the rows of one key, 1,000,000 others", func(n int) int {
			if n/2%2 == 0 {
				return -1
			}
			return n * 7919 % 1_000_000
		}},
	}
	for _, k := range keys {
		dir := t.TempDir()
		var text [2]bytes.Buffer
		for n := range rows {
			fmt.Fprintf(&text[n%2], "%d,%d,%d\n", k.key(n), n, n/100)
		}
		for i := range text {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i, ".csv")), text[i].Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		sql := `CREATE TEMPORARY TABLE keyed (k BIGINT, n BIGINT, t BIGINT, ts AS TO_TIMESTAMP_LTZ(t, 3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = '` + dir + `', 'format' = 'csv');
CREATE TEMPORARY TABLE o (w TIMESTAMP_LTZ(3), k BIGINT, c BIGINT, s BIGINT, m BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT window_start, k, COUNT(*), SUM(n), MAX(n) FROM TABLE(TUMBLE(TABLE keyed, DESCRIPTOR(ts), INTERVAL '30' SECOND)) GROUP BY window_start, window_end, k;`
		type run struct {
			cores int
			phase string
		}
		best, used, sent := map[run]time.Duration{}, map[run]time.Duration{}, map[run]int64{}
		runs := []run{{1, "AUTO"}, {2, "ONE_PHASE"}, {2, "AUTO"}, {2, "TWO_PHASE"}}
		for range 4 {
			for _, r := range runs {
				old := runtime.GOMAXPROCS(r.cores)
				s := openSession(t, "", map[string]string{"parallelism.default": fmt.Sprint(r.cores), "table.optimizer.agg-phase-strategy": r.phase})
				began, cpu := time.Now(), cpuTime()
				j := start(t, s, sql)[0]
				if err := j.Wait(context.Background()); err != nil {
					t.Fatal(err)
				}
				took := time.Since(began)
				cpu = cpuTime() - cpu
				runtime.GOMAXPROCS(old)
				if best[r] == 0 || took < best[r] {
					best[r], used[r], sent[r] = took, cpu, 0
					for _, m := range j.Metrics() {
						if strings.HasPrefix(m.Name, "WindowAggregate") {
							sent[r] += m.RecordsIn
						}
					}
				}
				s.Close()
			}
		}
		for _, r := range runs {
			t.Logf("%s: %d core %s: %s, processor %s, %.2fM rows/s, %.2fM rows reach the windows; %.2f×", k.name, r.cores, r.phase,
				best[r].Round(time.Millisecond), used[r].Round(time.Millisecond), rows/best[r].Seconds()/1e6, float64(sent[r])/1e6,
				best[runs[0]].Seconds()/best[r].Seconds())
		}
	}
}
