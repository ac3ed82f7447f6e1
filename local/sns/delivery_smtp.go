package sns

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/smtp"
	"net/textproto"
	"time"
)

// SMTP says where mails go beside the outbox.
type SMTP struct {
	Addr string // host:port
	// From is the sender of mails, an address; "" is SNS's own, which few servers let others use.
	From string
	// User and Password log in, by PLAIN, when User is not "". That takes an encrypted connection, or a server on this machine.
	User, Password string
	// Encrypted says that the server expects TLS from the first byte, as on port 465. Else STARTTLS is used when it is offered.
	Encrypted bool
	// TLS is for either. nil verifies the server's name against the machine's authorities.
	TLS *tls.Config
}

const (
	protocolSMTP = "smtp"
	smtpTimeout  = 60 * time.Second // of one mail
)

// sendMail makes one attempt to give a mail of the outbox to the server. A mail that somebody has taken out of the outbox is
// not sent.
func (s *Service) sendMail(ctx context.Context, x *Delivery) error {
	if s.smtp == nil {
		return fmt.Errorf("there is no SMTP server; start weir local with --smtp")
	}
	raw, err := s.outbox.Read(x.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.smtp.send(ctx, x.Endpoint, raw)
}

// send speaks with the server. Only what it refuses for good (5xx) about this mail is permanent: a login that fails today may
// be mended tomorrow.
func (m *SMTP) send(ctx context.Context, to string, mail []byte) error {
	ctx, cancel := context.WithTimeout(ctx, smtpTimeout)
	defer cancel()
	host, _, err := net.SplitHostPort(m.Addr)
	if err != nil {
		return err
	}
	config := &tls.Config{ServerName: host}
	if m.TLS != nil {
		config = m.TLS.Clone()
		if config.ServerName == "" {
			config.ServerName = host
		}
	}
	plain, err := new(net.Dialer).DialContext(ctx, "tcp", m.Addr)
	if err != nil {
		return err
	}
	defer plain.Close()
	defer context.AfterFunc(ctx, func() { plain.Close() })() // net/smtp knows no contexts
	conn := plain
	if m.Encrypted {
		conn = tls.Client(plain, config)
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return fmt.Errorf("greet the SMTP server: %w", err)
	}
	if err := c.Hello(localHost); err != nil {
		return fmt.Errorf("greet the SMTP server: %w", err)
	}
	if ok, _ := c.Extension("STARTTLS"); ok && !m.Encrypted {
		if err := c.StartTLS(config); err != nil {
			return fmt.Errorf("encrypt the connection (STARTTLS): %w", err)
		}
	}
	if m.User != "" {
		if ok, _ := c.Extension("AUTH"); !ok {
			return fmt.Errorf("log in as %s: the SMTP server takes no login here; is it the port for submission, often 587?", m.User)
		}
		if err := c.Auth(smtp.PlainAuth("", m.User, m.Password, host)); err != nil {
			return fmt.Errorf("log in as %s: %w", m.User, said(err))
		}
	}
	from := m.From
	if from == "" { // the mail's sender is the same, see compose
		from = senderAddress
	}
	if err := c.Mail(from); err != nil {
		return refused("sender "+from, err)
	}
	if err := c.Rcpt(to); err != nil {
		return refused("recipient "+to, err)
	}
	w, err := c.Data()
	if err != nil {
		return refused("mail", err)
	}
	// The writer takes care of lines that begin with a dot.
	if _, err := bytes.NewReader(mail).WriteTo(w); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return refused("mail", err)
	}
	c.Quit() // the mail is accepted, whatever follows
	return nil
}

// localHost is how the client introduces itself. Its name is nobody's business.
const localHost = "localhost"

func refused(what string, err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) && answer.Code >= 500 {
		return permanent{fmt.Errorf("the SMTP server refuses the %s: %w", what, said(err))}
	}
	return fmt.Errorf("the SMTP server doesn't take the %s: %w", what, said(err))
}

// said is an answer of the server as it came.
func said(err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return fmt.Errorf("%d %s", answer.Code, answer.Msg)
	}
	return err
}
