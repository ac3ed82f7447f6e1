package service

import (
	"context"
	"net/http"
)

// Fault is what an intercepted request suffers instead of, or on top of, being served. The zero Fault changes nothing.
// The fields combine in this order: Wait, then (if Apply) the request itself, then Close, else Code.
type Fault struct {
	// Wait, if not nil, is called first and holds the request up until it returns: for a while of whatever clock, or until
	// something has happened. When ctx ends, because the client or the server has gone, it should return; no answer is
	// sent then.
	Wait func(ctx context.Context)
	// Code is the AWS error code to answer with, such as "ProvisionedThroughputExceededException". Empty: no error.
	Code string
	// Message is the error's text; empty stands for a generic one.
	Message string
	// Status is the HTTP status of the error; 0 means 400, or 500 for the codes that begin with "Internal".
	Status int
	// Close drops the connection without an answer.
	Close bool
	// Apply carries the request out before it fails: the client can't tell that it was applied.
	Apply bool
	// Entries fails only these entries (0-based) of a PutRecords or PublishBatch request, with Code and Message in the
	// entry's result; the others succeed and the answer's status is 200.
	Entries []int
}

// HoldUp calls Wait, and drops the connection if nobody is waiting for the answer any more.
func (f *Fault) HoldUp(ctx context.Context) {
	if f.Wait == nil {
		return
	}
	if f.Wait(ctx); ctx.Err() != nil {
		Drop()
	}
}

// HTTPStatus is Status with its default filled in.
func (f *Fault) HTTPStatus() int {
	switch {
	case f.Status != 0:
		return f.Status
	case len(f.Code) >= 8 && f.Code[:8] == "Internal":
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// Text is Message with its default filled in.
func (f *Fault) Text() string {
	if f.Message != "" {
		return f.Message
	}
	return f.Code + " injected by the embedded server"
}

// Whole tells whether the fault hits the whole request, not single entries of it.
func (f *Fault) Whole() bool { return len(f.Entries) == 0 }

// Hits tells whether the fault hits entry i of a batch.
func (f *Fault) Hits(i int) bool {
	if f == nil {
		return false
	}
	for _, e := range f.Entries {
		if e == i {
			return true
		}
	}
	return false
}

// Drop closes the client's connection without an answer. It does not return: net/http knows the panic value, closes the
// connection (HTTP/1.1) or resets the stream (HTTP/2), and logs nothing.
func Drop() { panic(http.ErrAbortHandler) }
