package parser

import "github.com/weirsql/weir/diag"

func (p *parser) create() Stmt {
	start := p.tok.start
	p.expect("CREATE")
	replace := p.accept("OR")
	if replace {
		p.expect("REPLACE")
	}
	temporary := p.accept("TEMPORARY")
	t := p.tok
	if temporary || replace {
		switch {
		case t.word == "CATALOG", t.word == "DATABASE":
			p.unexpected("TABLE, VIEW or FUNCTION")
		case t.word == "SYSTEM" && !temporary:
			p.unexpected("TABLE, VIEW or FUNCTION")
		}
	}
	switch t.word {
	case "TABLE":
		s := &CreateTable{Replace: replace, Temporary: temporary}
		p.createTable(s)
		s.Span = p.span(start)
		return s
	case "VIEW":
		s := &CreateView{Replace: replace, Temporary: temporary}
		p.createView(s)
		s.Span = p.span(start)
		return s
	case "FUNCTION", "SYSTEM":
		s := &CreateFunction{Replace: replace, Temporary: temporary}
		p.createFunction(s)
		s.Span = p.span(start)
		return s
	case "CATALOG":
		p.next()
		s := &CreateCatalog{IfNotExists: p.ifNotExists(), Name: p.ident(), Comment: p.comment(), Options: p.withOptions()}
		s.Span = p.span(start)
		return s
	case "DATABASE":
		p.next()
		s := &CreateDatabase{IfNotExists: p.ifNotExists(), Name: p.name(), Comment: p.comment(), Options: p.withOptions()}
		s.Span = p.span(start)
		return s
	case "MATERIALIZED", "MODEL":
		p.unsupported(diag.Span{Start: start, End: t.end}, "CREATE "+t.word)
	}
	p.unexpected("TABLE, VIEW, FUNCTION, CATALOG or DATABASE")
	return &Reset{}
}

func (p *parser) ifNotExists() bool { return p.accept("IF", "NOT", "EXISTS") }

// comment reads [COMMENT 'text'].
func (p *parser) comment() *StringLit {
	if !p.accept("COMMENT") {
		return nil
	}
	return p.stringLit()
}

// withOptions reads [WITH ('key' = 'value', …)].
func (p *parser) withOptions() []*Option {
	if !p.accept("WITH") {
		return nil
	}
	return p.options()
}

// options reads ('key' = 'value', …), which may be empty.
func (p *parser) options() []*Option {
	p.expect("(")
	if p.accept(")") {
		return nil
	}
	list := commaList(p, (*parser).option)
	p.expect(")")
	return list
}

func (p *parser) option() *Option {
	start := p.tok.start
	o := &Option{Key: p.optionString("an option's name in quotes")}
	p.expect("=")
	o.Value = p.optionString("an option's value in quotes")
	o.Span = p.span(start)
	return o
}

// optionString reads a string where people like to forget the quotes.
func (p *parser) optionString(expected string) *StringLit {
	t := p.tok
	switch t.kind {
	case tokString:
		return p.stringLit()
	case tokWord, tokQuoted, tokInteger, tokDecimal, tokApproximate:
		p.unexpected(expected)
		if p.failed() {
			p.failure.Hint = "write it as '" + p.text[t.start:t.end] + "'"
		}
	default:
		p.unexpected(expected)
	}
	return &StringLit{Span: t.span()}
}

func (p *parser) createTable(s *CreateTable) {
	p.expect("TABLE")
	s.IfNotExists = p.ifNotExists()
	s.Name = p.name()
	if p.accept("(") {
		p.tableItem(s)
		for p.accept(",") {
			p.tableItem(s)
		}
		p.expect(")")
	}
	s.Comment = p.comment()
	if p.at("DISTRIBUTED") {
		s.Distribution = p.distribution()
	}
	if p.accept("PARTITIONED") {
		p.expect("BY")
		s.PartitionedBy = p.identList()
	}
	s.Options = p.withOptions()
	switch {
	case p.at("LIKE"):
		s.Like = p.likeClause()
	case p.accept("AS"):
		s.As = p.query()
	}
}

// tableItem reads a column, a constraint or a watermark.
func (p *parser) tableItem(s *CreateTable) {
	start := p.tok.start
	switch {
	case p.at("CONSTRAINT"), p.at("PRIMARY"), p.at("UNIQUE"):
		c := p.constraint()
		c.Columns = p.identList()
		c.Enforcement = p.enforcement()
		c.Span = p.span(start)
		s.Constraints = append(s.Constraints, c)
	case p.accept("WATERMARK"):
		p.expect("FOR")
		w := &Watermark{Column: p.name()}
		p.expect("AS")
		w.Expr = p.anyExpr()
		w.Span = p.span(start)
		s.Watermarks = append(s.Watermarks, w)
	default:
		s.Columns = append(s.Columns, p.columnDef(s))
	}
}

func (p *parser) columnDef(s *CreateTable) *ColumnDef {
	start := p.tok.start
	c := &ColumnDef{Name: p.ident()}
	if p.accept("AS") {
		c.Computed = p.anyExpr()
		c.Comment = p.comment()
		c.Span = p.span(start)
		return c
	}
	c.Type = p.columnType()
	switch metaStart := p.tok.start; {
	case p.accept("METADATA"):
		c.Metadata = &Metadata{}
		if p.accept("FROM") {
			c.Metadata.From = p.stringLit()
		}
		c.Metadata.Virtual = p.accept("VIRTUAL")
		c.Metadata.Span = p.span(metaStart)
	case p.at("CONSTRAINT"), p.at("PRIMARY"), p.at("UNIQUE"):
		k := p.constraint()
		k.Columns = []*Ident{c.Name}
		k.Enforcement = p.enforcement()
		k.Span = p.span(metaStart)
		s.Constraints = append(s.Constraints, k)
	}
	c.Comment = p.comment()
	c.Span = p.span(start)
	return c
}

// constraint reads [CONSTRAINT name] PRIMARY KEY|UNIQUE.
func (p *parser) constraint() *Constraint {
	c := &Constraint{}
	if p.accept("CONSTRAINT") {
		c.Name = p.ident()
	}
	if c.Unique = p.expectOneOf("PRIMARY", "UNIQUE") == "UNIQUE"; !c.Unique {
		p.expect("KEY")
	}
	return c
}

func (p *parser) enforcement() Enforcement {
	switch {
	case p.accept("ENFORCED"):
		return Enforced
	case p.accept("NOT", "ENFORCED"):
		return NotEnforced
	}
	return EnforcementUnstated
}

func (p *parser) distribution() *Distribution {
	start := p.tok.start
	p.expect("DISTRIBUTED")
	d := &Distribution{}
	by := p.accept("BY")
	if by {
		d.Kind = p.acceptOneOf("HASH", "RANGE")
		d.Columns = p.identList()
	}
	if !by || p.at("INTO") {
		p.expect("INTO")
		d.Buckets = p.numberLit()
		p.expect("BUCKETS")
	}
	d.Span = p.span(start)
	return d
}

func (p *parser) likeClause() *LikeClause {
	start := p.tok.start
	p.expect("LIKE")
	l := &LikeClause{Source: p.name()}
	if p.accept("(") {
		for !p.at(")") && !p.failed() {
			l.Options = append(l.Options, p.likeOption())
		}
		if len(l.Options) == 0 {
			p.unexpected("INCLUDING, EXCLUDING or OVERWRITING")
		}
		p.expect(")")
	}
	l.Span = p.span(start)
	return l
}

func (p *parser) likeOption() *LikeOption {
	start := p.tok.start
	o := &LikeOption{Strategy: p.expectOneOf("INCLUDING", "EXCLUDING", "OVERWRITING")}
	o.Feature = p.expectOneOf("ALL", "CONSTRAINTS", "DISTRIBUTION", "GENERATED", "METADATA", "OPTIONS", "PARTITIONS", "WATERMARKS")
	o.Span = p.span(start)
	return o
}

func (p *parser) createView(s *CreateView) {
	p.expect("VIEW")
	s.IfNotExists = p.ifNotExists()
	s.Name = p.name()
	if p.at("(") {
		s.Columns = p.identList()
	}
	s.Comment = p.comment()
	p.expect("AS")
	s.Query = p.query()
}

// functionLanguages are those of Flink, and weir's own GO and WASM.
var functionLanguages = []string{"JAVA", "SCALA", "PYTHON", "SQL", "GO", "WASM"}

func (p *parser) createFunction(s *CreateFunction) {
	s.System = p.accept("SYSTEM")
	p.expect("FUNCTION")
	s.IfNotExists = p.ifNotExists()
	if s.System {
		s.Name = p.simpleName()
	} else {
		s.Name = p.name()
	}
	p.expect("AS")
	s.Class = p.stringLit()
	if p.accept("LANGUAGE") {
		t := p.tok
		s.Language = &Ident{Span: t.span(), Name: p.expectOneOf(functionLanguages...)}
	}
	if p.accept("USING") {
		s.Using = commaList(p, (*parser).resource)
	}
}

func (p *parser) resource() *Resource {
	start := p.tok.start
	r := &Resource{Kind: p.expectOneOf("JAR")}
	r.Path = p.stringLit()
	r.Span = p.span(start)
	return r
}

func (p *parser) drop() Stmt {
	start := p.tok.start
	p.expect("DROP")
	d := &Drop{Temporary: p.accept("TEMPORARY")}
	d.System = p.accept("SYSTEM")
	t := p.tok
	switch t.word {
	case "CATALOG", "DATABASE":
		if d.Temporary || d.System {
			p.unexpected("TABLE, VIEW or FUNCTION")
		}
	case "TABLE", "VIEW":
		if d.System {
			p.unexpected(quoteWord("FUNCTION"))
		}
	case "FUNCTION":
	case "MATERIALIZED", "MODEL":
		p.unsupported(diag.Span{Start: start, End: t.end}, "DROP "+t.word)
	default:
		p.unexpected("TABLE, VIEW, FUNCTION, CATALOG or DATABASE")
		return d
	}
	p.next()
	d.Kind = ObjectKind(t.word)
	d.IfExists = p.accept("IF", "EXISTS")
	d.Name = p.name()
	if d.Kind == ObjectDatabase {
		d.Cascade = p.acceptOneOf("RESTRICT", "CASCADE") == "CASCADE"
	}
	d.Span = p.span(start)
	return d
}

func (p *parser) alter() Stmt {
	start := p.tok.start
	p.expect("ALTER")
	a := &AlterTable{}
	switch {
	case p.accept("TABLE"):
	case p.accept("VIEW"):
		a.View = true
	default:
		t := p.tok
		if t.kind == tokWord && t.word != "" {
			p.unsupported(diag.Span{Start: start, End: t.end}, "ALTER "+t.word)
		}
		p.unexpected("TABLE or VIEW")
		return a
	}
	a.IfExists = p.accept("IF", "EXISTS")
	a.Name = p.name()
	actionStart := p.tok.start
	t := p.tok
	switch {
	case p.accept("RENAME"):
		a.Action = p.rename(actionStart, a.View)
	case !a.View && p.accept("SET"):
		o := &SetOptions{Options: p.options()}
		o.Span = p.span(actionStart)
		a.Action = o
	case !a.View && p.accept("RESET"):
		r := &ResetOptions{}
		p.expect("(")
		r.Keys = commaList(p, (*parser).stringLit)
		p.expect(")")
		r.Span = p.span(actionStart)
		a.Action = r
	case t.word == "ADD", t.word == "MODIFY", t.word == "DROP", t.word == "AS", t.word == "PARTITION":
		p.unsupported(t.span(), "ALTER … "+t.word)
	default:
		p.unexpected("RENAME, SET or RESET")
	}
	a.Span = p.span(start)
	return a
}

// rename reads TO name or, for tables, column TO column; RENAME has been read.
func (p *parser) rename(start int, view bool) AlterAction {
	if view || p.at("TO") {
		p.expect("TO")
		r := &RenameTable{To: p.name()}
		r.Span = p.span(start)
		return r
	}
	r := &RenameColumn{From: p.name()}
	p.expect("TO")
	r.To = p.ident()
	r.Span = p.span(start)
	return r
}
