//go:build slow

package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hourSQL keeps everything in state until the input ends: what a run has published can't hide that it went back further
// than its newest checkpoint.
const hourSQL = `
CREATE TEMPORARY TABLE events (site STRING, n BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
WITH ('connector' = 'filesystem', 'path' = 'events.jsonl', 'format' = 'json');
CREATE TEMPORARY TABLE totals (w TIMESTAMP(3), site STRING, c BIGINT, s BIGINT, m BIGINT, d BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'json');
INSERT INTO totals
SELECT window_start, site, COUNT(*), SUM(n), MAX(n), COUNT(DISTINCT n)
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '1' HOUR))
GROUP BY window_start, window_end, site;
`

// A byte is flipped in every file of the newest checkpoint, one at a time, at its start, in its middle and at its end: a
// run that is restored says which file is damaged, goes back to the checkpoint before, and comes to the same result.
func TestFlippedBytes(t *testing.T) {
	bin := buildWeir(t)
	input := filepath.Join(t.TempDir(), "events.jsonl")
	writeEvents(t, input, 2_000_000)
	args := []string{"run", "q.sql", "--set", "execution.checkpointing.interval=20 ms"}
	calm, killed := t.TempDir(), t.TempDir()
	linkedRun(t, calm, input, hourSQL)
	runWeir(t, bin, calm, args...)
	want := published(t, filepath.Join(calm, "out"))

	linkedRun(t, killed, input, hourSQL)
	weir := startWeir(t, bin, killed, args...)
	weir.await(t, "there are checkpoints", func() bool {
		return len(checkpointsIn(t, killed)) >= 2 && strings.Contains(newestCheckpoint(t, killed), "chk-4")
	})
	weir.kill()
	newest := newestCheckpoint(t, killed)
	var files []string
	err := filepath.WalkDir(newest, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			relative, _ := filepath.Rel(killed, path)
			files = append(files, relative)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	places := map[string]func(size int) int{
		"start": func(int) int { return 0 }, "middle": func(size int) int { return size / 2 }, "end": func(size int) int { return size - 1 },
	}
	for _, file := range files {
		for place, at := range places {
			t.Run(filepath.Base(file)+"/"+place, func(t *testing.T) {
				dir := t.TempDir()
				linkedRun(t, dir, input, hourSQL)
				if err := os.CopyFS(filepath.Join(dir, "home", "checkpoints"), os.DirFS(filepath.Join(killed, "home", "checkpoints"))); err != nil {
					t.Fatal(err)
				}
				if err := os.CopyFS(filepath.Join(dir, "out"), os.DirFS(filepath.Join(killed, "out"))); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, file)
				content, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				content[at(len(content))] ^= 0x10
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
				weir := startWeir(t, bin, dir, append(args, "--restore", "latest", "-v")...)
				if err := <-weir.ended; err != nil {
					t.Fatalf("%v\n%s", err, weir.messages())
				}
				named := false
				for line := range strings.Lines(weir.messages()) {
					named = named || strings.Contains(line, filepath.Base(file)) && strings.Contains(line, filepath.Base(newest)) && strings.Contains(line, "damaged")
				}
				if !named {
					t.Errorf("nothing says that %s is damaged:\n%s", file, weir.messages())
				}
				missing, extra := difference(published(t, filepath.Join(dir, "out")), want)
				if len(missing)+len(extra) > 0 {
					t.Errorf("of %d rows %d are missing, such as\n%s%d are too many, such as\n%s", len(want), len(missing), firstRows(missing), len(extra), firstRows(extra))
				}
			})
		}
	}
}
