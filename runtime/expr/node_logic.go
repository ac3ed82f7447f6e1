package expr

import (
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

// logicNode is AND or OR under three-valued logic: the deciding value (FALSE for AND, TRUE for OR) wins, else a NULL
// operand makes NULL. Operands that may fail are evaluated on the rows that earlier ones have not decided.
type logicNode struct {
	expr *rex.Logic
	args []operand
	out  *types.Vector
	rows []int32
}

// operand is an expression that is evaluated with the scope it stands in, or (in is not nil) in one of its own.
type operand struct {
	in *scope
	x  node
}

// compileOperand compiles e; first says that it is evaluated on all rows anyway.
func (sc *scope) compileOperand(e rex.Expr, first bool) (o operand, err error) {
	if first || !conditional(e) {
		o.x, err = sc.compile(e)
		return o, err
	}
	o.in, o.x, err = sc.branch(e)
	return o, err
}

func (sc *scope) compileLogic(e *rex.Logic) (node, error) {
	l := &logicNode{expr: e, out: types.NewVector(e.T)}
	for i, a := range e.Args {
		o, err := sc.compileOperand(truth(a), i == 0)
		if err != nil {
			return nil, err
		}
		l.args = append(l.args, o)
	}
	return l, nil
}

func (l *logicNode) source() rex.Expr { return l.expr }

func (l *logicNode) eval(sc *scope) (*types.Vector, error) {
	out, n := l.out, sc.n
	out.Resize(n)
	// While operands are taken in, out.Bool says "not decided" for AND and "decided" for OR, and a cleared bit of
	// out.Valid that some operand was NULL; at the end the deciding value overrides the bit.
	for i := range out.Bool {
		out.Bool[i] = !l.expr.Or
	}
	for _, a := range l.args {
		if a.in == nil {
			v, err := a.x.eval(sc)
			if err != nil {
				return nil, err
			}
			l.takeAll(v, n)
			continue
		}
		l.rows = l.rows[:0]
		for i, b := range out.Bool {
			if b != l.expr.Or {
				l.rows = append(l.rows, int32(i))
			}
		}
		if len(l.rows) == 0 {
			break
		}
		v, err := a.in.evalOn(sc, a.x, l.rows)
		if err != nil {
			return nil, err
		}
		for k, i := range l.rows {
			switch {
			case v.IsNull(k):
				out.SetNull(int(i))
			default:
				out.Bool[i] = v.Bool[k]
			}
		}
	}
	if len(out.Valid) > 0 {
		for i, b := range out.Bool {
			if b == l.expr.Or {
				out.Valid.Set(i)
			}
		}
	}
	return out, nil
}

func (l *logicNode) takeAll(v *types.Vector, n int) {
	out, x := l.out.Bool[:n], v.Bool[:n]
	nulls := !v.Valid.AllValid(n)
	switch {
	case !nulls && l.expr.Or:
		for i, b := range x {
			out[i] = out[i] || b
		}
	case !nulls:
		for i, b := range x {
			out[i] = out[i] && b
		}
	default:
		l.out.Valid = l.out.Valid.Grow(n)
		l.out.Valid.And(v.Valid)
		for i, b := range x {
			if valid := v.Valid.Get(i); l.expr.Or {
				out[i] = out[i] || b && valid
			} else {
				out[i] = out[i] && (b || !valid)
			}
		}
	}
}
