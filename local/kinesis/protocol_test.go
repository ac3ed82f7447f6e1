package kinesis_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/weirsql/weir/local"
)

// A session in CBOR, by requests as the Java SDK writes them: timestamps are integer milliseconds under tag 1, both ways.
func TestCBOR(t *testing.T) {
	clock := newFakeClock()
	s := start(t, local.Options{Clock: clock})
	call := func(action string, in any) map[string]any {
		t.Helper()
		body, err := cbor.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		return callCBOR(t, s, action, body)
	}
	type m = map[string]any
	if got := call("CreateStream", m{"StreamName": "s", "ShardCount": 1}); len(got) != 0 {
		t.Errorf("CreateStream: %v", got)
	}
	put := call("PutRecords", m{"StreamName": "s", "Records": []m{
		{"Data": []byte("one"), "PartitionKey": "k"},
		{"Data": []byte{0, 0xff}, "PartitionKey": "ключ", "ExplicitHashKey": "0"},
	}})
	results, _ := put["Records"].([]any)
	if put["FailedRecordCount"] != uint64(0) || len(results) != 2 {
		t.Fatalf("PutRecords: %v", put)
	}
	clock.advance(time.Second)
	call("PutRecord", m{"StreamName": "s", "Data": []byte("three"), "PartitionKey": "k"})

	stamp, err := hex.DecodeString(fmt.Sprintf("c11b%016x", clock.Now().UnixMilli()))
	if err != nil {
		t.Fatal(err)
	}
	it := call("GetShardIterator", m{"StreamName": "s", "ShardId": "shardId-000000000000", "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": cbor.RawMessage(stamp)})
	got := call("GetRecords", m{"ShardIterator": it["ShardIterator"]})
	if records, _ := got["Records"].([]any); len(records) != 1 || string(records[0].(m)["Data"].([]byte)) != "three" {
		t.Errorf("AT_TIMESTAMP: %v", got)
	}

	it = call("GetShardIterator", m{"StreamName": "s", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"})
	body, err := cbor.Marshal(m{"ShardIterator": it["ShardIterator"]})
	if err != nil {
		t.Fatal(err)
	}
	resp := send(t, http.DefaultClient, s, "GetRecords", "application/x-amz-cbor-1.1", body)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Records []struct {
			ApproximateArrivalTimestamp cbor.RawMessage
			Data                        []byte
			PartitionKey                string
			SequenceNumber              string
		}
		NextShardIterator  string
		MillisBehindLatest int64
	}
	if err := cbor.Unmarshal(raw, &answer); err != nil {
		t.Fatal(err)
	}
	r := answer.Records
	if len(r) != 3 || string(r[0].Data) != "one" || string(r[1].Data) != "\x00\xff" || r[1].PartitionKey != "ключ" ||
		r[0].SequenceNumber != results[0].(m)["SequenceNumber"] || answer.NextShardIterator == "" || answer.MillisBehindLatest != 0 {
		t.Errorf("GetRecords: %+v", answer)
	}
	if want := string(stamp); string(r[2].ApproximateArrivalTimestamp) != want {
		t.Errorf("arrival %x, want %x", r[2].ApproximateArrivalTimestamp, want)
	}
	sum := call("DescribeStreamSummary", m{"StreamName": "s"})["StreamDescriptionSummary"].(m)
	if sum["StreamStatus"] != "ACTIVE" || sum["OpenShardCount"] != uint64(1) {
		t.Errorf("summary: %v", sum)
	}

	for _, body := range []string{"", "a0a0", "80", "ff", "a1", "bf616100"} {
		b, _ := hex.DecodeString(body)
		if got := callCBOR(t, s, "ListStreams", b); got["__type"] != "SerializationException" {
			t.Errorf("body %q: %v", body, got)
		}
	}
	if got := call("PutRecords", m{"StreamName": "s", "Records": []m{{"Data": "no bytes!", "PartitionKey": "k"}}}); got["__type"] != "SerializationException" {
		t.Errorf("text for a blob: %v", got)
	}
	if got := call("DescribeStream", m{"StreamName": "none"}); got["__type"] != "ResourceNotFoundException" || got["message"] != "Stream none under account 000000000000 not found." {
		t.Errorf("error: %v", got)
	}
}

// Maps and lists of unknown length, which Jackson writes when it streams.
func TestCBORIndefiniteLengths(t *testing.T) {
	s := start(t, local.Options{})
	created(t, client(s), "s", 1)
	text := func(s string) string { return string(rune(0x60+len(s))) + s }
	record := "\xbf" + text("PartitionKey") + text("k") + text("Data") + "\x43abc" + "\xff"
	body := "\xbf" + text("StreamName") + text("s") + text("Records") + "\x9f" + record + record + "\xff" + "\xff"
	got := callCBOR(t, s, "PutRecords", []byte(body))
	if records, _ := got["Records"].([]any); len(records) != 2 || got["FailedRecordCount"] != uint64(0) {
		t.Errorf("got %v", got)
	}
}

func callCBOR(t *testing.T, s *local.Server, action string, body []byte) map[string]any {
	t.Helper()
	resp := send(t, http.DefaultClient, s, action, "application/x-amz-cbor-1.1", body)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) == 0 {
		return nil
	}
	if got := resp.Header.Get("Content-Type"); got != "application/x-amz-cbor-1.1" {
		t.Errorf("answered in %s", got)
	}
	mode, err := cbor.DecOptions{DefaultMapType: reflect.TypeFor[map[string]any]()}.DecMode()
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := mode.Unmarshal(raw, &out); err != nil {
		t.Fatalf("%s: %x: %v", action, raw, err)
	}
	return out
}

// The port speaks clear-text HTTP/2 too, to clients that know it does.
func TestHTTP2(t *testing.T) {
	s := start(t, local.Options{})
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	c := &http.Client{Transport: &http.Transport{Protocols: &p}}
	defer c.CloseIdleConnections()
	resp := send(t, c, s, "ListStreams", "application/x-amz-json-1.1", []byte("{}"))
	defer resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.StatusCode != 200 {
		t.Errorf("HTTP/%d status %d", resp.ProtoMajor, resp.StatusCode)
	}
	body, err := io.ReadAll(resp.Body)
	if want := `{"HasMoreStreams":false,"StreamNames":[],"StreamSummaries":[]}`; err != nil || string(body) != want {
		t.Errorf("got %s %v", body, err)
	}
}
