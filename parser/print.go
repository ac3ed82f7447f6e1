package parser

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// printNode returns the SQL of n on one line, with the parentheses that the grammar needs and no others.
func printNode(n Node) string {
	var p printer
	p.node(n)
	return p.b.String()
}

// PrintFile returns statements as a script: one per line, each ended by a semicolon.
func PrintFile(stmts []Stmt) string {
	var p printer
	for _, s := range stmts {
		p.node(s)
		p.b.WriteString(";\n")
	}
	return p.b.String()
}

type printer struct{ b strings.Builder }

// words writes keywords and punctuation as they are.
func (p *printer) words(ss ...string) {
	for _, s := range ss {
		p.b.WriteString(s)
	}
}

// when writes s if cond holds.
func (p *printer) when(cond bool, s string) {
	if cond {
		p.b.WriteString(s)
	}
}

// list writes nodes separated by commas.
func list[N Node](p *printer, nodes []N) {
	for i, n := range nodes {
		p.when(i > 0, ", ")
		p.node(n)
	}
}

// parens writes nodes separated by commas in parentheses.
func parens[N Node](p *printer, nodes []N) {
	p.words("(")
	list(p, nodes)
	p.words(")")
}

func (p *printer) node(n Node) {
	switch n := n.(type) {
	case Expr:
		p.expr(n, precLowest)
	case Stmt:
		p.stmt(n)
	case QueryBody:
		p.queryBody(n, precUnion)
	case Relation:
		p.relation(n, relComma)
	default:
		p.part(n)
	}
}

// part prints what is neither a statement, a query, a relation nor an expression.
func (p *printer) part(n Node) {
	switch n := n.(type) {
	case *Ident:
		p.words(quoteIdent(n.Name))
	case *Name:
		p.path(n.Parts)
	case *ColumnDef:
		p.columnDef(n)
	case *Metadata:
		p.words("METADATA")
		if n.From != nil {
			p.words(" FROM ")
			p.node(n.From)
		}
		p.when(n.Virtual, " VIRTUAL")
	case *Constraint:
		if n.Name != nil {
			p.words("CONSTRAINT ")
			p.node(n.Name)
			p.words(" ")
		}
		if n.Unique {
			p.words("UNIQUE ")
		} else {
			p.words("PRIMARY KEY ")
		}
		parens(p, n.Columns)
		p.when(n.Enforcement == Enforced, " ENFORCED")
		p.when(n.Enforcement == NotEnforced, " NOT ENFORCED")
	case *Watermark:
		p.words("WATERMARK FOR ")
		p.node(n.Column)
		p.words(" AS ")
		p.node(n.Expr)
	case *Distribution:
		p.words("DISTRIBUTED")
		if len(n.Columns) > 0 {
			p.words(" BY ")
			if n.Kind != "" {
				p.words(n.Kind, " ")
			}
			parens(p, n.Columns)
		}
		if n.Buckets != nil {
			p.words(" INTO ")
			p.node(n.Buckets)
			p.words(" BUCKETS")
		}
	case *Option:
		p.node(n.Key)
		p.words(" = ")
		p.node(n.Value)
	case *LikeClause:
		p.words("LIKE ")
		p.node(n.Source)
		if len(n.Options) > 0 {
			p.words(" (")
			for i, o := range n.Options {
				p.when(i > 0, " ")
				p.node(o)
			}
			p.words(")")
		}
	case *LikeOption:
		p.words(n.Strategy, " ", n.Feature)
	case *Resource:
		p.words(n.Kind, " ")
		p.node(n.Path)
	case *RenameTable:
		p.words("RENAME TO ")
		p.node(n.To)
	case *RenameColumn:
		p.words("RENAME ")
		p.node(n.From)
		p.words(" TO ")
		p.node(n.To)
	case *SetOptions:
		p.words("SET ")
		parens(p, n.Options)
	case *ResetOptions:
		p.words("RESET ")
		parens(p, n.Keys)
	case *PartitionValue:
		p.node(n.Column)
		if n.Value != nil {
			p.words(" = ")
			p.node(n.Value)
		}
	case *CTE:
		p.node(n.Name)
		if len(n.Columns) > 0 {
			p.words(" ")
			parens(p, n.Columns)
		}
		p.words(" AS (")
		p.node(n.Query)
		p.words(")")
	case *SelectItem:
		p.node(n.Expr)
		if n.Alias != nil {
			p.words(" AS ")
			p.node(n.Alias)
		}
	case *GroupBy:
		p.words("GROUP BY ")
		p.when(n.Distinct, "DISTINCT ")
		list(p, n.Items)
	case *GroupItem:
		p.groupItem(n)
	case *OrderItem:
		p.node(n.Expr)
		p.when(n.Desc, " DESC")
		p.when(n.Nulls == NullsFirst, " NULLS FIRST")
		p.when(n.Nulls == NullsLast, " NULLS LAST")
	case *NamedWindow:
		p.node(n.Name)
		p.words(" AS ")
		p.node(n.Spec)
	case *WindowSpec:
		p.windowSpec(n)
	case *Frame:
		p.frame(n)
	case *FrameBound:
		p.frameBound(n)
	case *Hint:
		p.node(n.Name)
		p.hintArgs(n.Args)
	case *HintArg:
		if n.Key != nil {
			p.node(n.Key)
			p.words(" = ")
		}
		p.node(n.Value)
	case *AfterMatch:
		p.afterMatch(n)
	case *Pattern:
		p.pattern(n, patternAlt)
	case *PatternSubset:
		p.node(n.Name)
		p.words(" = ")
		parens(p, n.Vars)
	case *PatternDefine:
		p.node(n.Name)
		p.words(" AS ")
		p.node(n.Cond)
	case *IntervalQualifier:
		p.intervalQualifier(n)
	case *When:
		p.words("WHEN ")
		list(p, n.Conds)
		p.words(" THEN ")
		p.node(n.Result)
	case *JSONClauses:
		p.jsonClauses(n)
	case *JSONBehavior:
		p.words(n.Kind)
		if n.Default != nil {
			p.words(" ")
			p.node(n.Default)
		}
	case *TypeName:
		p.typeName(n)
	case *FieldDef:
		p.node(n.Name)
		p.words(" ")
		p.node(n.Type)
		if n.Comment != nil {
			p.words(" ")
			p.node(n.Comment)
		}
	default:
		panic(unknownNode(n))
	}
}

func (p *printer) path(parts []*Ident) {
	for i, id := range parts {
		p.when(i > 0, ".")
		p.node(id)
	}
}

func (p *printer) groupItem(n *GroupItem) {
	switch n.Kind {
	case GroupExpr:
		p.node(n.Expr)
		return
	case GroupSet:
	case GroupingSets:
		p.words("GROUPING SETS ")
	case GroupCube:
		p.words("CUBE ")
	case GroupRollup:
		p.words("ROLLUP ")
	}
	parens(p, n.Items)
}

func (p *printer) windowSpec(n *WindowSpec) {
	if n.Ref != nil {
		p.node(n.Ref)
		return
	}
	p.words("(")
	sep := ""
	if n.Base != nil {
		p.node(n.Base)
		sep = " "
	}
	if len(n.PartitionBy) > 0 {
		p.words(sep, "PARTITION BY ")
		list(p, n.PartitionBy)
		sep = " "
	}
	if len(n.OrderBy) > 0 {
		p.words(sep, "ORDER BY ")
		list(p, n.OrderBy)
		sep = " "
	}
	if n.Frame != nil {
		p.words(sep)
		p.node(n.Frame)
	}
	p.words(")")
}

func (p *printer) frame(n *Frame) {
	if n.Rows {
		p.words("ROWS ")
	} else {
		p.words("RANGE ")
	}
	if n.High == nil {
		p.node(n.Low)
		return
	}
	p.words("BETWEEN ")
	p.node(n.Low)
	p.words(" AND ")
	p.node(n.High)
}

func (p *printer) frameBound(n *FrameBound) {
	switch n.Kind {
	case UnboundedPreceding:
		p.words("UNBOUNDED PRECEDING")
	case UnboundedFollowing:
		p.words("UNBOUNDED FOLLOWING")
	case CurrentRow:
		p.words("CURRENT ROW")
	case Preceding, Following:
		// An offset is printed above AND, which ends the lower bound.
		p.expr(n.Offset, precNot)
		if n.Kind == Preceding {
			p.words(" PRECEDING")
		} else {
			p.words(" FOLLOWING")
		}
	}
}

func (p *printer) hints(hints []*Hint) {
	if len(hints) > 0 {
		p.words(" /*+ ")
		list(p, hints)
		p.words(" */")
	}
}

// hintArgs prints values without keys as identifiers where they can be, since Flink's join hints want those.
func (p *printer) hintArgs(args []*HintArg) {
	if len(args) == 0 {
		return
	}
	names := true
	for _, a := range args {
		names = names && a.Key == nil && a.Value.Charset == "" && isPlainIdent(a.Value.Value)
	}
	if !names {
		parens(p, args)
		return
	}
	p.words("(")
	for i, a := range args {
		p.when(i > 0, ", ")
		p.words(a.Value.Value)
	}
	p.words(")")
}

func (p *printer) intervalQualifier(n *IntervalQualifier) {
	p.words(string(n.From))
	switch {
	case n.To == "" && n.Fraction >= 0:
		p.params(max(n.Precision, 0), n.Fraction)
		return
	case n.Precision >= 0:
		p.params(n.Precision)
	}
	if n.To != "" {
		p.words(" TO ", string(n.To))
		if n.Fraction >= 0 {
			p.params(n.Fraction)
		}
	}
}

// params prints numbers in parentheses.
func (p *printer) params(params ...int) {
	p.words("(")
	for i, v := range params {
		p.when(i > 0, ", ")
		p.words(strconv.Itoa(v))
	}
	p.words(")")
}

func (p *printer) typeName(n *TypeName) {
	switch n.Kind {
	case TypeArray, TypeMultiset:
		p.words(string(n.Kind), "<")
		p.node(n.Elem)
		p.words(">")
	case TypeMap:
		p.words("MAP<")
		p.node(n.Key)
		p.words(", ")
		p.node(n.Elem)
		p.words(">")
	case TypeRow:
		// An empty ROW<> would read as the operator <>.
		if len(n.Fields) == 0 {
			p.words("ROW()")
		} else {
			p.words("ROW<")
			list(p, n.Fields)
			p.words(">")
		}
	case TypeRaw:
		p.words("RAW(", quoteString(n.Raw[0]), ", ", quoteString(n.Raw[1]), ")")
	case TypeInterval:
		p.words("INTERVAL ")
		p.node(n.Interval)
	case TypeUser:
		p.node(n.UserName)
	case TypeTimestampTZ:
		p.words("TIMESTAMP")
		if len(n.Params) > 0 {
			p.params(n.Params...)
		}
		p.words(" WITH TIME ZONE")
	default:
		p.words(string(n.Kind))
		if len(n.Params) > 0 {
			p.params(n.Params...)
		}
	}
	p.when(n.Null == Nullable, " NULL")
	p.when(n.Null == NotNull, " NOT NULL")
}

func (p *printer) jsonClauses(n *JSONClauses) {
	sep := ""
	if n.Returning != nil {
		p.words("RETURNING ")
		p.node(n.Returning)
		sep = " "
	}
	if n.Wrapper != WrapperUnstated {
		p.words(sep, string(n.Wrapper))
		sep = " "
	}
	if n.OnEmpty != nil {
		p.words(sep)
		p.node(n.OnEmpty)
		p.words(" ON EMPTY")
		sep = " "
	}
	if n.OnError != nil {
		p.words(sep)
		p.node(n.OnError)
		p.words(" ON ERROR")
		sep = " "
	}
	if n.OnNull != OnNullUnstated {
		p.words(sep, string(n.OnNull))
	}
}

// quoteString prints s as a literal.
func quoteString(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// quoteIdent prints name as an identifier: in backquotes if it would not be read as one without.
func quoteIdent(name string) string {
	if isPlainIdent(name) {
		return name
	}
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// isPlainIdent reports whether name is an identifier without backquotes.
func isPlainIdent(name string) bool {
	if name == "" || isReserved(name) {
		return false
	}
	for i, r := range name {
		if !isLetter(r) && (i == 0 || !isDigit(r)) {
			return false
		}
	}
	// What the lexer takes for the beginning of a literal (N'…', U&'…', X'…', _utf8'…') needs no quotes: a literal's
	// prefix touches its quote, and the printer never puts a string directly behind a name.
	return true
}

func quoteBinary(b []byte) string { return "X'" + strings.ToUpper(hex.EncodeToString(b)) + "'" }
