package sns

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"

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
	maxBatch        = 10
	maxFIFOID       = 128
)

// maxBufferedBytes holds the job back even if few messages are buffered, because they are large.
const maxBufferedBytes = 32 << 20

// writer is one parallel writer. Write renders messages; a goroutine publishes them, those that wait together in batches.
//
// With a limit per minute, a minute begins with its first message. When the limit is reached, what comes until the minute is
// over is held back, and begins the next one as a digest. Messages held back are acknowledged with their digest, so a
// checkpoint waits for it.
type writer struct {
	sink    *sink
	client  *sns.Client
	arn     string
	wake    func()
	retrier *awsclient.Retrier
	refuse  func(raw []byte, where string, err error) error
	scratch []byte // of Write
	limit   int    // per minute, of this subtask; 0: none

	worker *worker.Worker // publishes

	// Of the worker.
	minute time.Time // when it began
	sent   int       // in it
	held   held

	mu       sync.Mutex
	queue    []message // the first ones may be under way
	messages acks.Counter
	figures  connectors.Sending
	bytes    int       // of the messages in the queue
	holding  int       // bytes of those that are held back
	holds    time.Time // when the first of them was written; zero: there are none
	err      error
}

type message struct {
	subject, text string
	attributes    []value
	group, dedup  string
	bytes         int       // text and attributes
	since         time.Time // when the row was written
}

// value is a message attribute's.
type value struct {
	name, text string
	number     bool
}

var _ connectors.Sender = (*writer)(nil)

func newWriter(s *sink, client *sns.Client, arn string, retrier *awsclient.Retrier, wc connectors.WriterContext) *writer {
	w := &writer{sink: s, client: client, arn: arn, wake: wc.Wake, retrier: retrier, refuse: wc.Refuse}
	if s.perMinute > 0 {
		n := max(wc.Parallelism, 1)
		w.limit = s.perMinute / n
		if wc.Subtask < s.perMinute%n {
			w.limit++
		}
		if s.perMinute < n { // some would send nothing at all
			w.limit = 0
		}
	}
	return w
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
	now := w.sink.env.Clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range messages {
		messages[i].since = now
		w.bytes += messages[i].bytes
	}
	w.queue = append(w.queue, messages...)
	w.messages.Write(len(messages))
	w.worker.Wake()
	return w.err
}

func (w *writer) row(to []message, b *types.Batch, i int) ([]message, error) {
	var m message
	m.text = w.render(w.sink.message, b, i)
	if m.text == "" {
		return to, w.bad(&m, fmt.Errorf("the row makes an empty message, which SNS doesn't take; put some text into the option %q", "message"))
	}
	m.bytes = len(m.text)
	if len(w.sink.attributes) > 0 {
		m.attributes = make([]value, 0, len(w.sink.attributes))
	}
	for _, a := range w.sink.attributes {
		if a.column >= 0 && b.Cols[a.column].IsNull(i) {
			continue
		}
		v := value{name: a.name, text: w.render(a.value, b, i)}
		if v.text == "" {
			continue
		}
		v.number = a.column >= 0 && isNumber(b.Cols[a.column], i)
		m.attributes = append(m.attributes, v)
		m.bytes += v.size()
	}
	if m.bytes > maxMessageBytes {
		return to, w.bad(&m, fmt.Errorf("the row makes a message of %d bytes, attributes included, and SNS takes %d at most; it begins %.80q", m.bytes, maxMessageBytes, m.text))
	}
	if w.sink.subject != nil {
		w.scratch = w.sink.subject.render(w.scratch[:0], b, i)
		m.subject = subject(w.scratch)
	}
	var err error
	if w.sink.group != nil {
		m.group, err = w.fifoID("message.group-id", w.sink.group, b, i)
	}
	if w.sink.dedup != nil && err == nil {
		m.dedup, err = w.fifoID("message.deduplication-id", w.sink.dedup, b, i)
	}
	if err != nil {
		return to, w.bad(&m, err)
	}
	return append(to, m), nil
}

// bad has a row refused whose message SNS would not take.
func (w *writer) bad(m *message, err error) error {
	return w.refuse([]byte(m.text), "topic "+w.sink.topic, err)
}

func (w *writer) render(t *template, b *types.Batch, i int) string {
	w.scratch = t.render(w.scratch[:0], b, i)
	return string(w.scratch)
}

// size is what an attribute counts in a message: name, type and value.
func (v *value) size() int { return len(v.name) + len(v.dataType()) + len(v.text) }

func (v *value) dataType() string {
	if v.number {
		return "Number"
	}
	return "String"
}

// isNumber tells whether SNS takes a value as a Number.
func isNumber(v *types.Vector, i int) bool {
	switch v.Type.Kind {
	case types.Double:
		return !math.IsNaN(v.F64[i]) && !math.IsInf(v.F64[i], 0)
	case types.Float:
		return !math.IsNaN(float64(v.F32[i])) && !math.IsInf(float64(v.F32[i]), 0)
	}
	return v.Type.IsNumeric()
}

// fifoID renders an identifier of a FIFO topic's message.
func (w *writer) fifoID(key string, t *template, b *types.Batch, i int) (string, error) {
	id := w.render(t, b, i)
	if id == "" || len(id) > maxFIFOID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("the row makes the value %.200q of the option %q; SNS takes 1 to %d printable ASCII characters without blanks", id, key, maxFIFOID)
	}
	return id, nil
}

// subject makes a subject that SNS takes: values may have brought line breaks, or made it too long.
func subject(text []byte) string {
	if len(text) <= maxSubjectChars && plain(text) {
		return string(text)
	}
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

// plain tells whether the text is ASCII without controls.
func plain(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// work publishes what there is, or holds it back.
func (w *writer) work(ctx context.Context) (bool, error) {
	most := w.sink.maxBatch
	if w.limit > 0 {
		now := w.sink.env.Clock.Now()
		end := w.minute.Add(time.Minute)
		if w.minute.IsZero() || !now.Before(end) {
			w.minute, w.sent = time.Time{}, 0
			if count := w.held.count; count > 0 {
				w.minute, w.sent = now, 1
				digest := w.held.digest(w.sink.perMinute, now)
				w.held = held{}
				return true, w.finish(ctx, w.publish(ctx, []message{digest}), count, 0)
			}
		}
		if most = min(most, w.limit-w.sent); most == 0 {
			w.holdBack()
			if w.held.count == 0 {
				return false, nil
			}
			w.worker.Rest(ctx, end)
			return true, ctx.Err()
		}
	}
	w.mu.Lock()
	batch := w.queue[:batchSize(w.queue, most)]
	w.mu.Unlock()
	if len(batch) == 0 {
		return false, nil
	}
	if w.limit > 0 {
		if w.sent == 0 {
			w.minute = w.sink.env.Clock.Now()
		}
		w.sent += len(batch)
	}
	return true, w.finish(ctx, w.publish(ctx, batch), len(batch), len(batch))
}

// finish acknowledges rows, and takes as many messages from the queue, unless err says that they didn't go out.
func (w *writer) finish(ctx context.Context, err error, rows, queued int) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	w.mu.Lock()
	if w.err = err; err == nil {
		if queued == 0 { // a digest
			w.holding, w.holds = 0, time.Time{}
		}
		for i := range w.queue[:queued] {
			w.bytes -= w.queue[i].bytes
		}
		clear(w.queue[:queued]) // not kept by the array
		w.queue = w.queue[queued:]
		w.messages.Acknowledge(rows)
	}
	w.mu.Unlock()
	w.wake()
	return err
}

// batchSize is how many of the first messages go into one request: most at most, as many bytes as it takes, and one of each
// group, or a message that fails would be passed by those behind it.
func batchSize(queue []message, most int) int {
	n, bytes := 0, 0
	for n < len(queue) && n < most {
		m := &queue[n]
		if bytes += m.bytes; bytes > maxMessageBytes {
			break
		}
		if m.group != "" && slices.ContainsFunc(queue[:n], func(before message) bool { return before.group == m.group }) {
			break
		}
		n++
	}
	return n
}

// publish sends messages and repeats what doesn't arrive.
func (w *writer) publish(ctx context.Context, batch []message) error {
	var err error
	if len(batch) == 1 {
		in := batch[0].input(w.arn)
		err = w.retrier.Do(ctx, "Publish", policy, func(ctx context.Context) error {
			w.under(1)
			_, err := w.client.Publish(ctx, in)
			w.under(-1)
			w.count(ctx, batch, err)
			return err
		})
	} else {
		left := entries(batch)
		err = w.retrier.Do(ctx, "PublishBatch", policy, func(ctx context.Context) (err error) {
			left, err = w.publishBatch(ctx, left)
			return err
		})
		if err == nil {
			w.count(ctx, batch, nil)
		}
	}
	if err != nil {
		return w.sink.explain(err, "publish to")
	}
	return nil
}

// publishBatch sends a batch and returns the entries that failed, with the first error that repeating won't mend, or the
// first of all.
func (w *writer) publishBatch(ctx context.Context, all []snstypes.PublishBatchRequestEntry) (left []snstypes.PublishBatchRequestEntry, err error) {
	w.under(1)
	out, err := w.client.PublishBatch(ctx, &sns.PublishBatchInput{TopicArn: &w.arn, PublishBatchRequestEntries: all})
	w.under(-1)
	if err != nil {
		w.count(ctx, nil, err)
		return all, err
	}
	failed := map[string]bool{}
	for _, f := range out.Failed {
		failed[aws.ToString(f.Id)] = true
		e := &smithy.GenericAPIError{Code: aws.ToString(f.Code), Message: aws.ToString(f.Message)}
		w.count(ctx, nil, e)
		if err == nil || awsclient.Classify(err) != awsclient.Fatal && awsclient.Classify(e) == awsclient.Fatal {
			err = e
		}
	}
	for _, e := range all {
		if failed[*e.Id] {
			left = append(left, e)
		}
	}
	return left, err
}

// under counts requests that are under way.
func (w *writer) under(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.figures.InFlight += n; n < 0 {
		w.figures.Requests++
	}
}

// count counts messages that have arrived, or something that failed.
func (w *writer) count(ctx context.Context, arrived []message, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil:
		w.figures.Records += int64(len(arrived))
		for i := range arrived {
			w.figures.Bytes += int64(arrived[i].bytes)
		}
	case ctx.Err() != nil:
	case awsclient.Classify(err) == awsclient.Throttled:
		w.figures.Throttled++
	default:
		w.figures.Refused++
	}
}

// Sending implements connectors.Sender. A message that is held back is waiting, too.
func (w *writer) Sending() connectors.Sending {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.figures
	f.Rows, f.Buffer = w.messages.Open(), int64(w.bytes+w.holding)
	switch {
	case !w.holds.IsZero():
		f.Oldest = w.holds
	case len(w.queue) > 0:
		f.Oldest = w.queue[0].since
	}
	return f
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (m *message) input(arn string) *sns.PublishInput {
	return &sns.PublishInput{TopicArn: &arn, Message: &m.text, Subject: optional(m.subject), MessageAttributes: m.values(),
		MessageGroupId: optional(m.group), MessageDeduplicationId: optional(m.dedup)}
}

func entries(batch []message) []snstypes.PublishBatchRequestEntry {
	out := make([]snstypes.PublishBatchRequestEntry, len(batch))
	for i := range batch {
		m := &batch[i]
		out[i] = snstypes.PublishBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), Message: &m.text, Subject: optional(m.subject), MessageAttributes: m.values(),
			MessageGroupId: optional(m.group), MessageDeduplicationId: optional(m.dedup)}
	}
	return out
}

func (m *message) values() map[string]snstypes.MessageAttributeValue {
	if len(m.attributes) == 0 {
		return nil
	}
	out := make(map[string]snstypes.MessageAttributeValue, len(m.attributes))
	for i := range m.attributes {
		v := &m.attributes[i]
		out[v.name] = snstypes.MessageAttributeValue{DataType: aws.String(v.dataType()), StringValue: &v.text}
	}
	return out
}

// Full implements connectors.Writer.
func (w *writer) Full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err == nil && (len(w.queue) >= w.sink.maxBuffered || w.bytes >= maxBufferedBytes)
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
