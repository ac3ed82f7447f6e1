package task

import (
	"errors"
	"fmt"
)

// Error is the failure of a task: which operator failed, and why. The cause may be a *diag.Error with a position in the
// query.
type Error struct {
	Operator string // name, with the table of scans and sinks
	ID       string
	Subtask  int
	Err      error
}

func (e *Error) Error() string { return fmt.Sprintf("operator %s: %v", e.Operator, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// fail says that err happened in v, unless it is known already where it happened.
func (v *vertex) fail(err error) error {
	if err == nil {
		return nil // before anything is allocated: this is called for every batch
	}
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	return &Error{Operator: v.label, ID: v.id, Subtask: v.task.subtask, Err: err}
}
