package parser

func (p *printer) stmt(s Stmt) {
	switch s := s.(type) {
	case *AddJar:
		if s.Remove {
			p.words("REMOVE JAR ")
		} else {
			p.words("ADD JAR ")
		}
		p.node(s.Path)
	case *AlterTable:
		p.words("ALTER ")
		if s.View {
			p.words("VIEW ")
		} else {
			p.words("TABLE ")
		}
		p.when(s.IfExists, "IF EXISTS ")
		p.node(s.Name)
		p.words(" ")
		p.node(s.Action)
	case *CreateCatalog:
		p.words("CREATE CATALOG ")
		p.when(s.IfNotExists, "IF NOT EXISTS ")
		p.node(s.Name)
		p.comment(s.Comment)
		p.with(s.Options)
	case *CreateDatabase:
		p.words("CREATE DATABASE ")
		p.when(s.IfNotExists, "IF NOT EXISTS ")
		p.node(s.Name)
		p.comment(s.Comment)
		p.with(s.Options)
	case *CreateFunction:
		p.createFunction(s)
	case *CreateTable:
		p.createTable(s)
	case *CreateView:
		p.words("CREATE ")
		p.when(s.Replace, "OR REPLACE ")
		p.when(s.Temporary, "TEMPORARY ")
		p.words("VIEW ")
		p.when(s.IfNotExists, "IF NOT EXISTS ")
		p.node(s.Name)
		if len(s.Columns) > 0 {
			p.words(" ")
			parens(p, s.Columns)
		}
		p.comment(s.Comment)
		p.words(" AS ")
		p.node(s.Query)
	case *Describe:
		p.words("DESCRIBE ")
		if s.Job != nil {
			p.words("JOB ")
			p.node(s.Job)
			return
		}
		if s.Kind != ObjectTable {
			p.words(string(s.Kind), " ")
		}
		p.when(s.Extended, "EXTENDED ")
		p.node(s.Name)
	case *Drop:
		p.words("DROP ")
		p.when(s.Temporary, "TEMPORARY ")
		p.when(s.System, "SYSTEM ")
		p.words(string(s.Kind), " ")
		p.when(s.IfExists, "IF EXISTS ")
		p.node(s.Name)
		p.when(s.Cascade, " CASCADE")
	case *Explain:
		p.words("EXPLAIN ")
		for i, d := range s.Details {
			p.when(i > 0, ", ")
			p.words(d)
		}
		p.when(len(s.Details) > 0, " ")
		if set, ok := s.Stmt.(*StatementSet); ok {
			p.statementSet(set, "STATEMENT SET BEGIN")
		} else {
			p.node(s.Stmt)
		}
	case *Insert:
		p.insert(s)
	case *Query:
		p.query(s)
	case *Reset:
		p.words("RESET")
		if s.Key != nil {
			p.words(" ")
			p.node(s.Key)
		}
	case *Set:
		p.words("SET")
		if s.Key != nil {
			p.words(" ")
			p.node(s.Key)
			p.words(" = ")
			p.node(s.Value)
		}
	case *Show:
		p.show(s)
	case *StatementSet:
		p.statementSet(s, "EXECUTE STATEMENT SET BEGIN")
	case *StopJob:
		p.words("STOP JOB ")
		p.node(s.ID)
		p.when(s.Savepoint, " WITH SAVEPOINT")
		p.when(s.Drain, " WITH DRAIN")
	case *Use:
		p.words("USE ")
		if len(s.Modules) > 0 {
			p.words("MODULES ")
			list(p, s.Modules)
			return
		}
		p.when(s.Catalog, "CATALOG ")
		p.node(s.Name)
	default:
		panic(unknownNode(s))
	}
}

func (p *printer) comment(c *StringLit) {
	if c != nil {
		p.words(" COMMENT ")
		p.node(c)
	}
}

func (p *printer) with(options []*Option) {
	if len(options) > 0 {
		p.words(" WITH ")
		parens(p, options)
	}
}

func (p *printer) createTable(s *CreateTable) {
	p.words("CREATE ")
	p.when(s.Replace, "OR REPLACE ")
	p.when(s.Temporary, "TEMPORARY ")
	p.words("TABLE ")
	p.when(s.IfNotExists, "IF NOT EXISTS ")
	p.node(s.Name)
	if len(s.Columns)+len(s.Constraints)+len(s.Watermarks) > 0 {
		p.words(" (")
		list(p, s.Columns)
		p.when(len(s.Columns) > 0 && len(s.Constraints) > 0, ", ")
		list(p, s.Constraints)
		p.when(len(s.Columns)+len(s.Constraints) > 0 && len(s.Watermarks) > 0, ", ")
		list(p, s.Watermarks)
		p.words(")")
	}
	p.comment(s.Comment)
	if s.Distribution != nil {
		p.words(" ")
		p.node(s.Distribution)
	}
	if len(s.PartitionedBy) > 0 {
		p.words(" PARTITIONED BY ")
		parens(p, s.PartitionedBy)
	}
	p.with(s.Options)
	if s.Like != nil {
		p.words(" ")
		p.node(s.Like)
	}
	if s.As != nil {
		p.words(" AS ")
		p.node(s.As)
	}
}

func (p *printer) columnDef(c *ColumnDef) {
	p.node(c.Name)
	if c.Computed != nil {
		p.words(" AS ")
		p.node(c.Computed)
	} else {
		p.words(" ")
		p.node(c.Type)
	}
	if c.Metadata != nil {
		p.words(" ")
		p.node(c.Metadata)
	}
	p.comment(c.Comment)
}

func (p *printer) createFunction(s *CreateFunction) {
	p.words("CREATE ")
	p.when(s.Replace, "OR REPLACE ")
	p.when(s.Temporary, "TEMPORARY ")
	p.when(s.System, "SYSTEM ")
	p.words("FUNCTION ")
	p.when(s.IfNotExists, "IF NOT EXISTS ")
	p.node(s.Name)
	p.words(" AS ")
	p.node(s.Class)
	if s.Language != nil {
		p.words(" LANGUAGE ", s.Language.Name)
	}
	if len(s.Using) > 0 {
		p.words(" USING ")
		list(p, s.Using)
	}
}

func (p *printer) insert(s *Insert) {
	p.words("INSERT ")
	if s.Overwrite {
		p.words("OVERWRITE ")
	} else {
		p.words("INTO ")
	}
	p.node(s.Table)
	p.hints(s.Hints)
	if len(s.Partition) > 0 {
		p.words(" PARTITION ")
		parens(p, s.Partition)
	}
	if len(s.Columns) > 0 {
		p.words(" ")
		parens(p, s.Columns)
	}
	p.words(" ")
	p.node(s.Query)
}

func (p *printer) statementSet(s *StatementSet, begin string) {
	p.words(begin)
	for _, insert := range s.Inserts {
		p.words(" ")
		p.node(insert)
		p.words(";")
	}
	p.words(" END")
}

func (p *printer) show(s *Show) {
	p.words("SHOW ", string(s.Kind))
	if s.Name != nil {
		switch s.Kind {
		case ShowCreateTable, ShowCreateView, ShowCreateCatalog, ShowPartitions:
			p.words(" ")
		default:
			p.words(" FROM ")
		}
		p.node(s.Name)
	}
	if len(s.Partition) > 0 {
		p.words(" PARTITION ")
		parens(p, s.Partition)
	}
	if s.Pattern != nil {
		p.when(s.Not, " NOT")
		if s.ILike {
			p.words(" ILIKE ")
		} else {
			p.words(" LIKE ")
		}
		p.node(s.Pattern)
	}
}
