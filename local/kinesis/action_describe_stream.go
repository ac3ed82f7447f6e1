package kinesis

import (
	"context"
	"sort"
)

// DescribeStream: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStream.html
//
// A CREATING stream shows no shards yet, as on AWS.

type describeStreamInput struct {
	ExclusiveStartShardId string `shape:"ShardId"`
	Limit                 int64  `shape:"DescribeStreamInputLimit"`
	StreamARN             string `shape:"StreamARN"`
	StreamName            string `shape:"StreamName"`
}

type describeStreamOutput struct{ StreamDescription streamDescription }

type streamDescription struct {
	EncryptionType          string
	EnhancedMonitoring      []monitoring
	HasMoreShards           bool
	KeyID                   string `json:"KeyId,omitempty"`
	RetentionPeriodHours    int64
	Shards                  []shardOutput
	StreamARN               string
	StreamCreationTimestamp millis
	StreamModeDetails       *streamMode
	StreamName              string
	StreamStatus            string
}

// monitoring is the list of enhanced metrics.
type monitoring struct{ ShardLevelMetrics []string }

type shardOutput struct {
	AdjacentParentShardID string `json:"AdjacentParentShardId,omitempty"`
	HashKeyRange          hashKeyRange
	ParentShardID         string `json:"ParentShardId,omitempty"`
	SequenceNumberRange   sequenceRange
	ShardID               string `json:"ShardId"`
}

type hashKeyRange struct{ EndingHashKey, StartingHashKey string }

type sequenceRange struct {
	EndingSequenceNumber   string `json:",omitempty"` // of closed shards
	StartingSequenceNumber string
}

const defaultDescribeShards = 100

func (s *Service) describeStream(_ context.Context, in *describeStreamInput) (*describeStreamOutput, error) {
	st, m, err := s.stream(in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	limit := int(in.Limit)
	if limit == 0 {
		limit = defaultDescribeShards
	}
	now := s.env.Now()
	status := m.status(now)
	var shards []*shard
	if status != statusCreating {
		shards = shardsAfter(st.layout.Load().listed(m.horizon(now)), in.ExclusiveStartShardId)
	}
	more := len(shards) > limit
	return &describeStreamOutput{streamDescription{
		EncryptionType:          m.encryption(),
		EnhancedMonitoring:      m.monitoring(),
		KeyID:                   m.KeyID,
		HasMoreShards:           more,
		RetentionPeriodHours:    m.RetentionHour,
		Shards:                  describeShards(shards[:min(limit, len(shards))]),
		StreamARN:               s.arn(m.Name),
		StreamCreationTimestamp: millis(m.CreatedMillis),
		StreamModeDetails:       m.mode(),
		StreamName:              m.Name,
		StreamStatus:            status,
	}}, nil
}

// shardsAfter are the shards whose ID follows id.
func shardsAfter(shards []*shard, id string) []*shard {
	return shards[sort.Search(len(shards), func(i int) bool { return shards[i].id > id }):]
}

func describeShards(shards []*shard) []shardOutput {
	out := make([]shardOutput, len(shards))
	for i, sh := range shards {
		m := sh.meta.Load()
		o := shardOutput{
			HashKeyRange:        m.hashKeyRange(),
			SequenceNumberRange: sequenceRange{StartingSequenceNumber: sh.firstSequence().String()},
			ShardID:             sh.id,
		}
		if m.ClosedMillis != 0 {
			o.SequenceNumberRange.EndingSequenceNumber = sh.lastSequence().String()
		}
		if len(m.Parents) > 0 {
			o.ParentShardID = shardID(m.Parents[0])
		}
		if len(m.Parents) > 1 {
			o.AdjacentParentShardID = shardID(m.Parents[1])
		}
		out[i] = o
	}
	return out
}

func (m *shardMeta) hashKeyRange() hashKeyRange {
	return hashKeyRange{StartingHashKey: m.First.String(), EndingHashKey: m.Last.String()}
}

// childShard is how GetRecords and SubscribeToShard name what a closed shard became.
type childShard struct {
	HashKeyRange hashKeyRange
	ParentShards []string
	ShardID      string `json:"ShardId"`
}

// childShards describes the shards made from sh.
func (st *stream) childShards(sh *shard) []childShard {
	var out []childShard
	for _, c := range st.layout.Load().children(sh) {
		m := c.meta.Load()
		child := childShard{HashKeyRange: m.hashKeyRange(), ShardID: c.id}
		for _, p := range m.Parents {
			child.ParentShards = append(child.ParentShards, shardID(p))
		}
		out = append(out, child)
	}
	return out
}
