package kinesis

import "context"

// StartStreamEncryption and StopStreamEncryption:
//
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StartStreamEncryption.html
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StopStreamEncryption.html
//
// The setting is kept and shown, in descriptions and with each record read; nothing is encrypted, and any key exists.

type encryptionInput struct {
	EncryptionType string `shape:"EncryptionType,required"`
	KeyId          string `shape:"KeyId,required"`
	StreamARN      string `shape:"StreamARN"`
	StreamName     string `shape:"StreamName"`
}

func (s *Service) startEncryption(_ context.Context, in *encryptionInput) (*empty, error) {
	if in.EncryptionType != "KMS" {
		return nil, invalidArgument("EncryptionType must be KMS to start encryption; NONE is for StopStreamEncryption.")
	}
	return s.setEncryption(in, func(m *streamMeta) error {
		m.KeyID = in.KeyId
		return nil
	})
}

func (s *Service) stopEncryption(_ context.Context, in *encryptionInput) (*empty, error) {
	if in.EncryptionType != "KMS" {
		return nil, invalidArgument("EncryptionType must be KMS, the encryption to stop.")
	}
	return s.setEncryption(in, func(m *streamMeta) error {
		if m.KeyID != "" && m.KeyID != in.KeyId {
			return invalidArgument("Stream %s under account %s is encrypted with key %s, not %s.", m.Name, s.env.Account, m.KeyID, in.KeyId)
		}
		m.KeyID = ""
		return nil
	})
}

func (s *Service) setEncryption(in *encryptionInput, change func(*streamMeta) error) (*empty, error) {
	st, _, err := s.activeStream(in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	return &empty{}, s.update(st, func(m *streamMeta) error {
		m.updating(s.env.Now(), s.delay)
		return change(m)
	})
}

// encryption is the EncryptionType that a description shows.
func (m *streamMeta) encryption() string {
	if m.KeyID != "" {
		return "KMS"
	}
	return "NONE"
}
