package udf

import (
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
)

// Value is the Go types that stand for SQL values in row functions: int32 serves INT, DATE, TIME and month intervals,
// int64 BIGINT, timestamps and day-time intervals, string text (valid only during the call), []byte bytes.
type Value interface {
	bool | int8 | int16 | int32 | int64 | float32 | float64 | decimal128.Num | string | []byte
}

// The F functions make an Eval out of a function of one row, for NullIfAny scalars: rows that are NULL are skipped. A
// result of ok == false is NULL. Arithmetic and comparisons have loops of their own; everything else is fast enough
// this way (two indirect calls a row, no allocation of its own). Text results are written by F*Text functions, which append to dst.

// F1 lifts f over one argument.
func F1[A, R Value](f func(ctx *Context, a A) (r R, ok bool, err error)) Eval {
	return func(ctx *Context, args []*types.Vector, out *types.Vector, n int) error {
		a, set := Reader[A](args[0]), Writer[R](out)
		return EachRow(out, n, func(i int) error {
			r, ok, err := f(ctx, a(i))
			return finish(out, i, set, r, ok, err)
		})
	}
}

// F2 lifts f over two arguments.
func F2[A, B, R Value](f func(ctx *Context, a A, b B) (r R, ok bool, err error)) Eval {
	return func(ctx *Context, args []*types.Vector, out *types.Vector, n int) error {
		a, b, set := Reader[A](args[0]), Reader[B](args[1]), Writer[R](out)
		return EachRow(out, n, func(i int) error {
			r, ok, err := f(ctx, a(i), b(i))
			return finish(out, i, set, r, ok, err)
		})
	}
}

// F3 lifts f over three arguments.
func F3[A, B, C, R Value](f func(ctx *Context, a A, b B, c C) (r R, ok bool, err error)) Eval {
	return func(ctx *Context, args []*types.Vector, out *types.Vector, n int) error {
		a, b, c, set := Reader[A](args[0]), Reader[B](args[1]), Reader[C](args[2]), Writer[R](out)
		return EachRow(out, n, func(i int) error {
			r, ok, err := f(ctx, a(i), b(i), c(i))
			return finish(out, i, set, r, ok, err)
		})
	}
}

func finish[R Value](out *types.Vector, i int, set func(int, R), r R, ok bool, err error) error {
	if err != nil {
		return &RowError{Row: i, Err: err}
	}
	if !ok {
		out.SetNull(i)
	}
	set(i, r)
	return nil
}

// F1Text lifts f, which appends its text or bytes to dst and returns it, over one argument.
func F1Text[A Value](f func(ctx *Context, dst []byte, a A) (text []byte, ok bool, err error)) Eval {
	return func(ctx *Context, args []*types.Vector, out *types.Vector, n int) error {
		a := Reader[A](args[0])
		return EachRow(out, n, func(i int) error {
			text, ok, err := f(ctx, out.Data, a(i))
			return finishText(out, i, text, ok, err)
		})
	}
}

// F2Text lifts f over two arguments.
func F2Text[A, B Value](f func(ctx *Context, dst []byte, a A, b B) (text []byte, ok bool, err error)) Eval {
	return func(ctx *Context, args []*types.Vector, out *types.Vector, n int) error {
		a, b := Reader[A](args[0]), Reader[B](args[1])
		return EachRow(out, n, func(i int) error {
			text, ok, err := f(ctx, out.Data, a(i), b(i))
			return finishText(out, i, text, ok, err)
		})
	}
}

// F3Text lifts f over three arguments.
func F3Text[A, B, C Value](f func(ctx *Context, dst []byte, a A, b B, c C) (text []byte, ok bool, err error)) Eval {
	return func(ctx *Context, args []*types.Vector, out *types.Vector, n int) error {
		a, b, c := Reader[A](args[0]), Reader[B](args[1]), Reader[C](args[2])
		return EachRow(out, n, func(i int) error {
			text, ok, err := f(ctx, out.Data, a(i), b(i), c(i))
			return finishText(out, i, text, ok, err)
		})
	}
}

func finishText(out *types.Vector, i int, text []byte, ok bool, err error) error {
	switch {
	case err != nil:
		return &RowError{Row: i, Err: err}
	case !ok:
		out.SetNull(i)
		out.EndValue()
	default:
		out.Data = text
		out.EndValue()
	}
	return nil
}

// EachRow calls f for the rows 0..n-1 that are valid in out and stops at the first error. For the others it appends an
// empty value where out's values are appended in order.
func EachRow(out *types.Vector, n int, f func(i int) error) error {
	storage := out.Type.Kind.Storage()
	appended := storage == types.StoreBytes || storage == types.StoreList || storage == types.StoreRow
	for i := range n {
		if out.Valid.Get(i) {
			if err := f(i); err != nil {
				return err
			}
		} else if appended {
			out.AppendZero()
		}
	}
	return nil
}

// Reader returns a function that reads row i of v as a T, which must be the Go type of v's storage.
func Reader[T Value](v *types.Vector) func(i int) T {
	var read any
	switch any(*new(T)).(type) {
	case bool:
		s := v.Bool
		read = func(i int) bool { return s[i] }
	case int8:
		s := v.I8
		read = func(i int) int8 { return s[i] }
	case int16:
		s := v.I16
		read = func(i int) int16 { return s[i] }
	case int32:
		s := v.I32
		read = func(i int) int32 { return s[i] }
	case int64:
		s := v.I64
		read = func(i int) int64 { return s[i] }
	case float32:
		s := v.F32
		read = func(i int) float32 { return s[i] }
	case float64:
		s := v.F64
		read = func(i int) float64 { return s[i] }
	case decimal128.Num:
		s := v.Dec
		read = func(i int) decimal128.Num { return s[i] }
	case string:
		read = v.Str
	case []byte:
		read = v.Bytes
	}
	return read.(func(int) T)
}

// Writer returns a function that stores a T as row i of v. Text and bytes are appended, so i must be the next row.
func Writer[T Value](v *types.Vector) func(i int, x T) {
	var write any
	switch any(*new(T)).(type) {
	case bool:
		s := v.Bool
		write = func(i int, x bool) { s[i] = x }
	case int8:
		s := v.I8
		write = func(i int, x int8) { s[i] = x }
	case int16:
		s := v.I16
		write = func(i int, x int16) { s[i] = x }
	case int32:
		s := v.I32
		write = func(i int, x int32) { s[i] = x }
	case int64:
		s := v.I64
		write = func(i int, x int64) { s[i] = x }
	case float32:
		s := v.F32
		write = func(i int, x float32) { s[i] = x }
	case float64:
		s := v.F64
		write = func(i int, x float64) { s[i] = x }
	case decimal128.Num:
		s := v.Dec
		write = func(i int, x decimal128.Num) { s[i] = x }
	case string:
		write = func(_ int, x string) { v.AppendString(x) }
	case []byte:
		write = func(_ int, x []byte) { v.AppendBytes(x) }
	}
	return write.(func(int, T))
}

// Values returns the slice that holds v's values. T must be the Go type of v's storage, and not text or bytes.
func Values[T Value](v *types.Vector) []T {
	var column any
	switch any(*new(T)).(type) {
	case bool:
		column = v.Bool
	case int8:
		column = v.I8
	case int16:
		column = v.I16
	case int32:
		column = v.I32
	case int64:
		column = v.I64
	case float32:
		column = v.F32
	case float64:
		column = v.F64
	case decimal128.Num:
		column = v.Dec
	}
	return column.([]T)
}
