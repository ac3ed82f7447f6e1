package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exampleCommand is how an example says that it is run.
var exampleCommand = regexp.MustCompile(`(?m)^--   (weir .*)$`)

// TestExamples runs queries/examples as a reader would, by the commands at their beginnings, and compares what the last one
// prints with what stands at their ends: the same lines, in any order, since the rows of a changing result have none.
func TestExamples(t *testing.T) {
	const root, gives = "..", "\n-- Gives:\n"
	queries, err := filepath.Abs(filepath.Join(root, "queries"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "queries", "examples", "*.sql"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			commands := exampleCommand.FindAllStringSubmatch(string(text), -1)
			if len(commands) == 0 {
				t.Fatal("it doesn't say how it is run")
			}
			dir := t.TempDir() // where a reader has the repository, and may write
			if err := os.Symlink(queries, filepath.Join(dir, "queries")); err != nil {
				t.Fatal(err)
			}
			var out []byte
			for _, line := range commands {
				if out, err = weirCommand(t, dir, strings.Fields(line[1])[1:]...).Output(); err != nil {
					t.Fatalf("%s: %v\n%s", line[1], err, out)
				}
			}
			var got strings.Builder
			for line := range strings.Lines(string(out)) {
				got.WriteString("-- " + line)
			}
			sql, want, _ := strings.Cut(string(text), gives)
			if sorted(want) == sorted(got.String()) {
				return
			}
			if !*rewriteDocs {
				t.Fatalf("go test ./cli -run Examples -rewrite\nhave\n%swant\n%s", &got, want)
			}
			if err := os.WriteFile(file, []byte(strings.TrimRight(sql, "\n")+"\n"+gives+got.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func sorted(text string) string {
	lines := slices.Collect(strings.Lines(text))
	slices.Sort(lines)
	return strings.Join(lines, "")
}
