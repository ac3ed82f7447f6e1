package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/spf13/cobra"

	"github.com/weirsql/weir/runtime/clock"
)

func streamCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "stream",
		Short: "List, create, delete, read and fill Kinesis streams",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(streamCreateCommand(), streamDeleteCommand(), streamListCommand(), streamPutCommand(), streamTailCommand())
	return c
}

// withClient runs a stream subcommand against the Kinesis that the flags name.
func withClient(c *cobra.Command, run func(ctx context.Context, cmd *cobra.Command, client *kinesis.Client, args []string) error) *cobra.Command {
	var a awsFlags
	a.flags(c.Flags())
	c.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := a.kinesis(cmd.Context())
		if err != nil {
			return err
		}
		err = a.explain(run(cmd.Context(), cmd, client, args))
		if errors.Is(err, context.Canceled) {
			err = &exitError{code: exitInterrupted}
		}
		return errors.Join(err, a.close())
	}
	return c
}

func streamListCommand() *cobra.Command {
	return withClient(&cobra.Command{Use: "ls", Short: "List the streams", Args: cobra.NoArgs},
		func(ctx context.Context, cmd *cobra.Command, client *kinesis.Client, _ []string) error {
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "STREAM\tSTATUS\tSHARDS\tRETENTION")
			pages := kinesis.NewListStreamsPaginator(client, &kinesis.ListStreamsInput{})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return fmt.Errorf("list streams: %w", err)
				}
				for _, name := range page.StreamNames {
					d, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &name})
					if err != nil {
						return fmt.Errorf("describe stream %s: %w", name, err)
					}
					s := d.StreamDescriptionSummary
					fmt.Fprintf(w, "%s\t%s\t%d\t%d h\n", name, s.StreamStatus, aws.ToInt32(s.OpenShardCount), aws.ToInt32(s.RetentionPeriodHours))
				}
			}
			return w.Flush()
		})
}

func streamCreateCommand() *cobra.Command {
	var shards int32
	c := withClient(&cobra.Command{Use: "create NAME…", Short: "Create streams", Args: cobra.MinimumNArgs(1)},
		func(ctx context.Context, cmd *cobra.Command, client *kinesis.Client, args []string) error {
			for _, name := range args {
				if _, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: &name, ShardCount: &shards}); err != nil {
					return fmt.Errorf("create stream %s: %w", name, err)
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "created %s\n", name)
			}
			return nil
		})
	c.Flags().Int32Var(&shards, "shards", 1, "number of shards")
	return c
}

func streamDeleteCommand() *cobra.Command {
	return withClient(&cobra.Command{Use: "delete NAME…", Short: "Delete streams and all their records", Args: cobra.MinimumNArgs(1)},
		func(ctx context.Context, cmd *cobra.Command, client *kinesis.Client, args []string) error {
			for _, name := range args {
				if _, err := client.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: &name}); err != nil {
					return about(name, "delete stream", err)
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "deleted %s\n", name)
			}
			return nil
		})
}

func streamPutCommand() *cobra.Command {
	var key string
	c := withClient(&cobra.Command{Use: "put NAME [RECORD…]", Short: "Put records, from the arguments or a line each from standard input", Args: cobra.MinimumNArgs(1)},
		func(ctx context.Context, cmd *cobra.Command, client *kinesis.Client, args []string) error {
			sent := 0
			var batch []types.PutRecordsRequestEntry
			flush := func() error {
				for len(batch) > 0 {
					out, err := client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: &args[0], Records: batch})
					if err != nil {
						return about(args[0], "put records into", err)
					}
					var refused []types.PutRecordsRequestEntry
					for i, r := range out.Records {
						if r.ErrorCode != nil {
							refused = append(refused, batch[i])
						}
					}
					sent += len(batch) - len(refused)
					batch = refused
				}
				return nil
			}
			add := func(record []byte) error {
				k := key
				if k == "" {
					k = strconv.FormatUint(rand.Uint64(), 10)
				}
				batch = append(batch, types.PutRecordsRequestEntry{Data: record, PartitionKey: &k})
				if len(batch) == 500 {
					return flush()
				}
				return nil
			}
			for _, r := range args[1:] {
				if err := add([]byte(r)); err != nil {
					return err
				}
			}
			if len(args) == 1 {
				lines := bufio.NewScanner(cmd.InOrStdin())
				lines.Buffer(nil, 10<<20)
				for lines.Scan() {
					if err := add(bytes.Clone(lines.Bytes())); err != nil {
						return err
					}
				}
				if err := lines.Err(); err != nil {
					return fmt.Errorf("read records: %w", err)
				}
			}
			err := flush()
			fmt.Fprintf(cmd.ErrOrStderr(), "%d records put\n", sent)
			return err
		})
	c.Flags().StringVar(&key, "partition-key", "", "partition key of every record (default: random)")
	return c
}

func streamTailCommand() *cobra.Command {
	var from string
	var count int
	var follow, withMeta bool
	c := withClient(&cobra.Command{Use: "tail NAME", Short: "Print the records of a stream", Args: cobra.ExactArgs(1)},
		func(ctx context.Context, cmd *cobra.Command, client *kinesis.Client, args []string) error {
			start := types.ShardIteratorType(from)
			if start != types.ShardIteratorTypeLatest && start != types.ShardIteratorTypeTrimHorizon {
				return usageErrorf("--from takes TRIM_HORIZON or LATEST, found %q", from)
			}
			shards, err := client.ListShards(ctx, &kinesis.ListShardsInput{StreamName: &args[0]})
			if err != nil {
				return about(args[0], "list the shards of", err)
			}
			iterators := map[string]*string{}
			for _, s := range shards.Shards {
				it, err := client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: &args[0], ShardId: s.ShardId, ShardIteratorType: start})
				if err != nil {
					return fmt.Errorf("read shard %s: %w", *s.ShardId, err)
				}
				iterators[*s.ShardId] = it.ShardIterator
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			defer out.Flush()
			printed := 0
			for len(iterators) > 0 {
				quiet := true
				for _, s := range shards.Shards {
					it := iterators[*s.ShardId]
					if it == nil {
						continue
					}
					got, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: it})
					if err != nil {
						return fmt.Errorf("read shard %s: %w", *s.ShardId, err)
					}
					for _, r := range got.Records {
						if err := printRecord(out, *s.ShardId, r, withMeta); err != nil {
							return err
						}
						if printed++; printed == count {
							return nil
						}
					}
					quiet = quiet && len(got.Records) == 0
					if iterators[*s.ShardId] = got.NextShardIterator; got.NextShardIterator == nil || !follow && len(got.Records) == 0 && aws.ToInt64(got.MillisBehindLatest) == 0 {
						delete(iterators, *s.ShardId)
					}
				}
				if err := out.Flush(); err != nil {
					return err
				}
				if quiet && len(iterators) > 0 {
					if err := clock.Sleep(ctx, clock.Real{}, 250*time.Millisecond); err != nil {
						return err
					}
				}
			}
			return nil
		})
	c.Flags().StringVar(&from, "from", "TRIM_HORIZON", "where to start: TRIM_HORIZON or LATEST")
	c.Flags().IntVarP(&count, "count", "n", 0, "stop after so many records")
	c.Flags().BoolVarP(&follow, "follow", "f", false, "wait for more records at the end")
	c.Flags().BoolVar(&withMeta, "metadata", false, "print shard, sequence number, arrival time and key beside each record, as JSON")
	return c
}

func printRecord(out *bufio.Writer, shard string, r types.Record, withMeta bool) error {
	if !withMeta {
		out.Write(bytes.TrimRight(r.Data, "\n"))
		return out.WriteByte('\n')
	}
	line, err := json.Marshal(struct {
		Shard    string `json:"shard"`
		Sequence string `json:"sequence_number"`
		Arrival  string `json:"arrival"`
		Key      string `json:"partition_key"`
		Data     string `json:"data"`
	}{shard, aws.ToString(r.SequenceNumber), aws.ToTime(r.ApproximateArrivalTimestamp).UTC().Format("2006-01-02 15:04:05.000"), aws.ToString(r.PartitionKey), string(r.Data)})
	if err != nil {
		return err
	}
	out.Write(line)
	return out.WriteByte('\n')
}
