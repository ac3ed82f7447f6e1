// Package faultfs is storage for tests: a place for checkpoints in memory (Mem), and one that does to another what
// disks and networks do on bad days (FS), the same for the same seed.
package faultfs

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/weirsql/weir/runtime/checkpoint"
)

// Mem is a place for checkpoints in memory. What is being written can be seen, as in a directory; it stays when nobody
// ends it, as after the death of a process. Methods may be called from any goroutine.
type Mem struct {
	mu    sync.Mutex
	files map[string]*memFile
}

type memFile struct{ data []byte }

var _ checkpoint.FS = (*Mem)(nil)

// NewMem returns an empty place.
func NewMem() *Mem { return &Mem{files: map[string]*memFile{}} }

// String implements checkpoint.FS.
func (m *Mem) String() string { return "mem:" }

// MakeDir implements checkpoint.FS: folders are there by themselves.
func (m *Mem) MakeDir(string) error { return nil }

// Names returns the names of all files, sorted.
func (m *Mem) Names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.files))
}

// Get returns a copy of a file's bytes; false if there is no such file.
func (m *Mem) Get(name string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.files[name]
	if f == nil {
		return nil, false
	}
	return bytes.Clone(f.data), true
}

// Put sets a file's bytes, of which it keeps a copy.
func (m *Mem) Put(name string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[name] = &memFile{bytes.Clone(data)}
}

// Open implements checkpoint.FS.
func (m *Mem) Open(name string) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.files[name]
	if f == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return io.NopCloser(bytes.NewReader(f.data)), nil // bytes are only appended behind these
}

// Create implements checkpoint.FS.
func (m *Mem) Create(name string) (checkpoint.Output, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.files[name] != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	o := &memOutput{m: m, name: name, f: &memFile{}}
	m.files[name] = o.f
	return o, nil
}

type memOutput struct {
	m      *Mem
	name   string
	f      *memFile
	closed bool
}

// Write implements checkpoint.Output.
func (o *memOutput) Write(p []byte) (int, error) {
	o.m.mu.Lock()
	defer o.m.mu.Unlock()
	if o.closed {
		return 0, fs.ErrClosed
	}
	o.f.data = append(o.f.data, p...)
	return len(p), nil
}

// Close implements checkpoint.Output. A file that was removed in the meantime is gone, as in a directory.
func (o *memOutput) Close() error {
	o.m.mu.Lock()
	defer o.m.mu.Unlock()
	if o.closed {
		return fs.ErrClosed
	}
	o.closed = true
	return nil
}

// Abort implements checkpoint.Output.
func (o *memOutput) Abort() {
	o.m.mu.Lock()
	defer o.m.mu.Unlock()
	if !o.closed && o.m.files[o.name] == o.f {
		delete(o.m.files, o.name)
	}
	o.closed = true
}

// List implements checkpoint.FS, in the order of names.
func (m *Mem) List(dir string) ([]checkpoint.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var infos []checkpoint.Info
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		rest, ok := name, true
		if dir != "." {
			rest, ok = strings.CutPrefix(name, dir+"/")
		}
		if !ok {
			continue
		}
		first, _, below := strings.Cut(rest, "/")
		if below {
			if n := len(infos); n == 0 || infos[n-1].Name != first {
				infos = append(infos, checkpoint.Info{Name: first, Dir: true})
			}
		} else {
			infos = append(infos, checkpoint.Info{Name: first, Size: int64(len(m.files[name].data))})
		}
	}
	return infos, nil
}

// Publish implements checkpoint.FS.
func (m *Mem) Publish(name string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.files[name] != nil {
		return &fs.PathError{Op: "publish", Path: name, Err: fs.ErrExist}
	}
	m.files[name] = &memFile{bytes.Clone(data)}
	return nil
}

// Remove implements checkpoint.FS.
func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, name)
	return nil
}

// RemoveAll implements checkpoint.FS.
func (m *Mem) RemoveAll(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.files, func(name string, _ *memFile) bool { return strings.HasPrefix(name, dir+"/") })
	return nil
}
