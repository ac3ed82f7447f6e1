package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/state"
)

// savepointBlock is how large the blocks are in which entries are copied.
const savepointBlock = 64 << 10

// Savepoint takes a checkpoint now and copies it into a folder of its own below dir, a directory or s3://bucket/prefix,
// which no retention removes and which can be moved. It returns the folder. With stop the job ends with that checkpoint, as
// by Stop, and Savepoint returns when it is over.
//
// A job that keeps no checkpoints has no state to save. If the copy fails after the job has stopped, the error names the
// checkpoint, which is as good to start from.
func (j *Job) Savepoint(ctx context.Context, dir string, stop, drain bool) (path string, err error) {
	type result struct {
		path string
		err  error
	}
	got := make(chan result, 1)
	j.RequestSavepoint(dir, stop, drain, func(path string, err error) { got <- result{path, err} })
	var r result
	select {
	case r = <-got:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if !stop || r.err != nil {
		return r.path, r.err
	}
	select {
	case <-j.done:
		return r.path, j.Err()
	case <-ctx.Done():
		return r.path, ctx.Err()
	}
}

// RequestSavepoint is Savepoint without the waiting: answer is called once, when the savepoint is written or can't be. It
// must not block. With stop the job is still on its way to the end then.
func (j *Job) RequestSavepoint(dir string, stop, drain bool, answer func(path string, err error)) {
	if j.store == nil {
		answer("", errors.New("the job keeps no state that could be saved: it runs without a place for checkpoints"))
		return
	}
	target, err := checkpoint.Resolve(dir)
	if err != nil {
		answer("", fmt.Errorf("the place for savepoints: %w", err))
		return
	}
	if err := target.MakeDir("."); err != nil { // before anything is stopped
		answer("", fmt.Errorf("make the folder of savepoints %s: %w", target, err))
		return
	}
	if !j.post(func() {
		if a := j.current; a == nil || a.coordinator.err != nil {
			answer("", errOver)
		} else if c := &a.coordinator; stop && c.stopping {
			answer("", errors.New("the job is being stopped already"))
		} else if stop && (!c.started || c.listed < len(c.a.enumerators)) {
			answer("", errors.New("the job has not begun to read, so there is nothing to save; try again, or stop it without a savepoint"))
		} else {
			c.savepoint(target, answer)
			if stop {
				c.stop(drain)
			}
		}
	}) {
		answer("", errors.New("the job is over"))
	}
}

// savepoint takes a checkpoint and copies it. The copy is made beside the job; retention waits for it.
func (c *coordinator) savepoint(target checkpoint.FS, answer func(string, error)) {
	j := c.a.j
	c.request(func(from string, err error) {
		if err != nil {
			answer("", err)
			return
		}
		var path string
		var size int64
		began := j.cfg.Clock.Now()
		c.copying++
		c.saves++
		nth := c.saves
		c.help(func() {
			if path, size, err = copyCheckpoint(c.a.ctx, from, target, nth); err != nil {
				err = fmt.Errorf("write a savepoint in %s: %w; checkpoint %s is complete", target, err, from)
			}
		}, func() {
			c.copying--
			j.history.savepoint(began, j.cfg.Clock.Now(), size, path, err)
			if err != nil {
				j.cfg.Log.Error("a savepoint failed", "job", j.cfg.JobID, "error", err)
			} else {
				j.cfg.Log.Info("savepoint completed", "job", j.cfg.JobID, "path", path, "bytes", size)
			}
			answer(path, err)
		})
	})
}

// copyCheckpoint writes what is in a checkpoint, whatever files of earlier ones it builds on, as a savepoint.
func copyCheckpoint(ctx context.Context, uri string, target checkpoint.FS, nth int) (path string, size int64, err error) {
	from, err := checkpoint.OpenURI(uri)
	if err != nil {
		return "", 0, err
	}
	m := from.Manifest
	at, err := checkpoint.Savepoint(target, m, nth)
	if err != nil {
		return "", 0, err
	}
	var subtasks []checkpoint.Subtask
	for _, op := range m.Operators {
		if err == nil {
			subtasks, err = copyOperator(ctx, from, &op, at, subtasks)
		}
	}
	if err != nil {
		at.Abort()
		return "", 0, err
	}
	return at.Publish(m.Drained, subtasks)
}

func copyOperator(ctx context.Context, from *checkpoint.Checkpoint, op *checkpoint.Operator, at *checkpoint.Pending, to []checkpoint.Subtask) ([]checkpoint.Subtask, error) {
	type copying struct {
		part    *checkpoint.Part
		block   []byte
		entries int
	}
	parts := make([]copying, op.Parallelism)
	flush := func(p *copying) error {
		err := p.part.Write(p.block, p.entries)
		p.block, p.entries = p.block[:0], 0
		return err
	}
	err := from.Each(op.ID, func(subtask int, e state.Entry) error {
		p := &parts[subtask]
		if p.part == nil {
			p.part = at.Part(op.ID, op.Name, subtask, op.Parallelism)
		}
		p.block = state.AppendEntry(p.block, e)
		if p.entries++; len(p.block) < savepointBlock {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return flush(p)
	})
	for _, s := range op.Subtasks {
		out := checkpoint.Subtask{ID: op.ID, Name: op.Name, Subtask: s.Subtask, Parallelism: op.Parallelism, Finished: s.Finished}
		if p := &parts[s.Subtask]; p.part != nil {
			if err == nil {
				err = flush(p)
			}
			if err != nil {
				p.part.Abort()
				continue
			}
			var file checkpoint.File
			if file, err = p.part.Close(); err == nil {
				out.Parts = []checkpoint.File{file}
			}
		}
		to = append(to, out)
	}
	return to, err
}
