package kinesis

import (
	"context"
	"errors"
)

// GetShardIterator: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html
//
// All five types. AT_SEQUENCE_NUMBER and AFTER_SEQUENCE_NUMBER take any number that the shard could have given out, whether
// or not a record has it.

type getShardIteratorInput struct {
	ShardId                string  `shape:"ShardId,required"`
	ShardIteratorType      string  `shape:"ShardIteratorType,required"`
	StartingSequenceNumber string  `shape:"SequenceNumber"`
	StreamARN              string  `shape:"StreamARN"`
	StreamName             string  `shape:"StreamName"`
	Timestamp              *millis `shape:"Timestamp"`
}

type getShardIteratorOutput struct{ ShardIterator string }

func (s *Service) getShardIterator(_ context.Context, in *getShardIteratorInput) (*getShardIteratorOutput, error) {
	name, err := refer(in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	number, ok := parseShardID(in.ShardId)
	if !ok {
		return nil, notFound("Could not find shard %s in stream %s under account %s.", in.ShardId, name, s.env.Account)
	}
	st, m, err := s.stream(name, "")
	now := s.env.Now()
	if err != nil || m.status(now) == statusCreating {
		return nil, s.noShard(shardID(number), name)
	}
	sh := st.layout.Load().shard(number, m.horizon(now))
	if sh == nil {
		return nil, s.noShard(shardID(number), name)
	}
	it := iterator{issued: now, stream: m.ID, shard: number, name: name}
	if it.index, err = s.startIndex(st, sh, "GetShardIterator", position{in.ShardIteratorType, in.StartingSequenceNumber, in.Timestamp}, now); err != nil {
		return nil, err
	}
	return &getShardIteratorOutput{it.String()}, nil
}

// position is where in a shard a request wants to begin.
type position struct {
	kind     string
	sequence string
	at       *millis
}

// startIndex is the index that a position means, in a request of the operation.
func (s *Service) startIndex(st *stream, sh *shard, operation string, p position, now int64) (uint64, error) {
	const rule = "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or " +
		"(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified %s and %s StartingSequenceNumber."
	byNumber := p.kind == "AT_SEQUENCE_NUMBER" || p.kind == "AFTER_SEQUENCE_NUMBER"
	if byNumber && p.sequence == "" {
		return 0, invalidArgument(rule, p.kind, "no")
	}
	if !byNumber && p.sequence != "" {
		return 0, invalidArgument(rule, p.kind, "also a")
	}
	switch p.kind {
	case "TRIM_HORIZON":
		return 0, nil
	case "LATEST":
		return sh.durable.Load(), nil
	case "AT_TIMESTAMP":
		return s.timeIndex(st, sh, p.at, now)
	}
	seq, ok := parseSequence(p.sequence)
	name := st.snapshot().Name
	if !ok {
		return 0, invalidArgument("StartingSequenceNumber %s used in %s on shard %s in stream %s under account %s is invalid.",
			p.sequence, operation, sh.id, name, s.env.Account)
	}
	if seq.shard != sh.number {
		return 0, invalidArgument("Invalid StartingSequenceNumber. It encodes %s, while it was used in a call to a shard with %s",
			shardID(seq.shard), sh.id)
	}
	if seq.created*1000 != sh.created() {
		return 0, invalidArgument("StartingSequenceNumber %s used in %s on shard %s in stream %s under account %s is invalid because it did not come from this stream.",
			p.sequence, operation, sh.id, name, s.env.Account)
	}
	if p.kind == "AFTER_SEQUENCE_NUMBER" {
		return seq.index + 1, nil
	}
	return seq.index, nil
}

func (s *Service) timeIndex(st *stream, sh *shard, at *millis, now int64) (index uint64, err error) {
	if at == nil {
		return 0, invalidArgument("Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.")
	}
	if int64(*at) > now {
		return 0, invalidArgument("The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: %d, currentTimestampInMillis: %d", *at, now)
	}
	r, err := s.newReader(st, sh)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	return r.seekArrival(int64(*at))
}
