package kinesis

import "context"

// UpdateMaxRecordSize: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateMaxRecordSize.html

type updateMaxRecordSizeInput struct {
	MaxRecordSizeInKiB int64  `shape:"MaxRecordSizeInKiB,required"`
	StreamARN          string `shape:"StreamARN"`
}

func (s *Service) updateMaxRecordSize(_ context.Context, in *updateMaxRecordSizeInput) (*empty, error) {
	st, _, err := s.activeStream("", in.StreamARN)
	if err != nil {
		return nil, err
	}
	return &empty{}, s.update(st, func(m *streamMeta) error {
		m.MaxRecordKiB = in.MaxRecordSizeInKiB
		return nil
	})
}
