package planner

import (
	"slices"
	"strings"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// groupWindows are the legacy group windows by name; windowAuxiliary are the functions that go with them.
var groupWindows = map[string]physical.WindowKind{"TUMBLE": physical.Tumble, "HOP": physical.Hop, "SESSION": physical.Session}

var windowAuxiliary = map[string]string{
	"TUMBLE_START": "TUMBLE", "TUMBLE_END": "TUMBLE", "TUMBLE_ROWTIME": "TUMBLE", "TUMBLE_PROCTIME": "TUMBLE",
	"HOP_START": "HOP", "HOP_END": "HOP", "HOP_ROWTIME": "HOP", "HOP_PROCTIME": "HOP",
	"SESSION_START": "SESSION", "SESSION_END": "SESSION", "SESSION_ROWTIME": "SESSION", "SESSION_PROCTIME": "SESSION",
}

func isGroupWindow(e parser.Expr) bool {
	c, ok := e.(*parser.FuncCall)
	if !ok || len(c.Name.Parts) != 1 || len(c.Args) < 2 {
		return false
	}
	_, ok = groupWindows[strings.ToUpper(c.Name.Parts[0].Name)]
	return ok
}

// aggregateBinder binds the clauses of a SELECT with GROUP BY. Below the aggregation goes a projection of pre: the
// grouping expressions, the aggregates' arguments and filters. Above it, expressions see the aggregation's output.
type aggregateBinder struct {
	q     *queryBinder
	input *exprBinder // over the FROM clause
	pre   []rex.Expr
	names []string // of pre

	keys []rex.Expr // grouping expressions over the input, in the order of the output's first columns
	aggs []physical.AggCall

	// A legacy group window.
	window     *physical.Window
	windowCall *parser.FuncCall
	windowArgs string // its arguments as text, which auxiliary functions must repeat
	timeType   types.Type
	props      []physical.WindowProperty

	// A window table-valued function below: columns of the input that are its bounds.
	attached *windowColumns
	// outKeys maps each grouping expression to its column in the output.
	placed []rex.Expr
}

// aggregated binds a SELECT with aggregates.
func (q *queryBinder) aggregated(n node, s *scope, e *parser.Select) (node, diag.List) {
	a := &aggregateBinder{q: q, input: &exprBinder{p: q.p, scope: s, clause: "GROUP BY"}}
	if errs := a.groupBy(e.GroupBy); len(errs) > 0 {
		return nil, errs
	}
	a.attach(n)
	a.place()
	b := &exprBinder{p: q.p, scope: s, before: a.bind, clause: "a select list"}
	over, err := q.newOverBinder(&exprBinder{p: q.p, scope: s, before: a.bind, clause: "an OVER window"}, e)
	if err != nil {
		return nil, diag.List{err}
	}
	b.over = over
	exprs, names, errs := q.items(b, s, e.Items)
	var having rex.Expr
	if e.Having != nil {
		b.clause, b.over = "HAVING", nil
		cond, err := b.condition(e.Having)
		if err != nil {
			errs.Add(err)
		}
		having = cond
	}
	if len(errs) > 0 {
		return nil, errs
	}
	out := a.node(n, s)
	finish := a.finish()
	if having != nil {
		out = &filterNode{input: out, cond: finish(having)}
	}
	out = over.node(out, finish)
	for i := range exprs {
		exprs[i] = over.finish(finish(exprs[i]))
	}
	return project(out, exprs, names), nil
}

func (a *aggregateBinder) groupBy(g *parser.GroupBy) diag.List {
	if g == nil {
		return nil
	}
	var errs diag.List
	items := g.Items
	for len(items) > 0 {
		item := items[0]
		items = items[1:]
		switch {
		case item.Kind == parser.GroupSet:
			items = slices.Concat(item.Items, items) // GROUP BY (a, b) is GROUP BY a, b
		case item.Kind != parser.GroupExpr:
			errs.Add(unsupported(item.Span, "GROUPING SETS, CUBE and ROLLUP are not supported").WithHint("write one query per grouping and UNION ALL them"))
		case isGroupWindow(item.Expr):
			errs.Append(errOrNil(a.groupWindow(item.Expr.(*parser.FuncCall))))
		default:
			x, err := a.input.bind(item.Expr)
			if err != nil {
				errs.Add(err)
				continue
			}
			if !slices.ContainsFunc(a.keys, func(k rex.Expr) bool { return rex.Equal(k, x) }) {
				a.keys = append(a.keys, x)
			}
		}
	}
	return errs
}

// errOrNil avoids a typed nil in an error.
func errOrNil(err *diag.Error) error {
	if err == nil {
		return nil
	}
	return err
}

// groupWindow binds TUMBLE(t, size), HOP(t, slide, size) or SESSION(t, gap) in GROUP BY.
func (a *aggregateBinder) groupWindow(c *parser.FuncCall) *diag.Error {
	name := strings.ToUpper(c.Name.Parts[0].Name)
	if a.window != nil {
		return diag.Errorf("duplicate-window", c.Span, "GROUP BY has more than one window")
	}
	x, err := a.input.bind(c.Args[0])
	if err != nil {
		return err
	}
	col, ok := x.(*rex.Column)
	if !ok || col.T.Attr == types.NoTime {
		return notTimeAttribute(c.Args[0].Pos(), name, x.Type())
	}
	w := &physical.Window{Kind: groupWindows[name], Time: len(a.pre), Proctime: col.T.Attr == types.Proctime,
		Local: col.T.Kind == types.TimestampLTZ}
	var lengths []int64
	for _, arg := range c.Args[1:] {
		ms, err := a.q.millis(a.input, arg, len(lengths) > 0)
		if err != nil {
			return err
		}
		lengths = append(lengths, ms)
	}
	want := 1
	if w.Kind == physical.Hop {
		want = 2
	}
	if len(lengths) < want || len(lengths) > want+1 || w.Kind == physical.Session && len(lengths) > 1 {
		return diag.Errorf("invalid-call", c.Span, "%s takes a time attribute and %d interval(s)", name, want)
	}
	switch w.Kind {
	case physical.Hop:
		w.Slide, w.Size = lengths[0], lengths[1]
	default:
		w.Size = lengths[0]
	}
	if len(lengths) > want {
		w.Offset = lengths[want]
	}
	a.window, a.windowCall, a.timeType = w, c, col.T
	a.windowArgs = argText(c)
	a.pre, a.names = append(a.pre, x), append(a.names, col.Name)
	return nil
}

func argText(c *parser.FuncCall) string {
	var parts []string
	for _, x := range c.Args {
		parts = append(parts, x.String())
	}
	return strings.Join(parts, ", ")
}

// windowColumns are the columns of a node that hold bounds of windows assigned below it.
type windowColumns struct {
	start, end, time []int
	window           physical.Window
}

// windowColumnsOf follows window bounds from where they are assigned up to n.
func windowColumnsOf(n node) *windowColumns {
	switch n := n.(type) {
	case *windowNode:
		last := len(n.out) - 1
		return &windowColumns{[]int{last - 2}, []int{last - 1}, []int{last}, n.window}
	case *filterNode:
		return windowColumnsOf(n.input)
	case *overNode: // its columns begin with the input's
		return windowColumnsOf(n.input)
	case *projectNode:
		in := windowColumnsOf(n.input)
		if in == nil {
			return nil
		}
		out := &windowColumns{window: in.window}
		for i, e := range n.exprs {
			c, ok := e.(*rex.Column)
			if !ok {
				continue
			}
			switch {
			case slices.Contains(in.start, c.Index):
				out.start = append(out.start, i)
			case slices.Contains(in.end, c.Index):
				out.end = append(out.end, i)
			case slices.Contains(in.time, c.Index):
				out.time = append(out.time, i)
			}
		}
		return out
	case *correlateNode:
		in := windowColumnsOf(n.input)
		if in == nil {
			return nil
		}
		kept := func(cols []int) (out []int) {
			for i, k := range n.keep {
				if slices.Contains(cols, k) {
					out = append(out, i)
				}
			}
			return out
		}
		return &windowColumns{kept(in.start), kept(in.end), kept(in.time), in.window}
	case *aggregateNode:
		if n.window == nil {
			return nil
		}
		out := &windowColumns{window: *n.window}
		for i, p := range n.props {
			at := len(n.keys) + len(n.aggs) + i
			switch p {
			case physical.WindowStart:
				out.start = append(out.start, at)
			case physical.WindowEnd:
				out.end = append(out.end, at)
			case physical.WindowTime:
				out.time = append(out.time, at)
			}
		}
		return out
	}
	return nil
}

// attach turns grouping by window_start and window_end into a windowed aggregation.
func (a *aggregateBinder) attach(n node) {
	w := windowColumnsOf(n)
	if w == nil || a.window != nil {
		return
	}
	is := func(cols []int) func(rex.Expr) bool {
		return func(k rex.Expr) bool {
			c, ok := k.(*rex.Column)
			return ok && slices.Contains(cols, c.Index)
		}
	}
	start, end := slices.IndexFunc(a.keys, is(w.start)), slices.IndexFunc(a.keys, is(w.end))
	if start < 0 || end < 0 {
		return
	}
	a.attached = w
	a.window = &physical.Window{Kind: w.window.Kind, Time: -1, Proctime: w.window.Proctime, Size: w.window.Size, Slide: w.window.Slide,
		Offset: w.window.Offset, Local: w.window.Local, Attached: true, Start: 0, End: 1}
	a.pre = []rex.Expr{a.keys[start], a.keys[end]}
	a.names = []string{"window_start", "window_end"}
}

// place decides where each grouping expression is found in the output: among the keys, or as a window property.
func (a *aggregateBinder) place() {
	var keys []rex.Expr
	for _, k := range a.keys {
		prop, isProp := physical.WindowProperty(0), false
		if c, ok := k.(*rex.Column); ok && a.attached != nil {
			for p, cols := range map[physical.WindowProperty][]int{physical.WindowStart: a.attached.start, physical.WindowEnd: a.attached.end, physical.WindowTime: a.attached.time} {
				if slices.Contains(cols, c.Index) {
					prop, isProp = p, true
				}
			}
		}
		if isProp {
			a.placed = append(a.placed, a.property(prop, k.Type()))
			continue
		}
		a.placed = append(a.placed, &rex.Column{Index: len(keys), Name: nameOf(k), T: k.Type().WithAttr(types.NoTime)})
		keys = append(keys, k)
		a.pre, a.names = append(a.pre, k), append(a.names, nameOf(k))
	}
}

// The output's columns are numbered keys first, then aggregates, then properties; how many aggregates there are is
// known only at the end, so until finish they carry these offsets.
const (
	aggregateBase = 1 << 20
	propertyBase  = 2 << 20
	overBase      = 4 << 20 // columns of OVER, which are not the aggregation's
)

func (a *aggregateBinder) property(p physical.WindowProperty, t types.Type) rex.Expr {
	i := slices.Index(a.props, p)
	if i < 0 {
		i = len(a.props)
		a.props = append(a.props, p)
	}
	name := [...]string{"window_start", "window_end", "window_time"}[p]
	return &rex.Column{Index: propertyBase + i, Name: name, T: t}
}

// finish returns the translation of provisional columns into those of the output.
func (a *aggregateBinder) finish() func(rex.Expr) rex.Expr {
	keys := 0
	for _, p := range a.placed {
		if p.(*rex.Column).Index < aggregateBase {
			keys++
		}
	}
	return func(e rex.Expr) rex.Expr {
		return rex.Rewrite(e, func(x rex.Expr) rex.Expr {
			c, ok := x.(*rex.Column)
			if !ok || c.Index < aggregateBase || c.Index >= overBase {
				return x
			}
			moved := *c
			if c.Index >= propertyBase {
				moved.Index = c.Index - propertyBase + keys + len(a.aggs)
			} else {
				moved.Index = c.Index - aggregateBase + keys
			}
			return &moved
		})
	}
}

func nameOf(e rex.Expr) string {
	if c, ok := e.(*rex.Column); ok {
		return c.Name
	}
	return e.String()
}

// bind is exprBinder.before above the aggregation: what it returns is over the output.
func (a *aggregateBinder) bind(e parser.Expr) (rex.Expr, *diag.Error) {
	switch c := e.(type) {
	case *parser.FuncCall:
		if len(c.Name.Parts) == 1 {
			name := strings.ToUpper(c.Name.Parts[0].Name)
			if kind, ok := windowAuxiliary[name]; ok {
				return a.auxiliary(c, name, kind)
			}
		}
		if spec, err := a.q.p.function(c.Name); err == nil && spec.Aggregate != nil && c.Over == nil {
			return a.aggregate(c)
		}
	case *parser.NumberLit, *parser.StringLit, *parser.BoolLit, *parser.NullLit, *parser.Symbol, *parser.TemporalLit,
		*parser.IntervalLit, *parser.BinaryLit:
		return nil, nil
	}
	if x, err := a.input.bind(e); err == nil {
		for i, k := range a.keys {
			if rex.Equal(k, x) {
				return a.placed[i], nil
			}
		}
	}
	ref, ok := e.(*parser.ColumnRef)
	if !ok {
		return nil, nil
	}
	if _, err := a.input.bind(e); err != nil {
		return nil, err
	}
	return nil, diag.Errorf("not-grouped", ref.Span, "column %q is neither grouped nor aggregated", strings.Join(ref.Strings(), ".")).
		WithHint("add it to GROUP BY, or wrap it in an aggregate such as MAX")
}

// auxiliary binds TUMBLE_START and its siblings.
func (a *aggregateBinder) auxiliary(c *parser.FuncCall, name, kind string) (rex.Expr, *diag.Error) {
	if a.windowCall == nil || a.window.Kind != groupWindows[kind] || argText(c) != a.windowArgs {
		err := diag.Errorf("misplaced-window", c.Span, "%s needs %s(%s) in GROUP BY", name, kind, argText(c))
		if a.windowCall != nil {
			err.WithHint("GROUP BY has %s; repeat its arguments exactly", a.windowCall)
		}
		return nil, err
	}
	bound := types.TimestampType(3).WithNotNull(true)
	switch {
	case strings.HasSuffix(name, "_START"):
		return a.property(physical.WindowStart, bound), nil
	case strings.HasSuffix(name, "_END"):
		return a.property(physical.WindowEnd, bound), nil
	case strings.HasSuffix(name, "_ROWTIME") == a.window.Proctime:
		return nil, diag.Errorf("misplaced-window", c.Span, "%s does not fit a window over %s", name, a.timeType)
	}
	t := types.Type{Kind: a.timeType.Kind, Precision: 3, NotNull: true, Attr: a.timeType.Attr}
	return a.property(physical.WindowTime, t), nil
}

// aggregate binds one aggregate call; equal calls are computed once.
func (a *aggregateBinder) aggregate(c *parser.FuncCall) (rex.Expr, *diag.Error) {
	call, err := a.q.p.aggregateCall(a.input, c, nil, a.column)
	if err != nil {
		return nil, err
	}
	for i, other := range a.aggs {
		if sameAggregate(other, call) {
			return &rex.Column{Index: aggregateBase + i, Name: other.Name, T: other.Fn.Result}, nil
		}
	}
	a.aggs = append(a.aggs, call)
	return &rex.Column{Index: aggregateBase + len(a.aggs) - 1, Name: call.Name, T: call.Fn.Result}, nil
}

// sameAggregate reports whether two calls over the same rows give the same.
func sameAggregate(a, b physical.AggCall) bool {
	return a.Name == b.Name && a.Filter == b.Filter && slices.Equal(a.Args, b.Args)
}

// aggregateCall binds a call of an aggregate function, whose arguments and filter are over input; column finds or makes the
// column of an expression. order is what OVER orders by, for functions that look at it.
func (p *Planner) aggregateCall(input *exprBinder, c *parser.FuncCall, order rex.Expr, column func(rex.Expr) int) (call physical.AggCall, err *diag.Error) {
	spec, err := p.function(c.Name)
	if err != nil {
		return call, err
	}
	switch {
	case spec.Over != udf.OverToo && c.Over == nil:
		return call, diag.Errorf("misplaced-aggregate", c.Span, "%s needs an OVER clause", spec.Name)
	case c.WithinGroup != nil:
		return call, unsupported(c.Span, "WITHIN GROUP is not supported")
	case c.Nulls != parser.NullsTreatmentUnstated:
		return call, unsupported(c.Span, "IGNORE NULLS and RESPECT NULLS are not supported")
	case c.Distinct && spec.Over != udf.OverToo:
		return call, diag.Errorf("invalid-call", c.Span, "%s takes no DISTINCT", spec.Name)
	}
	inner := *input
	inner.clause = "the argument of an aggregate"
	given := c.Args
	for _, arg := range c.Args {
		if _, star := arg.(*parser.Star); star {
			if spec.Name != "COUNT" || len(c.Args) > 1 || c.Distinct {
				return call, diag.Errorf("misplaced-star", arg.Pos(), "* is only allowed in COUNT(*)")
			}
			given = nil
		}
	}
	args, names, spans, err := inner.callArgs(spec, c.Span, given)
	if err != nil {
		return call, err
	}
	if spec.Over == udf.OverRank {
		if len(args) > 0 {
			return call, diag.Errorf("invalid-call", spans[0], "%s takes no arguments", spec.Name)
		}
		args, spans = append(args, order), append(spans, c.Span)
	}
	if c.JSON != nil {
		extra, err := inner.jsonClauses(c.JSON)
		if err != nil {
			return call, err
		}
		for _, x := range extra {
			args, names, spans = append(args, x), append(names, ""), append(spans, c.JSON.Span)
		}
	}
	fn, bindErr := spec.Aggregate(udfCall(spec.Name, args, names, c.Distinct))
	if bindErr != nil {
		return call, callError(spec, bindErr, c.Span, spans)
	}
	written := *c
	written.Over = nil
	call = physical.AggCall{Name: written.String(), Function: spec.Name, Fn: fn, Filter: -1, Distinct: c.Distinct, Span: c.Span}
	for i := range args {
		if i >= len(fn.Args) {
			break
		}
		x, convErr := p.argument(args[i], fn.Args[i])
		if convErr != nil {
			return call, diag.Errorf("type-mismatch", spans[i], "%s takes %s here, found %s", spec.Name, fn.Args[i].Nullable(), args[i].Type().Nullable())
		}
		call.Args = append(call.Args, column(x))
	}
	if c.Filter != nil {
		inner.clause = "FILTER"
		cond, err := inner.condition(c.Filter)
		if err != nil {
			return call, err
		}
		call.Filter = column(cond)
	}
	return call, nil
}

// column returns the column of pre that computes x.
func (a *aggregateBinder) column(x rex.Expr) int {
	for i, e := range a.pre {
		if rex.Equal(e, x) {
			return i
		}
	}
	a.pre, a.names = append(a.pre, x), append(a.names, nameOf(x))
	return len(a.pre) - 1
}

// node builds the aggregation over its projection.
func (a *aggregateBinder) node(n node, s *scope) node {
	if a.attached != nil { // the bounds' positions in pre
		a.window.Start, a.window.End = 0, 1
	}
	agg := &aggregateNode{aggs: a.aggs, window: a.window, props: a.props, ttl: a.q.hintTTL(s)}
	for i, k := range a.keys {
		col := a.placed[i].(*rex.Column)
		if col.Index >= aggregateBase {
			continue
		}
		agg.keys = append(agg.keys, a.column(k))
		agg.out = append(agg.out, types.Field{Name: nameOf(k), Type: k.Type().WithAttr(types.NoTime)})
	}
	for _, c := range a.aggs {
		agg.out = append(agg.out, types.Field{Name: c.Name, Type: c.Fn.Result})
	}
	bound := types.TimestampType(3).WithNotNull(true)
	for _, p := range a.props {
		f := types.Field{Name: [...]string{"window_start", "window_end", "window_time"}[p], Type: bound}
		if p == physical.WindowTime {
			switch {
			case a.windowCall != nil:
				f.Type = types.Type{Kind: a.timeType.Kind, Precision: 3, NotNull: true, Attr: a.timeType.Attr}
			case len(a.attached.time) > 0:
				f.Type = n.fields()[a.attached.time[0]].Type
			}
		}
		agg.out = append(agg.out, f)
	}
	agg.input = project(n, a.pre, unique(a.names))
	return agg
}
