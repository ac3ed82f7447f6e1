package kinesis

import (
	"encoding/json"
	"fmt"
	"maps"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// stream is one incarnation of a stream: deleting and creating it again makes another, with another ID.
type stream struct {
	// mu orders the writes: indexes are handed out and queued for the disk under it, so that the log's order is theirs.
	mu      sync.Mutex
	deleted bool
	// meta is replaced as a whole, under mu, and read without: a reader must not wait for a writer's disk.
	meta atomic.Pointer[streamMeta]

	shards []*shard // by number, which for the shards of CreateStream is also the order of their hash ranges
}

// streamMeta is what is stored of a stream, as JSON.
type streamMeta struct {
	ID            uint64
	Name          string
	CreatedMillis int64
	ActiveMillis  int64 `json:",omitempty"` // not 0: CREATING until then
	DeletedMillis int64 `json:",omitempty"` // not 0: DELETING until then
	OnDemand      bool  `json:",omitempty"`
	RetentionHour int64
	MaxRecordKiB  int64
	Tags          map[string]string `json:",omitempty"`
	Shards        []shardMeta
}

type shardMeta struct {
	First, Last    hashKey // its range, both inclusive
	CreatedSeconds int64
}

// shard is an ordered log of records. Its records have the indexes 1, 2, 3…
type shard struct {
	shardMeta
	number uint32
	id     string

	// next is the index of the next record, last the arrival of the newest one; both are the stream's mu's.
	next       uint64
	lastMillis int64
	// durable is the end of what readers may see: indexes below it are on disk. Pebble shows a write before it is synced;
	// a reader that acted on such a record, and a crash that lost it, would leave the next record under the same
	// sequence number unread.
	durable atomic.Uint64
}

func newStream(m streamMeta) *stream {
	st := &stream{}
	st.meta.Store(&m)
	for i, sm := range m.Shards {
		sh := &shard{shardMeta: sm, number: uint32(i), id: shardID(uint32(i)), next: 1}
		sh.durable.Store(1)
		st.shards = append(st.shards, sh)
	}
	return st
}

func shardID(number uint32) string { return fmt.Sprintf("shardId-%012d", number) }

// parseShardID accepts what AWS accepts: any prefix, a hyphen, and the number with or without leading zeros.
func parseShardID(id string) (uint32, bool) {
	if _, rest, ok := strings.Cut(id, "-"); ok {
		id = rest
	}
	var n uint64
	if id == "" || len(id) > 20 {
		return 0, false
	}
	for _, c := range []byte(id) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return uint32(n), n < 1<<31
}

// firstSequence is the StartingSequenceNumber of the shard, below that of every record in it.
func (sh *shard) firstSequence() sequence { return sh.sequence(0, sh.CreatedSeconds*1000) }

func (sh *shard) sequence(index uint64, arrivalMillis int64) sequence {
	return sequence{created: sh.CreatedSeconds, shard: sh.number, index: index, time: arrivalMillis / 1000}
}

// locate finds the shard that holds a hash key.
func (st *stream) locate(k hashKey) *shard {
	i := sort.Search(len(st.shards), func(i int) bool { return k.less(st.shards[i].First) })
	return st.shards[i-1] // the first range begins at 0
}

func (st *stream) snapshot() streamMeta { return *st.meta.Load() }

// The states of a stream, as the API spells them.
const (
	statusCreating = "CREATING"
	statusActive   = "ACTIVE"
	statusDeleting = "DELETING"
)

func (m *streamMeta) status(now int64) string {
	switch {
	case m.DeletedMillis != 0:
		return statusDeleting
	case now < m.ActiveMillis:
		return statusCreating
	}
	return statusActive
}

func (m *streamMeta) mode() *streamMode {
	if m.OnDemand {
		return &streamMode{"ON_DEMAND"}
	}
	return &streamMode{"PROVISIONED"}
}

type streamMode struct {
	StreamMode string `shape:"StreamMode,required"`
}

func (s *Service) arn(name string) string { return s.env.ARN("kinesis", "stream/"+name) }

func (s *Service) noStream(name string) error {
	return notFound("Stream %s under account %s not found.", name, s.env.Account)
}

// refer finds the name in the two members by which a request may mean a stream. Of an ARN only the name counts, so that
// ARNs written for another account or region work unchanged.
func refer(name, arn string) (string, error) {
	if arn == "" {
		if name == "" {
			return "", invalidArgument("Either StreamARN or StreamName should be provided.")
		}
		return name, nil
	}
	_, of, _ := strings.Cut(arn, ":stream/")
	if name != "" && name != of {
		return "", invalidArgument("StreamARN %s and StreamName %s do not name the same stream.", arn, name)
	}
	return of, nil
}

// stream finds a stream by name or ARN, in whatever state; its state is in the snapshot.
func (s *Service) stream(name, arn string) (*stream, streamMeta, error) {
	name, err := refer(name, arn)
	if err != nil {
		return nil, streamMeta{}, err
	}
	s.mu.RLock()
	st := s.streams[name]
	s.mu.RUnlock()
	if st == nil {
		return nil, streamMeta{}, s.noStream(name)
	}
	m := st.snapshot()
	if m.DeletedMillis != 0 && s.env.Now() >= m.DeletedMillis {
		if err := s.remove(st); err != nil {
			return nil, m, err
		}
		return nil, m, s.noStream(name)
	}
	return st, m, nil
}

// activeStream is stream for operations that AWS refuses with ResourceInUseException in other states.
func (s *Service) activeStream(name, arn string) (*stream, streamMeta, error) {
	st, m, err := s.stream(name, arn)
	if err != nil {
		return nil, m, err
	}
	if status := m.status(s.env.Now()); status != statusActive {
		return nil, m, inUse("Stream %s under account %s not ACTIVE, instead in state %s", m.Name, s.env.Account, status)
	}
	return st, m, nil
}

// list returns the metadata of all streams, by name.
func (s *Service) list() []streamMeta {
	s.mu.RLock()
	all := make([]*stream, 0, len(s.streams))
	for _, st := range s.streams {
		all = append(all, st)
	}
	s.mu.RUnlock()
	now := s.env.Now()
	metas := make([]streamMeta, 0, len(all))
	for _, st := range all {
		if m := st.snapshot(); m.DeletedMillis == 0 || now < m.DeletedMillis {
			metas = append(metas, m)
		}
	}
	sort.Slice(metas, func(i, j int) bool { return metas[i].Name < metas[j].Name })
	return metas
}

// update stores a changed copy of the stream's metadata. change must replace maps and slices, not write into them.
func (s *Service) update(st *stream, change func(*streamMeta) error) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.deleted {
		return s.noStream(st.snapshot().Name)
	}
	m := st.snapshot()
	if err := change(&m); err != nil {
		return err
	}
	if err := s.store(&m); err != nil {
		return err
	}
	st.meta.Store(&m)
	return nil
}

func (s *Service) store(m *streamMeta) error {
	value, err := json.Marshal(m)
	if err != nil {
		return err
	}
	b := s.env.Store.DB.NewBatch()
	if err := b.Set(metaKey(m.Name), value, nil); err != nil {
		return err
	}
	return s.env.Store.Commit(b)
}

// remove deletes the stream and its records for good.
func (s *Service) remove(st *stream) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.deleted {
		return nil
	}
	m := st.snapshot()
	b := s.env.Store.DB.NewBatch()
	if err := b.Delete(metaKey(m.Name), nil); err != nil {
		return err
	}
	first, end := recordKey(nil, m.ID, 0, 0), recordKey(nil, m.ID+1, 0, 0)
	if err := b.DeleteRange(first, end, nil); err != nil {
		return err
	}
	if err := s.env.Store.Commit(b); err != nil {
		return err
	}
	st.deleted = true
	delete(s.streams, m.Name)
	return nil
}

// withTags returns a copy of old with the tags set, and those named removed.
func withTags(old, set map[string]string, remove []string) map[string]string {
	tags := map[string]string{}
	maps.Copy(tags, old)
	maps.Copy(tags, set)
	for _, key := range remove {
		delete(tags, key)
	}
	return tags
}

// recover finds out, after opening the store, where each shard's log ends.
func (s *Service) recover(st *stream) error {
	id := st.snapshot().ID
	it, err := s.env.Store.DB.NewIter(&pebble.IterOptions{
		LowerBound: recordKey(nil, id, 0, 0),
		UpperBound: recordKey(nil, id+1, 0, 0),
	})
	if err != nil {
		return err
	}
	defer it.Close()
	for _, sh := range st.shards {
		if !it.SeekLT(recordKey(nil, id, sh.number+1, 0)) || !keyOfShard(it.Key(), sh.number) {
			continue
		}
		c, err := chunkAt(it)
		if err != nil {
			return err
		}
		sh.next, sh.lastMillis = c.end(), c.arrival
		sh.durable.Store(sh.next)
	}
	return it.Error()
}
