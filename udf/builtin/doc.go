// Package builtin holds weir's built-in SQL functions and operators, one file per function or small group, the family
// as the first word of the file name: operator_compare.go, numeric_round.go, string_substring.go.
//
// Each file declares Specs (name, summary, usage, runnable examples, binding) and the columnar code behind them; what
// a function accepts and returns is Flink 1.20's behaviour. Conversions between types live in udf/cast, the calendar
// in types/temporal. Start reading at families in builtin.go: the list of everything there is.
package builtin
