package sns

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

// Spec is the connector `sns`.
var Spec = &connectors.Spec{
	Name:    "sns",
	Summary: "Amazon SNS: one message per row, subject and text from templates.",
	Options: slices.Concat([]option.Option{
		{Key: "topic", Kind: option.String, Summary: "The topic's name."},
		{Key: "topic.arn", Kind: option.String, Summary: "The topic's ARN, in place of its name."},
		{Key: "subject", Kind: option.String, Summary: "The subject of e-mails, with ${column} where a value goes."},
		{Key: "message", Kind: option.String, Required: true, Summary: "The message, with ${column} where a value goes."},
		{Key: "sink.requests.max-buffered", Kind: option.Int, Default: "1000", Summary: "Messages that wait before the job is held back."},
	}, awsclient.Options),
	NewSink: newSink,
}

// maxMessageBytes is SNS's limit for a message.
const maxMessageBytes = 256 << 10

// sink publishes a table's rows.
type sink struct {
	*awsclient.Settings
	env              *connectors.Env
	table            *connectors.Table
	topic, arn       string
	subject, message *template
}

func newSink(env *connectors.Env, t *connectors.Table) (connectors.Sink, error) {
	o := t.Options
	s := &sink{env: env, table: t, topic: o.String("topic"), arn: o.String("topic.arn")}
	switch {
	case s.topic == "" && s.arn == "":
		return nil, &option.Error{Key: "topic", Msg: `option "topic" is required (or "topic.arn")`}
	case s.topic != "" && s.arn != "":
		return nil, option.Errorf("topic.arn", `options "topic" and "topic.arn" name the topic twice; give one`)
	}
	var err error
	if s.Settings, err = awsclient.New(o, env.SNSEndpoint); err != nil {
		return nil, err
	}
	if s.subject, err = parseTemplate(o.String("subject"), t.Columns); err != nil {
		return nil, option.Errorf("subject", "%v", err)
	}
	if s.message, err = parseTemplate(o.String("message"), t.Columns); err != nil {
		return nil, option.Errorf("message", "%v", err)
	}
	return s, nil
}

func (s *sink) Accepts() types.ChangelogMode { return types.AppendOnly }

func (s *sink) Describe() string {
	if s.arn != "" {
		return "topic=" + s.arn
	}
	return "topic=" + s.topic
}

// NewWriter implements connectors.Sink.
func (s *sink) NewWriter(ctx context.Context, wc connectors.WriterContext) (connectors.Writer, error) {
	cfg, err := s.Config(ctx)
	if err != nil {
		return nil, s.Explain(err)
	}
	client := sns.NewFromConfig(cfg, func(o *sns.Options) {
		if s.Endpoint != "" {
			o.BaseEndpoint = aws.String(s.Endpoint)
		}
	})
	w := &writer{sink: s, wc: wc, client: client, arn: s.arn, waiter: s.env.Clock.NewWaiter(), done: make(chan struct{}),
		limit: int(s.table.Options.Int("sink.requests.max-buffered"))}
	ctx, w.cancel = context.WithCancel(ctx)
	s.env.Clock.Go(func() {
		defer close(w.done)
		w.send(ctx)
	})
	return w, nil
}

// find resolves the topic's name.
func (s *sink) find(ctx context.Context, client *sns.Client) (string, error) {
	var names []string
	pages := sns.NewListTopicsPaginator(client, &sns.ListTopicsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, t := range page.Topics {
			arn := aws.ToString(t.TopicArn)
			name := arn[strings.LastIndexByte(arn, ':')+1:]
			if name == s.topic {
				return arn, nil
			}
			names = append(names, name)
		}
	}
	known := "there are none"
	if len(names) > 0 {
		known = "there are: " + strings.Join(names, ", ")
	}
	return "", fmt.Errorf("table %s: topic %q does not exist (%s); %s", s.table.Path, s.topic, s.Where(), known)
}

// writer renders messages and leaves the publishing to a goroutine, one after the other.
type writer struct {
	*sink
	wc     connectors.WriterContext
	client *sns.Client
	arn    string // the sending goroutine's, once the topic is found
	limit  int
	cancel context.CancelFunc
	done   chan struct{}
	waiter clock.Waiter

	mu      sync.Mutex
	pending []message
	failed  error
}

type message struct{ subject, text string }

// Write implements connectors.Writer.
func (w *writer) Write(b *types.Batch) error {
	var messages []message
	add := func(i int) error {
		m := message{string(w.subject.render(nil, b, i)), string(w.message.render(nil, b, i))}
		if len(m.text) > maxMessageBytes {
			return fmt.Errorf("a message for %s has %d bytes; SNS takes at most %d", w.Describe(), len(m.text), maxMessageBytes)
		}
		messages = append(messages, m)
		return nil
	}
	if b.Sel != nil {
		for _, i := range b.Sel {
			if err := add(int(i)); err != nil {
				return err
			}
		}
	} else {
		for i := range b.N {
			if err := add(i); err != nil {
				return err
			}
		}
	}
	w.mu.Lock()
	w.pending = append(w.pending, messages...)
	err := w.failed
	w.mu.Unlock()
	w.waiter.Wake()
	return err
}

// send is the publishing goroutine. A message leaves the queue when SNS has taken it.
func (w *writer) send(ctx context.Context) {
	pause := awsclient.NewBackoff(100*time.Millisecond, 10*time.Second, rand.Float64)
	for ctx.Err() == nil {
		w.mu.Lock()
		waiting := len(w.pending) > 0
		var m message
		if waiting {
			m = w.pending[0]
		}
		w.mu.Unlock()
		if !waiting {
			w.waiter.Wait(ctx, time.Time{})
			continue
		}
		err := w.publish(ctx, m)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			pause.Reset()
			w.mu.Lock()
			w.pending = w.pending[1:]
			w.mu.Unlock()
			w.wc.Wake()
		case awsclient.Transient(err):
			w.env.Log.Warn("a message is sent to SNS again", "topic", w.Describe(), "error", err)
			if clock.Sleep(ctx, w.env.Clock, pause.Next()) != nil {
				return
			}
		default:
			w.mu.Lock()
			w.failed = fmt.Errorf("publish to %s: %w", w.Describe(), w.Explain(err))
			w.mu.Unlock()
			w.wc.Wake()
			return
		}
	}
}

func (w *writer) publish(ctx context.Context, m message) error {
	if w.arn == "" {
		arn, err := w.find(ctx, w.client)
		if err != nil {
			return err
		}
		w.arn = arn
	}
	in := &sns.PublishInput{TopicArn: &w.arn, Message: &m.text}
	if m.subject != "" {
		in.Subject = &m.subject
	}
	_, err := w.client.Publish(ctx, in)
	return err
}

// Full implements connectors.Writer.
func (w *writer) Full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.pending) >= w.limit && w.failed == nil
}

// Flush implements connectors.Writer.
func (w *writer) Flush() (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.pending) == 0, w.failed
}

// Snapshot implements connectors.Writer: what was flushed is with SNS.
func (w *writer) Snapshot() ([]byte, error) { return nil, nil }

// Commit implements connectors.Writer.
func (w *writer) Commit() error { return nil }

// Close implements connectors.Writer.
func (w *writer) Close() error {
	w.cancel()
	<-w.done
	return nil
}
