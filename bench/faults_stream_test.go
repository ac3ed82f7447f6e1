//go:build slow && linux

package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const faultStream = "numbers"

// faultClient is an SDK client. One that doesn't repeat by itself makes 1 attempt.
func faultClient(endpoint string, attempts int) *kinesis.Client {
	return kinesis.New(kinesis.Options{
		Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""), RetryMaxAttempts: attempts,
	})
}

// numberWriter puts records that are numbered, first, first + step and so on, and repeats those that were not acknowledged.
type numberWriter struct {
	client      *kinesis.Client
	first, step int
	perSecond   int
	acked       []bool // by the number's place in the sequence
	repeated    int    // records sent again
}

// run writes until ctx ends.
func (w *numberWriter) run(ctx context.Context) {
	const every = 40 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	var pending []int // sent and not acknowledged
	for begun := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		due := int(time.Since(begun).Seconds() * float64(w.perSecond))
		batch := pending[:min(len(pending), 400)]
		w.repeated += len(batch)
		rest := slices.Clone(pending[len(batch):])
		batch = slices.Clone(batch)
		for len(batch) < 500 && len(w.acked) < due {
			batch = append(batch, len(w.acked))
			w.acked = append(w.acked, false)
		}
		if len(batch) == 0 {
			continue
		}
		pending = append(rest, w.put(batch)...)
	}
}

// put returns those of a batch that were not acknowledged.
func (w *numberWriter) put(batch []int) (again []int) {
	in := &kinesis.PutRecordsInput{StreamName: aws.String(faultStream)}
	for _, i := range batch {
		n := w.first + i*w.step
		in.Records = append(in.Records, ktypes.PutRecordsRequestEntry{
			Data: fmt.Appendf(nil, `{"id":%d,"text":"a record of an ordinary size, as clicks and orders have it"}`, n), PartitionKey: aws.String(fmt.Sprint("key-", n)),
		})
	}
	// An answer may never come. Which request is given up is left to the time, as a client's is.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := w.client.PutRecords(ctx, in)
	if err != nil || len(out.Records) != len(batch) {
		return batch
	}
	for k, result := range out.Records {
		if result.ErrorCode != nil {
			again = append(again, batch[k])
		} else {
			w.acked[batch[k]] = true
		}
	}
	return again
}

// resharder changes the stream's shards: splits one, merges two or scales all of them, between 1 and most open ones.
type resharder struct {
	client *kinesis.Client
	rng    *rand.Rand
	most   int
	counts map[string]int
}

// change makes one change, or tells why there was none.
func (r *resharder) change(ctx context.Context) error {
	open, err := openShards(ctx, r.client)
	if err != nil {
		return err
	}
	if r.rng.IntN(3) == 0 {
		n := len(open)
		target := (n+1)/2 + r.rng.IntN(min(2*n, r.most)-(n+1)/2+1)
		_, err := r.client.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{
			StreamName: aws.String(faultStream), TargetShardCount: aws.Int32(int32(target)), ScalingType: ktypes.ScalingTypeUniformScaling,
		})
		var limit *ktypes.LimitExceededException // ten times a day
		if !errors.As(err, &limit) {
			r.note("UpdateShardCount", err)
			return err
		}
	}
	if len(open) == 1 || len(open) < r.most && r.rng.IntN(2) == 0 {
		shard := open[r.rng.IntN(len(open))]
		from, to := hashKey(*shard.HashKeyRange.StartingHashKey), hashKey(*shard.HashKeyRange.EndingHashKey)
		share := big.NewInt(int64(20 + r.rng.IntN(60))) // percent
		at := new(big.Int).Sub(to, from)
		at.Add(from, at.Div(at.Mul(at, share), big.NewInt(100)))
		_, err := r.client.SplitShard(ctx, &kinesis.SplitShardInput{
			StreamName: aws.String(faultStream), ShardToSplit: shard.ShardId, NewStartingHashKey: aws.String(at.String()),
		})
		r.note("SplitShard", err)
		return err
	}
	i := r.rng.IntN(len(open) - 1)
	_, err = r.client.MergeShards(ctx, &kinesis.MergeShardsInput{
		StreamName: aws.String(faultStream), ShardToMerge: open[i].ShardId, AdjacentShardToMerge: open[i+1].ShardId,
	})
	r.note("MergeShards", err)
	return err
}

func (r *resharder) note(what string, err error) {
	if err == nil {
		r.counts[what]++
	}
}

func hashKey(s string) *big.Int {
	n, _ := new(big.Int).SetString(s, 10)
	return n
}

// allShards lists the stream's shards, closed ones, too.
func allShards(ctx context.Context, client *kinesis.Client) (all []ktypes.Shard, err error) {
	for in := (&kinesis.ListShardsInput{StreamName: aws.String(faultStream)}); ; {
		out, err := client.ListShards(ctx, in)
		if err != nil {
			return nil, err
		}
		all = append(all, out.Shards...)
		if out.NextToken == nil {
			return all, nil
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
}

// openShards lists the shards that take records, in the order of their hash keys.
func openShards(ctx context.Context, client *kinesis.Client) ([]ktypes.Shard, error) {
	all, err := allShards(ctx, client)
	if err != nil {
		return nil, err
	}
	open := slices.DeleteFunc(all, func(s ktypes.Shard) bool { return s.SequenceNumberRange.EndingSequenceNumber != nil })
	slices.SortFunc(open, func(a, b ktypes.Shard) int {
		return hashKey(*a.HashKeyRange.StartingHashKey).Cmp(hashKey(*b.HashKeyRange.StartingHashKey))
	})
	return open, nil
}

// touchShards puts a record into each open shard, with a number that no writer has.
func touchShards(t *testing.T, client *kinesis.Client) {
	t.Helper()
	open, err := openShards(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	for i, shard := range open {
		if _, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{
			StreamName: aws.String(faultStream), Data: fmt.Appendf(nil, `{"id":%d}`, 1_000_000_000+i), PartitionKey: aws.String("k"), ExplicitHashKey: shard.HashKeyRange.StartingHashKey,
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// contents is what a stream holds.
type contents struct {
	shards  int
	ids     map[int]counted // how often each number is there
	windows map[int]counted // by the second at which it begins, those that every shard is past
}

// groups are the numbers modulo 8.
func (n *contents) groups() map[int]counted {
	all := map[int]counted{}
	for id, row := range n.ids {
		g := all[id%8]
		all[id%8] = counted{g.c + row.c, g.s + row.c*id}
	}
	return all
}

// readNumbers reads the whole stream as any consumer can, shard by shard. Each sequence number must be above the one before
// it and within its shard.
func readNumbers(t *testing.T, client *kinesis.Client) *contents {
	t.Helper()
	ctx := t.Context()
	all, err := allShards(ctx, client)
	if err != nil {
		t.Fatal(err)
	}
	n := &contents{shards: len(all), ids: map[int]counted{}, windows: map[int]counted{}}
	passed := time.Now() // by all shards that go on
	for _, shard := range all {
		first := *shard.SequenceNumberRange.StartingSequenceNumber
		last, open := strings.Repeat("9", len(first)), shard.SequenceNumberRange.EndingSequenceNumber == nil
		if !open {
			last = *shard.SequenceNumberRange.EndingSequenceNumber
		}
		it, err := client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
			StreamName: aws.String(faultStream), ShardId: shard.ShardId, ShardIteratorType: ktypes.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			t.Fatal(err)
		}
		before := ""
		var arrived time.Time
		for next := it.ShardIterator; next != nil; {
			out, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: next})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range out.Records {
				if s := *r.SequenceNumber; s <= before || s < first || s > last || len(s) != len(first) || r.ApproximateArrivalTimestamp.Before(arrived) {
					t.Errorf("shard %s, from %s to %s: sequence number %s after %s, arrived at %s after %s", *shard.ShardId, first, last, s, before, r.ApproximateArrivalTimestamp, arrived)
				}
				before, arrived = *r.SequenceNumber, *r.ApproximateArrivalTimestamp
				var row struct{ ID int }
				if err := json.Unmarshal(r.Data, &row); err != nil {
					t.Fatalf("%q: %v", r.Data, err)
				}
				n.ids[row.ID] = counted{c: n.ids[row.ID].c + 1}
				w := int(arrived.Unix()) / windowSeconds * windowSeconds
				n.windows[w] = counted{n.windows[w].c + 1, n.windows[w].s + row.ID}
			}
			next = out.NextShardIterator
			if open && len(out.Records) == 0 && *out.MillisBehindLatest == 0 {
				break
			}
		}
		if open && arrived.Before(passed) {
			passed = arrived
		}
	}
	for w := range n.windows { // the watermark is a millisecond behind
		if time.Unix(int64(w+windowSeconds), 0).After(passed) {
			delete(n.windows, w)
		}
	}
	return n
}

// windowSeconds is how long the windows of faultsSQL are.
const windowSeconds = 2
