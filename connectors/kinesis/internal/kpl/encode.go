package kpl

import (
	"crypto/md5"

	"google.golang.org/protobuf/encoding/protowire"
)

// Encoder packs user records into one aggregated record. The zero value is ready; after Reset it is used again and allocates
// nothing but keys that it hasn't seen.
//
// Which user records may go together is the caller's matter. A record goes to the shard of its own keys, and consumers leave
// out a user record whose keys mean another shard (Range), so all must mean the same one. The producer library
// gives the aggregated record the partition key "a" and the explicit hash key of its first user record, AWS's
// aggregation modules give it both keys of the first; no consumer looks at them. Its size is limited like that of any record;
// the producer library stops at 50 KiB.
type Encoder struct {
	keys, hashes table
	records      []byte // encoded
	count        int
}

// table is one of the two tables of keys.
type table struct {
	at      map[string]int // key → index
	encoded []byte
}

// Len is how many user records there are.
func (e *Encoder) Len() int { return e.count }

// Size is how many bytes Append appends.
func (e *Encoder) Size() int {
	return len(magic) + len(e.keys.encoded) + len(e.hashes.encoded) + len(e.records) + digestSize
}

// SizeWith is what Size would be with one more user record.
func (e *Encoder) SizeWith(partitionKey, explicitHashKey, data []byte) int {
	key, more := e.keys.find(partitionKey)
	body := protowire.SizeTag(1) + protowire.SizeVarint(uint64(key)) + protowire.SizeTag(3) + protowire.SizeBytes(len(data))
	if len(explicitHashKey) > 0 {
		hash, n := e.hashes.find(explicitHashKey)
		body += protowire.SizeTag(2) + protowire.SizeVarint(uint64(hash))
		more += n
	}
	return e.Size() + more + protowire.SizeTag(3) + protowire.SizeBytes(body)
}

// Add adds a user record, which is copied. An empty explicit hash key is none.
func (e *Encoder) Add(partitionKey, explicitHashKey, data []byte) {
	key := e.keys.add(1, partitionKey)
	body := protowire.SizeTag(1) + protowire.SizeVarint(uint64(key)) + protowire.SizeTag(3) + protowire.SizeBytes(len(data))
	hash := -1
	if len(explicitHashKey) > 0 {
		hash = e.hashes.add(2, explicitHashKey)
		body += protowire.SizeTag(2) + protowire.SizeVarint(uint64(hash))
	}
	b := protowire.AppendTag(e.records, 3, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(body))
	b = protowire.AppendTag(b, 1, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(key))
	if hash >= 0 {
		b = protowire.AppendTag(b, 2, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(hash))
	}
	b = protowire.AppendTag(b, 3, protowire.BytesType)
	e.records = protowire.AppendBytes(b, data)
	e.count++
}

// Append appends the aggregated record to dst.
func (e *Encoder) Append(dst []byte) []byte {
	dst = append(dst, magic...)
	from := len(dst)
	dst = append(dst, e.keys.encoded...)
	dst = append(dst, e.hashes.encoded...)
	dst = append(dst, e.records...)
	digest := md5.Sum(dst[from:])
	return append(dst, digest[:]...)
}

// Reset removes all user records.
func (e *Encoder) Reset() {
	e.keys.reset()
	e.hashes.reset()
	e.records, e.count = e.records[:0], 0
}

// find returns the index of a key, and how many bytes it would add to the table.
func (t *table) find(key []byte) (index, more int) {
	if i, ok := t.at[string(key)]; ok {
		return i, 0
	}
	return len(t.at), protowire.SizeTag(1) + protowire.SizeBytes(len(key)) // the tags of both tables are of one size
}

// add returns the index of a key in the table, which is the field of this number.
func (t *table) add(field protowire.Number, key []byte) int {
	if i, ok := t.at[string(key)]; ok {
		return i
	}
	if t.at == nil {
		t.at = map[string]int{}
	}
	i := len(t.at)
	t.at[string(key)] = i
	t.encoded = protowire.AppendBytes(protowire.AppendTag(t.encoded, field, protowire.BytesType), key)
	return i
}

func (t *table) reset() {
	clear(t.at)
	t.encoded = t.encoded[:0]
}
