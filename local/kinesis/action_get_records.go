package kinesis

import "errors"

// GetRecords: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
//
// Up to Limit (10,000) records and 10 MiB; records older than the stream's retention are passed over. MillisBehindLatest is
// 0 at the tip, else the age of the last record returned. The limits of 5 calls and 2 MiB per second and shard aren't
// enforced.

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
	if err != nil || m.ID != it.stream || int(it.shard) >= len(st.shards) {
		return s.noShard(shardID(it.shard), it.name)
	}
	limit := int(in.Limit)
	if limit == 0 {
		limit = maxGetRecords
	}
	r, err := s.newReader(st, st.shards[it.shard])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	return r.reply(c, &it, now, now-m.RetentionHour*3_600_000, limit)
}

// reply reads from the iterator's position, past what arrived before the horizon, and writes the answer.
func (r *reader) reply(c *call, it *iterator, now, horizon int64, limit int) error {
	ch, ok, err := r.seek(it.index)
	if ok && ch.arrival < horizon {
		var at uint64
		if at, err = r.seekArrival(horizon); err == nil {
			it.index = at
			ch, ok, err = r.seek(at)
		}
	}
	w := newRecordsWriter(c.reply.B, c.proto)
	lag := int64(0)
	for n, bytes := 0, 0; err == nil && ok && n < limit; {
		lag = now - ch.arrival
		at := ch.first
		key, data, more := ch.next()
		if !more {
			if ch.left > 0 {
				return errCorrupt("record %d of shard %s", at, r.shard.id)
			}
			ch, ok, err = r.following()
			continue
		}
		if bytes += len(key) + len(data); bytes > maxGetBytes && n > 0 {
			break
		}
		w.record(r.shard.sequence(at, ch.arrival), ch.arrival, key, data)
		it.index = at + 1
		n++
	}
	if err != nil {
		return err
	}
	if it.index >= r.end {
		lag = 0
	}
	it.issued = now
	c.reply.B = w.finish(it, max(lag, 0))
	return nil
}

func (s *Service) noShard(id, stream string) error {
	return notFound("Shard %s in stream %s under account %s does not exist", id, stream, s.env.Account)
}
