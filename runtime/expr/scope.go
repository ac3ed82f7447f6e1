package expr

import (
	"errors"
	"fmt"
	"slices"

	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// node is a compiled expression. eval returns a vector of sc.n values that stays valid and unchanged until the node's
// next eval; nobody may write to it but the node. The scope is always the one the node was compiled in.
type node interface {
	eval(sc *scope) (*types.Vector, error)
	// source is what the node was compiled from.
	source() rex.Expr
}

// scope is a set of rows over which expressions are evaluated densely: the rows of the batch that count, or those of an
// enclosing scope that need a conditional branch. Each branch that is evaluated on part of the rows has a scope, and
// with it buffers, of its own.
type scope struct {
	program *Program
	reads   []int           // the input columns that nodes of the scope or of scopes inside read
	input   []*types.Vector // by input column, where in reads
	own     []*types.Vector // by input column: the buffer behind input when rows are gathered
	n       int
	rows    []int32 // the row of the enclosing scope, or of the batch, that is row i here; nil: i
	pass    uint64  // number of the evaluation, so that shared nodes know what they have computed
	shared  map[string][]*sharedNode
}

func newScope(p *Program) *scope { return &scope{program: p, shared: map[string][]*sharedNode{}} }

// enter makes the rows of the given columns the scope's rows.
func (sc *scope) enter(cols []*types.Vector, rows []int32, n int) {
	sc.pass++
	sc.n, sc.rows = n, rows
	for _, c := range sc.reads {
		if rows == nil {
			sc.input[c] = cols[c]
			continue
		}
		if sc.own[c] == nil {
			sc.own[c] = types.NewVector(cols[c].Type)
		}
		sc.own[c].Reset()
		sc.own[c].AppendSelected(cols[c], rows)
		sc.input[c] = sc.own[c]
	}
}

// evalOn evaluates a node of the scope on some rows of the enclosing scope; nil: on all.
func (sc *scope) evalOn(outer *scope, x node, rows []int32) (*types.Vector, error) {
	n := outer.n
	if rows != nil {
		n = len(rows)
	}
	sc.enter(outer.input, rows, n)
	v, err := x.eval(sc)
	if err != nil {
		return nil, sc.outward(err)
	}
	return v, nil
}

// outward turns the row that an error names into a row of the enclosing scope.
func (sc *scope) outward(err error) error {
	var row *udf.RowError
	if sc.rows == nil || !errors.As(err, &row) || row.Row < 0 || row.Row >= len(sc.rows) {
		return err
	}
	return &udf.RowError{Row: int(sc.rows[row.Row]), Err: row.Err}
}

// read notes that a node reads an input column.
func (sc *scope) read(column int) {
	if slices.Contains(sc.reads, column) {
		return
	}
	sc.reads = append(sc.reads, column)
	for len(sc.input) <= column {
		sc.input, sc.own = append(sc.input, nil), append(sc.own, nil)
	}
}

// branch compiles an expression that is evaluated on part of the rows only, in a scope of its own.
func (sc *scope) branch(e rex.Expr) (*scope, node, error) {
	in := newScope(sc.program)
	x, err := in.compile(e)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range in.reads {
		sc.read(c)
	}
	return in, x, nil
}

// compile compiles an expression. A deterministic one that the scope has already is not computed twice.
func (sc *scope) compile(e rex.Expr) (node, error) {
	switch e := e.(type) {
	case *rex.Column:
		sc.read(e.Index)
		return &columnNode{e}, nil
	case *rex.Literal:
		return newLiteral(e)
	}
	text := e.String()
	deterministic := rex.Deterministic(e)
	if deterministic {
		for _, s := range sc.shared[text] {
			if rex.Equal(s.source(), e) {
				s.uses++
				return s, nil
			}
		}
	}
	x, err := sc.compileNew(e)
	if err != nil || !deterministic {
		return x, err
	}
	s := &sharedNode{node: x, uses: 1}
	sc.shared[text] = append(sc.shared[text], s)
	return s, nil
}

// truth is e where a BOOLEAN is wanted: an untyped NULL, which has no values at all, becomes one.
func truth(e rex.Expr) rex.Expr {
	if e.Type().Kind == types.Null {
		return &rex.Literal{T: types.BooleanType}
	}
	return e
}

func (sc *scope) compileNew(e rex.Expr) (node, error) {
	switch e := e.(type) {
	case *rex.Call:
		return sc.compileCall(e)
	case *rex.Case:
		return sc.compileCase(e)
	case *rex.Cast:
		return sc.compileCast(e)
	case *rex.Coalesce:
		return sc.compileCoalesce(e)
	case *rex.Field:
		return sc.compileField(e)
	case *rex.In:
		return sc.compileIn(e)
	case *rex.Logic:
		return sc.compileLogic(e)
	}
	return nil, fmt.Errorf("expression %s can't be evaluated: there is no code for a %T", e, e)
}

func (sc *scope) compileAll(es []rex.Expr) ([]node, error) {
	nodes := make([]node, len(es))
	for i, e := range es {
		var err error
		if nodes[i], err = sc.compile(e); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

// sharedNode evaluates its node once per evaluation of the scope, however often it occurs.
type sharedNode struct {
	node
	uses int
	pass uint64
	v    *types.Vector
}

func (s *sharedNode) eval(sc *scope) (*types.Vector, error) {
	if s.uses == 1 {
		return s.node.eval(sc)
	}
	if s.pass != sc.pass {
		v, err := s.node.eval(sc)
		if err != nil {
			return nil, err
		}
		s.v, s.pass = v, sc.pass
	}
	return s.v, nil
}

// columnNode is a column of the input.
type columnNode struct{ expr *rex.Column }

func (c *columnNode) source() rex.Expr { return c.expr }

func (c *columnNode) eval(sc *scope) (*types.Vector, error) { return sc.input[c.expr.Index], nil }

// conditional reports whether an expression must be evaluated only on the rows that need it: it may fail on the others,
// or would count them.
func conditional(e rex.Expr) bool { return rex.Fallible(e) }
