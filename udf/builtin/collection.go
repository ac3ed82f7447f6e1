package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// collections is the family of arrays, maps and rows.
func collections() []udf.Spec {
	var specs []udf.Spec
	for _, group := range [][]udf.Spec{
		collectionMake(), collectionItem(), collectionArray(), collectionSet(), collectionOrder(), collectionMap(),
	} {
		specs = append(specs, group...)
	}
	return specs
}

var (
	arrayParam = param{"an array", func(t types.Type) bool { return t.Kind == types.Array }, types.Type{}, types.ArrayType(types.IntType)}
	mapParam   = param{"a map", func(t types.Type) bool { return t.Kind == types.Map }, types.Type{}, types.MapType(types.StringType, types.StringType)}
)

// commonArgs returns the type that the arguments have in common, for functions whose arguments are made alike.
func commonArgs(c *udf.Call, what string, args ...int) (types.Type, error) {
	var all []types.Type
	for _, i := range args {
		all = append(all, c.Args[i].Type.WithAttr(types.NoTime))
		if _, ok := types.CommonType(all...); !ok {
			return types.Type{}, udf.Errorf(i, "%s of %s must be of one type, not %s and %s; CAST one of them", what, c.Name,
				all[0].Nullable(), c.Args[i].Type.Nullable())
		}
	}
	t, _ := types.CommonType(all...)
	return t, nil
}

// elementArg checks that argument i can be an element of the array in argument 0, and returns the element's type, which
// may be NULL when the argument may.
func elementArg(c *udf.Call, array types.Type, i int) (types.Type, error) {
	elem, arg := *array.Elem, c.Args[i].Type
	t, ok := types.CommonType(elem, arg)
	if !ok || t.Kind != elem.Kind && !(t.IsCharacter() && elem.IsCharacter()) && !(t.IsBinary() && elem.IsBinary()) ||
		!t.SameStorage(elem) && !t.IsNested() {
		return t, udf.Errorf(i, "%s takes a value of the array's type %s here, not %s", c.Name, elem, arg)
	}
	return t, nil
}

// entries returns where list row i begins and ends in the vector's children.
func entries(v *types.Vector, i int) (from, to int) { return int(v.Offsets[i]), int(v.Offsets[i+1]) }

// sameValueAt reports whether two values are equal, NULL being equal to NULL.
func sameValueAt(a *types.Vector, i int, b *types.Vector, j int) bool {
	return types.CompareAt(a, i, b, j) == 0
}

// arrayEval makes an Eval that appends one array per row, by f, to out's element vector.
func arrayEval(f func(args []*types.Vector, elements *types.Vector, i int) error) udf.Eval {
	return func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
		return udf.EachRow(out, n, func(i int) error {
			if err := f(args, out.Children[0], i); err != nil {
				return err
			}
			out.EndList()
			return nil
		})
	}
}

// keySet is a set of values of one type, for set operations on arrays.
type keySet struct {
	seen map[string]bool
	key  []byte
	col  [1]*types.Vector
}

func (s *keySet) reset() {
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	clear(s.seen)
}

// encode returns the canonical bytes of row i of v, valid until the next call.
func (s *keySet) encode(v *types.Vector, i int) []byte {
	s.col[0] = v
	s.key = types.EncodeRow(s.key[:0], s.col[:], i)
	return s.key
}

// add reports whether the value was not in the set.
func (s *keySet) add(v *types.Vector, i int) bool {
	key := s.encode(v, i)
	if s.seen[string(key)] {
		return false
	}
	s.seen[string(key)] = true
	return true
}

func (s *keySet) has(v *types.Vector, i int) bool { return s.seen[string(s.encode(v, i))] }
