package parser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weirsql/weir/parser"
)

// TestDepthLimit nests and chains everything that can be, far beyond any stack: the answer is an error of its own.
func TestDepthLimit(t *testing.T) {
	const n = 30_000
	nest := func(open, middle, end string, n int) string {
		return strings.Repeat(open, n) + middle + strings.Repeat(end, n)
	}
	tests := map[string]func(n int) string{
		"parentheses":        func(n int) string { return "SELECT " + nest("(", "1", ")", n) },
		"not":                func(n int) string { return "SELECT " + nest("NOT ", "a", "", n) },
		"minus":              func(n int) string { return "SELECT " + nest("- ", "a", "", n) },
		"calls":              func(n int) string { return "SELECT " + nest("f(", "1", ")", n) },
		"case":               func(n int) string { return "SELECT " + nest("CASE WHEN a THEN ", "1", " END", n) },
		"cast":               func(n int) string { return "SELECT " + nest("CAST(", "1", " AS INT)", n) },
		"array":              func(n int) string { return "SELECT " + nest("ARRAY[", "1", "]", n) },
		"index":              func(n int) string { return "SELECT a" + nest("[a", "", "]", n) },
		"indexes":            func(n int) string { return "SELECT a" + strings.Repeat("[1]", n) },
		"fields":             func(n int) string { return "SELECT f(a)" + strings.Repeat(".b", n) },
		"in":                 func(n int) string { return "SELECT " + nest("a IN (", "1", ")", n) },
		"in, chained":        func(n int) string { return "SELECT a" + strings.Repeat(" IN (1)", n) },
		"between":            func(n int) string { return "SELECT a" + strings.Repeat(" BETWEEN b AND c", n) },
		"is":                 func(n int) string { return "SELECT a" + strings.Repeat(" IS NULL", n) },
		"or":                 func(n int) string { return "SELECT a" + strings.Repeat(" OR a", n) },
		"or, in parentheses": func(n int) string { return "SELECT " + nest("(a OR ", "a", ")", n) },
		"plus in the middle": func(n int) string { return "SELECT " + nest("(1 + ", "1", " + 1)", n) },
		"scalar subqueries":  func(n int) string { return nest("SELECT (", "SELECT 1", ")", n) },
		"query parentheses":  func(n int) string { return nest("(", "SELECT 1", ")", n) },
		"union":              func(n int) string { return "SELECT 1" + strings.Repeat(" UNION SELECT 1", n) },
		"derived tables":     func(n int) string { return nest("SELECT * FROM (", "SELECT 1", ")", n) },
		"joins":              func(n int) string { return "SELECT * FROM a" + strings.Repeat(" JOIN b", n) },
		"commas":             func(n int) string { return "SELECT * FROM a" + strings.Repeat(", b", n) },
		"join parentheses":   func(n int) string { return "SELECT * FROM " + nest("(", "a", ")", n) },
		"with":               func(n int) string { return nest("WITH a AS (", "SELECT 1", ") SELECT 1", n) },
		"grouping sets":      func(n int) string { return "SELECT 1 FROM t GROUP BY " + nest("ROLLUP (", "a", ")", n) },
		"row types":          func(n int) string { return "CREATE TABLE t (a " + nest("ROW<a ", "INT", ">", n) + ")" },
		"array types":        func(n int) string { return "CREATE TABLE t (a INT" + strings.Repeat(" ARRAY", n) + ")" },
		"nullable arrays":    func(n int) string { return "CREATE TABLE t (a INT" + strings.Repeat(" NOT NULL ARRAY", n) + ")" },
		"patterns": func(n int) string {
			return "SELECT * FROM t MATCH_RECOGNIZE (PATTERN (" + nest("(", "A", ")", n) + ") DEFINE A AS TRUE)"
		},
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			_, errs := parser.ParseFile("", text(n))
			if len(errs) != 1 || errs[0].Code != "too-deep" {
				t.Errorf("%d: got %.200v, want one error of code too-deep", n, errs)
			}
			// What is within reason works, also printed and walked.
			checkText(t, text(100))
		})
	}
}

// TestLongLists checks that the limit counts depth and not length.
func TestLongLists(t *testing.T) {
	const n = 30_000
	for _, text := range []string{
		"SELECT a" + strings.Repeat(", a + 1", n),
		"SELECT f(1" + strings.Repeat(", 1", n) + ")",
		"SELECT a IN (1" + strings.Repeat(", -1", n) + ")",
		"INSERT INTO t VALUES (1, 2)" + strings.Repeat(", (1, -2)", n),
		"SELECT CASE" + strings.Repeat(" WHEN a = 1 THEN 2", n) + " END",
		strings.Repeat("SELECT 1 + 1;", n),
	} {
		if _, errs := parser.ParseFile("", text); len(errs) > 0 {
			t.Errorf("%.40s…: %v", text, errs)
		}
	}
}

// TestHighTree walks and prints the highest tree that the parser makes.
func TestHighTree(t *testing.T) {
	const n = 19_000
	text := "SELECT a" + strings.Repeat(" + a", n)
	s, errs := parser.ParseStmt(text)
	if errs != nil {
		t.Fatal(errs)
	}
	if s.String() != text {
		t.Error("printed another text")
	}
	count := 0
	parser.Inspect(s, func(parser.Node) bool { count++; return true })
	if want := 3 + n + 2*(n+1); count != want {
		t.Errorf("Inspect saw %d nodes, want %d", count, want)
	}
}

func ExampleParseFile() {
	_, errs := parser.ParseFile("q.sql", "SELECT usr FORM clicks; SELECT 1; SELECT time FROM t")
	fmt.Println(errs.Err())
	// Output:
	// expected ";" or end of input, found "clicks" [syntax]
	// expected a name, found the reserved word "time" [reserved-word]
}
