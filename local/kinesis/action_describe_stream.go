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
	RetentionPeriodHours    int64
	Shards                  []shardOutput
	StreamARN               string
	StreamCreationTimestamp millis
	StreamModeDetails       *streamMode
	StreamName              string
	StreamStatus            string
}

// monitoring is the list of enhanced metrics, of which there are none.
type monitoring struct{ ShardLevelMetrics []string }

type shardOutput struct {
	HashKeyRange        hashKeyRange
	SequenceNumberRange sequenceRange
	ShardID             string `json:"ShardId"`
}

type hashKeyRange struct{ EndingHashKey, StartingHashKey string }

type sequenceRange struct{ StartingSequenceNumber string }

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
	status := m.status(s.env.Now())
	var shards []*shard
	if status != statusCreating {
		shards = shardsAfter(st.shards, in.ExclusiveStartShardId)
	}
	more := len(shards) > limit
	return &describeStreamOutput{streamDescription{
		EncryptionType:          "NONE",
		EnhancedMonitoring:      []monitoring{{ShardLevelMetrics: []string{}}},
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
		out[i] = shardOutput{
			HashKeyRange:        hashKeyRange{StartingHashKey: sh.First.String(), EndingHashKey: sh.Last.String()},
			SequenceNumberRange: sequenceRange{sh.firstSequence().String()},
			ShardID:             sh.id,
		}
	}
	return out
}
