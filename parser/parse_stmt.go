package parser

import (
	"strings"

	"github.com/weirsql/weir/diag"
)

// statementWords begin statements; they serve hints.
var statementWords = []string{"SELECT", "INSERT", "CREATE", "DROP", "ALTER", "WITH", "VALUES", "EXPLAIN", "DESCRIBE", "SHOW",
	"USE", "SET", "RESET", "EXECUTE", "BEGIN", "STOP"}

// statement reads one statement up to its semicolon.
func (p *parser) statement() Stmt {
	p.depth, p.height, p.aliasAt = 0, 0, -1
	start := p.tok.start
	t := p.tok
	switch t.word {
	case "SELECT", "WITH", "VALUES", "TABLE", "(":
		return p.query()
	case "INSERT":
		return p.insert()
	case "CREATE":
		return p.create()
	case "DROP":
		return p.drop()
	case "ALTER":
		return p.alter()
	case "EXECUTE":
		p.next()
		switch {
		case p.at("STATEMENT"):
			return p.statementSet(start)
		case p.at("INSERT"):
			return p.insert()
		case p.at("PLAN"):
			p.unsupported(diag.Span{Start: start, End: p.tok.end}, "EXECUTE PLAN")
		}
		return p.query()
	case "BEGIN":
		return p.beginStatementSet()
	case "END":
		if p.brokenSet {
			// The set has been reported; its end needs no error of its own.
			p.brokenSet = false
			p.next()
			return &Reset{}
		}
		p.unexpected("a statement")
	case "EXPLAIN":
		return p.explain()
	case "SET":
		return p.set()
	case "RESET":
		p.next()
		r := &Reset{}
		if !p.at(";") && p.tok.kind != tokEOF {
			r.Key = p.rawText(func() bool { return false })
		}
		r.Span = p.span(start)
		return r
	case "SHOW":
		return p.show()
	case "DESCRIBE", "DESC":
		return p.describeStmt()
	case "USE":
		return p.use()
	case "STOP":
		return p.stopJob()
	case "ADD", "REMOVE":
		p.next()
		p.expect("JAR")
		a := &AddJar{Remove: t.word == "REMOVE", Path: p.stringLit()}
		a.Span = p.span(start)
		return a
	case "ANALYZE", "CALL", "COMPILE", "DELETE", "LOAD", "MERGE", "TRUNCATE", "UNLOAD", "UPDATE", "UPSERT":
		p.unsupported(t.span(), t.word)
	}
	p.expectedStatement()
	return &Reset{}
}

// unsupported refuses a statement of Flink.
func (p *parser) unsupported(span diag.Span, what string) {
	p.fail(diag.Errorf("unsupported-statement", span, "%s is not supported", what))
}

func (p *parser) expectedStatement() {
	if p.failed() {
		return
	}
	t := p.tok
	p.unexpected("a statement")
	if t.kind == tokWord && p.failure.Hint == "" {
		if w := diag.Suggest(p.text[t.start:t.end], statementWords); w != "" {
			p.failure.WithHint("did you mean %s?", w)
		}
	}
}

func (p *parser) insert() *Insert {
	start := p.tok.start
	p.expect("INSERT")
	s := &Insert{Overwrite: p.expectOneOf("INTO", "OVERWRITE") == "OVERWRITE"}
	s.Table = p.name()
	s.Hints = p.hints()
	if p.accept("PARTITION") {
		s.Partition = p.partition()
	}
	if next := p.peek(1); p.at("(") && !startsQuery(next) && next.word != "(" {
		s.Columns = p.identList()
	}
	s.Query = p.query()
	s.Span = p.span(start)
	return s
}

// partition reads (column [= literal], …).
func (p *parser) partition() []*PartitionValue {
	p.expect("(")
	list := commaList(p, (*parser).partitionValue)
	p.expect(")")
	return list
}

func (p *parser) partitionValue() *PartitionValue {
	start := p.tok.start
	v := &PartitionValue{Column: p.ident()}
	if p.accept("=") {
		v.Value = p.expr(precUnary)
	}
	v.Span = p.span(start)
	return v
}

// beginStatementSet reads BEGIN STATEMENT SET; insert; … END.
func (p *parser) beginStatementSet() Stmt {
	start := p.tok.start
	p.expect("BEGIN", "STATEMENT", "SET", ";")
	return p.setBody(start)
}

// statementSet reads STATEMENT SET BEGIN insert; … END; what stands in front of it has been read.
func (p *parser) statementSet(start int) Stmt {
	p.expect("STATEMENT", "SET", "BEGIN")
	return p.setBody(start)
}

// setBody reads insert; … END. After an error inside an insert it goes on behind its semicolon, so that every insert
// is checked.
func (p *parser) setBody(start int) Stmt {
	s := &StatementSet{}
	if p.failed() {
		return s
	}
	p.brokenSet = true
	for p.at("INSERT") {
		p.height, p.aliasAt = 0, -1
		s.Inserts = append(s.Inserts, p.insert())
		p.expect(";")
		if p.failed() {
			p.resume()
			p.accept(";")
		}
	}
	switch {
	case len(s.Inserts) == 0:
		p.unexpected(quoteWord("INSERT"))
	case !p.at("END"):
		p.unexpected(`"INSERT" or "END"`)
	}
	if p.accept("END") {
		p.brokenSet = false
	}
	s.Span = p.span(start)
	return s
}

func (p *parser) explain() Stmt {
	start := p.tok.start
	p.next()
	e := &Explain{}
	if !p.accept("PLAN", "FOR") {
		for explainDetails[p.tok.word] {
			e.Details = append(e.Details, p.tok.word)
			p.next()
			if !p.accept(",") {
				break
			}
			if !explainDetails[p.tok.word] {
				p.unexpected("ESTIMATED_COST, CHANGELOG_MODE, JSON_EXECUTION_PLAN or PLAN_ADVICE")
			}
		}
	}
	stmtStart := p.tok.start
	switch p.tok.word {
	case "STATEMENT":
		e.Stmt = p.statementSet(stmtStart)
	case "INSERT":
		e.Stmt = p.insert()
	case "CREATE":
		e.Stmt = p.create()
	default:
		e.Stmt = p.query()
	}
	e.Span = p.span(start)
	return e
}

var explainDetails = wordSet("ESTIMATED_COST CHANGELOG_MODE JSON_EXECUTION_PLAN PLAN_ADVICE")

// set reads SET, SET 'key' = 'value' or SET key = value. Without quotes, key and value are the texts between the
// delimiters.
func (p *parser) set() Stmt {
	start := p.tok.start
	p.next()
	s := &Set{}
	if !p.at(";") && p.tok.kind != tokEOF {
		s.Key = p.rawText(func() bool { return p.at("=") })
		p.expect("=")
		s.Value = p.rawText(func() bool { return false })
	}
	s.Span = p.span(start)
	return s
}

// rawText reads a string, or the text up to end or the end of the statement.
func (p *parser) rawText(end func() bool) *StringLit {
	if p.tok.kind == tokString {
		return p.stringLit()
	}
	start := p.tok.start
	for !end() && !p.at(";") && p.tok.kind != tokEOF {
		if p.tok.kind == tokError {
			p.unexpected("")
			return &StringLit{}
		}
		p.next()
	}
	s := &StringLit{Span: p.span(start)}
	for _, c := range p.comments {
		if start < c.Start && c.Start <= s.Span.End && strings.HasPrefix(p.text[c.Start-1:], "://") {
			p.fail(diag.Errorf("syntax", c.Span, "a comment begins in the middle of a setting").
				WithHint("write it in quotes: 'scheme://path'"))
		}
	}
	s.Value = strings.TrimSpace(p.text[s.Span.Start:s.Span.End])
	if p.prevEnd <= start {
		p.unexpected("a string such as 'key' = 'value'")
	}
	return s
}

func (p *parser) show() Stmt {
	start := p.tok.start
	p.next()
	s := &Show{}
	words := p.tok.word
	switch words {
	case "CREATE", "CURRENT", "FULL", "USER":
		p.next()
		words += " " + p.tok.word
	}
	s.Kind = ShowKind(words)
	named := false // a name follows directly
	switch s.Kind {
	case ShowCatalogs, ShowColumns, ShowCurrentCatalog, ShowCurrentDatabase, ShowDatabases, ShowFullModules, ShowFunctions,
		ShowJars, ShowJobs, ShowModules, ShowProcedures, ShowTables, ShowUserFunctions, ShowViews:
	case ShowCreateCatalog, ShowCreateTable, ShowCreateView, ShowPartitions:
		named = true
	default:
		p.unexpected("TABLES, VIEWS, FUNCTIONS, JOBS, CATALOGS, DATABASES, COLUMNS, PARTITIONS, MODULES, JARS, CREATE TABLE or " +
			"CREATE VIEW")
		return s
	}
	p.next()
	switch {
	case named:
		s.Name = p.name()
	case s.Kind == ShowColumns:
		p.expectOneOf("FROM", "IN")
		s.Name = p.name()
	case p.acceptOneOf("FROM", "IN") != "":
		s.Name = p.name()
	}
	if s.Kind == ShowPartitions && p.accept("PARTITION") {
		s.Partition = p.partition()
	}
	if s.Not = p.accept("NOT"); s.Not || p.at("LIKE") || p.at("ILIKE") {
		s.ILike = p.expectOneOf("LIKE", "ILIKE") == "ILIKE"
		s.Pattern = p.stringLit()
	}
	s.Span = p.span(start)
	return s
}

func (p *parser) describeStmt() Stmt {
	start := p.tok.start
	p.next()
	d := &Describe{Kind: ObjectTable}
	next := p.peek(1)
	switch kind := p.tok.word; {
	case kind == "JOB" && next.kind == tokString:
		p.next()
		d.Kind = ""
		d.Job = p.stringLit()
		d.Span = p.span(start)
		return d
	case kind == "FUNCTION", (kind == "CATALOG" || kind == "DATABASE") && (isIdent(next) || next.word == "EXTENDED"):
		p.next()
		d.Kind = ObjectKind(kind)
	}
	d.Extended = p.accept("EXTENDED")
	d.Name = p.name()
	d.Span = p.span(start)
	return d
}

func (p *parser) use() Stmt {
	start := p.tok.start
	p.next()
	u := &Use{}
	switch {
	case p.at("CATALOG") && isIdent(p.peek(1)):
		p.next()
		u.Catalog = true
		u.Name = p.simpleName()
	case p.accept("MODULES"):
		u.Modules = commaList(p, (*parser).ident)
	default:
		u.Name = p.name()
	}
	u.Span = p.span(start)
	return u
}

func (p *parser) stopJob() Stmt {
	start := p.tok.start
	p.expect("STOP", "JOB")
	s := &StopJob{ID: p.stringLit()}
	for p.accept("WITH") {
		if p.expectOneOf("SAVEPOINT", "DRAIN") == "DRAIN" {
			s.Drain = true
		} else {
			s.Savepoint = true
		}
	}
	s.Span = p.span(start)
	return s
}
