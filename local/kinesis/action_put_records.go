package kinesis

import (
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/weirsql/weir/local/internal/service"
)

// PutRecords: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
//
// Up to 500 records and 10 MiB (data and partition keys), each record within the stream's limit. The answer comes when all
// of them are on disk. A record fails alone only by an injected fault or, with limits, by the throughput of its shard.
// Records of one shard keep the order of the request, which AWS doesn't promise.

type putRecordsInput struct {
	Records    []putRecordsEntry `shape:"Records,required"`
	StreamARN  string            `shape:"StreamARN"`
	StreamName string            `shape:"StreamName"`
}

type putRecordsEntry struct {
	Data            []byte `shape:"Data,required"`
	ExplicitHashKey string `shape:"HashKey"`
	PartitionKey    string `shape:"PartitionKey,required"`
}

// putBatch is a decoded PutRecords request with the memory to serve it. It is pooled: nothing may keep its slices.
type putBatch struct {
	name, arn string
	entries   []entry
	out       []placed
	arena     []byte // decoded data
}

var putBatches = sync.Pool{New: func() any { return new(putBatch) }}

func (b *putBatch) free() {
	if cap(b.arena) > 4<<20 {
		b.arena = nil
	}
	clear(b.entries[:cap(b.entries)]) // the slices in them would keep request bodies alive
	putBatches.Put(b)
}

func (s *Service) putRecords(c *call) error {
	b := putBatches.Get().(*putBatch)
	defer b.free()
	if err := b.decode(c); err != nil {
		return err
	}
	st, m, err := s.writableStream(b.name, b.arn)
	if err != nil {
		return err
	}
	total, v := 0, violations{}
	for i := range b.entries {
		e := &b.entries[i]
		total += len(e.key) + len(e.data)
		if !m.fits(e) {
			m.tooLarge(e, "records."+strconv.Itoa(i+1)+".member.data", &v)
		}
		e.failed = c.fault.Hits(i)
	}
	if err := v.err(); err != nil {
		return err
	}
	if total > maxPutBytes {
		return invalidArgument("Records size exceeds %d MB limit", maxPutBytes>>20)
	}
	if cap(b.out) < len(b.entries) {
		b.out = make([]placed, len(b.entries))
	}
	b.out = b.out[:len(b.entries)]
	st.distribute(&m, b.entries)
	s.throttled(st, b.entries)
	if err := s.append(st, b.entries, b.out); err != nil {
		return err
	}
	c.reply.B = appendPutReply(c.reply.B, c.proto, b.out, putReply{s: s, stream: m.Name, kms: m.KeyID != "", fault: c.fault})
	return nil
}

// decode reads the body. The quick readers know the one form that SDKs send and give up on anything else; the general one
// then either understands it or words the error.
func (b *putBatch) decode(c *call) error {
	if c.proto == protocolJSON && b.readJSON(c.body) || c.proto == protocolCBOR && b.readCBOR(c.body) {
		return nil
	}
	return b.decodeAny(c)
}

func (b *putBatch) decodeAny(c *call) error {
	var in putRecordsInput
	if err := c.bind(&in); err != nil {
		return err
	}
	b.name, b.arn, b.entries = in.StreamName, in.StreamARN, b.entries[:0]
	for _, r := range in.Records {
		e, err := newEntry(r.PartitionKey, r.ExplicitHashKey, r.Data)
		if err != nil {
			return err
		}
		b.entries = append(b.entries, e)
	}
	return nil
}

func newEntry(key, explicit string, data []byte) (entry, error) {
	e := entry{key: []byte(key), data: data}
	if explicit == "" {
		e.hash = hashPartitionKey(e.key)
		return e, nil
	}
	var ok bool
	if e.hash, ok = parseHashKey([]byte(explicit)); !ok {
		return e, invalidArgument("Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was %s", explicit)
	}
	return e, nil
}

// writableStream finds a stream that is ACTIVE or UPDATING; to a writer a stream in any other state does not exist.
func (s *Service) writableStream(name, arn string) (*stream, streamMeta, error) {
	st, m, err := s.stream(name, arn)
	if err == nil {
		if status := m.status(s.env.Now()); status != statusActive && status != statusUpdating {
			err = s.noStream(m.Name)
		}
	}
	return st, m, err
}

// fits holds data and partition key together against the stream's limit.
func (m *streamMeta) fits(e *entry) bool { return int64(len(e.key)+len(e.data)) <= m.MaxRecordKiB<<10 }

// tooLarge notes that an entry doesn't fit.
func (m *streamMeta) tooLarge(e *entry, path string, v *violations) {
	between(0, m.MaxRecordKiB<<10).checkBlob(len(e.key)+len(e.data), path, v)
}

// validKey is the shape PartitionKey, for the quick readers.
func validKey(key []byte) bool {
	return len(key) > 0 && utf8.Valid(key) && (len(key) <= maxPartitionKeyChars || utf8.RuneCount(key) <= maxPartitionKeyChars)
}

// putReply is what the answer says beside where the records are.
type putReply struct {
	s      *Service
	stream string
	kms    bool // the records are said to be encrypted
	fault  *service.Fault
}

// failure is the code and the message for a record that was kept out.
func (f *putReply) failure(p *placed) (code, message string) {
	switch {
	case p.throttled != nil:
		return exceeded, f.s.rateExceeded(p.throttled, f.stream)
	case f.fault.Message == "" && f.fault.Code == exceeded:
		return exceeded, f.s.rateExceeded(&shard{id: shardID(0)}, f.stream)
	}
	return f.fault.Code, f.fault.Text()
}
