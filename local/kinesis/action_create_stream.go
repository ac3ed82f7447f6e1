package kinesis

import "context"

// CreateStream: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
//
// PROVISIONED with ShardCount shards, or ON_DEMAND with four, which don't scale by themselves. The stream is CREATING for the server's transition time.

type createStreamInput struct {
	MaxRecordSizeInKiB  int64             `shape:"MaxRecordSizeInKiB"`
	ShardCount          int64             `shape:"PositiveIntegerObject"`
	StreamModeDetails   *modeInput        `shape:"Struct"`
	StreamName          string            `shape:"StreamName,required"`
	Tags                map[string]string `shape:"TagMap"`
	WarmThroughputMiBps int64             `shape:"NaturalIntegerObject"`
}

type modeInput struct {
	StreamMode string `shape:"StreamMode,required"`
}

func (s *Service) createStream(_ context.Context, in *createStreamInput) (*empty, error) {
	onDemand := in.StreamModeDetails != nil && in.StreamModeDetails.StreamMode == "ON_DEMAND"
	switch {
	case onDemand && in.ShardCount != 0:
		return nil, validationError("ShardCount must not be specified for a stream in ON_DEMAND mode.")
	case onDemand:
		in.ShardCount = onDemandShards
	case in.ShardCount == 0:
		return nil, validationError("ShardCount must be specified for a stream in PROVISIONED mode.")
	case in.WarmThroughputMiBps != 0:
		return nil, validationError("WarmThroughputMiBps must not be specified for a stream in PROVISIONED mode.")
	}
	if in.WarmThroughputMiBps != 0 {
		if err := s.warmThroughput(in.WarmThroughputMiBps); err != nil {
			return nil, err
		}
	}
	if err := checkTags(in.StreamName, s.env.Account, nil, in.Tags); err != nil {
		return nil, err
	}
	// A stream of this name whose deletion has become due goes first.
	s.stream(in.StreamName, "")

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams[in.StreamName] != nil {
		return nil, inUse("Stream %s under account %s already exists.", in.StreamName, s.env.Account)
	}
	shards := 0
	for _, st := range s.streams {
		shards += len(st.layout.Load().open)
	}
	if int64(shards)+in.ShardCount > maxShards {
		return nil, s.shardLimit(shards, int(in.ShardCount))
	}
	now := s.env.Now()
	m := streamMeta{
		ID:            s.nextID,
		Name:          in.StreamName,
		CreatedMillis: now,
		OnDemand:      onDemand,
		RetentionHour: defaultRetention,
		MaxRecordKiB:  max(in.MaxRecordSizeInKiB, defaultRecordKiB),
		Tags:          in.Tags,
		WarmMiBps:     in.WarmThroughputMiBps,
	}
	if s.delay > 0 {
		m.ActiveMillis = now + s.delay.Milliseconds()
	}
	starts := splitRing(int(in.ShardCount))
	for i, first := range starts {
		last := maxHashKey
		if i+1 < len(starts) {
			last = starts[i+1].prev()
		}
		m.Shards = append(m.Shards, shardMeta{First: first, Last: last, CreatedSeconds: now / 1000})
	}
	if err := s.store(&m); err != nil {
		return nil, err
	}
	s.nextID++
	s.streams[m.Name] = newStream(m)
	return &empty{}, nil
}
