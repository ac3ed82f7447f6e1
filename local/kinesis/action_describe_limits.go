package kinesis

import "context"

// DescribeLimits: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeLimits.html

type describeLimitsOutput struct {
	OnDemandStreamCount      int64
	OnDemandStreamCountLimit int64
	OpenShardCount           int64
	ShardLimit               int64
}

func (s *Service) describeLimits(context.Context, *empty) (*describeLimitsOutput, error) {
	out := &describeLimitsOutput{OnDemandStreamCountLimit: onDemandStreams, ShardLimit: maxShards}
	for _, m := range s.list() {
		out.OpenShardCount += int64(m.openShards())
		if m.OnDemand {
			out.OnDemandStreamCount++
		}
	}
	return out, nil
}
