package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// run executes statements and returns what the last one gave.
func run(t *testing.T, s *engine.Session, text string) (r *engine.Result, err error) {
	t.Helper()
	file := diag.NewFile("test.sql", text)
	script, list := parser.ParseFile(file.Name, text)
	if len(list) > 0 {
		t.Fatal(list)
	}
	for _, stmt := range script.Stmts {
		if r, err = s.Execute(t.Context(), file, stmt); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func must(t *testing.T, s *engine.Session, text string) *engine.Result {
	t.Helper()
	r, err := run(t, s, text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// eventually looks at a condition until it holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for start := time.Now(); !holds(); {
		if time.Since(start) > 30*time.Second {
			t.Fatalf("waited in vain for %s", what)
		}
		if err := clock.Sleep(t.Context(), clock.Real{}, time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

// numbers returns the values of the column n of the published files in a directory, sorted.
func numbers(t *testing.T, dir string) []int {
	t.Helper()
	var all []int
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && (d.IsDir() || strings.HasPrefix(d.Name(), ".")) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			var row struct{ N int }
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				return err
			}
			all = append(all, row.N)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// pipe is a directory that is watched, and copied into another.
type pipe struct {
	t       *testing.T
	in, out string
	next    int
}

func newPipe(t *testing.T) *pipe {
	dir := t.TempDir()
	p := &pipe{t: t, in: filepath.Join(dir, "in"), out: filepath.Join(dir, "out")}
	if err := os.Mkdir(p.in, 0o700); err != nil {
		t.Fatal(err)
	}
	return p
}

// add puts a file with further rows into the source.
func (p *pipe) add(rows int) {
	p.t.Helper()
	var text strings.Builder
	name := fmt.Sprintf("f%06d", p.next)
	for range rows {
		fmt.Fprintf(&text, "{\"n\":%d}\n", p.next)
		p.next++
	}
	tmp := filepath.Join(p.in, "."+name)
	if err := errors.Join(os.WriteFile(tmp, []byte(text.String()), 0o600), os.Rename(tmp, filepath.Join(p.in, name))); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pipe) tables() string {
	return fmt.Sprintf(`CREATE TEMPORARY TABLE src (n BIGINT) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'json', 'source.monitor-interval' = '5 ms');
CREATE TEMPORARY TABLE dst (n BIGINT) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'json');
`, p.in, p.out)
}

// sunk counts the rows that a job has handed to its sinks.
func sunk(j *engine.Job) (n int64) {
	for _, m := range j.Metrics() {
		if m.Name == "Sink" {
			n += m.RecordsIn
		}
	}
	return n
}

// STOP JOB … WITH SAVEPOINT ends a job with a savepoint and says where it is; another session, with another data directory
// and parallelism, goes on from it without losing or repeating a row.
func TestStopWithSavepoint(t *testing.T) {
	p := newPipe(t)
	saves := t.TempDir()
	first := open(t, engine.Options{DataDir: t.TempDir(), Settings: map[string]string{"parallelism.default": "2"}})
	p.add(100)
	job := must(t, first, p.tables()+"INSERT INTO dst SELECT n FROM src;").Job
	eventually(t, "the rows", func() bool { return sunk(job) == 100 })
	if _, err := run(t, first, "STOP JOB '"+job.ID+"' WITH SAVEPOINT;"); err == nil || !strings.Contains(err.Error(), "execution.checkpointing.savepoint-dir") {
		t.Fatalf("a savepoint without a place: %v", err)
	}
	r := must(t, first, "SET 'state.savepoints.dir' = 'file://"+saves+"'; STOP JOB '"+job.ID+"' WITH SAVEPOINT;")
	if r.Table == nil || !slices.Equal(r.Table.Columns, []string{"savepoint path"}) || !strings.HasPrefix(r.Table.Rows[0][0], saves) {
		t.Fatalf("the statement gave %+v", r.Table)
	}
	if job.Status() != "FINISHED" {
		t.Errorf("the job is %s", job.Status())
	}
	if got := numbers(t, p.out); !slices.Equal(got, upTo(100)) {
		t.Errorf("published at the stop: %v", got)
	}

	p.add(50)
	second := open(t, engine.Options{DataDir: t.TempDir(), Settings: map[string]string{"parallelism.default": "3"}})
	job = must(t, second, "SET 'execution.savepoint.path' = '"+r.Table.Rows[0][0]+"';"+p.tables()+"INSERT INTO dst SELECT n FROM src;").Job
	eventually(t, "the new rows", func() bool { return sunk(job) == 50 })
	if got := job.Info().Checkpoints.Restored; got != r.Table.Rows[0][0] {
		t.Errorf("restored from %q", got)
	}
	must(t, second, "STOP JOB '"+job.ID+"';")
	if got := numbers(t, p.out); !slices.Equal(got, upTo(150)) {
		t.Errorf("published in the end: %v", got)
	}
	if _, err := run(t, second, "RESET 'execution.savepoint.path'; SET 'execution.state-recovery.path' = '"+saves+"/none'; INSERT INTO dst SELECT n + 1 FROM src;"); err == nil ||
		!strings.Contains(err.Error(), saves+"/none") {
		t.Errorf("a savepoint that isn't there: %v", err)
	}
}

// A job goes on from its latest checkpoint at another parallelism, also where the plan then has an aggregate in two phases, which
// it has not when there is one subtask.
func TestRestoreAtAnotherParallelism(t *testing.T) {
	p, dir := newPipe(t), t.TempDir()
	tables := fmt.Sprintf(`CREATE TEMPORARY TABLE src (n BIGINT, ts AS TO_TIMESTAMP_LTZ(n, 3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'json', 'source.monitor-interval' = '5 ms', 'scan.parallelism' = '1');
CREATE TEMPORARY TABLE dst (n BIGINT) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'json');
`, p.in, p.out)
	var want []int
	for life, parallelism := range []string{"1", "2", "3", "1"} {
		var log strings.Builder
		s := open(t, engine.Options{DataDir: dir, Restore: "latest", Log: slog.New(slog.NewTextHandler(&log, nil)),
			Settings: map[string]string{"parallelism.default": parallelism, "execution.checkpointing.interval": "10 ms"}})
		p.add(100)
		for n := p.next - 100; n < p.next; n += 10 {
			want = append(want, n, n+1)
		}
		job := must(t, s, tables+`INSERT INTO dst SELECT MIN(n) FROM TABLE(TUMBLE(TABLE src, DESCRIPTOR(ts), INTERVAL '0.01' SECOND))
GROUP BY window_start, window_end, MOD(n, 2);`).Job
		eventually(t, "the windows", func() bool { return len(numbers(t, p.out)) >= len(want) })
		if restored := job.Info().Checkpoints.Restored; (restored != "") != (life > 0) {
			t.Errorf("at parallelism %s the job goes on from the checkpoint %q", parallelism, restored)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if anew := strings.Contains(log.String(), "the job starts from the beginning"); anew != (life == 0) {
			t.Errorf("at parallelism %s it is said that the job begins anew: %t", parallelism, anew)
		}
	}
	if got := numbers(t, p.out); !slices.Equal(got, want) {
		t.Errorf("published: %v", got)
	}
}

// flaky is a function that fails so many times.
func flaky(left *atomic.Int64) udf.Spec {
	return udf.Spec{Name: "FLAKY", Family: "test", Usage: []string{"FLAKY(n)"}, NonDeterministic: true, Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
		return &udf.BoundScalar{Args: []types.Type{types.BigIntType}, Result: types.BigIntType, Fallible: true,
			Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
				if left.Add(-1) >= 0 {
					panic("not now")
				}
				copy(out.I64[:n], args[0].I64[:n])
				return nil
			}}, nil
	}}
}

// The strategy that SET names starts a job again, with tables that have been dropped meanwhile, and without losing or
// repeating a row; by default a job without checkpoints isn't started again.
func TestRestartBySettings(t *testing.T) {
	var left atomic.Int64
	p := newPipe(t)
	s := open(t, engine.Options{DataDir: t.TempDir(), Functions: []udf.Spec{flaky(&left)}})
	job := must(t, s, p.tables()+`SET 'restart-strategy' = 'fixed-delay'; SET 'restart-strategy.fixed-delay.attempts' = '1'; SET 'restart-strategy.fixed-delay.delay' = '1 ms';
SET 'execution.checkpointing.interval' = '10 ms'; INSERT INTO dst SELECT FLAKY(n) FROM src;
DROP TEMPORARY TABLE src; DROP TEMPORARY TABLE dst;
SHOW JOBS;`)
	if job.Table == nil || len(s.Jobs()) != 1 {
		t.Fatal("there is no job")
	}
	j := s.Jobs()[0]
	p.add(100)
	eventually(t, "the first rows", func() bool { return len(numbers(t, p.out)) == p.next })
	left.Store(1)
	p.add(100)
	eventually(t, "the restart", func() bool { return j.Info().Restarts == 1 })
	eventually(t, "the rows", func() bool { return len(numbers(t, p.out)) == p.next })
	if got := numbers(t, p.out); !slices.Equal(got, upTo(200)) {
		t.Errorf("published: %v", got)
	}
	left.Store(1)
	p.add(1)
	err := j.Wait(t.Context())
	if err == nil || !strings.Contains(err.Error(), "not now") || !strings.Contains(err.Error(), "restarted once; the restart strategy allows no more") {
		t.Errorf("the second failure: %v", err)
	}

	left.Store(1)
	q := newPipe(t)
	q.add(1)
	without := open(t, engine.Options{Functions: []udf.Spec{flaky(&left)}})
	j = must(t, without, q.tables()+"INSERT INTO dst SELECT FLAKY(n) FROM src;").Job
	if err := j.Wait(context.Background()); err == nil || j.Info().Restarts != 0 {
		t.Errorf("without checkpoints: %v after %d restarts", err, j.Info().Restarts)
	}
}

// Strategies whose options don't fit each other are refused when a job is started.
func TestRefusedStrategy(t *testing.T) {
	p := newPipe(t)
	s := open(t, engine.Options{DataDir: t.TempDir()})
	_, err := run(t, s, p.tables()+"SET 'restart-strategy.exponential-delay.max-backoff' = '1 ms'; INSERT INTO dst SELECT n FROM src;")
	if err == nil || !strings.Contains(err.Error(), "restart-strategy.exponential-delay.max-backoff") {
		t.Errorf("got %v", err)
	}
}

// What Info tells of a job that runs.
func TestInfo(t *testing.T) {
	p := newPipe(t)
	s := open(t, engine.Options{DataDir: t.TempDir(), Settings: map[string]string{"parallelism.default": "2", "execution.checkpointing.interval": "20 ms"}})
	p.add(10)
	job := must(t, s, p.tables()+"INSERT INTO dst SELECT n FROM src WHERE n >= 0;").Job
	eventually(t, "a checkpoint", func() bool { return job.Info().Checkpoints.Completed > 1 })
	info := job.Info()
	if info.ID != job.ID || info.Name != job.Name || info.State != "RUNNING" || info.Bounded || info.Parallelism != 2 || info.Started.IsZero() || !info.Ended.IsZero() {
		t.Errorf("%+v", info)
	}
	if h := info.Checkpoints.History; len(h) < 2 || h[0].ID <= h[1].ID || h[0].Path == "" || h[0].Bytes == 0 || h[0].Triggered.IsZero() {
		t.Errorf("history: %+v", h)
	}
	last := info.Operators[len(info.Operators)-1]
	if last.Name != "Sink" || len(last.Subtasks) != 2 || len(last.Inputs) != 1 || last.Inputs[0].Exchange == "" || !strings.Contains(last.Description, "dst") {
		t.Errorf("the last operator: %+v", last)
	}
}
