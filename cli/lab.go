package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/spf13/cobra"

	connector "github.com/weirsql/weir/connectors/kinesis"
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/generator"
	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/local/sns"
	"github.com/weirsql/weir/queries"
	"github.com/weirsql/weir/runtime/clock"
	wtypes "github.com/weirsql/weir/types"
)

// The lab's systems; its traffic is queries/lab/traffic.yaml.
var (
	labStreams = []string{"tickerstream", "clickstream", "impressionstream", "ctrstream", "destinationstream", "anomalydetectionstream"}
	// labStages are the steps that are jobs, in the order rows pass through them, with the streams each one reads.
	labStages = []labStage{
		{"04_impressions", []string{"tickerstream"}},
		{"05_clicks", []string{"tickerstream"}},
		{"06_ctr", []string{"impressionstream", "clickstream"}},
		{"08_scores", []string{"ctrstream"}},
		{"09_anomalies", []string{"destinationstream"}},
		{"10_watch_anomalies", []string{"anomalydetectionstream"}},
		{"11_notify", []string{"anomalydetectionstream"}},
	}
	// labStart is when the lab's published run had its first anomaly; virtual time begins there.
	labStart = time.Date(2023, 8, 23, 13, 46, 30, 0, time.UTC)
)

const (
	labTopic      = "ClickStreamEvent2"
	labSubscriber = "analyst@example.com"
)

type labStage struct {
	step    string
	streams []string
}

// labOptions are the flags of `weir lab`.
type labOptions struct {
	fast   bool
	keep   string
	seed   int64
	output string
	length time.Duration
}

func labCommand() *cobra.Command {
	var o labOptions
	c := &cobra.Command{
		Use:   "lab",
		Short: "Run the clickstream anomaly-detection lab on this machine",
		Long: `Run AWS's clickstream anomaly-detection lab on this machine: six Kinesis streams, a traffic generator, ten SQL
steps, anomaly scores and an e-mail for each anomaly, all on an embedded Kinesis and SNS. It takes the lab's 30 seconds, or
with --fast as long as it takes to compute them, and leaves nothing behind.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.output != "table" && o.output != "json" {
				return usageErrorf("unknown --output %q; use table or json", o.output)
			}
			out, stop := newScreen(cmd.OutOrStdout(), cmd.ErrOrStderr())
			defer stop()
			if _, err := labTraffic(labStart, o.length, o.seed); err != nil {
				return usageErrorf("--for: %w", err)
			}
			l := &lab{labOptions: o, clock: clock.Real{}, out: out}
			if !o.fast {
				return l.run(cmd.Context())
			}
			virtual := clock.NewVirtual(labStart)
			l.clock = virtual
			var err error
			virtual.Run(func() { err = l.run(cmd.Context()) })
			return err
		},
	}
	f := c.Flags()
	f.BoolVar(&o.fast, "fast", false, "run on virtual time")
	f.StringVar(&o.keep, "keep", "", "leave streams, mails and catalog in `DIR`")
	f.Int64Var(&o.seed, "seed", 42, "seed of everything random")
	f.StringVarP(&o.output, "output", "o", "table", "how the anomalies and mails print: table or json")
	f.DurationVar(&o.length, "for", 30*time.Second, "how long the traffic lasts")
	return c
}

// lab is one run of the lab.
type lab struct {
	labOptions
	clock clock.Clock
	out   *screen

	dir     string
	server  *local.Server
	client  *kinesis.Client
	session *engine.Session
	jobs    map[string]*engine.Job // by step
	writer  resultWriter           // of step 10

	mu    sync.Mutex
	mails []sns.Mail
}

func (l *lab) run(ctx context.Context) (err error) {
	started := time.Now()
	if l.dir = l.keep; l.dir == "" {
		if l.dir, err = os.MkdirTemp("", "weir-lab-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(l.dir)) }()
	}
	defer func() { err = errors.Join(err, l.close()) }()
	for _, phase := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"set up the streams", l.setUp},
		{"start the steps", l.start},
		{"send the traffic", l.send},
		{"finish", l.finish},
	} {
		if err := phase.do(ctx); err != nil {
			if l.writer != nil {
				err = errors.Join(err, l.writer.Close(true))
			}
			if ctx.Err() != nil {
				return &exitError{code: exitInterrupted}
			}
			return fmt.Errorf("%s: %w", phase.what, err)
		}
	}
	return l.report(time.Since(started))
}

// setUp starts the embedded services and makes what the lab's CloudFormation stack makes.
func (l *lab) setUp(ctx context.Context) (err error) {
	l.server, err = local.Start(context.WithoutCancel(ctx), local.Options{
		Dir: filepath.Join(l.dir, "local"), Clock: l.clock, Seed: l.seed, NoSync: l.keep == "",
		OnMail: l.mail,
	})
	if err != nil {
		return err
	}
	l.client = localKinesis(l.server.KinesisEndpoint())
	for _, name := range labStreams {
		if err := ensureStream(ctx, l.client, name); err != nil {
			return err
		}
	}
	topics := localSNS(l.server.SNSEndpoint())
	topic, err := ensureTopic(ctx, topics, labTopic)
	if err != nil {
		return err
	}
	if err := subscribe(ctx, topics, topic, labSubscriber); err != nil {
		return err
	}
	l.out.say("embedded Kinesis at %s: streams %s", l.server.KinesisEndpoint(), strings.Join(labStreams, ", "))
	l.out.say("embedded SNS at %s: topic %s, e-mail to %s", l.server.SNSEndpoint(), labTopic, labSubscriber)
	return nil
}

// start checks the ten steps and runs them. The steps that only watch are left out, but for the last one.
func (l *lab) start(ctx context.Context) (err error) {
	l.session, err = engine.New(engine.Options{
		DataDir: l.dir, Clock: l.clock, Stdout: l.out.writer(l.out.stdout),
		KinesisEndpoint: l.server.KinesisEndpoint(), SNSEndpoint: l.server.SNSEndpoint(),
		Settings: map[string]string{"weir.seed": fmt.Sprint(l.seed), "parallelism.default": "1", "execution.checkpointing.interval": "0"},
	})
	if err != nil {
		return err
	}
	names, err := fs.Glob(queries.Lab, "lab/*.sql")
	if err != nil {
		return err
	}
	slices.Sort(names)
	var files []*diag.File
	for _, name := range names {
		text, err := queries.Lab.ReadFile(name)
		if err != nil {
			return err
		}
		files = append(files, diag.NewFile("queries/"+name, string(text)))
	}
	if _, err := l.session.Check(files...); err != nil {
		return err
	}
	l.jobs = map[string]*engine.Job{}
	for _, f := range files {
		script, err := l.session.Parse(f)
		if err != nil {
			return err
		}
		step := strings.TrimSuffix(filepath.Base(f.Name), ".sql")
		for _, stmt := range script.Stmts {
			res, err := l.session.Execute(ctx, f, stmt)
			if err != nil {
				return err
			}
			switch {
			case res.Job != nil:
				l.jobs[step] = res.Job
			case res.Query != nil && l.isStage(step):
				l.writer = l.out.newResultWriter(l.output, "anomalies", res.Query.Schema, res.Query.Mode)
				if l.jobs[step], err = res.Query.Start(ctx, func(b *wtypes.Batch) error { return l.writer.Write(b) }); err != nil {
					return err
				}
			}
		}
	}
	l.out.say("%d steps are running", len(l.jobs))
	return nil
}

func (l *lab) isStage(step string) bool {
	return slices.ContainsFunc(labStages, func(s labStage) bool { return s.step == step })
}

// send plays the traffic to its end.
func (l *lab) send(ctx context.Context) error {
	traffic, err := labTraffic(l.clock.Now(), l.length, l.seed)
	if err != nil {
		return err
	}
	planned := int64(0)
	steps, err := traffic.Series(time.Second)
	if err != nil {
		return err
	}
	for _, counts := range steps {
		for _, n := range counts {
			planned += n
		}
	}
	sinks := map[string]generator.Sink{}
	for _, stream := range traffic.Streams() {
		sinks[stream] = newStreamSink(l.client, stream, connector.PutterOptions{Clock: l.clock}, false)
	}
	p, err := generator.NewPlayer(generator.PlayerConfig{Scenario: traffic, Speed: 1, Clock: engineClock{l.clock}}, sinks)
	if err != nil {
		return err
	}
	progress := func() string { return fmt.Sprintf("sent %d of %d records", p.Stats().Sent, planned) }
	rows := newProgress(l.session.Jobs)
	l.out.showStatus(func() string { return progress() + " · " + rows.line() })
	err = p.Run(ctx)
	l.out.showStatus(rows.line)
	l.out.say("%s: %s", progress(), strings.Join(traffic.Traffic(), " and "))
	return err
}

// labTraffic is the lab's traffic, from a time on.
func labTraffic(start time.Time, length time.Duration, seed int64) (*generator.Scenario, error) {
	const file = "lab/traffic.yaml"
	text, err := queries.Lab.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s, err := generator.ParseScenario("queries/"+file, text, start)
	if err != nil {
		return nil, err
	}
	s.For, s.Seed = length, seed
	return s, s.Check()
}

// outside runs f, which waits for others, without holding back virtual time.
func (l *lab) outside(f func()) {
	if v, ok := l.clock.(*clock.Virtual); ok {
		v.Outside(f)
		return
	}
	f()
}

// finish lets every step read what the ones before it wrote, and stops it with its windows fired.
func (l *lab) finish(ctx context.Context) error {
	for _, stage := range labStages {
		job := l.jobs[stage.step]
		if job == nil {
			return fmt.Errorf("step %s is not a job", stage.step)
		}
		want := int64(0)
		for _, stream := range stage.streams {
			n, err := l.records(ctx, stream)
			if err != nil {
				return err
			}
			want += n
		}
		for scanned(job) < want {
			if err := job.Err(); err != nil {
				return fmt.Errorf("step %s: %w", stage.step, err)
			}
			if err := clock.Sleep(ctx, l.clock, 20*time.Millisecond); err != nil {
				return err
			}
		}
		var err error
		l.outside(func() {
			if err = job.Stop(ctx, true); err == nil {
				err = job.Wait(ctx)
			}
		})
		if err != nil {
			return fmt.Errorf("step %s: %w", stage.step, err)
		}
	}
	return nil
}

// records counts the records of a stream of one shard.
func (l *lab) records(ctx context.Context, stream string) (int64, error) {
	shards, err := l.client.ListShards(ctx, &kinesis.ListShardsInput{StreamName: &stream})
	if err != nil {
		return 0, err
	}
	n := int64(0)
	for _, s := range shards.Shards {
		it, err := l.client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: &stream, ShardId: s.ShardId, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
		if err != nil {
			return 0, err
		}
		for next := it.ShardIterator; next != nil; {
			got, err := l.client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: next})
			if err != nil {
				return 0, err
			}
			n += int64(len(got.Records))
			if next = got.NextShardIterator; len(got.Records) == 0 && aws.ToInt64(got.MillisBehindLatest) == 0 {
				break
			}
		}
	}
	return n, nil
}

// scanned is how many records a job's sources have read.
func scanned(j *engine.Job) int64 {
	n := int64(0)
	for _, m := range j.Metrics() {
		if m.Name == "Scan" {
			n += m.RecordsIn
		}
	}
	return n
}

// mail shows an e-mail when it is delivered. JSON rows of mails come last, so that they don't mix with the anomalies.
func (l *lab) mail(m sns.Mail) {
	l.mu.Lock()
	l.mails = append(l.mails, m)
	l.mu.Unlock()
	if l.output != "json" {
		_ = l.out.print(fmt.Appendf(nil, "mail to %s: %s\n  %s\n", m.To, m.Subject, m.Message))
	}
}

// report prints what the run found.
func (l *lab) report(took time.Duration) error {
	if err := l.writer.Close(false); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.mails {
		if l.output == "json" {
			line, err := json.Marshal(map[string]any{"mail": struct {
				To      string `json:"to"`
				Subject string `json:"subject"`
				Body    string `json:"body"`
			}{m.To, m.Subject, m.Message}})
			if err != nil {
				return err
			}
			if err := l.out.print(append(line, '\n')); err != nil {
				return err
			}
		}
	}
	l.out.say("%d e-mails; the lab took %.1f s", len(l.mails), took.Seconds())
	if l.keep != "" {
		l.out.say("everything is kept in %s; look at it with: weir stream ls --local=%s", l.keep, filepath.Join(l.keep, "local"))
	}
	return nil
}

func (l *lab) close() error {
	var errs []error
	l.outside(func() {
		if l.session != nil {
			errs = append(errs, l.session.Close())
		}
		if l.server != nil {
			errs = append(errs, l.server.Close())
		}
	})
	return errors.Join(errs...)
}
