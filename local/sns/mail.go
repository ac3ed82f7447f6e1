package sns

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// Mail is one delivered message to one recipient.
type Mail struct {
	File      string    // its name in the outbox
	From, To  string    // addresses; From with the sender's name
	Subject   string    // decoded
	Date      time.Time // in UTC, to the second
	Message   string    // what was published, for this protocol
	Body      string    // the whole text, with the footer; lines end in \n
	MessageID string    // of the SNS message: all its recipients have the same
	TopicARN  string
}

const (
	senderAddress  = "no-reply@sns.amazonaws.com"
	senderName     = "AWS Notifications"
	defaultSubject = "AWS Notification Message"

	headerMessageID = "X-Amz-Sns-Message-Id"
	headerTopicARN  = "X-Amz-Sns-Topic-Arn"

	// footerMark separates the message from the footer that SNS puts under its mails.
	footerMark = "\n\n--\nIf you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:\n"
	footerEnd  = "\n\nPlease do not reply directly to this email. If you have any questions or comments regarding this email, please contact us at https://aws.amazon.com/support\n"
)

// compose writes the mail for one subscriber, as SNS words it.
func (s *Service) compose(t *topic, sub *subscription, m *message, id string, now time.Time) (Mail, error) {
	name := t.Attributes["DisplayName"]
	if name == "" {
		name = senderName
	}
	sender := senderAddress
	if s.smtp != nil && s.smtp.From != "" {
		sender = s.smtp.From
	}
	out := Mail{
		From:      (&mail.Address{Name: name, Address: sender}).String(),
		To:        sub.Endpoint,
		Subject:   m.subject,
		Date:      now.Truncate(time.Second),
		MessageID: id,
		TopicARN:  s.topicARN(t.Name),
	}
	if out.Subject == "" {
		out.Subject = defaultSubject
	}
	base := "https://sns." + s.env.Region + ".amazonaws.com/"
	if sub.Protocol == "email-json" {
		var err error
		out.Message, err = s.jsonMessage(&out, t, sub, m, now)
		out.Body = out.Message + "\n"
		return out, err
	}
	out.Message = strings.ReplaceAll(m.text(sub.Protocol), "\r\n", "\n")
	out.Body = out.Message + footerMark + base + "unsubscribe.html?SubscriptionArn=" + sub.ARN +
		"&Endpoint=" + url.QueryEscape(sub.Endpoint) + footerEnd
	return out, nil
}

// jsonMessage is the body of an email-json mail: a notification as SNS posts it.
func (s *Service) jsonMessage(out *Mail, t *topic, sub *subscription, m *message, now time.Time) (string, error) {
	n := &notification{
		Type:              kindNotification,
		MessageId:         out.MessageID,
		TopicArn:          out.TopicARN,
		Subject:           m.subject,
		Message:           m.text(sub.Protocol),
		Timestamp:         now.Format(timestampFormat),
		SignatureVersion:  "1",
		UnsubscribeURL:    s.unsubscribeURL(sub.ARN),
		MessageAttributes: m.attributes,
	}
	if t.Attributes["SignatureVersion"] == "2" {
		n.SignatureVersion = "2"
	}
	if err := s.sign(n); err != nil {
		return "", err
	}
	return string(n.encode()), nil
}

// encode renders the mail as RFC 5322 with MIME: CRLF line ends, headers in ASCII, the body as it is when it is plain ASCII
// in lines of legal length, else quoted-printable.
func (m *Mail) encode() []byte {
	var b bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	header("From", m.From)
	header("To", m.To)
	header("Subject", encodeHeader(m.Subject))
	header("Date", m.Date.Format(time.RFC1123Z))
	header("Message-ID", "<"+m.MessageID+"@sns.amazonaws.com>")
	header(headerMessageID, m.MessageID)
	header(headerTopicARN, m.TopicARN)
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=UTF-8")
	if plainLines(m.Body) {
		header("Content-Transfer-Encoding", "7bit")
		b.WriteString("\r\n")
		b.WriteString(strings.ReplaceAll(m.Body, "\n", "\r\n"))
		return b.Bytes()
	}
	header("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	io.WriteString(w, m.Body) // into memory: no errors
	w.Close()
	return b.Bytes()
}

// encodeHeader is the RFC 2047 form of a header's text. Encoded words get a line each, since a line may have 998 characters
// at most.
func encodeHeader(s string) string {
	if !strings.Contains(s, "=?") {
		return strings.ReplaceAll(mime.QEncoding.Encode("utf-8", s), "?= =?", "?=\r\n =?")
	}
	// The library leaves ASCII alone, but this would be taken for an encoded word; so encode it, 45 bytes to a word of at
	// most 75.
	var words []string
	for s != "" {
		n := min(len(s), 45)
		for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
			n--
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, "\r\n ")
}

// plainLines tells whether the text can go as 7bit: ASCII without controls, in lines of at most 998 characters.
func plainLines(s string) bool {
	line := 0
	for _, c := range []byte(s) {
		switch {
		case c == '\n':
			line = 0
		case c != '\t' && c < ' ' || c >= 0x7f:
			return false
		default:
			if line++; line > 998 {
				return false
			}
		}
	}
	return true
}

// decodeMail reads what encode wrote.
func decodeMail(file string, raw []byte) (Mail, error) {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Mail{}, fmt.Errorf("read mail %s: %w", file, err)
	}
	m := Mail{
		File:      file,
		From:      msg.Header.Get("From"),
		To:        msg.Header.Get("To"),
		MessageID: msg.Header.Get(headerMessageID),
		TopicARN:  msg.Header.Get(headerTopicARN),
	}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return m, fmt.Errorf("read the subject of mail %s: %w", file, err)
	}
	if m.Date, err = msg.Header.Date(); err != nil {
		return m, fmt.Errorf("read the date of mail %s: %w", file, err)
	}
	m.Date = m.Date.UTC()
	body := msg.Body
	if msg.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return m, fmt.Errorf("read the body of mail %s: %w", file, err)
	}
	m.Body = strings.ReplaceAll(string(text), "\r\n", "\n")
	if i := strings.LastIndex(m.Body, footerMark); i >= 0 {
		m.Message = m.Body[:i]
	} else {
		m.Message = strings.TrimSuffix(m.Body, "\n")
	}
	return m, nil
}
