package exchange

import (
	"fmt"
	"slices"
	"testing"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

var schema = types.NewSchema(types.Field{Name: "k", Type: types.BigIntType}, types.Field{Name: "s", Type: types.StringType})

func nothing() {}

func queues(n int) []*Queue {
	all := make([]*Queue, n)
	for i := range all {
		all[i] = NewQueue(schema, 2, nothing, nothing)
	}
	return all
}

func rows(keys ...int64) *types.Batch {
	b := types.NewBatch(schema)
	for _, k := range keys {
		b.Cols[0].AppendValue(k)
		b.Cols[1].AppendValue(fmt.Sprint("row ", k))
		b.AppendKind(types.Insert)
	}
	return b
}

// read takes everything from a queue: rows by their key, other elements by their kind.
func read(t *testing.T, q *Queue) (out []string) {
	t.Helper()
	for {
		e, ok := q.pop()
		if !ok {
			return out
		}
		if e.kind != Batch {
			out = append(out, fmt.Sprintf("%d:%d", e.kind, e.value))
			continue
		}
		for i := range e.batch.N {
			k := e.batch.Cols[0].I64[i]
			if got := e.batch.Cols[1].Str(i); got != fmt.Sprint("row ", k) {
				t.Errorf("row %d came with %q", k, got)
			}
			out = append(out, fmt.Sprint(e.batch.Kind(i), k))
		}
		q.recycle(e.batch)
	}
}

// Rows go to the subtask that owns their key group, also those of a selection, in order and with their kinds.
func TestHash(t *testing.T) {
	for _, size := range []int{1, 3, 100} {
		qs := queues(3)
		s := NewSender(physical.Hash, []int{0}, size, qs)
		want := make([][]string, 3)
		expect := func(k int64, kind types.RowKind) {
			to := state.Subtask(state.KeyGroup(state.HashInt64(k)), 3)
			want[to] = append(want[to], fmt.Sprint(kind, k))
		}
		all := rows(1, 2, 3, 4, 5, 6, 7, 8)
		for k := range int64(8) {
			expect(k+1, types.Insert)
		}
		s.Send(all)
		all.Kinds = []types.RowKind{0, 1, 2, 3, 0, 1, 2, 3}
		all.Sel = []int32{1, 3, 7}
		for _, i := range all.Sel {
			expect(int64(i)+1, all.Kinds[i])
		}
		s.Send(all)
		s.Flush()
		for i, q := range qs {
			if got := read(t, q); !slices.Equal(got, want[i]) {
				t.Errorf("batches of %d: subtask %d got %v, want %v", size, i, got, want[i])
			}
		}
	}
}

func TestRebalanceAndBroadcast(t *testing.T) {
	qs := queues(2)
	s := NewSender(physical.Rebalance, nil, 2, qs)
	for k := range int64(5) {
		s.Send(rows(k))
	}
	s.Flush()
	if a, b := read(t, qs[0]), read(t, qs[1]); !slices.Equal(a, []string{"+I 0", "+I 1", "+I 4"}) || !slices.Equal(b, []string{"+I 2", "+I 3"}) {
		t.Errorf("rebalance gave %v and %v", a, b)
	}
	s = NewSender(physical.Broadcast, nil, 10, qs)
	s.Send(rows(1, 2))
	s.Tell(Watermark, 5)
	for _, q := range qs {
		if got := read(t, q); !slices.Equal(got, []string{"+I 1", "+I 2", "1:5"}) {
			t.Errorf("broadcast gave %v", got)
		}
	}
}

// A full queue makes its sender wait until half of it is free, and wakes it then; what is pushed anyway is kept.
func TestFull(t *testing.T) {
	woken := 0
	q := NewQueue(schema, 4, func() { woken++ }, nothing)
	s := NewSender(physical.Single, nil, 1, []*Queue{q})
	for k := range int64(4) {
		if s.Full() {
			t.Fatalf("full after %d batches", k)
		}
		s.Send(rows(k))
	}
	if !s.Full() {
		t.Fatal("not full with four batches")
	}
	s.Send(rows(4))
	for k, want := range []int{0, 0, 1, 1, 1} {
		if _, ok := q.pop(); !ok || woken != want {
			t.Errorf("after %d batches were taken the sender was woken %d times, want %d", k+1, woken, want)
		}
	}
	if s.Full() {
		t.Error("still full when empty")
	}
}

// In the steady state batches go round.
func TestNoAllocation(t *testing.T) {
	q := NewQueue(schema, 4, nothing, nothing)
	s := NewSender(physical.Single, nil, 4, []*Queue{q})
	r := NewReceiver([]*Queue{q}, []int{0})
	b := rows(1, 2, 3, 4)
	w := int64(0)
	round := func() {
		s.Send(b)
		w++
		s.Tell(Watermark, w)
		for {
			e, ok := r.Next()
			if !ok {
				break
			}
			if e.Kind == Batch {
				r.Done(e)
			}
		}
	}
	round()
	if n := testing.AllocsPerRun(100, round); n > 0 {
		t.Errorf("%v allocations per batch", n)
	}
}

// A channel is held back from its barrier on until the others have brought theirs, or have ended.
func TestAlignment(t *testing.T) {
	qs := queues(3)
	var senders []*Sender
	for _, q := range qs {
		senders = append(senders, NewSender(physical.Single, nil, 1, []*Queue{q}))
	}
	r := NewReceiver(qs, []int{0, 0, 1})
	next := func(want string) {
		t.Helper()
		e, ok := r.Next()
		got := "none"
		if ok {
			got = fmt.Sprintf("%d:%d", e.Kind, e.Value)
			if e.Kind == Batch {
				got = fmt.Sprintf("row %d of input %d", e.Batch.Cols[0].I64[0], e.Input)
				r.Done(e)
			}
		}
		if got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	barrier := fmt.Sprintf("%d:7", Barrier)
	senders[0].Tell(Barrier, 7)
	senders[0].Send(rows(10))
	senders[1].Send(rows(11))
	senders[1].Tell(Barrier, 7)
	senders[2].Send(rows(12))
	next("row 11 of input 0")
	next("row 12 of input 1")
	next("none")
	senders[2].Tell(End, Natural)
	next(barrier)
	next("row 10 of input 0")
	senders[0].Tell(End, Natural)
	senders[1].Tell(Barrier, 8)
	next(fmt.Sprintf("%d:8", Barrier))
	senders[1].Tell(End, Drained)
	next(fmt.Sprintf("%d:%d", End, Drained))
	next("none")
}

// The hashes that rows are divided by go along with a text key, for the operator behind to use: NULLs and rows that don't
// count make no difference, and a batch that is used again has its own.
func TestHashesGoAlong(t *testing.T) {
	for _, n := range []int{2, 3} {
		qs := queues(n)
		s := NewSender(physical.Hash, []int{1}, 8, qs)
		r := NewReceiver(qs, make([]int, n))
		seen := 0
		for turn := range 20 {
			b := types.NewBatch(schema)
			for i := range 10 {
				b.Cols[0].AppendValue(int64(i))
				if (i+turn)%4 == 0 {
					b.Cols[1].AppendNull()
				} else {
					b.Cols[1].AppendString(fmt.Sprint("key ", turn*i))
				}
				b.AppendKind(types.Insert)
			}
			if turn%2 == 0 {
				b.Sel = []int32{0, 3, 4, 5, 9}
			}
			s.Send(b)
			s.Flush()
			for {
				e, ok := r.Next()
				if !ok {
					break
				}
				v := e.Batch.Cols[1]
				plain := types.NewVector(v.Type)
				plain.AppendRange(v, 0, v.N)
				var hasher state.KeyHasher
				if want := hasher.HashColumns([]*types.Vector{plain}, nil, v.N); !slices.Equal(v.Hashes, want) {
					t.Fatalf("%d targets, batch %d: hashes %x, want %x", n, turn, v.Hashes, want)
				}
				seen += v.N
				r.Done(e)
			}
		}
		if seen != 10*10+10*5 {
			t.Errorf("%d rows arrived", seen)
		}
	}
}
