package parser_test

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/weirsql/weir/parser"
)

var nodeType = reflect.TypeFor[parser.Node]()

// nodesIn collects the nodes in the fields of a struct, by reflection: what Children must yield.
func nodesIn(n parser.Node) []parser.Node {
	var list []parser.Node
	v := reflect.ValueOf(n).Elem()
	for i := range v.NumField() {
		field := v.Field(i)
		elems := []reflect.Value{field}
		if field.Kind() == reflect.Slice {
			elems = elems[:0]
			for j := range field.Len() {
				elems = append(elems, field.Index(j))
			}
		}
		for _, e := range elems {
			if e.Type().Implements(nodeType) && !e.IsNil() {
				list = append(list, e.Interface().(parser.Node))
			}
		}
	}
	return list
}

// TestChildren compares Children with the fields of every node of the corpus, and wants every type of node to be there.
func TestChildren(t *testing.T) {
	seen := make(map[string]bool)
	for _, text := range corpus(t) {
		f, _ := parser.ParseFile("", text)
		for _, s := range f.Stmts {
			parser.Inspect(s, func(n parser.Node) bool {
				name := strings.TrimPrefix(reflect.TypeOf(n).String(), "*parser.")
				seen[name] = true
				want := make(map[parser.Node]bool)
				for _, c := range nodesIn(n) {
					want[c] = true
				}
				for c := range parser.Children(n) {
					if !want[c] {
						t.Errorf("%s: %T is yielded twice or is not a field: %s", name, c, c)
					}
					delete(want, c)
				}
				for c := range want {
					t.Errorf("%s: the %T is not yielded: %s", name, c, c)
				}
				return true
			})
		}
	}
	for _, name := range nodeNames(t) {
		if !seen[name] {
			t.Errorf("no text of the corpus has a node of type %s", name)
		}
	}
}

func TestChildrenStops(t *testing.T) {
	x, errs := parser.ParseExpr("f(a, b, c)")
	if errs != nil {
		t.Fatal(errs)
	}
	count := 0
	for range parser.Children(x) {
		if count++; count == 2 {
			break
		}
	}
	if count != 2 {
		t.Errorf("saw %d children, want 2", count)
	}
}

func TestRewrite(t *testing.T) {
	for _, text := range corpus(t) {
		f, _ := parser.ParseFile("", text)
		for _, s := range f.Stmts {
			if got := parser.Rewrite(s, func(n parser.Node) parser.Node { return n }); got != s {
				t.Errorf("%s: a copy was made though nothing changed", s)
			}
			before := s.String()
			upper := parser.Rewrite(s, func(n parser.Node) parser.Node {
				if id, ok := n.(*parser.Ident); ok {
					return &parser.Ident{Span: id.Span, Name: id.Name + "_x"}
				}
				return n
			})
			if s.String() != before {
				t.Errorf("Rewrite changed its argument: %s became %s", before, s)
			}
			idents := 0
			parser.Inspect(upper, func(n parser.Node) bool {
				if id, ok := n.(*parser.Ident); ok {
					idents++
					if !strings.HasSuffix(id.Name, "_x") {
						t.Errorf("%s: %s was not replaced", before, id)
					}
				}
				return true
			})
			if idents > 0 && upper == s {
				t.Errorf("%s: nothing was replaced", before)
			}
		}
	}
}

func ExampleRewrite() {
	x, _ := parser.ParseExpr("a + b * 2")
	doubled := parser.Rewrite(x, func(n parser.Node) parser.Node {
		if c, ok := n.(*parser.ColumnRef); ok {
			return &parser.BinaryExpr{Op: parser.OpAdd, Left: c, Right: c}
		}
		return n
	})
	fmt.Println(doubled)
	// Output: a + a + (b + b) * 2
}

// nodeNames reads the types of nodes out of the code.
func nodeNames(t *testing.T) []string {
	code, err := os.ReadFile("ast_methods.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range regexp.MustCompile(`func \(\*(\w+)\) node\(\)`).FindAllStringSubmatch(string(code), -1) {
		names = append(names, m[1])
	}
	if len(names) < 80 {
		t.Fatalf("only %d types of nodes found: the pattern does not fit the code any more", len(names))
	}
	return names
}
