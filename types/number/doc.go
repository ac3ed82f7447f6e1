// Package number holds what SQL's numbers need beyond Go's operators: exact decimals of up to 38 digits over
// decimal128.Num, and the text of numbers as Java, and so Flink, writes and reads it.
//
// A decimal is an unscaled integer plus a scale that its type holds: 12.30 as DECIMAL(5, 2) is 1230. Arithmetic runs on
// 128 bits and takes math/big only when an intermediate result needs more. Rounding is half up, away from zero, as
// Flink does everywhere. Start reading at Rescale in decimal.go, then float.go and integer.go.
package number
