package task

import (
	"errors"
	"slices"
	"time"

	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/exchange"
	"github.com/weirsql/weir/runtime/operator"
	"github.com/weirsql/weir/runtime/state"
)

// Share is what a checkpoint has of an operator instance.
type Share struct {
	checkpoint.Subtask
	// Blocks is state that has not been written to a checkpoint: that of an instance whose input has ended by itself, and
	// which is part of every checkpoint from then on.
	Blocks []Block
}

// Block is encoded entries (state.EachEntry).
type Block struct {
	Bytes   []byte
	Entries int
}

// snapshot is a task's share of a checkpoint on its way. At the barrier the line is drawn: the writers note it, and
// small state is written. Then records are processed again, while large state is written little by little, blocks go to
// disk, and the writers make safe what was before the line. It is reported when all of that is done.
type snapshot struct {
	id     int64
	shares []*share // by vertex
	left   []*share // those with state that is still to be written
	closed bool     // the writers' positions are written, too; nothing follows
	pause  time.Duration
}

// share is the part of one vertex.
type share struct {
	Share
	v      *vertex
	w      state.Writer
	upload *upload           // nil: blocks are kept
	chain  []checkpoint.File // what an increment follows
}

// longestChain is how many parts follow each other at most.
const longestChain = 16

// records reports whether changes are to be noted, so that later checkpoints can be increments.
func (v *vertex) records() bool {
	_, able := v.op.(operator.Incremental)
	from := v.task.env.IncrementFrom
	return able && from > 0 && v.metrics.StateBytes.Load()+v.metrics.Spilled.Load() >= from
}

// canIncrement reports whether the next snapshot may follow the last complete one. It is written whole again when the
// increments have become as large.
func (v *vertex) canIncrement() bool {
	inc, able := v.op.(operator.Incremental)
	if !able || !v.records() || len(v.chain) == 0 || len(v.chain) >= longestChain {
		return false
	}
	size := int64(0)
	for _, f := range v.chain[1:] {
		size += f.Size
	}
	return size < v.chain[0].Size && inc.CanIncrement()
}

// complete notes that a checkpoint is complete, as far as it is the last whose line was drawn.
func (t *Task) complete(id int64) {
	s := t.reported
	if s == nil || s.id != id {
		return
	}
	t.reported = nil
	for _, x := range s.shares {
		if inc, able := x.v.op.(operator.Incremental); able {
			inc.Complete()
			x.v.chain = x.Parts
		}
	}
}

// begin passes a barrier on and draws the line.
func (t *Task) begin(id int64) error {
	began := t.env.Clock.Now()
	// A barrier behind another one says that the earlier checkpoint has been given up.
	t.giveUp()
	if err := t.tell(exchange.Barrier, id); err != nil {
		return err
	}
	s, err := t.draw(id)
	if err != nil {
		return err
	}
	s.pause = t.env.Clock.Now().Sub(began)
	return nil
}

// Abort gives up a checkpoint. From any goroutine.
func (t *Task) Abort(id int64) {
	t.post(func() error {
		if len(t.pending) > 0 && t.pending[0].id == id {
			t.giveUp()
		}
		return nil
	})
}

// giveUp forgets the snapshots that are on their way, but for that of the end: every later checkpoint needs it.
func (t *Task) giveUp() {
	t.pending = slices.DeleteFunc(t.pending, func(s *snapshot) bool {
		if s.id == Final {
			return false
		}
		s.abandon()
		return true
	})
}

// abandon ends what is on its way.
func (s *snapshot) abandon() {
	for _, x := range s.shares {
		x.w.Abandon()
		if x.upload != nil {
			x.upload.abandon()
		}
	}
}

// draw draws the line in the writers and takes the state of the operators.
func (t *Task) draw(id int64) (*snapshot, error) {
	t.reported = nil // what changed since the last complete checkpoint reaches to this line now
	for _, x := range t.writers {
		if err := x.barrier(id); err != nil {
			return nil, err
		}
	}
	s := &snapshot{id: id}
	t.pending = append(t.pending, s)
	natural := t.ended && t.ending == exchange.Natural
	for _, v := range t.vertices {
		x := &share{v: v, Share: Share{Subtask: checkpoint.Subtask{
			ID: v.id, Name: v.name, Subtask: t.subtask, Parallelism: v.parallelism, Finished: natural || v.finished,
		}}}
		s.shares = append(s.shares, x)
		x.w.Emit = func(block []byte, entries int) {
			if x.upload == nil {
				x.Blocks = append(x.Blocks, Block{block, entries})
				return
			}
			x.upload.write(block, entries)
		}
		if !t.env.KeepState {
			continue
		}
		// Of an operator whose input has ended nothing is left, and so nothing to build on.
		if x.w.Increment = !natural && v.canIncrement(); x.w.Increment {
			x.chain = v.chain
		}
		x.w.Record = v.records()
		x.w.Keys = max(1, t.env.MaxRows/2)
		part, taken := t.env.Checkpoints.Part(id, v.id, v.name, t.subtask, v.parallelism)
		if !taken {
			t.giveUp()
			return s, nil
		}
		if part != nil {
			x.upload = &upload{queue: t.uploads, part: part}
		}
		if err := v.snapshot(&x.w, natural); err != nil {
			return nil, err
		}
	}
	s.left = s.shares
	return s, nil
}

// snapshot writes the state of the instance, or registers it to be written. Of an operator whose input has ended by
// itself nothing is left to be restored: it has emitted what it had to.
func (v *vertex) snapshot(w *state.Writer, natural bool) error {
	v.task.running = v
	if v.source != nil {
		return v.fail(v.source.snapshot(w))
	}
	if natural {
		return nil
	}
	return v.fail(v.op.Snapshot(w))
}

// advance works on the snapshots that are on their way, reports those that are done, and says whether it could go on at
// once.
func (t *Task) advance() (more bool, err error) {
	for len(t.pending) > 0 {
		s := t.pending[0]
		if s.id != Final && t.uploads.isTooMuch() {
			t.giveUp()
			t.env.Reports.NotTaken(t, s.id, errSlow)
			return true, nil
		}
		if len(s.left) > 0 {
			if more, err := t.sweep(s); more || err != nil || len(s.left) > 0 {
				return more, err
			}
		}
		if !s.closed {
			if err := t.conclude(s); err != nil || !s.closed {
				return false, err
			}
		}
		done, failed := s.collect()
		if !done {
			return false, nil
		}
		t.pending, t.reported = t.pending[1:], s
		shares := make([]Share, len(s.shares))
		for i, x := range s.shares {
			shares[i] = x.Share
		}
		switch {
		case failed != nil && errors.Is(failed, checkpoint.ErrAborted):
		case failed != nil:
			t.env.Reports.NotTaken(t, s.id, failed)
		case s.id == Final:
			t.env.Reports.Ended(t, shares)
		default:
			t.env.Reports.Snapshot(t, s.id, shares, s.pause)
		}
	}
	return false, nil
}

// sweepsPerStep is how often a step writes some of the large state: a little longer than a batch of records takes, as a
// rule, so that a checkpoint of a busy task takes about twice the time of writing it.
const sweepsPerStep = 4

// sweep writes some of the large state.
func (t *Task) sweep(s *snapshot) (more bool, err error) {
	for sweeps := 0; len(s.left) > 0; {
		if t.uploads.isFull() {
			return false, nil
		}
		if sweeps == sweepsPerStep {
			return true, nil
		}
		x := s.left[0]
		t.running = x.v
		done, err := x.w.Sweep()
		if err != nil {
			return false, x.v.fail(err)
		}
		if done {
			s.left = s.left[1:]
		} else {
			sweeps++
		}
	}
	return false, nil
}

// conclude writes the writers' positions, which must stand with all other state of their instance, once everything before
// the line is safe.
func (t *Task) conclude(s *snapshot) error {
	states := make([][]byte, len(t.writers))
	for i, x := range t.writers {
		value, done, err := x.prepared(s.id)
		if !done || err != nil {
			return err
		}
		states[i] = value
	}
	for i, x := range t.writers {
		if states[i] != nil {
			s.shares[slices.Index(t.vertices, x.owner)].w.PutOperator(x.name, nil, states[i])
		}
	}
	for _, x := range s.shares {
		x.w.Flush()
		if x.upload != nil {
			x.upload.end()
		}
	}
	s.closed = true
	return nil
}

// collect reports whether all state is on disk, and what went wrong on the way there.
func (s *snapshot) collect() (done bool, err error) {
	for _, x := range s.shares {
		if x.upload == nil {
			continue
		}
		file, done, failed := x.upload.result()
		if !done {
			return false, nil
		}
		if failed != nil && err == nil {
			err = failed
		}
		if x.Parts = slices.Clone(x.chain); file.Entries > 0 {
			x.Parts = append(x.Parts, file)
		}
	}
	return true, err
}
