package kinesis_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/weirsql/weir/local"
)

const half = "170141183460469231731687303715884105728" // 2^127

func split(t testing.TB, c *kinesis.Client, stream, shard, at string) {
	t.Helper()
	if _, err := c.SplitShard(t.Context(), &kinesis.SplitShardInput{StreamName: &stream, ShardToSplit: &shard, NewStartingHashKey: &at}); err != nil {
		t.Fatal(err)
	}
}

// shardLines describes the shards that a ListShards returns: number, parents, the first hexadecimal digits of the range, and
// whether it is closed.
func shardLines(t testing.TB, c *kinesis.Client, in *kinesis.ListShardsInput) string {
	t.Helper()
	var out []string
	for {
		page, err := c.ListShards(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, sh := range page.Shards {
			first, _ := new(big.Int).SetString(*sh.HashKeyRange.StartingHashKey, 10)
			last, _ := new(big.Int).SetString(*sh.HashKeyRange.EndingHashKey, 10)
			line := fmt.Sprintf("%s [%.2s,%.2s]", (*sh.ShardId)[19:], fmt.Sprintf("%032x", first), fmt.Sprintf("%032x", last))
			if sh.ParentShardId != nil {
				line += " <" + (*sh.ParentShardId)[19:]
			}
			if sh.AdjacentParentShardId != nil {
				line += "+" + (*sh.AdjacentParentShardId)[19:]
			}
			if end := sh.SequenceNumberRange.EndingSequenceNumber; end != nil {
				line += " closed"
				if *end <= *sh.SequenceNumberRange.StartingSequenceNumber {
					t.Errorf("shard %s ends at %s, before its start", *sh.ShardId, *end)
				}
			}
			out = append(out, line)
		}
		if page.NextToken == nil {
			return strings.Join(out, "; ")
		}
		in = &kinesis.ListShardsInput{NextToken: page.NextToken, MaxResults: in.MaxResults}
	}
}

// A split and a merge: the parents end, the children begin, readers are led from the one to the other.
func TestSplitAndMerge(t *testing.T) {
	clock := newFakeClock()
	dir := t.TempDir()
	s, err := local.Start(context.Background(), local.Options{Clock: clock, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	c := client(s)
	ctx := t.Context()
	name := aws.String("s")
	created(t, c, "s", 1)
	put(t, c, "s", "a", "a1") // MD5 of "a" begins with 0c, of "b" with 92
	before := put(t, c, "s", "b", "b1")
	at0 := clock.Now()
	clock.advance(time.Second)
	old := iterate(t, c, "s", types.ShardIteratorTypeLatest, nil)
	split(t, c, "s", "shardId-000000000000", half)
	at1 := clock.Now()
	first, second := put(t, c, "s", "a", "a2"), put(t, c, "s", "b", "b2")
	if *first.ShardId != "shardId-000000000001" || *second.ShardId != "shardId-000000000002" {
		t.Errorf("after the split: %s %s", *first.ShardId, *second.ShardId)
	}
	if *first.SequenceNumber <= *before.SequenceNumber || *second.SequenceNumber <= *before.SequenceNumber {
		t.Error("children's numbers don't follow the parent's")
	}

	// An iterator at the end of the parent learns so, and of the children.
	out, err := c.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: old})
	if err != nil {
		t.Fatal(err)
	}
	if out.NextShardIterator != nil || len(out.Records) != 0 || len(out.ChildShards) != 2 ||
		*out.ChildShards[1].ShardId != "shardId-000000000002" || !slices.Equal(out.ChildShards[1].ParentShards, []string{"shardId-000000000000"}) ||
		*out.ChildShards[1].HashKeyRange.StartingHashKey != half {
		t.Errorf("at the end of the parent: %+v", out)
	}
	// One that is not there yet gets the records first.
	it := iterate(t, c, "s", types.ShardIteratorTypeTrimHorizon, nil)
	out, err = c.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: it, Limit: aws.Int32(1)})
	if err != nil || len(out.Records) != 1 || out.NextShardIterator == nil || out.ChildShards != nil {
		t.Fatalf("first record of the parent: %+v %v", out, err)
	}
	out, err = c.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: out.NextShardIterator})
	if err != nil || len(out.Records) != 1 || out.NextShardIterator != nil || len(out.ChildShards) != 2 {
		t.Fatalf("last record of the parent: %+v %v", out, err)
	}

	clock.advance(time.Second)
	if _, err := c.MergeShards(ctx, &kinesis.MergeShardsInput{StreamName: name, ShardToMerge: first.ShardId, AdjacentShardToMerge: second.ShardId}); err != nil {
		t.Fatal(err)
	}
	if got := *put(t, c, "s", "a", "a3").ShardId; got != "shardId-000000000003" {
		t.Errorf("after the merge: %s", got)
	}
	want := "0 [00,ff] closed; 1 [00,7f] <0 closed; 2 [80,ff] <0 closed; 3 [00,ff] <1+2"
	check := func(c *kinesis.Client) {
		t.Helper()
		if got := shardLines(t, c, &kinesis.ListShardsInput{StreamName: name}); got != want {
			t.Errorf("shards:\n got %s\nwant %s", got, want)
		}
		for _, f := range []struct {
			filter types.ShardFilter
			want   string
		}{
			{types.ShardFilter{Type: types.ShardFilterTypeAtLatest}, "3"},
			{types.ShardFilter{Type: types.ShardFilterTypeAtTrimHorizon}, "0"},
			{types.ShardFilter{Type: types.ShardFilterTypeFromTrimHorizon}, "0123"},
			{types.ShardFilter{Type: types.ShardFilterTypeAtTimestamp, Timestamp: aws.Time(at0)}, "0"},
			{types.ShardFilter{Type: types.ShardFilterTypeAtTimestamp, Timestamp: aws.Time(at1)}, "12"},
			{types.ShardFilter{Type: types.ShardFilterTypeFromTimestamp, Timestamp: aws.Time(at1.Add(time.Millisecond))}, "123"},
			{types.ShardFilter{Type: types.ShardFilterTypeAfterShardId, ShardId: aws.String("shardId-000000000001")}, "23"},
		} {
			var got strings.Builder
			// A page each: the filter must survive in the token.
			for _, line := range strings.Split(shardLines(t, c, &kinesis.ListShardsInput{StreamName: name, ShardFilter: &f.filter, MaxResults: aws.Int32(1)}), "; ") {
				got.WriteByte(line[0])
			}
			if got.String() != f.want {
				t.Errorf("%s: shards %s, want %s", f.filter.Type, got.String(), f.want)
			}
		}
	}
	check(c)
	sum, err := c.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: name})
	if err != nil || *sum.StreamDescriptionSummary.OpenShardCount != 1 {
		t.Errorf("summary: %+v %v", sum, err)
	}

	// All of that is on disk.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start(t, local.Options{Clock: clock, Dir: dir})
	c = client(s)
	check(c)
	out, err = c.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterate(t, c, "s", types.ShardIteratorTypeTrimHorizon, nil)})
	if err != nil || len(out.Records) != 2 || out.NextShardIterator != nil || len(out.ChildShards) != 2 {
		t.Errorf("the parent after a restart: %+v %v", out, err)
	}
	if got := *put(t, c, "s", "a", "a4").ShardId; got != "shardId-000000000003" {
		t.Errorf("after a restart: %s", got)
	}

	// Once the last record of a closed shard is past the retention, the shard is gone.
	clock.advance(24*time.Hour + time.Millisecond)
	want = "3 [00,ff] <1+2"
	if got := shardLines(t, c, &kinesis.ListShardsInput{StreamName: name}); got != want {
		t.Errorf("a day later: %s", got)
	}
	var notFound *types.ResourceNotFoundException
	if _, err := c.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: name, ShardId: aws.String("shardId-000000000000"),
		ShardIteratorType: types.ShardIteratorTypeTrimHorizon}); !errors.As(err, &notFound) {
		t.Errorf("iterator of an expired shard: %v", err)
	}
}

// UpdateShardCount ends with even ranges whatever there was before, and every shard it makes has the parents whose range it
// took over.
func TestUpdateShardCount(t *testing.T) {
	clock := newFakeClock()
	c := client(start(t, local.Options{Clock: clock, Transition: time.Second}))
	ctx := t.Context()
	name := aws.String("s")
	created(t, c, "s", 2)
	clock.advance(time.Second)
	scale := func(target int32) (*kinesis.UpdateShardCountOutput, error) {
		return c.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{StreamName: name, TargetShardCount: &target, ScalingType: types.ScalingTypeUniformScaling})
	}
	have := int32(2)
	for _, target := range []int32{3, 5, 4, 7, 14, 7, 4, 2, 1} {
		out, err := scale(target)
		if err != nil {
			t.Fatal(err)
		}
		if *out.CurrentShardCount != have || *out.TargetShardCount != target || *out.StreamName != "s" || *out.StreamARN != "arn:aws:kinesis:us-east-1:000000000000:stream/s" {
			t.Errorf("to %d: %+v", target, out)
		}
		have = target
		var inUse *types.ResourceInUseException
		if _, err := scale(target + 1); !errors.As(err, &inUse) {
			t.Errorf("while UPDATING: %v", err)
		}
		put(t, c, "s", "k", "written while UPDATING")
		open, err := c.ListShards(ctx, &kinesis.ListShardsInput{StreamName: name, ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtLatest}})
		if err != nil {
			t.Fatal(err)
		}
		width := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(int64(target)))
		var starts []string
		for _, sh := range open.Shards {
			starts = append(starts, fmt.Sprintf("%39s", *sh.HashKeyRange.StartingHashKey))
		}
		slices.Sort(starts)
		for i := range starts {
			if want := fmt.Sprintf("%39s", new(big.Int).Mul(width, big.NewInt(int64(i)))); len(starts) != int(target) || starts[i] != want {
				t.Errorf("to %d: %d shards, range %d starts at %s, want %s", target, len(starts), i, starts[i], want)
			}
		}
		clock.advance(time.Second)
	}
	all, err := c.ListShards(ctx, &kinesis.ListShardsInput{StreamName: name})
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]types.Shard{}
	for _, sh := range all.Shards {
		byID[*sh.ShardId] = sh
		first, last := *sh.HashKeyRange.StartingHashKey, *sh.HashKeyRange.EndingHashKey
		switch {
		case sh.AdjacentParentShardId != nil: // merged: just both ranges
			if *byID[*sh.ParentShardId].HashKeyRange.StartingHashKey != first || *byID[*sh.AdjacentParentShardId].HashKeyRange.EndingHashKey != last {
				t.Errorf("%s is not its parents' range", *sh.ShardId)
			}
		case sh.ParentShardId != nil: // split: one end is the parent's
			if p := byID[*sh.ParentShardId].HashKeyRange; *p.StartingHashKey != first && *p.EndingHashKey != last {
				t.Errorf("%s is not within its parent's range", *sh.ShardId)
			}
		}
	}

	// Limits: half and double, ten times a day.
	var limit *types.LimitExceededException
	if _, err := scale(3); !errors.As(err, &limit) {
		t.Errorf("from 1 to 3: %v", err)
	}
	if _, err := scale(2); err != nil {
		t.Errorf("the tenth time: %v", err)
	}
	clock.advance(time.Second)
	if _, err := scale(1); !errors.As(err, &limit) {
		t.Errorf("the eleventh time: %v", err)
	}
	clock.advance(24 * time.Hour)
	if _, err := scale(1); err != nil {
		t.Errorf("a day later: %v", err)
	}
}

// Resharding while producers write: every acknowledged record is in the log of the shard that its answer names, in order, and
// a reader that follows the children gets them all.
func TestReshardUnderWriters(t *testing.T) {
	c := client(start(t, local.Options{}))
	ctx := t.Context()
	name := aws.String("s")
	created(t, c, "s", 2)
	done := make(chan struct{})
	var mu sync.Mutex
	want := map[string][]string{}
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				in := &kinesis.PutRecordsInput{StreamName: name}
				for i := range 8 {
					in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: fmt.Appendf(nil, "%d.%d.%d", w, n, i), PartitionKey: aws.String(fmt.Sprint(w, n, i))})
				}
				out, err := c.PutRecords(ctx, in)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for i, r := range out.Records {
					want[*r.ShardId] = append(want[*r.ShardId], *r.SequenceNumber+" "+string(in.Records[i].Data))
				}
				mu.Unlock()
			}
		})
	}
	for _, target := range []int32{4, 3, 6, 3, 5, 8} {
		if _, err := c.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{StreamName: name, TargetShardCount: &target, ScalingType: types.ScalingTypeUniformScaling}); err != nil {
			t.Fatal(err)
		}
		put(t, c, "s", "k", fmt.Sprint("target", target))
	}
	close(done)
	wg.Wait()

	got := map[string][]string{}
	todo := []string{"shardId-000000000000", "shardId-000000000001"}
	for seen := map[string]bool{}; len(todo) > 0; todo = todo[1:] {
		if seen[todo[0]] {
			continue
		}
		seen[todo[0]] = true
		it, err := c.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: name, ShardId: &todo[0], ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
		if err != nil {
			t.Fatal(err)
		}
		for next := it.ShardIterator; ; {
			out, err := c.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: next})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range out.Records {
				got[todo[0]] = append(got[todo[0]], *r.SequenceNumber+" "+string(r.Data))
			}
			for _, child := range out.ChildShards {
				todo = append(todo, *child.ShardId)
			}
			if next = out.NextShardIterator; next == nil || *out.MillisBehindLatest == 0 {
				break
			}
		}
	}
	for shard, records := range want {
		slices.Sort(records)
		have := slices.DeleteFunc(got[shard], func(r string) bool { return strings.Contains(r, "target") })
		if !slices.IsSorted(have) || !slices.Equal(have, records) {
			t.Errorf("%s: %d records, want %d", shard, len(have), len(records))
		}
	}
}

// A stream of many shards is scaled in one go: work that grows with their square would take minutes.
func TestUpdateShardCountOfMany(t *testing.T) {
	c := client(start(t, local.Options{}))
	created(t, c, "s", 5000)
	for _, target := range []int32{9999, 5001} {
		if _, err := c.UpdateShardCount(t.Context(), &kinesis.UpdateShardCountInput{StreamName: aws.String("s"), TargetShardCount: &target, ScalingType: types.ScalingTypeUniformScaling}); err != nil {
			t.Fatal(err)
		}
		sum, err := c.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("s")})
		if err != nil || *sum.StreamDescriptionSummary.OpenShardCount != target {
			t.Errorf("to %d: %+v %v", target, sum, err)
		}
	}
}
