package kinesis_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/fxamacker/cbor/v2"

	"github.com/weirsql/weir/local"
)

// subscribing is one SubscribeToShard as a test looks at it.
type subscribing struct {
	t      testing.TB
	stream *kinesis.SubscribeToShardEventStream
	// next is the ContinuationSequenceNumber of the last event.
	next     *string
	children []types.ChildShard
}

func subscribe(t testing.TB, c *kinesis.Client, arn *string, shard string, p types.StartingPosition) *subscribing {
	t.Helper()
	// A client of its own: the SDK's decodes all the subscriptions of one client into the same buffer.
	c = kinesis.New(c.Options())
	out, err := c.SubscribeToShard(t.Context(), &kinesis.SubscribeToShardInput{ConsumerARN: arn, ShardId: &shard, StartingPosition: &p})
	if err != nil {
		t.Fatal(err)
	}
	s := &subscribing{t: t, stream: out.GetStream()}
	t.Cleanup(func() { s.stream.Close() })
	return s
}

// take waits for n records; fewer means that the stream ended.
func (s *subscribing) take(n int) string {
	s.t.Helper()
	var got []string
	for len(got) < n {
		e, ok := <-s.stream.Events()
		if !ok {
			break
		}
		v := e.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
		for _, r := range v.Records {
			got = append(got, string(r.Data))
		}
		s.next, s.children = v.ContinuationSequenceNumber, v.ChildShards
	}
	return strings.Join(got, " ")
}

// opened waits for the first event, which comes at once.
func (s *subscribing) opened() *subscribing {
	s.t.Helper()
	e, ok := <-s.stream.Events()
	if !ok {
		s.t.Fatal("the stream ended: ", s.stream.Err())
	}
	s.next = e.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value.ContinuationSequenceNumber
	return s
}

func register(t testing.TB, c *kinesis.Client, stream, name string) *string {
	t.Helper()
	arn := "arn:aws:kinesis:us-east-1:000000000000:stream/" + stream
	out, err := c.RegisterStreamConsumer(t.Context(), &kinesis.RegisterStreamConsumerInput{StreamARN: &arn, ConsumerName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return out.Consumer.ConsumerARN
}

const shard0 = "shardId-000000000000"

func TestConsumers(t *testing.T) {
	clock := newFakeClock()
	c := client(start(t, local.Options{Clock: clock, Transition: time.Second}))
	ctx := t.Context()
	created(t, c, "s", 1)
	clock.advance(time.Second)
	streamARN := aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/s")
	arn := register(t, c, "s", "b")
	if want := *streamARN + "/consumer/b:1772366401"; *arn != want {
		t.Errorf("ARN %s, want %s", *arn, want)
	}
	register(t, c, "s", "a")
	register(t, c, "s", "c")
	var inUse *types.ResourceInUseException
	if _, err := c.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: streamARN, ConsumerName: aws.String("b")}); !errors.As(err, &inUse) {
		t.Errorf("registered twice: %v", err)
	}
	in := &kinesis.SubscribeToShardInput{ConsumerARN: arn, ShardId: aws.String(shard0), StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeLatest}}
	if _, err := c.SubscribeToShard(ctx, in); !errors.As(err, &inUse) {
		t.Errorf("subscribed while CREATING: %v", err)
	}
	clock.advance(time.Second)
	d, err := c.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{StreamARN: streamARN, ConsumerName: aws.String("b")})
	if err != nil || *d.ConsumerDescription.ConsumerARN != *arn || d.ConsumerDescription.ConsumerStatus != types.ConsumerStatusActive || *d.ConsumerDescription.StreamARN != *streamARN {
		t.Errorf("description: %+v %v", d, err)
	}
	var names []string
	for p := kinesis.NewListStreamConsumersPaginator(c, &kinesis.ListStreamConsumersInput{StreamARN: streamARN, MaxResults: aws.Int32(2)}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range page.Consumers {
			names = append(names, *x.ConsumerName)
		}
		names = append(names, "|")
	}
	if got := strings.Join(names, ""); got != "ab|c|" {
		t.Errorf("consumers: %s", got)
	}
	if _, err := c.TagResource(ctx, &kinesis.TagResourceInput{ResourceARN: arn, Tags: map[string]string{"team": "x"}}); err != nil {
		t.Fatal(err)
	}
	tags, err := c.ListTagsForResource(ctx, &kinesis.ListTagsForResourceInput{ResourceARN: arn})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Value != "x" {
		t.Errorf("tags: %+v %v", tags, err)
	}
	if _, err := c.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: aws.String("s")}); !errors.As(err, &inUse) {
		t.Errorf("deleted with consumers: %v", err)
	}
	if _, err := c.DeregisterStreamConsumer(ctx, &kinesis.DeregisterStreamConsumerInput{ConsumerARN: arn}); err != nil {
		t.Fatal(err)
	}
	d, err = c.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{ConsumerARN: arn})
	if err != nil || d.ConsumerDescription.ConsumerStatus != types.ConsumerStatusDeleting {
		t.Errorf("deregistered: %+v %v", d, err)
	}
	clock.advance(time.Second)
	var notFound *types.ResourceNotFoundException
	if _, err := c.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{ConsumerARN: arn}); !errors.As(err, &notFound) {
		t.Errorf("gone: %v", err)
	}
	if again := register(t, c, "s", "b"); *again == *arn {
		t.Errorf("registered anew under the ARN of the old one")
	}
	for i := range 17 {
		register(t, c, "s", fmt.Sprint("more", i))
	}
	var limit *types.LimitExceededException
	if _, err := c.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: streamARN, ConsumerName: aws.String("z")}); !errors.As(err, &limit) {
		t.Errorf("the 21st: %v", err)
	}
	if _, err := c.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: aws.String("s"), EnforceConsumerDeletion: aws.Bool(true)}); err != nil {
		t.Error(err)
	}
}

// Every starting position, and what comes later.
func TestSubscribeToShard(t *testing.T) {
	clock := newFakeClock()
	c := pushClient(t, start(t, local.Options{Clock: clock}))
	for i, x := range []struct {
		kind types.ShardIteratorType
		want string
	}{
		{types.ShardIteratorTypeTrimHorizon, "r0 r1 r2"},
		{types.ShardIteratorTypeLatest, ""},
		{types.ShardIteratorTypeAtSequenceNumber, "r1 r2"},
		{types.ShardIteratorTypeAfterSequenceNumber, "r2"},
		{types.ShardIteratorTypeAtTimestamp, "r1 r2"},
	} {
		name := fmt.Sprint("s", i)
		created(t, c, name, 1)
		p := types.StartingPosition{Type: x.kind}
		for i := range 3 {
			clock.advance(time.Second)
			r := put(t, c, name, "k", fmt.Sprint("r", i))
			switch {
			case i != 1:
			case x.kind == types.ShardIteratorTypeAtTimestamp:
				p.Timestamp = aws.Time(clock.Now())
			case x.kind == types.ShardIteratorTypeAtSequenceNumber || x.kind == types.ShardIteratorTypeAfterSequenceNumber:
				p.SequenceNumber = r.SequenceNumber
			}
		}
		sub := subscribe(t, c, register(t, c, name, "c"), shard0, p)
		if x.want == "" {
			sub.opened()
		} else if got := sub.take(strings.Count(x.want, "r")); got != x.want {
			t.Errorf("%s: %q, want %q", x.kind, got, x.want)
		}
		later := put(t, c, name, "k", "later")
		if got := sub.take(1); got != "later" || *sub.next != *later.SequenceNumber {
			t.Errorf("%s: then %q, continuing at %s, want %s", x.kind, got, *sub.next, *later.SequenceNumber)
		}
	}
}

// A subscriber that is far behind gets everything, though the clock stands still, in events that are not too large.
func TestSubscribeFarBehind(t *testing.T) {
	s := start(t, local.Options{Clock: newFakeClock()})
	c := pushClient(t, s)
	created(t, c, "s", 1)
	in := &kinesis.PutRecordsInput{StreamName: aws.String("s")}
	for range 500 {
		in.Records = append(in.Records, types.PutRecordsRequestEntry{PartitionKey: aws.String("k"), Data: bytes.Repeat([]byte("x"), 5000)})
	}
	for range 4 {
		if _, err := c.PutRecords(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	sub := subscribe(t, c, register(t, c, "s", "c"), shard0, types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon})
	n, events := 0, 0
	for n < 2000 {
		e, ok := <-sub.stream.Events()
		if !ok {
			t.Fatalf("ended after %d records: %v", n, sub.stream.Err())
		}
		records := e.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value.Records
		if len(records) > 1<<20/5000 {
			t.Errorf("an event of %d records", len(records))
		}
		n += len(records)
		events++
	}
	if n != 2000 || events < 10 {
		t.Errorf("%d records in %d events", n, events)
	}
}

// After five minutes the stream ends; from its ContinuationSequenceNumber on another one misses nothing, also if the first
// never had a record.
func TestSubscriptionEndsAfterFiveMinutes(t *testing.T) {
	clock := newFakeClock()
	c := pushClient(t, start(t, local.Options{Clock: clock}))
	created(t, c, "s", 1)
	put(t, c, "s", "k", "before")
	arn := register(t, c, "s", "c")
	p := types.StartingPosition{Type: types.ShardIteratorTypeLatest}
	for _, x := range []struct{ first, last string }{{"", "one"}, {"one", "two"}} {
		sub := subscribe(t, c, arn, shard0, p)
		if x.first == "" {
			sub.opened()
		} else if got := sub.take(1); got != x.first {
			t.Errorf("continued with %q, want %q", got, x.first)
		}
		clock.advance(5*time.Minute - time.Millisecond)
		if x.first != "" {
			put(t, c, "s", "k", "within")
			if got := sub.take(1); got != "within" {
				t.Errorf("just before its end: %q", got)
			}
		}
		clock.advance(time.Millisecond)
		put(t, c, "s", "k", x.last) // wakes it: it finds its time over
		if got := sub.take(1); got != "" || sub.stream.Err() != nil {
			t.Errorf("after five minutes: %q %v", got, sub.stream.Err())
		}
		p = types.StartingPosition{Type: types.ShardIteratorTypeAfterSequenceNumber, SequenceNumber: sub.next}
	}
	if got := subscribe(t, c, arn, shard0, p).take(1); got != "two" {
		t.Errorf("continued with %q", got)
	}
}

// A reshard ends the stream with the children; deleting the consumer or the stream ends it with an exception.
func TestSubscriptionEnds(t *testing.T) {
	c := pushClient(t, start(t, local.Options{}))
	ctx := t.Context()
	created(t, c, "s", 1)
	put(t, c, "s", "k", "one")
	arn := register(t, c, "s", "c")
	sub := subscribe(t, c, arn, shard0, types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon})
	if got := sub.take(1); got != "one" {
		t.Fatal(got)
	}
	split(t, c, "s", shard0, half)
	if got := sub.take(1); got != "" || sub.next != nil || len(sub.children) != 2 || *sub.children[0].ShardId != "shardId-000000000001" || sub.stream.Err() != nil {
		t.Errorf("after the split: %q %v %+v %v", got, sub.next, sub.children, sub.stream.Err())
	}
	left := subscribe(t, c, arn, "shardId-000000000001", types.StartingPosition{Type: types.ShardIteratorTypeLatest}).opened()
	if _, err := c.DeregisterStreamConsumer(ctx, &kinesis.DeregisterStreamConsumerInput{ConsumerARN: arn}); err != nil {
		t.Fatal(err)
	}
	var notFound *types.ResourceNotFoundException
	if left.take(1); !errors.As(left.stream.Err(), &notFound) {
		t.Errorf("consumer gone: %v", left.stream.Err())
	}
	right := subscribe(t, c, register(t, c, "s", "d"), "shardId-000000000002", types.StartingPosition{Type: types.ShardIteratorTypeLatest}).opened()
	if _, err := c.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: aws.String("s"), EnforceConsumerDeletion: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	if right.take(1); !errors.As(right.stream.Err(), &notFound) {
		t.Errorf("stream gone: %v", right.stream.Err())
	}
}

// A second subscription is refused within five seconds, and after that takes the first one's place.
func TestSubscribeTwice(t *testing.T) {
	clock := newFakeClock()
	c := pushClient(t, start(t, local.Options{Clock: clock}))
	created(t, c, "s", 1)
	arn := register(t, c, "s", "c")
	latest := types.StartingPosition{Type: types.ShardIteratorTypeLatest}
	first := subscribe(t, c, arn, shard0, latest).opened()
	clock.advance(5*time.Second - time.Millisecond)
	_, err := c.SubscribeToShard(t.Context(), &kinesis.SubscribeToShardInput{ConsumerARN: arn, ShardId: aws.String(shard0), StartingPosition: &latest})
	var inUse *types.ResourceInUseException
	if want := "Another active subscription exists for this consumer: 000000000000:s:1772366400:shardId-000000000000:c"; !errors.As(err, &inUse) || inUse.ErrorMessage() != want {
		t.Errorf("at once: %v", err)
	}
	clock.advance(time.Millisecond)
	second := subscribe(t, c, arn, shard0, latest).opened()
	if first.take(1); !errors.As(first.stream.Err(), &inUse) {
		t.Errorf("the first one ends with %v", first.stream.Err())
	}
	put(t, c, "s", "k", "x")
	if got := second.take(1); got != "x" {
		t.Errorf("the second one gets %q", got)
	}
}

// The event stream in CBOR, message by message: what the Java SDK reads.
func TestSubscribeCBOR(t *testing.T) {
	s := start(t, local.Options{})
	c := client(s)
	created(t, c, "s", 1)
	put(t, c, "s", "k", "one")
	body, err := cbor.Marshal(map[string]any{"ConsumerARN": *register(t, c, "s", "c"), "ShardId": shard0, "StartingPosition": map[string]any{"Type": "TRIM_HORIZON"}})
	if err != nil {
		t.Fatal(err)
	}
	resp := send(t, http.DefaultClient, s, "SubscribeToShard", "application/x-amz-cbor-1.1", body)
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || got != "application/vnd.amazon.eventstream" {
		t.Fatalf("%d %s", resp.StatusCode, got)
	}
	d := eventstream.NewDecoder()
	next := func() (string, map[string]any) {
		t.Helper()
		m, err := d.Decode(resp.Body, nil)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		mode, err := cbor.DecOptions{DefaultMapType: reflect.TypeFor[map[string]any]()}.DecMode()
		if err != nil {
			t.Fatal(err)
		}
		if err := mode.Unmarshal(m.Payload, &v); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(m.Headers.Get(":message-type"), " ", m.Headers.Get(":event-type"), m.Headers.Get(":exception-type"), " ", m.Headers.Get(":content-type")), v
	}
	if head, v := next(); head != "event initial-response<nil> application/x-amz-cbor-1.1" || len(v) != 0 {
		t.Errorf("first: %s %v", head, v)
	}
	head, v := next()
	records, _ := v["Records"].([]any)
	if head != "event SubscribeToShardEvent<nil> application/x-amz-cbor-1.1" || len(records) != 1 || v["MillisBehindLatest"] != uint64(0) {
		t.Fatalf("second: %s %v", head, v)
	}
	r := records[0].(map[string]any)
	if !bytes.Equal(r["Data"].([]byte), []byte("one")) || v["ContinuationSequenceNumber"] != r["SequenceNumber"] {
		t.Errorf("record: %v", r)
	}
	split(t, c, "s", shard0, half)
	head, v = next()
	if children, _ := v["ChildShards"].([]any); len(children) != 2 || v["ContinuationSequenceNumber"] != nil {
		t.Errorf("third: %s %v", head, v)
	}
	if _, err := d.Decode(resp.Body, nil); err != io.EOF {
		t.Errorf("then %v", err)
	}
}
