package sns

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
)

// ListTopics: https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html
//
// By name, 100 at a time.

type listTopicsResult struct {
	NextToken string `xml:",omitempty"`
	Topics    struct {
		Members []topicResult `xml:"member"`
	}
}

func (s *Service) listTopics(r *request) (any, error) {
	after, err := r.pageAfter("topic")
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var out listTopicsResult
	for _, name := range slices.Sorted(maps.Keys(s.topics)) {
		if name <= after {
			continue
		}
		if len(out.Topics.Members) == pageSize {
			out.NextToken = pageToken("topic", after)
			break
		}
		out.Topics.Members = append(out.Topics.Members, topicResult{s.topicARN(name)})
		after = name
	}
	return out, nil
}

// pageToken says where a page of a listing ended; pageAfter takes it back.
func pageToken(of, last string) string {
	return base64.StdEncoding.EncodeToString([]byte(of + " after " + last))
}

func (p params) pageAfter(of string) (string, error) {
	token := p.get("NextToken")
	if token == "" {
		return "", nil
	}
	b, err := base64.StdEncoding.DecodeString(token)
	last, ok := strings.CutPrefix(string(b), of+" after ")
	if err != nil || !ok {
		return "", invalidParameter("NextToken")
	}
	return last, nil
}
