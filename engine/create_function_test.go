package engine_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/udf"
)

const (
	badModule  = "../udf/wasm/testdata/bad.wasm"
	slugModule = "../queries/examples/udf-wasm/slug.wasm"
)

// A function that never returns, or wants all memory, fails its job after the limit; other jobs of the process go on, in the
// meantime and after.
func TestFunctionsFailAlone(t *testing.T) {
	s := open(t, engine.Options{Settings: map[string]string{"weir.udf.memory-limit": "8 mb", "parallelism.default": "1"}})
	good := newPipe(t)
	good.add(10)
	other := must(t, s, good.tables()+"CREATE TEMPORARY FUNCTION good AS 'file:"+badModule+"' LANGUAGE WASM; INSERT INTO dst SELECT good(n) FROM src;").Job
	for name, want := range map[string]string{
		"forever": "the function did not end within 200ms (weir.udf.timeout)",
		"hog":     "the function needs more than 8 MB of memory (weir.udf.memory-limit)",
		"crash":   "integer divide by zero",
		"wild":    "the module's result's bytes is at",
	} {
		limit := "30 s" // on a busy machine, too, they fail by what they do
		if name == "forever" {
			limit = "200 ms"
		}
		failed := must(t, s, "SET 'weir.udf.timeout' = '"+limit+"'; CREATE TEMPORARY FUNCTION "+name+" AS 'file:"+badModule+"' LANGUAGE WASM;"+
			"CREATE TEMPORARY TABLE "+name+"_src (n BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '2', 'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '1');"+
			"CREATE TEMPORARY TABLE "+name+"_dst (s STRING) WITH ('connector' = 'blackhole');"+
			"INSERT INTO "+name+"_dst SELECT CAST("+name+"(n) AS STRING) FROM "+name+"_src;").Job
		good.add(10)
		eventually(t, "rows of the other job", func() bool { return sunk(other) == int64(good.next) })
		err := failed.Wait(t.Context())
		if err == nil || !strings.Contains(err.Error(), name+"(n)") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the job fails with %v, want %q", name, err, want)
		}
		good.add(10)
		eventually(t, "rows of the other job", func() bool { return sunk(other) == int64(good.next) })
	}
	if other.Status() != "RUNNING" {
		t.Errorf("the other job is %s", other.Status())
	}
}

// A job that is started again has the function it was started with, whatever has become of the file.
func TestFunctionsOutliveTheirFile(t *testing.T) {
	var left atomic.Int64
	left.Store(1)
	file := filepath.Join(t.TempDir(), "good.wasm")
	content, err := os.ReadFile(badModule)
	if err := errors.Join(err, os.WriteFile(file, content, 0o600)); err != nil {
		t.Fatal(err)
	}
	p := newPipe(t)
	s := open(t, engine.Options{DataDir: t.TempDir(), Functions: []udf.Spec{flaky(&left)}})
	job := must(t, s, p.tables()+`SET 'restart-strategy' = 'fixed-delay'; SET 'restart-strategy.fixed-delay.attempts' = '1'; SET 'restart-strategy.fixed-delay.delay' = '1 ms';
CREATE TEMPORARY FUNCTION good AS 'file:`+file+`' LANGUAGE WASM; INSERT INTO dst SELECT FLAKY(good(n)) FROM src;`).Job
	if err := os.WriteFile(file, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.add(100)
	eventually(t, "the restart", func() bool { return job.Info().Restarts == 1 })
	eventually(t, "the rows", func() bool { return sunk(job) == 100 })
	must(t, s, "STOP JOB '"+job.ID+"';")
	if got := numbers(t, p.out); !slices.Equal(got, upTo(100)) {
		t.Errorf("published: %v", got)
	}
	if _, err := run(t, s, "CREATE TEMPORARY FUNCTION good AS 'file:"+file+"' LANGUAGE WASM;"); err == nil || !strings.Contains(err.Error(), "not a WebAssembly module") {
		t.Errorf("create it of another file: %v", err)
	}
}

// The states of an aggregate in a module are in savepoints, and go to other subtasks.
func TestFunctionState(t *testing.T) {
	p := newPipe(t)
	saves := t.TempDir()
	tables := strings.Replace(p.tables(), "dst (n BIGINT)", "dst (k BIGINT, r DOUBLE)", 1)
	tables = strings.Replace(tables, p.out+"', 'format' = 'json'", p.out+"', 'format' = 'changelog-json'", 1)
	insert := tables + "CREATE TEMPORARY FUNCTION root_mean_square AS 'file:" + slugModule + "' LANGUAGE WASM;" +
		"INSERT INTO dst SELECT MOD(n, 5), root_mean_square(CAST(n AS DOUBLE)) FROM src GROUP BY MOD(n, 5);"
	first := open(t, engine.Options{DataDir: t.TempDir(), Settings: map[string]string{"parallelism.default": "2"}})
	p.add(100)
	job := must(t, first, insert).Job
	eventually(t, "the rows", func() bool { return taken(job) == 100 })
	path := must(t, first, "SET 'state.savepoints.dir' = 'file://"+saves+"'; STOP JOB '"+job.ID+"' WITH SAVEPOINT;").Table.Rows[0][0]

	p.add(50)
	second := open(t, engine.Options{DataDir: t.TempDir(), Settings: map[string]string{"parallelism.default": "3"}})
	job = must(t, second, "SET 'execution.savepoint.path' = '"+path+"';"+insert).Job
	eventually(t, "the new rows", func() bool { return taken(job) == 50 })
	must(t, second, "STOP JOB '"+job.ID+"';")

	got := map[int64]float64{}
	err := filepath.WalkDir(p.out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		text, err := os.ReadFile(path)
		for line := range bytes.Lines(text) {
			var row struct {
				Op   string
				Data struct {
					K int64
					R float64
				}
			}
			if err := json.Unmarshal(line, &row); err != nil {
				return fmt.Errorf("%s: %w", line, err)
			}
			got[row.Data.K] = max(got[row.Data.K], row.Data.R) // it grows with every row
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for k := range int64(5) {
		sum, rows := 0.0, 0.0
		for n := k; n < 150; n += 5 {
			sum += float64(n * n)
			rows++
		}
		if want := math.Sqrt(sum / rows); got[k] != want {
			t.Errorf("key %d: %v, want %v", k, got[k], want)
		}
	}
}

// taken counts the rows that a job's aggregation has taken.
func taken(j *engine.Job) (n int64) {
	for _, m := range j.Metrics() {
		if strings.Contains(m.Name, "GroupAggregate") {
			n += m.RecordsIn
		}
	}
	return n
}
