package planner

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

// selectBody binds SELECT … FROM … WHERE … GROUP BY … HAVING.
func (q *queryBinder) selectBody(e *parser.Select) (node, diag.List) {
	q = q.withHints(e.Hints)
	if e.Qualify != nil {
		return nil, diag.List{unsupported(e.Qualify.Pos(), "QUALIFY is not supported")}
	}
	n, s, errs := q.from(e.From)
	if len(errs) > 0 {
		return nil, errs
	}
	if e.Where != nil {
		n, errs = q.where(n, s, e.Where)
	}
	var out node
	var more diag.List
	if e.GroupBy != nil || e.Having != nil || q.hasAggregate(e) {
		out, more = q.aggregated(n, s, e)
	} else {
		out, more = q.plain(n, s, e)
	}
	if errs = append(errs, more...); len(errs) > 0 {
		return nil, errs
	}
	if e.Distinct {
		out = distinct(out)
	}
	return out, nil
}

// withHints notes the STATE_TTL hints of a SELECT: alias → duration.
func (q *queryBinder) withHints(hints []*parser.Hint) *queryBinder {
	ttl := map[string]string{}
	for _, h := range hints {
		if strings.EqualFold(h.Name.Name, "STATE_TTL") {
			for _, a := range h.Args {
				if a.Key != nil {
					if _, given := ttl[a.Key.Value]; !given { // the first hint wins, as in Flink
						ttl[a.Key.Value] = a.Value.Value
					}
				}
			}
		}
	}
	if len(ttl) == 0 {
		return q
	}
	return &queryBinder{p: q.p, outer: q, depth: q.depth, ttl: ttl}
}

// where adds a filter, and semi and anti joins for the conditions that are subqueries.
func (q *queryBinder) where(n node, s *scope, e parser.Expr) (node, diag.List) {
	var errs diag.List
	b := &exprBinder{p: q.p, scope: s, clause: "WHERE"}
	var conds []rex.Expr
	for _, c := range astConjuncts(e) {
		if sub, not := subqueryCondition(c); sub != nil {
			joined, err := q.semiJoin(n, s, sub, not)
			if err != nil {
				errs = append(errs, err...)
				continue
			}
			n = joined
			continue
		}
		x, err := b.condition(c)
		if err != nil {
			errs.Add(err)
			continue
		}
		conds = append(conds, x)
	}
	if len(conds) == 0 || len(errs) > 0 {
		return n, errs
	}
	return &filterNode{input: n, cond: logic(false, conds...)}, nil
}

func astConjuncts(e parser.Expr) []parser.Expr {
	if b, ok := e.(*parser.BinaryExpr); ok && b.Op == parser.OpAnd {
		return append(astConjuncts(b.Left), astConjuncts(b.Right)...)
	}
	return []parser.Expr{e}
}

// subqueryCondition recognizes [NOT] EXISTS (query) and x [NOT] IN (query).
func subqueryCondition(e parser.Expr) (sub parser.Expr, not bool) {
	for {
		switch x := e.(type) {
		case *parser.UnaryExpr:
			if x.Op != parser.OpNot {
				return nil, false
			}
			not, e = !not, x.X
		case *parser.Exists:
			return x, not
		case *parser.In:
			if x.Query == nil {
				return nil, false
			}
			return x, not != x.Not
		default:
			return nil, false
		}
	}
}

// semiJoin keeps the rows of n for which a subquery has (or with not: has no) match. The subquery may refer to n's
// columns in its WHERE.
func (q *queryBinder) semiJoin(n node, s *scope, sub parser.Expr, not bool) (node, diag.List) {
	j := &joinNode{kind: physical.SemiJoin, left: n}
	if not {
		j.kind = physical.AntiJoin
	}
	var query *parser.Query
	in, isIn := sub.(*parser.In)
	if isIn {
		query = in.Query
	} else {
		query = sub.(*parser.Exists).Query
	}
	offset := len(n.fields())
	inner, simple := query.Body.(*parser.Select)
	simple = simple && len(query.With) == 0 && query.Limit == nil && inner.GroupBy == nil && inner.Having == nil && !inner.Distinct && !q.hasAggregate(inner)
	var conds []rex.Expr
	var right *scope
	var both *exprBinder // over the outer columns, then the subquery's
	if simple {
		var errs diag.List
		if j.right, right, errs = q.from(inner.From); len(errs) > 0 {
			return nil, errs
		}
		both = &exprBinder{p: q.p, scope: &scope{}, clause: "WHERE"}
		both.before = func(e parser.Expr) (rex.Expr, *diag.Error) {
			ref, ok := e.(*parser.ColumnRef)
			if !ok {
				return nil, nil
			}
			x, err := right.resolve(ref)
			if err == nil {
				return shift(x, offset), nil
			}
			if y, outerErr := s.resolve(ref); outerErr == nil {
				return y, nil
			}
			return nil, err
		}
		if inner.Where != nil {
			for _, c := range astConjuncts(inner.Where) {
				if nested, not := subqueryCondition(c); nested != nil { // it sees the columns of this subquery only
					if j.right, errs = q.semiJoin(j.right, right, nested, not); len(errs) > 0 {
						return nil, errs
					}
					continue
				}
				cond, err := both.condition(c)
				if err != nil {
					return nil, diag.List{err}
				}
				conds = append(conds, cond)
			}
		}
		if !isIn { // what EXISTS selects doesn't matter, but must exist
			for _, item := range inner.Items {
				if star, ok := item.Expr.(*parser.Star); ok {
					if _, err := right.star(star); err != nil {
						return nil, diag.List{err}
					}
				} else if _, err := both.bind(item.Expr); err != nil {
					return nil, diag.List{err}
				}
			}
		}
	} else {
		var errs diag.List
		if j.right, errs = q.query(query); len(errs) > 0 {
			return nil, errs
		}
	}
	if isIn {
		var ys []rex.Expr
		if simple {
			both.clause = "IN"
			var errs diag.List
			if ys, _, errs = q.items(both, right, inner.Items); len(errs) > 0 {
				return nil, errs
			}
		} else {
			for _, c := range columnsOf(j.right.fields()) {
				ys = append(ys, shift(c, offset))
			}
		}
		xs := []parser.Expr{in.X}
		if row, ok := in.X.(*parser.RowExpr); ok && len(ys) != 1 {
			xs = row.Items
		}
		if len(xs) != len(ys) {
			return nil, diag.List{diag.Errorf("column-count", query.Span, "IN takes a query with %s, found %d", columnsText(len(xs)), len(ys))}
		}
		b := &exprBinder{p: q.p, scope: s, clause: "IN"}
		spans := []diag.Span{in.X.Pos(), query.Span}
		var all []rex.Expr
		for i := range xs {
			x, err := b.bind(xs[i])
			if err != nil {
				return nil, diag.List{err}
			}
			eq, err := b.call("=", in.Span, []rex.Expr{x, ys[i]}, spans)
			if err != nil {
				return nil, diag.List{err}
			}
			all = append(all, eq)
		}
		eq := logic(false, all...)
		if not && !eq.Type().NotNull {
			// x NOT IN (…) is not TRUE as soon as a comparison is unknown.
			var err *diag.Error
			if eq, err = b.call("IS NOT FALSE", in.Span, []rex.Expr{eq}, spans[:1]); err != nil {
				return nil, diag.List{err}
			}
		}
		conds = append(conds, eq)
	}
	if len(conds) > 0 {
		j.cond = logic(false, conds...)
		if err := refuseWindowJoin(j.left, j.right, j.cond, sub.Pos()); err != nil {
			return nil, diag.List{err}
		}
	}
	return j, nil
}

func columnsText(n int) string {
	if n == 1 {
		return "one column"
	}
	return strconv.Itoa(n) + " columns"
}

// plain binds a select list without aggregates.
func (q *queryBinder) plain(n node, s *scope, e *parser.Select) (node, diag.List) {
	b := &exprBinder{p: q.p, scope: s, clause: "a select list"}
	over, err := q.newOverBinder(&exprBinder{p: q.p, scope: s, clause: "an OVER window"}, e)
	if err != nil {
		return nil, diag.List{err}
	}
	b.over = over
	exprs, names, errs := q.items(b, s, e.Items)
	if len(errs) > 0 {
		return nil, errs
	}
	n = over.node(n, func(x rex.Expr) rex.Expr { return x })
	for i := range exprs {
		exprs[i] = over.finish(exprs[i])
	}
	return project(n, exprs, names), nil
}

// items binds a select list; s is what * stands for.
func (q *queryBinder) items(b *exprBinder, s *scope, items []*parser.SelectItem) (exprs []rex.Expr, names []string, errs diag.List) {
	for _, item := range items {
		if star, ok := item.Expr.(*parser.Star); ok {
			cols, err := s.star(star)
			if err != nil {
				refs, rowErr := s.rowStar(star)
				if rowErr != nil || refs == nil {
					errs.Add(cmp.Or(rowErr, err))
					continue
				}
				for _, ref := range refs {
					x, err := b.bind(ref)
					if err != nil {
						errs.Add(err)
						break
					}
					exprs, names = append(exprs, x), append(names, ref.Parts[len(ref.Parts)-1].Name)
				}
				continue
			}
			for _, c := range cols {
				ref := &parser.ColumnRef{Span: star.Span, Parts: []*parser.Ident{{Span: star.Span, Name: s.fields[c].Name}}}
				var x rex.Expr = s.column(c)
				if b.before != nil { // the column must be grouped
					if x, err = b.before(ref); err != nil {
						errs.Add(err)
						continue
					}
				}
				exprs, names = append(exprs, x), append(names, s.fields[c].Name)
			}
			continue
		}
		x, err := b.bind(item.Expr)
		if err != nil {
			errs.Add(err)
			continue
		}
		if x.Type().Kind == types.Null {
			x = nullOf(types.NullType)
		}
		name := "EXPR$" + strconv.Itoa(len(names))
		switch ref := item.Expr.(type) {
		case *parser.ColumnRef:
			name = ref.Parts[len(ref.Parts)-1].Name
		case *parser.FieldAccess:
			if ref.Field != nil {
				name = ref.Field.Name
			}
		}
		if item.Alias != nil {
			name = item.Alias.Name
		}
		exprs, names = append(exprs, x), append(names, name)
	}
	return exprs, unique(names), errs
}

// unique makes names distinct as Calcite does: a, a0, a1.
func unique(names []string) []string {
	seen := map[string]bool{}
	for i, name := range names {
		for n := 0; seen[names[i]]; n++ {
			names[i] = name + strconv.Itoa(n)
		}
		seen[names[i]] = true
	}
	return names
}

// hasAggregate reports whether a select list calls an aggregate function outside OVER.
func (q *queryBinder) hasAggregate(e *parser.Select) bool {
	found := false
	for _, item := range e.Items {
		parser.Inspect(item, func(n parser.Node) bool {
			switch n := n.(type) {
			case *parser.Query:
				return false
			case *parser.FuncCall:
				if spec, err := q.p.function(n.Name); err == nil && spec.Aggregate != nil && n.Over == nil {
					found = true
				}
			}
			return !found
		})
	}
	return found
}
