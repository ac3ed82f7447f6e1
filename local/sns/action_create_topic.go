package sns

import (
	"regexp"
	"strings"
)

// CreateTopic: https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
//
// Idempotent: a topic that exists with the same attributes is returned. FIFO topics are refused; tags are ignored.

var topicName = regexp.MustCompile(`\A[A-Za-z0-9_-]{1,256}\z`)

type topicResult struct{ TopicArn string }

func (s *Service) createTopic(r *request) (any, error) {
	name := r.get("Name")
	attributes := map[string]string{}
	err := r.each("Attributes", "entry", func(e params) error {
		attributes[e.get("key")] = e.get("value")
		return checkAttribute(e.get("key"), e.get("value"))
	})
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(name, ".fifo") || attributes["FifoTopic"] == "true" {
		return nil, invalidParameter("FifoTopic Reason: the embedded server has standard topics only")
	}
	if !topicName.MatchString(name) {
		return nil, invalidParameter("Topic Name")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.topics[name]; t != nil {
		for k, v := range attributes {
			if t.Attributes[k] != v {
				return nil, invalidParameter("Attributes Reason: Topic already exists with different attributes")
			}
		}
		return topicResult{s.topicARN(name)}, nil
	}
	t := &topic{Name: name, Attributes: attributes}
	if err := s.commit(change{string(topicKey(name)): t}); err != nil {
		return nil, err
	}
	s.topics[name] = t
	return topicResult{s.topicARN(name)}, nil
}
