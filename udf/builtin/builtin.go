package builtin

import "github.com/weirsql/weir/udf"

// families is every built-in, one line per family. Adding a function is a Spec in its family's list; adding a family
// is a line here.
var families = []func() []udf.Spec{
	operators,
	numerics,
	aggregates,
	temporals,
	stringFunctions,
	regexes,
	hashes,
	conditionals,
	collections,
	jsons,
	tables,
	rcfLab,
	forests,
}

// Register adds all built-in functions and operators to r.
func Register(r *udf.Registry) error {
	for _, family := range families {
		for _, s := range family() {
			if err := r.Register(positional(s)); err != nil {
				return err
			}
		}
	}
	return nil
}

// named are the families whose functions read the names that arguments are given by. Those of the others have no names.
var named = map[string]bool{"anomaly": true}

// positional makes a function refuse arguments that are given by name, which it would take for others.
func positional(s udf.Spec) udf.Spec {
	if named[s.Family] {
		return s
	}
	s.Scalar, s.Aggregate, s.Table = unnamed(s.Scalar), unnamed(s.Aggregate), unnamed(s.Table)
	return s
}

func unnamed[T any](bind func(*udf.Call) (*T, error)) func(*udf.Call) (*T, error) {
	if bind == nil {
		return nil
	}
	return func(c *udf.Call) (*T, error) {
		for i, a := range c.Args {
			if a.Name != "" {
				return nil, udf.NoNamedArg(c.Name, i, a.Name)
			}
		}
		return bind(c)
	}
}
