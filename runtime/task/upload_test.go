package task

import (
	"errors"
	"testing"
	"time"

	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/checkpoint/faultfs"
	"github.com/weirsql/weir/runtime/clock"
)

// stuckFS is a place whose files take nothing until it is let go.
type stuckFS struct {
	*faultfs.Mem
	letGo chan struct{}
	panic bool
}

func (f *stuckFS) Create(name string) (checkpoint.Output, error) {
	out, err := f.Mem.Create(name)
	return &stuckFile{out, f}, err
}

type stuckFile struct {
	checkpoint.Output
	fs *stuckFS
}

func (f *stuckFile) Write(p []byte) (int, error) {
	<-f.fs.letGo
	if f.fs.panic {
		panic("a bug")
	}
	return f.Output.Write(p)
}

// newUpload returns an upload into a checkpoint in a place, and a channel that hears when the task would be woken.
func newUpload(t *testing.T, fs checkpoint.FS) (*upload, chan struct{}) {
	t.Helper()
	store, err := checkpoint.NewStoreIn(fs, "job", "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := store.Begin(store.NextID(), time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	woken := make(chan struct{}, 1)
	q := &uploads{clock: clock.Real{}, wake: func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	}}
	return &upload{queue: q, part: p.Part("op", "Op", 0, 1)}, woken
}

// What waits for a slow place is bounded: sweeping stops early, and the checkpoint is given up at last.
func TestSlowPlace(t *testing.T) {
	fs := &stuckFS{Mem: faultfs.NewMem(), letGo: make(chan struct{})}
	u, woken := newUpload(t, fs)
	block := make([]byte, 1<<20)
	for n := 1; !u.queue.isTooMuch(); n++ {
		u.write(block, 0)
		if full := u.queue.isFull(); full != (n >= uploadBytes>>20) {
			t.Fatalf("full=%v after %d MB", full, n)
		}
		if n > uploadMost>>20 {
			t.Fatalf("not too much after %d MB", n)
		}
	}
	u.abandon()
	close(fs.letGo)
	for u.queue.busy() {
		<-woken
	}
	if u.queue.isTooMuch() || u.queue.isFull() {
		t.Error("something still waits")
	}
	if _, done, err := u.result(); !done || !errors.Is(err, checkpoint.ErrAborted) {
		t.Errorf("done=%v, %v", done, err)
	}
}

// A panic in the storage of checkpoints fails the checkpoint and nothing else.
func TestPanickingPlace(t *testing.T) {
	fs := &stuckFS{Mem: faultfs.NewMem(), letGo: make(chan struct{}), panic: true}
	close(fs.letGo)
	u, woken := newUpload(t, fs)
	u.write(make([]byte, 1<<20), 0)
	u.end()
	for u.queue.busy() {
		<-woken
	}
	if _, done, err := u.result(); !done || err == nil {
		t.Errorf("done=%v, %v", done, err)
	}
}
