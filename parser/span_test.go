package parser_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/weirsql/weir/parser"
)

// TestSpansOfExpressions reads the text under every expression of the corpus again: it must be that expression.
func TestSpansOfExpressions(t *testing.T) {
	checked := 0
	for _, text := range corpus(t) {
		f, _ := parser.ParseFile("", text)
		for _, s := range f.Stmts {
			parser.Inspect(s, func(n parser.Node) bool {
				switch n.(type) {
				case *parser.Hint, *parser.Set, *parser.Reset, *parser.Values:
					return false // identifiers and bare text as strings, rows without parentheses
				case *parser.Default, *parser.NamedArg, *parser.Star, *parser.Symbol, *parser.TableArg:
					return true // no expressions by themselves
				}
				x, ok := n.(parser.Expr)
				if !ok || n.Pos().IsZero() {
					return true
				}
				part := text[n.Pos().Start:n.Pos().End]
				if strings.Contains(part, "NOT SUBMULTISET") {
					return true // two nodes for one operator
				}
				if call, ok := n.(*parser.FuncCall); ok && takesQuery(call) {
					return true // inside TABLE(…) a query is an input, by itself it is a value
				}
				again, errs := parser.ParseExpr(part)
				if errs != nil {
					t.Errorf("%T is at %q, which does not parse: %v", n, part, errs)
				} else if diff := diffTrees(x, again); diff != "" {
					t.Errorf("%T is at %q, which is something else: %s", n, part, again)
				}
				checked++
				return true
			})
		}
	}
	if checked < 1000 {
		t.Errorf("only %d expressions checked", checked)
	}
}

func takesQuery(call *parser.FuncCall) bool {
	for _, a := range call.Args {
		if named, ok := a.(*parser.NamedArg); ok {
			a = named.Value
		}
		if table, ok := a.(*parser.TableArg); ok && table.Query != nil {
			return true
		}
	}
	return false
}

// TestErrorCodes wants a golden for every code.
func TestErrorCodes(t *testing.T) {
	goldens := ""
	files, err := filepath.Glob("testdata/errors/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		goldens += string(data)
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{"unterminated-string": true, "unterminated-identifier": true}
	for _, file := range sources {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`diag\.Errorf\("([a-z-]*[a-z])"`).FindAllStringSubmatch(string(data), -1) {
			codes[m[1]] = true
		}
	}
	for code := range codes {
		if !strings.Contains(goldens, "["+code+"]") {
			t.Errorf("no golden shows code %s", code)
		}
	}
	if len(codes) < 8 {
		t.Errorf("only %d codes found: the pattern does not fit the code any more", len(codes))
	}
}
