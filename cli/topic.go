package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/spf13/cobra"
)

func topicCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "topic",
		Short: "List, create, delete and subscribe to SNS topics",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(topicCreateCommand(), topicDeleteCommand(), topicListCommand(), topicSubscribeCommand())
	return c
}

// withTopics runs a topic subcommand against the SNS that the flags name.
func withTopics(c *cobra.Command, run func(ctx context.Context, cmd *cobra.Command, client *sns.Client, args []string) error) *cobra.Command {
	var a awsFlags
	a.flags(c.Flags())
	c.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := a.sns(cmd.Context())
		if err != nil {
			return err
		}
		return errors.Join(a.explain(run(cmd.Context(), cmd, client, args)), a.close())
	}
	return c
}

func topicCreateCommand() *cobra.Command {
	return withTopics(&cobra.Command{Use: "create NAME…", Short: "Create topics; those that exist stay as they are", Args: cobra.MinimumNArgs(1)},
		func(ctx context.Context, cmd *cobra.Command, client *sns.Client, args []string) error {
			for _, name := range args {
				arn, err := ensureTopic(ctx, client, name)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "created %s\n", arn)
			}
			return nil
		})
}

func topicDeleteCommand() *cobra.Command {
	return withTopics(&cobra.Command{Use: "delete NAME…", Short: "Delete topics and their subscriptions", Args: cobra.MinimumNArgs(1)},
		func(ctx context.Context, cmd *cobra.Command, client *sns.Client, args []string) error {
			for _, name := range args {
				arn, err := findTopic(ctx, client, name)
				if err != nil {
					return err
				}
				if _, err := client.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: &arn}); err != nil {
					return fmt.Errorf("delete topic %s: %w", name, err)
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "deleted %s\n", arn)
			}
			return nil
		})
}

func topicSubscribeCommand() *cobra.Command {
	return withTopics(&cobra.Command{Use: "subscribe NAME ENDPOINT…", Short: "Send a topic's messages to e-mail addresses and http or https URLs; each is asked to confirm, but for the embedded server's mails", Args: cobra.MinimumNArgs(2)},
		func(ctx context.Context, cmd *cobra.Command, client *sns.Client, args []string) error {
			arn, err := findTopic(ctx, client, args[0])
			if err != nil {
				return err
			}
			for _, address := range args[1:] {
				if err := subscribe(ctx, client, arn, address); err != nil {
					return err
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "subscribed %s to %s\n", address, args[0])
			}
			return nil
		})
}

func topicListCommand() *cobra.Command {
	return withTopics(&cobra.Command{Use: "ls", Short: "List the topics and who gets their messages", Args: cobra.NoArgs},
		func(ctx context.Context, cmd *cobra.Command, client *sns.Client, _ []string) error {
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "TOPIC\tPROTOCOL\tENDPOINT")
			topics := sns.NewListTopicsPaginator(client, &sns.ListTopicsInput{})
			for topics.HasMorePages() {
				page, err := topics.NextPage(ctx)
				if err != nil {
					return fmt.Errorf("list topics: %w", err)
				}
				for _, t := range page.Topics {
					if err := listSubscriptions(ctx, client, w, aws.ToString(t.TopicArn)); err != nil {
						return err
					}
				}
			}
			return w.Flush()
		})
}

func listSubscriptions(ctx context.Context, client *sns.Client, w *tabwriter.Writer, arn string) error {
	subscribed := false
	pages := sns.NewListSubscriptionsByTopicPaginator(client, &sns.ListSubscriptionsByTopicInput{TopicArn: &arn})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list the subscriptions of %s: %w", arn, err)
		}
		for _, s := range page.Subscriptions {
			subscribed = true
			fmt.Fprintf(w, "%s\t%s\t%s\n", arn, aws.ToString(s.Protocol), aws.ToString(s.Endpoint))
		}
	}
	if !subscribed {
		fmt.Fprintf(w, "%s\t\t\n", arn)
	}
	return nil
}

// ensureTopic creates a topic, or finds the one that has the name.
func ensureTopic(ctx context.Context, client *sns.Client, name string) (arn string, err error) {
	topic, err := client.CreateTopic(ctx, &sns.CreateTopicInput{Name: &name})
	if err != nil {
		return "", fmt.Errorf("create topic %s: %w", name, err)
	}
	return aws.ToString(topic.TopicArn), nil
}

// findTopic returns the ARN of the topic that a name means, without creating it.
func findTopic(ctx context.Context, client *sns.Client, name string) (string, error) {
	topics := sns.NewListTopicsPaginator(client, &sns.ListTopicsInput{})
	for topics.HasMorePages() {
		page, err := topics.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("list topics: %w", err)
		}
		for _, t := range page.Topics {
			if arn := aws.ToString(t.TopicArn); arn == name || topicName(arn) == name {
				return arn, nil
			}
		}
	}
	return "", fmt.Errorf("topic %q does not exist; create it with: weir topic create %s", name, name)
}

// topicName is the last part of an ARN.
func topicName(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

// subscribe sends a topic's messages to an e-mail address, or to a URL.
func subscribe(ctx context.Context, client *sns.Client, arn, address string) error {
	protocol := "email"
	if scheme, _, ok := strings.Cut(address, "://"); ok {
		protocol = strings.ToLower(scheme)
	}
	_, err := client.Subscribe(ctx, &sns.SubscribeInput{TopicArn: &arn, Protocol: &protocol, Endpoint: &address})
	var invalid *types.InvalidParameterException
	if errors.As(err, &invalid) {
		return usageErrorf("subscribe %q: %s", address, invalid.ErrorMessage())
	}
	if err != nil {
		return fmt.Errorf("subscribe %s to %s: %w", address, arn, err)
	}
	return nil
}
