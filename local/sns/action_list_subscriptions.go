package sns

import "strconv"

// ListSubscriptions and ListSubscriptionsByTopic:
//
//	https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptions.html
//	https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html
//
// In the order they were made, 100 at a time.

type listSubscriptionsResult struct {
	NextToken     string `xml:",omitempty"`
	Subscriptions struct {
		Members []subscriptionResult `xml:"member"`
	}
}

type subscriptionResult struct{ Endpoint, Owner, Protocol, SubscriptionArn, TopicArn string }

func (s *Service) listSubscriptions(r *request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.subscriptionPage(r, "")
}

func (s *Service) listSubscriptionsByTopic(r *request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.neededTopic(r)
	if err != nil {
		return nil, err
	}
	return s.subscriptionPage(r, t.Name)
}

func (s *Service) subscriptionPage(r *request, topic string) (any, error) {
	token, err := r.pageAfter("subscription")
	if err != nil {
		return nil, err
	}
	after, err := strconv.ParseUint("0"+token, 10, 64)
	if err != nil {
		return nil, invalidParameter("NextToken")
	}
	var out listSubscriptionsResult
	for _, sub := range s.subscriptionsOf(topic) {
		if sub.Order <= after {
			continue
		}
		if len(out.Subscriptions.Members) == pageSize {
			out.NextToken = pageToken("subscription", strconv.FormatUint(after, 10))
			break
		}
		arn := sub.ARN
		if sub.Pending {
			arn = pendingListed
		}
		out.Subscriptions.Members = append(out.Subscriptions.Members, subscriptionResult{
			Endpoint:        displayURL(sub.Endpoint),
			Owner:           s.env.Account,
			Protocol:        sub.Protocol,
			SubscriptionArn: arn,
			TopicArn:        s.topicARN(sub.Topic),
		})
		after = sub.Order
	}
	return out, nil
}
