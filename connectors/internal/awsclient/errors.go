package awsclient

import (
	"errors"
	"fmt"

	"github.com/aws/smithy-go"

	"github.com/weirsql/weir/connectors"
)

// credentialsError says that there are no credentials.
type credentialsError struct {
	provider, looked string
	err              error
}

func (e *credentialsError) Error() string {
	return fmt.Sprintf("no AWS credentials (provider %s): looked in %s; set them there, or run with --local, "+
		"which uses the embedded server and needs none", e.provider, e.looked)
}

// Unwrap returns the cause.
func (e *credentialsError) Unwrap() error { return e.err }

// Explain words the error of a call that is given up: what could not be done, where, what AWS said, and what may help.
// missing is what to say when the resource doesn't exist.
func (s *Settings) Explain(err error, doing, missing string) error {
	if err == nil {
		return nil
	}
	told := func(format string, args ...any) error {
		return &connectors.Explained{Msg: "table " + s.table + ": " + fmt.Sprintf(format, args...), Err: err, Final: Classify(err) == Fatal}
	}
	if missing := (*credentialsError)(nil); errors.As(err, &missing) {
		return told("%v", missing)
	}
	where := fmt.Sprintf("in region %s (endpoint %s)", s.Region, s.Address())
	switch code := Code(err); code {
	case "":
		return fmt.Errorf("%s %s: %w", doing, where, err)
	case "ResourceNotFoundException", "NotFound", "NotFoundException":
		return told("%s", missing)
	case "AccessDeniedException", "AccessDenied", "AuthorizationError", "AuthorizationErrorException":
		return told("%s %s: access denied: %s; the credentials need a policy that allows it", doing, where, message(err))
	case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch",
		"InvalidClientTokenIdException", "IncompleteSignature", "MissingAuthenticationToken", "MissingAuthenticationTokenException":
		return told("%s %s: AWS doesn't take the credentials (provider %s): %s", doing, where, s.credentials.provider, message(err))
	case "ExpiredToken", "ExpiredTokenException":
		return told("%s %s: the credentials (provider %s) have expired: %s", doing, where, s.credentials.provider, message(err))
	default:
		return told("%s %s: %s: %s", doing, where, code, message(err))
	}
}

// message is AWS's text without the SDK's layers around it.
func message(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorMessage()
	}
	return err.Error()
}
