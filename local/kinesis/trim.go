package kinesis

import (
	"errors"
	"time"
)

// Records past the retention lose their place on disk from time to time, a shard's oldest chunks at once. The last chunk of an
// open shard stays: it tells after a restart which index comes next.

// trimEvery is how often streams are looked at, in time of the wall: an idle stream is trimmed, too.
const trimEvery = time.Minute

// trimmer trims until the service is closed.
func (s *Service) trimmer() {
	defer close(s.trimmed)
	tick := time.NewTicker(trimEvery)
	defer tick.Stop()
	for {
		// What can't be trimmed now, on a damaged disk, is not the trimmer's to report: whoever reads there will.
		s.trim()
		select {
		case <-tick.C:
		case <-s.closing:
			return
		}
	}
}

// trim deletes what is past the retention of all streams.
func (s *Service) trim() error {
	s.mu.RLock()
	all := make([]*stream, 0, len(s.streams))
	for _, st := range s.streams {
		all = append(all, st)
	}
	s.mu.RUnlock()
	var errs []error
	for _, st := range all {
		errs = append(errs, s.trimStream(st))
	}
	return errors.Join(errs...)
}

func (s *Service) trimStream(st *stream) error {
	m := st.snapshot()
	horizon := m.horizon(s.env.Now())
	var errs []error
	for _, sh := range st.layout.Load().shards {
		errs = append(errs, s.trimShard(st, sh, horizon))
	}
	return errors.Join(errs...)
}

func (s *Service) trimShard(st *stream, sh *shard, horizon int64) error {
	sh.trimMu.Lock()
	defer sh.trimMu.Unlock()
	keep, err := s.firstKept(st, sh, horizon)
	if err != nil || keep <= sh.trimmedTo {
		return err
	}
	id := st.snapshot().ID
	b := s.env.Store.DB.NewBatch()
	if err := b.DeleteRange(recordKey(nil, id, sh.number, 0), recordKey(nil, id, sh.number, keep), nil); err != nil {
		return err
	}
	if err := s.env.Store.CommitFreeing(b); err != nil {
		return err
	}
	sh.trimmedTo = keep
	return nil
}

// firstKept is the index of the first chunk that stays.
func (s *Service) firstKept(st *stream, sh *shard, horizon int64) (keep uint64, err error) {
	r, err := s.newReader(st, sh)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	if sh.meta.Load().expired(horizon) {
		return r.end, nil
	}
	at, err := r.seekArrival(horizon)
	if err != nil || at == 0 {
		return 0, err
	}
	c, ok, err := r.find(min(at, r.end-1))
	if !ok {
		return 0, err
	}
	return c.first, nil
}
