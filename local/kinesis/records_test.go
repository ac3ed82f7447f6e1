package kinesis_test

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/fxamacker/cbor/v2"

	"github.com/weirsql/weir/local"
)

func put(t testing.TB, c *kinesis.Client, stream, key, data string) *kinesis.PutRecordOutput {
	t.Helper()
	out, err := c.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: &stream, PartitionKey: &key, Data: []byte(data)})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// iterate gets an iterator of the first shard; at is a sequence number (*string), a time or nil.
func iterate(t testing.TB, c *kinesis.Client, stream string, kind types.ShardIteratorType, at any) *string {
	t.Helper()
	in := &kinesis.GetShardIteratorInput{StreamName: &stream, ShardId: aws.String("shardId-000000000000"), ShardIteratorType: kind}
	switch at := at.(type) {
	case *string:
		in.StartingSequenceNumber = at
	case time.Time:
		in.Timestamp = &at
	}
	out, err := c.GetShardIterator(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out.ShardIterator
}

// drain reads until the tip and joins the data.
func drain(t testing.TB, c *kinesis.Client, it *string) string {
	t.Helper()
	var got []string
	for {
		out, err := c.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.Records {
			got = append(got, string(r.Data))
		}
		if *out.MillisBehindLatest == 0 {
			return strings.Join(got, " ")
		}
		it = out.NextShardIterator
	}
}

// Every type of iterator starts where AWS says it does; LATEST and a drained iterator see what comes later.
func TestIteratorTypes(t *testing.T) {
	clock := newFakeClock()
	c := client(start(t, local.Options{Clock: clock}))
	created(t, c, "s", 1)
	early := iterate(t, c, "s", types.ShardIteratorTypeLatest, nil)
	var seqs []*string
	var times []time.Time
	for i := range 4 {
		clock.advance(time.Second)
		times = append(times, clock.Now())
		seqs = append(seqs, put(t, c, "s", "k", fmt.Sprint("r", i)).SequenceNumber)
	}
	clock.advance(time.Second)
	shards, err := c.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: aws.String("s")})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		kind types.ShardIteratorType
		at   any
		want string
	}{
		{types.ShardIteratorTypeTrimHorizon, nil, "r0 r1 r2 r3"},
		{types.ShardIteratorTypeLatest, nil, ""},
		{types.ShardIteratorTypeAtSequenceNumber, seqs[1], "r1 r2 r3"},
		{types.ShardIteratorTypeAfterSequenceNumber, seqs[1], "r2 r3"},
		{types.ShardIteratorTypeAfterSequenceNumber, seqs[3], ""},
		{types.ShardIteratorTypeAtSequenceNumber, shards.Shards[0].SequenceNumberRange.StartingSequenceNumber, "r0 r1 r2 r3"},
		{types.ShardIteratorTypeAfterSequenceNumber, shards.Shards[0].SequenceNumberRange.StartingSequenceNumber, "r0 r1 r2 r3"},
		{types.ShardIteratorTypeAtTimestamp, times[2], "r2 r3"},
		{types.ShardIteratorTypeAtTimestamp, times[2].Add(time.Millisecond), "r3"},
		{types.ShardIteratorTypeAtTimestamp, times[0].Add(-time.Hour), "r0 r1 r2 r3"},
		{types.ShardIteratorTypeAtTimestamp, clock.Now(), ""},
	} {
		if got := drain(t, c, iterate(t, c, "s", x.kind, x.at)); got != x.want {
			t.Errorf("%s %v: %q, want %q", x.kind, x.at, got, x.want)
		}
	}
	if got := drain(t, c, early); got != "r0 r1 r2 r3" {
		t.Errorf("LATEST, taken before: %q", got)
	}
}

func TestIteratorExpiresAfterFiveMinutes(t *testing.T) {
	clock := newFakeClock()
	c := client(start(t, local.Options{Clock: clock}))
	created(t, c, "s", 1)
	it := iterate(t, c, "s", types.ShardIteratorTypeTrimHorizon, nil)
	clock.advance(5 * time.Minute)
	out, err := c.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it})
	if err != nil {
		t.Fatal(err)
	}
	clock.advance(time.Millisecond)
	_, err = c.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it})
	var expired *types.ExpiredIteratorException
	want := "Iterator expired. The iterator was created at time Sun Mar 01 12:00:00 UTC 2026 while right now it is Sun Mar 01 12:05:00 UTC 2026 " +
		"which is further in the future than the tolerated delay of 300000 milliseconds."
	if !errors.As(err, &expired) || expired.ErrorMessage() != want {
		t.Errorf("got %v", err)
	}
	if _, err := c.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: out.NextShardIterator}); err != nil {
		t.Errorf("the fresh one: %v", err)
	}
}

func TestMillisBehindLatestAndArrival(t *testing.T) {
	clock := newFakeClock()
	c := client(start(t, local.Options{Clock: clock}))
	created(t, c, "s", 1)
	clock.advance(123 * time.Millisecond)
	put(t, c, "s", "k", "a")
	arrived := clock.Now()
	clock.advance(2 * time.Second)
	put(t, c, "s", "k", "b")
	clock.advance(3 * time.Second)
	out, err := c.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: iterate(t, c, "s", types.ShardIteratorTypeTrimHorizon, nil), Limit: aws.Int32(1)})
	if err != nil {
		t.Fatal(err)
	}
	if *out.MillisBehindLatest != 5000 || !out.Records[0].ApproximateArrivalTimestamp.Equal(arrived) {
		t.Errorf("behind %d ms, arrived %v; want 5000, %v", *out.MillisBehindLatest, out.Records[0].ApproximateArrivalTimestamp, arrived)
	}
	out, err = c.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: out.NextShardIterator})
	if err != nil || *out.MillisBehindLatest != 0 || len(out.Records) != 1 {
		t.Errorf("at the tip: %+v %v", out, err)
	}
	// Not at the tip, even within a millisecond, is not 0: clients take that for the end.
	put(t, c, "s", "k", "b2")
	out, err = c.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: out.NextShardIterator, Limit: aws.Int32(1)})
	if err != nil || *out.MillisBehindLatest != 0 {
		t.Errorf("at the tip again: %+v %v", out, err)
	}
	clock.advance(time.Second)
	put(t, c, "s", "k", "b3")
	put(t, c, "s", "k", "b4")
	out, err = c.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: out.NextShardIterator, Limit: aws.Int32(1)})
	if err != nil || *out.MillisBehindLatest != 1 {
		t.Errorf("one record before the tip, in its millisecond: %+v %v", out, err)
	}
	// A clock that is set back does not turn arrivals back.
	clock.advance(-time.Hour)
	put(t, c, "s", "k", "c")
	out, err = c.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: iterate(t, c, "s", types.ShardIteratorTypeTrimHorizon, nil)})
	if err != nil || out.Records[2].ApproximateArrivalTimestamp.Before(*out.Records[1].ApproximateArrivalTimestamp) {
		t.Errorf("clock set back: %v %v", out.Records, err)
	}
}

// Records go where MD5 or the explicit hash key says, and sequence numbers rise within a shard.
func TestPutRecordsShardsAndOrder(t *testing.T) {
	c := client(start(t, local.Options{}))
	ctx := t.Context()
	created(t, c, "s", 3)
	third := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(3))
	rng := rand.New(rand.NewPCG(7, 7))
	last := map[string]string{}
	want := map[string][]string{}
	for n := range 20 {
		var entries []types.PutRecordsRequestEntry
		var shards []string
		for i := range 1 + rng.IntN(60) {
			key := fmt.Sprint("ключ-", rng.IntN(1000))
			sum := md5.Sum([]byte(key))
			hash := new(big.Int).SetBytes(sum[:])
			e := types.PutRecordsRequestEntry{PartitionKey: &key, Data: fmt.Appendf(nil, "%d/%d", n, i)}
			if rng.IntN(3) == 0 {
				hash.Lsh(hash.SetUint64(rng.Uint64()), 64)
				hash.Add(hash, new(big.Int).SetUint64(rng.Uint64()))
				e.ExplicitHashKey = aws.String(hash.String())
			}
			shard := min(new(big.Int).Div(hash, third).Int64(), 2)
			shards = append(shards, fmt.Sprintf("shardId-%012d", shard))
			entries = append(entries, e)
		}
		out, err := c.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: aws.String("s"), Records: entries})
		if err != nil {
			t.Fatal(err)
		}
		if *out.FailedRecordCount != 0 || len(out.Records) != len(entries) {
			t.Fatalf("%d failed, %d results of %d", *out.FailedRecordCount, len(out.Records), len(entries))
		}
		for i, r := range out.Records {
			if *r.ShardId != shards[i] {
				t.Errorf("record %d/%d went to %s, want %s", n, i, *r.ShardId, shards[i])
			}
			if *r.SequenceNumber <= last[*r.ShardId] {
				t.Errorf("%s does not follow %s", *r.SequenceNumber, last[*r.ShardId])
			}
			last[*r.ShardId] = *r.SequenceNumber
			want[*r.ShardId] = append(want[*r.ShardId], string(entries[i].Data)+" "+*entries[i].PartitionKey+" "+*r.SequenceNumber)
		}
	}
	for shard, records := range want {
		it, err := c.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: aws.String("s"), ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for next := it.ShardIterator; ; {
			out, err := c.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: next, Limit: aws.Int32(int32(1 + rng.IntN(9)))})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range out.Records {
				got = append(got, string(r.Data)+" "+*r.PartitionKey+" "+*r.SequenceNumber)
			}
			if next = out.NextShardIterator; *out.MillisBehindLatest == 0 && len(out.Records) == 0 {
				break
			}
		}
		if strings.Join(got, "\n") != strings.Join(records, "\n") {
			t.Errorf("%s: got %d records, want %d in the order put", shard, len(got), len(records))
		}
	}
}

// Limits by size: a record of 1 MiB with its key is the default's most, a stream can allow 10 MiB; GetRecords stops at 10
// MiB. In CBOR, because the bodies are large and base64 is slow under the race detector.
func TestRecordSizes(t *testing.T) {
	s := start(t, local.Options{})
	created(t, client(s), "s", 1)
	type m = map[string]any
	call := func(action string, in m) m {
		t.Helper()
		in["StreamARN"] = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
		body, err := cbor.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		return callCBOR(t, s, action, body)
	}
	data := bytes.Repeat([]byte("x"), 1<<20)
	if got := call("PutRecord", m{"PartitionKey": "k", "Data": data[1:]}); got["__type"] != nil {
		t.Errorf("1 MiB with its key: %v", got)
	}
	const large = "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=1048577 cap=1048577]' at 'data' failed to satisfy constraint: Member must have length less than or equal to 1048576"
	if got := call("PutRecord", m{"PartitionKey": "k", "Data": data}); got["__type"] != "ValidationException" || got["message"] != large {
		t.Errorf("1 MiB and a key: %v", got)
	}
	var records []m
	for range 10 {
		records = append(records, m{"PartitionKey": "k", "Data": data[1:]})
	}
	if got := call("PutRecords", m{"Records": records}); got["FailedRecordCount"] != uint64(0) {
		t.Errorf("10 MiB: %v", got["message"])
	}
	records = append(records, m{"PartitionKey": "k", "Data": []byte{}})
	if got := call("PutRecords", m{"Records": records}); got["__type"] != "InvalidArgumentException" || got["message"] != "Records size exceeds 10 MB limit" {
		t.Errorf("10 MiB and a byte: %v %v", got["__type"], got["message"])
	}
	call("UpdateMaxRecordSize", m{"MaxRecordSizeInKiB": 10240})
	if got := call("PutRecord", m{"PartitionKey": "k", "Data": bytes.Repeat(data, 10)[1:]}); got["__type"] != nil {
		t.Errorf("10 MiB in one record: %v", got["message"])
	}
	it := call("GetShardIterator", m{"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"})["ShardIterator"]
	var counts []int
	for range 3 {
		got := call("GetRecords", m{"ShardIterator": it})
		counts = append(counts, len(got["Records"].([]any)))
		it = got["NextShardIterator"]
	}
	if fmt.Sprint(counts) != "[10 1 1]" {
		t.Errorf("records per call: %v, want [10 1 1]", counts)
	}
}

// Large answers reach an SDK client whole, call after call.
func TestLargeAnswers(t *testing.T) {
	s := start(t, local.Options{})
	c := client(s)
	created(t, c, "s", 1)
	entry := types.PutRecordsRequestEntry{PartitionKey: aws.String("k"), Data: bytes.Repeat([]byte("0123456789"), 400)}
	entries := make([]types.PutRecordsRequestEntry, 500)
	for i := range entries {
		entries[i] = entry
	}
	for range 2 {
		if _, err := c.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("s"), Records: entries}); err != nil {
			t.Fatal(err)
		}
	}
	retrying := kinesis.New(c.Options(), func(o *kinesis.Options) { o.RetryMaxAttempts = 5 })
	it := iterate(t, c, "s", types.ShardIteratorTypeTrimHorizon, nil)
	for range 3 {
		out, err := retrying.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it})
		if err != nil || len(out.Records) != 1000 {
			t.Fatalf("%d records, %v", len(out.Records), err)
		}
	}
}
