package service

import (
	"context"
	"net/http"
	"time"
)

// Fault is what an intercepted request suffers instead of, or on top of, being served. The zero Fault changes nothing.
// The fields combine in this order: Delay, then (if Apply) the request itself, then Close, else Code.
type Fault struct {
	// Delay passes on the server's clock before anything else happens.
	Delay time.Duration
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

// Wait lets the fault's delay pass, or returns the error of ctx if that ends first.
func (f *Fault) Wait(ctx context.Context, clock Clock) error {
	if f.Delay <= 0 {
		return nil
	}
	select {
	case <-clock.After(f.Delay):
		return nil
	case <-ctx.Done():
		return ctx.Err()
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
