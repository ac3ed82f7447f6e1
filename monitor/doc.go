// Package monitor shows what jobs do: figures for Prometheus, a JSON API that `weir job` and programs use, and traces of
// checkpoints and restarts.
//
// It only reads: what operators count is counted by the runtime whether anybody looks or not (runtime/metrics). Two
// things are computed here, rates over the last seconds (rates.go) and which task holds up a job (bottleneck.go).
//
// Start reading at Monitor; figures.go has the shapes that the API serves, prometheus.go the names of all metrics.
package monitor
