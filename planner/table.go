package planner

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner/catalog"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf/cast"
)

// table is a CREATE TABLE that has been checked: its columns with their types, its connector, its options.
type table struct {
	path   catalog.Path
	fields []types.Field // all columns as a query sees them
	// For each field: the connector's column it is, or -1 and the expression over fields that computes it.
	source   []int
	computed []rex.Expr
	columns  []connectors.Column // physical and metadata, in order
	primary  []int               // fields of the primary key
	parts    []string

	rowtime   int // field with a watermark, -1
	watermark rex.Expr
	framework option.Values // the options that are the engine's, not the connector's

	spec    *connectors.Spec
	info    *connectors.Table
	def     *parser.CreateTable
	hintKey string // tells apart scans with different OPTIONS hints
}

// frameworkOptions are options of every table, which the engine serves and no connector sees.
var frameworkOptions = []option.Option{
	{Key: "scan.watermark.emit.strategy", Kind: option.Enum, Values: []string{"on-periodic", "on-event"}, Default: "on-periodic", Summary: "when watermarks are emitted"},
	{Key: "scan.watermark.idle-timeout", Kind: option.Duration, Summary: "a split without rows for this long no longer holds back the watermark"},
	{Key: "scan.watermark.emit.on-event.gap", Kind: option.Int, Default: "1", Summary: "with on-event, how many rows of a split go by from one watermark to the next"},
	{Key: "scan.watermark.alignment.group", Kind: option.String, Summary: "tables of one job with the same group wait for one another in event time; needs scan.watermark.alignment.max-drift"},
	{Key: "scan.watermark.alignment.max-drift", Kind: option.Duration, Summary: "how far the watermark of a split may be ahead of the lowest in its group before the split has to wait"},
	{Key: "scan.watermark.alignment.update-interval", Kind: option.Duration, Default: "1 s", Summary: "accepted for Flink; the lowest watermark of a group is known at once"},
	{Key: "scan.parallelism", Kind: option.Int, Summary: "parallelism of the source"},
	{Key: "sink.parallelism", Kind: option.Int, Summary: "parallelism of the sink"},
	{Key: "dead-letter", Kind: option.String, Summary: "a table that takes records that don't decode, and rows that are too large to be sent: raw BYTES, position STRING, reason STRING"},
}

// bindTable checks a table definition and resolves everything in it. hints are the options of an OPTIONS hint.
func (p *Planner) bindTable(path catalog.Path, def *parser.CreateTable, hints map[string]string) (*table, diag.List) {
	var errs diag.List
	t := &table{path: path, def: def, rowtime: -1}
	p.bindColumns(t, def, &errs)
	p.bindKeys(t, def, &errs)
	p.bindWatermark(t, def, &errs)
	p.bindOptions(t, def, hints, &errs)
	if len(errs) > 0 {
		return nil, errs
	}
	return t, nil
}

func (p *Planner) bindColumns(t *table, def *parser.CreateTable, errs *diag.List) {
	if len(def.Columns) == 0 && def.As == nil && def.Like == nil {
		errs.Add(diag.Errorf("no-columns", def.Name.Span, "table %s has no columns", t.path.Name))
	}
	for _, c := range def.Columns {
		if slices.ContainsFunc(t.fields, func(f types.Field) bool { return f.Name == c.Name.Name }) {
			errs.Add(diag.Errorf("duplicate-column", c.Name.Span, "column %q is declared twice", c.Name.Name))
			continue
		}
		if c.Computed != nil {
			t.fields = append(t.fields, types.Field{Name: c.Name.Name})
			t.source, t.computed = append(t.source, -1), append(t.computed, nil)
			continue
		}
		ct, err := bindType(c.Type)
		if err != nil {
			errs.Add(err)
			continue
		}
		col := connectors.Column{Name: c.Name.Name, Type: ct}
		if c.Metadata != nil {
			col.MetadataKey, col.Virtual = c.Name.Name, c.Metadata.Virtual
			if c.Metadata.From != nil {
				col.MetadataKey = c.Metadata.From.Value
			}
		}
		t.fields = append(t.fields, types.Field{Name: c.Name.Name, Type: ct})
		t.source, t.computed = append(t.source, len(t.columns)), append(t.computed, nil)
		t.columns = append(t.columns, col)
	}
	if len(*errs) > 0 {
		return
	}
	// Computed columns see the physical and metadata ones, wherever those stand, but not each other.
	s := &scope{fields: t.fields, rels: []relation{{path: []string{t.path.Name}}}}
	for i := range t.fields {
		if t.source[i] >= 0 {
			s.rels[0].cols = append(s.rels[0].cols, i)
		}
	}
	for i, c := range def.Columns {
		if c.Computed == nil {
			continue
		}
		b := &exprBinder{p: p, scope: s, clause: "a computed column"}
		e, err := b.bind(c.Computed)
		if err == nil {
			err = refuseMemory(e, "a computed column")
		}
		if err != nil {
			errs.Add(err)
			continue
		}
		t.computed[i], t.fields[i].Type = e, e.Type()
	}
}

func (p *Planner) bindKeys(t *table, def *parser.CreateTable, errs *diag.List) {
	index := func(id *parser.Ident) int {
		var names []string
		for i, f := range t.fields {
			if f.Name == id.Name {
				return i
			}
			names = append(names, f.Name)
		}
		errs.Add(suggest(diag.Errorf("unknown-column", id.Span, "unknown column %q in table %s", id.Name, t.path.Name), id.Name, names))
		return -1
	}
	for _, c := range def.Constraints {
		switch {
		case c.Unique:
			errs.Add(unsupported(c.Span, "UNIQUE constraints are not supported"))
			continue
		case c.Enforcement != parser.NotEnforced:
			errs.Add(diag.Errorf("enforced-key", c.Span, "a primary key can't be enforced on a stream").WithHint("write PRIMARY KEY (…) NOT ENFORCED"))
			continue
		case t.primary != nil:
			errs.Add(diag.Errorf("duplicate-key", c.Span, "the primary key is declared twice"))
			continue
		}
		for _, id := range c.Columns {
			i := index(id)
			if i < 0 {
				continue
			}
			t.primary = append(t.primary, i)
			t.fields[i].Type.NotNull = true
			if t.source[i] >= 0 {
				t.columns[t.source[i]].Type.NotNull = true
			}
		}
	}
	for _, id := range def.PartitionedBy {
		if i := index(id); i >= 0 {
			t.parts = append(t.parts, id.Name)
		}
	}
}

func (p *Planner) bindWatermark(t *table, def *parser.CreateTable, errs *diag.List) {
	if len(def.Watermarks) == 0 || len(*errs) > 0 {
		return
	}
	w := def.Watermarks[0]
	if len(def.Watermarks) > 1 {
		errs.Add(diag.Errorf("duplicate-watermark", def.Watermarks[1].Span, "a table has at most one WATERMARK"))
		return
	}
	if len(w.Column.Parts) > 1 {
		errs.Add(unsupported(w.Column.Span, "a WATERMARK on a field of a row is not supported").WithHint("declare a computed column of the field"))
		return
	}
	s := oneRelation(t.fields, t.path.Name)
	b := &exprBinder{p: p, scope: s, clause: "WATERMARK"}
	col, err := b.bind(&parser.ColumnRef{Span: w.Column.Span, Parts: w.Column.Parts})
	if err != nil {
		errs.Add(err)
		return
	}
	if ct := col.Type(); !ct.IsTimestamp() || ct.Precision > 3 {
		errs.Add(diag.Errorf("invalid-watermark", w.Column.Span, "a rowtime column must be TIMESTAMP(3) or TIMESTAMP_LTZ(3) (or of a smaller precision), found %s", ct.Nullable()).
			WithHint("CAST it in a computed column"))
		return
	}
	expr, err := b.bind(w.Expr)
	if err == nil {
		err = refuseMemory(expr, "WATERMARK")
	}
	if err != nil {
		errs.Add(err)
		return
	}
	if et := expr.Type(); !et.IsTimestamp() || et.Precision > 3 || et.Kind != col.Type().Kind {
		errs.Add(diag.Errorf("invalid-watermark", w.Expr.Pos(), "a watermark must be %s like its column, found %s", col.Type().Nullable(), et.Nullable()))
		return
	}
	t.rowtime, t.watermark = col.(*rex.Column).Index, expr
	t.fields[t.rowtime].Type.Attr = types.Rowtime
}

func (p *Planner) bindOptions(t *table, def *parser.CreateTable, hints map[string]string, errs *diag.List) {
	given, spans := map[string]string{}, map[string]*parser.Option{}
	for _, o := range def.Options {
		if _, twice := given[o.Key.Value]; twice {
			errs.Add(diag.Errorf("duplicate-option", o.Key.Span, "option %q is given twice", o.Key.Value))
		}
		given[o.Key.Value], spans[o.Key.Value] = o.Value.Value, o
	}
	for k, v := range hints {
		given[k] = v
	}
	place := func(e *option.Error) *diag.Error {
		span := def.Name.Span
		code := "missing-option"
		if o := spans[e.Key]; o != nil {
			span, code = o.Key.Span, "unknown-option"
			if e.OnValue {
				span, code = o.Value.Span, "invalid-option"
			}
		}
		return &diag.Error{Code: code, Span: span, Msg: fmt.Sprintf("table %s: %s", t.path.Name, e.Msg), Hint: e.Hint}
	}
	name, ok := given["connector"]
	if !ok {
		errs.Add(place(&option.Error{Key: "connector", Msg: `option "connector" is required`, Hint: "connectors: " + strings.Join(p.Connectors.Names(), ", ")}))
		return
	}
	spec, ok := p.Connectors.Lookup(name)
	if !ok {
		e := &option.Error{Key: "connector", OnValue: true, Msg: fmt.Sprintf("unknown connector %q", name), Hint: "connectors: " + strings.Join(p.Connectors.Names(), ", ")}
		if near := diag.Suggest(name, p.Connectors.Names()); near != "" {
			e.Hint = fmt.Sprintf("did you mean %q?", near)
		}
		errs.Add(place(e))
		return
	}
	t.spec = spec
	decls := append([]option.Option{{Key: "connector", Kind: option.String, Required: true, Summary: "the connector"}}, spec.Options...)
	var fspec *format.Spec
	if spec.Format {
		decls = append(decls, option.Option{Key: "format", Aliases: []string{"value.format"}, Kind: option.String, Required: true,
			Summary: "the record format: " + strings.Join(p.Connectors.Formats.Names(), ", ")})
		fname, ok := given["format"]
		if !ok {
			fname, ok = given["value.format"]
		}
		if ok {
			if fspec, ok = p.Connectors.Formats.Lookup(fname); !ok {
				e := &option.Error{Key: "format", OnValue: true, Msg: fmt.Sprintf("unknown format %q", fname), Hint: "formats: " + strings.Join(p.Connectors.Formats.Names(), ", ")}
				if near := diag.Suggest(fname, p.Connectors.Formats.Names()); near != "" {
					e.Hint = fmt.Sprintf("did you mean %q?", near)
				}
				errs.Add(place(e))
				return
			}
			decls = append(decls, fspec.Options...)
		}
	}
	decls = append(decls, frameworkOptions...)
	values, optErrs := option.Check(given, decls, diag.Suggest)
	for _, e := range optErrs {
		errs.Add(place(e))
	}
	for _, c := range t.columns {
		p.checkMetadata(t, c, def, errs)
	}
	if len(*errs) > 0 {
		return
	}
	t.framework = values
	t.info = &connectors.Table{Path: t.path.String(), Columns: t.columns, PartitionKeys: t.parts, Options: values, Format: fspec}
	for _, e := range p.checkFramework(t) {
		errs.Add(place(e))
	}
	for _, i := range t.primary {
		t.info.PrimaryKey = append(t.info.PrimaryKey, t.fields[i].Name)
	}
	for _, k := range sortedKeys(hints) {
		t.hintKey += k + "=" + hints[k] + ";"
	}
}

// checkFramework checks the options that the engine serves further than their declarations can say.
func (p *Planner) checkFramework(t *table) (errs []*option.Error) {
	v := t.framework
	const group, drift, interval, gap = "scan.watermark.alignment.group", "scan.watermark.alignment.max-drift",
		"scan.watermark.alignment.update-interval", "scan.watermark.emit.on-event.gap"
	for _, pair := range [][2]string{{group, drift}, {drift, group}, {interval, group}} {
		if v.Given(pair[0]) && !v.Given(pair[1]) {
			e := option.Errorf(pair[0], "option %q needs %q", pair[0], pair[1])
			e.Hint = fmt.Sprintf("give both: '%s' = 'name', '%s' = '1 min'", group, drift)
			errs = append(errs, e)
			break
		}
	}
	if v.Given(interval) && v.Duration(interval) <= 0 {
		errs = append(errs, option.Errorf(interval, "option %q must be more than 0", interval))
	}
	if v.Int(gap) < 1 {
		errs = append(errs, option.Errorf(gap, "option %q must be at least 1", gap))
	}
	return append(errs, p.checkDeadLetter(t)...)
}

// checkDeadLetter looks for the dead-letter table, which must be there before a table names it.
func (p *Planner) checkDeadLetter(t *table) []*option.Error {
	const key = "dead-letter"
	name := t.framework.String(key)
	if name == "" {
		return nil
	}
	path := p.Catalog.Resolve(strings.Split(name, "."))
	switch o, ok := p.Catalog.Lookup(path, catalog.Table); {
	case ok && o.Kind == catalog.Table:
		if t.info.Format == nil {
			return nil
		}
		if ignore := t.info.Format.Name + ".ignore-parse-errors"; t.framework.Given(ignore) && t.framework.Bool(ignore) {
			e := option.Errorf(key, "options %q and %q contradict each other", key, ignore)
			e.Hint = "with the one, records that don't decode are kept, with the other they are skipped; set one"
			return []*option.Error{e}
		}
		return nil
	case ok:
		return []*option.Error{option.Errorf(key, "option %q: %q is a view, not a table", key, name)}
	}
	e := option.Errorf(key, "option %q: table %q does not exist", key, name)
	e.Hint = "create it first: CREATE TABLE " + name + " (`raw` BYTES, `position` STRING, reason STRING) WITH (…)"
	var names []string
	for _, o := range p.Catalog.Objects(path.Catalog, path.Database, catalog.Table) {
		if o.Kind == catalog.Table {
			names = append(names, o.Path.Name)
		}
	}
	if near := diag.Suggest(path.Name, names); near != "" {
		e.Hint = fmt.Sprintf("did you mean %q?", near)
	}
	return []*option.Error{e}
}

// alignment is the table's watermark alignment, or nil.
func (t *table) alignment() *physical.Alignment {
	group := t.framework.String("scan.watermark.alignment.group")
	if group == "" {
		return nil
	}
	return &physical.Alignment{Group: group, MaxDrift: t.framework.Duration("scan.watermark.alignment.max-drift")}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// checkMetadata checks that a metadata column exists and can have its declared type.
func (p *Planner) checkMetadata(t *table, c connectors.Column, def *parser.CreateTable, errs *diag.List) {
	if c.MetadataKey == "" {
		return
	}
	var span diag.Span
	for _, d := range def.Columns {
		if d.Name.Name == c.Name {
			span = d.Span
		}
	}
	var keys []string
	for _, m := range t.spec.Metadata {
		keys = append(keys, m.Key)
		if m.Key == c.MetadataKey {
			if !metadataFits(m.Type, c.Type) {
				errs.Add(diag.Errorf("type-mismatch", span, "metadata %q is %s and can't be read as %s", m.Key, m.Type.Nullable(), c.Type.Nullable()))
			}
			return
		}
	}
	err := diag.Errorf("unknown-metadata", span, "connector %q has no metadata %q", t.spec.Name, c.MetadataKey)
	if near := diag.Suggest(c.MetadataKey, keys); near != "" {
		err.WithHint("did you mean %q?", near)
	} else if len(keys) > 0 {
		err.WithHint("it has: %s", strings.Join(keys, ", "))
	}
	errs.Add(err)
}

// idleTimeout is how long a split of the table may be silent before it no longer holds back the watermark.
func (p *Planner) idleTimeout(t *table) time.Duration {
	if t.framework.Given("scan.watermark.idle-timeout") {
		return t.framework.Duration("scan.watermark.idle-timeout")
	}
	return p.Settings.Duration("table.exec.source.idle-timeout")
}

// sinkColumns are the columns that INSERT writes: physical ones and metadata that is not VIRTUAL.
func (t *table) sinkColumns() (cols []connectors.Column, fields []int) {
	for i, s := range t.source {
		if s >= 0 && !t.columns[s].Virtual {
			cols, fields = append(cols, t.columns[s]), append(fields, i)
		}
	}
	return cols, fields
}

// metadataFits reports whether metadata of one type can be declared as another: by an explicit cast, as in Flink.
func metadataFits(metadata, declared types.Type) bool {
	return metadata.Equal(declared) || cast.Explicit(metadata, declared)
}

// metadataType is the type that the connector gives a metadata column.
func (t *table) metadataType(c connectors.Column) types.Type {
	for _, m := range t.spec.Metadata {
		if m.Key == c.MetadataKey {
			return m.Type
		}
	}
	return c.Type
}
