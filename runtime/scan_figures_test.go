package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/all"
	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/metrics"
	"github.com/weirsql/weir/types"
)

// real gives a world the connectors that users have.
func real(t testing.TB, w *world) *world {
	t.Helper()
	registry, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	w.planner.Connectors = registry
	w.planner.Env.Clock = clock.Real{}
	return w
}

// file writes a file below a folder of the test.
func file(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path+".tmp", []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		t.Fatal(err)
	}
	return path
}

// scanned returns the figures of the scan of a job.
func scanned(j *runtime.Job) (scan metrics.Snapshot) {
	for _, m := range j.Metrics() {
		if m.Name == "Scan" {
			scan.RecordsOut += m.RecordsOut
			scan.BytesIn += m.BytesIn
			scan.Failed += m.Failed
			scan.Splits = append(scan.Splits, m.Splits...)
		}
	}
	return scan
}

// What a scan knows of its splits can be seen while it runs.
func TestSplitFigures(t *testing.T) {
	v := clock.NewVirtual(time.Unix(0, 0))
	w := newWorld(t)
	src := w.source("clicks")
	src.bounded = false
	src.add("busy", []any{"ann", int64(1), int64(1_000)}, []any{"ann", int64(1), int64(60_000)})
	src.add("quiet")
	src.add("slow", []any{"ann", int64(1), int64(50_000)})
	if err := w.planner.Settings.Set("table.exec.source.idle-timeout", "30 s"); err != nil {
		t.Fatal(err)
	}
	plan := w.plan(windows)
	for _, n := range plan.Nodes {
		if scan, ok := n.(*physical.Scan); ok {
			scan.Source = sized{scan.Source}
		}
	}
	v.Run(func() {
		j := w.start(plan, runtime.Config{Parallelism: 1, Clock: v})
		if err := clock.Sleep(t.Context(), v, 10*time.Second); err != nil {
			t.Error(err)
		}
		src.add("busy", []any{"ann", int64(1), int64(70_000)})
		if err := clock.Sleep(t.Context(), v, 25*time.Second); err != nil {
			t.Error(err)
		}
		m := scanned(j)
		if m.BytesIn != 400 {
			t.Errorf("%d bytes were read, want 400", m.BytesIn)
		}
		got := ""
		for _, s := range m.Splits {
			w := "none"
			if s.Watermark != nil {
				w = fmt.Sprint(*s.Watermark)
			}
			got += fmt.Sprintf("%s: %d records, %d bytes, watermark %s, lag %s, idle %v, ended %v\n", s.ID, s.Records, s.Bytes, w, s.Lag, s.Idle, s.Ended)
		}
		want := `busy: 3 records, 300 bytes, watermark 65000, lag 3s, idle false, ended false
quiet: 0 records, 0 bytes, watermark none, lag 0s, idle true, ended false
slow: 1 records, 100 bytes, watermark 45000, lag 1s, idle true, ended false
`
		if got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		j.RequestStop(false)
		if err := j.Join(t.Context(), v.NewWaiter()); err != nil {
			t.Error(err)
		}
	})
}

// sized makes rows a hundred bytes each, and a reader a second behind per row.
type sized struct{ connectors.Source }

func (s sized) Open(ctx context.Context, split connectors.Split, rc connectors.ReaderContext) (connectors.Reader, error) {
	r, err := s.Source.Open(ctx, split, rc)
	return &sizedReader{Reader: r.(*reader)}, err
}

type sizedReader struct {
	connectors.Reader
	rows int64
}

func (r *sizedReader) Poll(out *types.Batch, most int) (connectors.PollStatus, error) {
	before := out.N
	status, err := r.Reader.Poll(out, most)
	r.rows += int64(out.N - before)
	return status, err
}
func (r *sizedReader) BytesRead() int64   { return 100 * r.rows }
func (r *sizedReader) Lag() time.Duration { return time.Duration(r.rows) * time.Second }

// Of many splits the open ones are shown, and of those that have ended the last; sums keep all.
func TestFiguresOfManySplits(t *testing.T) {
	const splits, rows, stuck = 40, 5, 30
	v := clock.NewVirtual(time.Unix(0, 0))
	w := newWorld(t)
	src := w.source("clicks")
	order := make([]int, splits)
	for i := range order {
		order[i] = i
	}
	hours(src, order, rows)
	for i := stuck; i < splits; i++ {
		src.stopAt(fmt.Sprintf("split%03d", i), rows-1)
	}
	plan := w.plan(windows)
	limit(plan, 3)
	v.Run(func() {
		j := w.start(plan, runtime.Config{Parallelism: 1, MaxRows: 1, Clock: v})
		if err := clock.Sleep(t.Context(), v, time.Hour); err != nil {
			t.Error(err)
		}
		ended, open := 0, 0
		m := scanned(j)
		for _, s := range m.Splits {
			if s.Ended {
				ended++
			} else {
				open++
			}
			if s.Ended && s.Records != rows {
				t.Errorf("%+v", s)
			}
		}
		if ended != 16 || open < 1 || open > 3 {
			t.Errorf("%d splits that have ended are shown and %d open ones, want 16 and 3", ended, open)
		}
		if want := int64(stuck*rows + (splits-stuck)*(rows-1)); m.RecordsOut > want || m.RecordsOut < stuck*rows {
			t.Errorf("%d records, want %d", m.RecordsOut, want)
		}
		src.mu.Lock()
		src.limit = nil
		src.wake()
		src.mu.Unlock()
		if err := j.Join(t.Context(), v.NewWaiter()); err != nil {
			t.Error(err)
		}
		if m := scanned(j); m.RecordsOut != splits*rows || len(m.Splits) != 16 {
			t.Errorf("%d records of %d splits in the end", m.RecordsOut, len(m.Splits))
		}
	})
}

// Records and values that are left out because an option says so are counted, and bytes are those of the files.
func TestIgnoredFigures(t *testing.T) {
	for _, c := range []struct {
		format, text string
		rows, failed int64
	}{
		{"json", "{\"a\":1}\n{\"a\":\"x\"}\n{\"a\":\n{\"a\":2}\n", 3, 2},
		{"csv", "1\nx\n1,2,3\n2\n", 3, 2},
		{"changelog-json", "{\"op\":\"+I\",\"data\":{\"a\":1}}\n{\"op\":\"+X\",\"data\":{\"a\":1}}\nnothing\n", 1, 2},
	} {
		w := real(t, newWorld(t))
		path := file(t, t.TempDir(), "in", c.text)
		plan := w.plan(fmt.Sprintf(`CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = '%s', '%[2]s.ignore-parse-errors' = 'true');
			SELECT a FROM t`, path, c.format))
		j := w.start(plan, runtime.Config{Parallelism: 2, Collect: func(*types.Batch) error { return nil }})
		if err := j.Wait(); err != nil {
			t.Fatal(err)
		}
		if m := scanned(j); m.RecordsOut != c.rows || m.Failed != c.failed || m.BytesIn != int64(len(c.text)) {
			t.Errorf("%s: %d records, %d failed, %d bytes; want %d, %d, %d", c.format, m.RecordsOut, m.Failed, m.BytesIn, c.rows, c.failed, len(c.text))
		}
	}
}

// A poisoned record fails a job with its place and with what can be done; the dead-letter table takes it, or fails the
// job by its name.
func TestPoisonedRecord(t *testing.T) {
	run := func(w *world, options string) error {
		plan := w.plan(fmt.Sprintf(`CREATE TABLE clicks (who STRING, n BIGINT, ts TIMESTAMP(3)) WITH ('connector' = 'world', 'is' = 'clicks'%s);
			SELECT who FROM clicks`, options))
		return w.start(plan, runtime.Config{Parallelism: 1, Collect: func(*types.Batch) error { return nil }}).Wait()
	}
	w := newWorld(t)
	w.source("clicks").add("a", []any{"ann", int64(1), int64(1000)}, []any{"poison"})
	err := run(w, "")
	if err == nil || !strings.Contains(err.Error(), "operator Scan of default_catalog.default_database.clicks") ||
		!strings.Contains(err.Error(), "split a, row 2: the record doesn't decode: not a row; to go on without such records, name a table to take them in the option 'dead-letter'") {
		t.Errorf("%v", err)
	}
	w = newWorld(t)
	w.source("clicks").add("a", []any{"ann", int64(1), int64(1000)}, []any{"poison"})
	w.sink("bad").broken = errors.New("the disk is full")
	w.plan("CREATE TABLE bad (reason STRING) WITH ('connector' = 'world', 'is' = 'bad')")
	if err = run(w, ", 'dead-letter' = 'bad'"); err == nil || !strings.Contains(err.Error(), "dead-letter table default_catalog.default_database.bad: the disk is full") {
		t.Errorf("%v", err)
	}
}

// A split that comes back from idleness doesn't move the watermark back; its old rows are late, and counted.
func TestReturnFromIdle(t *testing.T) {
	for _, parallelism := range []int{1, 2} {
		v := clock.NewVirtual(time.Unix(0, 0))
		w := newWorld(t)
		src, out := w.source("clicks"), w.sink("counts")
		src.bounded = false
		src.add("busy", []any{"ann", int64(1), int64(1_000)}, []any{"ann", int64(1), int64(60_000)})
		src.add("quiet")
		if err := w.planner.Settings.Set("table.exec.source.idle-timeout", "30 s"); err != nil {
			t.Fatal(err)
		}
		plan := w.plan(windows)
		v.Run(func() {
			j := w.start(plan, runtime.Config{Parallelism: parallelism, Clock: v})
			sleep := func(d time.Duration) {
				if err := clock.Sleep(t.Context(), v, d); err != nil {
					t.Error(err)
				}
			}
			lowest := func() int64 {
				low := int64(math.MaxInt64)
				for _, m := range j.Metrics() {
					if m.Name == "WindowAggregate" && m.Watermark != nil {
						low = min(low, *m.Watermark)
					}
				}
				return low
			}
			sleep(31 * time.Second)
			before := lowest()
			if before != 55_000 {
				t.Errorf("the watermark is %d, want 55000", before)
			}
			src.add("quiet", []any{"old", int64(1), int64(2_000)}, []any{"old", int64(1), int64(3_000)}, []any{"new", int64(1), int64(58_000)})
			sleep(time.Second)
			if got := lowest(); got != before {
				t.Errorf("the watermark was %d and is %d", before, got)
			}
			if n := late(j); n != 2 {
				t.Errorf("%d late records, want 2", n)
			}
			src.add("quiet", []any{"new", int64(1), int64(80_000)})
			sleep(time.Second)
			src.add("busy", []any{"ann", int64(1), int64(90_000)})
			sleep(time.Second)
			if got := lowest(); got != 75_000 {
				t.Errorf("the watermark is %d, want 75000", got)
			}
			j.RequestStop(true)
			if err := j.Join(t.Context(), v.NewWaiter()); err != nil {
				t.Error(err)
			}
		})
		equal(t, "windows", fold(out.lines()), []string{"ann 10000 1 1", "ann 100000 1 1", "ann 70000 1 1", "new 60000 1 1", "new 90000 1 1"})
	}
}

// union counts in windows over two tables.
const union = `
CREATE TABLE counts (e TIMESTAMP(3), c BIGINT) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'csv');
CREATE VIEW both_tables AS SELECT ts FROM a UNION ALL SELECT ts FROM b;
INSERT INTO counts SELECT window_end, COUNT(*) FROM TABLE(TUMBLE(TABLE both_tables, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;`

// windowsOut is how many rows the window operator has given.
func windowsOut(j *runtime.Job) (n int64) {
	for _, m := range j.Totals() {
		if m.Name == "WindowAggregate" {
			n += m.RecordsOut
		}
	}
	return n
}

// When all files of a watched folder have been read, or all shards of a stream are silent, the other inputs go on.
func TestIdleTables(t *testing.T) {
	server, err := local.Start(t.Context(), local.Options{Seed: 1, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	client := awskinesis.New(awskinesis.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.KinesisEndpoint()),
		Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""),
	})
	if _, err := client.CreateStream(t.Context(), &awskinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(3)}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "any")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "any")
	put := func(ts string) {
		t.Helper()
		_, err := client.PutRecord(t.Context(), &awskinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), Data: []byte(`{"ts":"` + ts + `"}`)})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, quiet := range []string{"files", "kinesis"} {
		t.Run(quiet, func(t *testing.T) {
			w := real(t, newWorld(t))
			w.planner.Env.KinesisEndpoint = server.KinesisEndpoint()
			dirs := [2]string{t.TempDir(), t.TempDir()}
			file(t, dirs[1], "1.json", `{"ts":"2024-01-01 00:00:01"}`+"\n"+`{"ts":"2024-01-01 00:01:00"}`+"\n")
			table := `CREATE TABLE %s (ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('format' = 'json', 'scan.watermark.idle-timeout' = '100 ms', %s);`
			other := fmt.Sprintf("'connector' = 'filesystem', 'path' = '%s', 'source.monitor-interval' = '50 ms'", dirs[0])
			if quiet == "kinesis" {
				other = "'connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'source.init.position' = 'TRIM_HORIZON'"
			}
			plan := w.plan(fmt.Sprintf(table, "a", other) +
				fmt.Sprintf(table, "b", fmt.Sprintf("'connector' = 'filesystem', 'path' = '%s', 'source.monitor-interval' = '50 ms'", dirs[1])) +
				fmt.Sprintf(union, t.TempDir()))
			j := w.start(plan, runtime.Config{Parallelism: 2})
			eventually(t, "a window although the other table has brought nothing", func() bool { return windowsOut(j) >= 1 })
			if quiet == "kinesis" {
				put("2024-01-01 00:00:02") // behind the watermark
				put("2024-01-01 00:05:00")
			} else {
				file(t, dirs[0], "1.json", `{"ts":"2024-01-01 00:00:02"}`+"\n"+`{"ts":"2024-01-01 00:05:00"}`+"\n")
			}
			eventually(t, "a late record, and a window behind it", func() bool { return late(j) == 1 && windowsOut(j) == 2 })
			file(t, dirs[1], "2.json", `{"ts":"2024-01-01 00:10:00"}`+"\n"+`{"ts":"2024-01-01 00:20:00"}`+"\n")
			eventually(t, "the windows of both", func() bool { return windowsOut(j) == 4 })
		})
	}
}

// Rows of a megabyte travel in small batches: what is under way to a sink that is stuck stays bounded by bytes.
func TestWideRows(t *testing.T) {
	w := real(t, newWorld(t))
	dir := t.TempDir()
	const rows, size = 150, 1 << 20
	var text strings.Builder
	for i := range rows {
		fmt.Fprintf(&text, "{\"id\":%d,\"text\":\"%s\"}\n", i, strings.Repeat("x", size))
	}
	file(t, dir, "wide.json", text.String())
	plan := w.plan(fmt.Sprintf(`CREATE TABLE t (id BIGINT, text STRING) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'json', 'scan.parallelism' = '2');
		SELECT id, text FROM t`, dir))
	begin, goOn := make(chan struct{}, rows), make(chan struct{})
	got, widest := 0, 0
	j := w.start(plan, runtime.Config{Parallelism: 2, Collect: func(b *types.Batch) error {
		begin <- struct{}{}
		<-goOn
		widest = max(widest, b.Bytes())
		got += b.Rows()
		return nil
	}})
	<-begin
	stable := func() int64 {
		var at int64
		for same := 0; same < 50; {
			if err := clock.Sleep(t.Context(), clock.Real{}, 2*time.Millisecond); err != nil {
				t.Fatal(err)
			}
			if n := scanned(j).BytesIn; n == at {
				same++
			} else {
				at, same = n, 0
			}
		}
		return at
	}
	if n := stable(); n > 64<<20 {
		t.Errorf("%d MB were read although the rows are not taken", n>>20)
	}
	close(goOn)
	if err := j.Wait(); err != nil {
		t.Fatal(err)
	}
	if got != rows || widest > 12<<20 {
		t.Errorf("%d rows of %d; the largest batch had %d bytes", got, rows, widest)
	}
}

// With a gap a watermark follows every so many rows of a split, whatever the batches.
func TestOnEventGap(t *testing.T) {
	for _, rows := range []int{1, 2, 3, 100} {
		w := newWorld(t)
		w.source("clicks").add("a",
			[]any{"ann", int64(1), int64(1_000)}, []any{"ann", int64(1), int64(30_000)},
			[]any{"kept", int64(1), int64(2_000)}, // the third: the watermark follows
			[]any{"late", int64(1), int64(3_000)}, []any{"ann", int64(1), int64(26_000)})
		sql := strings.Replace(windows, "'is' = 'clicks'",
			"'is' = 'clicks', 'scan.watermark.emit.strategy' = 'on-event', 'scan.watermark.emit.on-event.gap' = '3'", 1)
		j := w.start(w.plan(sql), runtime.Config{Parallelism: 1, MaxRows: rows})
		if err := j.Wait(); err != nil {
			t.Fatal(err)
		}
		equal(t, "windows", fold(w.sink("counts").lines()), []string{"ann 10000 1 1", "ann 30000 1 1", "ann 40000 1 1", "kept 10000 1 1"})
		if n := late(j); n != 1 {
			t.Errorf("%d late records", n)
		}
	}
}
