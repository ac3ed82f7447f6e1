package kinesis

import (
	"context"
	"time"
)

// UpdateStreamMode: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateStreamMode.html
//
// The shards stay as they are; an on-demand stream doesn't scale by itself here. Twice in 24 hours, as on AWS.

type updateStreamModeInput struct {
	StreamARN           string     `shape:"StreamARN,required"`
	StreamModeDetails   *modeInput `shape:"Struct,required"`
	WarmThroughputMiBps int64      `shape:"NaturalIntegerObject"`
}

const (
	maxModeChanges   = 2
	modeChangePeriod = 24 * time.Hour
)

func (s *Service) updateStreamMode(_ context.Context, in *updateStreamModeInput) (*empty, error) {
	st, _, err := s.activeStream("", in.StreamARN)
	if err != nil {
		return nil, err
	}
	now := s.env.Now()
	onDemand := in.StreamModeDetails.StreamMode == "ON_DEMAND"
	if in.WarmThroughputMiBps != 0 {
		if !onDemand {
			return nil, validationError("WarmThroughputMiBps must not be specified for a stream in PROVISIONED mode.")
		}
		if err := s.warmThroughput(in.WarmThroughputMiBps); err != nil {
			return nil, err
		}
	}
	return &empty{}, s.update(st, func(m *streamMeta) error {
		if m.OnDemand != onDemand {
			recent, ok := within(m.ModeChanges, now, modeChangePeriod, maxModeChanges)
			if !ok {
				return limitExceeded("Stream %s under account %s can change its capacity mode %d times in 24 hours.", m.Name, s.env.Account, maxModeChanges)
			}
			m.ModeChanges = append(recent, now)
			m.OnDemand, m.WarmMiBps, m.Distribution = onDemand, 0, ""
		}
		if in.WarmThroughputMiBps != 0 {
			m.WarmMiBps = in.WarmThroughputMiBps
		}
		m.updating(now, s.delay)
		return nil
	})
}

// updating makes the stream UPDATING for the server's transition time.
func (m *streamMeta) updating(now int64, delay time.Duration) {
	if delay > 0 {
		m.UpdatedMillis = now + delay.Milliseconds()
	}
}
