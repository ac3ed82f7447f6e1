package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// weirCommand runs this test binary as weir, in dir.
func weirCommand(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Args = append([]string{"weir"}, args...)
	c.Dir, c.Env = dir, append(os.Environ(), "WEIR_HOME="+filepath.Join(dir, "home"), "TZ=UTC")
	return c
}

func TestExitCodes(t *testing.T) {
	const endless = `CREATE TEMPORARY TABLE t (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '100'); SELECT n FROM t`
	tests := []struct {
		name string
		args []string
		want int
	}{
		{"a good run", []string{"run", "-e", "SELECT 1"}, exitDone},
		{"help", []string{"--help"}, exitDone},
		{"a failing job", []string{"run", "-e", "SELECT 1 / n FROM (VALUES (0)) AS t(n)"}, exitFailed},
		{"a time-out", []string{"run", "-e", endless, "--timeout", "1ms"}, exitFailed},
		{"a mistake in SQL", []string{"run", "-e", "SELEC 1"}, exitUsage},
		{"a mistake in a later statement", []string{"run", "-e", "SELECT 1; SELECT nosuch"}, exitUsage},
		{"a file that isn't there", []string{"run", "nosuch.sql"}, exitUsage},
		{"an unknown flag", []string{"run", "--nosuch"}, exitUsage},
		{"an unknown command", []string{"nosuch"}, exitUsage},
		{"too many arguments", []string{"version", "1"}, exitUsage},
		{"an unknown setting", []string{"run", "-e", "SELECT 1", "--set", "a=b"}, exitUsage},
		{"check finds a mistake", []string{"check", "-e", "SELECT nosuch"}, exitUsage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := weirCommand(t, t.TempDir(), tt.args...)
			out, _ := c.CombinedOutput()
			if got := c.ProcessState.ExitCode(); got != tt.want {
				t.Errorf("exit %d, want %d\n%s", got, tt.want, out)
			}
		})
	}
}

// Ctrl-C ends a run cleanly, whatever it is doing.
func TestInterrupted(t *testing.T) {
	const tables = `CREATE TEMPORARY TABLE t (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '100');
		CREATE TEMPORARY TABLE p (n BIGINT) WITH ('connector' = 'print'); `
	for name, args := range map[string][]string{
		"a query":          {"run", "-e", tables + "SELECT n FROM t", "-o", "json"},
		"a job":            {"run", "-e", tables + "INSERT INTO p SELECT n FROM t"},
		"a job, draining":  {"run", "-e", tables + "INSERT INTO p SELECT n FROM t", "--drain"},
		"piped statements": {"sql"},
		"the generator":    {"generate", "--stream", "-", "--rate", "100", "--template", `{"n":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			c := weirCommand(t, t.TempDir(), args...)
			var stderr bytes.Buffer
			c.Stderr = &stderr
			c.Stdin = bytes.NewBufferString(tables + "SET 'sql-client.execution.result-mode' = 'changelog'; SELECT n FROM t;\n")
			stdout, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := stdout.Read(make([]byte, 1)); err != nil { // it runs
				t.Fatalf("%v\n%s", err, &stderr)
			}
			if err := c.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			for err == nil {
				_, err = stdout.Read(make([]byte, 4096))
			}
			c.Wait()
			if got := c.ProcessState.ExitCode(); got != exitInterrupted || bytes.Contains(stderr.Bytes(), []byte("weir:")) {
				t.Errorf("exit %d\n%s", got, &stderr)
			}
		})
	}
}
