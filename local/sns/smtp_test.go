package sns_test

import (
	"bufio"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/weirsql/weir/local"
	localsns "github.com/weirsql/weir/local/sns"
	"github.com/weirsql/weir/runtime/clock"
)

func verifySHA1(cert *x509.Certificate, text, signature []byte) error {
	sum := sha1.Sum(text)
	return rsa.VerifyPKCS1v15(cert.PublicKey.(*rsa.PublicKey), crypto.SHA1, sum[:], signature)
}

// smtpPeer is a mail server (RFC 5321) with STARTTLS and AUTH PLAIN. rcpt answers RCPT TO, by attempt from 0.
type smtpPeer struct {
	addr  string
	trust *tls.Config
	mails chan string // `login from to: data`, of accepted mails
}

func newSMTPPeer(t *testing.T, encrypted bool, rcpt func(n int, to string) string) *smtpPeer {
	t.Helper()
	certs := httptest.NewTLSServer(nil) // for its certificate, which is for 127.0.0.1
	t.Cleanup(certs.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	pool := x509.NewCertPool()
	pool.AddCert(certs.Certificate())
	p := &smtpPeer{addr: l.Addr().String(), trust: &tls.Config{RootCAs: pool}, mails: make(chan string, 100)}
	go func() {
		n := 0
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if encrypted {
				conn = tls.Server(conn, certs.TLS)
			}
			p.serve(conn, encrypted, certs.TLS, func(to string) string { n++; return rcpt(n-1, to) })
		}
	}()
	return p
}

func (p *smtpPeer) serve(conn net.Conn, secure bool, config *tls.Config, rcpt func(to string) string) {
	defer func() { conn.Close() }()
	in := bufio.NewReader(conn)
	say := func(lines ...string) { conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\n")) }
	say("220 peer ready")
	login, from, to := "nobody", "", ""
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		switch verb, rest, _ := strings.Cut(line, " "); verb {
		case "EHLO":
			if secure {
				say("250-peer", "250 AUTH PLAIN")
			} else {
				say("250-peer", "250 STARTTLS")
			}
		case "STARTTLS":
			say("220 go ahead")
			conn = tls.Server(conn, config)
			in, secure = bufio.NewReader(conn), true
		case "AUTH":
			_, secret, _ := strings.Cut(rest, " ")
			b, _ := base64.StdEncoding.DecodeString(secret)
			if login = strings.ReplaceAll(string(b), "\x00", "/"); login == "/ann/secret" {
				say("235 welcome")
			} else {
				say("535 who are you?")
			}
		case "MAIL":
			from = rest
			say("250 ok")
		case "RCPT":
			to = rest
			say(rcpt(rest))
		case "DATA":
			say("354 go on")
			var data strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				data.WriteString(strings.TrimPrefix(line, "."))
			}
			say("250 taken")
			p.mails <- login + " " + from + " " + to + ": " + data.String()
		case "QUIT":
			say("221 bye")
			return
		default:
			say("500 what?")
		}
	}
}

// Mails go to the SMTP server as well, encrypted and with a login: later when it is busy, and not at all when it refuses them,
// which is told. The mail is in the outbox anyway.
func TestSMTP(t *testing.T) {
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	virtual := clock.NewVirtual(begin)
	p := newSMTPPeer(t, false, func(n int, to string) string {
		switch {
		case strings.Contains(to, "gone@"):
			return "550 no such user"
		case n < 3:
			return "451 busy"
		}
		return "250 ok"
	})
	told := make(chan localsns.Delivery, 100)
	s, err := local.Start(context.Background(), local.Options{Clock: virtual, OnDelivery: func(d localsns.Delivery) { told <- d },
		SMTP: &localsns.SMTP{Addr: p.addr, From: "alerts@example.com", User: "ann", Password: "secret", TLS: p.trust}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := client(s)
	arn := topic(t, c, "alerts")
	subscribe(t, c, arn, "email", "ops@example.com")
	if _, err := c.Publish(t.Context(), &sns.PublishInput{TopicArn: arn, Subject: aws.String("s"), Message: aws.String(".one\n..two")}); err != nil {
		t.Fatal(err)
	}
	for i, wait := range []time.Duration{10 * time.Second, 10 * time.Second, 10 * time.Second} {
		d := <-told
		if d.Attempts != i+1 || d.Failed || d.Protocol != "smtp" || d.File != "000001-ops@example.com.eml" ||
			d.Error != "the SMTP server doesn't take the recipient ops@example.com: 451 busy" || d.Due.Before(begin.Add(wait)) {
			t.Errorf("attempt %d: %+v", i, d)
		}
	}
	got := <-p.mails
	if d := <-told; d.Error != "" {
		t.Errorf("told of %+v", d)
	}
	if !strings.HasPrefix(got, "/ann/secret FROM:<alerts@example.com> TO:<ops@example.com>: ") || !strings.Contains(got, "\r\nSubject: s\r\n") ||
		!strings.Contains(got, "\r\n\r\n.one\r\n..two\r\n") || !strings.Contains(got, `From: "AWS Notifications" <alerts@example.com>`) {
		t.Errorf("mail: %s", got)
	}
	subscribe(t, c, arn, "email", "gone@example.com")
	publish(t, c, arn, "m")
	<-p.mails // to ops
	<-told
	if d := <-told; !d.Failed || d.Endpoint != "gone@example.com" || d.Error != "the SMTP server refuses the recipient gone@example.com: 550 no such user" {
		t.Errorf("refused: %+v", d)
	}
	if mails, err := s.Mails(); err != nil || len(mails) != 3 {
		t.Errorf("outbox: %d mails %v", len(mails), err)
	}
}

// A server that speaks TLS from the first byte.
func TestSMTPEncrypted(t *testing.T) {
	p := newSMTPPeer(t, true, func(int, string) string { return "250 ok" })
	_, c := start(t, local.Options{SMTP: &localsns.SMTP{Addr: p.addr, Encrypted: true, User: "ann", Password: "secret", TLS: p.trust}})
	arn := topic(t, c, "alerts")
	subscribe(t, c, arn, "email", "ops@example.com")
	publish(t, c, arn, "m")
	if got := <-p.mails; !strings.HasPrefix(got, "/ann/secret FROM:<no-reply@sns.amazonaws.com> TO:<ops@example.com>: ") {
		t.Errorf("mail: %s", got)
	}
}

// A password that the server doesn't take is no reason to give the mail up, and is told to nobody; neither is a certificate
// that nobody vouches for, or a server that is not there.
func TestSMTPTrouble(t *testing.T) {
	p := newSMTPPeer(t, false, func(int, string) string { return "250 ok" })
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	for name, x := range map[string]struct {
		smtp localsns.SMTP
		want string
	}{
		"password":    {localsns.SMTP{Addr: p.addr, User: "ann", Password: "hunter2", TLS: p.trust}, "log in as ann: 535 who are you?"},
		"certificate": {localsns.SMTP{Addr: p.addr}, "encrypt the connection (STARTTLS): "},
		"away":        {localsns.SMTP{Addr: nobody.Addr().String()}, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			told := make(chan localsns.Delivery, 100)
			s, c := start(t, local.Options{SMTP: &x.smtp, OnDelivery: func(d localsns.Delivery) { told <- d }})
			arn := topic(t, c, "alerts")
			subscribe(t, c, arn, "email", "ops@example.com")
			publish(t, c, arn, "m")
			d := <-told
			if d.Failed || !strings.Contains(d.Error, x.want) || strings.Contains(d.Error, "hunter2") {
				t.Errorf("told: %+v", d)
			}
			if left, err := s.Deliveries(); err != nil || len(left) != 1 {
				t.Errorf("left: %+v %v", left, err)
			}
		})
	}
}
