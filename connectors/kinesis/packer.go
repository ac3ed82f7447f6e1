package kinesis

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"sort"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/connectors/kinesis/internal/kpl"
)

// packer packs records into aggregated ones, in the format of the Kinesis Producer Library. Those that go together must be of
// one shard, since consumers leave out what isn't of theirs:
//
//   - with random keys, or a fixed one, all share the key that the aggregated record has;
//   - else those whose keys hash to the same shard go together, by an explicit hash key, as the producer library does it;
//   - where the job may not list the shards, those of the same key.
//
// The rows of a key are in one bucket at a time, and so stay in order. A record that is alone goes as it is.
type packer struct {
	most   int                                        // bytes of an aggregated record
	shared bool                                       // the key of a bucket is that of all its records
	shards *shardMap                                  // nil: by key
	put    func(data, key, hash []byte, group uint32) // what is ready; read during the call only

	byKey   map[string]*bucket
	byShard []*bucket
	open    []*bucket // that have records, in the order in which they got the first
	free    []*bucket

	key     []byte // of the last record, whose place is known
	place   int
	packed  []byte // scratch
	decimal []byte
}

// bucket is an aggregated record that grows.
type bucket struct {
	encoder kpl.Encoder
	data    []byte // of the first record
	key     []byte
	place   int // in byShard, or -1
}

func newPacker(most int, shared bool, shards *shardMap, put func(data, key, hash []byte, group uint32)) *packer {
	p := &packer{most: most, shared: shared, put: put, byKey: map[string]*bucket{}}
	p.use(shards)
	return p
}

// use changes the map of the shards. There must be no records.
func (p *packer) use(shards *shardMap) {
	p.shards, p.place, p.byShard = shards, -1, nil
	if shards != nil {
		p.byShard = make([]*bucket, len(shards.ids))
	}
}

// empty reports whether all records are out.
func (p *packer) empty() bool { return len(p.open) == 0 }

// sharedKey is the key that records have to take, nil when the next one may have a new one.
func (p *packer) sharedKey() []byte {
	if p.shared && len(p.open) > 0 {
		return p.open[0].key
	}
	return nil
}

// add adds a record.
func (p *packer) add(data, key []byte) {
	b := p.bucket(key)
	if b.encoder.Len() > 0 && b.encoder.SizeWith(key, nil, data)+p.overhead(b) > p.most {
		p.close(b)
		p.open = slices.DeleteFunc(p.open, func(o *bucket) bool { return o == b })
	}
	if b.encoder.Len() == 0 {
		b.data, b.key = append(b.data[:0], data...), append(b.key[:0], key...)
		p.open = append(p.open, b)
	}
	b.encoder.Add(key, nil, data)
}

// full reports whether there is no room for another record of the shared key.
func (p *packer) full(data []byte) bool {
	b := p.open[0]
	return b.encoder.SizeWith(b.key, nil, data)+p.overhead(b) > p.most
}

// overhead is the bytes of the aggregated record's own key.
func (p *packer) overhead(b *bucket) int {
	if b.place >= 0 {
		return len(packedKey)
	}
	return len(b.key)
}

// maxFree is how many buckets of keys are kept to be used again.
const maxFree = 64

// packedKey is the partition key that the producer library gives to a record whose explicit hash key counts.
const packedKey = "a"

// bucket finds where the records of a key go.
func (p *packer) bucket(key []byte) *bucket {
	if p.shared && len(p.open) > 0 {
		return p.open[0]
	}
	if p.shards != nil && !p.shared {
		if p.place < 0 || string(key) != string(p.key) {
			hash, _ := kpl.HashOf(key, nil)
			p.key, p.place = append(p.key[:0], key...), p.shards.find(hash)
		}
		if p.place >= 0 {
			if p.byShard[p.place] == nil {
				p.byShard[p.place] = &bucket{place: p.place}
			}
			return p.byShard[p.place]
		}
	}
	b := p.byKey[string(key)]
	if b == nil {
		if n := len(p.free); n > 0 {
			b, p.free = p.free[n-1], p.free[:n-1]
		} else {
			b = &bucket{place: -1}
		}
		p.byKey[string(key)] = b
	}
	return b
}

// flush puts all that there is.
func (p *packer) flush() {
	for _, b := range p.open {
		p.close(b)
		if b.place < 0 && len(p.free) < maxFree {
			p.free = append(p.free, b)
		}
	}
	p.open = p.open[:0]
	clear(p.byKey)
}

// close puts what a bucket has.
func (p *packer) close(b *bucket) {
	group := uint32(b.place + 1)
	switch {
	case b.encoder.Len() == 1:
		p.put(b.data, b.key, nil, group)
	case b.place < 0:
		p.packed = b.encoder.Append(p.packed[:0])
		p.put(p.packed, b.key, nil, group)
	default:
		hash, _ := kpl.HashOf(b.key, nil)
		p.decimal = new(big.Int).SetBytes(hash[:]).Append(p.decimal[:0], 10)
		p.packed = b.encoder.Append(p.packed[:0])
		p.put(p.packed, []byte(packedKey), p.decimal, group)
	}
	b.encoder.Reset()
}

// shardMap is the open shards of a stream, by their hash keys.
type shardMap struct {
	ids    []string
	ranges []kpl.Range // ascending
}

// find returns which shard a hash key is of, or -1.
func (m *shardMap) find(h kpl.Hash) int {
	i := sort.Search(len(m.ranges), func(i int) bool { return string(m.ranges[i].To[:]) >= string(h[:]) })
	if i == len(m.ranges) || !m.ranges[i].Contains(h) {
		return -1
	}
	return i
}

// has reports whether a hash key is of the shard of this ID.
func (m *shardMap) has(id string, h kpl.Hash) bool {
	i := m.find(h)
	return i >= 0 && m.ids[i] == id
}

// shardMap asks for the open shards; nil if the job may not.
func (s *sink) shardMap(ctx context.Context, client *kinesis.Client, retrier *awsclient.Retrier) (*shardMap, error) {
	in := &kinesis.ListShardsInput{ShardFilter: &ktypes.ShardFilter{Type: ktypes.ShardFilterTypeAtLatest}}
	in.StreamName, in.StreamARN = s.given()
	m := &shardMap{}
	for {
		var out *kinesis.ListShardsOutput
		err := retrier.Do(ctx, "ListShards", awsclient.DefaultPolicy, func(ctx context.Context) (err error) {
			out, err = client.ListShards(ctx, in)
			return err
		})
		if awsclient.Code(err) == "AccessDeniedException" {
			return nil, nil
		}
		if err != nil {
			return nil, s.explain(err, "list the shards of")
		}
		for _, shard := range out.Shards {
			closed := shard.SequenceNumberRange != nil && shard.SequenceNumberRange.EndingSequenceNumber != nil
			if keys := keysOf(shard); keys != nil && !closed {
				m.ids, m.ranges = append(m.ids, aws.ToString(shard.ShardId)), append(m.ranges, *keys)
			}
		}
		if out.NextToken == nil {
			break
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
	sort.Sort(m)
	return m, nil
}

// noKeys is the error about aggregation into a stream where a record may come to any shard.
func (s *sink) noKeys() error {
	return &connectors.Explained{Final: true, Msg: fmt.Sprintf("table %s: stream %q places records whatever their keys (record distribution strategy AUTO), "+
		"and consumers would leave out aggregated rows whose keys are another shard's; leave out 'sink.aggregation', or give the stream the strategy USER_PARTITION_KEY",
		s.table.Path, s.name)}
}

// Len, Less and Swap implement sort.Interface.
func (m *shardMap) Len() int { return len(m.ids) }
func (m *shardMap) Less(i, j int) bool {
	return string(m.ranges[i].From[:]) < string(m.ranges[j].From[:])
}
func (m *shardMap) Swap(i, j int) {
	m.ids[i], m.ids[j] = m.ids[j], m.ids[i]
	m.ranges[i], m.ranges[j] = m.ranges[j], m.ranges[i]
}

// astray looks whether records have come to the shards they were packed for. If some haven't, the shards have been split or
// merged: the map is asked for again, and the user records of an aggregated one are put again, before anything that follows them,
// if a key is another shard's than the one that they have come to. Consumers leave out such user records; AWS's client library
// leaves out all of the aggregated record then, so it is all that is put again.
func (l *lane) astray(ctx context.Context, r *request, n int, results []ktypes.PutRecordsResultEntry) error {
	moved := func(i int) bool {
		e := &r.entries[i]
		return e.group > 0 && results[i].ErrorCode == nil && aws.ToString(results[i].ShardId) != r.shards.ids[e.group-1]
	}
	n = min(n, len(results))
	first := 0
	for first < n && !moved(first) {
		first++
	}
	if first == n {
		return nil
	}
	var shards *shardMap
	for again := 1; ; again++ {
		var err error
		if shards, err = l.w.sink.shardMap(ctx, l.w.client, l.retrier); err != nil {
			return err
		}
		to := aws.ToString(results[first].ShardId)
		// A list that is another one than before will do, also when the shard has been closed meanwhile.
		if shards == nil || slices.Contains(shards.ids, to) || !slices.Equal(shards.ids, r.shards.ids) {
			break
		}
		cause := fmt.Errorf("write to stream %s: shard %s, which has taken a record, is not among its open shards", l.w.sink.name, to)
		if again > awsclient.DefaultPolicy.Max {
			return cause
		}
		if err := l.retrier.Again(ctx, "ListShards", awsclient.DefaultPolicy, again, cause); err != nil {
			return err
		}
	}
	if shards != nil && slices.Equal(shards.ids, r.shards.ids) {
		return l.w.sink.noKeys()
	}
	l.w.mu.Lock()
	l.w.packer.flush() // by the old map, as it was filled
	l.push(nil)
	l.w.packer.use(shards)
	l.filling.shards = shards
	l.w.mu.Unlock()

	requests := []*request{{shards: shards}}
	users := newPacker(l.w.packer.most, false, shards, func(data, key, hash []byte, group uint32) {
		if q := requests[len(requests)-1]; !q.fits(l.w.sink, len(data)+len(key)) {
			requests = append(requests, &request{shards: shards})
		}
		requests[len(requests)-1].add(data, key, hash, group)
	})
	var unpacker kpl.Decoder
	var places []kpl.Record
	count := 0
	for i := first; i < n; i++ {
		e := r.entries[i]
		if !moved(i) || e.hash.from == e.hash.to { // a record that isn't aggregated is where its key says
			continue
		}
		data := r.bytes(e.data)
		places, _ = unpacker.Decode(places[:0], data)
		key := func(u kpl.Record) []byte { return data[u.PartitionKey.From:u.PartitionKey.To] }
		left := func(u kpl.Record) bool {
			hash, _ := kpl.HashOf(key(u), nil)
			return shards == nil || !shards.has(aws.ToString(results[i].ShardId), hash)
		}
		if !slices.ContainsFunc(places, left) {
			continue
		}
		for _, u := range places {
			users.add(data[u.Data.From:u.Data.To], key(u))
		}
		count += len(places)
	}
	if count == 0 {
		return nil
	}
	users.flush()
	l.w.count(0, 0, count, false)
	l.retrier.Log.InfoContext(ctx, "records were packed for shards that are no more; putting them again", "records", count)
	for _, q := range requests {
		if err := l.send(ctx, q); err != nil {
			return err
		}
	}
	return nil
}
