package sns

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/connectors/internal/worker"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/types"
)

// Spec is the connector `sns`.
var Spec = &connectors.Spec{
	Name:    "sns",
	Summary: "Publishes a message for every row to a topic of Amazon SNS, or with --local of the embedded server.",
	Options: options,
	NewSink: newSink,
}

var options = slices.Concat([]option.Option{
	{Key: "topic", Kind: option.String, Summary: "The topic's name."},
	{Key: "topic.arn", Kind: option.String, Summary: "The topic's ARN, instead of its name."},
	{Key: "subject", Kind: option.String,
		Summary: "The subject of e-mails, with ${column} for a value; $${ is ${ itself. Cut at 99 characters."},
	{Key: "message", Kind: option.String, Required: true,
		Summary: "The text, with ${column} for a value; $${ is ${ itself. Numbers print as in JavaScript, NULL as null."},
	{Key: "attributes.", Kind: option.String, Prefix: true,
		Summary: "attributes.NAME is a message attribute, with ${column} for a value; filter policies look at them. A number when it is a column of numbers alone; left out where it is NULL or empty."},
	{Key: "message.group-id", Kind: option.String,
		Summary: "The message group, with ${column} for a value. Needed for a FIFO topic, which keeps order within a group."},
	{Key: "message.deduplication-id", Kind: option.String,
		Summary: "What makes two messages the same within five minutes, for a FIFO topic without content-based deduplication."},
	{Key: "sink.batch.max-size", Kind: option.Int, Default: "10", Summary: "Messages in one request, 1 to 10. Those that wait go together; one that comes alone goes at once."},
	{Key: "sink.alert.max-per-minute", Kind: option.Int,
		Summary: "Messages in a minute, at most. Those beyond are held back, and go out when the minute is over as one digest, which counts as a message."},
	{Key: "sink.requests.max-buffered", Kind: option.Int, Default: "1000", Summary: "Messages that wait to be sent before the job is held back."},
}, awsclient.Options())

// policy is for every call: SNS takes some 300 messages a second, more in large regions.
var policy = awsclient.DefaultPolicy

// sink implements connectors.Sink.
type sink struct {
	env         *connectors.Env
	settings    *awsclient.Settings
	table       string
	topic       string
	subject     *template // nil: none
	message     *template
	attributes  []attribute
	group       *template // nil: none
	dedup       *template // nil: none
	maxBatch    int
	perMinute   int // 0: as many as come
	maxBuffered int

	mu     sync.Mutex
	client *sns.Client // once connected
	arn    string      // once known
}

var _ connectors.Sink = (*sink)(nil)

func newSink(env *connectors.Env, t *connectors.Table) (connectors.Sink, error) {
	v := t.Options
	s := &sink{env: env, table: t.Path, topic: v.String("topic"), arn: v.String("topic.arn"), maxBuffered: int(v.Int("sink.requests.max-buffered"))}
	switch {
	case s.topic == "" && s.arn == "":
		return nil, &option.Error{Key: "topic", Msg: `option "topic" or "topic.arn" is required`, Hint: "the topic's name, or its ARN"}
	case s.topic != "" && s.arn != "":
		return nil, &option.Error{Key: "topic.arn", Msg: `options "topic" and "topic.arn" both name the topic; give one`}
	case s.arn != "":
		// arn:aws:sns:us-east-1:123456789012:alerts
		parts := strings.Split(s.arn, ":")
		if len(parts) != 6 || parts[0] != "arn" || parts[2] != "sns" || parts[3] == "" || parts[5] == "" {
			return nil, option.Errorf("topic.arn", "option %q: %q is not the ARN of a topic, such as arn:aws:sns:us-east-1:123456789012:alerts", "topic.arn", s.arn)
		}
		s.topic = parts[5]
	case strings.HasPrefix(s.topic, "arn:"):
		return nil, option.Errorf("topic", "option %q: %q is an ARN; give it as %q", "topic", s.topic, "topic.arn")
	}
	if s.maxBuffered < 1 {
		return nil, option.Errorf("sink.requests.max-buffered", "option %q must be more than 0", "sink.requests.max-buffered")
	}
	var err error
	s.settings, err = awsclient.Read(awsclient.Table{Path: t.Path, Service: "sns", Embedded: env.SNSEndpoint, ARN: s.arn, Options: v, Decls: options})
	if err != nil {
		return nil, err
	}
	if s.settings.Embedded {
		s.arn = "" // of an account that the embedded server doesn't have
	}
	if s.message, err = parseTemplate("message", v.String("message"), t.Columns); err != nil {
		return nil, err
	}
	if text := v.String("subject"); text != "" {
		if s.subject, err = parseTemplate("subject", text, t.Columns); err != nil {
			return nil, err
		}
	}
	if err := s.readAttributes(v.WithPrefix("attributes."), t.Columns); err != nil {
		return nil, err
	}
	if err := s.readFIFO(v, t.Columns); err != nil {
		return nil, err
	}
	if s.maxBatch = int(v.Int("sink.batch.max-size")); s.maxBatch < 1 || s.maxBatch > maxBatch {
		return nil, option.Errorf("sink.batch.max-size", "option %q must be from 1 to %d", "sink.batch.max-size", maxBatch)
	}
	if s.perMinute = int(v.Int(perMinuteKey)); v.Given(perMinuteKey) && s.perMinute < 1 {
		return nil, option.Errorf(perMinuteKey, "option %q must be more than 0", perMinuteKey)
	}
	if v.String("message") == "" {
		return nil, option.Errorf("message", "option %q is empty; SNS takes no empty messages", "message")
	}
	return s, nil
}

const (
	perMinuteKey = "sink.alert.max-per-minute"
	fifoSuffix   = ".fifo"
)

// attribute is a message attribute.
type attribute struct {
	name   string
	value  *template
	column int // when the value is a column alone, else -1
}

// attributeName is what SNS takes: https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
var attributeName = regexp.MustCompile(`\A[A-Za-z0-9_-]([A-Za-z0-9_.-]{0,254}[A-Za-z0-9_-])?\z`)

func (s *sink) readAttributes(given map[string]string, columns []connectors.Column) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		key := "attributes." + name
		if !attributeName.MatchString(name) || strings.Contains(name, "..") {
			return option.Errorf(key, "option %q: %q is no name of a message attribute; it takes letters, digits, _ and -, and single dots between them", key, name)
		}
		t, err := parseTemplate(key, given[name], columns)
		if err != nil {
			return err
		}
		a := attribute{name: name, value: t, column: -1}
		if len(t.columns) == 1 && t.parts[0] == "" && t.parts[1] == "" {
			a.column = t.columns[0]
		}
		s.attributes = append(s.attributes, a)
	}
	return nil
}

// readFIFO reads the options of FIFO topics, which others don't take.
func (s *sink) readFIFO(v option.Values, columns []connectors.Column) error {
	fifo := strings.HasSuffix(s.topic, fifoSuffix)
	for _, o := range []struct {
		key string
		to  **template
	}{{"message.group-id", &s.group}, {"message.deduplication-id", &s.dedup}} {
		if !v.Given(o.key) {
			continue
		}
		if !fifo {
			return option.Errorf(o.key, "option %q is for FIFO topics, whose names end in %s; %q is none", o.key, fifoSuffix, s.topic)
		}
		var err error
		if *o.to, err = parseTemplate(o.key, v.String(o.key), columns); err != nil {
			return err
		}
	}
	if fifo && s.group == nil {
		return option.Errorf("topic", "topic %q is a FIFO topic, which needs the option %q", s.topic, "message.group-id")
	}
	return nil
}

// Accepts implements connectors.Sink: a message cannot be taken back.
func (s *sink) Accepts() types.ChangelogMode { return types.AppendOnly }

// Describe implements connectors.Sink.
func (s *sink) Describe() string { return "topic=" + s.topic }

// NewWriter implements connectors.Sink.
func (s *sink) NewWriter(ctx context.Context, wc connectors.WriterContext) (connectors.Writer, error) {
	log := s.env.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	retrier := awsclient.NewRetrier(s.env.Clock, log.With("topic", s.topic), s.env.Seed, fmt.Sprintf("%s/%d", s.topic, wc.Subtask), wc.Retried)
	client, arn, err := s.connect(ctx, retrier)
	if err != nil {
		return nil, err
	}
	w := newWriter(s, client, arn, retrier, wc)
	if s.perMinute > 0 && w.limit == 0 {
		return nil, fmt.Errorf("option %q is %d, which %d subtasks can't divide; set 'sink.parallelism' = '1'", perMinuteKey, s.perMinute, wc.Parallelism)
	}
	w.worker = worker.Start(ctx, s.env.Clock, w.work)
	return w, nil
}

// connect makes the client and finds the topic, at the first call.
func (s *sink) connect(ctx context.Context, retrier *awsclient.Retrier) (*sns.Client, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		cfg, err := s.settings.Load(ctx)
		if err != nil {
			return nil, "", err
		}
		s.client = sns.NewFromConfig(cfg)
	}
	if s.arn == "" {
		arn, err := s.find(ctx, retrier)
		if err != nil {
			return nil, "", err
		}
		s.arn = arn
	}
	return s.client, s.arn, nil
}

// find looks for the topic's ARN. CreateTopic would give it as well, and make the topics of misspelled names.
func (s *sink) find(ctx context.Context, retrier *awsclient.Retrier) (string, error) {
	var names []string
	in := &sns.ListTopicsInput{}
	for {
		var out *sns.ListTopicsOutput
		err := retrier.Do(ctx, "ListTopics", policy, func(ctx context.Context) (err error) {
			out, err = s.client.ListTopics(ctx, in)
			return err
		})
		if err != nil {
			return "", s.explain(err, "look for")
		}
		for _, t := range out.Topics {
			arn := aws.ToString(t.TopicArn)
			name := arn[strings.LastIndexByte(arn, ':')+1:]
			if name == s.topic {
				return arn, nil
			}
			names = append(names, name)
		}
		if out.NextToken == nil || *out.NextToken == "" {
			return "", &connectors.Explained{Msg: "table " + s.table + ": " + s.missing(diag.Suggest(s.topic, names))}
		}
		in.NextToken = out.NextToken
	}
}

// missing says what is to be said about a topic that doesn't exist; near is one that does, or "".
func (s *sink) missing(near string) string {
	create := "weir topic create " + s.topic
	if s.settings.Embedded {
		create += " --local"
	}
	if near != "" {
		near = fmt.Sprintf("did you mean %q? ", near)
	}
	return fmt.Sprintf("topic %q does not exist in region %s (endpoint %s); %screate it with: %s",
		s.topic, s.settings.Region, s.settings.Address(), near, create)
}

func (s *sink) explain(err error, doing string) error {
	return s.settings.Explain(err, doing+" topic "+s.topic, s.missing(""))
}
