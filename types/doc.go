// Package types holds what every room shares about data: SQL types, schemas, row kinds, and the columnar vectors and
// batches in which records travel.
//
// It knows nothing of SQL text, plans, functions or connectors. Start reading at Type (a SQL type), then Vector (one
// column of values) and Batch (a set of columns with row kinds and an optional selection). RowCodec turns rows into
// canonical bytes for keys and state.
package types
