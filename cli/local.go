package cli

import (
	"fmt"
	"io"
	"net"
	"net/mail"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/local/sns"
)

func localCommand() *cobra.Command {
	var env environment
	var o local.Options
	var auth string
	var relay smtpFlags
	c := &cobra.Command{
		Use:   "local",
		Short: "Serve an embedded Kinesis and SNS until Ctrl-C",
		Long: `Serve an embedded Kinesis and SNS over the real protocols until Ctrl-C. Any AWS SDK can use it by its
endpoint; "weir run --local" and "weir generate --local" find it by its directory. What can't be delivered to an http or https
endpoint, or to the SMTP server, is told on stderr and by "weir local mail --failed".`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if o.Dir == "" {
				if o.Dir, err = env.localDir(); err != nil {
					return err
				}
			}
			key, secret := "local", "local"
			if auth != "" {
				if o.AccessKey, o.SecretKey, err = requiredKeys(auth, os.Getenv); err != nil {
					return err
				}
				key, secret = o.AccessKey, o.SecretKey
			}
			if o.SMTP, err = relay.server(os.Getenv); err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			o.OnDelivery = func(d sns.Delivery) { reportDelivery(cmd.ErrOrStderr(), d) }
			o.OnMail = func(m sns.Mail) { fmt.Fprintf(cmd.ErrOrStderr(), "mail to %s: %s\n", m.To, m.Subject) }
			server, err := local.Start(cmd.Context(), o)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, `Kinesis  %s
SNS      %s
data     %s

export AWS_ENDPOINT_URL_KINESIS=%[1]s
export AWS_ENDPOINT_URL_SNS=%[2]s
export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=%[4]s AWS_SECRET_ACCESS_KEY=%[5]s
`, server.KinesisEndpoint(), server.SNSEndpoint(), o.Dir, key, secret)
			<-cmd.Context().Done()
			if err := server.Close(); err != nil {
				return err
			}
			return &exitError{code: exitInterrupted}
		},
	}
	env.dataFlags(c.Flags())
	c.Flags().StringVar(&o.Dir, "dir", "", "where streams, topics and mails are kept (default DATA-DIR/local)")
	c.Flags().StringVar(&o.Addr, "addr", "127.0.0.1:4567", "address of Kinesis")
	c.Flags().StringVar(&o.SNSAddr, "sns-addr", "127.0.0.1:4575", "address of SNS")
	c.Flags().BoolVar(&o.Limits, "limits", false, "hold clients to AWS's throughput per shard: 1 MiB and 1,000 records written, 2 MiB and 5 calls read in a second")
	c.Flags().StringVar(&auth, "require-auth", "", "accept only requests that are signed with these credentials, `KEY:SECRET`; env takes them from $AWS_ACCESS_KEY_ID and $AWS_SECRET_ACCESS_KEY")
	c.Flags().BoolVar(&o.NoSync, "no-sync", false, "acknowledge writes before they are on disk")
	relay.flags(c.Flags())
	c.AddCommand(mailCommand())
	return c
}

// requiredKeys reads --require-auth. What stands on a command line is seen by other users of the machine, so there is a way
// round it. No message shows what was given.
func requiredKeys(auth string, getenv func(string) string) (key, secret string, err error) {
	if auth == "env" {
		const keyVariable, secretVariable = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
		if key, secret = getenv(keyVariable), getenv(secretVariable); key == "" || secret == "" {
			return "", "", usageErrorf("--require-auth env takes the credentials from %s and %s, which are not both set", keyVariable, secretVariable)
		}
		return key, secret, nil
	}
	key, secret, ok := strings.Cut(auth, ":")
	if !ok || key == "" || secret == "" {
		return "", "", usageErrorf("--require-auth takes KEY:SECRET, an access key and its secret, or env")
	}
	return key, secret, nil
}

// reportDelivery tells of an attempt that failed.
func reportDelivery(w io.Writer, d sns.Delivery) {
	switch {
	case d.Error == "":
	case d.Failed:
		fmt.Fprintf(w, "not delivered to %s, after %d attempts: %s\n", d.Endpoint, d.Attempts, d.Error)
	default:
		fmt.Fprintf(w, "not yet delivered to %s, next attempt at %s: %s\n", d.Endpoint, d.Due.Local().Format(time.TimeOnly), d.Error)
	}
}

// smtpFlags say where mails go beside the outbox. The password never is a flag, which other users of the machine can see.
type smtpFlags struct{ addr, from, login string }

const (
	smtpsPort            = "465"
	smtpUserVariable     = "WEIR_SMTP_USER"
	smtpPasswordVariable = "WEIR_SMTP_PASSWORD"
)

func (f *smtpFlags) flags(flags *pflag.FlagSet) {
	flags.StringVar(&f.addr, "smtp", "", "send mails to this server, too, `host:port`; encrypted if it offers STARTTLS, or the port is 465")
	flags.StringVar(&f.from, "smtp-from", "", "`address` of the sender of mails (default: the login, if that is an address)")
	flags.StringVar(&f.login, "smtp-login", "", "`file` with user:password for the server (default: $"+smtpUserVariable+" and $"+smtpPasswordVariable+")")
}

// server is nil without --smtp.
func (f *smtpFlags) server(getenv func(string) string) (*sns.SMTP, error) {
	if f.addr == "" {
		if f.from != "" || f.login != "" {
			return nil, usageErrorf("--smtp-from and --smtp-login go with --smtp host:port")
		}
		return nil, nil
	}
	host, port, err := net.SplitHostPort(f.addr)
	if err != nil || host == "" || port == "" {
		return nil, usageErrorf("--smtp takes host:port, such as smtp.example.com:587, found %q", f.addr)
	}
	s := &sns.SMTP{Addr: f.addr, Encrypted: port == smtpsPort, From: f.from, User: getenv(smtpUserVariable), Password: getenv(smtpPasswordVariable)}
	if f.login != "" {
		text, err := os.ReadFile(f.login)
		if err != nil {
			return nil, usageErrorf("--smtp-login: %w", err)
		}
		user, password, ok := strings.Cut(strings.TrimRight(string(text), "\r\n"), ":")
		if !ok || user == "" {
			return nil, usageErrorf("--smtp-login: %s has no user:password", f.login)
		}
		s.User, s.Password = user, password
	}
	if s.From == "" && strings.Contains(s.User, "@") {
		s.From = s.User
	}
	if s.From != "" {
		if a, err := mail.ParseAddress(s.From); err != nil || a.Address != s.From {
			return nil, usageErrorf("--smtp-from takes an address such as alerts@example.com, found %q", s.From)
		}
	}
	return s, nil
}
