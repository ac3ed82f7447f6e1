package kinesis

import "context"

// SplitShard: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SplitShard.html
//
// The parent is closed and its children take records when the answer comes; the stream is UPDATING for the server's
// transition time.

type splitShardInput struct {
	NewStartingHashKey string `shape:"HashKey,required"`
	ShardToSplit       string `shape:"ShardId,required"`
	StreamARN          string `shape:"StreamARN"`
	StreamName         string `shape:"StreamName"`
}

func (s *Service) splitShard(_ context.Context, in *splitShardInput) (*empty, error) {
	st, _, err := s.stream(in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	return &empty{}, s.reshard(st, func(m *streamMeta, r *reshard) error {
		if err := s.provisioned(m, "SplitShard"); err != nil {
			return err
		}
		number, err := s.reshardable(m, in.ShardToSplit)
		if err != nil {
			return err
		}
		first, last := m.Shards[number].First, m.Shards[number].Last
		at, ok := parseHashKey([]byte(in.NewStartingHashKey))
		// A range of one key is too small for AWS, on either side.
		if !ok || !first.less(at.prev()) || !at.less(last) || at == (hashKey{}) {
			return invalidArgument("NewStartingHashKey %s used in SplitShard() on shard %s in stream %s under account %s is not both greater than one plus the shard's StartingHashKey %s and less than the shard's EndingHashKey %s.",
				in.NewStartingHashKey, shardID(number), m.Name, s.env.Account, first, last)
		}
		r.split(number, at)
		return nil
	})
}
