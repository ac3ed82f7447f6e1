package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// FS is a place where checkpoints are. Names are relative, with slashes. Methods may be called from any goroutine. Errors
// name the file and what was tried; they wrap fs.ErrNotExist and fs.ErrExist where that is the reason.
type FS interface {
	// MakeDir makes a folder and those above it, and fails when it can't be written to. The folder of a file comes into
	// being with it, but those above must be there: what is unmounted while a job runs isn't written to the disk below.
	MakeDir(dir string) error
	// Create begins a file that doesn't exist.
	Create(name string) (Output, error)
	// Open reads a file from its beginning.
	Open(name string) (io.ReadCloser, error)
	// List returns what is directly in a folder, in any order; nothing when there is no such folder.
	List(dir string) ([]Info, error)
	// Publish writes a small file at once: readers see all of it or none, and it survives a power failure when Publish
	// returns nil. After an error it may be there or not, but never in part.
	Publish(name string, data []byte) error
	// Remove removes a file if it is there.
	Remove(name string) error
	// RemoveAll removes a folder and what is in it, if it is there.
	RemoveAll(dir string) error
	// String is the URI of the place, as Resolve takes it.
	String() string
}

// Output is a file that is being written, by one goroutine.
type Output interface {
	io.Writer
	// Close ends the file. It survives a power failure when Close returns nil; after an error it is of no use.
	Close() error
	// Abort removes what has been written. It may follow an error of Write or Close, or Close; then it does nothing.
	Abort()
}

// Info is what List says of a file or folder.
type Info struct {
	Name string // without the folder
	Dir  bool
	Size int64 // of a file
}

// schemes are kinds of places besides those that Resolve knows itself.
var schemes sync.Map // of func(rest string) (FS, error), by scheme

// Register makes Resolve call open for URIs of another scheme, with what is behind scheme://. Tests keep checkpoints in
// memory by it.
func Register(scheme string, open func(rest string) (FS, error)) { schemes.Store(scheme, open) }

// Resolve returns the place that a URI names: a directory (a path or file:///path), s3://bucket/prefix, or one of a
// registered scheme.
func Resolve(uri string) (FS, error) {
	scheme, rest, found := strings.Cut(uri, "://")
	if !found {
		if uri == "" {
			return nil, errors.New("the directory of checkpoints is empty; give a path or s3://bucket/prefix")
		}
		return Dir(uri), nil
	}
	switch strings.ToLower(scheme) {
	case "file":
		if !strings.HasPrefix(rest, "/") {
			return nil, fmt.Errorf("%q names a host; give file:///path or a plain path", uri)
		}
		return Dir(rest), nil
	case "s3", "s3a", "s3p": // Flink has two implementations of S3 with schemes of their own
		bucket, prefix, _ := strings.Cut(rest, "/")
		return newS3(bucket, prefix)
	}
	if open, ok := schemes.Load(scheme); ok {
		return open.(func(string) (FS, error))(rest)
	}
	return nil, fmt.Errorf("checkpoints can't be kept at %q: the scheme must be file:// or s3://", uri)
}

// uri is the name of a file for messages and users.
func uri(fsys FS, name string) string {
	return strings.TrimSuffix(fsys.String(), "/") + "/" + name
}
