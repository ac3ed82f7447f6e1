//go:build slow

package cli

import (
	"flag"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

var stopped = flag.Duration("stopped", 5*time.Second, "how long TestStopped holds weir up with SIGSTOP")

// A process that doesn't get to run for a while, as on a machine that was suspended, goes on where it was: nothing is lost,
// and the checkpoints that were not taken meanwhile are not made up for.
func TestStopped(t *testing.T) {
	bin := buildWeir(t)
	input := filepath.Join(t.TempDir(), "events.jsonl")
	writeEvents(t, input, 8_000_000)
	server := startServer(t, bin)
	fillJoin(t, bin, server.endpoint)
	for name, p := range map[string]*pipeline{
		"files": {
			args:  []string{"run", "q.sql", "--set", "execution.checkpointing.interval=50 ms"},
			begin: func(t *testing.T, dir string) { linkedRun(t, dir, input, windowsSQL) },
			result: func(t *testing.T, dir string) ([]string, int) {
				return published(t, filepath.Join(dir, "out")), 0
			},
		},
		"streams": joinPipeline(bin, server.endpoint),
	} {
		t.Run(name, func(t *testing.T) {
			calm, dir := t.TempDir(), t.TempDir()
			p.begin(t, calm)
			begun := time.Now()
			runWeir(t, bin, calm, p.args...)
			whole := time.Since(begun)
			want, _ := p.result(t, calm)

			p.begin(t, dir)
			begun = time.Now()
			weir := startWeir(t, bin, dir, p.args...)
			weir.await(t, "there is a checkpoint", func() bool { return newestCheckpoint(t, dir) != "" })
			if err := weir.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			ran := time.Since(begun)
			time.Sleep(*stopped) // it is the thing under test
			before := checkpointID(newestCheckpoint(t, dir))
			begun = time.Now()
			if err := weir.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-weir.ended:
				if err != nil {
					t.Fatalf("%v\n%s", err, weir.messages())
				}
			case <-time.After(10*whole + time.Minute):
				t.Fatalf("it doesn't end\n%s", weir.messages())
			}
			ran += time.Since(begun)
			got, _ := p.result(t, dir)
			if missing, extra := difference(got, want); len(missing)+len(extra) > 0 {
				t.Errorf("%d rows are missing, such as\n%s%d are too many, such as\n%s", len(missing), firstRows(missing), len(extra), firstRows(extra))
			}
			taken, most := checkpointID(newestCheckpoint(t, dir))-before, int(time.Since(begun)/(50*time.Millisecond))+3
			t.Logf("stopped for %s; undisturbed it runs %s, here %s and what it was stopped; %d checkpoints after it went on", *stopped, whole.Round(time.Millisecond), ran.Round(time.Millisecond), taken)
			if taken > most {
				t.Errorf("%d checkpoints in %s, one is due every 50 ms", taken, time.Since(begun))
			}
		})
	}
}

// checkpointID is the number of a checkpoint by its folder.
func checkpointID(path string) (id int) {
	fmt.Sscanf(filepath.Base(path), "chk-%d", &id)
	return id
}
