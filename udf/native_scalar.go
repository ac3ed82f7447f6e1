package udf

import "reflect"

// Scalar defines a scalar function of one argument: udf.Scalar("MASK_PHONE", func(phone string) string { … }). The Go type
// says what it takes and returns in SQL; see Native. The function must not keep state from call to call, since there is no
// saying how often it is called, and several goroutines may call it at a time.
//
// A function that panics fails its job, and nothing else of the process.
func Scalar[A, R Native](name string, f func(A) R, options ...Option) Spec {
	return eval1(name, given(f, options), noResult, func(a []A, r []R, s *frame) error {
		for i := range r {
			s.at = i
			r[i] = f(a[i])
		}
		return nil
	})
}

// Scalar0 defines a scalar function without arguments. Its result is computed once, unless it is NonDeterministic.
func Scalar0[R Native](name string, f func() R, options ...Option) Spec {
	return eval0(name, given(f, options), noResult, func(r []R, s *frame) error {
		for i := range r {
			s.at = i
			r[i] = f()
		}
		return nil
	})
}

// Scalar2 is Scalar for two arguments.
func Scalar2[A, B, R Native](name string, f func(A, B) R, options ...Option) Spec {
	return eval2(name, given(f, options), noResult, func(a []A, b []B, r []R, s *frame) error {
		for i := range r {
			s.at = i
			r[i] = f(a[i], b[i])
		}
		return nil
	})
}

// Scalar3 is Scalar for three arguments.
func Scalar3[A, B, C, R Native](name string, f func(A, B, C) R, options ...Option) Spec {
	return eval3(name, given(f, options), noResult, func(a []A, b []B, c []C, r []R, s *frame) error {
		for i := range r {
			s.at = i
			r[i] = f(a[i], b[i], c[i])
		}
		return nil
	})
}

// Scalar4 is Scalar for four arguments.
func Scalar4[A, B, C, D, R Native](name string, f func(A, B, C, D) R, options ...Option) Spec {
	return eval4(name, given(f, options), noResult, func(a []A, b []B, c []C, d []D, r []R, s *frame) error {
		for i := range r {
			s.at = i
			r[i] = f(a[i], b[i], c[i], d[i])
		}
		return nil
	})
}

// ScalarN is Scalar for one or more arguments of the same type. The function must not keep the slice.
func ScalarN[A, R Native](name string, f func(...A) R, options ...Option) Spec {
	return evalN(name, given(f, options), noResult, func(columns [][]A, row []A, r []R, s *frame) error {
		for i := range r {
			s.at = i
			for k := range columns {
				row[k] = columns[k][i]
			}
			r[i] = f(row...)
		}
		return nil
	})
}

// Partial defines a scalar function of one argument that doesn't have a result for every argument. Its second result is an
// error, which fails the job with the arguments and the place of the row in the message, or a bool, false for NULL.
//
//	udf.Partial("HEX_VALUE", func(s string) (int64, error) { return strconv.ParseInt(s, 16, 64) })
func Partial[A, R Native, S any](name string, f func(A) (R, S), options ...Option) Spec {
	ends := outcomeOf[S]()
	return eval1(name, given(f, options), ends.kind, func(a []A, r []R, s *frame) error {
		for i := range r {
			s.at = i
			x, end := f(a[i])
			if err := ends.check(s, end); err != nil {
				return err
			}
			r[i] = x
		}
		return nil
	})
}

// Partial2 is Partial for two arguments.
func Partial2[A, B, R Native, S any](name string, f func(A, B) (R, S), options ...Option) Spec {
	ends := outcomeOf[S]()
	return eval2(name, given(f, options), ends.kind, func(a []A, b []B, r []R, s *frame) error {
		for i := range r {
			s.at = i
			x, end := f(a[i], b[i])
			if err := ends.check(s, end); err != nil {
				return err
			}
			r[i] = x
		}
		return nil
	})
}

// Partial3 is Partial for three arguments.
func Partial3[A, B, C, R Native, S any](name string, f func(A, B, C) (R, S), options ...Option) Spec {
	ends := outcomeOf[S]()
	return eval3(name, given(f, options), ends.kind, func(a []A, b []B, c []C, r []R, s *frame) error {
		for i := range r {
			s.at = i
			x, end := f(a[i], b[i], c[i])
			if err := ends.check(s, end); err != nil {
				return err
			}
			r[i] = x
		}
		return nil
	})
}

// PartialN is Partial for one or more arguments of the same type. The function must not keep the slice.
func PartialN[A, R Native, S any](name string, f func(...A) (R, S), options ...Option) Spec {
	ends := outcomeOf[S]()
	return evalN(name, given(f, options), ends.kind, func(columns [][]A, row []A, r []R, s *frame) error {
		for i := range r {
			s.at = i
			for k := range columns {
				row[k] = columns[k][i]
			}
			x, end := f(row...)
			if err := ends.check(s, end); err != nil {
				return err
			}
			r[i] = x
		}
		return nil
	})
}

// partial is what may come of a call beside a value.
type partial uint8

const (
	noResult partial = iota // a value always
	orNull
	orError
	invalid
)

// outcome tells what the second result of a Partial says.
type outcome[S any] struct {
	kind   partial
	failed func(S) error
	valid  func(S) bool
}

func outcomeOf[S any]() outcome[S] {
	var o outcome[S]
	switch reflect.TypeFor[S]() {
	case reflect.TypeFor[bool]():
		o.kind, o.valid = orNull, any(func(ok bool) bool { return ok }).(func(S) bool)
	case reflect.TypeFor[error]():
		o.kind, o.failed = orError, any(func(err error) error { return err }).(func(S) error)
	default:
		o.kind = invalid
	}
	return o
}

// check looks at the second result of the row s.at.
func (o *outcome[S]) check(s *frame, end S) error {
	if o.failed != nil {
		return o.failed(end)
	}
	if !o.valid(end) {
		s.nulls = append(s.nulls, int32(s.at))
	}
	return nil
}
