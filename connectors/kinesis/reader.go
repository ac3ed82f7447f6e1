package kinesis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

// reader reads one shard: a goroutine asks for records and queues the answers, Poll turns them into columns.
type reader struct {
	*source
	shard    string
	rc       connectors.ReaderContext
	decode   format.Decoder
	view     types.Batch // the physical columns of the batch in hand
	stored   []int       // which columns of the batch the decoder fills
	metadata []int       // the others

	position position // behind the last record that Poll gave out; the task's goroutine
	current  []ktypes.Record
	cancel   context.CancelFunc
	done     chan struct{}

	waiter  clock.Waiter // parks the fetching goroutine
	fetched position     // behind the last record queued; the fetching goroutine

	mu     sync.Mutex
	queue  [][]ktypes.Record
	bytes  int // queued
	ended  bool
	failed error
	lag    time.Duration
}

// maxQueued bounds the bytes that wait to be decoded.
const maxQueued = 16 << 20

// bind finds which columns come from the records and which from around them.
func (r *reader) bind() (err error) {
	fields := make([]types.Field, 0, len(r.rc.Columns))
	for i, c := range r.rc.Columns {
		if c.MetadataKey == "" {
			r.stored, fields = append(r.stored, i), append(fields, types.Field{Name: c.Name, Type: c.Type})
		} else {
			r.metadata = append(r.metadata, i)
		}
	}
	r.view.Schema, r.view.Cols = types.NewSchema(fields...), make([]*types.Vector, len(fields))
	r.decode, err = r.decoder(r.rc.Columns)
	return err
}

// fetch asks for records until the shard or the job ends.
func (r *reader) fetch(ctx context.Context) {
	pause := awsclient.NewBackoff(r.options.Duration("scan.shard.getrecords.backoff.base"), max(r.options.Duration("scan.shard.getrecords.backoff.max"), time.Millisecond), rand.Float64)
	limit := int32(r.options.Int("scan.shard.getrecords.maxrecordcount"))
	var iterator *string
	for ctx.Err() == nil {
		r.mu.Lock()
		full := r.bytes >= maxQueued
		r.mu.Unlock()
		if full {
			r.waiter.Wait(ctx, time.Time{})
			continue
		}
		if iterator == nil {
			it, err := r.iterator(ctx)
			if err != nil {
				if !r.again(ctx, err, pause) {
					return
				}
				continue
			}
			iterator = it
		}
		out, err := r.client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator, Limit: &limit})
		if err != nil {
			if awsclient.Code(err) == "ExpiredIteratorException" || awsclient.Transient(err) {
				iterator = nil // a new one, from behind the last record that was queued
			}
			if awsclient.Code(err) != "ExpiredIteratorException" && !r.again(ctx, err, pause) {
				return
			}
			continue
		}
		pause.Reset()
		iterator = out.NextShardIterator
		behind := time.Duration(aws.ToInt64(out.MillisBehindLatest)) * time.Millisecond
		end := iterator == nil || r.bounded && behind == 0 && len(out.Records) == 0
		r.deliver(out.Records, behind, end)
		if end {
			return
		}
		if wait := r.pace(len(out.Records), behind); wait > 0 {
			if clock.Sleep(ctx, r.env.Clock, wait) != nil {
				return
			}
		}
	}
}

// pace is the pause after an answer: Kinesis takes five requests a second for a shard; the embedded server takes all.
func (r *reader) pace(records int, behind time.Duration) time.Duration {
	switch {
	case records == 0 && (behind == 0 || !r.Local):
		return r.options.Duration("source.reader.empty-records-fetch-interval")
	case r.Local:
		return 0
	}
	return r.options.Duration("scan.shard.getrecords.intervalmillis")
}

func (r *reader) iterator(ctx context.Context) (*string, error) {
	in := &kinesis.GetShardIteratorInput{ShardId: &r.shard, ShardIteratorType: ktypes.ShardIteratorType(r.fetched.Type)}
	if r.arn != "" {
		in.StreamARN = &r.arn
	} else {
		in.StreamName = &r.name
	}
	switch r.fetched.Type {
	case "AFTER_SEQUENCE_NUMBER":
		in.StartingSequenceNumber = &r.fetched.Sequence
	case "AT_TIMESTAMP":
		at := time.UnixMilli(int64(r.fetched.Timestamp * 1000))
		in.Timestamp = &at
	}
	out, err := r.client.GetShardIterator(ctx, in)
	if err != nil {
		return nil, err
	}
	return out.ShardIterator, nil
}

// again waits before a request is repeated, or, when that is of no use, ends the reader with the error.
func (r *reader) again(ctx context.Context, err error, pause *awsclient.Backoff) bool {
	if ctx.Err() != nil {
		return false
	}
	if !awsclient.Transient(err) {
		r.mu.Lock()
		r.failed = fmt.Errorf("read stream %s, shard %s: %w", r.name, r.shard, r.explain(err))
		r.mu.Unlock()
		r.rc.Wake()
		return false
	}
	r.env.Log.Warn("a request to Kinesis is repeated", "stream", r.name, "shard", r.shard, "error", err)
	return clock.Sleep(ctx, r.env.Clock, pause.Next()) == nil
}

// deliver queues an answer.
func (r *reader) deliver(records []ktypes.Record, behind time.Duration, end bool) {
	size := 0
	for i := range records {
		size += len(records[i].Data) + 64
	}
	r.mu.Lock()
	if len(records) > 0 {
		r.queue = append(r.queue, records)
		r.bytes += size
		r.fetched = position{Type: "AFTER_SEQUENCE_NUMBER", Sequence: aws.ToString(records[len(records)-1].SequenceNumber)}
	}
	r.lag, r.ended = behind, r.ended || end
	r.mu.Unlock()
	if len(records) > 0 || end {
		r.rc.Wake()
	}
}

// next takes an answer from the queue.
func (r *reader) next() (records []ktypes.Record, ended bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == 0 {
		return nil, r.ended, r.failed
	}
	records = r.queue[0]
	r.queue = r.queue[1:]
	for i := range records {
		r.bytes -= len(records[i].Data) + 64
	}
	return records, false, nil
}

// Poll implements connectors.Reader.
func (r *reader) Poll(out *types.Batch, limit int) (connectors.PollStatus, error) {
	for from := out.N; out.N-from < limit; {
		if len(r.current) == 0 {
			records, ended, err := r.next()
			switch {
			case err != nil:
				return connectors.Ended, err
			case ended:
				return connectors.Ended, nil
			case records == nil:
				return connectors.Idle, nil
			}
			r.current = records
			r.waiter.Wake() // there is room again
		}
		if err := r.record(out, &r.current[0]); err != nil {
			return connectors.Ended, err
		}
		r.position = position{Type: "AFTER_SEQUENCE_NUMBER", Sequence: aws.ToString(r.current[0].SequenceNumber)}
		r.current = r.current[1:]
	}
	return connectors.Ready, nil
}

// record decodes one record into rows, usually one.
func (r *reader) record(out *types.Batch, rec *ktypes.Record) error {
	for k, i := range r.stored {
		r.view.Cols[k] = out.Cols[i]
	}
	before := out.N
	r.view.N, r.view.Kinds = out.N, out.Kinds
	if err := r.decode.Decode(rec.Data, &r.view); err != nil {
		where := fmt.Sprintf("stream %s, shard %s, sequence number %s", r.name, r.shard, aws.ToString(rec.SequenceNumber))
		return r.rc.BadRecord(rec.Data, where, err)
	}
	out.N, out.Kinds = r.view.N, r.view.Kinds
	for range out.N - before {
		for _, i := range r.metadata {
			r.meta(out.Cols[i], r.rc.Columns[i].MetadataKey, rec)
		}
	}
	return nil
}

func (r *reader) meta(v *types.Vector, key string, rec *ktypes.Record) {
	switch key {
	case "timestamp":
		v.I64 = append(v.I64, aws.ToTime(rec.ApproximateArrivalTimestamp).UnixMilli())
		v.N++
	case "sequence-number":
		v.AppendString(aws.ToString(rec.SequenceNumber))
	case "shard-id":
		v.AppendString(r.shard)
	case "partition-key":
		v.AppendString(aws.ToString(rec.PartitionKey))
	}
}

// Position implements connectors.Reader.
func (r *reader) Position() []byte { return r.position.json() }

// Lag implements connectors.Lagger.
func (r *reader) Lag() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lag
}

// Close implements connectors.Reader.
func (r *reader) Close() error {
	r.cancel()
	<-r.done
	return nil
}
