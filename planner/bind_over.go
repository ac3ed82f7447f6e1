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

// overBinder binds the calls with OVER of one select list. They are computed from the rows of the node below, each set of
// calls over the same window by an overNode of its own, one above the other; what they give becomes columns.
//
// Source: Flink's "Over Aggregation" page, whose windows are those over a time attribute in ascending order. That all of a
// SELECT must be the same is a limit of Flink's that isn't kept here.
type overBinder struct {
	q       *queryBinder
	input   *exprBinder // over the rows below
	named   map[string]*parser.NamedWindow
	needs   []rex.Expr // what windows and calls read; until node, their columns are indexes into it
	windows []*overWindow
	places  []overPlace // of the columns overBase, overBase+1, …
	width   int         // of the rows below, once node has made them
}

// overWindow is a window and the calls over it.
type overWindow struct {
	partitionBy []int
	time        int
	order       rex.Expr
	frame       physical.Frame
	functions   []*rex.Call
	aggs        []physical.AggCall
	span        diag.Span
}

// overPlace is where the result of a call is found.
type overPlace struct {
	window   *overWindow
	function bool
	at       int
}

// newOverBinder returns a binder for a SELECT whose other expressions are bound by input.
func (q *queryBinder) newOverBinder(input *exprBinder, e *parser.Select) (*overBinder, *diag.Error) {
	o := &overBinder{q: q, input: input, named: map[string]*parser.NamedWindow{}}
	for _, w := range e.Windows {
		if _, twice := o.named[w.Name.Name]; twice {
			return nil, diag.Errorf("duplicate-window", w.Name.Span, "window %q is defined twice", w.Name.Name)
		}
		o.named[w.Name.Name] = w
		if _, err := o.resolve(w.Spec, map[string]bool{}); err != nil { // also of a window that nothing uses
			return nil, err
		}
	}
	return o, nil
}

// bind binds a call with OVER.
func (o *overBinder) bind(c *parser.FuncCall) (rex.Expr, *diag.Error) {
	name := strings.ToUpper(c.Name.Last().Name)
	switch name {
	case "LEAD":
		return nil, unsupported(c.Span, "LEAD is not supported on a stream: it would wait for rows that have not come yet").WithHint("LAG looks at rows before")
	case "NTILE", "PERCENT_RANK", "CUME_DIST":
		return nil, unsupported(c.Span, "%s is not supported on a stream: it needs to know all rows", name)
	}
	spec, err := o.q.p.function(c.Name)
	if err != nil {
		return nil, err
	}
	w, err := o.window(c, spec)
	if err != nil {
		return nil, err
	}
	if spec.Aggregate != nil {
		return o.aggregate(c, w)
	}
	return o.function(c, spec, w)
}

func (o *overBinder) aggregate(c *parser.FuncCall, w *overWindow) (rex.Expr, *diag.Error) {
	call, err := o.q.p.aggregateCall(o.input, c, w.order, o.column)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(w.aggs, func(other physical.AggCall) bool { return sameAggregate(other, call) })
	if at < 0 {
		at = len(w.aggs)
		w.aggs = append(w.aggs, call)
	}
	return o.result(overPlace{window: w, at: at}, call.Name, call.Fn.Result), nil
}

// function binds a call of a function with memory. Each call has memories of its own, also one that is written twice.
func (o *overBinder) function(c *parser.FuncCall, spec *udf.Spec, w *overWindow) (rex.Expr, *diag.Error) {
	plain := *c
	plain.Over = nil
	x, err := o.input.bindCall(&plain)
	if err != nil {
		return nil, err
	}
	call, ok := x.(*rex.Call)
	if !ok || call.Fn.New == nil {
		return nil, diag.Errorf("misplaced-over", c.Over.Span, "OVER goes with aggregate functions and with functions that remember rows; %s is neither", spec.Name).
			WithHint("leave OVER out")
	}
	// A memory inside an argument is one for all rows, so it can't be in the operator that is divided by key.
	args := slices.Clone(call.Args)
	for i, a := range args {
		if statefulCall(a) != nil {
			args[i] = &rex.Column{Index: needBase + o.column(a), Name: nameOf(a), T: a.Type()}
		}
	}
	bound := *call
	bound.Args = args
	w.functions = append(w.functions, &bound)
	return o.result(overPlace{window: w, function: true, at: len(w.functions) - 1}, bound.String(), bound.Type()), nil
}

func (o *overBinder) result(p overPlace, name string, t types.Type) rex.Expr {
	o.places = append(o.places, p)
	return &rex.Column{Index: overBase + len(o.places) - 1, Name: name, T: t}
}

// needBase is added to an index into needs in a function's arguments.
const needBase = 8 << 20

// column returns the place of x in needs.
func (o *overBinder) column(x rex.Expr) int {
	for i, e := range o.needs {
		if rex.Equal(e, x) {
			return i
		}
	}
	o.needs = append(o.needs, x)
	return len(o.needs) - 1
}

// window binds the window of a call.
func (o *overBinder) window(c *parser.FuncCall, spec *udf.Spec) (*overWindow, *diag.Error) {
	s, err := o.resolve(c.Over, map[string]bool{})
	if err != nil {
		return nil, err
	}
	w := &overWindow{span: c.Over.Span}
	for _, e := range s.PartitionBy {
		x, err := o.input.bind(e)
		if err != nil {
			return nil, err
		}
		if k := o.column(x); !slices.Contains(w.partitionBy, k) {
			w.partitionBy = append(w.partitionBy, k)
		}
	}
	if err := o.order(w, s, spec); err != nil {
		return nil, err
	}
	if err := o.frame(w, s, spec); err != nil {
		return nil, err
	}
	for _, other := range o.windows {
		if slices.Equal(other.partitionBy, w.partitionBy) && other.time == w.time && other.frame == w.frame {
			return other, nil
		}
	}
	o.windows = append(o.windows, w)
	return w, nil
}

// resolve completes a window by those it names.
func (o *overBinder) resolve(s *parser.WindowSpec, seen map[string]bool) (*parser.WindowSpec, *diag.Error) {
	base := s.Ref
	if base == nil {
		base = s.Base
	}
	if base == nil {
		return s, nil
	}
	named, ok := o.named[base.Name]
	if !ok || seen[base.Name] {
		var names []string
		for name := range o.named {
			names = append(names, name)
		}
		slices.Sort(names)
		return nil, suggest(diag.Errorf("unknown-window", base.Span, "no window %q is defined before this one", base.Name), base.Name, names)
	}
	seen[base.Name] = true
	b, err := o.resolve(named.Spec, seen)
	if err != nil || s.Ref != nil {
		return b, err
	}
	out := *s
	out.Base = nil
	switch {
	case len(s.PartitionBy) > 0:
		return nil, diag.Errorf("invalid-window", s.PartitionBy[0].Pos(), "PARTITION BY is not allowed here: it is that of window %q", base.Name)
	case len(s.OrderBy) > 0 && len(b.OrderBy) > 0:
		return nil, diag.Errorf("invalid-window", s.OrderBy[0].Span, "ORDER BY is not allowed here: window %q has one", base.Name)
	case b.Frame != nil:
		return nil, diag.Errorf("invalid-window", base.Span, "window %q has a frame, so it can only be used as it is", base.Name).WithHint("write OVER %s", base.Name)
	}
	out.PartitionBy = b.PartitionBy
	if len(s.OrderBy) == 0 {
		out.OrderBy = b.OrderBy
	}
	return &out, nil
}

const overHint = "order by the column that has the WATERMARK, or by PROCTIME()"

func (o *overBinder) order(w *overWindow, s *parser.WindowSpec, spec *udf.Spec) *diag.Error {
	if len(s.OrderBy) == 0 {
		return unsupported(s.Span, "an OVER window on a stream needs ORDER BY").WithHint(overHint)
	}
	if len(s.OrderBy) > 1 {
		return unsupported(s.OrderBy[1].Span, "an OVER window is ordered by its time attribute alone")
	}
	item := s.OrderBy[0]
	x, err := o.input.bind(item.Expr)
	if err != nil {
		return err
	}
	if x.Type().Attr == types.NoTime {
		err := unsupported(item.Expr.Pos(), "an OVER window is ordered by a time attribute, and %s is %s", item.Expr, x.Type().Nullable()).WithHint(overHint)
		if spec.Over != udf.OverToo { // most likely WHERE rn <= n around it
			err.WithHint("%s; Top-N over other columns is not supported", overHint)
		}
		return err
	}
	if item.Desc {
		err := unsupported(item.Span, "an OVER window is ordered by its time attribute in ascending order only")
		if spec.Over != udf.OverToo {
			err.WithHint("the last rows, as in deduplication and Top-N, are not supported; GROUP BY with LAST_VALUE keeps the last one of each key")
		}
		return err
	}
	w.order, w.time = x, o.column(x)
	return nil
}

// frame binds the frame, or sets the one that goes without saying.
func (o *overBinder) frame(w *overWindow, s *parser.WindowSpec, spec *udf.Spec) *diag.Error {
	f := s.Frame
	if spec.Aggregate == nil || spec.Over != udf.OverToo {
		w.frame.Rows = spec.Over == udf.OverRows
		if f == nil || spec.Aggregate == nil && !f.Rows && f.Low.Kind == parser.UnboundedPreceding && (f.High == nil || f.High.Kind == parser.CurrentRow) {
			return nil
		}
		return unsupported(f.Span, "%s takes no frame: it looks at all rows of its key, one after the other", spec.Name).WithHint("leave %s out", f)
	}
	if f == nil {
		return nil
	}
	w.frame.Rows = f.Rows
	if f.High != nil && f.High.Kind != parser.CurrentRow {
		return unsupported(f.High.Span, "a frame that ends with %s is not supported on a stream", f.High).WithHint("end it with CURRENT ROW")
	}
	switch f.Low.Kind {
	case parser.UnboundedPreceding:
		return nil
	case parser.CurrentRow:
		w.frame.Bounded = true
		return nil
	case parser.Preceding:
	default:
		return unsupported(f.Low.Span, "a frame that begins with %s is not supported", f.Low).WithHint("begin it with UNBOUNDED PRECEDING, or n PRECEDING")
	}
	w.frame.Bounded = true
	if !f.Rows {
		var err *diag.Error
		w.frame.Preceding, err = o.q.millis(o.input, f.Low.Offset, true)
		if err == nil && w.frame.Preceding < 0 {
			err = diag.Errorf("invalid-window", f.Low.Offset.Pos(), "a frame can't begin before a negative interval")
		}
		return err
	}
	x, err := o.input.bind(f.Low.Offset)
	if err != nil {
		return err
	}
	n := int64(-1)
	l, ok := x.(*rex.Literal)
	interval := ok && (l.T.Kind == types.IntervalMilli || l.T.Kind == types.IntervalMonth) // its value is a number, too
	if ok && !interval {
		switch v := l.Value.(type) {
		case int32:
			n = int64(v)
		case int64:
			n = v
		}
	}
	if n < 0 || n >= maxPreceding {
		err := diag.Errorf("type-mismatch", f.Low.Offset.Pos(), "ROWS … PRECEDING takes a whole number below %d, found %s", int64(maxPreceding), f.Low.Offset)
		if interval {
			err.WithHint("RANGE takes an interval")
		}
		return err
	}
	w.frame.Preceding = n
	return nil
}

// maxPreceding keeps counts of rows within 32 bits.
const maxPreceding = 1 << 31

// node puts the windows' nodes on top of n; settle turns what was bound into expressions over n's columns.
func (o *overBinder) node(n node, settle func(rex.Expr) rex.Expr) node {
	if len(o.windows) == 0 {
		return n
	}
	fields := n.fields()
	pre, names := columnsOf(fields), []string{}
	for _, f := range fields {
		names = append(names, f.Name)
	}
	at := make([]int, len(o.needs)) // in the rows below
	for i, x := range o.needs {
		x = settle(x)
		if c, ok := x.(*rex.Column); ok {
			at[i] = c.Index
			continue
		}
		at[i] = len(pre)
		pre, names = append(pre, x), append(names, nameOf(x))
	}
	o.width = len(pre)
	n = project(n, pre, unique(names))
	for _, w := range o.windows {
		over := &overNode{input: n, partitionBy: remapAll(w.partitionBy, at), time: at[w.time], frame: w.frame, aggs: w.aggs, span: w.span}
		for i, a := range w.aggs {
			over.aggs[i].Args = remapAll(a.Args, at)
			if a.Filter >= 0 {
				over.aggs[i].Filter = at[a.Filter]
			}
		}
		for _, f := range w.functions {
			over.functions = append(over.functions, rex.Rewrite(settle(f), func(x rex.Expr) rex.Expr {
				if c, ok := x.(*rex.Column); ok && c.Index >= needBase {
					return &rex.Column{Index: at[c.Index-needBase], Name: c.Name, T: c.T}
				}
				return x
			}).(*rex.Call))
		}
		n = over
	}
	return n
}

// finish replaces the provisional columns of calls by those of the uppermost node.
func (o *overBinder) finish(e rex.Expr) rex.Expr {
	return rex.Rewrite(e, func(x rex.Expr) rex.Expr {
		c, ok := x.(*rex.Column)
		if !ok || c.Index < overBase {
			return x
		}
		p := o.places[c.Index-overBase]
		at := o.width
		for _, w := range o.windows {
			if w == p.window {
				break
			}
			at += len(w.functions) + len(w.aggs)
		}
		if !p.function {
			at += len(p.window.functions)
		}
		moved := *c
		moved.Index = at + p.at
		return &moved
	})
}
