package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

// node is a node of the logical tree: what the query means, before it is decided how it runs. Implementations:
// aggregateNode, correlateNode, filterNode, joinNode, overNode, projectNode, scanNode, sortNode, unionNode, valuesNode,
// windowNode. Nodes are immutable; rules build new ones.
type node interface {
	// fields are the columns of the node's rows.
	fields() []types.Field
	inputs() []node
	// withInputs returns a copy over other inputs, which have the same columns.
	withInputs(in []node) node
	// describe is the node's line in a printed tree.
	describe() string
}

// scanNode reads all columns of a table, or those in needed.
type scanNode struct {
	table  *table
	needed []int // columns of the table, ascending; nil: all
}

// projectNode computes columns.
type projectNode struct {
	input node
	exprs []rex.Expr
	names []string
}

// filterNode keeps the rows for which cond is TRUE.
type filterNode struct {
	input node
	cond  rex.Expr
}

// aggregateNode groups by keys, and windows if there are any. Its columns are the keys, the aggregates, and the window
// properties.
type aggregateNode struct {
	input  node
	keys   []int
	aggs   []physical.AggCall
	window *physical.Window
	props  []physical.WindowProperty
	out    []types.Field
	ttl    string // of a STATE_TTL hint, or ""
}

// windowNode is a window table-valued function.
type windowNode struct {
	input       node
	window      physical.Window
	partitionBy []int
	out         []types.Field
}

// overNode adds columns to the rows of its input: calls whose OVER clauses name the same window.
type overNode struct {
	input       node
	partitionBy []int
	time        int // the time attribute's column in the input
	frame       physical.Frame
	functions   []*rex.Call // with memory; over the input
	aggs        []physical.AggCall
	span        diag.Span
}

// joinNode joins two inputs; cond is over left's columns then right's, nil for TRUE.
type joinNode struct {
	kind        physical.JoinKind
	left, right node
	cond        rex.Expr
	ttl         [2]string // of STATE_TTL hints, or ""
}

// correlateNode joins each row with the rows that a table function makes of it. Its columns are those of the input in
// keep, then those of the function in columns.
type correlateNode struct {
	input   node
	call    *rex.TableCall // over the input's columns
	left    bool           // LEFT JOIN: rows of which the function makes none are kept
	keep    []int
	columns []int
	names   []string // of columns
	cond    rex.Expr // with left: which rows of the function count, over the node's columns; nil: all
}

// unionNode is UNION ALL.
type unionNode struct {
	in []node
}

// valuesNode is constant rows.
type valuesNode struct {
	rows [][]rex.Expr
	out  []types.Field
}

// sortNode is ORDER BY with LIMIT and OFFSET, any of them alone too.
type sortNode struct {
	input         node
	keys          []physical.SortKey
	offset, count int64 // count -1: all
}

func (n *scanNode) fields() []types.Field {
	if n.needed == nil {
		return n.table.fields
	}
	out := make([]types.Field, len(n.needed))
	for i, c := range n.needed {
		out[i] = n.table.fields[c]
	}
	return out
}

func (n *projectNode) fields() []types.Field {
	out := make([]types.Field, len(n.exprs))
	for i, e := range n.exprs {
		out[i] = types.Field{Name: n.names[i], Type: e.Type()}
	}
	return out
}

func (n *filterNode) fields() []types.Field    { return n.input.fields() }
func (n *aggregateNode) fields() []types.Field { return n.out }
func (n *windowNode) fields() []types.Field    { return n.out }
func (n *valuesNode) fields() []types.Field    { return n.out }

func (n *overNode) fields() []types.Field {
	out := slices.Clone(n.input.fields())
	for _, f := range n.functions {
		out = append(out, types.Field{Name: f.String(), Type: f.Fn.Result})
	}
	for _, a := range n.aggs {
		out = append(out, types.Field{Name: a.Name, Type: a.Fn.Result})
	}
	return out
}

func (n *sortNode) fields() []types.Field { return n.input.fields() }

func (n *joinNode) fields() []types.Field {
	left, right := n.left.fields(), n.right.fields()
	if n.kind == physical.SemiJoin || n.kind == physical.AntiJoin {
		return left
	}
	out := make([]types.Field, 0, len(left)+len(right))
	add := func(fields []types.Field, padded bool) {
		for _, f := range fields {
			f.Type.Attr = types.NoTime // a regular join gives rows at any time
			f.Type.NotNull = f.Type.NotNull && !padded
			out = append(out, f)
		}
	}
	add(left, n.kind == physical.RightJoin || n.kind == physical.FullJoin)
	add(right, n.kind == physical.LeftJoin || n.kind == physical.FullJoin)
	return out
}

func (n *correlateNode) fields() []types.Field {
	in := n.input.fields()
	out := make([]types.Field, 0, len(n.keep)+len(n.columns))
	for _, c := range n.keep {
		out = append(out, in[c])
	}
	for i, c := range n.columns {
		t := n.call.Fn.Columns[c].Type
		out = append(out, types.Field{Name: n.names[i], Type: t.WithNotNull(t.NotNull && !n.left)})
	}
	return out
}

func (n *unionNode) fields() []types.Field {
	out := append([]types.Field(nil), n.in[0].fields()...)
	for _, in := range n.in[1:] {
		for i, f := range in.fields() {
			out[i].Type.NotNull = out[i].Type.NotNull && f.Type.NotNull
			if f.Type.Attr != out[i].Type.Attr {
				out[i].Type.Attr = types.NoTime
			}
		}
	}
	return out
}

func (n *scanNode) inputs() []node      { return nil }
func (n *projectNode) inputs() []node   { return []node{n.input} }
func (n *filterNode) inputs() []node    { return []node{n.input} }
func (n *aggregateNode) inputs() []node { return []node{n.input} }
func (n *windowNode) inputs() []node    { return []node{n.input} }
func (n *joinNode) inputs() []node      { return []node{n.left, n.right} }
func (n *correlateNode) inputs() []node { return []node{n.input} }
func (n *unionNode) inputs() []node     { return n.in }
func (n *valuesNode) inputs() []node    { return nil }
func (n *overNode) inputs() []node      { return []node{n.input} }
func (n *sortNode) inputs() []node      { return []node{n.input} }

func (n *scanNode) withInputs([]node) node   { return n }
func (n *valuesNode) withInputs([]node) node { return n }
func (n *projectNode) withInputs(in []node) node {
	c := *n
	c.input = in[0]
	return &c
}
func (n *filterNode) withInputs(in []node) node {
	c := *n
	c.input = in[0]
	return &c
}
func (n *aggregateNode) withInputs(in []node) node {
	c := *n
	c.input = in[0]
	return &c
}
func (n *windowNode) withInputs(in []node) node {
	c := *n
	c.input = in[0]
	return &c
}
func (n *overNode) withInputs(in []node) node {
	c := *n
	c.input = in[0]
	return &c
}
func (n *joinNode) withInputs(in []node) node {
	c := *n
	c.left, c.right = in[0], in[1]
	return &c
}
func (n *correlateNode) withInputs(in []node) node {
	c := *n
	c.input = in[0]
	return &c
}
func (n *unionNode) withInputs(in []node) node { return &unionNode{in: in} }
func (n *sortNode) withInputs(in []node) node {
	c := *n
	c.input = in[0]
	return &c
}

func exprList(exprs []rex.Expr, names []string) string {
	parts := make([]string, len(exprs))
	for i, e := range exprs {
		parts[i] = e.String()
		if names != nil && names[i] != parts[i] {
			parts[i] += " AS " + names[i]
		}
	}
	return strings.Join(parts, ", ")
}

func columnNames(fields []types.Field, cols []int) string {
	parts := make([]string, len(cols))
	for i, c := range cols {
		parts[i] = fields[c].Name
	}
	return strings.Join(parts, ", ")
}

func (n *scanNode) describe() string {
	var names []string
	for _, f := range n.fields() {
		names = append(names, f.Name)
	}
	return fmt.Sprintf("scan %s [%s]", n.table.path.Name, strings.Join(names, ", "))
}
func (n *projectNode) describe() string { return "project " + exprList(n.exprs, n.names) }
func (n *filterNode) describe() string  { return "filter " + n.cond.String() }
func (n *aggregateNode) describe() string {
	s := "aggregate keys=[" + columnNames(n.input.fields(), n.keys) + "]"
	if n.window != nil {
		s += " window=" + n.window.Kind.String()
		if n.window.Attached {
			s += " (attached)"
		}
	}
	for _, a := range n.aggs {
		s += " " + a.Name
	}
	return s
}
func (n *windowNode) describe() string { return "window " + n.window.Kind.String() }
func (n *overNode) describe() string {
	in := n.input.fields()
	s := "over partition=[" + columnNames(in, n.partitionBy) + "] order=[" + in[n.time].Name + "] " + n.frame.String()
	for _, f := range n.fields()[len(in):] {
		s += " " + f.Name
	}
	return s
}
func (n *joinNode) describe() string {
	if n.cond == nil {
		return "join " + n.kind.String()
	}
	return "join " + n.kind.String() + " on " + n.cond.String()
}
func (n *correlateNode) describe() string {
	kind := "inner"
	if n.left {
		kind = "left"
	}
	s := fmt.Sprintf("correlate %s %s [%s]", kind, n.call, strings.Join(types.NewSchema(n.fields()...).Names(), ", "))
	if n.cond != nil {
		s += " on " + n.cond.String()
	}
	return s
}
func (n *unionNode) describe() string  { return "union all" }
func (n *valuesNode) describe() string { return fmt.Sprintf("values %d rows", len(n.rows)) }
func (n *sortNode) describe() string {
	s := "sort"
	for _, k := range n.keys {
		s += " " + n.fields()[k.Column].Name
		if k.Desc {
			s += " DESC"
		}
	}
	if n.offset > 0 {
		s += fmt.Sprintf(" offset %d", n.offset)
	}
	if n.count >= 0 {
		s += fmt.Sprintf(" limit %d", n.count)
	}
	return s
}

// printTree prints a logical tree, one node a line, inputs indented below: what rule tests compare.
func printTree(n node) string {
	var b strings.Builder
	var walk func(n node, depth int)
	walk = func(n node, depth int) {
		b.WriteString(strings.Repeat("  ", depth) + n.describe() + "\n")
		for _, in := range n.inputs() {
			walk(in, depth+1)
		}
	}
	walk(n, 0)
	return b.String()
}

// project makes a projectNode, or nothing where it would change nothing.
func project(input node, exprs []rex.Expr, names []string) node {
	fields := input.fields()
	same := len(fields) == len(exprs)
	for i := 0; same && i < len(exprs); i++ {
		c, ok := exprs[i].(*rex.Column)
		same = ok && c.Index == i && fields[i].Name == names[i]
	}
	if same {
		return input
	}
	return &projectNode{input: input, exprs: exprs, names: names}
}

// columnsOf returns column references to all fields.
func columnsOf(fields []types.Field) []rex.Expr {
	out := make([]rex.Expr, len(fields))
	for i, f := range fields {
		out[i] = &rex.Column{Index: i, Name: f.Name, T: f.Type}
	}
	return out
}

// conjuncts splits a condition at its ANDs.
func conjuncts(e rex.Expr) []rex.Expr {
	if l, ok := e.(*rex.Logic); ok && !l.Or {
		return l.Args
	}
	if e == nil {
		return nil
	}
	return []rex.Expr{e}
}

// substitute replaces the columns of e by the expressions they stand for.
func substitute(e rex.Expr, by []rex.Expr) rex.Expr {
	return rex.Rewrite(e, func(x rex.Expr) rex.Expr {
		if c, ok := x.(*rex.Column); ok {
			return by[c.Index]
		}
		return x
	})
}

// shift moves the columns of e by n.
func shift(e rex.Expr, n int) rex.Expr {
	return rex.Rewrite(e, func(x rex.Expr) rex.Expr {
		if c, ok := x.(*rex.Column); ok {
			return &rex.Column{Index: c.Index + n, Name: c.Name, T: c.T}
		}
		return x
	})
}
