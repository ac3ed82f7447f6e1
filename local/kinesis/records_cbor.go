package kinesis

import (
	"encoding/binary"
	"unicode/utf8"
)

// The major types of CBOR (RFC 8949), as they stand in the upper bits of an item's first byte.
const (
	cborUint  = 0 << 5
	cborBytes = 2 << 5
	cborText  = 3 << 5
	cborArray = 4 << 5
	cborMap   = 5 << 5
	cborTag   = 6 << 5

	cborIndefinite = 31 // in the lower bits: items follow until a break
	cborBreak      = 0xff
)

// readCBOR is readJSON for CBOR: maps and arrays of known or unknown length (the Java SDK writes the latter), strings of
// known length. Data aliases the body.
func (b *putBatch) readCBOR(body []byte) bool {
	b.name, b.arn, b.entries = "", "", b.entries[:0]
	r := cborReader{b: body}
	var seen struct{ records, name, arn bool }
	for it := r.begin(cborMap); r.more(&it); {
		name, ok := r.str(cborText)
		if !ok {
			return false
		}
		switch string(name) {
		case "Records":
			if seen.records {
				return false
			}
			seen.records = true
			for it := r.begin(cborArray); r.more(&it); {
				if !b.readEntryCBOR(&r) {
					return false
				}
			}
		case "StreamName":
			text, ok := r.str(cborText)
			if !ok || seen.name || !plainName(text) {
				return false
			}
			seen.name, b.name = true, string(text)
		case "StreamARN":
			text, ok := r.str(cborText)
			if !ok || seen.arn || !plainARN(text) {
				return false
			}
			seen.arn, b.arn = true, string(text)
		default:
			return false
		}
	}
	return !r.bad && r.i == len(body) && len(b.entries) > 0
}

func (b *putBatch) readEntryCBOR(r *cborReader) bool {
	if len(b.entries) == maxPutRecords {
		return false
	}
	var e entry
	var seen struct{ data, key, hash bool }
	for it := r.begin(cborMap); r.more(&it); {
		name, ok := r.str(cborText)
		if !ok {
			return false
		}
		switch string(name) {
		case "Data":
			if e.data, ok = r.str(cborBytes); !ok || seen.data || len(e.data) > maxRecordBytes {
				return false
			}
			seen.data = true
		case "PartitionKey":
			if e.key, ok = r.str(cborText); !ok || seen.key || !validKey(e.key) {
				return false
			}
			seen.key = true
		case "ExplicitHashKey":
			text, ok := r.str(cborText)
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
	if r.bad || !seen.key || !seen.data {
		return false
	}
	if !seen.hash {
		e.hash = hashPartitionKey(e.key)
	}
	b.entries = append(b.entries, e)
	return true
}

// cborReader reads the subset of CBOR that readCBOR accepts.
type cborReader struct {
	b   []byte
	i   int
	bad bool // set by begin and more, whose false otherwise means the end
}

// cborItems counts what is left of an array or map.
type cborItems struct {
	left       uint64
	indefinite bool
}

// head reads an item's head, which must be of the major type; indefinite tells that its length is open.
func (r *cborReader) head(major byte) (n uint64, indefinite, ok bool) {
	if r.i >= len(r.b) || r.b[r.i]&0xe0 != major {
		return 0, false, false
	}
	low := r.b[r.i] & 0x1f
	r.i++
	switch {
	case low < 24:
		return uint64(low), false, true
	case low == cborIndefinite:
		return 0, true, true
	case low > 27:
		return 0, false, false
	}
	size := 1 << (low - 24)
	if len(r.b)-r.i < size {
		return 0, false, false
	}
	for _, c := range r.b[r.i : r.i+size] {
		n = n<<8 | uint64(c)
	}
	r.i += size
	return n, false, true
}

// str reads a string of known length; text must be UTF-8.
func (r *cborReader) str(major byte) ([]byte, bool) {
	n, indefinite, ok := r.head(major)
	if !ok || indefinite || n > uint64(len(r.b)-r.i) {
		return nil, false
	}
	s := r.b[r.i : r.i+int(n) : r.i+int(n)]
	r.i += int(n)
	return s, major != cborText || utf8.Valid(s)
}

// begin and more walk over the elements of an array or the pairs of a map:
//
//	for it := r.begin(cborArray); r.more(&it); { … }
//
// more returns false at the end, and, with bad set, where the input ends before.
func (r *cborReader) begin(major byte) cborItems {
	n, indefinite, ok := r.head(major)
	r.bad = r.bad || !ok
	return cborItems{n, indefinite}
}

func (r *cborReader) more(it *cborItems) bool {
	switch {
	case r.bad:
		return false
	case !it.indefinite:
		it.left--
		return it.left != ^uint64(0)
	case r.i >= len(r.b):
		r.bad = true
		return false
	case r.b[r.i] == cborBreak:
		r.i++
		return false
	}
	return true
}

func appendCBORHead(dst []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n < 1<<8:
		return append(dst, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, major|27), n)
}

func appendCBORText(dst []byte, s string) []byte {
	return append(appendCBORHead(dst, cborText, uint64(len(s))), s...)
}

func appendPutReplyCBOR(dst []byte, out []placed, f putReply) []byte {
	members := uint64(2)
	if f.kms {
		members++
	}
	dst = appendCBORHead(dst, cborMap, members)
	if f.kms {
		dst = appendCBORText(appendCBORText(dst, "EncryptionType"), "KMS")
	}
	dst = appendCBORText(dst, "FailedRecordCount")
	dst = appendCBORHead(dst, cborUint, uint64(countFailed(out)))
	dst = appendCBORText(dst, "Records")
	dst = appendCBORHead(dst, cborArray, uint64(len(out)))
	for i := range out {
		p := &out[i]
		dst = appendCBORHead(dst, cborMap, 2)
		if p.shard == nil {
			code, message := f.failure(p)
			dst = appendCBORText(appendCBORText(dst, "ErrorCode"), code)
			dst = appendCBORText(appendCBORText(dst, "ErrorMessage"), message)
			continue
		}
		dst = appendCBORText(dst, "SequenceNumber")
		dst = p.seq.append(appendCBORHead(dst, cborText, sequenceDigits))
		dst = appendCBORText(appendCBORText(dst, "ShardId"), p.shard.id)
	}
	return dst
}

func (w *recordsWriter) recordCBOR(seq sequence, arrival int64, key, data []byte) {
	members := uint64(4)
	if w.kms {
		members++
	}
	dst := appendCBORHead(w.dst, cborMap, members)
	dst = appendCBORText(dst, "SequenceNumber")
	dst = seq.append(appendCBORHead(dst, cborText, sequenceDigits))
	dst = appendCBORText(dst, "ApproximateArrivalTimestamp")
	dst = append(dst, cborTag|1)
	dst = appendCBORHead(dst, cborUint, uint64(max(arrival, 0)))
	dst = appendCBORText(dst, "Data")
	dst = append(appendCBORHead(dst, cborBytes, uint64(len(data))), data...)
	dst = appendCBORText(dst, "PartitionKey")
	w.dst = append(appendCBORHead(dst, cborText, uint64(len(key))), key...)
	if w.kms {
		w.dst = appendCBORText(appendCBORText(w.dst, "EncryptionType"), "KMS")
	}
}
