package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/udf"
)

// describeFunction answers DESCRIBE FUNCTION with the rows of Flink 2.0, which has the statement first; what weir knows
// beside them follows with EXTENDED.
func (s *Session) describeFunction(stmt *parser.Describe) (*Result, diag.List, error) {
	info, err := s.planner.DescribeFunction(stmt.Name)
	if err != nil {
		return nil, diag.List{err}, nil
	}
	spec := info.Spec
	t := &Table{Columns: []string{"info name", "info value"}}
	row := func(name string, value any) { t.Rows = append(t.Rows, []string{name, fmt.Sprint(value)}) }
	row("system function", info.System)
	row("temporary", info.Temporary)
	if c := info.Created; c != nil {
		language := "JAVA"
		if c.Language != nil {
			language = c.Language.Name
		}
		row("class name", c.Class.Value)
		row("function language", language)
		row("resource uris", "[]")
	}
	if stmt.Extended {
		row("kind", kindOf(spec))
		row("requirements", "[]")
		row("is deterministic", !spec.NonDeterministic)
		row("supports constant folding", spec.Scalar != nil && !spec.NonDeterministic)
		row("signature", signatureOf(spec, info.Found.Signature))
		if info.Found.Hash != "" {
			row("hash", info.Found.Hash)
		}
		if spec.Family != "" {
			row("family", spec.Family)
		}
	}
	if len(spec.Usage) > 0 {
		row("usage", strings.Join(spec.Usage, "; "))
	}
	if spec.Summary != "" {
		row("summary", spec.Summary)
	}
	for _, e := range spec.Examples {
		row("example", e.SQL+" → "+e.Result)
	}
	return &Result{Table: t}, nil, nil
}

func kindOf(spec *udf.Spec) string {
	switch {
	case spec.Aggregate != nil:
		return "AGGREGATE"
	case spec.Table != nil:
		return "TABLE"
	}
	return "SCALAR"
}

func signatureOf(spec *udf.Spec, known string) string {
	if known != "" {
		return known
	}
	return strings.Join(spec.Usage, "; ")
}

// FunctionNames lists the functions that a call can name without a path, for completion.
func (s *Session) FunctionNames() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	catalogName, database := s.planner.Catalog.Current()
	return s.functionNames(catalogName, database, true)
}

// functionNames lists the names that calls without a path can use: in a database, and with the built-in ones or without.
func (s *Session) functionNames(catalogName, database string, builtin bool) []string {
	var names []string
	if builtin {
		names = s.planner.Functions.Names()
	}
	for _, o := range s.planner.Catalog.Functions(catalogName, database) {
		names = append(names, strings.ToLower(o.Path.Name))
	}
	slices.Sort(names)
	return slices.Compact(names)
}
