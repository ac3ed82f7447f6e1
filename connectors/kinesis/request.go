package kinesis

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"

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
	body    []byte       // what is sent
	answer  bytes.Buffer // what came back
}

type entry struct{ data, key span }

func (r *request) bytes(s span) []byte { return r.text[s.from:s.to:s.to] }

func (r *request) reset() { r.text, r.entries = r.text[:0], r.entries[:0] }

// encode makes the body of the entries:
//
//	{"Records":[{"Data":"…base64…","PartitionKey":"…"}],"StreamName":"…"}
//
// stream is the last member, which says where they go.
func (r *request) encode(stream []byte) {
	b := append(r.body[:0], `{"Records":[`...)
	for i, e := range r.entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"Data":"`...)
		b = base64.StdEncoding.AppendEncode(b, r.bytes(e.data))
		b = append(b, `","PartitionKey":`...)
		b = appendString(b, r.bytes(e.key))
		b = append(b, '}')
	}
	b = append(b, `],`...)
	b = append(b, stream...)
	r.body = append(b, '}')
}

// member returns `"name":"value"`.
func member(name, value string) []byte {
	b := append([]byte{'"'}, name...)
	return appendString(append(b, `":`...), []byte(value))
}

// appendString appends a JSON string. Bytes that are no UTF-8 become U+FFFD.
func appendString(dst, text []byte) []byte {
	for _, c := range text {
		if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, err := json.Marshal(string(text))
			if err != nil {
				return append(dst, `""`...) // never happens: every string can be written
			}
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}

// allTaken reports whether an answer says that no record was refused; else, or if it is not of the usual form, the SDK
// has to decode it. A quote within a string is escaped, so the member is what it seems.
func allTaken(answer []byte) bool {
	const member = `"FailedRecordCount":0`
	i := bytes.Index(answer, []byte(member))
	return i >= 0 && i+len(member) < len(answer) && (answer[i+len(member)] == ',' || answer[i+len(member)] == '}')
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
