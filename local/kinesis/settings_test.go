package kinesis_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/weirsql/weir/local"
)

// Everything that a stream, a consumer and the account can be told is shown again, also by the next server on the directory.
func TestSettingsAreKept(t *testing.T) {
	clock := newFakeClock()
	dir := t.TempDir()
	s, err := local.Start(context.Background(), local.Options{Clock: clock, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	c := client(s)
	ctx := t.Context()
	created(t, c, "s", 3)
	consumer := register(t, c, "s", "c")
	arn := aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/s")
	policy := `{"Version":"2012-10-17","Statement":[]}`

	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.StartStreamEncryption(ctx, &kinesis.StartStreamEncryptionInput{StreamARN: arn, EncryptionType: types.EncryptionTypeKms, KeyId: aws.String("alias/aws/kinesis")}))
	enabled, err := c.EnableEnhancedMonitoring(ctx, &kinesis.EnableEnhancedMonitoringInput{StreamARN: arn, ShardLevelMetrics: []types.MetricsName{types.MetricsNameAll}})
	if err != nil || len(enabled.CurrentShardLevelMetrics) != 0 || len(enabled.DesiredShardLevelMetrics) != 7 {
		t.Errorf("enabled: %+v %v", enabled, err)
	}
	disabled, err := c.DisableEnhancedMonitoring(ctx, &kinesis.DisableEnhancedMonitoringInput{StreamARN: arn,
		ShardLevelMetrics: slices.DeleteFunc(slices.Clone(enabled.DesiredShardLevelMetrics), func(m types.MetricsName) bool { return m == types.MetricsNameIncomingBytes })})
	if err != nil || len(disabled.CurrentShardLevelMetrics) != 7 || !slices.Equal(disabled.DesiredShardLevelMetrics, []types.MetricsName{types.MetricsNameIncomingBytes}) {
		t.Errorf("disabled: %+v %v", disabled, err)
	}
	must(c.PutResourcePolicy(ctx, &kinesis.PutResourcePolicyInput{ResourceARN: arn, Policy: &policy}))
	must(c.PutResourcePolicy(ctx, &kinesis.PutResourcePolicyInput{ResourceARN: consumer, Policy: aws.String(`{}`)}))
	var invalid *types.ValidationException
	warm := &kinesis.UpdateStreamWarmThroughputInput{StreamARN: arn, WarmThroughputMiBps: aws.Int32(100)}
	if _, err := c.UpdateStreamWarmThroughput(ctx, warm); !errors.As(err, &invalid) {
		t.Errorf("warm throughput without the commitment: %v", err)
	}
	must(c.UpdateAccountSettings(ctx, &kinesis.UpdateAccountSettingsInput{MinimumThroughputBillingCommitment: &types.MinimumThroughputBillingCommitmentInput{
		Status: types.MinimumThroughputBillingCommitmentInputStatusEnabled}}))
	if _, err := c.UpdateStreamWarmThroughput(ctx, warm); !errors.As(err, &invalid) {
		t.Errorf("warm throughput of a provisioned stream: %v", err)
	}
	must(c.UpdateStreamMode(ctx, &kinesis.UpdateStreamModeInput{StreamARN: arn, StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}}))
	got, err := c.UpdateStreamWarmThroughput(ctx, warm)
	if err != nil || *got.WarmThroughput.TargetMiBps != 100 || *got.StreamName != "s" {
		t.Errorf("warm throughput: %+v %v", got, err)
	}
	must(c.UpdateStreamRecordDistributionStrategy(ctx, &kinesis.UpdateStreamRecordDistributionStrategyInput{StreamARN: arn,
		RecordDistributionStrategy: types.RecordDistributionStrategyAuto}))
	must(c.UpdateMaxRecordSize(ctx, &kinesis.UpdateMaxRecordSizeInput{StreamARN: arn, MaxRecordSizeInKiB: aws.Int32(2048)}))

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c = client(start(t, local.Options{Clock: clock, Dir: dir}))
	sum, err := c.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamARN: arn})
	if err != nil {
		t.Fatal(err)
	}
	d := sum.StreamDescriptionSummary
	if d.EncryptionType != types.EncryptionTypeKms || *d.KeyId != "alias/aws/kinesis" || len(d.EnhancedMonitoring) != 1 || len(d.EnhancedMonitoring[0].ShardLevelMetrics) != 1 ||
		d.StreamModeDetails.StreamMode != types.StreamModeOnDemand || *d.WarmThroughput.CurrentMiBps != 100 || d.RecordDistributionStrategy != types.RecordDistributionStrategyAuto ||
		*d.MaxRecordSizeInKiB != 2048 || *d.ConsumerCount != 1 {
		t.Errorf("summary: %+v", d)
	}
	for resource, want := range map[string]string{*arn: policy, *consumer: `{}`} {
		p, err := c.GetResourcePolicy(ctx, &kinesis.GetResourcePolicyInput{ResourceARN: &resource})
		if err != nil || *p.Policy != want {
			t.Errorf("policy of %s: %+v %v", resource, p, err)
		}
	}
	must(c.DeleteResourcePolicy(ctx, &kinesis.DeleteResourcePolicyInput{ResourceARN: arn}))
	var notFound *types.ResourceNotFoundException
	if _, err := c.DeleteResourcePolicy(ctx, &kinesis.DeleteResourcePolicyInput{ResourceARN: arn}); !errors.As(err, &notFound) {
		t.Errorf("deleted twice: %v", err)
	}
	account, err := c.DescribeAccountSettings(ctx, &kinesis.DescribeAccountSettingsInput{})
	if err != nil || account.MinimumThroughputBillingCommitment.Status != types.MinimumThroughputBillingCommitmentOutputStatusEnabled ||
		!account.MinimumThroughputBillingCommitment.StartedAt.Equal(clock.Now()) {
		t.Errorf("account: %+v %v", account, err)
	}
	off := &kinesis.UpdateAccountSettingsInput{MinimumThroughputBillingCommitment: &types.MinimumThroughputBillingCommitmentInput{
		Status: types.MinimumThroughputBillingCommitmentInputStatusDisabled}}
	ending, err := c.UpdateAccountSettings(ctx, off)
	if err != nil || ending.MinimumThroughputBillingCommitment.Status != types.MinimumThroughputBillingCommitmentOutputStatusEnabledUntilEarliestAllowedEnd {
		t.Errorf("disabled at once: %+v %v", ending, err)
	}
	clock.advance(24 * time.Hour)
	account, err = c.DescribeAccountSettings(ctx, &kinesis.DescribeAccountSettingsInput{})
	if err != nil || account.MinimumThroughputBillingCommitment.Status != types.MinimumThroughputBillingCommitmentOutputStatusDisabled {
		t.Errorf("a day later: %+v %v", account, err)
	}

	// Records are distributed whatever their key, and say how they are encrypted, as do the answers to those who put them.
	if out := put(t, c, "s", "k", "x"); out.EncryptionType != types.EncryptionTypeKms {
		t.Errorf("PutRecord into an encrypted stream: EncryptionType is %q, want KMS", out.EncryptionType)
	}
	perShard := map[string]int{}
	for range 28 {
		perShard[*put(t, c, "s", "k", "x").ShardId]++
	}
	several, err := c.PutRecords(ctx, &kinesis.PutRecordsInput{StreamARN: arn, Records: []types.PutRecordsRequestEntry{{Data: []byte("x"), PartitionKey: aws.String("k")}}})
	if err != nil || several.EncryptionType != types.EncryptionTypeKms {
		t.Fatalf("PutRecords into an encrypted stream: %+v %v, want EncryptionType KMS", several, err)
	}
	perShard[*several.Records[0].ShardId]++
	if len(perShard) != 3 || slices.Max([]int{perShard["shardId-000000000000"], perShard["shardId-000000000001"], perShard["shardId-000000000002"]}) > 11 {
		t.Errorf("30 records of one key, distributed: %v", perShard)
	}
	out, err := c.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterate(t, c, "s", types.ShardIteratorTypeTrimHorizon, nil)})
	if err != nil || out.Records[0].EncryptionType != types.EncryptionTypeKms {
		t.Errorf("encrypted record: %+v %v", out, err)
	}
	must(c.StopStreamEncryption(ctx, &kinesis.StopStreamEncryptionInput{StreamARN: arn, EncryptionType: types.EncryptionTypeKms, KeyId: aws.String("alias/aws/kinesis")}))

	// The mode changes twice a day; an on-demand stream is not resharded.
	if _, err := c.SplitShard(ctx, &kinesis.SplitShardInput{StreamARN: arn, ShardToSplit: aws.String(shard0), NewStartingHashKey: aws.String("5")}); !errors.As(err, &invalid) {
		t.Errorf("split of an on-demand stream: %v", err)
	}
	for i, mode := range []types.StreamMode{types.StreamModeProvisioned, types.StreamModeOnDemand, types.StreamModeProvisioned} {
		_, err := c.UpdateStreamMode(ctx, &kinesis.UpdateStreamModeInput{StreamARN: arn, StreamModeDetails: &types.StreamModeDetails{StreamMode: mode}})
		var limit *types.LimitExceededException
		if errors.As(err, &limit) != (i == 2) {
			t.Errorf("change %d of the mode: %v", i+1, err)
		}
	}
}

// Every operation that the SDK knows is served, except those on channels, which deliver to S3 and aren't in the service model of
// the other SDKs.
func TestOperationsOfTheAPI(t *testing.T) {
	s := start(t, local.Options{})
	operations := 0
	for m := range reflect.TypeFor[*kinesis.Client]().Methods() {
		if m.Name == "Options" {
			continue
		}
		operations++
		_, got := post(t, s, m.Name, `{"StreamName":"none","StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/none"}`)
		if refused := got["__type"] == "UnknownOperationException"; refused != strings.Contains(m.Name, "Channel") {
			t.Errorf("%s: %v", m.Name, got)
		}
	}
	if operations < 45 {
		t.Errorf("only %d operations", operations)
	}
}

// A stream's ARN does in place of its name, in every operation that takes both.
func TestStreamARN(t *testing.T) {
	s := start(t, local.Options{Clock: newFakeClock()})
	all := readConstraints(t)
	operations := 0
	for _, x := range all {
		if x.path != "StreamName" || !slices.ContainsFunc(all, func(o constraint) bool { return o.action == x.action && o.path == "StreamARN" }) {
			continue
		}
		operations++
		answers := map[string]string{}
		for member, value := range map[string]string{"StreamName": "s", "StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s"} {
			body := strings.Replace(request(all, x.action, member, value), `"NONE"`, `"KMS"`, 1) // no encryption can't be started
			if _, got := post(t, s, x.action, body); got["__type"] != "ResourceNotFoundException" {
				t.Errorf("%s by %s, before there is a stream: %v", x.action, member, got)
			}
			created(t, client(s), "s", 2)
			status, got := post(t, s, x.action, body)
			answers[member] = fmt.Sprint(status, got)
			post(t, s, "DeleteStream", `{"StreamName":"s"}`)
		}
		if byName, byARN := answers["StreamName"], answers["StreamARN"]; byName != byARN && x.action != "GetShardIterator" { // no two iterators are alike
			t.Errorf("%s by name: %s\nby ARN: %s", x.action, byName, byARN)
		}
	}
	if operations < 20 {
		t.Errorf("only %d operations", operations)
	}
}
