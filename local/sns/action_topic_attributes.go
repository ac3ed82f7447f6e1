package sns

import (
	"maps"
	"slices"
	"strconv"
)

// GetTopicAttributes and SetTopicAttributes:
//
//	https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html
//	https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
//
// DisplayName is the sender's name in mails. All other attributes are stored and shown without effect.

type attributesResult struct {
	Attributes struct {
		Entries []attributeEntry `xml:"entry"`
	}
}

type attributeEntry struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

func (s *Service) getTopicAttributes(r *request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.neededTopic(r)
	if err != nil {
		return nil, err
	}
	all := map[string]string{
		"DisplayName":             "",
		"Owner":                   s.env.Account,
		"SubscriptionsConfirmed":  strconv.Itoa(len(s.subscriptionsOf(t.Name))),
		"SubscriptionsDeleted":    "0",
		"SubscriptionsPending":    "0",
		"TopicArn":                s.topicARN(t.Name),
		"EffectiveDeliveryPolicy": "{}",
	}
	maps.Copy(all, t.Attributes)
	var out attributesResult
	for _, k := range slices.Sorted(maps.Keys(all)) {
		out.Attributes.Entries = append(out.Attributes.Entries, attributeEntry{k, all[k]})
	}
	return out, nil
}

func (s *Service) setTopicAttributes(r *request) (any, error) {
	name, err := r.need("AttributeName")
	if err != nil {
		return nil, err
	}
	value := r.get("AttributeValue")
	if err := checkAttribute(name, value); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.neededTopic(r)
	if err != nil {
		return nil, err
	}
	t := &topic{Name: old.Name, Attributes: map[string]string{}}
	maps.Copy(t.Attributes, old.Attributes)
	t.Attributes[name] = value
	if err := s.commit(change{string(topicKey(t.Name)): t}); err != nil {
		return nil, err
	}
	s.topics[t.Name] = t
	return nil, nil
}

// neededTopic is the topic that the parameter TopicArn names; s.mu is held.
func (s *Service) neededTopic(r *request) (*topic, error) {
	arn, err := r.need("TopicArn")
	if err != nil {
		return nil, err
	}
	return s.topic("TopicArn", arn)
}

var topicAttributes = []string{
	"ArchivePolicy", "ContentBasedDeduplication", "DeliveryPolicy", "DisplayName", "FifoThroughputScope", "FifoTopic",
	"KmsMasterKeyId", "MaximumMessageSize", "Policy", "SignatureVersion", "TracingConfig",
}

func checkAttribute(name, value string) error {
	if !slices.Contains(topicAttributes, name) {
		return invalidParameter("AttributeName")
	}
	if name == "DisplayName" && (len([]rune(value)) > 100 || hasControl(value)) {
		return invalidParameter("DisplayName")
	}
	return nil
}
