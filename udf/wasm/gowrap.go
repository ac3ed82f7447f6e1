package wasm

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/weirsql/weir/types"
)

//go:embed support/support.go
var support string

// wrap writes the code that makes a Go file a module: for every function an export that loops over a batch inside the
// module, calls the function as any Go code would, and allocates nothing for a row. It is a file of the same package as
// the user's and support/support.go.
func (g *goFile) wrap() string {
	w := &wrapper{stateWriter{g: g, b: &strings.Builder{}}}
	w.line("package main\n")
	body := &wrapper{stateWriter{g: g, b: &strings.Builder{}}}
	for _, f := range g.scalars {
		body.scalar(f)
	}
	for _, a := range g.aggs {
		body.aggregate(a)
	}
	if strings.Contains(body.b.String(), "weirslices.") {
		w.line("import weirslices \"slices\"\n")
	}
	if !g.hasMain {
		w.line("func main() {}\n")
	}
	w.b.WriteString(body.b.String())
	return w.b.String()
}

type wrapper struct{ stateWriter }

// open begins an export over a frame.
func (w *wrapper) open(export string) {
	w.line("//go:wasmexport %s", export)
	w.line("func weir_%s(p uint32) (status uint32) {", export)
	w.line("f := weirAt(p)\ndefer weirCatch(f, &status)\nn := int(f.rows)\n_ = n")
}

func (w *wrapper) close() { w.line("return 0\n}\n") }

func vector(t goType) string {
	switch t.text {
	case "string":
		return "weirTextsOf(f, %d)"
	case "[]byte":
		return "weirBinariesOf(f, %d)"
	case "int":
		return "weirValues[int64](f, %d)"
	}
	return "weirValues[" + t.text + "](f, %d)"
}

// columns declares the argument columns a0, a1, … and, of pointers, their validity v0, v1, …
func (w *wrapper) columns(f *goFunc, nulls bool) {
	for k, p := range f.params {
		if f.variadic && k == len(f.params)-1 {
			column := map[string]string{"string": "weirTexts", "[]byte": "weirBinaries", "int": "[]int64"}[p.goType.text]
			if column == "" {
				column = "[]" + p.goType.text
			}
			w.line("var rest []%s\nfor k := %d; k < int(f.columns); k++ { rest = append(rest, %s) }", column, k, strings.Replace(vector(p.goType), "%d", "k", 1))
			if nulls {
				w.line("var restValid []weirBits\nfor k := %d; k < int(f.columns); k++ { restValid = append(restValid, weirBitsAt(f.argument(k).valid, f.rows)) }", k)
			}
			w.line("args := make([]%s, len(rest))", p.goType.text)
			continue
		}
		w.line("a%d := "+vector(p.goType), k, k)
		if nulls {
			w.line("v%d := weirBitsAt(f.argument(%d).valid, f.rows)", k, k)
		}
	}
}

// value is argument column a at row i.
func value(t goType, a string) string {
	switch t.text {
	case "string", "[]byte":
		return a + ".at(i)"
	case "int":
		return "int(" + a + "[i])"
	}
	return a + "[i]"
}

// arguments fetches row i's arguments, and returns the list to call with. null is what becomes of a row in which an argument
// that isn't a pointer is NULL.
func (w *wrapper) arguments(f *goFunc, nulls bool, null string) string {
	var list []string
	for k, p := range f.params {
		switch {
		case f.variadic && k == len(f.params)-1:
			if nulls {
				w.line("missing := false\nfor k := range restValid { missing = missing || !restValid[k].has(i) }\nif missing { %s }", null)
			}
			w.line("for k := range rest { args[k] = %s }", value(p.goType, "rest[k]"))
			list = append(list, "args...")
		case p.pointer:
			w.line("var p%d *%s\nif v%d.has(i) { x := %s; p%d = &x }", k, p.goType.text, k, value(p.goType, fmt.Sprintf("a%d", k)), k)
			list = append(list, fmt.Sprintf("p%d", k))
		default:
			if nulls {
				w.line("if !v%d.has(i) { %s }", k, null)
			}
			list = append(list, value(p.goType, fmt.Sprintf("a%d", k)))
		}
	}
	return strings.Join(list, ", ")
}

// results declares the places of results, and returns the code that makes row i NULL.
func (w *wrapper) results(t goType) (null string) {
	w.line("valid := weirBitsAt(f.result.valid, f.rows)\n_ = valid")
	if isText(t.sql) {
		w.line("offsets := weirOffsets(f)\nout := weirBytes[:0]")
		return "valid.unset(i); offsets[i+1] = uint32(len(out)); continue"
	}
	kind := t.text
	if kind == "int" {
		kind = "int64"
	}
	w.line("out := weirOut[%s](f)", kind)
	return "valid.unset(i); continue"
}

// store calls, and writes the result of row i.
func (w *wrapper) store(f *goFunc, call, null string) {
	switch {
	case f.err:
		w.line("r, err := %s\nif err != nil { return weirFail(f, err.Error()) }", call)
	case f.ok:
		w.line("r, ok := %s\nif !ok { %s }", call, null)
	default:
		w.line("r := %s", call)
	}
	r := "r"
	if f.result.pointer {
		w.line("if r == nil { %s }", null)
		r = "*r"
	}
	switch {
	case isText(f.result.sql):
		w.line("out = append(out, %s...)\noffsets[i+1] = uint32(len(out))", r)
	case f.result.text == "int":
		w.line("out[i] = int64(%s)", r)
	default:
		w.line("out[i] = %s", r)
	}
}

func (w *wrapper) give(t types.Type) {
	if isText(t) {
		w.line("weirGive(f, out)")
	}
}

// scalar writes the export of a function.
func (w *wrapper) scalar(f *goFunc) {
	nulls := f.signature(f.name, false).nulls
	w.open(f.name)
	w.columns(f, nulls)
	null := w.results(f.result)
	w.line("for i := 0; i < n; i++ {\nf.row = uint32(i)")
	if !nulls { // rows with NULLs are NULL already
		w.line("if !valid.has(i) { %s }", null)
	}
	list := w.arguments(f, nulls, null)
	w.store(f, f.name+"("+list+")", null)
	w.line("}")
	w.give(f.result.sql)
	w.close()
}

// aggregate writes the exports of an aggregate: its states are pointers in a slice by group, made with their first row.
func (w *wrapper) aggregate(a *goAggregate) {
	n, states := a.name, "weirStates"+a.name
	w.line("var %s []*%s\n", states, n)
	init := ""
	if a.init {
		init = "s.Init()\n"
	}
	w.line("func weirNew%s() *%s {\ns := new(%s)\n%sreturn s\n}\n", n, n, n, init)
	w.line("func weirState%s(g uint32) *%s {\ns := %s[g]\nif s == nil {\ns = weirNew%s()\n%s[g] = s\n}\nreturn s\n}\n", n, n, states, n, states)
	w.line("//go:wasmexport %s_grow\nfunc weir_%s_grow(n uint32) uint32 {\n%s = append(%s, make([]*%s, int(n)-len(%s))...)\nreturn 0\n}\n", n, n, states, states, n, states)
	w.line("//go:wasmexport %s_reset\nfunc weir_%s_reset(g uint32) uint32 {\n%s[g] = nil\nreturn 0\n}\n", n, n, states)
	w.rows(a, "_add", "Add")
	if a.retract {
		w.rows(a, "_retract", "Retract")
	}

	w.open(n + "_merge")
	w.line("g := weirGroups(f)\nweirState%s(g[0]).Merge(weirState%s(g[1]))", n, n)
	w.close()

	w.open(n + "_result")
	w.line("groups := weirGroups(f)")
	null := w.results(a.result.result)
	w.line("for i := 0; i < n; i++ {\nf.row = uint32(i)")
	w.line("s := %s[groups[i]]\nif s == nil { s = weirNew%s() }", states, n)
	w.store(a.result, "s.Result()", null)
	w.line("}")
	w.give(a.result.result.sql)
	w.close()

	t := w.g.types[n].Name
	w.open(n + "_encode")
	w.line("s := weirState%s(weirGroups(f)[0])\ndst := weirBytes[:0]", n)
	if a.marshal {
		w.line("b, err := s.MarshalBinary()\nif err != nil { return weirFail(f, err.Error()) }\ndst = append(dst, b...)")
	} else {
		w.line("dst = weirPutUint(dst, %d)", w.g.print(t))
		w.encode(t, "(*s)")
	}
	w.line("weirOffsets(f)[1] = uint32(len(dst))\nweirGive(f, dst)")
	w.close()

	w.open(n + "_decode")
	w.line("a0 := weirBinariesOf(f, 0)\ns := weirNew%s()", n)
	if a.marshal {
		w.line("if err := s.UnmarshalBinary(a0.at(0)); err != nil { return weirFail(f, err.Error()) }")
	} else {
		w.line("r := &weirReader{a0.at(0)}")
		w.line("if r.Uint() != %d { return weirFail(f, %q) }", w.g.print(t),
			"it was saved when its fields were others; give them back, or start without the state")
		w.decode(t, "(*s)")
		w.line("r.end()")
	}
	w.line("%s[weirGroups(f)[0]] = s", states)
	w.close()
}

// rows writes an export that passes rows to a method.
func (w *wrapper) rows(a *goAggregate, suffix, method string) {
	nulls := a.signature().nulls
	w.open(a.name + suffix)
	w.line("groups := weirGroups(f)")
	w.columns(a.add, nulls)
	w.line("for i := 0; i < n; i++ {\nf.row = uint32(i)")
	list := w.arguments(a.add, nulls, "continue")
	call := fmt.Sprintf("weirState%s(groups[i]).%s(%s)", a.name, method, list)
	if a.add.err {
		w.line("if err := %s; err != nil { return weirFail(f, err.Error()) }", call)
	} else {
		w.line("%s", call)
	}
	w.line("}")
	w.close()
}
