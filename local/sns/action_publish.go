package sns

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Publish: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
//
// To a topic, by TopicArn or TargetArn; phone numbers and platform endpoints are refused. The answer comes when a mail for
// every subscriber is in the outbox, and what goes elsewhere is in the store. MessageStructure json picks the text by
// protocol, else default.

const (
	maxMessageBytes = 256 << 10 // text and attributes
	maxSubjectChars = 100       // exclusive
)

type publishResult struct {
	MessageId      string
	SequenceNumber string `xml:",omitempty"` // of FIFO topics
}

// message is what a publisher sends.
type message struct {
	subject    string
	body       string            // as it was sent
	texts      map[string]string // by protocol; "default" is always there
	attributes map[string]messageAttribute
	bytes      int

	group, dedup string // MessageGroupId and MessageDeduplicationId, for FIFO topics
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
	case arn == "" && !r.has("TopicArn") && !r.has("TargetArn"):
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
	return s.deliver(t, m)
}

// readMessage reads and checks the members that Publish and the entries of PublishBatch share.
func readMessage(p params) (*message, error) {
	text := p.get("Message")
	if text == "" {
		return nil, invalidParameter("Empty message")
	}
	m := &message{subject: p.get("Subject"), body: text, texts: map[string]string{"default": text}, bytes: len(text)}
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
	if err := m.readFIFO(p); err != nil {
		return m, err
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

var (
	attributeName = regexp.MustCompile(`\A[A-Za-z0-9_-]([A-Za-z0-9_.-]{0,254}[A-Za-z0-9_-])?\z`)
	number        = regexp.MustCompile(`\A[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\z`)
)

func (m *message) readAttribute(e params) error {
	name, kind := e.get("Name"), e.get("Value.DataType")
	if name == "" {
		return badRequest("ParameterValueInvalid", "The message attribute name can not be empty.")
	}
	if !attributeName.MatchString(name) || strings.Contains(name, "..") {
		return badRequest("ParameterValueInvalid", "The message attribute name '%.256s' is invalid: it can have 1 to 256 letters, digits, hyphens, underscores and dots, no dot at its beginning or end, and no two dots in a row.", name)
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
	if base, _, _ := strings.Cut(kind, "."); base == "Number" && !number.MatchString(value) {
		return badRequest("ParameterValueInvalid", "Could not cast message attribute '%s' value to number.", name)
	}
	m.attributes[name] = messageAttribute{kind, value}
	m.bytes += len(name) + len(kind) + len(value)
	return nil
}

// deliver gives the message to all subscribers whose filters accept it: mails are in the outbox, and all that goes over the
// network is in the store, when it returns. s.mu is held. If it fails midway, the mails before stay: like SNS itself, delivery
// is at least once.
func (s *Service) deliver(t *topic, m *message) (*publishResult, error) {
	if err := m.checkFIFO(t); err != nil {
		return nil, err
	}
	c := change{}
	if t.fifoTopic() {
		if before := s.once(t, m, c); before != nil {
			return &publishResult{before.MessageID, before.Sequence}, s.commit(c)
		}
	}
	out := &publishResult{MessageId: s.env.IDs.New()}
	now := s.env.Clock.Now().UTC()
	var under []*Delivery
	for _, sub := range s.subscriptionsOf(t.Name) {
		if sub.Pending || !sub.filter.accepts(m, sub.Protocol) {
			continue
		}
		x := &Delivery{Protocol: sub.Protocol, TopicARN: s.topicARN(t.Name), MessageID: out.MessageId, Published: now, Due: now}
		var p *payload
		if sub.Protocol == "http" || sub.Protocol == "https" {
			x.Endpoint, x.Subscription = displayURL(sub.Endpoint), sub.ARN
			p = &payload{Type: kindNotification, Subject: m.subject, Message: m.text(sub.Protocol), Attributes: m.attributes}
		} else {
			mail, err := s.mail(t, sub, m, out.MessageId, now)
			if err != nil {
				return nil, err
			}
			x.Protocol, x.Endpoint, x.File = protocolSMTP, mail.To, mail.File
		}
		if x.Protocol != protocolSMTP || s.smtp != nil {
			s.deliveries.add(c, x, p)
			under = append(under, x)
		}
	}
	var taken *published
	if t.fifoTopic() {
		taken = s.remember(t, m, out.MessageId, c)
		out.SequenceNumber = taken.Sequence
	}
	if len(c) > 0 {
		if err := s.commit(c); err != nil {
			return nil, err
		}
	}
	if taken != nil {
		s.fifo.accept(taken)
	}
	s.deliveries.queue(under)
	return out, nil
}

// mail puts a mail into the outbox and tells the host.
func (s *Service) mail(t *topic, sub *subscription, m *message, id string, now time.Time) (Mail, error) {
	mail, err := s.compose(t, sub, m, id, now)
	if err != nil {
		return mail, err
	}
	if err := s.outbox.put(&mail); err != nil {
		return mail, err
	}
	if s.onMail != nil {
		s.onMail(mail)
	}
	return mail, nil
}

func hasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }
