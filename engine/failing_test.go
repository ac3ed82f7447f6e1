package engine_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/weirsql/weir/engine"
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

// told is a message without what differs from run to run.
func told(err error, dir string) string {
	if err == nil {
		return "no error"
	}
	text := strings.ReplaceAll(strings.ReplaceAll(err.Error(), " [evaluation]", ""), filepath.Join(dir, "in.jsonl"), "FILE")
	return regexp.MustCompile(`_test\.go:\d+`).ReplaceAllString(text, "_test.go:LINE")
}
