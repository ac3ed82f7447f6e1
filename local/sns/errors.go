package sns

import (
	"fmt"
	"net/http"
)

// Error is an answer that AWS would give. Messages follow AWS's wording.
type Error struct {
	Status  int    // HTTP status
	Code    string // for example "NotFound"
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// sender tells whether the fault is the client's, as the wire format wants to know.
func (e *Error) sender() bool { return e.Status < 500 }

func badRequest(code, format string, args ...any) *Error {
	return &Error{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

func invalidParameter(format string, args ...any) *Error {
	return badRequest("InvalidParameter", "Invalid parameter: "+format, args...)
}

func notFound(format string, args ...any) *Error {
	return &Error{http.StatusNotFound, "NotFound", fmt.Sprintf(format, args...)}
}
