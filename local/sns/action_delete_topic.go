package sns

// DeleteTopic: https://docs.aws.amazon.com/sns/latest/api/API_DeleteTopic.html
//
// The topic goes with its subscriptions. Idempotent: that there is no such topic is no error.

func (s *Service) deleteTopic(r *request) (any, error) {
	arn, err := r.need("TopicArn")
	if err != nil {
		return nil, err
	}
	name, err := arnResource("TopicArn", arn)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	subs := s.subscriptionsOf(name)
	c := change{string(topicKey(name)): nil}
	for _, sub := range subs {
		c[string(subKey(sub.ARN))] = nil
	}
	if err := s.commit(c); err != nil {
		return nil, err
	}
	delete(s.topics, name)
	for _, sub := range subs {
		delete(s.subs, sub.ARN)
	}
	return nil, nil
}
