package kinesis_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/weirsql/weir/local"
)

// Requests with mistakes, and AWS's words for them (source: answers of AWS recorded in kinesalite's tests, and the API
// reference).
func TestErrors(t *testing.T) {
	s := start(t, local.Options{Clock: newFakeClock()})
	c := client(s)
	created(t, c, "s", 2)
	seq := *put(t, c, "s", "a", "x").SequenceNumber // MD5 of "a" begins with 0c: the first shard
	name129 := strings.Repeat("a", 129)
	key257 := strings.Repeat("é", 257)
	for _, x := range []struct {
		action, body string
		status       int
		kind         string
		message      string // "…" stands for any text
	}{
		{"ListStreams", ``, 400, "SerializationException", "…"},
		{"ListStreams", `{`, 400, "SerializationException", "…"},
		{"ListStreams", `[]`, 400, "SerializationException", "…"},
		{"ListStreams", `{} {}`, 400, "SerializationException", "…"},
		{"ListStreams", `{"x":[` + strings.Repeat("[],", 10_000) + `1]}`, 400, "SerializationException", "too many values in the request body"},
		{"ListStreams", `{"x":"` + strings.Repeat("[],", 10_000) + `"}`, 200, "", ""},
		{"ListStreams", `{"Limit":"1"}`, 400, "SerializationException", "class java.lang.String can not be converted to an Integer"},
		{"ListStreams", `{"Limit":{}}`, 400, "SerializationException", "Start of structure or map found where not expected."},
		{"ListStreams", `{"Limit":[]}`, 400, "SerializationException", "Start of list found where not expected"},
		{"ListStreams", `{"Limit":true}`, 400, "SerializationException", "class java.lang.Boolean can not be converted to an Integer"},
		{"ListStreams", `{"ExclusiveStartStreamName":1}`, 400, "SerializationException", "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String"},
		{"ListStreams", `{"Limit":0}`, 400, "ValidationException", "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"ListStreams", `{"Limit":10001}`, 400, "ValidationException", "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"},
		{"ListStreams", `{"NextToken":"nonsense"}`, 400, "InvalidArgumentException", "NextToken is invalid."},

		{"CreateStream", `{}`, 400, "ValidationException", "1 validation error detected: Value null at 'streamName' failed to satisfy constraint: Member must not be null"},
		{"CreateStream", `{"StreamName":"a b","ShardCount":0}`, 400, "ValidationException", "2 validation errors detected: Value '0' at 'shardCount' failed to satisfy constraint: Member must have value greater than or equal to 1; Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
		{"CreateStream", `{"StreamName":"` + name129 + `","ShardCount":1}`, 400, "ValidationException", "1 validation error detected: Value '" + name129 + "' at 'streamName' failed to satisfy constraint: Member must have length less than or equal to 128"},
		{"CreateStream", `{"StreamName":"s","ShardCount":1}`, 400, "ResourceInUseException", "Stream s under account 000000000000 already exists."},
		{"CreateStream", `{"StreamName":"big","ShardCount":20000}`, 400, "LimitExceededException", "This request would exceed the shard limit for the account 000000000000 in us-east-1. Current shard count for the account: 2. Limit: 20000.…"},
		{"CreateStream", `{"StreamName":"n"}`, 400, "ValidationException", "…"},
		{"CreateStream", `{"StreamName":"n","StreamModeDetails":{"StreamMode":"SOMETIMES"}}`, 400, "ValidationException", "1 validation error detected: Value 'SOMETIMES' at 'streamModeDetails.streamMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, ON_DEMAND]"},
		{"CreateStream", `{"StreamName":"n","ShardCount":1,"Tags":{"a*":"b"}}`, 400, "InvalidArgumentException", "Some tags contain invalid characters.…"},

		{"DescribeStream", `{}`, 400, "InvalidArgumentException", "…"},
		{"DescribeStream", `{"StreamName":"none"}`, 400, "ResourceNotFoundException", "Stream none under account 000000000000 not found."},
		{"DescribeStream", `{"StreamARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/none"}`, 400, "ResourceNotFoundException", "Stream none under account 000000000000 not found."},
		{"DescribeStream", `{"StreamARN":"none"}`, 400, "ValidationException", `1 validation error detected: Value 'none' at 'streamARN' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:aws.*:kinesis:.*:\d{12}:stream/\S+`},
		{"DescribeStream", `{"StreamName":"x","StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s"}`, 400, "InvalidArgumentException", "…"},
		{"DeleteStream", `{"StreamName":"none"}`, 400, "ResourceNotFoundException", "Stream none under account 000000000000 not found."},

		{"ListShards", `{}`, 400, "InvalidArgumentException", "Either NextToken or StreamName should be provided."},
		{"ListShards", `{"StreamName":"s","NextToken":"x"}`, 400, "InvalidArgumentException", "NextToken and StreamName cannot be provided together."},
		{"ListShards", `{"NextToken":"x"}`, 400, "InvalidArgumentException", "NextToken is invalid."},

		{"PutRecord", `{"StreamName":"s","Data":"","PartitionKey":""}`, 400, "ValidationException", "1 validation error detected: Value '' at 'partitionKey' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"PutRecord", `{"StreamName":"s","Data":"","PartitionKey":"` + key257 + `"}`, 400, "ValidationException", "…Member must have length less than or equal to 256"},
		{"PutRecord", `{"StreamName":"s","Data":"====","PartitionKey":"k"}`, 400, "SerializationException", "…"},
		{"PutRecord", `{"StreamName":"s","Data":"YQ","PartitionKey":"k"}`, 400, "SerializationException", "'YQ' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 2"},
		{"PutRecord", `{"StreamName":"s","Data":"","PartitionKey":"k","ExplicitHashKey":"340282366920938463463374607431768211456"}`, 400, "InvalidArgumentException", "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was 340282366920938463463374607431768211456"},
		{"PutRecord", `{"StreamName":"s","Data":"","PartitionKey":"k","ExplicitHashKey":"-1"}`, 400, "ValidationException", `…Member must satisfy regular expression pattern: 0|([1-9]\d{0,38})`},
		{"PutRecord", `{"StreamName":"s","Data":"","PartitionKey":"k","SequenceNumberForOrdering":"5"}`, 400, "InvalidArgumentException", "ExclusiveMinimumSequenceNumber 5 used in PutRecord on stream s under account 000000000000 is invalid."},
		{"PutRecord", `{"StreamName":"none","Data":"","PartitionKey":"k"}`, 400, "ResourceNotFoundException", "Stream none under account 000000000000 not found."},

		{"PutRecords", `{"StreamName":"s"}`, 400, "ValidationException", "1 validation error detected: Value null at 'records' failed to satisfy constraint: Member must not be null"},
		{"PutRecords", `{"StreamName":"s","Records":[]}`, 400, "ValidationException", "…at 'records' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"PutRecords", `{"StreamName":"s","Records":[` + strings.Repeat(`{"Data":"","PartitionKey":"k"},`, 500) + `{"Data":"","PartitionKey":"k"}]}`, 400, "ValidationException", "…at 'records' failed to satisfy constraint: Member must have length less than or equal to 500"},
		{"PutRecords", `{"StreamName":"s","Records":[{"Data":"","PartitionKey":"k"},{"PartitionKey":"k"}]}`, 400, "ValidationException", "1 validation error detected: Value null at 'records.2.member.data' failed to satisfy constraint: Member must not be null"},
		{"PutRecords", `{"StreamName":"s","Records":{}}`, 400, "SerializationException", "Start of structure or map found where not expected."},
		{"PutRecords", `{"Records":[{"Data":"","PartitionKey":"k"}]}`, 400, "InvalidArgumentException", "…"},

		{"GetShardIterator", `{"StreamName":"none","ShardId":"shardId-000000000000","ShardIteratorType":"LATEST"}`, 400, "ResourceNotFoundException", "Shard shardId-000000000000 in stream none under account 000000000000 does not exist"},
		{"GetShardIterator", `{"StreamName":"s","ShardId":"shardId-5","ShardIteratorType":"LATEST"}`, 400, "ResourceNotFoundException", "Shard shardId-000000000005 in stream s under account 000000000000 does not exist"},
		{"GetShardIterator", `{"StreamName":"s","ShardId":"ABKLFD8","ShardIteratorType":"LATEST"}`, 400, "ResourceNotFoundException", "Could not find shard ABKLFD8 in stream s under account 000000000000."},
		{"GetShardIterator", `{"StreamName":"s","ShardId":"shardId-002147483648","ShardIteratorType":"LATEST"}`, 400, "ResourceNotFoundException", "Could not find shard shardId-002147483648 in stream s under account 000000000000."},
		{"GetShardIterator", `{"StreamName":"s","ShardId":"0","ShardIteratorType":"SOON"}`, 400, "ValidationException", "1 validation error detected: Value 'SOON' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]"},
		{"GetShardIterator", `{"StreamName":"s","ShardId":"0","ShardIteratorType":"AT_SEQUENCE_NUMBER"}`, 400, "InvalidArgumentException", "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber."},
		{"GetShardIterator", `{"StreamName":"s","ShardId":"0","ShardIteratorType":"LATEST","StartingSequenceNumber":"5"}`, 400, "InvalidArgumentException", "…Request specified LATEST and also a StartingSequenceNumber."},
		{"GetShardIterator", `{"StreamName":"s","ShardId":"0","ShardIteratorType":"AT_TIMESTAMP"}`, 400, "InvalidArgumentException", "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter."},
		{"GetShardIterator", `{"StreamName":"s","ShardId":"0","ShardIteratorType":"AT_TIMESTAMP","Timestamp":4000000000.5}`, 400, "InvalidArgumentException", "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: 4000000000500, currentTimestampInMillis: 1772366400000"},
		{"GetShardIterator", `{"StreamName":"s","ShardId":"1","ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"` + seq + `"}`, 400, "InvalidArgumentException", "Invalid StartingSequenceNumber. It encodes shardId-000000000000, while it was used in a call to a shard with shardId-000000000001"},
		{"GetShardIterator", `{"StreamName":"s","ShardId":"0","ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"49594189147623985939251953501666965394405037144469929986"}`, 400, "InvalidArgumentException", "…is invalid because it did not come from this stream."},
		{"GetShardIterator", `{"StreamName":"s","ShardId":"0","ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"12"}`, 400, "InvalidArgumentException", "StartingSequenceNumber 12 used in GetShardIterator on shard shardId-000000000000 in stream s under account 000000000000 is invalid."},

		{"GetRecords", `{}`, 400, "ValidationException", "1 validation error detected: Value null at 'shardIterator' failed to satisfy constraint: Member must not be null"},
		{"GetRecords", `{"ShardIterator":"AAAAAAAAAAE="}`, 400, "InvalidArgumentException", "Invalid ShardIterator."},

		{"IncreaseStreamRetentionPeriod", `{"StreamName":"s","RetentionPeriodHours":23}`, 400, "InvalidArgumentException", "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short."},
		{"DecreaseStreamRetentionPeriod", `{"StreamName":"s","RetentionPeriodHours":25}`, 400, "InvalidArgumentException", "Requested retention period (25 hours) for stream s can not be longer than existing retention period (24 hours). Use IncreaseRetentionPeriod API."},
		{"UpdateMaxRecordSize", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","MaxRecordSizeInKiB":1023}`, 400, "ValidationException", "…Member must have value greater than or equal to 1024"},

		{"SplitShard", `{"StreamName":"s","ShardToSplit":"shardId-000000000005","NewStartingHashKey":"5"}`, 400, "ResourceNotFoundException", "Could not find shard shardId-000000000005 in stream s under account 000000000000."},
		{"SplitShard", `{"StreamName":"s","ShardToSplit":"ABKLFD8","NewStartingHashKey":"5"}`, 400, "ResourceNotFoundException", "Could not find shard ABKLFD8 in stream s under account 000000000000."},
		{"SplitShard", `{"StreamName":"s","ShardToSplit":"shardId-0","NewStartingHashKey":"1"}`, 400, "InvalidArgumentException", "NewStartingHashKey 1 used in SplitShard() on shard shardId-000000000000 in stream s under account 000000000000 is not both greater than one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey 170141183460469231731687303715884105727."},
		{"SplitShard", `{"StreamName":"s","ShardToSplit":"shardId-1","NewStartingHashKey":"340282366920938463463374607431768211455"}`, 400, "InvalidArgumentException", "…is not both greater than one plus the shard's StartingHashKey 170141183460469231731687303715884105728 and less than the shard's EndingHashKey 340282366920938463463374607431768211455."},
		{"SplitShard", `{"StreamName":"s","ShardToSplit":"shardId-0","NewStartingHashKey":"01"}`, 400, "ValidationException", `1 validation error detected: Value '01' at 'newStartingHashKey' failed to satisfy constraint: Member must satisfy regular expression pattern: 0|([1-9]\d{0,38})`},
		{"MergeShards", `{"StreamName":"s","ShardToMerge":"shardId-1","AdjacentShardToMerge":"shardId-0"}`, 400, "InvalidArgumentException", "Shards shardId-000000000001 and shardId-000000000000 in stream s under account 000000000000 are not an adjacent pair of shards eligible for merging"},
		{"MergeShards", `{"StreamName":"s","ShardToMerge":"shardId-0","AdjacentShardToMerge":"shardId-0"}`, 400, "InvalidArgumentException", "…are not an adjacent pair of shards eligible for merging"},
		{"UpdateShardCount", `{"StreamName":"s","TargetShardCount":0,"ScalingType":"SOME"}`, 400, "ValidationException", "2 validation errors detected: Value 'SOME' at 'scalingType' failed to satisfy constraint: Member must satisfy enum value set: [UNIFORM_SCALING]; Value '0' at 'targetShardCount' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"UpdateShardCount", `{"StreamName":"s","TargetShardCount":5,"ScalingType":"UNIFORM_SCALING"}`, 400, "LimitExceededException", "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: 2 Target shard count: 5"},

		{"RegisterStreamConsumer", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","ConsumerName":"a b"}`, 400, "ValidationException", "1 validation error detected: Value 'a b' at 'consumerName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
		{"RegisterStreamConsumer", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/none","ConsumerName":"c"}`, 400, "ResourceNotFoundException", "Stream none under account 000000000000 not found."},
		{"DescribeStreamConsumer", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","ConsumerName":"c"}`, 400, "ResourceNotFoundException", "Consumer c, account 000000000000 not found."},
		{"DescribeStreamConsumer", `{"ConsumerName":"c"}`, 400, "InvalidArgumentException", "…"},
		{"DeregisterStreamConsumer", `{"ConsumerARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1"}`, 400, "ResourceNotFoundException", "Consumer c, account 000000000000 not found."},
		{"ListStreamConsumers", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","MaxResults":10001}`, 400, "ValidationException", "…Member must have value less than or equal to 10000"},
		{"ListStreamConsumers", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","NextToken":"x"}`, 400, "InvalidArgumentException", "NextToken is invalid."},
		{"SubscribeToShard", `{"ConsumerARN":"c","ShardId":"shardId-0"}`, 400, "ValidationException", "2 validation errors detected: …"},
		{"SubscribeToShard", `{"ConsumerARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1","ShardId":"shardId-0","StartingPosition":{}}`, 400, "ValidationException", "1 validation error detected: Value null at 'startingPosition.type' failed to satisfy constraint: Member must not be null"},
		{"SubscribeToShard", `{"ConsumerARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1","ShardId":"shardId-0","StartingPosition":{"Type":"LATEST"}}`, 400, "ResourceNotFoundException", "Consumer c, account 000000000000 not found."},
		{"StartStreamEncryption", `{"StreamName":"s","EncryptionType":"ROT13","KeyId":""}`, 400, "ValidationException", "2 validation errors detected: Value 'ROT13' at 'encryptionType' failed to satisfy constraint: Member must satisfy enum value set: [NONE, KMS]; Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"StartStreamEncryption", `{"StreamName":"s","EncryptionType":"NONE","KeyId":"k"}`, 400, "InvalidArgumentException", "…"},
		{"EnableEnhancedMonitoring", `{"StreamName":"s","ShardLevelMetrics":[]}`, 400, "ValidationException", "…at 'shardLevelMetrics' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"EnableEnhancedMonitoring", `{"StreamName":"s","ShardLevelMetrics":["Some"]}`, 400, "ValidationException", "1 validation error detected: Value '[Some]' at 'shardLevelMetrics' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: …"},
		{"PutResourcePolicy", `{"ResourceARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","Policy":"no JSON"}`, 400, "InvalidArgumentException", "Policy is not a valid JSON document."},
		{"UpdateStreamMode", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","StreamModeDetails":{"StreamMode":"PROVISIONED"},"WarmThroughputMiBps":5}`, 400, "ValidationException", "…"},
		{"UpdateStreamWarmThroughput", `{"StreamName":"s","WarmThroughputMiBps":-1}`, 400, "ValidationException", "…Member must have value greater than or equal to 0"},
		{"UpdateStreamRecordDistributionStrategy", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","RecordDistributionStrategy":"AUTO"}`, 400, "InvalidArgumentException", "…"},
		{"UpdateAccountSettings", `{}`, 400, "ValidationException", "1 validation error detected: Value null at 'minimumThroughputBillingCommitment' failed to satisfy constraint: Member must not be null"},

		{"Whatever", `{}`, 400, "UnknownOperationException", "the embedded server does not serve Kinesis_20131202.Whatever"},
	} {
		status, got := post(t, s, x.action, x.body)
		message, _ := got["message"].(string)
		if x.kind == "SerializationException" {
			message, _ = got["Message"].(string)
		}
		if kind, _ := got["__type"].(string); status != x.status || kind != x.kind || !matches(x.message, message) {
			t.Errorf("%s %.120s\n got %d %v %q\nwant %d %s %q", x.action, x.body, status, kind, message, x.status, x.kind, x.message)
		}
	}
}

// matches compares with a pattern in which a leading or trailing "…" stands for any text.
func matches(pattern, text string) bool {
	head, tail := strings.HasPrefix(pattern, "…"), strings.HasSuffix(pattern, "…")
	p := strings.TrimSuffix(strings.TrimPrefix(pattern, "…"), "…")
	switch {
	case head && tail:
		return strings.Contains(text, p)
	case head:
		return strings.HasSuffix(text, p)
	case tail:
		return strings.HasPrefix(text, p)
	}
	return text == p
}

// What never gets as far as an operation is answered as AWS's front does.
func TestRequestsOutsideTheProtocol(t *testing.T) {
	s := start(t, local.Options{})
	for _, x := range []struct {
		method, target, contentType, body string
		status                            int
		answer                            string
	}{
		{"GET", "Kinesis_20131202.ListStreams", "application/x-amz-json-1.1", "", 403, "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n"},
		{"POST", "", "application/x-amz-json-1.1", "{}", 403, "<AccessDeniedException>…"},
		{"POST", "Kinesis_20131202.ListStreams", "text/plain", "{}", 404, "<UnknownOperationException/>\n"},
		{"POST", "DynamoDB_20120810.ListTables", "application/x-amz-json-1.1", "{}", 400, `{"__type":"UnknownOperationException"…`},
		{"POST", "Kinesis_20131202.ListStreams", "application/x-amz-json-1.1; charset=utf-8", "{}", 200, `{"HasMoreStreams":false,"StreamNames":[],"StreamSummaries":[]}`},
		{"POST", "Kinesis_20131202.ListStreams", "application/x-amz-json-1.1", strings.Repeat(" ", 2<<20+1), 413, `{"__type":"RequestEntityTooLargeException"…`},
	} {
		req, err := http.NewRequest(x.method, s.KinesisEndpoint(), strings.NewReader(x.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Amz-Target", x.target)
		req.Header.Set("Content-Type", x.contentType)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != x.status || !matches(x.answer, string(got)) {
			t.Errorf("%s %s %s: %d %q %v, want %d %q", x.method, x.target, x.contentType, resp.StatusCode, got, err, x.status, x.answer)
		}
		if len(resp.Header.Get("x-amzn-RequestId")) != 36 {
			t.Errorf("request ID %q", resp.Header.Get("x-amzn-RequestId"))
		}
	}
}

// An iterator of a deleted stream does not read the stream of the same name that came after it.
func TestIteratorOfAnEarlierIncarnation(t *testing.T) {
	s := start(t, local.Options{})
	c := client(s)
	created(t, c, "s", 1)
	put(t, c, "s", "k", "old")
	it := iterate(t, c, "s", "TRIM_HORIZON", nil)
	if status, got := post(t, s, "DeleteStream", `{"StreamName":"s"}`); status != 200 || len(got) != 0 {
		t.Fatal(status, got)
	}
	created(t, c, "s", 1)
	status, got := post(t, s, "GetRecords", fmt.Sprintf(`{"ShardIterator":%q}`, *it))
	if status != 400 || got["__type"] != "ResourceNotFoundException" {
		t.Errorf("got %d %v", status, got)
	}
	if got := drain(t, c, iterate(t, c, "s", "TRIM_HORIZON", nil)); got != "" {
		t.Errorf("the new stream holds %q", got)
	}
}

func TestFaults(t *testing.T) {
	var current atomic.Pointer[local.Fault]
	var seen atomic.Value
	s := start(t, local.Options{Intercept: func(action string, body []byte) *local.Fault {
		seen.Store(fmt.Sprintf("%s %d", action, len(body)))
		return current.Load()
	}})
	inject := func(f local.Fault) *local.Fault {
		current.Store(&f)
		return &f
	}
	c := client(s)
	created(t, c, "s", 1)
	body := `{"StreamName":"s","Records":[{"Data":"YQ==","PartitionKey":"k"},{"Data":"Yg==","PartitionKey":"k"},{"Data":"Yw==","PartitionKey":"k"}]}`
	post(t, s, "PutRecords", body)
	if want := fmt.Sprintf("PutRecords %d", len(body)); seen.Load() != want {
		t.Errorf("seen %v, want %s", seen.Load(), want)
	}

	fault := inject(local.Fault{Code: "ProvisionedThroughputExceededException", Message: "Rate exceeded."})
	if status, got := post(t, s, "PutRecords", body); status != 400 || got["__type"] != fault.Code || got["message"] != fault.Message {
		t.Errorf("error: %d %v", status, got)
	}
	fault = inject(local.Fault{Code: "InternalFailure", Apply: true})
	if status, got := post(t, s, "PutRecords", body); status != 500 || got["__type"] != fault.Code {
		t.Errorf("error after the fact: %d %v", status, got)
	}
	inject(local.Fault{Close: true})
	if _, err := http.Post(s.KinesisEndpoint(), "", nil); err != nil {
		t.Error(err) // not an operation: not intercepted
	}
	req, _ := http.NewRequest("POST", s.KinesisEndpoint(), strings.NewReader("{}"))
	req.Header.Set("X-Amz-Target", "Kinesis_20131202.ListStreams")
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	if resp, err := http.DefaultClient.Do(req); err == nil {
		t.Errorf("connection not closed: %d", resp.StatusCode)
	}
	fault = inject(local.Fault{Code: "ProvisionedThroughputExceededException", Entries: []int{1}})
	_, got := post(t, s, "PutRecords", body)
	records := got["Records"].([]any)
	failed, _ := records[1].(map[string]any)
	if got["FailedRecordCount"] != 1.0 || failed["ErrorCode"] != fault.Code ||
		failed["ErrorMessage"] != "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000." {
		t.Errorf("one entry fails: %v", got)
	}
	current.Store(nil)
	if got := drain(t, c, iterate(t, c, "s", "TRIM_HORIZON", nil)); got != "a b c a b c a c" {
		t.Errorf("stored: %s", got)
	}

	held, release := make(chan struct{}), make(chan struct{})
	inject(local.Fault{Wait: func(context.Context) { close(held); <-release }})
	done := make(chan int)
	go func() {
		status, _ := post(t, s, "ListStreams", "{}")
		done <- status
	}()
	<-held
	select {
	case <-done:
		t.Error("answered while it was held up")
	default:
	}
	close(release)
	if status := <-done; status != 200 {
		t.Errorf("after it was released: %d", status)
	}
}
