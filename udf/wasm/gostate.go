package wasm

import (
	"fmt"
	"go/ast"
	"go/token"
	"hash/fnv"
	"slices"
	"strings"
)

// The state of an aggregate is encoded by code that is made for its type: a hash of its layout, then the fields of a struct in order, numbers as
// varints or 8 bytes, text, slices and maps (in the order of their keys) behind their lengths. Types of other packages
// aren't looked into; a state that has some brings MarshalBinary and UnmarshalBinary.

// stateKinds are how plain types are encoded: by which of the wrapper's pairs of functions.
var stateKinds = map[string]string{
	"bool": "Bool", "int": "Int", "int8": "Int", "int16": "Int", "int32": "Int", "int64": "Int", "rune": "Int",
	"uint": "Uint", "uint8": "Uint", "byte": "Uint", "uint16": "Uint", "uint32": "Uint", "uint64": "Uint", "uintptr": "",
	"float32": "Float", "float64": "Float", "string": "Text",
}

// encodable says why a type can't be encoded, nil if it can.
func (g *goFile) encodable(x ast.Expr, of *ast.TypeSpec, inside []string) *fileError {
	refuse := func(what string) *fileError {
		return g.errorf(x.Pos(), "the state of %s has %s, which weir can't keep in checkpoints; give %s the methods MarshalBinary and UnmarshalBinary, or use numbers, text, slices, maps and structs of them",
			of.Name.Name, what, of.Name.Name)
	}
	switch x := x.(type) {
	case *ast.Ident:
		t, declared := g.types[x.Name]
		switch {
		case declared && slices.Contains(inside, x.Name):
			return refuse("the recursive type " + x.Name)
		case declared && t.TypeParams == nil && !t.Assign.IsValid():
			return g.encodable(t.Type, of, append(inside, x.Name))
		case declared || stateKinds[x.Name] == "":
			return refuse("the type " + x.Name)
		}
		return nil
	case *ast.StarExpr:
		return g.encodable(x.X, of, inside)
	case *ast.ParenExpr:
		return g.encodable(x.X, of, inside)
	case *ast.ArrayType:
		return g.encodable(x.Elt, of, inside)
	case *ast.MapType:
		if key := g.underlying(x.Key); stateKinds[key] == "" || key == "bool" {
			return refuse("a map with keys of the type " + g.text(x.Key))
		}
		return g.encodable(x.Value, of, inside)
	case *ast.StructType:
		for _, f := range x.Fields.List {
			for _, id := range f.Names {
				if id.Name == "_" {
					return refuse("a field without a name")
				}
			}
			if err := g.encodable(f.Type, of, inside); err != nil {
				return err
			}
		}
		return nil
	}
	return refuse(g.text(x))
}

// underlying is the name of the plain type behind a type's name; "" if it is none.
func (g *goFile) underlying(x ast.Expr) string {
	for range 10 {
		id, ok := x.(*ast.Ident)
		if !ok {
			return ""
		}
		t, declared := g.types[id.Name]
		if !declared {
			return id.Name
		}
		x = t.Type
	}
	return ""
}

// stateWriter writes the code that encodes and decodes a state.
type stateWriter struct {
	g    *goFile
	b    *strings.Builder
	vars int
}

func (w *stateWriter) name(prefix string) string {
	w.vars++
	return fmt.Sprintf("weir%s%d", prefix, w.vars)
}

func (w *stateWriter) line(format string, args ...any) { fmt.Fprintf(w.b, format+"\n", args...) }

// encode writes code that appends the value v, of type x, to dst.
func (w *stateWriter) encode(x ast.Expr, v string) {
	switch x := x.(type) {
	case *ast.ParenExpr:
		w.encode(x.X, v)
	case *ast.Ident:
		if t, declared := w.g.types[x.Name]; declared {
			w.encode(t.Type, v)
			return
		}
		kind := stateKinds[x.Name]
		w.line("dst = weirPut%s(dst, %s(%s))", kind, stateCast[kind], v)
	case *ast.StarExpr:
		w.line("dst = weirPutBool(dst, %s != nil)\nif %s != nil {", v, v)
		w.encode(x.X, "(*"+v+")")
		w.line("}")
	case *ast.ArrayType:
		i := w.name("I")
		if x.Len == nil {
			w.line("dst = weirPutLen(dst, len(%s), %s == nil)", v, v)
		}
		w.line("for %s := range %s {", i, v)
		w.encode(x.Elt, v+"["+i+"]")
		w.line("}")
	case *ast.MapType:
		keys, k, val := w.name("Keys"), w.name("K"), w.name("V")
		w.line("dst = weirPutLen(dst, len(%s), %s == nil)", v, v)
		w.line("%s := make([]%s, 0, len(%s))", keys, w.g.source(x.Key), v)
		w.line("for %s := range %s { %s = append(%s, %s) }", k, v, keys, keys, k)
		w.line("weirslices.Sort(%s)", keys)
		w.line("for _, %s := range %s {\n%s := %s[%s]", k, keys, val, v, k)
		w.encode(x.Key, k)
		w.encode(x.Value, val)
		w.line("}")
	case *ast.StructType:
		for _, f := range fields(x) {
			w.encode(f.t, v+"."+f.name)
		}
	}
}

// stateCast is what values of a kind are converted to.
var stateCast = map[string]string{"Bool": "bool", "Int": "int64", "Uint": "uint64", "Float": "float64", "Text": "string"}

// decode writes code that reads into the place v, of type x, from r.
func (w *stateWriter) decode(x ast.Expr, v string) {
	switch t := x.(type) {
	case *ast.ParenExpr:
		w.decode(t.X, v)
	case *ast.Ident:
		w.decodeNamed(t, t, v)
	case *ast.StarExpr:
		w.line("if r.Bool() {\n%s = new(%s)", v, w.g.source(t.X))
		w.decode(t.X, "(*"+v+")")
		w.line("}")
	case *ast.ArrayType:
		i := w.name("I")
		if t.Len == nil {
			n := w.name("N")
			w.line("if %s := r.Len(); %s >= 0 {\n%s = make([]%s, %s)", n, n, v, w.g.source(t.Elt), n)
		}
		w.line("for %s := range %s {", i, v)
		w.decode(t.Elt, v+"["+i+"]")
		w.line("}")
		if t.Len == nil {
			w.line("}")
		}
	case *ast.MapType:
		n, k, val := w.name("N"), w.name("K"), w.name("V")
		w.line("if %s := r.Len(); %s >= 0 {\n%s = make(map[%s]%s, %s)", n, n, v, w.g.source(t.Key), w.g.source(t.Value), n)
		w.line("for range %s {\nvar %s %s\nvar %s %s", n, k, w.g.source(t.Key), val, w.g.source(t.Value))
		w.decode(t.Key, k)
		w.decode(t.Value, val)
		w.line("%s[%s] = %s\n}\n}", v, k, val)
	case *ast.StructType:
		for _, f := range fields(t) {
			w.decode(f.t, v+"."+f.name)
		}
	}
}

// decodeNamed decodes a value of the type called name, which is x underneath.
func (w *stateWriter) decodeNamed(name *ast.Ident, x ast.Expr, v string) {
	if id, ok := x.(*ast.Ident); ok {
		if t, declared := w.g.types[id.Name]; declared {
			w.decodeNamed(name, t.Type, v)
			return
		}
		w.line("%s = %s(r.%s())", v, name.Name, stateKinds[id.Name])
		return
	}
	w.decode(x, v)
}

// layout describes how a value of a type is encoded.
func (g *goFile) layout(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.ParenExpr:
		return g.layout(x.X)
	case *ast.Ident:
		if t, declared := g.types[x.Name]; declared {
			return g.layout(t.Type)
		}
		return x.Name
	case *ast.StarExpr:
		return "*" + g.layout(x.X)
	case *ast.ArrayType:
		if x.Len == nil {
			return "[]" + g.layout(x.Elt)
		}
		return "[" + g.source(x.Len) + "]" + g.layout(x.Elt)
	case *ast.MapType:
		return "map[" + g.layout(x.Key) + "]" + g.layout(x.Value)
	case *ast.StructType:
		all := "struct{"
		for _, f := range fields(x) {
			all += f.name + " " + g.layout(f.t) + ";"
		}
		return all + "}"
	}
	return g.text(x)
}

// print is what states of a type begin with, so that one of another layout is not misread.
func (g *goFile) print(x ast.Expr) uint32 {
	h := fnv.New32a()
	h.Write([]byte(g.layout(x)))
	return h.Sum32()
}

type field struct {
	name string
	t    ast.Expr
}

// fields lists a struct's fields, embedded ones under their type's name.
func fields(x *ast.StructType) []field {
	var all []field
	for _, f := range x.Fields.List {
		for _, id := range f.Names {
			all = append(all, field{id.Name, f.Type})
		}
		if len(f.Names) == 0 {
			t := f.Type
			if star, ok := t.(*ast.StarExpr); ok {
				t = star.X
			}
			if id, ok := t.(*ast.Ident); ok {
				all = append(all, field{id.Name, f.Type})
			}
		}
	}
	return all
}

// source is a type as it stands in the file.
func (g *goFile) source(x ast.Expr) string {
	from, to := g.offset(x.Pos()), g.offset(x.End())
	return string(g.content[from:to])
}

func (g *goFile) offset(p token.Pos) int { return g.set.Position(p).Offset }
