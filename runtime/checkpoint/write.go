package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/weirsql/weir/runtime/state"
)

// Subtask is the state of one operator instance in a checkpoint.
type Subtask struct {
	ID, Name             string // of the operator
	Subtask, Parallelism int
	Finished             bool
	Entries              []state.Entry
}

// Store writes the checkpoints of one job. One goroutine uses it.
type Store struct {
	dir, job, name string
	last           int64
}

// NewStore returns a store of a job under dir. It goes on counting behind what is there, damaged or not.
func NewStore(dir, job, name string) (*Store, error) {
	if job == "" || job == "." || job == ".." || strings.ContainsAny(job, `/\`) {
		return nil, fmt.Errorf("job id %q can't be the name of a folder of checkpoints", job)
	}
	s := &Store{dir: filepath.Join(dir, job), job: job, name: name}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of checkpoints: %w", err)
	}
	ids, err := list(s.dir)
	if err != nil {
		return nil, err
	}
	if len(ids) > 0 {
		s.last = ids[0]
	}
	return s, nil
}

// NextID returns the number of the next checkpoint.
func (s *Store) NextID() int64 {
	s.last++
	return s.last
}

// Write stores a checkpoint and publishes it; it returns its folder and how many bytes it takes. Nothing is left of one
// that fails.
func (s *Store) Write(id int64, now time.Time, drained bool, subtasks []Subtask) (path string, size int64, err error) {
	dir := filepath.Join(s.dir, folder(id))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", 0, fmt.Errorf("write checkpoint %s: %w", dir, err)
	}
	if size, err = s.write(dir, id, now, drained, subtasks); err != nil {
		os.RemoveAll(dir) // best effort: without a manifest it doesn't count
		return "", 0, fmt.Errorf("write checkpoint %s: %w", dir, err)
	}
	return dir, size, nil
}

func (s *Store) write(dir string, id int64, now time.Time, drained bool, subtasks []Subtask) (size int64, err error) {
	m := &Manifest{Version: version, Job: s.job, Name: s.name, ID: id, Time: now.UTC(), Drained: drained}
	index := map[string]int{}
	for _, t := range subtasks {
		k, known := index[t.ID]
		if !known {
			k = len(m.Operators)
			index[t.ID] = k
			m.Operators = append(m.Operators, Operator{ID: t.ID, Name: t.Name, Parallelism: t.Parallelism})
		}
		f := File{Subtask: t.Subtask, Finished: t.Finished, Entries: len(t.Entries)}
		if len(t.Entries) > 0 {
			f.File = fmt.Sprintf("op-%04d-%02d.state", k, t.Subtask)
			if f.Size, f.CRC, err = writeEntries(filepath.Join(dir, f.File), t.Entries); err != nil {
				return 0, err
			}
		}
		m.Operators[k].Subtasks = append(m.Operators[k].Subtasks, f)
		size += f.Size
	}
	data, err := m.encode()
	if err != nil {
		return 0, err
	}
	if err := publish(dir, data); err != nil {
		return 0, err
	}
	return size + int64(len(data)), nil
}

// publish makes the checkpoint exist: the rename is the moment. Folders are synced so that neither the names nor the
// rename are lost with the power.
func publish(path string, manifest []byte) error {
	tmp := filepath.Join(path, manifestName+".tmp")
	f, err := os.Create(tmp)
	if err != nil {
		return err
	}
	_, err = f.Write(manifest)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	for _, dir := range []string{path, filepath.Dir(path)} {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	if err := os.Rename(tmp, filepath.Join(path, manifestName)); err != nil {
		return err
	}
	return syncDir(path)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Retire removes all but the newest retained complete checkpoints, and what is older than these.
func (s *Store) Retire(retained int) error {
	ids, err := list(s.dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range ids {
		path := filepath.Join(s.dir, folder(id))
		if retained > 0 {
			if _, err := os.Stat(filepath.Join(path, manifestName)); err == nil {
				retained--
			}
			continue
		}
		// The manifest goes first: a checkpoint that is half removed must not look whole.
		if err := os.Remove(filepath.Join(path, manifestName)); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, os.RemoveAll(path))
	}
	return errors.Join(errs...)
}

func folder(id int64) string { return "chk-" + strconv.FormatInt(id, 10) }

// list returns the numbers of the checkpoint folders in dir, newest first.
func list(dir string) ([]int64, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	var ids []int64
	for _, f := range files {
		digits, ok := strings.CutPrefix(f.Name(), "chk-")
		if id, err := strconv.ParseInt(digits, 10, 64); ok && err == nil && f.IsDir() && id > 0 {
			ids = append(ids, id)
		}
	}
	sortNewestFirst(ids)
	return ids, nil
}
