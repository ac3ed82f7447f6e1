package udf

import (
	"errors"
	"sync/atomic"
)

// Running is the function that an operator is calling. The operator's goroutine sets it; others look whether a call returns.
// The methods of a nil Running do nothing.
type Running struct {
	call      atomic.Pointer[string]
	abandoned atomic.Bool
}

// ErrAbandoned is what becomes of a call that has returned after its job had been given up: nothing may come of it.
var ErrAbandoned = errors.New("the function returned when its job had been given up")

// Begin notes that call, which describes it, is being made.
func (r *Running) Begin(call *string) {
	if r != nil {
		r.call.Store(call)
	}
}

// End notes that the call has returned. The error is ErrAbandoned, or nil.
func (r *Running) End() error {
	if r == nil {
		return nil
	}
	r.call.Store(nil)
	if r.abandoned.Load() {
		return ErrAbandoned
	}
	return nil
}

// Call describes the call that is being made, "" when none is. From any goroutine.
func (r *Running) Call() string {
	if call := r.call.Load(); call != nil {
		return *call
	}
	return ""
}

// Abandon says that nobody waits for the call any more. From any goroutine.
func (r *Running) Abandon() { r.abandoned.Store(true) }
