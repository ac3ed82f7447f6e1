package service

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Store is the services' shared key space on Pebble. Each service keeps to keys that begin with its own letter ('k'
// Kinesis, 'n' SNS).
//
// Durability: a batch is durable when Wait (or Commit) returns; in a store without sync it is then in the hands of the
// operating system. Concurrent batches share one fsync: Pebble's log writer flushes whatever has queued up meanwhile.
//
// When the disk is almost full, writes are ErrDiskFull, reads go on, and so do writes when there is room again: Pebble can't go
// on from a log that it could not write, and ends the process then, so it is not let come that far. The room kept free is for
// what it has in memory and for compactions, without which nothing is freed.
//
// Visibility comes earlier than durability: readers of DB see a batch as soon as Apply returns. A service that lets
// others act on what it stores must not show it before Wait returned.
type Store struct {
	DB  *pebble.DB
	log bool // there is a write-ahead log
	fs  vfs.FS
	dir string
}

// ErrDiskFull is what Apply and Commit return when the disk has no room to speak of.
var ErrDiskFull = errors.New("the disk is almost full: nothing more is written until there is room")

// spareBytes is how much of the disk is left free; leastBytes is what a deletion needs of it.
const (
	spareBytes = 128 << 20
	leastBytes = 4 << 20
)

// StoreOptions says how to open a store.
type StoreOptions struct {
	FS   vfs.FS
	Dir  string
	Lock *pebble.Lock // already held on Dir, or nil
	// NoSync acknowledges when the operating system has the bytes and before they are on disk: a crash of the machine, not of
	// the process, may lose the last writes.
	NoSync bool
	// NoLog keeps no write-ahead log at all: for file systems that die with the process.
	NoLog bool
}

// Memory stays small on purpose: a lab of six streams shares a process with the engine. Blocks read back are few and
// recent (readers follow writers), so a small cache does. Memtables are allocated outside of Go, from as many arenas of the C
// library as there are threads that ask, and freed ones stay with their arena: with 8 MB, a process that held 16 MB of them grew
// by 60 MB in an hour of slow writes; with 2 MB it stops at 45.
const (
	cacheBytes    = 4 << 20
	memTableBytes = 2 << 20
	// freeAfter is how long a deletion may stay in memory, where it frees nothing on the disk.
	freeAfter = time.Second
)

// OpenStore opens or creates the store.
func OpenStore(o StoreOptions) (*Store, error) {
	disk := o.FS
	if o.NoSync {
		disk = unsynced{disk}
	}
	opts := &pebble.Options{
		FS:                          disk,
		Lock:                        o.Lock,
		CacheSize:                   cacheBytes,
		MemTableSize:                memTableBytes,
		MemTableStopWritesThreshold: 3,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		MaxOpenFiles:                256,
		DisableWAL:                  o.NoLog,
		FlushDelayDeleteRange:       freeAfter,
		FormatMajorVersion:          pebble.FormatNewest,
		Logger:                      logger{},
	}
	db, err := pebble.Open(o.Dir, opts)
	if err != nil {
		return nil, fmt.Errorf("open the store in %s: %w", o.Dir, err)
	}
	return &Store{DB: db, log: !o.NoLog, fs: o.FS, dir: o.Dir}, nil
}

// Close flushes and closes the store. No request may be under way.
func (s *Store) Close() error { return s.DB.Close() }

// Apply makes the batch visible and queues it for the disk, in the order of the calls. On success Wait must follow,
// exactly once.
func (s *Store) Apply(b *pebble.Batch) error {
	return s.apply(b, spareBytes)
}

// apply leaves spare bytes of the disk free. File systems that can't tell have room; the answer takes about a microsecond.
func (s *Store) apply(b *pebble.Batch, spare uint64) error {
	if u, err := s.fs.GetDiskUsage(s.dir); err == nil && u.AvailBytes < spare {
		return ErrDiskFull
	}
	if s.log {
		return s.DB.ApplyNoSyncWait(b, pebble.Sync)
	}
	return s.DB.Apply(b, pebble.NoSync)
}

// Wait returns when the applied batch is durable, and closes it.
func (s *Store) Wait(b *pebble.Batch) error {
	var err error
	if s.log {
		err = b.SyncWait()
	}
	return errors.Join(err, b.Close())
}

// Commit is Apply and Wait.
func (s *Store) Commit(b *pebble.Batch) error {
	if err := s.Apply(b); err != nil {
		return errors.Join(err, b.Close())
	}
	return s.Wait(b)
}

// CommitFreeing is Commit for small batches that delete: they are what makes room on a full disk.
func (s *Store) CommitFreeing(b *pebble.Batch) error {
	if err := s.apply(b, leastBytes); err != nil {
		return errors.Join(err, b.Close())
	}
	return s.Wait(b)
}

// Get returns a copy of the value at key, or nil if there is none.
func (s *Store) Get(key []byte) ([]byte, error) {
	v, closer, err := s.DB.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v = append([]byte{}, v...)
	return v, closer.Close()
}

// Scan calls fn for every key with the prefix, in order, until fn returns an error. The slices are fn's until it returns.
func (s *Store) Scan(prefix []byte, fn func(key, value []byte) error) (err error) {
	it, err := s.DB.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: PrefixEnd(prefix)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.First(); it.Valid(); it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := fn(it.Key(), v); err != nil {
			return err
		}
	}
	return it.Error()
}

// PrefixEnd is the smallest key above all keys with the prefix, nil if there is none.
func PrefixEnd(prefix []byte) []byte {
	end := append([]byte{}, prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// logger keeps Pebble quiet except when it cannot go on, which it reports by Fatalf and expects not to return from:
// a failed write-ahead log, where carrying on would acknowledge records that are lost.
type logger struct{}

func (logger) Infof(string, ...any)  {}
func (logger) Errorf(string, ...any) {}
func (logger) Fatalf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "embedded server: the store cannot go on: "+format+"\n", args...)
	os.Exit(1)
}
