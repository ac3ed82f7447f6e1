//go:build slow

package bench

import (
	"context"
	"flag"
	"fmt"
	"testing"
	"time"
)

var spillLimit = flag.Int("spill.limit", 64, "weir.memory.limit of TestSpill, in MB; the state is about five times as large")

// TestSpill keeps state of five times the memory limit: a text of 100 bytes by each key. It compares the rate at which
// uniformly random keys, and those of a working set that fits, are updated with the rate of the same job without a limit.
func TestSpill(t *testing.T) {
	const perKey = 200 // bytes that a key takes in memory: value, key, count, table
	keys := 5 * *spillLimit * 1_000_000 / perKey
	hot := keys / 20 // a quarter of the limit
	const seconds = 8
	measure := func(limit string, distinct int) float64 {
		settings := map[string]string{"parallelism.default": "1", "execution.checkpointing.interval": "0 ms"}
		if limit != "" {
			settings["weir.memory.limit"] = limit
		}
		s := openSession(t, t.TempDir(), settings)
		// The keys are loaded in their order first, then hit at random.
		key := fmt.Sprintf("CASE WHEN n < %d THEN n ELSE MOD(n * 2654435761, %d) END", keys, distinct)
		j := start(t, s, numbers("n", 1<<31)+`CREATE TEMPORARY TABLE o (k BIGINT, c BIGINT, p STRING) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT k, COUNT(*), LAST_VALUE(p) FROM (SELECT `+key+` AS k, LPAD(CAST(n AS STRING), 100, 'x') AS p FROM n) GROUP BY k;`)[0]
		awaitRows(t, j, int64(keys))
		time.Sleep(2 * time.Second) // the working set comes in
		began, first, cpu := time.Now(), read(j), cpuTime()
		time.Sleep(seconds * time.Second)
		rows, took, used := read(j)-first, time.Since(began), cpuTime()-cpu
		var spilled, size int64
		for _, m := range j.Metrics() {
			spilled, size = spilled+m.Spilled, size+m.StateBytes
		}
		if limit == "" {
			limit = "none"
		}
		t.Logf("limit %s, %d keys loaded, %d in use: %.3f M rows/s, %.3f M per second of processor time; %d MB of state, %d MB spilled, %d MB resident",
			limit, keys, distinct, float64(rows)/took.Seconds()/1e6, float64(rows)/used.Seconds()/1e6, size/1e6, spilled/1e6, memory()/1e6)
		j.Cancel()
		j.Wait(context.Background())
		s.Close()
		return float64(rows) / took.Seconds()
	}
	limit := fmt.Sprint(*spillLimit, " mb")
	uniform := measure(limit, keys)
	fits := measure(limit, hot)
	uniformFree, fitsFree := measure("", keys), measure("", hot)
	t.Logf("uniformly random keys: %.2f of the rate in memory, target 0.10; a working set that fits: %.2f, target 0.50", uniform/uniformFree, fits/fitsFree)
	if uniform < 0.05*uniformFree || fits < 0.25*fitsFree {
		t.Error("the rates are below half of their targets")
	}
}
