package kinesis_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/weirsql/weir/local"
)

const rateText = "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000."

// With limits a shard takes 1,000 records and 1 MiB in a second, not one more; without, anything.
func TestWriteLimits(t *testing.T) {
	clock := newFakeClock()
	c := client(start(t, local.Options{Clock: clock, Limits: true}))
	created(t, c, "s", 2)
	// hash 0 is the first shard, the last one the other.
	batch := func(n, size int, hash string) int {
		t.Helper()
		in := &kinesis.PutRecordsInput{StreamName: aws.String("s")}
		for range n {
			in.Records = append(in.Records, types.PutRecordsRequestEntry{PartitionKey: aws.String("k"), ExplicitHashKey: &hash, Data: make([]byte, size-1)})
		}
		out, err := c.PutRecords(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.Records[n-int(*out.FailedRecordCount):] {
			if aws.ToString(r.ErrorCode) != "ProvisionedThroughputExceededException" || hash == "0" && *r.ErrorMessage != rateText || r.SequenceNumber != nil {
				t.Fatalf("refused: %+v", r)
			}
		}
		return n - int(*out.FailedRecordCount)
	}
	last := "340282366920938463463374607431768211455"
	for _, x := range []struct {
		after      time.Duration
		n, size    int
		hash       string
		want       int
		wantReason string
	}{
		{0, 500, 1, "0", 500, "half of the records"},
		{0, 500, 1, "0", 500, "the other half"},
		{0, 10, 1, "0", 0, "beyond 1,000 records"},
		{0, 10, 1, last, 10, "another shard"},
		{3 * time.Millisecond, 10, 1, "0", 3, "three milliseconds later"},
		{time.Hour, 500, 2048, "0", 500, "most of a MiB"},
		{0, 100, 2048, "0", 12, "1 MiB"},
		{time.Hour, 1, 1 << 20, "0", 1, "1 MiB in one record"},
		{500 * time.Millisecond, 1, 1<<19 + 1, "0", 0, "more than half a second's worth"},
		{0, 1, 1 << 19, "0", 1, "half a second's worth"},
	} {
		clock.advance(x.after)
		if got := batch(x.n, x.size, x.hash); got != x.want {
			t.Errorf("%s: %d records of %d bytes: %d accepted, want %d", x.wantReason, x.n, x.size, got, x.want)
		}
	}
	var e *types.ProvisionedThroughputExceededException
	_, err := c.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), ExplicitHashKey: aws.String("0"), Data: []byte("x")})
	if !errors.As(err, &e) || e.ErrorMessage() != rateText {
		t.Errorf("PutRecord: %v", err)
	}
}

// With limits a shard is read five times and by 2 MiB in a second; 10 MiB at once are five seconds' worth.
func TestReadLimits(t *testing.T) {
	clock := newFakeClock()
	s := start(t, local.Options{Clock: clock, Limits: true})
	c := client(s)
	created(t, c, "s", 1)
	it := iterate(t, c, "s", types.ShardIteratorTypeTrimHorizon, nil)
	get := func() (int, error) {
		out, err := c.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it})
		if err != nil {
			return 0, err
		}
		return len(out.Records), nil
	}
	var e *types.ProvisionedThroughputExceededException
	for i := range 7 {
		if _, err := get(); i < 5 && err != nil || i >= 5 && (!errors.As(err, &e) || e.ErrorMessage() != rateText) {
			t.Errorf("call %d: %v", i+1, err)
		}
	}
	clock.advance(200 * time.Millisecond)
	if _, err := get(); err != nil {
		t.Errorf("a fifth of a second later: %v", err)
	}
	for range 10 {
		clock.advance(time.Second)
		if _, err := c.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), Data: bytes.Repeat([]byte("x"), 1<<20-1)}); err != nil {
			t.Fatal(err)
		}
	}
	it = iterate(t, c, "s", types.ShardIteratorTypeTrimHorizon, nil)
	if n, err := get(); n != 10 || err != nil {
		t.Fatalf("10 MiB: %d records, %v", n, err)
	}
	clock.advance(5*time.Second - time.Millisecond)
	if _, err := get(); !errors.As(err, &e) {
		t.Errorf("within five seconds: %v", err)
	}
	clock.advance(2 * time.Millisecond)
	if n, err := get(); n != 10 || err != nil {
		t.Errorf("after five seconds: %d records, %v", n, err)
	}
}
