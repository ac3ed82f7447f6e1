package checkpoint_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/checkpoint/faultfs"
	"github.com/weirsql/weir/runtime/clock"
)

func left(t *testing.T, mem *faultfs.Mem, want ...string) {
	t.Helper()
	var full []string
	for _, w := range want {
		full = append(full, "job/"+w)
	}
	if names := mem.Names(); !slices.Equal(names, full) {
		t.Fatalf("there are %v, want %v", names, full)
	}
}

// The newest complete checkpoints stay, and of older ones what these build on; remains go.
func TestRetire(t *testing.T) {
	mem := faultfs.NewMem()
	s := store(t, mem)
	take(t, s, 1000) // chk-1
	first, err := checkpoint.OpenIn(mem, "job/chk-1")
	if err != nil {
		t.Fatal(err)
	}
	base := first.Operator("b").Subtasks[0].Parts
	p, err := s.Begin(s.NextID(), epoch) // chk-2 builds on it
	if err != nil {
		t.Fatal(err)
	}
	all := subtasks(t, p, 1)
	all[1].Parts = append(slices.Clone(base), all[1].Parts...)
	if _, _, err := p.Publish(false, all); err != nil {
		t.Fatal(err)
	}
	retire := func(n int) {
		t.Helper()
		if err := s.Retire(n); err != nil {
			t.Fatal(err)
		}
	}
	retire(1)
	left(t, mem, "chk-1/op-0001-00.state", "chk-2/manifest.json")
	// Another process goes on, and finds remains.
	mem.Put("job/chk-3/op-0000-00.state", []byte("half"))
	mem.Put("job/chk-3/manifest.json.tmp", []byte("half"))
	s = store(t, mem)
	left(t, mem, "chk-1/op-0001-00.state", "chk-2/manifest.json")
	take(t, s, 1) // chk-4
	retire(2)
	left(t, mem, "chk-1/op-0001-00.state", "chk-2/manifest.json", "chk-4/manifest.json")
	// One that is under way may build on what it found, and its files aren't remains.
	p, err = s.Begin(s.NextID(), epoch) // chk-5
	if err != nil {
		t.Fatal(err)
	}
	f, err := part(p, "op", 0, 1, numbered(1000))
	if err != nil {
		t.Fatal(err)
	}
	retire(1)
	left(t, mem, "chk-1/op-0001-00.state", "chk-4/manifest.json", "chk-5/op-0000-00.state")
	parts := append(slices.Clone(base), f)
	if _, _, err := p.Publish(false, []checkpoint.Subtask{{ID: "op", Name: "Op", Parallelism: 1, Parts: parts}}); err != nil {
		t.Fatal(err)
	}
	retire(1)
	left(t, mem, "chk-1/op-0001-00.state", "chk-5/manifest.json", "chk-5/op-0000-00.state")
	take(t, s, 1) // chk-6
	retire(1)
	left(t, mem, "chk-6/manifest.json")
	retire(0)
	left(t, mem)
}

// What couldn't be removed is removed next time.
func TestRetireAgain(t *testing.T) {
	mem := faultfs.NewMem()
	broken := &unremovable{FS: mem}
	s := store(t, broken)
	for range 3 {
		take(t, s, 1000)
	}
	broken.broken = true
	if err := s.Retire(1); err == nil || !strings.Contains(err.Error(), "mem:/job/chk-1") || !strings.Contains(err.Error(), "mem:/job/chk-2") {
		t.Errorf("got %v", err)
	}
	broken.broken = false
	if err := s.Retire(1); err != nil {
		t.Fatal(err)
	}
	left(t, mem, "chk-3/manifest.json", "chk-3/op-0001-00.state")
}

// unremovable is a place where nothing can be removed for a while.
type unremovable struct {
	checkpoint.FS
	broken bool
}

func (u *unremovable) Remove(name string) error {
	if u.broken {
		return errors.New("read-only")
	}
	return u.FS.Remove(name)
}

// A checkpoint that fails leaves nothing, whatever fails, also when parts are still being written when it is given up.
func TestFailed(t *testing.T) {
	for _, kind := range []faultfs.Kind{faultfs.WriteError, faultfs.NoSpace, faultfs.CloseError, faultfs.PublishLost, faultfs.PublishDone} {
		mem := faultfs.NewMem()
		s := store(t, mem)
		take(t, s, 1)
		s, err := checkpoint.NewStoreIn(faultfs.New(mem, clock.Real{}, 1, faultfs.Plan{Chance: map[faultfs.Kind]float64{kind: 1}}), "job", "")
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Begin(s.NextID(), epoch)
		if err != nil {
			t.Fatal(err)
		}
		f, err := part(p, "op", 0, 1, numbered(1000))
		if err == nil {
			_, _, err = p.Publish(false, []checkpoint.Subtask{{ID: "op", Name: "Op", Parallelism: 1, Parts: []checkpoint.File{f}}})
		} else {
			p.Abort()
		}
		if err == nil || !strings.Contains(err.Error(), "write checkpoint mem:/job/chk-2: ") {
			t.Errorf("%s: got %v", kind, err)
		}
		left(t, mem, "chk-1/manifest.json")
	}

	mem := faultfs.NewMem()
	s := store(t, mem)
	p, err := s.Begin(s.NextID(), epoch)
	if err != nil {
		t.Fatal(err)
	}
	open := p.Part("op", "Op", 0, 1)
	block := make([]byte, 64<<10)
	if err := open.Write(block, 1); err != nil {
		t.Fatal(err)
	}
	p.Abort()
	if err := open.Write(block, 1); !errors.Is(err, checkpoint.ErrAborted) {
		t.Errorf("written after the end: %v", err)
	}
	if f, err := open.Close(); !errors.Is(err, checkpoint.ErrAborted) {
		t.Errorf("closed after the end: %v, %v", f, err)
	}
	if _, _, err := p.Publish(false, nil); !errors.Is(err, checkpoint.ErrAborted) {
		t.Errorf("published after the end: %v", err)
	}
	left(t, mem)
}

// A checkpoint whose Publish failed after it took effect is taken back; if not all of it can be removed, what is left doesn't
// look whole.
func TestTakenBack(t *testing.T) {
	mem := faultfs.NewMem()
	lost := faultfs.New(mem, clock.Real{}, 1, faultfs.Plan{Chance: map[faultfs.Kind]float64{faultfs.PublishDone: 1}})
	s := store(t, keepsFolders{lost})
	p, err := s.Begin(s.NextID(), epoch)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Publish(false, subtasks(t, p, 1000)); err == nil {
		t.Fatal("published")
	}
	left(t, mem, "chk-1/op-0001-00.state")
}

// keepsFolders is a place where no folder can be removed.
type keepsFolders struct{ checkpoint.FS }

func (keepsFolders) RemoveAll(string) error { return errors.New("busy") }

// Numbers are used once.
func TestBegin(t *testing.T) {
	s := store(t, faultfs.NewMem())
	take(t, s, 1)
	for _, id := range []int64{-1, 0, 1, 2} {
		if _, err := s.Begin(id, epoch); err == nil {
			t.Errorf("number %d could be used", id)
		}
	}
}

// The parts of a checkpoint are written from many goroutines.
func TestParallelParts(t *testing.T) {
	mem := faultfs.NewMem()
	s := store(t, mem)
	p, err := s.Begin(s.NextID(), epoch)
	if err != nil {
		t.Fatal(err)
	}
	const n = 16
	type result struct {
		i   int
		f   checkpoint.File
		err error
	}
	results := make(chan result)
	for i := range n {
		go func() {
			f, err := part(p, fmt.Sprint("op", i%2), i/2, n/2, numbered(500+i))
			results <- result{i, f, err}
		}()
	}
	all := make([]checkpoint.Subtask, n)
	for range n {
		r := <-results
		if r.err != nil {
			t.Fatal(r.err)
		}
		all[r.i] = checkpoint.Subtask{ID: fmt.Sprint("op", r.i%2), Name: "Op", Subtask: r.i / 2, Parallelism: n / 2, Parts: []checkpoint.File{r.f}}
	}
	uri, size, err := p.Publish(false, all)
	if err != nil {
		t.Fatal(err)
	}
	var total int64
	for _, name := range mem.Names() {
		data, _ := mem.Get(name)
		total += int64(len(data))
	}
	if size != total {
		t.Errorf("%s has %d bytes, %d are said", uri, total, size)
	}
	c, err := checkpoint.OpenIn(mem, "job/chk-1")
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if got := len(entries(t, c, fmt.Sprint("op", i%2))[i/2]); got != 501+i {
			t.Errorf("part %d has %d entries", i, got)
		}
	}
}
