package kinesis

import "errors"

// GetRecords: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
//
// Up to Limit (10,000) records and 10 MiB; records older than the stream's retention are passed over. MillisBehindLatest is
// 0 at the tip, else the age of the last record returned. The answer that reaches the end of a closed shard has no
// NextShardIterator, and the shard's children.

type getRecordsInput struct {
	Limit         int64  `shape:"GetRecordsInputLimit"`
	ShardIterator string `shape:"ShardIterator,required"`
	StreamARN     string `shape:"StreamARN"`
}

func (s *Service) getRecords(c *call) (err error) {
	var in getRecordsInput
	if err := c.bind(&in); err != nil {
		return err
	}
	it, ok := parseIterator(in.ShardIterator)
	if !ok {
		return invalidArgument("Invalid ShardIterator.")
	}
	now := s.env.Now()
	if err := it.expired(now); err != nil {
		return err
	}
	st, m, err := s.stream(it.name, in.StreamARN)
	if err != nil || m.ID != it.stream {
		return s.noShard(shardID(it.shard), it.name)
	}
	sh := st.layout.Load().shard(it.shard, m.horizon(now))
	if sh == nil {
		return s.noShard(shardID(it.shard), it.name)
	}
	limit := int(in.Limit)
	if limit == 0 {
		limit = maxGetRecords
	}
	// Answers are large while they are built: some at a time.
	select {
	case s.reads <- struct{}{}:
		defer func() { <-s.reads }()
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
	if s.env.Limits && !sh.throttle.readCall(now) {
		return clientError(exceeded, "%s", s.rateExceeded(sh, m.Name))
	}
	if s.held.Load() > maxHeld {
		return errBusy
	}
	w := newRecordsWriter(c.reply.B, c.proto)
	w.kms = m.KeyID != ""
	lag, err := s.read(st, sh, &it.index, w, readLimits{now: now, horizon: m.horizon(now), records: limit, bytes: maxGetBytes})
	if err != nil {
		return err
	}
	if s.env.Limits {
		sh.throttle.read(w.bytes)
	}
	next, children := &it, []childShard(nil)
	if sh.drained(it.index) {
		next, children = nil, st.childShards(sh)
	}
	it.issued = now
	c.reply.B, err = w.finish(next, lag, children)
	return err
}

// readLimits bound what one read returns.
type readLimits struct {
	now, horizon   int64
	records, bytes int
}

// read hands the records from index on to w, past what arrived before the horizon, and moves index behind them. It returns
// by how many milliseconds the last of them is behind the tip. The first record comes whatever its size.
func (s *Service) read(st *stream, sh *shard, index *uint64, w *recordsWriter, l readLimits) (lag int64, err error) {
	r, err := s.newReader(st, sh)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	ch, ok, err := r.seek(*index)
	if ok && ch.arrival < l.horizon {
		var at uint64
		if at, err = r.seekArrival(l.horizon); err == nil {
			*index = at
			ch, ok, err = r.seek(at)
		}
	}
	for err == nil && ok && w.n < l.records {
		lag = l.now - ch.arrival
		at := ch.first
		key, data, more := ch.next()
		if !more {
			if ch.left > 0 {
				return 0, errCorrupt("record %d of shard %s", at, sh.id)
			}
			ch, ok, err = r.following()
			continue
		}
		if w.n > 0 && w.bytes+len(key)+len(data) > l.bytes {
			break
		}
		w.record(sh.sequence(at, ch.arrival), ch.arrival, key, data)
		*index = at + 1
	}
	if err != nil {
		return 0, err
	}
	if !ok {
		*index = max(*index, r.end) // nothing lies between
	}
	if *index >= r.end {
		return 0, nil
	}
	return max(lag, 1), nil // 0 would say that there is nothing more
}

func (s *Service) noShard(id, stream string) error {
	return notFound("Shard %s in stream %s under account %s does not exist", id, stream, s.env.Account)
}
