package exchange

import "github.com/weirsql/weir/types"

// Event is what a receiver hands to its task.
type Event struct {
	Kind  Kind
	Input int          // of a Batch: the operator's input
	Batch *types.Batch // give it back with Receiver.Done
	Value int64        // see Kind
	queue *Queue
}

// Receiver merges the queues that feed one subtask. Batches come from the queues in turn; watermarks are the minimum
// over the queues; a barrier comes when it has arrived on all of them, those where it came first being held back until
// then; the end comes when all have ended. One goroutine uses it.
type Receiver struct {
	channels []channel
	valve    *valve
	turn     int
	ready    []Event // to hand out before anything else is read
	held     int     // channels behind the barrier
	barrier  int64
	ended    int
	ending   Ending
	done     bool // End has been handed out
}

type channel struct {
	queue       *Queue
	input       int
	held, ended bool
}

// NewReceiver returns a receiver over queues; inputs says which input of the operator each belongs to.
func NewReceiver(queues []*Queue, inputs []int) *Receiver {
	r := &Receiver{channels: make([]channel, len(queues)), valve: newValve(len(queues))}
	for i, q := range queues {
		r.channels[i] = channel{queue: q, input: inputs[i]}
	}
	return r
}

// Done gives back the batch of an event.
func (r *Receiver) Done(e Event) { e.queue.recycle(e.Batch) }

// Next returns the next event, or false when there is nothing to read for now, or nothing any more.
func (r *Receiver) Next() (Event, bool) {
	for {
		if len(r.ready) > 0 {
			e := r.ready[0]
			r.ready = append(r.ready[:0], r.ready[1:]...)
			return e, true
		}
		if r.ended == len(r.channels) {
			if r.done {
				return Event{}, false
			}
			r.done = true
			return Event{Kind: End, Value: r.ending}, true
		}
		i, e, ok := r.pop()
		if !ok {
			return Event{}, false
		}
		if e.kind == Batch {
			return Event{Kind: Batch, Input: r.channels[i].input, Batch: e.batch, queue: r.channels[i].queue}, true
		}
		r.control(i, e)
	}
}

// pop takes an element from the first channel, in turn, that has one and may be read.
func (r *Receiver) pop() (int, element, bool) {
	for range r.channels {
		i := r.turn
		if r.turn++; r.turn == len(r.channels) {
			r.turn = 0
		}
		if c := &r.channels[i]; !c.held && !c.ended {
			if e, ok := c.queue.pop(); ok {
				return i, e, true
			}
		}
	}
	return 0, element{}, false
}

func (r *Receiver) control(i int, e element) {
	switch e.kind {
	case Watermark:
		if r.valve.watermark(i, e.value) {
			r.ready = append(r.ready, Event{Kind: Watermark, Value: r.valve.last})
		}
	case Idle, Active:
		rose, changed := r.valve.status(i, e.kind == Idle)
		if rose {
			r.ready = append(r.ready, Event{Kind: Watermark, Value: r.valve.last})
		}
		if changed {
			r.ready = append(r.ready, Event{Kind: e.kind})
		}
	case Barrier:
		r.channels[i].held, r.barrier = true, e.value
		r.held++
		r.align()
	case End:
		// The channel keeps its place in the watermark's minimum: one that ends by itself has sent the final watermark
		// before, and one that was stopped must not let the others fire windows that are to be restored.
		r.channels[i].ended = true
		r.ended++
		r.ending = max(r.ending, e.value)
		if r.held > 0 {
			r.align()
		}
	}
}

// align hands out the barrier when it can't come from any further channel: those that have ended will never bring it.
func (r *Receiver) align() {
	if r.held+r.ended < len(r.channels) {
		return
	}
	for i := range r.channels {
		r.channels[i].held = false
	}
	r.held = 0
	r.ready = append(r.ready, Event{Kind: Barrier, Value: r.barrier})
}
