package exchange

import (
	"sync"

	"github.com/weirsql/weir/types"
)

// Kind says what an element of a queue, or an event of a receiver, is.
type Kind uint8

const (
	Batch     Kind = iota // rows
	Watermark             // Value is the watermark in milliseconds
	Idle                  // no rows and watermarks for now: leave the sender out of the minimum
	Active                // the end of Idle
	Barrier               // Value is the number of the checkpoint
	End                   // nothing follows; Value is an Ending
)

// Ending says why an input ended.
type Ending = int64

// The endings, from complete to cut short. With several inputs the largest counts.
const (
	Natural Ending = iota // all there was has been read
	Drained               // stopped by request, behind the final watermark
	Stopped               // stopped by request; what is open stays open, to be restored later
)

// element is what a queue holds.
type element struct {
	kind  Kind
	value int64
	batch *types.Batch
	bytes int // of the batch
}

// Queue carries elements from one subtask to another. It is bounded by agreement: Push always succeeds, since an
// operator can't stop in the middle of a window that fires, but a task is not stepped while a queue it writes to is
// full. Batches go round: the receiver gives them back, and the sender fills them again.
type Queue struct {
	schema   *types.Schema
	capacity int // batches
	maxBytes int

	mu       sync.Mutex
	elements []element // elements[head:] are waiting
	head     int
	batches  int // among those waiting
	bytes    int // of the batches
	waiting  bool
	free     []*types.Batch

	wakeSender, wakeReceiver func()
}

// bytesPerBatch is how large the batches of a full queue may be on average. Rows that are so wide that a batch is larger
// fill a queue sooner.
const bytesPerBatch = 512 << 10

// NewQueue returns a queue that is full when it holds as many batches as its capacity, or their bytes. wakeSender and wakeReceiver are
// called, from the other side's goroutine, when there is room again, and when an element has arrived.
func NewQueue(schema *types.Schema, capacity int, wakeSender, wakeReceiver func()) *Queue {
	capacity = max(capacity, 1)
	return &Queue{schema: schema, capacity: capacity, maxBytes: capacity * bytesPerBatch, wakeSender: wakeSender, wakeReceiver: wakeReceiver}
}

// take returns an empty batch for the sender to fill.
func (q *Queue) take() *types.Batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n := len(q.free); n > 0 {
		b := q.free[n-1]
		q.free = q.free[:n-1]
		return b
	}
	return types.NewBatch(q.schema)
}

// recycle takes back a batch that the receiver is done with.
func (q *Queue) recycle(b *types.Batch) {
	if b.Bytes() > 2*batchBytes {
		return // the buffers of a burst are left to the collector
	}
	b.Reset()
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.free) <= q.capacity {
		q.free = append(q.free, b)
	}
}

// push appends an element. Of two watermarks in a row only the later is kept.
func (q *Queue) push(e element) {
	q.mu.Lock()
	if last := len(q.elements) - 1; e.kind == Watermark && last >= q.head && q.elements[last].kind == Watermark {
		q.elements[last].value = e.value
		q.mu.Unlock()
		return
	}
	if q.head > 0 && len(q.elements) == cap(q.elements) {
		n := copy(q.elements, q.elements[q.head:])
		clear(q.elements[n:])
		q.elements, q.head = q.elements[:n], 0
	}
	q.elements = append(q.elements, e)
	if e.kind == Batch {
		q.batches++
		q.bytes += e.bytes
	}
	q.mu.Unlock()
	q.wakeReceiver()
}

// pop takes the oldest element.
func (q *Queue) pop() (element, bool) {
	q.mu.Lock()
	if q.head == len(q.elements) {
		q.mu.Unlock()
		return element{}, false
	}
	e := q.elements[q.head]
	q.elements[q.head] = element{}
	q.head++
	if q.head == len(q.elements) {
		q.elements, q.head = q.elements[:0], 0
	}
	wake := false
	if e.kind == Batch {
		q.batches--
		q.bytes -= e.bytes
		if q.waiting && q.batches <= q.capacity/2 && q.bytes <= q.maxBytes/2 { // half empty, so that sender and receiver don't take turns
			q.waiting, wake = false, true
		}
	}
	q.mu.Unlock()
	if wake {
		q.wakeSender()
	}
	return e, true
}

// full reports whether the sender should wait; if so it is woken when half of the queue is free.
func (q *Queue) full() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.batches >= q.capacity || q.bytes >= q.maxBytes {
		q.waiting = true
	}
	return q.waiting
}
