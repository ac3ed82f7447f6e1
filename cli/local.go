package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/local/sns"
)

func localCommand() *cobra.Command {
	var env environment
	var o local.Options
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
export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
`, server.KinesisEndpoint(), server.SNSEndpoint(), o.Dir)
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
	c.Flags().BoolVar(&o.NoSync, "no-sync", false, "acknowledge writes before they are on disk")
	return c
}
