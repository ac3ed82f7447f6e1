package checkpoint

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// dir is a directory of the machine. What is in it is for its owner only: state holds what users' records hold.
type dir struct{ root string }

// Dir returns a local directory as a place for checkpoints. It needn't exist.
func Dir(root string) FS { return dir{filepath.Clean(root)} }

func (d dir) path(name string) string { return filepath.Join(d.root, filepath.FromSlash(name)) }

// String implements FS.
func (d dir) String() string { return d.root }

// Open implements FS.
func (d dir) Open(name string) (io.ReadCloser, error) { return os.Open(d.path(name)) }

// MakeDir implements FS.
func (d dir) MakeDir(name string) error {
	path := d.path(name)
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	probe, err := os.CreateTemp(path, ".probe-*") // a name of its own: several may make the folder at once
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()), syncDir(filepath.Dir(path)))
}

// Create implements FS.
func (d dir) Create(name string) (Output, error) {
	path := d.path(name)
	if err := makeParent(path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &dirOutput{File: f}, nil
}

// dirOutput is a file under its final name: without a manifest that mentions it, it means nothing.
type dirOutput struct {
	*os.File
	closed bool
}

func (o *dirOutput) Close() error {
	if o.closed {
		return fs.ErrClosed
	}
	o.closed = true
	err := errors.Join(o.Sync(), o.File.Close())
	if err == nil {
		err = syncDir(filepath.Dir(o.Name()))
	}
	if err != nil {
		os.Remove(o.Name()) // best effort: it is of no use
	}
	return err
}

func (o *dirOutput) Abort() {
	if !o.closed {
		o.closed = true
		o.File.Close()
		os.Remove(o.Name())
	}
}

// List implements FS.
func (d dir) List(name string) ([]Info, error) {
	files, err := os.ReadDir(d.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	infos := make([]Info, 0, len(files))
	for _, f := range files {
		i := Info{Name: f.Name(), Dir: f.IsDir()}
		if !i.Dir {
			info, err := f.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // removed in between
			}
			if err != nil {
				return nil, err
			}
			i.Size = info.Size()
		}
		infos = append(infos, i)
	}
	return infos, nil
}

// Publish implements FS: the rename is the moment.
func (d dir) Publish(name string, data []byte) (err error) {
	path := d.path(name)
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "publish", Path: path, Err: fs.ErrExist}
	}
	if err := makeParent(path); err != nil {
		return err
	}
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		os.Remove(tmp)
		return err
	}
	return syncDir(filepath.Dir(path))
}

// Remove implements FS.
func (d dir) Remove(name string) error {
	if err := os.Remove(d.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// RemoveAll implements FS.
func (d dir) RemoveAll(name string) error { return os.RemoveAll(d.path(name)) }

// makeParent makes the folder of a file, so that it survives a power failure.
func makeParent(path string) error {
	dir := filepath.Dir(path)
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil // or a file is in the way, which the next step says
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// syncDir makes sure that the names in a folder are on the disk. A folder in which files can be made but that can't be
// opened is left to the file system.
func syncDir(path string) error {
	d, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
