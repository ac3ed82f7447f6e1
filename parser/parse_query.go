package parser

// query reads [WITH …] body [ORDER BY …] [LIMIT …].
func (p *parser) query() *Query {
	defer p.leave(p.enter())
	start := p.tok.start
	var with []*CTE
	if p.accept("WITH") {
		if p.at("RECURSIVE") {
			p.refuse(p.tok.span(), "WITH RECURSIVE is", "")
		}
		with = commaList(p, (*parser).cte)
	}
	return p.queryTail(start, with, p.setOps(start, p.queryTerm(), precUnion))
}

func (p *parser) cte() *CTE {
	start := p.tok.start
	c := &CTE{Name: p.ident()}
	if p.at("(") {
		c.Columns = p.identList()
	}
	p.expect("AS")
	c.Query = p.parenQuery()
	c.Span = p.span(start)
	return c
}

// atSetOp reports whether a set operation is next.
func (p *parser) atSetOp() bool {
	switch p.tok.word {
	case "UNION", "INTERSECT", "EXCEPT", "MINUS":
		return true
	}
	return false
}

// setOps reads the set operations behind left that bind at least as tight as least.
func (p *parser) setOps(start int, left QueryBody, least int) QueryBody {
	for p.atSetOp() {
		op := &SetOp{Kind: SetOpKind(p.tok.word), Left: left}
		prec := precUnion
		switch op.Kind {
		case Intersect:
			prec = precIntersect
		case "MINUS":
			op.Kind = Except
		}
		if prec < least {
			break
		}
		p.next()
		if op.All = p.accept("ALL"); !op.All {
			p.accept("DISTINCT")
		}
		rightStart := p.tok.start
		op.Right = p.setOps(rightStart, p.queryTerm(), prec+1)
		op.Span = p.span(start)
		left = op
		p.chain()
	}
	return left
}

// queryTerm reads SELECT, VALUES, TABLE or a query in parentheses.
func (p *parser) queryTerm() QueryBody {
	start := p.tok.start
	switch p.tok.word {
	case "SELECT":
		return p.selectBody()
	case "VALUES":
		p.next()
		v := &Values{Rows: commaList(p, (*parser).valuesRow)}
		v.Span = p.span(start)
		return v
	case "TABLE":
		p.next()
		t := &ExplicitTable{Table: p.name()}
		t.Span = p.span(start)
		return t
	case "(":
		p.next()
		q := p.query()
		p.expect(")")
		return simplify(q)
	}
	p.unexpected("a query")
	return &ExplicitTable{Table: &Name{Parts: []*Ident{{}}}}
}

// simplify strips the parentheses of a query that needs none.
func simplify(q *Query) QueryBody {
	if len(q.With) == 0 && len(q.OrderBy) == 0 && q.Limit == nil && q.Offset == nil {
		return q.Body
	}
	return q
}

func (p *parser) atQueryTail() bool {
	switch p.tok.word {
	case "ORDER", "LIMIT", "OFFSET", "FETCH":
		return true
	}
	return false
}

// queryTail reads [ORDER BY …] [LIMIT n] [OFFSET n] [FETCH FIRST n ROWS ONLY] and makes a query of it.
func (p *parser) queryTail(start int, with []*CTE, body QueryBody) *Query {
	q := &Query{With: with, Body: body}
	if p.at("ORDER") {
		q.OrderBy = p.orderBy()
	}
	all := false
	for {
		switch {
		case q.Limit == nil && !all && p.accept("LIMIT"):
			if all = p.accept("ALL"); !all {
				q.Limit = p.rowCount()
			}
			if p.at(",") {
				p.refuse(p.tok.span(), "LIMIT start, count is", "write LIMIT count OFFSET start")
			}
			continue
		case q.Offset == nil && p.accept("OFFSET"):
			q.Offset = p.rowCount()
			p.acceptOneOf("ROWS", "ROW")
			continue
		case q.Limit == nil && !all && p.accept("FETCH"):
			p.expectOneOf("FIRST", "NEXT")
			q.Limit = p.rowCount()
			p.expectOneOf("ROWS", "ROW")
			p.expect("ONLY")
			continue
		}
		break
	}
	// Parentheses around the whole query are not kept.
	if inner, ok := body.(*Query); ok && len(with) == 0 && len(q.OrderBy) == 0 && q.Limit == nil && q.Offset == nil && !all {
		return inner
	}
	q.Span = p.span(start)
	return q
}

// rowCount reads the number of LIMIT and OFFSET.
func (p *parser) rowCount() Expr {
	if p.at("?") {
		return p.primary() // refuses it
	}
	return p.numberLit()
}

// valuesRow reads (e, …), ROW(e, …) or e.
func (p *parser) valuesRow() *RowExpr {
	start := p.tok.start
	r := &RowExpr{}
	paren := p.at("(")
	if paren || p.atWords("ROW", "(") {
		p.accept("ROW")
		p.expect("(")
		r.Items = commaList(p, (*parser).valuesItem)
		p.expect(")")
		// (ROW(1, 2)) is the row itself.
		if inner, ok := r.Items[0].(*RowExpr); ok && paren && len(r.Items) == 1 && p.text[inner.Start] != '(' {
			r.Items = inner.Items
		}
	} else {
		r.Items = []Expr{p.anyExpr()}
	}
	r.Span = p.span(start)
	return r
}

func (p *parser) valuesItem() Expr {
	t := p.tok
	switch {
	case t.word == "DEFAULT":
		p.next()
		return &Default{t.span()}
	case startsQuery(t):
		q := p.query()
		return &Subquery{Span: q.Span, Query: q}
	}
	return p.anyExpr()
}

func (p *parser) selectBody() *Select {
	start := p.tok.start
	p.expect("SELECT")
	s := &Select{Hints: p.hints()}
	if p.at("STREAM") {
		p.refuse(p.tok.span(), "SELECT STREAM is", "remove STREAM: every query over an unbounded table is continuous")
	}
	if s.Distinct = p.accept("DISTINCT"); !s.Distinct {
		p.accept("ALL")
	}
	s.Items = commaList(p, (*parser).selectItem)
	if p.accept("FROM") {
		s.From = p.from()
		p.selectClauses(s)
	}
	s.Span = p.span(start)
	return s
}

// selectClauses reads what may follow FROM.
func (p *parser) selectClauses(s *Select) {
	if p.accept("WHERE") {
		s.Where = p.anyExpr()
	}
	if p.at("GROUP") {
		start := p.tok.start
		p.next()
		p.expect("BY")
		g := &GroupBy{Distinct: p.accept("DISTINCT")}
		if !g.Distinct {
			p.accept("ALL")
		}
		g.Items = commaList(p, (*parser).groupItem)
		g.Span = p.span(start)
		s.GroupBy = g
	}
	if p.accept("HAVING") {
		s.Having = p.anyExpr()
	}
	if p.accept("WINDOW") {
		s.Windows = commaList(p, (*parser).namedWindow)
	}
	if p.accept("QUALIFY") {
		s.Qualify = p.anyExpr()
	}
}

func (p *parser) selectItem() *SelectItem {
	start := p.tok.start
	item := &SelectItem{}
	if t := p.tok; t.word == "*" {
		p.next()
		item.Expr = &Star{Span: t.span()}
	} else {
		item.Expr = p.anyExpr()
	}
	if p.accept("AS") {
		item.Alias = p.ident()
	} else if p.atAlias() {
		item.Alias = p.bareAlias()
	}
	item.Span = p.span(start)
	return item
}

// atAlias reports whether a name without AS is next. QUALIFY is no reserved word in Flink 1.20, but begins a clause.
func (p *parser) atAlias() bool { return p.atIdent() && !p.at("QUALIFY") }

// bareAlias reads an alias without AS, remembering where it was: it may be a mistyped keyword.
func (p *parser) bareAlias() *Ident {
	p.aliasAt = p.pos
	return p.ident()
}

func (p *parser) groupItem() *GroupItem {
	defer p.leave(p.enter())
	start := p.tok.start
	g := &GroupItem{}
	kind := GroupExpr
	switch {
	case p.accept("GROUPING", "SETS"):
		kind = GroupingSets
	case p.accept("CUBE"):
		kind = GroupCube
	case p.accept("ROLLUP"):
		kind = GroupRollup
	}
	switch {
	case kind != GroupExpr:
		g.Kind = kind
		p.expect("(")
		g.Items = commaList(p, (*parser).groupItem)
		p.expect(")")
	case p.accept("(", ")"):
		g.Kind = GroupSet
	default:
		paren := p.at("(")
		g.Expr = p.anyExpr()
		// (a, b) reads as a row; here it is a set.
		if row, ok := g.Expr.(*RowExpr); ok && paren && row.Start == start {
			g.Kind, g.Expr = GroupSet, nil
			for _, x := range row.Items {
				g.Items = append(g.Items, &GroupItem{Span: x.Pos(), Expr: x})
			}
		}
	}
	g.Span = p.span(start)
	return g
}

// orderBy reads ORDER BY item, ….
func (p *parser) orderBy() []*OrderItem {
	p.expect("ORDER", "BY")
	return commaList(p, (*parser).orderItem)
}

func (p *parser) orderItem() *OrderItem {
	start := p.tok.start
	o := &OrderItem{Expr: p.anyExpr()}
	if o.Desc = p.accept("DESC"); !o.Desc {
		p.accept("ASC")
	}
	switch {
	case p.accept("NULLS", "FIRST"):
		o.Nulls = NullsFirst
	case p.accept("NULLS", "LAST"):
		o.Nulls = NullsLast
	}
	o.Span = p.span(start)
	return o
}

func (p *parser) namedWindow() *NamedWindow {
	start := p.tok.start
	w := &NamedWindow{Name: p.ident()}
	p.expect("AS")
	w.Spec = p.windowSpec(false)
	w.Span = p.span(start)
	return w
}

// windowSpec reads (…), or a name where that is allowed.
func (p *parser) windowSpec(ref bool) *WindowSpec {
	start := p.tok.start
	w := &WindowSpec{}
	if ref && !p.at("(") {
		w.Ref = p.ident()
		w.Span = p.span(start)
		return w
	}
	p.expect("(")
	if p.atIdent() {
		w.Base = p.ident()
	}
	if p.accept("PARTITION") {
		p.expect("BY")
		w.PartitionBy = commaList(p, (*parser).anyExpr)
	}
	if p.at("ORDER") {
		w.OrderBy = p.orderBy()
	}
	if p.at("ROWS") || p.at("RANGE") {
		w.Frame = p.frame()
	}
	if p.at("ALLOW") || p.at("DISALLOW") {
		p.refuse(p.tok.span(), p.tok.word+" PARTIAL is", "")
	}
	p.expect(")")
	w.Span = p.span(start)
	return w
}

func (p *parser) frame() *Frame {
	start := p.tok.start
	f := &Frame{Rows: p.expectOneOf("ROWS", "RANGE") == "ROWS"}
	if p.accept("BETWEEN") {
		f.Low = p.frameBound()
		p.expect("AND")
		f.High = p.frameBound()
	} else {
		f.Low = p.frameBound()
	}
	f.Span = p.span(start)
	return f
}

func (p *parser) frameBound() *FrameBound {
	start := p.tok.start
	b := &FrameBound{}
	switch {
	case p.accept("CURRENT", "ROW"):
		b.Kind = CurrentRow
	case p.accept("UNBOUNDED", "PRECEDING"):
		b.Kind = UnboundedPreceding
	case p.accept("UNBOUNDED", "FOLLOWING"):
		b.Kind = UnboundedFollowing
	default:
		// The AND between two bounds is not the operator.
		b.Offset = p.expr(precNot)
		b.Kind = Preceding
		if p.expectOneOf("PRECEDING", "FOLLOWING") == "FOLLOWING" {
			b.Kind = Following
		}
	}
	b.Span = p.span(start)
	return b
}

// hints reads [/*+ name(arg, …), … */].
func (p *parser) hints() []*Hint {
	if !p.accept("/*+") {
		return nil
	}
	hints := commaList(p, (*parser).hint)
	p.expect("*/")
	return hints
}

func (p *parser) hint() *Hint {
	start := p.tok.start
	h := &Hint{Name: p.ident()}
	if p.accept("(") && !p.accept(")") {
		h.Args = commaList(p, (*parser).hintArg)
		p.expect(")")
	}
	h.Span = p.span(start)
	return h
}

func (p *parser) hintArg() *HintArg {
	start := p.tok.start
	a := &HintArg{Value: p.hintWord()}
	if p.accept("=") {
		a.Key, a.Value = a.Value, p.stringLit()
	}
	a.Span = p.span(start)
	return a
}

// hintWord reads a string, an identifier or a number as a string.
func (p *parser) hintWord() *StringLit {
	start := p.tok.start
	switch {
	case p.tok.kind == tokString:
		return p.stringLit()
	case p.atNumber(), p.at("-"), p.at("+"):
		sign := p.acceptOneOf("-", "+")
		if sign == "+" {
			sign = ""
		}
		return &StringLit{Value: sign + p.numberLit().Text, Span: p.span(start)}
	}
	id := p.ident()
	return &StringLit{Span: id.Span, Value: id.Name}
}
