package parser

// expr prints e, in parentheses if it binds weaker than least.
func (p *printer) expr(e Expr, least int) {
	prec := precedence(e)
	p.when(prec < least, "(")
	p.exprBare(e)
	p.when(prec < least, ")")
}

// binary prints operands around op; the operators of one precedence associate to the left.
func (p *printer) binary(left Expr, prec int, op string, right Expr) {
	p.expr(left, prec)
	p.words(" ", op, " ")
	p.expr(right, prec+1)
}

func (p *printer) exprBare(e Expr) {
	switch e := e.(type) {
	case *ArrayExpr:
		p.collection("ARRAY", e.Items, e.Query)
	case *Between:
		p.expr(e.X, precBetween)
		p.when(e.Not, " NOT")
		p.words(" BETWEEN ")
		p.when(e.Symmetric, "SYMMETRIC ")
		p.expr(e.Low, precBetween+1)
		p.words(" AND ")
		p.expr(e.High, precBetween+1)
	case *BinaryExpr:
		p.binary(e.Left, binaryPrec[e.Op], string(e.Op), e.Right)
	case *BinaryLit:
		p.words(quoteBinary(e.Value))
	case *BoolLit:
		if e.Value {
			p.words("TRUE")
		} else {
			p.words("FALSE")
		}
	case *Case:
		p.words("CASE ")
		if e.Operand != nil {
			p.node(e.Operand)
			p.words(" ")
		}
		for _, w := range e.Whens {
			p.node(w)
			p.words(" ")
		}
		if e.Else != nil {
			p.words("ELSE ")
			p.node(e.Else)
			p.words(" ")
		}
		p.words("END")
	case *Cast:
		p.when(e.Try, "TRY_")
		p.words("CAST(")
		p.node(e.X)
		p.words(" AS ")
		p.node(e.Type)
		p.words(")")
	case *ColumnRef:
		p.path(e.Parts)
	case *Default:
		p.words("DEFAULT")
	case *Descriptor:
		p.words("DESCRIPTOR")
		parens(p, e.Columns)
	case *Exists:
		p.words("EXISTS (")
		p.node(e.Query)
		p.words(")")
	case *FieldAccess:
		p.postfixOperand(e.X)
		p.words(".")
		p.node(e.Field)
	case *FuncCall:
		p.funcCall(e)
	case *In:
		p.expr(e.X, precBetween)
		p.when(e.Not, " NOT")
		p.words(" IN ")
		p.listOrQuery(e.List, e.Query)
	case *Index:
		if _, ok := e.X.(*ColumnRef); ok {
			p.node(e.X)
		} else {
			p.postfixOperand(e.X)
		}
		p.words("[")
		p.node(e.I)
		p.words("]")
	case *IntervalDiff:
		p.words("(")
		p.binary(e.Left, precAdd, "-", e.Right)
		p.words(") ")
		p.node(e.Units)
	case *IntervalExpr:
		p.words("INTERVAL (")
		p.node(e.X)
		p.words(") ")
		p.node(e.Units)
	case *IntervalLit:
		p.words("INTERVAL ")
		p.when(e.Negative, "-")
		p.words(quoteString(e.Text), " ")
		p.node(e.Units)
	case *Is:
		p.expr(e.X, precIs)
		p.words(" IS ")
		p.when(e.Not, "NOT ")
		p.words(string(e.Test))
	case *Like:
		p.expr(e.X, precBetween)
		p.when(e.Not, " NOT")
		p.words(" ", string(e.Op), " ")
		p.expr(e.Pattern, precBetween+1)
		if e.Escape != nil {
			p.words(" ESCAPE ")
			p.expr(e.Escape, precPostfix)
		}
	case *MapExpr:
		p.collection("MAP", e.Items, e.Query)
	case *MultisetExpr:
		p.collection("MULTISET", e.Items, e.Query)
	case *NamedArg:
		p.node(e.Name)
		p.words(" => ")
		p.node(e.Value)
	case *NullLit:
		if e.Unknown {
			p.words("UNKNOWN")
		} else {
			p.words("NULL")
		}
	case *NumberLit:
		p.words(e.Text)
	case *Quantified:
		p.expr(e.X, precBetween)
		p.words(" ", string(e.Op))
		if e.All {
			p.words(" ALL ")
		} else {
			p.words(" ANY ")
		}
		p.listOrQuery(e.List, e.Query)
	case *RowExpr:
		p.words("ROW")
		parens(p, e.Items)
	case *Star:
		for _, id := range e.Qualifier {
			p.node(id)
			p.words(".")
		}
		p.words("*")
	case *StringLit:
		if e.Charset != "" {
			p.words("_", e.Charset)
		}
		p.words(quoteString(e.Value))
	case *Subquery:
		p.words("(")
		p.node(e.Query)
		p.words(")")
	case *Symbol:
		p.words(e.Name)
	case *TableArg:
		p.tableArg(e)
	case *TemporalLit:
		p.words(string(e.Kind), " ", quoteString(e.Text))
	case *UnaryExpr:
		p.unary(e)
	default:
		panic(unknownNode(e))
	}
}

func (p *printer) unary(e *UnaryExpr) {
	switch e.Op {
	case OpNot:
		p.words("NOT ")
		p.expr(e.X, precNot)
	case OpRunning, OpFinal:
		p.words(string(e.Op), " ")
		p.expr(e.X, precPostfix)
	default:
		p.words(string(e.Op))
		// Two minus signs in a row would begin a comment.
		least := precUnary
		if _, ok := e.X.(*UnaryExpr); ok {
			least = precHighest
		}
		p.expr(e.X, least)
	}
}

// postfixOperand prints what stands in front of [i] or .field: in parentheses unless it is a call or such an access.
func (p *printer) postfixOperand(x Expr) {
	bare := false
	switch x := x.(type) {
	case *FuncCall:
		bare = !x.Bare && x.Over == nil && x.Filter == nil && x.WithinGroup == nil && x.Nulls == NullsTreatmentUnstated
	case *ArrayExpr, *Cast, *FieldAccess, *Index, *MapExpr, *RowExpr:
		bare = true
	}
	if bare {
		p.node(x)
		return
	}
	p.words("(")
	p.node(x)
	p.words(")")
}

func (p *printer) collection(keyword string, items []Expr, q *Query) {
	p.words(keyword)
	if q != nil {
		p.words("(")
		p.node(q)
		p.words(")")
		return
	}
	p.words("[")
	list(p, items)
	p.words("]")
}

func (p *printer) listOrQuery(items []Expr, q *Query) {
	if q != nil {
		p.words("(")
		p.node(q)
		p.words(")")
		return
	}
	parens(p, items)
}

func (p *printer) tableArg(e *TableArg) {
	if e.Query != nil {
		p.words("(")
		p.node(e.Query)
		p.words(")")
	} else {
		p.words("TABLE ")
		p.node(e.Table)
	}
	if len(e.PartitionBy) > 0 {
		p.words(" PARTITION BY ")
		parens(p, e.PartitionBy)
	}
	if len(e.OrderBy) > 0 {
		p.words(" ORDER BY ")
		parens(p, e.OrderBy)
	}
}

func (p *printer) funcCall(e *FuncCall) {
	if e.Bare {
		p.words(e.Name.Parts[0].Name)
		return
	}
	special := specialSyntax(e)
	if special == "" {
		p.funcName(e.Name)
		p.words("(")
		p.when(e.Distinct, "DISTINCT ")
		list(p, e.Args)
	} else {
		p.words(special, "(")
		p.specialArgs(special, e)
	}
	if e.JSON != nil {
		p.when(len(e.Args) > 0, " ")
		p.node(e.JSON)
	}
	p.words(")")
	p.when(e.Nulls == RespectNulls, " RESPECT NULLS")
	p.when(e.Nulls == IgnoreNulls, " IGNORE NULLS")
	if len(e.WithinGroup) > 0 {
		p.words(" WITHIN GROUP (ORDER BY ")
		list(p, e.WithinGroup)
		p.words(")")
	}
	if e.Filter != nil {
		p.words(" FILTER (WHERE ")
		p.node(e.Filter)
		p.words(")")
	}
	if e.Over != nil {
		p.words(" OVER ")
		p.node(e.Over)
	}
}

// funcName prints the name of a call: reserved words that are names of functions stay without backquotes, and names
// that would begin a syntax of their own get them.
func (p *printer) funcName(n *Name) {
	if len(n.Parts) > 1 {
		p.node(n)
		return
	}
	name := n.Parts[0].Name
	kw := keyword(name)
	switch {
	case kw != "" && specialCalls[kw]:
		p.words("`", name, "`")
	case kw != "" && reservedFunctions[kw]:
		p.words(name)
	default:
		p.node(n)
	}
}

// specialSyntax returns the keyword of the syntax of its own that e has to be printed in, or "".
func specialSyntax(e *FuncCall) string {
	if len(e.Name.Parts) != 1 {
		return ""
	}
	name := e.Name.Parts[0].Name
	first, last := (*Symbol)(nil), (*Symbol)(nil)
	if n := len(e.Args); n > 0 {
		first, _ = e.Args[0].(*Symbol)
		last, _ = e.Args[n-1].(*Symbol)
	}
	ok := false
	switch n := len(e.Args); name {
	case "EXTRACT":
		ok = n == 2 && first != nil
	case "TIMESTAMPADD", "TIMESTAMPDIFF":
		ok = n == 3 && first != nil
	case "FLOOR", "CEIL", "CEILING":
		ok = n == 1 || n == 2 && last != nil
	case "POSITION":
		ok = n == 2 || n == 3
	case "SUBSTRING":
		ok = n == 2 || n == 3
	case "OVERLAY":
		ok = n == 3 || n == 4
	case "TRIM":
		ok = n == 1 || n == 3 && first != nil
	case "TRANSLATE":
		ok = n >= 1
	case "JSON_EXISTS", "JSON_VALUE", "JSON_QUERY":
		ok = n == 2
	case "JSON_OBJECT":
		ok = n%2 == 0
	case "JSON_OBJECTAGG":
		ok = n == 2
	case "JSON_ARRAY":
		ok = true
	case "JSON_ARRAYAGG":
		ok = n == 1
	}
	if !ok || e.Distinct {
		return ""
	}
	return name
}

func (p *printer) specialArgs(name string, e *FuncCall) {
	args := e.Args
	switch name {
	case "EXTRACT":
		p.node(args[0])
		p.words(" FROM ")
		p.node(args[1])
	case "FLOOR", "CEIL", "CEILING":
		p.node(args[0])
		if len(args) == 2 {
			p.words(" TO ")
			p.node(args[1])
		}
	case "POSITION":
		p.expr(args[0], precPostfix)
		p.words(" IN ")
		p.node(args[1])
		if len(args) == 3 {
			p.words(" FROM ")
			p.node(args[2])
		}
	case "OVERLAY":
		p.node(args[0])
		p.words(" PLACING ")
		p.node(args[1])
		p.words(" FROM ")
		p.node(args[2])
		if len(args) == 4 {
			p.words(" FOR ")
			p.node(args[3])
		}
	case "TRIM":
		if len(args) == 3 {
			p.node(args[0])
			p.words(" ")
			p.node(args[1])
			p.words(" FROM ")
			args = args[2:]
		}
		p.node(args[0])
	case "JSON_OBJECT", "JSON_OBJECTAGG":
		for i := 0; i < len(args); i += 2 {
			p.when(i > 0, ", ")
			p.words("KEY ")
			p.node(args[i])
			p.words(" VALUE ")
			p.node(args[i+1])
		}
	default:
		list(p, args)
	}
}
