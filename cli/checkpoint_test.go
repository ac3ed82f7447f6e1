package cli

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A damaged checkpoint is named and an older one taken; when all are damaged the run refuses to start.
func TestDamagedCheckpoint(t *testing.T) {
	dir := t.TempDir()
	args := []string{"run", "--set", "execution.checkpointing.interval=20 ms", "-e", `
		CREATE TEMPORARY TABLE t (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000');
		CREATE TEMPORARY TABLE o (n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'json');
		INSERT INTO o SELECT n FROM t`}
	checkpoints := func() []string {
		found, err := filepath.Glob(filepath.Join(dir, "home", "checkpoints", "*", "*", "chk-*", "manifest.json"))
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(found, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) }) // chk-9 before chk-10
		return found
	}
	run := func(until func() bool, more ...string) (string, int) {
		c := weirCommand(t, dir, append(args, more...)...)
		var stderr strings.Builder
		c.Stderr = &stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		ticks := time.NewTicker(5 * time.Millisecond)
		defer ticks.Stop()
		for until != nil && !until() {
			select {
			case <-ticks.C:
			case <-ended:
				return stderr.String(), c.ProcessState.ExitCode()
			}
		}
		if until != nil {
			if err := c.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
		<-ended
		return stderr.String(), c.ProcessState.ExitCode()
	}
	damage := func(manifest string) {
		text, err := os.ReadFile(manifest) // small state is in it
		if err != nil {
			t.Fatal(err)
		}
		text[len(text)/2] ^= 1
		if err := os.WriteFile(manifest, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	if text, code := run(func() bool { return len(checkpoints()) >= 2 }); code != exitInterrupted {
		t.Fatalf("exit %d\n%s", code, text)
	}
	kept := checkpoints()
	if len(kept) < 2 {
		t.Fatalf("only %d checkpoints are kept", len(kept))
	}
	newest := filepath.Dir(kept[len(kept)-1])
	damage(kept[len(kept)-1])
	text, code := run(func() bool { return !slices.Equal(checkpoints(), kept) }, "--restore", "latest")
	if code != exitInterrupted || !strings.Contains(text, newest+" is damaged") {
		t.Errorf("exit %d\n%s", code, text)
	}
	for _, m := range checkpoints() {
		damage(m)
	}
	text, code = run(nil, "--restore", "latest")
	if code != exitFailed || !strings.Contains(text, "checkpoints of job") || !strings.Contains(text, "are damaged") {
		t.Errorf("all damaged: exit %d\n%s", code, text)
	}
}
