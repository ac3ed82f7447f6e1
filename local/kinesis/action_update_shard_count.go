package kinesis

import (
	"context"
	"time"
)

// UpdateShardCount: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
//
// UNIFORM_SCALING, from half to double the open shards, ten times in 24 hours. The shards split and merged on the way are
// kept, closed and empty, as parents and children of the others, as on AWS.

type updateShardCountInput struct {
	ScalingType      string `shape:"ScalingType,required"`
	StreamARN        string `shape:"StreamARN"`
	StreamName       string `shape:"StreamName"`
	TargetShardCount int64  `shape:"PositiveIntegerObject,required"`
}

type updateShardCountOutput struct {
	CurrentShardCount int64
	StreamARN         string
	StreamName        string
	TargetShardCount  int64
}

const (
	maxScalings   = 10
	scalingPeriod = 24 * time.Hour
)

func (s *Service) updateShardCount(_ context.Context, in *updateShardCountInput) (*updateShardCountOutput, error) {
	st, m, err := s.stream(in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	out := &updateShardCountOutput{StreamARN: s.arn(m.Name), StreamName: m.Name, TargetShardCount: in.TargetShardCount}
	err = s.reshard(st, func(m *streamMeta, r *reshard) error {
		if err := s.provisioned(m, "UpdateShardCount"); err != nil {
			return err
		}
		have := int64(m.openShards())
		out.CurrentShardCount = have
		switch target := in.TargetShardCount; {
		case target == have:
			return invalidArgument("TargetShardCount %d of stream %s under account %s is equal to the current shard count.", target, m.Name, s.env.Account)
		case target > 2*have:
			return limitExceeded("UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: %d Target shard count: %d", have, target)
		case 2*target < have:
			return limitExceeded("UpdateShardCount cannot scale down below half your current open shard count. Current open shard count: %d Target shard count: %d", have, target)
		case target > maxStreamShards:
			return limitExceeded("UpdateShardCount cannot scale up over %d shards. Current open shard count: %d Target shard count: %d", maxStreamShards, have, target)
		}
		recent, ok := within(m.Scalings, r.now, scalingPeriod, maxScalings)
		if !ok {
			return limitExceeded("UpdateShardCount is limited to %d operations in 24 hours for stream %s under account %s.", maxScalings, m.Name, s.env.Account)
		}
		m.Scalings = append(recent, r.now)
		r.uniform(int(in.TargetShardCount))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// within returns a copy of the times that are not older than the period, and whether there is room for another below the limit.
func within(times []int64, now int64, period time.Duration, limit int) ([]int64, bool) {
	var recent []int64
	for _, at := range times {
		if now-at < period.Milliseconds() {
			recent = append(recent, at)
		}
	}
	return recent, len(recent) < limit
}
