package expr

import (
	"fmt"

	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

// literalNode is a constant. It is written out once, for the largest batch so far; smaller batches see the beginning.
type literalNode struct {
	expr *rex.Literal
	all  *types.Vector
	view types.Vector
}

func newLiteral(e *rex.Literal) (x node, err error) {
	defer func() {
		if r := recover(); r != nil { // AppendValue panics for a value that isn't of the type
			err = fmt.Errorf("literal %s doesn't fit its type %s", e, e.T)
		}
	}()
	l := &literalNode{expr: e, all: types.NewVector(e.T)}
	l.append()
	return l, nil
}

func (l *literalNode) source() rex.Expr { return l.expr }

func (l *literalNode) append() {
	if l.expr.T.Kind.Storage() == types.StoreNone { // an untyped NULL, or a symbol: no values
		l.all.AppendNull()
		return
	}
	l.all.AppendValue(l.expr.Value)
}

func (l *literalNode) eval(sc *scope) (*types.Vector, error) {
	n := sc.n
	for l.all.N < n {
		// Doubling by copying the whole keeps appends out of the loop over rows.
		if k := l.all.N; k <= n-k {
			l.all.AppendRange(l.all, 0, k)
		} else {
			l.all.AppendRange(l.all, 0, n-k)
		}
	}
	if l.all.N == n {
		return l.all, nil
	}
	cut(&l.view, l.all, n)
	return &l.view, nil
}

// cut makes view the first n rows of v.
func cut(view, v *types.Vector, n int) {
	*view = types.Vector{Type: v.Type, N: n, Valid: v.Valid, Data: v.Data, Children: v.Children}
	switch v.Type.Kind.Storage() {
	case types.StoreBool:
		view.Bool = v.Bool[:n]
	case types.StoreI8:
		view.I8 = v.I8[:n]
	case types.StoreI16:
		view.I16 = v.I16[:n]
	case types.StoreI32:
		view.I32 = v.I32[:n]
	case types.StoreI64:
		view.I64 = v.I64[:n]
	case types.StoreF32:
		view.F32 = v.F32[:n]
	case types.StoreF64:
		view.F64 = v.F64[:n]
	case types.StoreDec:
		view.Dec = v.Dec[:n]
	case types.StoreBytes:
		view.Offsets = v.Offsets[:n+1]
		view.Data = v.Data[:v.Offsets[n]]
	case types.StoreList:
		view.Offsets = v.Offsets[:n+1]
	}
}
