//go:build slow

package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// smallDisk mounts a file system of a few megabytes in memory on a folder, or skips the test where that is not permitted.
func smallDisk(t *testing.T, path string, megabytes int) {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", megabytes), "tmpfs", path).CombinedOutput(); err != nil {
		t.Skipf("a small file system can't be mounted here: %v: %s", err, bytes.TrimSpace(out))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", path).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
}

// fillDisk leaves no room on the file system of a folder; free gives it back.
func fillDisk(t *testing.T, dir string) (free func()) {
	t.Helper()
	path := filepath.Join(dir, "ballast")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for size := 1 << 20; size > 0; size /= 2 {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
	f.Close()
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// await polls until something is so, and fails when the process ends, or a minute passes, before.
func (p *process) await(t *testing.T, what string, so func() bool) {
	t.Helper()
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	limit := time.After(time.Minute)
	for !so() {
		select {
		case <-ticks.C:
		case err := <-p.ended:
			p.ended <- err
			t.Fatalf("weir ended before %s: %v\n%s", what, err, p.messages())
		case <-limit:
			t.Fatalf("waited in vain until %s\n%s", what, p.messages())
		}
	}
}

// interrupt ends weir as Ctrl-C does, and wants it to end as then.
func (p *process) interrupt(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		t.Fatalf("weir doesn't end at Ctrl-C\n%s", p.messages())
	}
	if code := p.ProcessState.ExitCode(); code != exitInterrupted {
		t.Fatalf("exit %d at Ctrl-C\n%s", code, p.messages())
	}
}

// A full disk below the checkpoints fails those, and says so; records flow on. When there is room again, so do checkpoints,
// and what the sink publishes then is whole.
func TestFullDiskCheckpoints(t *testing.T) {
	bin, dir := buildWeir(t), t.TempDir()
	disk := filepath.Join(dir, "disk")
	smallDisk(t, disk, 4)
	writeSQL(t, dir, `
CREATE TEMPORARY TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '2000', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '1000000000');
CREATE TEMPORARY TABLE kept (n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'json');
CREATE TEMPORARY TABLE seen (n BIGINT) WITH ('connector' = 'print');
EXECUTE STATEMENT SET BEGIN
INSERT INTO kept SELECT n FROM numbers;
INSERT INTO seen SELECT n FROM numbers;
END;
`)
	weir := startWeir(t, bin, dir, "run", "q.sql", "-v", "--parallelism", "1",
		"--set", "execution.checkpointing.interval=50 ms", "--set", "execution.checkpointing.dir="+disk)
	checkpoints := func() int {
		found, err := filepath.Glob(filepath.Join(disk, "*", "*", "chk-*", "manifest.json"))
		if err != nil {
			t.Fatal(err)
		}
		var newest int
		for _, path := range found {
			var id int
			fmt.Sscanf(filepath.Base(filepath.Dir(path)), "chk-%d", &id)
			newest = max(newest, id)
		}
		return newest
	}
	weir.await(t, "there are checkpoints", func() bool { return checkpoints() >= 2 })
	free := fillDisk(t, disk)
	weir.await(t, "it says that the disk is full", func() bool {
		return strings.Contains(weir.messages(), "no space left on device") && strings.Contains(weir.messages(), disk)
	})
	printed := weir.printed()
	weir.await(t, "rows flow on", func() bool { return weir.printed() > printed+20_000 })
	full := checkpoints()
	free()
	weir.await(t, "there are checkpoints again", func() bool { return checkpoints() > full })
	weir.interrupt(t)
	var next int64
	rows := published(t, filepath.Join(dir, "out"))
	numbers := make([]int64, len(rows))
	for i, row := range rows {
		var r struct{ N int64 }
		if err := json.Unmarshal([]byte(row), &r); err != nil {
			t.Fatal(err)
		}
		numbers[i] = r.N
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		if next++; n != next {
			t.Fatalf("found %d where %d is due, of %d rows", n, next, len(rows))
		}
	}
	if len(rows) < 2000 {
		t.Errorf("only %d rows are published", len(rows))
	}
}

// A full disk below a sink fails the job, naming the file. With room again, the run goes on from its latest checkpoint to
// the result of an undisturbed one.
func TestFullDiskSink(t *testing.T) {
	bin := buildWeir(t)
	input := filepath.Join(t.TempDir(), "events.jsonl")
	writeEvents(t, input, 1_500_000)
	calm, dir := t.TempDir(), t.TempDir()
	args := []string{"run", "q.sql", "--set", "execution.checkpointing.interval=20 ms", "--set", "restart-strategy.type=none"}
	linkedRun(t, calm, input, windowsSQL)
	runWeir(t, bin, calm, args...)
	linkedRun(t, dir, input, windowsSQL)
	out := filepath.Join(dir, "out")
	smallDisk(t, out, 2)
	weir := startWeir(t, bin, dir, args...)
	select {
	case <-weir.ended:
	case <-time.After(time.Minute):
		t.Fatalf("weir goes on with a full disk\n%s", weir.messages())
	}
	if code := weir.ProcessState.ExitCode(); code != exitFailed {
		t.Fatalf("exit %d, want %d\n%s", code, exitFailed, weir.messages())
	}
	if text := weir.messages(); !strings.Contains(text, "no space left on device") || !strings.Contains(text, "out"+string(filepath.Separator)) {
		t.Errorf("the message names no file below %s, or no full disk:\n%s", out, text)
	}
	t.Logf("it said: %s", weir.messages())
	if text, err := exec.Command("mount", "-o", "remount,size=256m", out).CombinedOutput(); err != nil {
		t.Fatalf("remount: %v: %s", err, text)
	}
	runWeir(t, bin, dir, append(args, "--restore", "latest")...)
	missing, extra := difference(published(t, out), published(t, filepath.Join(calm, "out")))
	if len(missing)+len(extra) > 0 {
		t.Errorf("%d rows are missing, such as\n%s%d are too many, such as\n%s", len(missing), firstRows(missing), len(extra), firstRows(extra))
	}
}

// A disk that is almost full has the embedded server refuse to write, with AWS's error, and read on; it writes again when there
// is room. What it had acknowledged is there, also after kill -9.
func TestFullDiskServer(t *testing.T) {
	bin, dir := buildWeir(t), t.TempDir()
	s := &server{bin: bin, dir: dir, addr: freeAddress(t), snsAddr: freeAddress(t)}
	s.endpoint = "http://" + s.addr
	disk := filepath.Join(dir, "data")
	smallDisk(t, disk, 150) // 128 MiB are held back
	s.start(t)
	runWeir(t, bin, dir, "stream", "create", "filled", "--endpoint", s.endpoint)
	random := make([]byte, 75_000) // which the server can't compress
	rand.NewChaCha8([32]byte{1}).Read(random)
	record := base64.StdEncoding.EncodeToString(random)
	put := func(number int) (failed error, messages string) {
		p := startWeir(t, bin, dir, "stream", "put", "filled", fmt.Sprintf("%d %s", number, record), "--endpoint", s.endpoint)
		select {
		case failed = <-p.ended:
		case <-s.ended:
			p.kill()
			s.ended <- nil
			failed = fmt.Errorf("the server has ended")
		case <-time.After(60 * time.Second):
			p.kill()
			failed = fmt.Errorf("no answer in 60 s")
		}
		return failed, p.messages()
	}
	acknowledged := 0
	for ; acknowledged < 1000; acknowledged++ {
		if failed, messages := put(acknowledged); failed != nil {
			if !strings.Contains(messages, "ServiceUnavailable: the disk is almost full") {
				t.Fatalf("record %d: %v: %s\n%s", acknowledged, failed, messages, s.messages())
			}
			break
		}
	}
	if acknowledged == 0 || acknowledged == 1000 {
		t.Fatalf("%d records were acknowledged", acknowledged)
	}
	there := func() (found int) {
		for line := range strings.Lines(runWeir(t, bin, dir, "stream", "tail", "filled", "--endpoint", s.endpoint)) {
			if number, _, _ := strings.Cut(line, " "); number == fmt.Sprint(found) {
				found++
			}
		}
		return found
	}
	if found := there(); found < acknowledged {
		t.Errorf("on the full disk: %d records were acknowledged, %d are there", acknowledged, found)
	}
	if text, err := exec.Command("mount", "-o", "remount,size=512m", disk).CombinedOutput(); err != nil {
		t.Fatalf("remount: %v: %s", err, text)
	}
	for limit := time.Now().Add(20 * time.Second); ; { // the server looks again when it is asked, now and then
		failed, messages := put(acknowledged)
		if failed == nil {
			acknowledged++
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("with room again: %v: %s", failed, messages)
		}
	}
	s.kill()
	s.start(t)
	if found := there(); found < acknowledged {
		t.Errorf("%d records were acknowledged, %d are there", acknowledged, found)
	}
}
