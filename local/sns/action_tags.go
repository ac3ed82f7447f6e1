package sns

import (
	"maps"
	"slices"
	"unicode/utf8"
)

// TagResource, UntagResource and ListTagsForResource:
//
//	https://docs.aws.amazon.com/sns/latest/api/API_TagResource.html
//	https://docs.aws.amazon.com/sns/latest/api/API_UntagResource.html
//	https://docs.aws.amazon.com/sns/latest/api/API_ListTagsForResource.html
//
// Of topics, which alone can have tags.

const (
	maxTags          = 50
	maxTagKeyChars   = 128
	maxTagValueChars = 256
)

type tagsResult struct {
	Tags struct {
		Members []tagEntry `xml:"member"`
	}
}

type tagEntry struct{ Key, Value string }

// readTags reads the parameter Tags; nil if there are none.
func readTags(p params) (map[string]string, error) {
	var tags map[string]string
	err := p.each("Tags", "member", func(e params) error {
		key, value := e.get("Key"), e.get("Value")
		if _, ok := tags[key]; ok {
			return invalidParameter("Duplicated keys are not allowed.")
		}
		if n := utf8.RuneCountInString(key); n < 1 || n > maxTagKeyChars || !utf8.ValidString(key) {
			return invalidParameter("Tag key must be between 1 and %d characters long", maxTagKeyChars)
		}
		if utf8.RuneCountInString(value) > maxTagValueChars || !utf8.ValidString(value) {
			return invalidParameter("Tag value must be at most %d characters long", maxTagValueChars)
		}
		if tags == nil {
			tags = map[string]string{}
		}
		tags[key] = value
		return nil
	})
	if err == nil && len(tags) > maxTags {
		err = tooManyTags()
	}
	return tags, err
}

func tooManyTags() error {
	return badRequest("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded")
}

// taggable is the topic that ResourceArn names; s.mu is held.
func (s *Service) taggable(r *request) (*topic, error) {
	arn, err := r.need("ResourceArn")
	if err != nil {
		return nil, err
	}
	name, err := arnResource("ResourceArn", arn)
	if err != nil {
		return nil, err
	}
	t := s.topics[name]
	if t == nil {
		return nil, &Error{404, "ResourceNotFound", "Resource does not exist"}
	}
	return t, nil
}

func (s *Service) tagResource(r *request) (any, error) {
	tags, err := readTags(r.params)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.taggable(r)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(t.Tags)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, tags)
	if len(all) > maxTags {
		return nil, tooManyTags()
	}
	changed := *t
	changed.Tags = all
	return struct{}{}, s.replaceTopic(&changed)
}

func (s *Service) untagResource(r *request) (any, error) {
	keys := r.list("TagKeys")
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.taggable(r)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(t.Tags)
	maps.DeleteFunc(all, func(key, _ string) bool { return slices.Contains(keys, key) })
	changed := *t
	changed.Tags = all
	return struct{}{}, s.replaceTopic(&changed)
}

func (s *Service) listTagsForResource(r *request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.taggable(r)
	if err != nil {
		return nil, err
	}
	var out tagsResult
	for _, key := range slices.Sorted(maps.Keys(t.Tags)) {
		out.Tags.Members = append(out.Tags.Members, tagEntry{key, t.Tags[key]})
	}
	return out, nil
}

// replaceTopic stores a changed topic in place of the one of that name; s.mu is held.
func (s *Service) replaceTopic(t *topic) error {
	if err := s.commit(change{string(topicKey(t.Name)): t}); err != nil {
		return err
	}
	s.topics[t.Name] = t
	return nil
}
