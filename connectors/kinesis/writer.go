package kinesis

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/internal/acks"
	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/connectors/internal/worker"
	"github.com/weirsql/weir/types"
)

// writer is one parallel writer. Write fills requests; a goroutine sends them, one after the other, so that a shard gets
// the records of a key in their order, but for those that are refused and sent again. It sends whatever there is as soon
// as the answer to the last request has come: a single row at rest goes at once, and under load requests are full.
type writer struct {
	sink    *sink
	client  *kinesis.Client
	encoder format.Encoder
	keys    *keys
	wake    func()
	retrier *awsclient.Retrier

	target   []byte // the member of requests that names the stream
	physical []int  // columns of the batch that are encoded
	direct   bool   // all of them, as they are
	view     types.Batch
	refuse   func(raw []byte, where string, err error) error

	compress compressor
	packed   []byte // a record before it is packed
	key      []byte

	worker  *worker.Worker // sends
	leaders *leaders       // of the worker; nil: records may be passed by later ones of their key

	mu       sync.Mutex
	packer   *packer    // nil without aggregation
	filling  *request   // never nil
	full     []*request // in order, before filling
	sending  *request   // under way, or nil
	free     *request
	unsealed unsealed
	records  acks.Counter
	bytes    int // of the records that are not acknowledged
	figures  connectors.Sending
	err      error
}

// unsealed is rows that no request answers for yet: they are in the one that is filling, or wait to be packed.
type unsealed struct {
	rows, bytes int
	since       time.Time // when the first of them was written
}

// maxBufferedBytes holds the job back even if few rows are buffered, because they are large.
const maxBufferedBytes = 32 << 20

var _ connectors.Sender = (*writer)(nil)

func newWriter(s *sink, client *kinesis.Client, shards *shardMap, wc connectors.WriterContext) (*writer, error) {
	w := &writer{
		sink: s, client: client, wake: wc.Wake, filling: &request{}, refuse: wc.Refuse,
		retrier: s.retrier(fmt.Sprintf("writer %d", wc.Subtask), wc.Retried),
	}
	if s.strict {
		w.leaders = &leaders{seed: maphash.MakeSeed()}
	}
	for i, c := range wc.Columns {
		if c.MetadataKey == "" {
			w.physical = append(w.physical, i)
		}
	}
	if name, arn := s.given(); arn != nil {
		w.target = member("StreamARN", *arn)
	} else {
		w.target = member("StreamName", *name)
	}
	w.direct = len(w.physical) == len(wc.Columns)
	w.view.Schema = types.NewSchema(s.columns()...)
	w.view.Cols = make([]*types.Vector, len(w.physical))
	columns := make([]int, len(s.fields))
	for i, f := range s.fields {
		columns[i] = w.physical[f]
	}
	w.keys = newKeys(s, columns, wc.Subtask)
	if s.packedBytes > 0 {
		w.packer = newPacker(min(s.packedBytes, s.maxRecord), s.partitioner != "fields", shards, w.ready)
		w.filling.shards = shards
	}
	var err error
	if w.compress, err = newCompressor(s.compression); err != nil {
		return nil, err
	}
	w.encoder, err = s.encoder()
	return w, err
}

// Write implements connectors.Writer.
func (w *writer) Write(b *types.Batch) error {
	rows := b
	if !w.direct {
		for k, i := range w.physical {
			w.view.Cols[k] = b.Cols[i]
		}
		w.view.N, w.view.Kinds = b.N, b.Kinds
		rows = &w.view
	}
	w.keys.bind(b)
	now := w.sink.env.Clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	if b.Sel == nil {
		for i := range b.N {
			if err := w.row(rows, i, now); err != nil {
				return err
			}
		}
	}
	for _, i := range b.Sel {
		if err := w.row(rows, int(i), now); err != nil {
			return err
		}
	}
	w.worker.Wake()
	return nil
}

func (w *writer) row(b *types.Batch, i int, now time.Time) (err error) {
	if w.packer != nil {
		return w.pack(b, i, now)
	}
	r := w.filling
	begin := len(r.text)
	if r.text, err = w.encode(r.text, b, i); err != nil {
		r.text = r.text[:begin]
		return err
	}
	middle := len(r.text)
	r.text = w.keys.append(r.text, i)
	size := len(r.text) - begin
	if size > w.sink.maxRecord {
		err := w.tooLarge(r.text[begin:middle], r.text[middle:])
		r.text = r.text[:begin]
		return err
	}
	if len(r.text) > w.sink.maxBytes && begin > 0 {
		// One too many: it becomes the first of the next request.
		next := w.blank()
		next.text = append(next.text, r.text[begin:]...)
		r.text = r.text[:begin]
		w.push(next)
		r = next
		begin, middle = 0, middle-begin
	}
	r.entries = append(r.entries, entry{data: span{uint32(begin), uint32(middle)}, key: span{uint32(middle), uint32(begin + size)}})
	w.written(size, now)
	if len(r.entries) >= w.sink.maxRecords {
		w.push(nil)
	}
	return nil
}

// encode appends the record of a row, as it is to be read.
func (w *writer) encode(dst []byte, b *types.Batch, i int) (_ []byte, err error) {
	if !w.compress.on() {
		return w.encoder.Encode(dst, b, i)
	}
	if w.compress.plain, err = w.encoder.Encode(w.compress.plain[:0], b, i); err != nil {
		return dst, err
	}
	return w.compress.append(dst)
}

// pack is row with aggregation.
func (w *writer) pack(b *types.Batch, i int, now time.Time) (err error) {
	if w.packed, err = w.encode(w.packed[:0], b, i); err != nil {
		return err
	}
	if shared := w.packer.sharedKey(); shared != nil && w.packer.full(w.packed) {
		w.packer.flush()
	}
	if shared := w.packer.sharedKey(); shared != nil {
		w.key = append(w.key[:0], shared...)
	} else {
		w.key = w.keys.append(w.key[:0], i)
	}
	size := len(w.packed) + len(w.key)
	if size > w.sink.maxRecord {
		return w.tooLarge(w.packed, w.key)
	}
	w.packer.add(w.packed, w.key)
	w.written(size, now)
	return nil
}

// ready takes a record from the packer.
func (w *writer) ready(data, key, hash []byte, group uint32) {
	if !w.filling.fits(w.sink, len(data)+len(key)) {
		w.push(nil)
	}
	w.filling.add(data, key, hash, group)
}

// written counts a row.
func (w *writer) written(size int, now time.Time) {
	if w.unsealed.rows == 0 {
		w.unsealed.since = now
	}
	w.unsealed.rows++
	w.unsealed.bytes += size
	w.records.Write(1)
	w.bytes += size
}

// push ends the request that is filling, if there is something in it. It goes on with next, or if that is nil with an empty one.
func (w *writer) push(next *request) {
	if r := w.filling; len(r.entries) > 0 {
		if next == nil {
			next = w.blank()
		}
		if w.packer == nil || w.packer.empty() {
			w.seal(r)
		}
		w.full = append(w.full, r)
		w.filling = next
	}
}

// seal makes a request answer for all rows that none has answered for.
func (w *writer) seal(r *request) {
	r.rows, r.buffered, r.since = w.unsealed.rows, w.unsealed.bytes, w.unsealed.since
	w.unsealed = unsealed{}
}

// tooLarge has a row refused whose record the stream would not take.
func (w *writer) tooLarge(data, key []byte) error {
	plain := data
	if w.compress.on() {
		plain = w.compress.plain
	}
	return w.refuse(plain, fmt.Sprintf("stream %s, partition key %q", w.sink.name, key), fmt.Errorf(
		"the row makes a record of %d bytes with its partition key, %d more than the %d that the stream takes; it begins %.80q",
		len(data)+len(key), len(data)+len(key)-w.sink.maxRecord, w.sink.maxRecord, plain))
}

func (w *writer) blank() *request {
	r := w.free
	if w.free = nil; r == nil {
		r = &request{}
	}
	if w.packer != nil {
		r.shards = w.packer.shards
	}
	return r
}

// work sends a request, if there is something to send.
func (w *writer) work(ctx context.Context) (bool, error) {
	r := w.next()
	if r == nil {
		return false, nil
	}
	err := w.send(ctx, r)
	if ctx.Err() != nil {
		return true, ctx.Err()
	}
	w.mu.Lock()
	if w.err = err; err == nil {
		w.records.Acknowledge(r.rows)
	}
	w.bytes -= r.buffered
	r.reset()
	w.free, w.sending = r, nil
	w.mu.Unlock()
	w.wake()
	return true, err
}

// next takes what to send next, nil when there is nothing.
func (w *writer) next() *request {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.full) > 0 {
		return w.nextFull()
	}
	if w.packer != nil {
		w.packer.flush()
	}
	w.push(nil)
	if len(w.full) == 0 {
		return nil
	}
	return w.nextFull()
}

func (w *writer) nextFull() *request {
	w.sending = w.full[0]
	w.full = append(w.full[:0], w.full[1:]...)
	return w.sending
}

// send sends a request until all its records have been taken.
func (w *writer) send(ctx context.Context, r *request) error {
	p := awsclient.DefaultPolicy
	failures, again := 0, 1
	for len(r.entries) > 0 {
		n := len(r.entries)
		if w.leaders != nil {
			n = w.leaders.first(r)
		}
		r.encode(w.target, n)
		out, err := w.put(ctx, p, r)
		if err != nil {
			return w.sink.explain(err, "write to")
		}
		if r.shards != nil {
			if err := w.astray(ctx, r, n, out.Records); err != nil {
				return err
			}
		}
		sent := r.size(n)
		refused, code, message := r.keep(n, out.Records)
		throttled := awsclient.ClassifyCode(code, 0) == awsclient.Throttled
		w.count(n-refused, sent-r.size(refused), refused, throttled)
		if refused == 0 {
			failures, again = 0, 1
			continue
		}
		cause := fmt.Errorf("%d of %d records were refused: %s: %s", refused, n, code, message)
		if w.sink.failOnError {
			return fmt.Errorf("write to stream %s: %w", w.sink.name, cause)
		}
		if refused < n {
			failures = 0
		} else if !throttled {
			failures++
		}
		if failures > p.Max {
			return fmt.Errorf("write to stream %s: %w (after %d attempts)", w.sink.name, cause, again)
		}
		if err := w.retrier.Again(ctx, "PutRecords", p, again, cause); err != nil {
			return err
		}
		again++
	}
	return nil
}

// put sends what has been encoded until there is an answer that says of each record what has become of it.
func (w *writer) put(ctx context.Context, p awsclient.Policy, r *request) (out *kinesis.PutRecordsOutput, err error) {
	name, arn := w.sink.given()
	err = w.retrier.Do(ctx, "PutRecords", p, func(ctx context.Context) (err error) {
		w.under(1)
		out, err = putRecords(ctx, w.client, name, arn, r)
		w.under(-1)
		if err != nil && ctx.Err() == nil {
			w.count(0, 0, 1, awsclient.Classify(err) == awsclient.Throttled)
		}
		return err
	})
	return out, err
}

// under counts requests that are under way.
func (w *writer) under(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.figures.InFlight += n; n < 0 {
		w.figures.Requests++
	}
}

// count counts records that were taken, with their bytes, and what was refused.
func (w *writer) count(taken, bytes, refused int, throttled bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.figures.Records += int64(taken)
	w.figures.Bytes += int64(bytes)
	if throttled {
		w.figures.Throttled += int64(refused)
	} else {
		w.figures.Refused += int64(refused)
	}
}

// Sending implements connectors.Sender.
func (w *writer) Sending() connectors.Sending {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.figures
	f.Rows, f.Buffer = w.records.Open(), int64(w.bytes)
	f.Oldest = w.unsealed.since // zero when there are none
	for i := len(w.full) - 1; i >= 0; i-- {
		if r := w.full[i]; r.rows > 0 {
			f.Oldest = r.since
		}
	}
	if r := w.sending; r != nil && r.rows > 0 {
		f.Oldest = r.since
	}
	return f
}

// Full implements connectors.Writer.
func (w *writer) Full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err == nil && (w.records.Open() >= w.sink.maxBuffered || w.bytes >= maxBufferedBytes)
}

// Flush implements connectors.Writer. There is nothing to start: the goroutine sends whatever there is.
func (w *writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Barrier implements connectors.Writer.
func (w *writer) Barrier(checkpoint int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.packer != nil { // what follows is not to hold up what was before
		w.packer.flush()
		w.push(nil)
	}
	w.records.Barrier(checkpoint)
	return w.err
}

// Prepared implements connectors.Writer: rows that have been sent cannot be taken back, so there is nothing to remember.
func (w *writer) Prepared(checkpoint int64) (state []byte, done bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return nil, w.err == nil && w.records.Prepared(checkpoint), w.err
}

// Commit implements connectors.Writer.
func (w *writer) Commit(int64) error { return nil }

// Close implements connectors.Writer.
func (w *writer) Close() error {
	w.worker.Stop()
	return nil
}
