package parser

// from reads the relations behind FROM: joins separated by commas.
func (p *parser) from() Relation {
	defer p.leave(p.enter())
	start := p.tok.start
	left := p.joins(start, p.relation())
	for p.accept(",") {
		rightStart := p.tok.start
		right := p.joins(rightStart, p.relation())
		left = &Join{Span: p.span(start), Kind: JoinComma, Left: left, Right: right}
		p.chain()
	}
	return left
}

// joins reads the JOINs behind left.
func (p *parser) joins(start int, left Relation) Relation {
	for {
		j := &Join{Left: left}
		wordStart := p.tok.span()
		j.Natural = p.accept("NATURAL")
		switch {
		case p.accept("JOIN"):
			j.Kind = JoinInner
		case p.accept("INNER"):
			j.Kind = JoinInner
			p.expect("JOIN")
		case p.accept("CROSS"):
			if p.at("APPLY") {
				p.refuse(wordStart, "CROSS APPLY is", "write CROSS JOIN LATERAL TABLE(f(x))")
			}
			j.Kind = JoinCross
			p.expect("JOIN")
		case p.at("LEFT"), p.at("RIGHT"), p.at("FULL"):
			j.Kind = JoinKind(p.tok.word)
			p.next()
			p.accept("OUTER")
			if p.at("SEMI") || p.at("ANTI") {
				p.refuse(p.tok.span(), "a "+p.tok.word+" join is", "write WHERE [NOT] EXISTS (…) or [NOT] IN (…)")
			}
			p.expect("JOIN")
		case p.at("OUTER"):
			p.refuse(wordStart, "OUTER APPLY is", "write LEFT JOIN LATERAL TABLE(f(x)) ON TRUE")
			return left
		case j.Natural:
			p.unexpected(quoteWord("JOIN"))
			return left
		default:
			return left
		}
		j.Right = p.relation()
		switch {
		case p.accept("ON"):
			j.On = p.anyExpr()
		case p.accept("USING"):
			j.Using = p.identList()
		}
		j.Span = p.span(start)
		left = j
		p.chain()
	}
}

// relation reads a table, a derived table, a table function, UNNEST, or joins in parentheses; then MATCH_RECOGNIZE and
// an alias.
func (p *parser) relation() Relation {
	defer p.leave(p.enter())
	start := p.tok.start
	var r Relation
	switch lateral := p.accept("LATERAL"); {
	case p.atWords("TABLE", "("):
		r = p.tableFunc(start, lateral)
	case p.at("("):
		r = p.parenRelation(start, lateral)
	case p.at("UNNEST"):
		r = p.unnest(start)
	case lateral:
		p.unexpected(lateralOperand)
		return placeholderRelation()
	case p.atIdent():
		r = p.tableRef()
	default:
		if p.tok.kind == tokWord && !p.beginsClause(p.tok) {
			p.reserved(p.tok)
		} else {
			p.unexpected("a table")
		}
		return placeholderRelation()
	}
	if p.at("MATCH_RECOGNIZE") {
		r = p.matchRecognize(start, r)
	}
	switch p.tok.word {
	case "PIVOT", "UNPIVOT", "TABLESAMPLE":
		p.refuse(p.tok.span(), p.tok.word+" is", "")
	}
	if !p.at("AS") && !p.atAlias() {
		return r
	}
	a := &Aliased{Relation: r}
	if p.accept("AS") {
		a.Alias = p.ident()
	} else {
		a.Alias = p.bareAlias()
	}
	if p.at("(") {
		a.Columns = p.identList()
	}
	if p.at("TABLESAMPLE") {
		p.refuse(p.tok.span(), "TABLESAMPLE is", "")
	}
	a.Span = p.span(start)
	return a
}

// placeholderRelation stands for a relation that could not be read.
func placeholderRelation() Relation { return &TableRef{Name: &Name{Parts: []*Ident{{}}}} }

func (p *parser) tableRef() Relation {
	start := p.tok.start
	t := &TableRef{Name: p.name()}
	t.Hints = p.hints()
	if p.accept("FOR") {
		p.expect("SYSTEM_TIME", "AS", "OF")
		t.AsOf = p.anyExpr()
	}
	t.Span = p.span(start)
	return t
}

// tableFunc reads TABLE(f(…)).
func (p *parser) tableFunc(start int, lateral bool) Relation {
	p.expect("TABLE", "(")
	callStart := p.tok.start
	name := p.name()
	t := &TableFunc{Lateral: lateral}
	x := p.call(callStart, name.Parts)
	p.expect(")")
	t.Span = p.span(start)
	call, ok := x.(*FuncCall)
	if !ok || p.failed() {
		return placeholderRelation()
	}
	// A query as an argument of a table function is its input, not a value.
	for i, a := range call.Args {
		switch a := a.(type) {
		case *Subquery:
			call.Args[i] = &TableArg{Span: a.Span, Query: a.Query}
		case *NamedArg:
			if sub, ok := a.Value.(*Subquery); ok {
				a.Value = &TableArg{Span: sub.Span, Query: sub.Query}
			}
		}
	}
	t.Call = call
	return t
}

// parenRelation reads (query), or (joins).
func (p *parser) parenRelation(start int, lateral bool) Relation {
	p.expect("(")
	if startsQuery(p.tok) && !p.atWords("TABLE", "(") {
		q := p.query()
		p.expect(")")
		return &DerivedTable{Span: p.span(start), Lateral: lateral, Query: q}
	}
	inner := p.tok.start
	r := p.joins(inner, p.relation())
	// ((query) UNION (query)) begins like joins.
	if d, ok := r.(*DerivedTable); ok && !d.Lateral && (p.atSetOp() || p.atQueryTail() || p.at(")")) {
		q := p.queryTail(inner, nil, p.setOps(inner, simplify(d.Query), precUnion))
		p.expect(")")
		return &DerivedTable{Span: p.span(start), Lateral: lateral, Query: q}
	}
	for p.accept(",") {
		rightStart := p.tok.start
		right := p.joins(rightStart, p.relation())
		r = &Join{Span: p.span(inner), Kind: JoinComma, Left: r, Right: right}
		p.chain()
	}
	p.expect(")")
	if lateral {
		p.unexpected("a query behind LATERAL")
	}
	return r
}

func (p *parser) unnest(start int) Relation {
	p.expect("UNNEST")
	u := &Unnest{}
	list, q := p.parenListOrQuery()
	if q != nil {
		list = []Expr{&Subquery{Span: q.Span, Query: q}}
	}
	u.Exprs = list
	if p.accept("WITH") {
		p.expect("ORDINALITY")
		u.Ordinality = true
	}
	u.Span = p.span(start)
	return u
}
