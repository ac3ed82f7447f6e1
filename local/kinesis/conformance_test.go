package kinesis_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/local"
)

// Each operation through the AWS SDK, held against what AWS's reference says of it.

func TestStreamLifecycle(t *testing.T) {
	clock := newFakeClock()
	c := client(start(t, local.Options{Clock: clock, Transition: time.Second}))
	ctx := t.Context()
	name := aws.String("clicks")
	created(t, c, "clicks", 3)

	d, err := c.DescribeStream(ctx, &kinesis.DescribeStreamInput{StreamName: name})
	if err != nil {
		t.Fatal(err)
	}
	if d.StreamDescription.StreamStatus != types.StreamStatusCreating || len(d.StreamDescription.Shards) != 0 {
		t.Errorf("just created: %s with %d shards", d.StreamDescription.StreamStatus, len(d.StreamDescription.Shards))
	}
	var inUse *types.ResourceInUseException
	if _, err := c.ListShards(ctx, &kinesis.ListShardsInput{StreamName: name}); !errors.As(err, &inUse) {
		t.Errorf("ListShards while CREATING: %v", err)
	}
	var notFound *types.ResourceNotFoundException
	if _, err := c.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: name, Data: []byte("x"), PartitionKey: aws.String("k")}); !errors.As(err, &notFound) {
		t.Errorf("PutRecord while CREATING: %v", err)
	}

	clock.advance(time.Second)
	if err := kinesis.NewStreamExistsWaiter(c).Wait(ctx, &kinesis.DescribeStreamInput{StreamName: name}, time.Minute); err != nil {
		t.Fatal(err)
	}
	d, err = c.DescribeStream(ctx, &kinesis.DescribeStreamInput{StreamName: name})
	if err != nil {
		t.Fatal(err)
	}
	sd := d.StreamDescription
	if got, want := aws.ToString(sd.StreamARN), "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"; got != want {
		t.Errorf("ARN %s, want %s", got, want)
	}
	if !sd.StreamCreationTimestamp.Equal(clock.Now().Add(-time.Second)) || aws.ToInt32(sd.RetentionPeriodHours) != 24 ||
		sd.EncryptionType != types.EncryptionTypeNone || sd.StreamModeDetails.StreamMode != types.StreamModeProvisioned || aws.ToBool(sd.HasMoreShards) {
		t.Errorf("description: %+v", sd)
	}
	var ranges []string
	for _, sh := range sd.Shards {
		ranges = append(ranges, fmt.Sprintf("%s %s-%s %d", *sh.ShardId, *sh.HashKeyRange.StartingHashKey, *sh.HashKeyRange.EndingHashKey,
			len(*sh.SequenceNumberRange.StartingSequenceNumber)))
	}
	want := []string{
		"shardId-000000000000 0-113427455640312821154458202477256070484 56",
		"shardId-000000000001 113427455640312821154458202477256070485-226854911280625642308916404954512140969 56",
		"shardId-000000000002 226854911280625642308916404954512140970-340282366920938463463374607431768211455 56",
	}
	if diff := cmp.Diff(want, ranges); diff != "" {
		t.Errorf("shards: %s", diff)
	}

	page, err := c.DescribeStream(ctx, &kinesis.DescribeStreamInput{StreamARN: sd.StreamARN, Limit: aws.Int32(1), ExclusiveStartShardId: sd.Shards[0].ShardId})
	if err != nil {
		t.Fatal(err)
	}
	if got := page.StreamDescription; len(got.Shards) != 1 || *got.Shards[0].ShardId != *sd.Shards[1].ShardId || !*got.HasMoreShards {
		t.Errorf("page after the first shard: %+v", got)
	}
	sum, err := c.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamARN: sd.StreamARN})
	if err != nil {
		t.Fatal(err)
	}
	if s := sum.StreamDescriptionSummary; *s.OpenShardCount != 3 || *s.StreamName != "clicks" || s.StreamStatus != types.StreamStatusActive || *s.ConsumerCount != 0 {
		t.Errorf("summary: %+v", s)
	}

	if _, err := c.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: name}); err != nil {
		t.Fatal(err)
	}
	sum, err = c.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: name})
	if err != nil || sum.StreamDescriptionSummary.StreamStatus != types.StreamStatusDeleting {
		t.Errorf("after DeleteStream: %+v %v", sum, err)
	}
	clock.advance(time.Second)
	if _, err := c.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: name}); !errors.As(err, &notFound) {
		t.Errorf("deleted: %v", err)
	}
	created(t, c, "clicks", 1)
}

func TestCreateStreamModes(t *testing.T) {
	c := client(start(t, local.Options{}))
	ctx := t.Context()
	_, err := c.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("auto"),
		StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}, Tags: map[string]string{"team": "a"}})
	if err != nil {
		t.Fatal(err)
	}
	sum, err := c.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("auto")})
	if err != nil {
		t.Fatal(err)
	}
	if s := sum.StreamDescriptionSummary; *s.OpenShardCount != 4 || s.StreamModeDetails.StreamMode != types.StreamModeOnDemand {
		t.Errorf("on-demand stream: %+v", s)
	}
	l, err := c.DescribeLimits(ctx, &kinesis.DescribeLimitsInput{})
	if err != nil || *l.OpenShardCount != 4 || *l.OnDemandStreamCount != 1 {
		t.Errorf("limits: %+v %v", l, err)
	}
}

func TestListStreamsAndShardsPages(t *testing.T) {
	clock := newFakeClock()
	c := client(start(t, local.Options{Clock: clock}))
	ctx := t.Context()
	for _, name := range []string{"c", "a", "e", "b", "d"} {
		created(t, c, name, 5)
	}
	var names []string
	for p := kinesis.NewListStreamsPaginator(c, &kinesis.ListStreamsInput{Limit: aws.Int32(2)}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.StreamSummaries) != len(page.StreamNames) {
			t.Errorf("%d summaries of %d streams", len(page.StreamSummaries), len(page.StreamNames))
		}
		names = append(names, page.StreamNames...)
	}
	if got := strings.Join(names, ""); got != "abcde" {
		t.Errorf("streams: %s", got)
	}
	after, err := c.ListStreams(ctx, &kinesis.ListStreamsInput{ExclusiveStartStreamName: aws.String("c")})
	if err != nil || strings.Join(after.StreamNames, "") != "de" || *after.HasMoreStreams {
		t.Errorf("after c: %+v %v", after, err)
	}

	var shards []string
	page, err := c.ListShards(ctx, &kinesis.ListShardsInput{StreamName: aws.String("a"), MaxResults: aws.Int32(2)})
	for {
		if err != nil {
			t.Fatal(err)
		}
		for _, sh := range page.Shards {
			shards = append(shards, strings.TrimLeft(strings.TrimPrefix(*sh.ShardId, "shardId-"), "0"))
		}
		if page.NextToken == nil {
			break
		}
		page, err = c.ListShards(ctx, &kinesis.ListShardsInput{NextToken: page.NextToken, MaxResults: aws.Int32(2)})
	}
	if got := strings.Join(shards, ","); got != ",1,2,3,4" {
		t.Errorf("shards: %s", got)
	}
	for _, f := range []struct {
		filter types.ShardFilter
		want   int
	}{
		{types.ShardFilter{Type: types.ShardFilterTypeAtLatest}, 5},
		{types.ShardFilter{Type: types.ShardFilterTypeAtTrimHorizon}, 5},
		{types.ShardFilter{Type: types.ShardFilterTypeFromTrimHorizon}, 5},
		{types.ShardFilter{Type: types.ShardFilterTypeAfterShardId, ShardId: aws.String("shardId-000000000003")}, 1},
		{types.ShardFilter{Type: types.ShardFilterTypeAtTimestamp, Timestamp: aws.Time(clock.Now())}, 5},
		{types.ShardFilter{Type: types.ShardFilterTypeAtTimestamp, Timestamp: aws.Time(clock.Now().Add(-time.Hour))}, 0},
		{types.ShardFilter{Type: types.ShardFilterTypeFromTimestamp, Timestamp: aws.Time(clock.Now().Add(-time.Hour))}, 5},
	} {
		out, err := c.ListShards(ctx, &kinesis.ListShardsInput{StreamName: aws.String("a"), ShardFilter: &f.filter})
		if err != nil || len(out.Shards) != f.want {
			t.Errorf("filter %s: %d shards, want %d (%v)", f.filter.Type, len(out.Shards), f.want, err)
		}
	}
	first, err := c.ListShards(ctx, &kinesis.ListShardsInput{StreamName: aws.String("a"), MaxResults: aws.Int32(1)})
	if err != nil {
		t.Fatal(err)
	}
	clock.advance(5*time.Minute + time.Millisecond)
	var expired *types.ExpiredNextTokenException
	if _, err := c.ListShards(ctx, &kinesis.ListShardsInput{NextToken: first.NextToken}); !errors.As(err, &expired) {
		t.Errorf("token after five minutes: %v", err)
	}
}

func TestTags(t *testing.T) {
	c := client(start(t, local.Options{}))
	ctx := t.Context()
	created(t, c, "s", 1)
	name, arn := aws.String("s"), aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/s")
	if _, err := c.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{StreamName: name, Tags: map[string]string{"b": "2", "a": "1"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.TagResource(ctx, &kinesis.TagResourceInput{ResourceARN: arn, Tags: map[string]string{"c": "3"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.RemoveTagsFromStream(ctx, &kinesis.RemoveTagsFromStreamInput{StreamName: name, TagKeys: []string{"a", "none"}}); err != nil {
		t.Fatal(err)
	}
	out, err := c.ListTagsForStream(ctx, &kinesis.ListTagsForStreamInput{StreamName: name, Limit: aws.Int32(1)})
	if err != nil || len(out.Tags) != 1 || *out.Tags[0].Key != "b" || !*out.HasMoreTags {
		t.Errorf("first page: %+v %v", out, err)
	}
	out, err = c.ListTagsForStream(ctx, &kinesis.ListTagsForStreamInput{StreamName: name, ExclusiveStartTagKey: aws.String("b")})
	if err != nil || len(out.Tags) != 1 || *out.Tags[0].Value != "3" || *out.HasMoreTags {
		t.Errorf("second page: %+v %v", out, err)
	}
	if _, err := c.UntagResource(ctx, &kinesis.UntagResourceInput{ResourceARN: arn, TagKeys: []string{"b"}}); err != nil {
		t.Fatal(err)
	}
	res, err := c.ListTagsForResource(ctx, &kinesis.ListTagsForResourceInput{ResourceARN: arn})
	if err != nil || len(res.Tags) != 1 || *res.Tags[0].Key != "c" {
		t.Errorf("resource tags: %+v %v", res, err)
	}
	many := map[string]string{}
	for i := range 50 {
		many[fmt.Sprint("tag", i)] = ""
	}
	var invalid *types.InvalidArgumentException
	if _, err := c.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{StreamName: name, Tags: many}); !errors.As(err, &invalid) {
		t.Errorf("51 tags: %v", err)
	}
}

func TestRetention(t *testing.T) {
	clock := newFakeClock()
	c := client(start(t, local.Options{Clock: clock}))
	ctx := t.Context()
	created(t, c, "s", 1)
	name := aws.String("s")
	put(t, c, "s", "k", "old")
	clock.advance(20 * time.Hour)
	put(t, c, "s", "k", "young")
	clock.advance(5 * time.Hour)
	if got := drain(t, c, iterate(t, c, "s", types.ShardIteratorTypeTrimHorizon, nil)); got != "young" {
		t.Errorf("after 25 of 24 hours: %q", got)
	}
	if _, err := c.IncreaseStreamRetentionPeriod(ctx, &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: aws.Int32(48)}); err != nil {
		t.Fatal(err)
	}
	if got := drain(t, c, iterate(t, c, "s", types.ShardIteratorTypeTrimHorizon, nil)); got != "young" {
		t.Errorf("what was past 24 hours came back with 48: %q", got)
	}
	if _, err := c.DecreaseStreamRetentionPeriod(ctx, &kinesis.DecreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: aws.Int32(24)}); err != nil {
		t.Fatal(err)
	}
	var invalid *types.InvalidArgumentException
	if _, err := c.IncreaseStreamRetentionPeriod(ctx, &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: aws.Int32(8761)}); !errors.As(err, &invalid) {
		t.Errorf("8761 hours: %v", err)
	}
	clock.advance(24 * time.Hour)
	if got := drain(t, c, iterate(t, c, "s", types.ShardIteratorTypeTrimHorizon, nil)); got != "" {
		t.Errorf("after everything is past its time: %q", got)
	}
	put(t, c, "s", "k", "new")
	if got := drain(t, c, iterate(t, c, "s", types.ShardIteratorTypeTrimHorizon, nil)); got != "new" {
		t.Errorf("new record: %q", got)
	}
}
