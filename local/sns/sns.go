// Package sns is an embedded Amazon SNS: an http.Handler that speaks the service's query protocol (form-encoded requests,
// XML answers) to unmodified AWS SDKs. Topics, subscriptions and messages under way live in a Pebble store. E-mail
// subscriptions are confirmed by themselves and delivered as files into an outbox, one RFC 5322 message per recipient, and to
// an SMTP server if there is one; http and https endpoints confirm as they do with AWS and get signed notifications.
//
// It knows no queues, functions, streams or telephones, and refuses subscriptions that would need them.
//
// Where to start: the table in actions.go names every operation; each has a file of its own, action_*.go. mail.go says what
// a mail looks like, outbox.go where it goes; filter.go who gets a message; delivery.go how it travels.
package sns

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/weirsql/weir/local/internal/service"
)

// Options are what a service is given beside its environment.
type Options struct {
	// OnMail, if not nil, is called with every mail once it is in the outbox, before the request that caused it is answered;
	// it must not call the service.
	OnMail func(Mail)
	// OnDelivery, if not nil, is called after every attempt of a delivery, when its outcome is in the store; it must not close
	// the service. It is called from many goroutines.
	OnDelivery func(Delivery)
	// SMTP, if not nil, gets all mails, beside the outbox.
	SMTP *SMTP
}

// Service is the embedded SNS of one account and region. All methods are safe for concurrent use.
type Service struct {
	env        *service.Env
	outbox     *Outbox
	onMail     func(Mail)
	onDelivery func(Delivery)
	smtp       *SMTP
	base       string // URL of this service, without a slash at the end; set before it serves
	deliveries *dispatcher

	signerMu sync.Mutex
	signer   *signer // once it was needed

	held atomic.Int64 // bytes of large requests under way

	// mu guards the maps, and orders deliveries: mails are numbered in the order of the answers.
	mu     sync.Mutex
	topics map[string]*topic
	subs   map[string]*subscription // by ARN
	order  uint64                   // of the newest subscription
	fifo   fifoState
}

type topic struct {
	Name           string
	Attributes     map[string]string
	Tags           map[string]string `json:",omitempty"`
	DataProtection string            `json:",omitempty"` // the policy
}

// fifoTopic tells whether the topic keeps order and takes messages once.
func (t *topic) fifoTopic() bool { return strings.HasSuffix(t.Name, fifoSuffix) }

// subscription is stored with the order in which it was made, which is the order of delivery.
type subscription struct {
	ARN, Topic         string
	Protocol, Endpoint string
	Order              uint64
	Attributes         map[string]string `json:",omitempty"`
	Pending            bool              `json:",omitempty"` // not confirmed yet
	Token              string            `json:",omitempty"` // that confirms it
	Since              int64             `json:",omitempty"` // when it was made, in milliseconds
	Authenticated      bool              `json:",omitempty"` // it was confirmed by a signed request
	Guarded            bool              `json:",omitempty"` // only a signed Unsubscribe ends it

	filter *filter // of the attributes
}

// New loads topics, subscriptions and deliveries from the store.
func New(env *service.Env, outbox *Outbox, o Options) (*Service, error) {
	s := &Service{
		env: env, outbox: outbox, onMail: o.OnMail, onDelivery: o.OnDelivery, smtp: o.SMTP,
		topics: map[string]*topic{}, subs: map[string]*subscription{},
	}
	err := env.Store.Scan(topicKey(""), func(_, value []byte) error {
		t := &topic{}
		if err := json.Unmarshal(value, t); err != nil {
			return err
		}
		s.topics[t.Name] = t
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load topics: %w", err)
	}
	err = env.Store.Scan(subKey(""), func(_, value []byte) error {
		sub := &subscription{}
		if err := json.Unmarshal(value, sub); err != nil {
			return err
		}
		if err := sub.compile(); err != nil {
			return err
		}
		s.subs[sub.ARN] = sub
		s.order = max(s.order, sub.Order)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load subscriptions: %w", err)
	}
	if err := s.loadFIFO(); err != nil {
		return nil, fmt.Errorf("load FIFO topics: %w", err)
	}
	s.deliveries, err = newDispatcher(s)
	return s, err
}

// Start tells the service its own URL, which it puts into what it sends, and goes on with what an earlier process has not
// delivered. To be called once, before the first request.
func (s *Service) Start(url string) {
	s.base = strings.TrimSuffix(url, "/")
	s.deliveries.start()
}

// Close ends deliveries under way; they go on in the next process. No request may be under way.
func (s *Service) Close() { s.deliveries.close() }

// Deliveries lists the deliveries that have failed for good and those that are to be tried.
func (s *Service) Deliveries() ([]Delivery, error) { return ReadDeliveries(s.env.Store) }

func (s *Service) tell(d Delivery) {
	if s.onDelivery != nil {
		s.onDelivery(d)
	}
}

// Outbox is where the mails are.
func (s *Service) Outbox() *Outbox { return s.outbox }

func topicKey(name string) []byte { return append([]byte("nt"), name...) }
func subKey(arn string) []byte    { return append([]byte("ns"), arn...) }

// change is a set of writes to the store: keys to values; nil deletes.
type change map[string]any

func (s *Service) commit(c change) error {
	b := s.env.Store.DB.NewBatch()
	for key, v := range c {
		if v == nil {
			if err := b.Delete([]byte(key), nil); err != nil {
				return err
			}
			continue
		}
		value, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if err := b.Set([]byte(key), value, nil); err != nil {
			return err
		}
	}
	return s.env.Store.Commit(b)
}

func (s *Service) topicARN(name string) string { return s.env.ARN("sns", name) }

// topic finds a topic by ARN; s.mu is held. Only the name in the ARN counts, so that ARNs written for another account or
// region work unchanged.
func (s *Service) topic(param, arn string) (*topic, error) {
	name, err := arnResource(param, arn)
	if err != nil {
		return nil, err
	}
	t := s.topics[name]
	if t == nil {
		return nil, notFound("Topic does not exist")
	}
	return t, nil
}

// arnResource is the last part of an ARN.
func arnResource(param, arn string) (string, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return "", invalidParameter("%s Reason: An ARN must have at least 6 elements, not %d", param, len(parts))
	}
	if parts[0] != "arn" || parts[2] != "sns" || parts[5] == "" {
		return "", invalidParameter("%s", param)
	}
	return parts[5], nil
}

// subscriptionsOf lists a topic's subscriptions, or all if topic is "", in the order they were made; s.mu is held.
func (s *Service) subscriptionsOf(topic string) []*subscription {
	var out []*subscription
	for _, sub := range s.subs {
		if topic == "" || sub.Topic == topic {
			out = append(out, sub)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Order < out[j].Order })
	return out
}
