// Package expr evaluates row expressions (planner/rex) over batches, a column at a time.
//
// It knows nothing of plans, operators or SQL text, and holds no functions: those come bound in the expressions
// (udf.BoundScalar, cast.Kernel). What is here is the order of evaluation: each kernel sees n dense rows, so columns are
// gathered once where a selection is in the way, and branches that may fail run only on the rows that need them.
//
// Start reading at Program, which computes columns, and Filter, which selects rows. A node of the compiled tree is one
// file: node_call.go, node_case.go, ….
package expr
