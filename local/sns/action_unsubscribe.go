package sns

import "net/http"

// Unsubscribe: https://docs.aws.amazon.com/sns/latest/api/API_Unsubscribe.html
//
// Idempotent: that the subscription is gone already is no error.

func (s *Service) unsubscribe(r *request) (any, error) {
	arn, err := r.need("SubscriptionArn")
	if err != nil {
		return nil, err
	}
	if _, err := arnResource("SubscriptionArn", arn); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if sub := s.subs[arn]; sub != nil && sub.Guarded && !r.signed {
		return nil, &Error{http.StatusForbidden, "AuthorizationError", "User: anonymous is not authorized to perform: SNS:Unsubscribe on resource: " + arn}
	}
	if err := s.commit(change{string(subKey(arn)): nil}); err != nil {
		return nil, err
	}
	delete(s.subs, arn)
	return nil, nil
}
