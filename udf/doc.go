// Package udf is the one registry of SQL functions, built-in and user-defined, and the contract they are written to.
//
// A Spec names a function and, at plan time, binds a call of it to concrete types; what it returns (BoundScalar,
// BoundAggregate, BoundTable) runs over whole columns. Built-ins live in udf/builtin, one file per family; conversions between types in udf/cast.
// This package knows nothing of SQL text, plans or operators. Start reading at Spec.
//
// Functions in Go get their Spec from Scalar, Partial, Column, Text, Aggregate and Table, which derive it from the Go type:
// native.go has the types that stand for SQL's.
package udf
