package udf

import (
	"errors"
	"sync"

	"github.com/weirsql/weir/types"
)

// frame is what one call of a native function on a batch keeps beside its columns. It is used again for later batches.
type frame struct {
	rows  []int32 // the rows that have a result, unless all have
	list  []int32 // the memory of rows
	nulls []int32 // of the rows, those whose result is NULL
	at    int     // of the rows, the one that the function is called for; -1: for all of them
}

// begin chooses the rows that the function is called for, and returns their number. With strict, which says of each
// argument whether NULL keeps the function from being called, out's NULLs have not been set yet.
func (f *frame) begin(args []*types.Vector, strict []bool, out *types.Vector, n int) int {
	f.rows, f.nulls, f.at = nil, f.nulls[:0], -1
	for i, v := range args {
		if i < len(strict) && strict[i] && len(v.Valid) > 0 {
			out.Valid = out.Valid.Grow(n)
			out.Valid.And(v.Valid)
		}
	}
	if out.Valid.AllValid(n) {
		return n
	}
	if cap(f.list) == 0 {
		f.list = make([]int32, 0, n) // not nil, which would stand for all rows
	}
	f.list = f.list[:0]
	for i := range n {
		if out.Valid.Get(i) {
			f.list = append(f.list, int32(i))
		}
	}
	f.rows = f.list
	return len(f.rows)
}

// row is the row of the batch that is the k-th of the rows.
func (f *frame) row(k int) int {
	if f.rows == nil {
		return k
	}
	return int(f.rows[k])
}

// guard calls body and says at which row it failed. A panic is an error.
func (f *frame) guard(body func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = Panicked(r)
		}
		if err != nil {
			err = f.blame(err)
		}
	}()
	return body()
}

func (f *frame) blame(err error) error {
	if f.at >= 0 {
		return &RowError{Row: f.row(f.at), Err: err}
	}
	var named *RowError // a function over columns counts the rows that it has been given
	if errors.As(err, &named) && named.Row >= 0 && (f.rows == nil || named.Row < len(f.rows)) {
		return &RowError{Row: f.row(named.Row), Err: named.Err}
	}
	return err
}

func (f *frame) end(out *types.Vector) {
	for _, k := range f.nulls {
		out.SetNull(f.row(int(k)))
	}
}

// scalarSpec makes a Spec of what is common to scalar functions. eval makes the Eval of a bound call, in which strict is as
// frame.begin says.
func scalarSpec(name string, options []Option, variadic bool, may partial, result parameter, params []parameter, eval func(strict []bool) Eval) Spec {
	d := define(name, options, variadic, params...)
	t := d.result(result)
	if may == invalid {
		d.fail("its second result must be an error or a bool")
	}
	d.spec.Scalar = func(c *Call) (*BoundScalar, error) {
		args, notNull, sees, err := d.bind(c, variadic, params)
		if err != nil {
			return nil, err
		}
		// DECIMAL results may not fit their type.
		notNull = notNull && may != orNull && !result.nullable && t.Kind != types.Decimal
		b := &BoundScalar{Args: args, Result: t.WithNotNull(notNull), Nulls: NullIfAny, Fallible: true}
		var strict []bool
		if sees {
			b.Nulls = NullsSeen
			for i := range args {
				strict = append(strict, !params[min(i, len(params)-1)].nullable)
			}
		}
		b.Eval = eval(strict)
		return b, nil
	}
	return d.done()
}

func eval0[R Native](name string, options []Option, may partial, run func(r []R, s *frame) error) Spec {
	type scratch struct {
		frame
		r []R
	}
	cr := codecOf[R]()
	pool := sync.Pool{New: func() any { return new(scratch) }}
	return scalarSpec(name, options, false, may, cr.parameter, nil, func([]bool) Eval {
		return func(ctx *Context, args []*types.Vector, out *types.Vector, n int) error {
			s := pool.Get().(*scratch)
			s.begin(args, nil, out, n)
			r := cr.room(out, nil, n, &s.r)
			if err := s.guard(func() error { return run(r, &s.frame) }); err != nil {
				return err
			}
			cr.store(ctx, out, nil, n, r)
			cr.release(s.r)
			pool.Put(s)
			return nil
		}
	})
}

func eval1[A, R Native](name string, options []Option, may partial, run func(a []A, r []R, s *frame) error) Spec {
	type scratch struct {
		frame
		a []A
		r []R
	}
	ca, cr := codecOf[A](), codecOf[R]()
	params := []parameter{ca.parameter}
	pool := sync.Pool{New: func() any { return new(scratch) }}
	return scalarSpec(name, options, false, may, cr.parameter, params, func(strict []bool) Eval {
		return func(ctx *Context, args []*types.Vector, out *types.Vector, n int) error {
			s := pool.Get().(*scratch)
			k := s.begin(args, strict, out, n)
			a := ca.load(ctx, args[0], s.rows, k, &s.a)
			r := cr.room(out, s.rows, k, &s.r)
			if err := s.guard(func() error { return run(a, r, &s.frame) }); err != nil {
				return err
			}
			cr.store(ctx, out, s.rows, n, r)
			s.end(out)
			ca.release(s.a)
			cr.release(s.r)
			pool.Put(s)
			return nil
		}
	})
}

func eval2[A, B, R Native](name string, options []Option, may partial, run func(a []A, b []B, r []R, s *frame) error) Spec {
	type scratch struct {
		frame
		a []A
		b []B
		r []R
	}
	ca, cb, cr := codecOf[A](), codecOf[B](), codecOf[R]()
	params := []parameter{ca.parameter, cb.parameter}
	pool := sync.Pool{New: func() any { return new(scratch) }}
	return scalarSpec(name, options, false, may, cr.parameter, params, func(strict []bool) Eval {
		return func(ctx *Context, args []*types.Vector, out *types.Vector, n int) error {
			s := pool.Get().(*scratch)
			k := s.begin(args, strict, out, n)
			a := ca.load(ctx, args[0], s.rows, k, &s.a)
			b := cb.load(ctx, args[1], s.rows, k, &s.b)
			r := cr.room(out, s.rows, k, &s.r)
			if err := s.guard(func() error { return run(a, b, r, &s.frame) }); err != nil {
				return err
			}
			cr.store(ctx, out, s.rows, n, r)
			s.end(out)
			ca.release(s.a)
			cb.release(s.b)
			cr.release(s.r)
			pool.Put(s)
			return nil
		}
	})
}

func eval3[A, B, C, R Native](name string, options []Option, may partial, run func(a []A, b []B, c []C, r []R, s *frame) error) Spec {
	type scratch struct {
		frame
		a []A
		b []B
		c []C
		r []R
	}
	ca, cb, cc, cr := codecOf[A](), codecOf[B](), codecOf[C](), codecOf[R]()
	params := []parameter{ca.parameter, cb.parameter, cc.parameter}
	pool := sync.Pool{New: func() any { return new(scratch) }}
	return scalarSpec(name, options, false, may, cr.parameter, params, func(strict []bool) Eval {
		return func(ctx *Context, args []*types.Vector, out *types.Vector, n int) error {
			s := pool.Get().(*scratch)
			k := s.begin(args, strict, out, n)
			a := ca.load(ctx, args[0], s.rows, k, &s.a)
			b := cb.load(ctx, args[1], s.rows, k, &s.b)
			c := cc.load(ctx, args[2], s.rows, k, &s.c)
			r := cr.room(out, s.rows, k, &s.r)
			if err := s.guard(func() error { return run(a, b, c, r, &s.frame) }); err != nil {
				return err
			}
			cr.store(ctx, out, s.rows, n, r)
			s.end(out)
			ca.release(s.a)
			cb.release(s.b)
			cc.release(s.c)
			cr.release(s.r)
			pool.Put(s)
			return nil
		}
	})
}

func eval4[A, B, C, D, R Native](name string, options []Option, may partial, run func(a []A, b []B, c []C, d []D, r []R, s *frame) error) Spec {
	type scratch struct {
		frame
		a []A
		b []B
		c []C
		d []D
		r []R
	}
	ca, cb, cc, cd, cr := codecOf[A](), codecOf[B](), codecOf[C](), codecOf[D](), codecOf[R]()
	params := []parameter{ca.parameter, cb.parameter, cc.parameter, cd.parameter}
	pool := sync.Pool{New: func() any { return new(scratch) }}
	return scalarSpec(name, options, false, may, cr.parameter, params, func(strict []bool) Eval {
		return func(ctx *Context, args []*types.Vector, out *types.Vector, n int) error {
			s := pool.Get().(*scratch)
			k := s.begin(args, strict, out, n)
			a := ca.load(ctx, args[0], s.rows, k, &s.a)
			b := cb.load(ctx, args[1], s.rows, k, &s.b)
			c := cc.load(ctx, args[2], s.rows, k, &s.c)
			d := cd.load(ctx, args[3], s.rows, k, &s.d)
			r := cr.room(out, s.rows, k, &s.r)
			if err := s.guard(func() error { return run(a, b, c, d, r, &s.frame) }); err != nil {
				return err
			}
			cr.store(ctx, out, s.rows, n, r)
			s.end(out)
			ca.release(s.a)
			cb.release(s.b)
			cc.release(s.c)
			cd.release(s.d)
			cr.release(s.r)
			pool.Put(s)
			return nil
		}
	})
}

func evalN[A, R Native](name string, options []Option, may partial, run func(columns [][]A, row []A, r []R, s *frame) error) Spec {
	type scratch struct {
		frame
		bufs, columns [][]A
		row           []A
		r             []R
	}
	ca, cr := codecOf[A](), codecOf[R]()
	pool := sync.Pool{New: func() any { return new(scratch) }}
	return scalarSpec(name, options, true, may, cr.parameter, []parameter{ca.parameter}, func(strict []bool) Eval {
		return func(ctx *Context, args []*types.Vector, out *types.Vector, n int) error {
			s := pool.Get().(*scratch)
			if len(s.bufs) < len(args) {
				s.bufs = append(s.bufs, make([][]A, len(args)-len(s.bufs))...)
			}
			k := s.begin(args, strict, out, n)
			columns, row := resized(&s.columns, len(args)), resized(&s.row, len(args))
			for i, v := range args {
				columns[i] = ca.load(ctx, v, s.rows, k, &s.bufs[i])
			}
			r := cr.room(out, s.rows, k, &s.r)
			if err := s.guard(func() error { return run(columns, row, r, &s.frame) }); err != nil {
				return err
			}
			cr.store(ctx, out, s.rows, n, r)
			s.end(out)
			for _, buf := range s.bufs {
				ca.release(buf)
			}
			ca.release(row)
			clear(columns) // parts of the batch
			cr.release(s.r)
			pool.Put(s)
			return nil
		}
	})
}
