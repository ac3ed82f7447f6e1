package planner

import (
	"time"

	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// fold evaluates a call or cast whose operands are all constants. What fails or panics stays as it is: the error then
// belongs to the run, and only if a row reaches it.
func (p *Planner) fold(e rex.Expr) rex.Expr {
	var args []rex.Expr
	var eval udf.Eval
	nulls := udf.NullIfAny
	switch x := e.(type) {
	case *rex.Call:
		if x.Fn.Eval == nil || x.Spec.NonDeterministic && !x.Fn.Deterministic {
			return e
		}
		args, eval, nulls = x.Args, x.Fn.Eval, x.Fn.Nulls
	case *rex.Cast:
		args = []rex.Expr{x.X}
		eval = func(ctx *udf.Context, in []*types.Vector, out *types.Vector, n int) error {
			err := x.Kernel.Eval(ctx, in[0], out, n)
			if err != nil && x.Try {
				out.Reset()
				out.AppendNull()
				return nil
			}
			return err
		}
	default:
		return e
	}
	in := make([]*types.Vector, len(args))
	anyNull := false
	for i, a := range args {
		l, ok := a.(*rex.Literal)
		if !ok {
			return e
		}
		in[i] = types.NewVector(l.T)
		if l.T.Kind == types.Symbol {
			in[i].AppendNull()
			continue
		}
		in[i].AppendValue(l.Value)
		anyNull = anyNull || l.Value == nil
	}
	t := e.Type()
	if anyNull && nulls == udf.NullIfAny {
		return nullOf(t)
	}
	if t.IsNested() || t.Attr != types.NoTime { // a nested literal has no notation of its own
		return e
	}
	out := types.NewVector(t)
	out.Resize(1)
	if !evaluated(func() error { return eval(p.constContext(), in, out, 1) }) {
		return e
	}
	return &rex.Literal{Value: out.Value(0), T: t}
}

// evaluated reports whether f went well.
func evaluated(f func() error) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return f() == nil
}

// constContext is what functions see while constants are folded: the session's zone, and no time to depend on.
func (p *Planner) constContext() *udf.Context {
	epoch := time.Unix(0, 0).UTC()
	return &udf.Context{Location: p.Settings.Location(), Now: func() time.Time { return epoch }, Started: epoch}
}
