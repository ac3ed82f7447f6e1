// Package weir_test holds the tests of the repository as a whole.
package weir_test

import (
	"go/build"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/weirsql/weir/"

// rooms lists which rooms each room may import: the arrows of ARCHITECTURE.md. A package belongs to the room with the
// longest matching path.
var rooms = map[string][]string{
	"cmd/weir":         {"cli"},
	"cli":              {"engine", "monitor", "runtime/metrics", "local", "generator", "queries", "stack", "connectors", "runtime/clock", "types", "types/temporal", "udf", "diag", "parser"},
	"monitor":          {"engine", "runtime/metrics", "runtime/clock", "types"},
	"engine":           {"runtime", "runtime/metrics", "planner", "udf", "connectors", "parser", "types", "diag", "runtime/clock"},
	"runtime":          {"runtime/metrics", "planner", "udf", "connectors", "types", "diag", "runtime/clock"},
	"runtime/clock":    {},
	"runtime/metrics":  {},
	"planner":          {"udf", "connectors", "parser", "types", "diag", "runtime/clock"},
	"udf":              {"types", "diag"},
	"connectors":       {"types", "diag", "runtime/clock", "udf"},
	"parser":           {"diag"},
	"types":            {},
	"diag":             {},
	"local":            {"runtime/clock"},
	"generator":        {"diag"},
	"stack":            {"runtime/clock", "diag"},
	"queries":          {},
	"queries/examples": {"cli", "engine", "udf", "types"},
	"oracle":           {},
	"docs":             {},
	"bench":            {"cli", "engine", "monitor", "runtime", "runtime/metrics", "planner", "udf", "connectors", "parser", "types", "diag", "runtime/clock", "local", "generator", "queries"},
}

func room(path string) string {
	best := ""
	for r := range rooms {
		if (path == r || strings.HasPrefix(path, r+"/")) && len(r) > len(best) {
			best = r
		}
	}
	return best
}

// TestArrows fails when a package imports a room that its own may not know. Test files may look anywhere.
func TestArrows(t *testing.T) {
	packages := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); path != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "target" || name == "node_modules") {
			return fs.SkipDir
		}
		pkg, err := build.ImportDir(path, 0)
		if err != nil {
			return nil // no Go here
		}
		packages++
		from := room(filepath.ToSlash(path))
		if from == "" && path != "." {
			t.Errorf("%s belongs to no room; add it to rooms and to ARCHITECTURE.md", path)
		}
		for _, imp := range pkg.Imports {
			rest, ours := strings.CutPrefix(imp, module)
			if !ours {
				continue
			}
			to, allowed := room(rest), false
			for _, r := range rooms[from] {
				allowed = allowed || r == to
			}
			if to != from && !allowed {
				t.Errorf("%s imports %s: room %q may not know room %q", path, imp, from, to)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if packages < len(rooms)/2 {
		t.Fatalf("only %d packages found: the walk is broken", packages)
	}
}
