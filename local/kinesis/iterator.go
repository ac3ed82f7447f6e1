package kinesis

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"time"
)

// iterator is a position in a shard, handed to clients as an opaque text and taken back from them. Nothing about it is
// stored here: it outlives a restart.
//
// AWS's tokens begin with seven zero bytes and a 1, so do these; what follows (AWS encrypts it) is
//
//	issued millis(8)  stream ID(8)  shard(4)  index(8)  name  crc32(4)
type iterator struct {
	issued int64
	stream uint64 // the incarnation: a stream created anew under the same name does not match
	shard  uint32
	index  uint64 // of the next record to read
	name   string
}

const iteratorHeadBytes = 8 + 8 + 8 + 4 + 8

func (it *iterator) append(dst []byte) []byte {
	var raw [iteratorHeadBytes + 128 + 4]byte
	b := binary.BigEndian.AppendUint64(raw[:0], 1)
	b = binary.BigEndian.AppendUint64(b, uint64(it.issued))
	b = binary.BigEndian.AppendUint64(b, it.stream)
	b = binary.BigEndian.AppendUint32(b, it.shard)
	b = binary.BigEndian.AppendUint64(b, it.index)
	b = append(b, it.name...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return base64.StdEncoding.AppendEncode(dst, b)
}

func (it *iterator) String() string { return string(it.append(nil)) }

func parseIterator(text string) (it iterator, ok bool) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) <= iteratorHeadBytes+4 || strings.ContainsAny(text, "\r\n") { // which the decoder skips
		return it, false
	}
	body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	if crc32.ChecksumIEEE(body) != sum || binary.BigEndian.Uint64(b) != 1 {
		return it, false
	}
	return iterator{
		issued: int64(binary.BigEndian.Uint64(b[8:])),
		stream: binary.BigEndian.Uint64(b[16:]),
		shard:  binary.BigEndian.Uint32(b[24:]),
		index:  binary.BigEndian.Uint64(b[28:]),
		name:   string(body[iteratorHeadBytes:]),
	}, true
}

// expired is the ExpiredIteratorException for an iterator older than five minutes, nil for a younger one.
func (it *iterator) expired(now int64) error {
	if now-it.issued <= iteratorAge.Milliseconds() {
		return nil
	}
	return clientError("ExpiredIteratorException",
		"Iterator expired. The iterator was created at time %s while right now it is %s which is further in the future than the tolerated delay of %d milliseconds.",
		javaDate(it.issued), javaDate(now), iteratorAge.Milliseconds())
}

// javaDate is the form of java.util.Date in AWS's messages: Thu Jan 22 01:22:02 UTC 2015.
func javaDate(millis int64) string {
	return time.UnixMilli(millis).UTC().Format("Mon Jan 02 15:04:05 UTC 2006")
}
