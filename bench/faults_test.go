//go:build slow && linux

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

var (
	faultsTime    = flag.Duration("faults", time.Minute, "how long TestFaults goes on")
	faultsReshard = flag.Duration("faults.reshard", 5*time.Second, "how often TestFaults changes the stream's shards")
	faultsKill    = flag.Duration("faults.kill", 7*time.Second, "after how long TestFaults kills something, on average")
	faultsRate    = flag.Int("faults.rate", 600, "records that TestFaults writes in a second")
	faultsOut     = flag.String("faults.out", "", "folder for what TestFaults leaves behind: the data of server and engine, and the results; empty is one that goes with the test")
	faultsSeed    = flag.Uint64("faults.seed", 0, "seed of what TestFaults does; 0 takes one from the clock")
)

// faultsSQL counts the stream's numbers by two jobs, one that polls and one to which the records are pushed: each number,
// eight groups of them, whose counts and sums change all the time, and windows of two seconds by the time at which the stream
// received them, which no record may be late for. The sinks are exactly-once. %[1]s is the endpoint.
const faultsSQL = `
SET 'table.exec.mini-batch.enabled' = 'true';
CREATE TEMPORARY TABLE polled (id BIGINT, ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL, WATERMARK FOR ts AS ts - INTERVAL '0.001' SECOND)
WITH ('connector' = 'kinesis', 'stream' = 'numbers', 'aws.endpoint' = '%[1]s', 'scan.stream.initpos' = 'TRIM_HORIZON',
  'scan.shard.discovery.intervalmillis' = '1000', 'format' = 'json');
CREATE TEMPORARY TABLE polled_ids (id BIGINT, c BIGINT, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'filesystem', 'path' = 'polled_ids', 'format' = 'changelog-json');
CREATE TEMPORARY TABLE polled_groups (id BIGINT, c BIGINT, s BIGINT, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'filesystem', 'path' = 'polled_groups', 'format' = 'changelog-json');
CREATE TEMPORARY TABLE polled_windows (id BIGINT, c BIGINT, s BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'polled_windows', 'format' = 'changelog-json');
EXECUTE STATEMENT SET BEGIN
INSERT INTO polled_ids SELECT id, COUNT(*) FROM polled GROUP BY id;
INSERT INTO polled_groups SELECT MOD(id, 8), COUNT(*), SUM(id) FROM polled GROUP BY MOD(id, 8);
INSERT INTO polled_windows SELECT UNIX_TIMESTAMP(CAST(window_start AS STRING)), COUNT(*), SUM(id)
FROM TABLE(TUMBLE(TABLE polled, DESCRIPTOR(ts), INTERVAL '2' SECOND)) GROUP BY window_start, window_end;
END;
CREATE TEMPORARY TABLE pushed (id BIGINT, ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL, WATERMARK FOR ts AS ts - INTERVAL '0.001' SECOND)
WITH ('connector' = 'kinesis', 'stream' = 'numbers', 'aws.endpoint' = '%[1]s', 'scan.stream.initpos' = 'TRIM_HORIZON',
  'scan.shard.discovery.intervalmillis' = '1000', 'format' = 'json',
  'scan.stream.recordpublisher' = 'EFO', 'scan.stream.efo.consumername' = 'faults');
CREATE TEMPORARY TABLE pushed_ids (id BIGINT, c BIGINT, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'filesystem', 'path' = 'pushed_ids', 'format' = 'changelog-json');
CREATE TEMPORARY TABLE pushed_groups (id BIGINT, c BIGINT, s BIGINT, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'filesystem', 'path' = 'pushed_groups', 'format' = 'changelog-json');
CREATE TEMPORARY TABLE pushed_windows (id BIGINT, c BIGINT, s BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'pushed_windows', 'format' = 'changelog-json');
EXECUTE STATEMENT SET BEGIN
INSERT INTO pushed_ids SELECT id, COUNT(*) FROM pushed GROUP BY id;
INSERT INTO pushed_groups SELECT MOD(id, 8), COUNT(*), SUM(id) FROM pushed GROUP BY MOD(id, 8);
INSERT INTO pushed_windows SELECT UNIX_TIMESTAMP(CAST(window_start AS STRING)), COUNT(*), SUM(id)
FROM TABLE(TUMBLE(TABLE pushed, DESCRIPTOR(ts), INTERVAL '2' SECOND)) GROUP BY window_start, window_end;
END;
`

// TestFaults runs weir against a Kinesis of its own, each in a process, through reshards, throttling, broken connections and
// event streams, expired iterators and kills of both. At the end every acknowledged record is on the stream, and whatever is
// on it has been counted exactly once.
func TestFaults(t *testing.T) {
	seed := *faultsSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-faults %s -faults.reshard %s -faults.kill %s -faults.rate %d -faults.seed %d", *faultsTime, *faultsReshard, *faultsKill, *faultsRate, seed)
	random := func(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) }
	bin := filepath.Join(t.TempDir(), "weir")
	if text, err := exec.Command("go", "build", "-o", bin, "../cmd/weir").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, text)
	}
	dir := *faultsOut
	if dir == "" {
		dir = t.TempDir()
	} else if err := os.Mkdir(dir, 0o700); err != nil { // of one run
		t.Fatal(err)
	}
	addr := freeAddress(t)
	server := &faultProcess{name: "weir local", bin: bin, dir: dir, args: func() []string {
		return []string{"local", "--dir", filepath.Join(dir, "local"), "--addr", addr, "--sns-addr", freeAddress(t)}
	}}
	server.start(t)
	direct := faultClient("http://"+addr, 5)
	server.await(t, direct)
	if _, err := direct.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String(faultStream), ShardCount: aws.Int32(2)}); err != nil {
		t.Fatal(err)
	}
	proxy := startFaultProxy(t, "http://"+addr, random(1))
	if err := os.WriteFile(filepath.Join(dir, "q.sql"), fmt.Appendf(nil, faultsSQL, proxy.endpoint), 0o600); err != nil {
		t.Fatal(err)
	}
	rng := random(2)
	engine := &faultProcess{name: "weir run", bin: bin, dir: dir, args: func() []string {
		return []string{"run", "q.sql", "--data-dir", filepath.Join(dir, "home"), "--restore", "latest", "--parallelism", fmt.Sprint(1 + rng.IntN(3)),
			"--set", "execution.checkpointing.interval=1 s"}
	}}
	engine.start(t)

	ctx, cancel := context.WithTimeout(t.Context(), *faultsTime)
	defer cancel()
	var writing, resharding sync.WaitGroup
	writers := make([]*numberWriter, 2)
	for i := range writers {
		writers[i] = &numberWriter{client: faultClient(proxy.endpoint, 1), first: i, step: len(writers), perSecond: *faultsRate / len(writers)}
		writing.Go(func() { writers[i].run(ctx) })
	}
	shards := &resharder{client: direct, rng: random(3), most: 8, counts: map[string]int{}}
	resharding.Go(func() {
		tick := time.NewTicker(*faultsReshard)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			for shards.change(ctx) != nil && ctx.Err() == nil { // the server is down
				time.Sleep(50 * time.Millisecond)
			}
		}
	})
	proxy.rage(true)
	kills := map[string]int{}
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			continue
		case err := <-engine.ended:
			t.Fatalf("weir run has ended by itself: %v\n%s", err, engine.said())
		case err := <-server.ended:
			t.Fatalf("weir local has ended by itself: %v\n%s", err, server.said())
		case <-time.After(time.Duration(rng.Int64N(int64(2 * *faultsKill)))):
		}
		what, down := rng.IntN(6), time.Duration(rng.Int64N(int64(3*time.Second)))
		switch {
		case what < 2:
			server.kill()
			time.Sleep(down)
			server.start(t)
			kills["kill -9 of the server"]++
		case what < 4:
			engine.kill()
			time.Sleep(down / 4)
			engine.start(t)
			kills["kill -9 of the engine"]++
		case what == 4:
			server.kill()
			engine.kill()
			time.Sleep(down / 2)
			server.start(t)
			engine.start(t)
			kills["kill -9 of both"]++
		default:
			engine.interrupt(t)
			engine.start(t)
			kills["engine stopped with a last checkpoint"]++
		}
	}
	proxy.rage(false)
	writing.Wait()
	resharding.Wait()

	server.await(t, direct)
	touchShards(t, direct) // nothing holds a watermark back
	stream := readNumbers(t, direct)
	records, doubled, acked, repeated, missing := 0, 0, 0, 0, 0
	for _, row := range stream.ids {
		records += row.c
		doubled += row.c - 1
	}
	for _, w := range writers {
		repeated += w.repeated
		for i, ok := range w.acked {
			if !ok {
				continue
			}
			acked++
			if stream.ids[w.first+i*w.step].c == 0 {
				if missing++; missing <= 3 {
					t.Errorf("record %d was acknowledged and is not on the stream", w.first+i*w.step)
				}
			}
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d acknowledged records are not on the stream", missing, acked)
	}
	results := map[string]*changelog{}
	for _, job := range []string{"polled", "pushed"} {
		for kind, want := range map[string]map[int]counted{"ids": stream.ids, "groups": stream.groups(), "windows": stream.windows} {
			results[job+"_"+kind] = &changelog{dir: filepath.Join(dir, job+"_"+kind), adds: kind == "windows", want: want, rows: map[int]counted{}, files: map[string]bool{}}
		}
	}
	begun := time.Now()
	for before := 0; ; { // no faults any more: both jobs reach the end
		here, all := 0, true
		for _, r := range results {
			n := r.read(t)
			here += n
			all = all && n >= sumOf(r.want)
		}
		if all {
			break
		}
		if here > before {
			before, begun = here, time.Now()
		}
		select {
		case err := <-engine.ended:
			t.Fatalf("weir run has ended by itself: %v\n%s", err, engine.said())
		case <-time.After(500 * time.Millisecond):
		}
		if time.Since(begun) > time.Minute {
			t.Errorf("no more records are coming\n%s", engine.said())
			break
		}
	}
	engine.interrupt(t)
	for name, r := range results {
		r.read(t)
		r.compare(t, name)
	}
	t.Logf("%d records acknowledged, all on the stream but %d; %d sent again, %d on the stream more than once; %d records in %d shards",
		acked, missing, repeated, doubled, records, stream.shards)
	t.Logf("reshards: %v; %v; %d lives of the engine, %d of the server", shards.counts, kills, engine.lives, server.lives)
	t.Logf("faults:\n%s", proxy.report())
}

// counted is a row of a result.
type counted struct{ c, s int }

func sumOf(rows map[int]counted) (records int) {
	for _, row := range rows {
		records += row.c
	}
	return records
}

// changelog is what a job has published in a folder, folded. Counts only grow, so the last row of a key is the one with the
// largest; or, if the rows are a window's, there is one.
type changelog struct {
	dir        string
	adds       bool            // rows are not replaced by later ones
	files      map[string]bool // that have been read
	rows, want map[int]counted
}

// read folds what is new, and returns the sum of the counts.
func (l *changelog) read(t *testing.T) (records int) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(l.dir, "[^._]*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if l.files[path] {
			continue
		}
		l.files[path] = true
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			var change struct {
				Op   string
				Data struct{ ID, C, S int }
			}
			if err := json.Unmarshal(line, &change); err != nil {
				t.Fatalf("%s: %q: %v", path, line, err)
			}
			if change.Op == "-U" || change.Op == "-D" {
				continue
			}
			switch d, old := change.Data, l.rows[change.Data.ID]; {
			case l.adds:
				l.rows[d.ID] = counted{old.c + d.C, old.s + d.S}
			case d.C > old.c:
				l.rows[d.ID] = counted{d.C, d.S}
			}
		}
	}
	return sumOf(l.rows)
}

// compare holds the result to what is on the stream.
func (l *changelog) compare(t *testing.T, name string) {
	t.Helper()
	lost, extra, shown := 0, 0, 0
	for id, w := range l.want {
		if got := l.rows[id]; got != w {
			if lost += max(0, w.c-got.c); got.c > w.c {
				extra += got.c - w.c
			}
			if shown++; shown <= 5 {
				t.Errorf("%s: %d has count %d and sum %d, on the stream %d and %d", name, id, got.c, got.s, w.c, w.s)
			}
		}
	}
	for id, got := range l.rows {
		if _, ok := l.want[id]; !ok {
			extra += got.c
			t.Errorf("%s: %d is counted and not on the stream", name, id)
		}
	}
	if lost+extra > 0 {
		t.Errorf("%s: %d records lost, %d counted too often", name, lost, extra)
	}
}

// faultProcess is a weir that is killed and started again.
type faultProcess struct {
	name, bin, dir string
	args           func() []string
	stdout         io.Writer // or nil

	cmd    *exec.Cmd
	ended  chan error
	stderr *tail
	lives  int
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (o *tail) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, b...)
	if n := len(o.text); n > 1<<16 {
		o.text = append(o.text[:0], o.text[n-1<<15:]...)
	}
	return len(b), nil
}

func (p *faultProcess) said() string {
	p.stderr.mu.Lock()
	defer p.stderr.mu.Unlock()
	return string(p.stderr.text)
}

// start starts the process. It dies with the test.
func (p *faultProcess) start(t *testing.T) {
	t.Helper()
	p.cmd, p.ended, p.stderr = exec.Command(p.bin, p.args()...), make(chan error, 1), &tail{}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = p.dir, p.stdout, p.stderr
	p.cmd.Env = append(os.Environ(), "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "TZ=UTC")
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.lives++
	cmd, ended := p.cmd, p.ended
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill() })
}

// kill ends the process with SIGKILL.
func (p *faultProcess) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// interrupt ends the process as Ctrl-C does. That it was interrupted is its exit code.
func (p *faultProcess) interrupt(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 130) {
			t.Errorf("%s ends with %v\n%s", p.name, err, p.said())
		}
	case <-time.After(time.Minute):
		t.Fatalf("%s doesn't end within a minute of SIGINT\n%s", p.name, p.said())
	}
}

// await waits until a Kinesis answers.
func (p *faultProcess) await(t *testing.T, client *kinesis.Client) {
	t.Helper()
	for limit := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		_, err := client.ListStreams(t.Context(), &kinesis.ListStreamsInput{})
		if err == nil {
			return
		}
		select {
		case err := <-p.ended:
			t.Fatalf("%s: %v\n%s", p.name, err, p.said())
		default:
		}
		if time.Now().After(limit) {
			t.Fatalf("%s doesn't serve: %v", p.name, err)
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
