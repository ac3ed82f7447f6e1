package sns

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/weirsql/weir/local/internal/service"
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

// asError is err as an answer.
func asError(err error) *Error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, service.ErrDiskFull):
		return &Error{http.StatusServiceUnavailable, "ServiceUnavailable", err.Error()}
	}
	return &Error{http.StatusInternalServerError, "InternalError", err.Error()}
}

func badRequest(code, format string, args ...any) *Error {
	return &Error{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

func invalidParameter(format string, args ...any) *Error {
	return badRequest("InvalidParameter", "Invalid parameter: "+format, args...)
}

func notFound(format string, args ...any) *Error {
	return &Error{http.StatusNotFound, "NotFound", fmt.Sprintf(format, args...)}
}
