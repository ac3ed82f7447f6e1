package kinesis

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
)

// Consumers of enhanced fan-out:
//
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeregisterStreamConsumer.html
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamConsumer.html
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreamConsumers.html
//
// A consumer is CREATING and DELETING for the server's transition time, and may subscribe when it is ACTIVE.

type registerConsumerInput struct {
	ConsumerName string            `shape:"ConsumerName,required"`
	StreamARN    string            `shape:"StreamARN,required"`
	Tags         map[string]string `shape:"TagMap"`
}

type registerConsumerOutput struct{ Consumer consumerOutput }

type consumerOutput struct {
	ConsumerARN               string
	ConsumerCreationTimestamp millis
	ConsumerName              string
	ConsumerStatus            string
	StreamARN                 string `json:",omitempty"` // in a ConsumerDescription only
}

func (s *Service) describeConsumer(stream string, c *consumerMeta) consumerOutput {
	return consumerOutput{
		ConsumerARN:               s.consumerARN(stream, c),
		ConsumerCreationTimestamp: millis(c.CreatedMillis),
		ConsumerName:              c.Name,
		ConsumerStatus:            c.status(s.env.Now()),
	}
}

func (s *Service) registerConsumer(_ context.Context, in *registerConsumerInput) (*registerConsumerOutput, error) {
	st, m, err := s.settledStream("", in.StreamARN)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.ConsumerName, s.env.Account, nil, in.Tags); err != nil {
		return nil, err
	}
	now := s.env.Now()
	c := consumerMeta{Name: in.ConsumerName, CreatedMillis: now, Tags: in.Tags}
	if s.delay > 0 {
		c.ActiveMillis = now + s.delay.Milliseconds()
	}
	err = s.update(st, func(m *streamMeta) error {
		m.Consumers = m.consumers(now)
		if _, ok := m.consumer(c.Name, 0, now); ok {
			return inUse("Consumer %s under stream %s already exists for account %s.", c.Name, m.Name, s.env.Account)
		}
		if len(m.Consumers) >= maxConsumers {
			return limitExceeded("Stream %s under account %s has %d registered consumers, which is the limit.", m.Name, s.env.Account, maxConsumers)
		}
		m.Consumers = append(m.Consumers, c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &registerConsumerOutput{s.describeConsumer(m.Name, &c)}, nil
}

type consumerInput struct {
	ConsumerARN  string `shape:"ConsumerARN"`
	ConsumerName string `shape:"ConsumerName"`
	StreamARN    string `shape:"StreamARN"`
}

func (s *Service) deregisterConsumer(_ context.Context, in *consumerInput) (*empty, error) {
	st, m, c, err := s.findConsumer(in.ConsumerARN, in.StreamARN, in.ConsumerName)
	if err != nil {
		return nil, err
	}
	err = s.changeConsumer(st, c.Name, c.CreatedMillis/1000, func(c *consumerMeta) (bool, error) {
		if c.DeletedMillis == 0 {
			c.DeletedMillis = s.env.Now() + s.delay.Milliseconds()
		}
		return s.delay > 0, nil
	})
	if err == nil {
		s.subscriptions.end(func(k subscriptionKey) bool { return k.consumer == c.Name && k.stream == m.ID }, s.noConsumer(c.Name))
	}
	return &empty{}, err
}

type describeConsumerOutput struct{ ConsumerDescription consumerOutput }

func (s *Service) describeStreamConsumer(_ context.Context, in *consumerInput) (*describeConsumerOutput, error) {
	_, m, c, err := s.findConsumer(in.ConsumerARN, in.StreamARN, in.ConsumerName)
	if err != nil {
		return nil, err
	}
	out := s.describeConsumer(m.Name, c)
	out.StreamARN = s.arn(m.Name)
	return &describeConsumerOutput{out}, nil
}

type listConsumersInput struct {
	MaxResults              int64   `shape:"ListStreamConsumersInputLimit"`
	NextToken               string  `shape:"NextToken"`
	StreamARN               string  `shape:"StreamARN,required"`
	StreamCreationTimestamp *millis `shape:"Timestamp"`
}

type listConsumersOutput struct {
	Consumers []consumerOutput
	NextToken string `json:",omitempty"`
}

// consumersToken is what NextToken carries, as JSON in base64.
type consumersToken struct {
	Issued    int64
	Consumers string // the stream
	After     string
}

func (s *Service) listStreamConsumers(_ context.Context, in *listConsumersInput) (*listConsumersOutput, error) {
	_, m, err := s.stream("", in.StreamARN)
	if err != nil {
		return nil, err
	}
	var page consumersToken
	now := s.env.Now()
	if in.NextToken != "" {
		if in.StreamCreationTimestamp != nil {
			return nil, invalidArgument("NextToken and StreamCreationTimestamp cannot be provided together.")
		}
		b, err := base64.StdEncoding.DecodeString(in.NextToken)
		if err != nil || json.Unmarshal(b, &page) != nil || page.Consumers != m.Name {
			return nil, invalidArgument("NextToken is invalid.")
		}
		if now-page.Issued > nextTokenAge.Milliseconds() {
			return nil, clientError("ExpiredNextTokenException", "NextToken has expired: it was issued at %s.", javaDate(page.Issued))
		}
	}
	if at := in.StreamCreationTimestamp; at != nil && int64(*at)/1000 != m.CreatedMillis/1000 {
		return nil, s.noStream(m.Name)
	}
	limit := int(in.MaxResults)
	if limit == 0 || limit > defaultListConsumers {
		limit = defaultListConsumers
	}
	consumers := m.consumers(now)
	slices.SortFunc(consumers, func(a, b consumerMeta) int { return cmp.Compare(a.Name, b.Name) })
	out := &listConsumersOutput{Consumers: []consumerOutput{}}
	for i := range consumers {
		if consumers[i].Name <= page.After {
			continue
		}
		if len(out.Consumers) == limit {
			token, err := json.Marshal(consumersToken{now, m.Name, consumers[i-1].Name})
			if err != nil {
				return nil, err
			}
			out.NextToken = base64.StdEncoding.EncodeToString(token)
			break
		}
		out.Consumers = append(out.Consumers, s.describeConsumer(m.Name, &consumers[i]))
	}
	return out, nil
}
