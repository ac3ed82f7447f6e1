package kinesis

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"unicode/utf8"
)

// readJSON fills the batch from the body of a PutRecords request, if that is well-formed, valid and of the form that SDKs
// write: known members, each once, in any order, with any white space; strings without escapes. For anything else it
// returns false and the general reader decides (FuzzPutRecordsJSON holds the two together). Keys alias the body, data the
// arena.
func (b *putBatch) readJSON(body []byte) bool {
	// The arena never grows while entries point into it: base64 shrinks.
	if cap(b.arena) < len(body)/4*3+3 {
		b.arena = make([]byte, 0, len(body)/4*3+3)
	}
	b.name, b.arn, b.entries, b.arena = "", "", b.entries[:0], b.arena[:0]
	sc := scanner{b: body}
	var seen struct{ records, name, arn bool }
	for more := sc.begin('{', '}'); more; more = sc.more('}') {
		name, ok := sc.text()
		if !ok || !sc.lit(':') {
			return false
		}
		switch string(name) {
		case "Records":
			if seen.records {
				return false
			}
			seen.records = true
			for more := sc.begin('[', ']'); more; more = sc.more(']') {
				if !b.readEntry(&sc) {
					return false
				}
			}
		case "StreamName":
			text, ok := sc.text()
			if !ok || seen.name || !plainName(text) {
				return false
			}
			seen.name, b.name = true, string(text)
		case "StreamARN":
			text, ok := sc.text()
			if !ok || seen.arn || !plainARN(text) {
				return false
			}
			seen.arn, b.arn = true, string(text)
		default:
			return false
		}
	}
	sc.space()
	return !sc.bad && sc.i == len(body) && len(b.entries) > 0
}

func (b *putBatch) readEntry(sc *scanner) bool {
	if len(b.entries) == maxPutRecords {
		return false
	}
	var e entry
	var seen struct{ data, key, hash bool }
	for more := sc.begin('{', '}'); more; more = sc.more('}') {
		name, ok := sc.text()
		if !ok || !sc.lit(':') {
			return false
		}
		switch string(name) {
		case "Data":
			if seen.data {
				return false
			}
			seen.data = true
			if e.data, ok = b.readData(sc); !ok || len(e.data) > maxRecordBytes {
				return false
			}
		case "PartitionKey":
			if e.key, ok = sc.text(); !ok || seen.key || !validKey(e.key) {
				return false
			}
			seen.key = true
		case "ExplicitHashKey":
			text, ok := sc.text()
			if !ok || seen.hash {
				return false
			}
			seen.hash = true
			if e.hash, ok = parseHashKey(text); !ok {
				return false
			}
		default:
			return false
		}
	}
	if sc.bad || !seen.key || !seen.data {
		return false
	}
	if !seen.hash {
		e.hash = hashPartitionKey(e.key)
	}
	b.entries = append(b.entries, e)
	return true
}

// readData decodes a base64 string into the arena. It takes everything up to the next quote for base64: an escape or a
// control character in there is no base64, and the line breaks that Go's decoder skips show in the length.
func (b *putBatch) readData(sc *scanner) ([]byte, bool) {
	if !sc.lit('"') {
		return nil, false
	}
	n := bytes.IndexByte(sc.b[sc.i:], '"')
	if n < 0 || n%4 != 0 {
		return nil, false
	}
	text := sc.b[sc.i : sc.i+n]
	sc.i += n + 1
	want := n / 4 * 3
	for i := n - 1; i >= 0 && i >= n-2 && text[i] == '='; i-- {
		want--
	}
	at := len(b.arena)
	dst := b.arena[at : at+n/4*3]
	got, err := base64.StdEncoding.Decode(dst, text)
	if err != nil || got != want {
		return nil, false
	}
	b.arena = b.arena[:at+got]
	return dst[:got:got], true
}

// plainName is the shape StreamName.
func plainName(s []byte) bool {
	for _, c := range s {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '-') {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 128
}

// plainARN is the shape StreamARN.
func plainARN(s []byte) bool {
	return len(s) <= 2048 && shapes["StreamARN"].pattern.Match(s)
}

// scanner reads the subset of JSON that readJSON accepts. Every method returns false where the input leaves it.
type scanner struct {
	b   []byte
	i   int
	bad bool // set by more and begin, whose false otherwise means the end
}

func (sc *scanner) space() {
	for sc.i < len(sc.b) {
		switch sc.b[sc.i] {
		case ' ', '\t', '\n', '\r':
			sc.i++
		default:
			return
		}
	}
}

// lit skips white space and then the character c.
func (sc *scanner) lit(c byte) bool {
	sc.space()
	if sc.i < len(sc.b) && sc.b[sc.i] == c {
		sc.i++
		return true
	}
	return false
}

// text reads a string without escapes, of valid UTF-8. The result aliases the input.
func (sc *scanner) text() ([]byte, bool) {
	if !sc.lit('"') {
		return nil, false
	}
	start, ascii := sc.i, true
	for ; sc.i < len(sc.b); sc.i++ {
		switch c := sc.b[sc.i]; {
		case c == '"':
			s := sc.b[start:sc.i]
			sc.i++
			return s, ascii || utf8.Valid(s)
		case c == '\\' || c < ' ':
			return nil, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, false
}

// begin and more walk over the members of an object or array:
//
//	for more := sc.begin('[', ']'); more; more = sc.more(']') { … }
//
// Both return false at the closing bracket, and, with bad set, at anything else than a further member.
func (sc *scanner) begin(open, close byte) bool {
	if !sc.lit(open) {
		sc.bad = true
		return false
	}
	return !sc.lit(close)
}

func (sc *scanner) more(close byte) bool {
	if sc.lit(',') {
		return true
	}
	sc.bad = sc.bad || !sc.lit(close)
	return false
}

const hexDigits = "0123456789abcdef"

// appendJSONString appends s, valid UTF-8, as a JSON string.
func appendJSONString(dst []byte, s []byte) []byte {
	dst = append(dst, '"')
	from := 0
	for i, c := range s {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

func appendPutReplyJSON(dst []byte, out []placed, f putReply) []byte {
	dst = append(dst, '{')
	if f.kms {
		dst = append(dst, `"EncryptionType":"KMS",`...)
	}
	dst = append(dst, `"FailedRecordCount":`...)
	dst = strconv.AppendInt(dst, int64(countFailed(out)), 10)
	dst = append(dst, `,"Records":[`...)
	for i := range out {
		if i > 0 {
			dst = append(dst, ',')
		}
		p := &out[i]
		if p.shard == nil {
			code, message := f.failure(p)
			dst = append(dst, `{"ErrorCode":`...)
			dst = appendJSONString(dst, []byte(code))
			dst = append(dst, `,"ErrorMessage":`...)
			dst = appendJSONString(dst, []byte(message))
			dst = append(dst, '}')
			continue
		}
		dst = append(dst, `{"SequenceNumber":"`...)
		dst = p.seq.append(dst)
		dst = append(dst, `","ShardId":"`...)
		dst = append(dst, p.shard.id...)
		dst = append(dst, `"}`...)
	}
	return append(dst, `]}`...)
}

func (w *recordsWriter) recordJSON(seq sequence, arrival int64, key, data []byte) {
	dst := w.dst
	if w.n > 0 {
		dst = append(dst, ',')
	}
	dst = append(dst, `{"SequenceNumber":"`...)
	dst = seq.append(dst)
	dst = append(dst, `","ApproximateArrivalTimestamp":`...)
	dst = millis(arrival).appendJSON(dst)
	dst = append(dst, `,"Data":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, data)
	dst = append(dst, `","PartitionKey":`...)
	dst = appendJSONString(dst, key)
	if w.kms {
		dst = append(dst, `,"EncryptionType":"KMS"`...)
	}
	w.dst = append(dst, '}')
}
