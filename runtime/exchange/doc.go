// Package exchange moves records between the tasks of a job: bounded queues between two subtasks each, senders that
// divide an operator's rows among queues, and receivers that merge queues into one sequence of events.
//
// Watermarks, idleness, barriers and the end of the input travel in band, in order with the rows. Nothing here blocks or
// starts goroutines: a task asks Sender.Full before it produces, and is woken when there is room or something to read.
// Start reading at Queue, then Sender and Receiver.
package exchange
