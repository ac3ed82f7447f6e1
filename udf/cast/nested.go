package cast

import (
	"sort"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// parts are the types of a nested type's child vectors.
func parts(t types.Type) []types.Type {
	switch t.Kind {
	case types.Array:
		return []types.Type{*t.Elem}
	case types.Multiset:
		return []types.Type{*t.Elem, types.IntType}
	case types.Map:
		return []types.Type{*t.Key, *t.Elem}
	}
	children := make([]types.Type, len(t.Fields))
	for i, f := range t.Fields {
		children[i] = f.Type
	}
	return children
}

// bindNested converts arrays, maps, multisets and rows part by part. A part that can't be converted fails the whole
// value, and so makes the whole value NULL in TRY_CAST.
func bindNested(from, to types.Type) (conversion, error) {
	fromParts, toParts := parts(from), parts(to)
	children := make([]conversion, len(toParts))
	all := conversion{}
	for i := range toParts {
		c, err := bind(fromParts[i], toParts[i])
		if err != nil {
			return conversion{}, err
		}
		children[i] = c
		all.fallible = all.fallible || c.fallible
	}
	list := to.Kind.Storage() == types.StoreList
	all.run = func(ctx *udf.Context, in, out *types.Vector, n int, report reportFunc) error {
		out.Reset()
		copyValid(out, in, n)
		rows := n
		if list {
			rows = int(in.Offsets[n])
			out.Offsets = append(out.Offsets[:0], in.Offsets[:n+1]...)
		}
		out.N = n
		var failed []int
		for k, c := range children {
			child := in.Children[k]
			if c.fallible && len(in.Valid) > 0 {
				child = masked(in, child, n, rows, list)
			}
			row := func(part int) int {
				if !list {
					return part
				}
				return sort.Search(n, func(i int) bool { return int(in.Offsets[i+1]) > part })
			}
			err := c.run(ctx, child, out.Children[k], rows, func(part int, why culprit) error {
				failed = append(failed, row(part))
				return report(row(part), why)
			})
			if err != nil {
				return err
			}
		}
		for _, row := range failed {
			out.SetNull(row)
		}
		return nil
	}
	return all, nil
}

// masked returns child with the rows NULL that belong to a NULL of in: what is stored there means nothing and must not
// fail.
func masked(in, child *types.Vector, n, rows int, list bool) *types.Vector {
	copied := *child
	copied.Valid = append(types.Bitmap(nil), child.Valid...).Grow(rows)
	for i := range n {
		if !in.IsNull(i) {
			continue
		}
		from, to := i, i+1
		if list {
			from, to = int(in.Offsets[i]), int(in.Offsets[i+1])
		}
		for k := from; k < to; k++ {
			copied.Valid.Clear(k)
		}
	}
	return &copied
}

// nestedWriter writes [1, NULL], {a=1, b=2} and (1, abc).
func nestedWriter(from types.Type) (textWriter, error) {
	children := parts(from)
	writers := make([]textWriter, len(children))
	for i, t := range children {
		var err error
		if writers[i], err = writer(t); err != nil {
			return nil, err
		}
	}
	return func(ctx *udf.Context, in *types.Vector) func([]byte, int) []byte {
		ready := make([]func([]byte, int) []byte, len(writers))
		for k, w := range writers {
			ready[k] = w(ctx, in.Children[k])
		}
		part := func(dst []byte, k, i int) []byte {
			if in.Children[k].IsNull(i) {
				return append(dst, "NULL"...)
			}
			return ready[k](dst, i)
		}
		if from.Kind == types.Row {
			return func(dst []byte, i int) []byte {
				dst = append(dst, '(')
				for k := range ready {
					if k > 0 {
						dst = append(dst, ", "...)
					}
					dst = part(dst, k, i)
				}
				return append(dst, ')')
			}
		}
		left, right := byte('{'), byte('}')
		if from.Kind == types.Array {
			left, right = '[', ']'
		}
		return func(dst []byte, i int) []byte {
			dst = append(dst, left)
			for e := in.Offsets[i]; e < in.Offsets[i+1]; e++ {
				if e > in.Offsets[i] {
					dst = append(dst, ", "...)
				}
				dst = part(dst, 0, int(e))
				if len(ready) == 2 {
					dst = part(append(dst, '='), 1, int(e))
				}
			}
			return append(dst, right)
		}
	}, nil
}
