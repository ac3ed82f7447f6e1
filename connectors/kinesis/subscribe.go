package kinesis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"

	"github.com/weirsql/weir/connectors/internal/awsclient"
)

// maxSilence is how long a subscription may say nothing. A stream without records sends events without any every few
// seconds; after this time the connection is taken for dead.
const maxSilence = 35 * time.Second

// subscribed has records pushed until the shard ends. AWS ends a subscription after five minutes; the next one goes on
// behind it. When Poll has no use for more, nothing is read from the connection, and the server waits, or ends the
// subscription in the end.
func (f *fetcher) subscribed(ctx context.Context) error {
	retries := policy(f.source.table.Options, subscribeFamily)
	for failed := 0; ctx.Err() == nil; {
		if err := f.expired(ctx); err != nil {
			return err
		}
		events, err := f.subscription(ctx)
		switch {
		case ctx.Err() != nil || errors.Is(err, errRead):
			return nil
		case events > 0:
			failed = 0
		}
		if err == nil {
			continue // five minutes are over
		}
		if awsclient.Code(err) == "ResourceNotFoundException" && f.gone(ctx) {
			return f.leave(ctx, &page{})
		}
		class := awsclient.Classify(err)
		if awsclient.Code(err) == "ResourceInUseException" {
			// A subscription is refused for five seconds after the last one, and ended when there is another one.
			class = awsclient.Throttled
			if events > 0 {
				f.retrier.Log.Warn("somebody else subscribes to a shard by the same consumer; each job, and each table of a job, needs a consumer of its own",
					"shard", f.shard, "consumer", f.source.consumer.String())
			}
		}
		if failed++; class == awsclient.Fatal || class == awsclient.Transient && failed > retries.Max {
			return f.source.explain(err, "subscribe consumer "+f.source.consumer.String()+" to shard "+f.shard+" from "+f.fetched.String()+" of")
		}
		if err := f.retrier.Again(ctx, "SubscribeToShard", retries, failed, err); err != nil {
			return nil // ctx has ended
		}
	}
	return nil
}

// subscription subscribes and queues events until the subscription ends, and returns how many events there were. The error
// is errRead at the end of the shard, nil when the server has ended the subscription in the usual way.
func (f *fetcher) subscription(ctx context.Context) (events int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	in := &kinesis.SubscribeToShardInput{ConsumerARN: &f.source.consumer.arn, ShardId: &f.shard}
	at := f.fetched
	if f.follow != "" {
		at = position{Sequence: f.follow}
	}
	in.StartingPosition = at.subscribe()
	limit := f.source.table.Options.Duration(subscribeFamily + ".timeout")
	// Pushed records come in time of the wall, and so does their failing to come.
	watch := time.AfterFunc(limit, func() { cancel(fmt.Errorf("no answer to SubscribeToShard within %v", limit)) })
	defer func() {
		watch.Stop()
		if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(cause, context.Canceled) && !errors.Is(err, errRead) {
			err = cause
		}
	}()
	body, err := subscribeToShard(ctx, f.client, in)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	if !watch.Stop() {
		return 0, context.Cause(ctx)
	}
	watch = time.AfterFunc(f.silence, func() { cancel(fmt.Errorf("the subscription has said nothing for %v", f.silence)) })
	decoder := eventstream.NewDecoder()
	for {
		p := f.room(ctx)
		if p == nil {
			return events, ctx.Err()
		}
		watch.Reset(f.silence)
		got, err := f.event(ctx, decoder, body, p)
		watch.Stop()
		if !got {
			f.release(p)
			if errors.Is(err, io.EOF) {
				err = nil
			}
			if err != nil {
				return events, err
			}
			if events == 0 {
				return 0, errors.New("the subscription ended before its first event")
			}
			return events, nil
		}
		events++
		f.follow = p.follow
		last := p.last
		if f.deliver(p); last { // p is Poll's now
			return events, errRead
		}
	}
}

// event reads the next event into p. Without one the error says why the subscription has ended: io.EOF if it was its time.
func (f *fetcher) event(ctx context.Context, decoder *eventstream.Decoder, body io.Reader, p *page) (bool, error) {
	for {
		m, err := decoder.Decode(body, f.payload)
		if err != nil {
			return false, err
		}
		f.payload = m.Payload[:0]
		switch kind := header(&m, ":message-type"); kind {
		case "event":
			if header(&m, ":event-type") != "SubscribeToShardEvent" {
				continue // the initial response, and what may be invented
			}
			if err := p.decode(m.Payload); err != nil {
				return false, err
			}
			p.see(f.source.env.Clock.Now().Add(-maxSubscription))
			if err := f.bound(ctx, p, p.follow == ""); err != nil {
				return false, err
			}
			return true, nil
		case "exception":
			return false, exception(header(&m, ":exception-type"), m.Payload)
		case "error":
			return false, &smithy.GenericAPIError{Code: header(&m, ":error-code"), Message: header(&m, ":error-message")}
		default:
			return false, fmt.Errorf("the subscription sent a message of the unknown type %q", kind)
		}
	}
}

func header(m *eventstream.Message, name string) string {
	if v := m.Headers.Get(name); v != nil {
		return v.String()
	}
	return ""
}

// exception is the error that ends a subscription.
func exception(code string, payload []byte) error {
	s := scanner{b: payload}
	var message string
	s.object(func(name []byte) {
		if string(name) == "message" || string(name) == "Message" {
			message = string(s.text(nil))
		} else {
			s.skip()
		}
	})
	return &smithy.GenericAPIError{Code: code, Message: message}
}
