package task

import (
	"context"
	"fmt"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/types"
)

// deadLetter writes the records of a scan that don't decode, or those that a sink can't get rid of, into a table.
type deadLetter struct {
	writer *writer
	fields []physical.DeadLetterField
	batch  *types.Batch
}

func openDeadLetter(ctx context.Context, v *vertex, node *physical.DeadLetter) (*deadLetter, error) {
	w, err := openWriter(ctx, v, "dead-letter", node.Sink, node.Table, nil)
	if err != nil {
		return nil, err
	}
	columns := sinkColumns(node.Table)
	fields := make([]types.Field, len(columns))
	for i, c := range columns {
		fields[i] = types.Field{Name: c.Name, Type: c.Type}
	}
	return &deadLetter{writer: w, fields: node.Columns, batch: types.NewBatch(types.NewSchema(fields...))}, nil
}

// add keeps a record until flush; raw is copied.
func (d *deadLetter) add(raw []byte, where string, reason error) {
	for i, c := range d.batch.Cols {
		switch d.fields[i] {
		case physical.DeadLetterRaw:
			c.AppendBytes(raw)
		case physical.DeadLetterPosition:
			c.AppendString(where)
		case physical.DeadLetterReason:
			c.AppendString(reason.Error())
		default:
			c.AppendNull()
		}
	}
	d.batch.AppendKind(types.Insert)
}

// flush writes what add has kept.
func (d *deadLetter) flush() error {
	if d.batch.N == 0 {
		return nil
	}
	defer d.batch.Reset()
	if err := d.writer.w.Write(d.batch); err != nil {
		return fmt.Errorf("write dead-letter table %s: %w", d.writer.table, err)
	}
	return nil
}
