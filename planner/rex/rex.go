// Package rex holds row expressions: what the binder makes of the parser's expressions. Every name is resolved to a
// column index, every call to a bound function, every conversion is explicit, and every node knows its type. They are
// plain data, printed in EXPLAIN and compiled by runtime/expr.
package rex

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/cast"
)

// Expr is a row expression. Implementations: Call, Case, Cast, Coalesce, Column, Field, In, Literal, Logic, TableCall.
// Expressions are immutable and may be shared.
type Expr interface {
	Type() types.Type
	// String prints the expression for EXPLAIN, columns by name.
	String() string
	rexNode()
}

// Column is a column of the input.
type Column struct {
	Index int
	Name  string
	T     types.Type
}

// Literal is a constant, its value in the form of types.Vector.Value; nil is NULL. A Symbol's value is its keyword.
type Literal struct {
	Value any
	T     types.Type
}

// Call is a call of a scalar function; the arguments already have the types Fn.Args.
type Call struct {
	Spec  *udf.Spec
	Fn    *udf.BoundScalar
	Args  []Expr
	Names []string  // by which the arguments were given, "" for those without; nil: none has one
	Span  diag.Span // where it was written, for errors at run time
}

// Cast converts X to T by Kernel; with Try a value that doesn't convert becomes NULL.
type Cast struct {
	X        Expr
	T        types.Type
	Try      bool
	Implicit bool // not written by the user
	Kernel   cast.Kernel
	Span     diag.Span
}

// Logic is AND or OR of two or more BOOLEANs under three-valued logic. Operands are evaluated left to right, each only
// for rows that are not decided yet, if it can fail.
type Logic struct {
	Or   bool
	Args []Expr
	T    types.Type
}

// Case is CASE WHEN Conds[i] THEN Results[i] … ELSE Else END. Results and Else have type T; Else is never nil.
type Case struct {
	Conds   []Expr
	Results []Expr
	Else    Expr
	T       types.Type
}

// Coalesce is the first of Args that is not NULL; all have type T but for nullability.
type Coalesce struct {
	Args []Expr
	T    types.Type
}

// In is X IN (Values) over constants of X's type; NULLs in Values make a miss NULL.
type In struct {
	X      Expr
	Not    bool
	Values []*Literal
	T      types.Type
}

// Field is a field of a ROW value; NULL when the row is.
type Field struct {
	X     Expr
	Index int
	T     types.Type
}

// TableCall is a call of a table function; the arguments already have the types Fn.Args. It makes rows, not a value: it
// stands in a Correlate, and never inside another expression.
type TableCall struct {
	Spec  *udf.Spec
	Fn    *udf.BoundTable
	Args  []Expr
	Names []string  // as in a Call
	Span  diag.Span // where it was written, for errors at run time
}

func (*Call) rexNode()      {}
func (*Case) rexNode()      {}
func (*Cast) rexNode()      {}
func (*Coalesce) rexNode()  {}
func (*Column) rexNode()    {}
func (*Field) rexNode()     {}
func (*In) rexNode()        {}
func (*Literal) rexNode()   {}
func (*Logic) rexNode()     {}
func (*TableCall) rexNode() {}

// Type implements Expr.
func (e *Call) Type() types.Type     { return e.Fn.Result }
func (e *Case) Type() types.Type     { return e.T }
func (e *Cast) Type() types.Type     { return e.T }
func (e *Coalesce) Type() types.Type { return e.T }
func (e *Column) Type() types.Type   { return e.T }
func (e *Field) Type() types.Type    { return e.T }
func (e *In) Type() types.Type       { return e.T }
func (e *Literal) Type() types.Type  { return e.T }
func (e *Logic) Type() types.Type    { return e.T }

// Type implements Expr: a row of what the function makes.
func (e *TableCall) Type() types.Type { return types.RowType(e.Fn.Columns...) }

// Children returns the direct operands.
func Children(e Expr) []Expr {
	switch e := e.(type) {
	case *Call:
		return e.Args
	case *Case:
		out := make([]Expr, 0, 2*len(e.Conds)+1)
		for i := range e.Conds {
			out = append(out, e.Conds[i], e.Results[i])
		}
		return append(out, e.Else)
	case *Cast:
		return []Expr{e.X}
	case *Coalesce:
		return e.Args
	case *Field:
		return []Expr{e.X}
	case *In:
		return []Expr{e.X}
	case *Logic:
		return e.Args
	case *TableCall:
		return e.Args
	case *Column, *Literal:
		return nil
	}
	panic(fmt.Sprintf("rex: unknown expression %T", e))
}

// Rewrite returns e with f applied bottom-up to every node; f returns its argument to keep it.
func Rewrite(e Expr, f func(Expr) Expr) Expr {
	all := func(in []Expr) []Expr {
		out := make([]Expr, len(in))
		for i, x := range in {
			out[i] = Rewrite(x, f)
		}
		return out
	}
	switch x := e.(type) {
	case *Call:
		c := *x
		c.Args = all(x.Args)
		e = &c
	case *Case:
		c := *x
		c.Conds, c.Results, c.Else = all(x.Conds), all(x.Results), Rewrite(x.Else, f)
		e = &c
	case *Cast:
		c := *x
		c.X = Rewrite(x.X, f)
		e = &c
	case *Coalesce:
		c := *x
		c.Args = all(x.Args)
		e = &c
	case *Field:
		c := *x
		c.X = Rewrite(x.X, f)
		e = &c
	case *In:
		c := *x
		c.X = Rewrite(x.X, f)
		e = &c
	case *Logic:
		c := *x
		c.Args = all(x.Args)
		e = &c
	case *TableCall:
		c := *x
		c.Args = all(x.Args)
		e = &c
	}
	return f(e)
}

// Columns calls f for every column that e reads.
func Columns(e Expr, f func(*Column)) {
	if c, ok := e.(*Column); ok {
		f(c)
	}
	for _, child := range Children(e) {
		Columns(child, f)
	}
}

// Deterministic reports whether e gives the same result for the same row at any time.
func Deterministic(e Expr) bool {
	switch c := e.(type) {
	case *Call:
		if c.Spec.NonDeterministic && !c.Fn.Deterministic || c.Fn.New != nil {
			return false
		}
	case *TableCall:
		if c.Spec.NonDeterministic {
			return false
		}
	}
	for _, child := range Children(e) {
		if !Deterministic(child) {
			return false
		}
	}
	return true
}

// Fallible reports whether evaluating e may fail for some row.
func Fallible(e Expr) bool {
	switch x := e.(type) {
	case *Call:
		if x.Fn.Fallible || x.Fn.New != nil {
			return true
		}
	case *Cast:
		if x.Kernel.Fallible && !x.Try {
			return true
		}
	}
	for _, child := range Children(e) {
		if Fallible(child) {
			return true
		}
	}
	return false
}

// Equal reports whether two expressions are the same computation.
func Equal(a, b Expr) bool {
	return a.String() == b.String() && a.Type().Equal(b.Type()) && equalIndexes(a, b)
}

func equalIndexes(a, b Expr) bool {
	ca, aok := a.(*Column)
	cb, bok := b.(*Column)
	if aok != bok || aok && ca.Index != cb.Index {
		return false
	}
	as, bs := Children(a), Children(b)
	if len(as) != len(bs) {
		return false
	}
	for i := range as {
		if !equalIndexes(as[i], bs[i]) {
			return false
		}
	}
	return true
}

func (e *Column) String() string {
	if e.Name == "" {
		return "$" + strconv.Itoa(e.Index)
	}
	return e.Name
}

func (e *Literal) String() string {
	switch v := e.Value.(type) {
	case nil:
		return "NULL"
	case string:
		if e.T.Kind == types.Symbol {
			return v
		}
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case bool:
		return strings.ToUpper(strconv.FormatBool(v))
	}
	return format(e)
}

func join(args []Expr, sep string) string {
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = a.String()
	}
	return strings.Join(parts, sep)
}

func (e *Call) String() string {
	name := e.Spec.Name
	if e.Spec.Name == "" {
		name = e.Spec.Class
	}
	if e.Spec.Family == "operator" {
		switch {
		case len(e.Args) == 2:
			return "(" + e.Args[0].String() + " " + name + " " + e.Args[1].String() + ")"
		case len(e.Args) == 1 && strings.HasPrefix(name, "IS "):
			return "(" + e.Args[0].String() + " " + name + ")"
		case len(e.Args) == 1:
			return name + "(" + e.Args[0].String() + ")"
		}
	}
	return name + "(" + joinNamed(e.Args, e.Names) + ")"
}

func (e *TableCall) String() string { return e.Spec.Name + "(" + joinNamed(e.Args, e.Names) + ")" }

// joinNamed prints arguments with their names: without them f(a => 1) and f(b => 1) would be taken for the same call.
func joinNamed(args []Expr, names []string) string {
	parts := make([]string, len(args))
	for i, a := range args {
		if parts[i] = a.String(); i < len(names) && names[i] != "" {
			parts[i] = names[i] + " => " + parts[i]
		}
	}
	return strings.Join(parts, ", ")
}

func (e *Case) String() string {
	var b strings.Builder
	b.WriteString("CASE")
	for i := range e.Conds {
		b.WriteString(" WHEN " + e.Conds[i].String() + " THEN " + e.Results[i].String())
	}
	b.WriteString(" ELSE " + e.Else.String() + " END")
	return b.String()
}

func (e *Cast) String() string {
	name := "CAST("
	if e.Try {
		name = "TRY_CAST("
	}
	return name + e.X.String() + " AS " + e.T.Nullable().SQL() + ")"
}

func (e *Coalesce) String() string { return "COALESCE(" + join(e.Args, ", ") + ")" }
func (e *Field) String() string    { return e.X.String() + "." + e.X.Type().Fields[e.Index].Name }

func (e *In) String() string {
	values := make([]Expr, len(e.Values))
	for i, v := range e.Values {
		values[i] = v
	}
	op := " IN ("
	if e.Not {
		op = " NOT IN ("
	}
	return "(" + e.X.String() + op + join(values, ", ") + "))"
}

func (e *Logic) String() string {
	if e.Or {
		return "(" + join(e.Args, " OR ") + ")"
	}
	return "(" + join(e.Args, " AND ") + ")"
}

// format prints a literal by its storage: dates and timestamps as the integers they are stored as would mislead, so
// they are written with their type.
func format(e *Literal) string {
	if d, ok := e.Value.(interface{ ToString(scale int32) string }); ok {
		return d.ToString(int32(e.T.Scale))
	}
	text := fmt.Sprint(e.Value)
	if e.T.IsDatetime() || e.T.IsInterval() {
		return e.T.Nullable().SQL() + " " + text
	}
	return text
}
