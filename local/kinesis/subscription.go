package kinesis

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// subscriptionKey is what there can be one subscription of.
type subscriptionKey struct {
	stream   uint64
	consumer string
	shard    uint32
}

// subscription is a SubscribeToShard that was accepted. It stays known for some seconds after it has ended.
type subscription struct {
	started int64 // millis, of the injected clock
	done    bool
	ended   chan error // of one: why the server ends it
}

// subscriptions knows who is subscribed to what. The zero value is ready.
type subscriptions struct {
	mu    sync.Mutex
	byKey map[subscriptionKey]*subscription
}

// begin registers a subscription. AWS refuses a second one within five seconds of the first, whether or not that still runs;
// later ones take it over.
func (s *subscriptions) begin(key subscriptionKey, now int64, taken error) (*subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.byKey[key]
	if old != nil && now-old.started < resubscribeAfter.Milliseconds() {
		return nil, taken
	}
	if old != nil {
		old.stop(taken)
	}
	if s.byKey == nil {
		s.byKey = map[subscriptionKey]*subscription{}
	}
	for k, x := range s.byKey {
		if x.done && now-x.started >= resubscribeAfter.Milliseconds() {
			delete(s.byKey, k)
		}
	}
	x := &subscription{started: now, ended: make(chan error, 1)}
	s.byKey[key] = x
	return x, nil
}

// finish notes that the subscription has ended.
func (s *subscriptions) finish(x *subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x.done = true
}

// end ends the subscriptions that match, and forgets them.
func (s *subscriptions) end(match func(subscriptionKey) bool, reason error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, x := range s.byKey {
		if match(k) {
			x.stop(reason)
			delete(s.byKey, k)
		}
	}
}

func (x *subscription) stop(reason error) {
	select {
	case x.ended <- reason:
	default: // it is ending for another reason
	}
}

const (
	// resubscribeAfter is how long after a SubscribeToShard AWS refuses another one.
	resubscribeAfter = 5 * time.Second
	// subscriptionAge is after how long AWS ends a subscription.
	subscriptionAge = 5 * time.Minute
	// heartbeat is how often a silent subscription sends an event without records, in time of the wall: clients take
	// silence for a broken connection. AWS's rate isn't documented; the KCL gives up after 35 seconds.
	heartbeat = 5 * time.Second
	// eventBytes bounds the records of one event, unless a single one is larger.
	eventBytes   = 1 << 20
	eventRecords = 10_000
	// slowSubscriber is how long a client may take to accept an event before it is dropped.
	slowSubscriber = 30 * time.Second
)

// pusher is one subscription being served: it belongs to the request's goroutine.
type pusher struct {
	s      *Service
	sub    *subscription
	proto  protocol
	stream *stream
	shard  *shard
	index  uint64   // of the next record
	last   sequence // of the last record that was sent

	w       http.ResponseWriter
	control *http.ResponseController
	encoder *eventstream.Encoder
	payload []byte // of the last event, for the next one
}

// closed is a channel on which nobody waits.
var closed = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// run pushes until the shard ends, five minutes have passed, the client is gone, or somebody else takes over.
func (p *pusher) run(ctx context.Context) error {
	if err := p.send("event", "initial-response", p.proto.emptyObject()); err != nil {
		return err
	}
	// The clock may stand still or jump, and waits for nobody: every so often it is looked at.
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var last time.Time // when an event was sent, of the wall
	for {
		grown := p.shard.grown.wait()
		now := p.s.env.Now()
		if now-p.sub.started >= subscriptionAge.Milliseconds() {
			return nil
		}
		_, m, err := p.s.stream(p.stream.snapshot().Name, "")
		if err != nil || m.ID != p.stream.snapshot().ID {
			return p.fail(p.s.noStream(p.stream.snapshot().Name))
		}
		w := newRecordsWriter(p.payload[:0], p.proto)
		w.kms = m.KeyID != ""
		lag, err := p.s.read(p.stream, p.shard, &p.index, w, readLimits{now: now, horizon: m.horizon(now), records: eventRecords, bytes: eventBytes})
		if err != nil {
			return p.fail(err)
		}
		ended := p.shard.drained(p.index)
		if w.n > 0 || ended || time.Since(last) >= heartbeat {
			if err := p.event(w, lag, ended); err != nil || ended {
				return err
			}
			last = time.Now()
		}
		if p.index < p.shard.durable.Load() {
			grown = closed // there is more to read at once
		}
		select {
		case reason := <-p.sub.ended:
			return p.fail(reason)
		default:
		}
		select {
		case <-grown:
		case <-tick.C:
		case reason := <-p.sub.ended:
			return p.fail(reason)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// event sends the records in w. ContinuationSequenceNumber is where AFTER_SEQUENCE_NUMBER goes on without a gap, also when
// there has been no record yet; at the end of the shard there are its children instead.
func (p *pusher) event(w *recordsWriter, lag int64, ended bool) (err error) {
	w.close()
	var children []childShard
	if ended {
		children = p.stream.childShards(p.shard)
	} else {
		if w.n > 0 {
			p.last = w.last
		}
		if p.index > p.last.index+1 || p.last == (sequence{}) {
			p.last = p.shard.sequence(max(p.index, 1)-1, p.shard.created())
		}
		w.member("ContinuationSequenceNumber")
		w.dst = w.appendText(w.dst, p.last.String())
	}
	if p.payload, err = w.end(lag, children); err != nil {
		return err
	}
	err = p.send("event", "SubscribeToShardEvent", p.payload)
	if cap(p.payload) > 4*eventBytes {
		p.payload = nil
	}
	return err
}

// fail ends the subscription with an error that the client sees as an exception of the event stream.
func (p *pusher) fail(err error) error {
	e := asError(err)
	b, err := p.proto.encode(errorBody{Message: e.Message})
	if err != nil {
		return err
	}
	return p.send("exception", e.Type, b)
}

// send frames one message of the event stream and passes it to the connection.
func (p *pusher) send(kind, name string, payload []byte) error {
	m := eventstream.Message{Payload: payload}
	m.Headers.Set(":message-type", eventstream.StringValue(kind))
	m.Headers.Set(":"+kind+"-type", eventstream.StringValue(name))
	m.Headers.Set(":content-type", eventstream.StringValue(p.proto.contentType()))
	p.control.SetWriteDeadline(time.Now().Add(slowSubscriber)) // connections that know no deadlines go without
	if err := p.encoder.Encode(p.w, m); err != nil {
		return err
	}
	return p.control.Flush()
}
