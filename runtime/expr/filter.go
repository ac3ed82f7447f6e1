package expr

import (
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// Filter selects the rows for which a BOOLEAN expression is TRUE. The operands of a top-level AND narrow the selection
// one after the other, so that each sees only the rows that are left; comparisons of a column with a constant run
// straight over the column.
type Filter struct {
	steps []step
	sel   []int32
}

// step narrows a selection of physical rows of b: nil means all rows. It writes into dst, which has room for every row
// and may be the memory of sel, and returns the part of it that is filled.
type step interface {
	narrow(b *types.Batch, sel, dst []int32) ([]int32, error)
}

// CompileFilter compiles a condition over the columns of an input.
func CompileFilter(e rex.Expr) (*Filter, error) {
	f := &Filter{}
	return f, f.add(e)
}

func (f *Filter) add(e rex.Expr) error {
	if and, ok := e.(*rex.Logic); ok && !and.Or {
		for _, a := range and.Args {
			if err := f.add(a); err != nil {
				return err
			}
		}
		return nil
	}
	if s := compileStep(e); s != nil {
		f.steps = append(f.steps, s)
		return nil
	}
	p, err := Compile([]rex.Expr{truth(e)})
	if err != nil {
		return err
	}
	f.steps = append(f.steps, &programStep{p})
	return nil
}

// Open sets what functions may know of their job; before the first Select.
func (f *Filter) Open(ctx *udf.Context) {
	for _, p := range f.Programs() {
		p.Open(ctx)
	}
}

// Programs are the parts that call functions; they may hold state.
func (f *Filter) Programs() []*Program {
	var out []*Program
	for _, s := range f.steps {
		if s, ok := s.(*programStep); ok {
			out = append(out, s.program)
		}
	}
	return out
}

// Select returns the physical rows of b that count and for which the condition is TRUE, ascending. The slice is the
// filter's own until the next call. Errors are as Program.Eval says.
func (f *Filter) Select(b *types.Batch) ([]int32, error) {
	f.sel = resize(f.sel, b.N)
	sel := b.Sel
	for _, s := range f.steps {
		out, err := s.narrow(b, sel, f.sel[:b.N])
		if err != nil {
			return nil, err
		}
		sel = out
		if len(sel) == 0 {
			break
		}
	}
	return sel, nil
}

// programStep evaluates any expression on the rows that are left.
type programStep struct{ program *Program }

func (s *programStep) narrow(b *types.Batch, sel, dst []int32) ([]int32, error) {
	n := b.N
	if sel != nil {
		n = len(sel)
	}
	out, err := s.program.eval(b, sel, n)
	if err != nil {
		return nil, err
	}
	return narrowBool(out[0], true, sel, dst), nil
}

// narrowBool keeps the rows for which v, which has a value for each selected row, is want.
func narrowBool(v *types.Vector, want bool, sel, dst []int32) []int32 {
	x, k := v.Bool[:v.N], 0
	if !v.Valid.AllValid(v.N) {
		for j, b := range x {
			dst[k] = row(sel, j)
			k += ones(b == want && v.Valid.Get(j))
		}
		return dst[:k]
	}
	if sel == nil {
		for j, b := range x {
			dst[k] = int32(j)
			k += ones(b == want)
		}
		return dst[:k]
	}
	sel = sel[:len(x)]
	for j, b := range x {
		dst[k] = sel[j]
		k += ones(b == want)
	}
	return dst[:k]
}

func row(sel []int32, j int) int32 {
	if sel == nil {
		return int32(j)
	}
	return sel[j]
}

// ones is 1 for true: the compiler makes it a flag, so that a loop that counts has no branch to mispredict.
func ones(b bool) int {
	var n int
	if b {
		n = 1
	}
	return n
}
