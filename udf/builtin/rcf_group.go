package builtin

import (
	"cmp"
	"fmt"
	"math"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/rcf"
)

// forestModel is what a group has: *rcf.Forest or *rcf.Thresholded.
type forestModel[T any] interface {
	*T
	AppendBinary(dst []byte) ([]byte, error)
	UnmarshalBinary(state []byte) error
	Bytes() int
}

// forestGroups is the memory of a call: a model for each group, made by the group's first row. All groups have the same seed:
// it is the points that make forests differ.
type forestGroups[T any, M forestModel[T]] struct {
	call   *forestCall
	make   func(o rcf.Options) (M, error)
	differ func(kept, asked M) error // how a model that was kept differs from one that the query asks for
	models []M                       // by group; nil before the first row
	point  []float64

	bytes   int     // of the models whose size is known
	sizes   []int   // by group; stale for those whose size isn't
	changed []int32 // the groups with stale sizes
}

const stale = -1

func (g *forestGroups[T, M]) Grow(n int) {
	for len(g.models) < n {
		g.models = append(g.models, nil)
		g.sizes = append(g.sizes, 0)
	}
}

func (g *forestGroups[T, M]) Reset(group int32) {
	g.models[group] = nil
	g.touch(group)
}

// touch notes that the size of a group's model may change.
func (g *forestGroups[T, M]) touch(group int32) {
	if size := g.sizes[group]; size != stale {
		g.bytes -= size
		g.sizes[group] = stale
		g.changed = append(g.changed, group)
	}
}

func (g *forestGroups[T, M]) Bytes() int {
	for _, group := range g.changed {
		g.sizes[group] = 0
		if m := g.models[group]; m != nil {
			g.sizes[group] = m.Bytes()
		}
		g.bytes += g.sizes[group]
	}
	g.changed = g.changed[:0]
	return g.bytes + 16*cap(g.models)
}

// each calls f for the rows that the forests learn, with the model of the row's group and with g.point set. The other rows are
// NULL in out.
func (g *forestGroups[T, M]) each(ctx *udf.Context, groups []int32, args []*types.Vector, out *types.Vector, n int, f func(m M, i int) error) error {
	columns := args[:len(args):len(args)]
	if g.call.row {
		columns = args[0].Children
	}
	columns = columns[:len(g.call.inputs)]
	if g.point == nil {
		g.point = make([]float64, len(columns))
	}
	group := int32(0)
	if groups == nil && n > 0 {
		g.touch(group)
	}
	for i := range n {
		ok := out.Valid.Get(i)
		for k := 0; ok && k < len(columns); k++ {
			x := columns[k].F64[i]
			g.point[k] = x
			switch {
			case columns[k].IsNull(i):
				ok = false
			case !(math.Abs(x) <= math.MaxFloat32):
				if !g.call.nullInvalid {
					return &udf.RowError{Row: i, Err: g.call.invalid(k, x)}
				}
				ok = false
			}
		}
		if !ok {
			out.SetNull(i)
			if out.Type.Kind == types.Row {
				out.AppendZero()
			}
			continue
		}
		if groups != nil {
			group = groups[i]
			g.touch(group)
		}
		m := g.models[group]
		if m == nil {
			var err error
			if m, err = g.add(ctx, group); err != nil {
				return err
			}
		}
		if err := f(m, i); err != nil {
			return &udf.RowError{Row: i, Err: err}
		}
	}
	return nil
}

// add makes the model of a group.
func (g *forestGroups[T, M]) add(ctx *udf.Context, group int32) (M, error) {
	o := g.call.options
	if !g.call.seeded {
		o.Seed = ctx.Seed
	}
	m, err := g.make(o)
	g.models[group] = m
	return m, err
}

// invalid is the error of input k being a number that has no place among others.
func (f *forestCall) invalid(k int, x float64) error {
	return fmt.Errorf("%s can't learn %v, the value of %s, which is not finite as a FLOAT; filter such rows, or on_invalid => 'null' gives NULL for them",
		f.name, x, f.inputs[k])
}

// Encode writes nothing before the first row, then the model.
func (g *forestGroups[T, M]) Encode(dst []byte, group int32) []byte {
	if m := g.models[group]; m != nil {
		dst, _ = m.AppendBinary(dst) // never fails
	}
	return dst
}

func (g *forestGroups[T, M]) Decode(group int32, state []byte) error {
	g.touch(group)
	if len(state) == 0 {
		g.models[group] = nil
		return nil
	}
	m := M(new(T))
	if err := m.UnmarshalBinary(state); err != nil {
		return fmt.Errorf("%s: %w", g.call.name, err)
	}
	asked, err := g.make(g.call.options)
	if err != nil {
		return err
	}
	if err := g.differ(m, asked); err != nil {
		return fmt.Errorf("%s: %w", g.call.name, err)
	}
	g.models[group] = m
	return nil
}

// forestsDiffer compares all but the seeds: the numbers drawn from it are what was kept.
func forestsDiffer(a, b *rcf.Forest) error {
	kept, asked := a.Options(), b.Options()
	return cmp.Or(
		differs("number_of_trees", kept.Trees, asked.Trees),
		differs("sample_size", kept.SampleSize, asked.SampleSize),
		differs("time_decay", *kept.TimeDecay, *asked.TimeDecay),
		differs("shingle_size", kept.ShingleSize, asked.ShingleSize),
		differs("output_after", kept.OutputAfter, asked.OutputAfter),
		differs("number of inputs", a.InputDimensions(), b.InputDimensions()),
	)
}

func differs[T comparable](name string, kept, asked T) error {
	if kept == asked {
		return nil
	}
	return fmt.Errorf("the kept forest has %s %v, the query asks for %v; start without the state to change it", name, kept, asked)
}

// appendDouble appends a number to a column; NaN stands for NULL.
func appendDouble(v *types.Vector, x float64) {
	if x != x {
		v.AppendNull()
		return
	}
	v.F64 = append(v.F64, x)
	v.N++
}
