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
	rcfLab,
	forests,
}

// Register adds all built-in functions and operators to r.
func Register(r *udf.Registry) error {
	for _, family := range families {
		for _, s := range family() {
			if err := r.Register(s); err != nil {
				return err
			}
		}
	}
	return nil
}
