package expr

import (
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

// fieldNode is a field of a row: the field's own column, NULL also where the row is.
type fieldNode struct {
	expr  *rex.Field
	x     node
	view  types.Vector
	valid types.Bitmap
}

func (sc *scope) compileField(e *rex.Field) (node, error) {
	x, err := sc.compile(e.X)
	if err != nil {
		return nil, err
	}
	return &fieldNode{expr: e, x: x}, nil
}

func (f *fieldNode) source() rex.Expr { return f.expr }

func (f *fieldNode) eval(sc *scope) (*types.Vector, error) {
	row, err := f.x.eval(sc)
	if err != nil {
		return nil, err
	}
	field := row.Children[f.expr.Index]
	if len(row.Valid) == 0 && field.N == sc.n {
		return field, nil
	}
	cut(&f.view, field, sc.n)
	f.valid = f.valid[:0].Grow(sc.n)
	f.valid.And(field.Valid)
	f.valid.And(row.Valid)
	f.view.Valid = f.valid
	return &f.view, nil
}
