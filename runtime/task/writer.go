package task

import (
	"context"
	"fmt"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// writer is a connector's writer in the hands of a task, which flushes and commits it: that of a sink, or of a scan's
// dead letters.
type writer struct {
	owner *vertex
	name  string // of its entries in checkpoints
	table string
	w     connectors.Writer
	dirty bool // something may not be safe yet
}

// openWriter starts the writer of a table and puts it under the task's care.
func openWriter(ctx context.Context, v *vertex, name string, sink connectors.Sink, table *connectors.Table) (*writer, error) {
	wc := connectors.WriterContext{
		JobID: v.task.env.JobID, Subtask: v.task.subtask, Parallelism: v.parallelism,
		Columns: sinkColumns(table), Wake: v.task.waiter.Wake,
		Retried: func() { v.metrics.Retries.Add(1) },
	}
	for _, e := range v.restore {
		if e.Name == name {
			wc.Restored = append(wc.Restored, e.Value)
		}
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
	x.dirty = true
	x.owner.metrics.RecordsOut.Add(int64(b.Rows()))
	if err := x.w.Write(b); err != nil {
		return fmt.Errorf("write table %s: %w", x.table, err)
	}
	return nil
}

// flush reports whether everything written so far is safe.
func (x *writer) flush() (bool, error) {
	if !x.dirty {
		return true, nil
	}
	done, err := x.w.Flush()
	if err != nil {
		return false, x.owner.fail(fmt.Errorf("write table %s: %w", x.table, err))
	}
	x.dirty = !done
	return done, nil
}

func (x *writer) snapshot(w *state.Writer) error {
	s, err := x.w.Snapshot()
	if err != nil {
		return fmt.Errorf("save the position of table %s: %w", x.table, err)
	}
	if s != nil {
		w.PutOperator(x.name, nil, s)
	}
	return nil
}

func (x *writer) commit() error {
	if err := x.w.Commit(); err != nil {
		return x.owner.fail(fmt.Errorf("publish what was written to table %s: %w", x.table, err))
	}
	return nil
}
