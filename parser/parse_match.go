package parser

// matchRecognize reads MATCH_RECOGNIZE (…) behind input.
func (p *parser) matchRecognize(start int, input Relation) Relation {
	p.expect("MATCH_RECOGNIZE", "(")
	m := &MatchRecognize{Input: input}
	if p.accept("PARTITION") {
		p.expect("BY")
		m.PartitionBy = commaList(p, (*parser).anyExpr)
	}
	if p.at("ORDER") {
		m.OrderBy = p.orderBy()
	}
	if p.accept("MEASURES") {
		m.Measures = commaList(p, (*parser).measure)
	}
	switch {
	case p.accept("ONE"):
		p.expect("ROW", "PER", "MATCH")
	case p.accept("ALL"):
		p.expect("ROWS", "PER", "MATCH")
		m.AllRows = true
	}
	if p.at("AFTER") {
		m.After = p.afterMatch()
	}
	p.expect("PATTERN", "(")
	m.AnchorStart = p.accept("^")
	m.Pattern = p.pattern()
	if m.AnchorEnd = p.atDollar(); m.AnchorEnd {
		p.next()
	}
	p.expect(")")
	if p.at("WITHIN") {
		p.next()
		m.Within = p.interval()
	}
	if p.accept("SUBSET") {
		m.Subsets = commaList(p, (*parser).patternSubset)
	}
	p.expect("DEFINE")
	m.Defines = commaList(p, (*parser).patternDefine)
	p.expect(")")
	m.Span = p.span(start)
	return m
}

func (p *parser) measure() *SelectItem {
	start := p.tok.start
	item := &SelectItem{Expr: p.anyExpr()}
	p.expect("AS")
	item.Alias = p.ident()
	item.Span = p.span(start)
	return item
}

func (p *parser) afterMatch() *AfterMatch {
	start := p.tok.start
	p.expect("AFTER", "MATCH", "SKIP")
	a := &AfterMatch{}
	switch {
	case p.accept("PAST"):
		p.expect("LAST", "ROW")
		a.Kind = SkipPastLastRow
	case p.accept("TO", "NEXT", "ROW"):
		a.Kind = SkipToNextRow
	case p.accept("TO", "FIRST"):
		a.Kind = SkipToFirst
		a.Var = p.ident()
	default:
		p.expect("TO")
		// LAST is no reserved word, and may be left out.
		if p.at("LAST") && isIdent(p.peek(1)) {
			p.next()
		}
		a.Kind = SkipToLast
		a.Var = p.ident()
	}
	a.Span = p.span(start)
	return a
}

func (p *parser) patternSubset() *PatternSubset {
	start := p.tok.start
	s := &PatternSubset{Name: p.ident()}
	p.expect("=")
	s.Vars = p.identList()
	s.Span = p.span(start)
	return s
}

func (p *parser) patternDefine() *PatternDefine {
	start := p.tok.start
	d := &PatternDefine{Name: p.ident()}
	p.expect("AS")
	d.Cond = p.anyExpr()
	d.Span = p.span(start)
	return d
}

// pattern reads alternatives.
func (p *parser) pattern() *Pattern {
	defer p.leave(p.enter())
	start := p.tok.start
	alt := &Pattern{Kind: PatternAlt, Items: []*Pattern{p.patternConcat()}}
	for p.accept("|") {
		alt.Items = append(alt.Items, p.patternConcat())
	}
	if len(alt.Items) == 1 {
		return alt.Items[0]
	}
	alt.Span = p.span(start)
	return alt
}

// patternConcat reads factors in a row. A dollar sign ends a pattern, although it is a letter of identifiers.
func (p *parser) patternConcat() *Pattern {
	start := p.tok.start
	c := &Pattern{Kind: PatternConcat, Items: []*Pattern{p.patternFactor()}}
	for !p.failed() && (p.atIdent() && !p.atDollar() || p.at("(") || p.at("{") || p.at("PERMUTE")) {
		c.Items = append(c.Items, p.patternFactor())
	}
	if len(c.Items) == 1 {
		return c.Items[0]
	}
	c.Span = p.span(start)
	return c
}

func (p *parser) atDollar() bool {
	return p.tok.kind == tokWord && p.text[p.tok.start:p.tok.end] == "$"
}

func (p *parser) patternFactor() *Pattern {
	start := p.tok.start
	item := p.patternPrimary()
	r := &Pattern{Kind: PatternRepeat, Items: []*Pattern{item}, Max: -1}
	switch {
	case p.accept("*"):
	case p.accept("+"):
		r.Min = 1
	case p.accept("?"):
		r.Max = 1
	case p.at("{") && p.peek(1).word != "-":
		p.next()
		if p.tok.kind == tokInteger {
			r.Min = p.smallInt()
			r.Max = r.Min
		}
		if p.accept(",") {
			r.Max = -1
			if p.tok.kind == tokInteger {
				r.Max = p.smallInt()
			}
		}
		p.expect("}")
	default:
		return item
	}
	r.Reluctant = p.accept("?") && r.Min != r.Max
	r.Span = p.span(start)
	return r
}

func (p *parser) patternPrimary() *Pattern {
	start := p.tok.start
	n := &Pattern{}
	switch {
	case p.accept("("):
		n = p.pattern()
		p.expect(")")
		return n
	case p.accept("{", "-"):
		n.Kind = PatternExclude
		n.Items = []*Pattern{p.pattern()}
		p.expect("-", "}")
	case p.accept("PERMUTE"):
		n.Kind = PatternPermute
		p.expect("(")
		n.Items = commaList(p, (*parser).pattern)
		p.expect(")")
	default:
		n.Var = p.ident()
	}
	n.Span = p.span(start)
	return n
}
