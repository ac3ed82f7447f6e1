package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner"
	"github.com/weirsql/weir/planner/catalog"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/types"
)

// Result is what a statement gives. At most one of Table, Job and Query is set; with none the statement is just done.
type Result struct {
	Table *Table // something to show: SHOW, DESCRIBE, EXPLAIN, SET
	Job   *Job   // an INSERT that has been started
	Query *Query // a SELECT that has not been started
}

// Table is a small table of text.
type Table struct {
	Columns []string
	Rows    [][]string
	Plain   bool // a single text, such as a plan: shown as it is
}

// Query is a SELECT that has been planned.
type Query struct {
	Schema  *types.Schema
	Mode    types.ChangelogMode
	Bounded bool

	session *Session
	file    *diag.File
	plan    *physical.Plan
	name    string
}

// Start runs the query as a job. Its rows go to rows, from one goroutine at a time; a batch is valid during the call.
// An error from rows fails the job.
func (q *Query) Start(ctx context.Context, rows func(*types.Batch) error) (*Job, error) {
	job, err := q.session.start(ctx, q.name, q.plan, nil, rows)
	if err == nil {
		job.file.Store(q.file)
	}
	return job, err
}

// Execute runs one statement of a file. INSERTs are started and not waited for; SELECTs are planned and started by
// Query.Start. Mistakes come as a *FileError.
func (s *Session) Execute(ctx context.Context, file *diag.File, stmt parser.Stmt) (*Result, error) {
	r, list, err := s.execute(ctx, filepath.Dir(file.Name), stmt)
	if len(list) > 0 {
		list.Sort()
		return nil, &FileError{file, list}
	}
	if r != nil && r.Job != nil {
		r.Job.file.Store(file)
	}
	if r != nil && r.Query != nil {
		r.Query.file = file
	}
	return r, err
}

func (s *Session) execute(ctx context.Context, dir string, stmt parser.Stmt) (r *Result, errs diag.List, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer bugs(stmt, &errs)
	p := s.planner
	p.Dir = dir
	switch stmt := stmt.(type) {
	case *parser.Query:
		plan, errs := p.PlanQuery(stmt)
		if len(errs) > 0 {
			return nil, errs, nil
		}
		top := plan.Nodes[len(plan.Nodes)-1].Base()
		return &Result{Query: &Query{Schema: top.Schema, Mode: top.Mode, Bounded: planner.Bounded(plan), session: s, plan: plan, name: s.jobName("select")}}, nil, nil
	case *parser.Insert:
		return s.insert(ctx, []*parser.Insert{stmt})
	case *parser.StatementSet:
		return s.insert(ctx, stmt.Inserts)
	case *parser.Explain:
		text, errs := s.explain(stmt.Stmt, "text")
		if len(errs) > 0 {
			return nil, errs, nil
		}
		return &Result{Table: &Table{Columns: []string{"result"}, Rows: [][]string{{text}}, Plain: true}}, nil, nil
	case *parser.Set:
		if stmt.Key == nil {
			t := &Table{Columns: []string{"key", "value"}}
			for _, kv := range p.Settings.All() {
				t.Rows = append(t.Rows, kv[:])
			}
			return &Result{Table: t}, nil, nil
		}
		return &Result{}, setting(p, stmt), nil
	case *parser.Reset:
		return &Result{}, reset(p, stmt), nil
	case *parser.Show:
		return s.show(stmt)
	case *parser.Describe:
		return s.describe(stmt)
	case *parser.StopJob:
		return s.stopJob(ctx, stmt)
	case *parser.AddJar:
		return nil, check(p, stmt), nil
	}
	if ok, errs := p.Define(stmt); ok {
		return &Result{}, errs, nil
	}
	return nil, diag.List{diag.Errorf("unsupported", stmt.Pos(), "this statement is not supported")}, nil
}

// Explain plans a statement and prints the plan as "text", "json" or "dot". A statement that has no plan gives "".
func (s *Session) Explain(file *diag.File, stmt parser.Stmt, format string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, errs := s.explain(stmt, format)
	if len(errs) > 0 {
		errs.Sort()
		return "", &FileError{file, errs}
	}
	return text, nil
}

func (s *Session) explain(stmt parser.Stmt, format string) (text string, errs diag.List) {
	defer bugs(stmt, &errs)
	var plan *physical.Plan
	switch stmt := stmt.(type) {
	case *parser.Query:
		plan, errs = s.planner.PlanQuery(stmt)
	case *parser.Insert:
		plan, errs = s.planner.PlanInserts([]*parser.Insert{stmt})
	case *parser.StatementSet:
		plan, errs = s.planner.PlanInserts(stmt.Inserts)
	case *parser.Explain:
		return s.explain(stmt.Stmt, format)
	default:
		return "", nil
	}
	if len(errs) > 0 {
		return "", errs
	}
	text, err := planner.Explain(plan, format)
	errs.Append(err)
	return text, errs
}

func (s *Session) insert(ctx context.Context, stmts []*parser.Insert) (*Result, diag.List, error) {
	plan, errs := s.planner.PlanInserts(stmts)
	if len(errs) > 0 {
		return nil, errs, nil
	}
	var targets []string
	for _, i := range stmts {
		targets = append(targets, strings.Join(i.Table.Strings(), "."))
	}
	replan := func(p *planner.Planner) (*physical.Plan, diag.List) { return p.PlanInserts(stmts) }
	job, err := s.start(ctx, s.jobName("insert-into_"+strings.Join(targets, ",")), plan, replan, nil)
	if err != nil {
		return nil, nil, err
	}
	return &Result{Job: job}, nil, nil
}

func (s *Session) jobName(def string) string {
	if name := s.planner.Settings.Get("pipeline.name"); name != "" {
		return name
	}
	return def
}

func (s *Session) show(stmt *parser.Show) (*Result, diag.List, error) {
	cat := s.planner.Catalog
	catalogName, database := cat.Current()
	names := func(column string, values []string) (*Result, diag.List, error) {
		t := &Table{Columns: []string{column}}
		for _, v := range values {
			if likeMatches(stmt, v) {
				t.Rows = append(t.Rows, []string{v})
			}
		}
		return &Result{Table: t}, nil, nil
	}
	c, d := catalogName, database
	if stmt.Name != nil {
		parts := stmt.Name.Strings()
		d = parts[len(parts)-1]
		if len(parts) > 1 {
			c = parts[len(parts)-2]
		}
	}
	objects := func(kinds ...catalog.Kind) []string {
		var out []string
		for _, k := range kinds {
			for _, o := range cat.Objects(c, d, k) {
				out = append(out, o.Path.Name)
			}
		}
		slices.Sort(out)
		return out
	}
	switch stmt.Kind {
	case parser.ShowCatalogs:
		return names("catalog name", cat.Catalogs())
	case parser.ShowCurrentCatalog:
		return names("current catalog name", []string{catalogName})
	case parser.ShowDatabases:
		return names("database name", cat.Databases(catalogName))
	case parser.ShowCurrentDatabase:
		return names("current database name", []string{database})
	case parser.ShowTables:
		return names("table name", objects(catalog.Table, catalog.View))
	case parser.ShowViews:
		return names("view name", objects(catalog.View))
	case parser.ShowUserFunctions:
		return names("function name", s.functionNames(c, d, false))
	case parser.ShowFunctions:
		return names("function name", s.functionNames(c, d, true))
	case parser.ShowModules:
		return names("module name", []string{"core"})
	case parser.ShowJars:
		return names("jars", nil)
	case parser.ShowJobs:
		t := &Table{Columns: []string{"job id", "job name", "status", "start time"}}
		for _, j := range s.Jobs() {
			t.Rows = append(t.Rows, []string{j.ID, j.Name, j.Status(), j.Started.Format("2006-01-02T15:04:05.000")})
		}
		return &Result{Table: t}, nil, nil
	case parser.ShowColumns:
		r, errs, err := s.describe(&parser.Describe{Span: stmt.Span, Kind: parser.ObjectTable, Name: stmt.Name})
		if r != nil {
			r.Table.Rows = slices.DeleteFunc(r.Table.Rows, func(row []string) bool { return !likeMatches(stmt, row[0]) })
		}
		return r, errs, err
	case parser.ShowCreateTable, parser.ShowCreateView:
		path := cat.Resolve(stmt.Name.Strings())
		o, ok := cat.Lookup(path, catalog.Table)
		if !ok || (o.Kind == catalog.View) != (stmt.Kind == parser.ShowCreateView) {
			return nil, diag.List{diag.Errorf("not-found", stmt.Name.Span, "%s %s does not exist", strings.ToLower(string(stmt.Kind)[len("CREATE "):]), path)}, nil
		}
		return &Result{Table: &Table{Columns: []string{"result"}, Rows: [][]string{{s.hideSecrets(o).String()}}, Plain: true}}, nil, nil
	}
	return nil, diag.List{diag.Errorf("unsupported", stmt.Span, "SHOW %s is not supported", stmt.Kind)}, nil
}

// hideSecrets returns an object's statement with the values of secret options masked.
func (s *Session) hideSecrets(o *catalog.Object) parser.Stmt {
	if o.Kind != catalog.Table {
		return o.Stmt()
	}
	def := *o.Table
	def.Options = nil
	secret := map[string]bool{}
	for _, opt := range o.Table.Options {
		if opt.Key.Value != "connector" {
			continue
		}
		if spec, ok := s.planner.Connectors.Lookup(opt.Value.Value); ok {
			for _, d := range spec.Options {
				if d.Secret {
					for _, key := range append([]string{d.Key}, d.Aliases...) {
						secret[key] = true
					}
				}
			}
		}
	}
	for _, opt := range o.Table.Options {
		if secret[opt.Key.Value] {
			masked, value := *opt, *opt.Value
			value.Value, masked.Value = "******", &value
			opt = &masked
		}
		def.Options = append(def.Options, opt)
	}
	return &def
}

// likeMatches applies the LIKE or ILIKE of a SHOW: % is any text, _ any character.
func likeMatches(stmt *parser.Show, name string) bool {
	if stmt.Pattern == nil {
		return true
	}
	pattern := stmt.Pattern.Value
	if stmt.ILike {
		pattern, name = strings.ToLower(pattern), strings.ToLower(name)
	}
	return like([]rune(pattern), []rune(name)) != stmt.Not
}

func like(pattern, s []rune) bool {
	if len(pattern) == 0 {
		return len(s) == 0
	}
	switch pattern[0] {
	case '%':
		for i := 0; i <= len(s); i++ {
			if like(pattern[1:], s[i:]) {
				return true
			}
		}
		return false
	case '_':
		return len(s) > 0 && like(pattern[1:], s[1:])
	}
	return len(s) > 0 && s[0] == pattern[0] && like(pattern[1:], s[1:])
}

func (s *Session) describe(stmt *parser.Describe) (*Result, diag.List, error) {
	if stmt.Job != nil {
		for _, j := range s.Jobs() {
			if j.ID == stmt.Job.Value {
				return &Result{Table: &Table{Columns: []string{"job id", "job name", "status", "start time"},
					Rows: [][]string{{j.ID, j.Name, j.Status(), j.Started.Format("2006-01-02T15:04:05.000")}}}}, nil, nil
			}
		}
		return nil, diag.List{diag.Errorf("not-found", stmt.Job.Span, "no job has the id %q", stmt.Job.Value).WithHint("SHOW JOBS lists them")}, nil
	}
	if stmt.Kind == parser.ObjectFunction {
		return s.describeFunction(stmt)
	}
	if stmt.Kind != parser.ObjectTable {
		return nil, diag.List{diag.Errorf("unsupported", stmt.Span, "DESCRIBE %s is not supported", stmt.Kind)}, nil
	}
	c, err := s.planner.Describe(stmt.Name)
	if err != nil {
		return nil, diag.List{err}, nil
	}
	t := &Table{Columns: []string{"name", "type", "null", "key", "extras", "watermark"}}
	for _, f := range c.Fields {
		key := ""
		if slices.Contains(c.Primary, f.Name) {
			key = "PRI(" + strings.Join(c.Primary, ", ") + ")"
		}
		t.Rows = append(t.Rows, []string{f.Name, f.Type.Nullable().String(), strings.ToUpper(fmt.Sprint(!f.Type.NotNull)), key, c.Computed[f.Name], c.Watermark[f.Name]})
	}
	return &Result{Table: t}, nil, nil
}

func (s *Session) stopJob(ctx context.Context, stmt *parser.StopJob) (*Result, diag.List, error) {
	for _, j := range s.Jobs() {
		if j.ID != stmt.ID.Value && !(strings.HasPrefix(j.ID, stmt.ID.Value) && len(stmt.ID.Value) >= 4) {
			continue
		}
		if !stmt.Savepoint {
			if err := j.Stop(ctx, stmt.Drain); err != nil {
				return nil, nil, err
			}
			return &Result{}, nil, nil
		}
		path, err := j.savepoint(ctx, s.planner.Settings.Get(savepointDir), true, stmt.Drain)
		if err != nil {
			return nil, nil, fmt.Errorf("job %s: %w", j.Name, err)
		}
		return &Result{Table: &Table{Columns: []string{"savepoint path"}, Rows: [][]string{{path}}}}, nil, nil
	}
	return nil, diag.List{diag.Errorf("not-found", stmt.ID.Span, "no job has the id %q", stmt.ID.Value).WithHint("SHOW JOBS lists them")}, nil
}
