// Package runtime runs physical plans: it divides a plan into tasks, connects them by exchanges, takes checkpoints, and
// ends the job in order, by itself, on request or when something fails.
//
// The rooms below it hold the parts: task (one goroutine of a job), exchange (between tasks), operator and expr (what is
// computed), state and checkpoint (what is kept), clock, metrics. It knows nothing of SQL, catalogs or particular
// connectors. Start reading at Start, then job.go; README.md tells the invariants.
package runtime
