package planner

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/cast"
)

// exprBinder binds expressions over one scope.
type exprBinder struct {
	p     *Planner
	scope *scope
	// before sees every expression first and may bind it itself: how grouping expressions, aggregates and window
	// functions become columns of the operator below. It returns nil to leave the expression to the binder.
	before func(parser.Expr) (rex.Expr, *diag.Error)
	// over binds calls with OVER, before anybody else; nil where there can't be any.
	over *overBinder
	// clause names the place for messages: "WHERE", "a select list".
	clause string
}

func unsupported(span diag.Span, format string, args ...any) *diag.Error {
	return diag.Errorf("unsupported", span, format, args...)
}

// bind turns a parsed expression into a row expression.
func (b *exprBinder) bind(e parser.Expr) (rex.Expr, *diag.Error) {
	if c, ok := e.(*parser.FuncCall); ok && c.Over != nil {
		if b.over == nil {
			return nil, unsupported(c.Over.Span, "OVER is not allowed in %s", b.clause).WithHint("compute it in the select list of a subquery")
		}
		return b.over.bind(c)
	}
	if b.before != nil {
		if x, err := b.before(e); x != nil || err != nil {
			return x, err
		}
	}
	switch e := e.(type) {
	case *parser.ColumnRef:
		return b.scope.resolve(e)
	case *parser.NumberLit:
		return bindNumber(e, false)
	case *parser.StringLit:
		return bindString(e), nil
	case *parser.BoolLit:
		return literal(e.Value, types.BooleanType), nil
	case *parser.NullLit:
		if e.Unknown {
			return nullOf(types.BooleanType), nil
		}
		return nullOf(types.NullType), nil
	case *parser.BinaryLit:
		return literal(e.Value, types.BinaryType(len(e.Value))), nil
	case *parser.TemporalLit:
		return bindTemporal(e)
	case *parser.IntervalLit:
		return bindInterval(e)
	case *parser.Symbol:
		return literal(e.Name, types.SymbolType), nil
	case *parser.UnaryExpr:
		return b.bindUnary(e)
	case *parser.BinaryExpr:
		return b.bindBinary(e)
	case *parser.Is:
		name := "IS "
		if e.Not {
			name += "NOT "
		}
		return b.callOf(name+string(e.Test), e.Span, e.X)
	case *parser.Between:
		return b.bindBetween(e)
	case *parser.In:
		return b.bindIn(e)
	case *parser.Like:
		args := []parser.Expr{e.X, e.Pattern}
		if e.Escape != nil {
			args = append(args, e.Escape)
		}
		x, err := b.callOf(string(e.Op), e.Span, args...)
		return b.not(x, err, e.Not, e.Span)
	case *parser.Case:
		return b.bindCase(e)
	case *parser.Cast:
		return b.bindCast(e)
	case *parser.FuncCall:
		return b.bindCall(e)
	case *parser.Index:
		return b.callOf("ITEM", e.Span, e.X, e.I)
	case *parser.FieldAccess:
		x, err := b.bind(e.X)
		if err != nil {
			return nil, err
		}
		if e.Field == nil {
			return nil, unsupported(e.Span, "expanding a row with .* is not supported")
		}
		return fieldOf(x, e.Field)
	case *parser.RowExpr:
		return b.callOf("ROW", e.Span, e.Items...)
	case *parser.ArrayExpr:
		if e.Query != nil {
			return nil, unsupported(e.Span, "ARRAY(query) is not supported")
		}
		return b.callOf("ARRAY", e.Span, e.Items...)
	case *parser.MapExpr:
		if e.Query != nil {
			return nil, unsupported(e.Span, "MAP(query) is not supported")
		}
		return b.callOf("MAP", e.Span, e.Items...)
	case *parser.IntervalExpr:
		one := &parser.IntervalLit{Span: e.Span, Text: "1", Units: e.Units}
		return b.callOf("*", e.Span, one, e.X)
	case *parser.Star:
		return nil, diag.Errorf("misplaced-star", e.Span, "* is only allowed as an item of a select list and in COUNT(*)")
	case *parser.NamedArg:
		return nil, diag.Errorf("unknown-argument", e.Span, "this function takes no named argument %q", e.Name.Name)
	case *parser.Subquery:
		return nil, unsupported(e.Span, "a subquery as a value is not supported").WithHint("write it as a join")
	case *parser.Exists:
		return nil, unsupported(e.Span, "EXISTS is supported as a condition of WHERE, joined by AND, only")
	case *parser.Quantified:
		return nil, unsupported(e.Span, "%s with ANY or ALL is not supported", e.Op)
	case *parser.Descriptor, *parser.TableArg, *parser.Default, *parser.MultisetExpr:
		return nil, unsupported(e.Pos(), "%s is not supported here", e)
	}
	return nil, unsupported(e.Pos(), "expression %s is not supported", e)
}

// condition binds a BOOLEAN expression.
func (b *exprBinder) condition(e parser.Expr) (rex.Expr, *diag.Error) {
	x, err := b.bind(e)
	if err != nil {
		return nil, err
	}
	switch x.Type().Kind {
	case types.Boolean:
		return x, nil
	case types.Null:
		return nullOf(types.BooleanType), nil
	}
	return nil, diag.Errorf("type-mismatch", e.Pos(), "%s takes a BOOLEAN, found %s", b.clause, x.Type().Nullable())
}

func (b *exprBinder) bindUnary(e *parser.UnaryExpr) (rex.Expr, *diag.Error) {
	switch e.Op {
	case parser.OpPlus:
		return b.bind(e.X)
	case parser.OpNot:
		return b.callOf("NOT", e.Span, e.X)
	case parser.OpNeg:
		if n, ok := e.X.(*parser.NumberLit); ok {
			return bindNumber(n, true)
		}
		return b.callOf("-", e.Span, e.X)
	}
	return nil, unsupported(e.Span, "%s is only known inside MATCH_RECOGNIZE, which is not supported", e.Op)
}

func (b *exprBinder) bindBinary(e *parser.BinaryExpr) (rex.Expr, *diag.Error) {
	switch e.Op {
	case parser.OpAnd, parser.OpOr:
		return b.bindLogic(e)
	case parser.OpOverlaps:
		return b.bindOverlaps(e)
	case parser.OpContains, parser.OpEquals, parser.OpPrecedes, parser.OpSucceeds, parser.OpImmPrecedes, parser.OpImmSucceeds,
		parser.OpMemberOf, parser.OpSubmultisetOf:
		return nil, unsupported(e.Span, "operator %s is not supported", e.Op)
	}
	return b.callOf(string(e.Op), e.Span, e.Left, e.Right)
}

func (b *exprBinder) bindLogic(e *parser.BinaryExpr) (rex.Expr, *diag.Error) {
	inner := *b
	inner.clause = string(e.Op)
	l, err := inner.condition(e.Left)
	if err != nil {
		return nil, err
	}
	r, err := inner.condition(e.Right)
	if err != nil {
		return nil, err
	}
	return logic(e.Op == parser.OpOr, l, r), nil
}

// logic joins conditions by AND or OR, flattening and dropping constants.
func logic(or bool, conds ...rex.Expr) rex.Expr {
	var args []rex.Expr
	notNull := true
	for _, c := range conds {
		if l, ok := c.(*rex.Literal); ok && l.Value != nil {
			if l.Value.(bool) == or {
				return c
			}
			continue
		}
		notNull = notNull && c.Type().NotNull
		if l, ok := c.(*rex.Logic); ok && l.Or == or {
			args = append(args, l.Args...)
		} else {
			args = append(args, c)
		}
	}
	switch len(args) {
	case 0:
		return literal(!or, types.BooleanType)
	case 1:
		return args[0]
	}
	return &rex.Logic{Or: or, Args: args, T: types.BooleanType.WithNotNull(notNull)}
}

func (b *exprBinder) bindOverlaps(e *parser.BinaryExpr) (rex.Expr, *diag.Error) {
	var args []parser.Expr
	for _, side := range []parser.Expr{e.Left, e.Right} {
		row, ok := side.(*parser.RowExpr)
		if !ok || len(row.Items) != 2 {
			return nil, diag.Errorf("type-mismatch", side.Pos(), "OVERLAPS takes (start, end) or (start, interval) on both sides")
		}
		args = append(args, row.Items...)
	}
	return b.callOf("OVERLAPS", e.Span, args...)
}

func (b *exprBinder) bindBetween(e *parser.Between) (rex.Expr, *diag.Error) {
	within := func(low, high parser.Expr) (rex.Expr, *diag.Error) {
		lo, err := b.callOf(">=", e.Span, e.X, low)
		if err != nil {
			return nil, err
		}
		hi, err := b.callOf("<=", e.Span, e.X, high)
		if err != nil {
			return nil, err
		}
		return logic(false, lo, hi), nil
	}
	x, err := within(e.Low, e.High)
	if err == nil && e.Symmetric {
		var y rex.Expr
		if y, err = within(e.High, e.Low); err == nil {
			x = logic(true, x, y)
		}
	}
	return b.not(x, err, e.Not, e.Span)
}

func (b *exprBinder) not(x rex.Expr, err *diag.Error, negate bool, span diag.Span) (rex.Expr, *diag.Error) {
	if err != nil || !negate {
		return x, err
	}
	return b.call("NOT", span, []rex.Expr{x}, []diag.Span{span})
}

func (b *exprBinder) bindIn(e *parser.In) (rex.Expr, *diag.Error) {
	if e.Query != nil {
		return nil, unsupported(e.Span, "IN (query) is supported as a condition of WHERE, joined by AND, only")
	}
	x, err := b.bind(e.X)
	if err != nil {
		return nil, err
	}
	operands := []rex.Expr{x}
	spans := []diag.Span{e.X.Pos()}
	all := []types.Type{x.Type()}
	constant := true
	for _, item := range e.List {
		v, err := b.bind(item)
		if err != nil {
			return nil, err
		}
		_, isLiteral := v.(*rex.Literal)
		constant = constant && isLiteral
		operands, spans, all = append(operands, v), append(spans, item.Pos()), append(all, v.Type())
	}
	if common, ok := types.CommonType(all...); ok && constant && !common.IsNested() && common.Kind != types.Null {
		in := &rex.In{X: b.p.coerce(x, common), Not: e.Not, T: types.BooleanType.WithNotNull(common.NotNull)}
		folded := true
		for _, v := range operands[1:] {
			l, isLiteral := b.p.coerce(v, common).(*rex.Literal)
			if !isLiteral {
				folded = false
				break
			}
			in.Values = append(in.Values, l)
		}
		if folded {
			return in, nil
		}
	}
	var any []rex.Expr
	for i, v := range operands[1:] {
		eq, err := b.call("=", e.Span, []rex.Expr{x, v}, []diag.Span{spans[0], spans[i+1]})
		if err != nil {
			return nil, err
		}
		any = append(any, eq)
	}
	return b.not(logic(true, any...), nil, e.Not, e.Span)
}

func (b *exprBinder) bindCase(e *parser.Case) (rex.Expr, *diag.Error) {
	out := &rex.Case{}
	var spans []diag.Span
	inner := *b
	inner.clause = "WHEN"
	for _, w := range e.Whens {
		var cond rex.Expr
		for _, c := range w.Conds {
			var one rex.Expr
			var err *diag.Error
			if e.Operand != nil {
				one, err = b.callOf("=", c.Pos(), e.Operand, c)
			} else {
				one, err = inner.condition(c)
			}
			if err != nil {
				return nil, err
			}
			if cond == nil {
				cond = one
			} else {
				cond = logic(true, cond, one)
			}
		}
		r, err := b.bind(w.Result)
		if err != nil {
			return nil, err
		}
		out.Conds, out.Results, spans = append(out.Conds, cond), append(out.Results, r), append(spans, w.Result.Pos())
	}
	out.Else = nullOf(types.NullType)
	if e.Else != nil {
		var err *diag.Error
		if out.Else, err = b.bind(e.Else); err != nil {
			return nil, err
		}
		spans = append(spans, e.Else.Pos())
	}
	return b.p.caseOf(out, spans, e.Span)
}

// caseOf gives a CASE its common type.
func (p *Planner) caseOf(c *rex.Case, spans []diag.Span, span diag.Span) (rex.Expr, *diag.Error) {
	var all []types.Type
	for _, r := range append(slices.Clone(c.Results), c.Else) {
		all = append(all, r.Type().WithAttr(types.NoTime))
	}
	t, err := commonType(all, spans, span)
	if err != nil {
		return nil, err
	}
	c.T = t
	for i := range c.Results {
		c.Results[i] = p.coerce(c.Results[i], t)
	}
	c.Else = p.coerce(c.Else, t)
	// A constant condition decides at once, as IF(TRUE, …) in generated SQL.
	if l, ok := c.Conds[0].(*rex.Literal); ok && len(c.Conds) == 1 {
		if l.Value == true {
			return c.Results[0], nil
		}
		return c.Else, nil
	}
	return c, nil
}

// commonType is types.CommonType with an error at the operand that doesn't fit.
func commonType(all []types.Type, spans []diag.Span, span diag.Span) (types.Type, *diag.Error) {
	t, ok := types.CommonType(all...)
	if ok {
		return t, nil
	}
	for i := 1; i < len(all); i++ {
		if _, ok := types.CommonType(all[:i+1]...); !ok {
			first, _ := types.CommonType(all[:i]...)
			if i < len(spans) {
				span = spans[i]
			}
			return t, diag.Errorf("type-mismatch", span, "%s and %s have no common type", first.Nullable(), all[i].Nullable()).
				WithHint("CAST one of them")
		}
	}
	return t, nil
}

func (b *exprBinder) bindCast(e *parser.Cast) (rex.Expr, *diag.Error) {
	x, err := b.bind(e.X)
	if err != nil {
		return nil, err
	}
	t, err := bindType(e.Type)
	if err != nil {
		return nil, err
	}
	from := x.Type()
	if from.Kind != types.Null && !cast.Explicit(from, t) {
		_, err := cast.Bind(from, t, e.Try)
		return nil, invalidCast(from, t, err, e.Span)
	}
	return b.p.castTo(x, t.WithNotNull(from.NotNull && !e.Try), e.Try, false, e.Span)
}

// invalidCast refuses a conversion, with the hint that goes with these two types if there is one.
func invalidCast(from, to types.Type, err error, span diag.Span) *diag.Error {
	out := diag.Errorf("invalid-cast", span, "%s can't be cast to %s", from.Nullable(), to.Nullable())
	var ae *udf.ArgError
	if errors.As(err, &ae) {
		out.Hint = ae.Hint
	}
	return out
}

// castTo converts x to t, whose nullability is taken as given.
func (p *Planner) castTo(x rex.Expr, t types.Type, try, implicit bool, span diag.Span) (rex.Expr, *diag.Error) {
	from := x.Type()
	if from.Kind == types.Null {
		return nullOf(t), nil
	}
	if from.Equal(t) && from.Attr == t.Attr && (from.NotNull == t.NotNull || !t.NotNull) {
		return x, nil
	}
	k, err := cast.Bind(from, t, try)
	if err != nil {
		return nil, invalidCast(from, t, err, span)
	}
	return p.fold(&rex.Cast{X: x, T: t, Try: try, Implicit: implicit, Kernel: k, Span: span}), nil
}

// coerce converts x to t where the value needs it: types that differ only in what their vectors don't show (a text's
// bound, a decimal's precision within the same scale, nullability) are left alone.
func (p *Planner) coerce(x rex.Expr, t types.Type) rex.Expr {
	from := x.Type()
	if from.Equal(t) || from.Kind == t.Kind && from.Kind == types.Symbol {
		return x
	}
	if from.SameStorage(t) && !t.IsNested() {
		switch {
		case t.IsCharacter(), t.IsBinary():
			return retype(x, t)
		case t.Precision >= from.Precision:
			return retype(x, t)
		}
	}
	y, err := p.castTo(x, t.WithNotNull(from.NotNull), false, true, diag.Span{})
	if err != nil {
		panic(fmt.Sprintf("planner: coerce %s to %s: %v", from, t, err)) // callers have asked cast.Implicit or CommonType
	}
	return y
}

// retype gives a literal another type of the same storage; other expressions keep theirs.
func retype(x rex.Expr, t types.Type) rex.Expr {
	if l, ok := x.(*rex.Literal); ok {
		return &rex.Literal{Value: l.Value, T: t.WithNotNull(l.Value != nil)}
	}
	return x
}

// callOf binds a call of a function by name over parsed arguments.
func (b *exprBinder) callOf(name string, span diag.Span, args ...parser.Expr) (rex.Expr, *diag.Error) {
	var bound []rex.Expr
	var spans []diag.Span
	for _, a := range args {
		x, err := b.bind(a)
		if err != nil {
			return nil, err
		}
		bound, spans = append(bound, x), append(spans, a.Pos())
	}
	return b.call(name, span, bound, spans)
}

// call binds a call of a registered function over bound arguments.
func (b *exprBinder) call(name string, span diag.Span, args []rex.Expr, spans []diag.Span) (rex.Expr, *diag.Error) {
	spec, ok := b.p.Functions.Lookup(name)
	if !ok {
		return nil, unsupported(span, "%s is not supported", name)
	}
	return b.p.scalar(spec, name, span, args, nil, spans)
}

func (b *exprBinder) bindCall(e *parser.FuncCall) (rex.Expr, *diag.Error) {
	name := strings.Join(e.Name.Strings(), ".")
	spec, err := b.p.function(e.Name)
	if err != nil {
		if isGroupWindow(e) || windowAuxiliary[strings.ToUpper(name)] != "" {
			return nil, diag.Errorf("misplaced-window", e.Span, "%s is only allowed with a group window in GROUP BY", strings.ToUpper(name))
		}
		return nil, err
	}
	switch {
	case spec.Aggregate != nil:
		return nil, diag.Errorf("misplaced-aggregate", e.Span, "aggregate function %s is not allowed in %s", spec.Name, b.clause)
	case spec.Table != nil:
		return nil, diag.Errorf("misplaced-table-function", e.Span, "table function %s is not allowed in %s", spec.Name, b.clause).
			WithHint("it gives rows: FROM t, LATERAL TABLE(%s(…)) AS x", spec.Name)
	}
	switch {
	case e.Distinct:
		return nil, diag.Errorf("not-an-aggregate", e.Span, "DISTINCT needs an aggregate function; %s is not one", spec.Name)
	case e.Filter != nil:
		return nil, diag.Errorf("not-an-aggregate", e.Filter.Pos(), "FILTER needs an aggregate function; %s is not one", spec.Name)
	case e.WithinGroup != nil:
		return nil, unsupported(e.Span, "WITHIN GROUP is not supported")
	}
	args, names, spans, err := b.callArgs(spec, e.Span, e.Args)
	if err != nil {
		return nil, err
	}
	if e.JSON != nil {
		extra, err := b.jsonClauses(e.JSON)
		if err != nil {
			return nil, err
		}
		for _, x := range extra {
			args, names, spans = append(args, x), append(names, ""), append(spans, e.JSON.Span)
		}
	}
	return b.p.scalar(spec, name, e.Span, args, names, spans)
}

// callArgs binds the arguments of a call: those without a name, then name => value. An argument given as DEFAULT is as one
// that is left out where it has a name, and else NULL, which is what Flink makes of either. Where the function's parameters have
// names the arguments are put into their order.
func (b *exprBinder) callArgs(spec *udf.Spec, span diag.Span, in []parser.Expr) (args []rex.Expr, names []string, spans []diag.Span, err *diag.Error) {
	given := map[string]bool{}
	for _, a := range in {
		name, at := "", a.Pos()
		n, named := a.(*parser.NamedArg)
		if named {
			name, a = n.Name.Name, n.Value
		}
		switch key := strings.ToUpper(name); {
		case named && given[key]:
			return nil, nil, nil, diag.Errorf("duplicate-argument", n.Name.Span, "argument %q is given twice", name)
		case named:
			given[key] = true
		case len(given) > 0:
			return nil, nil, nil, diag.Errorf("invalid-call", at, "an argument without a name stands behind one with a name").
				WithHint("name this one too, or put it first")
		}
		var x rex.Expr
		if _, ok := a.(*parser.Default); ok {
			if named {
				continue
			}
			x = nullOf(types.NullType)
		} else if x, err = b.bind(a); err != nil {
			return nil, nil, nil, err
		}
		args, names, spans = append(args, x), append(names, name), append(spans, at)
	}
	if spec.Params == nil || len(given) == 0 {
		return args, names, spans, nil
	}
	order, wrong := spec.Order(names)
	if wrong != nil {
		return nil, nil, nil, callError(spec, wrong, span, spans)
	}
	return picked(args, order), make([]string, len(order)), picked(spans, order), nil
}

// picked returns the elements that order names.
func picked[T any](from []T, order []int) []T {
	out := make([]T, len(order))
	for i, k := range order {
		out[i] = from[k]
	}
	return out
}

// jsonClauses appends the clauses of a JSON function to its arguments, in a fixed order and only those that are there:
// each as a Symbol; RETURNING as the symbol "RETURNING" and a NULL of the type; a DEFAULT followed by its value.
func (b *exprBinder) jsonClauses(c *parser.JSONClauses) ([]rex.Expr, *diag.Error) {
	var out []rex.Expr
	symbol := func(s string) { out = append(out, literal(s, types.SymbolType)) }
	if c.Returning != nil {
		t, err := bindType(c.Returning)
		if err != nil {
			return nil, err
		}
		symbol("RETURNING")
		out = append(out, nullOf(t))
	}
	if c.Wrapper != parser.WrapperUnstated {
		symbol(string(c.Wrapper))
	}
	for _, on := range []struct {
		behavior *parser.JSONBehavior
		suffix   string
	}{{c.OnEmpty, " ON EMPTY"}, {c.OnError, " ON ERROR"}} {
		if on.behavior == nil {
			continue
		}
		symbol(on.behavior.Kind + on.suffix)
		if on.behavior.Default != nil {
			x, err := b.bind(on.behavior.Default)
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
	}
	if c.OnNull != parser.OnNullUnstated {
		symbol(string(c.OnNull))
	}
	return out, nil
}

// scalar binds a call of spec and converts the arguments to what it asks for.
func (p *Planner) scalar(spec *udf.Spec, written string, span diag.Span, args []rex.Expr, names []string, spans []diag.Span) (rex.Expr, *diag.Error) {
	if spec.Form != udf.NoForm {
		for i, name := range names {
			if name != "" {
				return nil, callError(spec, udf.NoNamedArg(spec.Name, i, name), span, spans)
			}
		}
		return p.form(spec, span, args, spans)
	}
	fn, err := spec.Scalar(udfCall(written, args, names, false))
	if err != nil {
		return nil, callError(spec, err, span, spans)
	}
	converted, derr := p.arguments(spec, args, fn.Args, spans)
	if derr != nil {
		return nil, derr
	}
	return p.fold(&rex.Call{Spec: spec, Fn: fn, Args: converted, Names: names, Span: span}), nil
}

// arguments converts the arguments of a call to the types that the function asks for.
func (p *Planner) arguments(spec *udf.Spec, args []rex.Expr, want []types.Type, spans []diag.Span) ([]rex.Expr, *diag.Error) {
	converted := make([]rex.Expr, len(args))
	for i, a := range args {
		var err error
		if converted[i], err = p.argument(a, want[i]); err != nil {
			return nil, diag.Errorf("type-mismatch", spans[i], "%s takes %s here, found %s", spec.Name, want[i].Nullable(), a.Type().Nullable())
		}
	}
	return converted, nil
}

func udfCall(name string, args []rex.Expr, names []string, distinct bool) *udf.Call {
	call := &udf.Call{Name: name, Distinct: distinct}
	for i, a := range args {
		arg := udf.Arg{Type: a.Type()}
		if l, ok := a.(*rex.Literal); ok {
			arg.Literal, arg.Value = true, l.Value
		}
		if f, ok := a.(*rex.Call); ok {
			arg.Func = f.Spec.Name
		}
		if c, ok := a.(*rex.Column); ok {
			arg.Column = c.Name
		}
		if names != nil {
			arg.Name = names[i]
		}
		call.Args = append(call.Args, arg)
	}
	return call
}

var errNoImplicit = errors.New("no implicit conversion")

// argument converts an argument to the type a function asks for.
func (p *Planner) argument(a rex.Expr, t types.Type) (rex.Expr, error) {
	from := a.Type()
	switch {
	case from.Kind == types.Symbol || t.Kind == types.Null:
		return a, nil
	case from.Kind == types.Null:
		return nullOf(t), nil
	case !cast.Implicit(from, t) && !cast.Explicit(from, t):
		return nil, errNoImplicit
	}
	return p.coerce(a, t), nil
}

// callError places what a function says about a call.
func callError(spec *udf.Spec, err error, span diag.Span, spans []diag.Span) *diag.Error {
	var ae *udf.ArgError
	if !errors.As(err, &ae) {
		return diag.Errorf("invalid-call", span, "%s: %w", spec.Name, err)
	}
	if ae.Arg >= 0 && ae.Arg < len(spans) && !spans[ae.Arg].IsZero() {
		span = spans[ae.Arg]
	}
	out := diag.Errorf("invalid-call", span, "%s", ae.Msg)
	out.Hint = ae.Hint
	if out.Hint == "" && len(spec.Usage) > 0 {
		out.Hint = "usage: " + strings.Join(spec.Usage, " or ")
	}
	return out
}

// form lowers the functions whose arguments are not all evaluated.
func (p *Planner) form(spec *udf.Spec, span diag.Span, args []rex.Expr, spans []diag.Span) (rex.Expr, *diag.Error) {
	arity := func(n int) *diag.Error {
		if len(args) == n {
			return nil
		}
		return callError(spec, udf.Errorf(-1, "%s takes %d arguments, found %d", spec.Name, n, len(args)), span, spans)
	}
	switch spec.Form {
	case udf.FormIf:
		if err := arity(3); err != nil {
			return nil, err
		}
		if k := args[0].Type().Kind; k != types.Boolean && k != types.Null {
			return nil, diag.Errorf("type-mismatch", spans[0], "IF takes a BOOLEAN condition, found %s", args[0].Type().Nullable())
		}
		return p.caseOf(&rex.Case{Conds: args[:1], Results: []rex.Expr{args[1]}, Else: args[2]}, spans[1:], span)
	case udf.FormNullIf:
		if err := arity(2); err != nil {
			return nil, err
		}
		eq, ok := p.Functions.Lookup("=")
		if !ok {
			return nil, unsupported(span, "NULLIF is not supported")
		}
		same, err := p.scalar(eq, "=", span, args, nil, spans)
		if err != nil {
			return nil, err
		}
		return p.caseOf(&rex.Case{Conds: []rex.Expr{same}, Results: []rex.Expr{nullOf(args[0].Type())}, Else: args[0]}, nil, span)
	case udf.FormIfNull:
		if err := arity(2); err != nil {
			return nil, err
		}
	}
	if len(args) == 0 {
		return nil, callError(spec, udf.Errorf(-1, "%s takes at least one argument", spec.Name), span, spans)
	}
	var all []types.Type
	notNull := false
	for _, a := range args {
		all = append(all, a.Type().WithAttr(types.NoTime))
		notNull = notNull || a.Type().NotNull
	}
	t, err := commonType(all, spans, span)
	if err != nil {
		return nil, err
	}
	out := &rex.Coalesce{T: t.WithNotNull(notNull)}
	for _, a := range args {
		if isNullLiteral(a) && len(args) > 1 {
			continue
		}
		out.Args = append(out.Args, p.coerce(a, t))
		if a.Type().NotNull {
			break // what follows is never reached
		}
	}
	switch {
	case len(out.Args) == 0:
		return nullOf(t), nil
	case len(out.Args) == 1:
		return out.Args[0], nil
	}
	return out, nil
}
