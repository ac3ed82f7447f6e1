package engine_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"

	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/metrics"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// custom is a scalar function of a BIGINT by an Eval of its own, as the other ways to make functions have.
func custom(name string, eval udf.Eval) udf.Spec {
	return udf.Spec{Name: name, Family: "test", Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
		return &udf.BoundScalar{Args: []types.Type{types.BigIntType}, Result: types.BigIntType, Fallible: true, Eval: eval}, nil
	}}
}

// bareAccumulator panics when it has added, or when it is asked for a result.
type bareAccumulator struct {
	udf.Accumulator
	add bool
}

func (a *bareAccumulator) Grow(int) {}
func (a *bareAccumulator) Add(groups []int32, args []*types.Vector, rows []int32) {
	if a.add {
		panic("while adding")
	}
}
func (a *bareAccumulator) Result(groups []int32, _ *types.Vector) {
	if len(groups) > 0 {
		panic("while giving a result")
	}
}
func (a *bareAccumulator) Bytes() int { return 0 }

func bare(name string, add bool) udf.Spec {
	return udf.Spec{Name: name, Family: "test", Aggregate: func(*udf.Call) (*udf.BoundAggregate, error) {
		return &udf.BoundAggregate{Args: []types.Type{types.BigIntType}, Result: types.BigIntType,
			New: func(bool) udf.Accumulator { return &bareAccumulator{add: add} }}, nil
	}}
}

func rowsIn(ms []metrics.Snapshot) (n int64) {
	for _, m := range ms {
		n += m.RecordsIn
	}
	return n
}

func failing() []udf.Spec {
	return append(natives(),
		udf.Scalar("PANICS", func(n int64) int64 { return []int64{1, 2}[n] }),
		udf.Partial("REFUSES", func(n int64) (int64, error) {
			if n == 3 {
				return 0, errors.New("three is refused")
			}
			return n, nil
		}),
		custom("CUSTOM_PANICS", func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			for i, x := range args[0].I64[:n] {
				out.I64[i] = 1 / (3 - x)
			}
			return nil
		}),
		custom("SHORT", func(_ *udf.Context, _ []*types.Vector, out *types.Vector, n int) error {
			out.N = 1
			return nil
		}),
		bare("BARE_ADD", true), bare("BARE_RESULT", false),
	)
}

// A function that fails ends its job, and only that, with a message that names the place in the SQL, the function, its
// arguments, and the record in its file.
func TestFailingFunctions(t *testing.T) {
	dir := t.TempDir()
	s := open(t, engine.Options{Functions: failing(), DataDir: t.TempDir(), Settings: map[string]string{"parallelism.default": "1"}})
	lines := "\n"
	for n := range 6 {
		lines += fmt.Sprintf(`{"n":%d,"name":"%s","ts":"2024-01-01 00:00:0%d"}`+"\n", n, []string{"a", "b", "refused", "panics", strings.Repeat("long", 100), "c"}[n], n)
	}
	if err := os.WriteFile(filepath.Join(dir, "in.jsonl"), []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	other := must(t, s, fmt.Sprintf(`CREATE TEMPORARY TABLE t (n BIGINT, name STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
		WITH ('connector' = 'filesystem', 'path' = '%s/in.jsonl', 'format' = 'json');
CREATE TEMPORARY TABLE endless (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1');
CREATE TEMPORARY TABLE o (n BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT REFUSES(n * 0) FROM endless;`, dir)).Job
	for _, c := range []struct{ sql, want string }{
		{"SELECT PANICS(n) FROM t",
			`query:1:8: operator Calc at file FILE, line 4, byte 93: PANICS(n) for (2): the function panicked at failing_test.go:LINE: runtime error: index out of range [2] with length 2`},
		{"SELECT REFUSES(n) FROM t WHERE n > 1 AND name <> 'panicky'",
			`query:1:8: operator Calc at file FILE, line 5, byte 145: REFUSES(n) for (3): three is refused`},
		{"SELECT REFUSES(n + 1) FROM (SELECT n, name FROM t WHERE n <> 0) AS u WHERE CHAR_LENGTH(name) > 1",
			`query:1:8: operator Calc at file FILE, line 4, byte 93: REFUSES((n + 1)) for (3): three is refused`},
		{"SELECT CASE WHEN n > 2 THEN CUSTOM_PANICS(n) ELSE 0 END FROM t",
			`query:1:29: operator Calc at file FILE, line 5, byte 145: CUSTOM_PANICS(n) for (3): the function panicked at failing_test.go:LINE: runtime error: integer divide by zero`},
		{"SELECT SHORT(n) FROM t",
			`query:1:8: operator Calc: SHORT(n): the function returned 1 values for 6 rows`},
		{"SELECT TEXT_PLUS(name, 3 - n) FROM t",
			`query:1:8: operator Calc at file FILE, line 6, byte 196: TEXT_PLUS(name, (3 - n)) for ('longlonglonglonglonglonglonglonglonglonglonglonglonglonglon… (402 bytes), -1): a negative number`},
		{"SELECT SPAN(n, name) FROM t",
			`query:1:8: operator GroupAggregate at file FILE, line 4, byte 93: SPAN(n, name) for (2, 'refused'): a name that is refused`},
		{"SELECT MAX(n), SPAN(n, name) FROM t WHERE name <> 'refused' GROUP BY n",
			`query:1:16: operator GroupAggregate at file FILE, line 5, byte 145: SPAN(n, name) for (3, 'panics'): the function panicked at function_test.go:LINE: a name that panics`},
		{"SELECT SPAN(n, name) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end",
			`query:1:8: operator WindowAggregate at file FILE, line 4, byte 93: SPAN(n, name) for (2, 'refused'): a name that is refused`},
		{"SELECT SPAN(n, name) FROM t GROUP BY SESSION(ts, INTERVAL '4' SECOND)",
			`query:1:8: operator WindowAggregate at file FILE, line 4, byte 93: SPAN(n, name) for (2, 'refused'): a name that is refused`},
		{"SELECT SPAN(DISTINCT n, name) FROM t",
			`query:1:8: operator GroupAggregate: SPAN(DISTINCT n, name): a name that is refused`},
		{"SELECT BARE_ADD(n) FROM t",
			`query:1:8: operator GroupAggregate: BARE_ADD(n): the function panicked at failing_test.go:LINE: while adding`},
		{"SELECT BARE_RESULT(n) FROM t",
			`query:1:8: operator GroupAggregate: BARE_RESULT(n): the function panicked at failing_test.go:LINE: while giving a result`},
		{"SELECT word FROM t, LATERAL TABLE(WORDS_OF(name))",
			`query:1:35: operator Correlate at file FILE, line 4, byte 93: WORDS_OF(name) for ('refused'): a word that is refused`},
		{"SELECT SPAN(n, name) OVER (ORDER BY ts) FROM t",
			`query:1:8: operator OverAggregate at event time 2024-01-01 00:00:02: SPAN(n, name) for (2, 'refused'): a name that is refused`},
		{"SELECT PANICS(7)",
			`query:1:8: operator Calc: PANICS(7) for (7): the function panicked at failing_test.go:LINE: runtime error: index out of range [7] with length 2`},
	} {
		_, err := s.Collect(t.Context(), c.sql+";")
		if got := told(err, dir); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.sql, got, c.want)
		}
	}
	// Behind an exchange the record's place isn't known any more, but its event time and key are.
	for _, c := range []struct{ sql, want string }{
		{"SELECT name, SPAN(n, name) FROM t GROUP BY name",
			`query:1:14: operator GroupAggregate at key ('refused'): SPAN(n, name) for (2, 'refused'): a name that is refused`},
		{"SELECT name, SPAN(n, name) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, name",
			`query:1:14: operator WindowAggregate at event time 2024-01-01 00:00:02, key ('refused'): SPAN(n, name) for (2, 'refused'): a name that is refused`},
	} {
		must(t, s, "SET 'parallelism.default' = '2';")
		_, err := s.Collect(t.Context(), c.sql+";")
		if got := told(err, dir); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.sql, got, c.want)
		}
	}
	// The other job lives, and works.
	before := other.Metrics()
	eventually(t, "more rows of the other job", func() bool { return rowsIn(other.Metrics()) > rowsIn(before) })
	if got := other.Status(); got != "RUNNING" {
		t.Errorf("the other job is %s: %v", got, other.Err())
	}
}

// A function that never returns is named in the log and by the job; the job can be stopped, and canceled, and the session
// closed, and nothing comes of the call when it returns after all.
func TestFunctionThatNeverReturns(t *testing.T) {
	for _, end := range []string{"stop", "cancel", "close", "fail"} {
		t.Run(end, func(t *testing.T) {
			calling, release, returned := make(chan bool, 10), make(chan bool), make(chan bool, 10)
			var log syncBuffer
			s, err := engine.New(engine.Options{
				Settings: map[string]string{"parallelism.default": "1", "weir.function.patience": "20 ms"},
				Log:      slog.New(slog.NewTextHandler(&log, nil)),
				Functions: append(failing(), udf.Scalar("FOREVER", func(n int64) int64 {
					calling <- true
					<-release
					returned <- true
					return n
				})),
			})
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			fails := "0"
			if end == "fail" {
				fails = "REFUSES(n)"
			}
			job := must(t, s, fmt.Sprintf(`CREATE TEMPORARY TABLE t (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '100', 'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '1000');
CREATE TEMPORARY TABLE t2 LIKE t;
CREATE TEMPORARY TABLE o (n BIGINT) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'json');
CREATE TEMPORARY TABLE o2 (n BIGINT) WITH ('connector' = 'blackhole');
EXECUTE STATEMENT SET BEGIN
INSERT INTO o SELECT FOREVER(n) FROM t;
INSERT INTO o2 SELECT %s FROM t2;
END;`, dir, fails)).Job
			<-calling
			const call = "the function FOREVER(n) has not returned for"
			if end != "fail" {
				eventually(t, "the job to tell of it", func() bool {
					stuck := job.Info().Stuck
					return len(stuck) == 1 && strings.Contains(stuck[0], call)
				})
				if !strings.Contains(log.String(), "a function doesn't return") || !strings.Contains(log.String(), "function=FOREVER(n)") {
					t.Errorf("the log says\n%s", log.String())
				}
			}
			switch end {
			case "stop":
				if err := job.Stop(t.Context(), false); err == nil || !strings.Contains(err.Error(), call) {
					t.Errorf("stop: %v", err)
				}
			case "cancel":
				job.Cancel()
				if err := job.Wait(t.Context()); !errors.Is(err, runtime.ErrCanceled) {
					t.Errorf("cancel: %v", err)
				}
			case "fail":
				if err := job.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "three is refused") || !strings.Contains(err.Error(), call) {
					t.Errorf("fail: %v", err)
				}
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			close(release)
			<-returned
			eventually(t, "the task to end", func() bool {
				all := make([]byte, 1<<20)
				return !strings.Contains(string(all[:goruntime.Stack(all, true)]), "task.(*Task).Run")
			})
			if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
				t.Errorf("the call that returned late has written %v, %v", files, err)
			}
		})
	}
}

// syncBuffer is a log that is read while it is written.
type syncBuffer struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// told is a message without what differs from run to run.
func told(err error, dir string) string {
	if err == nil {
		return "no error"
	}
	text := strings.ReplaceAll(strings.ReplaceAll(err.Error(), " [evaluation]", ""), filepath.Join(dir, "in.jsonl"), "FILE")
	return regexp.MustCompile(`_test\.go:\d+`).ReplaceAllString(text, "_test.go:LINE")
}
