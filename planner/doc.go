// Package planner turns statements into physical plans.
//
// The path of a query: Planner.PlanQuery binds the parser's tree to the catalog (bind_*.go: names, types, implicit
// casts; every error with its position), which gives a logical tree (logical.go); an ordered list of rules rewrites it
// (rules.go, rule_*.go); physical_*.go chooses operators, exchanges, changelog modes and keys. The result, package
// physical, is what the runtime reads and EXPLAIN prints (explain.go).
//
// The parser makes no name lookups; this package makes no syntax decisions and runs nothing but constant expressions.
package planner
