package sns

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// GetTopicAttributes and SetTopicAttributes:
//
//	https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html
//	https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
//
// DisplayName is the sender's name in mails, DeliveryPolicy and SignatureVersion are for http and https,
// ContentBasedDeduplication is for FIFO topics. All other attributes are stored and shown without effect: nobody is held to a
// Policy, nothing is encrypted, traced or archived, and deliveries are logged by weir local mail and not in CloudWatch.

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
		"Policy":                  s.policyOf(t),
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
	if slices.Contains(fifoAttributes, name) && !old.fifoTopic() {
		return nil, invalidParameter("AttributeName Reason: %s is for FIFO topics only", name)
	}
	t := *old
	t.Attributes = map[string]string{}
	maps.Copy(t.Attributes, old.Attributes)
	t.Attributes[name] = value
	return nil, s.replaceTopic(&t)
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

// fifoAttributes are the attributes that standard topics don't take.
var fifoAttributes = []string{"ArchivePolicy", "ContentBasedDeduplication", "FifoThroughputScope"}

// feedbackAttribute is one about the log of deliveries, such as HTTPSuccessFeedbackRoleArn; feedback is what follows the protocol
// in its name.
var (
	feedbackProtocols = []string{"Application", "Firehose", "HTTP", "Lambda", "SQS"}
	feedback          = []string{"FailureFeedbackRoleArn", "SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate"}
)

func feedbackAttribute(name string) (kind string, ok bool) {
	for _, protocol := range feedbackProtocols {
		if kind, ok := strings.CutPrefix(name, protocol); ok && slices.Contains(feedback, kind) {
			return kind, true
		}
	}
	return "", false
}

const (
	maxDisplayNameChars = 100
	maxAttributeBytes   = 30720 // a policy's
	maxKeyIDBytes       = 2048
)

func checkAttribute(name, value string) error {
	if kind, ok := feedbackAttribute(name); ok {
		return checkFeedback(name, kind, value)
	}
	if !slices.Contains(topicAttributes, name) {
		return invalidParameter("AttributeName")
	}
	switch name {
	case "DisplayName":
		if utf8.RuneCountInString(value) > maxDisplayNameChars || hasControl(value) || !utf8.ValidString(value) {
			return invalidParameter("DisplayName")
		}
	case "DeliveryPolicy":
		if _, _, err := readTopicPolicy(value); err != nil {
			return err
		}
	case "Policy":
		if len(value) > maxAttributeBytes {
			return invalidParameter("Policy Reason: it must be at most %d characters long", maxAttributeBytes)
		}
		if value != "" { // which takes it away
			_, err := readAccessPolicy(value)
			return err
		}
	case "SignatureVersion":
		if value != "1" && value != "2" {
			return invalidParameter("SignatureVersion")
		}
	case "TracingConfig":
		if value != "PassThrough" && value != "Active" {
			return invalidParameter("TracingConfig Reason: must be PassThrough or Active")
		}
	case "FifoThroughputScope":
		if value != "Topic" && value != "MessageGroup" {
			return invalidParameter("FifoThroughputScope Reason: must be Topic or MessageGroup")
		}
	case "ArchivePolicy":
		return checkArchive(value)
	case "KmsMasterKeyId":
		if len(value) > maxKeyIDBytes || hasControl(value) {
			return invalidParameter("KmsMasterKeyId")
		}
	case "MaximumMessageSize":
		if n, err := strconv.Atoi(value); err != nil || n < 1024 || n > maxMessageBytes {
			return invalidParameter("MaximumMessageSize Reason: must be between 1024 and %d", maxMessageBytes)
		}
	case "FifoTopic", "ContentBasedDeduplication":
		if value != "true" && value != "false" {
			return invalidParameter("%s Reason: must be true or false", name)
		}
	}
	return nil
}

// checkFeedback checks an attribute about the log of deliveries.
func checkFeedback(name, kind, value string) error {
	if kind == "SuccessFeedbackSampleRate" {
		if n, err := strconv.Atoi(value); err != nil || n < 0 || n > 100 {
			return invalidParameter("%s Reason: must be between 0 and 100", name)
		}
		return nil
	}
	if value != "" && (!strings.HasPrefix(value, "arn:") || strings.Count(value, ":") < 5) {
		return invalidParameter("%s Reason: must be the ARN of a role", name)
	}
	return nil
}

// checkArchive checks {"MessageRetentionPeriod":"30"}, in days.
func checkArchive(value string) error {
	if value == "" || value == "{}" {
		return nil
	}
	var policy struct{ MessageRetentionPeriod json.Number }
	if json.Unmarshal([]byte(value), &policy) != nil {
		return invalidParameter("ArchivePolicy Reason: failed to parse JSON.")
	}
	if n, err := strconv.Atoi(string(policy.MessageRetentionPeriod)); err != nil || n < 1 || n > 365 {
		return invalidParameter("ArchivePolicy Reason: MessageRetentionPeriod must be between 1 and 365 days")
	}
	return nil
}
