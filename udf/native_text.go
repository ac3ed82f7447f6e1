package udf

import (
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/weirsql/weir/types"
)

// Text defines a scalar function of one argument whose result is a text that it appends to dst, as strconv.AppendInt does:
// no text is allocated for a row then. It returns the extended dst, of which it must not change what was there.
func Text[A Native](name string, f func(dst []byte, a A) []byte, options ...Option) Spec {
	type scratch struct {
		frame
		a []A
	}
	ca, result := codecOf[A](), codecOf[string]().parameter
	pool := sync.Pool{New: func() any { return new(scratch) }}
	return scalarSpec(name, given(f, options), false, noResult, result, []parameter{ca.parameter}, func(strict []bool) Eval {
		return func(ctx *Context, args []*types.Vector, out *types.Vector, n int) error {
			s := pool.Get().(*scratch)
			k := s.begin(args, strict, out, n)
			a := ca.load(ctx, args[0], s.rows, k, &s.a)
			err := s.text(out, n, k, func(dst []byte, k int) []byte { return f(dst, a[k]) })
			if err == nil {
				ca.release(s.a)
				pool.Put(s)
			}
			return err
		}
	})
}

// Text2 is Text for two arguments.
func Text2[A, B Native](name string, f func(dst []byte, a A, b B) []byte, options ...Option) Spec {
	type scratch struct {
		frame
		a []A
		b []B
	}
	ca, cb, result := codecOf[A](), codecOf[B](), codecOf[string]().parameter
	pool := sync.Pool{New: func() any { return new(scratch) }}
	return scalarSpec(name, given(f, options), false, noResult, result, []parameter{ca.parameter, cb.parameter}, func(strict []bool) Eval {
		return func(ctx *Context, args []*types.Vector, out *types.Vector, n int) error {
			s := pool.Get().(*scratch)
			k := s.begin(args, strict, out, n)
			a, b := ca.load(ctx, args[0], s.rows, k, &s.a), cb.load(ctx, args[1], s.rows, k, &s.b)
			err := s.text(out, n, k, func(dst []byte, k int) []byte { return f(dst, a[k], b[k]) })
			if err == nil {
				ca.release(s.a)
				cb.release(s.b)
				pool.Put(s)
			}
			return err
		}
	})
}

// text appends the results of the count rows that the function is called for, and empty values for the rest of n rows.
func (f *frame) text(out *types.Vector, n, count int, result func(dst []byte, k int) []byte) error {
	return f.guard(func() error {
		for k := range count {
			for f.at = k; out.N < f.row(k); {
				out.AppendZero()
			}
			data := result(out.Data, k)
			if len(data) < len(out.Data) {
				return fmt.Errorf("the function returned %d bytes, fewer than the %d of dst; append to dst and return that", len(data), len(out.Data))
			}
			if from := len(out.Data); !utf8.Valid(data[from:]) {
				data = appendText(data[:from], string(data[from:]))
			}
			out.Data = data
			out.EndValue()
		}
		for out.N < n {
			out.AppendZero()
		}
		return nil
	})
}
