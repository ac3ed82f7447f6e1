// Package connectors is the contract between the engine and the outside world: sources that read splits into columns,
// sinks that write them, the options both are configured by, and the registry that tables are looked up in.
//
// A connector knows nothing of SQL, plans or operators; nothing above it knows a particular connector. Each lives in a
// folder of its own below this one and appears as one line in connectors/all. Start reading at Spec, then Source and
// Sink; README.md tells what a connector must do.
package connectors
