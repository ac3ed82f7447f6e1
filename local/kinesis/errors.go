package kinesis

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/weirsql/weir/local/internal/service"
)

// Error is an answer that AWS would give: its type is what clients branch on, Message what people read. Messages follow
// AWS's wording, capitals and full stops included, because users search the web for it.
type Error struct {
	Status  int    // HTTP status
	Type    string // __type, for example "ResourceNotFoundException"
	Message string
}

func (e *Error) Error() string { return e.Type + ": " + e.Message }

func clientError(kind, format string, args ...any) *Error {
	return &Error{http.StatusBadRequest, kind, fmt.Sprintf(format, args...)}
}

func invalidArgument(format string, args ...any) *Error {
	return clientError("InvalidArgumentException", format, args...)
}

func notFound(format string, args ...any) *Error {
	return clientError("ResourceNotFoundException", format, args...)
}

func inUse(format string, args ...any) *Error {
	return clientError("ResourceInUseException", format, args...)
}

func limitExceeded(format string, args ...any) *Error {
	return clientError("LimitExceededException", format, args...)
}

func serializationError(format string, args ...any) *Error {
	return clientError("SerializationException", format, args...)
}

func validationError(format string, args ...any) *Error {
	return clientError("ValidationException", format, args...)
}

// internalFailure is what a bug or a failing disk becomes on the wire. AWS sends no message; the cause helps more here.
func internalFailure(err error) *Error {
	return &Error{http.StatusInternalServerError, "InternalFailure", err.Error()}
}

// asError is the answer that an error means.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if errors.Is(err, service.ErrDiskFull) {
		return &Error{http.StatusServiceUnavailable, "ServiceUnavailable", err.Error()}
	}
	return internalFailure(err)
}

// corruptError says that stored bytes are not what this package writes.
type corruptError struct{ what string }

func (e *corruptError) Error() string {
	return "stored data is damaged: " + e.what + "; restore the directory from a copy, or delete it"
}

func errCorrupt(format string, args ...any) error {
	return &corruptError{fmt.Sprintf(format, args...)}
}
