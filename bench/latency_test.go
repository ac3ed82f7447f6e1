//go:build slow

package bench

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/types"
)

var poll = flag.String("latency.poll", "", "how often TestLatencyKinesis asks for records, such as 20, in milliseconds; empty is the connector's default")

// arrivals is a filtering query that runs. Its rows carry the moment at which they were written, in nanoseconds since 1970.
type arrivals struct {
	job  *engine.Job
	rows atomic.Int64

	mu        sync.Mutex
	latencies []time.Duration // of rows that have passed the filter, once keep is set
	keep      bool
}

// arrive runs SELECT at_ns FROM t WHERE pass = 'yes' over the table t of some SQL.
func arrive(t *testing.T, s *engine.Session, table string) *arrivals {
	t.Helper()
	a := &arrivals{}
	text := table + ";\nSELECT at_ns FROM t WHERE pass = 'yes';"
	file := diag.NewFile("latency.sql", text)
	script, err := s.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, stmt := range script.Stmts {
		r, err := s.Execute(context.Background(), file, stmt)
		if err != nil {
			t.Fatal(err)
		}
		if _, query := stmt.(*parser.Query); !query {
			continue
		}
		a.job, err = r.Query.Start(context.Background(), func(b *types.Batch) error {
			now := time.Now().UnixNano()
			a.mu.Lock()
			defer a.mu.Unlock()
			n := 0
			for i := range b.Rows() {
				row := i
				if b.Sel != nil {
					row = int(b.Sel[i])
				}
				n++
				if a.keep {
					a.latencies = append(a.latencies, time.Duration(now-b.Cols[0].I64[row]))
				}
			}
			a.rows.Add(int64(n))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// measured starts to keep latencies, or ends and returns them.
func (a *arrivals) measured(keep bool) []time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.latencies
	a.latencies, a.keep = nil, keep
	return l
}

// await waits until so many rows have arrived.
func (a *arrivals) await(t *testing.T, rows int64) {
	t.Helper()
	limit := time.Now().Add(time.Minute)
	for a.rows.Load() < rows {
		if time.Now().After(limit) {
			t.Fatalf("%d of %d rows have arrived: %v", a.rows.Load(), rows, a.job.Err())
		}
		time.Sleep(time.Millisecond)
	}
}

// stampedRecord is written now and passes the filter if it is told to.
func stampedRecord(pass bool) []byte {
	word := "no"
	if pass {
		word = "yes"
	}
	b, _ := json.Marshal(map[string]any{"at_ns": time.Now().UnixNano(), "pass": word})
	return b
}

// TestLatencyKinesis measures the time from PutRecords on the embedded Kinesis to a row behind a filter: at rest, a record
// at a time, and at half of the rate that server, job and producer reach together in this process.
func TestLatencyKinesis(t *testing.T) {
	server, err := local.Start(context.Background(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	client := kinesis.New(kinesis.Options{Region: "us-east-1", BaseEndpoint: aws.String(server.KinesisEndpoint()), Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
	if _, err := client.CreateStream(context.Background(), &kinesis.CreateStreamInput{StreamName: aws.String("pushed"), ShardCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	var longestPut time.Duration // a producer that is held up makes records late, too
	put := func(records int) {
		began := time.Now()
		defer func() { longestPut = max(longestPut, time.Since(began)) }()
		entries := make([]kinesistypes.PutRecordsRequestEntry, records)
		for i := range entries {
			entries[i] = kinesistypes.PutRecordsRequestEntry{Data: stampedRecord(i%5 == 0), PartitionKey: aws.String("k")}
		}
		if _, err := client.PutRecords(context.Background(), &kinesis.PutRecordsInput{StreamName: aws.String("pushed"), Records: entries}); err != nil {
			t.Fatal(err)
		}
	}
	s := openSession(t, "", nil, func(o *engine.Options) { o.KinesisEndpoint = server.KinesisEndpoint() })
	options := ""
	if *poll != "" {
		options = fmt.Sprintf(", 'scan.shard.getrecords.intervalmillis' = '%[1]s', 'source.reader.empty-records-fetch-interval' = '%[1]s ms'", *poll)
	}
	a := arrive(t, s, `CREATE TEMPORARY TABLE t (at_ns BIGINT, pass STRING)
WITH ('connector' = 'kinesis', 'stream' = 'pushed', 'aws.region' = 'us-east-1', 'scan.stream.initpos' = 'TRIM_HORIZON', 'format' = 'json'`+options+`)`)
	put(1)
	a.await(t, 1)

	a.measured(true)
	passed := a.rows.Load()
	for range 300 {
		put(1)
		passed++
		time.Sleep(17 * time.Millisecond) // at rest: nothing else is under way
	}
	a.await(t, passed)
	rest := a.measured(false)

	began, sent := time.Now(), 0
	for time.Since(began) < 3*time.Second {
		put(500)
		sent += 500
		passed += 100
	}
	a.await(t, passed)
	most := float64(sent) / time.Since(began).Seconds()

	a.measured(true)
	began, sent = time.Now(), 0
	for time.Since(began) < 5*time.Second {
		put(500)
		sent += 500
		passed += 100
		time.Sleep(time.Until(began.Add(time.Duration(float64(sent) / (most / 2) * float64(time.Second)))))
	}
	rate := float64(sent) / time.Since(began).Seconds()
	a.await(t, passed)
	half := a.measured(false)
	t.Logf("embedded Kinesis → filter → rows; the longest PutRecords took %s\n  at rest: %s\n  at %.0f records/s, half of %.0f: %s\nat rest:\n%sat half:\n%s", longestPut.Round(time.Millisecond), quantiles(rest), rate, most, quantiles(half), histogram(rest), histogram(half))
	report(t, "at rest, p99", quantile(rest, 0.99), 50*time.Millisecond)
	report(t, "at half of the most, p99", quantile(half, 0.99), 200*time.Millisecond)
}

// TestLatencyFiles measures the time from the moment at which a file appears in a folder that is looked at every 10 ms to a
// row behind a filter: at rest, a row at a time, and at half of the rate at which files can be written and read here.
func TestLatencyFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(i, records int) {
		path := filepath.Join(dir, fmt.Sprintf(".%09d", i))
		var b []byte
		for k := range records {
			b = append(append(b, stampedRecord(k%5 == 0)...), '\n')
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path, filepath.Join(dir, fmt.Sprintf("%09d.jsonl", i))); err != nil {
			t.Fatal(err)
		}
	}
	write(0, 1)
	s := openSession(t, "", nil)
	a := arrive(t, s, `CREATE TEMPORARY TABLE t (at_ns BIGINT, pass STRING)
WITH ('connector' = 'filesystem', 'path' = '`+dir+`', 'source.monitor-interval' = '10 ms', 'format' = 'json')`)
	a.await(t, 1)

	a.measured(true)
	passed, file := a.rows.Load(), 0
	for range 200 {
		file++
		write(file, 1)
		passed++
		time.Sleep(17 * time.Millisecond)
	}
	a.await(t, passed)
	rest := a.measured(false)

	began, sent := time.Now(), 0
	for time.Since(began) < 2*time.Second {
		file++
		write(file, 5000)
		sent += 5000
		passed += 1000
	}
	a.await(t, passed)
	most := float64(sent) / time.Since(began).Seconds()

	a.measured(true)
	began, sent = time.Now(), 0
	for time.Since(began) < 4*time.Second {
		file++
		write(file, 5000)
		sent += 5000
		passed += 1000
		time.Sleep(time.Until(began.Add(time.Duration(float64(sent) / (most / 2) * float64(time.Second)))))
	}
	rate := float64(sent) / time.Since(began).Seconds()
	a.await(t, passed)
	half := a.measured(false)
	t.Logf("files → filter → rows\n  at rest: %s\n  at %.0f rows/s, half of %.0f: %s\nat rest:\n%sat half:\n%s", quantiles(rest), rate, most, quantiles(half), histogram(rest), histogram(half))
	report(t, "at rest, p99", quantile(rest, 0.99), 50*time.Millisecond)
	report(t, "at half of the most, p99", quantile(half, 0.99), 200*time.Millisecond)
}

// TestLatencyWindow measures for how long a job takes no rows when a window over a million keys fires at once.
func TestLatencyWindow(t *testing.T) {
	const windowRows = 4_000_000 // 40 seconds of event time
	s := openSession(t, "", map[string]string{"parallelism.default": "1"})
	j := start(t, s, numbers("n", endless)+`CREATE TEMPORARY TABLE o (w TIMESTAMP_LTZ(3), k BIGINT, c BIGINT, s BIGINT) WITH ('connector' = 'blackhole');
CREATE TEMPORARY VIEW keyed AS SELECT MOD(n * 7919, 1000000) AS k, n, ts FROM n;
INSERT INTO o SELECT window_start, k, COUNT(*), SUM(n) FROM TABLE(TUMBLE(TABLE keyed, DESCRIPTOR(ts), INTERVAL '40' SECOND)) GROUP BY window_start, window_end, k;`)[0]
	awaitRows(t, j, windowRows*3/2)
	stop := watchGaps(j)
	moments := []time.Time{time.Now()}
	for i := range 6 { // the moments lie between firings
		awaitRows(t, j, int64(windowRows*(i+2)+windowRows/2))
		moments = append(moments, time.Now())
	}
	longest := longestIn(stop(), moments)
	j.Cancel()
	j.Wait(context.Background())
	t.Logf("a window over 1,000,000 keys fires: no rows for %v", longest)
	report(t, "stall of the input, middle of the firings", quantile(longest, 0.5), 200*time.Millisecond)
}
