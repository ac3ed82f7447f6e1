package runtime

import (
	"sync"

	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/task"
)

// places is where the tasks of an attempt write their state: the checkpoints that are under way, by number, the last one
// of a job that is being stopped by task.Final.
type places struct {
	mu   sync.Mutex
	open map[int64]*checkpoint.Pending
}

var _ task.Checkpoints = (*places)(nil)

// Part implements task.Checkpoints.
func (p *places) Part(id int64, operator, name string, subtask, parallelism int) (part *checkpoint.Part, taken bool) {
	p.mu.Lock()
	at := p.open[id]
	p.mu.Unlock()
	if at == nil {
		return nil, id == task.Final
	}
	return at.Part(operator, name, subtask, parallelism), true
}

func (p *places) put(id int64, at *checkpoint.Pending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == nil {
		p.open = map[int64]*checkpoint.Pending{}
	}
	p.open[id] = at
}

// take returns a checkpoint that nothing more is written to.
func (p *places) take(id int64) *checkpoint.Pending {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.open[id]
	delete(p.open, id)
	return at
}

// abort gives up all checkpoints, once no task runs any more.
func (p *places) abort() {
	p.mu.Lock()
	open := p.open
	p.open = nil
	p.mu.Unlock()
	for _, at := range open {
		at.Abort()
	}
}

// publish writes what tasks have kept of their state, and makes a checkpoint exist.
func publish(at *checkpoint.Pending, drained bool, shares []task.Share) (path string, size int64, err error) {
	subtasks := make([]checkpoint.Subtask, len(shares))
	for i, s := range shares {
		if len(s.Blocks) > 0 {
			part := at.Part(s.ID, s.Name, s.Subtask.Subtask, s.Parallelism)
			for _, b := range s.Blocks {
				if err == nil {
					err = part.Write(b.Bytes, b.Entries)
				}
			}
			file, failed := part.Close()
			if err == nil {
				err = failed
			}
			s.Parts = []checkpoint.File{file}
		}
		subtasks[i] = s.Subtask
	}
	if err != nil {
		at.Abort()
		return "", 0, err
	}
	return at.Publish(drained, subtasks)
}
