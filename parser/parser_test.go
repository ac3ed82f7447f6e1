package parser_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
)

// diffTrees describes how two trees differ, spans aside; "" when they don't.
func diffTrees(a, b parser.Node) string {
	if equal(reflect.ValueOf(a), reflect.ValueOf(b)) {
		return ""
	}
	// cmp takes time and memory that grow with the square of a tree's depth: it only explains.
	return "differs:\n" + cmp.Diff(a, b, cmp.Comparer(func(a, b diag.Span) bool { return true }))
}

func equal(a, b reflect.Value) bool {
	if a.Kind() != b.Kind() || a.IsValid() && a.Type() != b.Type() {
		return false
	}
	switch a.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return equal(a.Elem(), b.Elem())
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !equal(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		if a.Type() == reflect.TypeFor[diag.Span]() {
			return true
		}
		for i := range a.NumField() {
			if !equal(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

// read parses input in the way that command says.
func read(command, input string) ([]parser.Node, diag.List) {
	one := func(n parser.Node, errs diag.List) ([]parser.Node, diag.List) {
		if errs != nil {
			return nil, errs
		}
		return []parser.Node{n}, nil
	}
	switch command {
	case "expr", "tree":
		n, errs := parser.ParseExpr(input)
		return one(n, errs)
	case "type":
		n, errs := parser.ParseType(input)
		return one(n, errs)
	}
	f, errs := parser.ParseFile("", input)
	nodes := make([]parser.Node, len(f.Stmts))
	for i, s := range f.Stmts {
		nodes[i] = s
	}
	return nodes, errs
}

// TestParse prints what it parses, and parses what it prints: the tree must be the same.
func TestParse(t *testing.T) {
	datadriven.Walk(t, "testdata/parse", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			nodes, errs := read(d.Cmd, d.Input)
			if len(errs) > 0 {
				return short(d.Input, errs)
			}
			var b strings.Builder
			for _, n := range nodes {
				printed := n.String()
				fmt.Fprintln(&b, printed)
				again, errs := read(d.Cmd, printed)
				if len(errs) > 0 {
					d.Fatalf(t, "%s does not parse:\n%s", printed, diag.String(diag.NewFile("", printed), errs))
				}
				if diff := diffTrees(n, again[0]); diff != "" {
					d.Fatalf(t, "%s parses to another tree:\n%s", printed, diff)
				}
			}
			return b.String()
		})
	})
}

// short renders errors on one line each.
func short(input string, errs diag.List) string {
	f := diag.NewFile("", input)
	var b strings.Builder
	for _, e := range errs {
		pos := f.Position(e.Span.Start)
		fmt.Fprintf(&b, "%d:%d: error: %s\n", pos.Line, pos.Col, e.Error())
	}
	return b.String()
}

// TestPrecedence prints expressions with all their parentheses.
func TestPrecedence(t *testing.T) {
	datadriven.Walk(t, "testdata/precedence", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			x, errs := parser.ParseExpr(d.Input)
			if len(errs) > 0 {
				return short(d.Input, errs)
			}
			printed, errs := parser.ParseExpr(x.String())
			if diff := diffTrees(x, printed); errs != nil || diff != "" {
				d.Fatalf(t, "%s parses to another tree:\n%s", x, diff)
			}
			return parenthesized(x) + "\n"
		})
	})
}

// parenthesized prints e with parentheses around every operator.
func parenthesized(e parser.Expr) string {
	in := parenthesized
	not := func(not bool) string {
		if not {
			return "NOT "
		}
		return ""
	}
	switch e := e.(type) {
	case *parser.BinaryExpr:
		return fmt.Sprintf("(%s %s %s)", in(e.Left), e.Op, in(e.Right))
	case *parser.UnaryExpr:
		return fmt.Sprintf("(%s %s)", e.Op, in(e.X))
	case *parser.Is:
		return fmt.Sprintf("(%s IS %s%s)", in(e.X), not(e.Not), e.Test)
	case *parser.Between:
		symmetric := ""
		if e.Symmetric {
			symmetric = "SYMMETRIC "
		}
		return fmt.Sprintf("(%s %sBETWEEN %s%s AND %s)", in(e.X), not(e.Not), symmetric, in(e.Low), in(e.High))
	case *parser.In:
		return fmt.Sprintf("(%s %sIN %s)", in(e.X), not(e.Not), exprs(e.List))
	case *parser.Quantified:
		return fmt.Sprintf("(%s %s ANY %s)", in(e.X), e.Op, exprs(e.List))
	case *parser.Like:
		escape := ""
		if e.Escape != nil {
			escape = " ESCAPE " + in(e.Escape)
		}
		return fmt.Sprintf("(%s %s%s %s%s)", in(e.X), not(e.Not), e.Op, in(e.Pattern), escape)
	case *parser.Case:
		s := "CASE"
		for _, w := range e.Whens {
			s += " WHEN " + exprs(w.Conds) + " THEN " + in(w.Result)
		}
		return s + " ELSE " + in(e.Else) + " END"
	case *parser.Index:
		return fmt.Sprintf("(%s[%s])", in(e.X), in(e.I))
	case *parser.FieldAccess:
		return fmt.Sprintf("(%s.%s)", in(e.X), e.Field)
	}
	return e.String()
}

func exprs(list []parser.Expr) string {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = parenthesized(e)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// TestErrors renders syntax errors as a user sees them.
func TestErrors(t *testing.T) {
	datadriven.Walk(t, "testdata/errors", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			_, errs := read(d.Cmd, d.Input)
			if len(errs) == 0 {
				return "no error\n"
			}
			return diag.String(diag.NewFile("q.sql", d.Input), errs)
		})
	})
}
