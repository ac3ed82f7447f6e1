// Package wasm runs SQL functions that are WebAssembly modules: those of CREATE FUNCTION … LANGUAGE WASM, made by any
// compiler to the interface in docs/udf-wasm.md, and those of LANGUAGE GO, which it compiles from a Go file.
//
// A module is called with whole batches: columns are copied into its memory, one call computes them all, the result is
// checked and copied out. It has no files, no network, no clock and no environment; its memory and the time of a call
// are bounded, and what it does wrong is an error of the function. Start reading at Host, then instance; a Go file goes
// through goFile, wrap and Host.build.
package wasm
