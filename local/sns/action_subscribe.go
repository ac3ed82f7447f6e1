package sns

import (
	"errors"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Subscribe: https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
//
// email and email-json, confirmed at once: there is nobody to click. http and https, confirmed by the endpoint, which gets a
// SubscriptionConfirmation. Idempotent per topic, protocol and endpoint; one that waits for its confirmation is sent another.
// The other protocols of SNS are refused, since nothing would be delivered; so are all at FIFO topics, which deliver to SQS
// only.

type subscribeResult struct{ SubscriptionArn string }

// elsewhere are the protocols that SNS has and this server doesn't.
var elsewhere = []string{"sms", "sqs", "application", "lambda", "firehose"}

const (
	pendingARN     = "pending confirmation" // the answer of Subscribe
	pendingListed  = "PendingConfirmation"  // in lists
	maxURLBytes    = 2048
	confirmMessage = "You have chosen to subscribe to the topic %s.\nTo confirm the subscription, visit the SubscribeURL included in this message."
)

func (s *Service) subscribe(r *request) (any, error) {
	sub := &subscription{Protocol: r.get("Protocol"), Endpoint: r.get("Endpoint")}
	if err := sub.check(); err != nil {
		return nil, err
	}
	err := r.each("Attributes", "entry", func(e params) error {
		return sub.setAttribute(e.get("key"), e.get("value"))
	})
	if err == nil {
		err = sub.compile()
	}
	if err != nil {
		return nil, attributesReason(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.neededTopic(r)
	if err != nil {
		return nil, err
	}
	if t.fifoTopic() {
		return nil, invalidParameter("Protocol Reason: FIFO topics deliver to SQS queues only, which the embedded server doesn't have, not to %s", sub.Protocol)
	}
	if err := s.dropUnconfirmed(); err != nil {
		return nil, err
	}
	made := true
	for _, old := range s.subscriptionsOf(t.Name) {
		if old.Protocol != sub.Protocol || old.Endpoint != sub.Endpoint {
			continue
		}
		for k, v := range sub.Attributes {
			if old.Attributes[k] != v {
				return nil, invalidParameter("Attributes Reason: Subscription already exists with different attributes")
			}
		}
		sub, made = old, false
	}
	if made {
		sub.ARN = s.topicARN(t.Name) + ":" + s.env.IDs.New()
		sub.Topic = t.Name
		sub.Order = s.order + 1
		sub.Since = s.env.Now()
		if sub.Protocol == "http" || sub.Protocol == "https" {
			sub.Pending, sub.Token = true, s.token()
		}
	}
	if err := s.addSubscription(sub, made); err != nil {
		return nil, err
	}
	if sub.Pending && r.get("ReturnSubscriptionArn") != "true" {
		return subscribeResult{pendingARN}, nil
	}
	return subscribeResult{sub.ARN}, nil
}

// check checks protocol and endpoint.
func (sub *subscription) check() error {
	switch {
	case slices.Contains(elsewhere, sub.Protocol):
		return invalidParameter("Protocol Reason: the embedded server delivers to email, email-json, http and https, not to %s", sub.Protocol)
	case sub.Protocol == "email" || sub.Protocol == "email-json":
		if !plainAddress(sub.Endpoint) {
			return invalidParameter("Email address")
		}
	case sub.Protocol == "http" || sub.Protocol == "https":
		if !strings.HasPrefix(strings.ToLower(sub.Endpoint), sub.Protocol+"://") {
			return invalidParameter("Endpoint must match the specified protocol")
		}
		if u, err := url.Parse(sub.Endpoint); err != nil || u.Hostname() == "" || len(sub.Endpoint) > maxURLBytes || hasControl(sub.Endpoint) {
			return invalidParameter("HTTP(S) endpoint")
		}
	default:
		return invalidParameter("Amazon SNS does not support this protocol string: %s", sub.Protocol)
	}
	return nil
}

// attributesReason is how AWS words mistakes in attributes when they come with Subscribe.
func attributesReason(err error) error {
	var e *Error
	if text := ""; errors.As(err, &e) {
		text = strings.TrimPrefix(e.Message, "Invalid parameter: ")
		return invalidParameter("Attributes Reason: %s", text)
	}
	return err
}

// addSubscription stores a new subscription, and has its endpoint asked to confirm if need be; s.mu is held.
func (s *Service) addSubscription(sub *subscription, made bool) error {
	c := change{}
	if made {
		c[string(subKey(sub.ARN))] = sub
	}
	var asked []*Delivery
	if sub.Pending {
		now := s.env.Clock.Now().UTC()
		x := &Delivery{Protocol: sub.Protocol, Endpoint: displayURL(sub.Endpoint), TopicARN: s.topicARN(sub.Topic), Subscription: sub.ARN,
			MessageID: s.env.IDs.New(), Published: now, Due: now}
		s.deliveries.add(c, x, &payload{Type: kindConfirmation, Token: sub.Token, Message: strings.Replace(confirmMessage, "%s", x.TopicARN, 1)})
		asked = append(asked, x)
	}
	if len(c) == 0 {
		return nil
	}
	if err := s.commit(c); err != nil {
		return err
	}
	if made {
		s.order++
		s.subs[sub.ARN] = sub
	}
	s.deliveries.queue(asked)
	return nil
}

// token is what confirms a subscription: hexadecimal digits, as AWS's are.
func (s *Service) token() string {
	var b strings.Builder
	for range 8 {
		b.WriteString(strings.ReplaceAll(s.env.IDs.New(), "-", ""))
	}
	return b.String()
}

// displayURL is a URL without a password.
func displayURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	return u.Redacted()
}

// plainAddress tells whether s is a bare ASCII address, local@domain, that needs no quoting in a header.
func plainAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s && len(s) <= 320 &&
		!strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII || r <= ' ' || strings.ContainsRune(`<>"(),;:\`, r) })
}
