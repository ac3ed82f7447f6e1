package kinesis

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// decode fills the page from the body of an answer to GetRecords, or the payload of a SubscribeToShardEvent, which has a
// ContinuationSequenceNumber in place of the iterator:
//
//	{"MillisBehindLatest":0,"NextShardIterator":"…","Records":[{"ApproximateArrivalTimestamp":1.6927E9,"Data":"…base64…",
//	 "PartitionKey":"…","SequenceNumber":"…"}],"ChildShards":[{"ShardId":"…",…}]}
//
// The SDK's decoder, which goes by a schema for any service, takes ten times as long. Members may stand in any order,
// unknown ones are passed over. An error leaves the page in no state to use.
func (p *page) decode(body []byte) error {
	p.reset()
	if need := len(body) / 4 * 3; cap(p.text) < need { // base64 of nearly all
		p.text = make([]byte, 0, need)
	}
	s := scanner{b: body}
	s.object(func(name []byte) {
		switch string(name) {
		case "MillisBehindLatest":
			if !s.null() {
				p.behind = time.Duration(s.number()) * time.Millisecond
			}
		case "NextShardIterator":
			if !s.null() {
				p.iterator = string(s.text(nil))
			}
		case "ContinuationSequenceNumber":
			if !s.null() {
				p.follow = string(s.text(nil))
			}
		case "Records":
			if !s.null() {
				s.array(func() { p.record(&s) })
			}
		case "ChildShards":
			if !s.null() {
				s.array(func() {
					s.object(func(name []byte) {
						if string(name) == "ShardId" {
							p.children = append(p.children, string(s.text(nil)))
						} else {
							s.skip()
						}
					})
				})
			}
		default:
			s.skip()
		}
	})
	if s.space(); s.err == nil && s.i != len(body) {
		s.fail("the end")
	}
	if s.err == nil && len(p.text) > math.MaxUint32 {
		return errors.New("more than 4 GiB of records")
	}
	return s.err
}

func (p *page) record(s *scanner) {
	var r record
	s.object(func(name []byte) {
		switch string(name) {
		case "Data":
			r.data.from = uint32(len(p.text))
			p.text = s.base64(p.text)
			r.data.to = uint32(len(p.text))
		case "PartitionKey":
			r.key.from = uint32(len(p.text))
			p.text = s.text(p.text)
			r.key.to = uint32(len(p.text))
		case "SequenceNumber":
			r.sequence.from = uint32(len(p.text))
			p.text = s.text(p.text)
			r.sequence.to = uint32(len(p.text))
		case "ApproximateArrivalTimestamp":
			if !s.null() {
				r.arrival = s.seconds()
			}
		default:
			s.skip()
		}
	})
	if s.err == nil && r.sequence.from == r.sequence.to {
		s.fail("a SequenceNumber")
	}
	p.add(r)
}

// scanner reads JSON. After a failure everything it is asked for is empty, and err says what was expected where.
type scanner struct {
	b   []byte
	i   int
	err error
}

func (s *scanner) fail(want string) {
	if s.err == nil {
		s.err = fmt.Errorf("the answer of Kinesis is no JSON as expected: byte %d of %d is not %s", s.i, len(s.b), want)
	}
	s.i = len(s.b)
}

func (s *scanner) space() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\n' || s.b[s.i] == '\r' || s.b[s.i] == '\t') {
		s.i++
	}
}

// take passes over c, if that comes next.
func (s *scanner) take(c byte) bool {
	if s.space(); s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// object calls member with the name of each member, whose value it must read.
func (s *scanner) object(member func(name []byte)) {
	if !s.take('{') {
		s.fail("an object")
		return
	}
	for more := !s.take('}'); more; more = !s.take('}') {
		name := s.quoted()
		if !s.take(':') {
			s.fail("a colon")
		}
		if s.err != nil {
			return
		}
		member(name)
		if !s.take(',') {
			if !s.take('}') {
				s.fail("the end of an object")
			}
			return
		}
	}
}

// array calls element for each element, which it must read.
func (s *scanner) array(element func()) {
	if !s.take('[') {
		s.fail("an array")
		return
	}
	for more := !s.take(']'); more; more = !s.take(']') {
		element()
		if s.err != nil {
			return
		}
		if !s.take(',') {
			if !s.take(']') {
				s.fail("the end of an array")
			}
			return
		}
	}
}

// quoted returns what stands between the quotes of a string, escapes as they are.
func (s *scanner) quoted() []byte {
	if !s.take('"') {
		s.fail("a string")
		return nil
	}
	from := s.i
	for {
		n := bytes.IndexByte(s.b[s.i:], '"')
		if n < 0 {
			s.fail("a string that ends")
			return nil
		}
		s.i += n + 1
		backslashes := 0
		for k := s.i - 2; k >= from && s.b[k] == '\\'; k-- {
			backslashes++
		}
		if backslashes%2 == 0 {
			return s.b[from : s.i-1]
		}
	}
}

// text appends a string.
func (s *scanner) text(dst []byte) []byte {
	raw := s.quoted()
	if bytes.IndexByte(raw, '\\') < 0 {
		return append(dst, raw...)
	}
	var text string
	if err := json.Unmarshal(s.b[s.i-len(raw)-2:s.i], &text); err != nil {
		s.fail("a string: " + err.Error())
	}
	return append(dst, text...)
}

// base64 appends the bytes that a string stands for.
func (s *scanner) base64(dst []byte) []byte {
	raw := s.quoted()
	if bytes.IndexByte(raw, '\\') >= 0 { // some writers escape slashes
		s.i -= len(raw) + 2
		raw = s.text(nil)
	}
	at := len(dst)
	if need := at + base64.StdEncoding.DecodedLen(len(raw)); need > cap(dst) {
		dst = append(make([]byte, 0, max(need, 2*cap(dst))), dst...)
	}
	n, err := base64.StdEncoding.Decode(dst[at:cap(dst)], raw)
	if err != nil {
		s.fail("base64: " + err.Error())
		return dst
	}
	return dst[:at+n]
}

func (s *scanner) null() bool {
	if s.space(); bytes.HasPrefix(s.b[s.i:], []byte("null")) {
		s.i += len("null")
		return true
	}
	return false
}

// digits returns the text of a number.
func (s *scanner) digits() []byte {
	s.space()
	from := s.i
	for s.i < len(s.b) && (s.b[s.i] >= '0' && s.b[s.i] <= '9' || s.b[s.i] == '.' || s.b[s.i] == '-' || s.b[s.i] == '+' || s.b[s.i]|0x20 == 'e') {
		s.i++
	}
	if from == s.i {
		s.fail("a number")
	}
	return s.b[from:s.i]
}

// number reads a number, cut to a whole one.
func (s *scanner) number() int64 {
	text := s.digits()
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil && s.err == nil {
		s.fail("a number")
	}
	return int64(f)
}

// seconds reads seconds since 1970 as milliseconds. Nearly all come as 1692711990.123 or 1.692711990123E9.
func (s *scanner) seconds() int64 {
	text := s.digits()
	n, point := int64(0), -1
	for i, c := range text {
		switch {
		case c == '.' && point < 0:
			point = i
			continue
		case c >= '0' && c <= '9' && len(text) <= 18:
			n = n*10 + int64(c-'0')
			continue
		case c == 'E' && point == 1 && i >= 5 && i+2 == len(text) && text[i+1] == '9':
			// 1.692711990123E9 is 1692711990123 · 10^(9-12).
			return shift(n, 3+9-(i-2))
		}
		f, err := strconv.ParseFloat(string(text), 64)
		if err != nil && s.err == nil {
			s.fail("a number")
		}
		return int64(math.Round(f * 1000))
	}
	if point < 0 {
		return n * 1000
	}
	return shift(n, 3-(len(text)-1-point))
}

// shift returns n · 10^by, rounded half up.
func shift(n int64, by int) int64 {
	for ; by > 0; by-- {
		n *= 10
	}
	for ; by < -1; by++ {
		n /= 10
	}
	if by == -1 {
		n = (n + 5) / 10
	}
	return n
}

// skip passes over a value of any kind.
func (s *scanner) skip() {
	depth := 0
	for {
		s.space()
		if s.i >= len(s.b) {
			s.fail("a value")
			return
		}
		switch c := s.b[s.i]; c {
		case '{', '[':
			depth++
			s.i++
			continue // a value or the end follows
		case '}', ']':
			depth--
			s.i++
		case '"':
			s.quoted()
		case ',', ':':
			s.i++
			if depth == 0 {
				s.fail("a value")
				return
			}
			continue
		default:
			from := s.i
			for s.i < len(s.b) && s.b[s.i] > ' ' && bytes.IndexByte([]byte(`{}[]",:`), s.b[s.i]) < 0 {
				s.i++
			}
			if from == s.i {
				s.fail("a value")
				return
			}
		}
		if depth < 0 {
			s.fail("a value")
		}
		if depth <= 0 || s.err != nil {
			return
		}
	}
}
