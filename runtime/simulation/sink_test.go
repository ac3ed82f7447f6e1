package simulation

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

// sink is where an output is written. Exactly once, rows go into staged files, which a commit publishes, as with the
// filesystem connector; at least once, they are sent in requests that count at once, as with Kinesis.
type sink struct {
	world     *world
	output    *output
	published []change
	staged    map[int]*staged
	next      int
	inFlight  int // requests that take effect later
}

// staged is a file with the rows between two barriers of a writer.
type staged struct {
	rows      []change
	published bool
}

// publish makes a staged file count, once.
func (s *sink) publish(id int) {
	f := s.staged[id]
	if f == nil {
		s.world.violated("%s: file %d is to be published and isn't there", s.output.name, id)
		return
	}
	if f.published {
		return
	}
	f.published = true
	s.published = append(s.published, f.rows...)
	for _, c := range f.rows {
		s.world.note("%s published %s %s", s.output.name, c.kind, c.row)
	}
}

// sinkTable is a sink in a process.
type sinkTable struct {
	*sink
	process *clock.Process
	mode    types.ChangelogMode
}

func (s *sinkTable) Accepts() types.ChangelogMode { return s.mode }
func (s *sinkTable) Describe() string             { return "simulated" }

func (s *sinkTable) NewWriter(_ context.Context, wc connectors.WriterContext) (connectors.Writer, error) {
	s.world.enter(s.process)
	w := &writer{sinkTable: s, wc: wc, waiter: s.process.NewWaiter(), closed: s.process.NewWaiter(), sending: true}
	w.room = 1 + s.world.random.IntN(40)
	for _, r := range wc.Restored {
		var files []transaction
		if err := json.Unmarshal(r, &files); err != nil {
			return nil, err
		}
		for _, f := range files {
			s.world.enter(s.process)
			s.publish(f.File)
		}
	}
	s.process.Go(w.send)
	return w, nil
}

// transaction is what belongs to a checkpoint of one writer.
type transaction struct {
	File       int
	Checkpoint int64
}

// item is something to be sent: a row, or the mark of a barrier.
type item struct {
	change
	barrier int64
}

// writer has a goroutine that sends.
type writer struct {
	*sinkTable
	wc       connectors.WriterContext
	queue    []item
	room     int
	flushing bool
	stopping bool
	sending  bool // the goroutine runs
	file     int  // that rows are sent to; 0: none yet
	done     []transaction
	barrier  int64 // the last
	prepared int64
	waiter   clock.Waiter // of send
	closed   clock.Waiter // of Close
}

func (w *writer) Write(b *types.Batch) error {
	w.world.enter(w.process)
	if w.world.happens("write failed", w.world.faults.writeFails) {
		return errInjected
	}
	for k := range b.Rows() {
		i := k
		if b.Sel != nil {
			i = int(b.Sel[k])
		}
		c := change{kind: b.Kind(i)}
		for _, v := range b.Cols {
			c.row = append(c.row, v.Value(i))
		}
		w.queue = append(w.queue, item{change: c})
	}
	w.waiter.Wake()
	return nil
}

func (w *writer) Full() bool {
	rows := 0
	for _, it := range w.queue {
		if it.barrier == 0 {
			rows++
		}
	}
	if rows <= w.room {
		return false
	}
	w.world.counts["sink full"]++
	return true
}

func (w *writer) Flush() error {
	w.flushing = true
	w.waiter.Wake()
	return nil
}

func (w *writer) Barrier(checkpoint int64) error {
	w.world.enter(w.process)
	if checkpoint <= w.barrier {
		w.world.violated("%s: barrier %d comes after barrier %d", w.output.name, checkpoint, w.barrier)
	}
	w.barrier = checkpoint
	w.queue = append(w.queue, item{barrier: checkpoint})
	return w.Flush()
}

func (w *writer) Prepared(checkpoint int64) (state []byte, done bool, err error) {
	w.world.enter(w.process)
	if checkpoint > w.prepared {
		return nil, false, nil
	}
	var open []transaction
	for _, f := range w.done {
		if f.Checkpoint <= checkpoint {
			open = append(open, f)
		}
	}
	if open == nil {
		return nil, true, nil
	}
	state, err = json.Marshal(open)
	return state, true, err
}

func (w *writer) Commit(checkpoint int64) error {
	w.world.enter(w.process)
	if checkpoint > w.prepared {
		w.world.violated("%s: commit of checkpoint %d, which isn't prepared", w.output.name, checkpoint)
	}
	for len(w.done) > 0 && w.done[0].Checkpoint <= checkpoint {
		if w.world.happens("commit failed", w.world.faults.commitFails) {
			return errInjected
		}
		w.world.enter(w.process)
		w.publish(w.done[0].File)
		w.done = w.done[1:]
	}
	return nil
}

func (w *writer) Close() error {
	w.stopping = true
	w.waiter.Wake()
	for w.sending {
		w.closed.Wait(background, time.Time{})
	}
	return nil
}

// send is the writer's goroutine.
func (w *writer) send() {
	defer func() {
		w.sending = false
		w.closed.Wake()
	}()
	x := w.world
	for !w.stopping {
		if len(w.queue) == 0 {
			w.flushing = false
		}
		if !w.flushing && len(w.queue) < w.room/2 || len(w.queue) == 0 {
			w.waiter.Wait(background, time.Time{})
			continue
		}
		// Barriers that follow each other at once belong to checkpoints that were given up.
		for len(w.queue) > 1 && w.queue[0].barrier != 0 && w.queue[1].barrier != 0 {
			w.prepare(w.queue[0].barrier)
			w.queue = w.queue[1:]
		}
		if x.happens("slow sink", x.faults.slowSink) {
			x.delay(w.process, 300*time.Millisecond)
		} else if x.random.IntN(2) == 0 {
			w.process.Yield()
		}
		x.enter(w.process)
		if w.queue[0].barrier != 0 {
			w.prepare(w.queue[0].barrier)
			w.queue = w.queue[1:]
		} else {
			n := 0
			for n < len(w.queue) && n < 1+w.room/2 && w.queue[n].barrier == 0 {
				n++
			}
			if w.output.once {
				w.stage(n)
			} else {
				w.request(n)
			}
		}
		w.wc.Wake()
	}
}

// prepare ends the file.
func (w *writer) prepare(checkpoint int64) {
	if w.file != 0 {
		w.done = append(w.done, transaction{w.file, checkpoint})
		w.file = 0
	}
	w.prepared = checkpoint
	w.world.note("%s/%d is prepared for %d", w.output.name, w.wc.Subtask, checkpoint)
}

// stage appends the first n rows of the queue to the file.
func (w *writer) stage(n int) {
	if w.file == 0 {
		w.next++
		w.file = w.next
		w.staged[w.file] = &staged{}
	}
	f := w.staged[w.file]
	for _, it := range w.queue[:n] {
		f.rows = append(f.rows, it.change)
	}
	w.queue = w.queue[n:]
}

// request sends the first n rows of the queue to a service that may take some of them only, whose answer may be lost, and
// which may be slow to take them, even slower than the process is to die.
func (w *writer) request(n int) {
	x := w.world
	rows := make([]change, n)
	for i := range rows {
		rows[i] = w.queue[i].change
	}
	var refused []item
	if x.happens("request taken in part", x.faults.partial) {
		// Changes by key must stay in order, so there only the last ones can be refused.
		cut := x.random.IntN(n + 1)
		if w.output.key == nil && x.random.IntN(2) == 0 {
			refused, rows = slices.Clone(w.queue[:cut]), rows[cut:]
		} else {
			refused, rows = slices.Clone(w.queue[cut:n]), rows[:cut]
		}
		w.wc.Retried()
	}
	accept := func() {
		w.sink.published = append(w.sink.published, rows...)
		for _, c := range rows {
			x.note("%s took %s %s", w.output.name, c.kind, c.row)
		}
	}
	if w.output.key == nil && x.happens("request taken later", x.faults.slowSink/4) {
		taken := false
		answer := w.process.NewWaiter()
		w.inFlight++
		x.clock.Go(func() {
			if err := clock.Sleep(background, x.clock, time.Duration(x.random.Int64N(int64(time.Second)))); err != nil {
				x.violated("%v", err)
			}
			accept()
			w.inFlight--
			taken = true
			answer.Wake()
		})
		for !taken {
			answer.Wait(background, time.Time{})
		}
	} else {
		accept()
	}
	if x.random.IntN(2) == 0 {
		x.delay(w.process, 10*time.Millisecond)
	}
	x.enter(w.process)
	if x.happens("answer lost", x.faults.ackLost) {
		w.wc.Retried()
		return
	}
	w.queue = append(refused, w.queue[n:]...)
}
