package connectors

import (
	"errors"
	"fmt"

	"github.com/weirsql/weir/connectors/format"
)

// Registry holds connectors by name, and the formats they can use.
type Registry struct {
	Formats *format.Registry
	specs   map[string]*Spec
	names   []string
}

// NewRegistry returns a registry of these connectors; a name twice is an error.
func NewRegistry(formats *format.Registry, specs ...*Spec) (*Registry, error) {
	r := &Registry{Formats: formats, specs: map[string]*Spec{}}
	for _, s := range specs {
		if s.Name == "" {
			return nil, errors.New("a connector needs a name")
		}
		for _, name := range append([]string{s.Name}, s.Aliases...) {
			if _, taken := r.specs[name]; taken {
				return nil, fmt.Errorf("connector %q is registered already", name)
			}
			r.specs[name] = s
		}
		r.names = append(r.names, s.Name)
	}
	return r, nil
}

// Lookup finds a connector by name or alias.
func (r *Registry) Lookup(name string) (*Spec, bool) {
	s, ok := r.specs[name]
	return s, ok
}

// Names lists the connectors in the order of registration.
func (r *Registry) Names() []string { return r.names }
