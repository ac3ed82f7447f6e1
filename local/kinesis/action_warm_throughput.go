package kinesis

import "context"

// UpdateStreamWarmThroughput: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateStreamWarmThroughput.html
//
// For on-demand streams of an account with MinimumThroughputBillingCommitment (UpdateAccountSettings). The figure is kept and
// shown; it changes no shards and no limits.

type warmThroughputInput struct {
	StreamARN           string `shape:"StreamARN"`
	StreamName          string `shape:"StreamName"`
	WarmThroughputMiBps int64  `shape:"NaturalIntegerObject,required"`
}

type warmThroughputOutput struct {
	StreamARN      string
	StreamName     string
	WarmThroughput *warmThroughputObject
}

type warmThroughputObject struct{ CurrentMiBps, TargetMiBps int64 }

func (s *Service) updateWarmThroughput(_ context.Context, in *warmThroughputInput) (*warmThroughputOutput, error) {
	st, m, err := s.activeStream(in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	if err := s.warmThroughput(in.WarmThroughputMiBps); err != nil {
		return nil, err
	}
	err = s.update(st, func(m *streamMeta) error {
		if !m.OnDemand {
			return validationError("UpdateStreamWarmThroughput is not supported for stream %s under account %s, which has the PROVISIONED capacity mode.", m.Name, s.env.Account)
		}
		m.WarmMiBps = in.WarmThroughputMiBps
		m.updating(s.env.Now(), s.delay)
		return nil
	})
	if err != nil {
		return nil, err
	}
	now := st.snapshot()
	return &warmThroughputOutput{s.arn(m.Name), m.Name, now.warm()}, nil
}

// warmThroughput tells whether streams of the account can have that throughput.
func (s *Service) warmThroughput(miBps int64) error {
	if status := s.settings.Load().status(s.env.Now()); status == commitmentDisabled {
		return validationError("WarmThroughputMiBps needs MinimumThroughputBillingCommitment, which is %s for account %s.", status, s.env.Account)
	}
	if miBps > maxWarmMiBps {
		return limitExceeded("WarmThroughputMiBps of account %s is limited to %d.", s.env.Account, maxWarmMiBps)
	}
	return nil
}

func (m *streamMeta) warm() *warmThroughputObject {
	if m.WarmMiBps == 0 {
		return nil
	}
	return &warmThroughputObject{m.WarmMiBps, m.WarmMiBps}
}
