package kinesis

import "slices"

// reshard is a change of a stream's shards while it is planned: it works on a copy of the metadata, so that what fails half
// way has done nothing.
type reshard struct {
	shards []shardMeta
	now    int64
}

// close closes a shard.
func (r *reshard) close(number uint32) { r.shards[number].ClosedMillis = r.now }

// add makes a shard. Its sequence numbers are above those of its parents, as AWS's are: they begin with the second in which
// the shard was made, which for a shard of a shard made just now lies a little ahead.
func (r *reshard) add(first, last hashKey, parents ...uint32) uint32 {
	created := r.now / 1000
	for _, p := range parents {
		created = max(created, r.shards[p].CreatedSeconds+1)
	}
	r.shards = append(r.shards, shardMeta{First: first, Last: last, Parents: parents, CreatedSeconds: created, CreatedMillis: r.now})
	return uint32(len(r.shards) - 1)
}

// split divides a shard in front of the hash key at.
func (r *reshard) split(number uint32, at hashKey) (left, right uint32) {
	m := r.shards[number]
	r.close(number)
	return r.add(m.First, at.prev(), number), r.add(at, m.Last, number)
}

// merge joins a shard and its right neighbour on the ring.
func (r *reshard) merge(left, right uint32) uint32 {
	r.close(left)
	r.close(right)
	return r.add(r.shards[left].First, r.shards[right].Last, left, right)
}

// open lists the open shards by hash range.
func (r *reshard) open() []uint32 {
	var out []uint32
	for i := range r.shards {
		if r.shards[i].ClosedMillis == 0 {
			out = append(out, uint32(i))
		}
	}
	slices.SortFunc(out, func(a, b uint32) int { return r.shards[a].First.compare(r.shards[b].First) })
	return out
}

// uniform divides the ring evenly into n shards: it splits the open shards where a range of the new division begins, and
// merges what then lies within one. Shards that have their range already stay; others may live only for a moment, as on AWS.
func (r *reshard) uniform(n int) {
	starts := splitRing(n)
	var parts []uint32 // by hash range, each within one range of the new division
	next := 1
	for _, number := range r.open() {
		for ; next < n && !r.shards[number].Last.less(starts[next]); next++ {
			if r.shards[number].First != starts[next] {
				var left uint32
				left, number = r.split(number, starts[next])
				parts = append(parts, left)
			}
		}
		parts = append(parts, number)
	}
	for i := range starts {
		number := parts[0]
		for parts = parts[1:]; len(parts) > 0 && (i+1 == n || r.shards[parts[0]].First.less(starts[i+1])); parts = parts[1:] {
			number = r.merge(number, parts[0])
		}
	}
}

// reshard changes the shards of a stream that is ACTIVE. The change is there when it returns; the stream is UPDATING for the
// server's transition time.
//
// Under the stream's lock no record is being numbered: the parents' logs end here, before the children begin, on disk too.
func (s *Service) reshard(st *stream, change func(*streamMeta, *reshard) error) error {
	now, account := s.env.Now(), s.openShards()
	return s.update(st, func(m *streamMeta) error {
		if status := m.status(now); status != statusActive {
			return s.notActive(m.Name, status)
		}
		r := &reshard{shards: slices.Clone(m.Shards), now: now}
		if err := change(m, r); err != nil {
			return err
		}
		if more := len(r.open()) - m.openShards(); account+more > maxShards {
			return s.shardLimit(account, more)
		}
		m.Shards = r.shards
		if s.delay > 0 {
			m.UpdatedMillis = now + s.delay.Milliseconds()
		}
		return nil
	})
}

// follow makes the stream's layout that of its metadata; st.mu is held.
func (st *stream) follow(m *streamMeta) {
	old := st.layout.Load()
	if len(m.Shards) == len(old.shards) {
		return
	}
	l := newLayout(m.Shards, old.shards)
	for _, sh := range old.open {
		if m.Shards[sh.number].ClosedMillis != 0 {
			sh.end.Store(sh.next)
		}
	}
	st.layout.Store(l)
	for _, sh := range old.open {
		if sh.end.Load() != 0 {
			sh.grown.notify()
		}
	}
}

// openShards counts the open shards of the account.
func (s *Service) openShards() (n int) {
	for _, m := range s.list() {
		n += m.openShards()
	}
	return n
}

func (s *Service) shardLimit(have, more int) error {
	return limitExceeded("This request would exceed the shard limit for the account %s in %s. Current shard count for the account: %d. Limit: %d. "+
		"Number of additional shards that would have resulted from this request: %d.", s.env.Account, s.env.Region, have, maxShards, more)
}

// shardNumber finds the number that an ID of a request means.
func (s *Service) shardNumber(m *streamMeta, id string) (uint32, error) {
	number, ok := parseShardID(id)
	if ok {
		id = shardID(number)
	}
	if !ok || uint64(number) >= uint64(len(m.Shards)) || m.Shards[number].expired(m.horizon(s.env.Now())) {
		return 0, notFound("Could not find shard %s in stream %s under account %s.", id, m.Name, s.env.Account)
	}
	return number, nil
}

// reshardable finds an open shard.
func (s *Service) reshardable(m *streamMeta, id string) (uint32, error) {
	number, err := s.shardNumber(m, id)
	if err == nil && m.Shards[number].ClosedMillis != 0 {
		err = invalidArgument("Shard %s in stream %s under account %s has already been merged or split, and thus is not eligible for merging or splitting.",
			shardID(number), m.Name, s.env.Account)
	}
	return number, err
}

// provisioned refuses on-demand streams, whose shards are AWS's business.
func (s *Service) provisioned(m *streamMeta, operation string) error {
	if m.OnDemand {
		return validationError("%s is not supported for stream %s under account %s, which has the ON_DEMAND capacity mode.", operation, m.Name, s.env.Account)
	}
	return nil
}
