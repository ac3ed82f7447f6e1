package sns

import (
	"context"
	"fmt"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/internal/acks"
	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/connectors/internal/worker"
	"github.com/weirsql/weir/types"
)

// What SNS takes: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
const (
	maxMessageBytes = 256 << 10
	maxSubjectChars = 99
)

// writer is one parallel writer. Write renders messages; a goroutine publishes them one after the other.
type writer struct {
	sink    *sink
	client  *sns.Client
	arn     string
	wake    func()
	retrier *awsclient.Retrier
	scratch []byte // of Write

	worker *worker.Worker // publishes

	mu       sync.Mutex
	queue    []message // the first one may be under way
	messages acks.Counter
	err      error
}

type message struct{ subject, text string }

var _ connectors.Writer = (*writer)(nil)

func newWriter(s *sink, client *sns.Client, arn string, retrier *awsclient.Retrier, wc connectors.WriterContext) *writer {
	return &writer{sink: s, client: client, arn: arn, wake: wc.Wake, retrier: retrier}
}

// Write implements connectors.Writer.
func (w *writer) Write(b *types.Batch) error {
	messages := make([]message, 0, b.Rows())
	var err error
	if b.Sel == nil {
		for i := 0; i < b.N && err == nil; i++ {
			messages, err = w.row(messages, b, i)
		}
	}
	for k := 0; k < len(b.Sel) && err == nil; k++ {
		messages, err = w.row(messages, b, int(b.Sel[k]))
	}
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, messages...)
	w.messages.Write(len(messages))
	w.worker.Wake()
	return w.err
}

func (w *writer) row(to []message, b *types.Batch, i int) ([]message, error) {
	var m message
	w.scratch = w.sink.message.render(w.scratch[:0], b, i)
	switch {
	case len(w.scratch) == 0:
		return to, fmt.Errorf("a row makes an empty message, which SNS doesn't take; put some text into the option %q", "message")
	case len(w.scratch) > maxMessageBytes:
		return to, fmt.Errorf("a row makes a message of %d bytes; SNS takes %d at most", len(w.scratch), maxMessageBytes)
	}
	m.text = string(w.scratch)
	if w.sink.subject != nil {
		w.scratch = w.sink.subject.render(w.scratch[:0], b, i)
		m.subject = subject(w.scratch)
	}
	return append(to, m), nil
}

// subject makes a subject that SNS takes: values may have brought line breaks, or made it too long.
func subject(text []byte) string {
	out := make([]rune, 0, min(len(text), maxSubjectChars))
	for len(text) > 0 && len(out) < maxSubjectChars {
		r, n := utf8.DecodeRune(text)
		if unicode.IsControl(r) {
			r = ' '
		}
		out = append(out, r)
		text = text[n:]
	}
	return string(out)
}

// work publishes a message, if there is one.
func (w *writer) work(ctx context.Context) (bool, error) {
	w.mu.Lock()
	if len(w.queue) == 0 {
		w.mu.Unlock()
		return false, nil
	}
	m := w.queue[0]
	w.mu.Unlock()
	err := w.publish(ctx, m)
	if ctx.Err() != nil {
		return true, ctx.Err()
	}
	w.mu.Lock()
	if w.err = err; err == nil {
		w.queue[0] = message{} // not kept by the array
		w.queue = w.queue[1:]
		w.messages.Acknowledge(1)
	}
	w.mu.Unlock()
	w.wake()
	return true, err
}

func (w *writer) publish(ctx context.Context, m message) error {
	in := &sns.PublishInput{TopicArn: &w.arn, Message: &m.text}
	if m.subject != "" {
		in.Subject = &m.subject
	}
	err := w.retrier.Do(ctx, "Publish", policy, func(ctx context.Context) error {
		_, err := w.client.Publish(ctx, in)
		return err
	})
	if err != nil {
		return w.sink.explain(err, "publish to")
	}
	return nil
}

// Full implements connectors.Writer.
func (w *writer) Full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err == nil && len(w.queue) >= w.sink.maxBuffered
}

// Flush implements connectors.Writer. There is nothing to start: the goroutine publishes whatever there is.
func (w *writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Barrier implements connectors.Writer.
func (w *writer) Barrier(checkpoint int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.messages.Barrier(checkpoint)
	return w.err
}

// Prepared implements connectors.Writer: messages cannot be taken back, so there is nothing to remember.
func (w *writer) Prepared(checkpoint int64) (state []byte, done bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return nil, w.err == nil && w.messages.Prepared(checkpoint), w.err
}

// Commit implements connectors.Writer.
func (w *writer) Commit(int64) error { return nil }

// Close implements connectors.Writer.
func (w *writer) Close() error {
	w.worker.Stop()
	return nil
}
