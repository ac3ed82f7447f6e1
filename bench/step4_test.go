package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/parser"
)

// step4 is the fourth step of the lab over a file, the same as oracle/bench/step4.sql: %s stands for the file and for the
// options of the sink.
const step4 = `
CREATE TEMPORARY TABLE ticker (browseraction STRING, site STRING, rowtime TIMESTAMP(3), WATERMARK FOR rowtime AS rowtime)
  WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '%s');
CREATE TEMPORARY TABLE counts (rowtime TIMESTAMP(3), impressioncount DOUBLE) WITH (%s);
INSERT INTO counts SELECT TUMBLE_START(rowtime, INTERVAL '10' SECOND), COUNT(*) FROM ticker
  WHERE browseraction = 'Impression' GROUP BY TUMBLE(rowtime, INTERVAL '10' SECOND);`

// runStep4 runs step 4 in a session of its own, at parallelism 1, until its job has ended.
func runStep4(tb testing.TB, input, sinkOptions string) {
	tb.Helper()
	s, err := engine.New(engine.Options{Settings: map[string]string{"parallelism.default": "1", "table.local-time-zone": "UTC"}})
	if err != nil {
		tb.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			tb.Fatal(err)
		}
	}()
	file := diag.NewFile("step4.sql", fmt.Sprintf(step4, input, sinkOptions))
	script, errs := parser.ParseFile(file.Name, file.Text)
	if len(errs) > 0 {
		tb.Fatal(errs)
	}
	for _, stmt := range script.Stmts {
		r, err := s.Execute(context.Background(), file, stmt)
		if err != nil {
			tb.Fatal(err)
		}
		if r.Job == nil {
			continue
		}
		if err := r.Job.Wait(context.Background()); err != nil {
			tb.Fatal(err)
		}
	}
}

const blackhole = "'connector' = 'blackhole'"

// naiveStep4 is step 4 as one would write it first: each line becomes a map, which is filtered and counted in a map.
func naiveStep4(tb testing.TB, input string) map[time.Time]int {
	file, err := os.Open(input)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	counts := map[time.Time]int{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var record map[string]any
		if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
			tb.Fatal(err)
		}
		if record["browseraction"] != "Impression" {
			continue
		}
		at, err := time.Parse("2006-01-02 15:04:05.000", record["rowtime"].(string))
		if err != nil {
			tb.Fatal(err)
		}
		counts[at.Truncate(10*time.Second)]++
	}
	if err := lines.Err(); err != nil {
		tb.Fatal(err)
	}
	return counts
}

// typedStep4 is the same with a struct in place of the map of any.
func typedStep4(tb testing.TB, input string) map[time.Time]int {
	file, err := os.Open(input)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	counts := map[time.Time]int{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var record struct{ Browseraction, Rowtime string }
		if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
			tb.Fatal(err)
		}
		if record.Browseraction != "Impression" {
			continue
		}
		at, err := time.Parse("2006-01-02 15:04:05.000", record.Rowtime)
		if err != nil {
			tb.Fatal(err)
		}
		counts[at.Truncate(10*time.Second)]++
	}
	if err := lines.Err(); err != nil {
		tb.Fatal(err)
	}
	return counts
}

// What is measured computes the same.
func TestStep4(t *testing.T) {
	const records = 30_000
	path, _ := clicksFile(t, records)
	out := t.TempDir()
	runStep4(t, path, "'connector' = 'filesystem', 'format' = 'json', 'path' = '"+out+"'")
	got := map[time.Time]int{}
	for _, line := range strings.Split(strings.TrimSpace(readAll(t, out)), "\n") {
		var row struct {
			Rowtime         string
			Impressioncount float64
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		at, err := time.Parse("2006-01-02 15:04:05", row.Rowtime)
		if err != nil {
			t.Fatal(err)
		}
		got[at] += int(row.Impressioncount)
	}
	total := 0
	for name, want := range map[string]map[time.Time]int{"map of any": naiveStep4(t, path), "struct": typedStep4(t, path)} {
		total = 0
		for at, n := range want {
			total += n
			if got[at] != n {
				t.Errorf("window %v: the engine counts %d, the %s %d", at, got[at], name, n)
			}
		}
		if len(got) != len(want) {
			t.Errorf("the engine has %d windows, the %s %d", len(got), name, len(want))
		}
	}
	if total != records/6 {
		t.Errorf("%d impressions, want %d", total, records/6)
	}
}

// readAll returns the contents of all files of a folder.
func readAll(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for _, e := range entries {
		part, err := os.ReadFile(dir + "/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		text.Write(part)
	}
	return text.String()
}

// BenchmarkStep4 goes from a file of JSON lines to window results: a session, a plan and a job each time, files read from
// the page cache.
func BenchmarkStep4(b *testing.B) {
	const records = 2_000_000
	path, size := clicksFile(b, records)
	b.Run("weir", func(b *testing.B) {
		b.SetBytes(size)
		r, n := newRate(b), 0
		for b.Loop() {
			runStep4(b, path, blackhole)
			n += records
		}
		r.report(n)
	})
	const few = records / 10
	path, size = clicksFile(b, few)
	for name, naive := range map[string]func(testing.TB, string) map[time.Time]int{"struct": typedStep4, "naive": naiveStep4} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			r, n := newRate(b), 0
			for b.Loop() {
				sink += len(naive(b, path))
				n += few
			}
			r.report(n)
		})
	}
}
