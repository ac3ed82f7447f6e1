package parser_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/xwb1989/sqlparser"

	"github.com/weirsql/weir/parser"
)

// The referee is github.com/xwb1989/sqlparser, a generated MySQL parser that shares no code with ours. A generator
// writes random texts of the subset that both grammars have: expressions with all operators in free order, and the core
// of SELECT. Both trees, written as one nested form, must be equal. Left out is what the dialects read differently: ||,
// chains of comparisons, backslashes, a minus in front of a minus.

// TestReferee compares hundreds of generated queries.
func TestReferee(t *testing.T) {
	for seed := range uint64(600) {
		compareWithReferee(t, seed)
	}
}

func FuzzReferee(f *testing.F) {
	f.Add(uint64(1 << 40))
	f.Fuzz(compareWithReferee)
}

func compareWithReferee(t *testing.T, seed uint64) {
	g := generator{rand.New(rand.NewPCG(seed, 1))}
	text := g.statement()
	theirs, err := sqlparser.Parse(text)
	if err != nil {
		t.Fatalf("seed %d: the referee refuses %s: %v", seed, text, err)
	}
	ours, errs := parser.ParseStmt(text)
	if errs != nil {
		t.Fatalf("seed %d: %s: %v", seed, text, errs)
	}
	a, b := form(ours), refereeForm(theirs)
	if a != b {
		same := 0
		for same < min(len(a), len(b)) && a[same] == b[same] {
			same++
		}
		from := max(0, same-60)
		t.Fatalf("seed %d: %s\n  ours   …%.200s\n  theirs …%.200s", seed, text, a[from:], b[from:])
	}
}

// generator writes random SQL. Depth is how much nesting is left.
type generator struct{ *rand.Rand }

func (g generator) pick(options ...string) string { return options[g.IntN(len(options))] }

func (g generator) oneIn(n int) bool { return g.IntN(n) == 0 }

// some joins one to n texts.
func (g generator) some(n int, sep string, f func() string) string {
	parts := make([]string, 1+g.IntN(n))
	for i := range parts {
		parts[i] = f()
	}
	return strings.Join(parts, sep)
}

// chain joins one to three operands with operators.
func (g generator) chain(operand func() string, ops ...string) string {
	text := operand()
	for range g.IntN(3) {
		text += " " + g.pick(ops...) + " " + operand()
	}
	return text
}

func (g generator) statement() string {
	q := g.selectCore(2)
	for g.oneIn(4) {
		q += g.pick(" UNION ", " UNION ALL ", " UNION DISTINCT ")
		if g.oneIn(3) {
			q += "(" + g.selectCore(1) + g.tail() + ")"
		} else {
			q += g.selectCore(1)
		}
	}
	return q + g.tail()
}

func (g generator) tail() string {
	q := ""
	if g.oneIn(3) {
		q += " ORDER BY " + g.some(2, ", ", func() string { return g.value(0) + g.pick("", " ASC", " DESC") })
	}
	if g.oneIn(3) {
		q += " LIMIT " + g.pick("1", "10")
		if g.oneIn(2) {
			q += " OFFSET 5"
		}
	}
	return q
}

func (g generator) selectCore(depth int) string {
	q := "SELECT "
	if g.oneIn(4) {
		q += "DISTINCT "
	}
	q += g.some(3, ", ", func() string {
		switch {
		case g.oneIn(8):
			return g.pick("*", "t.*")
		case g.oneIn(3):
			return g.boolean(depth) + " AS x"
		}
		return g.value(depth) + g.pick("", " AS y", " z")
	})
	q += " FROM " + g.some(2, ", ", func() string { return g.joins(depth) })
	if g.oneIn(2) {
		q += " WHERE " + g.boolean(depth)
	}
	if g.oneIn(3) {
		q += " GROUP BY " + g.some(2, ", ", func() string { return g.value(depth - 1) })
		if g.oneIn(2) {
			q += " HAVING " + g.boolean(depth-1)
		}
	}
	return q
}

func (g generator) joins(depth int) string {
	q := g.table(depth)
	for g.oneIn(2) {
		switch join := g.pick(" JOIN ", " INNER JOIN ", " LEFT JOIN ", " LEFT OUTER JOIN ", " RIGHT JOIN ", " CROSS JOIN ",
			" NATURAL JOIN "); join {
		case " CROSS JOIN ", " NATURAL JOIN ":
			q += join + g.table(depth)
		default:
			q += join + g.table(depth) + " ON " + g.boolean(depth-1)
		}
	}
	return q
}

func (g generator) table(depth int) string {
	if depth > 0 && g.oneIn(6) {
		return "(" + g.selectCore(depth-1) + g.tail() + ") AS d"
	}
	return g.pick("t", "db.t", "t AS u", "s w")
}

// boolean writes predicates with AND, OR, NOT and IS between them, and parentheses here and there.
func (g generator) boolean(depth int) string {
	return g.chain(func() string {
		text := strings.Repeat("NOT ", g.IntN(5)/3) + g.predicate(depth)
		if g.oneIn(4) {
			text += " IS " + g.pick("", "NOT ") + g.pick("NULL", "TRUE", "FALSE")
		}
		return text
	}, "AND", "OR")
}

// predicate writes one comparison, or something that can stand for one.
func (g generator) predicate(depth int) string {
	v := func() string { return g.value(depth) }
	if depth <= 0 {
		return v() + g.pick(" = ", " < ", " >= ") + v()
	}
	switch g.IntN(9) {
	case 0:
		return "(" + g.boolean(depth-1) + ")"
	case 1:
		return v() + g.pick(" IN ", " NOT IN ") + "(" + g.some(3, ", ", func() string { return g.value(depth - 1) }) + ")"
	case 2:
		return v() + g.pick(" IN ", " NOT IN ") + "(" + g.selectCore(depth-1) + ")"
	case 3:
		return v() + g.pick(" BETWEEN ", " NOT BETWEEN ") + v() + " AND " + v()
	case 4:
		return v() + g.pick(" LIKE ", " NOT LIKE ") + v() + g.pick("", " ESCAPE '!'")
	case 5:
		return "EXISTS (" + g.selectCore(depth-1) + ")"
	case 6:
		return v()
	}
	return v() + g.pick(" = ", " <> ", " < ", " <= ", " > ", " >= ", " != ") + v()
}

// value writes arithmetic.
func (g generator) value(depth int) string {
	return g.chain(func() string { return g.atom(depth) }, "+", "-", "*", "/", "%")
}

func (g generator) atom(depth int) string {
	if depth <= 0 || g.oneIn(2) {
		return g.pick("a", "b", "t.c", "1", "23", "1.5", "'text'", "'it''s'", "NULL", "TRUE", "-1", "-a")
	}
	v := func() string { return g.value(depth - 1) }
	switch g.IntN(7) {
	case 0:
		return "(" + v() + ")"
	case 1:
		return "-(" + v() + ")"
	case 2:
		return g.pick("f", "ABS", "COALESCE") + "(" + g.some(3, ", ", v) + ")"
	case 3:
		return g.pick("COUNT(*)", "COUNT(DISTINCT a)", "SUM("+v()+")")
	case 4:
		text := "CASE WHEN " + g.boolean(depth-1) + " THEN " + v()
		return text + g.pick("", " ELSE "+v()) + " END"
	case 5:
		return "CASE " + v() + g.some(2, "", func() string { return " WHEN " + v() + " THEN " + v() }) + " END"
	}
	return g.pick("CAST("+v()+" AS DECIMAL(10, 2))", "CAST("+v()+" AS CHAR(5))", "CAST("+v()+" AS DATE)", "("+g.selectCore(depth-1)+")")
}

// form writes our tree as nested lists of words, without what only one of the two trees keeps.
func form(n parser.Node) string {
	switch n := n.(type) {
	case nil:
		return "-"
	case *parser.Query:
		body := form(n.Body)
		if n.OrderBy == nil && n.Limit == nil && n.Offset == nil {
			return body
		}
		order := make([]string, len(n.OrderBy))
		for i, o := range n.OrderBy {
			order[i] = list("order", form(o.Expr), fmt.Sprint(o.Desc))
		}
		return list("tail", body, list(order...), optional(n.Limit), optional(n.Offset))
	case *parser.SetOp:
		return list(fmt.Sprint("union all=", n.All), form(n.Left), form(n.Right))
	case *parser.Select:
		items := make([]string, len(n.Items))
		for i, item := range n.Items {
			alias := ""
			if item.Alias != nil {
				alias = item.Alias.Name
			}
			items[i] = list("item", form(item.Expr), alias)
		}
		var group []string
		if n.GroupBy != nil {
			for _, g := range n.GroupBy.Items {
				group = append(group, form(g.Expr))
			}
		}
		return list(fmt.Sprint("select distinct=", n.Distinct), list(items...), form(n.From), optional(n.Where), list(group...),
			optional(n.Having))
	case *parser.TableRef:
		return list("table", strings.Join(n.Name.Strings(), "."), "")
	case *parser.Aliased:
		if t, ok := n.Relation.(*parser.TableRef); ok {
			return list("table", strings.Join(t.Name.Strings(), "."), n.Alias.Name)
		}
		return list("derived", form(n.Relation.(*parser.DerivedTable).Query), n.Alias.Name)
	case *parser.Join:
		kind := strings.ToLower(string(n.Kind))
		switch {
		case n.Natural:
			kind = "natural"
		case n.Kind == parser.JoinInner, n.Kind == parser.JoinCross:
			kind = "join"
		}
		return list(kind, form(n.Left), form(n.Right), optional(n.On))
	case *parser.BinaryExpr:
		return list(strings.ToLower(strings.ReplaceAll(string(n.Op), "<>", "!=")), form(n.Left), form(n.Right))
	case *parser.UnaryExpr:
		return list(strings.ToLower(string(n.Op)), form(n.X))
	case *parser.Is:
		return list(strings.ToLower("is "+not(n.Not)+string(n.Test)), form(n.X))
	case *parser.In:
		right := ""
		if n.Query != nil {
			right = form(n.Query)
		} else {
			right = list(forms(n.List)...)
		}
		return list(not(n.Not)+"in", form(n.X), right)
	case *parser.Between:
		return list(not(n.Not)+"between", form(n.X), form(n.Low), form(n.High))
	case *parser.Like:
		return list(not(n.Not)+"like", form(n.X), form(n.Pattern), optional(n.Escape))
	case *parser.Exists:
		return list("exists", form(n.Query))
	case *parser.Subquery:
		return form(n.Query)
	case *parser.FuncCall:
		return list(append([]string{fmt.Sprint(n.Name.Last().Name, " distinct=", n.Distinct)}, forms(n.Args)...)...)
	case *parser.Case:
		whens := make([]string, len(n.Whens))
		for i, w := range n.Whens {
			whens[i] = list(form(w.Conds[0]), form(w.Result))
		}
		return list("case", optional(n.Operand), list(whens...), optional(n.Else))
	case *parser.Cast:
		return list("cast", form(n.X), strings.ToLower(string(n.Type.Kind)), fmt.Sprint(n.Type.Params))
	case *parser.Star:
		if len(n.Qualifier) > 0 {
			return n.Qualifier[0].Name + ".*"
		}
		return "*"
	case *parser.ColumnRef:
		return strings.Join(n.Strings(), ".")
	case *parser.NumberLit:
		return n.Text
	case *parser.StringLit:
		return fmt.Sprintf("%q", n.Value)
	case *parser.NullLit, *parser.BoolLit:
		return strings.ToLower(n.String())
	}
	return fmt.Sprintf("?%T", n)
}

func forms[N parser.Node](nodes []N) []string {
	parts := make([]string, len(nodes))
	for i, n := range nodes {
		parts[i] = form(n)
	}
	return parts
}

func list(parts ...string) string { return "(" + strings.Join(parts, " ") + ")" }

func optional(e parser.Expr) string {
	if e == nil {
		return "-"
	}
	return form(e)
}

func not(not bool) string {
	if not {
		return "not "
	}
	return ""
}

// refereeForm is form for the referee's tree.
func refereeForm(n sqlparser.SQLNode) string {
	in := refereeForm
	switch n := n.(type) {
	case *sqlparser.Select:
		items := make([]string, len(n.SelectExprs))
		for i, item := range n.SelectExprs {
			switch item := item.(type) {
			case *sqlparser.StarExpr:
				items[i] = list("item", in(item), "")
			case *sqlparser.AliasedExpr:
				items[i] = list("item", in(item.Expr), item.As.String())
			}
		}
		from := in(n.From[0])
		for _, t := range n.From[1:] {
			from = list(",", from, in(t), "-")
		}
		where, having := "-", "-"
		if n.Where != nil {
			where = in(n.Where.Expr)
		}
		if n.Having != nil {
			having = in(n.Having.Expr)
		}
		group := make([]string, len(n.GroupBy))
		for i, g := range n.GroupBy {
			group[i] = in(g)
		}
		body := list(fmt.Sprint("select distinct=", n.Distinct != ""), list(items...), from, where, list(group...), having)
		return refereeTail(body, n.OrderBy, n.Limit)
	case *sqlparser.Union:
		body := list(fmt.Sprint("union all=", n.Type == "union all"), in(n.Left), in(n.Right))
		return refereeTail(body, n.OrderBy, n.Limit)
	case *sqlparser.ParenSelect:
		return in(n.Select)
	case *sqlparser.StarExpr:
		if !n.TableName.IsEmpty() {
			return n.TableName.Name.String() + ".*"
		}
		return "*"
	case *sqlparser.AliasedExpr:
		return in(n.Expr)
	case *sqlparser.AliasedTableExpr:
		if sub, ok := n.Expr.(*sqlparser.Subquery); ok {
			return list("derived", in(sub), n.As.String())
		}
		return list("table", sqlparser.String(n.Expr), n.As.String())
	case *sqlparser.JoinTableExpr:
		on := "-"
		if n.Condition.On != nil {
			on = in(n.Condition.On)
		}
		return list(strings.TrimSuffix(n.Join, " join"), in(n.LeftExpr), in(n.RightExpr), on)
	case *sqlparser.AndExpr:
		return list("and", in(n.Left), in(n.Right))
	case *sqlparser.OrExpr:
		return list("or", in(n.Left), in(n.Right))
	case *sqlparser.NotExpr:
		return list("not", in(n.Expr))
	case *sqlparser.ParenExpr:
		return in(n.Expr)
	case *sqlparser.ComparisonExpr:
		switch n.Operator {
		case sqlparser.InStr, sqlparser.NotInStr:
			right := in(n.Right)
			if tuple, ok := n.Right.(sqlparser.ValTuple); ok && len(tuple) == 1 {
				if sub, ok := tuple[0].(*sqlparser.Subquery); ok {
					right = in(sub) // IN ((SELECT …)) is a list of one there, a query in Flink
				}
			}
			return list(n.Operator, in(n.Left), right)
		case sqlparser.LikeStr, sqlparser.NotLikeStr:
			escape := "-"
			if n.Escape != nil {
				escape = in(n.Escape)
			}
			return list(n.Operator, in(n.Left), in(n.Right), escape)
		}
		return list(n.Operator, in(n.Left), in(n.Right))
	case sqlparser.ValTuple:
		parts := make([]string, len(n))
		for i, e := range n {
			parts[i] = in(e)
		}
		return list(parts...)
	case *sqlparser.RangeCond:
		return list(n.Operator, in(n.Left), in(n.From), in(n.To))
	case *sqlparser.IsExpr:
		return list(n.Operator, in(n.Expr))
	case *sqlparser.ExistsExpr:
		return list("exists", in(n.Subquery))
	case *sqlparser.Subquery:
		return in(n.Select)
	case *sqlparser.BinaryExpr:
		return list(n.Operator, in(n.Left), in(n.Right))
	case *sqlparser.UnaryExpr:
		return list(n.Operator, in(n.Expr))
	case *sqlparser.FuncExpr:
		parts := []string{fmt.Sprint(n.Name.String(), " distinct=", n.Distinct)}
		for _, e := range n.Exprs {
			parts = append(parts, in(e))
		}
		return list(parts...)
	case *sqlparser.CaseExpr:
		operand, otherwise := "-", "-"
		if n.Expr != nil {
			operand = in(n.Expr)
		}
		if n.Else != nil {
			otherwise = in(n.Else)
		}
		whens := make([]string, len(n.Whens))
		for i, w := range n.Whens {
			whens[i] = list(in(w.Cond), in(w.Val))
		}
		return list("case", operand, list(whens...), otherwise)
	case *sqlparser.ConvertExpr:
		var params []string
		for _, p := range []*sqlparser.SQLVal{n.Type.Length, n.Type.Scale} {
			if p != nil {
				params = append(params, string(p.Val))
			}
		}
		return list("cast", in(n.Expr), n.Type.Type, "["+strings.Join(params, " ")+"]")
	case *sqlparser.ColName:
		return sqlparser.String(n)
	case *sqlparser.SQLVal:
		switch text := string(n.Val); {
		case n.Type == sqlparser.StrVal:
			return fmt.Sprintf("%q", text)
		case strings.HasPrefix(text, "-"):
			return list("-", text[1:]) // it folds a minus into the number
		default:
			return text
		}
	case *sqlparser.NullVal, sqlparser.BoolVal:
		return sqlparser.String(n)
	}
	return fmt.Sprintf("?%T", n)
}

func refereeTail(body string, orderBy sqlparser.OrderBy, limit *sqlparser.Limit) string {
	if orderBy == nil && limit == nil {
		return body
	}
	order := make([]string, len(orderBy))
	for i, o := range orderBy {
		order[i] = list("order", refereeForm(o.Expr), fmt.Sprint(o.Direction == sqlparser.DescScr))
	}
	rows, offset := "-", "-"
	if limit != nil {
		if rows = refereeForm(limit.Rowcount); limit.Offset != nil {
			offset = refereeForm(limit.Offset)
		}
	}
	return list("tail", body, list(order...), rows, offset)
}
