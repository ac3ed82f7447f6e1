package awsclient

import (
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Class says what to do about a failed call.
type Class uint8

const (
	Fatal     Class = iota // it will fail again
	Transient              // a broken connection, a server's error: try again, but not for ever
	Throttled              // too fast: try again, for as long as it takes
	Expired                // a shard iterator that is too old: get another
)

// Classify looks at the error of an SDK call.
func Classify(err error) Class {
	var api smithy.APIError
	if errors.As(err, &api) {
		return ClassifyCode(api.ErrorCode(), status(err))
	}
	if code := status(err); code != 0 {
		return ClassifyCode("", code)
	}
	var missing *credentialsError
	var invalid *smithy.InvalidParamsError
	var unwritten *smithy.SerializationError
	if errors.As(err, &missing) || errors.As(err, &invalid) || errors.As(err, &unwritten) {
		return Fatal
	}
	return Transient // nothing or nonsense came back; renewing credentials over the network failed
}

// ClassifyCode is Classify for AWS's error code, as single records of a batch have it, and an HTTP status or 0.
func ClassifyCode(code string, status int) Class {
	if _, ok := retry.DefaultThrottleErrorCodes[code]; ok {
		return Throttled
	}
	switch code {
	case "KMSThrottlingException", "KMSThrottling", "Throttled":
		return Throttled
	case "ExpiredIteratorException":
		return Expired
	case "ExpiredToken", "ExpiredTokenException", // the SDK renews credentials before they expire: a clock that is off
		"RequestExpired", "RequestTimeTooSkewed", "RequestTimeout", "RequestTimeoutException",
		"InternalFailure", "InternalFailureException", "InternalServerError", "InternalError", "InternalErrorException", "ServiceUnavailable",
		"ResourceInUseException": // a stream that is CREATING
		return Transient
	}
	switch {
	case status == http.StatusTooManyRequests:
		return Throttled
	case status >= 500:
		return Transient
	}
	return Fatal
}

func status(err error) int {
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) {
		return r.HTTPStatusCode()
	}
	return 0
}

// Code is AWS's code of an error, or "".
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}
