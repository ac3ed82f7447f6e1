package kinesis

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// The quick readers of PutRecords and the general one agree on everything that the quick ones accept.

func FuzzPutRecordsJSON(f *testing.F) {
	for _, body := range []string{
		`{"StreamName":"s","Records":[{"Data":"YWJj","PartitionKey":"k"}]}`,
		` { "Records" : [ { "PartitionKey" : "é" , "Data" : "" , "ExplicitHashKey" : "0" } , {"Data":"YQ==","PartitionKey":"k"} ] , "StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s" } `,
		`{"StreamName":"s","Records":[{"Data":"YW\nJj","PartitionKey":"k"}]}`,
		`{"StreamName":"s","Records":[{"Data":"YQ\u003d=","PartitionKey":"\u0041"}]}`,
		`{"StreamName":"s","StreamName":"t","Records":[{"Data":"YQ==","PartitionKey":"k","Data":"Yg=="}],"Extra":[1,{"a":null}]}`,
		`{"StreamName":"s","Records":[{"Data":"YR==","PartitionKey":"k"}]}`,
		`{"StreamName":"s","Records":[{"Data":"YQ==","PartitionKey":null}]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		agree(t, &call{proto: protocolJSON, body: body}, (*putBatch).readJSON)
	})
}

func FuzzPutRecordsCBOR(f *testing.F) {
	body, err := cbor.Marshal(map[string]any{"StreamName": "s", "Records": []any{
		map[string]any{"Data": []byte("abc"), "PartitionKey": "k", "ExplicitHashKey": "17"},
	}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte("\xbf\x6aStreamName\x61s\x67Records\x9f\xbf\x64Data\x41a\x6cPartitionKey\x61k\xff\xff\xff"))
	f.Add([]byte("\xa1\x67Records\x9b\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, body []byte) {
		agree(t, &call{proto: protocolCBOR, body: body}, (*putBatch).readCBOR)
	})
}

func agree(t *testing.T, c *call, quick func(*putBatch, []byte) bool) {
	var q, g putBatch
	accepted := quick(&q, c.body)
	err := g.decodeAny(c)
	if !accepted {
		return
	}
	if err != nil {
		t.Fatalf("the general reader refuses what the quick one accepted: %v", err)
	}
	if q.name != g.name || q.arn != g.arn || len(q.entries) != len(g.entries) {
		t.Fatalf("stream %q %q with %d entries, want %q %q with %d", q.name, q.arn, len(q.entries), g.name, g.arn, len(g.entries))
	}
	for i := range q.entries {
		a, b := q.entries[i], g.entries[i]
		if !bytes.Equal(a.key, b.key) || !bytes.Equal(a.data, b.data) || a.hash != b.hash {
			t.Fatalf("entry %d: %+v, want %+v", i, a, b)
		}
	}
}

// What SDKs write goes the quick way: the throughput depends on it.
func TestQuickReadersTakeSDKRequests(t *testing.T) {
	type record struct {
		Data         []byte
		PartitionKey string
	}
	in := struct {
		Records    []record
		StreamName string
	}{StreamName: "s"}
	for i := range maxPutRecords {
		in.Records = append(in.Records, record{fmt.Append(nil, i), "ключ"})
	}
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var b putBatch
	if !b.readJSON(body) || len(b.entries) != maxPutRecords || string(b.entries[499].data) != "499" {
		t.Error("JSON went the slow way")
	}
	if body, err = cbor.Marshal(in); err != nil {
		t.Fatal(err)
	}
	if !b.readCBOR(body) || len(b.entries) != maxPutRecords || string(b.entries[499].data) != "499" {
		t.Error("CBOR went the slow way")
	}
}

// No body makes any operation's decoding panic, in either protocol.
func FuzzRequests(f *testing.F) {
	inputs := []any{
		addTagsInput{}, removeTagsInput{}, tagResourceInput{}, untagResourceInput{}, listTagsInput{}, resourceInput{},
		createStreamInput{}, deleteStreamInput{}, describeStreamInput{}, streamInput{}, getRecordsInput{},
		getShardIteratorInput{}, retentionInput{}, listShardsInput{}, listStreamsInput{}, putRecordInput{}, putRecordsInput{},
		updateMaxRecordSizeInput{}, splitShardInput{}, mergeShardsInput{}, updateShardCountInput{},
		registerConsumerInput{}, consumerInput{}, listConsumersInput{}, subscribeInput{},
		updateStreamModeInput{}, warmThroughputInput{}, updateSettingsInput{}, encryptionInput{}, monitoringInput{}, putPolicyInput{}, distributionInput{},
	}
	f.Add(false, []byte(`{"StreamName":"s","Limit":1e400,"Tags":{"a":null},"TagKeys":[null,"a"],"Timestamp":1.5,"ShardFilter":{"Type":"x"}}`))
	f.Add(true, []byte("\xa3\x69Timestamp\xc1\x1b\x00\x00\x01\xa0\x13\xac\xcc\x38\x64Tags\xa1\x61a\x61b\x65Limit\x3b\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Add(true, []byte("\xa2\x69Timestamp\xc1\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00\x65Limit\xfb\x7f\xf8\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, isCBOR bool, body []byte) {
		c := &call{body: body}
		if isCBOR {
			c.proto = protocolCBOR
		}
		for _, in := range inputs {
			c.bind(reflect.New(reflect.TypeOf(in)).Interface())
		}
	})
}

func FuzzTokens(f *testing.F) {
	it := iterator{issued: 1, stream: 2, shard: 3, index: 4, name: "s"}
	f.Add(it.String(), sequence{created: 1, shard: 2, index: 3, time: 4}.String(), "shardId-000000000001")
	f.Add("AAAAAAAAAAEAAAAAAAAAAQAAAAAAAAACAAAAAwAAAAAAAAAEc6ig\rYoA=", "0", "0")
	f.Add(base64.StdEncoding.EncodeToString(make([]byte, 41)), "0", "-")
	f.Fuzz(func(t *testing.T, token, number, id string) {
		if it, ok := parseIterator(token); ok && it.String() != token {
			t.Errorf("iterator %q came back as %q", token, it.String())
		}
		if s, ok := parseSequence(number); ok && s.String() != number {
			t.Errorf("sequence %q came back as %q", number, s.String())
		}
		if n, ok := parseShardID(id); ok && n > 1<<31 {
			t.Errorf("shard %q is %d", id, n)
		}
	})
}
