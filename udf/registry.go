package udf

import (
	"fmt"
	"slices"
	"strings"
)

// Registry holds functions by name, without regard to case. It is filled before use and not changed by planning;
// a session that registers functions of its own works on a Clone.
type Registry struct {
	byName  map[string]*Spec
	byClass map[string]*Spec
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry {
	return &Registry{byName: map[string]*Spec{}, byClass: map[string]*Spec{}}
}

// Register adds a function under its name and aliases. A name that is taken, or a spec with nothing to call, is an
// error and leaves the registry as it was. A spec with a Class and no Name is only reachable by CREATE FUNCTION.
func (r *Registry) Register(s Spec) error {
	if s.invalid != nil {
		return s.invalid
	}
	kinds := 0
	for _, set := range []bool{s.Scalar != nil, s.Aggregate != nil, s.Table != nil, s.Form != NoForm} {
		if set {
			kinds++
		}
	}
	if kinds != 1 {
		return fmt.Errorf("function %q must have exactly one of Scalar, Aggregate, Table and Form", s.Name)
	}
	var names []string
	if s.Name != "" {
		names = append([]string{s.Name}, s.Aliases...)
	}
	for _, name := range names {
		if other, taken := r.byName[strings.ToUpper(name)]; taken {
			return fmt.Errorf("function %q: there is one of that name already, of the family %q; choose another name", name, other.Family)
		}
	}
	if _, taken := r.byClass[s.Class]; taken && s.Class != "" {
		return fmt.Errorf("class %q is registered already", s.Class)
	}
	for _, name := range names {
		r.byName[strings.ToUpper(name)] = &s
	}
	if s.Class != "" {
		r.byClass[s.Class] = &s
	}
	return nil
}

// Lookup finds a function by name.
func (r *Registry) Lookup(name string) (*Spec, bool) {
	s, ok := r.byName[strings.ToUpper(name)]
	return s, ok
}

// Class finds the function that stands in for a Java class.
func (r *Registry) Class(name string) (*Spec, bool) {
	s, ok := r.byClass[name]
	return s, ok
}

// Names returns the names, aliases included, of all functions that are not hidden, sorted.
func (r *Registry) Names() []string {
	var names []string
	for name, s := range r.byName {
		if !s.Hidden {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Specs returns every function once, sorted by name.
func (r *Registry) Specs() []*Spec {
	seen := map[*Spec]bool{}
	var specs []*Spec
	for _, m := range []map[string]*Spec{r.byName, r.byClass} {
		for _, s := range m {
			if !seen[s] {
				seen[s] = true
				specs = append(specs, s)
			}
		}
	}
	slices.SortFunc(specs, func(a, b *Spec) int { return strings.Compare(a.Name+a.Class, b.Name+b.Class) })
	return specs
}
