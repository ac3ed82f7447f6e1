package parser

// jsonCall reads the arguments of the JSON function word up to its closing parenthesis.
func (p *parser) jsonCall(f *FuncCall, word string) {
	switch word {
	case "JSON_OBJECT":
		if !p.at(")") && !p.atOnNull() {
			p.jsonEntry(f)
			for p.accept(",") {
				p.jsonEntry(f)
			}
		}
		p.onNull(f)
	case "JSON_OBJECTAGG":
		p.jsonEntry(f)
		p.onNull(f)
	case "JSON_ARRAY":
		if !p.at(")") && !p.atOnNull() {
			f.Args = commaList(p, (*parser).anyExpr)
		}
		p.onNull(f)
	case "JSON_ARRAYAGG":
		f.Args = []Expr{p.anyExpr()}
		if p.at("ORDER") {
			f.WithinGroup = p.orderBy()
		}
		p.onNull(f)
	default:
		p.jsonPathArgs(f, word)
	}
}

// jsonEntry reads [KEY] key VALUE value, or key : value.
func (p *parser) jsonEntry(f *FuncCall) {
	// KEY is no reserved word: in KEY VALUE 1 and in KEY : 1 it is a column.
	if p.at("KEY") {
		switch next := p.peek(1); next.word {
		case "VALUE", ":", ".", "||", "[":
		default:
			p.next()
		}
	}
	f.Args = append(f.Args, p.anyExpr())
	p.expectOneOf("VALUE", ":")
	f.Args = append(f.Args, p.anyExpr())
}

func (p *parser) atOnNull() bool {
	return p.atWords("NULL", "ON", "NULL") || p.atWords("ABSENT", "ON", "NULL")
}

// onNull reads [NULL|ABSENT ON NULL].
func (p *parser) onNull(f *FuncCall) {
	start := p.tok.start
	kind := OnNullUnstated
	switch {
	case p.accept("NULL", "ON", "NULL"):
		kind = NullOnNull
	case p.accept("ABSENT", "ON", "NULL"):
		kind = AbsentOnNull
	default:
		return
	}
	f.JSON = &JSONClauses{Span: p.span(start), OnNull: kind}
}

// jsonPathArgs reads x, path and the clauses of JSON_EXISTS, JSON_VALUE and JSON_QUERY.
func (p *parser) jsonPathArgs(f *FuncCall, word string) {
	x := p.anyExpr()
	p.expect(",")
	f.Args = []Expr{x, p.anyExpr()}
	if p.at("PASSING") {
		p.refuse(p.tok.span(), "PASSING is", "build the path as a string")
	}
	start := p.tok.start
	j := &JSONClauses{}
	switch word {
	case "JSON_EXISTS":
		if !p.at(")") {
			b := &JSONBehavior{Span: p.tok.span()}
			b.Kind = p.expectOneOf("TRUE", "FALSE", "UNKNOWN", "ERROR")
			p.expect("ON", "ERROR")
			j.OnError = b
		}
	default:
		if p.accept("RETURNING") {
			j.Returning = p.typeName()
		}
		if word == "JSON_QUERY" {
			j.Wrapper = p.jsonWrapper()
		}
		for !p.failed() && !p.at(")") {
			p.jsonBehavior(j, word)
		}
	}
	if *j != (JSONClauses{}) {
		j.Span = p.span(start)
		f.JSON = j
	}
}

func (p *parser) jsonWrapper() JSONWrapper {
	w := WrapperUnstated
	switch {
	case p.accept("WITHOUT"):
		w = WrapperWithout
	case p.accept("WITH"):
		w = WrapperUnconditional
		if p.accept("CONDITIONAL") {
			w = WrapperConditional
		} else {
			p.accept("UNCONDITIONAL")
		}
	default:
		return w
	}
	p.accept("ARRAY")
	p.expect("WRAPPER")
	return w
}

// jsonBehavior reads one … ON EMPTY or … ON ERROR.
func (p *parser) jsonBehavior(j *JSONClauses, word string) {
	b := &JSONBehavior{}
	start := p.tok.start
	switch {
	case word == "JSON_VALUE" && p.accept("DEFAULT"):
		b.Kind = "DEFAULT"
		b.Default = p.anyExpr()
	case word == "JSON_QUERY" && p.accept("EMPTY"):
		b.Kind = "EMPTY " + p.expectOneOf("ARRAY", "OBJECT")
	default:
		b.Kind = p.expectOneOf("NULL", "ERROR")
	}
	b.Span = p.span(start)
	p.expect("ON")
	at := p.tok
	field := &j.OnEmpty
	if p.expectOneOf("EMPTY", "ERROR") == "ERROR" {
		field = &j.OnError
	}
	if *field != nil && !p.failed() {
		p.tok = at
		p.unexpected(`")", because ON ` + at.word + ` is there already`)
		return
	}
	*field = b
}
