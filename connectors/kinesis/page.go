package kinesis

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// page is the answer to one GetRecords: all bytes in one buffer, records as places in it. Pages are used again and again,
// so that reading allocates nothing per record.
type page struct {
	text     []byte
	records  []record
	iterator string        // for the next page; "" when the shard ends with this one
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
	*p = page{text: p.text[:0], records: p.records[:0], children: p.children[:0]}
}

// add appends what becomes a part of a record.
func (p *page) add(b []byte) span {
	from := len(p.text)
	p.text = append(p.text, b...)
	return span{uint32(from), uint32(len(p.text))}
}

// fill takes over what the SDK has decoded.
func (p *page) fill(out *kinesis.GetRecordsOutput) {
	p.reset()
	p.iterator = aws.ToString(out.NextShardIterator)
	p.behind = time.Duration(aws.ToInt64(out.MillisBehindLatest)) * time.Millisecond
	for _, c := range out.ChildShards {
		p.children = append(p.children, aws.ToString(c.ShardId))
	}
	for i := range out.Records {
		r := &out.Records[i]
		rec := record{data: p.add(r.Data), key: p.add([]byte(aws.ToString(r.PartitionKey))), sequence: p.add([]byte(aws.ToString(r.SequenceNumber)))}
		if r.ApproximateArrivalTimestamp != nil {
			rec.arrival = r.ApproximateArrivalTimestamp.UnixMilli()
		}
		p.records = append(p.records, rec)
	}
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
