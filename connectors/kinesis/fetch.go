package kinesis

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/connectors/internal/worker"
)

// maxRecords is how many records GetRecords gives at most, nearlyFull a size of answers behind which there may be more
// although nothing says so: the limit is 10 MiB, and a record may have one of them.
const (
	maxRecords = 10_000
	nearlyFull = 8 << 20
)

// The queue between a fetcher and Poll is bounded by pages and bytes: one page being decoded, one waiting and one under way
// are enough to keep both sides busy.
const (
	maxPages       = 8
	maxQueuedBytes = 16 << 20
)

// fetcher reads a shard's pages ahead of Poll, in a goroutine of its own.
type fetcher struct {
	source   *source
	client   *kinesis.Client
	shard    string
	fetched  position // behind the last queued record; of the goroutine
	iterator string   // of the goroutine; "" has to be asked for
	follow   string   // of the goroutine: what the last event said that goes on; "" is fetched
	wake     func()   // of the reader's task
	retrier  *awsclient.Retrier

	payload []byte        // of the last event, for the next one
	silence time.Duration // how long a subscription may say nothing

	policy awsclient.Policy
	limit  int32 // records per request
	most   int32 // by the table
	adapts bool  // limit follows from the size of the records
	pace   pace
	quota  *quota
	stray  sync.Once // says that there are user records of other shards
	came   time.Time // when the last page with records came, at first when the first was asked for

	worker *worker.Worker
	behind atomic.Int64 // nanoseconds

	dropped int64        // of the goroutine: the position.Seen that is known to have expired
	lost    atomic.Int64 // how often that was found

	throttled atomic.Int64 // requests that were refused as too many
	repeated  atomic.Int64 // requests

	mu    sync.Mutex
	queue []*page
	free  []*page
	bytes int   // in the queue
	seen  int64 // position.Seen behind what is in the queue
	err   error
}

func newFetcher(s *source, client *kinesis.Client, shard string, p position, wake, retried func()) *fetcher {
	v := s.table.Options
	most := int32(v.Int("scan.shard.getrecords.maxrecordcount"))
	f := &fetcher{
		source: s, client: client, shard: shard, fetched: p, wake: wake,
		worker: worker.New(s.env.Clock), pace: newPace(s, false), silence: maxSilence,
		limit: most, most: most, adapts: v.Bool("scan.shard.adaptivereads"), policy: policy(v, "scan.shard.getrecords"),
	}
	f.retrier = s.retrier(shard, func() {
		f.repeated.Add(1)
		if retried != nil {
			retried()
		}
	})
	f.retrier.Throttled = func() { f.throttled.Add(1) }
	return f
}

// begin starts the goroutine. It ends with the shard, with an error, or with end.
func (f *fetcher) begin(ctx context.Context) {
	f.worker.Start(ctx, func(ctx context.Context) (bool, error) {
		err := f.run(ctx)
		if err != nil && ctx.Err() == nil {
			f.mu.Lock()
			f.err = err
			f.mu.Unlock()
			f.wake()
		}
		return false, cmp.Or(err, errRead)
	})
}

// errRead ends the goroutine of a shard that needs no more requests.
var errRead = errors.New("the shard has been read")

// end stops the goroutine and waits for it.
func (f *fetcher) end() { f.worker.Stop() }

// run reads pages until the shard ends, which is no error, nor is the end of ctx.
func (f *fetcher) run(ctx context.Context) error {
	if f.fetched.End {
		f.deliver(&page{last: true})
		return nil
	}
	for !f.source.lineage.ready(f.shard) {
		if f.worker.Rest(ctx, time.Time{}); ctx.Err() != nil {
			return nil
		}
	}
	if f.source.pushed {
		return f.subscribed(ctx)
	}
	return f.poll(ctx)
}

// poll asks for pages until the shard ends.
func (f *fetcher) poll(ctx context.Context) error {
	f.came = f.source.env.Clock.Now()
	f.quota = share(quotaKey{f.source.env.Clock, f.source.settings.Address(), f.source.name, f.shard})
	defer f.quota.leave()
	for expired := 0; ; {
		p := f.room(ctx)
		if p == nil {
			return nil
		}
		asked := f.source.env.Clock.Now()
		err := f.fetch(ctx, p)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && awsclient.Classify(err) == awsclient.Expired {
			// Poll had no use for records for five minutes, or a request was repeated for as long. Another iterator helps.
			f.iterator = ""
			if expired++; expired > 1 {
				if err := f.retrier.Again(ctx, "GetRecords", f.policy, expired, err); err != nil {
					return err
				}
			}
			f.release(p)
			continue
		}
		if awsclient.Code(err) == "ResourceNotFoundException" && f.gone(ctx) {
			return f.leave(ctx, p)
		}
		if err != nil {
			return f.source.explain(err, "read shard "+f.shard+" from "+f.fetched.String()+" of")
		}
		expired = 0
		next, last := asked.Add(f.pause(p, asked)), p.last
		if f.deliver(p); last { // p is Poll's now
			return nil
		}
		for ctx.Err() == nil && f.source.env.Clock.Now().Before(next) {
			f.worker.Rest(ctx, next)
		}
	}
}

// fetch fills p with what comes next.
func (f *fetcher) fetch(ctx context.Context, p *page) error {
	if f.iterator == "" {
		if err := f.expired(ctx); err != nil {
			return err
		}
		it, err := f.source.iterator(ctx, f.client, f.retrier, f.shard, &f.fetched)
		if err != nil {
			return err
		}
		f.iterator = it
	}
	in := &kinesis.GetRecordsInput{ShardIterator: &f.iterator, Limit: &f.limit}
	if _, arn := f.source.given(); arn != nil {
		in.StreamARN = arn
	}
	var asked time.Time
	err := f.retrier.Do(ctx, "GetRecords", f.policy, func(ctx context.Context) error {
		if asked = f.turn(ctx); ctx.Err() != nil {
			return ctx.Err()
		}
		err := getRecords(ctx, f.client, in, p)
		if err != nil && awsclient.Classify(err) == awsclient.Throttled {
			f.pace = newPace(f.source, true)
		}
		return err
	})
	if err != nil {
		return err
	}
	f.charge(p)
	f.iterator = p.iterator
	p.see(asked.Add(-offClock))
	return f.bound(ctx, p, p.iterator == "")
}

// turn waits until the shard may be asked, and returns the time.
func (f *fetcher) turn(ctx context.Context) time.Time {
	now := f.source.env.Clock.Now()
	if f.pace.spacing == 0 {
		return now
	}
	for at := f.quota.turn(now, f.pace.spacing); now.Before(at) && ctx.Err() == nil; now = f.source.env.Clock.Now() {
		f.worker.Rest(ctx, at)
	}
	return now
}

// charge notes what a page has used of the shard's bandwidth, and with adaptive reads how many records of that size it gives
// until the next one.
func (f *fetcher) charge(p *page) {
	if f.pace.spacing == readSpacing && p.payload > 0 {
		f.quota.charge(f.source.env.Clock.Now(), p.payload)
	}
	if f.adapts && p.whole > 0 {
		share := int64(readBandwidth) * int64(max(f.pace.some, readSpacing)) / int64(time.Second)
		f.limit = int32(max(1, min(int64(f.most), share*int64(p.whole)/int64(max(p.payload, 1)))))
	}
}

// bound leaves in p what is to be read, and notes whether it is the last page: the shard ends with it, or what was to be read
// of it does.
func (f *fetcher) bound(ctx context.Context, p *page, ends bool) error {
	p.more = f.more(p)
	p.skip(f.fetched)
	if p.packed {
		keys, err := f.source.hashKeys(ctx, f.client, f.shard)
		if err != nil {
			return err
		}
		p.own(keys)
	}
	if p.strays > 0 {
		f.stray.Do(func() {
			f.retrier.Log.Warn("user records of aggregated records are left out whose keys are another shard's; a producer that knows of shards puts them again there",
				"shard", f.shard, "position", f.fetched.String(), "records", p.strays)
		})
	}
	if p.last = ends; f.fetched.Until != 0 {
		p.last = p.cut(f.fetched.Until) || ends || !p.more
	}
	return nil
}

// gone reports whether the stream is there without the shard, which AWS forgets when its last record has expired.
func (f *fetcher) gone(ctx context.Context) bool {
	shards, _, err := f.source.list(ctx, f.client)
	return err == nil && !slices.ContainsFunc(shards, func(s ktypes.Shard) bool { return *s.ShardId == f.shard })
}

// leave ends a shard that is gone, with the page p.
func (f *fetcher) leave(ctx context.Context, p *page) error {
	if err := f.expired(ctx); err != nil {
		return err
	}
	f.retrier.Log.Warn("a shard is gone: what it held is older than the stream keeps records, and is lost if it had not been read",
		"shard", f.shard, "position", f.fetched.String())
	p.reset()
	p.last = true
	f.deliver(p)
	return nil
}

// more reports whether there may be records behind those of p.
func (f *fetcher) more(p *page) bool {
	return p.behind > 0 || p.whole >= int(f.limit) || len(p.text) >= nearlyFull
}

// pause is the time from the request that brought p to the next.
func (f *fetcher) pause(p *page, asked time.Time) time.Duration {
	if p.whole > 0 {
		f.came = asked
	}
	return f.pace.pause(p.whole, p.more, asked.Sub(f.came))
}

// room waits until the queue takes another page and returns an empty one, or nil when ctx has ended.
func (f *fetcher) room(ctx context.Context) *page {
	for ctx.Err() == nil {
		f.mu.Lock()
		if len(f.queue) < maxPages && f.bytes < maxQueuedBytes {
			p := &page{}
			if n := len(f.free); n > 0 {
				p, f.free = f.free[n-1], f.free[:n-1]
			}
			f.mu.Unlock()
			return p
		}
		f.mu.Unlock()
		f.worker.Rest(ctx, time.Time{})
	}
	return nil
}

// deliver queues a page for Poll.
func (f *fetcher) deliver(p *page) {
	f.behind.Store(int64(p.behind))
	seen := max(f.fetched.Seen, p.seen)
	f.fetched.Seen = seen
	if n := len(p.records); n > 0 {
		f.fetched = position{Sequence: string(p.bytes(p.records[n-1].sequence)), Seen: seen, Until: f.fetched.Until}
	} else if p.strays == 0 && !p.last {
		f.release(p)
		f.mu.Lock()
		f.seen = seen
		f.mu.Unlock()
		return
	}
	f.mu.Lock()
	f.seen = seen
	f.queue = append(f.queue, p)
	f.bytes += p.size()
	f.mu.Unlock()
	f.wake()
}

// read returns position.Seen behind all that Poll has taken, or 0 when something waits for it.
func (f *fetcher) read() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queue) > 0 {
		return 0
	}
	return f.seen
}

// take returns the next page, nil when there is none yet.
func (f *fetcher) take() (*page, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queue) == 0 {
		return nil, f.err
	}
	p := f.queue[0]
	f.queue = append(f.queue[:0], f.queue[1:]...)
	f.bytes -= p.size()
	f.worker.Wake()
	return p, nil
}

// release gives a page back to be filled again. A shard that has been caught up with keeps no large ones.
func (f *fetcher) release(p *page) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.free) < 2 && (p.behind > 0 || p.held() <= 2<<20) {
		p.reset()
		f.free = append(f.free, p)
	}
}
