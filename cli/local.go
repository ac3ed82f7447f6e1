package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/local/sns"
)

func localCommand() *cobra.Command {
	var env environment
	var o local.Options
	var auth string
	c := &cobra.Command{
		Use:   "local",
		Short: "Serve an embedded Kinesis and SNS until Ctrl-C",
		Long: `Serve an embedded Kinesis and SNS over the real protocols until Ctrl-C. Any AWS SDK can use it by its
endpoint; "weir run --local" and "weir generate --local" find it by its directory.`,
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
				var ok bool
				if o.AccessKey, o.SecretKey, ok = strings.Cut(auth, ":"); !ok || o.AccessKey == "" || o.SecretKey == "" {
					return usageErrorf("--require-auth is %q; write KEY:SECRET, an access key and its secret", auth)
				}
				key, secret = o.AccessKey, o.SecretKey
			}
			out := cmd.OutOrStdout()
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
	c.Flags().StringVar(&auth, "require-auth", "", "accept only requests to Kinesis that are signed with these credentials, `KEY:SECRET`")
	c.Flags().BoolVar(&o.NoSync, "no-sync", false, "acknowledge writes before they are on disk")
	return c
}
