package kinesis

import (
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// What AWS takes: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html. A request may have 10 MiB by
// now; Flink keeps it under 5.
const (
	maxRequestRecords = 500
	maxRequestBytes   = 5 << 20
	maxRecordBytes    = 1 << 20 // data and key
	maxKeyChars       = 256
)

// request is a PutRecords request as it fills: data and keys in one buffer, entries as places in it.
type request struct {
	text    []byte
	entries []entry
	records []ktypes.PutRecordsRequestEntry // what is sent, used again and again
	keys    []string                        // which the records point to
}

type entry struct{ data, key span }

func (r *request) bytes(s span) []byte { return r.text[s.from:s.to:s.to] }

func (r *request) reset() { r.text, r.entries = r.text[:0], r.entries[:0] }

// input makes the SDK's request of the entries. It points into the request, which must stay as it is until the answer.
func (r *request) input(name, arn *string) *kinesis.PutRecordsInput {
	r.records, r.keys = r.records[:0], r.keys[:0]
	for _, e := range r.entries {
		key := r.bytes(e.key)
		r.keys = append(r.keys, unsafe.String(unsafe.SliceData(key), len(key)))
		r.records = append(r.records, ktypes.PutRecordsRequestEntry{Data: r.bytes(e.data)})
	}
	for i := range r.records {
		r.records[i].PartitionKey = &r.keys[i]
	}
	return &kinesis.PutRecordsInput{StreamName: name, StreamARN: arn, Records: r.records}
}

// keep leaves only the entries whose result is an error, in their order, and returns how many there were and the first
// error.
func (r *request) keep(results []ktypes.PutRecordsResultEntry) (refused int, code, message string) {
	for i, res := range results {
		if res.ErrorCode == nil || i >= len(r.entries) {
			continue
		}
		if refused == 0 {
			code = *res.ErrorCode
			if res.ErrorMessage != nil {
				message = *res.ErrorMessage
			}
		}
		r.entries[refused] = r.entries[i]
		refused++
	}
	r.entries = r.entries[:refused]
	return refused, code, message
}
