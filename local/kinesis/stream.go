package kinesis

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
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
	// layout is replaced as a whole too, by a reshard.
	layout atomic.Pointer[layout]
	// distributed counts the records that the strategy AUTO has placed.
	distributed atomic.Uint64
}

// layout is a stream's shards, as of one reshard. It is never written to.
type layout struct {
	shards []*shard // all there ever were, by number
	open   []*shard // by hash range: together they cover the ring
}

// streamMeta is what is stored of a stream, as JSON.
type streamMeta struct {
	ID            uint64
	Name          string
	CreatedMillis int64
	ActiveMillis  int64 `json:",omitempty"` // not 0: CREATING until then
	UpdatedMillis int64 `json:",omitempty"` // not 0: UPDATING until then
	DeletedMillis int64 `json:",omitempty"` // not 0: DELETING until then
	OnDemand      bool  `json:",omitempty"`
	RetentionHour int64
	TrimmedMillis int64 `json:",omitempty"` // what arrived before is gone, even if the retention was raised since
	MaxRecordKiB  int64
	Tags          map[string]string `json:",omitempty"`
	Consumers     []consumerMeta    `json:",omitempty"`
	KeyID         string            `json:",omitempty"` // of KMS; "": not encrypted
	Metrics       []string          `json:",omitempty"` // of enhanced monitoring
	Policy        string            `json:",omitempty"`
	WarmMiBps     int64             `json:",omitempty"`
	Distribution  string            `json:",omitempty"` // the strategy; "": by partition key
	ModeChanges   []int64           `json:",omitempty"` // when UpdateStreamMode changed it within the last day
	Scalings      []int64           `json:",omitempty"` // when UpdateShardCount succeeded within the last day
	Shards        []shardMeta
}

type shardMeta struct {
	First, Last    hashKey  // its range, both inclusive
	CreatedSeconds int64    // as its sequence numbers have it
	CreatedMillis  int64    `json:",omitempty"` // the same more exactly; 0 for shards that are as old as their stream
	ClosedMillis   int64    `json:",omitempty"` // not 0: closed then, by a split or a merge
	Parents        []uint32 `json:",omitempty"` // the shard that was split, or the two that were merged
}

// expired tells that all records of a closed shard are past the retention: AWS doesn't list it any more.
func (m *shardMeta) expired(horizon int64) bool {
	return m.ClosedMillis != 0 && m.ClosedMillis < horizon
}

// shard is an ordered log of records. Its records have the indexes 1, 2, 3…
type shard struct {
	number uint32
	id     string
	// meta is replaced as a whole when the shard is closed. What the shard was made with never changes.
	meta atomic.Pointer[shardMeta]
	// end is the index after the last record that there will ever be; 0 while the shard is open.
	end atomic.Uint64
	// grown is raised with durable and by a close, for the subscriptions that wait at the tip.
	grown broadcast

	throttle throttle
	// trimmedTo is the index below which everything is deleted, as far as this process knows.
	trimMu    sync.Mutex
	trimmedTo uint64

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
	st.layout.Store(newLayout(m.Shards, nil))
	return st
}

// newLayout makes the layout of the shards; those that old has are taken over.
func newLayout(metas []shardMeta, old []*shard) *layout {
	l := &layout{shards: old[:len(old):len(old)]}
	for i := range metas {
		if i == len(l.shards) {
			sh := &shard{number: uint32(i), id: shardID(uint32(i)), next: 1}
			sh.durable.Store(1)
			if metas[i].ClosedMillis != 0 {
				sh.end.Store(1)
			}
			l.shards = append(l.shards, sh)
		}
		l.shards[i].meta.Store(&metas[i])
		if metas[i].ClosedMillis == 0 {
			l.open = append(l.open, l.shards[i])
		}
	}
	slices.SortFunc(l.open, func(a, b *shard) int { return a.meta.Load().First.compare(b.meta.Load().First) })
	return l
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
func (sh *shard) firstSequence() sequence { return sh.sequence(0, sh.created()) }

// lastSequence is the EndingSequenceNumber of a closed shard, above that of every record in it.
func (sh *shard) lastSequence() sequence { return sh.sequence(maxIndex, sh.meta.Load().ClosedMillis) }

// created is when the shard was made, in milliseconds.
func (sh *shard) created() int64 { return sh.meta.Load().CreatedSeconds * 1000 }

func (sh *shard) sequence(index uint64, arrivalMillis int64) sequence {
	return sequence{created: sh.created() / 1000, shard: sh.number, index: index, time: arrivalMillis / 1000}
}

// drained tells that the shard is closed and index behind its last record.
func (sh *shard) drained(index uint64) bool {
	end := sh.end.Load()
	return end != 0 && index >= end
}

// locate finds the open shard that holds a hash key.
func (l *layout) locate(k hashKey) *shard {
	i := sort.Search(len(l.open), func(i int) bool { return k.less(l.open[i].meta.Load().First) })
	return l.open[i-1] // the first range begins at 0
}

// shard finds a shard by number that still exists, nil if there is none.
func (l *layout) shard(number uint32, horizon int64) *shard {
	if uint64(number) >= uint64(len(l.shards)) || l.shards[number].meta.Load().expired(horizon) {
		return nil
	}
	return l.shards[number]
}

// listed are the shards that still exist, by number.
func (l *layout) listed(horizon int64) []*shard {
	expired := func(sh *shard) bool { return sh.meta.Load().expired(horizon) }
	if !slices.ContainsFunc(l.shards, expired) {
		return l.shards
	}
	return slices.DeleteFunc(slices.Clone(l.shards), expired)
}

// children are the open or closed shards made from sh.
func (l *layout) children(sh *shard) []*shard {
	var out []*shard
	for _, c := range l.shards[sh.number+1:] {
		if slices.Contains(c.meta.Load().Parents, sh.number) {
			out = append(out, c)
		}
	}
	return out
}

// broadcast wakes everybody who waits for it.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

// wait returns a channel that the next notify closes.
func (b *broadcast) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *broadcast) notify() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}

func (st *stream) snapshot() streamMeta { return *st.meta.Load() }

// The states of a stream, as the API spells them.
const (
	statusCreating = "CREATING"
	statusActive   = "ACTIVE"
	statusUpdating = "UPDATING"
	statusDeleting = "DELETING"
)

func (m *streamMeta) status(now int64) string {
	switch {
	case m.DeletedMillis != 0:
		return statusDeleting
	case now < m.ActiveMillis:
		return statusCreating
	case now < m.UpdatedMillis:
		return statusUpdating
	}
	return statusActive
}

// horizon is the time before which records are out of the stream's reach.
func (m *streamMeta) horizon(now int64) int64 {
	return max(now-m.RetentionHour*3_600_000, m.TrimmedMillis)
}

// openShards counts the shards that take records.
func (m *streamMeta) openShards() (n int) {
	for i := range m.Shards {
		if m.Shards[i].ClosedMillis == 0 {
			n++
		}
	}
	return n
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

// openAt tells that the shard took records at the time.
func (m *shardMeta) openAt(millis int64) bool {
	created := m.CreatedMillis
	if created == 0 {
		created = m.CreatedSeconds * 1000
	}
	return created <= millis && (m.ClosedMillis == 0 || millis < m.ClosedMillis)
}

// settledStream is stream for operations that need a stream's shards: it may be UPDATING.
func (s *Service) settledStream(name, arn string) (*stream, streamMeta, error) {
	st, m, err := s.stream(name, arn)
	if err == nil && m.status(s.env.Now()) == statusUpdating {
		return st, m, nil
	}
	return s.activeStream(name, arn)
}

// activeStream is stream for operations that AWS refuses with ResourceInUseException in other states.
func (s *Service) activeStream(name, arn string) (*stream, streamMeta, error) {
	st, m, err := s.stream(name, arn)
	if err != nil {
		return nil, m, err
	}
	if status := m.status(s.env.Now()); status != statusActive {
		return nil, m, s.notActive(m.Name, status)
	}
	return st, m, nil
}

func (s *Service) notActive(name, status string) error {
	return inUse("Stream %s under account %s not ACTIVE, instead in state %s", name, s.env.Account, status)
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
	st.follow(&m)
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
	if err := s.env.Store.CommitFreeing(b); err != nil {
		return err
	}
	st.deleted = true
	delete(s.streams, m.Name)
	for _, sh := range st.layout.Load().shards {
		sh.grown.notify() // subscriptions see that the stream is gone
	}
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
	for _, sh := range st.layout.Load().shards {
		if !it.SeekLT(recordKey(nil, id, sh.number+1, 0)) || !keyOfShard(it.Key(), sh.number) {
			continue
		}
		c, err := chunkAt(it)
		if err != nil {
			return err
		}
		sh.next, sh.lastMillis = c.end(), c.arrival
		sh.durable.Store(sh.next)
		if sh.end.Load() != 0 {
			sh.end.Store(sh.next)
		}
	}
	return it.Error()
}
