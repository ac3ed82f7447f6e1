package kinesis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/runtime/clock"
)

// Putter puts records that a program makes itself, not a table: weir generate. Several requests are under way at a time, each
// with the records of other partition keys, so that the records of a key arrive in their order; those that Kinesis refuses
// are sent again, and arrive behind others of their request.
//
// It is used by one goroutine; counts may be asked for by any.
type Putter struct {
	client *kinesis.Client
	stream string
	target []byte // the member of requests that names the stream
	clock  clock.Clock
	lanes  []*putLane

	done   clock.Waiter // where Put rests until the lanes are through
	taken  atomic.Int64
	failed atomic.Int64
	resent atomic.Int64
	bytes  atomic.Int64
}

// PutterOptions say how a Putter works.
type PutterOptions struct {
	Clock clock.Clock
	// Log is told of requests that are sent again; nil is nobody.
	Log *slog.Logger
	// InFlight is how many requests are under way at most. Default 4, with which two processors are busy when the server is on
	// the same machine, and 500-record requests that take 10 ms make 200,000 records a second.
	InFlight int
}

// PutCounts are the counts of a Putter, up to date while Put is under way. What an error has left unsettled is in none of them.
type PutCounts struct {
	Taken  int64 // records that Kinesis has acknowledged
	Failed int64 // records given up
	Resent int64 // how often a record was sent again
	Bytes  int64 // of data and partition keys that Kinesis has acknowledged
}

// putPolicy is how often records are sent again: they are given up after about a quarter of a minute in which not one of a
// request was taken. A shard's limits are those of a second, so that longer pauses would leave some of it unused.
var putPolicy = awsclient.Policy{Max: 20, Base: 50 * time.Millisecond, Longest: time.Second, Factor: 2}

// NewPutter returns a Putter into a stream. The client is only copied from.
func NewPutter(client *kinesis.Client, stream string, o PutterOptions) *Putter {
	if o.InFlight <= 0 {
		o.InFlight = 4
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Putter{stream: stream, target: member("StreamName", stream), clock: o.Clock, done: o.Clock.NewWaiter()}
	p.client = kinesis.New(client.Options(), func(c *kinesis.Options) {
		c.HTTPClient = awsclient.HTTPClient(c.HTTPClient)
		c.Retryer = aws.NopRetryer{} // the lanes send again, by the clock and counted
	})
	log := o.Log.With("stream", stream)
	for i := range o.InFlight {
		l := &putLane{putter: p}
		l.retrier = awsclient.NewRetrier(o.Clock, log, 0, fmt.Sprintf("%s/lane %d", stream, i), l.again)
		p.lanes = append(p.lanes, l)
	}
	return p
}

// Put puts n records, which record returns one by one, valid until it is called again, and returns when all of them are
// settled. refused is how many were given up, which is no error. An error is about the stream as a whole, or the end of ctx:
// then refused has also those of which nothing is known.
func (p *Putter) Put(ctx context.Context, n int, record func(i int) (data, key []byte)) (refused int, err error) {
	lanes := p.lanes[:min(len(p.lanes), (n+maxRequestRecords-1)/maxRequestRecords)]
	for i := range n {
		data, key := record(i)
		l := lanes[0]
		if len(lanes) > 1 {
			l = lanes[hashKey(key)%uint64(len(lanes))]
		}
		l.add(data, key)
	}
	before := p.taken.Load()
	switch len(lanes) {
	case 0:
		return 0, nil
	case 1:
		err = lanes[0].send(ctx)
	default:
		err = p.sendAll(ctx, lanes)
	}
	return n - int(p.taken.Load()-before), err
}

// sendAll sends what the lanes have, side by side. The first error ends the others.
func (p *Putter) sendAll(ctx context.Context, lanes []*putLane) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var first error
	left := len(lanes)
	for _, l := range lanes {
		p.clock.Go(func() {
			err := l.send(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil && (first == nil || errors.Is(first, context.Canceled)) {
				first = err
				cancel()
			}
			if left--; left == 0 {
				p.done.Wake()
			}
		})
	}
	for {
		mu.Lock()
		settled := left == 0
		mu.Unlock()
		if settled {
			return first
		}
		p.done.Wait(context.WithoutCancel(ctx), time.Time{})
	}
}

// Counts returns the counts so far.
func (p *Putter) Counts() PutCounts {
	return PutCounts{Taken: p.taken.Load(), Failed: p.failed.Load(), Resent: p.resent.Load(), Bytes: p.bytes.Load()}
}

// hashKey is FNV-1a.
func hashKey(key []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range key {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

// putLane sends its requests one after the other.
type putLane struct {
	putter   *Putter
	retrier  *awsclient.Retrier
	requests []*request // the first used are to be sent; all are used again
	used     int
	sending  *request
}

func (l *putLane) add(data, key []byte) {
	var r *request
	if l.used > 0 {
		r = l.requests[l.used-1]
	}
	if r == nil || len(r.entries) == maxRequestRecords || len(r.text)+len(data)+len(key) > maxRequestBytes {
		if l.used == len(l.requests) {
			l.requests = append(l.requests, &request{})
		}
		r = l.requests[l.used]
		r.reset()
		l.used++
	}
	begin := uint32(len(r.text))
	r.text = append(r.text, data...)
	middle := uint32(len(r.text))
	r.text = append(r.text, key...)
	r.entries = append(r.entries, entry{data: span{begin, middle}, key: span{middle, uint32(len(r.text))}})
}

// send sends all requests of the lane.
func (l *putLane) send(ctx context.Context) error {
	defer func() { l.used = 0 }()
	for _, r := range l.requests[:l.used] {
		if err := l.sendOne(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// sendOne sends a request until its records are taken, or none of what is left has been for long enough.
func (l *putLane) sendOne(ctx context.Context, r *request) error {
	l.sending = r
	failures := 0 // in a row, in which nothing was taken
	for again := 1; ; again++ {
		sent := len(r.entries)
		r.encode(l.putter.target, sent)
		var refused error
		err := l.retrier.Do(ctx, "PutRecords", putPolicy, func(ctx context.Context) error {
			out, err := putRecords(ctx, l.putter.client, &l.putter.stream, nil, r)
			if err != nil {
				return err
			}
			bytes := r.size(sent)
			n, code, message := r.keep(sent, out.Records)
			l.putter.taken.Add(int64(sent - n))
			l.putter.bytes.Add(int64(bytes - r.size(n)))
			if n < sent {
				failures = 0
			}
			if n > 0 {
				refused = fmt.Errorf("%d of %d records were refused: %s: %s", n, sent, code, message)
			}
			return nil
		})
		if err != nil || len(r.entries) == 0 {
			return err
		}
		if failures++; failures > putPolicy.Max {
			l.putter.failed.Add(int64(len(r.entries)))
			l.retrier.Log.WarnContext(ctx, "records are given up", "records", len(r.entries), "error", refused)
			return nil
		}
		if err := l.retrier.Again(ctx, "PutRecords", putPolicy, again, refused); err != nil {
			return err
		}
	}
}

// again counts the records that are about to be sent again.
func (l *putLane) again() { l.putter.resent.Add(int64(len(l.sending.entries))) }
