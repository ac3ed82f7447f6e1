package kinesis

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// Requests are the JSON that the API describes, whatever the bytes.
func TestEncodeRequest(t *testing.T) {
	r := &request{}
	add := func(data, key string) {
		at := uint32(len(r.text))
		r.text = append(append(r.text, data...), key...)
		middle := at + uint32(len(data))
		r.entries = append(r.entries, entry{data: span{at, middle}, key: span{middle, uint32(len(r.text))}})
	}
	inputs := [][2]string{{`{"a":1}`, "plain"}, {"", `"quoted" \ and <b>`}, {"\x00\xff", "ä\n"}, {"x", "\x1f"}}
	for _, in := range inputs {
		add(in[0], in[1])
	}
	r.encode(member("StreamName", "clicks"), len(r.entries))
	var got struct {
		Records []struct {
			Data         []byte
			PartitionKey string
		}
		StreamName string
	}
	if err := json.Unmarshal(r.body, &got); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
	if got.StreamName != "clicks" || len(got.Records) != len(inputs) {
		t.Fatalf("%s", r.body)
	}
	for i, in := range inputs {
		if string(got.Records[i].Data) != in[0] || got.Records[i].PartitionKey != in[1] {
			t.Errorf("record %d is %q, want %q", i, got.Records[i], in)
		}
	}
}

// Refused records stay, in order, and only they and those that have not been sent.
func TestKeepRefused(t *testing.T) {
	r := &request{text: []byte("abcde")}
	for i := range uint32(5) {
		r.entries = append(r.entries, entry{data: span{i, i + 1}})
	}
	taken := ktypes.PutRecordsResultEntry{SequenceNumber: aws.String("1"), ShardId: aws.String("s")}
	refused := ktypes.PutRecordsResultEntry{ErrorCode: aws.String("Code"), ErrorMessage: aws.String("message")}
	n, code, message := r.keep(4, []ktypes.PutRecordsResultEntry{taken, refused, taken, refused})
	if n != 2 || code != "Code" || message != "message" {
		t.Errorf("%d refused: %s %s", n, code, message)
	}
	if len(r.entries) != 3 || string(r.bytes(r.entries[0].data)) != "b" || string(r.bytes(r.entries[1].data)) != "d" || string(r.bytes(r.entries[2].data)) != "e" {
		t.Errorf("entries %v", r.entries)
	}
}

func TestAllTaken(t *testing.T) {
	for answer, want := range map[string]bool{
		`{"FailedRecordCount":0,"Records":[]}`:                      true,
		`{"Records":[{"ShardId":"s"}],"FailedRecordCount":0}`:       true,
		`{"FailedRecordCount":1,"Records":[]}`:                      false,
		`{"FailedRecordCount":05}`:                                  false,
		`{"Records":[]}`:                                            false,
		`{"FailedRecordCount" : 0}`:                                 false, // the SDK decodes it
		`{"Records":[{"ErrorMessage":"\"FailedRecordCount\":0,"}]}`: false,
		``: false,
	} {
		if got := allTaken([]byte(answer)); got != want {
			t.Errorf("%s: %v", answer, got)
		}
	}
}
