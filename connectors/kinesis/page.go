package kinesis

import (
	"bytes"
	"time"
)

// page is the answer to one GetRecords, or an event of a SubscribeToShard: all bytes in one buffer, records as places in it. Pages are used again and again,
// so that reading allocates nothing per record.
type page struct {
	body     bytes.Buffer // as it came
	text     []byte
	records  []record
	iterator string        // for the next page; "" when the shard ends with this one
	follow   string        // the same of an event: the sequence number behind which a subscription goes on
	children []string      // the shards that follow, then
	behind   time.Duration // of the tip of the stream
	last     bool          // the split ends behind this page: the shard does, or what was to be read of it
}

// record says where the parts of a record stand in page.text. A page holds 10 MiB of data at most, so 32 bits will do.
type record struct {
	data, key, sequence span
	arrival             int64 // milliseconds since 1970
}

type span struct{ from, to uint32 }

func (p *page) bytes(s span) []byte { return p.text[s.from:s.to:s.to] }

func (p *page) reset() {
	p.text, p.records, p.iterator, p.follow, p.children, p.behind, p.last = p.text[:0], p.records[:0], "", "", p.children[:0], 0, false
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
