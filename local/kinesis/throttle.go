package kinesis

import (
	"sync"
)

// AWS's limits per shard and second, by "Quotas and limits" of the developer guide; enforced if the host asks for it.
const (
	writeBytesPerSecond   = 1 << 20
	writeRecordsPerSecond = 1000
	readBytesPerSecond    = 2 << 20
	readCallsPerSecond    = 5
)

// bucket is a token bucket that holds one second's worth. It counts in thousandths, so that a clock of milliseconds fills it
// without rounding.
type bucket struct {
	level int64
	at    int64 // millis, when level was right; 0: never
}

// fill brings the bucket to the present. A clock that is set back leaves it as it is.
func (b *bucket) fill(perSecond, now int64) {
	switch {
	case b.at == 0:
		b.level = perSecond * 1000
	case now > b.at:
		b.level = min(perSecond*1000, b.level+min(now-b.at, 1000_000)*perSecond)
	default:
		return
	}
	b.at = now
}

// throttle is what one shard has left of the present second.
type throttle struct {
	mu                    sync.Mutex
	writeBytes, writes    bucket
	readBytes, readsCalls bucket
}

// write takes a record of size bytes; false means that it is too much. A record larger than a second's worth passes when
// nothing else was written, and is paid for in the seconds after it.
func (t *throttle) write(size int, now int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writes.fill(writeRecordsPerSecond, now)
	t.writeBytes.fill(writeBytesPerSecond, now)
	if t.writes.level < 1000 || t.writeBytes.level < int64(min(size, writeBytesPerSecond))*1000 {
		return false
	}
	t.writes.level -= 1000
	t.writeBytes.level -= int64(size) * 1000
	return true
}

// readCall takes one GetRecords.
func (t *throttle) readCall(now int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.readsCalls.fill(readCallsPerSecond, now)
	t.readBytes.fill(readBytesPerSecond, now)
	if t.readsCalls.level < 1000 || t.readBytes.level <= 0 {
		return false
	}
	t.readsCalls.level -= 1000
	return true
}

// read charges what a GetRecords returned. An answer of more than a second's worth is paid for whole before the next one: after
// one of 10 MiB that is five seconds, as AWS documents.
func (t *throttle) read(size int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if size > readBytesPerSecond {
		t.readBytes.level = min(t.readBytes.level, 0)
	}
	t.readBytes.level -= int64(size) * 1000
}

// throttled marks the entries that are beyond their shards' limits.
func (s *Service) throttled(st *stream, entries []entry) {
	if !s.env.Limits {
		return
	}
	now, l := s.env.Now(), st.layout.Load()
	for i := range entries {
		e := &entries[i]
		if sh := l.locate(e.hash); !e.failed && !sh.throttle.write(len(e.key)+len(e.data), now) {
			e.failed, e.throttled = true, sh
		}
	}
}

const exceeded = "ProvisionedThroughputExceededException"

// rateExceeded is the text of that error.
func (s *Service) rateExceeded(sh *shard, stream string) string {
	return "Rate exceeded for shard " + sh.id + " in stream " + stream + " under account " + s.env.Account + "."
}
