package sns

import (
	"maps"
	"regexp"
	"strings"
)

// CreateTopic: https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
//
// Idempotent: a topic that exists with the same attributes and tags is returned.

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
	tags, err := readTags(r.params)
	if err != nil {
		return nil, err
	}
	if err := checkName(name, attributes); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.topics[name]; t != nil {
		for k, v := range attributes {
			if t.Attributes[k] != v {
				return nil, invalidParameter("Attributes Reason: Topic already exists with different attributes")
			}
		}
		for k, v := range tags {
			if has, ok := t.Tags[k]; !ok || has != v {
				return nil, invalidParameter("Tags Reason: Topic already exists with different tags")
			}
		}
		return topicResult{s.topicARN(name)}, nil
	}
	t := &topic{Name: name, Attributes: attributes, Tags: tags, DataProtection: r.get("DataProtectionPolicy")}
	if err := t.checkDataProtection(); err != nil {
		return nil, err
	}
	if err := s.commit(change{string(topicKey(name)): t}); err != nil {
		return nil, err
	}
	s.topics[name] = t
	return topicResult{s.topicARN(name)}, nil
}

// checkName checks a topic's name and the attributes that depend on it. FifoTopic false is the same as none.
func checkName(name string, attributes map[string]string) error {
	if attributes["FifoTopic"] == "true" {
		base, ok := strings.CutSuffix(name, fifoSuffix)
		if !ok || !topicName.MatchString(base) || len(name) > 256 {
			return invalidParameter("Topic Name Reason: Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long.")
		}
		return nil
	}
	maps.DeleteFunc(attributes, func(k, _ string) bool { return k == "FifoTopic" })
	for _, k := range fifoAttributes {
		if _, ok := attributes[k]; ok {
			return invalidParameter("Attributes Reason: %s is for FIFO topics only", k)
		}
	}
	if !topicName.MatchString(name) {
		return invalidParameter("Topic Name")
	}
	return nil
}
