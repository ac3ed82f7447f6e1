package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/spf13/cobra"

	"github.com/weirsql/weir/generator"
	"github.com/weirsql/weir/runtime/clock"
)

// kinesisSink puts generated records into a stream; what Kinesis refuses is sent again, with growing pauses.
type kinesisSink struct {
	client *kinesis.Client
	stream string
	clock  clock.Clock
	batch  []types.PutRecordsRequestEntry
}

const putAttempts = 10

func (s *kinesisSink) Put(ctx context.Context, records []generator.Record) (failed int, err error) {
	for len(records) > 0 {
		n := min(len(records), 500)
		s.batch = s.batch[:0]
		for _, r := range records[:n] {
			key := string(r.PartitionKey)
			s.batch = append(s.batch, types.PutRecordsRequestEntry{Data: r.Data, PartitionKey: &key})
		}
		refused, err := s.put(ctx)
		failed += refused
		if err != nil {
			return failed, err
		}
		records = records[n:]
	}
	return failed, nil
}

func (s *kinesisSink) put(ctx context.Context) (refused int, err error) {
	pause := 50 * time.Millisecond
	for range putAttempts {
		out, err := s.client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: &s.stream, Records: s.batch})
		if err != nil {
			return len(s.batch), about(s.stream, "put records into", err)
		}
		var again []types.PutRecordsRequestEntry
		for i, r := range out.Records {
			if r.ErrorCode != nil {
				again = append(again, s.batch[i])
			}
		}
		if s.batch = again; len(again) == 0 {
			return 0, nil
		}
		if err := clock.Sleep(ctx, s.clock, pause); err != nil {
			return len(again), err
		}
		pause *= 2
	}
	return len(s.batch), nil
}

// engineClock lends the engine's clock to a generator.
type engineClock struct{ clock.Clock }

func (c engineClock) Sleep(ctx context.Context, d time.Duration) error {
	return clock.Sleep(ctx, c.Clock, d)
}

func generateCommand() *cobra.Command {
	var a awsFlags
	var stream, template, key string
	var cfg generator.Config
	var raw bool
	var scenario scenarioFlags
	c := &cobra.Command{
		Use:   "generate",
		Short: "Send records made from templates to streams",
		Long: `Send records made from a template to a stream, at a constant rate; or those of a scenario: several streams, rates that
follow the time of day, changes on schedule.

Placeholders are those of the Kinesis Data Generator: {{random.number({"min":1,"max":9})}}, {{date.now}}, ….
With --stream - or --output - the records go to standard output, a line each. docs/generate.md describes both ways.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if scenario.file != "" {
				var seed *int64
				if cmd.Flags().Changed("seed") {
					seed = &cfg.Seed
				}
				return scenario.run(cmd, &a, cfg.For, seed)
			}
			if name := given(cmd, onlyWithScenario); name != "" {
				return usageErrorf("--%s goes with --scenario only", name)
			}
			if stream == "" || template == "" {
				return usageErrorf("--stream and --template are required, or a --scenario")
			}
			if name, ok := strings.CutPrefix(template, "@"); ok {
				text, err := os.ReadFile(name)
				if err != nil {
					return usageErrorf("%w", err)
				}
				template = string(text)
			}
			var err error
			// A template that isn't JSON is refused here, before anything is sent.
			if cfg.Template, err = generator.Compile(template, generator.Options{RequireJSON: !raw}); err != nil {
				return &exitError{exitUsage, fmt.Errorf("--template: %w", err)}
			}
			if key != "" {
				if cfg.PartitionKey, err = generator.Compile(key, generator.Options{}); err != nil {
					return &exitError{exitUsage, fmt.Errorf("--partition-key: %w", err)}
				}
			}
			cfg.Clock = engineClock{clock.Real{}}
			g, err := generator.New(cfg)
			if err != nil {
				return &exitError{exitUsage, err}
			}
			ctx := cmd.Context()
			out, stop := newScreen(cmd.OutOrStdout(), cmd.ErrOrStderr())
			defer stop()
			out.showStatus(func() string { return generated(g.Stats()) })
			var sink generator.Sink
			if stream == "-" {
				sink = lineSink(out.writer(out.stdout))
			} else {
				client, err := a.kinesis(ctx)
				if err != nil {
					return err
				}
				defer a.close()
				if scenario.create {
					if err := ensureStream(ctx, client, stream); err != nil {
						return err
					}
				}
				sink = &kinesisSink{client: client, stream: stream, clock: clock.Real{}}
			}
			err = g.Run(ctx, sink)
			out.showStatus(nil)
			st := g.Stats()
			out.say("%d records sent, %d failed, %d bytes", st.Sent, st.Failed, st.Bytes)
			if errors.Is(err, context.Canceled) {
				return &exitError{code: exitInterrupted}
			}
			if err != nil {
				return a.explain(err)
			}
			return nil
		},
	}
	f := c.Flags()
	a.flags(f)
	f.StringVar(&stream, "stream", "", "the stream, or - for standard output")
	f.StringVar(&template, "template", "", "the record, or `@FILE`")
	f.Float64Var(&cfg.Rate, "rate", 1, "records per second; 0 is as fast as possible")
	f.Int64Var(&cfg.Count, "count", 0, "stop after so many records")
	f.DurationVar(&cfg.For, "for", 0, "stop after this time (of a scenario: in its own time)")
	f.Int64Var(&cfg.Seed, "seed", 42, "seed of everything random (of a scenario: default that of the file)")
	f.StringVar(&key, "partition-key", "", "template of the partition key (default: random)")
	f.BoolVar(&raw, "raw", false, "send records that are not JSON too")
	f.BoolVar(&scenario.create, "create", false, "create streams that don't exist")
	f.StringVar(&scenario.file, "scenario", "", "play the scenario in `FILE.yaml`")
	f.StringVarP(&scenario.output, "output", "o", "", "write a scenario's records into `DIR`/STREAM.jsonl, or to standard output (-), instead of streams")
	f.StringVar(&scenario.speed, "speed", "", "how many times as fast as time goes a scenario is played, or max (default 1, with --output max)")
	f.StringVar(&scenario.labels, "labels", "", "write when a scenario's labelled changes are into `FILE`, as lines of JSON")
	f.DurationVar(&scenario.series, "series", 0, "instead of records write how many there are in each `STEP` of a scenario")
	return c
}

// generated is the line of progress.
func generated(st generator.Stats) string {
	text := "sent " + thousands(st.Sent)
	if st.Planned > 0 {
		text += " of " + thousands(st.Planned)
	}
	if st.Failed > 0 {
		text += ", failed " + thousands(st.Failed)
	}
	return text
}

func lineSink(w io.Writer) generator.Sink {
	return generator.SinkFunc(func(_ context.Context, records []generator.Record) (int, error) {
		var buf []byte
		for _, r := range records {
			buf = append(append(buf, r.Data...), '\n')
		}
		_, err := w.Write(buf)
		return 0, err
	})
}
