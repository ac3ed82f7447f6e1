package kinesis

import (
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/types"
)

// writer is one parallel writer. Write divides the rows among lanes by their partition keys, each of which sends them by itself:
// as many requests are under way as there are lanes, and the rows of a key are in one at a time.
type writer struct {
	sink    *sink
	client  *kinesis.Client
	encoder format.Encoder
	keys    *keys
	wake    func()

	target   []byte // the member of requests that names the stream
	physical []int  // columns of the batch that are encoded
	direct   bool   // all of them, as they are
	view     types.Batch
	refuse   func(raw []byte, where string, err error) error

	compress compressor
	packed   []byte // a record before it is packed
	key      []byte // of the row in hand

	mu      sync.Mutex
	lanes   []*lane
	packer  *packer // nil without aggregation; with it there is one lane
	bytes   int     // of the records that are not acknowledged
	figures connectors.Sending
	err     error
}

// maxBufferedBytes holds the job back even if few rows are buffered, because they are large.
const maxBufferedBytes = 32 << 20

var _ connectors.Sender = (*writer)(nil)

func newWriter(s *sink, client *kinesis.Client, shards *shardMap, wc connectors.WriterContext) (*writer, error) {
	w := &writer{sink: s, client: client, wake: wc.Wake, refuse: wc.Refuse}
	w.lanes = append(w.lanes, newLane(w, fmt.Sprintf("writer %d", wc.Subtask), wc.Retried))
	for i := 1; i < s.lanes(); i++ {
		w.lanes = append(w.lanes, newLane(w, fmt.Sprintf("writer %d.%d", wc.Subtask, i), wc.Retried))
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
		w.packer = newPacker(min(s.packedBytes, s.maxRecord), s.partitioner != "fields", shards, w.lanes[0].ready)
		w.lanes[0].filling.shards = shards
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
	for _, l := range w.lanes {
		if l.unsealed.rows > 0 || len(l.full) > 0 {
			l.worker.Wake()
		}
	}
	return nil
}

func (w *writer) row(b *types.Batch, i int, now time.Time) (err error) {
	if w.packer != nil {
		return w.pack(b, i, now)
	}
	w.key = w.keys.append(w.key[:0], i)
	l := w.lanes[0]
	if len(w.lanes) > 1 {
		l = w.lanes[hashKey(w.key)%uint64(len(w.lanes))]
	}
	r := l.filling
	begin := len(r.text)
	if r.text, err = w.encode(r.text, b, i); err != nil {
		r.text = r.text[:begin]
		return err
	}
	middle := len(r.text)
	r.text = append(r.text, w.key...)
	size := len(r.text) - begin
	if size > w.sink.maxRecord {
		err := w.tooLarge(r.text[begin:middle], w.key)
		r.text = r.text[:begin]
		return err
	}
	if len(r.text) > w.sink.maxBytes && begin > 0 {
		// One too many: it becomes the first of the next request.
		next := l.blank()
		next.text = append(next.text, r.text[begin:]...)
		r.text = r.text[:begin]
		l.push(next)
		r = next
		begin, middle = 0, middle-begin
	}
	r.entries = append(r.entries, entry{data: span{uint32(begin), uint32(middle)}, key: span{uint32(middle), uint32(begin + size)}})
	l.written(size, now)
	if len(r.entries) >= w.sink.maxRecords {
		l.push(nil)
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
	w.lanes[0].written(size, now)
	return nil
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
	f.Rows, f.Buffer = w.open(), int64(w.bytes)
	for _, l := range w.lanes {
		if at := l.oldest(); !at.IsZero() && (f.Oldest.IsZero() || at.Before(f.Oldest)) {
			f.Oldest = at
		}
	}
	return f
}

// open is how many rows are not acknowledged.
func (w *writer) open() (n int) {
	for _, l := range w.lanes {
		n += l.records.Open()
	}
	return n
}

// Full implements connectors.Writer.
func (w *writer) Full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err == nil && (w.open() >= w.sink.maxBuffered || w.bytes >= maxBufferedBytes)
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
		w.lanes[0].push(nil)
	}
	for _, l := range w.lanes {
		l.records.Barrier(checkpoint)
	}
	return w.err
}

// Prepared implements connectors.Writer: rows that have been sent cannot be taken back, so there is nothing to remember.
func (w *writer) Prepared(checkpoint int64) (state []byte, done bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lanes {
		if !l.records.Prepared(checkpoint) {
			return nil, false, w.err
		}
	}
	return nil, w.err == nil, w.err
}

// Commit implements connectors.Writer.
func (w *writer) Commit(int64) error { return nil }

// Close implements connectors.Writer.
func (w *writer) Close() error {
	for _, l := range w.lanes {
		l.worker.Stop()
	}
	return nil
}
