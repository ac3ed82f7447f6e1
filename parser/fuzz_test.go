package parser_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
)

// corpus returns the inputs of every data-driven test, and the scripts in testdata/scripts.
func corpus(t testing.TB) []string {
	t.Helper()
	var texts []string
	add := func(pattern string, split func(string) []string) {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no files at %s (%v)", pattern, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, split(string(data))...)
		}
	}
	add("testdata/parse/*", inputs)
	add("testdata/precedence/*", inputs)
	add("testdata/errors/*", inputs)
	add("testdata/scripts/*.sql", func(s string) []string { return []string{s} })
	return texts
}

// inputs takes the inputs out of a data-driven test; expressions and types become statements.
func inputs(file string) []string {
	var texts []string
	for _, block := range strings.Split(file, "\n\n") {
		for strings.HasPrefix(block, "#") {
			_, block, _ = strings.Cut(block, "\n")
		}
		command, rest, ok := strings.Cut(block, "\n")
		input, _, found := strings.Cut(rest, "\n----")
		if !ok || !found {
			continue
		}
		switch command {
		case "expr", "tree":
			input = "SELECT " + input
		case "type":
			input = "CREATE TABLE t (a " + input + ")"
		}
		texts = append(texts, input)
	}
	return texts
}

// checkText holds what is true of every text: nothing panics, spans lie inside the text and inside each other, and what
// is printed parses to the same tree.
func checkText(t *testing.T, text string) {
	f, errs := parser.ParseFile("", text)
	source := diag.NewFile("", text)
	for _, e := range errs {
		if e.Code == "" || e.Msg == "" || e.Span.Start < 0 || e.Span.Start > e.Span.End || e.Span.End > len(text) {
			t.Fatalf("bad error %+v for %q", e, text)
		}
	}
	_ = diag.String(source, errs)
	for _, s := range f.Stmts {
		checkSpans(t, text, s)
		printed := s.String()
		again, errs := parser.ParseStmt(printed)
		if len(errs) > 0 {
			t.Fatalf("%q is printed as\n%s\nwhich does not parse:\n%s", text, printed, diag.String(diag.NewFile("", printed), errs))
		}
		if diff := diffTrees(s, again); diff != "" {
			t.Fatalf("%q is printed as\n%s\nwhich is another tree:\n%s", text, printed, diff)
		}
	}
}

func checkSpans(t *testing.T, text string, n parser.Node) {
	outer := n.Pos()
	if outer.Start > outer.End || outer.End > len(text) {
		t.Fatalf("%T has span %v in a text of %d bytes: %q", n, outer, len(text), text)
	}
	for c := range parser.Children(n) {
		inner := c.Pos()
		// Nodes that the text only implies, such as the blank of TRIM(LEADING x), have no span, and a key that is written
		// at its column names a column outside.
		_, key := n.(*parser.Constraint)
		if !inner.IsZero() && !key && (inner.Start < outer.Start || inner.End > outer.End) {
			t.Fatalf("%T at %v (%q) is not inside its parent %T at %v (%q)", c, inner, text[inner.Start:inner.End], n, outer,
				text[outer.Start:outer.End])
		}
		checkSpans(t, text, c)
	}
}

func TestCorpus(t *testing.T) {
	for _, text := range corpus(t) {
		checkText(t, text)
	}
}

// TestBrokenCorpus cuts, doubles and swaps tokens of the corpus.
func TestBrokenCorpus(t *testing.T) {
	for _, text := range corpus(t) {
		words := strings.Fields(text)
		if len(words) > 60 {
			words = words[:60]
		}
		for i := range words {
			checkText(t, strings.Join(words[:i], " "))
			checkText(t, strings.Join(append(append([]string(nil), words[:i]...), words[i+1:]...), " "))
			if i > 0 {
				swapped := append([]string(nil), words...)
				swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
				checkText(t, strings.Join(swapped, " "))
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range corpus(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkText(t, text)
		parser.Complete(text)
	})
}

// FuzzParseExpr prints and parses expressions and types as they stand alone.
func FuzzParseExpr(f *testing.F) {
	for _, text := range corpus(f) {
		if x, ok := strings.CutPrefix(text, "SELECT "); ok {
			f.Add(x)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if x, errs := parser.ParseExpr(text); errs == nil {
			again, errs := parser.ParseExpr(x.String())
			if diff := diffTrees(x, again); errs != nil || diff != "" {
				t.Fatalf("%q is printed as %q: %v%s", text, x, errs, diff)
			}
		}
		if x, errs := parser.ParseType(text); errs == nil {
			again, errs := parser.ParseType(x.String())
			if diff := diffTrees(x, again); errs != nil || diff != "" {
				t.Fatalf("%q is printed as %q: %v%s", text, x, errs, diff)
			}
		}
	})
}
