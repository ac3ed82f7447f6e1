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
	ok := sc.object(func(name []byte) bool {
		switch string(name) {
		case "Records":
			if seen.records {
				return false
			}
			seen.records = true
			return sc.array(func() bool { return b.readEntry(&sc) })
		case "StreamName":
			text, ok := sc.text()
			ok = ok && !seen.name && plainName(text)
			seen.name, b.name = true, string(text)
			return ok
		case "StreamARN":
			text, ok := sc.text()
			ok = ok && !seen.arn && shapes["StreamARN"].pattern.Match(text) && len(text) <= 2048
			seen.arn, b.arn = true, string(text)
			return ok
		}
		return false
	})
	sc.space()
	return ok && sc.i == len(body) && len(b.entries) > 0
}

func (b *putBatch) readEntry(sc *scanner) bool {
	if len(b.entries) == maxPutRecords {
		return false
	}
	var e entry
	explicit, hasData := false, false
	ok := sc.object(func(name []byte) bool {
		switch string(name) {
		case "Data":
			if hasData {
				return false
			}
			hasData = true
			return b.readData(sc, &e)
		case "PartitionKey":
			if e.key != nil {
				return false
			}
			var ok bool
			e.key, ok = sc.text()
			return ok && validKey(e.key)
		case "ExplicitHashKey":
			text, ok := sc.text()
			if !ok || explicit {
				return false
			}
			explicit = true
			e.hash, ok = parseHashKey(text)
			return ok
		}
		return false
	})
	if !ok || e.key == nil || !hasData {
		return false
	}
	if !explicit {
		e.hash = hashPartitionKey(e.key)
	}
	b.entries = append(b.entries, e)
	return true
}

// readData decodes a base64 string into the arena. It takes everything up to the next quote for base64: an escape or a
// control character in there is no base64, and the line breaks that Go's decoder skips show in the length.
func (b *putBatch) readData(sc *scanner, e *entry) bool {
	if !sc.lit('"') {
		return false
	}
	n := bytes.IndexByte(sc.b[sc.i:], '"')
	if n < 0 || n%4 != 0 {
		return false
	}
	text := sc.b[sc.i : sc.i+n]
	sc.i += n + 1
	want := n / 4 * 3
	for i := n - 1; i >= 0 && i >= n-2 && text[i] == '='; i-- {
		want--
	}
	at := len(b.arena)
	dst := b.arena[at : at+base64.StdEncoding.DecodedLen(n)]
	got, err := base64.StdEncoding.Decode(dst, text)
	if err != nil || got != want {
		return false
	}
	b.arena = b.arena[:at+got]
	e.data = dst[:got:got]
	return true
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

// scanner reads the subset of JSON that readJSON accepts. Every method returns false where the input leaves it.
type scanner struct {
	b []byte
	i int
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

// object reads { "name": value, … }; member reads the value.
func (sc *scanner) object(member func(name []byte) bool) bool {
	if !sc.lit('{') {
		return false
	}
	if sc.lit('}') {
		return true
	}
	for {
		name, ok := sc.text()
		if !ok || !sc.lit(':') || !member(name) {
			return false
		}
		if !sc.lit(',') {
			return sc.lit('}')
		}
	}
}

// array reads [ value, … ].
func (sc *scanner) array(value func() bool) bool {
	if !sc.lit('[') {
		return false
	}
	if sc.lit(']') {
		return true
	}
	for {
		if !value() {
			return false
		}
		if !sc.lit(',') {
			return sc.lit(']')
		}
	}
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

func appendPutReplyJSON(dst []byte, out []placed, failed failure) []byte {
	dst = append(dst, `{"FailedRecordCount":`...)
	dst = strconv.AppendInt(dst, int64(failures(out)), 10)
	dst = append(dst, `,"Records":[`...)
	for i := range out {
		if i > 0 {
			dst = append(dst, ',')
		}
		p := &out[i]
		if p.shard == nil {
			dst = append(dst, `{"ErrorCode":`...)
			dst = appendJSONString(dst, []byte(failed.code))
			dst = append(dst, `,"ErrorMessage":`...)
			dst = appendJSONString(dst, []byte(failed.message))
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
	w.dst = append(dst, '}')
}

func (w *recordsWriter) finishJSON(it *iterator, lag int64) []byte {
	dst := append(w.dst, `],"NextShardIterator":"`...)
	dst = it.append(dst)
	dst = append(dst, `","MillisBehindLatest":`...)
	dst = strconv.AppendInt(dst, lag, 10)
	return append(dst, '}')
}
