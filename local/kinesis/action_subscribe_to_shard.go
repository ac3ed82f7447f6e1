package kinesis

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// SubscribeToShard: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html
//
// The answer is an event stream, in JSON or CBOR as the request. Records are pushed as soon as they are durable, without the
// limit of 2 MiB per second. The stream ends after five minutes of the server's clock, or with the shard. A second call for
// the same consumer and shard is refused within five seconds, and takes the subscription over after that.

type subscribeInput struct {
	ConsumerARN      string         `shape:"ConsumerARN,required"`
	ShardId          string         `shape:"ShardId,required"`
	StartingPosition *startPosition `shape:"Struct,required"`
}

type startPosition struct {
	SequenceNumber string  `shape:"SequenceNumber"`
	Timestamp      *millis `shape:"Timestamp"`
	Type           string  `shape:"ShardIteratorType,required"`
}

func (s *Service) subscribeToShard(c *call) error {
	var in subscribeInput
	if err := c.bind(&in); err != nil {
		return err
	}
	st, m, consumer, err := s.findConsumer(in.ConsumerARN, "", "")
	if err != nil {
		return err
	}
	now := s.env.Now()
	if status := consumer.status(now); status != statusActive {
		return inUse("Consumer %s under stream %s is not ACTIVE, instead in state %s.", consumer.Name, m.Name, status)
	}
	number, err := s.shardNumber(&m, in.ShardId)
	if err != nil {
		return err
	}
	sh := st.layout.Load().shards[number]
	p := in.StartingPosition
	index, err := s.startIndex(st, sh, "SubscribeToShard", position{p.Type, p.SequenceNumber, p.Timestamp}, now)
	if err != nil {
		return err
	}
	sub, err := s.subscriptions.begin(subscriptionKey{m.ID, consumer.Name, number}, now,
		inUse("Another active subscription exists for this consumer: %s:%s:%d:%s:%s", s.env.Account, m.Name, m.CreatedMillis/1000, sh.id, consumer.Name))
	if err != nil {
		return err
	}
	defer s.subscriptions.finish(sub)
	c.settle()
	c.streamed = true
	c.w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
	c.w.WriteHeader(http.StatusOK)
	push := pusher{
		s: s, sub: sub, proto: c.proto, stream: st, shard: sh, index: index,
		w: c.w, control: http.NewResponseController(c.w), encoder: eventstream.NewEncoder(),
	}
	return push.run(c.ctx)
}

// settle lets a client over HTTP/1.1 finish with its request before the answer begins. The SDK for Go closes the request's body
// then, and if net/http's writer has not looked at its end yet, that closes the connection under the stream.
func (c *call) settle() {
	if c.protoMajor > 1 {
		return
	}
	t := time.NewTimer(5 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.ctx.Done():
	}
}
