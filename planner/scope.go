package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

// scope is the set of names that an expression can refer to: the columns of an input, by relation.
type scope struct {
	fields []types.Field // the input's columns
	rels   []relation
}

// relation is a table, view or derived table in a FROM clause.
type relation struct {
	path []string // name parts that may qualify its columns: [catalog database table], or [alias]
	cols []int    // its columns among scope.fields
	// merged are columns that USING or NATURAL made one with another relation's: reachable by qualifier only. The one
	// column is of a relation without a path, before the joined ones.
	merged []int
}

// oneRelation is the scope of a single relation over all fields.
func oneRelation(fields []types.Field, path ...string) *scope {
	r := relation{path: path}
	for i := range fields {
		r.cols = append(r.cols, i)
	}
	return &scope{fields: fields, rels: []relation{r}}
}

// joined is the scope of left's columns followed by right's.
func joined(left, right *scope) *scope {
	s := &scope{fields: slices.Concat(left.fields, right.fields), rels: slices.Clone(left.rels)}
	for _, r := range right.rels {
		shifted := relation{path: r.path}
		for _, c := range r.cols {
			shifted.cols = append(shifted.cols, c+len(left.fields))
		}
		for _, c := range r.merged {
			shifted.merged = append(shifted.merged, c+len(left.fields))
		}
		s.rels = append(s.rels, shifted)
	}
	return s
}

func (s *scope) column(i int) *rex.Column {
	return &rex.Column{Index: i, Name: s.fields[i].Name, T: s.fields[i].Type}
}

// qualifies reports whether the written qualifier names r: it is a suffix of r's path.
func (r *relation) qualifies(qualifier []string) bool {
	return len(qualifier) <= len(r.path) && slices.Equal(r.path[len(r.path)-len(qualifier):], qualifier)
}

// resolve finds what a path of identifiers means: a column, or a field inside a column. The longest qualifier that
// names a relation wins, as in Calcite.
func (s *scope) resolve(c *parser.ColumnRef) (rex.Expr, *diag.Error) {
	parts := c.Strings()
	for q := len(parts) - 1; q >= 0; q-- {
		var found []int
		named := q == 0
		for i := range s.rels {
			r := &s.rels[i]
			if q > 0 && !r.qualifies(parts[:q]) {
				continue
			}
			named = true
			for _, col := range r.cols {
				if s.fields[col].Name == parts[q] {
					found = append(found, col)
				}
			}
			if q > 0 {
				for _, col := range r.merged {
					if s.fields[col].Name == parts[q] {
						found = append(found, col)
					}
				}
			}
		}
		switch {
		case len(found) > 1:
			return nil, diag.Errorf("ambiguous-column", c.Span, "column %q is ambiguous: %s", strings.Join(parts[:q+1], "."),
				"more than one table has it").WithHint("qualify it with one of: %s", strings.Join(s.relationNames(), ", "))
		case len(found) == 1:
			return s.fieldPath(s.column(found[0]), c.Parts[q+1:])
		case named && q > 0:
			return nil, s.unknownColumn(c.Parts[q], parts[:q])
		}
	}
	if len(parts) > 1 {
		err := diag.Errorf("unknown-table", c.Parts[0].Span, "unknown table or column %q", parts[0])
		if known := s.relationNames(); len(known) > 0 {
			return nil, err.WithHint("known here: %s", strings.Join(known, ", "))
		}
		return nil, err
	}
	return nil, s.unknownColumn(c.Parts[0], nil)
}

// fieldPath descends into ROW fields.
func (s *scope) fieldPath(e rex.Expr, path []*parser.Ident) (rex.Expr, *diag.Error) {
	for _, id := range path {
		var err *diag.Error
		if e, err = fieldOf(e, id); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// fieldOf is x.id.
func fieldOf(x rex.Expr, id *parser.Ident) (rex.Expr, *diag.Error) {
	t := x.Type()
	if t.Kind != types.Row {
		return nil, diag.Errorf("type-mismatch", id.Span, "%s is %s and has no field %q", x, t.Nullable(), id.Name)
	}
	var names []string
	for i, f := range t.Fields {
		if f.Name == id.Name {
			return &rex.Field{X: x, Index: i, T: f.Type.WithNotNull(f.Type.NotNull && t.NotNull)}, nil
		}
		names = append(names, f.Name)
	}
	err := diag.Errorf("unknown-column", id.Span, "row %s has no field %q", x, id.Name)
	return nil, suggest(err, id.Name, names)
}

func (s *scope) unknownColumn(id *parser.Ident, qualifier []string) *diag.Error {
	var names []string
	for _, r := range s.rels {
		if r.qualifies(qualifier) {
			for _, col := range r.cols {
				names = append(names, s.fields[col].Name)
			}
		}
	}
	where := ""
	switch {
	case len(qualifier) > 0:
		where = " in table " + strings.Join(qualifier, ".")
	case len(s.rels) == 1 && len(s.rels[0].path) > 0:
		where = " in table " + s.rels[0].path[len(s.rels[0].path)-1]
	}
	return suggest(diag.Errorf("unknown-column", id.Span, "unknown column %q%s", id.Name, where), id.Name, names)
}

// suggest adds the nearest candidate as a hint, or, when none is near and there are few, all of them.
func suggest(err *diag.Error, name string, candidates []string) *diag.Error {
	if near := diag.Suggest(name, candidates); near != "" {
		return err.WithHint("did you mean %q?", near)
	}
	if len(candidates) > 0 && len(candidates) <= 12 {
		return err.WithHint("columns: %s", strings.Join(candidates, ", "))
	}
	return err
}

func (s *scope) relationNames() []string {
	var names []string
	for _, r := range s.rels {
		if len(r.path) > 0 {
			names = append(names, r.path[len(r.path)-1])
		}
	}
	return names
}

// names are those of the columns that * stands for.
func (s *scope) names() []string {
	var names []string
	for _, r := range s.rels {
		for _, c := range r.cols {
			names = append(names, s.fields[c].Name)
		}
	}
	return names
}

// star lists the columns that * or t.* stands for.
func (s *scope) star(star *parser.Star) ([]int, *diag.Error) {
	if len(star.Qualifier) == 0 {
		var cols []int
		for _, r := range s.rels {
			cols = append(cols, r.cols...)
		}
		return cols, nil
	}
	var qualifier []string
	for _, id := range star.Qualifier {
		qualifier = append(qualifier, id.Name)
	}
	for _, r := range s.rels {
		if r.qualifies(qualifier) {
			cols := slices.Concat(r.cols, r.merged)
			slices.Sort(cols)
			return cols, nil
		}
	}
	return nil, suggest(diag.Errorf("unknown-table", star.Span, "unknown table %q", fmt.Sprint(strings.Join(qualifier, "."))),
		strings.Join(qualifier, "."), s.relationNames())
}

// rowStar lists the fields that r.* stands for where r is a column of type ROW, or a field of one. Both results are nil
// where r is no column at all.
func (s *scope) rowStar(star *parser.Star) ([]*parser.ColumnRef, *diag.Error) {
	if len(star.Qualifier) == 0 {
		return nil, nil
	}
	row, err := s.resolve(&parser.ColumnRef{Span: star.Span, Parts: star.Qualifier})
	switch {
	case err != nil && err.Code == "ambiguous-column":
		return nil, err
	case err != nil:
		return nil, nil
	case row.Type().Kind != types.Row:
		return nil, diag.Errorf("type-mismatch", star.Span, "%s is %s and has no fields", row, row.Type().Nullable())
	}
	var fields []*parser.ColumnRef
	for _, f := range row.Type().Fields {
		id := &parser.Ident{Span: star.Span, Name: f.Name}
		fields = append(fields, &parser.ColumnRef{Span: star.Span, Parts: append(slices.Clone(star.Qualifier), id)})
	}
	return fields, nil
}
