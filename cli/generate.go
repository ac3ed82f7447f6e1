package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirsql/weir/generator"
	"github.com/weirsql/weir/runtime/clock"
)

func generateCommand() *cobra.Command {
	var to destination
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
With --stream - or --output - the records go to standard output, a line each. What a stream refuses is sent again, and counted.
docs/generate.md describes both ways.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if scenario.file != "" {
				var seed *int64
				if cmd.Flags().Changed("seed") {
					seed = &cfg.Seed
				}
				scenario.count = cfg.Count
				return scenario.run(cmd, &to, cfg.For, seed)
			}
			if name := given(cmd, onlyWithScenario); name != "" {
				return usageErrorf("--%s goes with --scenario only", name)
			}
			if to.output == "-" && stream == "" || to.output == "" && stream == "-" {
				stream, to.output = "-", "-"
			}
			if stream == "" || template == "" {
				return usageErrorf("--stream and --template are required, or a --scenario")
			}
			if err := to.check(cmd); err != nil {
				return err
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
			cfg.Clock, cfg.BatchRecords = engineClock{clock.Real{}}, putRecords
			g, err := generator.New(cfg)
			if err != nil {
				return &exitError{exitUsage, err}
			}
			return to.send(cmd, []string{stream}, func(sinks map[string]generator.Sink) (traffic, error) {
				sink := sinks[stream]
				if to.output == "-" {
					sink = sinks[""]
				}
				return traffic{run: func(ctx context.Context) error { return g.Run(ctx, sink) }, stats: g.Stats}, nil
			})
		},
	}
	f := c.Flags()
	to.flags(f)
	f.StringVar(&stream, "stream", "", "the stream, or - for standard output")
	f.StringVar(&template, "template", "", "the record, or `@FILE`")
	f.Float64Var(&cfg.Rate, "rate", 1, "records per second; 0 is as fast as possible")
	f.Int64Var(&cfg.Count, "count", 0, "stop after so many records")
	f.DurationVar(&cfg.For, "for", 0, "stop after this time (of a scenario: in its own time)")
	f.Int64Var(&cfg.Seed, "seed", 42, "seed of everything random (of a scenario: default that of the file)")
	f.StringVar(&key, "partition-key", "", "template of the partition key (default: random)")
	f.BoolVar(&raw, "raw", false, "send records that are not JSON too")
	f.BoolVar(&to.create, "create", false, "create streams that don't exist")
	f.StringVar(&scenario.file, "scenario", "", "play the scenario in `FILE.yaml`")
	f.StringVarP(&to.output, "output", "o", "", "write the records into `DIR`/STREAM.jsonl, or to standard output (-), instead of streams")
	f.BoolVar(&to.gzip, "gzip", false, "compress each record, as the Kinesis Data Generator does; with --output the files, DIR/STREAM.jsonl.gz")
	f.StringVar(&scenario.speed, "speed", "", "how many times as fast as time goes a scenario is played, or max (default 1, with --output max)")
	f.StringVar(&scenario.labels, "labels", "", "write when a scenario's labelled changes are into `FILE`, as lines of JSON")
	f.DurationVar(&scenario.series, "series", 0, "instead of records write how many there are in each `STEP` of a scenario")
	return c
}
