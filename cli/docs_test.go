package cli

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var rewriteDocs = flag.Bool("rewrite", false, "write the derived parts of docs/cli.md")

// TestReference derives the commands and their flags in docs/cli.md, and finds commands that the page doesn't have.
func TestReference(t *testing.T) {
	const page = "../docs/cli.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			if sub.Name() == "help" || sub.Name() == "completion" {
				continue
			}
			parts[sub.CommandPath()] = commandText(sub)
			walk(sub)
		}
	}
	walk(newRoot())
	var found []string
	want := regexp.MustCompile(`(?s)<!-- derived: ([a-z ]+) -->\n.*?<!-- end -->`).ReplaceAllStringFunc(string(text), func(part string) string {
		name := strings.TrimSuffix(strings.TrimPrefix(strings.SplitN(part, "\n", 2)[0], "<!-- derived: "), " -->")
		found = append(found, name)
		return "<!-- derived: " + name + " -->\n" + parts[name] + "<!-- end -->"
	})
	for name := range parts {
		if !slices.Contains(found, name) {
			t.Errorf("docs/cli.md has no part <!-- derived: %s -->", name)
		}
	}
	if want == string(text) {
		return
	}
	if !*rewriteDocs {
		t.Fatal("docs/cli.md is out of date; go test ./cli -run Reference -rewrite")
	}
	if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func commandText(c *cobra.Command) string {
	var b strings.Builder
	own := false // a command of several that has flags runs by itself, too; others only list theirs
	c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) { own = own || f.Name != "help" })
	if c.Runnable() && (!c.HasSubCommands() || own && c.HasParent()) {
		use := c.CommandPath() + strings.TrimPrefix(c.Use, c.Name())
		fmt.Fprintf(&b, "```\n%s [flags]\n```\n\n", use)
	}
	about := c.Long
	if about == "" {
		about = c.Short + "."
	}
	b.WriteString(about + "\n")
	first := true
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		if first {
			b.WriteString("\n| flag | | default |\n| --- | --- | --- |\n")
			first = false
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := "`--" + f.Name
		if kind != "" {
			if f.NoOptDefVal != "" && kind != "bool" {
				name += "[=" + strings.ToUpper(kind) + "]"
			} else {
				name += " " + strings.ToUpper(kind)
			}
		}
		name += "`"
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		fallback := ""
		if d := f.DefValue; d != "" && d != "[]" && d != "false" && d != "0" && d != "0s" {
			fallback = "`" + d + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, strings.ReplaceAll(usage, "|", `\|`), fallback)
	})
	return b.String()
}
