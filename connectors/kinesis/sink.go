package kinesis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/connectors/internal/scalar"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

// Kinesis's limits (PutRecords in the API reference).
const (
	maxRecordBytes  = 1 << 20 // data and key
	maxRequestBytes = 5 << 20
	maxRequest      = 500
	maxKey          = 256 // characters
)

// sink writes a table into a stream, at least once.
type sink struct {
	*stream
	env   *connectors.Env
	table *connectors.Table
}

func newSink(env *connectors.Env, t *connectors.Table) (connectors.Sink, error) {
	s, err := newStream(env, t)
	if err != nil {
		return nil, err
	}
	o := t.Options
	switch {
	case t.Format.NewEncoder == nil:
		return nil, option.Errorf("format", "format %s can't be written", t.Format.Name)
	case len(t.PartitionKeys) > 0 && o.Given("sink.partitioner"):
		return nil, option.Errorf("sink.partitioner", "a table that is PARTITIONED BY columns takes its keys from them")
	case o.Int("sink.batch.max-size") < 1 || o.Int("sink.batch.max-size") > maxRequest:
		return nil, option.Errorf("sink.batch.max-size", "must be between 1 and %d", maxRequest)
	}
	return &sink{stream: s, env: env, table: t}, nil
}

func (s *sink) Accepts() types.ChangelogMode {
	if s.table.Format.Mode != types.AppendOnly {
		return s.table.Format.Mode
	}
	return types.AppendOnly
}

func (s *sink) Describe() string { return "stream=" + s.name }

// NewWriter implements connectors.Sink.
func (s *sink) NewWriter(ctx context.Context, wc connectors.WriterContext) (connectors.Writer, error) {
	cfg, err := s.Config(ctx)
	if err != nil {
		return nil, s.explain(err)
	}
	columns := make([]types.Field, len(wc.Columns))
	for i, c := range wc.Columns {
		columns[i] = types.Field{Name: c.Name, Type: c.Type}
	}
	encoder, err := s.table.Format.NewEncoder(format.Config{Columns: columns, Options: s.table.Options})
	if err != nil {
		return nil, err
	}
	w := &writer{
		sink: s, wc: wc, client: newClient(cfg, s.Settings), encoder: encoder, waiter: s.env.Clock.NewWaiter(), done: make(chan struct{}),
		random: rand.New(rand.NewPCG(uint64(s.env.Seed), uint64(wc.Subtask))), batch: int(s.table.Options.Int("sink.batch.max-size")),
		limit: int(s.table.Options.Int("sink.requests.max-buffered")), delimiter: s.table.Options.String("sink.partitioner-field-delimiter"),
	}
	if s.table.Options.Enum("sink.partitioner") == "fixed" {
		w.fixed = strconv.Itoa(wc.Subtask)
	}
	for _, key := range s.table.PartitionKeys {
		for i, c := range wc.Columns {
			if c.Name == key {
				w.keys = append(w.keys, i)
			}
		}
	}
	ctx, w.cancel = context.WithCancel(ctx)
	s.env.Clock.Go(func() {
		defer close(w.done)
		w.send(ctx)
	})
	return w, nil
}

// writer encodes rows and leaves the sending to a goroutine, which sends whatever there is as soon as the request before
// has been answered: a single row at once, batches under load. Refused records go first in the next request, so that the
// rows of a key keep their order as far as Kinesis allows.
type writer struct {
	*sink
	wc        connectors.WriterContext
	client    *kinesis.Client
	encoder   format.Encoder
	keys      []int  // columns of PARTITIONED BY
	fixed     string // the key of the fixed partitioner
	delimiter string
	random    *rand.Rand
	batch     int
	limit     int
	scratch   []byte
	cancel    context.CancelFunc
	done      chan struct{}
	waiter    clock.Waiter // parks the sending goroutine

	mu      sync.Mutex
	pending []ktypes.PutRecordsRequestEntry
	sending int
	failed  error
}

// Write implements connectors.Writer.
func (w *writer) Write(b *types.Batch) error {
	var rows []ktypes.PutRecordsRequestEntry
	add := func(i int) error {
		data, err := w.encoder.Encode(nil, b, i)
		if err != nil {
			return fmt.Errorf("encode a row for stream %s: %w", w.name, err)
		}
		key := w.key(b, i)
		if len(data)+len(key) > maxRecordBytes {
			return fmt.Errorf("a row for stream %s with partition key %q takes %d bytes; Kinesis takes at most %d with the key", w.name, key, len(data), maxRecordBytes)
		}
		rows = append(rows, ktypes.PutRecordsRequestEntry{Data: data, PartitionKey: &key})
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
	w.pending = append(w.pending, rows...)
	err := w.failed
	w.mu.Unlock()
	w.waiter.Wake()
	return err
}

// key is the partition key of a row.
func (w *writer) key(b *types.Batch, i int) string {
	switch {
	case len(w.keys) > 0:
		w.scratch = w.scratch[:0]
		for k, c := range w.keys {
			if k > 0 {
				w.scratch = append(w.scratch, w.delimiter...)
			}
			if v := b.Cols[c]; v.IsNull(i) {
				w.scratch = append(w.scratch, "null"...)
			} else {
				w.scratch = scalar.AppendText(w.scratch, v, i)
			}
		}
		key := []rune(string(w.scratch))
		if len(key) > maxKey {
			return strings.TrimSuffix(string(key[:maxKey]), w.delimiter)
		}
		if len(key) == 0 {
			return "null" // Kinesis takes no empty key
		}
		return string(key)
	case w.fixed != "":
		return w.fixed
	}
	return strconv.FormatUint(w.random.Uint64(), 36)
}

// send is the sending goroutine.
func (w *writer) send(ctx context.Context) {
	pause := awsclient.NewBackoff(50*time.Millisecond, 5*time.Second, rand.Float64)
	var batch []ktypes.PutRecordsRequestEntry // refused records of the last request, then new ones
	for ctx.Err() == nil {
		batch = w.take(batch)
		if len(batch) == 0 {
			w.waiter.Wait(ctx, time.Time{})
			continue
		}
		refused, reason, err := w.put(ctx, batch)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !awsclient.Transient(err), len(refused) > 0 && w.table.Options.Bool("sink.fail-on-error"):
			if err == nil {
				err = fmt.Errorf("%d records were refused: %s", len(refused), reason)
			}
			w.mu.Lock()
			w.failed = fmt.Errorf("write stream %s: %w", w.name, w.explain(err))
			w.mu.Unlock()
			w.wc.Wake()
			return
		}
		batch = refused
		w.mu.Lock()
		w.sending = len(refused)
		w.mu.Unlock()
		w.wc.Wake()
		if len(refused) > 0 {
			w.env.Log.Warn("records are sent to Kinesis again", "stream", w.name, "records", len(refused), "reason", reason, "error", err)
			if clock.Sleep(ctx, w.env.Clock, pause.Next()) != nil {
				return
			}
			continue
		}
		pause.Reset()
	}
}

// take fills a request with records that wait.
func (w *writer) take(batch []ktypes.PutRecordsRequestEntry) []ktypes.PutRecordsRequestEntry {
	w.mu.Lock()
	defer w.mu.Unlock()
	size := 0
	for _, r := range batch {
		size += len(r.Data) + len(*r.PartitionKey)
	}
	n := 0
	for n < len(w.pending) && len(batch) < w.batch {
		r := w.pending[n]
		if size += len(r.Data) + len(*r.PartitionKey); size > maxRequestBytes && len(batch) > 0 {
			break
		}
		batch = append(batch, r)
		n++
	}
	rest := copy(w.pending, w.pending[n:])
	clear(w.pending[rest:])
	w.pending = w.pending[:rest]
	w.sending = len(batch)
	return batch
}

// put sends a request and returns the records that were refused; after an error that is all of them.
func (w *writer) put(ctx context.Context, batch []ktypes.PutRecordsRequestEntry) (refused []ktypes.PutRecordsRequestEntry, reason string, err error) {
	in := &kinesis.PutRecordsInput{Records: batch}
	if w.arn != "" {
		in.StreamARN = &w.arn
	} else {
		in.StreamName = &w.name
	}
	out, err := w.client.PutRecords(ctx, in)
	if err != nil {
		return batch, "", err
	}
	for i, r := range out.Records {
		if r.ErrorCode != nil {
			refused = append(refused, batch[i])
			reason = aws.ToString(r.ErrorCode) + ": " + aws.ToString(r.ErrorMessage)
		}
	}
	return refused, reason, nil
}

// Full implements connectors.Writer.
func (w *writer) Full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.pending)+w.sending >= w.limit && w.failed == nil
}

// Flush implements connectors.Writer.
func (w *writer) Flush() (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.pending)+w.sending == 0, w.failed
}

// Snapshot implements connectors.Writer: what was flushed is with Kinesis, there is nothing to remember.
func (w *writer) Snapshot() ([]byte, error) { return nil, nil }

// Commit implements connectors.Writer.
func (w *writer) Commit() error { return nil }

// Close implements connectors.Writer.
func (w *writer) Close() error {
	w.cancel()
	<-w.done
	return nil
}
