package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/weirsql/weir/runtime/state"
)

// ErrNone is returned by Latest when a job has no checkpoint at all.
var ErrNone = errors.New("there is no checkpoint")

// Checkpoint is a checkpoint in memory, every byte checked.
type Checkpoint struct {
	Path     string
	Manifest *Manifest
	entries  map[string][][]state.Entry // by operator and subtask
}

// Open reads the checkpoint in a folder. An error names the file that is damaged or missing.
func Open(path string) (*Checkpoint, error) {
	name := filepath.Join(path, manifestName)
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("checkpoint %s is not complete or not a checkpoint: it has no %s", path, manifestName)
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	m, err := decodeManifest(data)
	if err != nil {
		return nil, fmt.Errorf("checkpoint %s is damaged: %s: %w", path, name, err)
	}
	c := &Checkpoint{Path: path, Manifest: m, entries: map[string][][]state.Entry{}}
	for _, op := range m.Operators {
		parts := make([][]state.Entry, op.Parallelism)
		for _, f := range op.Subtasks {
			if f.Subtask < 0 || f.Subtask >= op.Parallelism {
				return nil, fmt.Errorf("checkpoint %s is damaged: %s has no subtask %d", path, op.Name, f.Subtask)
			}
			if f.File == "" {
				continue
			}
			file := filepath.Join(path, filepath.Base(f.File))
			if parts[f.Subtask], err = readEntries(file, f); err != nil {
				return nil, fmt.Errorf("checkpoint %s is damaged: %s: %w", path, file, err)
			}
		}
		c.entries[op.ID] = parts
	}
	return c, nil
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

// Entries returns all entries of an operator by the subtask that wrote them.
func (c *Checkpoint) Entries(id string) [][]state.Entry { return c.entries[id] }

// Deal returns the share of a subtask: just what it wrote when the parallelism is the same, else by state.Deal.
func (c *Checkpoint) Deal(id string, subtask, parallelism int) []state.Entry {
	parts := c.entries[id]
	if len(parts) == parallelism {
		return parts[subtask]
	}
	return state.Deal(slices.Concat(parts...), subtask, parallelism, false)
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

// Latest opens the newest checkpoint of a job under dir that is undamaged. Those that are newer but damaged come back as
// errors that name them; folders without a manifest are remains of a crash and don't count. The error is ErrNone when
// there is no checkpoint, and another one when all are damaged.
func Latest(dir, job string) (c *Checkpoint, skipped []error, err error) {
	path := filepath.Join(dir, job)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, nil, ErrNone
	}
	ids, err := list(path)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		at := filepath.Join(path, folder(id))
		if _, err := os.Stat(filepath.Join(at, manifestName)); errors.Is(err, os.ErrNotExist) {
			continue
		}
		c, err := Open(at)
		if err == nil {
			return c, skipped, nil
		}
		skipped = append(skipped, err)
	}
	if len(skipped) == 0 {
		return nil, nil, ErrNone
	}
	return nil, skipped, fmt.Errorf("all %d checkpoints of job %s in %s are damaged", len(skipped), job, path)
}

func sortNewestFirst(ids []int64) {
	slices.Sort(ids)
	slices.Reverse(ids)
}
