package sns

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// http and https: https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html
//
// An answer of 2xx within 15 seconds is an acknowledgement. 429, 5xx and no answer are tried again by the delivery policy,
// everything else is final. Redirects are not followed.

const postTimeout = 15 * time.Second

// target is where a delivery goes.
type target struct {
	url       string
	raw       bool
	signature string // version
	policy    deliveryPolicy
}

var poster = &http.Client{
	Timeout:       postTimeout,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// target finds the subscription of a delivery as it is now; nil if there is nobody to deliver to any more.
func (s *Service) target(x *Delivery, p *payload) (*target, deliveryPolicy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.subs[x.Subscription]
	if sub == nil || p.Type == kindConfirmation && (!sub.Pending || sub.Token != p.Token) {
		return nil, deliveryPolicy{}
	}
	t := s.topics[sub.Topic]
	if t == nil {
		return nil, deliveryPolicy{}
	}
	// Both were read when they were set, so they have no mistakes.
	policy, override, _ := readTopicPolicy(t.Attributes["DeliveryPolicy"])
	if override {
		policy, _ = readSubscriptionPolicy(sub.Attributes["DeliveryPolicy"], policy)
	}
	out := &target{url: sub.Endpoint, raw: sub.Attributes["RawMessageDelivery"] == "true", signature: "1", policy: policy}
	if t.Attributes["SignatureVersion"] == "2" {
		out.signature = "2"
	}
	return out, policy
}

// post makes one attempt.
func (s *Service) post(ctx context.Context, x *Delivery, p *payload, to *target) error {
	raw := to.raw && p.Type == kindNotification
	body := []byte(p.Message)
	if !raw {
		n := &notification{
			Type:              p.Type,
			MessageId:         x.MessageID,
			Token:             p.Token,
			TopicArn:          x.TopicARN,
			Subject:           p.Subject,
			Message:           p.Message,
			Timestamp:         x.Published.Format(timestampFormat),
			SignatureVersion:  to.signature,
			MessageAttributes: p.Attributes,
		}
		if p.Type == kindConfirmation {
			n.SubscribeURL = s.confirmURL(x.TopicARN, p.Token)
		} else {
			n.UnsubscribeURL = s.unsubscribeURL(x.Subscription)
		}
		if err := s.sign(n); err != nil {
			return err
		}
		body = n.encode()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url, bytes.NewReader(body))
	if err != nil {
		return permanent{err}
	}
	r.Header.Set("Content-Type", "text/plain; charset=UTF-8")
	if to.policy.contentType != "" {
		r.Header.Set("Content-Type", to.policy.contentType)
	}
	r.Header.Set("User-Agent", "Amazon Simple Notification Service Agent")
	r.Header.Set("x-amz-sns-message-type", p.Type)
	r.Header.Set("x-amz-sns-message-id", x.MessageID)
	r.Header.Set("x-amz-sns-topic-arn", x.TopicARN)
	if p.Type == kindNotification {
		r.Header.Set("x-amz-sns-subscription-arn", x.Subscription)
	}
	if raw {
		r.Header.Set("x-amz-sns-rawdelivery", "true")
	}
	resp, err := poster.Do(r)
	if err != nil {
		if e, ok := err.(*url.Error); ok { // without the URL, which may hold a password
			err = e.Err
		}
		return err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // for the connection's sake
	switch {
	case resp.StatusCode/100 == 2:
		return nil
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500:
		return fmt.Errorf("the endpoint answered %s", resp.Status)
	}
	return permanent{fmt.Errorf("the endpoint answered %s", resp.Status)}
}

func (s *Service) confirmURL(topicARN, token string) string {
	return s.base + "/?Action=ConfirmSubscription&TopicArn=" + topicARN + "&Token=" + token
}

func (s *Service) unsubscribeURL(arn string) string {
	return s.base + "/?Action=Unsubscribe&SubscriptionArn=" + arn
}
