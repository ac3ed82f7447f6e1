//go:build slow && linux

package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weirsql/weir/engine"
)

var (
	soak     = flag.Duration("soak", 20*time.Second, "how long TestSoak runs")
	soakOut  = flag.String("soak.out", "", "folder for TestSoak's soak.csv and soak.svg; empty is one that goes with the test")
	soakSeed = flag.Uint64("soak.seed", 1, "seed of what TestSoak does to its jobs")
)

// soakTables are what the jobs of TestSoak read and write; %[1]s is the folder, %[2]s the endpoint of Kinesis.
const soakTables = `
CREATE TEMPORARY TABLE events (site STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = '%[1]s/events', 'source.monitor-interval' = '200 ms', 'source.forget-deleted-after' = '10 s', 'format' = 'json');
CREATE TEMPORARY TABLE totals (w TIMESTAMP(3), site STRING, c BIGINT) WITH ('connector' = 'filesystem', 'path' = '%[1]s/totals', 'format' = 'json');
CREATE TEMPORARY TABLE l (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '3000', 'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '1000000000');
CREATE TEMPORARY TABLE r (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '3000', 'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '1000000000');
CREATE TEMPORARY TABLE pairs (a BIGINT, b BIGINT) WITH ('connector' = 'blackhole');
CREATE TEMPORARY TABLE counted (k BIGINT, c BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = 'blackhole');
CREATE TEMPORARY TABLE sent (n BIGINT) WITH ('connector' = 'kinesis', 'stream' = 'loop', 'aws.endpoint' = '%[2]s', 'format' = 'json');
CREATE TEMPORARY TABLE received (n BIGINT, ts TIMESTAMP(3) METADATA FROM 'timestamp' VIRTUAL, WATERMARK FOR ts AS ts)
WITH ('connector' = 'kinesis', 'stream' = 'loop', 'aws.endpoint' = '%[2]s', 'scan.stream.initpos' = 'LATEST', 'format' = 'json');
CREATE TEMPORARY TABLE looped (w TIMESTAMP(3), c BIGINT) WITH ('connector' = 'blackhole');
`

// soakJobs are the jobs: windows over a folder that fills, a join and a group aggregate whose keys pass by and are dropped
// when their time to live is over, and a way out to Kinesis and back.
var soakJobs = []string{
	`INSERT INTO totals SELECT window_start, site, COUNT(*) FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '1' SECOND)) GROUP BY window_start, window_end, site`,
	`INSERT INTO pairs SELECT l.n, r.n FROM l JOIN r ON l.n / 10 = r.n / 10`,
	`INSERT INTO counted SELECT n / 5, COUNT(*) FROM l GROUP BY n / 5`,
	`INSERT INTO sent SELECT n FROM r`,
	`INSERT INTO looped SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE received, DESCRIPTOR(ts), INTERVAL '1' SECOND)) GROUP BY window_start, window_end`,
}

// sample is what TestSoak sees each second.
type sample struct {
	at                   time.Duration
	resident, live, heap float64 // MB: of the process, of the heap after the last collection, of objects now
	goroutines, files    float64
	server               float64 // MB: resident memory of the embedded server's process
	starts               int
}

// TestSoak runs mixed jobs in one session for a time, stopping, canceling and restarting them from their checkpoints all
// along, with a second process of weir beside it that is killed and restored. Memory, goroutines and open files must stay
// where they are once it is warm.
func TestSoak(t *testing.T) {
	out := *soakOut
	if out == "" {
		out = t.TempDir()
	}
	if err := os.MkdirAll(out, 0o700); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "weir")
	if text, err := exec.Command("go", "build", "-o", bin, "../cmd/weir").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, text)
	}
	dir := t.TempDir()
	server, endpoint := soakServer(t, bin, dir)

	// The events and the second process live in goroutines of the test: as many at the end as at the beginning.
	ctx, cancel := context.WithTimeout(context.Background(), *soak)
	defer cancel()
	events := make(chan int, 1)
	go func() { events <- writeEvents(ctx, filepath.Join(dir, "events")) }()
	killed := make(chan string, 1)
	go func() { killed <- killForever(ctx, bin, filepath.Join(dir, "killed")) }()

	var failures failureLog
	s := openSession(t, filepath.Join(dir, "home"), map[string]string{
		"execution.checkpointing.interval": "500 ms", "table.exec.state.ttl": "3 s", "parallelism.default": "2", "pipeline.auto-watermark-interval": "50 ms",
	}, func(o *engine.Options) {
		o.Restore, o.Log = "latest", slog.New(slog.NewTextHandler(&failures, &slog.HandlerOptions{Level: slog.LevelError}))
	})
	start(t, s, fmt.Sprintf(soakTables, dir, endpoint))
	jobs := make([]*engine.Job, len(soakJobs))
	starts := 0
	begin := func(i int) {
		jobs[i] = start(t, s, soakJobs[i])[0]
		starts++
	}
	for i := range jobs {
		begin(i)
	}

	rng := rand.New(rand.NewPCG(*soakSeed, 0))
	samples := make([]sample, 0, int(*soak/time.Second)+10)
	defer func() { // what there is, also when a job has failed
		if len(samples) == 0 {
			return
		}
		if err := writeSoak(out, samples); err != nil {
			t.Error(err)
		}
	}()
	began, tick := time.Now(), time.NewTicker(time.Second)
	defer tick.Stop()
	for next := 3; ctx.Err() == nil; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			continue
		}
		samples = append(samples, takeSample(time.Since(began), server.Process.Pid, starts))
		for i, j := range jobs {
			select {
			case <-j.Done():
				t.Fatalf("job %d has ended by itself: %v\n%s", i, j.Err(), failures.String())
			default:
			}
		}
		if next--; next > 0 {
			continue
		}
		next = 2 + rng.IntN(3)
		i := rng.IntN(len(jobs))
		switch rng.IntN(3) {
		case 0:
			jobs[i].Cancel()
		default:
			if err := jobs[i].Stop(context.Background(), false); err != nil {
				t.Fatalf("stop of job %d: %v\n%s", i, err, failures.String())
			}
		}
		jobs[i].Wait(context.Background()) // its checkpoints are free
		begin(i)
	}

	// What has gone through the windows is what was written, however often they were restarted.
	written := <-events
	for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); { // the last windows may stay open until the drain
		if soakTotal(t, filepath.Join(dir, "totals")) == written {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := jobs[0].Stop(context.Background(), true); err != nil {
		t.Fatal(err)
	}
	if got := soakTotal(t, filepath.Join(dir, "totals")); got != written {
		t.Errorf("%d events were written, %d counted", written, got)
	}
	if text := <-killed; strings.HasPrefix(text, "!") {
		t.Error(text)
	} else {
		t.Log(text)
	}
	t.Logf("%d events through windows that were restarted, %d starts of jobs in all; soak.csv and soak.svg are in %s", written, starts, out)
	judgeSoak(t, samples)
}

// failureLog keeps the beginning of what is logged.
type failureLog struct{ bytes.Buffer }

func (l *failureLog) Write(b []byte) (int, error) {
	if l.Len() < 1<<16 {
		l.Buffer.Write(b)
	}
	return len(b), nil
}

// soakServer starts `weir local` as a process of its own, with a stream.
func soakServer(t *testing.T, bin, dir string) (c *exec.Cmd, endpoint string) {
	t.Helper()
	free := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}
	addr := free()
	for key, value := range map[string]string{"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"} {
		t.Setenv(key, value)
	}
	c = exec.Command(bin, "local", "--dir", filepath.Join(dir, "local"), "--addr", addr, "--sns-addr", free())
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // also when the test is killed
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	endpoint = "http://" + addr
	for limit := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		text, err := exec.Command(bin, "stream", "create", "loop", "--endpoint", endpoint).CombinedOutput()
		if err == nil {
			return c, endpoint
		}
		if time.Now().After(limit) {
			t.Fatalf("weir local doesn't serve: %v\n%s", err, text)
		}
	}
}

// writeEvents puts a file of 2,000 events into a folder every two seconds until ctx ends, and returns how many events. Files
// are deleted after a while, as somebody would who lets this run for months.
func writeEvents(ctx context.Context, dir string) (written int) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0
	}
	start := time.Date(2023, 8, 23, 13, 0, 0, 0, time.UTC)
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for file := 0; ctx.Err() == nil; file++ {
		var b []byte
		for i := range 2000 {
			b = fmt.Appendf(b, `{"site":"site-%d","ts":"`, i%50)
			b = start.Add(time.Duration(file)*2*time.Second+time.Duration(i)*time.Millisecond).AppendFormat(b, "2006-01-02 15:04:05.000")
			b = append(b, "\"}\n"...)
		}
		hidden, path := filepath.Join(dir, ".next"), filepath.Join(dir, fmt.Sprintf("%06d.jsonl", file))
		if os.WriteFile(hidden, b, 0o600) != nil || os.Rename(hidden, path) != nil {
			return written
		}
		written += 2000
		if old := file - 60; old >= 0 {
			os.Remove(filepath.Join(dir, fmt.Sprintf("%06d.jsonl", old)))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return written
}

// soakTotal adds up the counts that the windows have published.
func soakTotal(t *testing.T, dir string) (total int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "[^._]*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			var row struct{ C int }
			if err := json.Unmarshal(line, &row); err != nil {
				t.Fatalf("%s: %q: %v", path, line, err)
			}
			total += row.C
		}
	}
	return total
}

// killForever runs weir over a file again and again, killing and restoring it on the way, and tells what it did; a text
// that begins with ! is a failure.
func killForever(ctx context.Context, bin, dir string) string {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "!" + err.Error()
	}
	f, err := os.Create(filepath.Join(dir, "clicks.jsonl"))
	if err != nil {
		return "!" + err.Error()
	}
	const rows = 1_000_000
	if err := writeClicks(f, rows); err != nil {
		return "!" + err.Error()
	}
	f.Close()
	sql := fmt.Sprintf(step4, filepath.Join(dir, "clicks.jsonl"), "'connector' = 'filesystem', 'format' = 'json', 'path' = '"+filepath.Join(dir, "out")+"'")
	rng := rand.New(rand.NewPCG(*soakSeed, 1))
	kills, ends := 0, 0
	for ; ctx.Err() == nil; ends++ {
		if err := os.RemoveAll(filepath.Join(dir, "out")); err != nil {
			return "!" + err.Error()
		}
		if err := os.RemoveAll(filepath.Join(dir, "home")); err != nil {
			return "!" + err.Error()
		}
		for life := 0; ; life++ {
			c := exec.Command(bin, "run", "-e", sql, "--data-dir", filepath.Join(dir, "home"), "--set", "execution.checkpointing.interval=20 ms", "--restore", "latest")
			var stderr bytes.Buffer
			c.Stderr = &stderr
			if err := c.Start(); err != nil {
				return "!" + err.Error()
			}
			kill := time.AfterFunc(time.Duration(rng.IntN(300))*time.Millisecond, func() { c.Process.Kill() })
			if life >= 3 || ctx.Err() != nil {
				kill.Stop()
			}
			err := c.Wait()
			kill.Stop()
			if err == nil {
				break
			}
			if !strings.Contains(err.Error(), "killed") {
				return fmt.Sprintf("!weir run: %v\n%s", err, &stderr)
			}
			kills++
		}
		var total float64
		files, _ := filepath.Glob(filepath.Join(dir, "out", "[^._]*"))
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				return "!" + err.Error()
			}
			for line := range bytes.Lines(text) {
				var row struct{ Impressioncount float64 }
				if err := json.Unmarshal(line, &row); err != nil {
					return fmt.Sprintf("!%s: %q: %v", path, line, err)
				}
				total += row.Impressioncount
			}
		}
		if want := float64((rows + 5) / 6); total != want {
			return fmt.Sprintf("!run %d, after %d kills in all: %g impressions counted, want %g", ends, kills, total, want)
		}
		select {
		case <-time.After(5 * time.Second):
		case <-ctx.Done():
		}
	}
	return fmt.Sprintf("beside it %d runs were killed %d times and ended with the right counts", ends, kills)
}

// takeSample looks at this process and the server's.
func takeSample(at time.Duration, server, starts int) sample {
	m := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(m)
	files, _ := os.ReadDir("/proc/self/fd")
	return sample{
		at: at, starts: starts, resident: float64(memory()) / 1e6, live: float64(m[0].Value.Uint64()) / 1e6, heap: float64(m[1].Value.Uint64()) / 1e6,
		goroutines: float64(runtime.NumGoroutine()), files: float64(len(files)), server: residentOf(server),
	}
}

// residentOf is the resident memory of a process in MB.
func residentOf(pid int) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
			kb, _ := strconv.ParseFloat(fields[1], 64)
			return kb / 1e3
		}
	}
	return 0
}

// writeSoak writes the samples as a table and a picture, and profiles of the heap and the goroutines at the end.
func writeSoak(dir string, samples []sample) error {
	f, err := os.Create(filepath.Join(dir, "soak.csv"))
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "seconds,resident_mb,live_heap_mb,heap_mb,goroutines,files,server_resident_mb,job_starts")
	for _, s := range samples {
		fmt.Fprintf(w, "%.1f,%.1f,%.1f,%.1f,%.0f,%.0f,%.1f,%d\n", s.at.Seconds(), s.resident, s.live, s.heap, s.goroutines, s.files, s.server, s.starts)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, name := range []string{"heap", "goroutine"} { // what to look at when something grows
		f, err := os.Create(filepath.Join(dir, name+".pprof"))
		if err != nil {
			return err
		}
		if err := errors.Join(pprof.Lookup(name).WriteTo(f, 0), f.Close()); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "soak.svg"), drawSoak(samples), 0o600)
}
