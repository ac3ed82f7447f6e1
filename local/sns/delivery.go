package sns

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/weirsql/weir/local/internal/service"
	"github.com/weirsql/weir/runtime/clock"
)

// Delivery is a message on its way to an http or https endpoint, or a mail on its way to an SMTP server. It is in the store
// from before the answer to Publish until it has arrived; what has failed for good stays there to be looked at.
type Delivery struct {
	ID           uint64
	Protocol     string // http, https or smtp
	Endpoint     string // URL or address
	TopicARN     string
	Subscription string `json:",omitempty"` // ARN; of http and https
	MessageID    string
	File         string    `json:",omitempty"` // of a mail, in the outbox
	Published    time.Time // in UTC
	Attempts     int       // that failed
	Error        string    `json:",omitempty"` // of the last attempt, "" if that has arrived or there was none
	Due          time.Time // of the next attempt
	Failed       bool      // there will be no other
}

// payload is what a Delivery carries to an endpoint. It is kept apart, so that an attempt that fails doesn't write it again.
type payload struct {
	Type       string // of the notification
	Token      string `json:",omitempty"`
	Subject    string
	Message    string
	Attributes map[string]messageAttribute
}

// maxFailed bounds how many failed deliveries are remembered: the newest.
const maxFailed = 1000

// Keys of the store; the rest of the key is the ID.
const (
	deliveryPrefix = "nd"
	payloadPrefix  = "nb"
	failedPrefix   = "nx"
)

func deliveryKey(prefix string, id uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte(prefix), id)
}

// permanent is an error that another attempt won't mend.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// dispatcher delivers what is queued, endpoint by endpoint: one that is slow or down holds up no other. A lane has a goroutine
// while there is something in it, and one request under way at most.
type dispatcher struct {
	service *Service
	clock   clock.Clock
	ctx     context.Context
	cancel  context.CancelFunc
	over    sync.WaitGroup // lanes that run

	mu     sync.Mutex
	closed bool
	lanes  map[string]*lane
	last   uint64   // ID
	failed []uint64 // in the store, in order
}

// lane is the queue of one subscription, or of the SMTP server.
type lane struct {
	name    string
	queue   laneQueue
	running bool
	waiter  clock.Waiter
	pause   time.Time // no attempt before, by a throttle policy
}

type queued struct {
	id  uint64
	due time.Time
}

// laneQueue is a heap by the time that things are due, then in order.
type laneQueue []queued

func (q laneQueue) Len() int      { return len(q) }
func (q laneQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q laneQueue) Less(i, j int) bool {
	return cmp.Or(q[i].due.Compare(q[j].due), cmp.Compare(q[i].id, q[j].id)) < 0
}
func (q *laneQueue) Push(x any) { *q = append(*q, x.(queued)) }
func (q *laneQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

func newDispatcher(s *Service) (*dispatcher, error) {
	d := &dispatcher{service: s, clock: participants(s.env.Clock), lanes: map[string]*lane{}}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	err := eachDelivery(s.env.Store, failedPrefix, func(x *Delivery) {
		d.failed = append(d.failed, x.ID)
		d.last = max(d.last, x.ID)
	})
	if err != nil {
		return nil, err
	}
	err = eachDelivery(s.env.Store, deliveryPrefix, func(x *Delivery) {
		heap.Push(&d.lane(x).queue, queued{x.ID, x.Due})
		d.last = max(d.last, x.ID)
	})
	return d, err
}

// start begins with what an earlier process has left.
func (d *dispatcher) start() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range d.lanes {
		d.run(l)
	}
}

// close ends what is under way and returns when all lanes have. What has not arrived stays in the store.
func (d *dispatcher) close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.cancel()
	d.over.Wait()
}

// add writes a delivery and its payload, which is nil for mails, into a change. When that is committed, queue must follow.
func (d *dispatcher) add(c change, x *Delivery, p *payload) {
	d.mu.Lock()
	d.last++
	x.ID = d.last
	d.mu.Unlock()
	c[string(deliveryKey(deliveryPrefix, x.ID))] = x
	if p != nil {
		c[string(deliveryKey(payloadPrefix, x.ID))] = p
	}
}

// queue makes committed deliveries go out.
func (d *dispatcher) queue(all []*Delivery) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, x := range all {
		l := d.lane(x)
		heap.Push(&l.queue, queued{x.ID, x.Due})
		d.run(l)
	}
}

// lane finds or makes the lane of a delivery; d.mu is held.
func (d *dispatcher) lane(x *Delivery) *lane {
	name := cmp.Or(x.Subscription, x.Protocol)
	l := d.lanes[name]
	if l == nil {
		l = &lane{name: name, waiter: d.clock.NewWaiter()}
		d.lanes[name] = l
	}
	return l
}

// run wakes the lane, or starts it; d.mu is held.
func (d *dispatcher) run(l *lane) {
	switch {
	case d.closed:
	case l.running:
		l.waiter.Wake()
	default:
		l.running = true
		d.over.Add(1)
		d.clock.Go(func() {
			defer d.over.Done()
			d.work(l)
		})
	}
}

// work delivers until the lane is empty.
func (d *dispatcher) work(l *lane) {
	for {
		d.mu.Lock()
		if d.closed || len(l.queue) == 0 {
			l.running = false
			if len(l.queue) == 0 && !l.pause.After(d.clock.Now()) {
				delete(d.lanes, l.name)
			}
			d.mu.Unlock()
			return
		}
		next := l.queue[0]
		due := next.due
		if l.pause.After(due) {
			due = l.pause
		}
		if due.After(d.clock.Now()) {
			d.mu.Unlock()
			l.waiter.Wait(d.ctx, due)
			continue
		}
		heap.Pop(&l.queue)
		d.mu.Unlock()
		again, pause := d.attempt(next.id)
		d.mu.Lock()
		if pause > 0 {
			l.pause = d.clock.Now().Add(pause)
		}
		if !again.IsZero() {
			heap.Push(&l.queue, queued{next.id, again})
		}
		d.mu.Unlock()
	}
}

// attempt tries a delivery. again is when to try it again, zero for not; pause is how long to leave the endpoint alone.
func (d *dispatcher) attempt(id uint64) (again time.Time, pause time.Duration) {
	s := d.service
	x, p, err := d.load(id)
	if err != nil || x == nil {
		d.broken(x, err)
		return time.Time{}, 0
	}
	var policy deliveryPolicy
	switch x.Protocol {
	case protocolSMTP:
		policy.retry = smtpPolicy
		err = s.sendMail(d.ctx, x)
	default:
		var target *target
		if target, policy = s.target(x, p); target == nil { // unsubscribed, or confirmed meanwhile
			d.broken(x, d.forget(x))
			return time.Time{}, 0
		}
		err = s.post(d.ctx, x, p, target)
	}
	if policy.perSecond > 0 {
		pause = time.Second / time.Duration(policy.perSecond)
	}
	if err == nil {
		x.Error = ""
		d.broken(x, d.forget(x))
		s.tell(*x)
		return time.Time{}, pause
	}
	if d.ctx.Err() != nil {
		return time.Time{}, 0
	}
	x.Attempts++
	x.Error = err.Error()
	delay, more := policy.retry.delay(x.Attempts)
	var final permanent
	if x.Failed = !more || errors.As(err, &final); !x.Failed {
		x.Due = d.clock.Now().Add(delay).UTC()
		d.broken(x, s.commit(change{string(deliveryKey(deliveryPrefix, id)): x}))
		s.tell(*x)
		return x.Due, pause
	}
	d.broken(x, d.fail(x))
	s.tell(*x)
	return time.Time{}, pause
}

// broken tells of an error of the store. The delivery is in it, or has arrived and may go out once more after a restart.
func (d *dispatcher) broken(x *Delivery, err error) {
	if err == nil {
		return
	}
	var told Delivery
	if x != nil {
		told = *x
	}
	told.Error = "embedded SNS: " + err.Error()
	d.service.tell(told)
}

func (d *dispatcher) load(id uint64) (*Delivery, *payload, error) {
	b, err := d.service.env.Store.Get(deliveryKey(deliveryPrefix, id))
	if err != nil || b == nil {
		return nil, nil, err
	}
	x, p := &Delivery{}, &payload{}
	if err := json.Unmarshal(b, x); err != nil {
		return nil, nil, fmt.Errorf("load delivery %d: %w", id, err)
	}
	if b, err = d.service.env.Store.Get(deliveryKey(payloadPrefix, id)); err != nil {
		return x, nil, err
	}
	if b != nil {
		err = json.Unmarshal(b, p)
	}
	return x, p, err
}

// forget removes a delivery that has arrived or has nobody to go to.
func (d *dispatcher) forget(x *Delivery) error {
	return d.service.commit(change{
		string(deliveryKey(deliveryPrefix, x.ID)): nil,
		string(deliveryKey(payloadPrefix, x.ID)):  nil,
	})
}

// fail moves a delivery to the failed ones.
func (d *dispatcher) fail(x *Delivery) error {
	c := change{
		string(deliveryKey(deliveryPrefix, x.ID)): nil,
		string(deliveryKey(payloadPrefix, x.ID)):  nil,
		string(deliveryKey(failedPrefix, x.ID)):   x,
	}
	d.mu.Lock()
	if d.failed = append(d.failed, x.ID); len(d.failed) > maxFailed {
		c[string(deliveryKey(failedPrefix, d.failed[0]))] = nil
		d.failed = d.failed[1:]
	}
	d.mu.Unlock()
	return d.service.commit(c)
}

// ReadDeliveries lists what a store holds: deliveries that failed for good, then those that are to be tried, each in the order
// of publishing.
func ReadDeliveries(store *service.Store) ([]Delivery, error) {
	var waiting []Delivery
	failed := []Delivery{}
	// In this order one that fails meanwhile is seen twice rather than not at all.
	if err := eachDelivery(store, deliveryPrefix, func(x *Delivery) { waiting = append(waiting, *x) }); err != nil {
		return nil, err
	}
	if err := eachDelivery(store, failedPrefix, func(x *Delivery) { failed = append(failed, *x) }); err != nil {
		return nil, err
	}
	for _, x := range waiting {
		if !slices.ContainsFunc(failed, func(f Delivery) bool { return f.ID == x.ID }) {
			failed = append(failed, x)
		}
	}
	return failed, nil
}

func eachDelivery(store *service.Store, prefix string, fn func(*Delivery)) error {
	err := store.Scan([]byte(prefix), func(_, value []byte) error {
		x := &Delivery{}
		if err := json.Unmarshal(value, x); err != nil {
			return err
		}
		fn(x)
		return nil
	})
	if err != nil {
		return fmt.Errorf("load deliveries: %w", err)
	}
	return nil
}

// participants is the clock that deliveries wait by: the host's if one can wait by it, as by a virtual one. Of a clock that
// only tells the time, waits are as long by the machine's.
func participants(c service.Clock) clock.Clock {
	if full, ok := c.(clock.Clock); ok {
		return full
	}
	return told{c}
}

type told struct{ service.Clock }

// Go implements clock.Clock.
func (told) Go(f func()) { clock.Real{}.Go(f) }

// NewWaiter implements clock.Clock.
func (t told) NewWaiter() clock.Waiter { return toldWaiter{clock.Real{}.NewWaiter(), t} }

type toldWaiter struct {
	clock.Waiter
	clock told
}

// Wait implements clock.Waiter.
func (w toldWaiter) Wait(ctx context.Context, deadline time.Time) {
	if !deadline.IsZero() {
		deadline = time.Now().Add(deadline.Sub(w.clock.Now()))
	}
	w.Waiter.Wait(ctx, deadline)
}
