package task

import (
	"bytes"
	"context"
	"fmt"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/types"
)

// writer is a connector's writer in the hands of a task, which flushes, prepares and commits it: that of a sink, or of a scan's
// dead letters.
type writer struct {
	owner *vertex
	name  string // of its entries in checkpoints
	table string
	w     connectors.Writer
}

// openWriter starts the writer of a table and puts it under the task's care.
// bad is connectors.WriterContext.BadRow, or nil.
func openWriter(ctx context.Context, v *vertex, name string, sink connectors.Sink, table *connectors.Table,
	bad func(raw []byte, where string, err error) error) (*writer, error) {
	wc := connectors.WriterContext{
		JobID: v.task.env.JobID, Subtask: v.task.subtask, Parallelism: v.parallelism,
		Columns: sinkColumns(table), Wake: v.task.waiter.Wake,
		Retried: func() { v.metrics.Retries.Add(1) }, BadRow: bad,
	}
	if v.restore != nil {
		wc.Restored = [][]byte{}
	}
	err := v.restore.Each(name, func(_, value []byte) error {
		wc.Restored = append(wc.Restored, bytes.Clone(value))
		return nil
	})
	if err != nil {
		return nil, err
	}
	w, err := sink.NewWriter(ctx, wc)
	if err != nil {
		return nil, fmt.Errorf("open table %s for writing: %w", table.Path, err)
	}
	x := &writer{owner: v, name: name, table: table.Path, w: w}
	v.task.writers = append(v.task.writers, x)
	return x, nil
}

// sinkColumns are the columns that a writer takes.
func sinkColumns(t *connectors.Table) []connectors.Column {
	var columns []connectors.Column
	for _, c := range t.Columns {
		if !c.Virtual {
			columns = append(columns, c)
		}
	}
	return columns
}

func (x *writer) write(b *types.Batch) error {
	x.owner.metrics.RecordsOut.Add(int64(b.Rows()))
	if err := x.w.Write(b); err != nil {
		return fmt.Errorf("write table %s: %w", x.table, err)
	}
	return nil
}

// flush starts sending what has been written, and finds out what has failed.
func (x *writer) flush() error { return x.failed(x.w.Flush()) }

func (x *writer) barrier(id int64) error { return x.failed(x.w.Barrier(id)) }

// prepared reports whether everything before a barrier is safe, and what then goes into the checkpoint.
func (x *writer) prepared(id int64) (state []byte, done bool, err error) {
	state, done, err = x.w.Prepared(id)
	return state, done, x.failed(err)
}

func (x *writer) commit(id int64) error {
	if err := x.w.Commit(id); err != nil {
		return x.owner.fail(fmt.Errorf("publish what was written to table %s: %w", x.table, err))
	}
	return nil
}

func (x *writer) failed(err error) error {
	if err != nil {
		err = x.owner.fail(fmt.Errorf("write table %s: %w", x.table, err))
	}
	return err
}
