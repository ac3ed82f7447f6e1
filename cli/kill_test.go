//go:build slow

package cli

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	kills    = flag.Int("kills", 12, "how many times TestKill kills weir, over its four pipelines")
	killSeed = flag.Uint64("kill.seed", 0, "seed of the points in time at which TestKill kills; 0 takes one from the clock")
)

// TestKill kills four pipelines with SIGKILL at random points, during start-up and restore, too, restarts each from its
// latest checkpoint, and compares what each has written with an undisturbed run: nothing lost, nothing counted twice.
func TestKill(t *testing.T) {
	seed := *killSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-kill.seed %d", seed)
	bin := buildWeir(t)
	var all deaths
	for i, p := range []func(*testing.T, string) *pipeline{killWindows, killJoin, killScores, killForests} {
		t.Run([]string{"windows", "join", "scores", "forests"}[i], func(t *testing.T) {
			d := p(t, bin).kill(t, bin, rand.New(rand.NewPCG(seed, uint64(i))), (*kills+3-i)/4)
			t.Log(&d)
			all.add(d)
		})
	}
	t.Logf("in all: %s", &all)
}

// writeLines writes a file of count lines, which line appends.
func writeLines(t *testing.T, path string, count int, line func(b []byte, i int) []byte) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	var b []byte
	for i := range count {
		b = append(line(b[:0], i), '\n')
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// writeEvents writes events of 1,000 sites, 600 µs apart.
func writeEvents(t *testing.T, path string, count int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2023, 8, 23, 13, 0, 0, 0, time.UTC)
	writeLines(t, path, count, func(b []byte, i int) []byte {
		b = fmt.Appendf(b, `{"site":"site-%d","n":%d,"ts":"`, rng.IntN(1000), rng.IntN(100))
		b = start.Add(time.Duration(i)*600*time.Microsecond).AppendFormat(b, "2006-01-02 15:04:05.000")
		return append(b, `"}`...)
	})
}

// linkedRun makes a folder ready: the input, which all runs share, and the statements.
func linkedRun(t *testing.T, dir, input, sql string) {
	t.Helper()
	if err := os.Link(input, filepath.Join(dir, filepath.Base(input))); err != nil {
		t.Fatal(err)
	}
	writeSQL(t, dir, sql)
}

func writeSQL(t *testing.T, dir, sql string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "q.sql"), []byte(sql), 0o600); err != nil {
		t.Fatal(err)
	}
}

// windowsSQL counts events.jsonl by site in windows of ten seconds, into the folder out.
const windowsSQL = `
CREATE TEMPORARY TABLE events (site STRING, n BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
WITH ('connector' = 'filesystem', 'path' = 'events.jsonl', 'format' = 'json');
CREATE TEMPORARY TABLE totals (w TIMESTAMP(3), site STRING, c BIGINT, s BIGINT, m BIGINT, d BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'json');
INSERT INTO totals
SELECT window_start, site, COUNT(*), SUM(n), MAX(n), COUNT(DISTINCT n)
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, site;
`

// killWindows goes from files through windows to files. The sink is exactly-once: what it shows equals the undisturbed
// run's byte for byte, sorted.
func killWindows(t *testing.T, _ string) *pipeline {
	input := filepath.Join(t.TempDir(), "events.jsonl")
	writeEvents(t, input, 4_000_000)
	return &pipeline{
		args:  []string{"run", "q.sql", "--set", "execution.checkpointing.interval=50 ms"},
		begin: func(t *testing.T, dir string) { linkedRun(t, dir, input, windowsSQL) },
		result: func(t *testing.T, dir string) ([]string, int) {
			return published(t, filepath.Join(dir, "out")), 0
		},
	}
}

// killScores scores a file as step 8 of the lab does a stream, and with a forest that learns. A forest is state like any
// other: every score after a restart equals the undisturbed run's to the last bit, which is what the shortest decimal that
// reads back as the same DOUBLE shows.
func killScores(t *testing.T, _ string) *pipeline {
	input := filepath.Join(t.TempDir(), "rates.jsonl")
	rng := rand.New(rand.NewPCG(3, 4))
	writeLines(t, input, 400_000, func(b []byte, i int) []byte {
		return fmt.Appendf(b, `{"time":%d,"ctr":%.1f}`, i, 15+rng.Float64()*10+float64(rng.IntN(100)/99*60))
	})
	const sql = `
CREATE TEMPORARY TABLE rates (` + "`time`" + ` BIGINT, ctr DOUBLE) WITH ('connector' = 'filesystem', 'path' = 'rates.jsonl', 'format' = 'json');
CREATE TEMPORARY TABLE scores (` + "`time`" + ` BIGINT, ctr DOUBLE, lab DOUBLE, score DOUBLE) WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'json');
CREATE TEMPORARY FUNCTION lab_score AS 'software.amazon.flink.example.RandomCutForestUDF';
INSERT INTO scores SELECT ` + "`time`" + `, ctr, lab_score(CAST(ctr AS FLOAT)), RANDOM_CUT_FOREST(ctr, 10, 64, shingle_size => 2) FROM rates;
`
	return &pipeline{
		args:  []string{"run", "q.sql", "--set", "execution.checkpointing.interval=50 ms", "--set", "weir.seed=7"},
		begin: func(t *testing.T, dir string) { linkedRun(t, dir, input, sql) },
		result: func(t *testing.T, dir string) ([]string, int) {
			return published(t, filepath.Join(dir, "out")), 0
		},
	}
}

// killForests scores each of fifty sites by a forest of its own, in the order of event time, and all of them by one: every
// score after a restart equals the undisturbed run's to the last bit.
func killForests(t *testing.T, _ string) *pipeline {
	input := filepath.Join(t.TempDir(), "rates.jsonl")
	rng := rand.New(rand.NewPCG(7, 8))
	start := time.Date(2023, 8, 23, 13, 0, 0, 0, time.UTC)
	writeLines(t, input, 150_000, func(b []byte, i int) []byte {
		late := time.Duration(rng.IntN(4)) * time.Second // not in order, but no row is later than the watermark
		b = fmt.Appendf(b, `{"site":"site-%d","ctr":%.1f,"ts":"`, rng.IntN(50), 15+rng.Float64()*10+float64(rng.IntN(100)/99*60))
		b = start.Add(time.Duration(i)*10*time.Millisecond-late).AppendFormat(b, "2006-01-02 15:04:05.000")
		return append(b, `"}`...)
	})
	const sql = `
CREATE TEMPORARY TABLE rates (site STRING, ctr DOUBLE, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'filesystem', 'path' = 'rates.jsonl', 'format' = 'json');
CREATE TEMPORARY TABLE scores (site STRING, ts TIMESTAMP(3), ctr DOUBLE, own DOUBLE, grade DOUBLE, shared DOUBLE)
WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'json');
INSERT INTO scores
SELECT site, ts, ctr, own, graded.grade, RANDOM_CUT_FOREST(ctr, number_of_trees => 10, sample_size => 64, random_seed => 42)
FROM (SELECT site, ts, ctr,
        RANDOM_CUT_FOREST(ctr, number_of_trees => 10, sample_size => 64, shingle_size => 2) OVER w AS own,
        ANOMALY_GRADE(ctr, number_of_trees => 10, sample_size => 64) OVER w AS graded
      FROM rates WINDOW w AS (PARTITION BY site ORDER BY ts));
`
	return &pipeline{
		args:  []string{"run", "q.sql", "--set", "execution.checkpointing.interval=50 ms", "--set", "weir.seed=7", "--parallelism", "1"},
		begin: func(t *testing.T, dir string) { linkedRun(t, dir, input, sql) },
		result: func(t *testing.T, dir string) ([]string, int) {
			return published(t, filepath.Join(dir, "out")), 0
		},
	}
}

// joinSQL joins orders with payments, by order and, as the lab does, window by window. %[1]s is the endpoint, %[2]s tells
// the runs' streams apart. A window can't follow a regular join, whose rows have no time attribute: buckets of a minute
// stand in for it, their counts growing row by row.
const joinSQL = `
SET 'table.exec.mini-batch.enabled' = 'true';
CREATE TEMPORARY TABLE orders (id BIGINT, shop STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
WITH ('connector' = 'kinesis', 'stream' = 'orders', 'aws.endpoint' = '%[1]s', 'scan.stream.initpos' = 'TRIM_HORIZON', 'scan.stream.end' = 'LATEST',
  'scan.shard.getrecords.maxrecordcount' = '500', 'scan.shard.getrecords.intervalmillis' = '20', 'format' = 'json');
CREATE TEMPORARY TABLE payments (id BIGINT, amount BIGINT, shop STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
WITH ('connector' = 'kinesis', 'stream' = 'payments', 'aws.endpoint' = '%[1]s', 'scan.stream.initpos' = 'TRIM_HORIZON', 'scan.stream.end' = 'LATEST',
  'scan.shard.getrecords.maxrecordcount' = '500', 'scan.shard.getrecords.intervalmillis' = '20', 'format' = 'json');
CREATE TEMPORARY TABLE by_minute (w TIMESTAMP(3), shop STRING, c BIGINT, s BIGINT, PRIMARY KEY (w, shop) NOT ENFORCED)
WITH ('connector' = 'kinesis', 'stream' = 'buckets-%[2]s', 'aws.endpoint' = '%[1]s', 'format' = 'changelog-json', 'sink.partitioner' = 'fixed');
CREATE TEMPORARY TABLE windows (w STRING, shop STRING, c BIGINT, n BIGINT, s BIGINT)
WITH ('connector' = 'kinesis', 'stream' = 'windows-%[2]s', 'aws.endpoint' = '%[1]s', 'format' = 'json');
INSERT INTO by_minute
SELECT FLOOR(o.ts TO MINUTE), o.shop, COUNT(*), SUM(p.amount) FROM orders o JOIN payments p ON o.id = p.id
GROUP BY FLOOR(o.ts TO MINUTE), o.shop;
INSERT INTO windows
SELECT a.w, a.shop, a.c, b.c, b.s
FROM (SELECT CAST(window_start AS STRING) AS w, shop, COUNT(*) AS c
      FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY window_start, window_end, shop) a
JOIN (SELECT CAST(window_start AS STRING) AS w, shop, COUNT(*) AS c, SUM(amount) AS s
      FROM TABLE(TUMBLE(TABLE payments, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY window_start, window_end, shop) b
ON a.w = b.w AND a.shop = b.shop;
`

// killJoin goes from two streams of the embedded Kinesis, in a process of its own that is killed now and then, through
// joins to two streams. They are written at least once: rows come again after a restart, but each with the counts that
// the undisturbed run found.
func killJoin(t *testing.T, bin string) *pipeline {
	server := startServer(t, bin)
	fillJoin(t, bin, server.endpoint)
	p := joinPipeline(bin, server.endpoint)
	p.disturb = func(t *testing.T) { server.restart(t) }
	return p
}

// fillJoin makes the streams that joinSQL reads, at an endpoint.
func fillJoin(t *testing.T, bin, endpoint string) {
	t.Helper()
	dir := t.TempDir()
	runWeir(t, bin, dir, "stream", "create", "orders", "payments", "--shards", "2", "--endpoint", endpoint)
	const count = 120_000
	rng := rand.New(rand.NewPCG(5, 6))
	start := time.Date(2023, 8, 23, 13, 0, 0, 0, time.UTC)
	for _, stream := range []string{"orders", "payments"} {
		input := filepath.Join(dir, stream)
		writeLines(t, input, count, func(b []byte, i int) []byte {
			id := i
			if stream == "payments" {
				id = i ^ rng.IntN(16) // somewhere near, sometimes twice, sometimes never
			}
			b = fmt.Appendf(b, `{"id":%d,"shop":"shop-%d","amount":%d,"ts":"`, id, id%20, id%90+10)
			b = start.Add(time.Duration(i)*2*time.Millisecond).AppendFormat(b, "2006-01-02 15:04:05.000")
			return append(b, `"}`...)
		})
		f, err := os.Open(input)
		if err != nil {
			t.Fatal(err)
		}
		put := exec.Command(bin, "stream", "put", stream, "--endpoint", endpoint)
		put.Stdin, put.Env = f, weirEnv(dir)
		if out, err := put.CombinedOutput(); err != nil {
			t.Fatalf("put: %v\n%s", err, out)
		}
		f.Close()
	}
}

// joinPipeline runs joinSQL against the streams at an endpoint, each run into streams of its own.
func joinPipeline(bin, endpoint string) *pipeline {
	name := func(dir string) string { return filepath.Base(filepath.Dir(dir)) + filepath.Base(dir) }
	return &pipeline{
		args: []string{"run", "q.sql", "--set", "execution.checkpointing.interval=50 ms"},
		begin: func(t *testing.T, dir string) {
			runWeir(t, bin, dir, "stream", "create", "buckets-"+name(dir), "windows-"+name(dir), "--endpoint", endpoint)
			writeSQL(t, dir, fmt.Sprintf(joinSQL, endpoint, name(dir)))
		},
		result: func(t *testing.T, dir string) (rows []string, duplicates int) {
			tail := func(stream string) []string {
				return slices.Collect(strings.Lines(runWeir(t, bin, dir, "stream", "tail", stream, "--endpoint", endpoint)))
			}
			rows = tail("windows-" + name(dir))
			slices.Sort(rows)
			all := len(rows)
			rows = slices.Compact(rows)
			duplicates = all - len(rows)
			folded, again := foldBuckets(t, tail("buckets-"+name(dir)))
			rows = append(rows, folded...)
			slices.Sort(rows)
			return rows, duplicates + again
		},
	}
}

// foldBuckets folds a changelog by the buckets' key to what is left at its end, and counts the changes that step
// back: those that were written once before. A count above the last one of its bucket is a row of the result of its own,
// which no undisturbed run has.
func foldBuckets(t *testing.T, lines []string) (rows []string, again int) {
	type row struct {
		W, Shop string
		C, S    int64
	}
	last, most := map[[2]string]row{}, map[[2]string]int64{}
	for _, line := range lines {
		var change struct {
			Op   string
			Data row
		}
		if err := json.Unmarshal([]byte(line), &change); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		r := change.Data
		key := [2]string{r.W, r.Shop}
		if change.Op == "-U" {
			continue
		}
		if r.C <= most[key] {
			again++
		}
		last[key], most[key] = r, max(most[key], r.C)
	}
	for key, r := range last {
		rows = append(rows, fmt.Sprintf("%v\n", r))
		if most[key] > r.C {
			rows = append(rows, fmt.Sprintf("%v was %d\n", r, most[key]))
		}
	}
	return rows, again
}

// server is an embedded Kinesis in a process of its own.
type server struct {
	*process
	bin, dir, addr, snsAddr string
	options                 []string
	endpoint                string
}

// startServer starts `weir local` on a folder and on free ports, which it keeps when it is restarted.
func startServer(t *testing.T, bin string, options ...string) *server {
	t.Helper()
	s := &server{bin: bin, options: options, dir: t.TempDir(), addr: freeAddress(t), snsAddr: freeAddress(t)}
	s.endpoint = "http://" + s.addr
	s.start(t)
	return s
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

// start starts the server and waits until it listens.
func (s *server) start(t *testing.T) {
	t.Helper()
	s.process = startWeir(t, s.bin, s.dir, append([]string{"local", "--dir", filepath.Join(s.dir, "data"), "--addr", s.addr, "--sns-addr", s.snsAddr}, s.options...)...)
	for limit := time.Now().Add(30 * time.Second); ; {
		conn, err := net.Dial("tcp", s.addr)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case err := <-s.ended:
			t.Fatalf("weir local: %v\n%s", err, s.messages())
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(limit) {
			t.Fatalf("weir local doesn't listen: %v", err)
		}
	}
}

// restart kills the server and starts it again on the same folder and addresses.
func (s *server) restart(t *testing.T) {
	t.Helper()
	s.kill()
	s.start(t)
}
