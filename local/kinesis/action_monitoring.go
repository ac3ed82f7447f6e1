package kinesis

import (
	"context"
	"slices"
)

// EnableEnhancedMonitoring and DisableEnhancedMonitoring:
//
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_EnableEnhancedMonitoring.html
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DisableEnhancedMonitoring.html
//
// The list of metrics is kept and shown; there is no CloudWatch to send them to.

type monitoringInput struct {
	ShardLevelMetrics []string `shape:"MetricsNameList,required"`
	StreamARN         string   `shape:"StreamARN"`
	StreamName        string   `shape:"StreamName"`
}

type monitoringOutput struct {
	CurrentShardLevelMetrics []string
	DesiredShardLevelMetrics []string
	StreamARN                string
	StreamName               string
}

var shardMetrics = []string{"IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords",
	"WriteProvisionedThroughputExceeded", "ReadProvisionedThroughputExceeded", "IteratorAgeMilliseconds"}

func (s *Service) enableMonitoring(_ context.Context, in *monitoringInput) (*monitoringOutput, error) {
	return s.setMonitoring(in, func(have, named []string) []string {
		for _, name := range named {
			if !slices.Contains(have, name) {
				have = append(have, name)
			}
		}
		return have
	})
}

func (s *Service) disableMonitoring(_ context.Context, in *monitoringInput) (*monitoringOutput, error) {
	return s.setMonitoring(in, func(have, named []string) []string {
		return slices.DeleteFunc(have, func(name string) bool { return slices.Contains(named, name) })
	})
}

func (s *Service) setMonitoring(in *monitoringInput, change func(have, named []string) []string) (*monitoringOutput, error) {
	st, _, err := s.activeStream(in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	named := in.ShardLevelMetrics
	if slices.Contains(named, "ALL") {
		named = shardMetrics
	}
	out := &monitoringOutput{}
	err = s.update(st, func(m *streamMeta) error {
		out.CurrentShardLevelMetrics = append([]string{}, m.Metrics...)
		m.Metrics = change(slices.Clone(m.Metrics), named)
		out.DesiredShardLevelMetrics = append([]string{}, m.Metrics...)
		out.StreamARN, out.StreamName = s.arn(m.Name), m.Name
		m.updating(s.env.Now(), s.delay)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// monitoring is the EnhancedMonitoring that a description shows.
func (m *streamMeta) monitoring() []monitoring {
	return []monitoring{{ShardLevelMetrics: append([]string{}, m.Metrics...)}}
}
