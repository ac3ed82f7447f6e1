package kinesis

import (
	"context"
	"math/bits"
)

// UpdateStreamRecordDistributionStrategy:
//
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateStreamRecordDistributionStrategy.html
//
// With AUTO, records of an on-demand stream go to its shards in turn, whatever their keys. A PartitionKey is still asked for.

type distributionInput struct {
	RecordDistributionStrategy string `shape:"RecordDistributionStrategy,required"`
	StreamARN                  string `shape:"StreamARN,required"`
}

const (
	distributeByKey = "USER_PARTITION_KEY"
	distributeAuto  = "AUTO"
)

func (s *Service) updateDistribution(_ context.Context, in *distributionInput) (*empty, error) {
	st, _, err := s.activeStream("", in.StreamARN)
	if err != nil {
		return nil, err
	}
	return &empty{}, s.update(st, func(m *streamMeta) error {
		if !m.OnDemand {
			return invalidArgument("The record distribution strategy %s is not supported for stream %s under account %s, which has the PROVISIONED capacity mode.",
				in.RecordDistributionStrategy, m.Name, s.env.Account)
		}
		m.Distribution = in.RecordDistributionStrategy
		return nil
	})
}

// strategy is the strategy that a description shows.
func (m *streamMeta) strategy() string {
	if m.Distribution == "" {
		return distributeByKey
	}
	return m.Distribution
}

// distribute replaces the entries' hash keys under AUTO: each takes the next of equally spaced points on the ring, in bit-reversed
// order, so that any number of shards gets even shares.
func (st *stream) distribute(m *streamMeta, entries []entry) {
	if m.Distribution != distributeAuto {
		return
	}
	n := st.distributed.Add(uint64(len(entries))) - uint64(len(entries))
	for i := range entries {
		entries[i].hash = hashKey{hi: bits.Reverse64(n + uint64(i))}
	}
}
