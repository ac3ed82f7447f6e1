package kinesis

import (
	"sync"
	"time"

	"github.com/weirsql/weir/runtime/clock"
)

// What AWS answers of a shard in a second, to all who ask: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
const (
	readSpacing   = time.Second / 5
	readBandwidth = 2 << 20 // bytes
)

// quota is what the readers of one shard in this process may ask for together: several tables, or jobs, of one stream would
// refuse one another the answers, and wait for longer than if they had taken turns.
type quota struct {
	key     quotaKey
	readers int // guarded by quotas

	mu   sync.Mutex
	free time.Time // from when on the next request may be made
}

type quotaKey struct {
	clock                  clock.Clock
	address, stream, shard string
}

var quotas struct {
	sync.Mutex
	of map[quotaKey]*quota
}

// share returns the quota of a shard for one more reader, who calls leave.
func share(key quotaKey) *quota {
	quotas.Lock()
	defer quotas.Unlock()
	if quotas.of == nil {
		quotas.of = map[quotaKey]*quota{}
	}
	q := quotas.of[key]
	if q == nil {
		q = &quota{key: key}
		quotas.of[key] = q
	}
	q.readers++
	return q
}

func (q *quota) leave() {
	quotas.Lock()
	defer quotas.Unlock()
	if q.readers--; q.readers == 0 {
		delete(quotas.of, q.key)
	}
}

// turn returns when a reader may ask, now or later; the next one follows after spacing. Readers come in the order of their
// calls.
func (q *quota) turn(now time.Time, spacing time.Duration) time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := now
	if q.free.After(at) {
		at = q.free
	}
	q.free = at.Add(spacing)
	return at
}

// charge puts off the next request for as long as an answer that came at a time uses up the bandwidth, and a little: after
// 10 MiB, which a request may bring, AWS refuses any for five seconds.
func (q *quota) charge(at time.Time, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if free := at.Add(time.Duration(bytes)*time.Second/readBandwidth + 10*time.Millisecond); free.After(q.free) {
		q.free = free
	}
}
