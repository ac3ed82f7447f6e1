package kinesis

import (
	"context"
	"encoding/json"
)

// PutResourcePolicy, GetResourcePolicy and DeleteResourcePolicy:
//
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutResourcePolicy.html
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetResourcePolicy.html
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteResourcePolicy.html
//
// A policy of a stream or a consumer must be JSON; it is kept and shown, and nobody is held to it.

type putPolicyInput struct {
	Policy      string `shape:"Policy,required"`
	ResourceARN string `shape:"ResourceARN,required"`
}

type policyOutput struct{ Policy string }

func (s *Service) putResourcePolicy(_ context.Context, in *putPolicyInput) (*empty, error) {
	var document map[string]any
	if json.Unmarshal([]byte(in.Policy), &document) != nil {
		return nil, invalidArgument("Policy is not a valid JSON document.")
	}
	return s.setPolicy(in.ResourceARN, in.Policy)
}

func (s *Service) getResourcePolicy(_ context.Context, in *resourceInput) (*policyOutput, error) {
	policy, err := s.policy(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	return &policyOutput{policy}, nil
}

func (s *Service) deleteResourcePolicy(_ context.Context, in *resourceInput) (*empty, error) {
	policy, err := s.policy(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	if policy == "" {
		return nil, notFound("Policy for resource %s not found.", in.ResourceARN)
	}
	return s.setPolicy(in.ResourceARN, "")
}

// policy is "" for a resource without one.
func (s *Service) policy(arn string) (string, error) {
	r := parseARN(arn)
	_, m, err := s.stream(r.stream, "")
	if err != nil || r.consumer == "" {
		return m.Policy, err
	}
	c, ok := m.consumer(r.consumer, r.created, s.env.Now())
	if !ok {
		return "", s.noConsumer(r.consumer)
	}
	return c.Policy, nil
}

func (s *Service) setPolicy(arn, policy string) (*empty, error) {
	r := parseARN(arn)
	st, _, err := s.activeStream(r.stream, "")
	if err != nil {
		return nil, err
	}
	if r.consumer == "" {
		return &empty{}, s.update(st, func(m *streamMeta) error {
			m.Policy = policy
			return nil
		})
	}
	return &empty{}, s.changeConsumer(st, r.consumer, r.created, func(c *consumerMeta) (bool, error) {
		c.Policy = policy
		return true, nil
	})
}
