package planner

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner/catalog"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/cast"
)

// Planner plans statements against a catalog. It is not safe for concurrent use; what it returns is.
type Planner struct {
	Catalog    *catalog.Catalog
	Functions  *udf.Registry
	Loaders    udf.Loaders
	Connectors *connectors.Registry
	Env        *connectors.Env
	Settings   *Settings
	// Seed is that of random functions as long as weir.seed isn't set.
	Seed int64
	// Dir is the directory of the file that statements come from; "" is the working directory.
	Dir string
}

// seed is the seed of random functions, and whether the user has chosen it.
func (p *Planner) seed() (seed int64, chosen bool) {
	if p.Settings.Get("weir.seed") == "" {
		return p.Seed, false
	}
	return p.Settings.Int("weir.seed"), true
}

// insert is an INSERT whose query has been bound to its sink's columns.
type insert struct {
	table *table
	root  node
	span  diag.Span
}

// PlanQuery plans a SELECT whose rows go to the caller.
func (p *Planner) PlanQuery(q *parser.Query) (*physical.Plan, diag.List) {
	n, errs := (&queryBinder{p: p}).query(q)
	if len(errs) > 0 {
		return nil, errs
	}
	for _, f := range n.fields() {
		if f.Type.Kind == types.Symbol {
			return nil, diag.List{unsupported(q.Span, "a keyword is not a value")}
		}
	}
	return p.physical([]*insert{{root: n, span: q.Span}})
}

// PlanInserts plans one or more INSERTs as one job; they share the sources they have in common.
func (p *Planner) PlanInserts(stmts []*parser.Insert) (*physical.Plan, diag.List) {
	var inserts []*insert
	var errs diag.List
	for _, s := range stmts {
		in, more := p.insert(s)
		errs = append(errs, more...)
		inserts = append(inserts, in)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return p.physical(inserts)
}

// insert binds an INSERT: the query's columns, converted to the sink's.
func (p *Planner) insert(s *parser.Insert) (*insert, diag.List) {
	if s.Overwrite {
		return nil, diag.List{unsupported(s.Span, "INSERT OVERWRITE is not supported on a stream").WithHint("write INSERT INTO")}
	}
	o, ok := p.Catalog.Lookup(p.Catalog.Resolve(s.Table.Strings()), catalog.Table)
	if !ok {
		return nil, diag.List{p.unknownTable(s.Table)}
	}
	if o.Kind == catalog.View {
		return nil, diag.List{diag.Errorf("not-a-table", s.Table.Span, "%s is a view; INSERT needs a table", o.Path.Name)}
	}
	hints := map[string]string{}
	for _, h := range s.Hints {
		if strings.EqualFold(h.Name.Name, "OPTIONS") {
			for _, a := range h.Args {
				if a.Key != nil {
					hints[a.Key.Value] = a.Value.Value
				}
			}
		}
	}
	t, err := p.table(o, hints, s.Table.Span)
	if err != nil {
		return nil, diag.List{err}
	}
	if t.spec.NewSink == nil {
		return nil, diag.List{unsupported(s.Table.Span, "table %s can't be written: connector %q is a source only", t.path.Name, t.spec.Name)}
	}
	root, errs := (&queryBinder{p: p}).query(s.Query)
	if len(errs) > 0 {
		return nil, errs
	}
	targets, fixed, errs := p.insertTargets(t, s)
	if len(errs) > 0 {
		return nil, errs
	}
	given := root.fields()
	if len(given) != len(targets) {
		return nil, diag.List{diag.Errorf("column-count", s.Query.Span, "table %s takes %d columns, the query gives %d", t.path.Name, len(targets), len(given)).
			WithHint("query: %s; table: %s", (&types.Schema{Fields: given}).String(), columnNames(t.fields, targets))}
	}
	_, fields := t.sinkColumns()
	exprs, names := make([]rex.Expr, len(fields)), make([]string, len(fields))
	for i, f := range fields {
		want := t.fields[f].Type.WithAttr(types.NoTime)
		names[i] = t.fields[f].Name
		var x rex.Expr
		span := s.Query.Span
		if at := slices.Index(targets, f); at >= 0 {
			x = &rex.Column{Index: at, Name: given[at].Name, T: given[at].Type}
			if sel, ok := s.Query.Body.(*parser.Select); ok && at < len(sel.Items) && len(sel.Items) == len(given) {
				span = sel.Items[at].Span
			}
		} else if v, ok := fixed[f]; ok {
			x = v
		} else if want.NotNull {
			errs.Add(diag.Errorf("missing-column", s.Span, "column %q of table %s is NOT NULL and the INSERT gives it no value", names[i], t.path.Name))
			continue
		} else {
			x = nullOf(want)
		}
		from := x.Type()
		if from.Kind != types.Null && !cast.Implicit(from, want) {
			errs.Add(diag.Errorf("type-mismatch", span, "column %q of table %s is %s, the query gives %s", names[i], t.path.Name, want.Nullable(), from.Nullable().WithAttr(types.NoTime)).
				WithHint("write CAST(… AS %s)", want.Nullable().SQL()))
			continue
		}
		exprs[i] = p.sinkValue(x, want)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return &insert{table: t, root: &projectNode{input: root, exprs: exprs, names: names}, span: s.Span}, nil
}

// sinkValue converts a value to a sink column's type but for NOT NULL, which the sink enforces row by row.
func (p *Planner) sinkValue(x rex.Expr, want types.Type) rex.Expr {
	if x.Type().Kind == types.Null {
		return nullOf(want)
	}
	return p.coerce(x, want)
}

// insertTargets lists the fields that the query's columns go to, and the constants of a PARTITION clause.
func (p *Planner) insertTargets(t *table, s *parser.Insert) (targets []int, fixed map[int]rex.Expr, errs diag.List) {
	_, fields := t.sinkColumns()
	find := func(id *parser.Ident) int {
		var names []string
		for _, f := range fields {
			if t.fields[f].Name == id.Name {
				return f
			}
			names = append(names, t.fields[f].Name)
		}
		errs.Add(suggest(diag.Errorf("unknown-column", id.Span, "unknown column %q in table %s", id.Name, t.path.Name), id.Name, names))
		return -1
	}
	fixed = map[int]rex.Expr{}
	b := &exprBinder{p: p, scope: &scope{}, clause: "PARTITION"}
	for _, v := range s.Partition {
		f := find(v.Column)
		if f < 0 || v.Value == nil {
			continue
		}
		x, err := b.bind(v.Value)
		if err == nil {
			x, err = p.castTo(x, t.fields[f].Type, false, true, v.Span)
		}
		if err != nil {
			errs.Add(err)
			continue
		}
		fixed[f] = x
	}
	if len(s.Columns) == 0 {
		for _, f := range fields {
			if _, ok := fixed[f]; !ok {
				targets = append(targets, f)
			}
		}
		return targets, fixed, errs
	}
	for _, id := range s.Columns {
		f := find(id)
		if f >= 0 && slices.Contains(targets, f) {
			errs.Add(diag.Errorf("duplicate-column", id.Span, "column %q is named twice", id.Name))
		}
		targets = append(targets, f)
	}
	return targets, fixed, errs
}

// table binds the definition of a catalog table for use at span. The definition was checked when it was created, so an
// error here comes from what has changed since, or from hints; its own positions are of another text.
func (p *Planner) table(o *catalog.Object, hints map[string]string, span diag.Span) (*table, *diag.Error) {
	t, errs := p.bindTable(o.Path, o.Table, hints)
	if len(errs) > 0 {
		return nil, &diag.Error{Code: errs[0].Code, Span: span, Msg: errs[0].Msg, Hint: errs[0].Hint}
	}
	return t, nil
}

// Define carries out a statement that changes the catalog; ok is false for any other statement.
func (p *Planner) Define(s parser.Stmt) (ok bool, errs diag.List) {
	switch s := s.(type) {
	case *parser.CreateTable:
		errs = p.createTable(s)
	case *parser.CreateView:
		errs = p.createView(s)
	case *parser.CreateFunction:
		errs = p.createFunction(s)
	case *parser.CreateDatabase:
		errs = p.createDatabase(s)
	case *parser.CreateCatalog:
		errs = diag.List{unsupported(s.Span, "CREATE CATALOG is not supported").WithHint("tables are kept in %s; CREATE DATABASE groups them", catalog.DefaultCatalog)}
	case *parser.Drop:
		errs = p.drop(s)
	case *parser.AlterTable:
		errs = p.alterTable(s)
	case *parser.Use:
		errs = p.use(s)
	default:
		return false, nil
	}
	return true, errs
}

// refused makes an error of the catalog one at span.
func refused(span diag.Span, err error) diag.List {
	if err == nil {
		return nil
	}
	code := "catalog"
	switch {
	case errors.Is(err, catalog.ErrExists):
		code = "exists"
	case errors.Is(err, catalog.ErrNotFound):
		code = "not-found"
	}
	return diag.List{diag.Errorf(code, span, "%w", err)}
}

func (p *Planner) createTable(s *parser.CreateTable) diag.List {
	path := p.Catalog.Resolve(s.Name.Strings())
	if s.As != nil {
		return diag.List{unsupported(s.As.Span, "CREATE TABLE … AS is not supported").WithHint("CREATE TABLE, then INSERT INTO … SELECT")}
	}
	if s.Distribution != nil {
		return diag.List{unsupported(s.Distribution.Span, "DISTRIBUTED BY is not supported")}
	}
	if s.IfNotExists {
		if _, exists := p.Catalog.Lookup(path, catalog.Table); exists {
			return nil
		}
	}
	if s.Like != nil {
		merged, err := p.like(s)
		if err != nil {
			return diag.List{err}
		}
		s = merged
	}
	if _, errs := p.bindTable(path, s, nil); len(errs) > 0 {
		return errs
	}
	o := &catalog.Object{Path: path, Kind: catalog.Table, Temporary: s.Temporary, Table: s}
	return p.create(o, s.Name.Span, s.Replace)
}

// create adds an object to the catalog. One that is there already with the same definition is left as it is: see
// docs/decisions/003-same-definition-twice.md.
func (p *Planner) create(o *catalog.Object, span diag.Span, replace bool) diag.List {
	err := p.Catalog.Create(o, replace)
	if errors.Is(err, catalog.ErrExists) {
		old, ok := p.Catalog.Lookup(o.Path, o.Kind)
		if ok && old.Temporary == o.Temporary && definition(old) == definition(o) {
			return nil
		}
		return diag.List{diag.Errorf("exists", span, "%w with another definition", err).
			WithHint("DROP %s IF EXISTS first, or CREATE TEMPORARY", strings.ToUpper(o.Kind.String()))}
	}
	return refused(span, err)
}

// definition is an object's statement without OR REPLACE, IF NOT EXISTS and the name, which can be written in several ways:
// it is compared with one at the same path.
func definition(o *catalog.Object) string {
	name := &parser.Name{Parts: []*parser.Ident{{Name: o.Kind.String()}}}
	switch o.Kind {
	case catalog.Table:
		d := *o.Table
		d.Replace, d.IfNotExists, d.Name = false, false, name
		return d.String()
	case catalog.View:
		d := *o.View
		d.Replace, d.IfNotExists, d.Name = false, false, name
		return d.String()
	}
	d := *o.Function
	d.Replace, d.IfNotExists, d.Name = false, false, name
	return d.String()
}

// like completes a definition with that of the table it is LIKE.
func (p *Planner) like(s *parser.CreateTable) (*parser.CreateTable, *diag.Error) {
	o, ok := p.Catalog.Lookup(p.Catalog.Resolve(s.Like.Source.Strings()), catalog.Table)
	if !ok || o.Kind != catalog.Table {
		return nil, p.unknownTable(s.Like.Source)
	}
	strategy := func(feature, def string) string {
		out := def
		for _, opt := range s.Like.Options {
			if opt.Feature == "ALL" {
				out = opt.Strategy
			}
		}
		for _, opt := range s.Like.Options {
			if opt.Feature == feature {
				out = opt.Strategy
			}
		}
		return out
	}
	src, out := o.Table, *s
	out.Like = nil
	var columns []*parser.ColumnDef
	for _, c := range src.Columns {
		feature := ""
		switch {
		case c.Metadata != nil:
			feature = "METADATA"
		case c.Computed != nil:
			feature = "GENERATED"
		}
		if feature == "" || strategy(feature, "INCLUDING") != "EXCLUDING" {
			columns = append(columns, c)
		}
	}
	out.Columns = append(columns, s.Columns...)
	if len(s.Constraints) == 0 && strategy("CONSTRAINTS", "INCLUDING") == "INCLUDING" {
		out.Constraints = src.Constraints
	}
	if len(s.Watermarks) == 0 && strategy("WATERMARKS", "INCLUDING") != "EXCLUDING" {
		out.Watermarks = src.Watermarks
	}
	if len(s.PartitionedBy) == 0 && strategy("PARTITIONS", "INCLUDING") == "INCLUDING" {
		out.PartitionedBy = src.PartitionedBy
	}
	if how := strategy("OPTIONS", "OVERWRITING"); how != "EXCLUDING" {
		var options []*parser.Option
		for _, old := range src.Options {
			i := slices.IndexFunc(s.Options, func(o *parser.Option) bool { return o.Key.Value == old.Key.Value })
			if i < 0 {
				options = append(options, old)
			} else if how == "INCLUDING" {
				return nil, diag.Errorf("duplicate-option", s.Options[i].Key.Span, "table %s has option %q already", o.Path.Name, old.Key.Value).
					WithHint("write LIKE … (OVERWRITING OPTIONS)")
			}
		}
		out.Options = append(options, s.Options...)
	}
	return &out, nil
}

func (p *Planner) createView(s *parser.CreateView) diag.List {
	path := p.Catalog.Resolve(s.Name.Strings())
	if s.IfNotExists {
		if _, exists := p.Catalog.Lookup(path, catalog.View); exists {
			return nil
		}
	}
	n, errs := (&queryBinder{p: p}).query(s.Query)
	if len(errs) == 0 && len(s.Columns) > 0 {
		_, errs = renamed(n, s.Columns, s.Name.Span)
	}
	if len(errs) > 0 {
		return errs
	}
	o := &catalog.Object{Path: path, Kind: catalog.View, Temporary: s.Temporary, View: s}
	return p.create(o, s.Name.Span, s.Replace)
}

func (p *Planner) createDatabase(s *parser.CreateDatabase) diag.List {
	catalogName, database := p.databasePath(s.Name)
	err := p.Catalog.CreateDatabase(catalogName, database)
	if s.IfNotExists && errors.Is(err, catalog.ErrExists) {
		return nil
	}
	return refused(s.Name.Span, err)
}

func (p *Planner) databasePath(n *parser.Name) (catalogName, database string) {
	parts := n.Strings()
	catalogName, _ = p.Catalog.Current()
	if len(parts) > 1 {
		catalogName = parts[len(parts)-2]
	}
	return catalogName, parts[len(parts)-1]
}

func (p *Planner) drop(s *parser.Drop) diag.List {
	var err error
	switch s.Kind {
	case parser.ObjectCatalog:
		return diag.List{unsupported(s.Span, "DROP CATALOG is not supported")}
	case parser.ObjectDatabase:
		catalogName, database := p.databasePath(s.Name)
		err = p.Catalog.DropDatabase(catalogName, database, s.Cascade)
	default:
		kinds := map[parser.ObjectKind]catalog.Kind{parser.ObjectTable: catalog.Table, parser.ObjectView: catalog.View, parser.ObjectFunction: catalog.Function}
		path := p.Catalog.Resolve(s.Name.Strings())
		if s.Kind == parser.ObjectFunction {
			path = p.functionPath(s.Name, s.System)
		}
		err = p.Catalog.Drop(path, kinds[s.Kind], s.Temporary)
	}
	if s.IfExists && errors.Is(err, catalog.ErrNotFound) {
		return nil
	}
	return refused(s.Name.Span, err)
}

func (p *Planner) use(s *parser.Use) diag.List {
	switch {
	case s.Name == nil:
		return diag.List{unsupported(s.Span, "USE MODULES is not supported")}
	case s.Catalog:
		return refused(s.Name.Span, p.Catalog.UseCatalog(s.Name.Last().Name))
	}
	return refused(s.Name.Span, p.Catalog.Use(p.databasePath(s.Name)))
}

func (p *Planner) alterTable(s *parser.AlterTable) diag.List {
	path := p.Catalog.Resolve(s.Name.Strings())
	o, ok := p.Catalog.Lookup(path, catalog.Table)
	if !ok {
		if s.IfExists {
			return nil
		}
		return diag.List{p.unknownTable(s.Name)}
	}
	changed := *o
	switch a := s.Action.(type) {
	case *parser.RenameTable:
		changed.Path = p.Catalog.Resolve(a.To.Strings())
		if err := p.Catalog.Create(&changed, false); err != nil {
			return refused(a.To.Span, err)
		}
		return refused(s.Name.Span, p.Catalog.Drop(path, o.Kind, o.Temporary))
	case *parser.SetOptions, *parser.ResetOptions:
		if o.Kind != catalog.Table {
			return diag.List{diag.Errorf("not-a-table", s.Name.Span, "%s is a view and has no options", path.Name)}
		}
		def := *o.Table
		changed.Table = &def
		def.Options = slices.Clone(def.Options)
		remove := func(key string) {
			def.Options = slices.DeleteFunc(def.Options, func(o *parser.Option) bool { return o.Key.Value == key })
		}
		if set, ok := a.(*parser.SetOptions); ok {
			for _, opt := range set.Options {
				remove(opt.Key.Value)
				def.Options = append(def.Options, opt)
			}
		} else {
			for _, key := range a.(*parser.ResetOptions).Keys {
				remove(key.Value)
			}
		}
		if _, err := p.table(&changed, nil, s.Span); err != nil {
			return diag.List{err}
		}
		return refused(s.Name.Span, p.Catalog.Create(&changed, true))
	}
	return diag.List{unsupported(s.Span, "this form of ALTER TABLE is not supported").WithHint("DROP the table and CREATE it anew")}
}

// Columns describes a table or view for DESCRIBE: its columns, the primary key, and the watermark in SQL.
type Columns struct {
	Fields    []types.Field
	Primary   []string
	Computed  map[string]string // column → expression, or METADATA clause
	Watermark map[string]string // column → expression
}

// Describe returns the columns of a table or view.
func (p *Planner) Describe(name *parser.Name) (*Columns, *diag.Error) {
	o, ok := p.Catalog.Lookup(p.Catalog.Resolve(name.Strings()), catalog.Table)
	if !ok {
		return nil, p.unknownTable(name)
	}
	c := &Columns{Computed: map[string]string{}, Watermark: map[string]string{}}
	if o.Kind == catalog.View {
		n, err := (&queryBinder{p: p}).view(o, &parser.TableRef{Span: name.Span, Name: name})
		if err != nil {
			return nil, err
		}
		c.Fields = n.fields()
		return c, nil
	}
	t, err := p.table(o, nil, name.Span)
	if err != nil {
		return nil, err
	}
	c.Fields = t.fields
	for _, i := range t.primary {
		c.Primary = append(c.Primary, t.fields[i].Name)
	}
	for i, d := range o.Table.Columns {
		switch {
		case d.Computed != nil:
			c.Computed[t.fields[i].Name] = "AS " + d.Computed.String()
		case d.Metadata != nil:
			c.Computed[t.fields[i].Name] = d.Metadata.String()
		}
	}
	if t.rowtime >= 0 {
		c.Watermark[t.fields[t.rowtime].Name] = o.Table.Watermarks[0].Expr.String()
	}
	return c, nil
}

// connectorError places what a connector says about a table's options.
func connectorError(t *table, span diag.Span, err error) *diag.Error {
	out := diag.Errorf("invalid-option", span, "table %s: %w", t.path.Name, err)
	var oe *option.Error
	if errors.As(err, &oe) {
		out.Hint = oe.Hint
		for _, o := range t.def.Options {
			if o.Key.Value == oe.Key && !strings.Contains(oe.Msg, fmt.Sprintf("%q", oe.Key)) {
				out.Msg = fmt.Sprintf("table %s: option %q: %s", t.path.Name, oe.Key, oe.Msg)
			}
		}
	}
	return out
}
