package parser

import "github.com/weirsql/weir/diag"

// expr reads an expression whose operators bind at least as tight as least: precedence climbing over the table in
// precedence.go.
func (p *parser) expr(least int) Expr {
	defer p.leave(p.enter())
	start := p.tok.start
	return p.operators(start, p.prefix(), least)
}

// anyExpr reads an expression of any precedence.
func (p *parser) anyExpr() Expr { return p.expr(precLowest) }

// prefix reads an operand with the operators in front of it.
func (p *parser) prefix() Expr {
	start := p.tok.start
	switch p.tok.word {
	case "NOT":
		p.next()
		x := p.expr(precNot)
		return &UnaryExpr{Span: p.span(start), Op: OpNot, X: x}
	case "-", "+":
		op := UnaryOp(p.tok.word)
		p.next()
		x := p.expr(precUnary)
		return &UnaryExpr{Span: p.span(start), Op: op, X: x}
	case "EXISTS":
		p.next()
		q := p.parenQuery()
		return &Exists{Span: p.span(start), Query: q}
	case "UNIQUE":
		p.refuse(p.tok.span(), "the UNIQUE predicate is", "")
	}
	return p.postfix(start, p.primary())
}

// postfix reads [index] and .field behind x.
func (p *parser) postfix(start int, x Expr) Expr {
	for {
		switch {
		case p.acceptSymbol("["):
			i := p.anyExpr()
			p.expect("]")
			x = &Index{Span: p.span(start), X: x, I: i}
		case p.acceptSymbol("."):
			field := p.ident()
			x = &FieldAccess{Span: p.span(start), X: x, Field: field}
		default:
			return x
		}
		p.chain()
	}
}

// binaryOps are the operators between two operands, as they are written, without those that need a closer look.
var binaryOps = map[string]BinaryOp{
	"OR": OpOr, "AND": OpAnd,
	"=": OpEq, "<>": OpNe, "!=": OpNe, "<": OpLt, "<=": OpLe, ">": OpGt, ">=": OpGe,
	"+": OpAdd, "-": OpSub, "||": OpConcat, "*": OpMul, "/": OpDiv, "%": OpMod,
	"OVERLAPS": OpOverlaps, "CONTAINS": OpContains, "EQUALS": OpEquals, "PRECEDES": OpPrecedes, "SUCCEEDS": OpSucceeds,
}

// operators reads the operators behind left that bind at least as tight as least, with their operands.
func (p *parser) operators(start int, left Expr, least int) Expr {
	for {
		x := p.operator(start, left, least)
		if x == nil {
			return left
		}
		left = x
		p.chain()
	}
}

// operator reads one operator behind left; nil if there is none that binds tight enough.
func (p *parser) operator(start int, left Expr, least int) Expr {
	word := p.tok.word
	if word == "" {
		return nil
	}
	if op, ok := binaryOps[word]; ok {
		prec := binaryPrec[op]
		if prec == precCompare && precBetween >= least && p.atQuantifier() {
			return p.quantified(start, left, op)
		}
		if prec < least {
			return nil
		}
		p.next()
		return p.binary(start, left, op)
	}
	switch word {
	case "IS":
		return p.is(start, left, least)
	case "NOT":
		switch p.peek(1).word {
		case "IN", "BETWEEN", "LIKE", "ILIKE", "RLIKE", "SIMILAR":
			if precBetween < least {
				return nil
			}
			p.next()
			return p.predicate(start, left, true)
		case "SUBMULTISET":
			if precCompare < least {
				return nil
			}
			p.next()
			p.expect("SUBMULTISET", "OF")
			x := p.binary(start, left, OpSubmultisetOf)
			return &UnaryExpr{Span: p.span(start), Op: OpNot, X: x}
		}
	case "IN", "BETWEEN", "LIKE", "ILIKE", "RLIKE", "SIMILAR":
		if precBetween < least {
			return nil
		}
		return p.predicate(start, left, false)
	case "MEMBER", "SUBMULTISET":
		if precCompare < least {
			return nil
		}
		p.next()
		p.expect("OF")
		if word == "MEMBER" {
			return p.binary(start, left, OpMemberOf)
		}
		return p.binary(start, left, OpSubmultisetOf)
	case "IMMEDIATELY":
		if precCompare < least {
			return nil
		}
		switch {
		case p.accept("IMMEDIATELY", "PRECEDES"):
			return p.binary(start, left, OpImmPrecedes)
		case p.accept("IMMEDIATELY", "SUCCEEDS"):
			return p.binary(start, left, OpImmSucceeds)
		}
	case "AT":
		if p.atWords("AT", "TIME", "ZONE") {
			p.refuse(p.tok.span(), "AT TIME ZONE is", "use CONVERT_TZ, or a TIMESTAMP_LTZ and the option 'table.local-time-zone'")
		}
	case "COLLATE":
		p.refuse(p.tok.span(), "COLLATE is", "strings are compared by their code points")
	case "MULTISET":
		switch p.peek(1).word {
		case "UNION", "INTERSECT", "EXCEPT":
			p.refuse(p.tok.span(), "MULTISET "+p.peek(1).word+" is", "")
		}
	}
	return nil
}

// binary reads the right operand of op, which has been read.
func (p *parser) binary(start int, left Expr, op BinaryOp) Expr {
	right := p.expr(binaryPrec[op] + 1)
	return &BinaryExpr{Span: p.span(start), Op: op, Left: left, Right: right}
}

// atQuantifier reports whether = SOME (…) and the like is next.
func (p *parser) atQuantifier() bool {
	switch p.peek(1).word {
	case "SOME", "ANY", "ALL":
		return p.peek(2).word == "("
	}
	return false
}

func (p *parser) quantified(start int, left Expr, op BinaryOp) Expr {
	p.next()
	all := p.expectOneOf("SOME", "ANY", "ALL") == "ALL"
	list, q := p.parenListOrQuery()
	return &Quantified{Span: p.span(start), X: left, Op: op, All: all, List: list, Query: q}
}

// isTests are the words behind IS [NOT], those that begin others last.
var isTests = []struct {
	words []string
	test  IsTest
}{
	{[]string{"NULL"}, IsNull},
	{[]string{"TRUE"}, IsTrue},
	{[]string{"FALSE"}, IsFalse},
	{[]string{"UNKNOWN"}, IsUnknown},
	{[]string{"JSON", "VALUE"}, IsJSONValue},
	{[]string{"JSON", "OBJECT"}, IsJSONObject},
	{[]string{"JSON", "ARRAY"}, IsJSONArray},
	{[]string{"JSON", "SCALAR"}, IsJSONScalar},
	{[]string{"JSON"}, IsJSONValue},
	{[]string{"A", "SET"}, IsASet},
	{[]string{"EMPTY"}, IsEmpty},
}

func (p *parser) is(start int, left Expr, least int) Expr {
	for _, d := range []struct {
		op    BinaryOp
		words []string
	}{
		{OpDistinct, []string{"IS", "DISTINCT", "FROM"}},
		{OpNotDistinct, []string{"IS", "NOT", "DISTINCT", "FROM"}},
	} {
		if p.atWords(d.words...) {
			if precCompare < least {
				return nil
			}
			p.accept(d.words...)
			return p.binary(start, left, d.op)
		}
	}
	if precIs < least {
		return nil
	}
	p.next()
	not := p.acceptSymbol("NOT")
	for _, t := range isTests {
		if p.accept(t.words...) {
			return &Is{Span: p.span(start), X: left, Not: not, Test: t.test}
		}
	}
	p.unexpected("NULL, TRUE, FALSE, UNKNOWN, DISTINCT FROM or JSON")
	return left
}

// predicate reads IN, BETWEEN and LIKE; a NOT in front has been read.
func (p *parser) predicate(start int, left Expr, not bool) Expr {
	word := p.tok.word
	p.next()
	switch word {
	case "IN":
		list, q := p.parenListOrQuery()
		return &In{Span: p.span(start), X: left, Not: not, List: list, Query: q}
	case "BETWEEN":
		b := &Between{X: left, Not: not}
		if p.acceptSymbol("SYMMETRIC") {
			b.Symmetric = true
		} else {
			p.acceptSymbol("ASYMMETRIC")
		}
		b.Low = p.expr(precBetween + 1)
		p.expect("AND")
		b.High = p.expr(precBetween + 1)
		b.Span = p.span(start)
		return b
	}
	l := &Like{X: left, Not: not, Op: LikeOp(word)}
	if word == "SIMILAR" {
		p.expect("TO")
		l.Op = OpSimilarTo
	}
	l.Pattern = p.expr(precBetween + 1)
	if p.acceptSymbol("ESCAPE") {
		l.Escape = p.expr(precPostfix)
	}
	l.Span = p.span(start)
	return l
}

// primary reads an operand: a literal, a name, a call, or anything that brackets hold together.
func (p *parser) primary() Expr {
	t := p.tok
	switch t.kind {
	case tokInteger, tokDecimal, tokApproximate:
		return p.numberLit()
	case tokString:
		return p.stringLit()
	case tokBinary:
		return p.binaryLit()
	case tokQuoted:
		return p.columnOrCall()
	case tokWord:
		return p.wordExpr()
	case tokSymbol:
		switch t.word {
		case "(":
			return p.parenExpr()
		case "?":
			p.refuse(t.span(), "dynamic parameters are", "write the value itself")
		case "{":
			p.refuse(t.span(), "escapes in braces are", "write DATE '…', TIMESTAMP '…' or the function's name")
		}
	}
	p.unexpected("an expression")
	return &NullLit{Span: p.span(t.start)}
}

// wordExpr reads an operand that begins with a word.
func (p *parser) wordExpr() Expr {
	t := p.tok
	next := p.peek(1)
	switch t.word {
	case "":
		return p.columnOrCall()
	case "NULL", "UNKNOWN":
		p.next()
		return &NullLit{Span: t.span(), Unknown: t.word == "UNKNOWN"}
	case "TRUE", "FALSE":
		p.next()
		return &BoolLit{Span: t.span(), Value: t.word == "TRUE"}
	case "DATE", "TIME", "TIMESTAMP":
		if next.kind == tokString {
			p.next()
			text := p.stringLit().Value
			return &TemporalLit{Span: p.span(t.start), Kind: TemporalKind(t.word), Text: text}
		}
	case "INTERVAL":
		return p.interval()
	case "CASE":
		return p.caseExpr()
	case "ROW":
		p.next()
		list, q := p.parenListOrQuery()
		if q != nil {
			list = []Expr{&Subquery{Span: q.Span, Query: q}}
		}
		return &RowExpr{Span: p.span(t.start), Items: list}
	case "PERIOD":
		if next.word == "(" {
			p.next()
			p.next()
			r := &RowExpr{Items: []Expr{p.anyExpr()}}
			p.expect(",")
			r.Items = append(r.Items, p.anyExpr())
			p.expect(")")
			r.Span = p.span(t.start)
			return r
		}
	case "ARRAY":
		items, q := p.collection()
		return &ArrayExpr{Span: p.span(t.start), Items: items, Query: q}
	case "MULTISET":
		items, q := p.collection()
		return &MultisetExpr{Span: p.span(t.start), Items: items, Query: q}
	case "MAP":
		// MAP is no reserved word: MAP(x) may be the call of a function.
		if next.word == "[" || next.word == "(" && startsQuery(p.peek(2)) {
			items, q := p.collection()
			if q == nil && len(items)%2 != 0 {
				p.fail(diag.Errorf("syntax", p.span(t.start), "map has a key without a value").
					WithHint("keys and values take turns: MAP['a', 1, 'b', 2]"))
			}
			return &MapExpr{Span: p.span(t.start), Items: items, Query: q}
		}
	case "RUNNING", "FINAL":
		if (isIdent(next) || reservedFunctions[next.word]) && p.peek(2).word == "(" {
			p.next()
			x := p.primary()
			return &UnaryExpr{Span: p.span(t.start), Op: UnaryOp(t.word), X: x}
		}
	case "CURSOR", "NEW":
		p.refuse(t.span(), t.word+" is", "")
	case "NEXT":
		if next.word == "VALUE" {
			p.refuse(t.span(), "NEXT VALUE FOR is", "")
		}
	case "DEFAULT":
		p.unexpected("an expression")
	}
	switch {
	case next.word == "(" && (specialCalls[t.word] || reservedFunctions[t.word] || !t.reserved):
		return p.columnOrCall()
	case bareFunctions[t.word]:
		p.next()
		id := &Ident{Span: t.span(), Name: t.word}
		return &FuncCall{Span: t.span(), Name: &Name{Span: t.span(), Parts: []*Ident{id}}, Bare: true}
	case !t.reserved:
		return p.columnOrCall()
	case p.beginsClause(t):
		p.unexpected("an expression")
	default:
		p.reserved(t)
	}
	return &NullLit{Span: t.span()}
}

// columnOrCall reads a.b.c, a.b.* or a.b.f(…).
func (p *parser) columnOrCall() Expr {
	start := p.tok.start
	if p.tok.kind == tokWord && p.peek(1).word == "(" {
		if specialCalls[p.tok.word] {
			return p.specialCall()
		}
		if p.tok.reserved {
			// The name of a function that is a reserved word.
			t := p.tok
			p.next()
			return p.call(start, []*Ident{{Span: t.span(), Name: p.text[t.start:t.end]}})
		}
	}
	parts := []*Ident{p.ident()}
	for p.at(".") {
		p.next()
		if p.acceptSymbol("*") {
			return &Star{Span: p.span(start), Qualifier: parts}
		}
		parts = append(parts, p.ident())
	}
	if p.at("(") {
		return p.call(start, parts)
	}
	return &ColumnRef{Span: p.span(start), Parts: parts}
}

// startsQuery reports whether a query may begin with t; a parenthesis may begin anything.
func startsQuery(t token) bool {
	switch t.word {
	case "SELECT", "VALUES", "WITH", "TABLE":
		return true
	}
	return false
}

// parenExpr reads (expr), (expr, …) or (query), or (a - b) unit.
func (p *parser) parenExpr() Expr {
	start := p.tok.start
	list, q := p.parenListOrQuery()
	switch {
	case q != nil:
		return &Subquery{Span: p.span(start), Query: q}
	case len(list) > 1:
		return &RowExpr{Span: p.span(start), Items: list}
	}
	x := list[0]
	if _, ok := intervalUnits[units[p.tok.word]]; ok && p.tok.reserved {
		b, ok := x.(*BinaryExpr)
		if !ok || b.Op != OpSub {
			p.unexpected("an operator")
			return x
		}
		u := p.intervalQualifier(false)
		return &IntervalDiff{Span: p.span(start), Left: b.Left, Right: b.Right, Units: u}
	}
	return x
}

// parenListOrQuery reads (expr, …) or (query). One of the results is set; the list is never empty.
func (p *parser) parenListOrQuery() ([]Expr, *Query) {
	p.expect("(")
	if startsQuery(p.tok) {
		q := p.query()
		p.expect(")")
		return nil, q
	}
	start := p.tok.start
	first := p.anyExpr()
	// ((query) UNION (query)) begins like an expression.
	if sub, ok := first.(*Subquery); ok && (p.atSetOp() || p.atQueryTail() || p.at(")")) {
		q := p.queryTail(start, nil, p.setOps(start, simplify(sub.Query), precUnion))
		p.expect(")")
		return nil, q
	}
	list := []Expr{first}
	for p.acceptSymbol(",") {
		list = append(list, p.anyExpr())
	}
	p.expect(")")
	return list, nil
}

// parenQuery reads (query).
func (p *parser) parenQuery() *Query {
	p.expect("(")
	q := p.query()
	p.expect(")")
	return q
}

// collection reads [expr, …] or (query) behind ARRAY, MAP or MULTISET, the current token.
func (p *parser) collection() ([]Expr, *Query) {
	p.next()
	if p.at("(") {
		return nil, p.parenQuery()
	}
	p.expect("[")
	if p.acceptSymbol("]") {
		return nil, nil
	}
	items := commaList(p, (*parser).anyExpr)
	p.expect("]")
	return items, nil
}

// interval reads INTERVAL [+|-] 'text' qualifier, or INTERVAL n unit.
func (p *parser) interval() Expr {
	start := p.tok.start
	p.next()
	signStart := p.tok.start
	sign := p.acceptOneOf("-", "+")
	if p.tok.kind == tokString {
		lit := &IntervalLit{Negative: sign == "-", Text: p.stringLit().Value}
		lit.Units = p.intervalQualifier(true)
		lit.Span = p.span(start)
		return lit
	}
	var x Expr
	switch {
	case p.atNumber():
		x = p.numberLit()
	case p.acceptSymbol("("):
		x = p.anyExpr()
		p.expect(")")
	case p.atIdent():
		n := p.name()
		x = &ColumnRef{Span: n.Span, Parts: n.Parts}
	default:
		p.unexpected("a string such as '5'")
		x = &NullLit{}
	}
	if sign == "-" {
		x = &UnaryExpr{Span: p.span(signStart), Op: OpNeg, X: x}
	}
	units := p.intervalQualifier(false)
	return &IntervalExpr{Span: p.span(start), X: x, Units: units}
}

func (p *parser) caseExpr() Expr {
	start := p.tok.start
	p.next()
	c := &Case{}
	if !p.at("WHEN") {
		c.Operand = p.anyExpr()
	}
	for p.at("WHEN") {
		c.Whens = append(c.Whens, p.when(c.Operand != nil))
	}
	if len(c.Whens) == 0 {
		p.unexpected(quoteWord("WHEN"))
	}
	if p.acceptSymbol("ELSE") {
		c.Else = p.anyExpr()
	}
	p.expect("END")
	c.Span = p.span(start)
	return c
}

func (p *parser) when(several bool) *When {
	start := p.tok.start
	p.next()
	w := &When{Conds: []Expr{p.anyExpr()}}
	for several && p.acceptSymbol(",") {
		w.Conds = append(w.Conds, p.anyExpr())
	}
	p.expect("THEN")
	w.Result = p.anyExpr()
	w.Span = p.span(start)
	return w
}
