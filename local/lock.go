package local

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// InUseError says that another server has the directory.
type InUseError struct {
	Dir    string
	Holder Info // the zero Info if the holder has not yet written who it is
}

func (e *InUseError) Error() string {
	if e.Holder.PID == 0 {
		return fmt.Sprintf("data directory %s is in use by another process", e.Dir)
	}
	return fmt.Sprintf("data directory %s is in use by process %d, which serves Kinesis at %s and SNS at %s; use those endpoints, stop that process, or choose another directory",
		e.Dir, e.Holder.PID, e.Holder.KinesisEndpoint, e.Holder.SNSEndpoint)
}

// prepareDir makes the directory and returns its one true path: the lock is by path within a process.
func prepareDir(dir string) (string, error) {
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		return "", fmt.Errorf("make the data directory: %w", err)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// lockDir takes the directory for this process. The operating system releases the lock with the process, however it dies.
func lockDir(dir string) (*pebble.Lock, error) {
	lock, err := pebble.LockDirectory(filepath.Join(dir, "data"), vfs.Default)
	if err == nil {
		// What a killed server left behind must not be taken for this one's while it starts.
		return lock, removeInfo(dir)
	}
	if info, ok := readInfo(dir); ok {
		return nil, &InUseError{dir, info}
	}
	return nil, fmt.Errorf("%w: %w", &InUseError{Dir: dir}, err)
}
