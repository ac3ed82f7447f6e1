package kinesis

import (
	"context"
	"encoding/base64"
	"sort"
	"strings"
)

// ListStreams: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html
//
// By name. NextToken stands for the last name of the page, and ExclusiveStartStreamName says the same in clear.

type listStreamsInput struct {
	ExclusiveStartStreamName string `shape:"StreamName"`
	Limit                    int64  `shape:"ListStreamsInputLimit"`
	NextToken                string `shape:"NextToken"`
}

type listStreamsOutput struct {
	HasMoreStreams  bool
	NextToken       string `json:",omitempty"`
	StreamNames     []string
	StreamSummaries []streamSummary
}

type streamSummary struct {
	StreamARN               string
	StreamCreationTimestamp millis
	StreamModeDetails       *streamMode
	StreamName              string
	StreamStatus            string
}

const (
	defaultListStreams = 100
	listStreamsToken   = "streams after "
)

func (s *Service) listStreams(_ context.Context, in *listStreamsInput) (*listStreamsOutput, error) {
	after := in.ExclusiveStartStreamName
	if in.NextToken != "" {
		b, err := base64.StdEncoding.DecodeString(in.NextToken)
		name, ok := strings.CutPrefix(string(b), listStreamsToken)
		if err != nil || !ok {
			return nil, invalidArgument("NextToken is invalid.")
		}
		after = name
	}
	limit := int(in.Limit)
	if limit == 0 {
		limit = defaultListStreams
	}
	all := s.list()
	all = all[sort.Search(len(all), func(i int) bool { return all[i].Name > after }):]
	out := &listStreamsOutput{StreamNames: []string{}, StreamSummaries: []streamSummary{}}
	if out.HasMoreStreams = len(all) > limit; out.HasMoreStreams {
		all = all[:limit]
		out.NextToken = base64.StdEncoding.EncodeToString([]byte(listStreamsToken + all[limit-1].Name))
	}
	now := s.env.Now()
	for _, m := range all {
		out.StreamNames = append(out.StreamNames, m.Name)
		out.StreamSummaries = append(out.StreamSummaries, streamSummary{
			StreamARN:               s.arn(m.Name),
			StreamCreationTimestamp: millis(m.CreatedMillis),
			StreamModeDetails:       m.mode(),
			StreamName:              m.Name,
			StreamStatus:            m.status(now),
		})
	}
	return out, nil
}
