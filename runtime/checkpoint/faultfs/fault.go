package faultfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/clock"
)

// ErrPower is what every call gets from the moment at which the power is lost.
var ErrPower = errors.New("the power is lost (injected)")

// Kind is a kind of fault.
type Kind string

const (
	WriteError  Kind = "write error"            // a Write takes some of the bytes and fails
	NoSpace     Kind = "no space"               // the same with ENOSPC, and all writes fail until something is removed
	CloseError  Kind = "fsync error"            // a Close fails; the file may be there in part
	PublishLost Kind = "publish failed"         // a Publish fails and has done nothing
	PublishDone Kind = "publish answer lost"    // a Publish fails though it has taken effect
	ReadError   Kind = "read error"             // a Read fails; the next attempt may succeed
	Slow        Kind = "slow write"             // a Write, Close or Publish takes up to Plan.SlowFor
	Torn        Kind = "torn file"              // a file that was called safe is cut when the power is lost: the disk lied
	Unclosed    Kind = "unclosed file at crash" // lost or torn, as is right for a file that nobody was told is safe
	Crash       Kind = "crash"                  // the power is lost: every later call fails
)

// Plan says which faults are injected.
type Plan struct {
	// Chance is how likely a fault is, from 0 to 1, at each call that it can happen to; for Torn at each file when the
	// power is lost. Unclosed and Crash follow CrashAt.
	Chance map[Kind]float64
	// SlowFor is the longest that a slow call takes.
	SlowFor time.Duration
	// CrashAt is the number of the call, from 1, at which the power is lost; the call may have taken effect. 0: never.
	CrashAt int
}

// FS is a place for checkpoints with faults. After a crash it is of no use any more; what survived is in the place it was
// made over. For the same seed, plan and calls the faults are the same. Methods may be called from any goroutine.
type FS struct {
	base  checkpoint.FS
	clock clock.Clock
	plan  Plan

	mu       sync.Mutex
	rnd      *rand.Rand
	calls    int
	dead     bool
	full     bool
	open     []*output
	safe     []string // files that were called safe, in order
	injected map[Kind]int
}

var _ checkpoint.FS = (*FS)(nil)

// New returns base with faults; slow calls wait on the clock.
func New(base checkpoint.FS, c clock.Clock, seed uint64, plan Plan) *FS {
	return &FS{base: base, clock: c, plan: plan, rnd: rand.New(rand.NewPCG(seed, 0xfa017)), injected: map[Kind]int{}}
}

// Calls is the number of calls so far.
func (f *FS) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// Crashed reports whether the power is lost.
func (f *FS) Crashed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead
}

// Injected counts the faults by kind.
func (f *FS) Injected() map[Kind]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.injected)
}

// Crash loses the power now.
func (f *FS) Crash() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.dead {
		f.crash()
	}
}

// String implements checkpoint.FS.
func (f *FS) String() string { return f.base.String() }

// happens draws whether a fault of a kind comes now.
func (f *FS) happens(k Kind) bool {
	p := f.plan.Chance[k]
	if p <= 0 || f.rnd.Float64() >= p {
		return false
	}
	f.injected[k]++
	return true
}

// call runs one call on the base: do, unless the power goes before it.
func (f *FS) call(do func() error) error {
	if f.dead {
		return ErrPower
	}
	if f.calls++; f.calls != f.plan.CrashAt {
		return do()
	}
	if f.rnd.IntN(2) == 0 {
		do() // it took effect, and nobody got to know
	}
	f.crash()
	return ErrPower
}

// slow waits if the call is a slow one.
func (f *FS) slow() {
	f.mu.Lock()
	var d time.Duration
	if !f.dead && f.happens(Slow) {
		d = time.Duration(f.rnd.Int64N(int64(f.plan.SlowFor) + 1))
	}
	f.mu.Unlock()
	if d > 0 {
		clock.Sleep(context.Background(), f.clock, d) // it has no other end
	}
}

// crash does to the files what a loss of power may do. Nothing is said of failures: the base is the test's own.
func (f *FS) crash() {
	f.dead = true
	f.injected[Crash]++
	for _, o := range f.open {
		f.injected[Unclosed]++
		o.base.Abort()
		if f.rnd.IntN(2) == 0 {
			f.rewrite(o.name, o.written[:f.rnd.IntN(len(o.written)+1)])
		}
	}
	for _, name := range f.safe {
		if f.happens(Torn) {
			r, err := f.base.Open(name)
			if err != nil {
				continue
			}
			data, err := io.ReadAll(r)
			if r.Close(); err != nil || len(data) == 0 {
				continue
			}
			f.base.Remove(name)
			f.rewrite(name, data[:f.rnd.IntN(len(data))])
		}
	}
}

func (f *FS) rewrite(name string, data []byte) {
	if o, err := f.base.Create(name); err == nil {
		o.Write(data)
		o.Close()
	}
}

// MakeDir implements checkpoint.FS.
func (f *FS) MakeDir(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.call(func() error { return f.base.MakeDir(dir) })
}

// Create implements checkpoint.FS.
func (f *FS) Create(name string) (checkpoint.Output, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := &output{f: f, name: name}
	err := f.call(func() (err error) {
		if o.base, err = f.base.Create(name); err == nil {
			f.open = append(f.open, o)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return o, nil
}

type output struct {
	f       *FS
	name    string
	base    checkpoint.Output
	written []byte
}

// Write implements checkpoint.Output.
func (o *output) Write(p []byte) (n int, err error) {
	f := o.f
	f.slow()
	f.mu.Lock()
	defer f.mu.Unlock()
	err = f.call(func() error {
		fault := f.writeFault(o.name)
		n = len(p)
		if fault != nil {
			n = f.rnd.IntN(len(p) + 1)
		}
		o.written = append(o.written, p[:n]...)
		if n, err := o.base.Write(p[:n]); err != nil {
			return errors.Join(err, io.ErrShortWrite, fmt.Errorf("after %d bytes", n))
		}
		return fault
	})
	if err != nil && f.dead {
		n = 0
	}
	return n, err
}

func (f *FS) writeFault(name string) error {
	if f.full || f.happens(NoSpace) {
		f.full = true
		return &fs.PathError{Op: "write", Path: name, Err: syscall.ENOSPC}
	}
	if f.happens(WriteError) {
		return &fs.PathError{Op: "write", Path: name, Err: errors.New("input/output error (injected)")}
	}
	return nil
}

// Close implements checkpoint.Output.
func (o *output) Close() error {
	f := o.f
	f.slow()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.call(func() error {
		if f.happens(CloseError) {
			return &fs.PathError{Op: "fsync", Path: o.name, Err: errors.New("input/output error (injected)")}
		}
		err := o.base.Close()
		if err == nil {
			o.forget()
			f.safe = append(f.safe, o.name)
		}
		return err
	})
}

// Abort implements checkpoint.Output.
func (o *output) Abort() {
	f := o.f
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(f.open, o) {
		return
	}
	f.call(func() error {
		o.base.Abort()
		o.forget()
		f.full = false
		return nil
	})
}

func (o *output) forget() {
	o.f.open = slices.DeleteFunc(o.f.open, func(other *output) bool { return other == o })
}

// Open implements checkpoint.FS.
func (f *FS) Open(name string) (r io.ReadCloser, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	err = f.call(func() error {
		r, err = f.base.Open(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &input{f, name, r}, nil
}

type input struct {
	f    *FS
	name string
	base io.ReadCloser
}

// Read implements io.Reader. It isn't counted as a call.
func (i *input) Read(p []byte) (int, error) {
	i.f.mu.Lock()
	defer i.f.mu.Unlock()
	if i.f.dead {
		return 0, ErrPower
	}
	if i.f.happens(ReadError) {
		return 0, &fs.PathError{Op: "read", Path: i.name, Err: errors.New("connection reset (injected)")}
	}
	return i.base.Read(p)
}

// Close implements io.Closer.
func (i *input) Close() error { return i.base.Close() }

// List implements checkpoint.FS.
func (f *FS) List(dir string) (infos []checkpoint.Info, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	err = f.call(func() error {
		infos, err = f.base.List(dir)
		return err
	})
	if err != nil {
		return nil, err
	}
	return infos, nil
}

// Publish implements checkpoint.FS.
func (f *FS) Publish(name string, data []byte) error {
	f.slow()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.call(func() error {
		if err := f.writeFault(name); err != nil {
			return err
		}
		if f.happens(PublishLost) {
			return &fs.PathError{Op: "publish", Path: name, Err: errors.New("input/output error (injected)")}
		}
		err := f.base.Publish(name, data)
		if err == nil {
			f.safe = append(f.safe, name)
			if f.happens(PublishDone) {
				return &fs.PathError{Op: "publish", Path: name, Err: errors.New("connection reset (injected)")}
			}
		}
		return err
	})
}

// Remove implements checkpoint.FS.
func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.call(func() error {
		f.full = false
		return f.base.Remove(name)
	})
}

// RemoveAll implements checkpoint.FS.
func (f *FS) RemoveAll(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.call(func() error {
		f.full = false
		return f.base.RemoveAll(dir)
	})
}
