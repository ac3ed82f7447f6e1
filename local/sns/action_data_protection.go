package sns

import "encoding/json"

// GetDataProtectionPolicy and PutDataProtectionPolicy:
//
//	https://docs.aws.amazon.com/sns/latest/api/API_GetDataProtectionPolicy.html
//	https://docs.aws.amazon.com/sns/latest/api/API_PutDataProtectionPolicy.html
//
// The policy of a standard topic is stored and shown; no message is looked into. CreateTopic takes one, too.

const maxDataProtection = 30720

type dataProtectionResult struct{ DataProtectionPolicy string }

func (s *Service) getDataProtectionPolicy(r *request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.protected(r)
	if err != nil {
		return nil, err
	}
	return dataProtectionResult{t.DataProtection}, nil
}

func (s *Service) putDataProtectionPolicy(r *request) (any, error) {
	policy, err := r.need("DataProtectionPolicy")
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.protected(r)
	if err != nil {
		return nil, err
	}
	t := *old
	t.DataProtection = policy
	if err := t.checkDataProtection(); err != nil {
		return nil, err
	}
	return nil, s.replaceTopic(&t)
}

// protected is the topic that ResourceArn names; s.mu is held.
func (s *Service) protected(r *request) (*topic, error) {
	arn, err := r.need("ResourceArn")
	if err != nil {
		return nil, err
	}
	return s.topic("ResourceArn", arn)
}

func (t *topic) checkDataProtection() error {
	var policy struct {
		Name, Description, Version string
		Statement                  []json.RawMessage
	}
	switch {
	case t.DataProtection == "":
	case t.fifoTopic():
		return invalidParameter("DataProtectionPolicy Reason: FIFO topics do not support it")
	case len(t.DataProtection) > maxDataProtection:
		return invalidParameter("DataProtectionPolicy Reason: it must be at most %d characters long", maxDataProtection)
	case json.Unmarshal([]byte(t.DataProtection), &policy) != nil:
		return invalidParameter("DataProtectionPolicy Reason: failed to parse JSON.")
	case policy.Name == "" || len(policy.Statement) == 0:
		return invalidParameter("DataProtectionPolicy Reason: it needs a Name and a Statement")
	}
	return nil
}
