package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestExamples runs queries/examples as a reader would, and compares what they print with what stands at their ends: the
// same lines, in any order, since the rows of a changing result have none.
func TestExamples(t *testing.T) {
	const root, gives = "..", "\n-- Gives:\n"
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
			name, err := filepath.Rel(root, file)
			if err != nil {
				t.Fatal(err)
			}
			c := weirCommand(t, root, "run", name)
			c.Env = append(c.Env, "WEIR_HOME="+t.TempDir())
			out, err := c.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
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
