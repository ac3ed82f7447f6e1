package parser

// specialCalls are the functions with a syntax of their own, which specialCall reads.
var specialCalls = wordSet(`
CAST CEIL CEILING CONVERT DESCRIPTOR EXTRACT FLOOR JSON_ARRAY JSON_ARRAYAGG JSON_EXISTS JSON_OBJECT JSON_OBJECTAGG
JSON_QUERY JSON_VALUE OVERLAY POSITION SUBSTRING TIMESTAMPADD TIMESTAMPDIFF TRANSLATE TRIM TRY_CAST
`)

// call reads the arguments of an ordinary call, and what may follow them.
func (p *parser) call(start int, name []*Ident) Expr {
	f := &FuncCall{Name: &Name{Span: p.span(start), Parts: name}}
	p.expect("(")
	switch {
	case p.accept(")"):
		return p.callSuffix(start, f)
	case p.accept("DISTINCT"):
		f.Distinct = true
	default:
		p.accept("ALL")
	}
	if p.at("*") {
		f.Args = []Expr{&Star{Span: p.tok.span()}}
		p.next()
	} else {
		f.Args = commaList(p, (*parser).arg)
	}
	// Inside the parentheses of ARRAY_AGG and its kind.
	f.Nulls = p.nullTreatment()
	if p.at("ORDER") {
		f.WithinGroup = p.orderBy()
	}
	if p.at("SEPARATOR") {
		p.refuse(p.tok.span(), "SEPARATOR is", "give the separator as an argument, as in LISTAGG(x, ';')")
	}
	p.expect(")")
	return p.callSuffix(start, f)
}

// arg reads an argument: [name =>] expr | DEFAULT | TABLE name … | (query) ….
func (p *parser) arg() Expr {
	if isIdent(p.tok) && p.peek(1).word == "=>" {
		start := p.tok.start
		n := &NamedArg{Name: p.ident()}
		p.expect("=>")
		n.Value = p.argValue()
		n.Span = p.span(start)
		return n
	}
	return p.argValue()
}

func (p *parser) argValue() Expr {
	t := p.tok
	switch {
	case t.reserved && p.peek(1).word == "=>":
		p.reserved(t)
		return &Default{t.span()}
	case t.word == "DEFAULT":
		p.next()
		return &Default{t.span()}
	case t.word == "TABLE":
		p.next()
		return p.tableArg(t.start, &TableArg{Table: p.name()})
	}
	var x Expr
	if startsQuery(t) {
		q := p.query()
		x = &Subquery{Span: q.Span, Query: q}
	} else {
		x = p.anyExpr()
	}
	if sub, ok := x.(*Subquery); ok && (p.at("PARTITION") || p.at("ORDER")) {
		return p.tableArg(t.start, &TableArg{Query: sub.Query})
	}
	return x
}

// tableArg reads [PARTITION BY column | (column, …)] [ORDER BY item | (item, …)].
func (p *parser) tableArg(start int, a *TableArg) Expr {
	if p.accept("PARTITION") {
		p.expect("BY")
		if p.at("(") {
			a.PartitionBy = p.identList()
		} else {
			a.PartitionBy = []*Ident{p.ident()}
		}
	}
	if p.accept("ORDER") {
		p.expect("BY")
		if p.accept("(") {
			a.OrderBy = commaList(p, (*parser).orderItem)
			p.expect(")")
		} else {
			a.OrderBy = []*OrderItem{p.orderItem()}
		}
	}
	a.Span = p.span(start)
	return a
}

func (p *parser) nullTreatment() NullTreatment {
	switch {
	case p.accept("RESPECT", "NULLS"):
		return RespectNulls
	case p.accept("IGNORE", "NULLS"):
		return IgnoreNulls
	}
	return NullsTreatmentUnstated
}

// callSuffix reads what may follow the parenthesis of a call.
func (p *parser) callSuffix(start int, f *FuncCall) Expr {
	if n := p.nullTreatment(); n != NullsTreatmentUnstated {
		f.Nulls = n
	}
	if p.accept("WITHIN") {
		if p.at("DISTINCT") {
			p.refuse(p.tok.span(), "WITHIN DISTINCT is", "")
		}
		p.expect("GROUP", "(")
		f.WithinGroup = p.orderBy()
		p.expect(")")
	}
	if p.atWords("FILTER", "(") {
		p.accept("FILTER", "(")
		p.expect("WHERE")
		f.Filter = p.anyExpr()
		p.expect(")")
	}
	if p.accept("OVER") {
		f.Over = p.windowSpec(true)
	}
	f.Span = p.span(start)
	return f
}

// specialCall reads a call of one of specialCalls, the current token.
func (p *parser) specialCall() Expr {
	t := p.tok
	p.next()
	p.expect("(")
	switch t.word {
	case "CAST", "TRY_CAST":
		c := &Cast{Try: t.word == "TRY_CAST", X: p.anyExpr()}
		p.expect("AS")
		c.Type = p.typeName()
		if p.at("NULL") || p.atWords("NOT", "NULL") {
			p.refuse(p.tok.span(), "nullability of a CAST is", "remove NULL or NOT NULL: the result is nullable if its input is")
		}
		p.expect(")")
		c.Span = p.span(t.start)
		return c
	case "DESCRIPTOR":
		d := &Descriptor{Columns: commaList(p, (*parser).ident)}
		p.expect(")")
		d.Span = p.span(t.start)
		return d
	}
	id := &Ident{Span: t.span(), Name: t.word}
	f := &FuncCall{Name: &Name{Span: t.span(), Parts: []*Ident{id}}}
	arg := func() { f.Args = append(f.Args, p.anyExpr()) }
	switch t.word {
	case "CEIL", "CEILING", "FLOOR":
		arg()
		if p.accept("TO") {
			f.Args = append(f.Args, p.timeUnit(nil))
		}
	case "CONVERT":
		arg()
		if p.at("USING") {
			p.refuse(p.tok.span(), "CONVERT … USING is", "use ENCODE and DECODE, or CAST for types")
		}
		for p.accept(",") {
			arg()
		}
	case "EXTRACT":
		f.Args = append(f.Args, p.timeUnit(nil))
		p.expect("FROM")
		arg()
	case "OVERLAY":
		arg()
		p.expect("PLACING")
		arg()
		p.expect("FROM")
		arg()
		if p.accept("FOR") {
			arg()
		}
	case "POSITION":
		p.positionArgs(f)
	case "SUBSTRING":
		arg()
		p.expectOneOf(",", "FROM")
		arg()
		if p.acceptOneOf(",", "FOR") != "" {
			arg()
		}
	case "TIMESTAMPADD", "TIMESTAMPDIFF":
		f.Args = append(f.Args, p.timeUnit(timestampUnits))
		p.expect(",")
		arg()
		p.expect(",")
		arg()
	case "TRANSLATE":
		arg()
		if p.at("USING") {
			p.refuse(p.tok.span(), "TRANSLATE … USING is", "use ENCODE and DECODE")
		}
		for p.accept(",") {
			arg()
		}
	case "TRIM":
		p.trimArgs(f)
	default:
		p.jsonCall(f, t.word)
	}
	p.expect(")")
	return p.callSuffix(t.start, f)
}

// positionArgs reads a IN b [FROM n]. Only an operand without operators can stand in front of IN.
func (p *parser) positionArgs(f *FuncCall) {
	f.Args = append(f.Args, p.expr(precPostfix))
	p.expect("IN")
	f.Args = append(f.Args, p.anyExpr())
	if p.accept("FROM") {
		f.Args = append(f.Args, p.anyExpr())
	}
}

// trimArgs reads [BOTH|LEADING|TRAILING] [characters] FROM x, or x.
func (p *parser) trimArgs(f *FuncCall) {
	t := p.tok
	flag := &Symbol{Span: t.span(), Name: "BOTH"}
	given := p.acceptOneOf("BOTH", "LEADING", "TRAILING")
	if given != "" {
		flag.Name = given
	} else {
		flag.Span.End = flag.Span.Start
	}
	chars := Expr(&StringLit{Value: " "})
	if given == "" || !p.at("FROM") {
		chars = p.anyExpr()
	}
	switch {
	case p.accept("FROM"):
		f.Args = []Expr{flag, chars, p.anyExpr()}
	case given == "":
		f.Args = []Expr{chars}
	default:
		// TRIM(LEADING x): what looked like the characters is the text.
		f.Args = []Expr{flag, &StringLit{Value: " "}, chars}
	}
}
