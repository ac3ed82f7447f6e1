package kinesis

import (
	"context"
	"fmt"
	"hash/maphash"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/weirsql/weir/connectors/internal/acks"
	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/connectors/internal/worker"
)

// lane is the part of a writer that has the records of some partition keys. Its goroutine sends their requests, one after the
// other, so that a shard gets the records of a key in their order, but for those that are refused and sent again. It sends
// whatever there is as soon as the answer to the last request has come: a single row at rest goes at once, and under load
// requests are full.
type lane struct {
	w       *writer
	retrier *awsclient.Retrier
	worker  *worker.Worker // sends
	leaders *leaders       // of the worker; nil: records may be passed by later ones of their key

	// Under the writer's lock.
	filling  *request   // never nil
	full     []*request // in order, before filling
	sending  *request   // under way, or nil
	free     *request
	unsealed unsealed
	records  acks.Counter
}

// unsealed is rows that no request answers for yet: they are in the one that is filling, or wait to be packed.
type unsealed struct {
	rows, bytes int
	since       time.Time // when the first of them was written
}

func newLane(w *writer, name string, retried func()) *lane {
	l := &lane{w: w, filling: &request{}, retrier: w.sink.retrier(name, retried)}
	if w.sink.strict {
		l.leaders = &leaders{seed: maphash.MakeSeed()}
	}
	return l
}

// ready takes a record from the packer.
func (l *lane) ready(data, key, hash []byte, group uint32) {
	if !l.filling.fits(l.w.sink, len(data)+len(key)) {
		l.push(nil)
	}
	l.filling.add(data, key, hash, group)
}

// written counts a row.
func (l *lane) written(size int, now time.Time) {
	if l.unsealed.rows == 0 {
		l.unsealed.since = now
	}
	l.unsealed.rows++
	l.unsealed.bytes += size
	l.records.Write(1)
	l.w.bytes += size
}

// push ends the request that is filling, if there is something in it. It goes on with next, or if that is nil with an empty one.
func (l *lane) push(next *request) {
	if r := l.filling; len(r.entries) > 0 {
		if next == nil {
			next = l.blank()
		}
		if l.w.packer == nil || l.w.packer.empty() {
			l.seal(r)
		}
		l.full = append(l.full, r)
		l.filling = next
	}
}

// seal makes a request answer for all rows that none has answered for.
func (l *lane) seal(r *request) {
	r.rows, r.buffered, r.since = l.unsealed.rows, l.unsealed.bytes, l.unsealed.since
	l.unsealed = unsealed{}
}

func (l *lane) blank() *request {
	r := l.free
	if l.free = nil; r == nil {
		r = &request{}
	}
	if l.w.packer != nil {
		r.shards = l.w.packer.shards
	}
	return r
}

// work sends a request, if there is something to send.
func (l *lane) work(ctx context.Context) (bool, error) {
	r := l.next()
	if r == nil {
		return false, nil
	}
	err := l.send(ctx, r)
	if ctx.Err() != nil {
		return true, ctx.Err()
	}
	l.w.mu.Lock()
	if err == nil {
		l.records.Acknowledge(r.rows)
	} else if l.w.err == nil {
		l.w.err = err
	}
	l.w.bytes -= r.buffered
	r.reset()
	l.free, l.sending = r, nil
	l.w.mu.Unlock()
	l.w.wake()
	return true, err
}

// next takes what to send next, nil when there is nothing.
func (l *lane) next() *request {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if len(l.full) > 0 {
		return l.nextFull()
	}
	if l.w.packer != nil {
		l.w.packer.flush()
	}
	l.push(nil)
	if len(l.full) == 0 {
		return nil
	}
	return l.nextFull()
}

func (l *lane) nextFull() *request {
	l.sending = l.full[0]
	l.full = append(l.full[:0], l.full[1:]...)
	return l.sending
}

// send sends a request until all its records have been taken.
func (l *lane) send(ctx context.Context, r *request) error {
	p := awsclient.DefaultPolicy
	failures, again := 0, 1
	for len(r.entries) > 0 {
		n := len(r.entries)
		if l.leaders != nil {
			n = l.leaders.first(r)
		}
		r.encode(l.w.target, n)
		out, err := l.put(ctx, p, r)
		if err != nil {
			return l.w.sink.explain(err, "write to")
		}
		if r.shards != nil {
			if err := l.astray(ctx, r, n, out.Records); err != nil {
				return err
			}
		}
		sent := r.size(n)
		refused, code, message := r.keep(n, out.Records)
		throttled := awsclient.ClassifyCode(code, 0) == awsclient.Throttled
		l.w.count(n-refused, sent-r.size(refused), refused, throttled)
		if refused == 0 {
			failures, again = 0, 1
			continue
		}
		cause := fmt.Errorf("%d of %d records were refused: %s: %s", refused, n, code, message)
		if l.w.sink.failOnError {
			return fmt.Errorf("write to stream %s: %w", l.w.sink.name, cause)
		}
		if refused < n {
			failures = 0
		} else if !throttled {
			failures++
		}
		if failures > p.Max {
			return fmt.Errorf("write to stream %s: %w (after %d attempts)", l.w.sink.name, cause, again)
		}
		if err := l.retrier.Again(ctx, "PutRecords", p, again, cause); err != nil {
			return err
		}
		again++
	}
	return nil
}

// put sends what has been encoded until there is an answer that says of each record what has become of it.
func (l *lane) put(ctx context.Context, p awsclient.Policy, r *request) (out *kinesis.PutRecordsOutput, err error) {
	name, arn := l.w.sink.given()
	err = l.retrier.Do(ctx, "PutRecords", p, func(ctx context.Context) (err error) {
		l.w.under(1)
		out, err = putRecords(ctx, l.w.client, name, arn, r)
		l.w.under(-1)
		if err != nil && ctx.Err() == nil {
			l.w.count(0, 0, 1, awsclient.Classify(err) == awsclient.Throttled)
		}
		return err
	})
	return out, err
}

// oldest is when the first row was written that is not acknowledged; zero when there is none.
func (l *lane) oldest() time.Time {
	if r := l.sending; r != nil && r.rows > 0 {
		return r.since
	}
	for _, r := range l.full {
		if r.rows > 0 {
			return r.since
		}
	}
	return l.unsealed.since
}
