package sns

import (
	"crypto/subtle"
	"time"
)

// ConfirmSubscription: https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html
//
// Within two days of Subscribe, as with AWS. Idempotent. With AuthenticateOnUnsubscribe, in a request that is signed, the
// subscription isn't ended by the UnsubscribeURL of its notifications, which isn't.

// confirmWithin is how long a token is good, and how long a subscription that nobody confirms is kept.
const confirmWithin = 48 * time.Hour

func (s *Service) confirmSubscription(r *request) (any, error) {
	token, err := r.need("Token")
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.neededTopic(r)
	if err != nil {
		return nil, err
	}
	if err := s.dropUnconfirmed(); err != nil {
		return nil, err
	}
	for _, sub := range s.subscriptionsOf(t.Name) {
		if subtle.ConstantTimeCompare([]byte(sub.Token), []byte(token)) != 1 {
			continue
		}
		if sub.Pending {
			confirmed := *sub
			confirmed.Pending, confirmed.Authenticated = false, r.signed
			confirmed.Guarded = r.signed && r.get("AuthenticateOnUnsubscribe") == "true"
			if err := s.replaceSubscription(&confirmed); err != nil {
				return nil, err
			}
		}
		return subscribeResult{sub.ARN}, nil
	}
	return nil, invalidParameter("Token")
}

// dropUnconfirmed removes subscriptions that nobody has confirmed in time; s.mu is held.
func (s *Service) dropUnconfirmed() error {
	c := change{}
	var gone []*subscription
	limit := s.env.Now() - confirmWithin.Milliseconds()
	for _, sub := range s.subs {
		if sub.Pending && sub.Since < limit {
			c[string(subKey(sub.ARN))] = nil
			gone = append(gone, sub)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	if err := s.commit(c); err != nil {
		return err
	}
	for _, sub := range gone {
		delete(s.subs, sub.ARN)
	}
	return nil
}
