package kpl

import (
	"bytes"
	"crypto/md5"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	magic      = "\xf3\x89\x9a\xc2"
	digestSize = md5.Size
)

// Span is a place in the bytes that were decoded.
type Span struct{ From, To int }

// Record says where the parts of a user record stand. Without an explicit hash key that is empty.
type Record struct{ PartitionKey, ExplicitHashKey, Data Span }

// Decoder unpacks aggregated records. The zero value is ready; used again, it allocates nothing.
type Decoder struct {
	keys, hashes []Span // the tables
	indexes      []index
}

// index is a user record before the tables are known, which may stand behind it. -1 is no explicit hash key.
type index struct{ key, hash int }

// Aggregated reports whether data may be an aggregated record: all but very few others end here.
func Aggregated(data []byte) bool {
	return len(data) > len(magic)+digestSize && string(data[:len(magic)]) == magic
}

// Decode appends the user records of an aggregated record to dst, of which there may be none. It reports false, with dst as
// it was, for any other record: one without the magic, and, as the Kinesis Client Library has it, one whose digest is wrong or
// whose protobuf can't be read.
func (d *Decoder) Decode(dst []Record, data []byte) ([]Record, bool) {
	if !Aggregated(data) {
		return dst, false
	}
	end := len(data) - digestSize
	if digest := md5.Sum(data[len(magic):end]); !bytes.Equal(digest[:], data[end:]) {
		return dst, false
	}
	d.keys, d.hashes, d.indexes = d.keys[:0], d.hashes[:0], d.indexes[:0]
	first := len(dst)
	f := fields{data: data[:end], at: len(magic)}
	for f.next() {
		switch {
		case f.is(1, protowire.BytesType):
			d.keys = append(d.keys, f.value)
		case f.is(2, protowire.BytesType):
			d.hashes = append(d.hashes, f.value)
		case f.is(3, protowire.BytesType):
			r, ok := d.record(data, f.value)
			if !ok {
				return dst[:first], false
			}
			dst = append(dst, Record{Data: r})
		}
	}
	if f.bad {
		return dst[:first], false
	}
	for i, at := range d.indexes {
		r := &dst[first+i]
		if at.key >= len(d.keys) || at.hash >= len(d.hashes) {
			return dst[:first], false
		}
		if r.PartitionKey = d.keys[at.key]; at.hash >= 0 {
			r.ExplicitHashKey = d.hashes[at.hash]
		}
	}
	return dst, true
}

// record reads the user record at a place and returns that of its data.
func (d *Decoder) record(data []byte, at Span) (Span, bool) {
	const absent = -1
	r := index{absent, absent}
	var payload Span
	filled := false
	f := fields{data: data[:at.To], at: at.From}
	for f.next() {
		switch {
		case f.is(1, protowire.VarintType):
			r.key = limited(f.number)
		case f.is(2, protowire.VarintType):
			r.hash = limited(f.number)
		case f.is(3, protowire.BytesType):
			payload, filled = f.value, true
		}
	}
	d.indexes = append(d.indexes, r)
	return payload, !f.bad && filled && r.key != absent
}

// limited makes an int of an index: what is too large for any table stays so.
func limited(n uint64) int { return int(min(n, 1<<31-1)) }

// fields walks through the fields of a message. A known field of another wire type is an unknown one, as in protobuf.
type fields struct {
	data   []byte
	at     int
	id     protowire.Number
	kind   protowire.Type
	value  Span   // of a field of bytes
	number uint64 // of a varint
	bad    bool
}

func (f *fields) is(id protowire.Number, kind protowire.Type) bool {
	return f.id == id && f.kind == kind
}

func (f *fields) next() bool {
	if f.at == len(f.data) {
		return false
	}
	var n int
	if f.id, f.kind, n = protowire.ConsumeTag(f.data[f.at:]); n < 0 {
		f.bad = true
		return false
	}
	f.at += n
	switch f.kind {
	case protowire.BytesType:
		var v []byte
		v, n = protowire.ConsumeBytes(f.data[f.at:])
		f.value = Span{f.at + n - len(v), f.at + n}
	case protowire.VarintType:
		f.number, n = protowire.ConsumeVarint(f.data[f.at:])
	default:
		n = protowire.ConsumeFieldValue(f.id, f.kind, f.data[f.at:])
	}
	if n < 0 {
		f.bad = true
		return false
	}
	f.at += n
	return true
}
