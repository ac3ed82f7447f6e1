package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/engine"
)

func open(t *testing.T, o engine.Options) *engine.Session {
	t.Helper()
	s, err := engine.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Check plans a whole file and leaves no trace: tables are not created, settings not set, jobs not started.
func TestCheckLeavesNoTrace(t *testing.T) {
	dir := t.TempDir()
	s := open(t, engine.Options{DataDir: dir})
	_, err := s.Check(diag.NewFile("a.sql", `SET 'table.exec.state.ttl' = '1 h';
CREATE TABLE t (a INT) WITH ('connector' = 'datagen', 'number-of-rows' = '1');
CREATE TEMPORARY TABLE nowhere (a INT) WITH ('connector' = 'blackhole');
INSERT INTO nowhere SELECT a FROM t;`))
	if err != nil {
		t.Fatal(err)
	}
	if names := s.Objects(); len(names) > 0 {
		t.Errorf("Check created %v", names)
	}
	if ttl := s.Setting("table.exec.state.ttl"); ttl != "0 ms" {
		t.Errorf("Check set the TTL to %q", ttl)
	}
	if jobs := s.Jobs(); len(jobs) > 0 {
		t.Errorf("Check started %d jobs", len(jobs))
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("Check left %v in the data directory (%v)", entries, err)
	}
}

// Every file's mistakes are found at once, each in its own file.
func TestCheckAllFiles(t *testing.T) {
	s := open(t, engine.Options{})
	_, err := s.Check(diag.NewFile("a.sql", "SELECT nosuch(1);\nSELECT 1 +;"), diag.NewFile("b.sql", "SELECT a FROM nosuch;"))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"a.sql:1:8: error: unknown function", "a.sql:2:11: error:", "b.sql:1:15: error: unknown table"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
	var file *engine.FileError
	if !errors.As(err, &file) {
		t.Error("the error holds no FileError")
	}
}

// The same job can't run twice on one data directory; the second one is told who has it.
func TestSameJobTwice(t *testing.T) {
	dir := t.TempDir()
	file := diag.NewFile("a.sql", `CREATE TEMPORARY TABLE t (a INT) WITH ('connector' = 'datagen', 'rows-per-second' = '1');
CREATE TEMPORARY TABLE nowhere (a INT) WITH ('connector' = 'blackhole');
INSERT INTO nowhere SELECT a FROM t;`)
	run := func() error {
		s := open(t, engine.Options{DataDir: dir})
		script, err := s.Check(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, stmt := range script[0].Stmts {
			if _, err := s.Execute(context.Background(), file, stmt); err != nil {
				return err
			}
		}
		return nil
	}
	if err := run(); err != nil {
		t.Fatal(err)
	}
	if err := run(); err == nil || !strings.Contains(err.Error(), "is running already") || !strings.Contains(err.Error(), "process ") {
		t.Errorf("the same job a second time: %v", err)
	}
}

// SHOW CREATE TABLE never prints a secret.
func TestSecretsStayHidden(t *testing.T) {
	s := open(t, engine.Options{})
	file := diag.NewFile("a.sql", `CREATE TABLE t (a INT) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'format' = 'json',
'aws.credentials.basic.accesskeyid' = 'AKIAEXAMPLE', 'aws.credentials.basic.secretkey' = 'hush');
SHOW CREATE TABLE t;`)
	script, err := s.Check(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, stmt := range script[0].Stmts {
		r, err := s.Execute(context.Background(), file, stmt)
		if err != nil {
			t.Fatal(err)
		}
		if r.Table != nil {
			if text := r.Table.Rows[0][0]; strings.Contains(text, "hush") || strings.Contains(text, "AKIA") || !strings.Contains(text, "******") {
				t.Errorf("SHOW CREATE TABLE prints %s", text)
			}
		}
	}
}

// A query gives the same rows whatever the size of batches and the parallelism.
func TestVariations(t *testing.T) {
	dir := t.TempDir()
	input := filepath.Join(dir, "in.jsonl")
	var text strings.Builder
	for i := range 500 {
		text.WriteString(`{"k":` + string(rune('0'+i%7)) + `,"v":` + string(rune('0'+i%10)) + `}` + "\n")
	}
	if err := os.WriteFile(input, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	sql := `SELECT a.k, COUNT(*) AS n, SUM(a.v) AS s FROM (SELECT k, v FROM t) a JOIN (SELECT k, MAX(v) AS m FROM t GROUP BY k) b
ON a.k = b.k WHERE a.v <= b.m GROUP BY a.k`
	var want []string
	for _, o := range []struct {
		rows        int
		parallelism string
	}{{0, "1"}, {1, "1"}, {0, "3"}, {1, "3"}} {
		s := open(t, engine.Options{MaxRows: o.rows, Settings: map[string]string{"parallelism.default": o.parallelism}})
		var changes []string
		run := func(sql string) {
			err := execute(context.Background(), s, sql, func(line []byte) {
				op, data, _ := strings.Cut(strings.TrimPrefix(string(line), `{"op":"`), `","data":`)
				changes = append(changes, op+" "+data)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		run("CREATE TABLE t (k INT, v INT) WITH ('connector' = 'filesystem', 'path' = '" + input + "', 'format' = 'json')")
		run(sql)
		got := fold(changes)
		slices.Sort(got)
		if want == nil {
			want = got
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") || len(got) != 7 {
			t.Errorf("batches of %d, parallelism %s: got\n%s\nwant\n%s", o.rows, o.parallelism, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
