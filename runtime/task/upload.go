package task

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/state"
)

// Checkpoints is where tasks write their state. From any goroutine.
type Checkpoints interface {
	// Part begins the state of an operator instance in a checkpoint; false when that has been given up. The part is nil when
	// there is no place yet to write to: the last snapshot of a task whose input has ended by itself, which is small, is
	// part of several checkpoints.
	Part(id int64, operator, name string, subtask, parallelism int) (part *checkpoint.Part, taken bool)
}

// uploadBytes is how much state may wait to be written. What is written between records waits until there is room;
// what records are about to change can't wait.
const uploadBytes = 8 << 20

// uploadMost is how much may wait in all. A checkpoint whose place takes less than what records change is given up, or
// what waits would become a second copy of the state.
const uploadMost = 16 * uploadBytes

var errSlow = errors.New("the place for checkpoints takes state more slowly than records change it")

// uploads writes the blocks of a task's snapshots beside the stream of records. Its goroutine lives while there is
// something to write.
type uploads struct {
	clock clock.Clock
	wake  func() // the task

	mu      sync.Mutex
	work    []uploadWork
	bytes   int // of the blocks in work
	full    bool
	running bool
}

type uploadWork struct {
	u       *upload
	block   []byte
	entries int
	end     uploadEnd
}

type uploadEnd uint8

const (
	goesOn uploadEnd = iota
	isComplete
	isAbandoned
)

// upload is the state of one operator instance on its way into a checkpoint.
type upload struct {
	queue *uploads
	part  *checkpoint.Part // the goroutine's

	// Guarded by queue.mu.
	done      bool
	abandoned bool // what still waits is not written
	file      checkpoint.File
	err       error
}

func (q *uploads) add(w uploadWork) {
	q.mu.Lock()
	q.work = append(q.work, w)
	q.bytes += len(w.block)
	q.full = q.full || q.bytes >= uploadBytes
	start := !q.running
	q.running = true
	q.mu.Unlock()
	if start {
		q.clock.Go(q.run)
	}
}

// isFull reports whether the task should wait with what it can write later. It is woken when there is room.
func (q *uploads) isFull() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.full
}

// isTooMuch reports whether the checkpoint should be given up.
func (q *uploads) isTooMuch() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes >= uploadMost
}

// busy reports whether something is being written. The task is woken when nothing is any more.
func (q *uploads) busy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running
}

func (q *uploads) run() {
	for {
		q.mu.Lock()
		if len(q.work) == 0 {
			q.running, q.work = false, nil
			q.mu.Unlock()
			q.wake()
			return
		}
		w := q.work[0]
		q.work[0] = uploadWork{}
		q.work = q.work[1:]
		skip := w.u.abandoned && w.end != isAbandoned
		q.mu.Unlock()
		var file checkpoint.File
		var err error
		done := false
		if !skip {
			file, err, done = w.u.do(w)
		}
		q.mu.Lock()
		q.bytes -= len(w.block)
		wake := done || q.full && q.bytes <= uploadBytes/2
		q.full = q.full && q.bytes > uploadBytes/2
		if done && !w.u.done {
			w.u.done, w.u.file, w.u.err = true, file, err
		}
		q.mu.Unlock()
		if wake {
			q.wake()
		}
	}
}

// do writes; done says that nothing more of the upload will be.
func (u *upload) do(w uploadWork) (file checkpoint.File, err error, done bool) {
	defer func() {
		if r := recover(); r != nil { // only the checkpoint fails
			err, done = fmt.Errorf("internal error (a bug of weir): %v\n%s", r, debug.Stack()), true
		}
	}()
	switch w.end {
	case isComplete:
		file, err = u.part.Close()
		return file, err, true
	case isAbandoned:
		u.part.Abort()
		return file, checkpoint.ErrAborted, true
	}
	err = u.part.Write(w.block, w.entries)
	state.Recycle(w.block)
	if err != nil {
		return file, err, true
	}
	return file, nil, false
}

// write takes a block.
func (u *upload) write(block []byte, entries int) {
	u.queue.add(uploadWork{u: u, block: block, entries: entries})
}

// end says that nothing follows.
func (u *upload) end() { u.queue.add(uploadWork{u: u, end: isComplete}) }

// abandon forgets what has not been written yet, and removes what has.
func (u *upload) abandon() {
	u.queue.mu.Lock()
	u.abandoned = true
	u.queue.mu.Unlock()
	u.queue.add(uploadWork{u: u, end: isAbandoned})
}

// result returns the file when everything is safe.
func (u *upload) result() (file checkpoint.File, done bool, err error) {
	u.queue.mu.Lock()
	defer u.queue.mu.Unlock()
	return u.file, u.done, u.err
}
