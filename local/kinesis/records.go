package kinesis

import (
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// Records are stored in chunks: what one request put into one shard, cut where it exceeds chunkBytes. A key per record would
// cost Pebble more than the rest of a PutRecords together (0.5 M keys/s at best); a chunk of some hundred records costs as
// much as one key. The cut keeps a reader of few records from loading megabytes.
//
//	ka                                 → accountSettings (JSON)
//	km name                            → streamMeta (JSON)
//	kr stream(8) shard(4) index(8)     → chunk; the index is that of its first record
//
// All numbers in keys are big-endian. A chunk's value:
//
//	version(1)=1  arrival millis(8)  count(4)  count × { uvarint len, partition key, uvarint len, data }
//
// Indexes within a shard follow each other without a gap, arrivals never fall (a clock set back is held where it was), so
// both can be searched for.
const (
	chunkVersion   = 1
	chunkHeadBytes = 1 + 8 + 4
	chunkBytes     = 256 << 10 // one larger record makes a larger chunk
	recordKeyBytes = 2 + 8 + 4 + 8
)

func settingsKey() []byte { return []byte("ka") }

func metaKey(name string) []byte { return append([]byte("km"), name...) }

func recordKey(dst []byte, stream uint64, shard uint32, index uint64) []byte {
	dst = append(dst, "kr"...)
	dst = binary.BigEndian.AppendUint64(dst, stream)
	dst = binary.BigEndian.AppendUint32(dst, shard)
	return binary.BigEndian.AppendUint64(dst, index)
}

func keyOfShard(key []byte, shard uint32) bool {
	return len(key) == recordKeyBytes && binary.BigEndian.Uint32(key[10:]) == shard
}

// entry is a record on its way in. The slices are the caller's.
type entry struct {
	key, data []byte
	hash      hashKey // of the key, unless the request gave one
	failed    bool    // not to be stored: by an injected fault, or
	throttled *shard  // because that shard's limit was reached
}

// size is what the entry takes in a chunk.
func (e *entry) size() int {
	return uvarintLen(len(e.key)) + len(e.key) + uvarintLen(len(e.data)) + len(e.data)
}

func (e *entry) append(dst []byte) []byte {
	dst = append(binary.AppendUvarint(dst, uint64(len(e.key))), e.key...)
	return append(binary.AppendUvarint(dst, uint64(len(e.data))), e.data...)
}

// placed tells where an entry went.
type placed struct {
	shard     *shard // nil: nowhere
	seq       sequence
	throttled *shard // why, if it is the limit of that shard
}

// run is the part of a request that goes to one shard.
type run struct {
	shard *shard
	count int
	at    int    // where its entries begin in the order
	first uint64 // the index of its first record
	end   uint64 // the index after its last record
}

// appendScratch is append's working memory, pooled because it is as long as the request.
type appendScratch struct {
	layout *layout
	runs   []run
	slot   []int32 // shard number → position in runs + 1
	order  []int32 // entries grouped by shard, in their order within each
	bytes  int     // about what the batch will have
}

var appendScratches = sync.Pool{New: func() any { return new(appendScratch) }}

// append stores the entries that haven't failed and returns when they are durable. out has the length of entries and takes
// where each one went. Entries of one shard keep their order, and follow those of every append that returned before.
func (s *Service) append(st *stream, entries []entry, out []placed) error {
	sc := appendScratches.Get().(*appendScratch)
	defer appendScratches.Put(sc)
	var batch *pebble.Batch
	for {
		sc.group(st.layout.Load(), entries, out)
		if len(sc.runs) == 0 {
			return nil
		}
		batch = s.env.Store.DB.NewBatchWithSize(sc.bytes)
		err := s.enqueue(st, entries, out, sc, batch)
		if err == nil {
			break
		}
		if batch.Close(); err != errResharded {
			return err
		}
	}
	if err := s.env.Store.Wait(batch); err != nil {
		return err
	}
	for _, r := range sc.runs {
		raise(&r.shard.durable, r.end)
		r.shard.grown.notify()
	}
	return nil
}

// errResharded says that the entries were grouped by a layout that is none any more.
var errResharded = errors.New("resharded meanwhile")

// group locates the shard of every entry and sorts the entries by shard: a counting sort.
func (sc *appendScratch) group(l *layout, entries []entry, out []placed) {
	sc.layout = l
	if len(sc.slot) < len(l.shards) {
		sc.slot = make([]int32, len(l.shards))
	}
	sc.runs, sc.bytes = sc.runs[:0], 64
	for i := range entries {
		e := &entries[i]
		out[i] = placed{}
		if e.failed {
			out[i].throttled = e.throttled
			continue
		}
		sh := l.locate(e.hash)
		out[i].shard = sh
		slot := &sc.slot[sh.number]
		if *slot == 0 {
			sc.runs = append(sc.runs, run{shard: sh})
			sc.bytes += chunkHeadBytes + recordKeyBytes + 32
			*slot = int32(len(sc.runs))
		}
		sc.runs[*slot-1].count++
		sc.bytes += e.size()
	}
	at := 0
	for i := range sc.runs {
		sc.runs[i].at = at
		at += sc.runs[i].count
	}
	if cap(sc.order) < at {
		sc.order = make([]int32, at)
	}
	sc.order = sc.order[:at]
	for i := range entries {
		if sh := out[i].shard; sh != nil {
			r := &sc.runs[sc.slot[sh.number]-1]
			sc.order[r.at] = int32(i)
			r.at++
		}
	}
	for i := range sc.runs {
		sc.runs[i].at -= sc.runs[i].count
		sc.slot[sc.runs[i].shard.number] = 0
	}
}

// enqueue numbers the records and queues the batch for the disk, under the stream's lock so that both orders agree: when a
// later batch is durable, the earlier ones are.
func (s *Service) enqueue(st *stream, entries []entry, out []placed, sc *appendScratch, batch *pebble.Batch) (err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.deleted {
		return s.noStream(st.snapshot().Name)
	}
	if sc.layout != st.layout.Load() {
		return errResharded
	}
	id := st.snapshot().ID
	now := s.env.Now()
	for i := range sc.runs {
		sc.runs[i].first = sc.runs[i].shard.next
	}
	defer func() {
		if err != nil { // the numbers are the next request's
			for _, r := range sc.runs {
				r.shard.next = r.first
			}
		}
	}()
	for i := range sc.runs {
		r := &sc.runs[i]
		sh := r.shard
		sh.lastMillis = max(now, sh.lastMillis)
		for order := sc.order[r.at : r.at+r.count]; len(order) > 0; {
			n, size := 0, chunkHeadBytes
			for n < len(order) && (n == 0 || size+entries[order[n]].size() <= chunkBytes) {
				size += entries[order[n]].size()
				n++
			}
			op := batch.SetDeferred(recordKeyBytes, size)
			recordKey(op.Key[:0], id, sh.number, sh.next)
			v := append(op.Value[:0], chunkVersion)
			v = binary.BigEndian.AppendUint64(v, uint64(sh.lastMillis))
			v = binary.BigEndian.AppendUint32(v, uint32(n))
			for _, at := range order[:n] {
				v = entries[at].append(v)
				out[at].seq = sh.sequence(sh.next, sh.lastMillis)
				sh.next++
			}
			if err := op.Finish(); err != nil {
				return err
			}
			order = order[n:]
		}
		r.end = sh.next
	}
	return s.env.Store.Apply(batch)
}

func uvarintLen(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// raise sets v to at least n.
func raise(v *atomic.Uint64, n uint64) {
	for {
		old := v.Load()
		if old >= n || v.CompareAndSwap(old, n) {
			return
		}
	}
}

// chunk is a stored chunk being read. It aliases the store's memory and is valid until its iterator moves.
type chunk struct {
	first   uint64 // index of the next record to come
	left    int    // records to come
	arrival int64
	rest    []byte
}

// end is the index after the chunk's last record.
func (c *chunk) end() uint64 { return c.first + uint64(c.left) }

// chunkAt reads the chunk under the iterator.
func chunkAt(it *pebble.Iterator) (chunk, error) {
	key := it.Key()
	v, err := it.ValueAndErr()
	if err != nil {
		return chunk{}, err
	}
	if len(key) != recordKeyBytes || len(v) < chunkHeadBytes || v[0] != chunkVersion {
		return chunk{}, errCorrupt("head of chunk %x", key)
	}
	return chunk{
		first:   binary.BigEndian.Uint64(key[14:]),
		left:    int(binary.BigEndian.Uint32(v[9:])),
		arrival: int64(binary.BigEndian.Uint64(v[1:])),
		rest:    v[chunkHeadBytes:],
	}, nil
}

// next takes the next record off the chunk; ok is false at its end and, with left > 0, where it is damaged.
func (c *chunk) next() (key, data []byte, ok bool) {
	if c.left == 0 {
		return nil, nil, false
	}
	if key, ok = c.field(); !ok {
		return nil, nil, false
	}
	if data, ok = c.field(); !ok {
		return nil, nil, false
	}
	c.left--
	c.first++
	return key, data, true
}

func (c *chunk) field() ([]byte, bool) {
	n, w := binary.Uvarint(c.rest)
	if w <= 0 || n > uint64(len(c.rest)-w) {
		return nil, false
	}
	f := c.rest[w : w+int(n)]
	c.rest = c.rest[w+int(n):]
	return f, true
}

// skipTo drops the records below index.
func (c *chunk) skipTo(index uint64) error {
	for c.left > 0 && c.first < index {
		if _, _, ok := c.next(); !ok {
			return errCorrupt("record %d of a chunk", c.first)
		}
	}
	return nil
}

// reader walks over the durable chunks of a shard. Close it.
type reader struct {
	it     *pebble.Iterator
	stream uint64
	shard  *shard
	end    uint64
}

func (s *Service) newReader(st *stream, sh *shard) (*reader, error) {
	r := &reader{stream: st.snapshot().ID, shard: sh, end: sh.durable.Load()}
	var err error
	r.it, err = s.env.Store.DB.NewIter(&pebble.IterOptions{
		LowerBound: recordKey(nil, r.stream, sh.number, 0),
		UpperBound: recordKey(nil, r.stream, sh.number, r.end),
	})
	return r, err
}

func (r *reader) close() error { return r.it.Close() }

// find moves to the chunk that holds index, or to the next one if none does; ok is false if there is none.
func (r *reader) find(index uint64) (c chunk, ok bool, err error) {
	var key [recordKeyBytes]byte
	if !r.it.SeekLT(recordKey(key[:0], r.stream, r.shard.number, index+1)) {
		if !r.it.First() {
			return c, false, r.it.Error()
		}
		c, err = chunkAt(r.it)
		return c, err == nil, err
	}
	if c, err = chunkAt(r.it); err != nil || index < c.end() {
		return c, err == nil, err
	}
	return r.following()
}

// seek is find, with the records below index dropped from the chunk.
func (r *reader) seek(index uint64) (c chunk, ok bool, err error) {
	if c, ok, err = r.find(index); !ok {
		return c, ok, err
	}
	err = c.skipTo(index)
	return c, err == nil, err
}

// following moves to the next chunk.
func (r *reader) following() (c chunk, ok bool, err error) {
	if !r.it.Next() {
		return c, false, r.it.Error()
	}
	c, err = chunkAt(r.it)
	return c, err == nil, err
}

// seekArrival returns the index of the first record that arrived at or after millis, or the end of the log: a binary search,
// since arrivals rise with indexes.
func (r *reader) seekArrival(millis int64) (uint64, error) {
	low, high := uint64(1), r.end
	for low < high {
		mid := low + (high-low)/2
		c, ok, err := r.find(mid)
		switch {
		case err != nil:
			return 0, err
		case !ok: // nothing from mid on
			high = mid
		case c.arrival < millis:
			low = c.end()
		default: // the answer is c, or before it; c may begin before mid, or behind it where records were trimmed
			high = max(low, min(mid, c.first))
		}
	}
	return low, nil
}
