// Package bench measures the engine where it matters: a query from files through engine.Session, and operators fed with
// decoded batches, each beside the code one would write first, so that one run shows a ratio.
//
// It holds tests and benchmarks only; README.md has the commands and what they gave. Start reading at BenchmarkStep4
// (step4_test.go); chain_test.go turns a SQL text into operators without a job around them. Microbenchmarks of a single
// package are beside its code.
package bench
