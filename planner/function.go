package planner

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner/catalog"
	"github.com/weirsql/weir/udf"
)

// Functions that users create. What a CREATE FUNCTION names is made a function by the loader of its language; the planner
// knows no language. The catalog keeps the statement, with the file it names as an absolute path, and what was found in
// the file at the time: its hash and the function's signature. A function whose file has changed since is refused, so that
// what a job computes changes when somebody says so.

// defaultLanguage is that of a CREATE FUNCTION without LANGUAGE.
const defaultLanguage = "JAVA"

// createFunction checks a function and adds it to the catalog.
func (p *Planner) createFunction(s *parser.CreateFunction) diag.List {
	path := p.functionPath(s.Name, s.System)
	if s.IfNotExists {
		if _, exists := p.Catalog.Lookup(path, catalog.Function); exists {
			return nil
		}
	}
	if spec, taken := p.Functions.Lookup(path.Name); taken && !spec.Own {
		return diag.List{diag.Errorf("exists", s.Name.Span, "%s is a built-in function", spec.Name).
			WithHint("choose another name; a call of %s means the built-in one", spec.Name)}
	}
	if len(s.Using) > 0 {
		return diag.List{unsupported(s.Using[0].Span, "USING %s is not supported", s.Using[0].Kind).
			WithHint("name the file itself: AS 'file:…' LANGUAGE GO or WASM")}
	}
	loaded, err := p.load(s, path, "")
	if err != nil {
		return diag.List{err}
	}
	kept, text := *s, *s.Class
	kept.Class, text.Value = &text, loaded.Text
	o := &catalog.Object{Path: path, Kind: catalog.Function, Temporary: s.Temporary, Function: &kept,
		Found: catalog.Found{Hash: loaded.Hash, Signature: loaded.Signature}}
	if old, exists := p.Catalog.Lookup(path, catalog.Function); exists && !s.Replace && old.Temporary == o.Temporary &&
		definition(old) == definition(o) && old.Found.Hash != o.Found.Hash {
		return diag.List{changed(old, o.Found, s.Name.Span)}
	}
	return p.create(o, s.Name.Span, s.Replace)
}

// functionPath is where a function is kept; system functions belong to no database.
func (p *Planner) functionPath(name *parser.Name, system bool) catalog.Path {
	if system {
		return catalog.Path{Name: name.Last().Name}
	}
	return p.Catalog.Resolve(name.Strings())
}

// load makes the function of a statement; errors stand at what it names.
func (p *Planner) load(s *parser.CreateFunction, path catalog.Path, pinned string) (*udf.Loaded, *diag.Error) {
	language, at := defaultLanguage, s.Class.Span
	if s.Language != nil {
		language, at = s.Language.Name, s.Language.Span
	}
	loader, ok := p.Loaders[language]
	if !ok {
		return nil, unsupported(at, "functions in %s are not supported", language).
			WithHint("languages: %s", strings.Join(p.Loaders.Languages(), ", "))
	}
	loaded, err := loader(udf.Source{Name: path.Name, Text: s.Class.Value, Dir: p.Dir, Pinned: pinned, Limits: udf.Limits{
		Memory: p.Settings.Size("weir.udf.memory-limit"), Time: p.Settings.Duration("weir.udf.timeout")}})
	if err != nil {
		out := diag.Errorf("function", s.Class.Span, "%w", err)
		var le *udf.LoadError
		if errors.As(err, &le) {
			out.Code, out.Hint = le.Code, le.Hint
		}
		return nil, out
	}
	return loaded, nil
}

// function finds the function a call names: one created in the catalog, else a built-in.
func (p *Planner) function(name *parser.Name) (*udf.Spec, *diag.Error) {
	if o, ok := p.created(name); ok {
		return p.userFunction(o, name.Span)
	}
	if len(name.Parts) == 1 {
		if spec, ok := p.Functions.Lookup(name.Parts[0].Name); ok {
			return spec, nil
		}
	}
	text := strings.Join(name.Strings(), ".")
	known := append(p.Functions.Names(), slices.Collect(maps.Keys(groupWindows))...)
	catalogName, database := p.Catalog.Current()
	for _, o := range p.Catalog.Functions(catalogName, database) {
		known = append(known, o.Path.Name)
	}
	err := diag.Errorf("unknown-function", name.Span, "unknown function %q", text)
	if near := diag.Suggest(text, known); near != "" {
		err.WithHint("did you mean %q?", near)
	} else {
		err.WithHint("SHOW FUNCTIONS lists what there is")
	}
	return nil, err
}

// created finds a function that was created: a system one goes before one of the current database, as in Flink.
func (p *Planner) created(name *parser.Name) (*catalog.Object, bool) {
	if len(name.Parts) == 1 {
		if o, ok := p.Catalog.Lookup(p.functionPath(name, true), catalog.Function); ok {
			return o, true
		}
	}
	return p.Catalog.Lookup(p.functionPath(name, false), catalog.Function)
}

// userFunction makes the spec of a function that was created, for use at span.
func (p *Planner) userFunction(o *catalog.Object, span diag.Span) (*udf.Spec, *diag.Error) {
	loaded, err := p.loadCreated(o, span)
	if err != nil {
		return nil, err
	}
	named := loaded.Spec
	named.Name = o.Path.Name
	return &named, nil
}

// loadCreated makes a function again, and checks that it is the one that was created.
func (p *Planner) loadCreated(o *catalog.Object, span diag.Span) (*udf.Loaded, *diag.Error) {
	loaded, err := p.load(o.Function, o.Path, o.Found.Hash)
	if err != nil { // its position is one in the statement that created it
		return nil, &diag.Error{Code: err.Code, Span: span, Msg: "function " + o.Path.Name + ": " + err.Msg, Hint: err.Hint, Err: err.Err}
	}
	if loaded.Hash != o.Found.Hash {
		return nil, changed(o, catalog.Found{Hash: loaded.Hash, Signature: loaded.Signature}, span)
	}
	return loaded, nil
}

// changed says that the file of a function isn't what it was.
func changed(o *catalog.Object, now catalog.Found, span diag.Span) *diag.Error {
	what := "with the same signature"
	if was := o.Found.Signature; was != now.Signature {
		what = "and its signature from " + was + " to " + now.Signature
	}
	temporary := ""
	if o.Temporary {
		temporary = "TEMPORARY "
	}
	return diag.Errorf("function-changed", span, "function %s: %s has changed since the function was created, %s (hash %s, now %s)",
		o.Path.Name, o.Function.Class.Value, what, short(o.Found.Hash), short(now.Hash)).
		WithHint("to take what is there now: CREATE OR REPLACE %sFUNCTION %s AS '%s' LANGUAGE %s", temporary, o.Path.Name,
			o.Function.Class.Value, o.Function.Language.Name)
}

// short is as much of a hash as tells it from others.
func short(hash string) string {
	const n = len("sha256:") + 12
	return hash[:min(len(hash), n)]
}

// FunctionInfo is what DESCRIBE FUNCTION shows.
type FunctionInfo struct {
	Spec      *udf.Spec
	System    bool // built in, or created as TEMPORARY SYSTEM
	Temporary bool
	Created   *parser.CreateFunction // nil: built in
	Found     catalog.Found
}

// DescribeFunction finds a function by name, and checks one that was created as a call of it would.
func (p *Planner) DescribeFunction(name *parser.Name) (*FunctionInfo, *diag.Error) {
	spec, err := p.function(name)
	if err != nil {
		return nil, err
	}
	o, ok := p.created(name)
	if !ok {
		return &FunctionInfo{Spec: spec, System: true}, nil
	}
	return &FunctionInfo{Spec: spec, System: o.Function.System, Temporary: o.Temporary, Created: o.Function, Found: o.Found}, nil
}
