package kinesis

import "context"

// IncreaseStreamRetentionPeriod and DecreaseStreamRetentionPeriod:
//
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_IncreaseStreamRetentionPeriod.html
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DecreaseStreamRetentionPeriod.html
//
// Readers obey the period at once: what is older is passed over, and stays so when the period is raised later. Its room on disk
// is given back within minutes.

type retentionInput struct {
	RetentionPeriodHours int64  `shape:"RetentionPeriodHours,required"`
	StreamARN            string `shape:"StreamARN"`
	StreamName           string `shape:"StreamName"`
}

func (s *Service) increaseRetention(_ context.Context, in *retentionInput) (*empty, error) {
	return s.setRetention(in, func(m *streamMeta) error {
		if in.RetentionPeriodHours < m.RetentionHour {
			return invalidArgument("Requested retention period (%d hours) for stream %s can not be shorter than existing retention period (%d hours). Use DecreaseRetentionPeriod API.",
				in.RetentionPeriodHours, m.Name, m.RetentionHour)
		}
		return nil
	})
}

func (s *Service) decreaseRetention(_ context.Context, in *retentionInput) (*empty, error) {
	return s.setRetention(in, func(m *streamMeta) error {
		if in.RetentionPeriodHours > m.RetentionHour {
			return invalidArgument("Requested retention period (%d hours) for stream %s can not be longer than existing retention period (%d hours). Use IncreaseRetentionPeriod API.",
				in.RetentionPeriodHours, m.Name, m.RetentionHour)
		}
		return nil
	})
}

func (s *Service) setRetention(in *retentionInput, check func(*streamMeta) error) (*empty, error) {
	st, _, err := s.activeStream(in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	return &empty{}, s.update(st, func(m *streamMeta) error {
		switch {
		case in.RetentionPeriodHours < defaultRetention:
			return invalidArgument("Minimum allowed retention period is %d hours. Requested retention period (%d hours) is too short.",
				defaultRetention, in.RetentionPeriodHours)
		case in.RetentionPeriodHours > maxRetention:
			return invalidArgument("Maximum allowed retention period is %d hours. Requested retention period (%d hours) is too long.",
				maxRetention, in.RetentionPeriodHours)
		}
		if err := check(m); err != nil {
			return err
		}
		m.TrimmedMillis = m.horizon(s.env.Now())
		m.RetentionHour = in.RetentionPeriodHours
		return nil
	})
}
