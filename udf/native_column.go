package udf

// Column defines a scalar function of one argument that computes a whole column at a time: it sets r[i] to the result for
// a[i]. That is quicker where a row takes little, since nothing is called for each, and the compiler may use vector
// instructions.
//
//	udf.Column("SQUARE", func(a, r []float64) error {
//		for i, x := range a {
//			r[i] = x * x
//		}
//		return nil
//	})
//
// The slices have the same length, and only rows without NULLs are in them, unless A is a Null. The function must neither
// keep them nor change a. An error that one row is to blame for is a *RowError with its index.
func Column[A, R Native](name string, f func(a []A, r []R) error, options ...Option) Spec {
	return eval1(name, given(f, options), noResult, func(a []A, r []R, _ *frame) error { return f(a, r) })
}

// Column2 is Column for two arguments.
func Column2[A, B, R Native](name string, f func(a []A, b []B, r []R) error, options ...Option) Spec {
	return eval2(name, given(f, options), noResult, func(a []A, b []B, r []R, _ *frame) error { return f(a, b, r) })
}

// Column3 is Column for three arguments.
func Column3[A, B, C, R Native](name string, f func(a []A, b []B, c []C, r []R) error, options ...Option) Spec {
	return eval3(name, given(f, options), noResult, func(a []A, b []B, c []C, r []R, _ *frame) error { return f(a, b, c, r) })
}
