package kinesis

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"hash/maphash"
	"time"
	"unicode/utf8"

	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// What AWS takes: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html.
const (
	maxRequestRecords = 500
	maxRequestBytes   = 10 << 20
	maxRecordBytes    = 1 << 20 // data and key; a stream may have been given more, see UpdateMaxRecordSize
	maxKeyChars       = 256
)

// request is a PutRecords request as it fills: data and keys in one buffer, entries as places in it.
type request struct {
	text    []byte
	entries []entry
	body    []byte       // what is sent
	answer  bytes.Buffer // what came back

	// Of the sink: with this request all rows are taken that were written before some moment, and no others since the last
	// request that says so.
	rows     int
	buffered int       // that they take
	since    time.Time // when the first of them was written
	shards   *shardMap // that the records were packed for; nil: none were
}

type entry struct {
	data, key span
	hash      span   // the explicit hash key of an aggregated record, if it has one
	group     uint32 // the shard that it was packed for, from 1; 0: none in particular
}

func (r *request) bytes(s span) []byte { return r.text[s.from:s.to:s.to] }

func (r *request) reset() {
	r.text, r.entries, r.rows, r.buffered, r.shards = r.text[:0], r.entries[:0], 0, 0, nil
}

// fits reports whether the request takes another record of this size.
func (r *request) fits(s *sink, size int) bool {
	return len(r.entries) == 0 || len(r.entries) < s.maxRecords && len(r.text)+size <= s.maxBytes
}

// add adds a record, which is copied.
func (r *request) add(data, key, hash []byte, group uint32) {
	place := func(part []byte) span {
		from := len(r.text)
		r.text = append(r.text, part...)
		return span{uint32(from), uint32(len(r.text))}
	}
	r.entries = append(r.entries, entry{data: place(data), key: place(key), hash: place(hash), group: group})
}

// size is the bytes of the first n entries, data and keys.
func (r *request) size(n int) (bytes int) {
	for _, e := range r.entries[:n] {
		bytes += int(e.data.to-e.data.from) + int(e.key.to-e.key.from)
	}
	return bytes
}

// encode makes the body of the first n entries:
//
//	{"Records":[{"Data":"…base64…","PartitionKey":"…","ExplicitHashKey":"…"}],"StreamName":"…"}
//
// stream is the last member, which says where they go.
func (r *request) encode(stream []byte, n int) {
	b := append(r.body[:0], `{"Records":[`...)
	for i, e := range r.entries[:n] {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"Data":"`...)
		b = base64.StdEncoding.AppendEncode(b, r.bytes(e.data))
		b = append(b, `","PartitionKey":`...)
		b = appendString(b, r.bytes(e.key))
		if e.hash.from < e.hash.to {
			b = append(b, `,"ExplicitHashKey":"`...)
			b = append(b, r.bytes(e.hash)...)
			b = append(b, '"')
		}
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

// keep removes those of the first n entries, which have been sent, whose result is no error. It returns how many of them
// are left, and the first error.
func (r *request) keep(n int, results []ktypes.PutRecordsResultEntry) (refused int, code, message string) {
	for i, res := range results[:min(n, len(results))] {
		if res.ErrorCode == nil {
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
	r.entries = append(r.entries[:refused], r.entries[n:]...)
	return refused, code, message
}

// leaders finds the first records of their keys, to send them without those behind them: see sink.strict.
type leaders struct {
	seed  maphash.Seed
	seen  [4 * maxRequestRecords]uint64 // open addressing; 0: free
	later []entry
}

// first moves the first entry of each key, or of each shard that records were packed for, to the front and returns how many those are; order is kept otherwise. Keys of the
// same hash pass for the same one: then an entry waits without need.
func (l *leaders) first(r *request) int {
	clear(l.seen[:])
	l.later = l.later[:0]
	n := 0
	for _, e := range r.entries {
		h := uint64(e.group) << 1
		if h == 0 {
			h = maphash.Bytes(l.seed, r.bytes(e.key)) | 1
		}
		at := h % uint64(len(l.seen))
		for l.seen[at] != 0 && l.seen[at] != h {
			at = (at + 1) % uint64(len(l.seen))
		}
		if l.seen[at] == h {
			l.later = append(l.later, e)
			continue
		}
		l.seen[at] = h
		r.entries[n] = e
		n++
	}
	copy(r.entries[n:], l.later)
	return n
}
