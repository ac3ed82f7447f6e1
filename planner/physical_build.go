package planner

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/planner/catalog"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

// builder turns logical trees into one operator graph.
type builder struct {
	p     *Planner
	nodes []physical.Node
	// scans are shared by all that read the same table; needed is the union of the columns they read.
	scans  map[string]physical.Node
	needed map[string][]bool
	span   diag.Span // of the statement being built
	// ids counts the operators that do the same so far, to keep their IDs apart.
	ids map[string]int
}

// physical chooses operators for the queries of one job.
func (p *Planner) physical(inserts []*insert) (plan *physical.Plan, errs diag.List) {
	b := &builder{p: p, scans: map[string]physical.Node{}, needed: map[string][]bool{}, ids: map[string]int{}}
	roots := make([]node, len(inserts))
	for i, in := range inserts {
		roots[i] = p.rewrite(in.root)
		b.collectNeeded(roots[i])
	}
	for i, in := range inserts {
		if err := b.buildOne(in, roots[i]); err != nil {
			errs.Add(err)
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	b.changelogModes()
	plan = &physical.Plan{Nodes: b.nodes, Parallelism: int(p.Settings.Int("parallelism.default")), Seeded: slices.ContainsFunc(b.nodes, seeded)}
	plan.Seed, plan.SeedChosen = p.seed()
	b.name()
	return plan, nil
}

// buildOne builds the operators of one insert.
func (b *builder) buildOne(in *insert, root node) *diag.Error {
	b.span = in.span
	top, err := b.build(root)
	if err != nil {
		return err
	}
	if in.table != nil {
		return b.sink(in.table, top)
	}
	c := &physical.Collect{Info: b.over(physical.Single, nil, top)}
	c.Parallelism, c.Because = 1, "the result is shown in one place"
	b.add(c)
	return nil
}

func (b *builder) add(n physical.Node) physical.Node {
	b.nodes = append(b.nodes, n)
	return n
}

// over is the Info of a node with one input whose rows it passes on.
func (b *builder) over(x physical.Exchange, keys []int, in physical.Node) physical.Info {
	base := in.Base()
	return physical.Info{Inputs: []physical.Edge{{From: in, Exchange: x, Keys: keys}}, Schema: base.Schema, Mode: base.Mode, Key: base.Key}
}

func scanKey(n *scanNode) string { return n.table.path.String() + "\x00" + n.table.hintKey }

func (b *builder) collectNeeded(n node) {
	if s, ok := n.(*scanNode); ok {
		key := scanKey(s)
		if b.needed[key] == nil {
			b.needed[key] = make([]bool, len(s.table.fields))
		}
		for i := range s.table.fields {
			if s.needed == nil || slices.Contains(s.needed, i) {
				b.needed[key][i] = true
			}
		}
	}
	for _, in := range n.inputs() {
		b.collectNeeded(in)
	}
}

func (b *builder) build(n node) (physical.Node, *diag.Error) {
	switch n := n.(type) {
	case *scanNode:
		return b.scan(n)
	case *projectNode:
		exprs := n.exprs
		if exprs == nil { // no column at all, as below COUNT(*)
			exprs = []rex.Expr{}
		}
		if f, ok := n.input.(*filterNode); ok {
			return b.calcOver(f.input, f.cond, exprs, n.fields())
		}
		return b.calcOver(n.input, nil, exprs, n.fields())
	case *filterNode:
		return b.calcOver(n.input, n.cond, nil, n.fields())
	case *aggregateNode:
		return b.aggregate(n)
	case *windowNode:
		in, err := b.build(n.input)
		if err != nil {
			return nil, err
		}
		w := &physical.WindowTable{Info: b.over(physical.Forward, nil, in), Window: n.window, PartitionBy: n.partitionBy}
		w.Schema, w.Key = types.NewSchema(n.out...), nil
		if n.window.Kind == physical.Session {
			b.spread(&w.Info, n.partitionBy)
		}
		return b.add(w), b.appendOnly(in, "a window table-valued function")
	case *correlateNode:
		in, err := b.build(n.input)
		if err != nil {
			return nil, err
		}
		c := &physical.Correlate{Info: b.over(physical.Forward, nil, in), Call: n.call, Left: n.left, Keep: n.keep, Columns: n.columns, Condition: n.cond}
		c.Schema, c.Key = types.NewSchema(n.fields()...), nil // a row may become several
		return b.add(c), nil
	case *overNode:
		return b.overAggregate(n)
	case *joinNode:
		return b.join(n)
	case *unionNode:
		u := &physical.Union{Info: physical.Info{Schema: types.NewSchema(n.fields()...)}}
		for _, in := range n.in {
			from, err := b.build(in)
			if err != nil {
				return nil, err
			}
			u.Inputs = append(u.Inputs, physical.Edge{From: from})
		}
		return b.add(u), nil
	case *valuesNode:
		v := &physical.Values{Info: physical.Info{Schema: types.NewSchema(n.out...), Mode: types.AppendOnly, Parallelism: 1, Because: "constant rows"}, Rows: n.rows}
		return b.add(v), nil
	case *sortNode:
		return b.sort(n)
	}
	panic(fmt.Sprintf("planner: unknown node %T", n))
}

// spread makes an operator run per key, or alone where there is none.
func (b *builder) spread(info *physical.Info, keys []int) {
	edge := &info.Inputs[len(info.Inputs)-1]
	if len(keys) == 0 {
		edge.Exchange = physical.Single
		info.Parallelism, info.Because = 1, "there is no key to divide the rows by"
		return
	}
	edge.Exchange, edge.Keys = physical.Hash, keys
}

func (b *builder) scan(n *scanNode) (physical.Node, *diag.Error) {
	key := scanKey(n)
	shared, ok := b.scans[key]
	if !ok {
		var err *diag.Error
		if shared, err = b.newScan(n.table, b.needed[key]); err != nil {
			return nil, err
		}
		b.scans[key] = shared
	}
	// The shared scan may have more columns than this reader wants.
	var wanted []int
	at := 0
	for i, needed := range b.needed[key] {
		if needed {
			if n.needed == nil || slices.Contains(n.needed, i) {
				wanted = append(wanted, at)
			}
			at++
		}
	}
	// The scan's schema may end in columns that only its watermark needs.
	if len(wanted) == len(shared.Base().Schema.Fields) {
		return shared, nil
	}
	fields := shared.Base().Schema.Fields
	all := columnsOf(fields)
	exprs := []rex.Expr{}
	var out []types.Field
	for _, w := range wanted {
		exprs, out = append(exprs, all[w]), append(out, fields[w])
	}
	return b.calc(shared, nil, exprs, out), nil
}

// newScan builds the scan of a table with the needed fields, and behind them those that its watermark reads and its key
// is made of.
func (b *builder) newScan(t *table, needed []bool) (physical.Node, *diag.Error) {
	src, err := t.spec.NewSource(b.p.Env, t.info)
	if err != nil {
		return nil, connectorError(t, b.span, err)
	}
	var outputs []int // fields of the table
	for i, n := range needed {
		if n {
			outputs = append(outputs, i)
		}
	}
	want := append([]bool(nil), needed...)
	if t.rowtime >= 0 {
		want[t.rowtime] = true
		reads(t.watermark, want)
	}
	upsert := src.Mode().Has(types.UpdateAfter) && !src.Mode().Has(types.UpdateBefore)
	if upsert {
		if len(t.primary) == 0 {
			return nil, diag.Errorf("missing-key", b.span, "table %s carries updates without the rows they replace (%s) and so needs a primary key", t.path.Name, src.Mode()).
				WithHint("declare PRIMARY KEY (…) NOT ENFORCED")
		}
		for _, k := range t.primary {
			want[k] = true
		}
	}
	for i, w := range want {
		if w && !needed[i] {
			outputs = append(outputs, i)
		}
	}
	// What readers must fill: the columns behind the fields, through computed columns.
	fill := make([]bool, len(t.columns))
	for i, w := range want {
		if !w {
			continue
		}
		if t.source[i] >= 0 {
			fill[t.source[i]] = true
			continue
		}
		rex.Columns(t.computed[i], func(c *rex.Column) { fill[t.source[c.Index]] = true })
	}
	s := &physical.Scan{Table: t.info, Source: src}
	place := make([]int, len(t.columns)) // connector column → column of the reader
	for i, f := range fill {
		if !f {
			continue
		}
		place[i] = len(s.Columns)
		c := t.columns[i]
		if c.MetadataKey != "" {
			c.Type = t.metadataType(c)
		}
		s.Columns = append(s.Columns, c)
	}
	value := func(field int) (rex.Expr, *diag.Error) {
		c := t.columns[t.source[field]]
		at := place[t.source[field]]
		x := &rex.Column{Index: at, Name: c.Name, T: s.Columns[at].Type}
		declared := t.fields[field].Type.WithAttr(types.NoTime)
		if x.T.Equal(declared) {
			return &rex.Column{Index: at, Name: c.Name, T: t.fields[field].Type}, nil
		}
		return b.p.castTo(x, declared.WithNotNull(x.T.NotNull), false, true, diag.Span{})
	}
	byField := make([]rex.Expr, len(t.fields))
	for i := range t.fields {
		if t.source[i] < 0 || !fill[t.source[i]] {
			continue
		}
		var err *diag.Error
		if byField[i], err = value(i); err != nil {
			return nil, err
		}
	}
	schema := &types.Schema{}
	at := make([]int, len(t.fields))
	identity := len(outputs) == len(s.Columns)
	for k, i := range outputs {
		x := byField[i]
		if t.source[i] < 0 {
			x = substitute(t.computed[i], byField)
		}
		col, ok := x.(*rex.Column)
		identity = identity && ok && col.Index == k
		s.Project = append(s.Project, x)
		schema.Fields = append(schema.Fields, t.fields[i])
		at[i] = k
	}
	if identity {
		s.Project = nil
	}
	s.Schema, s.Mode = schema, src.Mode()
	if t.rowtime >= 0 {
		s.Watermark = &physical.Watermark{Column: at[t.rowtime], Expr: remap(t.watermark, at),
			OnEvent: t.framework.Enum("scan.watermark.emit.strategy") == "on-event" || b.p.Settings.EveryWatermark(),
			Gap:     t.framework.Int("scan.watermark.emit.on-event.gap"), IdleTimeout: b.p.idleTimeout(t), Alignment: t.alignment()}
	}
	s.Key = keyAmong(t.primary, outputs)
	if n := t.framework.Int("scan.parallelism"); n > 0 {
		s.Parallelism, s.Because = int(n), "scan.parallelism"
	}
	var derr *diag.Error
	if s.DeadLetter, derr = b.deadLetter(t); derr != nil {
		return nil, derr
	}
	b.add(s)
	if !upsert {
		return s, nil
	}
	n := &physical.ChangelogNormalize{Info: b.over(physical.Forward, nil, s)}
	b.spread(&n.Info, s.Key)
	return b.add(n), nil
}

// keyAmong translates key fields into positions among outputs, or nil when one is missing.
func keyAmong(key, outputs []int) []int {
	var at []int
	for _, k := range key {
		i := slices.Index(outputs, k)
		if i < 0 {
			return nil
		}
		at = append(at, i)
	}
	return at
}

// deadLetter is the table that takes what is unfit of another one, nil if there is none.
func (b *builder) deadLetter(t *table) (*physical.DeadLetter, *diag.Error) {
	name := t.framework.String("dead-letter")
	if name == "" {
		return nil, nil
	}
	refuse := func(format string, args ...any) (*physical.DeadLetter, *diag.Error) {
		return nil, connectorError(t, b.span, option.Errorf("dead-letter", format, args...))
	}
	o, ok := b.p.Catalog.Lookup(b.p.Catalog.Resolve(strings.Split(name, ".")), catalog.Table)
	if !ok || o.Kind != catalog.Table {
		return refuse("table %q does not exist", name)
	}
	dead, derr := b.p.table(o, nil, b.span)
	if derr != nil {
		return nil, derr
	}
	if dead.spec.NewSink == nil {
		return refuse("table %q can't be written", name)
	}
	sink, err := dead.spec.NewSink(b.p.Env, dead.info)
	if err != nil {
		return nil, connectorError(dead, b.span, err)
	}
	letter := &physical.DeadLetter{Table: dead.info, Sink: sink}
	cols, _ := dead.sinkColumns()
	for _, c := range cols {
		field := physical.DeadLetterNone
		switch {
		case c.Name == "raw" && c.Type.IsBinary():
			field = physical.DeadLetterRaw
		case c.Name == "position" && c.Type.IsCharacter():
			field = physical.DeadLetterPosition
		case c.Name == "reason" && c.Type.IsCharacter():
			field = physical.DeadLetterReason
		case c.Type.NotNull:
			return refuse("column %q of table %q is NOT NULL and has no value; it may have raw BYTES, position STRING and reason STRING", c.Name, name)
		}
		letter.Columns = append(letter.Columns, field)
	}
	return letter, nil
}

// calcOver is calc over a node that is yet to be built.
func (b *builder) calcOver(input node, filter rex.Expr, exprs []rex.Expr, fields []types.Field) (physical.Node, *diag.Error) {
	in, err := b.build(input)
	if err != nil {
		return nil, err
	}
	for _, e := range append(slices.Clone(exprs), filter) {
		if call := statefulCall(e); call != nil {
			if err := b.appendOnlyAt(in, call.Span, call.Spec.Title()); err != nil {
				return nil, err
			}
		}
	}
	return b.calc(in, filter, exprs, fields), nil
}

// calc filters and projects; project nil passes all columns on.
func (b *builder) calc(in physical.Node, filter rex.Expr, exprs []rex.Expr, fields []types.Field) physical.Node {
	if below, ok := in.(*physical.Calc); ok && onlyColumns(below) && b.nodes[len(b.nodes)-1] == in {
		// The one below only picks columns: this one can pick them itself.
		b.nodes = b.nodes[:len(b.nodes)-1]
		if exprs == nil {
			exprs = below.Project
		} else {
			exprs = substituteAll(exprs, below.Project)
		}
		if filter != nil {
			filter = substitute(filter, below.Project)
		}
		return b.calc(below.Inputs[0].From, filter, exprs, fields)
	}
	c := &physical.Calc{Info: b.over(physical.Forward, nil, in), Filter: filter, Project: exprs}
	c.Schema = types.NewSchema(fields...)
	if exprs != nil {
		c.Key = nil
		for _, k := range in.Base().Key {
			at := slices.IndexFunc(exprs, func(e rex.Expr) bool {
				col, ok := e.(*rex.Column)
				return ok && col.Index == k
			})
			if at < 0 {
				c.Key = nil
				break
			}
			c.Key = append(c.Key, at)
		}
	}
	for _, e := range append(slices.Clone(exprs), filter) {
		if call := statefulCall(e); call != nil {
			c.Inputs[0].Exchange = physical.Single
			c.Parallelism = 1
			c.Because = call.Spec.Title() + " keeps one memory for all rows; OVER (PARTITION BY …) gives each key its own"
		}
	}
	return b.add(c)
}

// onlyColumns reports whether a Calc drops or reorders columns and does nothing else.
func onlyColumns(c *physical.Calc) bool {
	return c.Filter == nil && !slices.ContainsFunc(c.Project, func(e rex.Expr) bool {
		_, ok := e.(*rex.Column)
		return !ok
	})
}

func substituteAll(exprs, by []rex.Expr) []rex.Expr {
	out := make([]rex.Expr, len(exprs))
	for i, e := range exprs {
		out[i] = substitute(e, by)
	}
	return out
}

// statefulCall finds a call of a function with memory in e; nil: there is none.
func statefulCall(e rex.Expr) *rex.Call {
	if e == nil {
		return nil
	}
	if c, ok := e.(*rex.Call); ok && c.Fn.New != nil {
		return c
	}
	for _, child := range rex.Children(e) {
		if c := statefulCall(child); c != nil {
			return c
		}
	}
	return nil
}

// seeded reports whether a node calls functions that draw from the job's seed.
func seeded(n physical.Node) bool {
	var exprs []rex.Expr
	switch n := n.(type) {
	case *physical.Scan:
		exprs = n.Project
	case *physical.Calc:
		exprs = append(slices.Clone(n.Project), n.Filter)
	case *physical.Join:
		exprs = []rex.Expr{n.Condition}
	case *physical.OverAggregate:
		for _, f := range n.Functions {
			exprs = append(exprs, f)
		}
	case *physical.Values:
		exprs = slices.Concat(n.Rows...)
	}
	return slices.ContainsFunc(exprs, draws)
}

func draws(e rex.Expr) bool {
	if e == nil {
		return false
	}
	c, ok := e.(*rex.Call)
	return ok && c.Fn.Seeded || slices.ContainsFunc(rex.Children(e), draws)
}

// refuseMemory refuses a call of a function with memory where nothing could keep it, or the rows come in no order.
func refuseMemory(e rex.Expr, where string) *diag.Error {
	c := statefulCall(e)
	if c == nil {
		return nil
	}
	return unsupported(c.Span, "%s remembers rows, so it can't be called in %s", c.Spec.Title(), where).
		WithHint("call it in the select list of a query")
}

// appendOnly refuses an input that changes rows.
func (b *builder) appendOnly(in physical.Node, who string) *diag.Error {
	return b.appendOnlyAt(in, b.span, who)
}

func (b *builder) appendOnlyAt(in physical.Node, span diag.Span, who string) *diag.Error {
	if m := b.mode(in); m != types.AppendOnly {
		return unsupported(span, "%s can't take the changes (%s) that %s emits", who, m, in.Name()).
			WithHint("it needs rows that are only added; group or join above it instead of below")
	}
	return nil
}

func (b *builder) overAggregate(n *overNode) (physical.Node, *diag.Error) {
	in, err := b.build(n.input)
	if err != nil {
		return nil, err
	}
	if err := b.appendOnlyAt(in, n.span, "OVER"); err != nil {
		return nil, err
	}
	if n.frame.Bounded {
		for _, a := range n.aggs {
			if a.Fn.AppendOnly {
				return nil, unsupported(a.Span, "%s can't take back the rows that leave the frame", a.Function).
					WithHint("give the function a Retract, or let the frame begin with UNBOUNDED PRECEDING")
			}
		}
	}
	o := &physical.OverAggregate{
		Info: b.over(physical.Forward, nil, in), PartitionBy: n.partitionBy, Time: n.time, Frame: n.frame, Functions: n.functions, Aggs: n.aggs,
		Proctime: n.input.fields()[n.time].Type.Attr == types.Proctime, MaxKeys: b.p.Settings.Int("weir.over.max-keys"),
	}
	if o.TTL, err = b.ttl(""); err != nil {
		return nil, err
	}
	o.Schema = types.NewSchema(n.fields()...)
	b.spread(&o.Info, n.partitionBy)
	if len(n.partitionBy) == 0 {
		o.Because = "OVER without PARTITION BY looks at all rows"
	}
	return b.add(o), nil
}

func (b *builder) aggregate(n *aggregateNode) (physical.Node, *diag.Error) {
	in, err := b.build(n.input)
	if err != nil {
		return nil, err
	}
	in = b.firstPhase(n, in)
	info := b.over(physical.Forward, nil, in)
	info.Schema = types.NewSchema(n.out...)
	b.spread(&info, n.keys)
	info.Key = indexes(0, len(n.keys))
	if b.mode(in) != types.AppendOnly {
		for _, a := range n.aggs {
			if a.Fn.AppendOnly {
				return nil, unsupported(a.Span, "%s can't take rows back, and %s emits changes (%s)", a.Function, in.Name(), b.mode(in)).
					WithHint("give the function a Retract, or aggregate rows that are only added")
			}
		}
	}
	if n.window != nil {
		w := &physical.WindowAggregate{Info: info, Window: *n.window, Keys: n.keys, Aggs: n.aggs, Properties: n.props,
			InputRetracts: b.mode(in) != types.AppendOnly}
		w.Mode = types.AppendOnly
		w.Key = nil
		for i, p := range n.props { // a window's bound and the keys identify a row
			if p == physical.WindowStart || p == physical.WindowEnd {
				w.Key = append(indexes(0, len(n.keys)), len(n.keys)+len(n.aggs)+i)
			}
		}
		return b.add(w), nil
	}
	g := &physical.GroupAggregate{Info: info, Keys: n.keys, Aggs: n.aggs, MiniBatch: b.p.Settings.Bool("table.exec.mini-batch.enabled")}
	if g.TTL, err = b.ttl(n.ttl); err != nil {
		return nil, err
	}
	g.InputRetracts = b.mode(in) != types.AppendOnly
	if len(n.keys) == 0 {
		g.Key = []int{}
	}
	return b.add(g), nil
}

// exact reports whether the partial results of an aggregate are small, and give the same result whichever rows they are
// made of. Of approximate numbers the order of additions shows in the last digits, and that of a NaN in MIN and MAX.
func exact(a physical.AggCall) bool {
	switch a.Function {
	case "COUNT":
	case "SUM", "$SUM0", "AVG", "MIN", "MAX":
		if k := a.Fn.Args[0].Kind; k == types.Float || k == types.Double {
			return false
		}
	default:
		return false
	}
	return !a.Distinct
}

// orderly are the functions whose results depend on the order of rows, or on which of them come first.
var orderly = map[string]bool{"FIRST_VALUE": true, "LAST_VALUE": true, "LISTAGG": true, "ARRAY_AGG": true, "COLLECT": true,
	"JSON_ARRAYAGG": true, "JSON_OBJECTAGG": true}

// firstPhase puts the first of two phases before the exchange of an aggregation, as table.optimizer.agg-phase-strategy
// says. AUTO leaves it out where it can't pay, in a job with one subtask, and where results are large or would differ
// in their last digits from run to run.
func (b *builder) firstPhase(n *aggregateNode, in physical.Node) physical.Node {
	strategy := strings.ToUpper(b.p.Settings.Get("table.optimizer.agg-phase-strategy"))
	auto := strategy == "AUTO"
	if strategy == "ONE_PHASE" || auto && b.p.Settings.Int("parallelism.default") == 1 || b.mode(in) != types.AppendOnly {
		return in
	}
	for _, a := range n.aggs {
		if auto && !exact(a) || orderly[a.Function] {
			return in
		}
	}
	info := b.over(physical.Forward, nil, in)
	info.Schema = types.NewSchema(append(slices.Clone(info.Schema.Fields), types.Field{Name: "$partial", Type: types.BytesType.WithNotNull(true)})...)
	switch w := n.window; {
	case w == nil && b.p.Settings.Bool("table.exec.mini-batch.enabled"):
		return b.add(&physical.LocalGroupAggregate{Info: info, Keys: n.keys, Aggs: n.aggs, Optional: auto})
	case w != nil && !w.Attached && !w.Proctime && w.Kind != physical.Session:
		return b.add(&physical.LocalWindowAggregate{Info: info, Window: *w, Keys: n.keys, Aggs: n.aggs, Optional: auto})
	}
	return in
}

// ttl reads a STATE_TTL hint, or the session's setting.
func (b *builder) ttl(hint string) (time.Duration, *diag.Error) {
	if hint == "" {
		return b.p.Settings.Duration("table.exec.state.ttl"), nil
	}
	d, err := option.ParseDuration(hint)
	if err != nil {
		return 0, diag.Errorf("invalid-hint", b.span, "STATE_TTL: %q %w", hint, err)
	}
	return d, nil
}

func (b *builder) join(n *joinNode) (physical.Node, *diag.Error) {
	left, err := b.build(n.left)
	if err != nil {
		return nil, err
	}
	right, err := b.build(n.right)
	if err != nil {
		return nil, err
	}
	if err := refuseMemory(n.cond, "the condition of a join"); err != nil {
		return nil, err
	}
	j := &physical.Join{Kind: n.kind}
	for i, hint := range n.ttl {
		if j.TTL[i], err = b.ttl(hint); err != nil {
			return nil, err
		}
	}
	j.Schema = types.NewSchema(n.fields()...)
	width := len(left.Base().Schema.Fields)
	var rest []rex.Expr
	for _, c := range conjuncts(n.cond) {
		l, r, call, ok := equality(c, width)
		if ok {
			lc, lok := l.(*rex.Column)
			rc, rok := r.(*rex.Column)
			if lok && rok {
				j.LeftKeys, j.RightKeys = append(j.LeftKeys, lc.Index), append(j.RightKeys, rc.Index-width)
				j.NullEqual = append(j.NullEqual, call.Spec.Name != "=")
				continue
			}
		}
		rest = append(rest, c)
	}
	if len(rest) > 0 {
		j.Condition = logic(false, rest...)
	}
	for i, in := range []physical.Node{left, right} {
		j.Inputs = append(j.Inputs, physical.Edge{From: in})
		b.spread(&j.Info, [2][]int{j.LeftKeys, j.RightKeys}[i])
		j.Retracts[i] = b.mode(in) != types.AppendOnly
		j.Unique[i] = in.Base().Key
	}
	j.Key = joinKey(j, left.Base().Key, right.Base().Key, width)
	return b.add(j), nil
}

// joinKey finds what identifies a row of a join: for semi and anti joins the left key; with a key of one side equal to
// the join key, the other side's key; else both keys together.
func joinKey(j *physical.Join, left, right []int, width int) []int {
	if j.Kind == physical.SemiJoin || j.Kind == physical.AntiJoin {
		return left
	}
	if left == nil || right == nil {
		return nil
	}
	subset := func(key, of []int) bool {
		return len(key) > 0 && !slices.ContainsFunc(key, func(k int) bool { return !slices.Contains(of, k) })
	}
	shifted := make([]int, len(right))
	for i, k := range right {
		shifted[i] = k + width
	}
	switch {
	case subset(right, j.RightKeys) && (j.Kind == physical.InnerJoin || j.Kind == physical.LeftJoin):
		return left
	case subset(left, j.LeftKeys) && (j.Kind == physical.InnerJoin || j.Kind == physical.RightJoin):
		return shifted
	}
	return slices.Concat(left, shifted)
}

func (b *builder) sort(n *sortNode) (physical.Node, *diag.Error) {
	in, err := b.build(n.input)
	if err != nil {
		return nil, err
	}
	info := b.over(physical.Single, nil, in)
	info.Parallelism, info.Because = 1, "there is one order of all rows"
	if len(n.keys) == 0 {
		info.Because = "rows are counted in one place"
		return b.add(&physical.Limit{Info: info, Offset: n.offset, Count: n.count}), nil
	}
	byTime := n.input.fields()[n.keys[0].Column].Type.Attr == types.Rowtime && !n.keys[0].Desc
	if !byTime && !bounded(in) {
		return nil, unsupported(b.span, "ORDER BY on an unbounded input is only possible by its rowtime attribute, ascending").
			WithHint("order by the column that has the WATERMARK first, or read bounded tables")
	}
	if byTime && !bounded(in) {
		if err := b.appendOnly(in, "ORDER BY"); err != nil {
			return nil, err
		}
	}
	s := &physical.Sort{Info: info, Keys: n.keys, Offset: n.offset, Count: n.count, ByTime: byTime && !bounded(in)}
	s.Mode = types.AppendOnly
	return b.add(s), nil
}

// bounded reports whether all sources below n end.
func bounded(n physical.Node) bool {
	if s, ok := n.(*physical.Scan); ok {
		return s.Source.Bounded()
	}
	for _, e := range n.Base().Inputs {
		if !bounded(e.From) {
			return false
		}
	}
	return true
}

func (b *builder) sink(t *table, in physical.Node) *diag.Error {
	sink, err := t.spec.NewSink(b.p.Env, t.info)
	if err != nil {
		return connectorError(t, b.span, err)
	}
	s := &physical.Sink{Info: b.over(physical.Forward, nil, in), Table: t.info, Sink: sink, Accepts: sink.Accepts()}
	cols, fields := t.sinkColumns()
	schema := &types.Schema{}
	for i, c := range cols {
		schema.Fields = append(schema.Fields, types.Field{Name: c.Name, Type: c.Type})
		if t.fields[fields[i]].Type.NotNull && !in.Base().Schema.Fields[i].Type.NotNull {
			s.NotNull = append(s.NotNull, i)
		}
	}
	s.DropNulls = strings.EqualFold(b.p.Settings.Get("table.exec.sink.not-null-enforcer"), "DROP")
	s.Schema = schema
	mode := b.mode(in)
	if missing := mode &^ s.Accepts; missing&^(1<<types.UpdateBefore) != 0 || missing != 0 && len(t.primary) == 0 {
		err := diag.Errorf("changelog-mode", b.span, "table %s takes only %s changes, the query gives %s", t.path.Name, s.Accepts, mode)
		if from := changing(in); from != nil {
			err.Msg += fmt.Sprintf(": %s updates or deletes rows it has given before", from.Name())
		}
		return err.WithHint("write to a table that takes changes (format changelog-json), or aggregate in windows")
	}
	if len(t.primary) > 0 && mode != types.AppendOnly {
		key := keyAmong(t.primary, fields)
		inKey := in.Base().Key
		force := strings.EqualFold(b.p.Settings.Get("table.exec.sink.upsert-materialize"), "FORCE")
		none := strings.EqualFold(b.p.Settings.Get("table.exec.sink.upsert-materialize"), "NONE")
		same := inKey != nil && len(inKey) == len(key) && !slices.ContainsFunc(inKey, func(k int) bool { return !slices.Contains(key, k) })
		s.Materialize = force || !same && !none
		s.Key = key
		b.spread(&s.Info, key)
	}
	if n := t.framework.Int("sink.parallelism"); n > 0 {
		s.Parallelism, s.Because = int(n), "sink.parallelism"
	}
	var derr *diag.Error
	if s.DeadLetter, derr = b.deadLetter(t); derr != nil {
		return derr
	}
	b.add(s)
	return nil
}

// changing finds the operator that makes an append-only stream a changing one.
func changing(n physical.Node) physical.Node {
	for _, e := range n.Base().Inputs {
		if e.From.Base().Mode != types.AppendOnly {
			return changing(e.From)
		}
	}
	return n
}

// mode computes the row kinds that leave a node, given its inputs', assuming that updates come with their -U.
func (b *builder) mode(n physical.Node) types.ChangelogMode {
	base := n.Base()
	in := make([]types.ChangelogMode, len(base.Inputs))
	all := types.AppendOnly
	for i, e := range base.Inputs {
		in[i] = b.mode(e.From)
		all |= in[i]
	}
	switch n := n.(type) {
	case *physical.Scan:
		base.Mode = n.Source.Mode()
	case *physical.ChangelogNormalize:
		base.Mode = types.Retract
	case *physical.GroupAggregate:
		base.Mode = types.AppendOnly
		if len(n.Aggs) > 0 {
			base.Mode = base.Mode.With(types.UpdateBefore).With(types.UpdateAfter)
		}
		if in[0] != types.AppendOnly {
			base.Mode = base.Mode.With(types.Delete)
		}
	case *physical.Join:
		base.Mode = all
		outer := n.Kind == physical.LeftJoin || n.Kind == physical.RightJoin || n.Kind == physical.FullJoin
		if outer || n.Kind == physical.AntiJoin {
			base.Mode = base.Mode.With(types.Delete)
		}
		if n.Kind == physical.SemiJoin && in[1] != types.AppendOnly {
			base.Mode = base.Mode.With(types.Delete)
		}
	case *physical.Limit:
		if base.Mode = all; all != types.AppendOnly { // rows move up and down
			base.Mode = all.With(types.Delete)
		}
	case *physical.WindowAggregate, *physical.Values, *physical.Sort:
		base.Mode = types.AppendOnly
	default:
		base.Mode = all
	}
	return base.Mode
}

// changelogModes settles the modes: group aggregates whose -U rows nobody needs don't make them.
func (b *builder) changelogModes() {
	needs := map[physical.Node]bool{} // whether some consumer needs -U
	for _, n := range slices.Backward(b.nodes) {
		var needsInput bool
		switch n := n.(type) {
		case *physical.Sink:
			needsInput = n.Accepts.Has(types.UpdateBefore) || n.Materialize
		case *physical.Calc:
			needsInput = needs[n] || n.Filter != nil
		case *physical.Union:
			needsInput = needs[n]
		default:
			needsInput = true
		}
		for _, e := range n.Base().Inputs {
			needs[e.From] = needs[e.From] || needsInput
		}
	}
	for _, n := range b.nodes {
		b.mode(n)
	}
	for _, n := range b.nodes { // topological: inputs first
		base := n.Base()
		switch n := n.(type) {
		case *physical.GroupAggregate, *physical.ChangelogNormalize:
			if !needs[n] {
				base.Mode &^= 1 << types.UpdateBefore
			}
		case *physical.Calc, *physical.Union, *physical.Sink:
			base.Mode = types.AppendOnly
			for _, e := range base.Inputs {
				base.Mode |= e.From.Base().Mode
			}
		}
	}
}

// name gives every operator its ID: what it is and does, and the same of everything below it. Equal statements get
// equal IDs, whatever else is in the file, and whether or not they aggregate in two phases: the first one has no state.
func (b *builder) name() {
	for _, n := range b.nodes {
		h := fnv.New64a()
		what := n.Detail()
		if o, ok := n.(*physical.OverAggregate); ok {
			what = o.Identity()
		}
		fmt.Fprintf(h, "%s|%s", n.Name(), what)
		for _, e := range n.Base().Inputs {
			fmt.Fprintf(h, "|%s|%s|%v", physical.Below(e.From).Base().ID, e.Exchange, e.Keys)
		}
		id := fmt.Sprintf("%s-%08x", strings.ToLower(n.Name()), uint32(h.Sum64()^h.Sum64()>>32))
		b.ids[id]++
		if k := b.ids[id]; k > 1 {
			id = fmt.Sprintf("%s-%d", id, k)
		}
		n.Base().ID = id
	}
}

// Bounded reports whether a plan ends by itself.
func Bounded(p *physical.Plan) bool {
	for _, n := range p.Nodes {
		if !bounded(n) {
			return false
		}
	}
	return true
}
