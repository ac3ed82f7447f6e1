package planner

import (
	"slices"
	"strings"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// correlates reports whether an item of FROM, with an alias or without, is a table function or UNNEST: what makes rows of
// each row on its left. The window functions are not; they stand for a table of their own.
func correlates(r parser.Relation) bool {
	if a, ok := r.(*parser.Aliased); ok {
		r = a.Relation
	}
	switch r := r.(type) {
	case *parser.Unnest:
		return true
	case *parser.TableFunc:
		return windowFunction(r) == ""
	}
	return false
}

// correlateAlone binds a table function or UNNEST that has nothing on its left: it is called once.
func (q *queryBinder) correlateAlone(r parser.Relation) (node, *scope, diag.List) {
	n, s, err := q.correlate(&valuesNode{rows: [][]rex.Expr{{}}}, &scope{}, r, false)
	if err != nil {
		return nil, nil, diag.List{err}
	}
	return n, s, nil
}

// correlateJoin binds a join whose right side is a table function or UNNEST.
func (q *queryBinder) correlateJoin(r *parser.Join) (node, *scope, diag.List) {
	left, ls, errs := q.from(r.Left)
	if len(errs) > 0 {
		return nil, nil, errs
	}
	refuse := func(err *diag.Error) (node, *scope, diag.List) { return nil, nil, diag.List{err} }
	kind := joinKinds[r.Kind]
	what := "a table function"
	if _, ok := unaliased(r.Right).(*parser.Unnest); ok {
		what = "UNNEST"
	}
	switch {
	case kind != physical.InnerJoin && kind != physical.LeftJoin:
		return refuse(unsupported(r.Right.Pos(), "%s JOIN with %s is not supported", r.Kind, what).
			WithHint("it makes rows of each row on its left: CROSS JOIN or LEFT JOIN … ON TRUE"))
	case r.Natural || len(r.Using) > 0:
		return refuse(unsupported(r.Right.Pos(), "NATURAL and USING with %s are not supported", what).
			WithHint("compare the columns in WHERE"))
	case r.Kind == parser.JoinCross || r.Kind == parser.JoinComma:
		if r.On != nil {
			return refuse(diag.Errorf("misplaced-condition", r.Span, "CROSS JOIN takes no condition").WithHint("write JOIN … ON"))
		}
	case r.On == nil:
		return refuse(diag.Errorf("missing-condition", r.Span, "%s JOIN needs ON or USING", r.Kind).WithHint("write ON TRUE"))
	}
	onTrue := false
	if b, ok := r.On.(*parser.BoolLit); ok {
		onTrue = b.Value
	}
	if _, ok := unaliased(r.Right).(*parser.TableFunc); ok && kind == physical.LeftJoin && !onTrue {
		return refuse(unsupported(r.On.Pos(), "a LEFT JOIN with a table function takes no condition but TRUE, found %s", r.On).
			WithHint("write ON TRUE and put the condition into WHERE, or into a CASE of the select list"))
	}
	n, s, err := q.correlate(left, ls, r.Right, kind == physical.LeftJoin)
	if err != nil {
		return refuse(err)
	}
	if r.On != nil && !onTrue {
		b := &exprBinder{p: q.p, scope: s, clause: "ON"}
		cond, err := b.condition(r.On)
		if err != nil {
			return refuse(err)
		}
		switch {
		case kind == physical.InnerJoin:
			return &filterNode{input: n, cond: cond}, s, nil
		case statefulCall(cond) != nil:
			return refuse(unsupported(r.On.Pos(), "%s keeps state and can't stand in the condition of a LEFT JOIN with UNNEST", statefulCall(cond).Spec.Title()).
				WithHint("compute it in a subquery on the left"))
		}
		n.cond = cond
	}
	return n, s, nil
}

func unaliased(r parser.Relation) parser.Relation {
	if a, ok := r.(*parser.Aliased); ok {
		return a.Relation
	}
	return r
}

// correlate binds a table function or UNNEST over the rows of left; outer: rows of which it makes none stay.
func (q *queryBinder) correlate(left node, ls *scope, r parser.Relation, outer bool) (*correlateNode, *scope, *diag.Error) {
	var call *rex.TableCall
	var err *diag.Error
	alias, _ := r.(*parser.Aliased)
	switch r := unaliased(r).(type) {
	case *parser.Unnest:
		call, err = q.unnest(ls, r)
	case *parser.TableFunc:
		call, err = q.tableCall(ls, r)
	}
	if err != nil {
		return nil, nil, err
	}
	n := &correlateNode{input: left, call: call, left: outer, keep: indexes(0, len(left.fields())), columns: indexes(0, len(call.Fn.Columns))}
	n.names, err = correlateNames(call, alias, r)
	if err != nil {
		return nil, nil, err
	}
	// A function with memory needs an operator that keeps it.
	var stateful []rex.Expr
	for _, a := range call.Args {
		if statefulCall(a) != nil {
			stateful = append(stateful, a)
		}
	}
	if len(stateful) > 0 {
		width := len(left.fields())
		n.input = withColumns(left, stateful)
		moved := *call
		moved.Args = slices.Clone(call.Args)
		for i, a := range moved.Args {
			if k := slices.Index(stateful, a); k >= 0 {
				moved.Args[i] = &rex.Column{Index: width + k, Name: a.String(), T: a.Type()}
			}
		}
		n.call = &moved
	}
	fields := n.fields()
	right := oneRelation(fields[len(n.keep):])
	if alias != nil {
		right.rels[0].path = []string{alias.Alias.Name}
	}
	return n, joined(ls, right), nil
}

// correlateNames are the names of the columns that a table function makes: its own, or those of the alias. The only
// column of an UNNEST takes the name of the alias itself, as in Calcite.
func correlateNames(call *rex.TableCall, alias *parser.Aliased, r parser.Relation) ([]string, *diag.Error) {
	names := types.NewSchema(call.Fn.Columns...).Names()
	if alias == nil {
		return names, nil
	}
	if len(alias.Columns) == 0 {
		if _, ok := unaliased(r).(*parser.Unnest); ok && len(names) == 1 {
			names[0] = alias.Alias.Name
		}
		return names, nil
	}
	if len(alias.Columns) != len(names) {
		return nil, diag.Errorf("column-count", alias.Alias.Span, "%s has %s (%s), the alias names %d", alias.Alias.Name,
			columnsText(len(names)), strings.Join(names, ", "), len(alias.Columns))
	}
	for i, c := range alias.Columns {
		names[i] = c.Name
		if slices.Contains(names[:i], c.Name) {
			return nil, diag.Errorf("duplicate-column", c.Span, "the alias names column %q twice", c.Name)
		}
	}
	return names, nil
}

// unnest binds UNNEST(x) as a call of the function behind it. It sees the columns on its left without LATERAL.
func (q *queryBinder) unnest(s *scope, r *parser.Unnest) (*rex.TableCall, *diag.Error) {
	if len(r.Exprs) != 1 {
		return nil, unsupported(r.Span, "UNNEST of %d values is not supported", len(r.Exprs)).WithHint("it takes one array, multiset or map")
	}
	if sub, ok := r.Exprs[0].(*parser.Subquery); ok {
		return nil, unsupported(sub.Span, "UNNEST of a query is not supported").WithHint("FROM (%s) AS t, UNNEST(t.…)", sub.Query)
	}
	name := "$UNNEST_ROWS"
	if r.Ordinality {
		name = "$UNNEST_ROWS_WITH_ORDINALITY"
	}
	spec, ok := q.p.Functions.Lookup(name)
	if !ok {
		return nil, unsupported(r.Span, "UNNEST is not supported")
	}
	b := &exprBinder{p: q.p, scope: s, clause: "UNNEST"}
	x, err := b.bind(r.Exprs[0])
	if err != nil {
		return nil, err
	}
	return q.p.tableFunction(spec, "UNNEST", r.Span, []rex.Expr{x}, nil, []diag.Span{r.Exprs[0].Pos()})
}

// tableCall binds the call in TABLE(f(…)).
func (q *queryBinder) tableCall(s *scope, r *parser.TableFunc) (*rex.TableCall, *diag.Error) {
	e := r.Call
	name := strings.Join(e.Name.Strings(), ".")
	spec, err := q.p.function(e.Name)
	if err != nil {
		return nil, err
	}
	if spec.Table == nil {
		what := "a scalar"
		if spec.Aggregate != nil {
			what = "an aggregate"
		}
		return nil, diag.Errorf("not-a-table-function", e.Name.Span, "TABLE(…) takes a table function; %s is %s function", spec.Name, what).
			WithHint("call it in the select list")
	}
	if e.Distinct || e.Filter != nil || e.WithinGroup != nil || e.Over != nil {
		return nil, diag.Errorf("not-an-aggregate", e.Span, "DISTINCT, FILTER, WITHIN GROUP and OVER need an aggregate function; %s is not one", spec.Name)
	}
	b := &exprBinder{p: q.p, scope: s, clause: "TABLE(" + spec.Name + "(…))"}
	if !r.Lateral {
		b.scope = &scope{}
	}
	args, names, spans, err := b.callArgs(spec, e.Span, e.Args)
	if err != nil {
		if !r.Lateral && len(s.rels) > 0 {
			b.scope = s
			if _, _, _, without := b.callArgs(spec, e.Span, e.Args); without == nil {
				return nil, err.WithHint("write LATERAL TABLE(…) to use the columns of what stands on its left")
			}
		}
		return nil, err
	}
	return q.p.tableFunction(spec, name, e.Span, args, names, spans)
}

// tableFunction binds a call of spec and converts the arguments to what it asks for.
func (p *Planner) tableFunction(spec *udf.Spec, written string, span diag.Span, args []rex.Expr, names []string, spans []diag.Span) (*rex.TableCall, *diag.Error) {
	fn, err := spec.Table(udfCall(written, args, names, false))
	if err != nil {
		return nil, callError(spec, err, span, spans)
	}
	converted, derr := p.arguments(spec, args, fn.Args, spans)
	if derr != nil {
		return nil, derr
	}
	return &rex.TableCall{Spec: spec, Fn: fn, Args: converted, Names: names, Span: span}, nil
}
