// Package kinesis is an embedded Amazon Kinesis Data Streams: an http.Handler that speaks the service's wire protocol
// (JSON 1.1 and CBOR) to unmodified AWS SDKs and keeps its streams in a Pebble store.
//
// It is not a client, and it knows nothing of the engine that reads and writes through it. Listening, locking the data
// directory and opening the store are package local's.
//
// Where to start: the table in actions.go names every operation; each has a file of its own, action_*.go, headed by what
// it supports and where it differs from AWS. records.go has the storage layout, http.go the way of a request.
package kinesis

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirsql/weir/local/internal/service"
)

// Service is the embedded Kinesis of one account and region. All methods are safe for concurrent use.
type Service struct {
	env   *service.Env
	delay time.Duration

	// mu guards the map. A stream's own lock is taken after it, never before.
	mu      sync.RWMutex
	streams map[string]*stream
	nextID  uint64

	held          atomic.Int64  // bytes of requests and answers under way
	reads         chan struct{} // of those that build an answer of GetRecords now
	subscriptions subscriptions
	closing       chan struct{}                   // closed by Close
	trimmed       chan struct{}                   // closed when the trimmer has ended
	settings      atomic.Pointer[accountSettings] // replaced under mu
}

// New loads the streams from the store. Streams stay CREATING, and DELETING, for transition on the environment's clock; 0
// makes them ACTIVE, and gone, at once.
func New(env *service.Env, transition time.Duration) (*Service, error) {
	s := &Service{env: env, delay: transition, streams: map[string]*stream{}, nextID: 1, reads: make(chan struct{}, maxReads),
		closing: make(chan struct{}), trimmed: make(chan struct{})}
	if err := s.loadSettings(); err != nil {
		return nil, err
	}
	err := env.Store.Scan(metaKey(""), func(_, value []byte) error {
		var m streamMeta
		if err := json.Unmarshal(value, &m); err != nil {
			return errCorrupt("metadata of a stream: %v", err)
		}
		st := newStream(m)
		s.streams[m.Name] = st
		s.nextID = max(s.nextID, m.ID+1)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load streams: %w", err)
	}
	for name, st := range s.streams {
		if _, _, err := s.stream(name, ""); err != nil {
			continue // its deletion was due: gone now
		}
		if err := s.recover(st); err != nil {
			return nil, fmt.Errorf("load stream %s: %w", name, err)
		}
	}
	go s.trimmer()
	return s, nil
}

// Close ends what the service does by itself; no request may be under way. The store is the host's to close, after it.
func (s *Service) Close() {
	close(s.closing)
	<-s.trimmed
}
