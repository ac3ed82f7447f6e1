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
// DisplayName is the sender's name in mails, DeliveryPolicy and SignatureVersion are for http and https,
// ContentBasedDeduplication is for FIFO topics. All other attributes are stored and shown without effect.

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
	if err := s.dropUnconfirmed(); err != nil {
		return nil, err
	}
	pending, confirmed := 0, 0
	for _, sub := range s.subscriptionsOf(t.Name) {
		if sub.Pending {
			pending++
		} else {
			confirmed++
		}
	}
	policy, override, err := readTopicPolicy(t.Attributes["DeliveryPolicy"])
	if err != nil {
		return nil, err
	}
	all := map[string]string{
		"DisplayName":             "",
		"Owner":                   s.env.Account,
		"SubscriptionsConfirmed":  strconv.Itoa(confirmed),
		"SubscriptionsDeleted":    "0",
		"SubscriptionsPending":    strconv.Itoa(pending),
		"TopicArn":                s.topicARN(t.Name),
		"EffectiveDeliveryPolicy": policy.effectiveTopic(override),
	}
	if t.fifoTopic() {
		all["ContentBasedDeduplication"] = "false"
	}
	maps.Copy(all, t.Attributes)
	return attributeEntries(all), nil
}

// attributeEntries lists attributes by name.
func attributeEntries(all map[string]string) attributesResult {
	var out attributesResult
	for _, k := range slices.Sorted(maps.Keys(all)) {
		out.Attributes.Entries = append(out.Attributes.Entries, attributeEntry{k, all[k]})
	}
	return out
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
	if name == "FifoTopic" { // it is what it was made as
		return nil, invalidParameter("AttributeName")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.neededTopic(r)
	if err != nil {
		return nil, err
	}
	if name == "ContentBasedDeduplication" && !old.fifoTopic() {
		return nil, invalidParameter("AttributeName Reason: ContentBasedDeduplication is for FIFO topics only")
	}
	t := &topic{Name: old.Name, Attributes: map[string]string{}, Tags: old.Tags}
	maps.Copy(t.Attributes, old.Attributes)
	t.Attributes[name] = value
	return nil, s.replaceTopic(t)
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
	switch name {
	case "DisplayName":
		if len([]rune(value)) > 100 || hasControl(value) {
			return invalidParameter("DisplayName")
		}
	case "DeliveryPolicy":
		if _, _, err := readTopicPolicy(value); err != nil {
			return err
		}
	case "SignatureVersion":
		if value != "1" && value != "2" {
			return invalidParameter("SignatureVersion")
		}
	case "FifoTopic", "ContentBasedDeduplication":
		if value != "true" && value != "false" {
			return invalidParameter("%s Reason: must be true or false", name)
		}
	}
	return nil
}
