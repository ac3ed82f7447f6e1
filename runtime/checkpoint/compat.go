package checkpoint

import (
	"slices"
	"time"

	"github.com/weirsql/weir/runtime/state"
)

// NewStore is NewStoreIn at a URI.
func NewStore(uri, job, name string) (*Store, error) {
	fsys, err := Resolve(uri)
	if err != nil {
		return nil, err
	}
	return NewStoreIn(fsys, job, name)
}

// Latest is LatestIn at a URI, with all entries in memory.
func Latest(uri, job string) (*Checkpoint, []error, error) {
	fsys, err := Resolve(uri)
	if err != nil {
		return nil, nil, err
	}
	c, skipped, err := LatestIn(fsys, job)
	if err == nil {
		err = c.load()
	}
	return c, skipped, err
}

// Open is OpenURI with all entries in memory.
func Open(uri string) (*Checkpoint, error) {
	c, err := OpenURI(uri)
	if err == nil {
		err = c.load()
	}
	return c, err
}

func (c *Checkpoint) load() error {
	c.entries = map[string][][]state.Entry{}
	for _, op := range c.Manifest.Operators {
		parts := make([][]state.Entry, op.Parallelism)
		err := c.Each(op.ID, func(subtask int, e state.Entry) error {
			e.Key, e.Value = slices.Clone(e.Key), slices.Clone(e.Value)
			parts[subtask] = append(parts[subtask], e)
			return nil
		})
		if err != nil {
			return err
		}
		c.entries[op.ID] = parts
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

// Write stores a checkpoint of entries in memory and publishes it.
func (s *Store) Write(id int64, now time.Time, drained bool, subtasks []Subtask) (path string, size int64, err error) {
	p, err := s.Begin(id, now)
	if err != nil {
		return "", 0, err
	}
	for i := range subtasks {
		t := &subtasks[i]
		part := p.Part(t.ID, t.Name, t.Subtask, t.Parallelism)
		var block []byte
		for from, k := 0, 0; k < len(t.Entries); k++ {
			block = state.AppendEntry(block, t.Entries[k])
			if len(block) >= 64<<10 || k == len(t.Entries)-1 {
				if err := part.Write(block, k+1-from); err != nil {
					p.Abort()
					part.Abort()
					return "", 0, err
				}
				block, from = block[:0], k+1
			}
		}
		f, err := part.Close()
		if err != nil {
			p.Abort()
			return "", 0, err
		}
		t.Parts = []File{f}
	}
	return p.Publish(drained, subtasks)
}
