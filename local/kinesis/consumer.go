package kinesis

import (
	"slices"
	"strconv"
	"strings"
)

// consumerMeta is what is stored of a registered consumer, within its stream's metadata.
type consumerMeta struct {
	Name          string
	CreatedMillis int64
	ActiveMillis  int64             `json:",omitempty"` // not 0: CREATING until then
	DeletedMillis int64             `json:",omitempty"` // not 0: DELETING until then
	Tags          map[string]string `json:",omitempty"`
	Policy        string            `json:",omitempty"`
}

func (c *consumerMeta) status(now int64) string {
	switch {
	case c.DeletedMillis != 0:
		return statusDeleting
	case now < c.ActiveMillis:
		return statusCreating
	}
	return statusActive
}

// consumerARN names a consumer: one that is registered anew has another ARN, from a second later on.
func (s *Service) consumerARN(stream string, c *consumerMeta) string {
	return s.arn(stream) + "/consumer/" + c.Name + ":" + strconv.FormatInt(c.CreatedMillis/1000, 10)
}

// resource is what an ARN names: a stream, or one of its consumers.
type resource struct {
	stream, consumer string
	created          int64 // of the consumer, seconds since the epoch
}

// parseARN takes an ARN apart; of a stream's ARN only the name counts (see refer).
func parseARN(arn string) (r resource) {
	_, name, _ := strings.Cut(arn, ":stream/")
	name, consumer, ok := strings.Cut(name, "/consumer/")
	if ok {
		var created string
		consumer, created, _ = strings.Cut(consumer, ":")
		r.created, _ = strconv.ParseInt(created, 10, 64)
	}
	r.stream, r.consumer = name, consumer
	return r
}

// consumers are the stream's consumers that still exist.
func (m *streamMeta) consumers(now int64) []consumerMeta {
	return slices.DeleteFunc(slices.Clone(m.Consumers), func(c consumerMeta) bool {
		return c.DeletedMillis != 0 && now >= c.DeletedMillis
	})
}

// consumer finds a consumer that still exists; created 0 means whatever second it was made in.
func (m *streamMeta) consumer(name string, created, now int64) (*consumerMeta, bool) {
	consumers := m.consumers(now)
	i := slices.IndexFunc(consumers, func(c consumerMeta) bool {
		return c.Name == name && (created == 0 || c.CreatedMillis/1000 == created)
	})
	if i < 0 {
		return nil, false
	}
	return &consumers[i], true
}

func (s *Service) noConsumer(name string) error {
	return notFound("Consumer %s, account %s not found.", name, s.env.Account)
}

// findConsumer finds the consumer that a request means, by its ARN or by its stream's ARN and its name.
func (s *Service) findConsumer(consumerARN, streamARN, name string) (*stream, streamMeta, *consumerMeta, error) {
	var r resource
	switch {
	case consumerARN != "":
		r = parseARN(consumerARN)
	case streamARN != "" && name != "":
		r = resource{stream: parseARN(streamARN).stream, consumer: name}
	default:
		return nil, streamMeta{}, nil, invalidArgument("Either ConsumerARN or both StreamARN and ConsumerName should be provided.")
	}
	st, m, err := s.stream(r.stream, "")
	if err != nil {
		return nil, m, nil, err
	}
	c, ok := m.consumer(r.consumer, r.created, s.env.Now())
	if !ok {
		return nil, m, nil, s.noConsumer(r.consumer)
	}
	return st, m, c, nil
}

// changeConsumer stores a changed copy of one consumer, or removes it if change returns false.
func (s *Service) changeConsumer(st *stream, name string, created int64, change func(*consumerMeta) (keep bool, err error)) error {
	return s.update(st, func(m *streamMeta) error {
		m.Consumers = m.consumers(s.env.Now())
		for i := range m.Consumers {
			c := &m.Consumers[i]
			if c.Name != name || created != 0 && c.CreatedMillis/1000 != created {
				continue
			}
			keep, err := change(c)
			if err == nil && !keep {
				m.Consumers = slices.Delete(m.Consumers, i, i+1)
			}
			return err
		}
		return s.noConsumer(name)
	})
}
