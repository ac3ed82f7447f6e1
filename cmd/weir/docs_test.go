package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var rewrite = flag.Bool("rewrite", false, "write docs/cli.md anew")

// TestCLIReference holds docs/cli.md to the commands and flags there are.
func TestCLIReference(t *testing.T) {
	const path = "../../docs/cli.md"
	var b strings.Builder
	b.WriteString(`# Command line

Made from the commands themselves: ` + "`go test ./cmd/weir -run TestCLIReference -rewrite`" + `.

Results go to standard output, everything else to standard error. Exit codes: 0 done · 1 a statement or job failed · 2 wrong
usage, or a mistake in SQL before anything ran · 130 interrupted, after a clean stop. Ctrl-C takes a final checkpoint and stops; a
second one ends the process at once.

State is kept below ` + "`$WEIR_HOME`" + `, else the user's data directory (` + "`~/.local/share/weir`" + `): catalog, checkpoints, embedded streams,
history.
`)
	var describe func(c *cobra.Command)
	describe = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			if !sub.IsAvailableCommand() || sub.Name() == "help" || sub.Name() == "completion" {
				continue
			}
			text := sub.Long
			if text == "" {
				text = sub.Short + "."
			}
			fmt.Fprintf(&b, "\n## %s\n\n    %s\n\n%s\n", sub.CommandPath(), sub.UseLine(), text)
			flags := 0
			sub.LocalFlags().VisitAll(func(f *pflag.Flag) {
				if f.Hidden || f.Name == "help" {
					return
				}
				if flags++; flags == 1 {
					b.WriteString("\n| flag | |\n| --- | --- |\n")
				}
				name, usage := pflag.UnquoteUsage(f)
				label := "--" + f.Name
				if f.Shorthand != "" {
					label = "-" + f.Shorthand + ", " + label
				}
				if name != "" {
					label += " " + name
				}
				def := ""
				if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "0s" && f.DefValue != "[]" {
					def = " (default " + f.DefValue + ")"
				}
				fmt.Fprintf(&b, "| `%s` | %s%s |\n", label, strings.ReplaceAll(usage, "|", "\\|"), def)
			})
			describe(sub)
		}
	}
	describe(newRoot())
	if *rewrite {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != b.String() {
		t.Errorf("%s is not up to date; run go test ./cmd/weir -run TestCLIReference -rewrite", path)
	}
}
