package udf

import (
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

// PanicError is a panic in a function.
type PanicError struct {
	Value any    // what it panicked with
	At    string // where: file.go:12
	Stack string // of the goroutine, for a log
}

func (e *PanicError) Error() string {
	if e.At == "" {
		return fmt.Sprintf("the function panicked: %v", e.Value)
	}
	return fmt.Sprintf("the function panicked at %s: %v", e.At, e.Value)
}

// Unwrap returns the error that the function panicked with, if it was one.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Panicked makes an error of what recover has returned. It must be called by the deferred function.
func Panicked(value any) *PanicError {
	e := &PanicError{Value: value, Stack: string(debug.Stack())}
	var callers [32]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers[:])])
	panicking := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicking = true
		case panicking && !strings.HasPrefix(f.Function, "runtime."):
			e.At = fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
			return e
		}
		if !more {
			return e
		}
	}
}
