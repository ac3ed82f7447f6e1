package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/weirsql/weir/runtime/state"
)

// ErrNone is returned by Latest when a job has no checkpoint at all.
var ErrNone = errors.New("there is no checkpoint")

// incomplete is the error for a folder without a manifest.
type incomplete struct{ error }

// Checkpoint is a checkpoint or savepoint whose every byte was checked when it was opened. Its state is read from where it
// is each time it is asked for. Methods may be called from any goroutine.
type Checkpoint struct {
	Path     string // its URI
	Manifest *Manifest

	fs     FS
	parent string // of its folder: paths of files are relative to it
}

// OpenURI opens the checkpoint or savepoint at a URI: its folder, or the manifest in it.
func OpenURI(uri string) (*Checkpoint, error) {
	at := strings.TrimRight(strings.TrimSuffix(uri, "/"+manifestName), "/")
	i := strings.LastIndexByte(at, '/')
	parent, name := at[:max(i, 0)], at[i+1:]
	switch {
	case i < 0:
		parent = "."
	case i == 0:
		parent = "/"
	}
	if name == "" || name == "." || name == ".." || strings.HasSuffix(name, ":") || strings.HasSuffix(parent, ":/") {
		return nil, fmt.Errorf("%q can't be a checkpoint; name its folder, such as DIR/JOB/chk-7", uri)
	}
	fsys, err := Resolve(parent)
	if err != nil {
		return nil, err
	}
	return OpenIn(fsys, name)
}

// OpenIn opens the checkpoint or savepoint in a folder of fsys and checks size and checksum of all its files, without
// keeping them in memory. An error names every file that is missing or damaged.
func OpenIn(fsys FS, folder string) (*Checkpoint, error) {
	c := &Checkpoint{Path: uri(fsys, folder), fs: fsys, parent: path.Dir(folder)}
	name := path.Join(folder, manifestName)
	m, err := readManifest(fsys, folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, incomplete{fmt.Errorf("checkpoint %s is not complete or not a checkpoint: it has no %s", c.Path, manifestName)}
	case isDamage(err):
		return nil, fmt.Errorf("checkpoint %s is damaged: %s: %w", c.Path, uri(fsys, name), err)
	case err != nil:
		return nil, fmt.Errorf("read checkpoint %s: %s: %w", c.Path, uri(fsys, name), err)
	}
	c.Manifest = m
	var bad []string
	seen := map[string]bool{}
	for f := range m.files() {
		if seen[f.File] {
			continue
		}
		seen[f.File] = f.File != ""
		err := c.verify(f)
		if err != nil && !isDamage(err) {
			return nil, fmt.Errorf("read checkpoint %s: %s: %w", c.Path, c.name(f), err)
		}
		if err != nil {
			bad = append(bad, fmt.Sprintf("%s: %v", c.name(f), err))
		}
	}
	if len(bad) > 0 {
		return nil, damaged("checkpoint %s is damaged: %s", c.Path, strings.Join(bad, "; "))
	}
	return c, nil
}

// name is a part's name for messages.
func (c *Checkpoint) name(f *File) string {
	if f.File == "" {
		return "a part in its " + manifestName
	}
	return uri(c.fs, path.Join(c.parent, f.File))
}

func (c *Checkpoint) open(f *File) (io.ReadCloser, error) {
	if f.File == "" {
		return io.NopCloser(bytes.NewReader(f.Inline)), nil
	}
	r, err := c.fs.Open(path.Join(c.parent, f.File))
	return r, readError(err)
}

func (c *Checkpoint) verify(f *File) error {
	r, err := c.open(f)
	if err != nil {
		return err
	}
	defer r.Close()
	return f.verify(r)
}

// Operator returns what the manifest says of an operator, or nil.
func (c *Checkpoint) Operator(id string) *Operator {
	for i := range c.Manifest.Operators {
		if c.Manifest.Operators[i].ID == id {
			return &c.Manifest.Operators[i]
		}
	}
	return nil
}

// Finished reports whether a subtask had nothing left to do. With a changed parallelism that can only be said when all
// had finished.
func (c *Checkpoint) Finished(id string, subtask, parallelism int) bool {
	op := c.Operator(id)
	if op == nil {
		return false
	}
	finished := 0
	for _, f := range op.Subtasks {
		if f.Finished {
			finished++
			if f.Subtask == subtask && op.Parallelism == parallelism {
				return true
			}
		}
	}
	return finished == op.Parallelism
}

// Each calls f for all entries of an operator, with the subtask that wrote them, subtask by subtask; what later parts
// replaced or removed is left out. The bytes of an entry are valid during the call only.
func (c *Checkpoint) Each(id string, f func(subtask int, e state.Entry) error) error {
	op := c.Operator(id)
	if op == nil {
		return nil
	}
	for i := range op.Parallelism {
		err := c.chain(op.parts(i), share{}, func(e state.Entry) error { return f(i, e) })
		if err != nil {
			return err
		}
	}
	return nil
}

// Share returns the part of an operator's state that belongs to a subtask; nil when the checkpoint doesn't know the
// operator. With the same parallelism it is just what that subtask wrote. Otherwise keyed entries go to the owner of their
// key group, and operator entries are dealt out in turn.
func (c *Checkpoint) Share(id string, subtask, parallelism int) *state.Reader {
	op := c.Operator(id)
	if op == nil {
		return nil
	}
	if op.Parallelism == parallelism {
		return state.NewStream(func(f func(state.Entry) error) error { return c.chain(op.parts(subtask), share{}, f) })
	}
	return state.NewStream(func(f func(state.Entry) error) error {
		turn := 0
		mine := func(e state.Entry) error {
			if e.Group == state.OperatorState {
				turn++
				if (turn-1)%parallelism != subtask {
					return nil
				}
			}
			return f(e)
		}
		for i := range op.Parallelism {
			if err := c.chain(op.parts(i), share{subtask, parallelism}, mine); err != nil {
				return err
			}
		}
		return nil
	})
}

// parts are those of a subtask.
func (op *Operator) parts(subtask int) []File {
	for _, s := range op.Subtasks {
		if s.Subtask == subtask {
			return s.Parts
		}
	}
	return nil
}

// LatestIn opens the newest checkpoint of a job that is undamaged. Those that are newer but damaged come back as errors
// that name them; folders without a manifest are remains of a crash and don't count. The error is ErrNone when there is no
// checkpoint, and another one when all are damaged, one can't be reached, or one is of another version: then to take an
// older one in silence would be wrong.
func LatestIn(fsys FS, job string) (c *Checkpoint, skipped []error, err error) {
	if err := checkJob(job); err != nil {
		return nil, nil, err
	}
	ids, err := list(fsys, job)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		at := path.Join(job, folder(id))
		c, err := OpenIn(fsys, at)
		if err == nil {
			return c, skipped, nil
		}
		if errors.As(err, new(incomplete)) {
			continue
		}
		if !isDamage(err) {
			return nil, skipped, err
		}
		skipped = append(skipped, err)
	}
	if len(skipped) == 0 {
		return nil, nil, ErrNone
	}
	return nil, skipped, fmt.Errorf("all %d checkpoints of job %s in %s are damaged", len(skipped), job, uri(fsys, job))
}
