package kinesis

import (
	"context"
	"maps"
	"slices"
	"unicode"
)

// Tags, by the stream's operations and by those of any resource:
//
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_AddTagsToStream.html
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListTagsForStream.html
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RemoveTagsFromStream.html
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_TagResource.html
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UntagResource.html
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListTagsForResource.html
//
// One store behind both: a tag set by one API is seen by the other. Resources are streams and consumers.

type addTagsInput struct {
	StreamARN  string            `shape:"StreamARN"`
	StreamName string            `shape:"StreamName"`
	Tags       map[string]string `shape:"TagMap,required"`
}

func (s *Service) addTagsToStream(_ context.Context, in *addTagsInput) (*empty, error) {
	return s.changeTags(in.StreamName, in.StreamARN, in.Tags, nil)
}

type removeTagsInput struct {
	StreamARN  string   `shape:"StreamARN"`
	StreamName string   `shape:"StreamName"`
	TagKeys    []string `shape:"TagKeyList,required"`
}

func (s *Service) removeTagsFromStream(_ context.Context, in *removeTagsInput) (*empty, error) {
	return s.changeTags(in.StreamName, in.StreamARN, nil, in.TagKeys)
}

type tagResourceInput struct {
	ResourceARN string            `shape:"ResourceARN,required"`
	Tags        map[string]string `shape:"TagMap,required"`
}

func (s *Service) tagResource(_ context.Context, in *tagResourceInput) (*empty, error) {
	return s.changeResourceTags(in.ResourceARN, in.Tags, nil)
}

type untagResourceInput struct {
	ResourceARN string   `shape:"ResourceARN,required"`
	TagKeys     []string `shape:"TagKeyList,required"`
}

func (s *Service) untagResource(_ context.Context, in *untagResourceInput) (*empty, error) {
	return s.changeResourceTags(in.ResourceARN, nil, in.TagKeys)
}

func (s *Service) changeTags(name, arn string, set map[string]string, remove []string) (*empty, error) {
	st, _, err := s.stream(name, arn)
	if err != nil {
		return nil, err
	}
	return &empty{}, s.update(st, func(m *streamMeta) error {
		if err := checkTags(m.Name, s.env.Account, m.Tags, set); err != nil {
			return err
		}
		m.Tags = withTags(m.Tags, set, remove)
		return nil
	})
}

func (s *Service) changeResourceTags(arn string, set map[string]string, remove []string) (*empty, error) {
	r := parseARN(arn)
	if r.consumer == "" {
		return s.changeTags(r.stream, "", set, remove)
	}
	st, _, err := s.stream(r.stream, "")
	if err != nil {
		return nil, err
	}
	return &empty{}, s.changeConsumer(st, r.consumer, r.created, func(c *consumerMeta) (bool, error) {
		if err := checkTags(c.Name, s.env.Account, c.Tags, set); err != nil {
			return true, err
		}
		c.Tags = withTags(c.Tags, set, remove)
		return true, nil
	})
}

type tagOutput struct{ Key, Value string }

type listTagsInput struct {
	ExclusiveStartTagKey string `shape:"TagKey"`
	Limit                int64  `shape:"ListTagsInputLimit"`
	StreamARN            string `shape:"StreamARN"`
	StreamName           string `shape:"StreamName"`
}

type listTagsOutput struct {
	HasMoreTags bool
	Tags        []tagOutput
}

func (s *Service) listTagsForStream(_ context.Context, in *listTagsInput) (*listTagsOutput, error) {
	_, m, err := s.stream(in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	limit := int(in.Limit)
	if limit == 0 {
		limit = maxTags
	}
	out := &listTagsOutput{Tags: []tagOutput{}}
	for _, t := range sortedTags(m.Tags) {
		if t.Key <= in.ExclusiveStartTagKey {
			continue
		}
		if len(out.Tags) == limit {
			out.HasMoreTags = true
			break
		}
		out.Tags = append(out.Tags, t)
	}
	return out, nil
}

type resourceInput struct {
	ResourceARN string `shape:"ResourceARN,required"`
}

type resourceTagsOutput struct{ Tags []tagOutput }

func (s *Service) listTagsForResource(_ context.Context, in *resourceInput) (*resourceTagsOutput, error) {
	r := parseARN(in.ResourceARN)
	_, m, err := s.stream(r.stream, "")
	if err != nil {
		return nil, err
	}
	if r.consumer == "" {
		return &resourceTagsOutput{sortedTags(m.Tags)}, nil
	}
	c, ok := m.consumer(r.consumer, r.created, s.env.Now())
	if !ok {
		return nil, s.noConsumer(r.consumer)
	}
	return &resourceTagsOutput{sortedTags(c.Tags)}, nil
}

func sortedTags(tags map[string]string) []tagOutput {
	out := make([]tagOutput, 0, len(tags))
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, tagOutput{key, tags[key]})
	}
	return out
}

// checkTags holds new tags against the allowed characters and, with those already there, the limit of 50.
func checkTags(stream, account string, old, set map[string]string) error {
	for key, value := range set {
		for _, r := range key + value {
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsSpace(r) && !slices.Contains([]rune("_./=+-@%:"), r) {
				return invalidArgument("Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - %% @.")
			}
		}
	}
	if len(withTags(old, set, nil)) > maxTags {
		return invalidArgument("Failed to add tags to stream %s under account %s because a given stream cannot have more than %d tags associated with it.",
			stream, account, maxTags)
	}
	return nil
}
