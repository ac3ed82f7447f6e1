//go:build slow

package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// buildWeir builds the command as users get it.
func buildWeir(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "weir")
	if out, err := exec.Command("go", "build", "-o", path, "../cmd/weir").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// weirEnv is the environment of a weir that has its data below dir; AWS is the embedded server.
func weirEnv(dir string) []string {
	return append(os.Environ(), "WEIR_HOME="+filepath.Join(dir, "home"), "TZ=UTC",
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local")
}

// process is weir, running.
type process struct {
	*exec.Cmd
	stdout, stderr output
	ended          chan error
}

// output is what a process has written so far.
type output struct {
	mu   sync.Mutex
	text []byte
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, b...)
	return len(b), nil
}

// messages is what the process has said on standard error.
func (p *process) messages() string {
	p.stderr.mu.Lock()
	defer p.stderr.mu.Unlock()
	return string(p.stderr.text)
}

// printed is how many bytes the process has written to standard output.
func (p *process) printed() int {
	p.stdout.mu.Lock()
	defer p.stdout.mu.Unlock()
	return len(p.stdout.text)
}

// startWeir starts weir in a folder, which is where its data is, too. It is killed at the end of the test.
func startWeir(t *testing.T, bin, dir string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(bin, args...), ended: make(chan error, 1)}
	p.Dir, p.Env = dir, weirEnv(dir)
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.Wait() }()
	t.Cleanup(func() { p.Process.Kill() })
	return p
}

// kill ends the process with SIGKILL and waits until it is gone.
func (p *process) kill() {
	p.Process.Kill()
	<-p.ended
}

// runWeir runs weir to its end, which must be a good one, and returns what it printed.
func runWeir(t *testing.T, bin, dir string, args ...string) (stdout string) {
	t.Helper()
	var out, messages bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, bin, args...)
	c.Dir, c.Env = dir, weirEnv(dir)
	c.Stdout, c.Stderr = &out, &messages
	if err := c.Run(); err != nil {
		t.Fatalf("weir %s: %v\n%s", strings.Join(args, " "), err, &messages)
	}
	return out.String()
}

// published returns the rows that a filesystem sink shows in a folder, sorted.
func published(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		text, err := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			all = append(all, line)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// difference compares sorted rows as multisets.
func difference(got, want []string) (missing, extra []string) {
	for len(got) > 0 || len(want) > 0 {
		order := 0
		switch {
		case len(got) == 0:
			order = 1
		case len(want) == 0:
			order = -1
		default:
			order = cmp.Compare(got[0], want[0])
		}
		if order < 0 {
			extra = append(extra, got[0])
		}
		if order > 0 {
			missing = append(missing, want[0])
		}
		if order <= 0 {
			got = got[1:]
		}
		if order >= 0 {
			want = want[1:]
		}
	}
	return missing, extra
}

// firstRows is the first few rows, for a message.
func firstRows(rows []string) string {
	return strings.Join(rows[:min(len(rows), 3)], "")
}

// pipeline is a bounded run that is killed and restarted.
type pipeline struct {
	args []string // of weir, in each life
	// begin prepares a folder for one more run from the beginning.
	begin func(t *testing.T, dir string)
	// result returns what a finished run has written: the sorted rows that must be there, those written more than once
	// only once if the sink may repeat itself, and how many those are.
	result func(t *testing.T, dir string) (rows []string, duplicates int)
	// disturb, if not nil, is called now and then in place of a kill.
	disturb func(t *testing.T)
}

// deaths counts what a pipeline went through.
type deaths struct {
	rounds, kills, disturbances int
	restores                    int // lives that started with --restore latest
	fruitless                   int // killed before they had completed a checkpoint
	duplicates                  int
	lost, extra                 int
	took                        time.Duration
}

func (d *deaths) add(o deaths) {
	d.rounds += o.rounds
	d.kills += o.kills
	d.disturbances += o.disturbances
	d.restores += o.restores
	d.fruitless += o.fruitless
	d.duplicates += o.duplicates
	d.lost += o.lost
	d.extra += o.extra
	d.took += o.took
}

func (d *deaths) String() string {
	return fmt.Sprintf("%d kills in %d runs, %d restarts from the latest checkpoint, %d lives too short for a checkpoint, %d kills of the server, %d duplicates at an at-least-once sink, %d rows lost, %d rows too many or different, %s",
		d.kills, d.rounds, d.restores, d.fruitless, d.disturbances, d.duplicates, d.lost, d.extra, d.took.Round(time.Second))
}

// kill runs a pipeline undisturbed, then from its beginning again and again, killing it at random points and restarting
// it from its latest checkpoint until it has ended, and compares each run's result with that of the undisturbed one.
func (p *pipeline) kill(t *testing.T, bin string, rng *rand.Rand, times int) deaths {
	var d deaths
	started := time.Now()
	calm := t.TempDir()
	p.begin(t, calm)
	begun := time.Now()
	runWeir(t, bin, calm, p.args...)
	whole := time.Since(begun)
	want, _ := p.result(t, calm)
	if len(want) < 1000 {
		t.Fatalf("the undisturbed run gave only %d rows", len(want))
	}
	begun = time.Now()
	runWeir(t, bin, calm, "run", "-e", "SELECT 1")
	startup := time.Since(begun)
	t.Logf("an undisturbed run takes %s and gives %d rows; an empty one takes %s", whole.Round(time.Millisecond), len(want), startup.Round(time.Millisecond))

	for d.kills < times {
		d.rounds++
		dir := t.TempDir()
		p.begin(t, dir)
		p.round(t, bin, dir, rng, &d, startup, whole, times)
		got, duplicates := p.result(t, dir)
		d.duplicates += duplicates
		missing, extra := difference(got, want)
		if len(missing)+len(extra) > 0 {
			t.Errorf("run %d: of %d rows %d are missing, such as\n%s%d are too many, such as\n%s", d.rounds, len(want), len(missing), firstRows(missing), len(extra), firstRows(extra))
		}
		d.lost, d.extra = d.lost+len(missing), d.extra+len(extra)
		if err := os.RemoveAll(dir); err != nil { // the disk need not hold all runs
			t.Fatal(err)
		}
	}
	d.took = time.Since(started)
	return d
}

// round brings one run to its end through kills.
func (p *pipeline) round(t *testing.T, bin, dir string, rng *rand.Rand, d *deaths, startup, whole time.Duration, times int) {
	t.Helper()
	life := whole / 4 // the longest
	for attempt := 0; ; attempt++ {
		args := p.args
		if attempt > 0 {
			args = append(slices.Clone(args), "--restore", "latest")
			d.restores++
		}
		if attempt >= 20 && attempt%5 == 0 { // others keep the machine busy, and lives end before they have got anywhere
			life += life / 2
		}
		if attempt > 120 {
			t.Fatalf("run %d hasn't ended after %d kills", d.rounds, attempt)
		}
		before := newestCheckpoint(t, dir)
		weir := startWeir(t, bin, dir, args...)
		// One in four dies while it starts or restores.
		delay := time.Duration(rng.Int64N(int64(2*startup) + 1))
		if rng.IntN(4) > 0 {
			delay = 2*startup + time.Duration(rng.Int64N(int64(life)))
		}
		disturb := p.disturb != nil && rng.IntN(6) == 0
		if d.kills >= times {
			delay = 5 * time.Minute
		}
		timer := time.NewTimer(delay)
	alive:
		select {
		case err := <-weir.ended:
			timer.Stop()
			if err != nil {
				t.Fatalf("run %d, life %d: %v\n%s", d.rounds, attempt, err, weir.messages())
			}
			if rng.IntN(2) == 0 { // a finished job has nothing left to do
				runWeir(t, bin, dir, append(slices.Clone(p.args), "--restore", "latest")...)
			}
			return
		case <-timer.C:
			if d.kills >= times {
				weir.kill()
				t.Fatalf("run %d hasn't ended after %s\n%s", d.rounds, delay, weir.messages())
			}
			if disturb {
				disturb = false
				d.disturbances++
				p.disturb(t)
				timer.Reset(time.Duration(rng.Int64N(int64(life))))
				goto alive
			}
			weir.kill()
			d.kills++
			if newestCheckpoint(t, dir) == before {
				d.fruitless++
			}
		}
	}
}

// newestCheckpoint is the path of the newest checkpoint below a folder that is weir's home, or "".
func newestCheckpoint(t *testing.T, dir string) string {
	t.Helper()
	all := checkpointsIn(t, dir)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// checkpointsIn lists the folders of the complete checkpoints below a folder that is weir's home, oldest first.
func checkpointsIn(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "home", "checkpoints", "*", "*", "chk-*", "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) }) // chk-9 before chk-10
	for i, path := range found {
		found[i] = filepath.Dir(path)
	}
	return found
}
