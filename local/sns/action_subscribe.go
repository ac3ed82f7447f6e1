package sns

import (
	"net/mail"
	"slices"
	"strings"
	"unicode"
)

// Subscribe: https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
//
// email and email-json, confirmed at once: there is nobody to click. Idempotent per topic, protocol and endpoint. The other
// protocols of SNS are refused, since nothing would be delivered. Attributes (filter policies among them) are refused.

type subscribeResult struct{ SubscriptionArn string }

// elsewhere are the protocols that SNS has and this server doesn't.
var elsewhere = []string{"http", "https", "sms", "sqs", "application", "lambda", "firehose"}

func (s *Service) subscribe(r *request) (any, error) {
	protocol, endpoint := r.get("Protocol"), r.get("Endpoint")
	if slices.Contains(elsewhere, protocol) {
		return nil, invalidParameter("Protocol Reason: the embedded server delivers to email and email-json, not to %s", protocol)
	}
	if protocol != "email" && protocol != "email-json" {
		return nil, invalidParameter("Amazon SNS does not support this protocol string: %s", protocol)
	}
	if !plainAddress(endpoint) {
		return nil, invalidParameter("Email address")
	}
	err := r.each("Attributes", "entry", func(e params) error {
		return invalidParameter("Attributes Reason: the embedded server has no subscription attributes, such as %s", e.get("key"))
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.neededTopic(r)
	if err != nil {
		return nil, err
	}
	for _, sub := range s.subscriptionsOf(t.Name) {
		if sub.Protocol == protocol && sub.Endpoint == endpoint {
			return subscribeResult{sub.ARN}, nil
		}
	}
	sub := &subscription{
		ARN:      s.topicARN(t.Name) + ":" + s.env.IDs.New(),
		Topic:    t.Name,
		Protocol: protocol,
		Endpoint: endpoint,
		Order:    s.order + 1,
	}
	if err := s.commit(change{string(subKey(sub.ARN)): sub}); err != nil {
		return nil, err
	}
	s.order++
	s.subs[sub.ARN] = sub
	return subscribeResult{sub.ARN}, nil
}

// plainAddress tells whether s is a bare ASCII address, local@domain, that needs no quoting in a header.
func plainAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s && len(s) <= 320 &&
		!strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII || r <= ' ' || strings.ContainsRune(`<>"(),;:\`, r) })
}
