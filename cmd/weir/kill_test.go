//go:build slow

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	killRows  = 3_000_000
	killTimes = 10
)

// killInput writes events of 1,000 keys over half an hour of event time.
func killInput(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	rng := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2023, 8, 23, 13, 0, 0, 0, time.UTC)
	for i := range killRows {
		ts := start.Add(time.Duration(i) * 600 * time.Microsecond)
		fmt.Fprintf(w, `{"site":"site-%d","n":%d,"ts":"%s"}`+"\n", rng.IntN(1000), rng.IntN(100), ts.Format("2006-01-02 15:04:05.000"))
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

const killSQL = `
CREATE TABLE events (site STRING, n BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
WITH ('connector' = 'filesystem', 'path' = 'events.jsonl', 'format' = 'json');
CREATE TABLE totals (w TIMESTAMP(3), site STRING, c BIGINT, s BIGINT, m BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'json');
INSERT INTO totals
SELECT window_start, site, COUNT(*), SUM(n), MAX(n)
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, site;
`

// rows returns the published rows of a run, sorted.
func rows(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(filepath.Join(dir, "out"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		text, err := os.ReadFile(path)
		for line := range bytes.Lines(text) {
			all = append(all, string(line))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// TestKill kills a bounded run with SIGKILL at ten random points, restarts it each time from its latest checkpoint, and
// compares what it has published with an undisturbed run: every row once.
func TestKill(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "weir")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	input := filepath.Join(t.TempDir(), "events.jsonl")
	killInput(t, input)
	newDir := func() string {
		dir := t.TempDir()
		if err := os.Link(input, filepath.Join(dir, "events.jsonl")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "q.sql"), []byte(killSQL), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	command := func(dir string, restore bool) *exec.Cmd {
		args := []string{"run", "q.sql", "--set", "execution.checkpointing.interval=20 ms"}
		if restore {
			args = append(args, "--restore", "latest")
		}
		c := exec.Command(bin, args...)
		c.Dir, c.Env = dir, append(os.Environ(), "WEIR_HOME="+filepath.Join(dir, "home"), "TZ=UTC")
		return c
	}
	whole := newDir()
	started := time.Now()
	if out, err := command(whole, false).CombinedOutput(); err != nil {
		t.Fatalf("undisturbed run: %v\n%s", err, out)
	}
	took := time.Since(started)
	want := rows(t, whole)
	if len(want) < 1000 {
		t.Fatalf("the undisturbed run gave only %d rows", len(want))
	}

	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d; an undisturbed run takes %s", seed, took)
	rng := rand.New(rand.NewPCG(seed, 0))
	dir := newDir()
	kills := 0
	for attempt := 0; ; attempt++ {
		if attempt > 20*killTimes {
			t.Fatalf("still not finished after %d attempts", attempt)
		}
		c := command(dir, attempt > 0)
		var stderr bytes.Buffer
		c.Stderr = &stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- c.Wait() }()
		if kills == killTimes {
			if err := <-done; err != nil {
				t.Fatalf("last run: %v\n%s", err, &stderr)
			}
			break
		}
		// Each life gets up to a fifth of a run, so that ten deaths fall all over it.
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("run %d: %v\n%s", attempt, err, &stderr)
			}
			t.Logf("finished before kill %d", kills+1)
			kills = killTimes // run once more: a finished job has nothing left to do
		case <-time.After(time.Duration(rng.Int64N(int64(took / 5)))):
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			<-done
			kills++
		}
	}
	got := rows(t, dir)
	if !slices.Equal(got, want) {
		t.Errorf("%d rows after %d kills, %d rows undisturbed (seed %d)", len(got), kills, len(want), seed)
	}
}
