package parser

import "strconv"

// Precedence of set operations, low to high.
const (
	precUnion     = iota // UNION, EXCEPT
	precIntersect        // INTERSECT
	precQueryAtom
)

// query prints q without parentheses.
func (p *printer) query(q *Query) {
	if len(q.With) > 0 {
		p.words("WITH ")
		list(p, q.With)
		p.words(" ")
	}
	p.queryBody(q.Body, precUnion)
	if len(q.OrderBy) > 0 {
		p.words(" ORDER BY ")
		list(p, q.OrderBy)
	}
	if q.Limit != nil {
		p.words(" LIMIT ")
		p.node(q.Limit)
	}
	if q.Offset != nil {
		p.words(" OFFSET ")
		p.node(q.Offset)
	}
}

// queryBody prints b, in parentheses if it binds weaker than least.
func (p *printer) queryBody(b QueryBody, least int) {
	switch b := b.(type) {
	case *Query:
		p.words("(")
		p.query(b)
		p.words(")")
	case *Select:
		p.selectBody(b)
	case *Values:
		p.words("VALUES ")
		for i, row := range b.Rows {
			p.when(i > 0, ", ")
			// (ROW(1, 2)) would be read as a row of two.
			if len(row.Items) == 1 {
				_, nested := row.Items[0].(*RowExpr)
				p.when(nested, "ROW")
			}
			parens(p, row.Items)
		}
	case *ExplicitTable:
		p.words("TABLE ")
		p.node(b.Table)
	case *SetOp:
		prec := precUnion
		if b.Kind == Intersect {
			prec = precIntersect
		}
		p.when(prec < least, "(")
		p.queryBody(b.Left, prec)
		p.words(" ", string(b.Kind), " ")
		p.when(b.All, "ALL ")
		p.queryBody(b.Right, prec+1)
		p.when(prec < least, ")")
	default:
		panic(unknownNode(b))
	}
}

func (p *printer) selectBody(s *Select) {
	p.words("SELECT")
	p.hints(s.Hints)
	p.when(s.Distinct, " DISTINCT")
	p.words(" ")
	list(p, s.Items)
	if s.From != nil {
		p.words(" FROM ")
		p.relation(s.From, relComma)
	}
	if s.Where != nil {
		p.words(" WHERE ")
		p.node(s.Where)
	}
	if s.GroupBy != nil {
		p.words(" ")
		p.node(s.GroupBy)
	}
	if s.Having != nil {
		p.words(" HAVING ")
		p.node(s.Having)
	}
	if len(s.Windows) > 0 {
		p.words(" WINDOW ")
		list(p, s.Windows)
	}
	if s.Qualify != nil {
		p.words(" QUALIFY ")
		p.node(s.Qualify)
	}
}

// What binds in a FROM clause, weakest first: a comma, a JOIN, an alias, MATCH_RECOGNIZE.
const (
	relComma = iota
	relJoin
	relAlias
	relMatch
	relAtom
)

// relation prints r, in parentheses if it binds weaker than least.
func (p *printer) relation(r Relation, least int) {
	switch r := r.(type) {
	case *TableRef:
		p.node(r.Name)
		p.hints(r.Hints)
		if r.AsOf != nil {
			p.words(" FOR SYSTEM_TIME AS OF ")
			p.node(r.AsOf)
		}
	case *DerivedTable:
		p.when(r.Lateral, "LATERAL ")
		p.words("(")
		p.node(r.Query)
		p.words(")")
	case *TableFunc:
		p.when(r.Lateral, "LATERAL ")
		p.words("TABLE(")
		p.node(r.Call)
		p.words(")")
	case *Unnest:
		p.words("UNNEST")
		parens(p, r.Exprs)
		p.when(r.Ordinality, " WITH ORDINALITY")
	case *Aliased:
		p.when(relAlias < least, "(")
		p.relation(r.Relation, relAlias+1)
		p.words(" AS ")
		p.node(r.Alias)
		if len(r.Columns) > 0 {
			p.words(" ")
			parens(p, r.Columns)
		}
		p.when(relAlias < least, ")")
	case *Join:
		p.join(r, least)
	case *MatchRecognize:
		p.when(relMatch < least, "(")
		p.matchRecognize(r)
		p.when(relMatch < least, ")")
	default:
		panic(unknownNode(r))
	}
}

func (p *printer) join(j *Join, least int) {
	prec := relJoin
	if j.Kind == JoinComma {
		prec = relComma
	}
	p.when(prec < least, "(")
	p.relation(j.Left, prec)
	if j.Kind == JoinComma {
		p.words(", ")
	} else {
		p.when(j.Natural, " NATURAL")
		p.words(" ")
		p.when(j.Kind != JoinInner, string(j.Kind)+" ")
		p.words("JOIN ")
	}
	p.relation(j.Right, prec+1)
	if j.On != nil {
		p.words(" ON ")
		p.node(j.On)
	}
	if len(j.Using) > 0 {
		p.words(" USING ")
		parens(p, j.Using)
	}
	p.when(prec < least, ")")
}

func (p *printer) matchRecognize(m *MatchRecognize) {
	p.relation(m.Input, relAtom)
	p.words(" MATCH_RECOGNIZE (")
	if len(m.PartitionBy) > 0 {
		p.words("PARTITION BY ")
		list(p, m.PartitionBy)
		p.words(" ")
	}
	if len(m.OrderBy) > 0 {
		p.words("ORDER BY ")
		list(p, m.OrderBy)
		p.words(" ")
	}
	if len(m.Measures) > 0 {
		p.words("MEASURES ")
		list(p, m.Measures)
		p.words(" ")
	}
	p.when(m.AllRows, "ALL ROWS PER MATCH ")
	if m.After != nil {
		p.node(m.After)
		p.words(" ")
	}
	p.words("PATTERN (")
	p.when(m.AnchorStart, "^ ")
	p.node(m.Pattern)
	// The dollar sign is a letter of identifiers as well: a space keeps it apart.
	p.when(m.AnchorEnd, " $")
	p.words(") ")
	if m.Within != nil {
		p.words("WITHIN ")
		p.node(m.Within)
		p.words(" ")
	}
	if len(m.Subsets) > 0 {
		p.words("SUBSET ")
		list(p, m.Subsets)
		p.words(" ")
	}
	p.words("DEFINE ")
	list(p, m.Defines)
	p.words(")")
}

func (p *printer) afterMatch(n *AfterMatch) {
	p.words("AFTER MATCH SKIP ")
	switch n.Kind {
	case SkipToNextRow:
		p.words("TO NEXT ROW")
	case SkipPastLastRow:
		p.words("PAST LAST ROW")
	case SkipToFirst:
		p.words("TO FIRST ")
		p.node(n.Var)
	case SkipToLast:
		p.words("TO LAST ")
		p.node(n.Var)
	}
}

// Precedence of row patterns, low to high.
const (
	patternAlt = iota
	patternConcat
	patternFactor
	patternAtom
)

func (p *printer) pattern(n *Pattern, least int) {
	prec := patternAtom
	switch n.Kind {
	case PatternAlt:
		prec = patternAlt
	case PatternConcat:
		prec = patternConcat
	case PatternRepeat:
		prec = patternFactor
	}
	p.when(prec < least, "(")
	switch n.Kind {
	case PatternVar:
		p.node(n.Var)
	case PatternAlt, PatternConcat:
		for i, item := range n.Items {
			switch {
			case i > 0 && n.Kind == PatternAlt:
				p.words(" | ")
			case i > 0:
				p.words(" ")
			}
			p.pattern(item, prec+1)
		}
	case PatternRepeat:
		p.pattern(n.Items[0], patternAtom)
		p.words("{", strconv.Itoa(n.Min), ",")
		p.when(n.Max >= 0, strconv.Itoa(n.Max))
		p.words("}")
		p.when(n.Reluctant, "?")
	case PatternPermute:
		p.words("PERMUTE (")
		for i, item := range n.Items {
			p.when(i > 0, ", ")
			p.pattern(item, patternAlt)
		}
		p.words(")")
	case PatternExclude:
		p.words("{- ")
		p.pattern(n.Items[0], patternAlt)
		p.words(" -}")
	}
	p.when(prec < least, ")")
}
