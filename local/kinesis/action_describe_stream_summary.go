package kinesis

import "context"

// DescribeStreamSummary: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamSummary.html

type streamInput struct {
	StreamARN  string `shape:"StreamARN"`
	StreamName string `shape:"StreamName"`
}

type describeStreamSummaryOutput struct{ StreamDescriptionSummary streamDescriptionSummary }

type streamDescriptionSummary struct {
	ConsumerCount              int64
	EncryptionType             string
	EnhancedMonitoring         []monitoring
	KeyID                      string `json:"KeyId,omitempty"`
	MaxRecordSizeInKiB         int64
	OpenShardCount             int64
	RetentionPeriodHours       int64
	StreamARN                  string
	StreamCreationTimestamp    millis
	StreamModeDetails          *streamMode
	StreamName                 string
	StreamStatus               string
	RecordDistributionStrategy string
	WarmThroughput             *warmThroughputObject `json:",omitempty"`
}

func (s *Service) describeStreamSummary(_ context.Context, in *streamInput) (*describeStreamSummaryOutput, error) {
	_, m, err := s.stream(in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	return &describeStreamSummaryOutput{streamDescriptionSummary{
		ConsumerCount:              int64(len(m.consumers(s.env.Now()))),
		EncryptionType:             m.encryption(),
		EnhancedMonitoring:         m.monitoring(),
		KeyID:                      m.KeyID,
		WarmThroughput:             m.warm(),
		RecordDistributionStrategy: m.strategy(),
		MaxRecordSizeInKiB:         m.MaxRecordKiB,
		OpenShardCount:             int64(m.openShards()),
		RetentionPeriodHours:       m.RetentionHour,
		StreamARN:                  s.arn(m.Name),
		StreamCreationTimestamp:    millis(m.CreatedMillis),
		StreamModeDetails:          m.mode(),
		StreamName:                 m.Name,
		StreamStatus:               m.status(s.env.Now()),
	}}, nil
}
