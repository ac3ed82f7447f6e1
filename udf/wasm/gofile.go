package wasm

import (
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/scanner"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// goFile is what a user's Go file has: functions, and types that are aggregates.
type goFile struct {
	name      string // as the user wrote it
	content   []byte
	set       *token.FileSet
	file      *ast.File
	scalars   []*goFunc
	aggs      []*goAggregate
	unfit     []*fileError // exported functions that SQL can't call, and why
	unfitName []string
	hasMain   bool
	random    bool // it imports math/rand

	types map[string]*ast.TypeSpec // declared in the file
}

// goFunc is an exported function, or a method of an aggregate.
type goFunc struct {
	name     string
	params   []goParam
	variadic bool
	result   goType
	ok       bool // followed by a bool: false is NULL
	err      bool // followed by an error
	doc      doc
}

type goParam struct {
	name string
	goType
}

// goType is a type that crosses the border.
type goType struct {
	text    string // without the *
	pointer bool
	sql     types.Type
}

// goAggregate is an exported type with the methods of an aggregate.
type goAggregate struct {
	name    string
	add     *goFunc
	result  *goFunc
	retract bool
	init    bool
	marshal bool // it has MarshalBinary and UnmarshalBinary
	doc     doc
}

// fileError is a mistake in a Go file.
type fileError struct {
	pos token.Position
	msg string
}

func (e *fileError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.pos.Filename, e.pos.Line, e.pos.Column, e.msg)
}

// goTypes are the Go types that stand for SQL types.
var goTypes = map[string]types.Type{
	"bool": types.BooleanType, "int8": types.TinyIntType, "int16": types.SmallIntType, "int32": types.IntType,
	"int": types.BigIntType, "int64": types.BigIntType, "float32": types.FloatType, "float64": types.DoubleType,
	"string": types.StringType, "[]byte": types.BytesType,
}

const goTypeNames = "bool, int8, int16, int32, int64, int, float32, float64, string, []byte, or a pointer to one of these"

// readGo parses a Go file and finds its functions.
func readGo(name string, content []byte) (*goFile, error) {
	g := &goFile{name: name, content: content, set: token.NewFileSet(), types: map[string]*ast.TypeSpec{}}
	var err error
	g.file, err = parser.ParseFile(g.set, name, content, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		var list scanner.ErrorList
		if l, ok := err.(scanner.ErrorList); ok {
			list = l
			lines := make([]string, len(list))
			for i, e := range list {
				lines[i] = (&fileError{e.Pos, e.Msg}).Error()
			}
			return nil, refusedGo(name, strings.Join(lines, "\n"))
		}
		return nil, err
	}
	if err := g.restrict(); err != nil {
		return nil, err
	}
	if fault := g.hides(); fault != nil {
		return nil, refusedGo(name, fault.Error()).WithHint("give it another name")
	}
	methods := map[string][]*ast.FuncDecl{}
	for _, d := range g.file.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok {
					g.types[t.Name.Name] = t
					if t.Doc == nil {
						t.Doc = d.Doc
					}
				}
			}
		case *ast.FuncDecl:
			if d.Recv == nil {
				g.hasMain = g.hasMain || d.Name.Name == "main"
			} else if name := receiver(d); name != "" {
				methods[name] = append(methods[name], d)
			}
		}
	}
	for _, d := range g.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv != nil || !d.Name.IsExported() {
				continue
			}
			f, fault := g.function(d)
			if fault != nil {
				g.unfit, g.unfitName = append(g.unfit, fault), append(g.unfitName, d.Name.Name)
				continue
			}
			f.doc = readDoc(d.Doc, d.Name.Name)
			g.scalars = append(g.scalars, f)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok && t.Name.IsExported() {
					g.aggregate(t, methods[t.Name.Name])
				}
			}
		}
	}
	return g, nil
}

// refusedGo is the error of a Go file with mistakes, one a line.
func refusedGo(name, lines string) *udf.LoadError {
	return udf.LoadErrorf("function", "%s has mistakes:\n  %s", name, strings.ReplaceAll(strings.TrimSpace(lines), "\n", "\n  "))
}

func (g *goFile) errorf(pos token.Pos, format string, args ...any) *fileError {
	return &fileError{g.set.Position(pos), fmt.Sprintf(format, args...)}
}

// What functions can't use, and what they do instead.
var (
	forbidden = map[string]string{
		"C": "cgo can't be compiled to WebAssembly", "crypto/rand": "there is no source of randomness",
		"net": "functions have no network", "os": "functions have no files and no environment",
		"plugin": "functions can't load code", "syscall": "functions have no operating system", "testing": "put tests into a file of their own",
	}
	harmless = []string{"net/url", "net/netip", "net/mail", "net/textproto"}
	clocked  = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
)

// restrict refuses imports of what functions don't have.
func (g *goFile) restrict() error {
	clock := ""
	for _, imp := range g.file.Imports {
		p, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			continue // the compiler says so
		}
		first, _, _ := strings.Cut(p, "/")
		why := forbidden[p]
		if why == "" && !slices.Contains(harmless, p) {
			why = forbidden[first]
		}
		switch {
		case strings.Contains(first, "."):
			return refusedGo(g.name, g.errorf(imp.Pos(), "import %q: only the standard library can be imported", p).Error()).
				WithHint("copy what is needed into the file, or build a weir with the function in it: docs/udf-go.md")
		case why != "":
			return refusedGo(g.name, g.errorf(imp.Pos(), "import %q: %s", p, why).Error())
		case p == "math/rand", p == "math/rand/v2":
			g.random = true
		case p == "time":
			clock = "time"
			if imp.Name != nil {
				clock = imp.Name.Name
			}
		}
	}
	var fault *fileError
	ast.Inspect(g.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && clock != "" && fault == nil {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == clock && slices.Contains(clocked, sel.Sel.Name) {
				fault = g.errorf(sel.Pos(), "time.%s: functions have no clock", sel.Sel.Name)
			}
		}
		return true
	})
	if fault != nil {
		return refusedGo(g.name, fault.Error()).WithHint("pass the time as an argument, such as CURRENT_TIMESTAMP")
	}
	return nil
}

// predeclared are the names that weir's part of the package uses as Go declares them.
var predeclared = []string{"any", "append", "bool", "byte", "error", "false", "float32", "float64", "int", "int8", "int16", "int32", "int64", "len",
	"make", "new", "nil", "panic", "recover", "string", "true", "uint", "uint32", "uint64", "uintptr"}

// hides looks for declarations that would hide predeclared names.
func (g *goFile) hides() *fileError {
	var names []*ast.Ident
	for _, d := range g.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names = append(names, d.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, spec.Name)
				case *ast.ValueSpec:
					names = append(names, spec.Names...)
				}
			}
		}
	}
	for _, id := range names {
		if slices.Contains(predeclared, id.Name) {
			return g.errorf(id.Pos(), "%s hides Go's own %s, which the code that weir adds to the package needs", id.Name, id.Name)
		}
	}
	return nil
}

// receiver is the name of the type that a method belongs to; "" for generic ones.
func receiver(d *ast.FuncDecl) string {
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// function reads a signature.
func (g *goFile) function(d *ast.FuncDecl) (*goFunc, *fileError) {
	f := &goFunc{name: d.Name.Name}
	if d.Type.TypeParams != nil {
		return nil, g.errorf(d.Name.Pos(), "%s has type parameters; SQL calls functions of concrete types", f.name)
	}
	for _, field := range d.Type.Params.List {
		x := field.Type
		if e, ok := x.(*ast.Ellipsis); ok {
			f.variadic, x = true, e.Elt
		}
		t, ok := g.border(x)
		if !ok {
			return nil, g.errorf(field.Pos(), "%s takes %s, which has no SQL type; it can take %s", f.name, g.text(x), goTypeNames)
		}
		if f.variadic && t.pointer {
			return nil, g.errorf(field.Pos(), "%s takes any number of pointers; it can take any number of %s", f.name, t.text)
		}
		names := field.Names
		if len(names) == 0 {
			names = []*ast.Ident{{Name: "_"}}
		}
		for _, id := range names {
			name := id.Name
			if name == "_" {
				name = fmt.Sprintf("a%d", len(f.params)+1)
			}
			f.params = append(f.params, goParam{name, t})
		}
	}
	var results []ast.Expr
	if d.Type.Results != nil {
		for _, field := range d.Type.Results.List {
			for range max(1, len(field.Names)) {
				results = append(results, field.Type)
			}
		}
	}
	if d.Recv != nil && d.Name.Name != "Result" { // Add and Retract
		f.err = len(results) == 1 && isIdent(results[0], "error")
		if len(results) > 0 && !f.err {
			return nil, g.errorf(d.Name.Pos(), "%s gives %s; it can give nothing, or an error", f.name, g.text(results[0]))
		}
		return f, nil
	}
	ok := false
	if len(results) > 0 {
		f.result, ok = g.border(results[0])
	}
	switch {
	case !ok:
		return nil, g.errorf(d.Name.Pos(), "%s doesn't give a value that has an SQL type; it can give %s", f.name, goTypeNames)
	case len(results) == 1:
	case len(results) == 2 && isIdent(results[1], "error"):
		f.err = true
	case len(results) == 2 && isIdent(results[1], "bool"):
		f.ok = true
	default:
		return nil, g.errorf(d.Name.Pos(), "%s gives %d values; it can give one, and then an error, or a bool that is false for NULL", f.name, len(results))
	}
	return f, nil
}

func isIdent(x ast.Expr, name string) bool {
	id, ok := x.(*ast.Ident)
	return ok && id.Name == name
}

// border finds the SQL type of a Go type.
func (g *goFile) border(x ast.Expr) (goType, bool) {
	star, pointer := x.(*ast.StarExpr)
	if pointer {
		x = star.X
	}
	text := g.text(x)
	if text == "[]uint8" {
		text = "[]byte"
	}
	sql, ok := goTypes[text]
	if _, shadowed := g.types[text]; shadowed {
		ok = false
	}
	return goType{text, pointer, sql}, ok
}

// text is an expression's source.
func (g *goFile) text(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.StarExpr:
		return "*" + g.text(x.X)
	case *ast.SelectorExpr:
		return g.text(x.X) + "." + x.Sel.Name
	case *ast.ArrayType:
		if x.Len == nil {
			return "[]" + g.text(x.Elt)
		}
		return "[" + g.text(x.Len) + "]" + g.text(x.Elt)
	case *ast.MapType:
		return "map[" + g.text(x.Key) + "]" + g.text(x.Value)
	case *ast.BasicLit:
		return x.Value
	case *ast.InterfaceType:
		return "an interface"
	case *ast.FuncType:
		return "a function"
	case *ast.StructType:
		return "a struct"
	case *ast.ChanType:
		return "a channel"
	}
	return "this type"
}

// listed is the types of parameters or results, with commas.
func (g *goFile) listed(list *ast.FieldList) string {
	var all []string
	if list != nil {
		for _, f := range list.List {
			for range max(1, len(f.Names)) {
				all = append(all, strings.Replace(g.text(f.Type), "[]uint8", "[]byte", 1))
			}
		}
	}
	return strings.Join(all, ", ")
}

// aggregate reads an exported type; one without Add and Result is none.
func (g *goFile) aggregate(t *ast.TypeSpec, methods []*ast.FuncDecl) {
	find := func(name string) *ast.FuncDecl {
		i := slices.IndexFunc(methods, func(m *ast.FuncDecl) bool { return m.Name.Name == name })
		if i < 0 {
			return nil
		}
		return methods[i]
	}
	add, result := find("Add"), find("Result")
	if add == nil || result == nil {
		return
	}
	a := &goAggregate{name: t.Name.Name, init: find("Init") != nil, doc: readDoc(t.Doc, t.Name.Name),
		marshal: find("MarshalBinary") != nil && find("UnmarshalBinary") != nil}
	fault := func() (fault *fileError) {
		if t.TypeParams != nil {
			return g.errorf(t.Pos(), "%s has type parameters; SQL calls functions of concrete types", a.name)
		}
		if a.add, fault = g.function(add); fault != nil {
			return fault
		}
		if a.add.variadic {
			return g.errorf(add.Pos(), "%s.Add takes any number of arguments; an aggregate takes a fixed number", a.name)
		}
		if a.result, fault = g.function(result); fault != nil {
			return fault
		}
		if len(a.result.params) > 0 {
			return g.errorf(result.Pos(), "%s.Result takes arguments; it takes none", a.name)
		}
		merge := find("Merge")
		if merge == nil || len(merge.Type.Params.List) != 1 || g.text(merge.Type.Params.List[0].Type) != "*"+a.name || merge.Type.Results != nil {
			return g.errorf(t.Pos(), "%s has no method Merge(other *%s), which adds what another has seen: windows merge partial results", a.name, a.name)
		}
		if retract := find("Retract"); retract != nil {
			r, fault := g.function(retract)
			if fault != nil {
				return fault
			}
			same := func(p, q goParam) bool { return p.goType.text == q.goType.text && p.pointer == q.pointer }
			if r.err != a.add.err || !slices.EqualFunc(r.params, a.add.params, same) {
				return g.errorf(retract.Pos(), "%s.Retract must take and give the same as %s.Add", a.name, a.name)
			}
			a.retract = true
		}
		for _, m := range []struct{ name, params, results string }{
			{"Init", "", ""}, {"MarshalBinary", "", "[]byte, error"}, {"UnmarshalBinary", "[]byte", "error"},
		} {
			if d := find(m.name); d != nil && (m.name == "Init" || a.marshal) && (g.listed(d.Type.Params) != m.params || g.listed(d.Type.Results) != m.results) {
				return g.errorf(d.Pos(), "%s.%s takes (%s) and gives (%s); it must take (%s) and give (%s)", a.name, m.name,
					g.listed(d.Type.Params), g.listed(d.Type.Results), m.params, m.results)
			}
		}
		if !a.marshal {
			return g.encodable(t.Type, t, nil)
		}
		return nil
	}()
	if fault != nil {
		g.unfit, g.unfitName = append(g.unfit, fault), append(g.unfitName, a.name)
		return
	}
	g.aggs = append(g.aggs, a)
}

// signature is how the module describes a function.
func (f *goFunc) signature(name string, random bool) *signature {
	s := &signature{name: name, variadic: f.variadic, result: f.result.sql, random: random}
	s.result.NotNull = !f.ok && !f.result.pointer
	for _, p := range f.params {
		s.params = append(s.params, param{p.name, p.sql})
		s.nulls = s.nulls || p.pointer
	}
	s.result.NotNull = s.result.NotNull && !(s.nulls && slices.ContainsFunc(f.params, func(p goParam) bool { return !p.pointer }))
	return s
}

func (a *goAggregate) signature() *signature {
	s := a.add.signature(a.name, false)
	s.aggregate, s.retract, s.result = true, a.retract, a.result.result.sql
	s.result.NotNull = !a.result.ok && !a.result.result.pointer
	return s
}

// signatures describes all functions of the file.
func (g *goFile) signatures() []*signature {
	var all []*signature
	for _, f := range g.scalars {
		all = append(all, f.signature(f.name, g.random))
	}
	for _, a := range g.aggs {
		all = append(all, a.signature())
	}
	return all
}

// docs are the doc comments of the file's functions.
func (g *goFile) docs() map[string]doc {
	docs := map[string]doc{}
	for _, f := range g.scalars {
		docs[f.name] = f.doc
	}
	for _, a := range g.aggs {
		docs[a.name] = a.doc
	}
	return docs
}

// readDoc takes the first sentence and the examples from a doc comment.
func readDoc(group *ast.CommentGroup, name string) doc {
	if group == nil {
		return doc{}
	}
	text := group.Text()
	var d doc
	var p comment.Parser
	for _, block := range p.Parse(text).Content {
		if para, ok := block.(*comment.Paragraph); ok && d.summary == "" {
			var b strings.Builder
			for _, t := range para.Text {
				if plain, ok := t.(comment.Plain); ok {
					b.WriteString(string(plain))
				}
			}
			first, _, _ := strings.Cut(strings.ReplaceAll(b.String(), "\n", " ")+" ", ". ")
			d.summary = strings.TrimSuffix(strings.TrimSpace(first), ".") + "."
		}
	}
	for _, e := range readExamples(text, []string{name}) {
		d.examples = append(d.examples, udf.Example{SQL: e.SQL, Result: e.text()})
	}
	return d
}
