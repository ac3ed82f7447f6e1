package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// Memory is the limit on the state of all jobs of a process, and the disk that takes what is beyond it. Its methods may
// be called from any goroutine. A nil Memory has no limit.
//
// What counts is what keys and their state take up while they are in use; memory that has become free is used again, but
// not given back while a job runs. On disk there is a folder with a spillLog of each store, made when something is first put
// there and removed by Close: it is an extension of the memory and nothing that a restart would find.
type Memory struct {
	limit    int64
	dir      string
	used     atomic.Int64
	accounts atomic.Int64
	onDisk   atomic.Int64 // bytes, by what was written and taken back
	stores   atomic.Uint64

	mu     sync.Mutex
	path   string // of the folder, once it is there
	closed bool
}

// NewMemory returns a limit of so many bytes. What exceeds it goes to a folder that is made in dir.
func NewMemory(limit int64, dir string) *Memory { return &Memory{limit: limit, dir: dir} }

// Limit is the limit in bytes, Used what is in use of it, and Spilled what is on disk.
func (m *Memory) Limit() int64 { return m.limit }

// Used is how many bytes of state are in memory.
func (m *Memory) Used() int64 { return m.used.Load() }

// Spilled is how many bytes of state are on disk.
func (m *Memory) Spilled() int64 { return m.onDisk.Load() }

// folder returns where stores put what is beyond the limit; it is made when it is first asked for.
func (m *Memory) folder() (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return "", errors.New("keep state on disk: the process is ending")
	}
	if m.path != "" {
		return m.path, nil
	}
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return "", fmt.Errorf("keep state on disk: %w", err)
	}
	removeRemains(m.dir)
	path, err := os.MkdirTemp(m.dir, fmt.Sprintf("spill-%d-", os.Getpid()))
	if err != nil {
		return "", fmt.Errorf("keep state on disk: %w", err)
	}
	m.path = path
	return path, nil
}

// removeRemains removes what processes that were killed have left in dir.
func removeRemains(dir string) {
	folders, _ := filepath.Glob(filepath.Join(dir, "spill-*-*")) // the pattern is good
	for _, f := range folders {
		pid, err := strconv.Atoi(strings.Split(filepath.Base(f), "-")[1])
		if err != nil {
			continue
		}
		p, err := os.FindProcess(pid)
		if err == nil {
			err = p.Signal(syscall.Signal(0))
		}
		if errors.Is(err, os.ErrProcessDone) {
			os.RemoveAll(f) // best effort: it is tried again by the next process
		}
	}
}

func clamp(x, low, high int64) int64 { return max(low, min(x, high)) }

// Close removes what is on disk. No store may be in use.
func (m *Memory) Close() error {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	if m.path == "" {
		return nil
	}
	return os.RemoveAll(m.path)
}

// Account is the share of an operator instance in the memory. One goroutine uses it.
type Account struct {
	memory *Memory
	bytes  func() int // in use by the operator's stores and what belongs to them
	last   int64
	disk   int64
	stores []*Store // whose keys may leave memory
}

// Account opens an account; bytes tells what is in use. It returns nil for a nil Memory.
func (m *Memory) Account(bytes func() int) *Account {
	if m == nil {
		return nil
	}
	m.accounts.Add(1)
	return &Account{memory: m, bytes: bytes}
}

// Update counts again what is in use, and returns it.
func (a *Account) Update() int64 {
	if a == nil {
		return 0
	}
	now := int64(a.bytes())
	a.memory.used.Add(now - a.last)
	a.last = now
	return now
}

// Forget says that a store is not used any more.
func (a *Account) Forget(s *Store) {
	if a != nil {
		a.stores = slices.DeleteFunc(a.stores, func(x *Store) bool { return x == s })
	}
}

// Spilled is how many bytes of the account's state are on disk.
func (a *Account) Spilled() int64 {
	if a == nil {
		return 0
	}
	return a.disk
}

// Share is an equal share of the limit.
func (a *Account) Share() int64 { return a.memory.limit / max(1, a.memory.accounts.Load()) }

// surplus is how much of what the account had when it was updated last is beyond the limit and its share.
func (a *Account) surplus() int64 {
	return max(0, min(a.memory.used.Load()-a.memory.limit, a.last-a.Share()))
}

// over reports whether the account must make room before it grows by extra bytes: the limit is reached, and its own share
// is more than an equal one.
func (a *Account) over(extra int64) bool {
	m := a.memory
	return m.used.Load()+extra > m.limit && a.last+extra > a.Share()
}

func (a *Account) spilled(bytes int64) {
	a.disk += bytes
	a.memory.onDisk.Add(bytes)
}

// Close gives the share back.
func (a *Account) Close() {
	if a == nil {
		return
	}
	a.memory.used.Add(-a.last)
	a.memory.onDisk.Add(-a.disk)
	a.memory.accounts.Add(-1)
	a.last, a.disk = 0, 0
}
