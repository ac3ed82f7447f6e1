package sns

import "regexp"

// PublishBatch: https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
//
// Up to ten entries and 256 KiB. Entries fail one by one; those with a mistake are in Failed, the others are delivered.

const maxBatch = 10

var batchID = regexp.MustCompile(`\A[A-Za-z0-9_-]{1,80}\z`)

type publishBatchResult struct {
	Failed struct {
		Members []failedEntry `xml:"member"`
	}
	Successful struct {
		Members []publishedEntry `xml:"member"`
	}
}

type publishedEntry struct {
	Id, MessageId  string
	SequenceNumber string `xml:",omitempty"`
}

type failedEntry struct {
	Code, Id, Message string
	SenderFault       bool
}

func (s *Service) publishBatch(r *request) (any, error) {
	var ids []string
	var messages []*message
	var mistakes []error
	seen, total := map[string]bool{}, 0
	err := r.each("PublishBatchRequestEntries", "member", func(e params) error {
		id := e.get("Id")
		if !batchID.MatchString(id) {
			return badRequest("InvalidBatchEntryId", "The Id of a batch entry in a batch request doesn't abide by the specification.")
		}
		if seen[id] {
			return badRequest("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
		}
		seen[id] = true
		m, err := readMessage(e)
		if m != nil {
			total += m.bytes
		}
		ids, messages, mistakes = append(ids, id), append(messages, m), append(mistakes, err)
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(ids) == 0:
		return nil, badRequest("EmptyBatchRequest", "The batch request doesn't contain any entries.")
	case len(ids) > maxBatch:
		return nil, badRequest("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.")
	case total > maxMessageBytes:
		return nil, badRequest("BatchRequestTooLong", "The length of all the batch messages put together is more than the limit.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.neededTopic(r)
	if err != nil {
		return nil, err
	}
	var out publishBatchResult
	for i, id := range ids {
		err := mistakes[i]
		var done *publishResult
		if r.fault.Hits(i) {
			err = &Error{r.fault.HTTPStatus(), r.fault.Code, r.fault.Text()}
		} else if err == nil {
			done, err = s.deliver(t, messages[i])
		}
		if err == nil {
			out.Successful.Members = append(out.Successful.Members, publishedEntry{id, done.MessageId, done.SequenceNumber})
			continue
		}
		e := asError(err)
		out.Failed.Members = append(out.Failed.Members, failedEntry{e.Code, id, e.Message, e.sender()})
	}
	return out, nil
}
