package bench

import (
	"bytes"
	"context"
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
	"time"
)

var records = flag.Int("records", 300_000, "how many records TestMemory reads")

// TestMemory reads a file with the process's resident memory in view: it must not grow once the job is on its way. A
// run over 50 million records is `go test ./bench -run TestMemory -records 50000000 -v`; the file takes 95 bytes a record
// in the temporary folder.
func TestMemory(t *testing.T) {
	path, _ := clicksFile(t, *records)
	runStep4(t, path, blackhole) // heaps grow and code is loaded
	debug.FreeOSMemory()
	watch := watchMemory(t)
	start, cpu := time.Now(), cpuTime()
	runStep4(t, path, blackhole)
	took, used := time.Since(start), cpuTime()-cpu
	early, peak, end := watch()
	const mb = 1 << 20
	t.Logf("%d records in %v, %v of processor time: %.1f M records/s, %.1f M per second of processor time",
		*records, took.Round(time.Millisecond), used.Round(time.Millisecond), float64(*records)/took.Seconds()/1e6, float64(*records)/used.Seconds()/1e6)
	t.Logf("resident memory: at most %d MB in the first tenth of the run, %d MB in all of it, %d MB at its end", early/mb, peak/mb, end/mb)
	if grown := peak - early; grown > 16*mb {
		t.Errorf("resident memory grew by %d MB", grown/mb)
	}
}

// watchMemory samples the memory of the process until the function it returns is called.
func watchMemory(t *testing.T) (stop func() (early, peak, end int64)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan []int64)
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		var samples []int64
		for ctx.Err() == nil {
			samples = append(samples, memory())
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
		done <- append(samples, memory())
	}()
	return func() (early, peak, end int64) {
		cancel()
		samples := <-done
		for i, m := range samples {
			peak = max(peak, m)
			if i <= len(samples)/10 {
				early = peak
			}
		}
		return early, peak, samples[len(samples)-1]
	}
}

// memory is the resident memory of the process; where the system doesn't tell, what the Go runtime holds of it.
func memory() int64 {
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := bytes.Fields(text); len(fields) > 1 {
			if pages, err := strconv.ParseInt(string(fields[1]), 10, 64); err == nil {
				return pages * int64(os.Getpagesize())
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}

// A job allocates while it starts, and nothing per record, batch or window after that.
func TestAllocations(t *testing.T) {
	const few, many = 50_000, 250_000
	allocations := func(records int) uint64 {
		path, _ := clicksFile(t, records)
		least := ^uint64(0)
		for range 3 { // the collector and the scheduler allocate now and then
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			runStep4(t, path, blackhole)
			runtime.ReadMemStats(&after)
			least = min(least, after.Mallocs-before.Mallocs)
		}
		return least
	}
	a, b := allocations(few), allocations(many)
	t.Logf("%d allocations for %d records, %d for %d", a, few, b, many)
	if b > a+50 { // 49 batches and 20 windows more
		t.Errorf("%d records take %d allocations, %d take %d: something allocates while records flow", few, a, many, b)
	}
}
