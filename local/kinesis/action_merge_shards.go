package kinesis

import "context"

// MergeShards: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_MergeShards.html
//
// ShardToMerge is the one with the lower hash range. Both are closed and their child takes records when the answer comes; the
// stream is UPDATING for the server's transition time.

type mergeShardsInput struct {
	AdjacentShardToMerge string `shape:"ShardId,required"`
	ShardToMerge         string `shape:"ShardId,required"`
	StreamARN            string `shape:"StreamARN"`
	StreamName           string `shape:"StreamName"`
}

func (s *Service) mergeShards(_ context.Context, in *mergeShardsInput) (*empty, error) {
	st, _, err := s.stream(in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	return &empty{}, s.reshard(st, func(m *streamMeta, r *reshard) error {
		if err := s.provisioned(m, "MergeShards"); err != nil {
			return err
		}
		left, err := s.reshardable(m, in.ShardToMerge)
		if err != nil {
			return err
		}
		right, err := s.reshardable(m, in.AdjacentShardToMerge)
		if err != nil {
			return err
		}
		if last := m.Shards[left].Last; last == maxHashKey || last.next() != m.Shards[right].First {
			return invalidArgument("Shards %s and %s in stream %s under account %s are not an adjacent pair of shards eligible for merging",
				shardID(left), shardID(right), m.Name, s.env.Account)
		}
		r.merge(left, right)
		return nil
	})
}
