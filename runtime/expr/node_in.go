package expr

import (
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
)

// inNode is X IN (constants): NULL for a NULL X, and for a miss when one of the constants is NULL.
type inNode struct {
	expr    *rex.In
	x       node
	out     *types.Vector
	hasNull bool
	in      [1]*types.Vector

	ints     map[int64]struct{}
	floats   map[float64]struct{}
	decimals map[decimal128.Num]struct{}
	texts    map[string]struct{}
	others   *types.Vector // nested values, compared one by one
}

func (sc *scope) compileIn(e *rex.In) (node, error) {
	x, err := sc.compile(e.X)
	if err != nil {
		return nil, err
	}
	n := &inNode{
		expr: e, x: x, out: types.NewVector(e.T), ints: map[int64]struct{}{}, floats: map[float64]struct{}{},
		decimals: map[decimal128.Num]struct{}{}, texts: map[string]struct{}{}, others: types.NewVector(e.X.Type()),
	}
	for _, v := range e.Values {
		switch x := v.Value.(type) {
		case nil:
			n.hasNull = true
		case bool:
			if x {
				n.ints[1] = struct{}{}
			} else {
				n.ints[0] = struct{}{}
			}
		case int8:
			n.ints[int64(x)] = struct{}{}
		case int16:
			n.ints[int64(x)] = struct{}{}
		case int32:
			n.ints[int64(x)] = struct{}{}
		case int64:
			n.ints[x] = struct{}{}
		case float32:
			n.floats[float64(x)] = struct{}{}
		case float64:
			n.floats[x] = struct{}{}
		case decimal128.Num:
			n.decimals[x] = struct{}{}
		case string:
			n.texts[x] = struct{}{}
		case []byte:
			n.texts[string(x)] = struct{}{}
		default:
			l, err := newLiteral(v)
			if err != nil {
				return nil, err
			}
			n.others.AppendRow(l.(*literalNode).all, 0)
		}
	}
	return n, nil
}

func (n *inNode) source() rex.Expr { return n.expr }

func (n *inNode) eval(sc *scope) (*types.Vector, error) {
	x, err := n.x.eval(sc)
	if err != nil {
		return nil, err
	}
	out := n.out
	out.Resize(sc.n)
	switch x.Type.Kind.Storage() {
	case types.StoreBool:
		for i, b := range x.Bool[:sc.n] {
			key := int64(0)
			if b {
				key = 1
			}
			_, out.Bool[i] = n.ints[key]
		}
	case types.StoreI8:
		findInts(out.Bool, x.I8, n.ints)
	case types.StoreI16:
		findInts(out.Bool, x.I16, n.ints)
	case types.StoreI32:
		findInts(out.Bool, x.I32, n.ints)
	case types.StoreI64:
		findInts(out.Bool, x.I64, n.ints)
	case types.StoreF32:
		for i, f := range x.F32[:sc.n] {
			_, out.Bool[i] = n.floats[float64(f)]
		}
	case types.StoreF64:
		for i, f := range x.F64[:sc.n] {
			_, out.Bool[i] = n.floats[f]
		}
	case types.StoreDec:
		for i, d := range x.Dec[:sc.n] {
			_, out.Bool[i] = n.decimals[d]
		}
	case types.StoreBytes:
		for i := range sc.n {
			_, out.Bool[i] = n.texts[x.Str(i)]
		}
	case types.StoreNone:
		for i := range sc.n {
			out.SetNull(i)
		}
	default:
		for i := range sc.n {
			out.Bool[i] = false
			for k := 0; k < n.others.N && !out.Bool[i]; k++ {
				out.Bool[i] = types.CompareAt(x, i, n.others, k) == 0
			}
		}
	}
	n.in[0] = x
	nullIfAny(out, n.in[:], sc.n)
	for i, hit := range out.Bool {
		if !hit && n.hasNull {
			out.SetNull(i)
		}
		out.Bool[i] = hit != n.expr.Not
	}
	return out, nil
}

func findInts[T int8 | int16 | int32 | int64](out []bool, x []T, set map[int64]struct{}) {
	for i := range out {
		_, out[i] = set[int64(x[i])]
	}
}
