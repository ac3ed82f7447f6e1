package service

import (
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// unsynced is a file system on which a write-ahead log is in the hands of the operating system, and not yet on the disk, when
// Sync returns. Pebble's own NoSync keeps the log's end in the process, with which it would die. A log that is complete is
// synced when it is closed: Pebble takes only the end of its last log for one that may be torn.
type unsynced struct{ vfs.FS }

// Create implements vfs.FS.
func (u unsynced) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := u.FS.Create(name, category)
	return unsyncedLog(name, f, err)
}

// ReuseForWrite implements vfs.FS.
func (u unsynced) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := u.FS.ReuseForWrite(from, to, category)
	return unsyncedLog(to, f, err)
}

// Unwrap implements vfs.FS.
func (u unsynced) Unwrap() vfs.FS { return u.FS }

func unsyncedLog(name string, f vfs.File, err error) (vfs.File, error) {
	if err != nil || !strings.HasSuffix(name, ".log") {
		return f, err
	}
	return &unsyncedFile{f}, nil
}

type unsyncedFile struct{ vfs.File }

func (*unsyncedFile) Sync() error                { return nil }
func (*unsyncedFile) SyncData() error            { return nil }
func (*unsyncedFile) SyncTo(int64) (bool, error) { return false, nil }

// Close implements vfs.File.
func (f *unsyncedFile) Close() error {
	err := f.File.SyncData()
	if e := f.File.Close(); err == nil {
		err = e
	}
	return err
}
