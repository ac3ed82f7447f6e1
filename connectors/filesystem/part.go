package filesystem

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// partFile names a part file: its folder below the root of the table and its name once it is in sight.
type partFile struct {
	Folder string `json:"folder,omitempty"`
	Name   string `json:"name"`
}

func (s *sink) hidden(f partFile) string {
	return filepath.Join(s.root, f.Folder, "."+f.Name+inProgress)
}

func (s *sink) visible(f partFile) string { return filepath.Join(s.root, f.Folder, f.Name) }

// disk is what may fail while files are written; tests put failures in its place.
type disk struct {
	create     func(path string) (file, error)
	rename     func(from, to string) error
	syncFolder func(path string) error // makes the names in a folder durable
	mark       func(path string) error // makes an empty file
}

type file interface {
	io.WriteCloser
	Sync() error
}

func realDisk() disk { return disk{createFile, os.Rename, syncFolder, markFile} }

func createFile(path string) (file, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}

func markFile(path string) error { return os.WriteFile(path, nil, 0o666) }

// explain says of an error what was written, and what a full disk means.
func explain(path string, err error) error {
	doing := "write"
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		doing, path, err = pe.Op, pe.Path, pe.Err
	}
	hint := ""
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		hint = "; nothing that was written since the last checkpoint has been published, make room and restart the job from there"
	}
	return fmt.Errorf("%s %s: %w%s", doing, path, err, hint)
}

// part is an open part file.
type part struct {
	partFile
	path    string
	file    file
	buf     []byte // not yet in the file
	written int64
	created time.Time
	used    time.Time // when the last row came
}

func (p *part) size() int64 { return p.written + int64(len(p.buf)) }

// flush writes what is buffered.
func (p *part) flush() error {
	n, err := p.file.Write(p.buf)
	p.written += int64(n)
	p.buf = p.buf[:0]
	if err != nil {
		return explain(p.path, err)
	}
	return nil
}

// finish writes the rest and closes the file; its rows are on disk when it returns. An fsync that fails is never tried
// again: the next one would succeed without having written anything.
func (p *part) finish() error {
	err := p.flush()
	if err == nil {
		err = p.file.Sync()
	}
	if e := p.file.Close(); err == nil {
		err = e
	}
	if err != nil {
		return explain(p.path, err)
	}
	return nil
}
