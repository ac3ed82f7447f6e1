package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/weirsql/weir/udf"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"weir": func() { Main() },
		"mine": func() { Main(mine...) }, // a weir with functions of its own
		"taken": func() {
			Main(udf.Scalar("upper", strings.ToUpper), udf.Table("ROWS_OF", func(string, func([]int)) error { return nil }))
		},
	})
}

var mine = []udf.Spec{
	udf.Scalar("LAST_CHARS", func(s string) string { return s[len(s)-3:] }, udf.Params("text"), udf.Summary("The last three bytes of a text.")),
	udf.Partial("HEX_VALUE", func(s string) (int64, error) { return strconv.ParseInt(s, 16, 64) }),
}

// goCache is where the Go toolchain keeps what it has compiled.
var goCache = func() string {
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}()

// Every script is a session at a shell: what a user types, and what comes back.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("WEIR_HOME", e.Getenv("WORK")+"/home")
			e.Setenv("TZ", "UTC")
			bin, _, _ := strings.Cut(e.Getenv("PATH"), string(filepath.ListSeparator))
			e.Setenv("BIN", bin)         // where weir is, and nothing else
			e.Setenv("GOCACHE", goCache) // scripts have a home of their own, and functions in Go are compiled
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"await": await,
			"repo":  repo,
		},
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
	})
}

// repo PATH FILE copies a file of the repository.
func repo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: repo PATH FILE")
	}
	content, err := os.ReadFile(filepath.Join("..", args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), content, 0o666))
}

// await PATTERN waits until a file exists that another process makes.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await PATTERN")
	}
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	limit := time.After(20 * time.Second)
	for {
		if found, err := filepath.Glob(ts.MkAbs(args[0])); err != nil || len(found) > 0 {
			ts.Check(err)
			return
		}
		select {
		case <-ticks.C:
		case <-limit:
			ts.Fatalf("%s does not appear", args[0])
		}
	}
}
