package sns

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A mail is legal on the wire, whatever is in it, and reads back as it was.
func TestMailRoundTrip(t *testing.T) {
	long := strings.Repeat("0123456789", 200)
	for _, m := range []Mail{
		{Subject: "plain", Message: "one\ntwo\n\nthree"},
		{Subject: strings.Repeat("Ünïcödé 🚰 ", 9), Message: "Grüße\nvon überall 🚰"},
		{Subject: "=?utf-8?q?not_encoded?=", Message: "a line of 2000: " + long},
		{Subject: "dots", Message: ".\n..\n--\nFrom me"},
		{Subject: "tabs\tno", Message: "trailing blanks  \n\tand tabs\t\nend"},
		{Subject: "equals", Message: "a=b =3D \x01"},
	} {
		m.File, m.To, m.From = "f", "ops@example.com", `"AWS Notifications" <no-reply@sns.amazonaws.com>`
		m.Date = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		m.MessageID, m.TopicARN = "id", "arn"
		m.Body = m.Message + footerMark + "link" + footerEnd
		raw := m.encode()
		for i, line := range strings.SplitAfter(string(raw), "\n") {
			if line != "" && !strings.HasSuffix(line, "\r\n") {
				t.Errorf("%q: line %d does not end in CR LF: %q", m.Subject, i, line)
			}
			if len(line) > 1000 {
				t.Errorf("%q: line %d has %d bytes", m.Subject, i, len(line))
			}
			for _, c := range []byte(line) {
				if c >= 0x80 {
					t.Errorf("%q: line %d is not ASCII: %q", m.Subject, i, line)
					break
				}
			}
		}
		got, err := decodeMail("f", raw)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Errorf("%q: %s\n%s", m.Subject, diff, raw)
		}
	}
}
