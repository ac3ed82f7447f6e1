package parser

import (
	"fmt"
	"iter"
)

// Children yields the direct children of n in the order they are printed.
func Children(n Node) iter.Seq[Node] {
	return func(yield func(Node) bool) {
		more := true
		mapChildren(n, func(c Node) Node {
			more = more && yield(c)
			return c
		})
	}
}

// Inspect calls f for n and everything below it, parents first. If f returns false, the node's children are left out.
func Inspect(n Node, f func(Node) bool) {
	if !f(n) {
		return
	}
	for c := range Children(n) {
		Inspect(c, f)
	}
}

// Rewrite returns a tree in which every node, children first, is replaced by what f makes of it. f returns its argument
// to keep it, or a node that may stand in its place: an Expr for an Expr, a *Name for a *Name. The tree below n is not
// changed; parts that f keeps are shared with the result.
func Rewrite[N Node](n N, f func(Node) Node) N {
	var down func(Node) Node
	down = func(n Node) Node { return f(mapChildren(n, down)) }
	return down(n).(N)
}

// mapping applies f to the fields of a copy of a node.
type mapping struct {
	f       func(Node) Node
	changed bool
}

// one maps the node in a field; nil stays nil.
func one[N Node](m *mapping, field *N) {
	var none N
	if any(*field) == any(none) {
		return
	}
	got := m.f(*field)
	if got == Node(*field) {
		return
	}
	*field = got.(N)
	m.changed = true
}

// many maps the nodes of a list, into a new list when one of them changes.
func many[N Node](m *mapping, field *[]N) {
	old, copied := *field, false
	for i, n := range old {
		got := m.f(n)
		if got == Node(n) {
			continue
		}
		if !copied {
			*field, copied = append([]N(nil), old...), true
		}
		(*field)[i] = got.(N)
		m.changed = true
	}
}

// mapChildren returns n with f applied to its children: n itself if f returns all of them unchanged, else a copy.
func mapChildren(n Node, f func(Node) Node) Node {
	m := &mapping{f: f}
	c := m.copyOf(n)
	if !m.changed {
		return n
	}
	return c
}

// copyOf is the one place that lists the children of every node.
func (m *mapping) copyOf(n Node) Node {
	switch n := n.(type) {
	// Names and small parts.
	case *Ident, *BinaryLit, *BoolLit, *Default, *IntervalQualifier, *LikeOption, *NullLit, *NumberLit, *StringLit, *Symbol,
		*TemporalLit:
		return n
	case *Name:
		c := *n
		many(m, &c.Parts)
		return &c

	// Statements.
	case *AddJar:
		c := *n
		one(m, &c.Path)
		return &c
	case *AlterTable:
		c := *n
		one(m, &c.Name)
		one(m, &c.Action)
		return &c
	case *ColumnDef:
		c := *n
		one(m, &c.Name)
		one(m, &c.Type)
		one(m, &c.Computed)
		one(m, &c.Metadata)
		one(m, &c.Comment)
		return &c
	case *Constraint:
		c := *n
		one(m, &c.Name)
		many(m, &c.Columns)
		return &c
	case *CreateCatalog:
		c := *n
		one(m, &c.Name)
		one(m, &c.Comment)
		many(m, &c.Options)
		return &c
	case *CreateDatabase:
		c := *n
		one(m, &c.Name)
		one(m, &c.Comment)
		many(m, &c.Options)
		return &c
	case *CreateFunction:
		c := *n
		one(m, &c.Name)
		one(m, &c.Class)
		one(m, &c.Language)
		many(m, &c.Using)
		return &c
	case *CreateTable:
		c := *n
		one(m, &c.Name)
		many(m, &c.Columns)
		many(m, &c.Constraints)
		many(m, &c.Watermarks)
		one(m, &c.Comment)
		one(m, &c.Distribution)
		many(m, &c.PartitionedBy)
		many(m, &c.Options)
		one(m, &c.Like)
		one(m, &c.As)
		return &c
	case *CreateView:
		c := *n
		one(m, &c.Name)
		many(m, &c.Columns)
		one(m, &c.Comment)
		one(m, &c.Query)
		return &c
	case *Describe:
		c := *n
		one(m, &c.Name)
		one(m, &c.Job)
		return &c
	case *Distribution:
		c := *n
		many(m, &c.Columns)
		one(m, &c.Buckets)
		return &c
	case *Drop:
		c := *n
		one(m, &c.Name)
		return &c
	case *Explain:
		c := *n
		one(m, &c.Stmt)
		return &c
	case *Insert:
		c := *n
		one(m, &c.Table)
		many(m, &c.Hints)
		many(m, &c.Partition)
		many(m, &c.Columns)
		one(m, &c.Query)
		return &c
	case *LikeClause:
		c := *n
		one(m, &c.Source)
		many(m, &c.Options)
		return &c
	case *Metadata:
		c := *n
		one(m, &c.From)
		return &c
	case *Option:
		c := *n
		one(m, &c.Key)
		one(m, &c.Value)
		return &c
	case *PartitionValue:
		c := *n
		one(m, &c.Column)
		one(m, &c.Value)
		return &c
	case *RenameColumn:
		c := *n
		one(m, &c.From)
		one(m, &c.To)
		return &c
	case *RenameTable:
		c := *n
		one(m, &c.To)
		return &c
	case *Reset:
		c := *n
		one(m, &c.Key)
		return &c
	case *ResetOptions:
		c := *n
		many(m, &c.Keys)
		return &c
	case *Resource:
		c := *n
		one(m, &c.Path)
		return &c
	case *Set:
		c := *n
		one(m, &c.Key)
		one(m, &c.Value)
		return &c
	case *SetOptions:
		c := *n
		many(m, &c.Options)
		return &c
	case *Show:
		c := *n
		one(m, &c.Name)
		many(m, &c.Partition)
		one(m, &c.Pattern)
		return &c
	case *StatementSet:
		c := *n
		many(m, &c.Inserts)
		return &c
	case *StopJob:
		c := *n
		one(m, &c.ID)
		return &c
	case *Use:
		c := *n
		one(m, &c.Name)
		many(m, &c.Modules)
		return &c
	case *Watermark:
		c := *n
		one(m, &c.Column)
		one(m, &c.Expr)
		return &c

	// Queries.
	case *CTE:
		c := *n
		one(m, &c.Name)
		many(m, &c.Columns)
		one(m, &c.Query)
		return &c
	case *ExplicitTable:
		c := *n
		one(m, &c.Table)
		return &c
	case *Frame:
		c := *n
		one(m, &c.Low)
		one(m, &c.High)
		return &c
	case *FrameBound:
		c := *n
		one(m, &c.Offset)
		return &c
	case *GroupBy:
		c := *n
		many(m, &c.Items)
		return &c
	case *GroupItem:
		c := *n
		one(m, &c.Expr)
		many(m, &c.Items)
		return &c
	case *Hint:
		c := *n
		one(m, &c.Name)
		many(m, &c.Args)
		return &c
	case *HintArg:
		c := *n
		one(m, &c.Key)
		one(m, &c.Value)
		return &c
	case *NamedWindow:
		c := *n
		one(m, &c.Name)
		one(m, &c.Spec)
		return &c
	case *OrderItem:
		c := *n
		one(m, &c.Expr)
		return &c
	case *Query:
		c := *n
		many(m, &c.With)
		one(m, &c.Body)
		many(m, &c.OrderBy)
		one(m, &c.Limit)
		one(m, &c.Offset)
		return &c
	case *Select:
		c := *n
		many(m, &c.Hints)
		many(m, &c.Items)
		one(m, &c.From)
		one(m, &c.Where)
		one(m, &c.GroupBy)
		one(m, &c.Having)
		many(m, &c.Windows)
		one(m, &c.Qualify)
		return &c
	case *SelectItem:
		c := *n
		one(m, &c.Expr)
		one(m, &c.Alias)
		return &c
	case *SetOp:
		c := *n
		one(m, &c.Left)
		one(m, &c.Right)
		return &c
	case *Values:
		c := *n
		many(m, &c.Rows)
		return &c
	case *WindowSpec:
		c := *n
		one(m, &c.Ref)
		one(m, &c.Base)
		many(m, &c.PartitionBy)
		many(m, &c.OrderBy)
		one(m, &c.Frame)
		return &c

	// Relations.
	case *AfterMatch:
		c := *n
		one(m, &c.Var)
		return &c
	case *Aliased:
		c := *n
		one(m, &c.Relation)
		one(m, &c.Alias)
		many(m, &c.Columns)
		return &c
	case *DerivedTable:
		c := *n
		one(m, &c.Query)
		return &c
	case *Join:
		c := *n
		one(m, &c.Left)
		one(m, &c.Right)
		one(m, &c.On)
		many(m, &c.Using)
		return &c
	case *MatchRecognize:
		c := *n
		one(m, &c.Input)
		many(m, &c.PartitionBy)
		many(m, &c.OrderBy)
		many(m, &c.Measures)
		one(m, &c.After)
		one(m, &c.Pattern)
		one(m, &c.Within)
		many(m, &c.Subsets)
		many(m, &c.Defines)
		return &c
	case *Pattern:
		c := *n
		one(m, &c.Var)
		many(m, &c.Items)
		return &c
	case *PatternDefine:
		c := *n
		one(m, &c.Name)
		one(m, &c.Cond)
		return &c
	case *PatternSubset:
		c := *n
		one(m, &c.Name)
		many(m, &c.Vars)
		return &c
	case *TableFunc:
		c := *n
		one(m, &c.Call)
		return &c
	case *TableRef:
		c := *n
		one(m, &c.Name)
		many(m, &c.Hints)
		one(m, &c.AsOf)
		return &c
	case *Unnest:
		c := *n
		many(m, &c.Exprs)
		return &c

	// Expressions.
	case *ArrayExpr:
		c := *n
		many(m, &c.Items)
		one(m, &c.Query)
		return &c
	case *Between:
		c := *n
		one(m, &c.X)
		one(m, &c.Low)
		one(m, &c.High)
		return &c
	case *BinaryExpr:
		c := *n
		one(m, &c.Left)
		one(m, &c.Right)
		return &c
	case *Case:
		c := *n
		one(m, &c.Operand)
		many(m, &c.Whens)
		one(m, &c.Else)
		return &c
	case *Cast:
		c := *n
		one(m, &c.X)
		one(m, &c.Type)
		return &c
	case *ColumnRef:
		c := *n
		many(m, &c.Parts)
		return &c
	case *Descriptor:
		c := *n
		many(m, &c.Columns)
		return &c
	case *Exists:
		c := *n
		one(m, &c.Query)
		return &c
	case *FieldAccess:
		c := *n
		one(m, &c.X)
		one(m, &c.Field)
		return &c
	case *FuncCall:
		c := *n
		one(m, &c.Name)
		many(m, &c.Args)
		one(m, &c.JSON)
		many(m, &c.WithinGroup)
		one(m, &c.Filter)
		one(m, &c.Over)
		return &c
	case *In:
		c := *n
		one(m, &c.X)
		many(m, &c.List)
		one(m, &c.Query)
		return &c
	case *Index:
		c := *n
		one(m, &c.X)
		one(m, &c.I)
		return &c
	case *IntervalDiff:
		c := *n
		one(m, &c.Left)
		one(m, &c.Right)
		one(m, &c.Units)
		return &c
	case *IntervalExpr:
		c := *n
		one(m, &c.X)
		one(m, &c.Units)
		return &c
	case *IntervalLit:
		c := *n
		one(m, &c.Units)
		return &c
	case *Is:
		c := *n
		one(m, &c.X)
		return &c
	case *JSONBehavior:
		c := *n
		one(m, &c.Default)
		return &c
	case *JSONClauses:
		c := *n
		one(m, &c.Returning)
		one(m, &c.OnEmpty)
		one(m, &c.OnError)
		return &c
	case *Like:
		c := *n
		one(m, &c.X)
		one(m, &c.Pattern)
		one(m, &c.Escape)
		return &c
	case *MapExpr:
		c := *n
		many(m, &c.Items)
		one(m, &c.Query)
		return &c
	case *MultisetExpr:
		c := *n
		many(m, &c.Items)
		one(m, &c.Query)
		return &c
	case *NamedArg:
		c := *n
		one(m, &c.Name)
		one(m, &c.Value)
		return &c
	case *Quantified:
		c := *n
		one(m, &c.X)
		many(m, &c.List)
		one(m, &c.Query)
		return &c
	case *RowExpr:
		c := *n
		many(m, &c.Items)
		return &c
	case *Star:
		c := *n
		many(m, &c.Qualifier)
		return &c
	case *Subquery:
		c := *n
		one(m, &c.Query)
		return &c
	case *TableArg:
		c := *n
		one(m, &c.Table)
		one(m, &c.Query)
		many(m, &c.PartitionBy)
		many(m, &c.OrderBy)
		return &c
	case *UnaryExpr:
		c := *n
		one(m, &c.X)
		return &c
	case *When:
		c := *n
		many(m, &c.Conds)
		one(m, &c.Result)
		return &c

	// Types.
	case *FieldDef:
		c := *n
		one(m, &c.Name)
		one(m, &c.Type)
		one(m, &c.Comment)
		return &c
	case *TypeName:
		c := *n
		one(m, &c.Key)
		one(m, &c.Elem)
		many(m, &c.Fields)
		one(m, &c.Interval)
		one(m, &c.UserName)
		return &c
	}
	panic(unknownNode(n))
}

// unknownNode is the message of a bug: a node type that a type switch of this package forgot.
func unknownNode(n Node) string { return fmt.Sprintf("parser: unknown node type %T", n) }
