package connectortest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/types"
)

// SinkCase is a sink to try.
type SinkCase struct {
	// New makes the sink; each call in a test writes to the same place.
	New func(t *testing.T, env *Env) connectors.Sink
	// Columns are those of the batches.
	Columns []connectors.Column
	// Row returns the values of a row number, all different.
	Row func(n int) []any
	// Contents returns what can be seen where the sink writes, one text per row, and Want the text of a row number.
	Contents func(t *testing.T, env *Env) []string
	Want     func(n int) string
	// ExactlyOnce says that rows appear with the checkpoint and then just once; else duplicates are forgiven.
	ExactlyOnce bool
	// Reset empties the place before each test.
	Reset func(t *testing.T)
	// Clean, if not nil, looks after each test, whose last writer has been closed, for what should not have been left.
	Clean func(t *testing.T)
}

// Sink tries a sink: rows are safe after Barrier, Prepared and Commit, also if later ones are written meanwhile; a batch
// belongs to the engine again after Write; a writer restored from a checkpoint, once or several times, neither loses nor
// repeats what the checkpoint covers.
func Sink(t *testing.T, c SinkCase) {
	run := func(name string, f func(t *testing.T, w *writers)) {
		t.Run(name, func(t *testing.T) {
			c.Reset(t)
			env := NewEnv()
			env.Run(t, func() {
				w := &writers{SinkCase: c, t: t, env: env, sink: c.New(t, env)}
				f(t, w)
				if c.Clean != nil {
					c.Clean(t)
				}
				for _, d := range w.dead {
					d.bury()
				}
			})
		})
	}
	run("write and commit", func(t *testing.T, w *writers) {
		w.open(nil)
		w.write(0, 1, 2)
		w.write(3)
		w.snapshot()
		w.commit()
		w.write(4, 5)
		w.snapshot()
		w.commit()
		w.snapshot() // with nothing new
		w.commit()
		w.close()
		w.expect(0, 1, 2, 3, 4, 5)
	})
	run("many rows", func(t *testing.T, w *writers) {
		w.open(nil)
		var all []int
		for n := 0; n < 5000; n += 500 {
			var some []int
			for k := range 500 {
				some = append(some, n+k)
			}
			w.write(some...)
			all = append(all, some...)
		}
		w.snapshot()
		w.commit()
		w.close()
		w.expect(all...)
	})
	run("nothing written", func(t *testing.T, w *writers) {
		w.open(nil)
		w.snapshot()
		w.commit()
		w.close()
		w.expect()
	})
	run("restored before the commit", func(t *testing.T, w *writers) {
		w.open(nil)
		w.write(0, 1)
		w.snapshot()
		w.commit()
		w.write(2, 3)
		saved := w.snapshot()
		w.write(4) // behind the checkpoint
		// Here the process dies, twice while it recovers.
		for range 3 {
			w.open(saved)
		}
		w.write(4, 5)
		w.snapshot()
		w.commit()
		w.close()
		w.expect(0, 1, 2, 3, 4, 5)
	})
	run("restored after the commit", func(t *testing.T, w *writers) {
		w.open(nil)
		w.write(0, 1)
		saved := w.snapshot()
		w.commit()
		w.write(2)
		w.open(saved)
		w.write(2, 3)
		w.snapshot()
		w.commit()
		w.close()
		w.expect(0, 1, 2, 3)
	})
	run("a snapshot that fails as a whole", func(t *testing.T, w *writers) {
		w.open(nil)
		w.write(0)
		w.snapshot() // never committed: another task failed
		w.write(1)
		w.snapshot()
		w.commit()
		w.close()
		w.expect(0, 1)
	})
	run("failed before the first checkpoint", func(t *testing.T, w *writers) {
		w.open(nil)
		w.write(0, 1)
		w.close()
		w.open(nil)
		w.write(0, 1, 2)
		w.snapshot()
		w.commit()
		w.close()
		w.expect(0, 1, 2)
	})
	run("rows behind a barrier", func(t *testing.T, w *writers) {
		w.open(nil)
		w.write(0, 1)
		first := w.barrier()
		w.write(2, 3)
		w.prepared(first)
		w.write(4)
		w.commitTo(first)
		if c.ExactlyOnce {
			w.expect(0, 1)
		}
		w.write(5)
		w.snapshot()
		w.commit()
		w.close()
		w.expect(0, 1, 2, 3, 4, 5)
	})
	run("two barriers, one commit", func(t *testing.T, w *writers) {
		w.open(nil)
		w.write(0)
		w.barrier() // given up before it was prepared
		w.write(1)
		second := w.barrier()
		w.write(2)
		w.prepared(second)
		w.commitTo(second)
		if c.ExactlyOnce {
			w.expect(0, 1)
		}
		w.snapshot()
		w.commit()
		w.close()
		w.expect(0, 1, 2)
	})
	run("the first of two barriers at last", func(t *testing.T, w *writers) {
		w.open(nil)
		w.write(0)
		first := w.barrier()
		w.write(1)
		last := w.barrier()
		w.prepared(first)
		w.prepared(last)
		w.commitTo(first)
		w.commitTo(last)
		w.commitTo(last)
		w.close()
		w.expect(0, 1)
	})
	for n, name := range []string{"the first", "the second"} {
		run("restored from "+name+" of two barriers", func(t *testing.T, w *writers) {
			w.open(nil)
			w.write(0)
			var saved [2][][]byte
			first := w.barrier()
			w.write(1)
			second := w.barrier()
			w.write(2)
			saved[0] = w.prepared(first)
			saved[1] = w.prepared(second)
			for range 2 {
				w.open(saved[n])
			}
			if n == 0 {
				w.write(1)
			}
			w.write(2, 3)
			w.snapshot()
			w.commit()
			w.close()
			w.expect(0, 1, 2, 3)
		})
	}
	run("other parallelism", func(t *testing.T, w *writers) {
		two := []*writers{
			{SinkCase: c, t: t, env: w.env, sink: w.sink, subtask: 0, parallelism: 2},
			{SinkCase: c, t: t, env: w.env, sink: w.sink, subtask: 1, parallelism: 2},
		}
		var saved [][]byte
		for i, v := range two {
			v.open(nil)
			v.write(i)
			saved = append(saved, v.snapshot()...)
			v.write(10 + i)
		}
		w.open(saved) // one goes on for both
		w.write(10, 11)
		saved = w.snapshot()
		w.commit()
		for i, v := range two { // and back
			if i > 0 {
				saved = [][]byte{}
			}
			v.open(saved)
			v.write(20 + i)
			v.snapshot()
			v.commit()
			v.close()
		}
		w.expect(0, 1, 10, 11, 20, 21)
	})
}

// writers opens one writer after the other on a sink.
type writers struct {
	SinkCase
	t                    *testing.T
	env                  *Env
	sink                 connectors.Sink
	subtask, parallelism int

	w      connectors.Writer
	dead   []*writers // those before w that weren't closed
	last   int64      // checkpoint
	waiter interface {
		Wait(context.Context, time.Time)
		Wake()
	}
}

// open starts a writer. The one before is left as a process leaves it that is killed.
func (w *writers) open(restored [][]byte) {
	w.t.Helper()
	if w.w != nil {
		d := *w
		w.dead = append(w.dead, &d)
	}
	w.waiter = w.env.Clock.NewWaiter()
	var err error
	w.w, err = w.sink.NewWriter(context.Background(), connectors.WriterContext{
		JobID: "3b5c0f6e-7e0b-4d0e-9c59-0a6f3bfa1a11", Subtask: w.subtask, Parallelism: max(1, w.parallelism),
		Columns: w.Columns, Restored: restored, Wake: w.waiter.Wake,
	})
	if err != nil {
		w.t.Fatalf("NewWriter: %v", err)
	}
}

// bury closes a writer that was left alone, with nothing under way that would show up in the next test.
func (w *writers) bury() {
	w.snapshot()
	w.close()
}

// write writes the rows of these numbers in a batch that has others, too, and is spoiled afterwards.
func (w *writers) write(numbers ...int) {
	w.t.Helper()
	for w.w.Full() {
		w.wait()
	}
	b := NewBatch(w.Columns)
	add := func(n int) {
		for i, v := range w.Row(n) {
			b.Cols[i].AppendValue(v)
		}
		b.AppendKind(types.Insert)
	}
	for _, n := range numbers {
		add(-1)
		b.Sel = append(b.Sel, int32(b.N))
		add(n)
	}
	if err := w.w.Write(b); err != nil {
		w.t.Fatalf("Write: %v", err)
	}
	b.Reset()
	for range numbers {
		add(-2)
		add(-2)
	}
}

func (w *writers) wait() {
	w.t.Helper()
	before := w.env.Clock.Now()
	w.waiter.Wait(context.Background(), before.Add(time.Hour))
	if w.env.Clock.Now().Sub(before) >= time.Hour {
		w.t.Fatal("the writer is busy, and nobody called Wake within an hour")
	}
}

// barrier ends what belongs to the next checkpoint, and returns its number.
func (w *writers) barrier() int64 {
	w.t.Helper()
	w.last++
	if err := w.w.Barrier(w.last); err != nil {
		w.t.Fatalf("Barrier: %v", err)
	}
	return w.last
}

// prepared waits until what is before a barrier is safe, and returns the state as a restored writer gets it.
func (w *writers) prepared(checkpoint int64) [][]byte {
	w.t.Helper()
	for {
		s, done, err := w.w.Prepared(checkpoint)
		switch {
		case err != nil:
			w.t.Fatalf("Prepared: %v", err)
		case done && s == nil:
			return [][]byte{}
		case done:
			return [][]byte{slices.Clone(s)}
		}
		w.wait()
	}
}

// snapshot is what a checkpoint without rows behind its barrier takes.
func (w *writers) snapshot() [][]byte {
	w.t.Helper()
	return w.prepared(w.barrier())
}

// commit commits the last checkpoint.
func (w *writers) commit() {
	w.t.Helper()
	w.commitTo(w.last)
}

func (w *writers) commitTo(checkpoint int64) {
	w.t.Helper()
	if err := w.w.Commit(checkpoint); err != nil {
		w.t.Fatalf("Commit: %v", err)
	}
}

func (w *writers) close() {
	w.t.Helper()
	if err := w.w.Close(); err != nil {
		w.t.Fatalf("Close: %v", err)
	}
	w.w = nil
}

// expect compares what can be seen with the rows of these numbers, whatever their order.
func (w *writers) expect(numbers ...int) {
	w.t.Helper()
	var want []string
	for _, n := range numbers {
		want = append(want, w.Want(n))
	}
	got := slices.Clone(w.Contents(w.t, w.env))
	slices.Sort(want)
	slices.Sort(got)
	if !w.ExactlyOnce {
		got = slices.Compact(got)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("rows that can be seen (- missing, + too many): %s", diff)
	}
}
