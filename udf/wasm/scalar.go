package wasm

import (
	"fmt"
	"sync"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/cast"
)

// spec describes a function of the library for the planner.
func (l *library) spec(sig *signature, src udf.Source) udf.Spec {
	d := l.docs[sig.name]
	spec := udf.Spec{Name: src.Name, Family: "user-defined", Usage: []string{sig.usage(src.Name)}, Summary: d.summary,
		Examples: d.examples, NonDeterministic: sig.random}
	if !sig.variadic {
		for _, p := range sig.params {
			spec.Params = append(spec.Params, p.name)
		}
	}
	if sig.aggregate {
		spec.Aggregate = func(c *udf.Call) (*udf.BoundAggregate, error) {
			args, err := sig.bind(c)
			if err != nil {
				return nil, err
			}
			return &udf.BoundAggregate{Args: args, Result: sig.result, AppendOnly: !sig.retract, New: func(retract bool) udf.Accumulator {
				return newAccumulator(l.module, sig, src.Limits, args, retract)
			}}, nil
		}
		return spec
	}
	spec.Scalar = func(c *udf.Call) (*udf.BoundScalar, error) {
		args, err := sig.bind(c)
		if err != nil {
			return nil, err
		}
		s := &scalar{module: l.module, sig: sig, limits: src.Limits}
		nulls, result := udf.NullIfAny, sig.result
		if sig.nulls {
			nulls = udf.NullsSeen
		}
		for _, a := range c.Args {
			result.NotNull = result.NotNull && (a.Type.NotNull || sig.nulls)
		}
		return &udf.BoundScalar{Args: args, Result: result, Nulls: nulls, Fallible: true, Eval: s.eval}, nil
	}
	return spec
}

// bind returns what a call's arguments are converted to.
func (s *signature) bind(c *udf.Call) ([]types.Type, error) {
	fixed := len(s.params)
	if s.variadic {
		fixed--
	}
	if n := len(c.Args); n < fixed || n > fixed && !s.variadic {
		takes := fmt.Sprintf("%d arguments", fixed)
		if fixed == 1 {
			takes = "1 argument"
		}
		if s.variadic {
			takes = "at least " + takes
		}
		return nil, udf.Errorf(-1, "%s takes %s, found %d", c.Name, takes, n)
	}
	args := make([]types.Type, len(c.Args))
	for i, a := range c.Args {
		p := s.params[min(i, len(s.params)-1)]
		switch {
		case a.Name != "":
			return nil, udf.NoNamedArg(c.Name, i, a.Name)
		case !cast.Implicit(a.Type, p.t):
			return nil, udf.Errorf(i, "%s takes %s for %s, found %s", c.Name, typeName(p.t), p.name, a.Type.Nullable())
		}
		args[i] = p.t
	}
	return args, nil
}

// scalar is a function bound to a call. Subtasks evaluate it at the same time, each with an instance that it takes from
// the free ones and gives back; there are as many as subtasks.
type scalar struct {
	module *module
	sig    *signature
	limits udf.Limits

	mu   sync.Mutex
	free []*instance
}

func (s *scalar) instance() (*instance, error) {
	s.mu.Lock()
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		s.mu.Unlock()
		return i, nil
	}
	s.mu.Unlock()
	return s.module.open(s.limits)
}

// eval is the function's udf.Eval.
func (s *scalar) eval(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	i, err := s.instance()
	if err != nil {
		return err
	}
	if err := i.scalar(s.sig.name, args, out, n); err != nil {
		i.close()
		return err
	}
	s.mu.Lock()
	s.free = append(s.free, i)
	s.mu.Unlock()
	return nil
}

// scalar computes n rows.
func (i *instance) scalar(name string, args []*types.Vector, out *types.Vector, n int) error {
	f, err := i.begin(frameSize(n, args, out.Type, false), n, len(args))
	if err != nil {
		return err
	}
	for k, a := range args {
		f.argument(k, a, n)
	}
	f.result(out.Type, out.Valid, n)
	status, err := i.call(name, f.at)
	if err := i.finish(&f, n, status, err); err != nil {
		return err
	}
	return i.take(&f, out, 0, n)
}
