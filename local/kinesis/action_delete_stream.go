package kinesis

import "context"

// DeleteStream: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteStream.html
//
// The stream is DELETING for the server's transition time, then gone with its records. With registered consumers that needs
// EnforceConsumerDeletion.

type deleteStreamInput struct {
	EnforceConsumerDeletion bool   `shape:"Boolean"`
	StreamARN               string `shape:"StreamARN"`
	StreamName              string `shape:"StreamName"`
}

func (s *Service) deleteStream(_ context.Context, in *deleteStreamInput) (*empty, error) {
	st, m, err := s.stream(in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	if n := len(m.consumers(s.env.Now())); n > 0 && !in.EnforceConsumerDeletion {
		return nil, inUse("Stream %s under account %s has %d registered consumers. Deregister them, or set EnforceConsumerDeletion.", m.Name, s.env.Account, n)
	}
	if s.delay <= 0 {
		return &empty{}, s.remove(st)
	}
	return &empty{}, s.update(st, func(m *streamMeta) error {
		if m.DeletedMillis == 0 {
			m.DeletedMillis = s.env.Now() + s.delay.Milliseconds()
		}
		return nil
	})
}
