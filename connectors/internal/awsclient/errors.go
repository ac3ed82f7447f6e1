package awsclient

import (
	"errors"
	"fmt"

	"github.com/aws/smithy-go"
)

// CredentialsError says that there are no credentials.
type CredentialsError struct {
	Provider, Looked string
	Err              error
}

func (e *CredentialsError) Error() string {
	return fmt.Sprintf("no AWS credentials (provider %s): looked in %s; set them there, or run with --local, "+
		"which uses the embedded server and needs none: %v", e.Provider, e.Looked, e.Err)
}

// Unwrap returns the cause.
func (e *CredentialsError) Unwrap() error { return e.Err }

// Explain words the error of a call that is given up: what AWS said, where, and what may help. missing is what to say when
// the resource doesn't exist.
func (s *Settings) Explain(err error, doing string, missing error) error {
	if err == nil || errors.As(err, new(*CredentialsError)) {
		return err
	}
	where := fmt.Sprintf("in region %s (endpoint %s)", s.Region, s.Address())
	switch code := Code(err); code {
	case "ResourceNotFoundException", "NotFound", "NotFoundException":
		if missing != nil {
			return missing
		}
	case "AccessDeniedException", "AccessDenied", "AuthorizationError", "AuthorizationErrorException":
		return fmt.Errorf("%s %s: access denied: %s; the credentials need a policy that allows it", doing, where, message(err))
	case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch",
		"InvalidClientTokenIdException", "IncompleteSignature", "MissingAuthenticationToken", "MissingAuthenticationTokenException":
		return fmt.Errorf("%s %s: AWS doesn't take the credentials (provider %s): %s", doing, where, s.credentials.provider, message(err))
	case "ExpiredToken", "ExpiredTokenException":
		return fmt.Errorf("%s %s: the credentials (provider %s) have expired: %s", doing, where, s.credentials.provider, message(err))
	case "":
		return fmt.Errorf("%s %s: %w", doing, where, err)
	default:
		return fmt.Errorf("%s %s: %s: %s", doing, where, code, message(err))
	}
	return fmt.Errorf("%s %s: %w", doing, where, err)
}

// message is AWS's text without the SDK's layers around it.
func message(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorMessage()
	}
	return err.Error()
}
