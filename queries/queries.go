// Package queries holds SQL that people run: the clickstream lab, the Nexmark-like benchmarks and the examples. The lab is
// embedded so that `weir lab` works from anywhere.
package queries

import "embed"

// Lab is the lab's steps, lab/01_….sql and so on, to be run in name order, and its traffic, a scenario of weir generate.
//
//go:embed lab/*.sql lab/traffic.yaml
var Lab embed.FS

// UDF has what functions in Rust and C are written with: weir.rs and weir.h.
//
//go:embed examples/udf-wasm/weir.rs examples/udf-wasm/weir.h
var UDF embed.FS
