package planner

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner/catalog"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

// queryBinder binds one query and those inside it. The first error of each SELECT ends that SELECT only as far as it
// must: independent clauses are all checked.
type queryBinder struct {
	p     *Planner
	ctes  map[string]*cte
	outer *queryBinder
	depth int // of views inside views
	ttl   map[string]string
}

type cte struct {
	query   *parser.Query
	columns []*parser.Ident
	binder  *queryBinder // with the names that the CTE itself sees
}

const maxViewDepth = 64

func (q *queryBinder) findCTE(name string) *cte {
	for b := q; b != nil; b = b.outer {
		if c, ok := b.ctes[name]; ok {
			return c
		}
	}
	return nil
}

// query binds a query with its WITH, ORDER BY and LIMIT.
func (q *queryBinder) query(e *parser.Query) (node, diag.List) {
	inner := &queryBinder{p: q.p, ctes: map[string]*cte{}, outer: q, depth: q.depth, ttl: q.ttl}
	for _, c := range e.With {
		// A CTE sees those before it.
		before := &queryBinder{p: q.p, ctes: map[string]*cte{}, outer: q, depth: q.depth, ttl: q.ttl}
		for k, v := range inner.ctes {
			before.ctes[k] = v
		}
		inner.ctes[c.Name.Name] = &cte{query: c.Query, columns: c.Columns, binder: before}
	}
	if len(e.OrderBy) == 0 && e.Limit == nil && e.Offset == nil {
		return inner.body(e.Body)
	}
	return inner.ordered(e)
}

func (q *queryBinder) body(e parser.QueryBody) (node, diag.List) {
	switch e := e.(type) {
	case *parser.Select:
		return q.selectBody(e)
	case *parser.Query:
		return q.query(e)
	case *parser.Values:
		return q.values(e)
	case *parser.ExplicitTable:
		n, _, errs := q.tableRef(&parser.TableRef{Span: e.Span, Name: e.Table})
		return n, errs
	case *parser.SetOp:
		return q.setOp(e)
	}
	return nil, diag.List{unsupported(e.Pos(), "this kind of query is not supported")}
}

// ordered binds a query with ORDER BY, LIMIT or OFFSET. Bare names mean the select list's columns first, then those of
// FROM; what isn't in the list is computed beside it, sorted by, and dropped.
func (q *queryBinder) ordered(e *parser.Query) (node, diag.List) {
	n, errs := q.body(e.Body)
	if len(errs) > 0 {
		return nil, errs
	}
	s := &sortNode{count: -1}
	fields := n.fields()
	body, _ := e.Body.(*parser.Select)
	var hidden []*parser.SelectItem // over FROM
	var computed []rex.Expr         // over the select list
	var computedBy []int            // their keys
	for i, item := range e.OrderBy {
		key := physical.SortKey{Desc: item.Desc, NullsFirst: !item.Desc}
		if item.Nulls != parser.NullsUnstated {
			key.NullsFirst = item.Nulls == parser.NullsFirst
		}
		x, err := q.sortExpr(item.Expr, fields, body)
		col, isColumn := x.(*rex.Column)
		switch {
		case isColumn:
			key.Column = col.Index
		case err == nil:
			computed, computedBy = append(computed, x), append(computedBy, i)
		case err.Code == "invalid-ordinal" || body == nil || body.Distinct:
			return nil, diag.List{err}
		default:
			key.Column = len(fields) + len(hidden)
			name := &parser.Ident{Span: item.Expr.Pos(), Name: "$sort" + strconv.Itoa(len(hidden))}
			hidden = append(hidden, &parser.SelectItem{Span: item.Expr.Pos(), Expr: item.Expr, Alias: name})
		}
		s.keys = append(s.keys, key)
	}
	if err := q.limits(s, e); err != nil {
		return nil, diag.List{err}
	}
	s.input = n
	if len(hidden) > 0 {
		wider := *body
		wider.Items = slices.Concat(body.Items, hidden)
		if s.input, errs = q.body(&wider); len(errs) > 0 {
			return nil, errs
		}
	}
	if len(computed) > 0 {
		in := s.input.fields()
		var names []string
		for _, f := range in {
			names = append(names, f.Name)
		}
		for i := range computed {
			s.keys[computedBy[i]].Column = len(in) + i
			names = append(names, "$key"+strconv.Itoa(i))
		}
		s.input = project(s.input, append(columnsOf(in), computed...), names)
	}
	if len(s.input.fields()) == len(fields) {
		return s, nil
	}
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	return project(s, columnsOf(s.fields())[:len(fields)], names), nil
}

// sortExpr binds an item of ORDER BY over the select list, or says why that isn't possible; body is the SELECT, nil for
// anything else.
func (q *queryBinder) sortExpr(e parser.Expr, fields []types.Field, body *parser.Select) (rex.Expr, *diag.Error) {
	b := &exprBinder{p: q.p, scope: oneRelation(fields), clause: "ORDER BY"}
	if num, ok := e.(*parser.NumberLit); ok && num.Kind == parser.NumberInteger {
		i, err := strconv.Atoi(num.Text)
		if err != nil || i < 1 || i > len(fields) {
			return nil, diag.Errorf("invalid-ordinal", num.Span, "ORDER BY %s: the select list has %d columns", num.Text, len(fields))
		}
		return b.scope.column(i - 1), nil
	}
	ref, isRef := e.(*parser.ColumnRef)
	if isRef && len(ref.Parts) == 1 || body == nil {
		return b.bind(e)
	}
	for i, item := range body.Items {
		if _, star := item.Expr.(*parser.Star); star {
			break // what follows is at an unknown place
		}
		if item.Expr.String() == e.String() {
			return b.scope.column(i), nil
		}
	}
	if isRef {
		if !body.Distinct { // a qualified column is one of FROM, whatever the select list calls its own
			return nil, diag.Errorf("unknown-column", ref.Span, "%s is not in the select list", ref)
		}
		e = &parser.ColumnRef{Span: ref.Span, Parts: ref.Parts[len(ref.Parts)-1:]} // t.a after SELECT DISTINCT t.*
	}
	return b.bind(e)
}

// limits binds LIMIT and OFFSET.
func (q *queryBinder) limits(s *sortNode, e *parser.Query) *diag.Error {
	var err *diag.Error
	if e.Limit != nil {
		if s.count, err = q.count(e.Limit, "LIMIT"); err != nil {
			return err
		}
	}
	if e.Offset != nil {
		if s.offset, err = q.count(e.Offset, "OFFSET"); err != nil {
			return err
		}
	}
	return nil
}

func (q *queryBinder) count(e parser.Expr, clause string) (int64, *diag.Error) {
	b := &exprBinder{p: q.p, scope: &scope{}, clause: clause}
	x, err := b.bind(e)
	if err != nil {
		return 0, err
	}
	if l, ok := x.(*rex.Literal); ok {
		switch v := l.Value.(type) {
		case int32:
			if v >= 0 {
				return int64(v), nil
			}
		case int64:
			if v >= 0 {
				return v, nil
			}
		}
	}
	return 0, diag.Errorf("type-mismatch", e.Pos(), "%s takes a whole number, found %s", clause, e)
}

func (q *queryBinder) setOp(e *parser.SetOp) (node, diag.List) {
	if e.Kind != parser.Union {
		return nil, diag.List{unsupported(e.Span, "%s is not supported", e.Kind).WithHint("write it as a join")}
	}
	left, errs := q.body(e.Left)
	right, more := q.body(e.Right)
	if errs = append(errs, more...); len(errs) > 0 {
		return nil, errs
	}
	lf, rf := left.fields(), right.fields()
	if len(lf) != len(rf) {
		return nil, diag.List{diag.Errorf("column-count", e.Right.Pos(), "UNION needs the same number of columns on both sides, found %d and %d", len(lf), len(rf))}
	}
	var lx, rx []rex.Expr
	var names []string
	for i := range lf {
		t, ok := types.CommonType(lf[i].Type, rf[i].Type)
		if !ok {
			return nil, diag.List{diag.Errorf("type-mismatch", e.Right.Pos(), "UNION: column %d is %s on the left and %s on the right", i+1,
				lf[i].Type.Nullable(), rf[i].Type.Nullable()).WithHint("CAST one of them")}
		}
		lx = append(lx, q.p.coerce(&rex.Column{Index: i, Name: lf[i].Name, T: lf[i].Type}, t.WithAttr(lf[i].Type.Attr)))
		rx = append(rx, q.p.coerce(&rex.Column{Index: i, Name: rf[i].Name, T: rf[i].Type}, t.WithAttr(rf[i].Type.Attr)))
		names = append(names, lf[i].Name)
	}
	var out node = &unionNode{in: []node{project(left, lx, names), project(right, rx, names)}}
	if u, ok := left.(*unionNode); ok && e.All { // a UNION ALL b UNION ALL c is one union
		out = &unionNode{in: append(slices.Clone(u.in), project(right, rx, names))}
	}
	if !e.All {
		out = distinct(out)
	}
	return out, nil
}

// distinct is SELECT DISTINCT: a group per row.
func distinct(n node) node {
	fields := n.fields()
	agg := &aggregateNode{input: n}
	for i, f := range fields {
		f.Type.Attr = types.NoTime
		agg.keys, agg.out = append(agg.keys, i), append(agg.out, f)
	}
	return agg
}

func (q *queryBinder) values(e *parser.Values) (node, diag.List) {
	v := &valuesNode{}
	var errs diag.List
	for _, row := range e.Rows {
		b := &exprBinder{p: q.p, scope: &scope{}, clause: "VALUES"}
		var exprs []rex.Expr
		for _, item := range row.Items {
			x, err := b.bind(item)
			if err == nil {
				err = refuseMemory(x, "VALUES")
			}
			if err != nil {
				errs.Add(err)
				continue
			}
			exprs = append(exprs, x)
		}
		if len(v.rows) > 0 && len(row.Items) != len(e.Rows[0].Items) {
			errs.Add(diag.Errorf("column-count", row.Span, "every row of VALUES needs %d values, found %d", len(e.Rows[0].Items), len(row.Items)))
		}
		v.rows = append(v.rows, exprs)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	for c := range v.rows[0] {
		var all []types.Type
		var spans []diag.Span
		for r := range v.rows {
			all, spans = append(all, v.rows[r][c].Type()), append(spans, e.Rows[r].Items[c].Pos())
		}
		t, err := commonType(all, spans, e.Span)
		if err != nil {
			return nil, diag.List{err}
		}
		for r := range v.rows {
			v.rows[r][c] = q.p.coerce(v.rows[r][c], t)
		}
		v.out = append(v.out, types.Field{Name: "EXPR$" + strconv.Itoa(c), Type: t})
	}
	return v, nil
}

// from binds a FROM clause.
func (q *queryBinder) from(r parser.Relation) (node, *scope, diag.List) {
	switch r := r.(type) {
	case nil:
		return &valuesNode{rows: [][]rex.Expr{{}}}, &scope{}, nil
	case *parser.TableRef:
		return q.tableRef(r)
	case *parser.DerivedTable:
		if r.Lateral {
			return nil, nil, diag.List{unsupported(r.Span, "LATERAL subqueries are not supported")}
		}
		n, errs := q.query(r.Query)
		if len(errs) > 0 {
			return nil, nil, errs
		}
		return n, oneRelation(n.fields()), nil
	case *parser.Aliased:
		if correlates(r) {
			return q.correlateAlone(r)
		}
		return q.aliased(r)
	case *parser.Join:
		if correlates(r.Right) {
			return q.correlateJoin(r)
		}
		return q.join(r)
	case *parser.TableFunc:
		if correlates(r) {
			return q.correlateAlone(r)
		}
		return q.tableFunc(r)
	case *parser.Unnest:
		return q.correlateAlone(r)
	case *parser.MatchRecognize:
		return nil, nil, diag.List{unsupported(r.Span, "MATCH_RECOGNIZE is not supported")}
	}
	return nil, nil, diag.List{unsupported(r.Pos(), "this item of FROM is not supported")}
}

func (q *queryBinder) aliased(r *parser.Aliased) (node, *scope, diag.List) {
	n, _, errs := q.from(r.Relation)
	if len(errs) > 0 {
		return nil, nil, errs
	}
	fields := n.fields()
	if len(r.Columns) > 0 {
		if len(r.Columns) != len(fields) {
			return nil, nil, diag.List{diag.Errorf("column-count", r.Alias.Span, "%s has %d columns, the alias names %d", r.Alias.Name, len(fields), len(r.Columns))}
		}
		var names []string
		for _, c := range r.Columns {
			names = append(names, c.Name)
		}
		n = project(n, columnsOf(fields), names)
		fields = n.fields()
	}
	return n, oneRelation(fields, r.Alias.Name), nil
}

func (q *queryBinder) tableRef(r *parser.TableRef) (node, *scope, diag.List) {
	if r.AsOf != nil {
		return nil, nil, diag.List{unsupported(r.AsOf.Pos(), "FOR SYSTEM_TIME AS OF (temporal and lookup joins) is not supported")}
	}
	parts := r.Name.Strings()
	if len(parts) == 1 {
		if c := q.findCTE(parts[0]); c != nil {
			n, errs := c.binder.query(c.query)
			if len(errs) == 0 && len(c.columns) > 0 {
				n, errs = renamed(n, c.columns, r.Name.Span)
			}
			if len(errs) > 0 {
				return nil, nil, errs
			}
			return n, oneRelation(n.fields(), parts[0]), nil
		}
	}
	path := q.p.Catalog.Resolve(parts)
	o, ok := q.p.Catalog.Lookup(path, catalog.Table)
	if !ok {
		return nil, nil, diag.List{q.p.unknownTable(r.Name)}
	}
	qualifier := []string{path.Catalog, path.Database, path.Name}
	if o.Kind == catalog.View {
		n, err := q.view(o, r)
		if err != nil {
			return nil, nil, diag.List{err}
		}
		return n, oneRelation(n.fields(), qualifier...), nil
	}
	hints := map[string]string{}
	for _, h := range r.Hints {
		if strings.EqualFold(h.Name.Name, "OPTIONS") {
			for _, a := range h.Args {
				if a.Key != nil {
					hints[a.Key.Value] = a.Value.Value
				}
			}
		}
	}
	t, err := q.p.table(o, hints, r.Name.Span)
	if err != nil {
		return nil, nil, diag.List{err}
	}
	if t.spec.NewSource == nil {
		return nil, nil, diag.List{unsupported(r.Name.Span, "table %s can't be read: connector %q is a sink only", path.Name, t.spec.Name)}
	}
	return &scanNode{table: t}, oneRelation(t.fields, qualifier...), nil
}

func renamed(n node, columns []*parser.Ident, span diag.Span) (node, diag.List) {
	fields := n.fields()
	if len(columns) != len(fields) {
		return nil, diag.List{diag.Errorf("column-count", span, "the query has %d columns, %d names are given", len(fields), len(columns))}
	}
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	return project(n, columnsOf(fields), names), nil
}

func (p *Planner) unknownTable(name *parser.Name) *diag.Error {
	text := strings.Join(name.Strings(), ".")
	var known []string
	catalogName, database := p.Catalog.Current()
	for _, kind := range []catalog.Kind{catalog.Table, catalog.View} {
		for _, o := range p.Catalog.Objects(catalogName, database, kind) {
			known = append(known, o.Path.Name)
		}
	}
	err := diag.Errorf("unknown-table", name.Span, "unknown table %q", text)
	if near := diag.Suggest(text, known); near != "" {
		return err.WithHint("did you mean %q?", near)
	}
	if len(known) == 0 {
		return err.WithHint("no table has been created; CREATE TABLE comes first")
	}
	return err.WithHint("SHOW TABLES lists what there is")
}

// view expands a view. Positions inside it are of another text, so its errors are shown where it is used.
func (q *queryBinder) view(o *catalog.Object, r *parser.TableRef) (node, *diag.Error) {
	if q.depth >= maxViewDepth {
		return nil, diag.Errorf("view-depth", r.Name.Span, "view %s refers to itself, or views are nested more than %d deep", o.Path.Name, maxViewDepth)
	}
	inner := &queryBinder{p: q.p, depth: q.depth + 1}
	n, errs := inner.query(o.View.Query)
	if len(errs) == 0 && len(o.View.Columns) > 0 {
		n, errs = renamed(n, o.View.Columns, r.Name.Span)
	}
	if len(errs) > 0 {
		return nil, &diag.Error{Code: errs[0].Code, Span: r.Name.Span, Msg: fmt.Sprintf("in view %s: %s", o.Path.Name, errs[0].Msg), Hint: errs[0].Hint}
	}
	return n, nil
}

var joinKinds = map[parser.JoinKind]physical.JoinKind{
	parser.JoinComma: physical.InnerJoin, parser.JoinCross: physical.InnerJoin, parser.JoinInner: physical.InnerJoin,
	parser.JoinLeft: physical.LeftJoin, parser.JoinRight: physical.RightJoin, parser.JoinFull: physical.FullJoin,
}

func (q *queryBinder) join(r *parser.Join) (node, *scope, diag.List) {
	left, ls, errs := q.from(r.Left)
	right, rs, more := q.from(r.Right)
	if errs = append(errs, more...); len(errs) > 0 {
		return nil, nil, errs
	}
	n := &joinNode{kind: joinKinds[r.Kind], left: left, right: right}
	n.ttl = [2]string{q.hintTTL(ls), q.hintTTL(rs)}
	s := joined(ls, rs)
	s.fields = n.fields()
	names := make([]string, 0, len(r.Using))
	for _, id := range r.Using {
		names = append(names, id.Name)
	}
	if r.Natural {
		shown := rs.names()
		for _, name := range ls.names() {
			if slices.Contains(shown, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) > 0 {
		return q.joinUsing(n, ls, rs, s, names, r)
	}
	if (r.Kind == parser.JoinCross || r.Kind == parser.JoinComma) && (r.On != nil || len(r.Using) > 0 || r.Natural) {
		return nil, nil, diag.List{diag.Errorf("misplaced-condition", r.Span, "CROSS JOIN takes no condition").WithHint("write JOIN … ON")}
	}
	if r.On != nil {
		b := &exprBinder{p: q.p, scope: s, clause: "ON"}
		cond, err := b.condition(r.On)
		if err != nil {
			return nil, nil, diag.List{err}
		}
		if err := refuseWindowJoin(left, right, cond, r.Span); err != nil {
			return nil, nil, diag.List{err}
		}
		n.cond = cond
	} else if r.Kind != parser.JoinCross && r.Kind != parser.JoinComma {
		return nil, nil, diag.List{diag.Errorf("missing-condition", r.Span, "%s JOIN needs ON or USING", r.Kind)}
	}
	return n, s, nil
}

// refuseWindowJoin refuses to join windows with each other: as a regular join it would never forget a window, and would
// pair late rows that Flink drops.
func refuseWindowJoin(left, right node, cond rex.Expr, span diag.Span) *diag.Error {
	l, r := windowColumnsOf(left), windowColumnsOf(right)
	if l == nil || r == nil {
		return nil
	}
	width := len(left.fields())
	for _, c := range conjuncts(cond) {
		a, b, _, ok := equality(c, width)
		if !ok {
			continue
		}
		ac, aok := a.(*rex.Column)
		bc, bok := b.(*rex.Column)
		if aok && bok && slices.Contains(l.start, ac.Index) && slices.Contains(r.start, bc.Index-width) {
			return unsupported(span, "window joins (window_start = window_start) are not supported").
				WithHint("aggregate both sides and join the results on a value")
		}
	}
	return nil
}

// joinUsing joins on columns of the same name. Each pair becomes one more column, the side that is there, which comes
// first in * and is what the bare name means; the pair itself stays reachable by qualifier.
func (q *queryBinder) joinUsing(n *joinNode, ls, rs, s *scope, names []string, r *parser.Join) (node, *scope, diag.List) {
	offset := len(n.left.fields())
	width := offset + len(n.right.fields())
	var conds, exprs []rex.Expr
	b := &exprBinder{p: q.p, scope: s}
	hidden := map[int]bool{}
	var common relation
	for i, name := range names {
		span := r.Span
		if i < len(r.Using) {
			span = r.Using[i].Span
		}
		if slices.Contains(names[:i], name) {
			return nil, nil, diag.List{diag.Errorf("duplicate-column", span, "column %q is joined on twice", name)}
		}
		ref := &parser.ColumnRef{Span: span, Parts: []*parser.Ident{{Span: span, Name: name}}}
		x, err := ls.resolve(ref)
		if err != nil {
			return nil, nil, diag.List{err}
		}
		y, err := rs.resolve(ref)
		if err != nil {
			return nil, nil, diag.List{err}
		}
		lc, rc := x.(*rex.Column).Index, y.(*rex.Column).Index+offset
		eq, err := b.call("=", span, []rex.Expr{x, shift(y, offset)}, []diag.Span{span, span})
		if err != nil {
			return nil, nil, diag.List{err}
		}
		conds = append(conds, eq)
		hidden[lc], hidden[rc] = true, true
		left, right := s.column(lc), s.column(rc)
		t, ok := types.CommonType(left.T, right.T)
		if !ok {
			return nil, nil, diag.List{diag.Errorf("type-mismatch", span, "column %q is %s on the left and %s on the right", name, left.T.Nullable(), right.T.Nullable())}
		}
		var one rex.Expr
		switch n.kind {
		case physical.RightJoin:
			one = q.p.coerce(right, t.WithNotNull(right.T.NotNull))
		case physical.FullJoin:
			one = &rex.Coalesce{Args: []rex.Expr{q.p.coerce(left, t), q.p.coerce(right, t)}, T: t}
		default:
			one = q.p.coerce(left, t.WithNotNull(left.T.NotNull))
		}
		exprs = append(exprs, one)
		common.cols = append(common.cols, width+i)
	}
	n.cond = logic(false, conds...)
	fields := n.fields()
	exprs = append(columnsOf(fields), exprs...)
	var all []string
	for _, f := range fields {
		all = append(all, f.Name)
	}
	out := project(n, exprs, append(all, names...))
	for i, rel := range s.rels {
		shown := relation{path: rel.path, merged: slices.Clone(rel.merged)}
		for _, c := range rel.cols {
			if hidden[c] {
				shown.merged = append(shown.merged, c)
			} else {
				shown.cols = append(shown.cols, c)
			}
		}
		s.rels[i] = shown
	}
	s.rels = append([]relation{common}, s.rels...)
	s.fields = out.fields()
	return out, s, nil
}

// windowFunctions are the window table-valued functions by name.
var windowFunctions = map[string]physical.WindowKind{"TUMBLE": physical.Tumble, "HOP": physical.Hop, "CUMULATE": physical.Cumulate, "SESSION": physical.Session}

// windowFunction returns the name of the window function that r calls, or "" when it calls another.
func windowFunction(r *parser.TableFunc) string {
	name := strings.ToUpper(r.Call.Name.Last().Name)
	if _, ok := windowFunctions[name]; !ok || len(r.Call.Name.Parts) > 1 {
		return ""
	}
	return name
}

// tableFunc binds TABLE(TUMBLE(…)) and its siblings.
func (q *queryBinder) tableFunc(r *parser.TableFunc) (node, *scope, diag.List) {
	name := windowFunction(r)
	kind := windowFunctions[name]
	params := map[physical.WindowKind][]string{
		physical.Tumble:   {"DATA", "TIMECOL", "SIZE", "OFFSET"},
		physical.Hop:      {"DATA", "TIMECOL", "SLIDE", "SIZE", "OFFSET"},
		physical.Cumulate: {"DATA", "TIMECOL", "STEP", "SIZE", "OFFSET"},
		physical.Session:  {"DATA", "TIMECOL", "GAP"},
	}[kind]
	args := map[string]parser.Expr{}
	for i, a := range r.Call.Args {
		key := ""
		if n, ok := a.(*parser.NamedArg); ok {
			key, a = strings.ToUpper(n.Name.Name), n.Value
		} else if i < len(params) {
			key = params[i]
		}
		if !slices.Contains(params, key) {
			return nil, nil, diag.List{diag.Errorf("invalid-call", a.Pos(), "%s takes %s", name, strings.Join(params, ", "))}
		}
		args[key] = a
	}
	for _, p := range params {
		if args[p] == nil && p != "OFFSET" {
			return nil, nil, diag.List{diag.Errorf("invalid-call", r.Call.Span, "%s lacks its argument %s", name, p).
				WithHint("usage: TABLE(%s(TABLE t, DESCRIPTOR(rowtime), INTERVAL '10' SECOND%s))", name, map[bool]string{true: ", INTERVAL '1' MINUTE"}[len(params) == 5])}
		}
	}
	data, ok := args["DATA"].(*parser.TableArg)
	if !ok {
		return nil, nil, diag.List{diag.Errorf("invalid-call", args["DATA"].Pos(), "%s takes a table first: TABLE t", name)}
	}
	var input node
	var s *scope
	var errs diag.List
	if data.Query != nil {
		if input, errs = q.query(data.Query); len(errs) == 0 {
			s = oneRelation(input.fields())
		}
	} else {
		input, s, errs = q.tableRef(&parser.TableRef{Span: data.Span, Name: data.Table})
	}
	if len(errs) > 0 {
		return nil, nil, errs
	}
	b := &exprBinder{p: q.p, scope: s, clause: name}
	desc, ok := args["TIMECOL"].(*parser.Descriptor)
	if !ok || len(desc.Columns) != 1 {
		return nil, nil, diag.List{diag.Errorf("invalid-call", args["TIMECOL"].Pos(), "%s takes DESCRIPTOR(column) second", name)}
	}
	x, err := b.bind(&parser.ColumnRef{Span: desc.Columns[0].Span, Parts: desc.Columns[:1]})
	if err != nil {
		return nil, nil, diag.List{err}
	}
	if x.Type().Attr == types.NoTime {
		return nil, nil, diag.List{notTimeAttribute(desc.Span, name, x.Type())}
	}
	w := &windowNode{input: input, window: physical.Window{Kind: kind, Time: x.(*rex.Column).Index, Proctime: x.Type().Attr == types.Proctime,
		Local: x.Type().Kind == types.TimestampLTZ}}
	for key, to := range map[string]*int64{"SIZE": &w.window.Size, "GAP": &w.window.Size, "SLIDE": &w.window.Slide, "STEP": &w.window.Slide, "OFFSET": &w.window.Offset} {
		if args[key] == nil {
			continue
		}
		if *to, err = q.millis(b, args[key], key == "OFFSET"); err != nil {
			return nil, nil, diag.List{err}
		}
	}
	if err := checkWindow(&w.window, r.Call.Span); err != nil {
		return nil, nil, diag.List{err}
	}
	if kind == physical.Cumulate && w.window.Size%w.window.Slide != 0 {
		return nil, nil, diag.List{diag.Errorf("invalid-window", args["SIZE"].Pos(), "the size of CUMULATE must be a multiple of its step")}
	}
	for _, e := range data.PartitionBy {
		k, err := b.bind(&parser.ColumnRef{Span: e.Span, Parts: []*parser.Ident{e}})
		if err != nil {
			return nil, nil, diag.List{err}
		}
		col, ok := k.(*rex.Column)
		if !ok {
			return nil, nil, diag.List{unsupported(e.Span, "PARTITION BY of a window function takes columns")}
		}
		w.partitionBy = append(w.partitionBy, col.Index)
	}
	w.out = slices.Clone(input.fields())
	bound := types.TimestampType(3).WithNotNull(true)
	timeType := types.Type{Kind: x.Type().Kind, Precision: 3, NotNull: true, Attr: x.Type().Attr}
	if w.window.Proctime {
		timeType = types.TimestampLTZType(3).WithNotNull(true).WithAttr(types.Proctime)
	}
	for i, f := range w.out { // only window_time stays a time attribute, as in Flink
		if f.Type.Attr != types.NoTime && i != w.window.Time {
			w.out[i].Type.Attr = types.NoTime
		}
	}
	w.out = append(w.out, types.Field{Name: "window_start", Type: bound}, types.Field{Name: "window_end", Type: bound}, types.Field{Name: "window_time", Type: timeType})
	return w, oneRelation(w.out), nil
}

// checkWindow refuses what Flink's window functions refuse.
func checkWindow(w *physical.Window, span diag.Span) *diag.Error {
	step := w.Size
	if w.Kind != physical.Tumble {
		step = w.Slide
	}
	switch {
	case w.Kind == physical.Session:
	case w.Kind == physical.Hop && w.Size%w.Slide != 0:
		return diag.Errorf("invalid-window", span, "the size of HOP must be a multiple of its slide")
	case w.Offset >= step || -w.Offset >= step:
		return diag.Errorf("invalid-window", span, "the offset of %s must be shorter than %s", w.Kind, time.Duration(step)*time.Millisecond)
	}
	return nil
}

func notTimeAttribute(span diag.Span, what string, t types.Type) *diag.Error {
	return diag.Errorf("not-a-time-attribute", span, "%s needs a time attribute, found %s", what, t.Nullable()).
		WithHint("declare WATERMARK FOR the column, or use a computed column AS PROCTIME()")
}

// millis reads a window's length: a constant day-time interval.
func (q *queryBinder) millis(b *exprBinder, e parser.Expr, zero bool) (int64, *diag.Error) {
	x, err := b.bind(e)
	if err != nil {
		return 0, err
	}
	l, ok := x.(*rex.Literal)
	if !ok || l.T.Kind != types.IntervalMilli || l.Value == nil {
		return 0, diag.Errorf("invalid-window", e.Pos(), "a window's length must be a constant interval of days to seconds, found %s", x.Type().Nullable()).
			WithHint("write INTERVAL '10' SECOND")
	}
	ms := l.Value.(int64)
	if ms <= 0 && !zero {
		return 0, diag.Errorf("invalid-window", e.Pos(), "a window's length must be positive")
	}
	return ms, nil
}

// hintTTL is the STATE_TTL that the SELECT's hints give one of the relations in s.
func (q *queryBinder) hintTTL(s *scope) string {
	for _, name := range s.relationNames() {
		if ttl, ok := q.ttl[name]; ok {
			return ttl
		}
	}
	return ""
}
