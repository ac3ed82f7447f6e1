// Package task runs the subtasks of a job: a task reads from a source or from exchanges, drives a chain of operators
// and sinks, and writes to exchanges, all in one goroutine.
//
// A task is a step function that never blocks, with a thin loop around it that parks in a clock.Waiter when a step made
// no progress; whoever changes something that a task waits for wakes it. Rows, watermarks, barriers and the end pass
// through the chain in their order, each call completing downstream before it returns.
//
// What is not here: which operators form a chain, when checkpoints are taken, what happens when a task fails; those are
// package runtime's. Start reading at Task.step; scan.go is the way of a record from a reader into the chain, sink.go
// the way out.
package task
