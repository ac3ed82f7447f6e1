// Package yamlfile reads YAML that people write, and JSON, which is YAML: all mistakes of a file are told at once, each with its
// line and column and, where it is known, what to do. The shapes are those that files of settings have; what the values mean is
// the caller's. Start reading at File.
package yamlfile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/weirsql/weir/diag"
)

// Error is a mistake in a file. Its text leads with file, line and column.
type Error struct {
	File         string
	Line, Column int // from 1; 0 where they aren't known
	Msg          string
	Hint         string // what to do about it; may be empty
}

func (e *Error) Error() string {
	text := e.File
	if e.Line > 0 {
		text += fmt.Sprintf(":%d", e.Line)
	}
	if e.Column > 0 {
		text += fmt.Sprintf(":%d", e.Column)
	}
	text += ": " + e.Msg
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// File collects the mistakes of a file. Reading goes on after one, so that one look at the file mends them all.
type File struct {
	Name string

	mistakes []*Error
}

// Parse reads the text of a file. root is nil, without an error, when there is nothing in it.
func Parse(name string, text []byte) (f *File, root *yaml.Node, err error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		e := &Error{File: name, Msg: err.Error()}
		if at := (*yaml.LoadError)(nil); errors.As(err, &at) {
			e.Line, e.Column, e.Msg = at.Mark.Line, at.Mark.Column, "not YAML: "+at.Message
		}
		return nil, nil, e
	}
	f = &File{Name: name}
	if len(document.Content) == 0 {
		return f, nil, nil
	}
	return f, Resolve(document.Content[0]), nil
}

// Mistake notes one, at a node's place.
func (f *File) Mistake(n *yaml.Node, hint, format string, args ...any) {
	f.Add(&Error{Line: n.Line, Column: n.Column, Msg: fmt.Sprintf(format, args...), Hint: hint})
}

// Add notes a mistake.
func (f *File) Add(e *Error) {
	e.File = f.Name
	f.mistakes = append(f.mistakes, e)
}

// Mistakes returns how many there are.
func (f *File) Mistakes() int { return len(f.mistakes) }

// Err joins the mistakes in the order of the file, an *Error each; nil if there are none.
func (f *File) Err() error {
	slices.SortStableFunc(f.mistakes, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	errs := make([]error, len(f.mistakes))
	for i, m := range f.mistakes {
		errs[i] = m
	}
	return errors.Join(errs...)
}

// Key is what may stand in a mapping.
type Key struct {
	name     string
	required bool
	read     func(*yaml.Node)
}

// Optional is a key that may be left out. read gets its value, with what an alias stands for in its place.
func Optional(name string, read func(*yaml.Node)) Key { return Key{name: name, read: read} }

// Required is a key that must be there.
func Required(name string, read func(*yaml.Node)) Key { return Key{name, true, read} }

// Mapping reads the keys of a mapping and tells what is unknown, twice there or missing. It is false if there is no mapping.
func (f *File) Mapping(n *yaml.Node, what string, keys []Key) bool {
	var names []string
	for _, k := range keys {
		names = append(names, k.name)
	}
	if n = Resolve(n); n.Kind != yaml.MappingNode {
		f.Mistake(n, "it takes "+strings.Join(names, ", "), "%s is %s, not keys with values", what, Kind(n))
		return false
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		name, value := n.Content[i], Resolve(n.Content[i+1])
		at := slices.Index(names, name.Value)
		switch {
		case at < 0:
			f.Mistake(name, suggest(name.Value, names, "it takes "), "unknown key %q in %s", name.Value, what)
		case seen[name.Value]:
			f.Mistake(name, "leave one of them out", "the key %q stands twice in %s", name.Value, what)
		default:
			keys[at].read(value)
		}
		seen[name.Value] = true
	}
	for _, k := range keys {
		if k.required && !seen[k.name] {
			f.Mistake(n, "", "%s has no %q", what, k.name)
		}
	}
	return true
}

// Entries calls read for the keys of a mapping that may be any, and has one at least.
func (f *File) Entries(n *yaml.Node, what, hint string, read func(name, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		f.Mistake(n, hint, "%s is %s, not keys with values", what, Kind(n))
		return
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		name := n.Content[i]
		if seen[name.Value] {
			f.Mistake(name, "leave one of them out", "the key %q stands twice in %s", name.Value, what)
			continue
		}
		seen[name.Value] = true
		read(name, Resolve(n.Content[i+1]))
	}
}

// Each calls read for the elements of a list.
func (f *File) Each(n *yaml.Node, what string, read func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		f.Mistake(n, "begin each with a dash", "%s is %s, not a list", what, Kind(n))
		return
	}
	for _, element := range n.Content {
		read(Resolve(element))
	}
}

// Resolve returns what an alias stands for.
func Resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// Kind says what a node is, as mistakes do: its value in quotes, or its shape.
func Kind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) > 0:
		return "keys with values"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.MappingNode || n.ShortTag() == "!!null":
		return "empty"
	}
	return strconv.Quote(n.Value)
}

// Suggest is the hint for a name that isn't one of those there are.
func Suggest(name string, names []string) string { return suggest(name, names, "there are ") }

func suggest(name string, names []string, all string) string {
	if near := diag.Suggest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return all + strings.Join(names, ", ")
}
