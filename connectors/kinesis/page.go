package kinesis

import (
	"bytes"
	"time"
	"unsafe"

	"github.com/weirsql/weir/connectors/kinesis/internal/kpl"
)

// page is the answer to one GetRecords, or an event of a SubscribeToShard: all bytes in one buffer, records as places in it. Pages are used again and again,
// so that reading allocates nothing per record. Aggregated records are unpacked.
type page struct {
	body     bytes.Buffer // as it came
	text     []byte
	records  []record
	whole    int           // how many records Kinesis gave
	payload  int           // their bytes, as AWS counts them: data and partition keys
	more     bool          // there may be others behind them
	packed   bool          // some of them were aggregated
	strays   int           // user records of them that were left out: their keys are another shard's
	iterator string        // for the next page; "" when the shard ends with this one
	follow   string        // the same of an event: the sequence number behind which a subscription goes on
	children []string      // the shards that follow, then
	behind   time.Duration // of the tip of the stream
	seen     int64         // everything that had arrived then has been read with this page; 0 is not known. Milliseconds since 1970
	last     bool          // the split ends behind this page: the shard does, or what was to be read of it

	unpacker kpl.Decoder
	users    []kpl.Record // of one record
}

// record says where the parts of a record stand in page.text. A page holds 10 MiB of data at most, so 32 bits will do.
type record struct {
	data, key, sequence span
	hash                span   // the explicit hash key of a user record, if it has one
	sub                 uint32 // which user record of an aggregated one it is, from 0
	more                bool   // other user records of the same follow
	arrival             int64  // milliseconds since 1970
}

type span struct{ from, to uint32 }

func (p *page) bytes(s span) []byte { return p.text[s.from:s.to:s.to] }

func (p *page) reset() {
	p.text, p.records, p.iterator, p.follow, p.children, p.behind, p.last = p.text[:0], p.records[:0], "", "", p.children[:0], 0, false
	p.whole, p.payload, p.more, p.packed, p.strays, p.seen = 0, 0, false, false, 0, 0
}

// size is what the page takes of the queue, in bytes: small user records need more for their places than for themselves.
func (p *page) size() int { return len(p.text) + len(p.records)*int(unsafe.Sizeof(record{})) }

// held is the memory of the page, in bytes, whatever is in it.
func (p *page) held() int {
	return p.body.Cap() + cap(p.text) + cap(p.records)*int(unsafe.Sizeof(record{})) + cap(p.users)*int(unsafe.Sizeof(kpl.Record{}))
}

// add adds a record, or the user records that are packed into it.
func (p *page) add(r record) {
	p.whole++
	p.payload += int(r.data.to-r.data.from) + int(r.key.to-r.key.from)
	data := p.bytes(r.data)
	var packed bool
	if p.users, packed = p.unpacker.Decode(p.users[:0], data); !packed {
		p.records = append(p.records, r)
		return
	}
	p.packed = true
	place := func(s kpl.Span) span { return span{r.data.from + uint32(s.From), r.data.from + uint32(s.To)} }
	for i, u := range p.users {
		user := record{data: place(u.Data), key: place(u.PartitionKey), sequence: r.sequence, sub: uint32(i), more: i+1 < len(p.users), arrival: r.arrival}
		if u.ExplicitHashKey.From < u.ExplicitHashKey.To {
			user.hash = place(u.ExplicitHashKey)
		}
		p.records = append(p.records, user)
	}
}

// skip drops the user records of p's place that have been read: those that a checkpoint in the middle of an aggregated
// record knows of.
func (p *page) skip(at position) {
	if at.Sub == 0 {
		return
	}
	n := 0
	for n < len(p.records) && p.records[n].sub < at.Sub && string(p.bytes(p.records[n].sequence)) == at.Sequence {
		n++
	}
	p.records = append(p.records[:0], p.records[n:]...)
}

// own drops the user records whose keys another shard answers for. A producer packs by what it knows of the shards; when
// they are split or merged meanwhile, it puts those records again that have come to a wrong one, and there they are read.
// (The client library leaves out all of an aggregated record when some of it is astray, also what isn't put again.)
func (p *page) own(keys *kpl.Range) {
	if keys == nil {
		return
	}
	kept := p.records[:0]
	var last record
	inside := false
	for _, r := range p.records {
		if r.sub == 0 && !r.more { // ordinary, or alone
			kept = append(kept, r)
			continue
		}
		if r.key != last.key || r.hash != last.hash {
			hash, ok := kpl.HashOf(p.bytes(r.key), p.bytes(r.hash))
			inside, last = !ok || keys.Contains(hash), r
		}
		if inside {
			kept = append(kept, r)
		} else {
			p.strays++
		}
	}
	p.records = kept
}

// cut drops the records that arrived after a time, from the first such on, and reports whether there were any.
func (p *page) cut(until int64) bool {
	for i := range p.records {
		if p.records[i].arrival > until {
			p.records = p.records[:i]
			return true
		}
	}
	return false
}
