// Package cast converts columns from one SQL type to another by the rules of Flink 1.20's CAST and TRY_CAST, and says
// which conversions exist (Explicit) and which happen unasked, as when a query's column is written into a sink
// (Implicit).
//
// What is bound is a Kernel that converts a whole column. The rules that surprise: whole numbers that don't fit wrap,
// doubles that don't fit an integer saturate, decimals that don't fit are NULL, text that is no number, date or time
// fails (TRY_CAST: NULL), fractions of whole numbers are cut and those of decimals rounded half up, CHAR(n) is padded
// with blanks. Decimals and number text live in types/number, the calendar in types/temporal.
//
// Start reading at Bind in cast.go, then rules.go.
package cast
