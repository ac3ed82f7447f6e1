package sns

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Publish: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
//
// To a topic, by TopicArn or TargetArn; phone numbers and platform endpoints are refused. The answer comes when a mail for
// every subscriber is in the outbox. MessageStructure json picks the text for email and email-json, else default.

const (
	maxMessageBytes = 256 << 10 // text and attributes
	maxSubjectChars = 100       // exclusive
)

type publishResult struct{ MessageId string }

// message is what a publisher sends.
type message struct {
	subject    string
	texts      map[string]string // by protocol; "default" is always there
	attributes map[string]messageAttribute
	bytes      int
}

// messageAttribute is as email-json shows it.
type messageAttribute struct{ Type, Value string }

func (m *message) text(protocol string) string {
	if t, ok := m.texts[protocol]; ok {
		return t
	}
	return m.texts["default"]
}

func (s *Service) publish(r *request) (any, error) {
	arn := r.get("TopicArn")
	if arn == "" {
		arn = r.get("TargetArn")
	}
	switch {
	case arn == "" && r.has("PhoneNumber"):
		return nil, invalidParameter("PhoneNumber Reason: the embedded server sends no SMS")
	case arn == "":
		return nil, invalidParameter("TopicArn or TargetArn Reason: no value for required parameter")
	}
	m, err := readMessage(r.params)
	if err != nil {
		return nil, err
	}
	if m.bytes > maxMessageBytes {
		return nil, invalidParameter("Message too long")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic("TopicArn", arn)
	if err != nil {
		return nil, err
	}
	id, err := s.deliver(t, m)
	if err != nil {
		return nil, err
	}
	return publishResult{id}, nil
}

// readMessage reads and checks the members that Publish and the entries of PublishBatch share.
func readMessage(p params) (*message, error) {
	text := p.get("Message")
	if text == "" {
		return nil, invalidParameter("Empty message")
	}
	m := &message{subject: p.get("Subject"), texts: map[string]string{"default": text}, bytes: len(text)}
	if !utf8.ValidString(text) {
		return nil, invalidParameter("Message Reason: the text is not UTF-8")
	}
	if p.has("Subject") && (m.subject == "" || !utf8.ValidString(m.subject) || hasControl(m.subject) || utf8.RuneCountInString(m.subject) >= maxSubjectChars) {
		return nil, invalidParameter("Subject")
	}
	switch structure := p.get("MessageStructure"); structure {
	case "":
	case "json":
		var err error
		if m.texts, err = readTexts(text); err != nil {
			return nil, err
		}
	default:
		return nil, invalidParameter("MessageStructure")
	}
	m.attributes = map[string]messageAttribute{}
	err := p.each("MessageAttributes", "entry", func(e params) error {
		return m.readAttribute(e)
	})
	return m, err
}

func readTexts(text string) (map[string]string, error) {
	var members map[string]any
	if json.Unmarshal([]byte(text), &members) != nil || members == nil {
		return nil, invalidParameter("Message Structure - JSON message body failed to parse")
	}
	texts := map[string]string{}
	for protocol, v := range members {
		if t, ok := v.(string); ok { // other values are ignored, says AWS
			texts[protocol] = t
		}
	}
	if _, ok := texts["default"]; !ok {
		return nil, invalidParameter("Message Structure - No default entry in JSON message body")
	}
	return texts, nil
}

func (m *message) readAttribute(e params) error {
	name, kind := e.get("Name"), e.get("Value.DataType")
	if name == "" {
		return badRequest("ParameterValueInvalid", "The message attribute name can not be empty.")
	}
	value := e.get("Value.StringValue")
	switch base, _, _ := strings.Cut(kind, "."); base {
	case "String", "Number":
	case "Binary":
		value = e.get("Value.BinaryValue")
		if _, err := base64.StdEncoding.DecodeString(value); err != nil {
			return badRequest("ParameterValueInvalid", "The message attribute '%s' with type 'Binary' must be base64.", name)
		}
	default:
		return badRequest("ParameterValueInvalid", "The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
	}
	if value == "" {
		return badRequest("ParameterValueInvalid", "The message attribute '%s' must contain non-empty message attribute value for message attribute type '%s'.", name, kind)
	}
	m.attributes[name] = messageAttribute{kind, value}
	m.bytes += len(name) + len(kind) + len(value)
	return nil
}

// deliver puts a mail for every subscriber of the topic into the outbox; s.mu is held. If it fails midway, the mails before
// stay: like SNS itself, delivery is at least once.
func (s *Service) deliver(t *topic, m *message) (id string, err error) {
	id = s.env.IDs.New()
	now := s.env.Clock.Now().UTC()
	for _, sub := range s.subscriptionsOf(t.Name) {
		mail := s.compose(t, sub, m, id, now)
		if err := s.outbox.put(&mail); err != nil {
			return "", err
		}
		if s.onMail != nil {
			s.onMail(mail)
		}
	}
	return id, nil
}

func hasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }
